"""Exercise 2: from a CSV to labels."""

import pandas as pd

from utils.exercises.made import folder_of
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import plain, shown

NUMBERED = 'scans/b.jpg,2\nscans/a.jpg,0\n"scans/a, again.jpg",1\nscans/c.jpg,1\n'
NAMES = {1: "cat", 2: "bird", 0: "dog"}  # neither sorted nor in the order of the numbers
NUMBERS = {"scans/b.jpg": 2, "scans/a.jpg": 0, "scans/a, again.jpg": 1, "scans/c.jpg": 1}


def read_labels(file, names):
    """A table with the columns path and label."""
    table = pd.read_csv(file, header=None, names=["path", "label"])
    table["label"] = table["label"].map(names)
    return table


def read_labels_carelessly(file, names):
    """A table with the columns path and label."""
    table = pd.read_csv(file)
    table.columns = ["path", "label"]
    table["label"] = [sorted(names.values())[number] for number in table["label"]]
    return table


def probe_read_labels(answer):
    with folder_of({"train.csv": NUMBERED.encode()}) as folder:
        got = _labels_by_path(answer(folder / "train.csv", dict(NAMES)))
    missing = [path for path in NUMBERS if path not in got]
    if missing:
        raise NotYet(f"the file names {len(NUMBERS)} pictures, one a line, and your table lacks {missing[0]!r} "
                     f"(line {list(NUMBERS).index(missing[0]) + 1}). It starts with {shown(next(iter(got), None))}.")  # fmt: skip
    if len(got) > len(NUMBERS):
        raise NotYet(f"the file names {len(NUMBERS)} pictures, and your table has {len(got)}: {shown(list(got))}")
    for path, number in NUMBERS.items():
        if got[path] != NAMES[number]:
            raise NotYet(f"{path!r} has the number {number} in the file, and the label {shown(got[path])} in your "
                         f"table. The names were {NAMES}.")  # fmt: skip


def _labels_by_path(got):
    """A table, a dictionary or pairs as {path: label}."""
    if isinstance(got, pd.DataFrame):
        if not {"path", "label"} <= set(got.columns):
            raise NotYet(
                f"expected a table with the columns path and label, got the columns {shown(list(got.columns))}."
            )
        if got["path"].duplicated().any():
            raise NotYet(f"your table has {shown(got['path'][got['path'].duplicated()].iloc[0])} twice.")
        got = dict(zip(got["path"], got["label"]))
    try:
        labels = {str(path): plain(label) for path, label in dict(got).items()}
    except (TypeError, ValueError):
        labels = {}
    if not labels.keys() & NUMBERS:
        raise NotYet(f"expected a table with the columns path and label, got {shown(got)}.")
    return labels


def _labels_sorted(file, names):
    table = pd.read_csv(file, header=None, names=["path", "label"])
    return table.assign(label=[sorted(names.values())[number] for number in table["label"]])


def _labels_headed(file, names):
    table = pd.read_csv(file)
    table.columns = ["path", "label"]
    return table.assign(label=table["label"].map(names))


def _labels_as_texts(file, names):
    table = pd.read_csv(file, header=None, names=["path", "label"], dtype=str)
    return table.assign(label=table["label"].map(names))


def _labels_cut_at_commas(file, names):
    rows = [line.split(",") for line in file.read_text().splitlines()]
    return pd.DataFrame({"path": [row[0] for row in rows], "label": [names[int(row[-1])] for row in rows]})


def _labels_by_place(file, names):
    table = pd.read_csv(file, header=None, names=["path", "label"])
    return table.assign(label=[list(names.values())[number] for number in table["label"]])


q2 = Question(
    number=2,
    reference=read_labels,
    probe=probe_read_labels,
    starter=read_labels_carelessly,
    hints=[
        "There are two mistakes. Print the table that the code makes of a file with four lines: how many rows has it?",
        "pd.read_csv takes the first line for the columns' names unless it is told: header=None, names=[...].",
        "`names` says which number is which, and the alphabet does not: table['label'].map(names).",
    ],
    why="A file without a header loses its first picture to the columns' names. And numbers mean what the data's card "
    "says: sorting the names is a guess, and here it is wrong.",
    mistakes=[
        Mistake(_labels_headed, "lacks 'scans/b.jpg' (line 1)"),
        Mistake(_labels_sorted, "'scans/b.jpg' has the number 2 in the file, and the label 'dog'"),
        Mistake(_labels_by_place, "'scans/b.jpg' has the number 2 in the file, and the label 'dog'"),
        Mistake(_labels_as_texts, "the label nan"),
        Mistake(_labels_cut_at_commas, "lacks 'scans/a, again.jpg'"),
        Mistake(lambda file, names: pd.read_csv(file, header=None), "the columns [0, 1]"),
        Mistake(lambda file, names: read_labels(file, names)["label"], "got ['bird', 'dog', 'cat', 'cat']"),
    ],
)
