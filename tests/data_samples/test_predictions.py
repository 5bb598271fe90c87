"""The table of predictions has the properties that its card and lesson 06 state."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from utils.data.samples import sample
from utils.evaluation.calibration import expected_calibration_error, fit_temperature, reliability, with_temperature
from utils.evaluation.inputs import confusion, right_and_sure
from utils.evaluation.metrics import accuracy
from utils.evaluation.reading import halves, read_any_predictions

FOLDER = sample("predictions")
COLUMNS = ["p_logo", "p_other_logo", "p_plain"]


@pytest.fixture(scope="module")
def predictions():
    return read_any_predictions(FOLDER / "predictions.csv")


@pytest.fixture(scope="module")
def slips():
    return pd.read_csv(FOLDER / "wrong_labels.csv")


def test_there_are_as_many_pictures_of_each_class_in_each_half_as_the_card_says(predictions):
    counts = pd.crosstab(predictions["label"], predictions["split"])
    assert counts["valid"].to_dict() == counts["test"].to_dict() == {"logo": 100, "other_logo": 400, "plain": 1500}
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for row in ("| 100 | 100 | 200 |", "| 400 | 400 | 800 |", "| 1,500 | 1,500 | 3,000 |"):
        assert row in card


def test_twelve_labels_are_wrong_as_the_card_says(predictions, slips):
    kinds = slips.groupby(["truth", "label"]).size().to_dict()
    assert kinds == {("logo", "plain"): 6, ("logo", "other_logo"): 2, ("plain", "logo"): 4}
    given = predictions.set_index("path").loc[slips["path"], "label"]
    assert given.tolist() == slips["label"].tolist()


def test_with_mended_labels_the_temperature_is_about_2_and_calibrates(predictions, slips):
    truth = slips.set_index("path")["truth"]
    mended = predictions.assign(label=predictions["path"].map(truth).fillna(predictions["label"]))
    assert fit_temperature(mended) == pytest.approx(2, abs=0.15)
    assert fit_temperature(predictions) > fit_temperature(mended) + 0.2
    errors = [
        expected_calibration_error(reliability(*right_and_sure(each))) for each in (mended, with_temperature(mended, 2))
    ]
    assert errors[1] < 0.01 < errors[0]


def test_the_second_model_claims_what_is_true_and_is_right_more_often(predictions, slips):
    second = read_any_predictions(FOLDER / "second_model.csv")
    assert second["path"].tolist() == predictions["path"].tolist()
    assert second["label"].tolist() == predictions["label"].tolist()
    truth = slips.set_index("path")["truth"]
    mended = second.assign(label=second["path"].map(truth).fillna(second["label"]))
    assert fit_temperature(mended) == pytest.approx(1, abs=0.1)
    assert accuracy(confusion(second)[0]) > accuracy(confusion(predictions)[0]) + 0.005


def test_probabilities_are_a_softmax_with_their_digits(predictions):
    values = predictions[COLUMNS].to_numpy()
    np.testing.assert_allclose(softmax(np.log(np.maximum(values, 1e-300)), axis=1), values, atol=1e-5)
    assert (values > 0).all()  # a probability of a millionth is not rounded to 0


def test_the_checkpoints_differ_in_kind_as_the_card_says(predictions):
    checkpoints = pd.read_csv(FOLDER / "checkpoints.csv")
    is_logo = checkpoints["label"] == "logo"
    assert checkpoints["path"].tolist() == predictions["path"].tolist()
    assert (checkpoints["epoch_04"][~is_logo] > 0.5).mean() == pytest.approx(0.015 + 0.006, abs=0.006)
    assert (checkpoints["epoch_12"][is_logo] < 0.1).mean() == pytest.approx(0.1, abs=0.04)
    assert (checkpoints["epoch_12"][~is_logo] > 0.5).mean() < 0.001


def test_another_seed_gives_another_table(tmp_path, monkeypatch):
    import importlib

    monkeypatch.syspath_prepend(FOLDER.parent / "make")
    importlib.import_module("predictions").make(tmp_path, seed=1)
    other = read_any_predictions(tmp_path / "predictions.csv")
    assert [len(half) for half in halves(other)] == [2000, 2000]
    assert (tmp_path / "predictions.csv").read_bytes() != (FOLDER / "predictions.csv").read_bytes()
