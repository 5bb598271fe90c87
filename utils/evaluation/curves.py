"""Every threshold at once: the table behind precision-recall and ROC curves, and the areas under them.

A *threshold table* has a row for each threshold that makes a difference, from the highest to the lowest: `threshold`,
the four cells `tp`, `fp`, `fn`, `tn`, `precision`, `recall` (the true positive rate) and `false_positive_rate`. Its
first threshold is infinite: no picture is positive, and precision is nan. A score >= the threshold is positive.
Introduced in lesson 06.
"""

import numpy as np
import pandas as pd

from utils.errors import CourseError
from utils.evaluation.inputs import check_scores
from utils.evaluation.metrics import ratio


def threshold_table(is_positive, scores) -> pd.DataFrame:
    """The threshold table of N pictures.

    Sorted by score, a threshold cuts the pictures in two, and cumulative sums count both sides: N log N steps, where
    counting anew for each threshold takes N².

    Args:
        is_positive: (N,) bool. With a predictions table: threshold_table(*against_rest(predictions, "logo")).
        scores: (N,) probabilities of being positive.

    Raises:
        CourseError: as for `check_scores`; or all pictures are positive, or none is.
    """
    is_positive, scores = check_scores(is_positive, scores)
    _check_both(is_positive)
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # of each run of equal scores: they go together
    tp = np.append(0, np.cumsum(is_positive[order])[last])
    fp = np.append(0, last + 1) - tp
    fn, tn = tp[-1] - tp, fp[-1] - fp
    return pd.DataFrame({"threshold": np.append(np.inf, scores[last]), "tp": tp, "fp": fp, "fn": fn, "tn": tn,
                         "precision": ratio(tp, tp + fp), "recall": ratio(tp, tp + fn),
                         "false_positive_rate": ratio(fp, fp + tn)})  # fmt: skip


def average_precision(table: pd.DataFrame) -> float:
    """Precision averaged over recall: the sum of each row's precision times the recall it adds.

    No line is drawn between the points, which would promise precision that no threshold reaches: Davis and Goadrich,
    The relationship between precision-recall and ROC curves (ICML 2006), section 4.
    Guessing gives about the share of positives.

    Args:
        table: threshold table.
    """
    return float((np.diff(table["recall"]) * table["precision"][1:]).sum())


def roc_auc(table: pd.DataFrame) -> float:
    """The area under the ROC curve, recall over false positive rate; guessing gives 0.5.

    It is the probability that a positive picture scores higher than one of the rest, ties counting half: Hanley and
    McNeil, The meaning and use of the area under a ROC curve (Radiology 143, 1982).

    Args:
        table: threshold table.
    """
    return float(np.trapezoid(table["recall"], table["false_positive_rate"]))


def _check_both(is_positive):
    count = int(is_positive.sum())
    if count in (0, len(is_positive)):
        which = "positive" if count else "of the rest"
        raise CourseError(f"Expected positive pictures and others, but all {len(is_positive):,} are {which}: every threshold "
                          "would look alike. Add pictures of the other kind, or name another positive class.")  # fmt: skip
