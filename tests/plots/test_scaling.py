"""Figures about the size of networks draw the numbers that they are given, and say them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from utils import plots
from utils.plots.figures import BLUE, SKY


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_gains_have_a_panel_a_network_and_the_best_way_in_bold():
    table = pd.DataFrame(
        [("A", "depth", 1.0, 2.0), ("A", "all three", 3.0, 2.0), ("B", "width", 0.5, 2.1)],
        columns=["network", "way", "gain", "macs"],
    )
    first, second = plots.gains(table, "all is best").axes
    assert [axes.get_title() for axes in (first, second)] == ["A", "B"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in first.lines] == [(1.0, 0), (3.0, 3)]
    assert [text.get_weight() for text in first.texts] == ["normal", "bold"]
    assert texts(second) == ["+0.5"]
    assert plots.gains(table, "all is best").alt == (
        "all is best. Points of accuracy gained by scaling: A: depth +1.0, all three +3.0; B: width +0.5."
    )


@pytest.fixture
def networks():
    return pd.DataFrame(
        {"accuracy": [77.0, 80.0, 76.0, 75.9], "params": [5.0, 10.0, 60.0, 100.0], "macs": [0.4, 1.0, np.nan, 9.0],
         "family": ["ours", "ours", "others", "others"]}, index=["B0", "B2", "VGG", "ResNet"],
    )  # fmt: skip


def test_accuracy_has_a_panel_a_cost_logarithmic_with_the_first_family_joined(networks):
    figure = plots.accuracy_against(networks, {"params": "parameters, millions", "macs": "work"}, "more for less")
    left, right = figure.axes
    assert [axes.get_xscale() for axes in (left, right)] == ["log", "log"]
    joined, others = left.lines
    assert (list(joined.get_xdata()), list(joined.get_ydata())) == ([5.0, 10.0], [77.0, 80.0])
    assert (joined.get_linestyle(), others.get_linestyle()) == ("-", "None")
    assert texts(right) == ["B0", "B2", "ResNet"]  # what has no such number is left out there
    assert "B0 77.0 %, B2 80.0 %; 2 other networks" in figure.alt


def test_one_family_alone_has_no_others(networks):
    figure = plots.accuracy_against(networks[:2], {"params": "parameters"}, "more for less")
    assert figure.alt.endswith("B0 77.0 %, B2 80.0 %.")


def test_names_of_neighbours_do_not_lie_on_each_other(networks):
    left = plots.accuracy_against(networks, {"params": "parameters"}, "more for less").axes[0]
    places = {text.get_text(): text.get_verticalalignment() for text in left.texts}
    assert (places["VGG"], places["ResNet"]) == ("bottom", "top")


def test_ticks_are_plain_numbers_within_the_figure(networks):
    axis = plots.accuracy_against(networks[:2], {"params": "parameters"}, "more for less").axes[0].xaxis
    ticks = axis.get_ticklocs()
    assert {5, 10} <= set(ticks.round(6))
    assert [axis.get_major_formatter()(value) for value in (0.5, 20, 1000)] == ["0.5", "20", "1000"]


def test_shares_are_of_each_column_by_itself():
    table = pd.DataFrame({"work": [3, 1], "parameters": [1, 4]}, index=["early", "late"])
    axes = plots.shares(table, "early work").axes[0]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == [[75, 25], [20, 80]]
    assert plots.shares(table, "early work").alt == (
        "early work. Shares: early work 75 %, parameters 20 %; late work 25 %, parameters 80 %."
    )


def test_shares_say_of_what_and_leave_out_numbers_that_would_read_0():
    table = pd.DataFrame({"work": [996, 4]}, index=["early", "late"])
    axes = plots.shares(table, "early work", "all convolutions").axes[0]
    assert [text.get_text() for text in axes.texts] == ["100 %", ""]
    assert axes.get_xlabel() == "share of all convolutions, %"


def test_growth_draws_each_way_on_axes_of_base_2():
    curves = {"depth": {1: 1, 2: 2, 4: 4.1}, "size": {1: 1, 2: 4, 4: 16}}
    figure = plots.cost_growth(curves, "size costs more")
    axes = figure.axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 2, 4.1], [1, 4, 16]]
    assert len({str(line.get_linestyle()) for line in axes.lines}) == 2
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert list(axes.get_yticks()) == [1, 2, 4, 8, 16]
    assert "depth times 4 costs 4.1 times as much, size times 4 costs 16.0 times as much" in figure.alt


def test_phi_stands_beside_the_number_of_the_variant():
    table = pd.DataFrame({"depth": [0, 0.5], "width": [0, 0.1], "size": [0, 0.6]}, index=["b0", "b1"])
    figure = plots.phi_of_variants(table, "not 1")
    number, depth, width, size = figure.axes[0].lines
    assert [line.get_ydata()[1] for line in (number, depth, width, size)] == [1, 0.5, 0.1, 0.6]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["B0", "B1"]
    assert "B1 0.5, 0.1, 0.6" in figure.alt


def test_times_as_much_is_the_second_over_the_first_and_begins_at_1():
    table = pd.DataFrame({"B0": [4, 10], "plain": [1, 120]}, index=["parameters", "work"])
    figure = plots.times_as_much(table, "not light")
    axes = figure.axes[0]
    assert [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches] == [(1, 0.25), (1, 12)]
    assert [bar.get_facecolor() for bar in axes.patches][0] != [bar.get_facecolor() for bar in axes.patches][1]
    assert texts(axes) == ["0.25 times", "12 times"]
    assert "plain in times of B0: parameters 0.25, work 12" in figure.alt
    low, high = axes.get_xlim()
    assert low < 0.25
    assert high > 12


@pytest.fixture
def timed():
    return pd.DataFrame({"ms": [20.0, 90.0], "low": [19.0, 80.0], "high": [22.0, 95.0]}, index=["B0", "B3"])


def test_latencies_have_their_quartiles_and_what_is_too_slow_another_colour(timed):
    figure = plots.latencies(timed, "B0 fits", budget=50)
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [20, 90]
    assert [to_hex(bar.get_facecolor()).upper() for bar in axes.patches] == [BLUE, SKY]
    assert [path.vertices[:, 0].tolist() for path in axes.collections[0].get_paths()] == [[19, 22], [80, 95]]
    assert "budget 50 ms" in texts(axes)
    assert figure.alt == "B0 fits. Milliseconds a picture: B0 20, B3 90. The budget is 50."


def test_without_a_budget_all_fit_and_a_budget_beyond_all_is_in_sight(timed):
    axes = plots.latencies(timed, "both").axes[0]
    assert axes.patches[0].get_facecolor() == axes.patches[1].get_facecolor()
    assert plots.latencies(timed, "both", budget=500).axes[0].get_xlim()[1] > 500
