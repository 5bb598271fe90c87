"""What a training took is given back: gradients and optimiser with its end, circles of objects when asked."""

import gc
import weakref
from types import SimpleNamespace

import pytest
import torch

from tests.training.small import RECIPE, Tiny
from utils.errors import CourseError
from utils.training import memory
from utils.training.loop import fit
from utils.training.memory import release_memory
from utils.training.objectives import CrossEntropy


class Thing:
    """Something that can be watched."""


@pytest.fixture
def no_collection():
    """Python does not look for circles by itself meanwhile."""
    gc.disable()
    yield
    gc.enable()


def watched():
    """A callable for after_step, and what it saw: the optimiser and the Training, without keeping them."""
    seen = SimpleNamespace()

    def look(training):
        seen.optimizer, seen.training = weakref.ref(training.optimizer), weakref.ref(training)
        seen.had_gradients = all(parameter.grad is not None for parameter in training.model.parameters())
        seen.state = [weakref.ref(value) for each in training.optimizer.state.values()
                      for value in each.values() if torch.is_tensor(value)]  # fmt: skip

    return look, seen


def test_neither_gradients_nor_the_optimiser_outlive_a_training(loaders):
    model, (look, seen) = Tiny(), watched()
    fitted = fit(model, loaders, RECIPE, progress=False, after_step=[look])
    assert seen.had_gradients and seen.state
    assert all(parameter.grad is None for parameter in fitted.model.parameters())
    release_memory()
    assert seen.optimizer() is None and seen.training() is None
    assert [each() for each in seen.state] == [None] * len(seen.state)


def test_a_training_that_breaks_leaves_no_gradients_either(loaders):
    class Breaking(CrossEntropy):
        def loss(self, logits, targets):
            return super().loss(logits, targets) * float("nan")

    model = Tiny()
    with pytest.raises(CourseError, match="no number any more"):
        fit(model, loaders, RECIPE, objective=Breaking(), progress=False)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_only_refers_to_itself_is_freed_when_asked(no_collection):
    thing = Thing()
    thing.itself = thing
    gone = weakref.ref(thing)
    del thing
    assert gone() is not None, "a circle, which Python has not looked for"
    release_memory()
    assert gone() is None


def test_what_still_has_a_name_stays():
    model = Tiny()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    release_memory()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_gpus_memory_is_handed_back_where_there_is_a_gpu(device, monkeypatch):
    calls = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: device == "cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: device == "mps")
    for name in ("cuda", "mps"):
        monkeypatch.setattr(getattr(torch, name), "empty_cache", lambda name=name: calls.append(name))
    release_memory()
    assert calls == [device]


@pytest.mark.parametrize(("library", "trims"), [("glibc", 1), ("", 0), ("musl", 0)])
def test_the_system_gets_its_memory_back_where_the_c_library_can(library, trims, monkeypatch):
    calls = []
    monkeypatch.setattr(memory.platform, "libc_ver", lambda: (library, ""))
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=calls.append))
    release_memory()
    assert calls == [0] * trims
