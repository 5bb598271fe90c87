"""Values stand in an order that a reader expects, and a way's name says which value is whose."""

import numpy as np
import pandas as pd
import pytest

from utils.plots.ways import in_lines, levels, names, number_format, written


@pytest.mark.parametrize(("values", "expected"), [
    ([0.1, 0.001, 0.1, 0.01], [0.001, 0.01, 0.1]), (["sgd", "adam", "sgd"], ["sgd", "adam"]),
    ([0.5, None, 0.1], [0.1, 0.5, None]), ([None, "b", "a"], [None, "b", "a"]), ([True, False], [True, False]),
    ([32, "none", 16], [16, 32, "none"]), ([np.int64(3), np.float64(1.5)], [1.5, 3]),
])  # fmt: skip
def test_numbers_stand_in_order_and_all_else_as_it_comes(values, expected):
    for column in (pd.Series(values), pd.Series(values, dtype=object)):
        assert levels(column) == expected


@pytest.mark.parametrize(("value", "expected"), [
    (0.001, "0.001"), (1e-05, "1e-05"), (0.00480638, "0.004806"), (224, "224"), (10.0, "10"), (1_000_000, "1000000"),
    (None, "none"), (True, "True"), ("adam", "adam"), ("", "''"), ("[1, 2]", "[1, 2]"), ("my_net", "my_net"), (-0.5, "-0.5"),
])  # fmt: skip
def test_a_value_is_written_as_a_person_would(value, expected):
    assert written(value) == expected


def test_a_word_stands_alone_and_all_else_after_its_column():
    ways = pd.DataFrame({"optimizer": ["adam", "sgd"], "batch_size": [8, 16], "augment": [True, False],
                         "dropout": [None, 0.1], "widths": ["[8, 16]", ""]})  # fmt: skip
    assert names(ways) == [
        "adam, batch size 8, augment True, dropout none, widths [8, 16]",
        "sgd, batch size 16, augment False, dropout 0.1, widths ''",
    ]


def test_a_word_that_two_columns_have_names_its_column():
    ways = pd.DataFrame({"mixing": ["none", "mixup"], "schedule": ["cosine", "none"]})
    assert names(ways) == ["mixing none, cosine", "mixup, schedule none"]


def test_without_parameters_all_runs_are_one_way():
    assert names(pd.DataFrame(index=[0])) == ["all runs"]


def test_a_long_name_breaks_between_its_parts():
    name = "lr 0.001, adam, dropout none, epoch 2, augment False, size 48"  # whose 'augment' would just fit
    assert in_lines(name) == "lr 0.001, adam, dropout none, epoch 2,\naugment False, size 48"
    assert in_lines("adam, lr 0.1") == "adam, lr 0.1"
    lines = in_lines("word " * 50).split("\n")
    assert len(lines) == 2 and max(map(len, lines)) <= 46 and lines[1].endswith("…")


@pytest.mark.parametrize(("values", "expected"), [
    ([0.9123, 0.5], "0.912"), ([0.9123, 9.9], "0.912"), ([0.9123, 120.0], "0.9"), ([1234.5, 0.9], "1,234"),
    ([0.00012, np.nan], "0.00012"), ([-0.9123], "-0.912"),
])  # fmt: skip
def test_numbers_have_the_digits_that_the_largest_asks_for(values, expected):
    assert f"{values[0]:{number_format(np.array(values))}}" == expected
