"""Exercise 5: the pictures that int8 takes its ranges from."""

import numpy as np
import pandas as pd

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

JUDGES = {
    "test": "What the file is judged by must not have shaped it.",
    "valid": "By these one chooses, between this file and another for instance: what chooses must not have shaped it.",
}
# Classes, training pictures of each, how many are wanted.
TABLES = [(4, 30, 10), (3, 20, 8), (5, 8, 20), (2, 6, 1000), (4, 50, 4)]


def calibration_pictures(table, most):
    """Rows of the table, no more than `most`, to take int8's ranges from: of each class its share."""
    train = table[table["split"] == "train"].sort_values("label", kind="stable")
    places = np.linspace(0, len(train) - 1, min(most, len(train))).round().astype(int)
    return train.iloc[places]


def calibration_pictures_as_found(table, most):
    """Rows of the table, no more than `most`, to take int8's ranges from: of each class its share."""
    return table.iloc[:most]


def probe_calibration_pictures(answer):
    for place, (classes, each, most) in enumerate(TABLES):
        for shuffled in (False, True):
            table = made(classes, each, place, shuffled)
            kept, case = table.copy(), f"{classes} classes with {each} training pictures each, at most {most}"
            np.random.seed(1)
            got = _paths(asked(answer, case, table, most), case)
            _check_rows(got, kept, most, case)
            np.random.seed(2)
            if sorted(got) != sorted(_paths(asked(answer, case, kept.copy(), most), case)):
                raise NotYet(
                    f"{case}: asked twice, your function takes other pictures: the file would be another one each time."
                )
            if not table.equals(kept):
                raise NotYet(f"{case}: your function changed the table, and whoever called it goes on with that.")


def made(classes, each, seed, shuffled):
    """An image table sorted by class, or shuffled: of each class as many for training, in between some for valid and test."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(classes):
        splits = ["train"] * each + ["valid"] * int(rng.integers(1, 5)) + ["test"] * int(rng.integers(2, 12))
        rows += [(f"class{number}/{place:03}.jpg", f"class{number}", split)
                 for place, split in enumerate(rng.permutation(splits).tolist())]  # fmt: skip
    table = pd.DataFrame(rows, columns=["path", "label", "split"])
    table.index += 1000  # as after a filter: a row's name is not its place
    return table.iloc[rng.permutation(len(table))] if shuffled else table


def _paths(got, case):
    if not isinstance(got, pd.DataFrame) or "path" not in got:
        raise NotYet(f"{case}: expected rows of the table, as a table, got {shown(got)}.")
    return got["path"].tolist()


def _check_rows(got, table, most, case):
    known = table.set_index("path")
    if not set(got) <= set(known.index):
        raise NotYet(f"{case}: expected rows of the table, got paths that are not in it.")
    if len(set(got)) < len(got):
        raise NotYet(f"{case}: {len(got) - len(set(got))} of your {len(got)} rows stand there twice.")
    taken = known.loc[got]
    for split, why_not in JUDGES.items():
        count = int((taken["split"] == split).sum())
        if count:
            raise NotYet(f"{case}: among your {len(got)} pictures, from {split}: {count}. {why_not}")
    if len(got) > most:
        raise NotYet(f"{case}: {len(got)} pictures are more than that.")
    _check_classes(taken, known[known["split"] == "train"], most, case)


def _check_classes(taken, train, most, case):
    there = train["label"].value_counts()
    counts = taken["label"].value_counts().reindex(there.index, fill_value=0).sort_index()
    few = counts[counts < np.minimum(there, most // len(there)).sort_index()]
    if len(few):
        raise NotYet(f"{case}: you take {shown(counts.to_dict())}. {few.index[0]} has less than its share.")


def _of(split=("train",), by_label=True, pick=None):
    """A calibration_pictures with one of its parts done otherwise."""

    def calibration_pictures(table, most):
        rows = table[table["split"].isin(split)]
        rows = rows.sort_values("label", kind="stable") if by_label else rows
        return pick(rows, min(most, len(rows)))

    return calibration_pictures


def _spread(rows, most):
    return rows.iloc[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _marked(table, most):
    rows = calibration_pictures(table, most)
    table["taken"] = table["path"].isin(rows["path"])
    return rows


q5 = Question(
    number=5,
    reference=calibration_pictures,
    probe=probe_calibration_pictures,
    starter=calibration_pictures_as_found,
    hints=[
        "Three things: which split may be looked at, which classes are among the first rows, and what if rows were drawn by chance?",
        'table[table["split"] == "train"] first. Sorted by class, every n-th row gives each class its share.',
        'np.linspace(0, len(train) - 1, most).round().astype(int) are places that are evenly spread. Or groupby("label").head(...).',
    ],
    why="Calibration measures how large the numbers between the layers become. From one class alone these are the numbers of that "
    "class, and those of another are cut off. From test pictures the ranges fit just those, and the accuracy on them is a little "
    "too good. And a file that is another one each time cannot be looked into when something is wrong with it.",
    mistakes=[
        Mistake(_of(pick=lambda rows, most: rows.iloc[:most]), "you take {'class0': 10, 'class1': 0"),
        Mistake(_of(pick=lambda rows, most: rows.iloc[-most:]), "class0 has less than its share"),
        Mistake(_of(("train", "valid", "test"), pick=_spread), "What the file is judged by"),
        Mistake(_of(("train", "valid"), pick=_spread), "what chooses must not have shaped it"), Mistake(_of(("test",), pick=_spread), "from test: 10"),
        Mistake(_of(("valid",), pick=_spread), "from valid: 10"),
        Mistake(_of(pick=lambda rows, most: rows), "120 pictures are more than that"),
        Mistake(_of(pick=lambda rows, most: rows.sample(most)), "has less than its share"),
        Mistake(_of(pick=lambda rows, most: rows.sample(most, random_state=0)), "has less than its share"),
        Mistake(_of(pick=lambda rows, most: rows.groupby("label").sample(min(most // rows["label"].nunique(), 6))), "asked twice"),
        Mistake(_of(pick=lambda rows, most: rows.groupby("label").head(most)), "are more than that"),
        Mistake(_of(pick=lambda rows, most: rows.groupby("label").head(1)), "you take {'class0': 1"),
        Mistake(_of(pick=lambda rows, most: rows.iloc[:: len(rows) // most + 1]), "has less than its share"),
        Mistake(_of(by_label=False, pick=_spread), "has less than its share"),
        Mistake(_of(pick=lambda rows, most: rows.iloc[np.arange(most) % 4]), "stand there twice"),
        Mistake(_of(pick=lambda rows, most: rows["path"].head(most).tolist()), "expected rows of the table, as a table"),
        Mistake(_of(pick=lambda rows, most: rows.head(most).assign(path="a.jpg")), "paths that are not in it"),
        Mistake(_marked, "your function changed the table"),
        Mistake(lambda table, most: table.loc[:most], "you take {'class0': 0"),
    ],
)  # fmt: skip
