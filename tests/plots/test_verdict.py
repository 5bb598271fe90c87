"""Figures for choosing a network draw each cost to scale, and the front through those that are on it alone."""

import pandas as pd
import pytest

from utils import plots

COSTS = {"macs": "million multiply-adds", "ms": "milliseconds"}


def test_each_step_has_a_bar_in_every_panel_from_the_first_to_the_last():
    table = pd.DataFrame({"macs": [2885.0, 55.7], "ms": [140.0, 8.3]}, index=["as it was", "separable"])
    figure = plots.cheaper(table, COSTS, "52 times cheaper")
    work, time = figure.axes
    assert [[bar.get_width() for bar in axes.patches] for axes in (work, time)] == [[2885, 55.7], [140, 8.3]]
    assert [axes.get_xscale() for axes in (work, time)] == ["log", "log"]
    assert [text.get_text() for text in work.texts] == ["2,885", "56"]
    assert [text.get_text() for text in time.texts] == ["140", "8.3"]
    assert [label.get_text() for label in work.get_yticklabels()] == ["as it was", "separable"]
    top, bottom = (work.patches[place].get_y() for place in (0, 1))
    assert work.get_ylim()[0] > work.get_ylim()[1] and top < bottom  # the first step is above
    low, high = time.get_xlim()
    assert low < 8.3
    assert high > 140
    assert "as it was 2,885, 140; separable 56, 8.3." in figure.alt


@pytest.fixture
def networks():
    return pd.DataFrame(
        {"accuracy": [0.9, 0.4, 0.5], "low": [0.8, 0.3, 0.4], "high": [0.95, 0.5, 0.6], "ms": [11.0, 12.0, 0.8],
         "on_front": [True, False, True]}, index=["trained", "slow", "small"],
    )  # fmt: skip


def test_the_front_joins_those_that_are_on_it_by_cost_and_the_others_are_hollow(networks):
    figure = plots.front(networks, "two are left")
    axes = figure.axes[0]
    joined, *others = axes.lines
    assert (list(joined.get_xdata()), list(joined.get_ydata())) == ([0.8, 11.0], [0.5, 0.9])
    bars, dots = others[0::2], others[1::2]
    assert [(list(bar.get_xdata()), list(bar.get_ydata())) for bar in bars] == [
        ([11, 11], [0.8, 0.95]), ([12, 12], [0.3, 0.5]), ([0.8, 0.8], [0.4, 0.6])
    ]  # fmt: skip
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(11, 0.9), (12, 0.4), (0.8, 0.5)]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True, False]
    assert len({dot.get_marker() for dot in dots}) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "trained, on the front", "slow", "small, on the front"
    ]  # fmt: skip
    assert axes.get_xscale() == "log"
    assert axes.xaxis.get_major_formatter()(20) == "20"


def test_the_front_is_told_with_its_numbers(networks):
    assert plots.front(networks, "two are left", label="milliseconds here").alt == (
        "two are left. Accuracy on test against milliseconds here: trained 0.90 (0.80 to 0.95) for 11; "
        "slow 0.40 (0.30 to 0.50) for 12; small 0.50 (0.40 to 0.60) for 0.8. On the efficient front: small; trained."
    )


def test_the_bar_is_a_line_of_its_own_and_told(networks):
    figure = plots.front(networks, "two are left", bar=0.2)
    line = next(line for line in figure.axes[0].lines if line.get_label() == "the bar")
    assert list(line.get_ydata()) == [0.2, 0.2]
    assert figure.alt.endswith("The bar is 0.20.")


def test_a_network_without_an_interval_has_its_mark_alone(networks):
    networks.loc["slow", ["low", "high"]] = float("nan")
    assert "slow 0.40 for 12;" in plots.front(networks, "two are left").alt


def test_another_score_than_accuracy_has_its_own_name(networks):
    figure = plots.front(networks, "two are left", score="F1 of owls")
    assert figure.axes[0].get_ylabel() == "F1 of owls"
    assert figure.alt.startswith("two are left. F1 of owls against milliseconds a picture: ")


def many(count):
    """Networks of which the cheapest and the best are on the front, the others alike behind it."""
    table = pd.DataFrame({"accuracy": 0.5, "low": 0.4, "high": 0.6, "ms": 5.0, "on_front": False},
                         index=[f"net {number}" for number in range(count)])  # fmt: skip
    table.loc["net 3", ["accuracy", "on_front"]] = [0.9, True]
    table.loc["net 7", ["ms", "on_front"]] = [1.0, True]
    return table


def test_twelve_networks_have_a_mark_and_a_colour_that_no_other_has():
    figure = plots.front(many(12), "twelve")
    marks = {(line.get_marker(), line.get_color()) for line in figure.axes[0].lines if line.get_marker() != "None"}
    assert len(marks) == 12
    assert len(figure.axes[0].get_legend().get_texts()) == 12


def test_of_more_networks_than_marks_the_front_alone_is_named_and_the_others_are_counted():
    figure = plots.front(many(13), "thirteen")
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "net 7, on the front", "net 3, on the front", "11 behind it"
    ]  # fmt: skip
    behind = next(line for line in figure.axes[0].lines if line.get_label() == "11 behind it")
    assert len(behind.get_xdata()) == 11 and behind.get_markerfacecolor() == "white"
    assert "net 3 0.90 (0.40 to 0.60) for 5; 11 others lie behind the front. On the" in figure.alt
