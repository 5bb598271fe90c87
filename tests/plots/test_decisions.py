"""Figures about decisions show the pictures and probabilities that the predictions table has."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from utils import plots


@pytest.fixture
def predictions(tmp_path):
    """Three pictures; the second is a sure mistake, the third an unsure one."""
    for number in range(3):
        Image.new("RGB", (12, 10), (80 * number, 0, 0)).save(tmp_path / f"{number}.png")
    table = pd.DataFrame({"path": ["0.png", "1.png", "2.png"], "label": ["cat", "cat", "dog"],
                          "predicted": ["cat", "dog", "cat"], "p_cat": [0.7, 0.1, 0.6], "p_dog": [0.3, 0.9, 0.4]})  # fmt: skip
    return table, tmp_path


def test_answers_show_the_likeliest_classes_first(predictions):
    table, root = predictions
    figure = plots.answers(table.assign(label=np.nan), root, most=2)
    above, below = figure.axes[:2], figure.axes[2:]
    assert [axes.images[0].get_array().shape[:2] for axes in above] == [(10, 12)] * 2
    widths = [[bar.get_width() for bar in axes.patches] for axes in below]
    assert widths == [[0.7, 0.3], [0.9, 0.1]]
    assert figure.alt == "2 pictures with bars of probability: cat with 70%, dog with 90%."


def test_answers_stand_beside_the_truth_where_it_is_known(predictions):
    figure = plots.answers(*predictions, most=2)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["cat", "cat"]
    assert figure.alt == "2 pictures with bars of probability: cat with 70% (it is cat), dog with 90% (it is cat)."


def test_answers_may_be_headed_by_a_finding(predictions):
    figure = plots.answers(*predictions, most=1, finding="Two of three are wrong")
    assert figure.get_suptitle() == "Two of three are wrong"
    assert figure.alt.startswith("Two of three are wrong. 1 picture with bars")


def test_the_surest_mistake_comes_first_and_right_answers_are_left_out(predictions):
    figure = plots.worst_mistakes(*predictions)
    assert [axes.get_title() for axes in figure.axes] == ["dog, 90%", "cat, 60%"]
    assert figure.alt == "2 of 3 are wrong; the surest mistakes: cat taken for dog, dog taken for cat."


def test_without_mistakes_it_says_so(predictions):
    table, root = predictions
    assert plots.worst_mistakes(table[:1], root).alt == "No mistake: there is none."


def test_a_picture_that_is_gone_leaves_a_grey_field(predictions):
    table, root = predictions
    (root / "1.png").unlink()
    assert not plots.worst_mistakes(table, root).axes[0].images


def test_heat_lies_over_the_whole_picture():
    figure = plots.heat(np.zeros((20, 30, 3)), np.eye(4), "it looks there", "A picture twice.")
    _, over = figure.axes[1].images
    assert list(over.get_extent()) == [-0.5, 29.5, 19.5, -0.5]
    assert figure.alt == "A picture twice."
