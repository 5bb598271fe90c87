"""Folders as a list of pictures: which file has which label and split, and which files are no pictures.

Two layouts: a folder a class (`cat/1.jpg`), or a train/valid/test tree of such (`train/cat/1.jpg`). Folders
inside a class folder belong to the class. Everything that is no picture is named, nothing is skipped silently.
Reads names only: what is inside the files is the business of `images`.
"""

import difflib
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from utils.data.images import is_picture_name
from utils.errors import CourseError, named

SPLITS = ("train", "valid", "test")
SPLIT_ALIASES = {"train": "train", "training": "train", "valid": "valid", "val": "valid", "validation": "valid",
                 "test": "test", "testing": "test"}  # fmt: skip
LITTER = {"thumbs.db", "desktop.ini", "icon\r", "__macosx"}
CARDS = {"readme.md", "readme.txt", "readme", "license", "license.txt", "license.md"}


class Row(NamedTuple):
    """One picture of a list: `path` in POSIX form relative to the root, `split` None where none is given."""

    path: str
    label: str
    split: str | None = None


class Problem(NamedTuple):
    """Something wrong with one path: `kind` is explained in PROBLEMS of `images` or `tables`."""

    path: str
    label: str
    kind: str
    detail: str = ""


def list_folder(root: Path) -> tuple[list[Row], list[Problem]]:
    """All pictures below a folder, sorted by path, with label and split from the folders' names.

    Raises:
        CourseError: the folder is missing, no folder, unreadable, or holds no class folder with a picture.
    """
    root = existing_folder(root)
    folders, files, problems = _entries(root, "", set())
    rows = []
    for folder, label, split in _class_folders(root, folders, problems):
        found = _pictures(root, folder, label, split, problems)
        rows += found
        if not found:
            problems.append(Problem(folder, label, "empty class"))
    for path in files:
        if path.lower() not in CARDS:
            kind = "beside the classes" if is_picture_name(path) else "no picture"
            problems.append(Problem(path, "", kind))
    if not rows:
        raise CourseError(_no_pictures(root, folders, files, problems))
    return sorted(rows), problems


def existing_folder(root: str | Path) -> Path:
    """The folder as an absolute path; a CourseError that helps where it is none."""
    root = Path(root).expanduser().absolute()
    if root.is_dir():
        if not os.access(root, os.R_OK | os.X_OK):
            raise CourseError(f"The folder '{root}' may not be read. Change its permissions: chmod -R u+rX '{root}'")
        return root
    if root.is_file():
        more = {".csv": " Give a CSV as csv=..., and the folder of its pictures as data_dir.",
                ".zip": " Unpack it first."}.get(root.suffix.lower(), "")  # fmt: skip
        raise CourseError(f"Expected a folder with one folder a class, but '{root}' is a file.{more}")
    parent = next(folder for folder in root.parents if folder.is_dir())
    near = difflib.get_close_matches(root.name, [entry.name for entry in parent.iterdir() if entry.is_dir()], 1, 0.6)
    advice = f"Did you mean '{parent / near[0]}'?" if near else f"The part that exists is '{parent}'."
    raise CourseError(f"Expected a folder with one folder a class, but '{root}' does not exist. {advice}")


def _class_folders(root, folders, problems):
    """Yields (folder, label, split); folders that belong to no class become problems."""
    is_tree = any(SPLIT_ALIASES.get(name.lower()) == "train" and _has_folders(root / name) for name in folders)
    if not is_tree:
        yield from ((name, name, None) for name in folders)
        return
    for name in folders:
        split = SPLIT_ALIASES.get(name.lower())
        if split is None:
            problems.append(Problem(name, "", "outside the splits"))
            continue
        inner, files, found = _entries(root, name, set())
        problems += found
        problems += [Problem(path, "", "beside the classes" if is_picture_name(path) else "no picture") for path in files]
        yield from ((folder, folder.rpartition("/")[2], split) for folder in inner)


def _pictures(root, folder, label, split, problems, seen=None):
    """The pictures of one class folder, its subfolders included; a folder met twice on one way down is a loop."""
    seen = set() if seen is None else seen
    folders, files, found = _entries(root, folder, seen)
    problems += [problem._replace(label=label) for problem in found]
    rows = [Row(path, label, split) for path in files if is_picture_name(path)]
    problems += [Problem(path, label, "no picture") for path in files if not is_picture_name(path)]
    for inner in folders:
        rows += _pictures(root, inner, label, split, problems, seen)
    return rows


def _entries(root, folder, seen):
    """Sorted names of the folders and files in one folder (relative to root), and problems met on the way."""
    place = root / folder
    folders, files, problems = [], [], []
    try:
        identity = (place.stat().st_dev, place.stat().st_ino)
        if identity in seen:
            return [], [], [Problem(folder, "", "link loop")]
        seen.add(identity)
        entries = sorted(os.scandir(place), key=lambda entry: entry.name)
    except OSError as error:
        return [], [], [Problem(folder, "", "folder cannot be read", error.strerror or "")]
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name.startswith(".") or entry.name.lower() in LITTER:
            problems.append(Problem(path, "", "system file"))
        elif entry.is_dir():
            folders.append(path)
        else:
            files.append(path)
    return folders, files, problems


def _has_folders(folder):
    return any(entry.is_dir() and not entry.name.startswith(".") for entry in os.scandir(folder))


def _no_pictures(root, folders, files, problems):
    loose = [path for path in files if is_picture_name(path)]
    if loose:
        return (f"Expected one folder a class in '{root}', but its {len(loose)} pictures lie in no class folder "
                f"({named(loose, 3)}). Move copies of them into a folder a class, or give a CSV with their labels.")  # fmt: skip
    if not folders and not files and not problems:
        return f"Expected one folder a class in '{root}', but the folder is empty."
    names = files + [problem.path for problem in problems]
    kinds = Counter(os.path.splitext(name)[1].lower() or "no extension" for name in names if name not in folders)
    seen = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common(5)) or "nothing else"
    return (f"Expected pictures in the folders of '{root}' ({named(folders, 5) or 'there is none'}), but found none "
            f"(only {seen}). Pictures end in .jpg, .png, .webp, .bmp, .tiff or another format that Pillow reads.")  # fmt: skip
