"""Wilson's interval is scipy's; the bootstrap's is as wide as theory says, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.evaluation.made import message
from utils.evaluation.intervals import Interval, bootstrap, bootstrap_counts, wilson
from utils.evaluation.metrics import accuracy, precision, recall


@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))),
       st.sampled_from([0.5, 0.9, 0.95, 0.99]))  # fmt: skip
@settings(max_examples=60)
def test_wilson_is_scipys(drawn, confidence):
    successes, trials = drawn
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    found = wilson(successes, trials, confidence)
    np.testing.assert_allclose((found.low, found.high), (expected.low, expected.high), atol=1e-12)
    assert 0 <= found.low <= successes / trials <= found.high <= 1


def test_ten_of_ten_may_still_be_72_percent():
    found = wilson(10, 10)
    assert (found.low, found.high) == (pytest.approx(0.7225, abs=5e-5), 1)
    assert str(found) == "0.722 to 1.000 (95%)"


def test_four_times_the_pictures_halve_the_interval():
    assert wilson(90, 100).width / wilson(360, 400).width == pytest.approx(2, abs=0.1)


def test_without_pictures_a_share_may_be_anything():
    found = wilson(0, 0)
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2), (np.nan, 2)])
def test_more_successes_than_trials_are_refused(successes, trials):
    assert f"from 0 to {trials} successes" in message(wilson, successes, trials)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_is_between_0_and_1(confidence):
    assert "between 0 and 1" in message(wilson, 1, 2, confidence)
    assert "between 0 and 1" in message(bootstrap, np.mean, [1, 2], confidence=confidence)


def test_the_bootstrap_of_a_mean_is_as_wide_as_its_standard_error():
    values = np.random.default_rng(0).normal(size=400)
    found = bootstrap(np.mean, values, rounds=4000)
    error = values.std() / 20
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_drawing_counts_is_drawing_pictures():
    counts = np.array([[30, 10], [5, 55]])
    is_right = np.repeat([True, False], [85, 15])
    rows, cells = bootstrap(np.mean, is_right, rounds=4000), bootstrap_counts(accuracy, counts, rounds=4000)
    np.testing.assert_allclose((rows.low, rows.high), (cells.low, cells.high), atol=0.011)
    assert 0.77 < cells.low < 0.79
    np.testing.assert_allclose((cells.low, cells.high), (0.85 - 1.96 * 0.0357, 0.85 + 1.96 * 0.0357), atol=0.015)


def test_the_cells_keep_their_places():
    counts = np.array([[0, 10], [40, 50]])
    found = bootstrap_counts(lambda drawn: recall(drawn)[1], counts)
    assert found.low < 50 / 90 < found.high
    assert bootstrap_counts(lambda drawn: recall(drawn)[0], counts).high == 0


def test_rows_stay_together():
    first = np.random.default_rng(1).random(50)
    found = bootstrap(lambda a, b: np.abs(a - b).max(), first, first - 0.25)
    assert (found.low, found.high) == (pytest.approx(0.25), pytest.approx(0.25))


def test_rounds_in_which_nothing_is_defined_are_counted_and_left_out():
    counts = np.array([[1, 0], [0, 3]])  # the first class is missed in about (3 / 4)^4 of the rounds
    found = bootstrap_counts(lambda drawn: recall(drawn)[0], counts)
    assert (found.low, found.high) == (1, 1)
    assert 250 < found.undefined < 390
    assert str(found).endswith(f"(95%, undefined in {found.undefined} rounds)")
    never = bootstrap_counts(lambda drawn: precision(drawn)[1], np.array([[3, 0], [1, 0]]), rounds=20)
    assert np.isnan(never.low)
    assert never.undefined == 20


def test_a_seed_gives_the_same_interval_and_another_seed_another():
    values = np.arange(30.0)
    assert bootstrap(np.mean, values, seed=1) == bootstrap(np.mean, values, seed=1)
    assert bootstrap(np.mean, values, seed=1) != bootstrap(np.mean, values, seed=2)
    counts = np.array([[300, 417], [500, 613]])
    assert bootstrap_counts(accuracy, counts) == bootstrap_counts(accuracy, counts)
    assert bootstrap_counts(accuracy, counts) != bootstrap_counts(accuracy, counts, seed=1)


def test_more_confidence_is_a_wider_interval():
    values = np.arange(30.0)
    assert bootstrap(np.mean, values, confidence=0.99).width > bootstrap(np.mean, values, confidence=0.8).width


@pytest.mark.parametrize("arrays", [[[]], [[1, 2], [1]], []])
def test_arrays_of_other_lengths_and_empty_ones_are_refused(arrays):
    assert "a row for each" in message(bootstrap, lambda *_: 0.0, *arrays)


def test_a_matrix_without_pictures_and_rounds_that_are_none_are_refused():
    assert "all its counts are 0" in message(bootstrap_counts, accuracy, np.zeros((2, 2), int))
    assert "rounds as a whole number" in message(bootstrap_counts, accuracy, np.eye(2), rounds=0)
    assert "rounds as a whole number" in message(bootstrap, np.mean, [1, 2], rounds=1.5)


def test_an_interval_knows_its_width():
    assert Interval(0.25, 0.75).width == 0.5
