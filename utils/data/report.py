"""What there is to say about a folder of pictures, in plain sentences: findings, the serious ones marked.

Each finding is true or false for the table at hand, names the classes or files, and says what to do.
"""

import math
from typing import NamedTuple

import pandas as pd

from utils.data.copies import find_contradictions, find_leaks
from utils.data.folders import SPLITS
from utils.errors import named

FEW = 30  # pictures a class under which scores of that class mean little
IMBALANCED = 3  # times the smallest class


class Finding(NamedTuple):
    """One sentence of the report; `level` is "good", "note" or "serious"."""

    level: str
    text: str

    def __str__(self):
        return {"good": "✓", "note": "·", "serious": "!"}[self.level] + " " + self.text


def describe(table: pd.DataFrame, problems: pd.DataFrame, copies: pd.DataFrame, size: int = 224) -> list[Finding]:
    """The findings about a scanned folder, in the order in which they matter.

    Args:
        table, problems: what `scan` returned; the table may have splits by now.
        copies: what `find_copies(table)` returned.
        size: pixels that the network will see on a side.
    """
    return [*_usable(table, problems), *_classes(table), *_copies(copies), *_splits(table), *_looks(table, size),
            *_noted(problems)]  # fmt: skip


def _usable(table, problems):
    left_out = problems[problems["left_out"]].drop_duplicates("path")
    yield Finding("good", f"{len(table):,} pictures in {table['label'].nunique()} classes can be used.")
    serious = left_out[left_out["problem"] != "system file"]
    if len(serious):
        yield Finding(
            "serious",
            f"{len(serious):,} files were left out: {_kinds(serious)}. See problems.csv for names and remedies.",
        )


def _classes(table):
    counts = table["label"].value_counts()
    if len(counts) == 1:
        yield Finding("serious", f"There is only one class, {counts.index[0]!r}: a classifier has nothing to tell apart. "
                                 "Add a folder with pictures of something else.")  # fmt: skip
        return
    ratio = counts.iloc[0] / counts.iloc[-1]
    sizes = f"{counts.index[0]!r} has {counts.iloc[0]:,} pictures, {counts.index[-1]!r} has {counts.iloc[-1]:,}"
    if ratio > IMBALANCED:
        yield Finding("serious", f"The classes are unequal: {sizes}, {ratio:.1f} times fewer. Judge each class by its own "
                                 "recall; accuracy alone hides the small ones.")  # fmt: skip
    else:
        yield Finding("good", f"The classes are of similar size: {sizes}.")
    yield Finding(
        "note",
        f"The score to beat: always answering {counts.index[0]!r} is right {counts.iloc[0] / counts.sum():.1%} of the time.",
    )
    few = counts[counts < FEW]
    if len(few):
        yield Finding(
            "serious",
            f"{len(few)} classes have fewer than {FEW} pictures: {named(few.index)}. Collect more of these first.",
        )


def _copies(copies):
    if copies.empty:
        yield Finding("good", "No picture is a copy of another.")
        return
    yield Finding("note", f"{len(copies):,} pictures are copies: only {copies['family'].nunique():,} of them are different. "
                          "A split must keep copies together.")  # fmt: skip
    contradictions = find_contradictions(copies)
    if len(contradictions):
        yield Finding("serious", f"{contradictions['family'].nunique()} pictures have two labels in different copies, for "
                                 f"instance {named(contradictions['path'], 2)}: one label is wrong.")  # fmt: skip
    leaks = find_leaks(copies) if "split" in copies else copies[:0]
    if len(leaks):
        yield Finding("serious", f"{leaks['family'].nunique()} pictures lie in more than one split, for instance "
                                 f"{named(leaks['path'], 2)}: scores measured on this split are too good.")  # fmt: skip


def _splits(table):
    if "split" not in table:
        return
    counts = table["split"].value_counts().reindex(SPLITS, fill_value=0)
    listed = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    missing = [split for split, count in counts.items() if not count]
    yield Finding(
        "serious" if missing else "note",
        f"The split: {listed}.{' There is no ' + ' and no '.join(missing) + ' part.' if missing else ''}",
    )
    if counts["test"]:
        # The widest a 95 % interval gets (at half right), in the normal approximation: lesson 06 has better ones.
        spread = 1.96 * math.sqrt(0.25 / counts["test"])
        yield Finding(
            "note", f"An accuracy measured on {counts['test']:,} test pictures is uncertain by up to ±{spread:.0%}."
        )


def _looks(table, size):
    width, height = table["width"], table["height"]
    shapes = f"{_range(width)} px wide and {_range(height)} px high"
    small = (table[["width", "height"]].min(axis=1) < size).mean()
    yield Finding("note", f"The pictures are {shapes}; {small:.0%} are smaller than the network's {size} px.")
    ratio = width / height
    if ratio.max() > 2 or ratio.min() < 0.5:
        worst = max(ratio.max(), 1 / ratio.min())  # of a square as wide as high, so much is lost or stretched
        yield Finding("note", f"Their shapes differ (width over height from {ratio.min():.2f} to {ratio.max():.2f}): made "
                              f"square, cropping loses up to {1 - 1 / worst:.0%} of a picture, squashing stretches up to "
                              f"{worst:.1f} times, padding leaves up to {1 - 1 / worst:.0%} of the square empty.")  # fmt: skip
    grey = table["mode"].isin({"L", "1", "LA", "I;16"})
    if 0 < grey.sum() < len(table):
        by_class = grey.groupby(table["label"]).mean()
        uneven = by_class.max() - by_class.min() > 0.5
        yield Finding("serious" if uneven else "note", f"{grey.sum():,} pictures are greyscale, {(~grey).sum():,} in colour"
                      + (f": mostly of {by_class.idxmax()!r}, so a network may learn colour instead of the thing." if uneven else "."))  # fmt: skip


def _range(values):
    return f"{values.min():,}" if values.min() == values.max() else f"{values.min():,} to {values.max():,}"


def _noted(problems):
    kept = problems[~problems["left_out"] & (problems["path"] != "")]
    if len(kept):
        yield Finding("note", f"Read all the same, but worth a look: {_kinds(kept)}.")


def _kinds(problems):
    return ", ".join(f"{count:,} {kind}" for kind, count in problems["problem"].value_counts(sort=False).items())
