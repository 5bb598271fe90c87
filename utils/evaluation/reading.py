"""Predictions that any program wrote, from a CSV, checked; and their two halves, to choose by and to report on.

A column a class holds its probabilities (`p_<class>`); with a single one, all other labels are *the rest*, called
"not <class>". Numbers keep the digits of the file: 0.95 in it is >= 0.95. Introduced in lesson 06.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from utils.errors import CourseError, named
from utils.evaluation.inputs import against_rest, labelled, same_but_capitals
from utils.evaluation.predictions import FIRST, PREFIX, predicted_classes

HALVES = ("valid", "test")
MAPPING = "-y 'columns: {path: filename, label: truth, p_logo: score}'"  # papermill's -p would make text of it


def read_any_predictions(path: str | Path, columns: dict | None = None, root: str | Path | None = None) -> pd.DataFrame:
    """The labelled rows of a CSV as a predictions table; `attrs["unlabelled"]` counts the rows that were left out.
    Pictures with a `problem` (see `export.predict_folder`) are left out too.

    Args:
        path: a CSV with a header, UTF-8, a row a picture.
        columns: which of its columns is what, {"path": "file", "label": "truth", "p_logo": "score"}; those called as
            here need not be named. Without `predicted`, the likeliest class is taken. Other columns are kept.
        root: the folder that the pictures' paths start from; None where there are no pictures.

    Raises:
        CourseError: the file cannot be read, `columns` is no mapping, a column is missing, there are scores of one class
            only and no row is labelled so, or as for `labelled`.
    """
    path = Path(path).expanduser()
    if not isinstance(columns or {}, dict):
        raise CourseError(f"Expected `columns` as a mapping from our names to those in '{path}', but got the text {columns!r}. "
                          f"In a terminal: {MAPPING}")  # fmt: skip
    table = _renamed(_read(path), columns or {}, path)
    if "problem" in table:  # of export.predict_folder: pictures that could not be read, without an answer
        table = table[table["problem"] == ""]
    for name in predicted_classes(table):
        table[PREFIX + name] = _numbers(table[PREFIX + name])
    is_labelled = table["label"].str.strip() != ""
    table = table[is_labelled]
    _check_rows(table, path)
    table = _with_rest(table.reset_index(drop=True), path)
    if "predicted" not in table:
        table["predicted"] = _likeliest(table)
    first = [name for name in (*FIRST, "split") if name in table]
    table = table[[*first, *(name for name in table if name not in first)]]
    root = str(Path(root).expanduser()) if root else None
    table.attrs.update(root=root, unlabelled=int((~is_labelled).sum()))
    labelled(table, f"'{path}'")
    return table


def class_to_find(predictions: pd.DataFrame, positive: str | int = "") -> str:
    """The positive class: the one that is named, else the rarest label.

    A number is the name of a class too: papermill makes one of `-p positive 0`.

    Raises:
        CourseError: as for `against_rest`; or no row is labelled so, or all are.
    """
    positive = str(positive) or str(predictions["label"].value_counts().index[-1])
    is_positive, _ = against_rest(predictions, positive)
    if is_positive.all() or not is_positive.any():
        which = "all are" if is_positive.all() else "none is"
        raise CourseError(f"Expected rows labelled {positive!r} and others to tell from them, but of {len(predictions):,} rows "
                          f"{which}. The labels are {_counted(predictions['label'])}. Name another class with `positive`, or "
                          "add rows.")  # fmt: skip
    return positive


def check_halves(valid: pd.DataFrame, test: pd.DataFrame, positive: str) -> None:
    """A CourseError where one of the two halves lacks the positive class, or has nothing else."""
    labels = {name: half["label"] for name, half in zip(HALVES, (valid, test))}
    lacking = [name for name in HALVES if (labels[name] == positive).nunique() < 2]
    if lacking:
        told = "; ".join(f"the labels of {name} are {_counted(labels[name]) or 'none'}" for name in lacking)
        fine = "".join(f"; {name} has both" for name in HALVES if name not in lacking)
        raise CourseError(f"Expected rows labelled {positive!r} and others in valid, to choose by, and in test, to report on, "
                          f"but {told}{fine}. Add rows of the kind that is lacking; or leave out the column 'split', if there "
                          "is one, and the rows are dealt out half and half.")  # fmt: skip


def halves(predictions: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to choose by (valid) and the rows to report on (test).

    A column `split` with valid and test decides; rows of other splits are in neither. Without one, each class is
    dealt out by a seed, half and half, whatever the order of the rows; of an odd number, test has one more.

    Raises:
        CourseError: there is a `split`, but it lacks valid or test.
    """
    if "split" in predictions:
        there = set(predictions["split"])
        if not there >= set(HALVES):
            raise CourseError(f"Expected the column 'split' to say {named(HALVES)}, but it says {named(sorted(map(str, there)))}. "
                              "Leave the column out, and the rows are dealt out half and half.")  # fmt: skip
        return tuple(predictions[predictions["split"] == name].reset_index(drop=True) for name in HALVES)
    by_path = np.argsort(predictions["path"].to_numpy(str), kind="stable")
    dealt = by_path[np.random.default_rng(seed).permutation(len(by_path))]  # rows, in the order in which they are dealt
    labels = pd.Series(predictions["label"].to_numpy()[dealt])
    by_label = labels.groupby(labels)
    chooses = np.empty(len(dealt), dtype=bool)
    chooses[dealt] = by_label.cumcount() < by_label.transform("size") // 2
    return predictions[chooses].reset_index(drop=True), predictions[~chooses].reset_index(drop=True)


def _read(path):
    try:
        # A class may be called "NA" or "007"; only an empty label is none.
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise CourseError(f"Expected a CSV of predictions in '{path}', but there is no such file: looked for "
                          f"'{path.absolute()}'. A relative path starts where the notebook runs; give the whole path, or "
                          "start it from the file's folder.") from error  # fmt: skip
    except pd.errors.EmptyDataError as error:
        raise CourseError(f"Expected a CSV of predictions in '{path}', but the file is empty: not even a header. Was it "
                          "written to the end?") from error  # fmt: skip
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise CourseError(f"Expected a CSV of predictions in '{path}', but it cannot be read: {error}") from error


def _renamed(table, columns, path):
    missing = [theirs for theirs in columns.values() if theirs not in table]
    if missing:
        raise CourseError(f"'{path}' has no column {named(missing)}; it has {named(table.columns)}.")
    # A column of theirs may be called as one of ours: ours, as named, comes first.
    renamed = table.drop(columns=[ours for ours in columns if ours in table and ours not in columns.values()])
    renamed = renamed.rename(columns={theirs: ours for ours, theirs in columns.items()})
    lacking = [name for name in ("path", "label") if name not in renamed]
    if lacking or not predicted_classes(renamed):
        raise CourseError(f"Expected the columns 'path', 'label' and one {PREFIX}<class> a class in '{path}', but found "
                          f"{named(table.columns)}. Say which is which: columns={{'path': 'filename', 'label': 'truth', "
                          f"'p_logo': 'score'}}; in a terminal: {MAPPING}")  # fmt: skip
    return renamed


def _numbers(column):
    """As numbers; an empty field is nan, and what is no number stays text, for `labelled` to name."""
    try:
        return column.where(column.str.strip() != "", np.nan).astype(float)
    except ValueError:
        return column


def _check_rows(table, path):
    """What a reader mends in the file is named by its rows there; the header is row 1, the index of its first row 0."""
    numbers, paths = pd.Series(table.index + 2, table.index).astype(str), table["path"]
    twice = paths.duplicated(keep=False)
    if twice.any():
        rows = numbers[twice].groupby(paths[twice], sort=False).agg(" and ".join)
        listed = ", ".join(f"{name!r} (rows {where})" for name, where in rows[:3].items())
        raise CourseError(f"Expected one row a picture in '{path}', but {len(rows):,} have several, the header being row 1: "
                          f"{listed}. Pictures of one name in two folders need the folder in their path; of a row that is "
                          "there twice one can go.")  # fmt: skip
    lacking = table[[name for name in table if name.startswith(PREFIX)]].isna().any(axis=1)
    if lacking.any():
        listed = ", ".join(f"{name!r} (row {where})" for name, where in zip(paths[lacking][:3], numbers[lacking]))
        raise CourseError(f"Expected a probability in every row of '{path}', but {lacking.sum():,} are empty or nan, the header "
                          f"being row 1: {listed}. Predict these pictures again, or delete the rows.")  # fmt: skip


def _with_rest(table, path):
    """A table with one class's scores only gets those of the rest."""
    classes = predicted_classes(table)
    if len(classes) != 1 or not pd.api.types.is_numeric_dtype(table[PREFIX + classes[0]]):
        return table
    (positive,), rest = classes, f"not {classes[0]}"
    _check_is_there(table["label"], positive, path)
    label = table["label"].where(table["label"] == positive, rest)
    return table.drop(columns="predicted", errors="ignore").assign(
        **{"label": label, PREFIX + rest: 1 - table[PREFIX + positive]}
    )


def _likeliest(table):
    classes = predicted_classes(table)
    values = table[[PREFIX + name for name in classes]]
    if not len(table) or not all(pd.api.types.is_numeric_dtype(values[name]) for name in values):
        return ""
    return np.asarray(classes, dtype=object)[np.nan_to_num(values.to_numpy()).argmax(axis=1)]


def _check_is_there(labels, positive, path):
    """With one class's scores every other label is the rest: labels that are all spelt otherwise would vanish in it."""
    if not len(labels) or (labels == positive).any():
        return
    same = same_but_capitals(positive, labels.unique())
    hint = f" {same[0]!r} differs from {positive!r} only in capitals or blanks." if same else ""
    one = (same or [labels.value_counts().index[-1]])[0]
    raise CourseError(f"'{path}' has the scores of {positive!r} alone, but no row is labelled so. The labels are "
                      f"{_counted(labels)}.{hint} If the scores are those of {one!r}, name their column after it: "
                      f"columns={{'{PREFIX}{one}': '{PREFIX}{positive}'}}; in a terminal: "
                      f"-y 'columns: {{{PREFIX}{one}: {PREFIX}{positive}}}'")  # fmt: skip


def _counted(labels, most=8):
    counts = labels.value_counts()
    listed = ", ".join(f"{name!r} ({count:,})" for name, count in counts[:most].items())
    return listed if len(counts) <= most else f"{listed} and {len(counts) - most:,} more"
