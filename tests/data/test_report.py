"""The report says what is there, marks what is serious, and is silent about what is not the case."""

import pandas as pd
import pytest

from utils.data.copies import find_copies
from utils.data.folders import Problem
from utils.data.report import describe, in_use
from utils.data.samples import sample
from utils.data.tables import Scan, problem_table, scan


def table_of(counts, **columns):
    labels = [label for label, count in counts.items() for _ in range(count)]
    table = pd.DataFrame({"path": [f"{index}.png" for index in range(len(labels))], "label": labels})
    defaults = {"width": 300, "height": 300, "mode": "RGB", "digest": table["path"], "phash": 0}
    return table.assign(**(defaults | columns))


def told(table, problems=None, copies=None, size=224):
    nothing = table[:0].assign(family=0)
    problems = problem_table([]) if problems is None else problems
    return [str(finding) for finding in describe(table, problems, nothing if copies is None else copies, size)]


def only(lines, word):
    found = [line for line in lines if word in line]
    assert len(found) == 1, f"{word!r} in {lines}"
    return found[0]


def test_a_good_folder_has_nothing_serious():
    lines = told(table_of({"cat": 40, "dog": 40}))
    assert not [line for line in lines if line.startswith("!")]
    assert only(lines, "can be used") == "✓ 80 pictures in 2 classes can be used."
    assert only(lines, "similar size").startswith("✓")
    assert "50.0% of the time" in only(lines, "score to beat")
    assert "No picture is a copy" in only(lines, "copy")


@pytest.mark.parametrize(
    ("dogs", "mark"), [(120, "✓ The classes are of similar size"), (121, "! The classes are unequal")]
)
def test_three_times_as_many_is_still_similar(dogs, mark):
    assert any(line.startswith(mark) for line in told(table_of({"cat": 40, "dog": dogs})))


def test_one_class_is_nothing_to_tell_apart():
    assert only(told(table_of({"cat": 40})), "only one class").startswith("! There is only one class, 'cat'")


@pytest.mark.parametrize(("cats", "few"), [(30, 0), (29, 1)])
def test_classes_under_thirty_pictures_are_named(cats, few):
    lines = told(table_of({"cat": cats, "dog": 60}))
    assert len([line for line in lines if "fewer than 30 pictures: 'cat'" in line]) == few


def test_the_uncertainty_of_a_test_score_follows_its_size():
    split = ["test"] * 25 + ["train"] * 75
    lines = told(table_of({"cat": 50, "dog": 50}, split=split))
    assert "25 test pictures is uncertain by up to ±20 points" in only(lines, "uncertain")  # 1.96 * 0.5 / 5
    assert only(lines, "The split") == "! The split: 75 train, 0 valid, 25 test. There is no valid part."


def test_grey_pictures_of_one_class_alone_are_serious():
    modes = ["L"] * 40 + ["RGB"] * 40
    assert only(told(table_of({"cat": 40, "dog": 40}, mode=modes)), "greyscale").startswith(
        "! 40 pictures are greyscale"
    )
    mixed = ["L", "RGB"] * 40
    assert only(told(table_of({"cat": 40, "dog": 40}, mode=mixed)), "greyscale").startswith("· 40 pictures")
    assert not [line for line in told(table_of({"cat": 40}, mode="L")) if "greyscale" in line]


@pytest.mark.parametrize(("width", "said"), [(600, False), (601, True), (149, True)])
def test_shapes_beyond_two_to_one_are_mentioned(width, said):
    lines = told(table_of({"cat": 40, "dog": 40}, width=[width] + [300] * 79))
    assert any("shapes differ" in line for line in lines) == said


def test_what_each_way_to_a_square_costs_is_said_for_the_worst_picture():
    line = only(told(table_of({"cat": 40, "dog": 40}, width=[1500, 100] + [300] * 78)), "shapes differ")
    assert "from 0.33 to 5.00" in line and "the most extreme ('0.png')" in line
    assert "loses 80% if cropped" in line and "stretched 5.0 times" in line and "leaves 80% of the square empty" in line


def test_the_faulty_folder_is_told_what_is_wrong_with_it():
    table, problems = scan(sample("messy"), progress=False)
    lines = told(table, problems, find_copies(table))
    assert "2 broken" in only(lines, "were left out") and "system file" not in only(lines, "were left out")
    assert "2 pictures (4 files) lie in more than one split" in only(lines, "more than one split")
    assert "1 picture (2 files) has two labels" in only(lines, "two labels")
    assert "1 CMYK" in only(lines, "Read all the same")


# --- in short, where a training begins ---------------------------------------------------------------


def begun(table, problems=(), of="cat dog"):
    """The lines about a table of which some classes are learnt, a third of each split."""
    split = table[table["label"].isin(of.split())].reset_index(drop=True)
    split["split"] = pd.Series(["train", "valid", "test"] * len(split))[: len(split)]
    return in_use(Scan(table, problem_table([Problem(*row) for row in problems])), split).splitlines()


def test_a_training_on_all_there_is_begins_with_one_line():
    lines = begun(table_of({"cat": 4, "dog": 2}), [("cat/Thumbs.db", "cat", "system file"), ("0.png", "cat", "listed twice"),
                                                    ("1.png", "cat", "CMYK")])  # fmt: skip
    assert lines == ["{'train': 2, 'valid': 2, 'test': 2} pictures in 2 classes"]


def test_a_split_without_pictures_is_one_of_0():
    assert begun(table_of({"cat": 1, "dog": 1})) == ["{'train': 1, 'valid': 1, 'test': 0} pictures in 2 classes"]


def test_files_and_classes_that_are_not_learnt_from_are_named():
    table = table_of({"cat": 40, "dog": 40, "yak": 2, "emu": 1})
    problems = [("cat/a.jpg", "cat", "broken"), ("cat/a.jpg", "cat", "not a picture"), ("x.txt", "", "no picture")]
    _, files, classes = begun(table, problems)
    assert files == "2 files were left out, 'cat/a.jpg', 'x.txt': 1 broken, 1 no picture. Lesson 01 looks at them."
    assert classes.startswith("2 classes were left out, 'emu', 'yak': fewer than 3 different pictures")
