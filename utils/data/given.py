"""A split that came with the pictures, made fit to judge by: copies out of the score, and no part missing.

A published split is kept where it can be. A picture of test (or valid) that training has seen too, byte for byte or saved
anew, would be answered by heart; so it is taken out, and whoever reads the score is told. Introduced in lesson 09.
"""

import pandas as pd

from utils.data.copies import families
from utils.data.folders import SPLITS
from utils.data.splits import add_splits
from utils.errors import CourseError, named

HALF = 0.5  # of valid, for a test where none came along
HELD_BACK = 0.2  # of train, for a valid where none came along
TAKEN = {
    (): "",
    ("test",): "no test came along: half of valid became it",
    ("valid",): "no valid came along: a fifth of train became it",
    ("valid", "test"): "neither valid nor test came along: a fifth of train became the two",
}


def drop_leaks(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table without pictures that lie in an earlier split too (train before valid before test), and those pictures.

    Args:
        table: image table with `split`, and what `scan` makes or `add_families` adds.

    Raises:
        CourseError: there is no column split.
    """
    if "split" not in table:
        raise CourseError(
            "Leaks lie between splits, but the table has no column split. Split it first: add_splits(table)"
        )
    place = table["split"].map({name: number for number, name in enumerate(SPLITS)})
    earliest = place.groupby(families(table)).transform("min")
    is_leak = (place > earliest).to_numpy()
    return table[~is_leak].reset_index(drop=True), table[is_leak].reset_index(drop=True)


def with_all_splits(table: pd.DataFrame, fractions, seed: int = 0) -> tuple[pd.DataFrame, str]:
    """The table with train, valid and test, and a sentence where one of them had to be taken from another ("" where not).

    A table without splits is split by the fractions. Where test is missing, half of valid becomes it; where valid is
    missing, a fifth of train. Copies stay together, classes keep their shares.

    Raises:
        CourseError: there is no train in the split that came along; or a class is too small, as for `add_splits`.
    """
    there = set(table["split"].dropna()) if "split" in table else set()
    if not there or table["split"].isna().any():
        return add_splits(table, fractions, seed), ""
    if "train" not in there:
        raise CourseError(f"Expected pictures in train, but the split that came along has only {named(sorted(there))}. Give the "
                          "whole set, or drop its split to have it split anew.")  # fmt: skip
    missing = [name for name in SPLITS if name not in there]
    if "valid" in missing:
        table = _parted(table, "train", "valid", HELD_BACK, seed)
    if "test" in missing:
        table = _parted(table, "valid", "test", HALF, seed)
    return table, TAKEN[tuple(missing)]


def _parted(table, source, part, share, seed):
    """The table with a share of the rows of one split moved into another, class by class."""
    rows = table[table["split"] == source].drop(columns="split")
    dealt = add_splits(rows, (1 - share, 0, share), seed)["split"]
    moved = dealt.index[dealt == "test"]
    return table.assign(split=table["split"].where(~table.index.isin(moved), part))
