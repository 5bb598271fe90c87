"""Checkpoints that describe themselves: one file holds a model's weights and all that is needed to use them.

A checkpoint is a safetensors file. Its metadata hold, as JSON, the architecture, classes, preprocessing, recipe,
metrics and versions, so it loads without a network, without the code that trained it, and without running anything
that a stranger may have put in. It is written whole or not at all. Words: its *kind* says which class of model it is.
Introduced in lesson 03.
"""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from utils.errors import CourseError, named
from utils.files import replacing
from utils.models.build import Classifier, seeded
from utils.models.freezing import freeze, frozen_parts
from utils.models.loading import LoadReport
from utils.models.two_heads import MultiHead
from utils.models.weights import CHECKPOINT, read_metadata, read_weights
from utils.versions import installed_versions

FORMAT = 1  # raised when an older version of the course could not read what is written
# A kind of model is a class with `kind`, `describe()` and `from_description(facts)`; a new one is an entry here.
KINDS = {Classifier.kind: Classifier, MultiHead.kind: MultiHead}
PACKAGES = ("image-classification-course", "torch", "torchvision")


def save_checkpoint(path: str | Path, model: nn.Module, *, recipe=None, metrics: dict | None = None) -> Path:
    """Write a model with all that is needed to use it, or to fine-tune it further.

    Args:
        path: the file, by custom *.safetensors; an old one is replaced when the new one is complete.
        model: made by `build`, also when compiled or wrapped for several devices.
        recipe: how it was trained, a dataclass or a dict, to look up later.
        metrics: its scores, by name.

    Raises:
        CourseError: a model of no known kind, or a file that cannot be written.
    """
    path, model = Path(path).expanduser(), _unwrapped(model)
    facts = {"format": FORMAT, "kind": model.kind, **model.describe(), "frozen": frozen_parts(model)}
    facts |= {"recipe": recipe, "metrics": metrics or {}, "versions": installed_versions(*PACKAGES)}
    tensors = {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
               for name, tensor in model.state_dict().items()}  # fmt: skip
    text = json.dumps(facts, ensure_ascii=False, default=_plain)
    try:
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata={CHECKPOINT: text})
    except (OSError, SafetensorError) as error:
        raise CourseError(f"The checkpoint cannot be written to '{path}' ({error}). Free some space, "
                          "or choose another folder.") from error  # fmt: skip
    return path


def load_checkpoint(path: str | Path, device: str = "cpu", expect: str | None = None) -> nn.Module:
    """The model as it was saved, in eval mode: `model(model.preprocessing(image)).softmax(1)` predicts.

    What was frozen is frozen again; to train all of it: `unfreeze(model)`.

    Args:
        path: a file that `save_checkpoint` wrote.
        device: where the model goes, "cuda" for instance.
        expect: the architecture that it must be of; None takes any.

    Raises:
        CourseError: the file is missing, damaged, no checkpoint of the course, written by a newer version of it,
            or of another architecture; no code in it is run.
    """
    facts = describe_checkpoint(path)
    _check_expected(path, facts, expect)
    tensors = read_weights(path).tensors
    try:
        with seeded(0):  # a random start that is overwritten at once must not change what chance brings next
            model = KINDS[facts["kind"]].from_description(facts)
        _fill(model, tensors)
        if facts["frozen"]:
            freeze(model, *facts["frozen"])
    except CourseError as error:
        raise CourseError(f"The checkpoint '{path}' cannot be made a model again. {error}") from error
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CourseError(f"The checkpoint '{path}' cannot be made a model again ({error}). Was it changed? Take "
                          "an earlier one.") from error  # fmt: skip
    model.report = LoadReport(f"the checkpoint '{path}'", loaded=tuple(tensors), loaded_parameters=_count(model))
    return _on_device(model, device).eval()


def describe_checkpoint(path: str | Path) -> dict:
    """What a checkpoint says about itself: architecture, classes, preprocessing, recipe, metrics, versions.

    Quick, whatever its size: the tensors are not read.

    Raises:
        CourseError: as for `load_checkpoint`.
    """
    metadata = read_metadata(path)
    if CHECKPOINT not in metadata:
        of = f" of {metadata['architecture']!r}" if "architecture" in metadata else ""
        raise CourseError(f"'{path}' holds weights{of}, but no checkpoint of this course: it does not say how to use "
                          "them. Build a model with them: build(name, num_classes, weights=path)")  # fmt: skip
    facts = _parsed(metadata[CHECKPOINT], path)
    if facts["format"] > FORMAT:
        raise CourseError(f"'{path}' was written by a newer version of the course (format {facts['format']}, this one "
                          f"reads up to {FORMAT}). Update the course: git pull")  # fmt: skip
    if facts["kind"] not in KINDS:
        raise CourseError(f"Expected a model of the kind {named(KINDS)} in '{path}', but it is of the kind "
                          f"{facts['kind']!r}. Update the course: git pull")  # fmt: skip
    return facts


def _parsed(text, path):
    """The description, with a whole number for its format."""
    try:
        facts = json.loads(text)
        if type(facts["format"]) is int and isinstance(facts["kind"], str):
            return facts
    except (LookupError, RecursionError, TypeError, ValueError):
        pass
    raise CourseError(f"Expected the description of a model in '{path}', but it starts with {text[:60]!r}. "
                      "The file was changed; take an earlier checkpoint.")  # fmt: skip


def _check_expected(path, facts, expect):
    if expect is not None and facts.get("architecture") != expect:
        raise CourseError(f"Expected a checkpoint of {expect!r}, but '{path}' is of {facts.get('architecture')!r}. "
                          "Take another file, or the architecture that it has.")  # fmt: skip


def _fill(model, tensors):
    """All tensors into the model, each in its place; a ValueError that names those that have none."""
    wanted = model.state_dict()
    wrong = [name for name in [*wanted, *tensors] if name not in wanted or name not in tensors]
    wrong += [name for name in wanted if name in tensors and tensors[name].shape != wanted[name].shape]
    if wrong:
        raise ValueError(f"its tensors are not those of its description: {named(dict.fromkeys(wrong), 3)}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            wanted[name].copy_(tensor)  # a state dict shares its memory with the model


def _on_device(model, device):
    try:
        return model.to(device)
    except (AssertionError, RuntimeError) as error:
        raise CourseError(f"The model cannot go to the device {device!r} ({str(error).splitlines()[0]}). "
                          'On any machine: device="cpu"') from error  # fmt: skip


def _unwrapped(model):
    """The model itself, from within torch.compile and wrappers for several devices."""
    inner = model
    while not isinstance(inner, tuple(KINDS.values())):
        inner = getattr(inner, "_orig_mod", None) or getattr(inner, "module", None)
        if inner is None:
            raise CourseError(f"Expected a model made by build(...), but got a {type(model).__name__}: it does not know "
                              "its architecture and preprocessing, and a checkpoint has to.")  # fmt: skip
    return inner


def _count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def _plain(value):
    """What JSON does not know, as what it knows: dataclasses, paths, sets, and numbers of numpy and torch."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return value.tolist() if hasattr(value, "tolist") else str(value)
