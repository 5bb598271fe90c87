"""Exercise 7: a mean over classes that hides none."""

import math

import numpy as np

from utils.exercises.precision_recall.said import number_or_nan
from utils.exercises.question import Mistake, NotYet, Question, first_near

MATRICES = [
    np.array([[8, 2, 0], [1, 3, 0], [5, 0, 45]]),
    np.array([[90, 10], [6, 4]]),
    np.array([[5, 0, 1], [2, 0, 1], [1, 0, 4]]),  # the second class is never predicted
    np.array([[5, 0, 0], [0, 0, 0], [1, 0, 4]]),  # of the second class there is no picture
    np.array([[5, 1, 0], [0, 0, 0], [1, 2, 4]]),  # nor here, and it is predicted
]


def macro_recall(counts):
    """The mean of the classes' recalls, each class alike; math.nan where a class has no picture. counts[true, predicted]."""
    pictures = counts.sum(axis=1)
    if (pictures == 0).any():
        return math.nan
    return (np.diag(counts) / pictures).mean()


def macro_recall_too_kind(counts):
    """The mean of the classes' recalls, each class alike; math.nan where a class has no picture. counts[true, predicted]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = np.diag(counts) / counts.sum(axis=0)
    return np.nanmean(recalls)


def probe_macro_recall(answer):
    for counts in MATRICES:
        right = macro_recall(counts)
        given = counts.copy()
        got = number_or_nan(answer(given), "a mean, a number or math.nan", defined=not math.isnan(right))
        if not math.isclose(got, right, abs_tol=1e-9) and not (math.isnan(got) and math.isnan(right)):
            raise NotYet(f"for {counts.tolist()} you say {got:.3g}. {_which_mean(got, right, counts)}")
        if not np.array_equal(given, counts):
            raise NotYet(f"for {counts.tolist()} the mean is right, but your function changed `counts`, and whoever called it goes "
                         "on with that. Change a copy.")  # fmt: skip


def _which_mean(got, right, counts):
    if math.isnan(right):
        return "The second class has no picture, so nobody knows its recall, and the mean with it."
    if math.isnan(got):
        return "Each class has pictures. A row is a class as it is true, a column one as it was predicted."
    with np.errstate(invalid="ignore"):  # of a class that is never predicted there is no precision
        precisions = np.diag(counts) / counts.sum(axis=0)
    usual = {
        "That is the mean of the precisions: which of the two sums goes over what is true?": precisions.mean(),
        "That is the accuracy, in which the commonest class speaks loudest.": np.trace(counts) / counts.sum(),
        "That is the sum.": (np.diag(counts) / counts.sum(axis=1)).sum(),
        "Each class counts alike, also one of which nothing is found.": _without_zeros(counts),
    }
    return first_near(got, usual, "Rows are what is true, columns what was predicted.", abs_tol=1e-9)


def _without_zeros(counts):
    recalls = np.diag(counts) / counts.sum(axis=1)
    return recalls[recalls > 0].mean()


def _emptying(counts):
    mean = macro_recall(counts)
    counts[:] = 0
    return mean


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


def _by_column(counts):
    """Looks for an empty column where an empty row matters."""
    if (counts.sum(axis=0) == 0).any():
        return math.nan
    with np.errstate(invalid="ignore"):
        return np.nanmean(np.diag(counts) / counts.sum(axis=1))


def _by_row_or_column(counts):
    return math.nan if (counts.sum(axis=0) == 0).any() else macro_recall(counts)


def _empty_in_both(counts):
    with np.errstate(invalid="ignore"):
        recalls = np.diag(counts) / counts.sum(axis=1)
    return math.nan if (counts.sum(axis=0) + counts.sum(axis=1) == 0).any() else np.nanmean(recalls)


def _none_for_nan(counts):
    mean = macro_recall(counts)
    return None if math.isnan(mean) else mean


q7 = Question(
    number=7,
    reference=macro_recall,
    probe=probe_macro_recall,
    starter=macro_recall_too_kind,
    returns=False,
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
        Mistake(_by_column, "Each class has pictures"),
        Mistake(_by_row_or_column, "Each class has pictures"),
        Mistake(_empty_in_both, "[[5, 1, 0], [0, 0, 0], [1, 2, 4]] you say 0.702. The second class has no picture"),
        Mistake(_none_for_nan, "return math.nan"),
        Mistake(lambda counts: None, "is there a return at its end"),
        Mistake(lambda counts: np.diag(counts) / counts.sum(axis=1).clip(1), "expected a mean"),
        Mistake(_emptying, "the mean is right, but your function changed `counts`"),
    ],
)
