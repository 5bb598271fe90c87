"""Figures of a sweep: cells are where their parameters are, the best is marked, and the text alternative has the numbers."""

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from tests.evaluation.made import message
from tests.evaluation.swept import failed, swept
from utils import plots
from utils.evaluation.seeds import over_seeds
from utils.plots.figures import BLUE, ORANGE, png_with_alt

SCORES = {(0.1, "sgd"): 0.5, (0.1, "adam"): 0.6, (0.001, "sgd"): 0.7, (0.001, "adam"): 0.9}
LONG = "a very long name of a network, which nobody would read to its end"


def score(row):
    return SCORES[row["lr"], row["optimizer"]] + 0.01 * row.get("seed", 0)


@pytest.fixture
def table():
    return swept({"lr": [0.1, 0.001], "optimizer": ["sgd", "adam"], "seed": [0, 1, 2]}, score)


# --- the heat map ------------------------------------------------------------------------------------


def cells(figure):
    """{(column, row): what is written there}, counted from the upper left."""
    return {
        (text.get_position()[0] - 0.5, text.get_position()[1] - 0.5): text.get_text() for text in figure.axes[0].texts
    }


def framed(figure):
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    # At the edge of the axes half of a frame lies outside.
    assert all(to_hex(patch.get_edgecolor()) == ORANGE.lower() and not patch.get_clip_on() for patch in patches)
    return [patch.get_xy() for patch in patches]


def hatched(figure):
    return [patch.get_xy() for patch in figure.axes[0].patches if patch.get_hatch()]


def test_each_pair_has_the_mean_of_its_seeds_numbers_in_order_words_as_they_come(table):
    figure = plots.heat_map(table, "lr", "optimizer", "accuracy", "adam at 0.001 is best")
    (axes,) = figure.axes
    assert cells(figure) == {(0, 0): "0.710", (1, 0): "0.510", (0, 1): "0.910", (1, 1): "0.610"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.001", "0.1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sgd", "adam"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row is on top
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lr", "optimizer")
    assert axes.get_title(loc="left") == "adam at 0.001 is best"
    assert framed(figure) == [(0, 1)] and hatched(figure) == []
    assert figure.alt == (
        "adam at 0.001 is best. Heat map of accuracy by lr and optimizer, 3 runs a cell: best 0.910 with lr 0.001 and "
        "optimizer adam; worst 0.510 with lr 0.1 and optimizer sgd."
    )


def test_of_a_loss_the_lowest_is_best_and_the_darkest(table):
    high, low = (plots.heat_map(table, "lr", "optimizer", "accuracy", "x", best=best) for best in ("highest", "lowest"))
    assert framed(low) == [(1, 0)]
    assert "best 0.510 with lr 0.1 and optimizer sgd; worst 0.910" in low.alt
    dark = [brightness(figure.axes[0].collections[0]).argmin() for figure in (high, low)]
    assert dark == [2, 1]  # from the upper left, row by row


def brightness(mesh):
    return mesh.cmap(mesh.norm(mesh.get_array().ravel()))[:, :3].sum(axis=1)


def test_ink_stands_out_from_its_cell(table):
    table = swept({"lr": list(range(12)), "size": [32]}, lambda row: row["lr"] / 11)
    axes = plots.heat_map(table, "lr", "size", "accuracy", "from light to dark").axes[0]
    inks = [text.get_color() for text in axes.texts]
    assert inks == ["black"] * inks.count("black") + ["white"] * inks.count("white")
    assert (inks[0], inks[-1]) == ("black", "white")
    mesh = axes.collections[0]
    for mean, ink in zip(mesh.get_array().ravel(), inks):
        assert contrast(mesh.to_rgba(mean), ink) > 4.5  # WCAG AA


def contrast(colour, ink):
    """WCAG's contrast, from 1 to 21."""
    channels = np.asarray(colour[:3])
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    bright = linear @ [0.2126, 0.7152, 0.0722] + 0.05
    return bright / 0.05 if ink == "black" else 1.05 / bright


def test_a_pair_without_a_run_is_hatched_and_told(table):
    figure = plots.heat_map(failed(table, [0, 1, 2, 5]), "lr", "optimizer", "accuracy", "a gap")
    assert hatched(figure) == [(1, 0)]
    assert cells(figure)[1, 0] == "no result"
    assert ", 2 to 3 runs a cell: " in figure.alt
    assert figure.alt.endswith("There is no result for lr 0.1 and optimizer sgd.")


def test_of_many_gaps_three_are_told_and_the_others_counted():
    table = swept({"lr": [1, 2, 3], "size": [32, 64]}, lambda row: 0.5)
    alt = plots.heat_map(failed(table, [1, 2, 3, 4, 5]), "lr", "size", "accuracy", "gaps").alt
    assert "no result for lr 2 and size 32; lr 3 and size 32; lr 1 and size 64; and 2 more." in alt


def test_a_value_of_which_every_run_failed_keeps_its_place(table):
    figure = plots.heat_map(failed(table, [0, 1, 2, 3, 4, 5]), "lr", "optimizer", "accuracy", "0.1 breaks")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0.001", "0.1"]
    assert hatched(figure) == [(1, 0), (1, 1)]


def test_all_that_tie_are_framed_and_none_is_called_the_worst():
    table = swept({"lr": [1, 2], "size": [32, 64]}, lambda row: 0.1 + 0.2 if row["lr"] == 1 else 0.3)
    figure = plots.heat_map(table, "lr", "size", "accuracy", "a tie")
    assert len(framed(figure)) == 4
    assert "worst" not in figure.alt and "; and 1 more." in figure.alt


def test_none_stands_after_the_numbers_under_its_name():
    table = swept({"dropout": [0.5, None, 0.1], "size": [32]}, lambda row: row["dropout"] or 0.9)
    figure = plots.heat_map(table, "dropout", "size", "accuracy", "none is best")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0.1", "0.5", "none"]
    assert cells(figure) == {(0, 0): "0.100", (1, 0): "0.500", (2, 0): "0.900"}
    assert "1 run a cell: best 0.900 with dropout none and size 32" in figure.alt


def test_long_words_are_cut_and_lie_aslant_and_short_ones_do_not():
    table = swept({"net": [LONG, "b"], "size": [32]}, lambda row: 0.5)
    labels = plots.heat_map(table, "net", "size", "accuracy", "long").axes[0].get_xticklabels()
    assert len(labels[0].get_text()) == 18 and labels[0].get_rotation() == 45
    assert plots.heat_map(table, "size", "net", "accuracy", "long").axes[0].get_xticklabels()[0].get_rotation() == 0


def test_a_cell_is_as_wide_as_its_number_however_few_there_are(table):
    one = table[table["lr"] == table["lr"].min()]
    figure = plots.heat_map(
        one, "lr", "optimizer", "accuracy", "adam's lead: 20 points at 0.001, +20 at the best rate of each"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png_with_alt(figure)
    axes = figure.axes[0]
    assert axes.get_window_extent().width > axes.texts[0].get_window_extent().width


def test_more_values_than_a_page_holds_are_refused():
    table = swept({"lr": list(range(17)), "size": [32]}, lambda row: 0.5)
    assert "at most 16 values of 'lr' in a heat map, but got 17" in message(
        plots.heat_map, table, "lr", "size", "accuracy", "wide"
    )
    assert len(plots.heat_map(table, "size", "lr", "accuracy", "high").axes[0].texts) == 17


def test_a_heat_map_of_a_parameter_with_itself_or_of_a_sweep_with_a_third_is_refused(table):
    assert "got 'lr' for both" in message(plots.heat_map, table, "lr", "lr", "accuracy", "x")
    third = table.assign(size=table.index % 2)[["size", *table.columns]]
    assert "these do: 'size'" in message(plots.heat_map, third, "lr", "optimizer", "accuracy", "x")
    assert "got 'best'" in message(plots.heat_map, table, "lr", "optimizer", "accuracy", "x", best="best")


# --- accuracy against cost ---------------------------------------------------------------------------


@pytest.fixture
def costly():
    """The first is on the front by its cost, the last by its score; the third costs more than the last, and is worse."""
    costs = {(0.1, "sgd"): 1.0, (0.1, "adam"): 4.0, (0.001, "sgd"): 8.0, (0.001, "adam"): 4.0}
    cost = {"seconds": lambda row: costs[row["lr"], row["optimizer"]] + row["seed"] / 10}
    return swept({"lr": [0.1, 0.001], "optimizer": ["sgd", "adam"], "seed": [0, 1, 2]}, score, **cost)


def dots(figure):
    """{name in the legend: (cost, score, is filled)}."""
    return {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor() != "white")
            for line in figure.axes[0].lines if not line.get_label().startswith("_")}  # fmt: skip


def test_each_way_stands_at_its_mean_cost_and_mean_score(costly):
    figure = plots.cost_front(
        costly, ["lr", "optimizer"], "accuracy", "seconds", "4 seconds will do", "seconds, 2 cores"
    )
    found = dots(figure)
    assert [(*(round(number, 9) for number in place), filled) for *place, filled in found.values()] == [
        (1.1, 0.51, True), (4.1, 0.61, False), (8.1, 0.71, False), (4.1, 0.91, True)
    ]  # fmt: skip
    assert list(found) == ["lr 0.1, sgd, on the front", "lr 0.1, adam", "lr 0.001, sgd", "lr 0.001, adam, on the front"]
    (axes,) = figure.axes
    assert axes.get_xlabel() == "seconds, 2 cores, logarithmic"
    assert axes.get_ylabel() == "accuracy, mean over seeds"
    assert "lr 0.1, sgd 0.51 (0.49 to 0.53) for 1.1;" in figure.alt
    assert figure.alt.endswith("On the efficient front: lr 0.1, sgd; lr 0.001, adam.")


def test_the_axis_of_scores_is_as_wide_as_they_are(costly):
    low, high = plots.cost_front(costly, ["lr", "optimizer"], "accuracy", "seconds", "x").axes[0].get_ylim()
    assert 0.4 < low < 0.49 and 0.93 < high < 1


def test_where_the_lowest_is_best_the_front_is_the_lower_one(costly):
    figure = plots.cost_front(costly, ["lr", "optimizer"], "accuracy", "seconds", "x", best="lowest")
    assert figure.alt.endswith("On the efficient front: lr 0.1, sgd.")


def test_ways_that_tie_in_both_are_both_on_the_front():
    table = swept({"lr": [1, 2, 3]}, lambda row: 0.5, seconds=lambda row: 3.0 if row["lr"] < 3 else 3.5)
    figure = plots.cost_front(table, "lr", "accuracy", "seconds", "a tie")
    assert [filled for *_, filled in dots(figure).values()] == [True, True, False]
    assert figure.axes[0].get_ylabel() == "accuracy"  # one run each: no mean
    assert "lr 1 0.50 for 3;" in figure.alt


def test_a_parameter_may_be_the_cost():
    table = swept({"batch_size": [8, 16], "seed": [0, 1]}, lambda row: row["batch_size"] / 100)
    figure = plots.cost_front(table, "batch_size", "accuracy", "batch_size", "larger is better")
    assert figure.axes[0].get_xlabel() == "batch size, logarithmic"
    assert [place for place, *_ in dots(figure).values()] == [8, 16]


def test_a_run_without_a_cost_is_left_out_of_both_means(costly):
    costly.loc[[9, 10], "seconds"] = np.nan  # of (0.001, "adam"), seeds 0 and 1
    cost, mean, _ = dots(plots.cost_front(costly, ["lr", "optimizer"], "accuracy", "seconds", "x"))[
        "lr 0.001, adam, on the front"
    ]
    assert (cost, mean) == pytest.approx((4.2, 0.92))


def test_a_cost_of_nothing_is_refused(costly):
    costly.loc[[0, 1, 2], "seconds"] = 0
    said = message(plots.cost_front, costly, ["lr", "optimizer"], "accuracy", "seconds", "x")
    assert "above 0 in 'seconds'" in said and "the lowest is 0." in said
    assert "Did you mean 'seconds'?" in message(
        plots.cost_front, costly, ["lr", "optimizer"], "accuracy", "second", "x"
    )


# --- what seeds make of it ---------------------------------------------------------------------------


def rows(figure):
    """A row's (ends of the interval, dots, mean, is filled), from the top."""
    lines = figure.axes[0].lines
    return [(list(line.get_xdata()), list(each.get_xdata()), mean.get_xdata()[0], mean.get_markerfacecolor() != "white")
            for line, each, mean in zip(lines[0::3], lines[1::3], lines[2::3])]  # fmt: skip


def test_each_way_has_its_dots_its_mean_and_its_interval_the_best_on_top(table):
    over = over_seeds(table, ["optimizer", "lr"], "accuracy")
    figure = plots.seed_noise(over, "accuracy on valid", "adam is ahead of luck")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "adam, lr 0.001", "sgd, lr 0.001", "adam, lr 0.1", "sgd, lr 0.1"
    ]  # fmt: skip
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert all(line.get_visible() for line in axes.yaxis.get_gridlines())  # from a name to its dots
    best = over.iloc[3]
    assert rows(figure)[0] == ([best["low"], best["high"]], best["values"], best["mean"], True)
    assert [line.get_color() for line in axes.lines] == [BLUE] * 12
    assert axes.get_xlabel() == "accuracy on valid: a dot a seed, mean and interval"
    assert axes.get_title(loc="left") == "adam is ahead of luck"
    assert figure.alt.startswith(
        "adam is ahead of luck. Accuracy on valid, mean and interval over seeds, the best first: "
        "adam, lr 0.001 0.910 (0.885 to 0.935); sgd, lr 0.001 0.710 (0.685 to 0.735); "
    )


def test_where_the_lowest_is_best_it_is_on_top(table):
    figure = plots.seed_noise(over_seeds(table, ["optimizer", "lr"], "accuracy"), "loss", "x", best="lowest")
    assert figure.axes[0].get_yticklabels()[0].get_text() == "sgd, lr 0.1"


def test_a_way_of_one_run_is_hollow_and_says_so(table):
    over = over_seeds(table[:4], ["lr", "optimizer"], "accuracy")
    figure = plots.seed_noise(over, "accuracy", "one is not enough")
    assert [filled for *_, filled in rows(figure)] == [False, True]
    assert "(hollow: one run)" in figure.axes[0].get_xlabel()
    assert "lr 0.1, adam 0.600 (one run); lr 0.1, sgd 0.510 (0.485 to 0.535)." in figure.alt


def test_ways_that_tie_stay_in_their_order():
    over = over_seeds(swept({"lr": [3, 1, 2]}, lambda row: 0.5), "lr", "accuracy")
    for best in ("highest", "lowest"):
        labels = plots.seed_noise(over, "accuracy", "a tie", best).axes[0].get_yticklabels()
        assert [label.get_text() for label in labels] == ["lr 3", "lr 1", "lr 2"]


def test_of_more_than_thirty_ways_the_best_are_shown_and_it_says_so():
    over = over_seeds(swept({"size": list(range(31))}, lambda row: row["size"] / 100), "size", "accuracy")
    figure = plots.seed_noise(over, "accuracy", "many")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == 30 and labels[0] == "size 30" and labels[-1] == "size 1"
    assert figure.axes[0].get_xlabel().endswith(", the best 30 of 31 ways")
    assert ", the best 30 of 31 ways, the best first: size 30 0.300" in figure.alt
    assert "the best 30" not in plots.seed_noise(over[:30], "accuracy", "thirty").alt


def test_rows_of_two_lines_have_room_for_them():
    short, long = ({"net": ["a", "b"], "size": list(range(8))}, {"net": [LONG, "b"], "size": list(range(8))})
    heights = [plots.seed_noise(over_seeds(swept(grid, lambda row: 0.5), ["net", "size"], "accuracy"), "accuracy", "x")
               .get_size_inches()[1] for grid in (short, long)]  # fmt: skip
    assert heights == pytest.approx([1 + 16 * 0.3, 1 + 16 * 0.42])


def test_what_over_seeds_did_not_make_is_refused(table):
    assert "over = over_seeds(table, by, value)" in message(plots.seed_noise, table, "accuracy", "x")
    over = over_seeds(table, ["lr", "optimizer"], "accuracy")
    assert "and 0 rows" in message(plots.seed_noise, over[:0], "accuracy", "x")


def test_a_sweep_of_which_nothing_is_done_has_no_figure(table):
    left = pd.DataFrame(table.assign(status="left"))
    for figure, arguments in [(plots.heat_map, ("lr", "optimizer", "accuracy")),
                              (plots.cost_front, (["lr", "optimizer"], "accuracy", "seconds"))]:  # fmt: skip
        assert "12 of them left" in message(figure, left, *arguments, "x")
