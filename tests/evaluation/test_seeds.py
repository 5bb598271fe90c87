"""Means over seeds are scipy's, of nothing but seeds, and of runs that are done."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from tests.evaluation.made import message
from tests.evaluation.swept import failed, swept
from utils.evaluation import comparing
from utils.evaluation.seeds import done_runs, over_seeds, student

GRID = {"lr": [0.1, 0.001], "optimizer": ["sgd", "adam"], "seed": [0, 1, 2]}


@pytest.fixture
def table():
    return swept(GRID, lambda row: round(0.5 + row["lr"] + 0.1 * row["seed"] * (row["optimizer"] == "sgd"), 3))


# --- the interval ------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(lambda values: len(set(values)) > 1),
    st.sampled_from([0.8, 0.95, 0.99]),
)
@settings(max_examples=60)
def test_the_interval_of_a_mean_is_scipys(values, confidence):
    mean, interval = student(np.array(values) / 1000, confidence)
    expected = ttest_1samp(np.array(values) / 1000, 0).confidence_interval(confidence)
    assert mean == pytest.approx(np.mean(values) / 1000)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-9)
    assert interval.confidence == confidence


def test_one_number_has_a_mean_and_no_interval():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy warns of the spread of one number
        mean, interval = student([0.7])
    assert mean == 0.7
    assert np.isnan([interval.low, interval.high]).all()


# --- the table ---------------------------------------------------------------------------------------


def test_each_way_has_a_row_in_the_order_they_come(table):
    over = over_seeds(table, ["lr", "optimizer"], "accuracy")
    assert list(over) == ["lr", "optimizer", "runs", "mean", "low", "high", "values"]
    assert over[["lr", "optimizer"]].to_numpy().tolist() == [
        [0.1, "sgd"], [0.1, "adam"], [0.001, "sgd"], [0.001, "adam"]
    ]  # fmt: skip
    assert list(over["runs"]) == [3, 3, 3, 3]
    assert over["values"][0] == [0.6, 0.7, 0.8]
    assert over["mean"].tolist() == pytest.approx([0.7, 0.6, 0.601, 0.501])
    _, interval = student([0.6, 0.7, 0.8])
    assert (over["low"][0], over["high"][0]) == pytest.approx((interval.low, interval.high))
    assert (over["low"][1], over["high"][1]) == pytest.approx((0.6, 0.6))


def test_the_order_of_rows_is_that_of_the_ways_whatever_lies_between(table):
    shuffled = table.iloc[[7, 0, 11, 3, 8, 1, 2, 6, 10, 9, 5, 4]]
    over = over_seeds(shuffled, ["optimizer", "lr"], "accuracy")
    assert over[["optimizer", "lr"]].to_numpy().tolist() == [
        ["sgd", 0.001], ["sgd", 0.1], ["adam", 0.001], ["adam", 0.1]
    ]  # fmt: skip
    assert over["values"][0] == [0.601, 0.701, 0.501]


def test_a_higher_confidence_has_a_wider_interval(table):
    low, high = (over_seeds(table, ["lr", "optimizer"], "accuracy", confidence=each) for each in (0.8, 0.99))
    assert low["high"][0] < high["high"][0]
    assert "got 95" in message(over_seeds, table, ["lr", "optimizer"], "accuracy", confidence=95)


def test_none_is_a_value_of_its_own():
    table = swept({"dropout": [None, 0.1], "weights": ["course", None], "seed": [0, 1]}, lambda row: 0.5)
    over = over_seeds(table, ["dropout", "weights"], "accuracy")
    assert list(over["runs"]) == [2, 2, 2, 2]
    assert over[["dropout", "weights"]].isna().to_numpy().tolist() == [
        [True, False], [True, True], [False, False], [False, True]
    ]  # fmt: skip


def test_runs_that_failed_or_lack_the_number_are_left_out(table):
    table = failed(table, [0, 3, 4, 5])
    table.loc[6, "accuracy"] = np.nan
    over = over_seeds(table, ["lr", "optimizer"], "accuracy")
    assert over[["lr", "optimizer"]].to_numpy().tolist() == [[0.1, "sgd"], [0.001, "sgd"], [0.001, "adam"]]
    assert list(over["values"])[:2] == [[0.7, 0.8], [0.601, 0.701]]


def test_a_number_of_a_run_that_is_not_done_does_not_count(table):
    table.loc[0, "status"] = "left"
    assert over_seeds(table, ["lr", "optimizer"], "accuracy")["values"][0] == [0.7, 0.8]


def test_one_run_has_no_interval(table):
    over = over_seeds(table[table["seed"] == 1], ["lr", "optimizer"], "accuracy")
    assert list(over["runs"]) == [1] * 4
    assert over[["low", "high"]].isna().all(axis=None)


def test_a_sweep_without_seeds_has_one_run_each():
    over = over_seeds(swept({"lr": [0.1, 0.2]}, lambda row: row["lr"]), "lr", "accuracy")
    assert list(over["values"]) == [[0.1], [0.2]]


def test_two_sweeps_put_together_are_one(table):
    more = swept(GRID | {"seed": [3]}, lambda row: 0.5)
    over = over_seeds(pd.concat([table, more]), ["lr", "optimizer"], "accuracy")
    assert list(over["runs"]) == [4, 4, 4, 4]
    assert over["values"][0] == [0.6, 0.7, 0.8, 0.5]


def test_all_runs_may_be_one_way(table):
    over = over_seeds(table[(table["lr"] == 0.1) & (table["optimizer"] == "sgd")], [], "accuracy")
    assert list(over) == ["runs", "mean", "low", "high", "values"]
    assert over["values"].tolist() == [[0.6, 0.7, 0.8]]


def test_another_column_may_be_the_seed(table):
    over = over_seeds(table.rename(columns={"seed": "fold"}), ["lr", "optimizer"], "accuracy", seed="fold")
    assert list(over["runs"]) == [3, 3, 3, 3]


def test_the_table_is_left_as_it_is(table):
    before = table.copy()
    over_seeds(table, ["lr", "optimizer"], "accuracy")
    pd.testing.assert_frame_equal(table, before)


def test_it_is_found_beside_the_other_comparisons():
    assert comparing.over_seeds is over_seeds


# --- what it refuses ---------------------------------------------------------------------------------


def test_a_parameter_that_varies_beside_the_seed_is_named(table):
    said = message(over_seeds, table, "lr", "accuracy")
    assert "these do: 'optimizer'." in said
    assert "table = table[table['optimizer'] == 'sgd']" in said


def test_a_parameter_that_varies_with_the_way_alone_is_no_fault(table):
    tied = table.assign(warm_up=table["lr"] * 2)[["warm_up", *table.columns]]
    assert list(over_seeds(tied, ["lr", "optimizer"], "accuracy")["runs"]) == [3, 3, 3, 3]


def test_a_parameter_that_is_none_in_some_runs_varies():
    table = swept({"dropout": [None, 0.2], "seed": [0]}, lambda row: 0.5)
    said = message(over_seeds, table, [], "accuracy")
    assert "these do: 'dropout'." in said and "table[table['dropout'] == 0.2]" in said


def test_a_seed_that_comes_again_is_refused(table):
    said = message(over_seeds, pd.concat([table, table[4:6]]), ["lr", "optimizer"], "accuracy")
    assert "2 of 14 runs come again, first lr 0.1, optimizer adam, seed 1." in said
    assert "table.drop_duplicates(['lr', 'optimizer', 'seed'])" in said


def test_many_runs_of_a_way_without_a_column_of_seeds_are_refused(table):
    said = message(over_seeds, table.drop(columns="seed"), ["lr", "optimizer"], "accuracy")
    assert "8 of 12 runs come again, first lr 0.1, optimizer sgd." in said


def test_an_unknown_column_meets_the_nearest(table):
    assert "no 'optimiser'. Did you mean 'optimizer'?" in message(over_seeds, table, ["lr", "optimiser"], "accuracy")
    assert "no 'acuracy'. Did you mean 'accuracy'?" in message(over_seeds, table, ["lr", "optimizer"], "acuracy")
    assert "Did you mean" not in message(over_seeds, table, ["lr", "zzz"], "accuracy")


def test_words_are_no_numbers(table):
    said = message(over_seeds, table, ["lr", "optimizer"], "claims")
    assert "numbers in 'claims', but 12 rows hold something else: '3 of 4'" in said


def test_an_infinite_loss_is_named_and_left_to_the_reader(table):
    table.loc[[2, 5], "accuracy"] = np.inf
    said = message(over_seeds, table, ["lr", "optimizer"], "accuracy")
    assert "2 rows are infinite" in said
    mended = table[table["accuracy"].abs() < float("inf")]
    assert list(over_seeds(mended, ["lr", "optimizer"], "accuracy")["runs"]) == [2, 2, 3, 3]


def test_a_sweep_of_which_nothing_is_done_says_what_became_of_it(table):
    table = failed(table, list(range(12)))
    table.loc[11, "status"] = "left"
    said = message(done_runs, table, "accuracy")
    assert "12 rows, 11 of them failed, 1 of them left" in said
    assert "0 rows" in message(done_runs, table[:0], "accuracy")
