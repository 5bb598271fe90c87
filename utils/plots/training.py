"""Figures about training: how scores grew, what seeds make of them, how rates rise and fall.

Words: a *history* has one row an epoch (columns as `fit` names them); a *run* is one training, from one seed.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from utils.plots.figures import BLUE, COLOURS, DASHES, GREY, MARKS, ORANGE, canvas, pale, title, with_alt


def curves(runs: dict, finding: str, column: str = "valid_accuracy", chance: float | None = None) -> Figure:
    """A score by epoch for several ways to train: the mean over runs as a line, the runs' range as a band.

    Args:
        runs: {name: history, or a list of histories, one a seed}.
        finding: the title.
        column: of the histories.
        chance: where guessing lands.
    """
    figure, axes = canvas(height=3.4)
    ends = {}
    for (name, histories), colour, dash in zip(runs.items(), COLOURS, DASHES):
        histories = [histories] if isinstance(histories, pd.DataFrame) else list(histories)
        by_epoch = pd.concat(histories).groupby("epoch")[column]
        mean = by_epoch.mean()
        axes.plot(mean.index, mean, color=colour, linestyle=dash, label=name)
        axes.fill_between(mean.index, by_epoch.min(), by_epoch.max(), color=colour, alpha=0.15, linewidth=0)
        ends[name] = mean.iloc[-1]
    _chance(axes, chance)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel(column.replace("_", " "))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    listed = ", ".join(f"{name} {value:.2f}" for name, value in ends.items())
    return with_alt(figure, f"{finding}. Lines of {column.replace('_', ' ')} by epoch, which end at: {listed}.")


def losses(history: pd.DataFrame, finding: str) -> Figure:
    """The losses of training and validation by epoch: where they part, the network begins to learn by heart."""
    figure, axes = canvas(width=5.6, height=3.2)
    for column, colour, dash in (("train_loss", BLUE, "-"), ("valid_loss", ORANGE, "--")):
        axes.plot(history["epoch"], history[column], color=colour, linestyle=dash, label=column.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)
    title(axes, finding)
    first, last = history.iloc[0], history.iloc[-1]
    return with_alt(figure, f"{finding}. Training loss from {first['train_loss']:.2f} to {last['train_loss']:.2f}, validation "
                            f"loss from {first['valid_loss']:.2f} to {last['valid_loss']:.2f}.")  # fmt: skip


def spread(scores: dict, finding: str, label: str = "accuracy", chance: float | None = None) -> Figure:
    """A dot for each run and a stroke for their mean: is a difference larger than what seeds make of it?

    Args:
        scores: {name: scores of its runs}.
    """
    figure, axes = canvas(height=0.9 + 0.42 * len(scores))
    for place, (values, colour) in enumerate(zip(scores.values(), COLOURS * len(scores))):
        axes.plot(values, np.full(len(values), place), "o", color=colour, markersize=6, **pale(colour))
        axes.plot([np.mean(values)] * 2, [place - 0.28, place + 0.28], color=colour, linewidth=2.5)
        axes.annotate(f"{np.mean(values):.2f}", (np.mean(values), place - 0.3), ha="center", va="bottom", fontsize=8.5)
    _chance(axes, chance, vertical=True)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.75)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel(label)
    title(axes, finding, pad=14 if chance is not None else 6)
    listed = ", ".join(f"{name} {np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"
                       for name, values in scores.items())  # fmt: skip
    return with_alt(figure, f"{finding}. {label.capitalize()}, mean and range over runs: {listed}.")


def growth(scores: dict, finding: str, xlabel: str, label: str = "accuracy", chance: float | None = None) -> Figure:
    """A score against a number (pictures a class, size), a line for each way, a dot a run.

    Args:
        scores: {name: {number: scores of its runs}}.
    """
    figure, axes = canvas(height=3.4)
    ends = {}
    for (name, by_number), colour, dash, mark in zip(scores.items(), COLOURS, DASHES, MARKS):
        numbers = list(by_number)
        axes.plot(numbers, [np.mean(by_number[number]) for number in numbers], color=colour, linestyle=dash,
                  marker=mark, markersize=6, label=name)  # fmt: skip
        for number in numbers:
            runs = by_number[number]
            axes.plot([number] * len(runs), runs, mark, color=colour, markersize=4, **pale(colour))
        ends[name] = f"{name} from {np.mean(by_number[numbers[0]]):.2f} to {np.mean(by_number[numbers[-1]]):.2f}"
    _chance(axes, chance)
    axes.set_xticks(numbers)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(label)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    return with_alt(figure, f"{finding}. {label.capitalize()} by {xlabel}, {numbers[0]} to {numbers[-1]}: "
                            f"{', '.join(ends.values())}.")  # fmt: skip


def _chance(axes, chance, vertical=False):
    if chance is None:
        return
    (axes.axvline if vertical else axes.axhline)(chance, color=GREY, linestyle=":", linewidth=1)
    place = {"xy": (chance, 1), "xycoords": ("data", "axes fraction"), "xytext": (3, 2)} if vertical else {
        "xy": (1, chance), "xycoords": ("axes fraction", "data"), "xytext": (-3, 3), "ha": "right"}  # fmt: skip
    axes.annotate("chance", color=GREY, fontsize=8, textcoords="offset points", **place)
