"""What training minimises, and what it is judged by after each epoch: an *objective*, handed to `fit`.

An objective is any object with
    loss(outputs, targets)      a number to minimise, for one batch;
    scores(outputs, targets)    {"valid_loss": ..., "valid_accuracy": ...} of a whole epoch at once;
    higher_is_better            {"valid_loss": False, "valid_accuracy": True, ...}: the names of all scores.
Loss and scores differ on purpose: label smoothing and class weights steer training, and a validation loss that had
them too could not be compared between runs. Introduced in lesson 03.
"""

import torch
from torch.nn import functional as F

from utils.data.loaders import IGNORE
from utils.errors import CourseError
from utils.evaluation.metrics import accuracy, confusion_counts, weighted_f1


class CrossEntropy:
    """Which of K classes? Logits (N, K) against targets (N,); pictures with the target IGNORE do not count."""

    higher_is_better = {"valid_loss": False, "valid_accuracy": True, "valid_f1": True}

    def __init__(self, label_smoothing: float = 0.0, class_weights: torch.Tensor | None = None):
        self.label_smoothing, self.class_weights = label_smoothing, class_weights

    def loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean over the pictures, each by the weight of its class. Targets (N,), or shares of classes (N, K)."""
        weights = None if self.class_weights is None else self.class_weights.to(logits)
        if targets.is_floating_point():  # mixed pictures
            return F.cross_entropy(logits, targets, weights, label_smoothing=self.label_smoothing)
        total = F.cross_entropy(logits, targets, weights, ignore_index=IGNORE, label_smoothing=self.label_smoothing,
                                reduction="sum")  # fmt: skip
        counted = targets != IGNORE
        whole = counted.sum() if weights is None else (weights[targets.clamp(min=0)] * counted).sum()
        return total / whole.clamp(min=torch.finfo(logits.dtype).tiny)  # a batch without labels: 0, not nan

    def scores(self, logits: torch.Tensor, targets: torch.Tensor) -> dict[str, float]:
        """Of all pictures of an epoch at once, so that no mean of means is taken."""
        known = targets != IGNORE
        counts = confusion_counts(targets[known], logits[known].argmax(dim=1), logits.shape[1])
        loss = F.cross_entropy(logits, targets, ignore_index=IGNORE).item()
        return {"valid_loss": loss, "valid_accuracy": accuracy(counts), "valid_f1": weighted_f1(counts)}


def cross_entropy(recipe, loaders) -> CrossEntropy:
    """The objective of a recipe, for loaders with one label column."""
    if len(loaders.classes) != 1:
        raise CourseError(f"Pictures with {len(loaders.classes)} label columns need an objective that says what to do with "
                          f"them: fit(..., objective=heads_objective(recipe, loaders, main={next(iter(loaders.classes))!r})). "
                          "For one: make_loaders(table, ..., columns='label')")  # fmt: skip
    (column,) = loaders.classes
    return cross_entropy_of(recipe, loaders, column)


def cross_entropy_of(recipe, loaders, column: str) -> CrossEntropy:
    """The objective of a recipe for one label column."""
    classes, weights = loaders.classes[column], recipe.class_weights
    if weights == "balanced":
        weights = balanced_weights(loaders.train.table[column], classes)
    elif weights is not None and len(weights) != len(classes):
        raise CourseError(f"Expected {len(classes)} class_weights, one for each of {', '.join(map(repr, classes))}, "
                          f"got {len(weights)}.")  # fmt: skip
    return CrossEntropy(recipe.label_smoothing, None if weights is None else torch.tensor(weights, dtype=torch.float32))


def balanced_weights(labels, classes) -> list[float]:
    """Weights with which every class counts the same in all: N / (K * pictures of the class).

    Args:
        labels: a pandas Series, N of them known.
        classes: K names.

    Raises:
        CourseError: a class without a picture.
    """
    counts = labels.value_counts().reindex(classes, fill_value=0)
    missing = [name for name, count in counts.items() if count == 0]
    if missing:
        raise CourseError("class_weights='balanced' needs training pictures of every class, but there are none of "
                          f"{', '.join(map(repr, missing))}.")  # fmt: skip
    return (counts.sum() / (len(classes) * counts)).tolist()
