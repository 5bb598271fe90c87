"""The network that leaves the house: a model with its softmax, and the facts that go along with it.

A file gives probabilities and not logits, so that whoever serves it cannot forget the softmax or take it over the wrong
axis. N pictures, H x W pixels, K classes of a head; a model with one question has one head, called "label".
"""

import copy
from pathlib import Path

import torch
from torch import nn
from torch.func import functional_call

from utils.errors import CourseError
from utils.evaluation.predictions import folded
from utils.export.shipped import FORMAT
from utils.models.checkpoints import load_checkpoint
from utils.versions import installed_versions

INPUT = "images"
LABEL = "label"  # the head of a model with one
PACKAGE = "image-classification-course"


class Probabilities(nn.Module):
    """images (N, 3, H, W), normalised, to {head: (N, K) probabilities}, in the order of the model's heads."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.model(images)  # (N, K), or {head: (N, K)}
        logits = logits if isinstance(logits, dict) else {LABEL: logits}
        return {head: each.softmax(dim=1) for head, each in logits.items()}


class HalfWeights(nn.Module):
    """A model whose weights lie in 16 bits and are widened on their way; it computes in 32 bits.

    Biases and BatchNorm's numbers, a few a channel, stay in 32 bits: they save nothing and may be too small for 16.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.data = parameter.data.half()

    def forward(self, images: torch.Tensor):
        whole = {name: parameter.float() for name, parameter in self.model.named_parameters()}
        return functional_call(self.model, whole, (images,))


def model_to_export(model: nn.Module | str | Path) -> nn.Module:
    """A copy of the model on the CPU, in 32 bits and in eval mode; of a checkpoint's path, the model in it.

    Raises:
        CourseError: the checkpoint cannot be read, or the model does not say how its pictures are prepared or what its
            classes are.
    """
    if isinstance(model, (str, Path)):
        model = load_checkpoint(model)
    if not isinstance(model, nn.Module):
        raise CourseError(f"Expected a model, or the path of a checkpoint, but got {model!r}.")
    model = getattr(model, "_orig_mod", model)  # from within torch.compile
    if getattr(model, "preprocessing", None) is None:
        raise CourseError(f"This {type(model).__name__} does not say how its pictures are prepared, and a file that is served "
                          "has to. Make it with build(...), or tell it: model.preprocessing = Preprocessing(size=64)")  # fmt: skip
    if not getattr(model, "classes", None):
        raise CourseError(f"This {type(model).__name__} does not know what its classes are called, so its file could only say "
                          "numbers. Tell it, in the order of the logits: model.classes = ['cat', 'dog']")  # fmt: skip
    return copy.deepcopy(model).cpu().float().eval()


def classes_of(model: nn.Module) -> dict[str, list[str]]:
    """The classes of each head, in the order of its probabilities.

    Raises:
        CourseError: a head has the name of the input.
    """
    heads = dict(model.classes) if isinstance(model.classes, dict) else {LABEL: list(model.classes)}
    if INPUT in heads:
        raise CourseError(f"A head cannot be called {INPUT!r}: the pictures that go into the file are. Build the model with "
                          "another name for it.")  # fmt: skip
    return heads


def served_network(model: nn.Module, precision: str = "float32") -> Probabilities:
    """What is exported: BatchNorm folded, the weights as they lie in memory everywhere, softmax at the end."""
    network = folded(model).to(memory_format=torch.contiguous_format).requires_grad_(False)
    return Probabilities(HalfWeights(network) if precision == "float16" else network).eval()


def facts_of(model: nn.Module, precision: str, batch: int | None) -> dict:
    """What the file says about itself; `shipped.read_shipped` reads it back."""
    heads = classes_of(model)
    return {
        "format": FORMAT,
        "architecture": getattr(model, "architecture", type(model).__name__),
        "heads": heads,
        "preprocessing": model.preprocessing.to_dict(),
        "input": INPUT,
        "outputs": list(heads),
        "precision": precision,
        "batch": batch,  # None: any number of pictures at a time
        "course_version": installed_versions(PACKAGE)[PACKAGE],
    }


def example(model: nn.Module, batch: int) -> torch.Tensor:
    """Images for an exporter to look at, (batch, 3, H, W)."""
    return torch.zeros(batch, 3, *model.preprocessing.size)
