"""Exercise 2: which rate to begin with, read from range tests."""

import math

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_dict, as_number

begin_with = {"adamw": 0.01, "sgd": 0.3, "cut off": None}
# Rates, the loss of each step's batch, and the smoothed loss: what the tables of the notebook say. Invented.
CURVES = {
    "adamw": [(0.0001, 2.31, 2.31), (0.0003, 2.29, 2.30), (0.001, 2.30, 2.29), (0.003, 2.12, 2.21), (0.01, 1.71, 1.98),
              (0.03, 0.62, 1.44), (0.1, 1.05, 1.12), (0.3, 1.31, 1.25), (1, 6.20, 4.10)],
    "sgd": [(0.01, 2.30, 2.30), (0.03, 2.30, 2.30), (0.1, 2.26, 2.29), (0.3, 2.11, 2.22), (1, 1.60, 1.95), (3, 0.93, 1.41),
            (10, 2.70, 1.88), (30, math.nan, math.nan)],
    "cut off": [(0.00001, 2.31, 2.31), (0.0001, 2.30, 2.30), (0.001, 2.24, 2.27), (0.01, 1.71, 2.02)],
}  # fmt: skip
USUAL = {
    "adamw": {
        0.1: "there the smoothed loss is lowest, and the next step breaks it: the training would live at the edge.",
        0.003: "a tenth of which rate? One batch may be easy by chance, and its low loss says little.",
        0.03: "there one batch had a low loss, or the curve is steepest. What does the rule of the lesson go by?",
        0.3: "there the loss is rising already.",
        1: "there it is broken.",
        0.001: "the curve is flat there: that would be slow.",
        0.0001: "the curve is flat there: nothing happens.",
        0.0003: "the curve is flat there: nothing happens.",
    },
    "sgd": {
        3: "that is the lowest place itself, or a tenth of where there is no number any more.",
        30: "there the loss is no number any more.",
        10: "there the loss is rising already.",
        1: "that is steep, and little is left to the edge. What does the rule of the lesson say?",
        0.01: "that is the other optimiser's; each has a rate of its own.",
        0.1: "the curve is nearly flat there.",
        0.03: "the curve is flat there.",
    },
    "cut off": {
        0.001: "a tenth of the last rate. How do you know that the loss would not have gone on falling?",
        0.01: "that is where the test ended, and not where the loss would turn.",
        0.0001: "the curve is flat there.",
        0.00001: "nothing happens there.",
    },
}


def probe_begin_with(answer):
    got = as_dict(answer, "a dictionary {test: rate}")
    for name in begin_with:
        if name not in got:
            raise NotYet(f"{name!r} has no rate in your answer.")
    for name, right in begin_with.items():
        value = None if got[name] is None else as_number(got[name], f"{name}, a rate or None")
        if (value is None) != (right is None) or (value is not None and not math.isclose(value, right, rel_tol=0.02)):
            raise NotYet(f"{name}, {value if value is None else format(value, 'g')}: {_which(name, value)}")


def _which(name, value):
    if value is None:
        return "the loss falls, and rises again. That is all there is to see in such a test."
    otherwise = "look for the place where the smoothed loss is lowest, and at what comes after it."
    return next((words for rate, words in USUAL[name].items() if math.isclose(rate, value, rel_tol=0.02)), otherwise)


q2 = Question(
    number=2,
    reference=begin_with,
    probe=probe_begin_with,
    hints=[
        "Which column is to be trusted: that of a single batch, or the smoothed one?",
        "Find the rate at which the smoothed loss is lowest. Does the loss rise after it? If not, the test has not seen "
        "enough.",
        "The rule of the lesson: begin with a tenth of the rate at which the smoothed loss is lowest.",
    ],
    why="At the lowest point the training is about to break, so one begins well to the left of it. The smoothed curve decides, "
    "since one easy batch proves nothing; nan is no low loss; and a curve that still falls where the test ends has not "
    "shown its lowest point. SGD's rate is thirty times AdamW's here: a rate is never right for both.",
    mistakes=[Mistake({**begin_with, name: rate}, f"{name}, {rate:g}: {words}")
              for name, usual in USUAL.items() for rate, words in usual.items()]
    + [Mistake({**begin_with, "sgd": None}, "sgd, None: the loss falls, and rises again"),
       Mistake({**begin_with, "adamw": 0.5}, "adamw, 0.5: look for the place"),
       Mistake({**begin_with, "cut off": "None"}, "expected cut off, a rate or None"),
       Mistake({"adamw": 0.01}, "'sgd' has no rate"), Mistake(0.01, "expected a dictionary")],
)  # fmt: skip
