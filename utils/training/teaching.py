"""Distillation: a student learns from a teacher's probabilities too, not from the labels alone.

    loss = (1 - share) * loss by the labels + share * T^2 * KL(teacher || student)
with both's logits divided by the *temperature* T first, which brings out what the teacher thinks of the classes that are
not the answer: "a 7, but rather like a 1" (Hinton, Vinyals and Dean, arXiv 1503.02531). T^2 keeps the gradient as
large as without T. A picture that nobody labelled still has a teacher. Introduced in lesson 07.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from utils.errors import CourseError, named
from utils.models.checkpoints import load_checkpoint


class Taught(NamedTuple):
    """Targets, and what the teacher says to the same pictures: logits (N, K)."""

    targets: object
    logits: torch.Tensor


class Teacher:
    """A batch transform: the targets become `Taught`. The teacher is in eval mode and does not learn."""

    def __init__(self, model: nn.Module):
        self.model = model.eval()

    @classmethod
    def of(cls, path, loaders) -> "Teacher":
        """The teacher in a checkpoint, for the classes and the preprocessing of these loaders.

        Raises:
            CourseError: there is no such checkpoint, or it was trained for other classes, or sees pictures otherwise.
        """
        if len(loaders.classes) != 1:
            raise CourseError(f"A teacher answers one question, but the loaders have {len(loaders.classes)} label columns: "
                              f"{named(loaders.classes)}.")  # fmt: skip
        model = load_checkpoint(path)
        (classes,) = loaders.classes.values()
        if list(model.classes or []) != list(classes):
            raise CourseError(f"The teacher in '{path}' knows the classes {named(model.classes or [])}, but the pictures' are "
                              f"{named(classes)}, in this order. Train a teacher on these.")  # fmt: skip
        if model.preprocessing != loaders.preprocessing:
            raise CourseError(f"The teacher in '{path}' sees pictures as {model.preprocessing}, the student as "
                              f"{loaders.preprocessing}. Train both at the same size and normalisation.")  # fmt: skip
        return cls(model)

    @torch.no_grad()
    def __call__(self, images: torch.Tensor, targets):
        self.model.to(images.device)
        return images, Taught(targets, self.model(images).float())


class Distilled:
    """An objective around another one, for targets that a Teacher has seen; scores are the other one's."""

    def __init__(self, objective, share: float = 0.5, temperature: float = 2.0):
        if not 0 <= share <= 1 or not temperature > 0:
            raise CourseError("Expected the teacher's share from 0 to 1 and a temperature above 0, but got "
                              f"{share!r} and {temperature!r}.")  # fmt: skip
        self.objective, self.share, self.temperature = objective, share, temperature

    def __getattr__(self, name):  # label_smoothing, class_weights, higher_is_better, scores: of the one inside
        if name == "objective":
            raise AttributeError(name)  # while it is being copied
        return getattr(self.objective, name)

    def loss(self, logits: torch.Tensor, targets) -> torch.Tensor:
        """A number for one batch: logits (N, K), and targets that came through a Teacher."""
        if not isinstance(targets, Taught):
            raise CourseError("Distilled learns from a teacher, but the batch has not been shown to one: "
                              "fit(..., batch_transform=Teacher(model), objective=Distilled(...))")  # fmt: skip
        by_labels = self.objective.loss(logits, targets.targets)
        student = F.log_softmax(logits / self.temperature, dim=1)
        teacher = F.log_softmax(targets.logits / self.temperature, dim=1)
        by_teacher = F.kl_div(student, teacher, reduction="batchmean", log_target=True) * self.temperature**2
        return (1 - self.share) * by_labels + self.share * by_teacher
