"""Figures about choosing what to get wrong: where scores lie, several needs and models on one curve, how sure a number is.

Words: a *threshold table* is that of `utils.evaluation.curves`, an *outcome* what a threshold does to a set of pictures
(it has `threshold`, `precision` and `recall`), an *interval* has `low` and `high`. A score >= the threshold is positive.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from utils.plots.data import shorten
from utils.plots.figures import (
    BLUE,
    COLOURS,
    DASHES,
    GREY,
    MARKS,
    ORANGE,
    RED,
    backing,
    canvas,
    plain_numbers,
    thinned,
    title,
    with_alt,
)

BINS = 25  # of a histogram of scores
EDGE = 1e-5  # scores nearer to 0 or 1 are drawn here
TICKS = (1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999)
BETWEEN = (1e-3, 0.999)  # a tick without a number, which would touch its neighbour's


def score_histogram(is_positive, scores, positive: str, threshold: float | None = None, finding: str = "") -> Figure:
    """How many pictures have which score, those of the positive class and the rest; what lies right of the line is taken.

    Args:
        is_positive: (N,) bool.
        scores: (N,) probabilities of being positive.
        positive: the class's name.
        threshold: where to draw the line.
    """
    is_positive, scores = np.asarray(is_positive, dtype=bool), np.asarray(scores)
    figure, (above, below) = canvas(7, 3.6, 2, 1, sharex=True)
    parts = ((above, f"of class {positive!r}", is_positive, BLUE, ""), (below, "the rest", ~is_positive, ORANGE, "//"))
    for axes, name, those, colour, hatch in parts:
        axes.hist(
            scores[those], np.linspace(0, 1, BINS + 1), color=colour, hatch=hatch, edgecolor="white", linewidth=0.5
        )
        axes.set_yscale("symlog", linthresh=1)  # one picture is seen beside a thousand
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))  # its own writes 10 to the n
        axes.set_ylim(bottom=0)
        axes.set_ylabel("pictures")
        axes.annotate(f"{shorten(name, 30)}: {those.sum():,}", (0.28, 0.9), xycoords="axes fraction", ha="center",
                      va="top", color=colour if colour == BLUE else GREY, fontsize=9,
                      bbox=backing(1))  # fmt: skip
        if threshold is not None:
            axes.axvline(threshold, color=RED, linestyle="--", linewidth=1.2)
    below.set_xlabel(f"score: probability of {positive!r}")
    told = ""
    if threshold is not None:
        taken = scores >= threshold
        told = (f"from {threshold:.3g} on, {(taken & is_positive).sum():,} of {is_positive.sum():,} are found, with "
                f"{(taken & ~is_positive).sum():,} false alarms")  # fmt: skip
    finding = finding or (told[:1].upper() + told[1:] if told else f"Where the scores of {positive!r} lie")
    title(above, finding)
    return with_alt(figure, f"{finding}. Two histograms of scores, {is_positive.sum():,} pictures of {positive!r} and "
                            f"{(~is_positive).sum():,} others{'; ' + told if told else ''}.")  # fmt: skip


def by_threshold(
    table: pd.DataFrame,
    finding: str,
    chosen: dict | None = None,
    columns=("precision", "recall"),
    ylabel: str = "share",
    top: float | None = None,
) -> Figure:
    """Columns of a threshold table against the threshold, with a line at each chosen one.

    The scale is that of the logit: as much room from 0.001 to 0.01 as from 0.99 to 0.999, where sure scores lie.

    Args:
        table: threshold table.
        finding: the title.
        chosen: {name: threshold}.
        columns: which of its columns.
        top: where the axis of values ends; None: above the highest.
    """
    shown, chosen = thinned(_on_scale(table[np.isfinite(table["threshold"])])), chosen or {}
    figure, axes = canvas(height=3.5)
    for column, colour, dash in zip(columns, COLOURS, DASHES):
        # The value at a threshold holds down to the next lower score, and thresholds fall from row to row.
        axes.step(
            shown["threshold"].clip(EDGE, 1 - EDGE),
            shown[column],
            where="post",
            color=colour,
            linestyle=dash,
            label=column,
        )
    for (name, threshold), dash in zip(chosen.items(), DASHES[len(columns) :] * len(chosen)):
        axes.axvline(
            np.clip(threshold, EDGE, 1 - EDGE),
            color=RED,
            linewidth=1.2,
            linestyle=dash,
            label=f"{name}: {threshold:.3g}",
        )
    axes.set_xscale("logit")
    axes.set_xlim(EDGE, 1 - EDGE)
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(FixedLocator(BETWEEN))
    plain_numbers(axes.xaxis)
    axes.set_ylim(0, top)
    axes.set_xlabel("threshold")
    axes.set_ylabel(ylabel)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    marked = ", ".join(f"{name} at {threshold:.3g}" for name, threshold in chosen.items())
    return with_alt(
        figure, f"{finding}. Lines of {' and '.join(columns)} by threshold{'; marked: ' + marked if marked else ''}."
    )


def trade_offs(tables: dict, finding: str, chosen: dict | None = None, share: float | None = None) -> Figure:
    """Precision against recall for every threshold, a line a model; a mark for each chosen outcome.

    Args:
        tables: {name: threshold table}.
        finding: the title.
        chosen: {name: outcome}.
        share: of positive pictures: the precision of guessing.
    """
    figure, axes = canvas(width=6.6, height=3.8)
    for (name, table), colour, dash in zip(tables.items(), COLOURS, DASHES):
        shown = thinned(table[table["precision"].notna()])
        axes.step(shown["recall"], shown["precision"], where="pre", color=colour, linestyle=dash, label=name)
    for (name, outcome), marker in zip((chosen or {}).items(), MARKS):
        axes.plot(
            outcome.recall, outcome.precision, marker, color=RED, markersize=8, label=name, markeredgecolor="white"
        )
    if share is not None:
        axes.axhline(share, color=GREY, linestyle=":", linewidth=1)
        axes.annotate("guessing", (0, share), xytext=(3, 3), textcoords="offset points", color=GREY, fontsize=8)
    _unit_square(axes, "recall: of the positive, how many are found", "precision: of the taken, how many are right")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    marked = ", ".join(
        f"{name} at recall {o.recall:.2f} and precision {o.precision:.2f}" for name, o in (chosen or {}).items()
    )
    return with_alt(
        figure, f"{finding}. Precision against recall for {', '.join(tables)}{'; marked: ' + marked if marked else ''}."
    )


def roc(tables: dict, finding: str) -> Figure:
    """Recall against the false positive rate for every threshold, a line a model; guessing is the diagonal.

    Args:
        tables: {name: threshold table}.
    """
    figure, axes = canvas(width=6.0, height=3.8)
    for (name, table), colour, dash in zip(tables.items(), COLOURS, DASHES):
        shown = thinned(table)
        axes.plot(shown["false_positive_rate"], shown["recall"], color=colour, linestyle=dash, label=name)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (1, 4)), linewidth=1, label="guessing")
    _unit_square(axes, "false positive rate: of the rest, how many are taken", "recall")
    axes.legend(frameon=False, loc="lower right")
    title(axes, finding)
    return with_alt(figure, f"{finding}. ROC curves of {', '.join(tables)}, over the diagonal of guessing.")


def intervals(values: dict, finding: str, label: str = "recall") -> Figure:
    """A dot for each number as seen, and a line for where it may lie.

    Args:
        values: {name: (seen, interval)}.
    """
    figure, axes = canvas(height=0.9 + 0.42 * len(values))
    for place, (seen, interval) in enumerate(values.values()):
        axes.plot([interval.low, interval.high], [place, place], color=BLUE, linewidth=2, marker="|", markersize=9)
        axes.plot(seen, place, "o", color=ORANGE, markersize=7, markeredgecolor="white")
        axes.annotate(f"{interval.low:.2f} to {interval.high:.2f}", (interval.high, place), xytext=(6, 0), va="center",
                      textcoords="offset points", fontsize=8.5)  # fmt: skip
    axes.set_yticks(range(len(values)), [shorten(name, 34) for name in values])
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_xlim(0, 1.18)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel(label)
    title(axes, finding)
    listed = ", ".join(
        f"{name} {seen:.2f}, {interval.low:.2f} to {interval.high:.2f}" for name, (seen, interval) in values.items()
    )
    return with_alt(figure, f"{finding}. {label.capitalize()} with intervals: {listed}.")


def _on_scale(table):
    """The rows within the scale of thresholds and one beyond each end, whose values hold there.

    All others would be drawn on the edge, as a line up and down that presses the rest flat.
    """
    threshold = table["threshold"].to_numpy()
    above, below = np.flatnonzero(threshold > 1 - EDGE)[:-1], np.flatnonzero(threshold < EDGE)[1:]
    return table.drop(index=table.index[[*above, *below]])


def _unit_square(axes, xlabel, ylabel):
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.04)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
