"""What an epoch draws: each picture once, or each class as often; and numbers that say how much a picture counts."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.data.sampling import Batches, Weighted, odds_of, weights_of, without_weights
from utils.errors import CourseError

RELAXED = settings(derandomize=True, max_examples=40)
NAMES = {"label": ["cat", "dog", "owl"]}


def message(function, *arguments):
    with pytest.raises(CourseError) as caught:
        function(*arguments)
    return str(caught.value)


def table_of(counts, **columns):
    """Training pictures, so many of each label, and a valid and a test picture of each class."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    rows = [(label, "train") for label in labels] + [
        (label, split) for label in NAMES["label"] for split in ("valid", "test")
    ]
    return pd.DataFrame(rows, columns=["label", "split"]).assign(**columns)


# --- batches -----------------------------------------------------------------------------------------


@RELAXED
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 1000), st.integers(0, 5), st.booleans())
def test_batches_hold_each_place_once_and_have_their_size(count, batch_size, seed, epoch, shuffle):
    batches = Batches(count, batch_size, seed, shuffle)
    batches.epoch = epoch
    drawn = list(batches)
    places = [place for batch in drawn for place, _ in batch]
    assert len(places) == len(set(places)) == batches.kept == count - batches.left_out
    assert set(places) <= set(range(count))
    assert len(drawn) == len(batches)
    assert all(len(batch) == batch_size for batch in drawn[:-1])
    assert drawn == list(batches), "the same for the same epoch"
    if not shuffle:
        assert places == list(range(count))
    else:
        assert all(len(batch) > 1 for batch in drawn) or batch_size == 1


@RELAXED
@given(st.integers(2, 60), st.integers(2, 20), st.integers(0, 1000), st.integers(0, 5))
def test_drawn_by_odds_an_epoch_is_as_long_and_no_batch_has_one_picture(count, batch_size, seed, epoch):
    odds = np.arange(count) / np.arange(count).sum()
    batches, plain = (Batches(count, batch_size, seed, shuffle=True, odds=each) for each in (odds, None))
    batches.epoch = epoch
    drawn = list(batches)
    assert [len(batch) for batch in drawn] == [len(batch) for batch in plain]
    assert len(drawn) == len(batches)
    assert all(len(batch) > 1 for batch in drawn)
    assert 0 not in {place for batch in drawn for place, _ in batch}, "without odds, never"
    assert drawn == list(batches), "the same for the same epoch"


def test_by_odds_another_epoch_and_another_seed_draw_otherwise():
    def drawn(seed, epoch):
        batches = Batches(50, 8, seed, shuffle=True, odds=np.full(50, 0.02))
        batches.epoch = epoch
        return list(batches)

    assert drawn(0, 0) == drawn(0, 0)
    assert drawn(0, 0) != drawn(0, 1)
    assert drawn(0, 0) != drawn(1, 0)


@pytest.mark.parametrize("odds", [None, np.full(50, 0.02)])
def test_no_seed_of_an_augmentation_comes_twice(odds):
    batches, seeds = Batches(50, 8, shuffle=True, odds=odds), []
    for batches.epoch in range(4):
        seeds += [seed for batch in batches for _, seed in batch]
    assert len(set(seeds)) == len(seeds) == 200


def test_pictures_are_drawn_as_often_as_their_odds_say():
    odds = np.array([0.5, 0.3, 0.2, 0.0])
    batches, counts = Batches(4, 2, shuffle=True, odds=odds), np.zeros(4)
    for epoch in range(2000):
        places, _ = batches.plan(epoch)
        counts += np.bincount(places, minlength=4)
    np.testing.assert_allclose(counts / counts.sum(), odds, atol=0.02)  # 8,000 draws: 3.6 standard deviations
    assert counts[3] == 0


# --- odds --------------------------------------------------------------------------------------------


@RELAXED
@given(st.lists(st.integers(1, 40), min_size=3, max_size=3), st.integers(0, 5))
def test_balanced_odds_are_alike_for_all_classes_and_0_without_a_label(counts, unlabelled):
    table = table_of(dict(zip(NAMES["label"], counts)) | {None: unlabelled})
    odds = odds_of(table, "label", NAMES, "balanced")
    train = table.loc[table["split"] == "train", "label"].to_numpy()
    assert len(odds) == len(train)
    assert odds.sum() == pytest.approx(1)
    for name in NAMES["label"]:
        assert odds[train == name] == pytest.approx(1 / 3 / (train == name).sum())
    assert (odds[len(train) - unlabelled :] == 0).all()


def test_labels_may_be_categories_numbers_or_true_and_false():
    plain = odds_of(table_of({"cat": 4, "dog": 2, "owl": 1}), "label", NAMES, "balanced")
    table = table_of({"cat": 4, "dog": 2, "owl": 1})
    categories = table.assign(label=pd.Categorical(table["label"]))
    np.testing.assert_allclose(odds_of(categories, "label", NAMES, "balanced"), plain)
    numbers = table.assign(label=table["label"].map({"cat": 7, "dog": 1, "owl": 3}))
    np.testing.assert_allclose(odds_of(numbers, "label", {"label": [1, 3, 7]}, "balanced"), plain)
    answers = table.assign(label=table["label"] == "cat")
    np.testing.assert_allclose(
        odds_of(answers, "label", {"label": [False, True]}, "balanced"), [1 / 8] * 4 + [1 / 6] * 3
    )


def test_shuffled_needs_no_odds():
    assert odds_of(table_of({"cat": 4, "dog": 2}), "label", NAMES, "shuffled") is None


def test_a_class_that_cannot_be_drawn_is_refused():
    found = message(odds_of, table_of({"cat": 4}), "label", NAMES, "balanced")
    assert "needs training pictures of every class, but there are none of 'dog', 'owl'" in found


def test_several_columns_cannot_be_balanced_at_once():
    found = message(odds_of, table_of({"cat": 4}), ["label", "other"], NAMES, "balanced")
    assert "but there are several: 'label', 'other'" in found
    assert "class_weights='balanced'" in found
    assert odds_of(table_of({"cat": 4}), ["label", "other"], NAMES, "shuffled") is None


@pytest.mark.parametrize("sampling", ["balance", None, True, 3])
def test_another_sampling_is_refused_with_those_that_there_are(sampling):
    found = message(odds_of, table_of({"cat": 4}), "label", NAMES, sampling)
    assert f"one of 'shuffled', 'balanced', but got {sampling!r}" in found


# --- weights -----------------------------------------------------------------------------------------


def test_weights_are_the_numbers_of_the_column_for_all_rows():
    table = table_of({"cat": 3}, weight=[0, 1, "2.5", 4, None, np.nan, -1, "much", 0]).set_index(pd.Index([5] * 9))
    found = weights_of(table, "weight")
    assert found.dtype == torch.float32
    assert found[:4].tolist() == [0, 1, 2.5, 4]
    assert len(found) == 9, "what is wrong in valid and test is nobody's concern"


@pytest.mark.parametrize(("wrong", "told"), [
    (None, "found 'None'"), (np.nan, "found 'nan'"), (-1, "found '-1'"), ("much", "found 'much'"), (np.inf, "found 'inf'"),
])  # fmt: skip
def test_a_training_picture_without_a_number_is_refused(wrong, told):
    weights = pd.Series([1, wrong, 2, 3, *[1] * 6], dtype=object)
    found = message(weights_of, table_of({"cat": 4}, weight=weights), "weight")
    assert "a number from 0 for each training picture in the column 'weight', one of them above 0, but " + told in found


def test_weights_that_are_all_0_are_refused():
    found = message(weights_of, table_of({"cat": 2}, weight=[0, 0, 1, 1, 1, 1, 1, 1]), "weight")
    assert "but all are 0" in found


def test_a_column_that_is_not_there_is_refused_with_those_that_are():
    found = message(weights_of, table_of({"cat": 2}, weights=1), "weight")
    assert "a column of the table, 'label', 'split', 'weights', but got 'weight'" in found


def test_targets_are_found_within_their_weights():
    targets = torch.tensor([1, 2])
    assert without_weights(Weighted(targets, torch.ones(2))) is targets
    assert without_weights(targets) is targets
