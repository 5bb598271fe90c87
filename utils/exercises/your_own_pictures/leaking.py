"""Exercise 2: leaks out of the score."""

import pandas as pd

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

SPLITS = ["train", "valid", "test"]
# Tables as (family, split) a row: copies within a split, across two and across three, and rows in any order.
TABLES = [
    [(7, "test"), (3, "train"), (7, "train"), (1, "valid"), (5, "test"), (5, "valid"), (3, "train"), (2, "test")],
    [(0, "valid"), (0, "train"), (0, "test"), (4, "test"), (4, "test"), (6, "valid"), (6, "valid"), (9, "train")],
    [(8, "train"), (2, "valid"), (3, "test"), (2, "test"), (2, "valid"), (8, "test"), (8, "valid"), (8, "train")],
    [(1, "train"), (2, "valid"), (3, "test")],
]


def without_leaks(table):
    place = table["split"].map({"train": 0, "valid": 1, "test": 2})
    earliest = place.groupby(table["family"]).transform("min")
    return table[place == earliest]


def probe_without_leaks(answer):
    for number, rows in enumerate(TABLES, 1):
        table, kept = made(rows), set(without_leaks(made(rows))["path"])
        case = f"table {number}"
        got = asked(answer, case, table)
        if not isinstance(got, pd.DataFrame) or not set(made(rows).columns) <= set(got.columns):
            raise NotYet(f"{case}: expected a table with all columns that came in, got {shown(got)}.")
        _check_rows(case, got, made(rows), kept)
        if not table.equals(made(rows)):
            raise NotYet(f"{case}: your function changed the table, and whoever called it goes on with that.")


def _check_rows(case, got, table, kept):
    paths = got["path"].tolist()
    if len(set(map(str, paths))) < len(paths):
        raise NotYet(f"{case}: a picture stands there twice, in {shown(paths)}.")
    for path, family, split in table[["path", "family", "split"]].itertuples(index=False):
        others = [name for name in SPLITS if name in set(table.loc[table["family"] == family, "split"]) - {split}]
        where = (
            f"{case}: {path!r} of {split}, whose family lies {f'in {shown(others)} too' if others else 'nowhere else'},"
        )
        if path in paths and path not in kept:
            raise NotYet(f"{where} is still there.")
        if path in kept and path not in paths:
            raise NotYet(f"{where} is gone. {WHY_GONE if others else WHY_ALONE}")
    if len(paths) > len(kept):
        raise NotYet(f"{case}: there are {len(paths)} rows, some of which have not come in.")
    before = table.set_index("path").loc[paths]
    after = got.set_index("path")[list(before.columns)]
    if before.to_numpy(dtype=object).tolist() != after.to_numpy(dtype=object).tolist():  # of any type of column
        raise NotYet(f"{case}: the right pictures, but something else than `path` has changed in their rows.")


WHY_GONE = "Its family was met there first: does its own score suffer, or that of the copies?"
WHY_ALONE = "Copies within one split make no score better."


def made(rows):
    """An image table with families; its index has gaps, as after a filter."""
    table = pd.DataFrame(rows, columns=["family", "split"])
    table.insert(0, "path", [f"{split}/{place}.jpg" for place, split in enumerate(table["split"])])
    table.insert(1, "label", [["documents", "screens"][family % 2] for family in table["family"]])
    return table.set_axis(range(10, 10 + 4 * len(table), 4))


def _whole_families(table):
    return table[table.groupby("family")["split"].transform("nunique") == 1]


def _one_a_family(table):
    order = table["split"].map({"train": 0, "valid": 1, "test": 2}).sort_values(kind="stable").index
    return table.loc[order].drop_duplicates("family")


def _first_of_a_family(table):
    return table.drop_duplicates("family")


def _only_of_train(table):
    met = set(table.loc[table["split"] == "train", "family"])
    return table[(table["split"] == "train") | ~table["family"].isin(met)]


def _only_of_test(table):
    met = set(table.loc[table["split"] != "test", "family"])
    return table[(table["split"] != "test") | ~table["family"].isin(met)]


def _test_alone_against_train(table):
    met = set(table.loc[table["split"] == "train", "family"])
    return table[(table["split"] != "test") | ~table["family"].isin(met)]


def _by_the_alphabet(table):
    return table[table["split"] == table.groupby("family")["split"].transform("min")]


def _latest(table):
    place = table["split"].map({"train": 0, "valid": 1, "test": 2})
    return table[place == place.groupby(table["family"]).transform("max")]


def _the_leaks(table):
    return table.drop(without_leaks(table).index)


def _moved(table):
    place = table["split"].map(SPLITS.index)
    earliest = place.groupby(table["family"]).transform("min")
    return table.assign(split=[SPLITS[number] for number in earliest])


def _moved_and_dropped(table):
    return without_leaks(table).assign(split="train")


def _with_a_stranger(table):
    return pd.concat([without_leaks(table), table.iloc[:1].assign(path="other.jpg")])


def _in_place(table):
    table["place"] = table["split"].map(SPLITS.index)
    return table[table["place"] == table.groupby("family")["place"].transform("min")]


q2 = Question(
    number=2,
    reference=without_leaks,
    probe=probe_without_leaks,
    hints=[
        "Number the splits: train 0, valid 1, test 2. Which is the smallest number in a picture's family?",
        'place.groupby(table["family"]).transform("min") says it for each row. Which rows stay?',
    ],
    why="A picture that training has seen would be answered by heart. Training itself keeps all it has: copies within one split "
    "teach nothing new, and make no score better. The lesson calls this `drop_leaks`; it is for a split that comes with the "
    "pictures. Who splits anew keeps copies together, and then the worked report can say: *No copy lies in two parts, so none "
    "had to leave the score.*",
    mistakes=[
        Mistake(lambda table: table, "'test/0.jpg' of test, whose family lies in ['train'] too, is still there"),
        Mistake(_whole_families, "Its family was met there first"),
        Mistake(_one_a_family, "Copies within one split make no score better"),
        Mistake(_first_of_a_family, "is still there"),
        Mistake(_only_of_train, "whose family lies in ['valid'] too, is still there"),
        Mistake(_only_of_test, "of valid, whose family lies in ['train', 'test'] too, is still there"),
        Mistake(_test_alone_against_train, "whose family lies in ['valid'] too, is still there"),
        Mistake(_by_the_alphabet, "is still there"),
        Mistake(_latest, "is still there"),
        Mistake(_the_leaks, "is still there"),
        Mistake(_moved, "is still there"),
        Mistake(_moved_and_dropped, "something else than `path` has changed"),
        Mistake(_in_place, "your function changed the table"),
        Mistake(lambda table: table[table["split"] != "train"], "is still there"),
        Mistake(lambda table: table.iloc[:0], "is gone"),
        Mistake(lambda table: pd.concat([without_leaks(table)] * 2), "stands there twice"),
        Mistake(_with_a_stranger, "some of which have not come in"),
        Mistake(lambda table: without_leaks(table)["path"], "expected a table with all columns"),
        Mistake(lambda table: without_leaks(table).drop(columns="label"), "expected a table with all columns"),
    ],
)
