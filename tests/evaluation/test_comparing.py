"""Two models on the same pictures, two ways over the same seeds: what luck could do is counted, or Student's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_rel

from tests.evaluation.made import message, table_of
from utils.evaluation.comparing import coin_p_value, mcnemar, paired_difference


def predictions(is_right):
    """Pictures of cats, taken for a cat or a dog."""
    is_right = np.asarray(is_right, dtype=bool)
    return table_of(["cat"] * len(is_right), np.where(is_right[:, None], [0.9, 0.1], [0.2, 0.8]), ["cat", "dog"])


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=60)
def test_the_p_value_is_that_of_scipys_exact_test(heads, tails):
    expected = binomtest(heads, heads + tails).pvalue if heads + tails else 1.0
    assert coin_p_value(heads, tails) == pytest.approx(expected)


@pytest.mark.parametrize(("heads", "tails"), [(5100, 4900), (300_000, 298_000), (2_000, 0), (1_000_000, 1_000_000)])
def test_many_throws_do_not_overflow(heads, tails):
    assert coin_p_value(heads, tails) == pytest.approx(binomtest(heads, heads + tails).pvalue, rel=1e-5)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=30)
def test_the_four_cells_are_counted(pairs):
    first, second = zip(*pairs)
    found = mcnemar(predictions(first), predictions(second))
    assert (found.both, found.only_first) == (pairs.count((True, True)), pairs.count((True, False)))
    assert (found.only_second, found.neither) == (pairs.count((False, True)), pairs.count((False, False)))
    assert found.p_value == coin_p_value(found.only_first, found.only_second)


def test_rows_are_matched_by_path_not_by_place():
    first = predictions([True, True, False, False])
    second = predictions([True, False, False, False])[::-1]
    found = mcnemar(first, second)
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 1, 0, 2)


def test_the_same_lead_means_more_where_the_models_seldom_differ():
    seldom, often = coin_p_value(10, 0), coin_p_value(60, 50)
    assert seldom < 0.01
    assert often > 0.3


def test_models_that_never_differ_are_no_evidence():
    found = mcnemar(predictions([True, False]), predictions([True, False]))
    assert found.p_value == 1
    assert str(found) == "right alone: the first on 0, the second on 0: p = 1.000"


def test_a_tiny_p_value_is_not_called_zero():
    ahead = predictions([True] * 20), predictions([False] * 20)
    assert str(mcnemar(*ahead)).endswith("p < 0.001")


def test_other_pictures_or_other_labels_are_refused():
    one = predictions([True, True, False])
    assert "2 are in one table only: '2.png', 'new.png'" in message(
        mcnemar, one, one.assign(path=["0.png", "1.png", "new.png"])
    )
    assert "1 pictures differ: '1.png'" in message(mcnemar, one, one.assign(label=["cat", "dog", "cat"]))


def test_a_table_that_is_none_is_refused():
    one = predictions([True])
    assert "is empty" in message(mcnemar, one[:0], one)
    assert "is empty" in message(mcnemar, one, one[:0])


# --- over seeds --------------------------------------------------------------------------------------

RUNS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=12)


@given(
    RUNS.filter(lambda pairs: len({second - first for first, second in pairs}) > 1), st.sampled_from([0.8, 0.95, 0.99])
)
@settings(max_examples=60)
def test_the_interval_of_a_paired_difference_is_that_of_scipys_t_test(pairs, confidence):
    first, second = (np.array(scores) / 1000 for scores in zip(*pairs))
    mean, interval = paired_difference(first, second, confidence)
    expected = ttest_rel(second, first).confidence_interval(confidence)
    assert mean == pytest.approx((second - first).mean(), abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-9)
    assert interval.confidence == confidence


def test_a_difference_is_how_much_better_the_second_is():
    worse, better = [0.80, 0.70, 0.60], [0.85, 0.74, 0.66]
    mean, interval = paired_difference(worse, better)
    assert mean == pytest.approx(0.05) and interval.low > 0
    back, its_interval = paired_difference(better, worse)
    assert (back, its_interval.low, its_interval.high) == pytest.approx((-mean, -interval.high, -interval.low))


def test_what_the_seed_does_to_both_cancels_out():
    seeds = np.array([0.5, 0.7, 0.9])
    _, paired = paired_difference(seeds, seeds + [0.01, 0.02, 0.01])
    _, mixed_up = paired_difference(seeds, np.roll(seeds, 1) + [0.01, 0.02, 0.01])
    assert paired.high - paired.low < 0.1 * (mixed_up.high - mixed_up.low)


def test_equal_scores_differ_by_nothing():
    mean, interval = paired_difference([0.8, 0.9, 0.7], [0.8, 0.9, 0.7])
    assert (mean, interval.low, interval.high) == (0, 0, 0)


@pytest.mark.parametrize(("first", "second", "words"), [
    ([0.8, 0.9], [0.8, 0.9, 0.7], "got 2 and 3"), ([0.8], [0.9], "got 1 and 1"), ([], [], "got 0 and 0"),
    ([[0.8, 0.9]], [[0.8, 0.9]], "two seeds or more"), (0.8, 0.9, "two seeds or more"),
    ([0.8, float("nan")], [0.8, 0.9], "numbers"), ([0.8, 0.9], [0.8, float("inf")], "numbers"),
])  # fmt: skip
def test_scores_that_cannot_be_paired_are_refused(first, second, words):
    assert words in message(paired_difference, first, second)
