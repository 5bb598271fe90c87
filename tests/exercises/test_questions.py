"""What holds for every question there will ever be: of each topic, in each notebook, found and not listed here."""

import contextlib
import os
import random
import re
import sys
from dataclasses import replace
from importlib import import_module
from unittest.mock import ANY

import numpy as np
import pytest
import torch

from tests.exercises.reading import QUESTIONS, TOPICS, exercise_of, namespace
from utils.exercises import questions
from utils.exercises.question import Question
from utils.exercises.values import shown

MISTAKES = {
    f"{name}-{place}": (question, mistake)
    for name, question in QUESTIONS.items()
    for place, mistake in enumerate(question.mistakes, 1)
}
FUNCTIONS = {name: question for name, question in QUESTIONS.items() if callable(question.reference)}
VALUES = {name: question for name, question in QUESTIONS.items() if name not in FUNCTIONS}
JUNK = {
    "None": None, "text": "zzz", "empty text": "", "number": 10**9, "minus": -1, "nan": float("nan"), "infinity": float("inf"),
    "truth": True, "list": [], "numbers": [1, 2, 3], "nested": [[[]]], "dict": {}, "odd dict": {None: [object()]},
    "set": {1, "a"}, "bytes": b"\0", "type": int, "object": object(), "equal to all": ANY, "array": np.zeros((2, 2)),
    "texts": np.array(["a", "b"]), "tensor": torch.full((3, 2, 2), float("nan")), "complex": 1j, "module": sys,
    "lambda": lambda *_: None,
}  # fmt: skip

every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
every_function = pytest.mark.parametrize("question", FUNCTIONS.values(), ids=FUNCTIONS)
every_value = pytest.mark.parametrize("question", VALUES.values(), ids=VALUES)
every_mistake = pytest.mark.parametrize(("question", "mistake"), MISTAKES.values(), ids=MISTAKES)


def test_there_are_topics_with_questions():
    assert TOPICS
    assert all(isinstance(question, Question) for question in QUESTIONS.values())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_eight_questions_or_more_numbered_from_1_and_a_notebook_can_import_each(topic):
    found = questions(topic)
    assert len(found) >= 8
    assert [question.number for question in found] == list(range(1, len(found) + 1))
    module = import_module(f"utils.exercises.{topic}")
    assert [getattr(module, f"q{question.number}", None) for question in found] == found
    assert {question.topic for question in found} == {topic}


@every_question
def test_the_reference_is_correct(question):
    verdict = question.judge(question.reference)
    assert (verdict.sign, verdict.text) == ("✓", "correct")


@every_question
def test_the_reference_as_the_solution_shows_it_is_correct(question):
    space = dict(namespace(exercise_of(question.topic)))  # what the notebook imports and defines
    before = dict(space)
    exec(question.source(), space)
    (answer,) = [value for name, value in space.items() if before.get(name) is not value and name != "__builtins__"]
    assert question.judge(answer).sign == "✓"


@every_mistake
def test_a_typical_mistake_gets_the_message_meant_for_it(question, mistake):
    verdict = question.judge(mistake.answer)
    assert verdict.sign == "✗"
    assert mistake.words in verdict.text


@every_question
def test_a_question_has_three_mistakes_two_hints_and_a_reason(question):
    assert len(question.mistakes) >= 3
    assert all(len(mistake.words) >= 5 for mistake in question.mistakes)
    assert len(question.hints) >= 2
    assert len(set(question.hints)) == len(question.hints)
    assert len(question.why) > 40


@every_question
def test_code_to_mend_is_not_answered_yet_and_is_really_wrong(question):
    if question.starter is None:
        assert question.judge().sign == "◻"
        return
    assert question.judge(question.starter).sign == "◻"
    # What the code does, were it an answer:
    assert replace(question, starter=None).judge(question.starter).sign == "✗"


@every_question
def test_an_answer_of_a_wrong_kind_is_not_quite(question):
    signs = {kind: question.judge(junk).sign for kind, junk in JUNK.items()}
    assert signs == dict.fromkeys(JUNK, "✗")


@every_function
def test_a_function_that_returns_a_wrong_kind_is_not_quite(question):
    signs = {kind: question.judge(lambda *_, junk=junk, **__: junk).sign for kind, junk in JUNK.items()}
    assert signs == dict.fromkeys(JUNK, "✗")


def endless(*_, **__):
    return endless()


def leaves(*_, **__):
    sys.exit("bye")


def looks_up(*_, **__):
    return {}["gone"]


@every_function
@pytest.mark.parametrize(
    ("answer", "name"), [(endless, "RecursionError"), (leaves, "SystemExit"), (looks_up, "KeyError")]
)
def test_an_answer_that_raises_is_not_quite_and_told_by_the_names_of_error_and_line(question, answer, name):
    verdict = question.judge(answer)
    assert verdict.sign == "✗"
    assert f"your code raised {name}" in verdict.text
    assert re.search(r"in line \d+: return|in line \d+: sys", verdict.text)


@every_function
def test_an_answer_that_takes_other_arguments_is_told_so(question):
    assert "TypeError" in question.judge(lambda: None).text


@every_function
def test_a_check_can_be_interrupted(question):
    def answer(*_, **__):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        question.judge(answer)


def states():
    return os.getcwd(), random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


@every_function
def test_a_check_leaves_the_folder_and_the_random_generators_as_they_were(question, tmp_path):
    def answer(*args, **kwargs):
        os.chdir(tmp_path)
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        return question.reference(*args, **kwargs)

    before = states()
    assert question.judge(question.reference).sign == "✓"
    assert states() == before
    with contextlib.chdir("."):
        assert question.judge(answer).sign == "✓"
        assert states() == before


@every_value
def test_no_message_gives_the_value_away(question):
    right = shown(question.reference)
    for answer in [*JUNK.values(), *(mistake.answer for mistake in question.mistakes)]:
        text = question.judge(answer).text
        if "expected one of" not in text:  # all the letters there are
            assert not re.search(rf"(?<![\w.]){re.escape(right)}(?![\w.])", text), text


@every_question
def test_a_check_prints_the_verdict_only(question, capsys):
    question.check(question.mistakes[0].answer)
    question.check(question.reference)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"✗ Exercise {question.number}: not quite: ")
    assert lines[-1] == f"✓ Exercise {question.number}: correct"
