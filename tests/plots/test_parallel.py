"""Parallel coordinates: a line passes each axis at its value, on that axis' own scale, and the best are told apart."""

import numpy as np
import pytest

from tests.evaluation.made import message
from tests.evaluation.swept import failed, swept
from utils import plots
from utils.plots.figures import COLOURS, GREY

GRID = {"lr": [0.1, 0.001, 0.01], "optimizer": ["sgd", "adam"], "dropout": [None, 0.1, 0.2]}


def score(row):
    return (
        {0.1: 0.5, 0.01: 0.8, 0.001: 0.7}[row["lr"]] + 0.05 * (row["optimizer"] == "adam") + 0.1 * (row["dropout"] or 0)
    )


@pytest.fixture
def table():
    return swept(GRID, score)


def lines(figure, strong):
    """Places on the axes (0 to 1) of the strong lines, which have a name in the legend, or of the others."""
    of_runs = [
        line for line in figure.axes[0].lines if len(line.get_xdata()) > 2 or line.get_xdata()[0] != line.get_xdata()[1]
    ]
    return [line for line in of_runs if line.get_label().startswith("_") != strong]


def ticks(figure, across):
    """{what is written at an axis: its place}."""
    return {text.get_text(): text.xy[1] for text in figure.axes[0].texts if text.xy[0] == across}


def test_each_run_is_a_line_through_its_values_to_its_score(table):
    figure = plots.parallel_coordinates(table, ["lr", "optimizer"], "accuracy", "the rate decides", strongest=0)
    thin = lines(figure, strong=False)
    assert len(thin) == 18
    passed = {tuple(np.round(line.get_ydata(), 3)) for line in thin}
    assert {places[:2] for places in passed} == {(lr, way) for lr in (0, 0.5, 1) for way in (0, 1)}
    assert max(passed, key=lambda places: places[2]) == (0.5, 1, 1)  # lr 0.01 with adam
    assert {places[2] for places in passed} == {round((each - 0.5) / 0.37, 3) for each in table["accuracy"]}
    assert [list(line.get_xdata()) for line in thin] == [[0, 1, 2]] * 18
    assert figure.axes[0].get_title(loc="left") == "the rate decides"


def test_numbers_that_span_more_than_a_factor_of_50_stand_on_a_logarithmic_axis():
    table = swept({"wide": [1, 10, 1000], "even": [1, 25.5, 50], "ends": [-1, 0, 97, 100]}, lambda row: 0.5)
    figure = plots.parallel_coordinates(table, ["wide", "even", "ends"], "accuracy", "scales")
    assert ticks(figure, 0) == pytest.approx({"1": 0, "10": 1 / 3, "1000": 1})
    assert ticks(figure, 1) == {"1": 0, "25.5": 0.5, "50": 1}
    assert ticks(figure, 2) == {"-1": 0, "100": 1}  # 0 and 97 lie too near to them to be written
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["wide\nlogarithmic", "even", "ends", "accuracy"]
    assert "over wide (logarithmic), even, ends to accuracy" in figure.alt


def test_a_zero_among_numbers_wide_apart_puts_them_at_even_places():
    table = swept({"decay": [0, 0.1, 0.0001], "near": [0, 1, 4]}, lambda row: 0.5)
    figure = plots.parallel_coordinates(table, ["decay", "near"], "accuracy", "zero")
    assert ticks(figure, 0) == {"0": 0, "0.0001": 0.5, "0.1": 1}
    assert ticks(figure, 1) == {"0": 0, "1": 0.25, "4": 1}


def test_words_stand_at_even_places_as_they_come_and_none_is_one_of_them(table):
    figure = plots.parallel_coordinates(table, ["optimizer", "dropout"], "accuracy", "words")
    assert ticks(figure, 0) == {"sgd": 0, "adam": 1}
    assert ticks(figure, 1) == {"0.1": 0, "0.2": 0.5, "none": 1}


def test_the_order_of_words_is_that_of_the_table_not_that_of_the_scores():
    table = swept({"net": ["a", "b", "c"]}, lambda row: {"a": 0.5, "b": 0.9, "c": 0.7}[row["net"]])
    figure = plots.parallel_coordinates(table, "net", "accuracy", "x")
    assert ticks(figure, 0) == {"a": 0, "b": 0.5, "c": 1}
    assert ticks(figure, 1) == pytest.approx({"0.500": 0, "0.700": 0.5, "0.900": 1})


def test_the_best_are_strong_and_named_by_rank_the_others_thin_and_grey(table):
    figure = plots.parallel_coordinates(table, ["lr", "optimizer", "dropout"], "accuracy", "three are ahead")
    strong, thin = lines(figure, strong=True), lines(figure, strong=False)
    assert [line.get_label() for line in strong] == ["best: 0.870", "second: 0.860", "third: 0.850"]
    assert [line.get_color() for line in strong] == list(COLOURS[:3])
    assert len({line.get_linestyle() for line in strong}) == 3
    assert len(thin) == 15 and {line.get_color() for line in thin} == {GREY}
    assert max(line.get_linewidth() for line in thin) < min(line.get_linewidth() for line in strong)
    assert "The best: 0.870 with lr 0.01, adam, dropout 0.2; 0.860 with lr 0.01, adam, dropout 0.1;" in figure.alt
    assert (
        "18 lines, one a run, over lr (logarithmic), optimizer, dropout to accuracy, from 0.500 to 0.870." in figure.alt
    )


def test_strong_lines_of_the_same_values_do_not_hide_one_another_and_keep_their_scores(table):
    figure = plots.parallel_coordinates(table, ["lr", "optimizer"], "accuracy", "beside")
    places = np.array([line.get_ydata() for line in lines(figure, strong=True)])
    assert len(set(places[:, 0])) == 3 and np.ptp(places[:, 0]) < 0.03
    assert places[:, 2] == pytest.approx([(each - 0.5) / 0.37 for each in (0.87, 0.86, 0.85)])


def test_where_the_lowest_is_best_it_is_strong(table):
    figure = plots.parallel_coordinates(table, ["lr"], "accuracy", "x", best="lowest", strongest=1)
    assert [line.get_label() for line in lines(figure, strong=True)] == ["best: 0.500"]


def test_a_single_run_and_a_single_value_lie_in_the_middle(table):
    figure = plots.parallel_coordinates(table[:1], ["lr", "optimizer"], "accuracy", "alone")
    (line,) = lines(figure, strong=True)
    assert list(line.get_ydata()) == [0.5, 0.5, 0.5]
    assert "1 line, one a run" in figure.alt


def test_runs_that_failed_have_no_line_and_are_counted(table):
    figure = plots.parallel_coordinates(failed(table, [0, 4]), ["lr"], "accuracy", "two failed")
    assert len(lines(figure, strong=True) + lines(figure, strong=False)) == 16
    assert "2 of 18 rows have no number." in figure.alt
    assert "rows have no number" not in plots.parallel_coordinates(table, ["lr"], "accuracy", "none failed").alt


def test_many_numbers_have_round_ones_beside_their_axis():
    table = swept({"lr": [10 ** (-4 + number / 10) for number in range(31)]}, lambda row: row["lr"] ** 0.5)
    figure = plots.parallel_coordinates(table, "lr", "accuracy", "random search")
    assert set(ticks(figure, 0)) >= {"0.001", "0.01", "0.02"} and len(ticks(figure, 0)) <= 10
    places = sorted(ticks(figure, 0).values())
    assert min(np.diff(places)) >= 0.05


def test_more_lines_are_thinner_so_that_a_thousand_are_no_field():
    few, many = (plots.parallel_coordinates(swept({"a": range(count)}, lambda row: row["a"]), "a", "accuracy", "x")
                 for count in (20, 640))  # fmt: skip
    assert lines(few, strong=False)[0].get_alpha() == pytest.approx(0.75)
    assert lines(many, strong=False)[0].get_alpha() == pytest.approx(0.75 / 4)


def test_more_words_make_a_higher_figure_and_too_many_are_refused():
    tables = [swept({"net": [f"net {number}" for number in range(count)]}, lambda row: 0.5) for count in (5, 40, 41)]
    low, high = (plots.parallel_coordinates(table, "net", "accuracy", "x").get_size_inches()[1] for table in tables[:2])
    assert high > low + 3
    assert "at most 40 different words on an axis, but 'net' has 41" in message(
        plots.parallel_coordinates, tables[2], "net", "accuracy", "x"
    )


@pytest.mark.parametrize(("parameters", "options", "words"), [
    ([], {}, "one or more parameters"), (["accuracy"], {}, "beside 'accuracy'"), (["lr"], {"strongest": 7}, "from 0 to 6"),
    (["learning_rate", "lr"], {}, "no 'learning_rate'"), (["optimiser"], {}, "Did you mean 'optimizer'?"),
    (["lr"], {"best": "first"}, "got 'first'"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(table, parameters, options, words):
    assert words in message(plots.parallel_coordinates, table, parameters, "accuracy", "x", **options)
