"""Curves and areas are scikit-learn's, and each row is what counting at its threshold gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as reference

from tests.evaluation.made import BOTH_KINDS, message
from utils.evaluation.curves import average_precision, roc_auc, threshold_table

FEW = settings(max_examples=40)


def arrays(rows):
    is_positive, scores = zip(*rows)
    return np.array(is_positive), np.array(scores)


@given(BOTH_KINDS)
@FEW
def test_precision_and_recall_at_each_threshold_are_scikit_learns(rows):
    is_positive, scores = arrays(rows)
    table = threshold_table(is_positive, scores)[:0:-1]  # without the infinite one; theirs rise
    precision, recall, thresholds = reference.precision_recall_curve(is_positive, scores)
    np.testing.assert_array_equal(table["threshold"], thresholds)
    np.testing.assert_allclose(table["precision"], precision[:-1])
    np.testing.assert_allclose(table["recall"], recall[:-1])


@given(BOTH_KINDS)
@FEW
def test_the_roc_curve_is_scikit_learns(rows):
    is_positive, scores = arrays(rows)
    table = threshold_table(is_positive, scores)
    rates, recall, thresholds = reference.roc_curve(is_positive, scores, drop_intermediate=False)
    np.testing.assert_array_equal(table["threshold"], thresholds)
    np.testing.assert_allclose(table["false_positive_rate"], rates)
    np.testing.assert_allclose(table["recall"], recall)


@given(BOTH_KINDS)
@FEW
def test_the_areas_are_scikit_learns(rows):
    is_positive, scores = arrays(rows)
    table = threshold_table(is_positive, scores)
    assert average_precision(table) == pytest.approx(reference.average_precision_score(is_positive, scores))
    assert roc_auc(table) == pytest.approx(reference.roc_auc_score(is_positive, scores))


@given(BOTH_KINDS)
@FEW
def test_each_row_is_what_counting_scores_at_or_above_its_threshold_gives(rows):
    is_positive, scores = arrays(rows)
    for row in threshold_table(is_positive, scores).itertuples():
        taken = scores >= row.threshold
        assert (row.tp, row.fp) == ((taken & is_positive).sum(), (taken & ~is_positive).sum())
        assert (row.fn, row.tn) == ((~taken & is_positive).sum(), (~taken & ~is_positive).sum())


@given(BOTH_KINDS)
@FEW
def test_the_roc_area_is_the_chance_that_a_positive_scores_higher(rows):
    is_positive, scores = arrays(rows)
    apart = scores[is_positive][:, None] - scores[~is_positive][None]
    assert roc_auc(threshold_table(is_positive, scores)) == pytest.approx((np.sign(apart) / 2 + 0.5).mean())


def test_at_an_infinite_threshold_nothing_is_positive_and_precision_is_nan():
    first = threshold_table([True, False], [0.9, 0.1]).iloc[0]
    assert (first["threshold"], first["tp"], first["fp"], first["recall"]) == (np.inf, 0, 0, 0)
    assert np.isnan(first["precision"])


def test_equal_scores_are_one_threshold():
    table = threshold_table([True, False, True], [0.5, 0.5, 0.5])
    assert table["threshold"].tolist() == [np.inf, 0.5]
    assert (table["tp"].tolist(), table["fp"].tolist()) == ([0, 2], [0, 1])


def test_the_order_of_the_pictures_does_not_matter():
    is_positive, scores = np.array([True, False, True, False]), np.array([0.9, 0.9, 0.2, 0.4])
    one, other = threshold_table(is_positive, scores), threshold_table(is_positive[::-1], scores[::-1])
    assert one.equals(other)


def test_a_million_pictures_are_counted():
    rng = np.random.default_rng(0)
    scores = rng.random(1_000_000)
    table = threshold_table(rng.random(1_000_000) < scores, scores)
    assert len(table) == 1_000_001
    assert roc_auc(table) == pytest.approx(5 / 6, abs=0.002)  # of P(positive | score) = score, by hand


@pytest.mark.parametrize(("is_positive", "words"), [
    ([True, True], "all 2 are positive"),
    ([False, False], "all 2 are of the rest"),
])  # fmt: skip
def test_one_class_alone_has_no_curve(is_positive, words):
    said = message(threshold_table, is_positive, [0.1, 0.9])
    assert words in said
    assert "Add pictures of the other kind" in said
