"""Predictions that any program wrote, from a CSV, checked; and their two halves, to choose by and to report on.

A column a class holds its probabilities (`p_<class>`); with a single one, all other labels are *the rest*, called
"not <class>". Numbers keep the digits of the file: 0.95 in it is >= 0.95. Introduced in lesson 06.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from utils.errors import CourseError, named
from utils.evaluation.inputs import labelled
from utils.evaluation.predictions import FIRST, PREFIX, predicted_classes

HALVES = ("valid", "test")


def read_any_predictions(path: str | Path, columns: dict | None = None, root: str | Path | None = None) -> pd.DataFrame:
    """The labelled rows of a CSV as a predictions table; `attrs["unlabelled"]` counts the rows that were left out.

    Args:
        path: a CSV with a header, UTF-8, a row a picture.
        columns: which of its columns is what, {"path": "file", "label": "truth", "p_logo": "score"}; those called as
            here need not be named. Without `predicted`, the likeliest class is taken. Other columns are kept.
        root: the folder that the pictures' paths start from; None where there are no pictures.

    Raises:
        CourseError: the file cannot be read, a column is missing, or as for `labelled`.
    """
    path = Path(path).expanduser()
    try:
        # A class may be called "NA" or "007"; only an empty label is none.
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise CourseError(f"Expected a CSV of predictions in '{path}', but it cannot be read: {error}") from error
    table = _renamed(table, columns or {}, path)
    for name in predicted_classes(table):
        table[PREFIX + name] = _numbers(table[PREFIX + name])
    is_labelled = table["label"].str.strip() != ""
    table = _with_rest(table[is_labelled].reset_index(drop=True))
    if "predicted" not in table:
        table["predicted"] = _likeliest(table)
    first = [name for name in (*FIRST, "split") if name in table]
    table = table[[*first, *(name for name in table if name not in first)]]
    table.attrs.update(root=str(root) if root else None, unlabelled=int((~is_labelled).sum()))
    labelled(table)
    return table


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
                          f"{named(table.columns)}. Say which is which: columns={{'path': 'file', 'label': 'truth', "
                          "'p_logo': 'score'}; in a terminal -p columns \"{...}\" with the same.")  # fmt: skip
    return renamed


def _numbers(column):
    """As numbers; an empty field is nan, and what is no number stays text, for `labelled` to name."""
    try:
        return column.where(column.str.strip() != "", np.nan).astype(float)
    except ValueError:
        return column


def _with_rest(table):
    """A table with one class's scores only gets those of the rest."""
    classes = predicted_classes(table)
    if len(classes) != 1 or not pd.api.types.is_numeric_dtype(table[PREFIX + classes[0]]):
        return table
    (positive,), rest = classes, f"not {classes[0]}"
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
