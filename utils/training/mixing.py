"""Two pictures in one, and a target that says how much of each: MixUp and CutMix, as batch transforms for `fit`.

    MixUp   image = share * one + (1 - share) * other       (Zhang and others, arXiv 1710.09412)
    CutMix  a rectangle of one picture is the other's        (Yun and others, arXiv 1905.04899)
The share comes from Beta(alpha, alpha): alpha 1 makes all shares alike likely, a small one leaves most pictures nearly
whole. One share a batch, and the other pictures are the batch in another order, so that no picture is loaded twice.
Targets become shares of classes (N, K); a picture without a label has none, and counts with none. Introduced in lesson 07.
"""

import math

import torch

from utils.data.sampling import Weighted
from utils.errors import CourseError
from utils.training.objectives import shares_of_classes


class _Mixing:
    """What both have in common: whom each picture meets, and what becomes of the targets."""

    def __init__(self, alpha: float, num_classes: int | dict[str, int]):
        """`num_classes`: K, or {column: K} for targets of several columns."""
        if not isinstance(alpha, (int, float)) or isinstance(alpha, bool) or not 0 < alpha < math.inf:
            raise CourseError(f"Expected {type(self).__name__}'s alpha as a number above 0, but got {alpha!r}.")
        self.alpha, self.num_classes = float(alpha), num_classes

    def __call__(self, images: torch.Tensor, targets):
        """Images (N, 3, H, W) and targets, mixed; chance is torch's own, so that a seed decides it."""
        order = torch.randperm(len(images)).to(images.device)
        share = torch.distributions.Beta(self.alpha, self.alpha).sample().item()
        images, share = self.mixed(images, images[order], share)
        return images, mixed_targets(targets, order, share, self.num_classes)


class MixUp(_Mixing):
    """Two pictures laid over one another."""

    def mixed(self, images, others, share):
        return torch.lerp(others, images, share), share


class CutMix(_Mixing):
    """A rectangle of each picture is cut out of another. Its share of the pixels decides the targets, as it came out."""

    def mixed(self, images, others, share):
        height, width = images.shape[-2:]
        rows, columns = _window(height, share), _window(width, share)
        images = images.clone()
        images[..., rows, columns] = others[..., rows, columns]
        cut = (rows.stop - rows.start) * (columns.stop - columns.start)
        return images, 1 - cut / (height * width)


class Mixed:
    """For each batch one of several transforms, all alike likely."""

    def __init__(self, transforms):
        self.transforms = list(transforms)

    def __call__(self, images, targets):
        return self.transforms[torch.randint(len(self.transforms), ()).item()](images, targets)


class in_turn:
    """Several batch transforms as one: each is given what the one before it made."""

    def __init__(self, transforms):
        self.transforms = list(transforms)

    def state_dict(self) -> dict:
        """The states of those that have one, by their place."""
        return {place: each.state_dict() for place, each in enumerate(self.transforms) if hasattr(each, "state_dict")}

    def load_state_dict(self, state: dict) -> None:
        for place, its_state in state.items():
            self.transforms[place].load_state_dict(its_state)

    def __call__(self, images, targets):
        for transform in self.transforms:
            images, targets = transform(images, targets)
        return images, targets


def mixed_targets(targets, order: torch.Tensor, share: float, num_classes):
    """Targets of pictures of which `share` is their own and the rest that of the pictures in `order`.

    Args:
        targets: (N,), or {column: (N,)}, or `Weighted`.
        num_classes: K, or {column: K}.

    Returns:
        Shares of classes (N, K), or {column: (N, K)}, or Weighted: then a picture's weight is mixed as its pixels are.
    """

    def mixed(each):
        return torch.lerp(each[order], each, share)

    if isinstance(targets, dict):
        return {column: mixed_targets(each, order, share, num_classes[column]) for column, each in targets.items()}
    if not isinstance(targets, Weighted):
        return mixed(shares_of_classes(targets, num_classes))
    before, after = targets.weights[:, None], mixed(targets.weights)
    whole = after.clamp(min=torch.finfo(after.dtype).tiny)[:, None]

    def weighted(each, classes):
        return mixed(shares_of_classes(each, classes) * before) / whole

    if isinstance(targets.targets, dict):
        return Weighted(
            {column: weighted(each, num_classes[column]) for column, each in targets.targets.items()}, after
        )
    return Weighted(weighted(targets.targets, num_classes), after)


def _window(length, share):
    """A slice of a side: sqrt(1 - share) of it, around a place of chance, cut off at the edges."""
    half = length * math.sqrt(1 - share) / 2
    middle = torch.randint(length, ()).item()
    return slice(max(0, round(middle - half)), min(length, round(middle + half)))
