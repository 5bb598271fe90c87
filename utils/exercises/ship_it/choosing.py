"""Exercise 8: the smallest file that is allowed, and known to answer alike."""

import numpy as np
import pandas as pd

from utils.evaluation.intervals import wilson
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import plain, shown

COLUMNS = ["file", "bytes", "seconds", "kept", "pictures"]
FILES = {
    "float32": ("cats.onnx", 1_710_000, 0.0021, 2000, 2000),
    "float16": ("cats_16.onnx", 880_000, 0.0034, 2000, 2000),
    "int8": ("cats_8.onnx", 750_000, 0.0028, 1990, 2000),
    "tflite": ("cats.tflite", 1_550_000, 0.0018, 1999, 2000),
    "tflite int8": ("cats_8.tflite", 480_000, 0.0012, 1975, 2000),
    "few": ("cats_tiny.tflite", 300_000, 0.0009, 60, 60),
    "none": ("cats_new.tflite", 250_000, 0.0007, 0, 0),
    "heavy": ("cats_b0.onnx", 16_000_000, 0.0400, 2000, 2000),
}
# files, most bytes, most seconds, least kept; the right one, and why it is asked
CASES = [
    (["float32", "float16", "int8", "tflite", "tflite int8"], 1_000_000, 0.02, 0.98, "cats_8.tflite"),
    (["heavy", "float32", "tflite int8", "int8", "float16"], 1_000_000, 0.02, 0.99, "cats_8.onnx"),
    (["int8", "float32", "tflite", "few"], 2_000_000, 0.02, 0.98, "cats_8.onnx"),
    (["float32", "none", "tflite"], 2_000_000, 0.02, 0.5, "cats.tflite"),
    (["float16", "float32", "tflite"], 2_000_000, 0.0025, 0.99, "cats.tflite"),
    (["heavy", "float32"], 1_710_000, 0.0021, 0.998, "cats.onnx"),
    (["float16", "heavy", "tflite int8"], 1_000_000, 0.02, 0.9825, "cats_16.onnx"),
    (["heavy", "tflite int8"], 1_000_000, 0.02, 0.99, None),
    (["heavy", "float32"], 20_000_000, 0.05, 0.99, "cats.onnx"),
    (["float16", "heavy"], 850_000, 0.02, 0.9, None),
    (["float32", "heavy"], 1_000_000, 0.02, 0.9, None),
    (["heavy"], 20_000_000, 0.02, 0.9, None),
]  # fmt: skip


def choose_file(table, most_bytes, most_seconds, least_kept):
    sure = np.array([wilson(kept, pictures).low for kept, pictures in zip(table["kept"], table["pictures"])])
    fits = (table["bytes"] <= most_bytes) & (table["seconds"] <= most_seconds) & (sure >= least_kept)
    allowed = table[fits].sort_values("bytes")
    return allowed["file"].iloc[0] if len(allowed) else None


def probe_choose_file(answer):
    for names, most_bytes, most_seconds, least_kept, right in CASES:
        table = made(names)
        case = (f"{', '.join(table['file'])}; at most {most_bytes / 1e6:g} MB and {1000 * most_seconds:g} ms, at least "
                f"{least_kept:.2%} kept")  # fmt: skip
        got = plain(asked(answer, case, table, most_bytes, most_seconds, least_kept))
        if not (got is None or (isinstance(got, str) and got in set(made(names)["file"]))):
            raise NotYet(f"{case}: expected the name of a file, or None, got {shown(got)}.")
        if got != right:
            raise NotYet(f"{case}: you choose {got}. {_which(got, right, names, most_bytes, most_seconds, least_kept)}")
        if not table.equals(made(names)):
            raise NotYet(f"{case}: your function changed the table, and whoever called it goes on with that.")


def made(names):
    """The table of these files; its rows have other numbers than their places."""
    return pd.DataFrame([FILES[name] for name in names], columns=COLUMNS, index=range(7, 7 + len(names)))


def _which(got, right, names, most_bytes, most_seconds, least_kept):
    if got is None:
        (size,) = [FILES[name][1] for name in names if FILES[name][0] == right]
        reaches = f" Are {size:,} bytes within {most_bytes:,}?" if size == most_bytes else ""
        return f"One of them is within every limit.{reaches}"
    (row,) = [FILES[name] for name in names if FILES[name][0] == got]
    _, size, seconds, kept, pictures = row
    if size > most_bytes:
        return f"It has {size:,} bytes."
    if seconds > most_seconds:
        return f"It takes {1000 * seconds:g} ms."
    if not pictures:
        return "Its answers were never compared: of 0 pictures nothing is known."
    low = wilson(kept, pictures).low
    if low < least_kept:
        return f"It keeps {kept} of {pictures} decisions, which may also be {low:.2%}: is it sure that it keeps enough?"
    return "That is allowed, and one of the others with fewer bytes is, too."


def _choose(sure=lambda kept, pictures: wilson(kept, pictures).low, by="bytes", ascending=True, within=np.less_equal,
            limits=("bytes", "seconds", "kept"), otherwise=None):  # fmt: skip
    """A choose_file with one of its parts done otherwise."""

    def choose_file(table, most_bytes, most_seconds, least_kept):
        fits = pd.Series(True, table.index)
        if "bytes" in limits:
            fits &= within(table["bytes"], most_bytes)
        if "seconds" in limits:
            fits &= within(table["seconds"], most_seconds)
        if "kept" in limits:
            fits &= (
                np.array([sure(kept, pictures) for kept, pictures in zip(table["kept"], table["pictures"])])
                >= least_kept
            )
        allowed = table[fits] if by is None else table[fits].sort_values(by, ascending=ascending)
        return allowed["file"].iloc[0] if len(allowed) else otherwise

    return choose_file


def _share(kept, pictures):
    return kept / pictures if pictures else np.nan


def _sure_column(table, *limits):
    table["sure"] = 1.0
    return choose_file(table, *limits)


def _whole_row(table, *limits):
    name = choose_file(table, *limits)
    return name and table[table["file"] == name]


q8 = Question(
    number=8,
    reference=choose_file,
    probe=probe_choose_file,
    returns=False,
    hints=[
        "wilson(kept, pictures) is the interval of a share, and .low its lower end. For each row: is that at least least_kept?",
        "Three conditions joined with &, each in brackets; `at most` and `at least` allow the limit itself.",
        "Of the rows that are left, sort_values(\"bytes\") brings the smallest to the top. Without any row, .iloc[0] raises an error.",
    ],
    why="60 of 60 sounds better than 1990 of 2000, and is known far less well: it may be 94 %. The lower end says what a file keeps "
    "for sure, and a file of which nothing was measured keeps nothing: nan is not at least anything. None is an answer: then a limit "
    "must give, or the network.",
    mistakes=[
        Mistake(_choose(sure=_share), "you choose cats_tiny.tflite. It keeps 60 of 60"),
        Mistake(_choose(sure=lambda kept, pictures: wilson(kept, pictures).high), "is it sure that it keeps enough"),
        Mistake(_choose(sure=lambda kept, pictures: kept / max(pictures, 1)), "is it sure that it keeps enough"),
        Mistake(_choose(sure=lambda kept, pictures: 1.0 if not pictures else wilson(kept, pictures).low), "were never compared"),
        Mistake(_choose(sure=lambda kept, pictures: wilson(kept, pictures, 0.9).low), "98.25% kept: you choose cats_8.tflite"),
        Mistake(_choose(sure=lambda kept, pictures: kept / pictures if pictures >= 100 else 0),
                "98.25% kept: you choose cats_8.tflite"),
        Mistake(_choose(within=np.less), "Are 1,710,000 bytes within 1,710,000?"),
        Mistake(_choose(by="seconds"), "one of the others with fewer bytes"), Mistake(_choose(by=None), "with fewer bytes is"),
        Mistake(_choose(by="kept", ascending=False), "with fewer bytes is"), Mistake(_choose(ascending=False), "with fewer bytes is"),
        Mistake(_choose(limits=("seconds", "kept")), "It has 880,000 bytes"),
        Mistake(_choose(limits=("bytes", "kept")), "It takes 3.4 ms"), Mistake(_choose(limits=("bytes", "seconds")), "is it sure"),
        Mistake(_choose(otherwise="cats.onnx"), "expected the name of a file, or None"),
        Mistake(lambda table, *limits: choose_file(table, *limits) or table["file"].iloc[0], "you choose cats_b0.onnx. It has"),
        Mistake(lambda table, *limits: table.sort_values("bytes")["file"].iloc[0], "is it sure"),
        Mistake(lambda table, *limits: None, "you choose None. One of them is within every limit"),
        Mistake(lambda table, *limits: table.loc[0], "KeyError"), Mistake(_whole_row, "expected the name of a file"),
        Mistake(_sure_column, "your function changed the table"),
        Mistake(lambda table, *limits: 0, "expected the name of a file, or None, got 0"),
    ],
)  # fmt: skip
