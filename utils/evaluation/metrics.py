"""How good predictions are, from a confusion matrix: counts[true, predicted], (K, K) ints.

Conventions: the rows are what is true. What is undefined (the precision of a class never predicted) is nan, not 0;
`undefined` says why. TP, FP, FN, TN of a class are its true and false positives and negatives, taken against the rest.
Introduced in lesson 03; the averages and F-beta in lesson 06.
"""

import numpy as np
import pandas as pd

from utils.errors import CourseError, named


def confusion_counts(targets, predicted, num_classes: int) -> np.ndarray:
    """How often each class (row) was taken for each class (column), (K, K) ints.

    Args:
        targets, predicted: (N,) class numbers, 0 to K - 1.

    Raises:
        CourseError: the two are not of one length, or a number is no class.
    """
    targets, predicted = np.asarray(targets, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if targets.shape != predicted.shape or targets.ndim != 1:
        raise CourseError("Expected as many predictions as targets, each a class number, but got shapes "
                          f"{targets.shape} and {predicted.shape}.")  # fmt: skip
    both = np.concatenate([targets, predicted])
    if len(both) and not (both.min() >= 0 and both.max() < num_classes):
        raise CourseError(f"Expected class numbers from 0 to {num_classes - 1}, but they go from {both.min()} to "
                          f"{both.max()}.")  # fmt: skip
    return np.bincount(targets * num_classes + predicted, minlength=num_classes**2).reshape(num_classes, num_classes)


def accuracy(counts: np.ndarray) -> float:
    """The share of pictures that were given their class; nan without pictures."""
    return ratio(np.trace(counts), counts.sum())


def precision(counts: np.ndarray) -> np.ndarray:
    """Of the pictures predicted as each class the share that are of it, (K,); nan where none was predicted."""
    return ratio(np.diag(counts), counts.sum(axis=0))


def recall(counts: np.ndarray) -> np.ndarray:
    """Of the pictures of each class the share that was predicted as it, (K,); nan where there are none."""
    return ratio(np.diag(counts), counts.sum(axis=1))


def f1(counts: np.ndarray) -> np.ndarray:
    """2 TP / (2 TP + FP + FN) of each class, (K,); nan where a class is neither there nor predicted."""
    return ratio(2 * np.diag(counts), counts.sum(axis=0) + counts.sum(axis=1))


def fbeta(counts: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """(1 + b²) TP / ((1 + b²) TP + b² FN + FP) of each class, (K,); nan where a class is neither there nor predicted.

    Recall counts b times as much as precision: with 2 a miss hurts more, with 0.5 a false alarm.
    Source: van Rijsbergen, Information Retrieval (1979), chapter 7.

    Raises:
        CourseError: beta is not above 0.
    """
    if not 0 < beta < np.inf:
        raise CourseError(f"Expected beta as a number above 0, but got {beta!r}. 1 weighs precision and recall alike.")
    tp, fp, fn, _ = cells(counts)
    return ratio((1 + beta**2) * tp, (1 + beta**2) * tp + beta**2 * fn + fp)


def cells(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """TP, FP, FN and TN of each class against the rest, (K,) each."""
    tp = np.diag(counts)
    fp, fn = counts.sum(axis=0) - tp, counts.sum(axis=1) - tp
    return tp, fp, fn, counts.sum() - tp - fp - fn


def macro(scores: np.ndarray) -> float:
    """The mean of the classes' scores (K,), each class alike; nan where that of one class is.

    Leaving such a class out would flatter: where one class alone is there, the mean recall of any lucky guess is 1.
    """
    return float(np.mean(scores)) if len(scores) else np.nan


def weighted(scores: np.ndarray, counts: np.ndarray) -> float:
    """The mean of the classes' scores (K,), each weighted by its pictures; nan where that of a class with pictures is."""
    pictures = counts.sum(axis=1)
    present = pictures > 0
    return ratio((np.asarray(scores)[present] * pictures[present]).sum(), pictures.sum())


def micro(counts: np.ndarray) -> float:
    """The precision of all classes' TP and FP together; nan without pictures.

    Every picture has one class and one prediction, so a false positive of one class is a false negative of another:
    micro recall and every micro F-beta are the same number, and it is the accuracy.
    """
    tp, fp, _, _ = cells(counts)
    return ratio(tp.sum(), (tp + fp).sum())


def weighted_f1(counts: np.ndarray) -> float:
    """The mean of the classes' F1, each weighted by its pictures; nan without pictures."""
    return weighted(f1(counts), counts)


def class_scores(counts: np.ndarray, classes, beta: float = 1.0) -> pd.DataFrame:
    """A row a class, indexed by its name: `pictures`, `predicted`, `precision`, `recall`, `f<beta>`, `undefined` (why).

    Raises:
        CourseError: there are not as many names as classes, or beta is not above 0.
    """
    reasons = undefined(counts, classes)
    return pd.DataFrame({"pictures": counts.sum(axis=1), "predicted": counts.sum(axis=0), "precision": precision(counts),
                         "recall": recall(counts), f"f{beta:g}": fbeta(counts, beta),
                         "undefined": [reasons.get(name, "") for name in classes]}, index=list(classes))  # fmt: skip


def averages(counts: np.ndarray, beta: float = 1.0) -> pd.DataFrame:
    """Rows `macro`, `weighted` and `micro`, columns `precision`, `recall`, `f<beta>`; errors as for `fbeta`.

    Macro asks how good the model is for a class, weighted and micro how good it is for a picture: a rare class counts
    in the first as much as a common one, in the others hardly.
    """
    scores = {"precision": precision(counts), "recall": recall(counts), f"f{beta:g}": fbeta(counts, beta)}
    return pd.DataFrame({name: [macro(values), weighted(values, counts), micro(counts)]
                         for name, values in scores.items()}, index=["macro", "weighted", "micro"])  # fmt: skip


def undefined(counts: np.ndarray, classes) -> dict[str, str]:
    """{class: why} for each class of which a score is nan, so that its macro average is nan too.

    Raises:
        CourseError: there are not as many names as classes.
    """
    classes = list(classes)
    if counts.shape != (len(classes), len(classes)):
        raise CourseError(f"Expected a name for each class of a confusion matrix, but its shape is {counts.shape} and "
                          f"the names are {named(classes)}. Give them in the order of its rows.")  # fmt: skip
    reasons = {}
    for name, pictures, predicted in zip(classes, counts.sum(axis=1), counts.sum(axis=0)):
        if not pictures and not predicted:
            reasons[name] = "no picture of it and none predicted: no precision, recall or F"
        elif not pictures:
            reasons[name] = "no picture of it: no recall"
        elif not predicted:
            reasons[name] = "never predicted: no precision"
    return reasons


def ratio(part, whole):
    """part / whole, nan where the whole is 0."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    divided = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return divided if divided.ndim else float(divided)
