"""A CSV (or one a split) as a list of pictures: which file has which label and split.

Nothing is guessed: the columns have names or numbers that are asked for; what a number means as a label, a mapping
says. What cannot be misread is found out: the separator (the one with which the columns are there) and the encoding.
A cell that holds the separator stands in quotes; blanks around a cell do not count.
"""

import csv
import io
import os
import posixpath
from pathlib import Path

import pandas as pd

from utils.data.folders import SPLIT_ALIASES, SPLITS, Problem, Row, absolute, is_folder
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
    columns = _checked(columns or {})
    listed = pd.concat([_read_rows(path, split, columns) for path, split in _sources(sources)], ignore_index=True)
    if labels:
        listed["label"] = _renamed(listed["label"], labels)
    listed["path"] = listed["path"].map(lambda path: _inside(path, root))
    return _usable(listed)


def _checked(columns):
    if not isinstance(columns, dict):
        raise CourseError(f"Expected columns as {{'path': ..., 'label': ...}}, but got {columns!r}. Papermill's -p gives "
                          'text; write -y "csv_columns: {path: filename, label: class}".')  # fmt: skip
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise CourseError(f"Expected columns to say which column holds the {named(COLUMNS)}, but got {named(unknown)}. "
                          "Write columns={'path': 'filename', 'label': 'class'}.")  # fmt: skip
    return COLUMNS | columns


def _sources(sources):
    """(CSV, split or None) for each CSV."""
    if isinstance(sources, dict):
        return [(absolute(path), _split_name(split)) for split, path in sources.items()]
    if isinstance(sources, (str, Path)):
        path = absolute(sources)
        if not is_folder(path):
            return [(path, None)]
        sources = _csvs_in(path)
        if not sources:
            raise CourseError(f"Expected CSVs called train.csv, valid.csv, test.csv in '{path}', but it has none.")
    return [(absolute(path), _split_name(Path(path).stem)) for path in sources]


def _csvs_in(folder):
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")


def _split_name(name):
    if str(name).lower() not in SPLIT_ALIASES:
        raise CourseError(f"Expected a split called one of {named(SPLIT_ALIASES)}, got {name!r}. "
                          "Rename the CSV, or give {'train': 'a.csv', 'test': 'b.csv'}.")  # fmt: skip
    return SPLIT_ALIASES[str(name).lower()]


def _read_rows(path, split, columns):
    """One CSV as a table of path, label, split (None where there is none) and `place`, for messages."""
    text = _decoded(path)
    separator, header = _separator(text, columns, path)
    lines = list(_lines(text, separator, path))
    if not isinstance(columns["path"], int):
        lines = lines[1:]
    long = [str(number) for number, cells in lines if any(cells[len(header) :])]
    if long:
        raise CourseError(
            f"The CSV '{path}' has {len(header)} columns, but more cells than that in line {', '.join(long[:8])}"
            f"{' and others' * (len(long) > 8)}. Put quotes around cells that hold the separator {separator!r}."
        )
    found = {ours: _column(lines, header.index(theirs)) for ours, theirs in columns.items() if theirs in header}
    given = [SPLIT_ALIASES.get(name.lower(), name) or None for name in found.get("split", [""] * len(lines))]
    found["split"] = given if split is None else [split] * len(lines)
    found["place"] = [f"{path.name}, line {number}" for number, _ in lines]
    return pd.DataFrame(found, columns=["path", "label", "split", "place"], dtype=object)


def _decoded(path):
    """The CSV as text: UTF-8 with or without a mark, UTF-16 with one, else Windows-1252, as Excel writes it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        there = [near.name for near in _csvs_in(path.parent)] if is_folder(path.parent) else []
        raise CourseError(f"Expected a CSV with columns path and label at '{path}', but: {error.strerror}. "
                          f"Its folder {f'has {named(there)}' if there else 'has no CSV'}.") from error  # fmt: skip
    encodings = ["utf-16"] if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.strip() and "\0" not in text:
            return text
    raise CourseError(f"Expected text in '{path}', but it is empty or in an unknown encoding. Save it as CSV in UTF-8.")


def _separator(text, columns, path):
    """The separator with which the wanted columns are there, and the columns' names (or numbers)."""
    by_number = isinstance(columns["path"], int)
    wanted = [columns["path"], columns["label"]]
    found, seen = [], []
    for separator in SEPARATORS:
        fields = next((cells for _, cells in _lines(text, separator, path, strict=False)), [])
        header = list(range(len(fields))) if by_number else _known_names(fields, columns)
        if set(wanted) <= set(header):
            found.append((separator, header))
        seen = max(seen, fields, key=len)
    if not found:
        raise CourseError(f"Expected the columns {named(wanted)} in '{path}', but its first line has {named(seen)}. "
                          "Say which column is what: columns={'path': 'filename', 'label': 'class'}, or by number if "
                          "there is no header: columns={'path': 0, 'label': 1}. In a lesson the parameter is csv_columns; "
                          'in a terminal: -y "csv_columns: {path: filename, label: class}".')  # fmt: skip
    twice = sorted({name for name in wanted if found[0][1].count(name) > 1})
    if twice:
        raise CourseError(f"Expected each column once in '{path}', but {named(twice)} stands in its first line "
                          "more than once. Rename the other one.")  # fmt: skip
    # Without a header, a comma in the first path looks like a separator; then the other lines tell.
    return next((one for one in found if len(found) > 1 and _is_even(text, path, *one)), found[0])


def _is_even(text, path, separator, header):
    return all(len(cells) == len(header) for _, cells in _lines(text, separator, path, strict=False))


def _lines(text, separator, path, strict=True):
    """Yields (line number, cells) for each line that holds anything."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=strict)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise CourseError(
            f"The CSV '{path}' cannot be read with the separator {separator!r}: {error} in line {reader.line_num}. "
            "Each quote that opens needs one that closes; a quote inside a quoted cell is written twice."
        ) from error


def _column(lines, place):
    return [cells[place] if place < len(cells) else "" for _, cells in lines]


def _known_names(fields, columns):
    """The header, where a name that differs from a wanted one only in letter case counts as that one."""
    by_lower = {str(name).lower(): name for name in columns.values()}
    return [by_lower.get(field.lower(), field) for field in fields]


def _renamed(values, labels):
    names = {"": ""} | {str(key): str(name) for key, name in labels.items()}
    unknown = values[~values.isin(list(names))].value_counts()
    if len(unknown):
        raise CourseError(f"Expected only the labels {named(labels)} in the CSV, but {int(unknown.sum())} rows have "
                          f"{named(unknown.index)}. Add them to labels=..., or drop those rows.")  # fmt: skip
    return values.map(names)


def _inside(path, root):
    """The path in POSIX form relative to root; it starts with ../ where it leads out of root."""
    if os.sep == "\\" or "/" not in path:
        path = path.replace("\\", "/")
    if os.path.isabs(path):  # noqa: PTH117 - ten times as fast
        try:
            path = os.path.relpath(path, root).replace(os.sep, "/")
        except ValueError:  # another drive
            path = f"../{path}"
    return posixpath.normpath(path) if path else ""


def _usable(listed):
    """Rows that can be used, and the others as problems: each path once, inside the root, with one label."""
    kinds = pd.Series("", index=listed.index, dtype=object)
    kinds[listed["split"].notna() & ~listed["split"].isin(SPLITS)] = "unknown split"
    kinds[listed["path"].str.startswith("../") | (listed["path"] == "..")] = "leaves the root"
    kinds[(listed["path"] == "") | (listed["label"] == "")] = "empty cell"
    for kind, rows in _repeated(listed[kinds == ""]):
        kinds[rows] = kind
    problems = [
        Problem(row.path, row.label, row.kind, f"{row.place}{f': {row.split}' if row.split else ''}")
        for row in listed.assign(kind=kinds)[kinds != ""].itertuples()
    ]
    good = listed[kinds == ""]
    return [Row(*row) for row in good[["path", "label", "split"]].itertuples(index=False)], problems


def _repeated(listed):
    """Yields (kind, index) for rows whose path stands in several; a later kind overrules an earlier one."""
    rank = listed["split"].map({split: place for place, split in enumerate(SPLITS)}).fillna(len(SPLITS))
    again = listed.iloc[rank.argsort(kind="stable")].duplicated("path").reindex(listed.index)
    by_path = listed.groupby("path")
    yield "listed twice", listed.index[again]
    yield "in two splits", listed.index[again & (by_path["split"].transform("nunique") > 1)]
    yield "two labels", listed.index[by_path["label"].transform("nunique") > 1]
