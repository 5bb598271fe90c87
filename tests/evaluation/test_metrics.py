"""Metrics are scikit-learn's where it says something, and nan where there is nothing to say."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from utils.errors import CourseError
from utils.evaluation.metrics import (
    accuracy,
    averages,
    cells,
    class_scores,
    confusion_counts,
    f1,
    fbeta,
    macro,
    micro,
    precision,
    recall,
    undefined,
    weighted,
    weighted_f1,
)

PAIRS = st.integers(2, 6).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), min_size=1, max_size=40),
    )
)


def split(pairs):
    targets, predicted = zip(*pairs)
    return list(targets), list(predicted)


@given(PAIRS)
def test_counts_are_scikit_learns_with_the_truth_in_the_rows(drawn):
    count, pairs = drawn
    targets, predicted = split(pairs)
    expected = reference.confusion_matrix(targets, predicted, labels=range(count))
    np.testing.assert_array_equal(confusion_counts(targets, predicted, count), expected)


@given(PAIRS)
def test_each_classes_scores_are_scikit_learns_or_nan(drawn):
    count, pairs = drawn
    targets, predicted = split(pairs)
    counts = confusion_counts(targets, predicted, count)
    options = {"labels": range(count), "average": None, "zero_division": np.nan}
    for own, theirs in (
        (precision, reference.precision_score),
        (recall, reference.recall_score),
        (f1, reference.f1_score),
    ):
        np.testing.assert_allclose(own(counts), theirs(targets, predicted, **options), err_msg=own.__name__)


@given(PAIRS)
def test_the_scores_of_all_are_scikit_learns(drawn):
    count, pairs = drawn
    targets, predicted = split(pairs)
    counts = confusion_counts(targets, predicted, count)
    assert accuracy(counts) == pytest.approx(reference.accuracy_score(targets, predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = reference.f1_score(targets, predicted, average="weighted")
    assert weighted_f1(counts) == pytest.approx(expected)


@given(PAIRS)
def test_swapping_truth_and_prediction_swaps_precision_and_recall(drawn):
    count, pairs = drawn
    targets, predicted = split(pairs)
    one, other = confusion_counts(targets, predicted, count), confusion_counts(predicted, targets, count)
    np.testing.assert_array_equal(precision(one), recall(other))
    np.testing.assert_array_equal(f1(one), f1(other))
    assert accuracy(one) == accuracy(other)


def test_the_order_of_the_arguments_matters_to_the_weighted_f1():
    """The published mistake: `f1_score(predicted, true)`."""
    targets, predicted = [0] * 8 + [1] * 2, [0] * 10
    assert weighted_f1(confusion_counts(targets, predicted, 2)) == pytest.approx(0.711, abs=5e-4)
    assert weighted_f1(confusion_counts(predicted, targets, 2)) == pytest.approx(0.889, abs=5e-4)


def test_what_is_undefined_is_nan():
    counts = confusion_counts([0, 0, 1], [0, 1, 1], 3)
    np.testing.assert_array_equal(precision(counts), [1, 0.5, np.nan])
    np.testing.assert_array_equal(recall(counts), [0.5, 1, np.nan])
    np.testing.assert_allclose(f1(counts), [2 / 3, 2 / 3, np.nan])
    empty = confusion_counts([], [], 3)
    assert empty.shape == (3, 3)
    assert np.isnan([accuracy(empty), weighted_f1(empty), *precision(empty), *recall(empty), *f1(empty)]).all()


def test_a_class_that_is_never_predicted_has_no_precision_and_a_recall_and_f1_of_0():
    counts = confusion_counts([0, 1], [0, 0], 2)
    np.testing.assert_array_equal(precision(counts), [0.5, np.nan])
    np.testing.assert_array_equal(recall(counts), [1, 0])
    np.testing.assert_array_equal(f1(counts), [2 / 3, 0])
    assert weighted_f1(counts) == pytest.approx(1 / 3)


def test_perfect_predictions_score_1_with_any_number_of_classes():
    counts = confusion_counts(range(10), range(10), 10)
    assert accuracy(counts) == weighted_f1(counts) == 1
    assert (f1(counts) == 1).all()


def test_seventeen_pictures_are_one_mean_not_a_mean_of_two_batches():
    predicted = [1] * 16 + [0]
    assert accuracy(confusion_counts([1] * 17, predicted, 2)) == pytest.approx(16 / 17)


def test_tensors_are_taken_and_plain_numbers_given_back():
    counts = confusion_counts(torch.tensor([0, 1]), torch.tensor([0, 1]), 2)
    assert type(accuracy(counts)) is float
    assert type(weighted_f1(counts)) is float


@pytest.mark.parametrize(("targets", "predicted", "words"), [
    ([0, 1], [0], "as many predictions as targets"),
    ([[0, 1]], [[0, 1]], "(1, 2)"),
    ([0, 3], [0, 1], "from 0 to 2, but they go from 0 to 3"),
    ([0, 1], [0, -1], "from -1 to 1"),
])  # fmt: skip
def test_what_are_no_class_numbers_is_refused(targets, predicted, words):
    with pytest.raises(CourseError) as caught:
        confusion_counts(targets, predicted, 3)
    assert words in str(caught.value)


# --- averages, F-beta, and why a score is nan -------------------------------------------------------


@given(PAIRS)
@settings(max_examples=30)
def test_the_four_cells_are_scikit_learns(drawn):
    count, pairs = drawn
    targets, predicted = split(pairs)
    theirs = reference.multilabel_confusion_matrix(targets, predicted, labels=range(count))
    tp, fp, fn, tn = cells(confusion_counts(targets, predicted, count))
    np.testing.assert_array_equal(np.stack([tn, fp, fn, tp], axis=1).reshape(count, 2, 2), theirs)


@given(PAIRS, st.sampled_from([0.5, 1, 2, 3.7]))
@settings(max_examples=30)
def test_fbeta_and_averages_are_scikit_learns_where_every_class_has_a_score(drawn, beta):
    count, pairs = drawn
    pairs += [(number, number) for number in range(count)]
    targets, predicted = split(pairs)
    counts = confusion_counts(targets, predicted, count)
    each = reference.precision_recall_fscore_support(targets, predicted, beta=beta, labels=range(count))
    np.testing.assert_allclose(fbeta(counts, beta), each[2])
    table = averages(counts, beta)
    assert list(table) == ["precision", "recall", f"f{beta:g}"]
    for kind in ("macro", "weighted", "micro"):
        theirs = reference.precision_recall_fscore_support(targets, predicted, beta=beta, average=kind)
        np.testing.assert_allclose(table.loc[kind], theirs[:3], err_msg=kind)


@given(PAIRS)
@settings(max_examples=30)
def test_fbeta_is_scikit_learns_or_nan_and_1_is_f1(drawn):
    count, pairs = drawn
    targets, predicted = split(pairs)
    counts = confusion_counts(targets, predicted, count)
    theirs = reference.fbeta_score(targets, predicted, beta=2, labels=range(count), average=None, zero_division=np.nan)
    np.testing.assert_allclose(fbeta(counts, 2), theirs)
    np.testing.assert_array_equal(fbeta(counts, 1), f1(counts))


def test_recall_counts_more_for_a_beta_above_1():
    much_recall = np.array([[9, 1], [9, 81]])
    assert fbeta(much_recall, 2)[0] > f1(much_recall)[0] > fbeta(much_recall, 0.5)[0]


@given(PAIRS)
@settings(max_examples=30)
def test_micro_is_the_accuracy(drawn):
    count, pairs = drawn
    counts = confusion_counts(*split(pairs), count)
    assert micro(counts) == accuracy(counts)


def test_one_class_alone_does_not_score_a_macro_recall_of_1():
    """The published mistake: a validation set with one class present scores 1.0 everywhere."""
    counts = confusion_counts([0] * 5, [0] * 5, 2)
    assert np.isnan(macro(recall(counts)))
    assert np.isnan(averages(counts).loc["macro"]).all()
    assert weighted(recall(counts), counts) == 1


def test_a_class_with_pictures_that_is_never_predicted_leaves_no_weighted_precision():
    counts = confusion_counts([0, 1], [0, 0], 2)
    assert np.isnan(weighted(precision(counts), counts))
    assert weighted(f1(counts), counts) == weighted_f1(counts) == pytest.approx(1 / 3)


def test_without_pictures_there_is_no_average():
    assert averages(confusion_counts([], [], 3)).isna().all(axis=None)
    assert np.isnan(macro(np.array([])))


def test_class_scores_say_why_one_is_nan():
    table = class_scores(confusion_counts([0, 0, 1], [0, 2, 0], 4), ["cat", "dog", "owl", "yak"], beta=2)
    assert list(table) == ["pictures", "predicted", "precision", "recall", "f2", "undefined"]
    assert table["pictures"].tolist() == [2, 1, 0, 0]
    assert table["predicted"].tolist() == [2, 0, 1, 0]
    assert table["undefined"].to_dict() == {
        "cat": "",
        "dog": "never predicted: no precision",
        "owl": "no picture of it: no recall",
        "yak": "no picture of it and none predicted: no precision, recall or F",
    }
    has_nan = table[["precision", "recall", "f2"]].isna().any(axis=1)
    assert has_nan.tolist() == (table["undefined"] != "").tolist()


@given(PAIRS)
@settings(max_examples=30)
def test_a_class_has_a_reason_exactly_where_a_score_of_it_is_nan(drawn):
    count, pairs = drawn
    counts = confusion_counts(*split(pairs), count)
    is_nan = np.isnan(precision(counts)) | np.isnan(recall(counts)) | np.isnan(f1(counts))
    assert set(undefined(counts, range(count))) == set(np.flatnonzero(is_nan).tolist())


@pytest.mark.parametrize("beta", [0, -1, np.nan, np.inf])
def test_a_beta_that_is_not_above_0_is_refused(beta):
    with pytest.raises(CourseError, match="beta as a number above 0"):
        fbeta(np.eye(2), beta)


def test_names_that_do_not_fit_the_matrix_are_refused():
    with pytest.raises(CourseError, match=r"shape is \(2, 2\) and the names are 'cat'"):
        class_scores(np.eye(2), ["cat"])
