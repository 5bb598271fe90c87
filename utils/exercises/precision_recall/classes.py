"""Exercise 7: a mean over classes that hides none."""

import math

import numpy as np

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

MATRICES = [
    np.array([[8, 2, 0], [1, 3, 0], [5, 0, 45]]),
    np.array([[90, 10], [6, 4]]),
    np.array([[5, 0, 0], [0, 0, 0], [1, 0, 4]]),  # of the second class there is no picture
]


def macro_recall(counts):
    """The mean of the classes' recalls, each class alike; nan where a class has no picture. counts[true, predicted]."""
    pictures = counts.sum(axis=1)
    if (pictures == 0).any():
        return math.nan
    return (np.diag(counts) / pictures).mean()


def macro_recall_too_kind(counts):
    """The mean of the classes' recalls, each class alike; nan where a class has no picture. counts[true, predicted]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = np.diag(counts) / counts.sum(axis=0)
    return np.nanmean(recalls)


def probe_macro_recall(answer):
    for counts in MATRICES:
        got = as_number(answer(counts.copy()), "a mean, a number or nan")
        right = macro_recall(counts)
        if math.isnan(right):
            if not math.isnan(got):
                raise NotYet(f"for {counts.tolist()} you say {got:.3g}: the second class has no picture, so nobody "
                             "knows its recall, and the mean with it.")  # fmt: skip
        elif not abs(got - right) < 1e-9:
            raise NotYet(f"for {counts.tolist()} you say {got:.3g}. {_which_mean(got, counts)}")


def _which_mean(got, counts):
    usual = {
        "That is the mean of the precisions: which of the two sums goes over what is true?": (np.diag(counts) / counts.sum(axis=0)).mean(),
        "That is the accuracy, in which the commonest class speaks loudest.": np.trace(counts) / counts.sum(),
        "That is the sum.": (np.diag(counts) / counts.sum(axis=1)).sum(),
    }  # fmt: skip
    return first_near(got, usual, "Rows are what is true, columns what was predicted.", abs_tol=1e-9)


def _nanmean(counts):
    with np.errstate(invalid="ignore"):
        return np.nanmean(np.diag(counts) / counts.sum(axis=1))


def _precisions(counts):
    return macro_recall(counts.T)


def _accuracy(counts):
    return np.trace(counts) / counts.sum()


def _zero(counts):
    return (np.diag(counts) / counts.sum(axis=1).clip(1)).mean()


def _sum(counts):
    return macro_recall(counts) * len(counts)


q7 = Question(
    number=7,
    reference=macro_recall,
    probe=probe_macro_recall,
    starter=macro_recall_too_kind,
    hints=[
        "counts[true, predicted]: does a sum over axis 0 add up what is true, or what was predicted?",
        "nanmean leaves out what is undefined. What does the mean over the remaining classes promise about the missing one?",
    ],
    why="With the two axes exchanged a published script reported 0.889 in place of 0.711, since its library wants the "
    "truth first. And a validation folder in which one class is left scores 1.0 on any mean that skips what is missing: "
    "nan is the honest answer, and `undefined` of utils.evaluation.metrics says which class it is.",
    mistakes=[
        Mistake(_nanmean, "has no picture"),
        Mistake(_precisions, "the mean of the precisions"),
        Mistake(_accuracy, "the commonest class"),
        Mistake(_zero, "has no picture"),
        Mistake(_sum, "That is the sum"),
        Mistake(lambda counts: np.diag(counts) / counts.sum(axis=1).clip(1), "expected a mean"),
    ],
)
