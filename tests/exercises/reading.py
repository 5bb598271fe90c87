"""What the tests of the exercises share: all questions, the notebooks' cells, and code that has a source to read."""

import linecache
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import pytest
import torch

from utils.exercises import questions, topics
from utils.exercises.solutions import answered, topic_of

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
EXERCISES = sorted((LESSONS / "exercises").glob("*.ipynb"))
TOPICS = topics()
QUESTIONS = {f"{topic}-q{question.number}": question for topic in TOPICS for question in questions(topic)}


def define(source, space=None, name="/notebook/cell.py"):
    """Run source as a notebook's kernel does, so that inspect finds it; the names it defined."""
    space = {"__name__": "__main__"} if space is None else space
    # Without a time, the cache never looks for the file.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)
    return space


@cache
def read(path):
    """The cells of a notebook."""
    return nbformat.read(path, as_version=4).cells


def exercise_of(topic):
    """The exercise notebook of a topic."""
    (path,) = [path for path in EXERCISES if topic_of(path) == topic]
    return path


def task_of(topic, number):
    """The text of a question's task."""
    (text,) = [cell.source for cell in read(exercise_of(topic)) if cell.id == f"q{number}-task"]
    return text


def answer_cells(path):
    """{question's number: the place of its answer cell}, in the order of the notebook."""
    return {answered(cell): place for place, cell in enumerate(read(path)) if answered(cell)}


@cache
def namespace(path):
    """What a notebook's code defines, its checks left out."""
    space = {"__name__": "__main__"}
    for cell in read(path):
        if cell.cell_type == "code" and ".check(" not in cell.source:
            define(cell.source, space, f"/{path.stem}/{cell.id}.py")
    return space


def of_topic(topic):
    """{number: question} of one lesson."""
    return {question.number: question for question in QUESTIONS.values() if question.topic == topic}


def other_ways(right):
    """{number: answers} as parameters (number, answer) of a test, each with a name that can be read."""
    return pytest.mark.parametrize(("number", "answer"), [
        pytest.param(number, answer, id=f"q{number}-{getattr(answer, '__name__', type(answer).__name__)}")
        for number, answers in right.items() for answer in answers
    ])  # fmt: skip


def changing_verdicts(question, seeds):
    """(seed, what was expected) of each answer that is judged otherwise by chance; none where chance has no say."""
    right = [(question.reference, "✓")] + ([] if question.starter is None else [(question.starter, "✗")])
    found = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        found += [(seed, sign) for answer, sign in right if replace(question, starter=None).judge(answer).sign != sign]
        found += [(seed, mistake.words) for mistake in question.mistakes
                  if mistake.words not in question.judge(mistake.answer).text]  # fmt: skip
    return found
