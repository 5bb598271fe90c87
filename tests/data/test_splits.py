"""Splits: every picture in one, each class by its share, families whole, and nothing moves that was split before."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import utils.files
from utils.data.copies import find_copies, find_leaks
from utils.data.folders import SPLITS
from utils.data.samples import sample
from utils.data.splits import (
    FRACTIONS,
    add_folds,
    add_splits,
    check_fractions,
    drop_small_classes,
    load_split,
    save_split,
    split_counts,
)
from utils.data.tables import scan
from utils.errors import CourseError

RELAXED = settings(deadline=None, derandomize=True, max_examples=30)
SIZES = st.lists(st.integers(3, 60), min_size=1, max_size=5)  # pictures a class
# In hundredths, so that they sum to 1; a share of valid or test may be 0.
SHARES = st.tuples(st.integers(0, 45), st.integers(0, 45)).map(
    lambda pair: ((100 - sum(pair)) / 100, pair[0] / 100, pair[1] / 100)
)
SEEDS = st.integers(0, 10_000)


def table_of(sizes, prefix=""):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    paths = [f"{prefix}{label}/{place - sum(sizes[:label])}.jpg" for place, label in enumerate(labels)]
    return pd.DataFrame({"path": paths, "label": [f"class {label}" for label in labels]})


def families_of(table, seed, most=4):
    """Families within a class, of one to `most` pictures."""
    rng = np.random.default_rng(seed)
    family = np.zeros(len(table), dtype=int)
    for number, rows in enumerate(table.groupby("label").indices.values()):
        family[rows] = 1000 * number + np.sort(rng.integers(0, max(3, len(rows) // most), len(rows)))
        family[rows[:3]] = 1000 * number + 900 + np.arange(3)  # three different ones at least, as a split needs
    return family


def by_path(table, column="split"):
    return table.set_index("path")[column].sort_index()


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


# --- shares ----------------------------------------------------------------------------------------


@RELAXED
@given(SIZES, SHARES, SEEDS)
def test_every_class_has_its_share_of_each_split_to_within_one_picture(sizes, shares, seed):
    split = add_splits(table_of(sizes), shares, seed)
    assert split["split"].isin(SPLITS).all()
    for label, size in enumerate(sizes):
        counts = split.loc[split["label"] == f"class {label}", "split"].value_counts().reindex(SPLITS, fill_value=0)
        assert counts.tolist() == split_counts(size, shares).tolist()
        for count, share in zip(counts, shares):
            wanted = size * share
            assert (count == 0) == (share == 0)
            # Only where a share is less than a picture does its split get a whole one, at the others' cost.
            assert abs(count - wanted) <= 1 or min(size * share for share in shares if share) < 0.5


@RELAXED
@given(st.integers(3, 10_000), SHARES)
def test_counts_sum_to_the_total_and_none_is_empty_but_where_its_share_is(total, shares):
    counts = split_counts(total, shares)
    assert counts.sum() == total
    assert ((counts > 0) == (np.array(shares) > 0)).all()
    assert (np.abs(counts - total * np.array(shares))[1:] <= 0.5).all() or total * min(filter(None, shares)) < 1


@pytest.mark.parametrize(("total", "shares", "expected"), [
    (100, (0.7, 0.15, 0.15), [70, 15, 15]), (103, (0.8, 0.15, 0.05), [83, 15, 5]), (3, FRACTIONS, [1, 1, 1]),
    (3, (0.1, 0.1, 0.8), [1, 1, 1]), (4, (0.1, 0.45, 0.45), [1, 1, 2]), (2, (0.5, 0.5, 0), [1, 1, 0]),
    (1, (1, 0, 0), [1, 0, 0]),
])  # fmt: skip
def test_counts_of_small_classes(total, shares, expected):
    assert sorted(split_counts(total, shares)) == sorted(expected)
    assert split_counts(total, shares)[0] == expected[0]


def test_a_small_class_gets_its_share_and_not_the_number_of_a_large_one():
    split = add_splits(table_of([200, 10]), (0.7, 0.15, 0.15))
    small = split.loc[split["label"] == "class 1", "split"].value_counts()
    assert small["train"] >= 6


def test_another_seed_gives_another_split_and_the_same_seed_the_same():
    table = table_of([40, 40])
    assert add_splits(table, seed=1)["split"].tolist() == add_splits(table, seed=1)["split"].tolist()
    assert add_splits(table, seed=1)["split"].tolist() != add_splits(table, seed=2)["split"].tolist()


def test_which_pictures_go_where_is_random():
    # By name, the first 70 of 100 would be train: pictures of one day, of one camera.
    split = add_splits(table_of([100]))["split"]
    assert 0.5 < (split[:50] == "train").mean() < 0.9


# --- order, index, attributes ----------------------------------------------------------------------


@RELAXED
@given(SIZES, SHARES, SEEDS)
def test_the_order_of_the_rows_changes_nothing(sizes, shares, seed):
    table = table_of(sizes)
    family = families_of(table, seed)
    shuffled = table.assign(family=family).sample(frac=1, random_state=seed)
    one = add_splits(table, shares, seed, family)
    other = add_splits(shuffled, shares, seed, shuffled["family"])
    pd.testing.assert_series_equal(by_path(one), by_path(other))
    assert other["path"].tolist() == shuffled["path"].tolist(), "the rows stay where they are"


def test_the_table_given_is_left_as_it_is_and_its_folder_is_kept():
    table = table_of([9, 9])
    table.attrs["root"] = "somewhere"
    before = pickle.dumps(table)
    split = add_splits(table)
    assert pickle.dumps(table) == before
    assert split.attrs["root"] == "somewhere"
    assert add_folds(table, 3).attrs["root"] == "somewhere"
    assert list(split) == ["path", "label", "split"]


def test_a_table_with_some_rows_dropped_is_split_all_the_same():
    table = table_of([9, 9, 9])
    rest = table[table["label"] != "class 1"]
    assert add_splits(rest)["split"].notna().all()
    assert add_folds(rest, 3)["fold"].notna().all()


# --- families --------------------------------------------------------------------------------------


@RELAXED
@given(SIZES, SHARES, SEEDS)
def test_families_are_never_torn_and_each_class_is_in_each_split(sizes, shares, seed):
    table = table_of(sizes)
    family = families_of(table, seed)
    split = add_splits(table, shares, seed, family)
    assert (split.groupby(family)["split"].nunique() == 1).all()
    wanted = {name for name, share in zip(SPLITS, shares) if share > 0}
    for _, rows in split.groupby("label"):
        assert set(rows["split"]) == wanted


@RELAXED
@given(st.integers(60, 200), SEEDS)
def test_shares_hold_roughly_with_families_too(size, seed):
    table = table_of([size])
    family = families_of(table, seed)
    counts = add_splits(table, seed=seed, family=family)["split"].value_counts()
    largest = np.bincount(family).max()
    for name, share in zip(SPLITS, FRACTIONS):
        assert abs(counts[name] - size * share) <= largest + 1


def test_one_large_family_goes_where_there_is_room_for_it():
    table = table_of([20])
    family = [0] * 12 + list(range(1, 9))
    for seed in range(10):
        split = add_splits(table, seed=seed, family=family)["split"]
        assert (split[:12] == "train").all()
        assert split.value_counts().to_dict() == {"train": 14, "valid": 3, "test": 3}


def test_families_may_be_names():
    table = table_of([9])
    split = add_splits(table, family=["ann", "bob", "eve"] * 3)
    assert split.groupby(["ann", "bob", "eve"] * 3)["split"].nunique().tolist() == [1, 1, 1]


def test_copies_are_found_and_kept_together(tmp_path, draw):
    for number in range(6):
        draw(tmp_path / "a" / f"{number}.png", number)
        draw(tmp_path / "a" / f"{number} smaller.jpg", number, size=(80, 60), quality=70)
    table = scan(tmp_path, progress=False).table
    for seed in range(5):
        split = add_splits(table, seed=seed)
        copies = find_copies(split)
        assert copies["family"].nunique() == 6
        assert len(find_leaks(copies)) == 0


def test_a_picture_in_two_classes_stays_in_one_split():
    table = table_of([9, 9])
    family = np.arange(18)
    family[9] = 0  # the first of either class
    for seed in range(10):
        split = add_splits(table, seed=seed, family=family)["split"]
        assert split[0] == split[9]


@pytest.mark.parametrize(("family", "found"), [
    ([1, 2], "the table has 9 and family 2"), ([None] * 2 + [1] * 7, "2 have none"), ([np.nan] + [1.0] * 8, "1 have none"),
])  # fmt: skip
def test_a_family_for_each_picture_is_expected(family, found):
    assert found in message(add_splits, table_of([9]), family=family)
    assert found in message(add_folds, table_of([9]), 3, family=family)


# --- growing ---------------------------------------------------------------------------------------


@RELAXED
@given(SIZES, SIZES, SHARES, SHARES, SEEDS)
def test_when_pictures_are_added_no_old_one_moves_and_each_class_is_in_each_split(old, new, shares, other, seed):
    first = add_splits(table_of(old), shares, seed)
    grown = pd.concat([first, table_of(new, "new ")], ignore_index=True)
    again = add_splits(grown.sample(frac=1, random_state=seed), other, seed + 1)
    assert (by_path(again)[first["path"]].to_numpy() == first["split"].to_numpy()).all()
    assert again["split"].isin(SPLITS).all()
    wanted = {name for name, share in zip(SPLITS, other) if share > 0}
    for label in {f"class {label}" for label in range(len(new))}:
        assert wanted <= set(again.loc[again["label"] == label, "split"])


@RELAXED
@given(st.integers(10, 60), st.integers(10, 200), SEEDS)
def test_new_pictures_bring_the_whole_back_to_its_shares(old, new, seed):
    first = add_splits(table_of([old]), (0.5, 0.25, 0.25), seed)
    grown = add_splits(pd.concat([first, table_of([new], "new ")], ignore_index=True), seed=seed)
    counts, total = grown["split"].value_counts(), old + new
    assume(total * 0.15 >= old * 0.25 + 1)  # else the old ones alone are more than the new shares
    assert counts.reindex(SPLITS).tolist() == split_counts(total, FRACTIONS).tolist()


@RELAXED
@given(SIZES, SEEDS)
def test_a_new_copy_of_an_old_picture_follows_it(sizes, seed):
    table = table_of(sizes)
    first = add_splits(table, seed=seed)
    copies = first.assign(path="copy of " + first["path"], split=None)
    family = np.arange(len(table))
    grown = pd.concat([copies, first], ignore_index=True)
    again = by_path(add_splits(grown, seed=seed + 1, family=[*family, *family]))
    assert (again["copy of " + table["path"]].to_numpy() == again[table["path"]].to_numpy()).all()


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_new_copy_of_a_picture_that_leaked_goes_to_train(order):
    table = table_of([9]).assign(split=["test", "train", *["valid"] * 6, None]).iloc[[*order, *range(2, 9)]]
    split = by_path(add_splits(table, family=[0, 0, *range(1, 7), 0]))
    assert split["0/8.jpg"] == "train"
    assert (split["0/0.jpg"], split["0/1.jpg"]) == ("test", "train")


def test_a_split_that_is_complete_is_left_alone_however_small_its_classes():
    table = table_of([1, 2]).assign(split=["test", "train", "train"])
    assert add_splits(table)["split"].tolist() == ["test", "train", "train"]


def test_a_split_of_another_name_is_answered_and_not_kept():
    found = message(add_splits, table_of([3]).assign(split=["train", "holdout", "val"]))
    assert "Expected the splits 'train', 'valid', 'test' in the table, but it has 'holdout', 'val'" in found
    assert "table.drop(columns='split')" in found


# --- classes that are too small --------------------------------------------------------------------


def test_classes_too_small_are_answered_all_at_once_with_the_line_that_drops_them():
    table = table_of([2, 9, 1])
    found = message(add_splits, table)
    assert "at least 3 pictures (one for each of train, valid, test" in found
    assert "'class 0' has 2, 'class 2' has 1" in found
    line = found.rpartition(": ")[2]
    assert line == "table = table[~table['label'].isin(['class 0', 'class 2'])]"
    names = {"table": table}
    exec(line, names)
    assert add_splits(names["table"])["label"].unique().tolist() == ["class 1"]


def test_a_share_of_nothing_needs_no_picture():
    assert set(add_splits(table_of([2, 5]), (0.8, 0.2, 0))["split"]) == {"train", "valid"}
    assert set(add_splits(table_of([1]), (1, 0, 0))["split"]) == {"train"}
    assert "at least 2 pictures (one for each of train, test;" in message(add_splits, table_of([1]), (0.8, 0, 0.2))


def test_copies_count_once():
    assert "'class 0' has 2" in message(add_splits, table_of([9]), family=[0] * 5 + [1] * 4)


def test_a_class_of_nothing_but_copies_from_another_is_answered():
    # Each picture counts for one class; those that have two labels, for the class whose folder comes first.
    found = message(add_splits, table_of([9, 3]), family=[*range(9), 0, 1, 2])
    assert "'class 1' has 0" in found


def test_small_classes_are_dropped_and_a_given_split_is_kept():
    table = table_of([2, 9, 3])
    assert drop_small_classes(table)["label"].unique().tolist() == ["class 1", "class 2"]
    assert drop_small_classes(table, at_least=4)["label"].unique().tolist() == ["class 1"]
    given = table.assign(split="train")
    assert drop_small_classes(given).equals(given)


# --- folds -----------------------------------------------------------------------------------------


@RELAXED
@given(st.lists(st.integers(5, 40), min_size=1, max_size=5), st.integers(2, 5), SEEDS)
def test_folds_are_equal_to_within_one_picture_a_class_in_any_order_of_the_rows(sizes, k, seed):
    table = table_of(sizes)
    folded = add_folds(table, k, seed)
    for _, rows in folded.groupby("label"):
        counts = np.bincount(rows["fold"], minlength=k)
        assert len(counts) == k
        assert counts.max() - counts.min() <= 1
    shuffled = add_folds(table.sample(frac=1, random_state=seed), k, seed)
    pd.testing.assert_series_equal(by_path(folded, "fold"), by_path(shuffled, "fold"))


@RELAXED
@given(st.lists(st.integers(12, 40), min_size=1, max_size=4), SEEDS)
def test_families_stay_in_one_fold_and_each_fold_has_each_class(sizes, seed):
    table = table_of(sizes)
    family = families_of(table, seed)
    folded = add_folds(table, 3, seed, family)
    assert (folded.groupby(family)["fold"].nunique() == 1).all()
    assert (folded.groupby("label")["fold"].nunique() == 3).all()


def test_the_larger_folds_are_not_always_the_first():
    folded = add_folds(table_of([4] * 60), 3)
    larger = folded.groupby("label")["fold"].agg(lambda folds: np.bincount(folds).argmax())
    assert set(larger) == {0, 1, 2}


@pytest.mark.parametrize("k", [1, 0, -3])
def test_fewer_than_two_folds_are_answered(k):
    assert f"k = 2 folds or more, got {k}" in message(add_folds, table_of([9]), k)


def test_a_class_smaller_than_the_folds_is_answered():
    found = message(add_folds, table_of([9, 4]), 5)
    assert "at least 5 pictures (one for each of fold 0, fold 1, fold 2, fold 3, fold 4" in found
    assert "'class 1' has 4" in found


# --- fractions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fractions", [
    (0.7, 0.2, 0.2), (0.7, 0.1), (0.5, 0.2, 0.2, 0.1), (1.2, -0.1, -0.1), (0, 0.5, 0.5), (-0.1, 0.6, 0.5),
    (float("nan"), 0.5, 0.5), (float("inf"), 0, 0), (70, 15, 15), (), 0.7, None, "abc", {"train": 1}, (0.7, None, 0.3),
])  # fmt: skip
def test_what_are_no_shares_is_answered_with_what_shares_are(fractions):
    for function in (check_fractions, lambda fractions: add_splits(table_of([9]), fractions)):
        found = message(function, fractions)
        assert "shares of train, valid and test that sum to 1, none negative" in found
        assert "for instance (0.7, 0.15, 0.15); got" in found
        assert str(fractions).strip("()")[:2] in found.rpartition("got")[2]


def test_the_sum_that_is_wrong_is_named():
    assert "got (0.7, 0.2, 0.2), which sum to 1.1." in message(check_fractions, (0.7, 0.2, 0.2))


@pytest.mark.parametrize("fractions", [(0.7, 0.15, 0.15), [0.8, 0.2, 0], ("0.6", "0.2", "0.2"), (1 / 3, 1 / 3, 1 / 3)])
def test_shares_have_the_names_of_their_splits(fractions):
    assert check_fractions(fractions) == dict(zip(SPLITS, map(float, fractions)))


# --- saved and loaded ------------------------------------------------------------------------------

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


@RELAXED
@given(st.dictionaries(NAMES, st.tuples(NAMES, st.sampled_from([*SPLITS, None])), min_size=1, max_size=8), SEEDS)
def test_a_saved_split_comes_back_whatever_the_names(tmp_path_factory, pictures, seed):
    path = tmp_path_factory.getbasetemp() / "split.csv"
    labels, splits = zip(*pictures.values())
    table = pd.DataFrame({"path": list(pictures), "label": labels, "split": splits})
    save_split(table, path)
    shuffled = table.sample(frac=1, random_state=seed)
    loaded = load_split(shuffled.drop(columns="split"), path)
    assert loaded["path"].tolist() == shuffled["path"].tolist()
    assert by_path(loaded).fillna("none").tolist() == by_path(table).fillna("none").tolist()


def test_names_like_those_on_a_disk_come_back(tmp_path):
    names = ["a,b", 'c"d', "e\nf", "g\rh", " i ", "NA", "nan", "'j'", "яблоко りんご", "#k", "\ufeffl", "1.0", "m\t"]
    table = pd.DataFrame({"path": names, "label": names[::-1], "split": "train"})
    loaded = load_split(table.drop(columns="split"), save_split(table, tmp_path / "split.csv"))
    assert (loaded["split"] == "train").all()


def test_a_split_of_the_faulty_folder_comes_back(tmp_path):
    table = scan(sample("messy"), progress=False).table
    path = save_split(table, tmp_path / "new folder" / "split.csv")
    assert path == tmp_path / "new folder" / "split.csv"
    loaded = load_split(table.drop(columns="split"), path)
    pd.testing.assert_series_equal(loaded["split"], table["split"], check_dtype=False)
    assert loaded.attrs["root"] == table.attrs["root"]
    header, first = path.read_text(encoding="utf-8").splitlines()[:2]
    assert (header, first) == ("path,label,split", "test/apple/apple-01.jpg,apple,test")


def test_folds_come_back_too(tmp_path):
    folded = add_folds(table_of([9, 9]), 3)
    path = save_split(folded, tmp_path / "folds.csv")
    loaded = load_split(folded.drop(columns="fold"), path)
    pd.testing.assert_frame_equal(loaded, folded)
    assert "split" not in loaded
    grown = load_split(table_of([10, 9]), path)
    assert grown["fold"].isna().sum() == 1
    both = add_splits(folded)
    assert load_split(table_of([9, 9]), save_split(both, path))["split"].tolist() == both["split"].tolist()


def test_pictures_that_are_new_have_none_and_those_of_another_label_are_new(tmp_path):
    path = save_split(add_splits(table_of([5, 5])), tmp_path / "split.csv")
    table = table_of([6, 5])
    table.loc[0, "label"] = "class 1"
    loaded = load_split(table, path)
    assert loaded["path"][loaded["split"].isna()].tolist() == ["0/0.jpg", "0/5.jpg"]


def test_a_save_that_fails_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    table = add_splits(table_of([9]))
    path = save_split(table, tmp_path / "split.csv")
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    def half(table, file, **options):
        Path(file).write_text("path,label,split\n0/1.jpg,cla")
        full()

    def killed(*_):
        raise KeyboardInterrupt

    other = add_splits(table.drop(columns="split"), seed=9)
    for target, name, failing in (
        (utils.files.os, "replace", full), (pd.DataFrame, "to_csv", half), (utils.files.os, "replace", killed),
    ):  # fmt: skip
        with monkeypatch.context() as broken:
            broken.setattr(target, name, failing)
            with pytest.raises((OSError, KeyboardInterrupt)):
                save_split(other, path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["split.csv"]
    save_split(other, path)
    assert path.read_bytes() != before


def test_no_split_to_save_is_answered_with_how_to_make_one(tmp_path):
    assert "add_splits(table)" in message(save_split, table_of([3]), tmp_path / "split.csv")
    assert os.listdir(tmp_path) == []


def test_the_split_of_another_folder_is_refused(tmp_path):
    path = save_split(add_splits(table_of([9], "birds/")), tmp_path / "split.csv")
    found = message(load_split, table_of([9]), path)
    assert f"None of the 9 pictures in '{path}' is in this table" in found
    assert "It starts with 'birds/0/0.jpg', the table with '0/0.jpg'" in found


@pytest.mark.parametrize(("content", "found"), [
    (None, "No such file"),
    (b"", "No columns"),
    (b"path,split\na,train\n", "but it has 'path', 'split'. Was it written by save_split?"),
    (b"path,label\na,b\n", "but it has 'path', 'label'. Was it written"),
    (b"path,label,split\na,b,train\na,b,test\n", "'a' stands there more than once"),
    (b"path,label,split\na,b,val\nc,d,train\n", "found 'val'. Correct these cells"),
    (b"path,label,fold\na,b,first\n", "found 'first'. Correct these cells"),
    (b"path,label,split\na,b,train,x\nc,d,e,f,g,h\n", "Expected"),
    (b"\xff\xfe\x00", "saved by save_split at"),
])  # fmt: skip
def test_what_save_split_has_not_written_is_refused(content, found, tmp_path):
    path = tmp_path / "split.csv"
    if content is not None:
        path.write_bytes(content)
    told = message(load_split, pd.DataFrame({"path": ["a"], "label": ["b"]}), path)
    assert found in told
    assert str(path) in told


def test_a_saved_split_grows_with_its_folder(tmp_path):
    first = add_splits(table_of([20, 20]))
    path = save_split(first, tmp_path / "split.csv")
    grown = add_splits(load_split(table_of([30, 25, 10]), path))
    assert (by_path(grown)[first["path"]].to_numpy() == first["split"].to_numpy()).all()
    assert grown["split"].notna().all()


def test_fractions_that_came_as_text_are_answered_with_the_line_to_type():
    with pytest.raises(CourseError, match=r'-y "fractions: \[0\.8, 0\.1, 0\.1\]"'):
        check_fractions("[0.9,0.2,0.1]")
