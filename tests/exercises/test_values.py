"""Answers that say the same are the same; others are named, shortly."""

import re
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from utils.exercises.values import (
    NotYet,
    as_dict,
    as_list,
    as_number,
    as_numbers,
    as_pixels,
    as_rows,
    as_truth,
    plain,
    shown,
)


@pytest.mark.parametrize(
    "value", [[1, 2], (1, 2), {1, 2}, frozenset({1, 2}), range(1, 3), np.array([1, 2]), torch.tensor([1, 2]), pd.Series([1, 2]),
              pd.Index([1, 2]), iter([1, 2]), (n for n in (1, 2)), {1: "a", 2: "b"}.keys(), [np.int64(1), torch.tensor(2)]],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_any_row_of_values_is_a_list(value):
    got = as_list(value)
    assert got == [1, 2] and all(type(item) is int for item in got)


@pytest.mark.parametrize(
    "value", ["12", 12, None, {1: 2}, np.zeros((2, 2)), np.int64(3), torch.tensor(3), b"12", object]
)
def test_a_single_value_or_a_table_is_no_list(value):
    with pytest.raises(NotYet, match="expected two counts, got"):
        as_list(value, "two counts")


@pytest.mark.parametrize(
    "value", [{"a": 1}, Counter("a"), OrderedDict(a=1), defaultdict(int, a=1), pd.Series({"a": 1}), {np.str_("a"): np.int64(1)}],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_any_mapping_is_a_dictionary(value):
    assert as_dict(value) == {"a": 1}


@pytest.mark.parametrize("value", [[("a", 1)], "a", None, pd.DataFrame({"a": [1]}), dict])
def test_what_is_no_mapping_is_refused(value):
    with pytest.raises(NotYet, match="expected a dictionary, got"):
        as_dict(value)


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int8(3), torch.tensor(3), np.array(3.0)])
def test_any_single_number_is_a_number(value):
    assert as_number(value) == 3


@pytest.mark.parametrize("value", ["3", b"3", True, np.True_, None, [3], np.array([3]), 3j, int, {}])
def test_texts_truths_and_lists_are_no_numbers(value):
    with pytest.raises(NotYet, match="expected a share, got"):
        as_number(value, "a share")


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), (0, False), (1.0, True), (np.False_, False), (torch.tensor(True), True)]
)
def test_a_truth_may_be_a_number(value, truth):
    assert as_truth(value) is truth


@pytest.mark.parametrize("value", ["True", None, 2, 0.5, [], [True], float("nan"), object()])
def test_what_merely_counts_as_true_is_no_truth(value):
    with pytest.raises(NotYet, match="expected True or False, got"):
        as_truth(value)


@pytest.mark.parametrize(
    "value", [[3, 0], (0, 3), {0, 3}, np.array([3, 0]), [True, False, False, True, False], [1, 0, 0, 1, 0],
              np.array([True, False, False, True, False]), pd.Series([True, False, False, True, False]), torch.tensor([3, 0])],
    ids=repr,
)  # fmt: skip
def test_rows_are_numbers_or_a_mask(value):
    assert as_rows(value, 5) == [0, 3]


@pytest.mark.parametrize("value", [[5], [-1], [0.5], ["0"], [True, False], [None], [[0, 3]]])
def test_rows_beyond_the_table_are_refused_with_its_length(value):
    with pytest.raises(NotYet, match="expected row numbers for 5 pictures, got"):
        as_rows(value, 5)


def test_a_row_twice_is_refused():
    with pytest.raises(NotYet, match="1 of your 3 rows stands there twice"):
        as_rows([2, 0, 2], 5)


PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


@pytest.mark.parametrize(
    "value",
    [PIXELS, PIXELS.transpose(2, 0, 1), torch.tensor(PIXELS), torch.tensor(PIXELS).permute(2, 0, 1), PIXELS / 255,
     Image.fromarray(PIXELS), PIXELS.astype(float)],
)  # fmt: skip
def test_a_picture_may_be_an_image_an_array_or_a_tensor(value):
    np.testing.assert_allclose(as_pixels(value), PIXELS, atol=1e-9)


@pytest.mark.parametrize(
    "value", [None, "x", 3, [], np.zeros((2, 2)), np.zeros((2, 2, 4)), np.zeros((0, 2, 3)), np.full((2, 2, 3), np.nan),
              np.array([[["a", "b", "c"]]]), np.zeros((2, 2, 3), dtype=bool)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(value):
    with pytest.raises(NotYet, match="expected an RGB picture, got"):
        as_pixels(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        ([np.int64(1), (torch.tensor(2),)], "[1, (2,)]"),
        ({np.str_("a"): np.array([1])}, "{'a': [1]}"),
        ("a\nb", "'a\\nb'"),
        (np.zeros((3, 64, 64)), "an array of shape (3, 64, 64)"),
        (torch.zeros(3, 64, 64), "a tensor of shape (3, 64, 64)"),
        (pd.DataFrame({"a": range(100)}), "a table of shape (100, 1)"),
        (Image.new("L", (4, 2)), "a picture of 4 x 2 pixels, mode L"),
        (None, "None"),
    ],
    ids=range(9),
)
def test_a_value_is_shown_in_one_short_line(value, text):
    assert shown(value) == text


def test_a_long_value_is_cut():
    assert len(shown(list(range(10_000)))) == 90
    assert shown("x" * 10_000).endswith("…")


def test_plain_values_are_pythons_own_at_any_depth():
    assert plain({"a": [np.int64(1), {np.float32(0.5)}]}) == {"a": [1, {0.5}]}
    assert type(plain([np.int64(1)])[0]) is int


def test_numbers_by_name_are_those_that_were_asked_for():
    assert as_numbers({"a": np.float32(2), "b": 3, "more": "text"}, ["b", "a"]) == {"b": 3.0, "a": 2.0}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1}, "'b' has no number in {'a': 1}."),
        ({"a": 1, "b": "2"}, "expected b, a number, got '2'."),
        ([1, 2], "expected a dictionary {what: number}"),
    ],
)
def test_numbers_by_name_say_which_is_missing_or_none(value, words):
    with pytest.raises(NotYet, match=re.escape(words)):
        as_numbers(value, ["a", "b"])
