"""The learner's progress: written only from exercise notebooks, never lost, never in the way."""

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from utils.exercises import progress


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course's folder, and the working folder that of a learner's notebook in it; no COURSE_PROGRESS."""
    monkeypatch.delenv("COURSE_PROGRESS")
    for folder in ("my_exercises", "lessons/exercises", "lessons/solutions", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "my_exercises")
    return tmp_path


def lines(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]


@pytest.mark.parametrize("folder", ["my_exercises", "lessons/exercises"])
def test_a_verdict_is_noted_from_an_exercise_notebook(course, monkeypatch, folder):
    monkeypatch.chdir(course / folder)
    progress.note("topic", 3, True, course)
    assert progress.read(course) == {"topic": {3: True}}
    (entry,) = map(json.loads, lines(course / "my_exercises" / "progress.jsonl"))
    assert (entry["topic"], entry["exercise"], entry["correct"]) == ("topic", 3, True)


@pytest.mark.parametrize("folder", [".", "lessons", "lessons/solutions", "elsewhere"])
def test_nothing_is_noted_from_anywhere_else(course, monkeypatch, folder):
    monkeypatch.chdir(course / folder)
    progress.note("topic", 3, True, course)
    assert not list(course.rglob("*.jsonl"))


def test_the_environment_names_another_file(course, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "new" / "file"))
    progress.note("topic", 3, False, course)
    assert progress.read(course) == {"topic": {3: False}}
    assert not list(course.rglob("*.jsonl"))


def test_what_was_correct_once_stays_so(course):
    for number, correct in ((1, False), (1, True), (1, False), (2, False)):
        progress.note("topic", number, correct, course)
    progress.note("other", 1, True, course)
    assert progress.read(course) == {"topic": {1: True, 2: False}, "other": {1: True}}


def test_the_latest_topic_is_that_of_the_last_check_among_those_asked_about(course):
    assert progress.latest(["one", "two"], course) is None
    for topic in ("two", "one", "two", "gone"):
        progress.note(topic, 1, False, course)
    assert progress.latest(["one", "two"], course) == "two"
    assert progress.latest(["one"], course) == "one"
    assert progress.latest(["three"], course) is None


def test_there_is_no_progress_before_the_first_check(course):
    assert progress.read(course) == {}


def test_half_a_line_of_a_killed_notebook_spoils_no_other(course):
    path = course / "my_exercises" / "progress.jsonl"
    progress.note("topic", 1, True, course)
    with open(path, "ab") as file:
        file.write(b'\n{"topic": "topic", "exerc')
    progress.note("topic", 2, True, course)
    assert progress.read(course) == {"topic": {1: True, 2: True}}


@pytest.mark.parametrize(
    "line", ["[1]", "3", "null", '"text"', "{}", '{"topic": "t", "exercise": "x", "correct": true}', "\x00", "\xff",
             '{"topic": "t", "exercise": Infinity, "correct": true}', '{"topic": "t", "exercise": null, "correct": true}'],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_passed_over(course, line):
    path = course / "my_exercises" / "progress.jsonl"
    path.write_bytes(line.encode("latin-1"))
    progress.note("topic", 1, True, course)
    assert progress.read(course) == {"topic": {1: True}}


def test_two_notebooks_at_once_lose_nothing(course):
    code = "from utils.exercises import progress; from pathlib import Path; import sys\n" \
           "for number in range(200): progress.note(sys.argv[1], number, True, Path(sys.argv[2]))"  # fmt: skip
    command = [sys.executable, "-c", code]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda topic: subprocess.run([*command, topic, course], check=True), ("one", "two")))
    expected = dict.fromkeys(range(200), True)
    assert progress.read(course) == {"one": expected, "two": expected}


def test_a_file_that_cannot_be_written_or_read_is_no_error(course, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(course / "elsewhere"))  # a folder
    progress.note("topic", 1, True, course)
    assert progress.read(course) == {}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS], ids=["full", "refused", "read-only"])
def test_a_disk_that_takes_nothing_is_no_error(course, monkeypatch, code):
    def refused(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("builtins.open", refused)
    progress.note("topic", 1, True, course)
    monkeypatch.undo()
    assert not list(course.rglob("*.jsonl"))


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the folder of a process")
def test_a_folder_that_was_deleted_meanwhile_is_no_error(course, monkeypatch):
    gone = course / "my_exercises" / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    progress.note("topic", 1, True, course)
    monkeypatch.chdir(course)


def test_the_course_is_the_checkout():
    assert (progress.ROOT / "lessons").is_dir()
    assert Path(__file__).is_relative_to(progress.ROOT)
