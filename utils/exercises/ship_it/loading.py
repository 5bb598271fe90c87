"""Exercise 11: the weights in somebody's file, and nothing of the program that may be in it."""

import io
import os
import pickle
import shutil
from collections import OrderedDict
from collections.abc import Mapping

import torch

from utils.exercises.asking import asked
from utils.exercises.made import folder_of
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

PREFIX = "module."
TRACE = "it_was_here"


def load_safely(path):
    """{name: tensor} of a file, without running anything that may be in it."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    for container in ("state_dict", "model"):
        if container in content:
            content = content[container]
            break
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}


def probe_load_safely(answer):
    for case, content in _harmless().items():
        with folder_of({"weights.pth": _saved(content)}) as folder:
            _check_weights(asked(answer, case, folder / "weights.pth"), case)
    with folder_of({}) as folder:
        for case, data in _harmful(folder).items():
            _check_refused(answer, case, folder, data)


def weights() -> dict[str, torch.Tensor]:
    """What a network has learned; names that begin with letters of the prefix, one that repeats it, a whole number."""
    generator = torch.Generator().manual_seed(4)
    names = {"layer1.weight": (3, 2), "expand.module.bias": (4,), "dense.weight": (2, 4), "norm.running_mean": (4,)}
    state = {name: torch.randn(shape, generator=generator) for name, shape in names.items()}
    return state | {
        "norm.num_batches_tracked": torch.tensor(7),
        "dense.scale": torch.tensor([1.5, 2.0], dtype=torch.float16),
    }


def _harmless():
    prefixed = {f"{PREFIX}{name}": tensor for name, tensor in weights().items()}
    return {
        "a state dict": OrderedDict(weights()),
        f"names that begin with {PREFIX!r}": prefixed,
        "a checkpoint with its weights under 'state_dict'": {"epoch": 12, "state_dict": weights(), "lr": [0.1, 0.01]},
        "weights under 'model', beside an optimiser's": {
            "optimizer": {"state": {0: torch.ones(2)}},
            "model": weights(),
        },
        f"weights under 'state_dict' that begin with {PREFIX!r}": {"state_dict": prefixed, "best": 0.9},
    }


class _Program:
    """Loaded with all of pickle's powers, it makes a folder or a copy: harmless, but it might have been anything."""

    def __init__(self, function, *given):
        self.called = function, tuple(map(str, given))

    def __reduce__(self):
        return self.called


def _harmful(folder):
    """{what it is: the content of a file}: each would leave a trace of its own in the folder."""
    one, two = _Program(os.makedirs, folder / f"{TRACE}_1"), _Program(os.mkdir, folder / f"{TRACE}_2")
    three = _Program(shutil.copyfile, folder / "weights.pth", folder / f"{TRACE}_3")
    return {
        "a checkpoint that holds a program beside its weights": _saved({"state_dict": weights(), "note": one}),
        "a state dict of which one value is a program": _saved({**weights(), "extra": two}),
        "a pickle that is a program": pickle.dumps(three, protocol=2),
    }


def _saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _check_weights(got, case):
    if not isinstance(got, Mapping) or not all(isinstance(tensor, torch.Tensor) for tensor in got.values()):
        kinds = (
            sorted({type(value).__name__ for value in got.values()}) if isinstance(got, Mapping) else type(got).__name__
        )
        raise NotYet(f"{case}: expected {{name: tensor}}, got {shown(kinds)}.")
    for name in got:
        if name not in weights():
            raise NotYet(f"{case}: your weights have the name {shown(name)}, and the network has no such name.")
    for name, tensor in weights().items():
        if name not in got:
            raise NotYet(f"{case}: {name!r} is missing in your weights.")
        if got[name].dtype != tensor.dtype or not torch.equal(got[name], tensor):
            raise NotYet(
                f"{case}: {name!r} is {shown(got[name])}, of {got[name].dtype}, and the file says something else."
            )


def _check_refused(answer, case, folder, data):
    path = folder / "weights.pth"
    path.write_bytes(data)
    before, refused, said = set(folder.iterdir()), None, None
    try:
        said = answer(path)
    except NotYet:  # it returned nothing
        pass
    except (Exception, SystemExit) as error:
        refused = error
    traces = sorted(left.name for left in set(folder.iterdir()) - before)
    if traces:
        raise NotYet(f"{case}: the program has run. {traces[0]!r} lies beside the file now; it could have been "
                     "your pictures that are gone.")  # fmt: skip
    if refused is None:
        raise NotYet(f"{case}: it was not run, and your function says {shown(said)}. Whoever asked believes that these are "
                     "the weights: let the error through.")  # fmt: skip


def _load(only=True, containers=("state_dict", "model"), rename=lambda name: name.removeprefix(PREFIX), keep=lambda value: True,
          as_what=lambda tensor: tensor):  # fmt: skip
    """A load_safely with one of its parts done otherwise."""

    def load_safely(path):
        content = torch.load(path, map_location="cpu", weights_only=only)
        content = next((content[name] for name in containers if name in content), content)
        return {rename(name): as_what(tensor) for name, tensor in content.items() if keep(tensor)}

    return load_safely


def _else_unsafe(path):
    try:
        return load_safely(path)
    except Exception:
        return _load(only=False, keep=torch.is_tensor)(path)


def _else_nothing(path):
    try:
        return load_safely(path)
    except Exception:
        return {}


def _else_random(path):
    try:
        return load_safely(path)
    except pickle.UnpicklingError:
        return {name: torch.zeros_like(tensor) for name, tensor in weights().items()}


def _looks_first(path):
    content = torch.load(path, weights_only=False)
    if not all(isinstance(value, (torch.Tensor, int, float, list, dict)) for value in content.values()):
        raise ValueError("this holds more than weights")
    return load_safely(path)


def _by_pickle(path):
    try:
        return load_safely(path)
    except Exception:
        with open(path, "rb") as file:
            return pickle.load(file)


def _with_epoch(path):
    return {**load_safely(path), "epoch": 12}


q11 = Question(
    number=11,
    reference=load_safely,
    probe=probe_load_safely,
    hints=[
        "torch.load has an argument that lets it read tensors and plain values, and refuse all else before anything of it is run.",
        'Then look into what came: where it has "state_dict" or "model", the weights are in there.',
        'name.removeprefix("module.") takes a prefix away where there is one. strip and replace take more. No try: an error is the '
        "right answer to a file that holds a program.",
    ],
    why="To read a pickle is to run it: looking into what came is too late, the program has run by then. weights_only=True reads "
    "tensors and plain values; since torch 2.6 it is what happens where nothing is said, but older code says False, and older "
    "torch means it. A safetensors file holds no program at all. `read_weights` of the course reads both.",
    mistakes=[
        Mistake(_load(only=False), "a checkpoint that holds a program beside its weights: the program has run"),
        Mistake(_load(only=False, keep=torch.is_tensor), "the program has run"), Mistake(_else_unsafe, "the program has run"),
        Mistake(_looks_first, "the program has run"), Mistake(_by_pickle, "a pickle that is a program: the program has run"),
        Mistake(_else_nothing, "your function says {}. Whoever"), Mistake(_else_random, "it was not run, and your function says"),
        Mistake(_load(containers=()), "got ['dict', 'int', 'list']"),
        Mistake(_load(containers=("state_dict",)), "weights under 'model', beside"),
        Mistake(_load(containers=("model",)), "under 'state_dict'"),
        Mistake(_load(containers=(), keep=torch.is_tensor), "'layer1.weight' is missing"),
        Mistake(_load(rename=lambda name: name), "your weights have the name 'module.layer1.weight'"),
        Mistake(_load(rename=lambda name: name.replace(PREFIX, "")), "the name 'expand.bias'"),
        Mistake(_load(rename=lambda name: name.lstrip(PREFIX)), "your weights have the name 'ayer1.weight'"),
        Mistake(_load(rename=lambda name: name[len(PREFIX) :]), "a state dict: your weights have the name"),
        Mistake(_load(rename=lambda name: name.split(".", 1)[1]), "a state dict: your weights have the name 'weight'"),
        Mistake(_load(keep=lambda tensor: tensor.ndim > 0), "'norm.num_batches_tracked' is missing"),
        Mistake(_load(as_what=lambda tensor: tensor.float()), "of torch.float32, and the file says something else"),
        Mistake(_load(as_what=lambda tensor: tensor.numpy()), "expected {name: tensor}"),
        Mistake(_load(as_what=lambda tensor: tensor + 1), "the file says something else"),
        Mistake(_with_epoch, "expected {name: tensor}"),
        Mistake(lambda path: list(load_safely(path).items()), "expected {name: tensor}, got 'list'"),
        Mistake(lambda path: torch.load(path), "the name 'module.layer1.weight'"),
    ],
)  # fmt: skip
