"""The slider shows the four cells of the threshold at which it stands, by the same >= as everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.made import BOTH_KINDS, logos
from utils.evaluation.curves import threshold_table
from utils.evaluation.thresholds import outcome
from utils.plots.threshold_slider import ThresholdSlider

TABLE = threshold_table([True, False, True, False], [0.9, 0.5, 0.5, 0.01])


@given(BOTH_KINDS, st.sampled_from([1e-6, 0.1, 0.25, 0.5, 1.0]))
@settings(max_examples=30, deadline=None)
def test_its_row_is_what_the_threshold_does(rows, threshold):
    predictions = logos(rows)
    found = outcome(predictions, "logo", threshold)
    slider = ThresholdSlider(threshold_table(predictions["label"] == "logo", predictions["p_logo"]), "logo")
    slider.slider.value = threshold
    assert tuple(slider.row[["tp", "fp", "fn", "tn"]]) == (found.tp, found.fp, found.fn, found.tn)


def test_moving_it_changes_the_cells():
    slider = ThresholdSlider(TABLE, "logo", 0.5)
    assert "TP 2" in slider.table.value and "FP 1" in slider.table.value
    assert slider.table.value.endswith("precision 0.667, recall 1.000")
    slider.slider.value = 0.6
    assert slider.table.value.endswith("precision 1.000, recall 0.500")


def test_above_every_score_precision_is_undefined():
    slider = ThresholdSlider(TABLE, "logo", 1.0)
    assert slider.row["threshold"] == np.inf
    assert "precision undefined: none is taken, recall 0.000" in slider.table.value


def test_without_a_kernel_a_sentence_stands_in_its_place():
    assert repr(ThresholdSlider(TABLE, "logo")).startswith("<Slider for the threshold")
    assert "is logo" in ThresholdSlider(TABLE, "logo").table.value


@pytest.mark.parametrize("threshold", [0.5, 0.013])
def test_it_starts_where_it_is_told(threshold):
    assert ThresholdSlider(TABLE, "logo", threshold).slider.value == pytest.approx(threshold, rel=0.05)
