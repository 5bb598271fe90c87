"""A CSV (or one a split) as a list of pictures: which file has which label and split.

Nothing is guessed: the columns have names or numbers that are asked for, labels that are numbers want a mapping.
What cannot be misread is found out: the separator (the one with which the columns are there) and the encoding.
"""

import csv
import io
import os
import posixpath
from pathlib import Path

import pandas as pd

from utils.data.folders import SPLIT_ALIASES, SPLITS, Problem, Row
from utils.errors import CourseError, named

SEPARATORS = (",", ";", "\t", "|")
COLUMNS = {"path": "path", "label": "label", "split": "split"}


def list_csv(sources, root: Path, columns: dict | None = None, labels: dict | None = None):
    """The pictures that one CSV names, or several with a split each; rows that cannot be used are problems.

    Args:
        sources: a CSV; or a list of CSVs called train, valid, test; or a folder of such; or {split: CSV}.
        root: the folder that the paths in the CSV start from; none may lead out of it.
        columns: which column is what: {"path": "file", "label": "kind"}, or for a CSV without header
            {"path": 0, "label": 1}. Default: columns called path and label (and split, where there is one).
        labels: name of each label as it stands in the CSV, for instance {0: "documents", 1: "screens"}.

    Returns:
        (rows, problems), the rows in the CSV's order, each path once.

    Raises:
        CourseError: a CSV is missing, empty or malformed, lacks the columns, or has a label that `labels` lacks.
    """
    frames = [_read_rows(Path(path), split, columns or {}) for path, split in _sources(sources)]
    listed = pd.concat(frames, ignore_index=True)
    if labels:
        listed["label"] = _renamed(listed["label"], labels)
    listed["path"] = [_inside(path, root) for path in listed["path"]]
    return _usable(listed)


def _sources(sources):
    """Yields (CSV, split or None)."""
    if isinstance(sources, dict):
        return [(path, _split_name(split)) for split, path in sources.items()]
    if isinstance(sources, (str, Path)) and Path(sources).expanduser().is_dir():
        sources = sorted(Path(sources).expanduser().glob("*.csv"))
        if not sources:
            raise CourseError("Expected CSVs called train.csv, valid.csv, test.csv in the folder, but it has none.")
    if isinstance(sources, (str, Path)):
        return [(Path(sources).expanduser(), None)]
    return [(path, _split_name(Path(path).stem)) for path in sources]


def _split_name(name):
    if str(name).lower() not in SPLIT_ALIASES:
        raise CourseError(f"Expected a split called one of {named(SPLIT_ALIASES)}, got {name!r}. "
                          "Rename the CSV, or give {'train': 'a.csv', 'test': 'b.csv'}.")  # fmt: skip
    return SPLIT_ALIASES[str(name).lower()]


def _read_rows(path, split, columns):
    text = _decoded(path)
    columns = COLUMNS | columns
    by_number = isinstance(columns["path"], int)
    separator, header = _separator(text, columns, by_number, path)
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False,
                            header=None if by_number else 0, skipinitialspace=True)  # fmt: skip
    except (pd.errors.ParserError, ValueError) as error:
        raise CourseError(f"The CSV '{path}' cannot be read with the separator {separator!r}: {error}. "
                          "Put quotes around values that hold the separator.") from error  # fmt: skip
    table.columns = header
    found = {ours: table[theirs].str.strip() for ours, theirs in columns.items() if theirs in table.columns}
    if split is not None:
        found["split"] = split
    elif "split" in found:
        found["split"] = [SPLIT_ALIASES.get(name.lower(), name) or None for name in found["split"]]
    return pd.DataFrame({"split": None} | found)


def _decoded(path):
    """The CSV as text: UTF-8 with or without a mark, UTF-16 with one, else Windows-1252, as Excel writes it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CourseError(f"Expected a CSV with columns path and label at '{path}', but: {error.strerror}.") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.strip() and "\0" not in text:
            return text
    raise CourseError(f"Expected text in '{path}', but it is empty or in an unknown encoding. Save it as CSV in UTF-8.")


def _separator(text, columns, by_number, path):
    """The separator with which the wanted columns are there, and the names of all columns."""
    first = next(line for line in text.splitlines() if line.strip())
    wanted = {columns["path"], columns["label"]}
    seen = []
    for separator in SEPARATORS:
        fields = [field.strip() for field in next(csv.reader([first], delimiter=separator, skipinitialspace=True))]
        header = list(range(len(fields))) if by_number else _known_names(fields, columns)
        if wanted <= set(header):
            return separator, header
        seen = max(seen, fields, key=len)
    raise CourseError(f"Expected the columns {named(wanted)} in '{path}', but its first line has {named(seen)}. "
                      "Say which column is what: columns={'path': 'filename', 'label': 'class'}, or by number if "
                      "there is no header: columns={'path': 0, 'label': 1}.")  # fmt: skip


def _known_names(fields, columns):
    """The header, where a name that differs from a wanted one only in letter case counts as that one."""
    by_lower = {str(name).lower(): name for name in columns.values()}
    return [by_lower.get(field.lower(), field) for field in fields]


def _renamed(values, labels):
    names = {str(key): str(name) for key, name in labels.items()}
    unknown = values[~values.isin(names)].value_counts()
    if len(unknown):
        raise CourseError(f"Expected only the labels {named(names)} in the CSV, but {int(unknown.sum())} rows have "
                          f"{named(unknown.index)}. Add them to labels=..., or drop those rows.")  # fmt: skip
    return values.map(names)


def _inside(path, root):
    """The path in POSIX form relative to root; as it is (absolute or ../) where it leads out of root."""
    path = path.replace("\\", "/") if "/" not in path else path
    if os.path.isabs(path):
        path = os.path.relpath(path, root).replace(os.sep, "/")
    return posixpath.normpath(path) if path else ""


def _usable(listed):
    """Rows that can be used, and the others as problems: each path once, inside the root, with one label."""
    outside = listed["path"].str.startswith("../") | (listed["path"] == "..")
    empty = (listed["path"] == "") | (listed["label"] == "")
    unknown_split = listed["split"].notna() & ~listed["split"].isin(SPLITS)
    labels = listed.groupby("path")["label"].transform("nunique")
    places = listed.groupby("path")["split"].transform("nunique")
    rank = listed["split"].map({split: place for place, split in enumerate(SPLITS)}).fillna(len(SPLITS))
    again = listed.iloc[rank.argsort(kind="stable")].duplicated("path").reindex(listed.index)
    checks = [("empty cell", empty), ("leaves the root", outside), ("unknown split", unknown_split),
              ("two labels", labels > 1), ("in two splits", again & (places > 1)), ("listed twice", again)]  # fmt: skip
    kinds = pd.Series("", index=listed.index)
    for kind, holds in reversed(checks):
        kinds[holds] = kind
    problems = [
        Problem(row.path, row.label, row.kind, f"row {row.Index + 1}: {row.split}" if row.split else f"row {row.Index + 1}")
        for row in listed.assign(kind=kinds)[kinds != ""].itertuples()
    ]
    good = listed[kinds == ""]
    return [Row(*row) for row in good[["path", "label", "split"]].itertuples(index=False)], problems
