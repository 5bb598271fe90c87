"""Calibration is measured as the paper says, and the temperature is the one that scipy's search finds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from tests.evaluation.made import message, table_of
from utils.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
    with_temperature,
)
from utils.evaluation.inputs import right_and_sure

CLASSES = ["cat", "dog", "owl"]


def drawn(pictures, sharpness, seed=0):
    """Predictions whose labels follow softmax(logits), and which claim softmax(sharpness * logits)."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(pictures, len(CLASSES)))
    sums = softmax(logits, axis=1).cumsum(axis=1)
    labels = np.array(CLASSES, dtype=object)[(sums < rng.random((pictures, 1))).sum(axis=1).clip(max=2)]
    return table_of(labels, softmax(sharpness * logits, axis=1), CLASSES)


# Not at an edge of a bin, where scikit-learn counts to the bin below.
INSIDE = st.integers(0, 9).flatmap(lambda number: st.floats(number / 10 + 0.001, number / 10 + 0.099))


@given(st.lists(st.tuples(st.booleans(), INSIDE), min_size=1, max_size=40))
@settings(max_examples=40)
def test_bins_are_scikit_learns(rows):
    came_true, confidences = (np.array(column) for column in zip(*rows))
    table = reliability(came_true, confidences)
    share, confidence = calibration_curve(came_true, confidences, n_bins=10, strategy="uniform")
    filled = table[table["pictures"] > 0]
    np.testing.assert_allclose(filled["share"], share)
    np.testing.assert_allclose(filled["confidence"], confidence)
    assert table["pictures"].sum() == len(rows)
    assert table.loc[table["pictures"] == 0, ["share", "confidence"]].isna().all(axis=None)


@pytest.mark.parametrize(("confidence", "number"), [(0.0, 0), (0.25, 1), (0.2499, 0), (0.5, 2), (0.75, 3), (1.0, 3)])
def test_a_bin_takes_its_lower_edge_and_the_last_one_1(confidence, number):
    table = reliability([True], [confidence], bins=4)
    assert table["pictures"].tolist() == [int(place == number) for place in range(4)]
    assert (table["low"].tolist(), table["high"].tolist()) == ([0, 0.25, 0.5, 0.75], [0.25, 0.5, 0.75, 1])


def test_ece_by_hand():
    came_true = [True, False, True, True, False]
    table = reliability(came_true, [0.6, 0.6, 0.9, 0.9, 0.9], bins=10)
    # 2 pictures said 0.6, half came true; 3 said 0.9, two thirds did
    assert expected_calibration_error(table) == pytest.approx((2 * 0.1 + 3 * (0.9 - 2 / 3)) / 5)


def test_a_calibrated_model_has_a_small_ece_and_a_sharpened_one_a_large():
    honest, sure = (expected_calibration_error(reliability(*right_and_sure(drawn(20_000, by)))) for by in (1, 3))
    assert honest < 0.02
    assert sure > 0.1


@pytest.mark.parametrize("sharpness", [0.5, 1, 3])
def test_the_temperature_undoes_a_sharpening(sharpness):
    predictions = drawn(20_000, sharpness)
    temperature = fit_temperature(predictions)
    assert temperature == pytest.approx(sharpness, rel=0.05)
    mended = with_temperature(predictions, temperature)
    assert expected_calibration_error(reliability(*right_and_sure(mended))) < 0.02


def loss(predictions):
    return log_loss(predictions["label"], predictions[["p_cat", "p_dog", "p_owl"]], labels=CLASSES)


@given(st.integers(0, 1000), st.floats(0.3, 4))
@settings(max_examples=15)
def test_the_temperature_is_where_scipy_finds_the_smallest_loss(seed, sharpness):
    predictions = drawn(60, sharpness, seed)
    found = minimize_scalar(
        lambda by: loss(with_temperature(predictions, np.exp(by))), bounds=(-3, 3), method="bounded"
    )
    assume(abs(found.x) < 2.9)
    assert fit_temperature(predictions) == pytest.approx(np.exp(found.x), rel=1e-2)


def test_a_temperature_changes_how_sure_but_not_which_class():
    predictions = drawn(200, 2)
    predictions.attrs["root"] = "somewhere"
    colder, hotter = with_temperature(predictions, 0.5), with_temperature(predictions, 5)
    columns = ["p_cat", "p_dog", "p_owl"]
    for other in (colder, hotter):
        np.testing.assert_array_equal(other[columns].to_numpy().argmax(1), predictions[columns].to_numpy().argmax(1))
        np.testing.assert_allclose(other[columns].sum(axis=1), 1, atol=1e-6)
        assert list(other) == list(predictions)
        assert other.attrs == predictions.attrs
    assert (colder[columns].max(axis=1) > predictions[columns].max(axis=1)).mean() > 0.9
    assert (hotter[columns].max(axis=1) < predictions[columns].max(axis=1)).all()


def test_temperatures_multiply_and_1_changes_nothing():
    predictions = drawn(50, 1)
    columns = ["p_cat", "p_dog", "p_owl"]
    np.testing.assert_allclose(with_temperature(predictions, 1)[columns], predictions[columns], atol=1e-6)
    twice = with_temperature(with_temperature(predictions, 2), 0.25)
    np.testing.assert_allclose(twice[columns], with_temperature(predictions, 0.5)[columns], atol=1e-5)


def test_a_probability_of_0_is_taken_as_a_very_small_one():
    predictions = table_of(["cat", "dog", "owl"], [[1, 0, 0], [1, 0, 0], [0.2, 0.2, 0.6]], CLASSES)
    assert fit_temperature(predictions) > 1


def test_where_every_answer_is_right_no_temperature_is_best():
    said = message(fit_temperature, table_of(["cat", "dog"], [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], CLASSES))
    assert "the surer the better" in said
    assert "hard ones too" in said


def test_where_every_answer_is_wrong_no_temperature_is_best():
    said = message(fit_temperature, table_of(["dog", "cat"], [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], CLASSES))
    assert "are the labels those of these pictures?" in said


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_a_temperature_is_above_0(temperature):
    assert "above 0" in message(with_temperature, drawn(5, 1), temperature)


@pytest.mark.parametrize("bins", [0, 2.5, None])
def test_bins_are_a_whole_number(bins):
    assert "bins as a whole number" in message(reliability, [True], [0.5], bins)
