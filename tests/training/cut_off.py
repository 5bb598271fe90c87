"""Trainings that are killed: the same one each time, in a child process that is a copy of this one."""

import os
import signal
import sys
import time

import pandas as pd
import pytest
from safetensors.torch import load_file

from tests.training.small import PREPROCESSING, SIZE, make
from utils.data.transforms import STRONG
from utils.models.build import build
from utils.training.loop import fit
from utils.training.recipe import Recipe

# Whatever has a state of its own: momentum, averages, a schedule that looks back, dropout, mixing, augmentation.
RICH = Recipe(epochs=4, batch_size=6, lr=0.02, schedule="plateau", plateau_patience=0, warmup_epochs=1.5, ema=0.9,
              mixup=0.4, cutmix=0.4, freeze_epochs=1, accumulate=2, clip_norm=1.0, save_every=2, device="cpu")  # fmt: skip
TIMES = ["seconds", "images_per_second"]


def train(table, folder, recipe=RICH, resume=True, progress=False, **options):
    """The training, from the beginning of a program: a new model, new loaders. Two steps an epoch, eight in all."""
    model = build("small_cnn", 3, None, size=SIZE, dropout=0.2, seed=0)
    model.preprocessing = PREPROCESSING
    return fit(
        model,
        make(table, STRONG, sampling=recipe.sampling, batch_size=recipe.batch_size),
        recipe,
        folder,
        resume=resume,
        progress=progress,
        **options,
    )


def outcome(folder):
    """What a training has left in its folder, but for times: {file: tensors or text}."""
    found = {path.name: load_file(path) for path in sorted(folder.glob("*.safetensors"))}
    return found, pd.read_csv(folder / "history.csv").drop(columns=TIMES).to_csv()


def need_fork():
    """Skips the test where exporters have run in this process: a child that is forked from it does not work any more."""
    loaded = {"jax", "litert_torch", "ai_edge_litert", "onnxruntime"} & sys.modules.keys()
    if loaded:
        pytest.skip(
            f"{min(loaded)} is loaded, after which no process can be forked: run tests/export by itself (make test)"
        )


def killed_after(seconds, function):
    """Run it in a child process that is killed after so long; True where it had ended before that."""
    need_fork()
    child = os.fork()
    if not child:
        _only(function)
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == 0


def killed_at(number, modules_and_names, monkeypatch, function):
    """Run it in a child process that kills itself before the so manieth call of any of these; True where it ended."""
    need_fork()
    child = os.fork()
    if not child:
        calls = iter(range(number))
        for module, name in modules_and_names:
            monkeypatch.setattr(module, name, _deadly(getattr(module, name), calls))
        _only(function)
    return os.waitpid(child, 0)[1] == 0


def _deadly(function, calls):
    def called(*arguments, **options):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return called


def _only(function):
    """Run it and end this process at once: nothing of the tests may go on in a copy of theirs."""
    status = 1
    try:
        function()
        status = 0
    finally:
        os._exit(status)
