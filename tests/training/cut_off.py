"""Trainings that are killed: the same one each time, in a process forked from one in which nothing has run yet.

A child forked from the process of the tests could not train any more where an exporter or a GPU has been at work in that.
"""

import os
import pathlib
import signal
import tempfile
import time
import warnings

import pandas as pd
from safetensors.torch import load_file

from tests.forked import process
from tests.training.small import PREPROCESSING, SIZE, make
from utils.data.transforms import STRONG
from utils.models.build import build
from utils.training.loop import fit
from utils.training.recipe import Recipe
from utils.training.resuming import alone_in

# Whatever has a state of its own: momentum, averages, a schedule that looks back, dropout, mixing, augmentation.
RICH = Recipe(epochs=4, batch_size=6, lr=0.02, schedule="plateau", plateau_patience=0, warmup_epochs=1.5, ema=0.9,
              mixup=0.4, cutmix=0.4, freeze_epochs=1, accumulate=2, clip_norm=1.0, save_every=2, device="cpu")  # fmt: skip
TIMES = ["seconds", "images_per_second"]
# All that touches the disk while a training is written.
TOUCHES = [
    (os, "replace"),
    (os, "fsync"),
    (pathlib.Path, "replace"),
    (pathlib.Path, "unlink"),
    (tempfile, "mkstemp"),
]


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


def killed_after(seconds, table, folder):
    """Train in a process that is killed after so long; True where it had ended before that."""
    child = process(train, table, folder)
    child.join(seconds)
    child.kill()
    child.join()
    return child.exitcode == 0


def killed_at(number, table, folder):
    """Train in a process that kills itself before the so manieth of the TOUCHES; True where it ended."""
    child = process(_train_until, number, table, folder)
    child.join()
    return child.exitcode == 0


def _train_until(number, table, folder):
    calls = iter(range(number))
    for module, name in TOUCHES:
        setattr(module, name, _deadly(getattr(module, name), calls))
    warnings.simplefilter("ignore")  # of a state that was damaged on purpose
    train(table, folder)


def _deadly(function, calls):
    def called(*arguments, **options):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return called


def train_and_stay(table, folder, ready):
    """A training that does not come to its end; `ready` is a file that is there when it has begun."""

    def stay(training):
        ready.touch()
        time.sleep(3600)

    train(table, folder, after_step=[stay])


def hold(folder, ready, seconds):
    """Be the one who trains in a folder, for so long."""
    with alone_in(folder):
        ready.touch()
        time.sleep(seconds)
