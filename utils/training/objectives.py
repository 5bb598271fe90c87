"""What training minimises, and what it is judged by after each epoch: an *objective*, handed to `fit`.

An objective is any object with
    loss(outputs, targets)      a number to minimise, for one batch;
    scores(outputs, targets)    {"valid_loss": ..., "valid_accuracy": ...} of a whole epoch at once;
    higher_is_better            {"valid_loss": False, "valid_accuracy": True, ...}: the names of all scores.
Loss and scores differ on purpose: label smoothing and class weights steer training, and a validation loss that had
them too could not be compared between runs. Introduced in lesson 03; focal loss and weights of pictures in lesson 07.
"""

import torch
from torch.nn import functional as F

from utils.data.loaders import IGNORE
from utils.data.sampling import Weighted, counts_to_balance
from utils.errors import CourseError
from utils.evaluation.metrics import accuracy, confusion_counts, weighted_f1


class CrossEntropy:
    """Which of K classes? Logits (N, K) against targets (N,); pictures with the target IGNORE do not count.

    Targets may also be shares of classes (N, K), as mixed pictures have them, or `Weighted`, each picture by a weight.
    """

    higher_is_better = {"valid_loss": False, "valid_accuracy": True, "valid_f1": True}

    def __init__(self, label_smoothing: float = 0.0, class_weights: torch.Tensor | None = None):
        self.label_smoothing, self.class_weights = label_smoothing, class_weights

    def loss(self, logits: torch.Tensor, targets) -> torch.Tensor:
        """The mean over the pictures, each by the weight of its class and by its own."""
        targets, given = targets if isinstance(targets, Weighted) else (targets, None)
        weights = None if self.class_weights is None else self.class_weights.to(logits)
        each, counts = self.of_each(logits, targets, weights), _counts(targets, weights).to(logits)
        if given is not None:
            each, counts = each * given, counts * given
        # A batch without labels: 0, not nan.
        return each.sum() / counts.sum().clamp(min=torch.finfo(logits.dtype).tiny)

    def of_each(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        """The loss of each picture by the weights of the classes, (N,); 0 where it has no label."""
        if targets.is_floating_point():
            return self.of_shares(logits, targets, weights)
        return F.cross_entropy(logits, targets, weights, ignore_index=IGNORE, label_smoothing=self.label_smoothing,
                               reduction="none")  # fmt: skip

    def of_shares(self, logits: torch.Tensor, shares: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        """As `of_each`, for shares of classes (N, K), of which a row of 0 is a picture without a label."""
        return -(self.wanted(shares, weights) * F.log_softmax(logits, dim=1)).sum(dim=1)

    def wanted(self, shares: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        """What the probabilities should come to, (N, K): the shares, smoothed, each class by its weight."""
        smoothed = (1 - self.label_smoothing) * shares
        smoothed = smoothed + self.label_smoothing * shares.sum(dim=1, keepdim=True) / shares.shape[1]
        return smoothed if weights is None else smoothed * weights

    def scores(self, logits: torch.Tensor, targets: torch.Tensor) -> dict[str, float]:
        """Of all pictures of an epoch at once, so that no mean of means is taken."""
        known = targets != IGNORE
        counts = confusion_counts(targets[known], logits[known].argmax(dim=1), logits.shape[1])
        loss = F.cross_entropy(logits, targets, ignore_index=IGNORE).item()
        return {"valid_loss": loss, "valid_accuracy": accuracy(counts), "valid_f1": weighted_f1(counts)}


class Focal(CrossEntropy):
    """Cross-entropy in which a class that is sure already counts for little: times (1 - p)^gamma.

    Made for detectors, where nearly all of a picture is easy background (Lin and others, arXiv 1708.02002, equation 4,
    here over shares of classes and as a mean). With gamma 0 it is cross-entropy.
    """

    def __init__(self, label_smoothing: float = 0.0, class_weights: torch.Tensor | None = None, gamma: float = 2.0):
        super().__init__(label_smoothing, class_weights)
        self.gamma = gamma

    def of_each(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        return self.of_shares(logits, shares_of_classes(targets, logits.shape[1]), weights)

    def of_shares(self, logits: torch.Tensor, shares: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        log_p = F.log_softmax(logits, dim=1)
        # Not from 0: there the root that a gamma below 1 is has no slope, and the gradient would be no number.
        easy = (1 - log_p.exp()).clamp(min=torch.finfo(log_p.dtype).tiny) ** self.gamma
        return -(self.wanted(shares, weights) * easy * log_p).sum(dim=1)


# By the names in a recipe: from the recipe and the classes' weights to an objective.
LOSSES = {
    "cross_entropy": lambda recipe, weights: CrossEntropy(recipe.label_smoothing, weights),
    "focal": lambda recipe, weights: Focal(recipe.label_smoothing, weights, recipe.value("focal_gamma")),
}


def shares_of_classes(targets: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Targets (N,) as rows (N, K) with a 1 at the class; a row of 0 for IGNORE. Shares stay what they are."""
    if targets.is_floating_point():
        return targets
    return F.one_hot(targets.clamp(min=0), num_classes) * (targets != IGNORE)[:, None].float()


def _counts(targets, weights):
    """How much each picture counts in the mean, (N,): by its class's weight; not at all without a label."""
    if targets.is_floating_point():
        return (targets if weights is None else targets * weights).sum(dim=1)
    counted = targets != IGNORE
    return counted if weights is None else weights[targets.clamp(min=0)] * counted


def objective_of_column(recipe, loaders, column: str):
    """The objective of a recipe for one label column."""
    classes, weights = loaders.classes[column], recipe.class_weights
    if weights == "balanced":
        weights = balanced_weights(loaders.train.table[column], classes)
    elif weights is not None and len(weights) != len(classes):
        raise CourseError(f"Expected {len(classes)} class_weights, one for each of {', '.join(map(repr, classes))}, "
                          f"got {len(weights)}.")  # fmt: skip
    return LOSSES[recipe.loss](recipe, None if weights is None else torch.tensor(weights, dtype=torch.float32))


def balanced_weights(labels, classes) -> list[float]:
    """Weights with which every class counts the same in all: N / (K * pictures of the class).

    Args:
        labels: a pandas Series, N of them known.
        classes: K names.

    Raises:
        CourseError: a class without a picture.
    """
    counts = counts_to_balance(labels, classes, "class_weights")
    return (counts.sum() / (len(classes) * counts)).tolist()
