"""What probes on networks share: the learner's network with the weights of ours, whatever its parts are called."""

from collections.abc import Callable

import torch
from torch import nn

from utils.exercises.question import NotYet
from utils.exercises.values import shown


def made(answer: Callable, *arguments) -> nn.Module:
    """The network that an answer, a class or a function, makes; from the same chance each time."""
    torch.manual_seed(0)
    network = answer(*arguments)
    if not isinstance(network, nn.Module):
        raise NotYet(f"expected a network (an nn.Module), got {shown(network)}.")
    return network


def passed(network: nn.Module, images: torch.Tensor, classes: int) -> torch.Tensor:
    """The logits (N, K) of images (N, C, H, W), without gradients; a NotYet that names their size where it raises."""
    case = "{} picture{} of {} x {} pixels".format(len(images), "s"[: len(images) != 1], *images.shape[2:])
    try:
        with torch.no_grad():
            logits = network(images)
    except RuntimeError as error:  # torch says it of shapes, and does not say for which pictures
        told = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise NotYet(f"{case}: your network raised {told}.") from None
    if not isinstance(logits, torch.Tensor) or logits.shape != (len(images), classes):
        raise NotYet(f"{case}: out came {shown(logits)}; expected {classes} logits for each.")
    return logits


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    """The shapes of all parameters, sorted, without sides of 1: a 1 x 1 convolution is as good as a Linear layer."""
    return sorted(map(_shape, network.parameters()))


def give_weights(network: nn.Module, ours: nn.Module) -> None:
    """Copy our parameters into another network with the same shapes, in their order among those of one shape."""
    pairs = zip(sorted(network.parameters(), key=_shape), sorted(ours.parameters(), key=_shape))
    with torch.no_grad():
        for parameter, values in pairs:
            parameter.copy_(values.reshape(parameter.shape))


def _shape(parameter):
    return tuple(side for side in parameter.shape if side != 1)
