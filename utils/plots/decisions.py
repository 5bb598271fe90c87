"""Figures about what a model decided: single pictures with their probabilities, and the mistakes worth looking at."""

from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from utils.plots.data import draw_picture, shorten
from utils.plots.figures import BLUE, GREY, RED, canvas, with_alt

PREFIX = "p_"  # of the probability columns in a predictions table
LONGEST_NAME = 18  # of a file, under a small picture


def answers(predictions: pd.DataFrame, root, most: int = 6, top: int = 3, finding: str = "") -> Figure:
    """Pictures, each below its label where it has one, with the probabilities of their likeliest classes as bars.

    Args:
        predictions: a predictions table.
        root: the folder that its paths start from.
        most: pictures shown, from the first row on.
        top: classes shown of each.
        finding: the title, where there is more to say than what is shown.
    """
    shown = predictions[:most]
    figure, grid = canvas(1.75 * len(shown), 3.1, 2, len(shown), squeeze=False, height_ratios=(1.6, 1))
    told = []
    for (above, below), row in zip(grid.T, shown.to_dict("records")):
        likeliest = sorted(((value, name) for name, value in row.items() if name.startswith(PREFIX)), reverse=True)[
            :top
        ]
        draw_picture(above, root, row["path"])
        if isinstance(row["label"], str):
            above.set_title(shorten(row["label"], 16), fontsize=9)
        below.barh([shorten(name.removeprefix(PREFIX), 13) for _, name in likeliest], [value for value, _ in likeliest],
                   color=[BLUE] + [GREY] * top)  # fmt: skip
        below.set_xlim(0, 1)
        below.set_xticks([0, 1])
        below.invert_yaxis()
        truth = f" (it is {row['label']})" if isinstance(row["label"], str) else ""
        told.append(f"{row['predicted']} with {likeliest[0][0]:.0%}{truth}")
    figure.suptitle(finding or "What the model says, and how sure it is", weight="bold", fontsize=11)
    shows = f"{len(shown)} picture{'s' * (len(shown) != 1)} with bars of probability: {', '.join(told)}."
    return with_alt(figure, f"{finding}. {shows}" if finding else shows)


def worst_mistakes(predictions: pd.DataFrame, root, most: int = 8) -> Figure:
    """The mistakes that the model was surest of, surest first: look here for wrong labels and hard cases."""
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    sure = (
        wrong[[name for name in wrong if name.startswith(PREFIX)]].max(axis=1) if len(wrong) else pd.Series(dtype=float)
    )
    shown = wrong.loc[sure.sort_values(ascending=False, kind="stable").index[:most]]
    figure, grid = canvas(1.55 * max(len(shown), 3), 2.4, 1, max(len(shown), 1), squeeze=False)
    for axes, (index, row) in zip(grid.ravel(), shown.iterrows()):
        _labelled_picture(axes, root, row, f"{shorten(row['predicted'], 12)}, {sure[index]:.0%}", RED)
    if shown.empty:
        grid.ravel()[0].set_axis_off()
    finding = f"{len(wrong)} of {len(predictions)} are wrong; the surest mistakes" if len(wrong) else "No mistake"
    figure.suptitle(finding, weight="bold", fontsize=11)
    listed = ", ".join(f"{row.label} taken for {row.predicted}" for row in shown.itertuples())
    return with_alt(figure, f"{finding}: {listed or 'there is none'}.")


def worst_cases(predictions: pd.DataFrame, root, positive: str, threshold: float, most: int = 7) -> Figure:
    """Three rows: the surest false alarms, the surest misses, and what lies nearest to the threshold; each with its file.

    Args:
        predictions: a predictions table with labels.
        root: the folder that its paths start from; None, or a folder that lacks them: a grey field stands for each.
        positive: the class that is looked for.
        threshold: a score >= it is positive.
        most: pictures a row.
    """
    scores, is_positive = predictions[PREFIX + positive], predictions["label"] == positive
    alarms, misses = (scores >= threshold) & ~is_positive, (scores < threshold) & is_positive
    nearest = (scores - threshold).abs().sort_values(kind="stable").index
    rows = {
        f"{alarms.sum():,} false alarms, the surest": scores[alarms].sort_values(ascending=False, kind="stable").index,
        f"{misses.sum():,} misses, the surest": scores[misses].sort_values(kind="stable").index,
        f"nearest to {threshold:.2g}": nearest,
    }
    figure, grid = canvas(1.25 * most + 1.2, 5.6, len(rows), most, squeeze=False)
    for line, (name, chosen) in zip(grid, rows.items()):
        _gallery_row(line, predictions.loc[chosen[:most]], scores, root)
        line[0].text(
            -0.2, 0.5, name.replace(", ", ",\n"), transform=line[0].transAxes, ha="right", va="center", fontsize=9
        )
    finding = f"From a score of {threshold:.2g} on: {alarms.sum():,} false alarms and {misses.sum():,} misses"
    figure.suptitle(finding, weight="bold", fontsize=11)
    first = [
        f"{name}: {', '.join(map(str, predictions.loc[chosen[:2], 'path']))}"
        for name, chosen in rows.items()
        if len(chosen)
    ]
    return with_alt(figure, f"{finding}. Three rows of pictures with their scores; {'; '.join(first)}.")


def heat(image, weights: np.ndarray, finding: str, alt: str) -> Figure:
    """A picture beside itself under a map of where the model looked, (h, w) of any scale."""
    figure, (left, right) = canvas(4.6, 2.5, 1, 2)
    height, width = np.asarray(image).shape[:2]
    for axes in (left, right):
        axes.imshow(image)
        axes.set_axis_off()
    right.imshow(
        weights, cmap="magma", alpha=0.55, extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="bilinear"
    )
    figure.suptitle(finding, weight="bold", fontsize=11)
    return with_alt(figure, alt)


def _gallery_row(line, rows, scores, root):
    """Pictures with their score above, label and file name below; what there are too few of stays empty."""
    for axes in line:
        axes.set_axis_off()
    for axes, (index, row) in zip(line, rows.iterrows()):
        _labelled_picture(axes, root or "", row, f"{scores[index]:.3f}", RED, fontsize=8.5, longest=13)
        # The end of a file name tells it from its neighbours, so the beginning goes where it is too long.
        name = PurePosixPath(row["path"]).name
        name = name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
        axes.annotate(name, (0.5, -0.05), xytext=(0, -12), xycoords="axes fraction", textcoords="offset points",
                      ha="center", va="top", fontsize=7, color=GREY)  # fmt: skip


def _labelled_picture(axes, root, row, answer: str, colour: str, fontsize: float = 9, longest: int = 14) -> None:
    """A row's picture with the model's answer above it and its label below."""
    draw_picture(axes, root, row["path"])
    axes.set_title(answer, fontsize=fontsize, color=colour)
    axes.text(0.5, -0.05, f"is {shorten(row['label'], longest)}", transform=axes.transAxes, ha="center", va="top",
              fontsize=fontsize - 0.5)  # fmt: skip
