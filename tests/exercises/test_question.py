"""The mechanism: check, hint, solution, whatever the answer is or does."""

import functools
import os
import random

import numpy as np
import pytest
import torch

from tests.exercises.reading import define
from utils.exercises import progress
from utils.exercises.question import Mistake, NotYet, Question, choose


def double(number):
    """Twice the number."""
    return 2 * number


def probe_double(answer):
    if answer(21) != 42:
        raise NotYet(f"for 21 you say {answer(21)!r}.")


def question(**changes):
    parts = dict(number=1, reference=double, probe=probe_double, hints=["Twice.", "Times 2."], why="So it is.",
                 mistakes=[Mistake(abs, "for 21")])  # fmt: skip
    return Question(**{**parts, **changes})


STARTER = define("def double(number):\n    # twice the number\n    ...\n", name="/notebook/starter.py")["double"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (STARTER, "◻ Exercise 1: not answered yet"),
        (..., "◻ Exercise 1: not answered yet"),
        (lambda number: number, "✗ Exercise 1: not quite: for 21 you say 21."),
        (lambda number: number + number, "✓ Exercise 1: correct"),
    ],
)
def test_a_check_has_three_verdicts(answer, verdict, capsys):
    question().check(answer)
    assert capsys.readouterr().out == f"{verdict}\n"


def test_a_check_without_an_answer_is_not_answered_yet():
    assert question().judge().sign == "◻"


def test_hints_come_one_by_one_and_the_last_one_stays(capsys):
    asked = question()
    for _ in range(4):
        asked.hint()
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 2: Twice.",
        "Hint 2 of 2: Times 2.",
        "That was the last hint: Times 2.",
        "Still stuck? q1.solution() shows one way.",
        "That was the last hint: Times 2.",
        "Still stuck? q1.solution() shows one way.",
    ]


def test_an_exception_is_told_with_its_name_message_and_line():
    source = "def inner(number):\n    return {}[number]\n\n\ndef double(number):\n    return inner(number)\n"
    answer = define(source, name="/notebook/raises.py")["double"]
    assert question().judge(answer).text == "not quite: your code raised KeyError: 21\n  in line 2: return {}[number]"


def test_an_exception_without_a_message_or_a_line_is_told_by_its_name():
    class Odd(Exception):
        pass

    def answer(_):
        raise Odd

    assert question().judge(functools.partial(answer)).text == "not quite: your code raised Odd"


def test_a_long_message_of_an_exception_is_cut():
    def answer(_):
        raise ValueError("very long " * 1000)

    assert len(question().judge(answer).text) < 500


def test_an_exception_of_the_probe_is_no_fault_in_the_learners_code():
    verdict = question(probe=lambda answer: len(answer(21))).judge(double)
    assert (
        verdict.text
        == "not quite: what your function returned could not be used (TypeError: object of type 'int' has no len())."
    )


def test_a_function_that_forgets_to_return_is_told_so_unless_none_is_a_result():
    assert "is there a return" in question().judge(lambda number: None).text
    assert question(returns=False, probe=lambda answer: answer(1)).judge(lambda number: None).sign == "✓"


@pytest.mark.parametrize("answer", [42, None, "double", [1]])
def test_a_result_in_place_of_the_function_is_told_so(answer):
    text = question().judge(answer).text
    assert "give the function itself to the check, q1.check(double)" in text
    assert f"this was {answer!r}" in text


def test_a_function_in_place_of_a_value_is_told_so():
    asked = question(reference=3, probe=lambda answer: None)
    assert "the answer is a value, and this is a function" in asked.judge(double).text
    assert "this is a class" in asked.judge(int).text


def test_a_callable_object_is_as_good_as_a_function():
    assert question().judge(functools.partial(lambda factor, number: factor * number, 2)).sign == "✓"


def test_a_class_is_judged_as_it_is():
    class Doubler:
        def __call__(self, number):
            return 2 * number

    class Wrong:
        def __call__(self, number):
            return number.upper()

    asked = question(reference=Doubler, probe=lambda answer: probe_double(answer()))
    assert asked.judge(Doubler).sign == "✓"
    assert "your code raised AttributeError" in asked.judge(Wrong).text
    assert "give the class itself" in asked.judge(Doubler()(1)).text


@pytest.mark.parametrize("fails", [True, False])
def test_folder_and_random_states_are_as_before_also_after_an_error(fails, tmp_path):
    def answer(number):
        os.chdir(tmp_path)
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(0)
        return 1 / 0 if fails else 2 * number

    def drawn():
        return random.random(), np.random.random(), torch.rand(1).item()

    here = os.getcwd()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    expected = drawn()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert question().judge(answer).sign == ("✗" if fails else "✓")
    assert drawn() == expected
    assert os.getcwd() == here


def test_what_the_learner_prints_stands_before_the_verdict(capsys):
    question().check(lambda number: print("hello") or 2 * number)
    assert capsys.readouterr().out == "hello\n✓ Exercise 1: correct\n"


@pytest.mark.parametrize(("answer", "noted"), [(..., []), (abs, [False]), (double, [True])])
def test_wrong_and_right_verdicts_are_noted_and_open_ones_are_not(answer, noted, monkeypatch):
    found = []
    monkeypatch.setattr(progress, "note", lambda topic, number, correct: found.append(correct))
    question().check(answer)
    assert found == noted


@pytest.mark.parametrize("answer", ["b", "B", " b) ", "(b)", "b."])
def test_an_option_is_chosen_by_its_letter_however_it_is_written(answer):
    choose(answer, "b", {"a": "no"})


@pytest.mark.parametrize("answer", ["c", "", None, 2, ["b"], "ab", {"b"}])
def test_what_is_no_option_is_answered_with_those_there_are(answer):
    with pytest.raises(NotYet, match="the cells, expected one of 'a', 'b', got"):
        choose(answer, "b", {"a": "no"}, about="the cells")


def test_a_wrong_option_is_answered_with_what_speaks_against_it():
    with pytest.raises(NotYet, match=r"^'a': for this reason$"):
        choose("a", "b", {"a": "for this reason"})


def test_a_question_shows_what_can_be_done_with_it():
    assert repr(question()) == "Exercise 1: q1.check(answer), q1.hint(), q1.solution()"
