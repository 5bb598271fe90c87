"""From a need to a threshold: a recall or a precision to reach, or what mistakes cost; chosen on one set, reported on
another.

A chosen threshold is a score that a picture had, all its digits: rounded up, it would lose that picture. The set on
which it was chosen flatters it. Introduced in lesson 06.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from utils.errors import CourseError, named
from utils.evaluation.curves import threshold_table
from utils.evaluation.inputs import against_rest
from utils.evaluation.intervals import wilson
from utils.evaluation.metrics import ratio


@dataclass(frozen=True)
class Outcome:
    """What a threshold does to a set of pictures: its four cells, and the rates they give; `undefined` says why one is nan."""

    positive: str
    threshold: float
    tp: int  # pictures of the positive class with a score >= the threshold
    fp: int  # others with such a score: false alarms
    fn: int  # pictures of the positive class below it: misses
    tn: int

    @property
    def precision(self) -> float:
        """Of the pictures taken for positive the share that are."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Of the positive pictures the share that are taken for it."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def false_positive_rate(self) -> float:
        """Of the rest the share that are taken for positive."""
        return ratio(self.fp, self.fp + self.tn)

    @property
    def undefined(self) -> dict[str, str]:
        """{rate: why} for each rate that is nan."""
        reasons = {
            "precision": (self.tp + self.fp, f"no score reaches {self.threshold:.3g}, so none is taken for it"),
            "recall": (self.tp + self.fn, "there is no picture of it"),
            "false_positive_rate": (self.fp + self.tn, "there is no other picture"),
        }
        return {rate: f"'{self.positive}': {why}" for rate, (pictures, why) in reasons.items() if not pictures}

    def cost(self, costs: "Costs") -> float:
        """What these decisions cost together."""
        return float(self.tp * costs.tp + self.fp * costs.fp + self.fn * costs.fn + self.tn * costs.tn)

    def __str__(self):
        return (f"'{self.positive}' from {self.threshold:.3g}: precision {self.precision:.3f}, recall {self.recall:.3f} "
                f"(TP {self.tp:,}, FP {self.fp:,}, FN {self.fn:,}, TN {self.tn:,})")  # fmt: skip


@dataclass(frozen=True)
class Costs:
    """The cost matrix: what a picture in each cell costs, in one unit (money, minutes); a gain is below 0.

    Raises:
        CourseError: a cost is no finite number, or a mistake is not dearer than the right answer.
    """

    fp: float
    fn: float
    tp: float = 0.0
    tn: float = 0.0

    def __post_init__(self):
        if not np.isfinite([self.fp, self.fn, self.tp, self.tn]).all():
            raise CourseError(f"Expected every cost as a finite number, but got {self}.")
        if self.fp <= self.tn or self.fn <= self.tp:
            raise CourseError(f"Expected a false alarm to cost more than a right rejection (fp > tn), and a miss more than a "
                              f"hit (fn > tp), but got {self}. Otherwise one answer for all pictures is best.")  # fmt: skip

    @property
    def threshold(self) -> float:
        """Where the costs of both answers are equal, if the scores are calibrated; no pictures are needed for it.

        Source: Elkan, The foundations of cost-sensitive learning (IJCAI 2001), section 1, equation 2.
        """
        alarm, miss = self.fp - self.tn, self.fn - self.tp
        return alarm / (alarm + miss)


def outcome(predictions: pd.DataFrame, positive: str, threshold: float) -> Outcome:
    """What a threshold does to the pictures of a predictions table; one class may be all there is.

    Raises:
        CourseError: as for `against_rest`; or the threshold is nan.
    """
    is_positive, scores = against_rest(predictions, positive)
    if np.isnan(threshold):
        raise CourseError("Expected the threshold as a number, but got nan.")
    taken = scores >= threshold
    return Outcome(positive, float(threshold), tp=int((taken & is_positive).sum()), fp=int((taken & ~is_positive).sum()),
                   fn=int((~taken & is_positive).sum()), tn=int((~taken & ~is_positive).sum()))  # fmt: skip


def reach_recall(predictions: pd.DataFrame, positive: str, at_least: float) -> Outcome:
    """The threshold with the best precision among those that reach a recall; of equals, the one with more recall.

    Not always the highest that reaches it: precision may rise again below.

    Raises:
        CourseError: as for `against_rest`; one class is all there is; or at_least is not above 0 and at most 1.
    """
    return _reach(predictions, positive, "recall", at_least, best="precision")


def reach_precision(predictions: pd.DataFrame, positive: str, at_least: float) -> Outcome:
    """The threshold with the best recall among those that reach a precision; of equals, the one with more precision.

    Raises:
        CourseError: as for `reach_recall`; or no threshold reaches it.
    """
    return _reach(predictions, positive, "precision", at_least, best="recall")


def cheapest(predictions: pd.DataFrame, positive: str, costs: Costs) -> Outcome:
    """The threshold whose decisions cost least on these pictures; of equals, the highest. It may be infinite: never.

    Raises:
        CourseError: as for `against_rest`; or one class is all there is.
    """
    table = threshold_table(*against_rest(predictions, positive))
    total = sum(table[cell] * getattr(costs, cell) for cell in ("tp", "fp", "fn", "tn"))
    return _outcome_of(table.loc[total.idxmin()], positive)


def choose_and_report(
    valid: pd.DataFrame,
    test: pd.DataFrame,
    positive: str,
    *,
    recall: float | None = None,
    precision: float | None = None,
    costs: Costs | None = None,
) -> tuple[Outcome, Outcome]:
    """The outcome on `valid`, where the threshold is chosen for one need, and on `test`, which is the one to report.

    Raises:
        CourseError: as for the function that chooses; the need is not exactly one; or a picture is in both tables.
    """
    if sum(need is not None for need in (recall, precision, costs)) != 1:
        raise CourseError(
            "Expected one need to choose a threshold by: recall=0.95, precision=0.95 or costs=Costs(fp=1, fn=20)."
        )
    _check_apart(valid, test)
    if recall is not None:
        chosen = reach_recall(valid, positive, recall)
    elif precision is not None:
        chosen = reach_precision(valid, positive, precision)
    else:
        chosen = cheapest(valid, positive, costs)
    return chosen, outcome(test, positive, chosen.threshold)


def is_kept(successes: int, trials: int, at_least: float) -> str:
    """Whether a share reaches what was promised, by Wilson's interval: "yes" where all of it does, "no" where none of it
    does, else "not sure".

    Raises:
        CourseError: as for `wilson`.
    """
    interval = wilson(successes, trials)
    if interval.low >= at_least:
        return "yes"
    return "no" if interval.high < at_least else "not sure"


def _reach(predictions, positive, wanted, at_least, best):
    if not 0 < at_least <= 1:
        raise CourseError(f"Expected the {wanted} to reach as a number above 0 and at most 1, but got {at_least!r}.")
    table = threshold_table(*against_rest(predictions, positive))
    enough = table[table[wanted] >= at_least]
    if enough.empty:
        most = table.loc[table[wanted].idxmax()]
        raise CourseError(f"No threshold reaches a {wanted} of {at_least:g} for '{positive}': the most is {most[wanted]:.3f}, "
                          f"with a {best} of {most[best]:.3f}. Ask for less, or look at the mistakes first.")  # fmt: skip
    return _outcome_of(enough.sort_values([best, wanted], ascending=False, kind="stable").iloc[0], positive)


def _outcome_of(row, positive):
    return Outcome(positive, float(row["threshold"]), *(int(row[cell]) for cell in ("tp", "fp", "fn", "tn")))


def _check_apart(valid, test):
    both = sorted(set(valid.get("path", ())) & set(test.get("path", ())))
    if both:
        raise CourseError(f"Expected other pictures to report on than to choose by, but {len(both):,} are in both: "
                          f"{named(both, 3)}. Split the table: valid, test = predictions[::2], predictions[1::2]")  # fmt: skip
