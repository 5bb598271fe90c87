"""A split that came along is kept, but for copies of what training has seen, and for a part that is missing."""

import numpy as np
import pandas as pd
import pytest

from utils.data.given import drop_leaks, with_all_splits
from utils.errors import CourseError


def table_of(splits, families=None, labels=("cat", "dog")):
    """An image table with so many rows of each split and class; `families` are theirs, each its own where None."""
    rows = [(label, split) for split, count in splits.items() for label in labels for _ in range(count)]
    table = pd.DataFrame(rows, columns=["label", "split"])
    return table.assign(path=[f"{row}.jpg" for row in range(len(table))], family=families or range(len(table)))


def test_a_copy_of_a_training_picture_leaves_valid_and_test_and_never_train():
    table = table_of({"train": 2, "valid": 1, "test": 2}, families=[0, 1, 2, 2, 0, 5, 1, 7, 8, 2])
    kept, dropped = drop_leaks(table)
    assert dropped["path"].tolist() == ["4.jpg", "6.jpg", "9.jpg"]
    assert kept["path"].tolist() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "5.jpg", "7.jpg", "8.jpg"]
    assert kept.index.tolist() == list(range(7))


def test_a_copy_in_valid_and_test_leaves_the_test_alone():
    kept, dropped = drop_leaks(table_of({"train": 1, "valid": 1, "test": 1}, families=[0, 1, 3, 4, 3, 5]))
    assert dropped["split"].tolist() == ["test"] and (kept["split"] == "valid").sum() == 2


def test_copies_within_one_split_stay():
    table = table_of({"train": 2, "test": 2}, families=[0, 0, 1, 2, 5, 5, 6, 7])
    kept, dropped = drop_leaks(table)
    assert len(kept) == 8 and dropped.empty


def test_without_a_split_there_is_no_leak_to_speak_of():
    with pytest.raises(CourseError, match=r"add_splits\(table\)"):
        drop_leaks(table_of({"train": 1}).drop(columns="split"))


def test_a_whole_split_stays_as_it_is():
    table = table_of({"train": 6, "valid": 2, "test": 2})
    kept, told = with_all_splits(table, (0.1, 0.1, 0.8))
    assert told == "" and kept["split"].equals(table["split"])


def test_where_nothing_came_along_the_fractions_are_used():
    table = table_of({"train": 20}).drop(columns="split")
    split, told = with_all_splits(table, (0.5, 0.2, 0.3), seed=3)
    assert told == "" and split["split"].value_counts().to_dict() == {"train": 20, "test": 12, "valid": 8}


def test_a_missing_test_is_half_of_valid_class_by_class():
    table = table_of({"train": 6, "valid": 10}, families=[*range(12), *np.repeat(range(12, 22), 2)])
    split, told = with_all_splits(table, (0.7, 0.15, 0.15))
    assert told == "no test came along: half of valid became it"
    counts = pd.crosstab(split["label"], split["split"])
    assert (counts["train"] == 6).all() and counts["valid"].between(4, 6).all() and counts["test"].between(4, 6).all()
    assert (split.groupby("family")["split"].nunique() == 1).all()  # copies stay together


def test_a_missing_valid_is_a_fifth_of_train():
    split, told = with_all_splits(table_of({"train": 20, "test": 5}), (0.7, 0.15, 0.15))
    assert told == "no valid came along: a fifth of train became it"
    assert pd.crosstab(split["label"], split["split"]).to_numpy().tolist() == [[5, 16, 4]] * 2


def test_of_train_alone_both_are_taken():
    split, told = with_all_splits(table_of({"train": 40}), (0.7, 0.15, 0.15))
    assert told == "neither valid nor test came along: a fifth of train became the two"
    assert pd.crosstab(split["label"], split["split"]).to_numpy().tolist() == [[4, 32, 4]] * 2


def test_without_train_there_is_nothing_to_learn_from():
    with pytest.raises(CourseError, match="has only 'test', 'valid'"):
        with_all_splits(table_of({"valid": 4, "test": 4}), (0.7, 0.15, 0.15))


def test_another_seed_takes_other_pictures():
    table = table_of({"train": 20, "valid": 10})
    first, second = (with_all_splits(table, (0.7, 0.15, 0.15), seed)[0]["split"] for seed in (0, 1))
    assert not first.equals(second)
