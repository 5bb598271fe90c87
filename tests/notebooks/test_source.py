"""Lessons and their parameters, read before anything runs."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from utils.errors import CourseError
from utils.notebooks import lesson_paths, parameters, parse_value, read_lesson
from utils.notebooks.source import check_parameters, plain


def names(paths):
    return [path.name for path in paths]


def test_lessons_come_in_the_order_of_their_numbers_without_other_notebooks(course):
    for name in ("02_b.ipynb", "01_a.ipynb", "draft.ipynb"):
        course.notebook(name)
    assert names(lesson_paths(folder=course.root / "lessons")) == ["01_a.ipynb", "02_b.ipynb"]


@pytest.mark.parametrize("number", ["02", "2", 2])
def test_a_lesson_is_found_by_its_number_with_or_without_the_zero(course, number):
    for name in ("02_b.ipynb", "01_a.ipynb"):
        course.notebook(name)
    assert names(lesson_paths([number], course.root / "lessons")) == ["02_b.ipynb"]


def test_an_unknown_number_is_refused_with_those_there_are(course):
    course.notebook("01_a.ipynb")
    with pytest.raises(CourseError, match=r"number '07', '11'\. There are: 01"):
        lesson_paths(["11", "7", "01"], course.root / "lessons")


def test_a_folder_without_lessons_is_named(tmp_path):
    with pytest.raises(CourseError, match="no notebook in .*nothing_here"):
        lesson_paths(folder=tmp_path / "nothing_here")


def test_a_lesson_says_its_title_question_and_times(course):
    lesson = read_lesson(course.notebook("01_a.ipynb"))
    assert (lesson.title, lesson.question) == ("A tiny lesson", "Does it run?")
    assert (lesson.budget_seconds, lesson.reading_minutes) == (60, 1)


def test_a_lesson_without_its_settings_is_told_which_to_add(course):
    path = course.notebook("01_a.ipynb", settings={"question": "Why?"})
    with pytest.raises(CourseError, match="lacks 'budget_seconds', 'reading_minutes'") as caught:
        read_lesson(path)
    assert '"course": {"budget_seconds": 60' in str(caught.value)


def test_parameters_have_the_values_that_stand_in_the_cell(course):
    source = "lr: float = 0.1  # step\nname: str = 'b0'\nsizes: list = [64, 96]\ncsv = None\nfolder = make('x')"
    found = parameters(course.notebook("01_a.ipynb", parameters=source))
    assert found == {"lr": 0.1, "name": "b0", "sizes": [64, 96], "csv": None, "folder": "make('x')"}


def test_a_folder_with_braces_in_its_name_is_no_template(course):
    path = course.notebook("01_a.ipynb")
    folder = course.root / "{seed}"
    folder.mkdir()
    assert set(parameters(path.rename(folder / path.name))) == {"seed", "output_dir"}


@pytest.mark.parametrize("line", ["size: int = 64  # 0 = full size", "csv: str | None = None"])
def test_a_parameter_that_papermill_would_overlook_is_an_error(course, line):
    path = course.notebook("01_a.ipynb", parameters=f"seed = 0\n{line}")
    with pytest.raises(CourseError, match=f"cannot read '{line.split(':')[0]}'"):
        parameters(path)


def test_unknown_parameters_are_refused_together_with_the_nearest_and_all_there_are(course):
    path = course.notebook("01_a.ipynb")
    with pytest.raises(CourseError) as caught:
        check_parameters(path, ["sed", "seed", "zzz"])
    assert "no parameter 'sed' (did you mean 'seed'?), 'zzz'." in str(caught.value)
    assert "output_dir, seed" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("false", True, False),
        ("True", False, True),
        ("1e-3", 0.1, 0.001),
        ("3", 0.1, 3),
        ("5", "x", "5"),
        ("None", None, None),
        ("[1, 2]", [0], [1, 2]),
        ("~/my photos", None, "~/my photos"),
    ],
)
def test_a_typed_value_becomes_the_kind_of_its_default(text, default, value):
    assert parse_value(text, default) == value
    assert type(parse_value(text, default)) is type(value)


@pytest.mark.parametrize(
    ("text", "default"), [("no", True), ("1", False), ("many", 3), ("True", 3), ("[1]", 0.5), ("1e999", 0.5)]
)
def test_a_typed_value_of_another_kind_is_refused_with_its_name(text, default):
    with pytest.raises(CourseError, match="'epochs'"):
        parse_value(text, default, "epochs")


def test_tuples_paths_and_numpy_numbers_become_what_papermill_can_write():
    assert plain({"a": (0.7, np.int64(3)), "b": Path("x")}) == {"a": [0.7, 3], "b": "x"}
    assert type(plain(np.float32(0.5))) is float


def test_a_value_papermill_cannot_write_is_refused():
    with pytest.raises(CourseError, match="not a set"):
        plain([{1, 2}])


def test_a_notebook_that_names_no_kernel_is_told_what_to_write(course):
    path = course.notebook("01_a.ipynb")
    notebook = nbformat.read(path, as_version=4)
    del notebook.metadata["kernelspec"]
    nbformat.write(notebook, path)
    with pytest.raises(CourseError, match='which kernel it wants.*"kernelspec": {"name": "python3"'):
        parameters(path)
