"""What it costs that a training survives: its state on disk, a kill and going on; and what a second process brings.

Disk against memory is in bench_cache.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from tests.bench.line import Line, seconds
from utils.data.loaders import make_loaders
from utils.data.samples import sample
from utils.data.splits import add_splits
from utils.data.tables import class_names, scan
from utils.models.build import build
from utils.training.keeping import NUMBERS
from utils.training.loop import fit
from utils.training.recipe import Recipe
from utils.training.resuming import read_state, save_state

MODEL, SIZE, PICTURES = "shufflenet_v2_x0_5", 64, 600
RECIPE = Recipe(epochs=6, batch_size=16, device="cpu")
ROUNDS = 3
LARGE = "efficientnet_b0"


class Cut(BaseException):
    """In place of a kill, which would end the benchmark too."""


def bench_resume():
    """The same training kept nowhere, kept, and cut off in the middle of an epoch and gone on with."""
    table = add_splits(scan(sample("animals"), limit=PICTURES, progress=False).table)
    train(table)  # does not count: the first training warms up
    rounds = [(seconds(train, table), kept(table), cut_and_resumed(table)) for _ in range(ROUNDS)]
    nowhere, on_disk, resumed = map(min, zip(*rounds))
    yield Line(
        f"{MODEL} at {SIZE} px, {RECIPE.epochs} epochs: kept on disk (plain: in memory)",
        on_disk,
        nowhere,
        "s",
        "at most 1.1",
    )
    yield Line("  cut off half-way through an epoch, and gone on with", resumed, on_disk, "s", "at most 1.2")
    yield from states()


def train(table, folder=None, **options):
    classes = class_names(table)
    model = build(MODEL, len(classes), "course", classes=classes, size=SIZE, seed=0)
    loaders = make_loaders(table, model.preprocessing, batch_size=RECIPE.batch_size, progress=False)
    return fit(model, loaders, RECIPE, folder, progress=False, **options)


def kept(table):
    with tempfile.TemporaryDirectory() as folder:
        return seconds(train, table, folder)


def cut_and_resumed(table):
    """Seconds of both parts: the half epoch is trained twice."""

    def cut(training):
        if (
            training.epoch == RECIPE.epochs // 2
            and training.step % training.steps_an_epoch == training.steps_an_epoch // 2
        ):
            raise Cut

    def whole():
        try:
            train(table, folder, resume=True, after_step=[cut])
        except Cut:
            train(table, folder, resume=True)

    with tempfile.TemporaryDirectory() as folder:
        return seconds(whole)


def states():
    """Writing and reading the state of a larger network, optimiser and best weights with it; beside its weights alone."""
    import torch

    model = build(LARGE, 10, None)
    weights = model.state_dict()
    of_adam = {name: (tensor.clone(), tensor.clone()) for name, tensor in weights.items()}
    state = {"model": weights, "optimizer": of_adam, "best": weights}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        plain = min(seconds(torch.save, state, folder / "plain.pt") for _ in range(ROUNDS))
        yield Line(f"  {LARGE}: a state written (plain: torch.save)", 1000 * min(
            seconds(save_state, folder, state) for _ in range(ROUNDS)), 1000 * plain, "ms", "")  # fmt: skip
        plain = min(seconds(torch.load, folder / "plain.pt") for _ in range(ROUNDS))
        yield Line("  and read (plain: torch.load)", 1000 * min(
            seconds(read_state, folder) for _ in range(ROUNDS)), 1000 * plain, "ms", "")  # fmt: skip


def bench_processes():
    """Pictures a second of `python -m utils.train` with one process and with two, each with one thread."""
    one, two = [], []
    for _ in range(2):
        one.append(pictures_per_second([]))
        two.append(pictures_per_second(["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]))
    yield Line(f"{MODEL} at {SIZE} px: two processes (plain: one)", max(two), max(one), "/s", "at least 1.6")
    threads = pictures_per_second([], threads=2)
    yield Line("  two processes (plain: one with two threads)", max(two), threads, "/s", "at least 1")


def pictures_per_second(launcher, threads=1):
    """Of the best epoch after the first one."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            *launcher,
            "utils.train",
            sample("animals"),
            "--output-dir",
            folder,
            "--model",
            MODEL,
        ]
        command += [
            "--size",
            SIZE,
            "--limit",
            PICTURES,
            "-p",
            "epochs",
            "4",
            "-p",
            "batch_size",
            "32",
            "-p",
            "device",
            "cpu",
        ]
        subprocess.run([*map(str, command)], env=environment, check=True, capture_output=True)
        return pd.read_csv(Path(folder) / NUMBERS)["images_per_second"].iloc[1:].max()
