"""The objective of a model with several heads: a weighted mean of the heads' losses, judged by the main head.

    loss = sum over heads of (weight / sum of the weights) * loss of the head
The weights are divided by their sum, so that 8 : 1 says which head matters more and not how long a step is: with a plain
sum, 8 : 1 would under SGD also be a learning rate 4.5 times that of 1 : 1. A picture that a head ignores does not count in
that head's mean, and a batch without any for it adds 0. Words: the *main* head is the one that says which epoch is best.
Introduced in lesson 05.
"""

import math
from numbers import Real

import torch

from utils.data.sampling import Weighted
from utils.errors import CourseError, named
from utils.training.objectives import CrossEntropy, objective_of_column


class WeightedHeads:
    """{head: logits (N, K)} against {head: targets (N,)}: an objective for `fit`, made of one objective a head.

    Scores: `valid_loss`, weighted as in training; `valid_<head>_loss`, `_accuracy` and `_f1` of each head; and
    `valid_accuracy` and `valid_f1`, which are the main head's.

    Attributes:
        heads: {head: its CrossEntropy}.
        main: the head that matters most.
        shares: {head: its weight over the sum of all}.
    """

    def __init__(self, heads: dict[str, CrossEntropy], main: str, weights: dict[str, float] | None = None):
        """`weights` None: all alike.

        Raises:
            CourseError: the main head is none of these, or there is not one weight from 0 a head, and one above 0.
        """
        check_heads(heads, main)
        self.heads, self.main = dict(heads), main
        self.shares = shares_of(dict.fromkeys(heads, 1) if weights is None else weights, heads)
        scores = {f"valid_{head}_{name}": higher for head in heads for name, higher in _SCORES.items()}
        self.higher_is_better = CrossEntropy.higher_is_better | scores

    @property
    def label_smoothing(self) -> float:
        """The most that any head smooths."""
        return max(objective.label_smoothing for objective in self.heads.values())

    @property
    def gamma(self) -> float:
        """The largest of the heads with a focal loss; 0 where none has."""
        return max(getattr(objective, "gamma", 0.0) for objective in self.heads.values())

    @property
    def class_weights(self) -> dict[str, torch.Tensor] | None:
        """{head: its classes' weights}, of those that have some; None where none has."""
        found = {head: objective.class_weights for head, objective in self.heads.items()}
        return {head: weights for head, weights in found.items() if weights is not None} or None

    def loss(self, outputs: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]) -> torch.Tensor:
        """The weighted mean of the heads' losses. A head of weight 0 is left out, so it gets no gradient at all."""
        _check_answers(outputs, self.heads)
        if isinstance(targets, Weighted):
            targets = {head: Weighted(each, targets.weights) for head, each in targets.targets.items()}
        return sum(share * self.heads[head].loss(outputs[head], targets[head])
                   for head, share in self.shares.items() if share > 0)  # fmt: skip

    def scores(self, outputs: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]) -> dict[str, float]:
        """Of all pictures of an epoch at once; a head without a labelled picture has nan."""
        found = {head: objective.scores(outputs[head], targets[head]) for head, objective in self.heads.items()}
        weighted = sum(share * found[head]["valid_loss"] for head, share in self.shares.items() if share > 0)
        each = {f"valid_{head}_{name}": found[head][f"valid_{name}"] for head in found for name in _SCORES}
        return found[self.main] | {"valid_loss": weighted} | each


_SCORES = {name.removeprefix("valid_"): higher for name, higher in CrossEntropy.higher_is_better.items()}


def heads_objective(recipe, loaders, main: str, weights: dict[str, float] | None = None) -> WeightedHeads:
    """The objective of a recipe for loaders with a label column a head: `fit(..., objective=heads_objective(...))`.

    Args:
        recipe: its label smoothing is every head's; class_weights="balanced" is reckoned for each head.
        loaders: of `make_loaders(..., columns=[...])`.
        main: the head by which the best epoch is chosen.
        weights: {head: from 0}; None: all alike.

    Raises:
        CourseError: as for `WeightedHeads`; or class_weights are numbers, which cannot be those of every head.
    """
    if isinstance(recipe.class_weights, tuple) and len(loaders.classes) > 1:
        raise CourseError(f"class_weights={recipe.class_weights} cannot be for all of the heads {named(loaders.classes)}. "
                          "Take class_weights='balanced', or give each head its own: "
                          "WeightedHeads({'head': CrossEntropy(class_weights=...), ...}, main='head')")  # fmt: skip
    heads = {head: objective_of_column(recipe, loaders, head) for head in loaders.classes}
    return WeightedHeads(heads, main, weights)


def shares_of(weights: dict[str, float], heads) -> dict[str, float]:
    """{head: its weight over the sum of all}, in the order of the heads; errors as for `WeightedHeads`."""
    pattern = f"Write weights={dict(zip(heads, [2] + [1] * len(heads)))}."
    if not isinstance(weights, dict):
        as_text = ' Papermill\'s -p gives text; write -y "weights: {...}".' if isinstance(weights, str) else ""
        raise CourseError(f"Expected a weight for each head, but got {weights!r}. {pattern}{as_text}")
    missing, unknown = [head for head in heads if head not in weights], [head for head in weights if head not in heads]
    if missing or unknown:
        told = [f"there is none for {named(missing)}"] * bool(missing) + [f"{named(unknown)} is no head"] * bool(
            unknown
        )
        raise CourseError(
            f"Expected a weight for each of the heads {named(heads)}, but {', and '.join(told)}. {pattern}"
        )
    wrong = [f"{head}: {weight!r}" for head, weight in weights.items() if not _is_weight(weight)]
    if wrong or not any(weights.values()):
        told = ", ".join(wrong) if wrong else "all are 0, so nothing would be learnt"
        raise CourseError(f"Expected weights from 0, one of them above 0, but {told}. {pattern}")
    total = math.fsum(weights.values())
    return {head: weights[head] / total for head in heads}


def check_heads(heads: dict[str, CrossEntropy], main: str) -> None:
    """A CourseError where there is no objective a head, or the main head is none of them."""
    if not isinstance(heads, dict) or not heads or not all(hasattr(each, "loss") for each in heads.values()):
        raise CourseError("Expected an objective for each head, for instance {'screen': CrossEntropy(), 'document': "
                          f"CrossEntropy()}}, but got {heads!r}.")  # fmt: skip
    if main not in heads:
        raise CourseError(f"Expected the main head to be one of {named(heads)}, but got {main!r}.")


def _is_weight(weight):
    return isinstance(weight, Real) and not isinstance(weight, bool) and 0 <= weight < math.inf


def _check_answers(outputs, heads):
    if not isinstance(outputs, dict) or any(head not in outputs for head in heads):
        told = f"answers for {named(outputs)}" if isinstance(outputs, dict) else "one answer for all of them"
        raise CourseError(f"Expected the model's logits for each of the heads {named(heads)}, but got {told}. A model with "
                          "heads is made by build_heads(name, classes).")  # fmt: skip
