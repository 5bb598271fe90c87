"""Whether an exported file answers as the model does in PyTorch, by its probabilities and by its decisions.

A picture's *difference* is the largest among its classes (and heads). A *decision* is the class with the largest
probability. Without a check at this point a wrong file is found by its users: nothing about it looks wrong.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from utils.errors import CourseError, named
from utils.export.network import Probabilities


@dataclass(frozen=True)
class Tolerance:
    """How far an exported file's answers may be from PyTorch's."""

    worst: float = 1.0  # the largest difference of a probability
    mean: float = 1.0  # the mean over pictures of each one's difference
    same: float = 0.0  # the least share of pictures with the same decision


# Measured on a trained ShuffleNetV2 x0.5 and EfficientNet-B0 with 128 pictures that were in no calibration: float32 differed
# by 1e-6 at most, float16 by 0.0014, and int8 by 0.29 on a single picture and 0.023 on average, with 98.4 % or more of the
# decisions. With float32 and float16 a decision changes only where two classes are nearly as close as the tolerance.
TOLERANCES = {
    "float32": Tolerance(worst=1e-4),
    "float16": Tolerance(worst=1e-2),
    "int8": Tolerance(mean=0.05, same=0.95),
}


@dataclass(frozen=True)
class Parity:
    """What came of the comparison; the fields are those of `Tolerance`."""

    pictures: int
    worst: float
    mean: float
    same: float  # of the head with the fewest

    def __str__(self):
        return (f"of {self.pictures} pictures {self.same:.1%} get the same decision; a probability differs by "
                f"{self.worst:.2g} at most, by {self.mean:.2g} on average")  # fmt: skip

    def is_within(self, tolerance: Tolerance) -> bool:
        """Whether all is as wanted; nan is not."""
        return self.worst <= tolerance.worst and self.mean <= tolerance.mean and self.same >= tolerance.same


def parity(model: nn.Module, runner, batches: Iterable[np.ndarray]) -> Parity:
    """The answers of a model and of the file made from it, on the same pictures, (N, 3, H, W) at a time."""
    network, differences, same = Probabilities(copy.deepcopy(model)).eval(), [], {head: [] for head in runner.heads}
    for images in batches:
        with torch.inference_mode():
            wanted = {head: each.numpy() for head, each in network(torch.from_numpy(images)).items()}  # (N, K)
        _check_classes(wanted, runner.heads)
        given = runner.probabilities(images)
        differences.append(np.max([np.abs(given[head] - wanted[head]).max(axis=1) for head in wanted], axis=0))
        for head in wanted:
            same[head].append(given[head].argmax(axis=1) == wanted[head].argmax(axis=1))
    of_pictures = np.concatenate(differences)  # (N,)
    fewest = min(float(np.concatenate(each).mean()) for each in same.values())
    return Parity(len(of_pictures), float(of_pictures.max()), float(of_pictures.mean()), fewest)


def _check_classes(answers, heads):
    for head, found in answers.items():
        if found.shape[1] != len(heads.get(head, ())):
            raise CourseError(f"The model tells {found.shape[1]} classes apart for {head!r}, but has the names "
                              f"{named(heads.get(head, ()))}. Give it all of its own: model.classes = [...]")  # fmt: skip


def check_parity(found: Parity, tolerance: Tolerance, precision: str) -> None:
    """A CourseError where the answers are too far from PyTorch's."""
    if found.is_within(tolerance):
        return
    ways = ("Give other calibration pictures, more like those that the model will see; take precision='float16'; or, where "
            "you know why, another tolerance." if precision == "int8" else
            "Take precision='float32', or another format; where you know why, another tolerance.")  # fmt: skip
    raise CourseError(f"The exported file does not answer as the model does: {found}. Expected {_in_words(tolerance)}. {ways} "
                      "No file was written.")  # fmt: skip


def _in_words(tolerance):
    parts = [f"a worst difference up to {tolerance.worst:g}"] * (tolerance.worst < 1)
    parts += [f"a mean difference up to {tolerance.mean:g}"] * (tolerance.mean < 1)
    parts += [f"the same decision for {tolerance.same:.1%} or more"] * (tolerance.same > 0)
    return " and ".join(parts) or "numbers"
