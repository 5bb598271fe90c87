"""Calibration: of the pictures that are given 0.8, are 80 in 100 right? And a temperature that mends it.

Words: a picture's *confidence* is the probability of its likeliest class (or its score, where one class is looked for);
what came true is whether it is right (or positive). Source: Guo, Pleiss, Sun and Weinberger, On calibration of modern
neural networks (arXiv 1706.04599), sections 2 and 4.2. Introduced in lesson 06.
"""

import numpy as np
import pandas as pd

from utils.errors import CourseError
from utils.evaluation.inputs import check_scores, labelled
from utils.evaluation.metrics import ratio
from utils.evaluation.predictions import PREFIX

FLOOR = 1e-12  # for the logarithm of a probability that was rounded to 0
WIDEST = (1 / 100, 100.0)  # temperatures that are looked at
ROUNDING = 1e-12  # a slope that is no larger is none
HALVINGS = 40  # of their range, on a logarithmic scale: nine digits


def reliability(came_true, confidences, bins: int = 10) -> pd.DataFrame:
    """A row a bin of equal width: `low`, `high`, `pictures`, mean `confidence`, and `share` that came true; nan if empty.

    A bin takes low <= confidence < high, the last one 1 as well. The paper's take the upper edge instead.

    Args:
        came_true: (N,) bool. With a predictions table: reliability(*right_and_sure(predictions)), or
            reliability(*against_rest(predictions, "logo")) for the scores of one class.
        confidences: (N,) probabilities.

    Raises:
        CourseError: as for `check_scores`; or bins is no whole number above 0.
    """
    came_true, confidences = check_scores(came_true, confidences)
    if type(bins) is not int or bins < 1:
        raise CourseError(f"Expected bins as a whole number above 0, but got {bins!r}.")
    edges = np.linspace(0, 1, bins + 1)
    number = np.minimum(np.searchsorted(edges, confidences, side="right") - 1, bins - 1)  # (N,)
    pictures = np.bincount(number, minlength=bins)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "pictures": pictures,
                         "confidence": ratio(np.bincount(number, confidences, bins), pictures),
                         "share": ratio(np.bincount(number, came_true, bins), pictures)})  # fmt: skip


def expected_calibration_error(table: pd.DataFrame) -> float:
    """ECE: how far confidence and share are apart, the mean over pictures, by the paper's equation 3.

    With few pictures a bin it is above 0 by chance alone, also for a model that is calibrated.

    Args:
        table: of `reliability`.
    """
    apart = (table["share"] - table["confidence"]).abs()
    return float((apart * table["pictures"]).sum() / table["pictures"].sum())


def fit_temperature(predictions: pd.DataFrame) -> float:
    """The temperature T for which softmax(logits / T) has the smallest negative log-likelihood; fit it on validation.

    Above 1 the model was too sure. Softmax forgets only what is added to all logits, so logarithms of probabilities
    serve as logits. In 1 / T the likelihood is convex: its slope, the mean over pictures of the expected logit less
    that of the true class, changes sign once, and halving the range finds where.

    Raises:
        CourseError: as for `labelled`; or no temperature from 0.01 to 100 is best, as when every answer is right.
    """
    targets, probabilities, _ = labelled(predictions)
    logits = np.log(np.maximum(probabilities, FLOOR))  # (N, K)
    low, high = np.log(WIDEST)
    _check_slopes(_slope(logits, targets, WIDEST[0]), _slope(logits, targets, WIDEST[1]))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _slope(logits, targets, np.exp(middle)) > 0:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def with_temperature(predictions: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """The predictions with probabilities softmax(logits / temperature): which class is likeliest stays as it was.

    Raises:
        CourseError: as for `labelled`; or the temperature is no finite number above 0.
    """
    if not 0 < temperature < np.inf:
        raise CourseError(f"Expected the temperature as a number above 0, but got {temperature!r}.")
    _, probabilities, classes = labelled(predictions)
    tempered = _softmax(np.log(np.maximum(probabilities, FLOOR)) / temperature).astype(np.float32)
    return predictions.assign(**{PREFIX + name: column for name, column in zip(classes, tempered.T)})


def _slope(logits, targets, temperature):
    """How the negative log-likelihood changes with 1 / temperature."""
    expected = (_softmax(logits / temperature) * logits).sum(axis=1)
    return (expected - logits[np.arange(len(targets)), targets]).mean()


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))  # (N, K); without the largest they would overflow
    return powers / powers.sum(axis=1, keepdims=True)


def _check_slopes(coldest, hottest):
    if coldest <= ROUNDING:
        raise CourseError(f"No temperature is best: the surer the better, down to {WIDEST[0]:g}. The likeliest class is right "
                          "for all pictures, or nearly so: fit it on more of them, hard ones too.")  # fmt: skip
    if hottest >= -ROUNDING:
        raise CourseError(f"No temperature is best: the less sure the better, up to {WIDEST[1]:g}. The probabilities are no "
                          "better than guesses: are the labels those of these pictures?")  # fmt: skip
