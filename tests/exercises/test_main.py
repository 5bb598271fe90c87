"""The learner's commands: what they print, what they copy, what they leave alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from utils.exercises.__main__ import main
from utils.exercises.progress import ROOT

TITLES = {"01_data_folders.ipynb": {1: "Count", 2: "Mend", 12: "Choose"}, "02_scaling.ipynb": {1: "Scale"}}


@pytest.fixture
def course(tmp_path):
    """A course with two exercise notebooks."""
    root = tmp_path / "course"
    (root / "lessons" / "exercises").mkdir(parents=True)
    for name, titles in TITLES.items():
        cells = [{"cell_type": "markdown", "source": [f"### Exercise {n}. {title}\n", "\n", "Exercise 5. is no heading."]}
                 for n, title in titles.items()]  # fmt: skip
        code = {"cell_type": "code", "source": "# Exercise 9. A comment"}
        (root / "lessons" / "exercises" / name).write_text(json.dumps({"cells": [*cells, code]}), encoding="utf-8")
    return root


def command(course, *arguments):
    return main(["--root", str(course), *arguments])


def note(path, topic, number, correct):
    path.parent.mkdir(exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({"topic": topic, "exercise": number, "correct": correct}) + "\n")


def test_before_the_first_check_all_is_open_and_it_says_how_to_begin(course, capsys):
    assert command(course) == 0
    assert capsys.readouterr().out.splitlines() == [
        "exercises        correct   (✓ correct, ✗ tried, ◻ open)",
        "01_data_folders   0 of 3   ◻◻◻",
        "02_scaling        0 of 1   ◻",
        "Next: exercise 1, 'Count'. To begin, type: python -m utils.exercises start 01",
    ]


def test_progress_is_shown_by_notebook_and_the_next_exercise_is_the_first_that_is_not_correct(
    course, capsys, progress_file
):
    for entry in (("data_folders", 1, True), ("data_folders", 12, True), ("data_folders", 2, False), ("gone", 1, True)):
        note(progress_file, *entry)
    command(course, "start", "1")
    capsys.readouterr()
    assert command(course) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "01_data_folders   2 of 3   ✓✗✓",
        "02_scaling        0 of 1   ◻",
        "Next: exercise 2, 'Mend'. It is in my_exercises/01_data_folders.ipynb",
    ]


def test_the_next_notebook_comes_after_the_last_exercise_of_one(course, capsys, progress_file):
    for number in TITLES["01_data_folders.ipynb"]:
        note(progress_file, "data_folders", number, True)
    command(course)
    assert "Next: exercise 1, 'Scale'. To begin, type: python -m utils.exercises start 02" in capsys.readouterr().out
    note(progress_file, "scaling", 1, True)
    command(course)
    assert capsys.readouterr().out.endswith("All done.\n")


def next_line(course, capsys):
    capsys.readouterr()
    command(course)
    return capsys.readouterr().out.splitlines()[-1]


def test_the_next_exercise_is_in_the_lesson_of_the_latest_check_or_in_those_after_it(course, capsys, progress_file):
    note(progress_file, "data_folders", 1, True)
    note(progress_file, "scaling", 1, False)
    assert next_line(course, capsys).startswith("Next: exercise 1, 'Scale'.")
    note(progress_file, "data_folders", 2, True)
    assert next_line(course, capsys).startswith("Next: exercise 12, 'Choose'.")
    note(progress_file, "data_folders", 12, True)
    assert next_line(course, capsys).startswith("Next: exercise 1, 'Scale'.")


def test_lessons_that_were_passed_over_come_after_the_last_one(course, capsys, progress_file):
    note(progress_file, "scaling", 1, True)
    assert next_line(course, capsys).startswith("Next: exercise 1, 'Count'.")


def test_before_the_first_check_the_next_exercise_is_in_the_notebook_that_was_copied(course, capsys):
    command(course, "start", "02")
    assert next_line(course, capsys) == "Next: exercise 1, 'Scale'. It is in my_exercises/02_scaling.ipynb"


@pytest.mark.parametrize("number", ["01", "1", "01_data_folders.ipynb", "01_data_folders"])
def test_start_copies_a_notebook_byte_for_byte(course, capsys, number):
    assert command(course, "start", number) == 0
    copy = course / "my_exercises" / "01_data_folders.ipynb"
    assert copy.read_bytes() == (course / "lessons" / "exercises" / copy.name).read_bytes()
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    assert "Your copy: my_exercises/01_data_folders.ipynb." in capsys.readouterr().out


def test_start_never_overwrites_and_still_gives_the_others(course, capsys):
    own = course / "my_exercises" / "01_data_folders.ipynb"
    own.parent.mkdir()
    own.write_text("my answers")
    assert command(course, "start", "01", "02") == 2
    captured = capsys.readouterr()
    assert own.read_text() == "my answers"
    assert "'my_exercises/01_data_folders.ipynb' is there already, and stays as it is" in captured.err
    assert "rename it first" in captured.err
    assert (own.parent / "02_scaling.ipynb").exists()
    assert "Your copy: my_exercises/02_scaling.ipynb" in captured.out


@pytest.mark.skipif(os.name == "nt", reason="symbolic links want rights there")
def test_start_writes_through_no_link(course, tmp_path, capsys):
    (course / "my_exercises").mkdir()
    (course / "my_exercises" / "01_data_folders.ipynb").symlink_to(tmp_path / "nothing")
    assert command(course, "start", "01") == 2
    assert not (tmp_path / "nothing").exists()


def test_numbers_that_are_not_there_are_refused_together_with_those_there_are(course, capsys):
    assert command(course, "start", "1", "7", "11") == 2
    assert capsys.readouterr().err == "There are no exercises 07, 11. There are: 01, 02.\n"
    assert not (course / "my_exercises").exists()


def test_a_folder_that_cannot_be_written_is_an_error_with_what_to_do(course, capsys, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    assert command(course, "start", "01") == 2
    assert "my_exercises': Permission denied. Free some space, or" in capsys.readouterr().err


def test_a_folder_that_is_no_course_is_told_so(tmp_path, capsys):
    assert command(tmp_path) == 2
    assert "Is this the course's folder?" in capsys.readouterr().err


def test_start_wants_a_number(course, capsys):
    with pytest.raises(SystemExit):
        command(course, "start")
    assert "NN" in capsys.readouterr().err


def test_solutions_are_written_once_and_then_unchanged(tmp_path, capsys):
    exercises = tmp_path / "lessons" / "exercises"
    exercises.mkdir(parents=True)
    shutil.copy(ROOT / "lessons" / "exercises" / "01_data_folders.ipynb", exercises)
    for _ in range(2):
        assert command(tmp_path, "solutions") == 0
    lines = ["written    lessons/solutions/01_data_folders.ipynb", "unchanged  lessons/solutions/01_data_folders.ipynb"]
    assert capsys.readouterr().out.splitlines() == lines


def test_the_command_line_works_without_loading_torch():
    code = "import sys\nfrom utils.exercises.__main__ import main\nmain([])\nsys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8",
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "01_data_folders" in done.stdout
