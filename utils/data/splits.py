"""Splits: which picture is for training, which for choosing (valid), which for the final score (test).

The rules: every class keeps its share in every split; copies stay together; the same seed gives the same split
for any listing order; and what was split once stays where it is when pictures are added.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from utils.data.copies import families
from utils.data.folders import SPLITS
from utils.errors import CourseError, named
from utils.files import replacing

FRACTIONS = (0.7, 0.15, 0.15)


def add_splits(table: pd.DataFrame, fractions=FRACTIONS, seed: int = 0, family=None) -> pd.DataFrame:
    """The table with a column `split`: train, valid or test for each picture.

    Pictures that have a split already keep it; only the others are dealt out, so a loaded split grows with the
    folder. To split anew, drop the column first: `add_splits(table.drop(columns="split"))`.

    Args:
        table: image table, N rows. With the columns that `scan` makes, copies are found and kept together.
        fractions: shares of train, valid, test; they sum to 1. A share of 0 leaves that split empty.
        seed: another seed, another split.
        family: (N,) values, equal for pictures that must stay together (copies, one patient, one video);
            None finds the copies.

    Raises:
        CourseError: the fractions are no shares, a class has fewer pictures than there are splits, or the table
            has a split that is none of train, valid and test.
    """
    shares = check_fractions(fractions)
    family = _families(table, family)
    split = _with_family(_given_split(table), family)
    units = _units(table, family)
    undecided = table["label"].to_numpy()[pd.isna(split)]
    _check_class_sizes(units, undecided, [name for name, share in shares.items() if share > 0])
    places = {name: place for place, name in enumerate(SPLITS)}
    target = pd.Series(split).map(places).to_numpy(float, copy=True)  # nan: not dealt out yet
    rng = np.random.default_rng(seed)
    for _, rows in units.groupby("label", sort=True):
        _deal(rows, target, split_counts(int(rows["size"].sum()), list(shares.values())), rng)
    dealt = np.array(SPLITS, dtype=object)[target[units["first"].to_numpy()].astype(int)]
    by_family = pd.Series(dealt, index=units.index)
    return table.assign(split=np.where(pd.isna(split), by_family.reindex(family).to_numpy(), split))


def add_folds(table: pd.DataFrame, k: int = 5, seed: int = 0, family=None) -> pd.DataFrame:
    """The table with a column `fold`, 0 to k - 1, for cross-validation: stratified, copies together.

    Raises:
        CourseError: k is under 2, or a class has fewer pictures (copies counted once) than k.
    """
    if k < 2:
        raise CourseError(f"Cross-validation wants k = 2 folds or more, got {k}.")
    family = _families(table, family)
    units = _units(table, family)
    _check_class_sizes(units, table["label"], [f"fold {fold}" for fold in range(k)])
    target = np.full(len(table), np.nan)
    rng = np.random.default_rng(seed)
    for _, rows in units.groupby("label", sort=True):
        total = int(rows["size"].sum())
        _deal(rows, target, rng.permutation(total // k + (np.arange(k) < total % k)), rng)
    by_family = pd.Series(target[units["first"].to_numpy()].astype(int), index=units.index)
    return table.assign(fold=by_family.reindex(family).to_numpy())


def drop_small_classes(table: pd.DataFrame, at_least: int = len(SPLITS)) -> pd.DataFrame:
    """The table without the classes that are too small to split (copies count once); a given split stays whole.

    Raises:
        CourseError: no class is large enough.
    """
    if "split" in table and table["split"].notna().all():
        return table
    counts = _units(table, _families(table, None))["label"].value_counts()
    kept = counts[counts >= at_least].index
    if kept.empty:
        raise CourseError(f"Not one class has {at_least} different pictures, one for each split: the largest, "
                          f"{counts.index[0]!r}, has {counts.iloc[0]}. Collect more pictures first.")  # fmt: skip
    return table[table["label"].isin(kept)].reset_index(drop=True)


def check_fractions(fractions) -> dict[str, float]:
    """The shares by split name; a CourseError where they are not three shares that sum to 1."""
    expected = ("Expected shares of train, valid and test that sum to 1, none negative and some for training, "
                f"for instance {FRACTIONS}; got")  # fmt: skip
    try:
        values = [float(value) for value in fractions]
    except (TypeError, ValueError) as error:
        as_text = ' Papermill\'s -p gives text; for a list write -y "fractions: [0.8, 0.1, 0.1]".'
        raise CourseError(f"{expected} {fractions!r}.{as_text * isinstance(fractions, str)}") from error
    is_good = len(values) == len(SPLITS) and min(values) >= 0 and values[0] > 0 and abs(sum(values) - 1) <= 1e-6
    if not is_good:  # nan compares as false, so it ends here too
        raise CourseError(f"{expected} {tuple(values)}, which sum to {sum(values):g}.")
    return dict(zip(SPLITS, values))


def save_split(table: pd.DataFrame, path: str | Path) -> Path:
    """Write path, label and split as CSV (UTF-8); whole or not at all, so a kill leaves the old file."""
    path = Path(path)
    columns = [name for name in ("path", "label", "split", "fold") if name in table]
    if not {"split", "fold"} & set(columns):
        raise CourseError("There is no split to save: the table has no column split. Make it: add_splits(table)")
    with replacing(path) as temporary:
        table[columns].to_csv(temporary, index=False, encoding="utf-8", quoting=_quoting(table))
    return path


def load_split(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """The table with the splits (and folds) that were saved; pictures that are new since then have none yet.

    Saved pictures that are gone from the table, or have another label now, count as gone and new.

    Raises:
        CourseError: the file is missing, or was not written by `save_split`, or shares no picture with the table.
    """
    saved = _read_saved(path)
    keys = table["path"].astype(str) + "\0" + table["label"].astype(str)
    rows = keys.map(pd.Series(np.arange(len(saved)), index=saved["path"] + "\0" + saved["label"]))  # nan: not saved
    if len(saved) and rows.isna().all():
        raise CourseError(f"None of the {len(saved)} pictures in '{path}' is in this table: it was saved for "
                          f"another folder. It starts with {saved['path'].iloc[0]!r}, the table with "
                          f"{named(table['path'].iloc[:1])}.")  # fmt: skip
    known = rows.notna().to_numpy()
    found = {}
    for column in [name for name in ("split", "fold") if name in saved]:
        cells = saved[column].to_numpy(object)[rows[known].astype(int)]
        found[column] = np.full(len(table), None, dtype=object)
        found[column][known] = np.where(cells == "", None, cells)
    if "fold" in found and known.all() and not pd.isna(found["fold"]).any():
        found["fold"] = found["fold"].astype(int)
    return table.assign(**found)


def _quoting(table):
    """Quotes where needed; around everything where a name holds a bare carriage return, which Python leaves bare."""
    bare = table[["path", "label"]].apply(lambda cells: cells.str.contains("\r", regex=False)).to_numpy().any()
    return csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL


def _read_saved(path):
    """What `save_split` wrote, None where a picture has no split; a CourseError where it is something else."""
    try:
        saved = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CourseError(f"Expected a split saved by save_split at '{path}', but: {error}") from error
    if not {"path", "label"} < set(saved) or not {"split", "fold"} & set(saved):
        raise CourseError(f"Expected the columns path, label and split in '{path}', but it has {named(saved.columns)}. "
                          "Was it written by save_split?")  # fmt: skip
    twice = saved["path"][saved["path"].duplicated()]
    if len(twice):
        raise CourseError(f"Expected each path once in '{path}', but {named(twice)} stands there more than once. "
                          "Remove all of its rows but one.")  # fmt: skip
    allowed = {"split": "|".join(SPLITS) + "|", "fold": "[0-9]*"}
    for column in [name for name in allowed if name in saved]:
        wrong = saved[column][~saved[column].str.fullmatch(allowed[column])].unique()
        if len(wrong):
            raise CourseError(f"Expected each {column} in '{path}' to be {' or '.join(map(repr, SPLITS))} "
                              f"(or a number, for folds), but found {named(wrong)}. Correct these cells.")  # fmt: skip
    return saved


def _families(table, family):
    """(N,) ints; without digests and without a family given, every picture stands for itself."""
    if family is None:
        family = families(table) if {"digest", "family"} & set(table) else np.arange(len(table))
    family = np.asarray(family)
    if len(family) != len(table):
        raise CourseError(f"Expected one family a picture, but the table has {len(table)} and family {len(family)}.")
    codes = pd.factorize(family)[0]
    if (codes < 0).any():
        raise CourseError(f"Expected a family for each picture, but {(codes < 0).sum()} have none. "
                          "Where it is not known, give each picture a value of its own.")  # fmt: skip
    return codes


def _given_split(table):
    """(N,) objects: the split that a picture has already, None where it has none."""
    if "split" not in table:
        return np.full(len(table), None, dtype=object)
    split = table["split"].to_numpy(object)
    unknown = table["split"].dropna()[~table["split"].dropna().isin(SPLITS)].unique()
    if len(unknown):
        raise CourseError(f"Expected the splits {named(SPLITS)} in the table, but it has {named(unknown)}. "
                          "Rename them, or split anew: add_splits(table.drop(columns='split'))")  # fmt: skip
    return np.where(pd.isna(split), None, split)


def _with_family(split, family):
    """A new copy of a picture that has a split goes where that picture is (to train, where it is in several)."""
    known = pd.DataFrame({"family": family, "split": split}).dropna()
    known = known.sort_values("split", key=lambda names: names.map(SPLITS.index)).drop_duplicates("family")
    home = pd.Series(known["split"].to_numpy(), index=known["family"]).reindex(family).to_numpy(object)
    return np.where(pd.isna(split), home, split)


def _units(table, family):
    """One row a family, in an order that does not depend on the listing: what is dealt out as one."""
    rows = pd.DataFrame({"path": table["path"].to_numpy(), "label": table["label"].to_numpy(), "family": family,
                         "first": np.arange(len(table))}).sort_values("path", kind="stable")  # fmt: skip
    units = rows.drop_duplicates("family").set_index("family")
    return units.assign(size=np.bincount(family)[units.index])


def _check_class_sizes(units, labels, splits):
    counts = units["label"].value_counts().reindex(np.unique(labels), fill_value=0)
    small = counts[counts < len(splits)]
    if len(small):
        sizes = ", ".join(f"{label!r} has {count}" for label, count in small.items())
        raise CourseError(
            f"Each class needs at least {len(splits)} pictures (one for each of {', '.join(splits)}; copies count "
            f"once), but {sizes}.\nAdd pictures to these classes, or drop them: "
            f"table = table[~table['label'].isin({small.index.tolist()})]"
        )


def _deal(rows, target, wanted, rng):
    """Give each unit of one class that has no split yet a split (an index), so that the wanted counts are met.

    Works on `target` in place: (N,) floats, nan where undecided; only each unit's first row is written.
    """
    first, size = rows["first"].to_numpy(), rows["size"].to_numpy()
    undecided = np.isnan(target[first])
    given = target[first][~undecided].astype(int)
    room = wanted - np.bincount(given, weights=size[~undecided], minlength=len(wanted))  # pictures still to come
    have = np.bincount(given, minlength=len(wanted))  # units there
    order = rng.permutation(np.flatnonzero(undecided))
    many = order[size[order] > 1]
    many = many[np.argsort(-size[many], kind="stable")]  # large families first, while there is room
    for done, unit in enumerate(many):
        lacking = (wanted > 0) & (have == 0)
        allowed = lacking if len(order) - done <= lacking.sum() else wanted > 0
        place = int(np.argmax(np.where(allowed, room, -np.inf)))
        target[first[unit]] = place
        room[place] -= size[unit]
        have[place] += 1
    single = order[size[order] == 1]
    counts = _fill(len(single), room, (wanted > 0) & (have == 0), wanted)
    target[first[single]] = np.repeat(np.arange(len(wanted)), counts)


def split_counts(total: int, shares) -> np.ndarray:
    """How many of `total` go to each share, (S,) ints: rounded, one at least, the rest to the first."""
    counts = np.array([max(1, round(total * share)) if share > 0 else 0 for share in shares])
    counts[0] = total - counts[1:].sum()
    while counts[0] < 1 < counts.max():  # a tiny class: training takes one back from the largest
        counts[counts.argmax()] -= 1
        counts[0] += 1
    return counts


def _fill(total, room, lacking, wanted):
    """Counts that sum to `total`: one where a split has nothing yet, then by the room that is left."""
    counts = np.where(np.cumsum(lacking) <= total, lacking, 0).astype(int)
    room = np.maximum(room - counts, 0)
    if room.sum() == 0:  # large families or earlier pictures have used up every share
        room = wanted.astype(float)
    exact = room * (total - counts.sum()) / room.sum()
    counts += np.floor(exact).astype(int)
    by_remainder = np.argsort(-(exact % 1), kind="stable")
    counts[by_remainder[: total - counts.sum()]] += 1
    return counts
