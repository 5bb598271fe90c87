"""A split as a folder tree, train/valid/test with a folder a class in each, for programs that want one.

Made on request only, in a new folder: the pictures are copied or linked, and the reader's own are only read.
Below the class a picture keeps the path that it has below its class; where two would meet (`1.jpg` of train and
`1.jpg` of test, split anew), all keep their whole path.
"""

import os
import re
import shutil
import uuid
from collections import Counter
from pathlib import Path, PurePosixPath

import pandas as pd
from tqdm.auto import tqdm

from utils.data.folders import LITTER, SPLITS, absolute
from utils.errors import CourseError, named

WAYS = ("copy", "link")
LONGEST_NAME = 255  # bytes, on every common file system
NO_NAME = re.compile(r'[/\\\x00-\x1f<>:"|?*]|[ .]$' if os.name == "nt" else r"[/\\\x00-\x1f]")


def export_tree(table: pd.DataFrame, folder: str | Path, how: str = "copy", progress: bool = True) -> Path:
    """Write the pictures of a split table as folder/train/<label>/..., folder/valid/... and folder/test/...

    The tree appears under its name when it is complete; what a kill leaves has another name, with a dot in front.

    Args:
        table: image table with a split for each picture, as `scan` and `add_splits` make it.
        folder: a new folder, outside of the pictures' own.
        how: "copy" for copies, "link" for symbolic links to the pictures (hard ones where the system refuses
            those): no room needed, but they break where the pictures are moved.
        progress: whether to show a bar.

    Returns:
        The folder, absolute.

    Raises:
        CourseError: the folder exists or lies among the pictures, a picture has no split or is gone, a label cannot
            be a folder's name, or the disk is full.
    """
    if how not in WAYS:
        raise CourseError(f"Expected how to be one of {named(WAYS)}, but got {how!r}.")
    folder, root = absolute(folder), _root(table)
    _check_target(folder, root)
    _check_splits(table)
    _check_labels(table["label"].unique())
    _check_pictures(table["path"], root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        _write(table, root, unfinished, how, progress)
        unfinished.rename(folder)
    except OSError as error:
        raise CourseError(f"The export to '{folder}' stopped: {error}. Nothing of it was left.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def tree_paths(table: pd.DataFrame) -> list[str]:
    """Where each picture goes: split/label/path, POSIX, no two alike in any letter case."""
    below = [_below_class(path, label) for path, label in zip(table["path"], table["label"])]
    found = _joined(table, below)
    if max(Counter(path.casefold() for path in found).values(), default=1) > 1:
        found = _joined(table, table["path"])
    return found


def _joined(table, below):
    return [f"{split}/{label}/{path}" for split, label, path in zip(table["split"], table["label"], below)]


def _below_class(path, label):
    """inner/1.jpg of train/cat/inner/1.jpg, for the label cat; the whole path where no folder has that name."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[parts.index(label) + 1 :]) if label in parts[:-1] else path


def _write(table, root, folder, how, progress):
    folder.mkdir()
    for split in SPLITS:
        (folder / split).mkdir()
    for split, label in sorted(set(zip(table["split"], table["label"]))):
        (folder / split / label).mkdir()  # fails where the disk takes 'Cat' and 'cat' for one name
    bar = tqdm(total=len(table), desc="exporting", unit=" pictures", disable=not progress)
    with bar:
        for path, target in zip(table["path"], tree_paths(table)):
            place = folder / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if how == "copy":
                shutil.copyfile(root / path, place)
            else:
                _link(root / path, place)
            bar.update()


def _link(picture, place):
    try:
        place.symlink_to(picture)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # Windows allows symbolic links to developers only
        place.hardlink_to(picture)


def _root(table):
    if "root" not in table.attrs:
        raise CourseError(
            "Expected an image table that knows its folder, but table.attrs has no 'root'. "
            "Make the table with scan, or set it: table.attrs['root'] = 'folder/of/the/pictures'"
        )
    return absolute(table.attrs["root"])


def _check_target(folder, root):
    if os.path.lexists(folder):
        raise CourseError(f"Expected a new folder, but '{folder}' exists already. Give another name, or remove it.")
    if root.resolve() in folder.resolve().parents:
        raise CourseError(
            f"Expected a folder outside of the pictures, but '{folder}' lies in '{root}': the next scan would find "
            f"each picture twice. Give one beside it: '{root.parent / folder.name}'"
        )


def _check_splits(table):
    if "split" not in table:
        raise CourseError("There is no split to export: the table has no column split. Make it: add_splits(table)")
    wrong = table["path"][~table["split"].isin(SPLITS)]
    if len(wrong):
        raise CourseError(
            f"Expected a split ({', '.join(SPLITS)}) for each picture, but {len(wrong)} have none: {named(wrong, 3)}. "
            "Deal them out: add_splits(table)"
        )


def _check_labels(labels):
    wrong = [label for label in sorted(labels) if not _is_folder_name(label)]
    if wrong:
        raise CourseError(
            f"Expected labels that can be folders' names, but got {named(wrong)}. Rename them, for instance: "
            f"table['label'] = table['label'].replace({{{wrong[0]!r}: 'another name'}})"
        )


def _is_folder_name(label):
    """Whether a folder of this name can be made, and is seen again by a scan."""
    hidden = label.startswith(".") or label.lower() in LITTER
    return bool(label.strip()) and not hidden and not NO_NAME.search(label) and len(label.encode()) <= LONGEST_NAME


def _check_pictures(paths, root):
    outside = [path for path in paths if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts]
    if outside:
        raise CourseError(f"Expected paths inside '{root}', but {named(outside)} lead out of it.")
    gone = [path for path in paths if not os.path.isfile(root / path)]  # noqa: PTH113 - Path raises
    if gone:
        raise CourseError(f"Expected all pictures of the table in '{root}', but {len(gone)} are not there: "
                          f"{named(gone)}. Scan the folder again.")  # fmt: skip
