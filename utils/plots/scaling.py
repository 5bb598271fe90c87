"""Figures about the size of networks: what scaling buys, and what it costs.

Words: a *way* is what was scaled: depth, width, size, or all of them. It has the same colour and mark in every figure.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from utils.plots.figures import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    backing,
    canvas,
    plain_numbers,
    title,
    with_alt,
)

WAYS = {
    "depth": (BLUE, "o", "-"),
    "width": (ORANGE, "s", "--"),
    "size": (GREEN, "^", "-."),
    "all three": (RED, "D", ":"),
}
FAMILIES = ((BLUE, "o"), (GREY, "x"), (ORANGE, "s"), (GREEN, "^"), (PURPLE, "D"), (SKY, "v"))


def gains(table: pd.DataFrame, finding: str) -> Figure:
    """What each way of scaling gained at about the same cost, a panel a network.

    Args:
        table: a row a way, with the columns `network`, `way`, `gain` (points of accuracy above the unscaled
            network) and `macs` (billions).
        finding: the title.
    """
    networks = list(dict.fromkeys(table["network"]))
    figure, grid = canvas(2.0 * len(networks) + 1, 2.7, 1, len(networks), squeeze=False, sharex=True, sharey=True)
    told = []
    for axes, network in zip(grid[0], networks):
        rows = table[table["network"] == network]
        best = rows.loc[rows["gain"].idxmax()]
        for row in rows.itertuples():
            colour, mark, _ = WAYS[row.way]
            place = list(WAYS).index(row.way)
            axes.hlines(place, 0, row.gain, color=colour, linewidth=2)
            axes.plot(row.gain, place, mark, color=colour, markersize=7)
            axes.annotate(f"{row.gain:+.1f}", (row.gain, place), xytext=(7, 0), textcoords="offset points",
                          va="center", fontsize=8.5, weight="bold" if row.way == best["way"] else "normal")  # fmt: skip
        axes.set_title(network, fontsize=9)
        told.append(f"{network}: " + ", ".join(f"{row.way} {row.gain:+.1f}" for row in rows.itertuples()))
    grid[0][0].set_yticks(range(len(WAYS)), list(WAYS))
    grid[0][0].set_ylim(len(WAYS) - 0.5, -0.5)
    grid[0][0].set_xlim(0, 1.28 * table["gain"].max())
    figure.supxlabel("points of accuracy gained", fontsize=10)
    figure.suptitle(finding, weight="bold", fontsize=11)
    return with_alt(figure, f"{finding}. Points of accuracy gained by scaling: {'; '.join(told)}.")


def accuracy_against(table: pd.DataFrame, costs: dict, finding: str, family: str = "family") -> Figure:
    """Published accuracy against what it costs, on logarithmic axes, a panel for each kind of cost.

    Args:
        table: a row a network, indexed by its name, with the columns `accuracy` (percent), those of `costs`, and
            `family`: networks of the first family in the table are joined by a line.
        costs: {column: what it is, with its unit}.
        finding: the title.
    """
    figure, grid = canvas(3.5 * len(costs) + 0.6, 3.5, 1, len(costs), squeeze=False, sharey=True)
    families = list(dict.fromkeys(table[family]))
    for axes, (column, label) in zip(grid[0], costs.items()):
        known = table.dropna(subset=[column])
        for name, (colour, mark) in zip(families, FAMILIES):
            rows = known[known[family] == name]
            line = "-" if name == families[0] else ""
            axes.plot(
                rows[column], rows["accuracy"], mark + line, color=colour, label=name, markersize=5.5, linewidth=1
            )
        _name_points(axes, known, column, family, families[0])
        axes.set_xscale("log")
        _plain_ticks(axes, known[column])
        axes.set_xlabel(label)
    grid[0][0].set_ylabel("top-1 accuracy, %")
    if len(families) > 1:
        grid[0][0].legend(frameon=False, fontsize=8.5, loc="lower right")
    figure.suptitle(finding, weight="bold", fontsize=11)
    first = table[table[family] == families[0]]
    listed = ", ".join(f"{name} {row['accuracy']:.1f} %" for name, row in first.iterrows())
    others = f"; {len(table) - len(first)} other networks" if len(families) > 1 else ""
    return with_alt(figure, f"{finding}. Accuracy against {', '.join(costs.values())}, logarithmic: {listed}{others}.")


def shares(table: pd.DataFrame, finding: str, whole: str = "the whole network") -> Figure:
    """How each part contributes to several totals: a group of bars a row, a bar for each column, in percent.

    Args:
        table: a row a part, numbers in its columns.
        whole: what the parts are the whole of.
    """
    percent = 100 * table / table.sum()
    figure, axes = canvas(height=1.0 + 0.34 * len(table))
    high = 0.8 / len(table.columns)
    for place, (column, (colour, *_), hatch) in enumerate(zip(percent, WAYS.values(), ("", "//", "..", "xx"))):
        rows = np.arange(len(table)) + (place - (len(table.columns) - 1) / 2) * high
        bars = axes.barh(rows, percent[column], high, color=colour, hatch=hatch, edgecolor="white", label=column)
        axes.bar_label(bars, fmt=lambda share: f"{share:.0f} %" if share >= 1 else "", padding=3, fontsize=8)
    axes.set_yticks(range(len(table)), list(table.index))
    axes.invert_yaxis()
    axes.set_xlabel(f"share of {whole}, %")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    title(axes, finding)
    listed = "; ".join(f"{name} " + ", ".join(f"{column} {row[column]:.0f} %" for column in percent)
                       for name, row in percent.iterrows())  # fmt: skip
    return with_alt(figure, f"{finding}. Shares: {listed}.")


def cost_growth(curves: dict, finding: str) -> Figure:
    """How cost grows when one thing is multiplied: a line a way, both axes logarithmic to base 2.

    Args:
        curves: {way: {factor: times as many multiply-adds}}.
    """
    figure, axes = canvas(width=6.2, height=3.5)
    for name, by_factor in curves.items():
        colour, mark, dash = WAYS[name]
        axes.plot(list(by_factor), list(by_factor.values()), marker=mark, color=colour, linestyle=dash, label=name,
                  markersize=4)  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    highest = max(value for by_factor in curves.values() for value in by_factor.values())
    _times(axes.xaxis, max(max(by_factor) for by_factor in curves.values()))
    _times(axes.yaxis, highest)
    axes.grid(color="#E5E5E5", linewidth=0.7)
    axes.set_xlabel("this multiplied by")
    axes.set_ylabel("multiply-adds multiplied by")
    axes.legend(frameon=False)
    title(axes, finding)
    ends = ", ".join(f"{name} times {list(by_factor)[-1]:g} costs {list(by_factor.values())[-1]:.1f} times as much"
                     for name, by_factor in curves.items())  # fmt: skip
    return with_alt(figure, f"{finding}. Lines of multiply-adds: {ends}.")


def phi_of_variants(table: pd.DataFrame, finding: str) -> Figure:
    """The phi that each dimension of a published variant speaks for, beside the one that its name speaks for.

    Args:
        table: a row a variant, indexed by its name; the columns `depth`, `width`, `size` hold their phi.
    """
    figure, axes = canvas(width=6.2, height=3.4)
    places = np.arange(len(table))
    axes.plot(places, places, color=GREY, linewidth=1, label="its number")
    for name in ("depth", "width", "size"):
        colour, mark, dash = WAYS[name]
        axes.plot(places, table[name], marker=mark, color=colour, linestyle=dash, label=f"by its {name}", linewidth=1.2)
    axes.set_xticks(places, [name.upper() for name in table.index])
    axes.set_ylabel("phi")
    axes.legend(frameon=False)
    title(axes, finding)
    listed = "; ".join(f"{name.upper()} {row['depth']:.1f}, {row['width']:.1f}, {row['size']:.1f}"
                       for name, row in table.iterrows())  # fmt: skip
    return with_alt(figure, f"{finding}. Phi by depth, width and size: {listed}.")


def times_as_much(table: pd.DataFrame, finding: str) -> Figure:
    """One network measured by another on several scales: how many times as much, on a logarithmic axis.

    Args:
        table: a row a kind of cost, two columns of numbers; the bar is the second over the first.
    """
    base, other = table.columns
    ratio = table[other] / table[base]
    figure, axes = canvas(height=0.9 + 0.42 * len(table))
    bars = axes.barh(list(table.index), ratio - 1, left=1, color=[RED if value > 1 else BLUE for value in ratio])
    for bar, value in zip(bars, ratio):
        axes.annotate(f"{value:.2g} times", (value, bar.get_y() + bar.get_height() / 2), va="center",
                      ha="left" if value > 1 else "right", xytext=(4 if value > 1 else -4, 0),
                      textcoords="offset points", fontsize=9)  # fmt: skip
    axes.set_xscale("log")
    axes.axvline(1, color=GREY, linewidth=1)
    axes.set_xlim(min(0.5, ratio.min()) / 2.5, 2.5 * max(2, ratio.max()))
    _plain_ticks(axes, ratio)
    axes.invert_yaxis()
    axes.set_xlabel(f"{other}, in times of {base}")
    title(axes, finding)
    listed = ", ".join(f"{name} {value:.2g}" for name, value in ratio.items())
    return with_alt(figure, f"{finding}. {other} in times of {base}: {listed}.")


def latencies(table: pd.DataFrame, finding: str, budget: float | None = None) -> Figure:
    """How long each network takes: a bar for the median, a stroke for the quartiles, a line for what is allowed.

    Args:
        table: a row a network, indexed by its name; the columns `ms`, `low` and `high` in milliseconds.
        budget: milliseconds.
    """
    figure, axes = canvas(height=0.9 + 0.4 * len(table))
    within = table["ms"] <= (np.inf if budget is None else budget)
    axes.barh(list(table.index), table["ms"], color=np.where(within, BLUE, SKY), height=0.6)
    places = np.arange(len(table))
    axes.hlines(places, table["low"], table["high"], color="black", linewidth=2)
    for place, (high, value) in enumerate(zip(table["high"], table["ms"])):
        axes.annotate(f"{value:.0f} ms", (max(high, value), place), xytext=(6, 0), textcoords="offset points",
                      va="center", fontsize=9, bbox=backing(0.6))  # fmt: skip
    highest = table[["ms", "high"]].max(axis=None)
    if budget is not None:
        axes.axvline(budget, color=RED, linestyle="--", linewidth=1.2)
        axes.annotate(f"budget {budget:g} ms", (budget, 1), xycoords=("data", "axes fraction"), color=RED, fontsize=8.5,
                      xytext=(3, 2), textcoords="offset points")  # fmt: skip
        highest = max(highest, budget)
    axes.set_xlim(0, 1.18 * highest)
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds a picture")
    title(axes, finding, pad=14 if budget is not None else 6)
    listed = ", ".join(f"{name} {row['ms']:.0f}" for name, row in table.iterrows())
    allowed = "" if budget is None else f" The budget is {budget:g}."
    return with_alt(figure, f"{finding}. Milliseconds a picture: {listed}.{allowed}")


def _name_points(axes, known, column, family, first):
    """Each network's name beside its point: above the joined ones, below the others unless that place is taken."""
    others = known[known[family] != first]
    for name, row in known.iterrows():
        level = (others["accuracy"] - row["accuracy"]).abs() < 0.5
        to_the_right = level & (others[column] > row[column]) & (others[column] < 2.6 * row[column])
        above = row[family] == first or to_the_right.any()
        axes.annotate(name, (row[column], row["accuracy"]), xytext=(-3, 4) if above else (4, -4), va="bottom" if above else "top",
                      ha="right" if above else "left", textcoords="offset points", fontsize=7.5)  # fmt: skip
    axes.margins(0.16, 0.12)


def _plain_ticks(axes, values):
    """Ticks 1, 2, 5, 10 ... on a logarithmic axis, as plain numbers."""
    decades = 10.0 ** np.arange(np.floor(np.log10(values.min())) - 1, np.ceil(np.log10(values.max())) + 2)
    wide = values.max() / values.min() > 60
    steps = (1,) if wide else (1, 2, 5)
    axes.xaxis.set_major_locator(FixedLocator([step * decade for decade in decades for step in steps]))
    axes.xaxis.set_minor_locator(NullLocator())
    plain_numbers(axes.xaxis)


def _times(axis, highest):
    ticks = [2.0**power for power in range(int(np.ceil(np.log2(highest))) + 1)]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    plain_numbers(axis)
