"""What there is to say about a folder of pictures, in plain sentences: findings, the serious ones marked.

Each finding is true or false for the table at hand, names the classes or files, and says what to do.
"""

import math
from typing import NamedTuple

import pandas as pd

from utils.data.copies import find_contradictions, find_leaks
from utils.data.folders import SPLITS
from utils.data.tables import Scan
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


def in_use(scanned: Scan, split: pd.DataFrame) -> str:
    """What a training begins with: a line with the pictures of each split and the classes, below it what is left out.

    Args:
        scanned: what `scan` returned.
        split: its table with splits, without the classes that are too small for that (see `drop_small_classes`).
    """
    counts = split["split"].value_counts()
    pictures = {name: int(counts.get(name, 0)) for name in SPLITS}
    return "\n".join([f"{pictures} pictures in {split['label'].nunique()} classes", *what_is_left_out(scanned, split)])


def what_is_left_out(scanned: Scan, split: pd.DataFrame) -> list[str]:
    """A sentence for the files, and one for the classes, that were there and are not used; none where all is used."""
    files, small = _files_left_out(scanned.problems), sorted(set(scanned.table["label"]) - set(split["label"]))
    told = [f"{files} Lesson 01 looks at them."] if files else []
    if small:
        told.append(f"{_count(len(small), 'class was', 'classes were')} left out, {named(small)}: fewer than {len(SPLITS)} different "
                    "pictures, so not one for each split.")  # fmt: skip
    return told


def _files_left_out(problems):
    """A sentence about them; "" where nobody misses one: of the system's own, or another row of the same picture."""
    missed = problems["left_out"] & ~problems["problem"].isin(("system file", "listed twice"))
    files = problems[missed].drop_duplicates("path")
    were = _count(len(files), "file was", "files were")
    return f"{were} left out, {named(files['path'], 3)}: {_kinds(files)}." if len(files) else ""


def _usable(table, problems):
    yield Finding("good", f"{len(table):,} pictures in {table['label'].nunique()} classes can be used.")
    if told := _files_left_out(problems):
        yield Finding("serious", f"{told} Names and remedies of all: problems.csv.")


def _classes(table):
    counts = table["label"].value_counts()
    if len(counts) == 1:
        yield Finding("serious", f"There is only one class, {counts.index[0]!r}: a classifier has nothing to tell apart. "
                                 "Add a folder with pictures of something else.")  # fmt: skip
        return
    ratio = counts.iloc[0] / counts.iloc[-1]
    sizes = f"{counts.index[0]!r} has {counts.iloc[0]:,} pictures, {counts.index[-1]!r} has {counts.iloc[-1]:,}"
    if ratio > IMBALANCED:
        yield Finding("serious", f"The classes are unequal: {sizes}, {ratio:.1f} times fewer. Judge each class by how many "
                                 "of its own pictures are found; accuracy alone hides the small ones.")  # fmt: skip
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
            f"{_count(len(few), 'class has', 'classes have')} fewer than {FEW} pictures: {named(few.index)}. Collect more of "
            "these first.",
        )


def _copies(copies):
    if copies.empty:
        yield Finding("good", "No picture is a copy of another.")
        return
    yield Finding("note", f"{len(copies):,} pictures are copies: only {copies['family'].nunique():,} of them are different. "
                          "A split must keep copies together.")  # fmt: skip
    contradictions = find_contradictions(copies)
    if len(contradictions):
        yield Finding("serious", f"{_of_families(contradictions, 'has', 'have')} two labels, for instance "
                                 f"{named(contradictions['path'], 2)}: one label is wrong.")  # fmt: skip
    leaks = find_leaks(copies) if "split" in copies else copies[:0]
    if len(leaks):
        yield Finding("serious", f"{_of_families(leaks, 'lies', 'lie')} in more than one split, for instance "
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
            "note",
            f"An accuracy measured on {counts['test']:,} test pictures is uncertain by up to ±{100 * spread:.0f} points.",
        )


def _looks(table, size):
    width, height = table["width"], table["height"]
    shapes = f"{_range(width)} px wide and {_range(height)} px high"
    small = (table[["width", "height"]].min(axis=1) < size).mean()
    yield Finding("note", f"The pictures are {shapes}; {small:.0%} have a side shorter than the network's {size} px.")
    ratio = width / height
    if ratio.max() > 2 or ratio.min() < 0.5:
        extremity = ratio.where(ratio >= 1, 1 / ratio)  # of a square as wide as high, so much is lost or stretched
        worst, lost = extremity.max(), 1 - 1 / extremity.max()
        yield Finding("note", f"Their shapes differ (width over height from {ratio.min():.2f} to {ratio.max():.2f}). Made "
                              f"square, the most extreme ({table['path'][extremity.idxmax()]!r}) loses {lost:.0%} if "
                              f"cropped, is stretched {worst:.1f} times if squashed, and leaves {lost:.0%} of the square "
                              "empty if padded.")  # fmt: skip
    grey = table["mode"].isin({"L", "1", "LA", "I;16"})
    if 0 < grey.sum() < len(table):
        by_class = grey.groupby(table["label"]).mean()
        uneven = by_class.max() - by_class.min() > 0.5
        yield Finding("serious" if uneven else "note", f"{grey.sum():,} pictures are greyscale, {(~grey).sum():,} in colour"
                      + (f": mostly of {by_class.idxmax()!r}, so a network may learn colour instead of the thing." if uneven else "."))  # fmt: skip


def _count(number, one, more):
    return f"{number:,} {one if number == 1 else more}"


def _of_families(copies, one, more):
    """'2 pictures (4 files) lie': a family of copies is one picture."""
    return f"{_count(copies['family'].nunique(), 'picture', 'pictures')} ({len(copies):,} files) " + (
        one if copies["family"].nunique() == 1 else more
    )


def _range(values):
    return f"{values.min():,}" if values.min() == values.max() else f"{values.min():,} to {values.max():,}"


def _noted(problems):
    kept = problems[~problems["left_out"] & (problems["path"] != "")]
    if len(kept):
        yield Finding("note", f"Read all the same, but worth a look: {_kinds(kept)}.")


def _kinds(problems):
    return ", ".join(f"{count:,} {kind}" for kind, count in problems["problem"].value_counts(sort=False).items())
