"""How sure a number can be from so few pictures: Wilson's interval for a share, the bootstrap for anything else.

Both answer: had we drawn other pictures of the same kind, where would the number lie? Neither knows of pictures of
another kind. Introduced in lesson 06.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from utils.errors import CourseError


@dataclass(frozen=True)
class Interval:
    """Where a number may lie; nan where there is nothing to say."""

    low: float
    high: float
    confidence: float = 0.95
    undefined: int = 0  # rounds of a bootstrap in which the number was nan, which are left out of the interval

    @property
    def width(self) -> float:
        return self.high - self.low

    def __str__(self):
        left_out = f", undefined in {self.undefined:,} rounds" if self.undefined else ""
        return f"{self.low:.3f} to {self.high:.3f} ({self.confidence:.0%}{left_out})"


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Where a share lies of which `successes` of `trials` pictures were seen; nan without pictures.

    The shares p with |seen - p| <= z sqrt(p (1 - p) / trials). It stays within 0 and 1 and is of use for 10 of 10,
    where seen ± z standard errors has no width. Recall is wilson(tp, tp + fn), precision wilson(tp, tp + fp).
    Source: Wilson, Probable inference (JASA 22, 1927); compared by Brown, Cai and DasGupta (Statistical Science 16,
    2001), section 3.

    Raises:
        CourseError: not 0 <= successes <= trials, or the confidence is not between 0 and 1.
    """
    check_confidence(confidence)
    if not 0 <= successes <= trials:
        raise CourseError(f"Expected from 0 to {trials} successes in {trials} trials, but got {successes}.")
    if trials == 0:
        return Interval(np.nan, np.nan, confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    seen, shrink = successes / trials, z**2 / trials
    middle = (seen + shrink / 2) / (1 + shrink)
    half = z * np.sqrt(seen * (1 - seen) / trials + shrink / (4 * trials)) / (1 + shrink)
    # At both ends the interval reaches 0 or 1; rounding must not push it past.
    return Interval(float(max(middle - half, 0)) if successes else 0.0,
                    float(min(middle + half, 1)) if successes < trials else 1.0, confidence)  # fmt: skip


def bootstrap(metric: Callable, *arrays, confidence: float = 0.95, rounds: int = 1000, seed: int = 0) -> Interval:
    """The percentile interval of metric(*arrays) when its pictures are drawn again, with replacement.

    Rows stay together, so that two models are compared on the same pictures in every round:
    bootstrap(lambda first, second: first.mean() - second.mean(), first_is_right, second_is_right).
    Source: Efron and Tibshirani, An introduction to the bootstrap (1993), chapters 6 and 13.

    Args:
        metric: the arrays, a row a picture, to a number. Where a round misses a class it may say nan.
        arrays: (N, ...) each.

    Raises:
        CourseError: the arrays are empty or not of one length, rounds is no whole number above 0, or the confidence is
            not between 0 and 1.
    """
    arrays = [np.asarray(array) for array in arrays]
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or lengths == {0}:
        raise CourseError(
            f"Expected arrays with a row for each of one or more pictures, but the lengths are {sorted(lengths)}."
        )
    _check_rounds(rounds)
    rng, (count,) = np.random.default_rng(seed), lengths
    drawn = (rng.integers(count, size=count) for _ in range(rounds))
    return _percentiles([metric(*(array[rows] for array in arrays)) for rows in drawn], confidence)


def bootstrap_counts(
    metric: Callable, counts: np.ndarray, confidence: float = 0.95, rounds: int = 1000, seed: int = 0
) -> Interval:
    """`bootstrap` of a metric of the confusion matrix: as quick for a million pictures as for ten.

    Drawing N pictures again and counting them is drawing the cells from a multinomial distribution.

    Args:
        metric: counts (K, K) to a number: accuracy, weighted_f1, lambda counts: recall(counts)[0].
        counts: confusion matrix, (K, K) ints.

    Raises:
        CourseError: there are no pictures; otherwise as for `bootstrap`.
    """
    counts = np.asarray(counts)
    if counts.sum() == 0:
        raise CourseError("Expected a confusion matrix of one or more pictures, but all its counts are 0.")
    _check_rounds(rounds)
    total, shares = int(counts.sum()), (counts / counts.sum()).ravel()
    drawn = np.random.default_rng(seed).multinomial(total, shares, size=rounds).reshape(rounds, *counts.shape)
    return _percentiles([metric(one) for one in drawn], confidence)


def _percentiles(values, confidence):
    check_confidence(confidence)
    values = np.asarray(values, dtype=float)
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Interval(np.nan, np.nan, confidence, len(values))
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return Interval(low, high, confidence, len(values) - len(defined))


def check_confidence(confidence):
    if not 0 < confidence < 1:
        raise CourseError(f"Expected a confidence between 0 and 1, 0.95 for instance, but got {confidence!r}.")


def _check_rounds(rounds):
    if type(rounds) is not int or rounds < 1:
        raise CourseError(f"Expected rounds as a whole number above 0, but got {rounds!r}.")
