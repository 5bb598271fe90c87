"""Exercise 1, which lesson 00 shows a check with: the share of right answers."""

import math

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, shown

CASES = [
    (["cat", "dog", "cat", "owl"], ["cat", "owl", "cat", "owl"]),
    (["cat", "dog", "dog", "owl", "cow"], ["dog", "dog", "cat", "owl", "cat"]),  # right in other places than it begins
    (["cat", "dog", "owl"], ["dog", "owl", "cat"]),  # the same names in another order: none is right
    (["cat", "dog", "owl"], ["cat", "cat", "cat"]),
    (["cat"], ["cat"]),
]


def share_of_right(labels, predicted):
    """The share of pictures on which the model is right."""
    right = sum(label == said for label, said in zip(labels, predicted))
    return right / len(labels)


def probe_share_of_right(answer):
    for labels, predicted in CASES:
        got = as_number(answer(list(labels), list(predicted)), "the share, a number")
        right = share_of_right(labels, predicted)
        if not math.isclose(got, right, abs_tol=0.005):  # rounded to two digits will do
            raise NotYet(f"labels {shown(labels)}, predicted {shown(predicted)}: you say {got:g}. "
                         f"{_which_share(got, right, len(labels))}")  # fmt: skip


def _which_share(got, right, total):
    usual = {
        "That is how many are right; which share of all is it?": right * total,
        "That is how often it is wrong.": 1 - right,
        "As a share, please: 0.5 for half of them, not 50.": 100 * right,
    }
    return first_near(got, usual, "On which of these pictures does it say what is there?", abs_tol=0.005)


def _right(labels, predicted):
    return sum(label == said for label, said in zip(labels, predicted))


q1 = Question(
    number=1,
    reference=share_of_right,
    probe=probe_share_of_right,
    hints=[
        "How many of how many? Count the pictures on which both lists say the same, then divide.",
        "`zip(labels, predicted)` gives them in pairs, and `label == said` is True, which counts as 1, or False, 0.",
        "`sum(label == said for label, said in zip(labels, predicted))` are the right ones. Divided by what?",
    ],
    why="This share is called *accuracy*. It is the first number that anybody asks for, and it says little until one knows "
    "what a model would reach that looks at nothing (exercise 7).",
    mistakes=[
        Mistake(_right, "which share of all is it?"),
        Mistake(lambda labels, predicted: 1 - _right(labels, predicted) / len(labels), "how often it is wrong"),
        Mistake(lambda labels, predicted: 100 * _right(labels, predicted) / len(labels), "not 50"),
        Mistake(lambda labels, predicted: len(set(labels) & set(predicted)) / len(labels), "On which of these"),
        Mistake(lambda labels, predicted: labels == predicted, "expected the share"),
        Mistake(0.5, "give the function itself"),
    ],
)
