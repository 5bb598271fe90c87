"""Figures about how good decisions are: what is taken for what, precision against recall, how far a score can be
trusted.

Words as in `utils.evaluation`: a *threshold table* has a row a threshold; an *outcome* is a chosen one with its rates.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from utils.evaluation.intervals import wilson
from utils.plots.data import shorten
from utils.plots.figures import BLUE, GREY, RED, backing, canvas, ink_on, thinned, title, with_alt

MOST_NUMBERS = 12  # classes; with more, numbers in the cells could not be read
MOST_NAMES = 40  # classes; with more, the figure does not grow any further, and only some have their name beside it
BACKED = backing(1, alpha=0.8)  # words that lie on a curve


def confusion_matrix(counts: np.ndarray, classes, finding: str) -> Figure:
    """The confusion matrix twice: counts, and beside them each row's shares, whose diagonal is the recall.

    Args:
        counts: counts[true, predicted], (K, K) ints.
        classes: the K names, in the order of the rows.
        finding: the title.
    """
    import seaborn as sns  # here, since it takes a second that few figures need

    shares = np.divide(counts, counts.sum(axis=1, keepdims=True), out=np.full(counts.shape, np.nan),
                       where=counts.sum(axis=1, keepdims=True) > 0)  # fmt: skip
    is_small = len(classes) <= MOST_NUMBERS
    names = [shorten(name, 14 if is_small else 20) for name in classes]
    named = np.arange(0, len(names), -(-len(names) // MOST_NAMES))
    side = max(1.6, (0.45 if is_small else 0.2) * min(len(names), MOST_NAMES))  # of a matrix, in inches
    figure, (left, right) = canvas(2 * side + 1.6, side + 1.5, 1, 2, sharey=True)
    for axes, values, written, what in ((left, counts, ",d", "pictures"), (right, shares, ".2f", "share of the row")):
        sns.heatmap(values, ax=axes, cmap="Blues", vmin=0, vmax=1 if values is shares else None, square=True, cbar=False,
                    annot=is_small, fmt=written, annot_kws={"fontsize": 9}, linewidths=0.5 * (len(names) <= MOST_NAMES), linecolor="#DDDDDD")  # fmt: skip
        _ink(axes, values)
        axes.tick_params(labelsize=9 if is_small else 7, length=0)
        axes.set_facecolor("#EEEEEE")  # a class without pictures has no shares
        axes.set_xticks(named + 0.5, [names[k] for k in named], rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(named + 0.5, [names[k] for k in named], rotation=0)
        axes.set_xlabel("predicted")
        axes.set_title(what, fontsize=9)
    left.set_ylabel("true")
    figure.suptitle(finding, weight="bold", fontsize=11)
    return with_alt(figure, f"{finding}. Confusion matrix of {len(names)} classes, counts and shares: "
                            f"{counts.trace():,} of {counts.sum():,} pictures on the diagonal; {_confused(counts, classes)}.")  # fmt: skip


def precision_recall(table: pd.DataFrame, positive: str, finding: str, chosen=None) -> Figure:
    """Precision against recall, a step a threshold, with the chosen outcome and where guessing would lie.

    Args:
        table: threshold table.
        positive: the class that is looked for.
        finding: the title.
        chosen: an outcome, of this table's pictures.
    """
    figure, axes = canvas(width=5.2, height=3.9)
    shown = thinned(table[1:])  # without the first, which has no precision
    axes.step(shown["recall"], shown["precision"], where="pre", color=BLUE)
    guessing = table["precision"].iloc[-1]  # the share of positives
    axes.axhline(guessing, color=GREY, linestyle=":", linewidth=1)
    axes.annotate("guessing", (0, guessing), color=GREY, fontsize=8, xytext=(2, 3), textcoords="offset points")
    if chosen is not None and not np.isnan(chosen.precision):
        axes.plot(chosen.recall, chosen.precision, "D", color=RED, markersize=8)
        is_left = chosen.recall < 0.5
        axes.annotate(f"threshold {chosen.threshold:.3g}\n{_rates(chosen, 2)}", (chosen.recall, chosen.precision),
                      color=RED, fontsize=8.5, xytext=(8 if is_left else -8, -10), textcoords="offset points",
                      ha="left" if is_left else "right", va="top", bbox=BACKED)  # fmt: skip
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel(f"recall of '{shorten(positive, 20)}'")
    axes.set_ylabel(f"precision of '{shorten(positive, 20)}'")
    title(axes, finding)
    return with_alt(figure, f"{finding}. Precision against recall of '{positive}', from {shown['precision'].iloc[0]:.2f} at "
                            f"the highest threshold to {guessing:.2f} where every picture is taken; {_chosen(chosen)}.")  # fmt: skip


def reliability(table: pd.DataFrame, finding: str, label: str = "share that is right") -> Figure:
    """What came true against what was claimed, with 95 % intervals, and below how many pictures each bin has.

    Args:
        table: of `utils.evaluation.calibration.reliability`.
        finding: the title.
        label: of what came true.
    """
    filled = table[table["pictures"] > 0]
    ranges = [wilson(round(row.share * row.pictures), row.pictures) for row in filled.itertuples()]
    figure, (axes, below) = canvas(4.6, 4.8, 2, 1, sharex=True, height_ratios=(3, 1))
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    axes.annotate("calibrated", (0.02, 0.02), color=GREY, fontsize=8, rotation=45, rotation_mode="anchor",
                  transform_rotates_text=True, xytext=(2, 5), textcoords="offset points")  # fmt: skip
    axes.vlines(filled["confidence"], [one.low for one in ranges], [one.high for one in ranges], color=BLUE)
    axes.plot(filled["confidence"], filled["share"], "o-", color=BLUE, markersize=5)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel(label)
    below.bar(table["low"], table["pictures"], width=table["high"] - table["low"], align="edge", color=BLUE,
              edgecolor="white")  # fmt: skip
    below.set_xlabel("confidence")
    below.set_ylabel("pictures")
    title(axes, finding)
    listed = ", ".join(f"{row.share:.2f} at {row.confidence:.2f} ({row.pictures:,})" for row in filled.itertuples())
    return with_alt(figure, f"{finding}. {label.capitalize()} at a mean confidence (pictures): {listed}.")


def _ink(axes, values):
    """Numbers in the ink that stands out from their cells: seaborn's is white on some where that has 2.3 to 1."""
    for text in axes.texts:
        column, row = (int(place) for place in text.get_position())
        text.set_color(ink_on(axes.collections[0].to_rgba(values[row, column])))


def _confused(counts, classes, most=3):
    """The commonest mistakes in words."""
    classes = list(classes)
    wrong = np.where(np.eye(len(classes), dtype=bool), 0, counts)
    places = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(place, wrong.shape) for place in places if wrong.flat[place]]
    listed = ", ".join(f"{classes[true]} taken for {classes[taken]} {wrong[true, taken]:,}" for true, taken in pairs)
    return f"most often {listed}" if pairs else "no mistake"


def _rates(chosen, digits):
    return f"precision {chosen.precision:.{digits}f}, recall {chosen.recall:.{digits}f}"


def _chosen(chosen):
    return "none is chosen" if chosen is None else f"chosen is {chosen.threshold:.3g} with {_rates(chosen, 2)}"
