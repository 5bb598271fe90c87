"""How far two sets of answers are apart, counted by hand; and what counts as too far."""

import numpy as np
import pytest
import torch
from torch import nn

from utils.errors import CourseError
from utils.export.parity import TOLERANCES, Parity, Tolerance, check_parity, parity

IMAGES = [np.zeros((2, 3, 4, 4), np.float32), np.ones((1, 3, 4, 4), np.float32)]


class Answers(nn.Module):
    """A model that gives these probabilities, picture after picture."""

    def __init__(self, **of_head):
        super().__init__()
        self.of_head = of_head
        self.register_buffer("place", torch.zeros((), dtype=torch.long))

    def forward(self, images):
        at = int(self.place)
        self.place += len(images)
        return {head: torch.tensor(rows[at : at + len(images)]).log() for head, rows in self.of_head.items()}


class Given:
    """A file that gives these."""

    def __init__(self, **of_head):
        self.heads, self.of_head, self.at = (
            {head: [*"abc"][: len(rows[0])] for head, rows in of_head.items()},
            of_head,
            0,
        )

    def probabilities(self, images):
        self.at += len(images)
        return {
            head: np.array(rows[self.at - len(images) : self.at], np.float32) for head, rows in self.of_head.items()
        }


def test_the_largest_difference_of_each_picture_and_the_head_with_the_fewest_same_decisions_count():
    model = Answers(a=[[0.7, 0.3], [0.6, 0.4], [0.1, 0.9]], b=[[0.5, 0.2, 0.3], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    given = Given(a=[[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]], b=[[0.3, 0.2, 0.5], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    found = parity(model, given, IMAGES)
    assert found.pictures == 3
    assert found.worst == pytest.approx(0.2) and found.mean == pytest.approx(0.2 / 3)
    assert found.same == pytest.approx(2 / 3)  # b's; a has them all


def test_a_bound_is_still_within_and_nan_never_is():
    tolerance = Tolerance(worst=0.25, mean=0.125, same=0.5)
    assert Parity(4, worst=0.25, mean=0.125, same=0.5).is_within(tolerance)
    for other in ({"worst": 0.26}, {"mean": 0.126}, {"same": 0.49}, {"worst": np.nan}, {"mean": np.nan}):
        assert not Parity(**({"pictures": 4, "worst": 0.25, "mean": 0.125, "same": 0.5} | other)).is_within(tolerance)
    assert not Parity(4, np.nan, np.nan, 1.0).is_within(Tolerance())


def test_each_precision_has_bounds_that_can_fail():
    for precision, tolerance in TOLERANCES.items():
        assert not Parity(4, worst=1.0, mean=0.6, same=0.9).is_within(tolerance), precision
        assert Parity(4, worst=1e-5, mean=1e-6, same=1.0).is_within(tolerance), precision


def test_the_message_says_what_came_and_what_was_wanted():
    with pytest.raises(CourseError) as caught:
        check_parity(Parity(40, 0.31, 0.02, 0.9), TOLERANCES["int8"], "int8")
    told = str(caught.value)
    assert (
        "of 40 pictures 90.0% get the same decision; a probability differs by 0.31 at most, by 0.02 on average" in told
    )
    assert (
        "Expected a mean difference up to 0.05 and the same decision for 95.0% or more. Give other calibration" in told
    )


def test_a_model_with_more_classes_than_names_is_told():
    rows = [[0.2, 0.3, 0.5]] * 3
    given = Given(label=rows)
    given.heads = {"label": ["cat", "dog"]}
    with pytest.raises(CourseError, match="tells 3 classes apart for 'label', but has the names 'cat', 'dog'"):
        parity(Answers(label=rows), given, IMAGES)
