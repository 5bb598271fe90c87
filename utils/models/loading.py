"""Weights into a model, and a report of what found its place, what did not, and what is new.

Words: a *state dict* maps names to tensors. `num_batches_tracked`, which only counts batches, is left out of reports.
Convention: the head of a file is never loaded: it answers another question than the new head. Introduced in lesson 03.
"""

import re
from collections import Counter
from dataclasses import dataclass

import torch
from torch import nn

from utils.errors import CourseError, named
from utils.models.architectures import fit_positions
from utils.models.weights import Weights

# What wrappers put before every name: data parallel, Lightning, our own Classifier, torch.compile.
PREFIXES = ("module.", "model.", "backbone.", "_orig_mod.")
COUNTER = "num_batches_tracked"
RANDOM = "a random start"  # the source of a model without weights


@dataclass(frozen=True)
class OtherShape:
    """A tensor that has a place in the model, but another shape there."""

    name: str
    in_file: tuple[int, ...]
    in_model: tuple[int, ...]

    def __str__(self):
        return f"{self.name!r} {self.in_file} in the file, {self.in_model} in the model"


@dataclass(frozen=True)
class LoadReport:
    """What loading weights did to a model. Print it after every `build`: what is new was not trained by anyone."""

    source: str
    loaded: tuple[str, ...] = ()  # names as in the file, without prefixes
    new: tuple[str, ...] = ()  # names as in the model; they keep their random start
    unused: tuple[str, ...] = ()  # names as in the file that the model has no place for
    other_shape: tuple[OtherShape, ...] = ()
    prefixes: tuple[str, ...] = ()  # taken off the file's names
    loaded_parameters: int = 0  # single numbers that training changes, so without BatchNorm's running statistics
    new_parameters: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing but the head is new."""
        return not any(name.startswith("backbone.") for name in self.new)

    def __str__(self):
        lines = [f"from {self.source}:"]
        lines += [_line("loaded", self.loaded, self.loaded_parameters)] if self.loaded else []
        lines += [_line("new, at random", self.new, self.new_parameters)] if self.new else []
        lines += [_line("in the file, without use", self.unused)] if self.unused else []
        shapes = "; ".join(map(str, self.other_shape[:3]))
        more = f" and {len(self.other_shape) - 3:,} more" if len(self.other_shape) > 3 else ""
        lines += [f"  {'of another shape':24} {shapes}{more}"] if self.other_shape else []
        lines += [f"  {'taken off the names':24} {named(self.prefixes)}"] if self.prefixes else []
        return "\n".join(lines)


def _line(what, names, parameters=None):
    count = "1 tensor" if len(names) == 1 else f"{len(names):,} tensors"
    numbers = "" if parameters is None else f", {parameters:,} parameters"
    return f"  {what:24} {count}{numbers}: {named(names, 3)}"


def load_backbone(model: nn.Module, weights: Weights) -> LoadReport:
    """Copies the tensors that fit into `model.backbone`; the rest of the model, its head, stays new.

    Raises:
        CourseError: not one tensor fits. A model that silently starts at random is the worst outcome.
    """
    wanted = model.backbone.state_dict()
    tensors, prefixes = _bare(weights, wanted)
    tensors = fit_positions(tensors, model.backbone)
    fits = {name for name, tensor in tensors.items() if name in wanted and tensor.shape == wanted[name].shape}
    if not any(COUNTER not in name for name in fits):
        raise CourseError(_nothing_fits(weights, wanted))
    with torch.no_grad():
        for name in fits:
            wanted[name].copy_(tensors[name])  # a state dict shares its memory with the model
    return _report(model, weights.source, tensors, fits, prefixes)


def new_report(model: nn.Module) -> LoadReport:
    """The report of a model without weights: all of it is new."""
    return _report(model, RANDOM, {}, set(), ())


def _report(model, source, tensors, fits, prefixes):
    wanted = model.backbone.state_dict()
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    shapes = [OtherShape(name, tuple(tensor.shape), tuple(wanted[name].shape))
              for name, tensor in tensors.items() if name in wanted and name not in fits]  # fmt: skip
    done = {f"backbone.{name}" for name in fits}
    new = [name for name in model.state_dict() if name not in done and COUNTER not in name]
    return LoadReport(
        source,
        loaded=tuple(name for name in wanted if name in fits),
        new=tuple(new),
        unused=tuple(name for name in tensors if name not in wanted),
        other_shape=tuple(shapes),
        prefixes=prefixes,
        loaded_parameters=sum(sizes.get(name, 0) for name in done),
        new_parameters=sum(sizes.get(name, 0) for name in new),
    )


def _bare(weights, wanted):
    """The tensors by the model's own names, without known prefixes; and the prefixes that were taken off."""
    tensors, prefixes = {}, Counter()
    for name, tensor in weights.tensors.items():
        bare = name
        while bare not in wanted and (prefix := next(filter(bare.startswith, PREFIXES), "")):
            bare = bare.removeprefix(prefix)
            prefixes[prefix] += 1
        bare = _new_style(bare)
        if bare in tensors:
            raise CourseError(f"Expected one tensor for each name in {weights.source}, but without the prefixes "
                              f"{named(PREFIXES)} two are called {bare!r}: it holds two models. Save the one you want "
                              "in a file of its own.")  # fmt: skip
        tensors[bare] = tensor
    return tensors, tuple(prefixes)


def _new_style(name):
    """torchvision's DenseNet files are older than its code: 'denselayer1.norm.1.weight' is 'norm1' by now."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name)


def _nothing_fits(weights, wanted):
    theirs, ours = list(weights.tensors), [name for name in wanted if COUNTER not in name]
    wide = max(map(len, ["the file has", *theirs[:4]]))
    pairs = [("the file has", "the model wants"), *zip(theirs[:4], ours[:4])]
    table = "\n".join(f"  {left:{wide}}  {right}" for left, right in pairs)
    shapes = [name for name in theirs if name in wanted]
    why = f" ({named(shapes, 3)} have other shapes)" if shapes else ""
    return (f"Not one of the {len(theirs):,} tensors in {weights.source} fits this architecture{why}:\n{table}\n"
            "Are they of another architecture? Where only the names differ, rename them and save the file again.")  # fmt: skip
