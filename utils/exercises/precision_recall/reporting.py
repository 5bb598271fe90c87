"""Exercise 5: which pictures choose a threshold, and which ones judge it."""

import math

import numpy as np

from utils.exercises.precision_recall.choosing import threshold_for
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# A seed of two sets, and the recall that is wanted: on each the usual mistakes give different numbers.
PROBED = [(4, 0.75), (0, 0.5), (2, 0.875)]


def recall_to_report(valid, test, at_least):
    """The recall on test at the highest threshold that reaches at_least; each set is (is_positive, scores)."""
    is_positive, scores = valid
    found = np.sort(scores[is_positive])[::-1]
    threshold = found[math.ceil(round(at_least * len(found), 9)) - 1]
    is_positive, scores = test
    return (scores[is_positive] >= threshold).mean()


def recall_to_be_proud_of(valid, test, at_least):
    """The recall on test at the highest threshold that reaches at_least; each set is (is_positive, scores)."""
    is_positive, scores = test
    found = np.sort(scores[is_positive])[::-1]
    threshold = found[math.ceil(round(at_least * len(found), 9)) - 1]
    return (scores[is_positive] >= threshold).mean()


def probe_recall_to_report(answer):
    for seed, at_least in PROBED:
        valid, test = _two_sets(seed)
        got = as_number(answer(*_two_sets(seed), at_least), "a recall, a number between 0 and 1")
        if not abs(got - recall_to_report(valid, test, at_least)) < 1e-9:
            raise NotYet(f"wanted {at_least:g}, and you report {got:.3g}. {_which_report(got, valid, test, at_least)}")


def _two_sets(seed):
    """Valid and test: in test the logos score a little lower."""
    rng = np.random.default_rng(seed)
    there, in_test = np.arange(48) % 3 == 0, np.arange(45) % 3 == 0  # 16 and 15 logos: what test chooses shows
    valid = there, np.round(np.where(there, 0.45, 0.1) + rng.random(48) / 2, 2)
    test = in_test, np.round(np.where(in_test, 0.3, 0.1) + rng.random(45) / 2, 2)
    return valid, test


def _which_report(got, *arguments):
    usual = {
        "So it comes out if test chooses its own threshold.": _test_alone(*arguments),
        "That is on valid, which chose the threshold to look good on it.": _valid_alone(*arguments),
        "Valid and test are exchanged: which of the two chooses, and which one judges?": _exchanged(*arguments),
        "A logo whose score is just the threshold counts as taken.": _above(*arguments),
        "So it comes out if both sets together choose the threshold: test must not have a say.": _pooled(*arguments),
        "So it comes out if both sets together choose and judge: test must not choose, nor valid judge.": _all_pooled(*arguments),
        "That is the precision: of the taken the share that bear the logo.": _precision(*arguments),
        "That is a share of all pictures of test, the others among them.": _of_all_pictures(*arguments),
    }  # fmt: skip
    otherwise = "Step by step: which pictures give the threshold, and of which ones is a share to be counted?"
    return first_near(got, usual, otherwise, abs_tol=1e-9)


def _test_alone(valid, test, at_least):
    return recall_to_report(test, test, at_least)


def _valid_alone(valid, test, at_least):
    return recall_to_report(valid, valid, at_least)


def _exchanged(valid, test, at_least):
    return recall_to_report(test, valid, at_least)


def _above(valid, test, at_least):
    is_positive, scores = test
    return (scores[is_positive] > threshold_for(*valid, at_least)).mean()


def _both(valid, test):
    return tuple(np.concatenate(parts) for parts in zip(valid, test))


def _pooled(valid, test, at_least):
    return recall_to_report(_both(valid, test), test, at_least)


def _all_pooled(valid, test, at_least):
    both = _both(valid, test)
    return recall_to_report(both, both, at_least)


def _precision(valid, test, at_least):
    is_positive, scores = test
    return is_positive[scores >= threshold_for(*valid, at_least)].mean()


def _of_all_pictures(valid, test, at_least):
    return (test[1] >= threshold_for(*valid, at_least)).mean()


q5 = Question(
    number=5,
    reference=recall_to_report,
    probe=probe_recall_to_report,
    starter=recall_to_be_proud_of,
    hints=[
        "Which set does the code take the threshold from? Where is `valid` used at all?",
        "Take the threshold from valid. Then count, among the positive pictures of test, those with score >= threshold.",
    ],
    why="A threshold that test chose for itself reaches the need on test by construction, and says nothing about new "
    "pictures. Chosen on valid, the recall on test may fall short: that is the number a customer will see.",
    mistakes=[
        Mistake(_test_alone, "if test chooses its own threshold"),
        Mistake(_valid_alone, "which chose the threshold to look good"),
        Mistake(_exchanged, "Valid and test are exchanged"),
        Mistake(_above, "just the threshold counts as taken"),
        Mistake(_pooled, "if both sets together choose the threshold"),
        Mistake(_all_pooled, "if both sets together choose and judge"),
        Mistake(_precision, "That is the precision"),
        Mistake(_of_all_pictures, "a share of all pictures of test"),
        Mistake(lambda valid, test, at_least: at_least, "That is on valid"),
        Mistake(lambda valid, test, at_least: 0.3, "Step by step"),
        Mistake(lambda valid, test, at_least: "0.75", "expected a recall"),
    ],
)
