"""Figures of a sweep: two parameters as a heat map, accuracy against cost, and what the seeds make of each way.

They take the table that a sweep gathers, a row a run; words as in `utils.evaluation.seeds`. What is best is the highest
number, or with best="lowest" the lowest (of a loss, or of seconds).
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from utils.errors import CourseError
from utils.evaluation.seeds import done_runs, over_seeds
from utils.plots.data import shorten
from utils.plots.figures import BLUE, GREY, ORANGE, backing, canvas, ink_on, title, with_alt
from utils.plots.recipes import draw_seeds
from utils.plots.verdict import front
from utils.plots.ways import in_lines, levels, names, number_format, plain, sign_of, spoken, written

MOST_ACROSS = 16  # values of a parameter on a heat map: with more, the numbers in its cells could not be read
NARROWEST = 4.0  # inches: a title's middle is part of the layout, which would narrow the cells for it
MOST_DOWN = 30  # values down a heat map, and rows of a figure over seeds


def heat_map(
    table: pd.DataFrame, x: str, y: str, value: str, finding: str, seed: str = "seed", best: str = "highest"
) -> Figure:
    """The mean of a number for each pair of two parameters; the best is framed, a pair without a result hatched.

    Darker is better. Numbers stand in order from the left and from the top, all else as it comes in the table.

    Args:
        table: sweep table.
        x: the parameter across.
        y: the parameter down.
        value: the column of numbers.
        finding: the title.
        seed: the column of seeds.
        best: "highest" or "lowest".

    Raises:
        CourseError: as for `over_seeds`; or x and y are one, or have more values than a page holds.
    """
    sign = sign_of(best)
    if x == y:
        raise CourseError(f"Expected two parameters, but got {x!r} for both x and y.")
    over = over_seeds(table, [x, y], value, seed)
    across, down = _levels_within(table[x], MOST_ACROSS), _levels_within(table[y], MOST_DOWN)
    means = np.full((len(down), len(across)), np.nan)
    for one, other, mean in zip(over[y], over[x], over["mean"]):
        means[down.index(plain(one)), across.index(plain(other))] = mean
    is_best = np.isclose(means, sign * np.nanmax(sign * means), rtol=1e-9, atol=0)
    figure, axes = canvas(max(2.2 + 0.64 * len(across), NARROWEST), 1.5 + 0.42 * len(down))
    _draw_cells(axes, means, is_best, "Blues" if sign > 0 else "Blues_r")
    _name_cells(axes, x, y, across, down)
    title(axes, finding)
    return with_alt(figure, f"{finding}. {_told_cells(over, means, is_best, across, down, (x, y), value)}")


def cost_front(
    table: pd.DataFrame, by, value: str, cost: str, finding: str, label: str | None = None, seed: str = "seed",
    best: str = "highest",
) -> Figure:  # fmt: skip
    """`front` of a sweep: the mean of a number against the mean cost of each way; the efficient front is joined.

    Args:
        table: sweep table.
        by: the columns that make a way.
        value: the column of numbers.
        cost: the column of costs, above 0: `seconds`, or what the lesson recorded.
        finding: the title.
        label: what the cost is, with its unit; None: the column's name.
        seed: the column of seeds.
        best: "highest" or "lowest".

    Raises:
        CourseError: as for `over_seeds`, of both columns; or a cost is not above 0.
    """
    sign = sign_of(best)
    runs = done_runs(done_runs(table, value), cost)
    over, costs = over_seeds(runs, by, value, seed), over_seeds(runs, by, cost, seed)["mean"]
    if costs.min() <= 0:
        raise CourseError(
            f"Expected costs above 0 in {cost!r}, whose axis is logarithmic, but the lowest is {costs.min():g}."
        )
    ways = over[["low", "high"]].assign(
        accuracy=over["mean"], **{cost: costs}, on_front=_on_front(costs, sign * over["mean"])
    )
    ways.index = [in_lines(name) for name in _names(over)]
    score = spoken(value) + (", mean over seeds" if over["runs"].max() > 1 else "")
    figure = front(ways, finding, cost, label or spoken(cost), score=score)
    figure.axes[0].autoscale(axis="y")  # ways of one sweep lie nearer together than networks, and a loss passes 1
    return figure


def seed_noise(over: pd.DataFrame, value_label: str, finding: str, best: str = "highest") -> Figure:
    """What the seeds make of each way: a dot a run, the mean with its interval, the best on top.

    Of more ways than a page holds the best are shown, and it says so.

    Args:
        over: of `over_seeds`.
        value_label: what the number is.
        finding: the title.
        best: "highest" or "lowest".

    Raises:
        CourseError: the table is empty, or is none of `over_seeds`.
    """
    sign = sign_of(best)
    if not {"runs", "mean", "low", "high", "values"} <= set(over) or over.empty:
        raise CourseError("Expected a table that over_seeds made, with a row or more, but got one with the columns "
                          f"{list(over)} and {len(over)} rows: over = over_seeds(table, by, value)")  # fmt: skip
    ways = over.assign(name=_names(over)).sort_values("mean", ascending=sign < 0, kind="stable")[:MOST_DOWN]
    labels = [in_lines(name) for name in ways["name"]]
    is_narrow = len(ways) > 12 and not any("\n" in name for name in labels)
    figure, axes = canvas(height=1.0 + (0.3 if is_narrow else 0.42) * len(ways))
    for place, way in enumerate(ways.itertuples()):
        draw_seeds(axes, place, way.values, way.mean, way, BLUE, is_filled=way.runs > 1)
    axes.set_yticks(range(len(ways)), labels, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#EEEEEE")
    axes.set_ylim(len(ways) - 0.5, -0.6)
    left_out = f", the best {len(ways)} of {len(over)} ways" if len(ways) < len(over) else ""
    hollow = " (hollow: one run)" if (ways["runs"] == 1).any() else ""
    axes.set_xlabel(f"{value_label}: a dot a seed, mean and interval{hollow}{left_out}")
    title(axes, finding)
    number = number_format(over["mean"])
    told = "; ".join(
        f"{way.name} {way.mean:{number}} ({way.low:{number}} to {way.high:{number}})" if way.runs > 1
        else f"{way.name} {way.mean:{number}} (one run)"
        for way in ways.itertuples()
    )  # fmt: skip
    return with_alt(
        figure,
        f"{finding}. {value_label[:1].upper()}{value_label[1:]}, mean and interval over seeds{left_out}, the best first: {told}.",
    )


def _names(over):
    return names(over.iloc[:, : over.columns.get_loc("runs")])


def _levels_within(column, most):
    found = levels(column)
    if len(found) > most:
        raise CourseError(f"Expected at most {most} values of {column.name!r} in a heat map, but got {len(found)}. Keep some of "
                          f"its rows (table[table[{column.name!r}].isin([...])]), or use parallel_coordinates.")  # fmt: skip
    return found


def _draw_cells(axes, means, is_best, colours):
    """The cells and their numbers, which are no part of the layout: cells would be narrowed for those that reach beyond."""
    number = number_format(means)
    mesh = axes.pcolormesh(means, cmap=colours, edgecolors="white", linewidth=0.5)
    axes.invert_yaxis()
    for (row, column), mean in np.ndenumerate(means):
        if not np.isnan(mean):
            axes.text(column + 0.5, row + 0.5, f"{mean:{number}}", ha="center", va="center", fontsize=9,
                      color=ink_on(mesh.to_rgba(mean)), in_layout=False)  # fmt: skip
    for row, column in np.argwhere(np.isnan(means)):
        axes.add_patch(
            Rectangle((column, row), 1, 1, facecolor="#F4F4F4", edgecolor="#C4C4C4", hatch="///", linewidth=0)
        )
        axes.text(column + 0.5, row + 0.5, "no result", ha="center", va="center", fontsize=7.5, color=GREY,
                  bbox=backing(1), in_layout=False)  # fmt: skip
    for row, column in np.argwhere(is_best):
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=ORANGE, linewidth=3, clip_on=False))


def _name_cells(axes, x, y, across, down):
    beside, below = ([shorten(written(value), 18) for value in values] for values in (down, across))
    is_long = max(map(len, below)) > 6
    axes.set_xticks(np.arange(len(below)) + 0.5, below, rotation=45 if is_long else 0,
                    ha="right" if is_long else "center", rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(np.arange(len(beside)) + 0.5, beside, rotation=0)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(spoken(x))
    axes.set_ylabel(spoken(y))


def _told_cells(over, means, is_best, across, down, columns, value):
    """The best and the worst pair, how many runs a cell has, and which have none."""
    number, worst = number_format(means), np.abs(means - means[is_best][0])
    x, y = map(spoken, columns)

    def some(places, most=3):
        pairs = [f"{x} {written(across[column])} and {y} {written(down[row])}" for row, column in places]
        return "; ".join(pairs[:most]) + (f"; and {len(pairs) - most} more" if len(pairs) > most else "")

    fewest, most = over["runs"].min(), over["runs"].max()
    runs = f"{most}" if fewest == most else f"{fewest} to {most}"
    told = f"Heat map of {spoken(value)} by {x} and {y}, {runs} run{'s' if most > 1 else ''} a cell"
    told += f": best {means[is_best][0]:{number}} with {some(np.argwhere(is_best))}"
    if not is_best[~np.isnan(means)].all():
        at = np.unravel_index(np.nanargmax(worst), means.shape)
        told += f"; worst {means[at]:{number}} with {some([at])}"
    missing = np.argwhere(np.isnan(means))
    return told + (f". There is no result for {some(missing)}." if len(missing) else ".")


def _on_front(costs, scores):
    """Whether no other way is at least as cheap and as good, and better in one of the two."""
    return [not ((costs <= cost) & (scores >= score) & ((costs < cost) | (scores > score))).any()
            for cost, score in zip(costs, scores)]  # fmt: skip
