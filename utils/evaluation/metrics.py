"""How good predictions are, from a confusion matrix: counts[true, predicted], (K, K) ints.

Conventions: the rows are what is true. What is undefined (the precision of a class never predicted) is nan, not 0.
Introduced in lesson 03; lesson 06 has the rest.
"""

import numpy as np

from utils.errors import CourseError


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
    return _over(np.trace(counts), counts.sum())


def precision(counts: np.ndarray) -> np.ndarray:
    """Of the pictures predicted as each class the share that are of it, (K,); nan where none was predicted."""
    return _over(np.diag(counts), counts.sum(axis=0))


def recall(counts: np.ndarray) -> np.ndarray:
    """Of the pictures of each class the share that was predicted as it, (K,); nan where there are none."""
    return _over(np.diag(counts), counts.sum(axis=1))


def f1(counts: np.ndarray) -> np.ndarray:
    """2 TP / (2 TP + FP + FN) of each class, (K,); nan where a class is neither there nor predicted."""
    return _over(2 * np.diag(counts), counts.sum(axis=0) + counts.sum(axis=1))


def weighted_f1(counts: np.ndarray) -> float:
    """The mean of the classes' F1, each weighted by its pictures; nan without pictures."""
    pictures = counts.sum(axis=1)
    present = pictures > 0
    return _over((f1(counts)[present] * pictures[present]).sum(), pictures.sum())


def _over(part, whole):
    """part / whole, nan where the whole is 0."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    divided = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return divided if divided.ndim else float(divided)
