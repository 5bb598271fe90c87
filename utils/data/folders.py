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
LITTER = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"}
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
    above = set()  # the root and the splits: a link in a class that leads back there would bring in other classes
    folders, files, problems = _entries(root, "", above)
    rows = []
    for folder, label, split in list(_class_folders(root, folders, problems, above)):
        found, met = pictures_below(root, folder, label, split, set(above))
        rows += found
        problems += met
        if not found and not any(problem.path == folder for problem in met):
            problems.append(Problem(folder, label, "empty class"))
    problems += _loose(path for path in files if path.lower() not in CARDS)
    if not rows:
        raise CourseError(_no_pictures(root, folders, files, problems))
    return sorted(rows), problems


def existing_folder(root: str | Path, wanted: str = "a folder with one folder a class") -> Path:
    """The folder as an absolute path; a CourseError that helps where it is none, and says what was `wanted`."""
    if root is None or root == "":
        raise CourseError(f"Expected {wanted}, but got none. Give its path as data_dir=...")
    root = absolute(root)
    if is_folder(root):
        if _folders_in(root) is None:
            raise CourseError(f"The folder '{root}' may not be read. Change its permissions: chmod -R u+rX '{root}'")
        return root
    if os.path.exists(root):  # noqa: PTH110 - as in is_folder
        more = {".csv": " Give a CSV as csv=..., and the folder of its pictures as data_dir.",
                ".zip": " Unpack it first."}.get(root.suffix.lower(), " Give the folder that it lies in.")  # fmt: skip
        raise CourseError(f"Expected {wanted}, but '{root}' is a file.{more}")
    raise CourseError(f"Expected {wanted}, but '{root}' does not exist. {_nearest(root)}")


def absolute(path: str | Path) -> Path:
    """The path from the top, with ~ for the home folder."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:  # ~name, and nobody is called so
        raise CourseError(f"Expected a path, but '{path}' starts with the home folder of a user who does not exist. "
                          f"Write ~/{str(path)[1:]} for a folder in yours.") from error  # fmt: skip


def is_folder(path: Path) -> bool:
    """Whether there is a folder that can be seen; Path.is_dir raises where a folder above is locked."""
    return os.path.isdir(path)  # noqa: PTH112


def _nearest(root):
    """What exists of a path that does not."""
    parent = next((folder for folder in root.parents if is_folder(folder)), None)
    if parent is None:
        return f"There is no '{root.anchor}' either."
    near = difflib.get_close_matches(root.name, _folders_in(parent) or [], 1, 0.6)
    return f"Did you mean '{parent / near[0]}'?" if near else f"The part that exists is '{parent}'."


def _folders_in(folder):
    """Names of the folders in a folder, without the hidden ones; None where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if _is_folder(entry) and not entry.name.startswith(".")]
    except OSError:
        return None


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or to where nobody may look: reading it will say so
        return False


def _class_folders(root, folders, problems, above):
    """Yields (folder, label, split); folders that belong to no class become problems."""
    if not _is_tree(root, folders):
        yield from ((name, name, None) for name in folders)
        return
    for name in folders:
        split = SPLIT_ALIASES.get(name.lower())
        if split is None:
            problems.append(Problem(name, "", "outside the splits"))
            continue
        inner, files, found = _entries(root, name, above)
        problems += found
        problems += _loose(files)
        yield from ((folder, folder.rpartition("/")[2], split) for folder in inner)


def _is_tree(root, folders):
    """Whether there is a train folder that holds folders, or nothing but such folders for splits."""
    splits = [name for name in folders if name.lower() in SPLIT_ALIASES and _folders_in(root / name) != []]
    return any(SPLIT_ALIASES[name.lower()] == "train" for name in splits) or (splits == folders and splits != [])


def _loose(files):
    """The problems with files that lie in no class folder."""
    return [Problem(path, "", "beside the classes" if is_picture_name(path) else "no picture") for path in files]


def pictures_below(root, folder, label, split, seen):
    """The pictures of one class folder and the problems met, its subfolders included; each real folder once."""
    rows, problems, waiting = [], [], [folder]
    while waiting:
        inner, files, met = _entries(root, waiting.pop(), seen)
        rows += [Row(path, label, split) for path in files if is_picture_name(path)]
        met += [Problem(path, label, "no picture") for path in files if not is_picture_name(path)]
        problems += [problem._replace(label=label) for problem in met]
        waiting += reversed(inner)
    return rows, problems


def _entries(root, folder, seen):
    """Sorted paths of the folders and files in one folder, from the root on, and problems met on the way."""
    place = root / folder
    folders, files, problems = [], [], []
    try:
        found = place.stat()
        if (found.st_dev, found.st_ino) in seen:
            return [], [], [Problem(folder, "", "link loop")]
        seen.add((found.st_dev, found.st_ino))
        with os.scandir(place) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        return [], [], [Problem(folder, "", "folder cannot be read", error.strerror or "")]
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name.startswith(".") or entry.name.lower() in LITTER:
            problems.append(Problem(_as_text(path), "", "system file"))
        elif path != _as_text(path):
            problems.append(Problem(_as_text(path), "", "unreadable name"))
        elif _is_folder(entry):
            folders.append(path)
        else:
            files.append(path)
    return folders, files, problems


def _as_text(path):
    """The path, with what is no text in it (bytes of another encoding) as \\xe9: it could not be printed or saved."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _no_pictures(root, folders, files, problems):
    loose = [path for path in files if is_picture_name(path)]
    if loose:
        return (
            f"Expected one folder a class in '{root}', but its {len(loose)} pictures lie in no class folder "
            f"({named(loose, 3)}). Move copies of them into a folder a class, or give a CSV with their labels."
        )
    if not folders and not files and not problems:
        return f"Expected one folder a class in '{root}', but the folder is empty."
    locked = [problem.path for problem in problems if problem.kind == "folder cannot be read"]
    if locked:
        return (f"Expected pictures in the folders of '{root}', but {named(locked)} may not be read. "
                f"Change the permissions: chmod -R u+rX '{root}'")  # fmt: skip
    names = {*files, *(problem.path for problem in problems if problem.kind != "empty class")} - set(folders)
    kinds = Counter(Path(name).suffix.lower() or "no extension" for name in names)
    frequent = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:5]
    seen = ", only " + ", ".join(f"{kinds[kind]} x {kind}" for kind in frequent) if kinds else ""
    return (
        f"Expected pictures in the folders of '{root}' ({named(folders, 5) or 'there is none'}), "
        f"but found none{seen}. Pictures end in .jpg, .png, .webp, .bmp, .tif or another format that Pillow reads; "
        "convert others (HEIC, raw) to JPEG first."
    )
