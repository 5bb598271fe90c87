"""Image tables: one row per picture, columns `path`, `label`, `split` and what the file is like.

Every later step starts from such a table, so it is checked here, once. `path` is POSIX, relative to
`table.attrs["root"]`, and stands in one row only.
Words: a *label* is a class's name (str); a *target* is its index (int) among `class_names(table)`, which are
sorted and the same for all splits. A picture that cannot be used is in the problems, not in the table.
"""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.data import csvs, folders, images
from utils.data.examining import examine_all
from utils.data.folders import SPLITS, Problem, Row
from utils.errors import CourseError, named

# kind -> (left out?, what it is, what to do); a picture's own problems are in images.PROBLEMS
LISTING_PROBLEMS = {
    "system file": (True, "a file that the system or an editor left there", "nothing; it is ignored"),
    "no picture": (True, "its name does not end like a picture's", "if it is one, convert or rename it"),
    "beside the classes": (True, "a picture in no class folder", "move it into the folder of its class"),
    "outside the splits": (True, "a folder beside train, valid and test", "move its pictures into one of them"),
    "folder cannot be read": (True, "the system refuses to list the folder", "change its permissions"),
    "link loop": (True, "the folder is met a second time, by a link back to one above it, say", "remove the link"),
    "unreadable name": (True, "the name is in no encoding that can be printed or saved", "rename it"),
    "empty class": (False, "a class folder without pictures", "add pictures, or remove the folder"),
    "small class": (False, "fewer than 3 pictures, so not one for each split", "add pictures, or drop the class"),
    "missing in a split": (False, "the class has no picture in this split", "add some, or split anew"),
    "empty cell": (True, "the row has no path or no label", "fill in the cell"),
    "leaves the root": (True, "the path leads out of the pictures' folder", "give the folder above as data_dir"),
    "unknown split": (True, "the row's split is not train, valid or test", "correct the cell"),
    "two labels": (True, "the same path has different labels in different rows", "decide which is right"),
    "in two splits": (True, "the path is in several splits; the first one keeps it", "remove it from one CSV"),
    "listed twice": (True, "the same row once more", "nothing; it counts once"),
}
PROBLEMS = LISTING_PROBLEMS | images.PROBLEMS
LEAST_PER_CLASS = len(SPLITS)


class Scan(NamedTuple):
    """What `scan` found: the image table, and one row for each problem, left out or not."""

    table: pd.DataFrame
    problems: pd.DataFrame


def scan(
    data_dir, csv=None, columns=None, labels=None, limit=None, seed=0, threads=None, progress=True, labelled=True
) -> Scan:
    """Look at every picture of a folder or CSV: a table of the good ones, and everything that is wrong.

    Reads only: the folder is the same afterwards. Each picture is decoded once, side by side.

    Args:
        data_dir: folder with one folder a class, or train, valid and test folders of such. With `csv`: the
            folder that its paths start from (None: the CSV's own folder).
        csv: instead of the folders' names, a CSV with path and label; or several (see `csvs.list_csv`).
        columns: for a CSV, which column is what, by name or number.
        labels: for a CSV, the name of each label in it.
        limit: look at about so many pictures only, each class by its share, for a quick try. None or 0: all.
        seed: which ones `limit` takes.
        threads: how many pictures are examined at the same time; None takes one a core, at most 8.
        progress: whether to show a bar.
        labelled: False for pictures that nobody has sorted yet, to be predicted: all those in the folder and in the
            folders below it, with an empty label (nan).

    Returns:
        Scan(table, problems). Table: path, label, [split], width, height, mode, format, bytes, digest, phash.
        Problems: path, label, problem, detail, left_out, advice.

    Raises:
        CourseError: there is nothing to look at (folder or CSV missing, empty, unreadable, all pictures broken).
    """
    root, rows, found = _listed(data_dir, csv, columns, labels) if labelled else _unlabelled(data_dir, csv)
    looked_at = _limited(rows, limit, seed)
    facts = examine_all([os.path.join(root, row.path) for row in looked_at], threads=threads, progress=progress)
    for row, fact in zip(looked_at, facts):
        found += [Problem(row.path, row.label, *problem) for problem in fact.problems]
    table = _table(root, looked_at, facts)
    if table.empty:
        raise CourseError(_nothing_left(root, looked_at, facts))
    if labelled:
        found += _class_problems(table, looked_at, set(rows) - set(looked_at))
    else:
        table["label"] = pd.Series(np.nan, table.index, dtype=object)
    return Scan(table, problem_table(found))


def class_names(table: pd.DataFrame) -> list[str]:
    """The labels, sorted: a class's target is its place in this list, the same for every split."""
    return sorted(table["label"].unique())


def require_classes(table: pd.DataFrame, at_least: int = 2) -> list[str]:
    """The class names; a CourseError where there are too few of them to tell apart."""
    found = class_names(table)
    if len(found) < at_least:
        root = Path(table.attrs.get("root", "."))
        raise CourseError(f"A classifier tells at least {at_least} classes apart, but this table has {len(found)}: "
                          f"{named(found)}. Add a folder with pictures of something else; if the classes are one "
                          f"level deeper, give '{root / found[0]}' as data_dir.")  # fmt: skip
    return found


def problem_table(found: list[Problem]) -> pd.DataFrame:
    """One row a problem, the pictures left out first, with what to do about it."""
    rows = [(*problem, PROBLEMS[problem.kind][0], "{1}; {2}".format(*PROBLEMS[problem.kind])) for problem in found]
    table = pd.DataFrame(rows, columns=["path", "label", "problem", "detail", "left_out", "advice"])
    table["left_out"] = table["left_out"].astype(bool)
    order = ["left_out", "problem", "path", "label", "detail"]
    return table.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True)


def _listed(data_dir, csv, columns, labels):
    if not csv:
        root = folders.existing_folder(data_dir)
        return root, *folders.list_folder(root)
    root = folders.existing_folder(data_dir) if data_dir else _folder_of(csv)
    rows, found = csvs.list_csv(csv, root, columns, labels)
    if not rows:
        kinds = named(sorted({problem.kind for problem in found})) if found else "it has no rows"
        raise CourseError(f"No row of the CSV can be used ({kinds}). The paths start from '{root}': is that right?")
    return root, rows, found


def _unlabelled(data_dir, csv):
    """As `_listed`, for a folder whose folders' names mean nothing; the label of a row is empty."""
    if csv:
        raise CourseError("labelled=False is for a folder, but a CSV was given. Give the pictures' folder as data_dir, or "
                          "leave labelled=False out.")  # fmt: skip
    root = folders.existing_folder(data_dir)
    rows, found = folders.pictures_below(root, "", "", None, set())
    if not rows:
        raise CourseError(f"Expected pictures in '{root}' or in folders below it, but found none, only "
                          f"{named(problem.path for problem in found) or 'nothing at all'}.")  # fmt: skip
    return root, sorted(rows), found


def _folder_of(csv):
    if isinstance(csv, (list, dict)):
        csv = next(iter(csv.values() if isinstance(csv, dict) else csv))
    path = folders.absolute(csv)
    return path if folders.is_folder(path) else path.parent


def _limited(rows, limit, seed):
    """About `limit` rows, of each label and split its share, one at least; the same for any listing order."""
    if not limit or limit >= len(rows):
        return rows
    if limit < 1:
        raise CourseError(f"limit is the number of pictures to look at, so at least 1, but it is {limit}.")
    listed = pd.DataFrame(sorted(rows, key=lambda row: row.path), columns=Row._fields)
    rng = np.random.default_rng(seed)
    kept = []
    for places in listed.groupby(["label", "split"], dropna=False, sort=True).indices.values():
        kept += list(rng.permutation(places)[: max(1, round(limit * len(places) / len(rows)))])
    return [Row(*row) for row in listed.loc[sorted(kept)].itertuples(index=False)]


def _table(root, rows, facts):
    table = pd.DataFrame(rows, columns=Row._fields)
    if table["split"].isna().all():
        table = table.drop(columns="split")
    looks = pd.DataFrame([fact[:-1] for fact in facts], columns=images.PictureFacts._fields[:-1])
    looks["phash"] = np.array([fact.phash for fact in facts], dtype=np.uint64)
    good = [not any(PROBLEMS[kind][0] for kind, _ in fact.problems) for fact in facts]
    table = pd.concat([table, looks], axis=1)[good].reset_index(drop=True)
    table.attrs["root"] = str(root)
    return table


def _class_problems(table, looked_at, unseen):
    """What is wrong with whole classes; pictures that `limit` left unseen count as good."""
    present = [*zip(table["label"], table.get("split", [None] * len(table)))]
    present += [(row.label, row.split) for row in unseen]
    counts = Counter(label for label, _ in present)
    found = [Problem("", label, "empty class", f"none of its {count} pictures can be used")
             for label, count in Counter(row.label for row in looked_at).items() if label not in counts]  # fmt: skip
    found += [Problem("", label, "small class", f"{count} pictures")
              for label, count in counts.items() if count < LEAST_PER_CLASS]  # fmt: skip
    pairs = set(present)
    splits = [split for split in SPLITS if any((label, split) in pairs for label in counts)]
    return found + [Problem("", label, "missing in a split", split)
                    for label in counts for split in splits if (label, split) not in pairs]  # fmt: skip


def _nothing_left(root, rows, facts):
    kinds = pd.Series([kind for fact in facts for kind, _ in fact.problems]).value_counts()
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return (f"Not one of the {len(rows)} pictures in '{root}' can be used: {listed}. "
            f"The first one looked for is '{root / rows[0].path}'.")  # fmt: skip
