"""Figures about one network while it learns: on a single batch step by step, and where its curve bends."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from utils.plots.figures import BLUE, COLOURS, DASHES, GREY, ORANGE, canvas, plain_numbers, title, with_alt


def by_step(losses: dict, finding: str, floor: float | None = None) -> Figure:
    """The loss on one batch, step by step, on a logarithmic axis.

    Args:
        losses: {network: its loss after each step, above 0}; up to six.
        finding: the title.
        floor: a loss below which one of them cannot get; None draws none.
    """
    figure, axes = canvas(height=3.2)
    for (name, values), colour, dash in zip(losses.items(), COLOURS, DASHES):
        axes.plot(np.arange(1, len(values) + 1), values, color=colour, linestyle=dash, label=name)
    if floor is not None:
        axes.axhline(floor, color=GREY, linestyle=":", linewidth=1)
        axes.annotate(f"{floor:.3f}", (1, floor), xycoords=("axes fraction", "data"), xytext=(-3, -3), ha="right",
                      va="top", textcoords="offset points", color=GREY, fontsize=8.5)  # fmt: skip
    axes.set_yscale("log")
    plain_numbers(axes.yaxis)
    axes.set_xlabel("step")
    axes.set_ylabel("loss on the batch, logarithmic")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    told = ", ".join(f"{name} from {values[0]:.2g} to {values[-1]:.2g}" for name, values in losses.items())
    bound = "" if floor is None else f" A line at {floor:.3f}."
    return with_alt(figure, f"{finding}. Loss by step, logarithmic: {told}.{bound}")


def bends(histories: dict, finding: str, guessing: float) -> Figure:
    """Training and validation loss by epoch, a panel a run, with the epoch in which the validation loss was lowest.

    Args:
        histories: {name: history of `fit`}.
        finding: the title.
        guessing: the loss of one who gives every class the same probability: ln K.
    """
    figure, grid = canvas(3.6 * len(histories) + 1.2, 3.2, 1, len(histories), squeeze=False, sharey=True)
    told = []
    for axes, (name, history) in zip(grid[0], histories.items()):
        told.append(_bend(axes, name, history))
        axes.axhline(guessing, color=GREY, linestyle="-.", linewidth=1, label="guessing", zorder=0)
    grid[0][0].set_ylabel("loss")
    grid[0][-1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.suptitle(finding, weight="bold", fontsize=11)
    return with_alt(figure, f"{finding}. Losses by epoch: {'; '.join(told)}. Guessing has {guessing:.2f}.")


def _bend(axes, name: str, history: pd.DataFrame) -> str:
    """One panel, and what it shows in words."""
    for column, colour, dash in (("train_loss", BLUE, "-"), ("valid_loss", ORANGE, "--")):
        axes.plot(history["epoch"], history[column], color=colour, linestyle=dash, label=column.replace("_", " "))
    lowest, last = history.loc[history["valid_loss"].idxmin()], history.iloc[-1]
    axes.axvline(lowest["epoch"], color=GREY, linestyle=":", linewidth=1.2, label="valid lowest")
    axes.plot(lowest["epoch"], lowest["valid_loss"], "o", color=ORANGE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.set_title(name, fontsize=9)
    return (f"{name}, training down to {last['train_loss']:.2f}, validation lowest with {lowest['valid_loss']:.2f} in epoch "
            f"{lowest['epoch']:.0f} and {last['valid_loss']:.2f} at the end")  # fmt: skip
