"""Common mistakes for the page beside the lessons: what the checks say, and where it is written."""

import re
from pathlib import Path

import pytest

from utils.errors import CourseError
from utils.exercises.__main__ import _titles, main
from utils.exercises.mistakes import BEGIN, END, feedback, mistakes_text, said, without_numbers, write_mistakes
from utils.exercises.question import Mistake, Question, choose
from utils.exercises.values import NotYet

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = sorted((ROOT / "lessons" / "exercises").glob("*.ipynb"))
TEXT = (ROOT / "lessons" / "README.md").read_text(encoding="utf-8")


class Lesson:
    """An exercise notebook as the command finds it, with two of its exercises."""

    path = ROOT / "lessons" / "exercises" / "00_start_here.ipynb"
    topic, titles = "start_here", {2: "What does it print?", 10: "A car"}


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "lessons" / "README.md"
    path.parent.mkdir()
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    return path


@pytest.mark.slow  # each mistake of each exercise is put to its check
def test_what_stands_between_the_marks_is_what_the_command_generates(tmp_path, capsys):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "exercises").symlink_to(ROOT / "lessons" / "exercises")
    copy = tmp_path / "lessons" / "README.md"
    copy.write_text(TEXT, encoding="utf-8")
    assert main(["--root", str(tmp_path), "mistakes"]) == 0
    assert without_numbers(copy.read_text(encoding="utf-8")) == without_numbers(TEXT), "type: make solutions"
    assert capsys.readouterr().out == "unchanged  lessons/README.md\n"


def test_mistakes_are_written_between_the_marks_and_then_left_alone(page):
    assert write_mistakes(page, [Lesson])
    text = page.read_text(encoding="utf-8")
    assert text == f"before\n{BEGIN}\n\n{mistakes_text([Lesson])}\n{END}\nafter\n"
    assert "<summary>00 · Start here</summary>\n\n- **2. What does it print?**\n  - not 10." in text
    assert not write_mistakes(page, [Lesson])


def test_where_numbers_alone_differ_the_page_stays(page):
    write_mistakes(page, [Lesson])
    changed = page.read_text(encoding="utf-8").replace("not 10.", "not 11.")
    page.write_text(changed, encoding="utf-8")
    assert not write_mistakes(page, [Lesson])
    assert page.read_text(encoding="utf-8") == changed


@pytest.mark.parametrize("text", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_both_marks_is_refused_and_left_as_it_is(page, text):
    page.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match="lacks one of them or both"):
        write_mistakes(page, [Lesson])
    assert page.read_text(encoding="utf-8") == text


def made(reference, probe, mistakes):
    return Question(1, reference, probe, hints=["a", "b"], why="so", mistakes=mistakes)


def test_of_a_choice_one_wrong_letter_is_told_and_not_which():
    wrong = {"a": "too small.", "c": "too large.", "d": "no number."}
    question = made("b", lambda answer: choose(answer, "b", wrong), [Mistake(*pair) for pair in wrong.items()])
    assert said(question) == ["too small."]


def says(answer):
    raise NotYet(answer)


def said_of(*answers, reference=0):
    return said(made(reference, says, [Mistake(each, each) for each in answers]))


def test_of_several_choices_each_has_one_and_what_names_no_letter_is_not_told():
    answers = ["cells, 'a': too few.", "cells, 'c': too many.", "digits, 'b': a 6.", "One is missing: the others."]
    assert said_of(*answers, reference={"cells": "b", "digits": "a"}) == ["cells: too few.", "digits: a 6."]


def test_a_text_with_a_dictionary_or_of_a_question_for_a_text_is_told_as_it_is():
    assert said_of("of {'a': 1, 'b': 2} ms: slow.", "lr is 1.", reference="lr: 2") == [
        "of {'a': 1, 'b': 2} ms: slow.",
        "lr is 1.",
    ]


def test_a_mistake_that_holds_a_right_number_is_not_told():
    assert said_of("a, 1,200: that is b.", "a, 12: few.", "b, 18", reference={"a": 18, "b": 1200}) == ["a, 12: few."]


def test_at_most_three_are_told_each_once_and_none_that_any_exercise_may_say():
    answers = ["a: expected 'x'.", "You say 3: too few.", "You say -4.5: too few.", "Second.", "Third.", "Fourth."]
    assert said_of(*answers) == [answers[1], "Second.", "Third."]


@pytest.mark.parametrize(("answer", "words", "told"), [
    ("You say 0.5. Half of them? Which half.", "Half of", "You say 0.5. Half of them?"),
    ("You say 0.5. Half of them? Which half.", "Half of them?", "You say 0.5. Half of them?"),
    ("No end", "No", "No end"),
    (300 * "of " + ". Half of them.", "of them", "Half of them."),
    ("Half" + 300 * " of", "Half", "Half"),
])  # fmt: skip
def test_feedback_ends_with_the_sentence_of_the_mistakes_words(answer, words, told):
    assert feedback(made(0, says, []), Mistake(answer, words)) == told


def generated():
    return re.search(f"{BEGIN}(.*){END}", TEXT, re.DOTALL)[1]


def test_every_exercise_has_a_mistake_on_the_page():
    names = [title for path in EXERCISES for title in _titles(path).values()]
    parts = re.split(r"^- \*\*\d+\. (.+)\*\*$", generated(), flags=re.MULTILINE)
    assert parts[1::2] == names
    assert [name for name, lines in zip(names, parts[2::2], strict=True) if not lines.startswith("\n  - ")] == []


def test_no_sign_in_a_mistake_is_taken_for_markdown_or_html():
    lines = [line for line in generated().splitlines() if line.startswith("  - ")]
    code = [part for line in lines for part in re.findall(r"`[^`]*`", line)]
    assert code and not [part for part in code if "\\" in part]
    assert not [line for line in lines if re.search(r"(?<!\\)[*_<>\[\]|$]", re.sub(r"`[^`]*`", "", line))]
