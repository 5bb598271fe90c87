"""What goes into a metric is checked, and what comes of it is what the table says."""

import numpy as np
import pandas as pd
import pytest

from tests.evaluation.made import logos, message, table_of
from utils.evaluation.inputs import against_rest, check_scores, confusion, labelled, right_and_sure

CLASSES = ["cat", "dog", "owl"]
PROBABILITIES = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.3, 0.4, 0.3]])


@pytest.fixture
def predictions():
    return table_of(["cat", "dog", "dog"], PROBABILITIES, CLASSES)


def test_targets_are_numbers_in_the_order_of_the_columns(predictions):
    targets, probabilities, classes = labelled(predictions)
    assert targets.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(probabilities, PROBABILITIES)
    assert classes == CLASSES


def test_the_positive_class_is_named_and_all_others_are_the_rest(predictions):
    is_positive, scores = against_rest(predictions, "dog")
    assert is_positive.tolist() == [False, True, True]
    assert scores.tolist() == [0.3, 0.2, 0.4]


def test_a_picture_is_right_where_its_likeliest_class_is_the_true_one(predictions):
    is_right, confidences = right_and_sure(predictions)
    assert is_right.tolist() == [True, False, True]
    assert confidences.tolist() == [0.5, 0.6, 0.4]


def test_the_confusion_matrix_has_the_truth_in_its_rows(predictions):
    counts, classes = confusion(predictions)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert classes == CLASSES


def with_values(predictions, **columns):
    return predictions.assign(**columns)


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda table: table[:0], ["a row for each picture", "is empty"]),
    (lambda table: with_values(table, p_cat=[4.1, 0.2, -3.0]),
     ["probability to be from 0 to 1", "2 rows go from -3 to 4.1", "'0.png', '2.png'", "softmax"]),
    (lambda table: with_values(table, p_cat=[0.9, 0.2, 0.3]), ["sum to 1", "1 rows sum to 1.40", "'0.png'", "sigmoid",
      "p = ['p_cat', 'p_dog', 'p_owl']; table[p] = table[p].div(table[p].sum(axis=1), axis=0)"]),
    (lambda table: table.drop(columns="p_owl"), ["sum to 1", "A column may be missing ('cat', 'dog' are there)"]),
    (lambda table: with_values(table, p_cat=[np.nan, 0.2, 0.3]), ["a probability in every row", "1 have nan: '0.png'"]),
    (lambda table: with_values(table, p_cat=["much", 0.2, 0.3]), ["Expected numbers", "much"]),
    (lambda table: with_values(table, path=["a/0.png", "a/0.png", "b/0.png"]),
     ["one row a picture", "'a/0.png'", "drop_duplicates"]),
    (lambda table: with_values(table, label=["cat", np.nan, "dog"]), ["a label in every row", "1 have none", "notna()"]),
    (lambda table: with_values(table, label=["cat", "yak", "dog"]), ["every class in 'label'", "'yak'", "Add p_yak"]),
    (lambda table: with_values(table, label=["Cat", "dog", "dog"]),
     ["none for 'Cat'", "'Cat' from 'cat' differs only in capitals", ".replace({'Cat': 'cat'})"]),
    (lambda table: with_values(table, predicted=["cat", "yak", "dog"]), ["every class in 'predicted'", "'yak'"]),
    (lambda table: with_values(table, predicted=["cat", np.nan, "dog"]), ["a predicted in every row"]),
    (lambda table: table.drop(columns="label"), ["Expected the columns", "'label'"]),
    (lambda table: table[["path", "label", "predicted"]], ["p_<class>"]),
    (lambda table: table.drop(columns="path"), ["Expected the columns", "'path'"]),
])  # fmt: skip
def test_what_is_wrong_with_a_table_is_said(spoil, words, predictions):
    said = message(labelled, spoil(predictions))
    assert [word for word in words if word not in said] == [], said


def test_a_sum_that_rounding_moved_is_none_of_these(predictions):
    assert labelled(with_values(predictions, p_cat=[0.508, 0.2, 0.3]))[0].tolist() == [0, 1, 1]


def test_a_positive_class_that_is_none_is_refused(predictions):
    assert message(against_rest, predictions, "logo") == (
        "Expected the positive class to be one of 'cat', 'dog', 'owl', but got 'logo'.")  # fmt: skip
    assert message(against_rest, predictions, "OWL        ").endswith("Did you mean 'owl'?")


@pytest.mark.parametrize(("is_positive", "scores", "words"), [
    ([0, 1], [0.1, 0.2], "Name the positive class"),
    ([True], [0.1, 0.2], "shapes (1,) and (2,)"),
    ([[True]], [[0.1]], "shapes (1, 1)"),
    ([], [], "a score for each picture"),
    ([True, False], [0.1, np.nan], "1 have nan: '1'"),
    ([True, False], [3.0, 0.5], "logits"),
    ([True, False], [0.1, np.inf], "from 0 to 1"),
])  # fmt: skip
def test_what_are_no_scores_of_a_named_class_is_refused(is_positive, scores, words):
    assert words in message(check_scores, is_positive, scores)


def test_a_series_is_taken_whatever_its_index():
    table = logos([(True, 0.2), (False, 0.7)])[::-1]
    is_positive, scores = check_scores(table["label"] == "logo", table["p_logo"])
    assert is_positive.tolist() == [False, True]
    assert scores.tolist() == [0.7, 0.2]


def test_a_class_of_numbers_is_read_as_its_name():
    table = table_of(["0", "1"], [[0.9, 0.1], [0.2, 0.8]], ["0", "1"])
    assert labelled(table)[0].tolist() == [0, 1]
    assert "none for '2'" in message(labelled, table.assign(label=pd.Series(["0", "2"], dtype=object)))


def test_numbers_are_not_taken_for_names():
    """The label 0 is not the class "0": compared, they would silently never be equal."""
    table = table_of(["0", "1"], [[0.9, 0.1], [0.2, 0.8]], ["0", "1"])
    for column in ("label", "predicted"):
        said = message(labelled, table.assign(**{column: [0, 1]}))
        assert f"Expected names of classes in '{column}'" in said
        assert ".astype(str)" in said


def test_a_categorical_label_is_taken():
    table = table_of(["0", "1"], [[0.9, 0.1], [0.2, 0.8]], ["0", "1"])
    assert labelled(table.astype({"label": "category"}))[0].tolist() == [0, 1]
