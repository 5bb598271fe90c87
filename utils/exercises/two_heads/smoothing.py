"""Exercise 7: how low a loss with label smoothing can get."""

import math

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

smoothed_floors = {
    "two classes": -(0.95 * math.log(0.95) + 0.05 * math.log(0.05)),
    "five classes": -(0.92 * math.log(0.92) + 4 * 0.02 * math.log(0.02)),
}
CLASSES = {"two classes": 2, "five classes": 5}


def _usual(classes):
    """What is to be said of the usual slips, with the numbers they give; a smoothing of 0.1."""
    other = 0.1 / classes
    right = 0.9 + other
    return {
        "a loss of 0 would take a certain answer, and the smoothed target is not certain.": 0.0,
        "of the 0.1 that is taken away each class gets its part, the right one too.":
            _cross_entropy(0.9, 0.1 / (classes - 1), classes),
        "so high it is for somebody who knows nothing.": math.log(classes),
        "that is the part of the right class. What do the others add?": -right * math.log(right),
        "that is the part of the others. What does the right class add?": -(classes - 1) * other * math.log(other),
        "in logarithms to the base 2. torch takes natural ones.": _cross_entropy(right, other, classes) / math.log(2),
    }  # fmt: skip


def _cross_entropy(right, other, classes):
    return -(right * math.log(right) + (classes - 1) * other * math.log(other))


def probe_smoothed_floors(answer):
    got = as_numbers(answer, smoothed_floors)
    for name, classes in CLASSES.items():
        if not abs(got[name] - smoothed_floors[name]) <= 0.006:  # nan is refused too
            usual = _usual(classes) | _of_the_other(name)
            otherwise = "write down the smoothed target first: which shares, one for each class?"
            raise NotYet(f"{name}, {got[name]:.4g}: {first_near(got[name], usual, otherwise, abs_tol=0.005)}")


def _of_the_other(name):
    (other,) = set(CLASSES) - {name}
    return {"does the number of classes change nothing?": smoothed_floors[other]}


q7 = Question(
    number=7,
    reference=smoothed_floors,
    probe=probe_smoothed_floors,
    hints=[
        "With a smoothing of 0.1 and K classes, the target is 0.9 for the right class, and 0.1 / K on top for every class, "
        "the right one too. Which shares are that for K = 2?",
        "The loss is minus the sum of target times log(probability). It is lowest where the probabilities are the targets.",
        "For two classes: -(0.95 * math.log(0.95) + 0.05 * math.log(0.05)). For five, there are four others.",
    ],
    why="A smoothed loss never goes to 0, and how low it can get depends on how many classes a head has. So neither two "
    "heads nor two runs with other smoothing can be compared by it: in this course the loss on valid is never smoothed. "
    "And a head with more classes begins with a larger loss, about ln K, smoothed or not.",
    mistakes=[Mistake({**smoothed_floors, name: value}, f"{name}, {value:.4g}: {words}")
              for name, classes in CLASSES.items() for words, value in {**_usual(classes), **_of_the_other(name)}.items()]
    + [Mistake({**smoothed_floors, "two classes": 5}, "two classes, 5: write down the smoothed target"),
       Mistake({"two classes": 0.2}, "'five classes' has no number"), Mistake(0.2, "expected a dictionary")],
)  # fmt: skip
