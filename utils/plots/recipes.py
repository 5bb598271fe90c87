"""Figures about the knobs of a training: schedules before they are run, the range test, and what a knob did to the scores."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from utils.plots.data import shorten
from utils.plots.figures import BLUE, DASHES, GREY, ORANGE, RED, canvas, pale, plain_numbers, title, with_alt


def schedules(shares: dict, steps_an_epoch: int, finding: str) -> Figure:
    """The share of the highest rate at each step, a panel a schedule, so that lines never lie on one another.

    Args:
        shares: {name: its share at each step}.
        steps_an_epoch: so that the axis can be in epochs.
        finding: the title.
    """
    columns = min(4, len(shares))
    rows = -(-len(shares) // columns)
    figure, grid = canvas(1.9 * columns + 0.6, 1.5 * rows + 0.7, rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, (name, values) in zip(grid.flat, shares.items()):
        epochs = np.arange(len(values)) / steps_an_epoch
        axes.plot(epochs, values, color=BLUE, linewidth=1.8)
        axes.fill_between(epochs, values, color=BLUE, alpha=0.1, linewidth=0)
        axes.set_title(name.replace("_", " "), fontsize=9.5)
    for axes in grid.flat[len(shares) :]:
        axes.remove()
    for axes in grid[:, 0]:
        axes.set_ylabel("share of lr")
    for axes in grid.flat[max(0, len(shares) - columns) : len(shares)]:
        axes.set_xlabel("epoch")
        axes.tick_params(labelbottom=True)
    grid[0][0].set_ylim(0, 1.08)
    figure.suptitle(finding, weight="bold", fontsize=11)
    told = "; ".join(f"{name.replace('_', ' ')} from {values[0]:.2f} over {max(values):.2f} to {values[-1]:.2f}"
                     for name, values in shares.items())  # fmt: skip
    return with_alt(figure, f"{finding}. The share of the highest rate by epoch: {told}.")


def range_test(table: pd.DataFrame, finding: str, chosen: dict | None = None) -> Figure:
    """The loss against a growing rate, as it came and smoothed, with a line at each chosen rate.

    Args:
        table: of `utils.training.range_test`: `lr`, `loss`, `smooth`.
        chosen: {name: rate}.
    """
    figure, axes = canvas(height=3.3)
    axes.plot(table["lr"], table["loss"], color=GREY, linewidth=0.8, alpha=0.8, label="each batch")
    axes.plot(table["lr"], table["smooth"], color=BLUE, linewidth=2, label="smoothed")
    for (name, rate), dash in zip((chosen or {}).items(), DASHES[1:]):
        axes.axvline(rate, color=RED, linestyle=dash, linewidth=1.2, label=f"{name}: {rate:.2g}")
    axes.set_xscale("log")
    plain_numbers(axes.xaxis)
    lowest, first = table["smooth"].min(), table["smooth"].iloc[0]
    fall = first - lowest or 0.1 * first  # where the loss only rises it is lowest at the start
    axes.set_ylim(max(0, lowest - 0.3 * fall), first + 0.6 * fall)
    axes.set_xlabel("learning rate, logarithmic")
    axes.set_ylabel("loss")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    at = table.loc[table["smooth"].idxmin(), "lr"]
    marked = "".join(f" {name} is {rate:.2g}." for name, rate in (chosen or {}).items())
    return with_alt(figure, f"{finding}. The loss begins at {first:.2f} with a rate of {table['lr'].iloc[0]:.1g}, is lowest "
                            f"with {lowest:.2f} at {at:.2g}, and ends at {table['loss'].iloc[-1]:.2f}.{marked}")  # fmt: skip


def differences(found: dict, finding: str, label: str = "accuracy") -> Figure:
    """How much each way gains on the plain one: a dot a seed, the mean with its interval; the line is no difference.

    Args:
        found: {name: (differences of its seeds, mean, interval)}.
    """
    figure, axes = canvas(height=1.0 + 0.42 * len(found))
    axes.axvline(0, color=GREY, linewidth=1)
    for place, (each, mean, interval) in enumerate(found.values()):
        is_real = interval.low > 0 or interval.high < 0
        colour, mark = (BLUE, "D") if is_real else (GREY, "o")
        draw_seeds(axes, place, each, mean, interval, colour, mark, is_filled=is_real)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.6)
    axes.set_xlabel(f"gain in {label} (filled: 0 lies outside of the interval)")
    title(axes, finding)
    told = "; ".join(
        f"{name} {mean:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"
        if np.isfinite(interval.low)
        else f"{name} {mean:+.3f} (no interval)"  # of one seed
        for name, (_, mean, interval) in found.items()
    )
    return with_alt(figure, f"{finding}. Gain in {label} over the plain way, mean and interval: {told}.")


def draw_seeds(axes, place, each, mean, interval, colour, mark="D", is_filled=True) -> None:
    """One row of a figure over seeds: the interval as a line, a dot a seed below it, and the mean's mark upon it."""
    axes.plot([interval.low, interval.high], [place] * 2, color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot(each, np.full(len(each), place + 0.24), "o", color=colour, markersize=4, **pale(colour))
    face = colour if is_filled else "white"
    axes.plot(mean, place, mark, color=colour, markersize=7, markerfacecolor=face)


def weighed(recalls: dict, classes, finding: str, rare=()) -> Figure:
    """The recall of each class for several ways to train, a panel a way; rare classes are hatched.

    Args:
        recalls: {way: recall of each class, (K,)}.
        classes: K names.
        rare: those of which there were few pictures.
    """
    figure, grid = canvas(1.9 * len(recalls) + 0.6, 2.7, 1, len(recalls), squeeze=False, sharey=True)
    for axes, (name, values) in zip(grid[0], recalls.items()):
        is_rare = [one in rare for one in classes]
        axes.bar(range(len(classes)), values, color=[ORANGE if each else BLUE for each in is_rare], edgecolor="white",
                 hatch=["///" if each else "" for each in is_rare], linewidth=0.5)  # fmt: skip
        axes.set_xticks(
            range(len(classes)),
            [shorten(str(one), 12) for one in classes],
            fontsize=8,
            rotation=90 if max(map(len, map(str, classes))) > 2 else 0,
        )
        axes.set_title(name, fontsize=9.5)
    grid[0][0].set_ylabel("recall")
    grid[0][0].set_ylim(0, 1.02)
    figure.suptitle(finding, weight="bold", fontsize=11)
    parts, over = {"": slice(None)}, "all"
    is_rare = np.isin(np.asarray(classes, dtype=object), list(rare))
    if is_rare.any() and not is_rare.all():
        parts, over = {"rare ": is_rare, "others ": ~is_rare}, "the rare (hatched) and the others"
    # nan is the recall of a class without pictures
    told = "; ".join(f"{name}: " + ", ".join(f"{part}{np.nanmean(np.asarray(values)[chosen]):.2f}" for part, chosen in parts.items())
                     for name, values in recalls.items())  # fmt: skip
    return with_alt(figure, f"{finding}. Recall of each class, mean over {over}. {told}.")
