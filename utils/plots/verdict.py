"""Figures for choosing a network: what each step of a redesign saves, and accuracy against latency with its front.

Words: a network is on the *efficient front* when none is at once as quick and as accurate, and better in one of the two.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from utils.plots.figures import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    MARKS,
    ORANGE,
    PURPLE,
    canvas,
    plain_numbers,
    title,
    with_alt,
)

LOOKS = tuple(zip(MARKS, 2 * COLOURS))  # of a network


def cheaper(table: pd.DataFrame, costs: dict, finding: str) -> Figure:
    """What becomes of several costs from step to step: a panel a cost, a bar a step, on a logarithmic axis.

    Args:
        table: a row a step, indexed by its name, in order; the columns of `costs` above 0.
        costs: {column: what it is, with its unit}.
        finding: the title.
    """
    figure, grid = canvas(2.2 + 2.5 * len(costs), 1.2 + 0.42 * len(table), 1, len(costs), squeeze=False, sharey=True)
    places = np.arange(len(table))
    for axes, (column, label), colour in zip(grid[0], costs.items(), (BLUE, ORANGE, GREEN, PURPLE)):
        values = table[column].to_numpy(float)
        axes.set_xscale("log")
        axes.barh(places, values, color=colour, height=0.62)
        for place, value in zip(places, values):
            axes.annotate(
                _short(value), (value, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5
            )
        axes.set_xlim(values.min() / 3, values.max() * 4)
        plain_numbers(axes.xaxis)
        axes.set_xlabel(f"{label}, logarithmic")
    grid[0][0].set_yticks(places, list(table.index))
    grid[0][0].invert_yaxis()
    figure.suptitle(finding, weight="bold", fontsize=11)
    told = "; ".join(f"{name} " + ", ".join(_short(row[column]) for column in costs) for name, row in table.iterrows())
    return with_alt(figure, f"{finding}. Bars of {', '.join(costs.values())}, logarithmic: {told}.")


def front(
    table: pd.DataFrame, finding: str, cost: str = "ms", label: str = "milliseconds a picture", bar: float | None = None,
    score: str = "accuracy on test",
) -> Figure:  # fmt: skip
    """Accuracy with its interval against a cost; the efficient front is joined, what lies behind it is hollow.

    Of more networks than there are marks, those on the front alone have a mark and a name.

    Args:
        table: a row a network, indexed by its name, with the columns `accuracy`, `low`, `high` (0 to 1; both nan: no
            interval), `on_front` (whether it is), and `cost`, above 0.
        finding: the title.
        cost: the column of the cost.
        label: what it is, with its unit.
        bar: what always answering with the largest class would score; None draws no line.
        score: what `accuracy` is.
    """
    figure, axes = canvas(width=8.4, height=3.9)
    best = table[table["on_front"]].sort_values(cost)
    axes.plot(best[cost], best["accuracy"], color=GREY, linewidth=1.2, linestyle="--", zorder=1)
    marked = table if len(table) <= len(LOOKS) else best
    for place, (name, row) in enumerate(marked.iterrows()):
        mark, colour = LOOKS[place % len(LOOKS)]
        axes.plot([row[cost]] * 2, [row["low"], row["high"]], color=colour, linewidth=1.4)
        axes.plot(row[cost], row["accuracy"], mark, color=colour, markersize=9, linestyle="",
                  markerfacecolor=colour if row["on_front"] else "white",
                  label=f"{name}{', on the front' if row['on_front'] else ''}")  # fmt: skip
    others = table[~table["on_front"]] if marked is best else table[:0]
    if len(others):
        axes.plot(others[cost], others["accuracy"], "o", color=GREY, markerfacecolor="white", markersize=6,
                  label=f"{len(others)} behind it")  # fmt: skip
    if bar is not None:
        axes.axhline(bar, color=GREY, linestyle=":", linewidth=1.2, label="the bar", zorder=0)
    _logarithmic(axes, table[cost])
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"{label}, logarithmic")
    axes.set_ylabel(score)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    told = "; ".join(
        f"{name} {row['accuracy']:.2f}{_range(row)} for {_short(row[cost])}" for name, row in marked.iterrows()
    )
    told += f"; {len(others)} others lie behind the front" if len(others) else ""
    line = "" if bar is None else f" The bar is {bar:.2f}."
    on_it = "; ".join(best.index)
    return with_alt(
        figure,
        f"{finding}. {score[:1].upper()}{score[1:]} against {label}: {told}. On the efficient front: {on_it}.{line}",
    )


def _range(row):
    return "" if np.isnan(row["low"]) else f" ({row['low']:.2f} to {row['high']:.2f})"


def _logarithmic(axes, values):
    """Ticks 1, 2, 5, 10 ... as plain numbers, with room on both sides."""
    axes.set_xscale("log")
    axes.set_xlim(values.min() / 1.6, values.max() * 1.6)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plain_numbers(axes.xaxis)


def _short(value):
    """A number with about two digits that count, without an exponent."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
