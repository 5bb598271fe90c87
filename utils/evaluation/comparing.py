"""Is one model better than another, or was it luck? Of the pictures (McNemar's test), or of the seeds (paired differences).

Introduced in lesson 06; seeds in lesson 07.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from utils.errors import CourseError, named
from utils.evaluation.inputs import labelled
from utils.evaluation.intervals import Interval
from utils.evaluation.seeds import over_seeds, student

__all__ = ["McNemar", "coin_p_value", "mcnemar", "over_seeds", "paired_difference"]


@dataclass(frozen=True)
class McNemar:
    """On how many pictures which model is right, and how often luck alone would part them as unevenly."""

    both: int
    only_first: int
    only_second: int
    neither: int
    p_value: float

    def __str__(self):
        p_value = f"p = {self.p_value:.3f}" if self.p_value >= 0.001 else "p < 0.001"
        return f"right alone: the first on {self.only_first:,}, the second on {self.only_second:,}: {p_value}"


def mcnemar(first: pd.DataFrame, second: pd.DataFrame) -> McNemar:
    """McNemar's exact test of two models' predictions for the same pictures, whatever the order of the rows.

    If neither is better, each picture on which one alone is right is a fair coin. Those on which both are right or
    wrong say nothing. A small p-value speaks against luck; a large one does not say that the models are alike.
    Sources: McNemar (Psychometrika 12, 1947); for classifiers Dietterich, Approximate statistical tests (Neural
    Computation 10, 1998), section 3.1. Theirs approximates; this counts coins.

    Args:
        first, second: predictions tables; `predicted` is what counts as the answer.

    Raises:
        CourseError: as for `labelled`; or the tables have not the same pictures with the same labels.
    """
    labelled(first), labelled(second)
    first = first.set_index("path")
    second = second.set_index("path")
    _check_same(first, second)
    first_right = (first["predicted"] == first["label"]).to_numpy()
    second_right = (second["predicted"] == second["label"]).reindex(first.index).to_numpy()
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    return McNemar(int((first_right & second_right).sum()), only_first, only_second,
                   int((~first_right & ~second_right).sum()), coin_p_value(only_first, only_second))  # fmt: skip


def paired_difference(first, second, confidence: float = 0.95) -> tuple[float, Interval]:
    """How much better the second way is than the first, and where that may lie over other seeds.

    Run number i of both has the same seed, so that what the seed does to both cancels out in the difference. The interval
    is that of `student`. Where it holds 0, the seeds alone could have done it.

    Args:
        first, second: a score for each seed, in the same order, two or more.

    Raises:
        CourseError: they are not of one length, or fewer than two, or no finite numbers.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or len(first) < 2:
        raise CourseError("Expected the scores of two ways over the same seeds, two seeds or more, but got "
                          f"{first.size} and {second.size}.")  # fmt: skip
    if not np.isfinite([first, second]).all():
        raise CourseError(f"Expected scores that are numbers, but got {first.tolist()} and {second.tolist()}.")
    return student(second - first, confidence)


def coin_p_value(heads: int, tails: int) -> float:
    """How often a fair coin falls at least as unevenly, to either side; 1 without throws.

    Twice the sum of C(n, i) / 2^n for i from 0 to the smaller, in logarithms: C(1000, 500) alone has 300 digits.
    """
    throws = heads + tails
    i = np.arange(1, min(heads, tails) + 1)
    logs = np.append(0.0, np.cumsum(np.log((throws - i + 1) / i)))  # of C(n, 0), C(n, 1), ...
    return float(min(1.0, 2 * np.exp(logs - throws * np.log(2)).sum()))


def _check_same(first, second):
    apart = sorted(set(first.index) ^ set(second.index))
    if apart:
        raise CourseError(f"Expected predictions of both models for the same pictures, but {len(apart):,} are in one table "
                          f"only: {named(apart, 3)}. Predict them with both, or compare those that are in both.")  # fmt: skip
    differs = first["label"] != second["label"].reindex(first.index)
    if differs.any():
        raise CourseError(f"Expected the same label in both tables, but {differs.sum():,} pictures differ: "
                          f"{named(first.index[differs], 3)}. Were the labels mended in between?")  # fmt: skip
