"""Files of weights, read without running what may be in them.

Two formats are read: safetensors, and what `torch.save(model.state_dict(), path)` writes. The second is a pickle,
which can hold any program; it is read with `weights_only=True`, which refuses all but tensors and plain values.
Words: *facts* are what a file of the course says about itself: architecture, size, normalisation, and more.
Introduced in lesson 03.
"""

import json
import pickle
import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from utils.errors import CourseError, named

# Where a file that holds more than weights usually keeps them.
CONTAINERS = ("state_dict", "model", "model_state_dict", "net", "weights")
CHECKPOINT = "course_checkpoint"  # the key of the metadata of a checkpoint of this course
COURSE_FACTS = {"architecture", "size", "mean", "std"}  # what the metadata of course weights say, among others


@dataclass(frozen=True)
class Weights:
    """Tensors by name, where they come from, and what is known about them (architecture, size, mean, std ...)."""

    tensors: dict[str, torch.Tensor] = field(repr=False)
    source: str
    facts: dict = field(default_factory=dict)


def read_weights(path: str | Path) -> Weights:
    """The tensors of a file, on the CPU, without running any code that it may hold.

    Raises:
        CourseError: the file is missing, empty, damaged or no file of weights, or holds more than weights.
    """
    path = Path(path).expanduser()
    start = _start(path)
    if is_safetensors(path):
        return _read_safetensors(path)
    if start.startswith(b"version https://git-lfs"):
        raise CourseError(f"'{path}' is a placeholder of Git LFS, not the weights themselves. Get them: git lfs pull")
    if start.lstrip().startswith((b"<", b"{")):
        raise CourseError(f"'{path}' is a web page or a text, not weights: the download went wrong. Get it again.")
    return Weights(_state_dict(_unpickled(path), path), f"'{path}'")


def read_metadata(path: str | Path) -> dict[str, str]:
    """The texts that a safetensors file says about itself, without reading its tensors.

    Raises:
        CourseError: the file is missing, empty, damaged or no safetensors.
    """
    path = Path(path).expanduser()
    _start(path)
    if not is_safetensors(path):
        raise CourseError(f"Expected a checkpoint of this course, which is a safetensors file, but '{path}' is "
                          "something else. Weights of another kind are for build(..., weights=path).")  # fmt: skip
    with _opened(path) as file:
        return file.metadata() or {}


def is_safetensors(path: Path) -> bool:
    """By its content: eight bytes that say how long the header is, then a header in JSON. Or by its name."""
    with path.open("rb") as file:
        length, brace = int.from_bytes(file.read(8), "little"), file.read(1)
    return path.suffix == ".safetensors" or (brace == b"{" and length < path.stat().st_size)


def _start(path):
    """The first bytes of a file, or a CourseError where it is missing or empty."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise CourseError(f"Expected a file of weights at '{path}', but it cannot be read: {error.strerror}. "
                          f"{_beside(path)}") from error  # fmt: skip
    if not start:
        raise CourseError(f"'{path}' is empty: the download or the copy broke off. Get it again.")
    return start


def _beside(path):
    there = sorted(file.name for file in path.parent.glob("*") if file.suffix in (".safetensors", ".pth", ".pt"))
    return f"Beside it: {named(there)}." if there else "Give the whole path of the file."


def _opened(path):
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CourseError(f"'{path}' is damaged or no safetensors file ({error}): it may have been cut short. Get it "
                          "again, or take an earlier checkpoint.") from error  # fmt: skip


def _read_safetensors(path):
    with _opened(path) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
        return Weights(tensors, f"'{path}'", _facts(file.metadata() or {}))


def _facts(metadata):
    """What the metadata of our own files say; those of other files are not known to mean the same."""
    if CHECKPOINT in metadata:
        found = _parsed(metadata[CHECKPOINT])
        return found if isinstance(found, dict) else {}
    return {name: _parsed(text) for name, text in metadata.items()} if metadata.keys() >= COURSE_FACTS else {}


def _parsed(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _unpickled(path):
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or foreign file breaks in as many ways as there are bytes
        wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and wanted:
            raise CourseError(
                f"'{path}' holds more than weights: to read it, Python would have to run {wanted[1]!r}, and that could "
                "be any program. So it was not read. Ask whoever made the file, or do so yourself where you trust "
                "it, to save the weights alone: torch.save(model.state_dict(), path)   (A file that was cut short can look "
                "like that too.)"
            ) from error
        raise CourseError(f"'{path}' is damaged or no file of weights ({type(error).__name__}): it may have been cut "
                          "short. Get it again.") from error  # fmt: skip


def _state_dict(content, path):
    """The tensors by name, also where they lie beside an optimiser's and an epoch's number."""
    inner = content
    while isinstance(inner, dict):
        below = next((inner[name] for name in CONTAINERS if isinstance(inner.get(name), dict)), None)
        tensors = {str(name): value for name, value in inner.items() if isinstance(value, torch.Tensor)}
        if tensors and not below:  # beside weights that lie deeper, a tensor is a score or an epoch's number
            return tensors
        inner = below
    what = f"the entries {named(content)}" if isinstance(content, dict) else f"a {type(content).__name__}"
    raise CourseError(f"Expected tensors by name in '{path}', as model.state_dict() gives them, at the top or under "
                      f"one of {named(CONTAINERS)}, but it holds {what}.")  # fmt: skip
