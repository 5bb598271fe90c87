"""What the metrics take: labelled predictions, checked once, as plain arrays.

Words: *targets* are class numbers (N,), *probabilities* (N, K). The *positive* class is the one that is looked for,
always by name; all other classes together are *the rest*; a picture's *score* is its probability of being positive.
A picture counts as positive when its score >= the threshold, everywhere. Introduced in lesson 06.
"""

import difflib

import numpy as np
import pandas as pd

from utils.errors import CourseError, named
from utils.evaluation.metrics import confusion_counts
from utils.evaluation.predictions import PREFIX, check_predictions, check_range, other_names, predicted_classes


def labelled(predictions: pd.DataFrame, source: str = "the table") -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Targets (N,), probabilities (N, K) and the K classes' names of a predictions table of which every row is labelled.

    Args:
        predictions: the table.
        source: what a message calls it.

    Raises:
        CourseError: the table is empty; a path is there twice; a probability is nan, no number or looks like a logit;
            a row does not sum to 1; a label is missing, or is a class without probabilities.
    """
    classes = predicted_classes(predictions)
    if not len(predictions):
        raise CourseError("Expected a row for each picture, but the table of predictions is empty. Is the file the right "
                          "one, and is a filter too strict?")  # fmt: skip
    probabilities = check_predictions(predictions, source)
    unknown = other_names(predictions, "label", classes)
    if unknown:
        raise CourseError(f"Expected probabilities for every class in 'label', but there are none for {named(unknown)}: the "
                          f"columns are for {named(classes)}. {_remedy(unknown, classes)}")  # fmt: skip
    targets = pd.Categorical(predictions["label"], categories=classes).codes
    return targets.astype(np.int64), probabilities, classes


def against_rest(predictions: pd.DataFrame, positive: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether each picture is of the positive class, (N,) bool, and its score, (N,).

    Raises:
        CourseError: as for `labelled`; or no class is called so.
    """
    targets, probabilities, classes = labelled(predictions)
    if positive not in classes:
        near = same_but_capitals(positive, classes) or difflib.get_close_matches(str(positive), classes, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise CourseError(f"Expected the positive class to be one of {named(classes)}, but got {positive!r}.{hint}")
    number = classes.index(positive)
    return targets == number, probabilities[:, number]


def right_and_sure(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Whether the likeliest class is the true one, (N,) bool, and its probability, the *confidence*, (N,).

    Raises:
        CourseError: as for `labelled`.
    """
    targets, probabilities, _ = labelled(predictions)
    return probabilities.argmax(axis=1) == targets, probabilities.max(axis=1)


def confusion(predictions: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """The confusion matrix counts[true, predicted] of a predictions table, (K, K) ints, and the K classes' names.

    Raises:
        CourseError: as for `labelled`.
    """
    targets, _, classes = labelled(predictions)
    predicted = pd.Categorical(predictions["predicted"], categories=classes).codes
    return confusion_counts(targets, predicted, len(classes)), classes


def check_scores(is_positive, scores) -> tuple[np.ndarray, np.ndarray]:
    """The two as arrays, (N,) bool and (N,) float.

    Raises:
        CourseError: they are not of one length, are empty, is_positive is not of True and False, or a score is no
            probability.
    """
    is_positive, scores = np.asarray(is_positive), np.asarray(scores, dtype=float)
    if is_positive.shape != scores.shape or scores.ndim != 1 or not len(scores):
        raise CourseError("Expected a True or False and a score for each picture, but got shapes "
                          f"{is_positive.shape} and {scores.shape}.")  # fmt: skip
    if is_positive.dtype != bool:
        # 0 and 1 would leave open which class is looked for: libraries take 1, and the class is often number 0.
        raise CourseError(f"Expected True where a picture is positive and False elsewhere, but got {is_positive.dtype}. "
                          "Name the positive class: is_positive = (predictions['label'] == 'logo').to_numpy()")  # fmt: skip
    check_range(scores[:, None], np.arange(len(scores)), "score")
    return is_positive, scores


def same_but_capitals(name, known) -> list[str]:
    """Those of the known names that differ from this one in capitals alone, or in blanks around it."""
    return [one for one in known if one.strip().casefold() == str(name).strip().casefold()]


def _remedy(unknown, classes):
    """What to do about labels that are no classes: most often they are spelt otherwise."""
    spelt = {name: same[0] for name in unknown if (same := same_but_capitals(name, classes))}
    if not spelt:
        return f"Add {PREFIX}{unknown[0]}, or drop these rows."
    pairs = ", ".join(f"{name!r} from {one!r}" for name, one in list(spelt.items())[:3])
    return f"{pairs} differs only in capitals or blanks: predictions['label'] = predictions['label'].replace({spelt})"
