"""Exercise 15: another class, another need, with the tools of the lesson."""

import numpy as np
import pandas as pd

from utils.errors import CourseError
from utils.evaluation.thresholds import choose_and_report
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# A seed of two tables, the class, and the recall that is wanted: on the first the usual mistakes all give different
# numbers, and on each the highest threshold that reaches the recall is also the one that choose_and_report takes.
PROBED = [(82, "dog", 0.95), (3, "owl", 0.9), (9, "cat", 0.8)]


def false_alarms(valid, test, positive, at_least):
    _, reported = choose_and_report(valid, test, positive, recall=at_least)
    return reported.fp


def probe_false_alarms(answer):
    for seed, positive, at_least in PROBED:
        valid, test = _made(seed, "valid"), _made(seed + 10, "test")
        got = as_number(answer(valid.copy(), test.copy(), positive, at_least), "a number of pictures")
        if got != false_alarms(valid, test, positive, at_least):
            raise NotYet(
                f"{positive!r} with a recall of {at_least:g}: you say {got:g}. {_reason(got, valid, test, positive, at_least)}"
            )


def _made(seed, name):
    """A predictions table of 160 pictures in three classes."""
    rng = np.random.default_rng(seed)
    classes = np.array(["cat", "dog", "owl"], dtype=object)
    truth = rng.integers(3, size=160)
    logits = rng.normal(size=(160, 3)) + 2.5 * np.eye(3)[truth]
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    first = pd.DataFrame({"path": [f"{name}/{number}.jpg" for number in range(160)], "label": classes[truth],
                          "predicted": classes[probabilities.argmax(axis=1)]}, dtype=object)  # fmt: skip
    return first.assign(**{f"p_{label}": column for label, column in zip(classes, probabilities.T)})


def _reason(got, *arguments):
    usual = {
        "So many there are on valid, which chose the threshold.": _on_valid(*arguments),
        "So many are missed; a false alarm is one that was taken wrongly.": _misses(*arguments),
        "So many are taken, the right ones among them.": _taken(*arguments),
        "So many are predicted wrongly as the likeliest class; the threshold has not been used.": _likeliest(
            *arguments
        ),
        "Valid and test are exchanged: so many there are on valid, if test chooses.": _exchanged(*arguments),
        "So many there are on test, if test chooses: it may not.": _test_alone(*arguments),
        "Precision and recall are exchanged: the need is a recall.": _by_precision(*arguments),
        "So many there are for a recall of 0.9. How much is asked for is in `at_least`.": _for_0_9(*arguments),
    }
    otherwise = "Print what choose_and_report gives back: two outcomes, each with tp, fp, fn and tn."
    return first_near(got, usual, otherwise)


def _on_valid(valid, test, positive, at_least):
    return choose_and_report(valid, test, positive, recall=at_least)[0].fp


def _misses(valid, test, positive, at_least):
    return choose_and_report(valid, test, positive, recall=at_least)[1].fn


def _taken(valid, test, positive, at_least):
    reported = choose_and_report(valid, test, positive, recall=at_least)[1]
    return reported.tp + reported.fp


def _likeliest(valid, test, positive, at_least):
    return ((test["predicted"] == positive) & (test["label"] != positive)).sum()


def _exchanged(valid, test, positive, at_least):
    return choose_and_report(test, valid, positive, recall=at_least)[1].fp


def _test_alone(valid, test, positive, at_least):
    return choose_and_report(test, valid, positive, recall=at_least)[0].fp


def _by_precision(valid, test, positive, at_least):
    try:
        return choose_and_report(valid, test, positive, precision=at_least)[1].fp
    except CourseError:
        return -1


def _for_0_9(valid, test, positive, at_least):
    return false_alarms(valid, test, positive, 0.9)


q15 = Question(
    number=15,
    reference=false_alarms,
    probe=probe_false_alarms,
    hints=[
        "choose_and_report(valid, test, positive, recall=at_least) chooses on the first table and reports on the second.",
        "It gives two outcomes, that on valid and that on test. Which one judges? Its false alarms are `.fp`.",
    ],
    why="On the shipped table, a recall of 0.9 for `other_logo` costs 33 false alarms among 1,600 pictures of other "
    "classes, a recall of 0.99 costs 418: the last few pictures of a class are the dear ones. Whether 33 is much "
    "depends on who looks through them.",
    mistakes=[
        Mistake(_on_valid, "which chose the threshold"),
        Mistake(_misses, "So many are missed"),
        Mistake(_taken, "the right ones among them"),
        Mistake(_likeliest, "the threshold has not been used"),
        Mistake(_by_precision, "Precision and recall are exchanged"),
        Mistake(_for_0_9, "'dog' with a recall of 0.95: you say 7. So many there are for a recall of 0.9"),
        Mistake(_exchanged, "Valid and test are exchanged"),
        Mistake(_test_alone, "if test chooses: it may not"),
        Mistake(lambda valid, test, positive, at_least: 0, "two outcomes"),
        Mistake(
            lambda valid, test, positive, at_least: choose_and_report(valid, test, positive, recall=at_least),
            "expected a number",
        ),
    ],
)
