"""60,000 pictures on disk (ours) against the same in memory (plain): filling the cache, epochs of a loader, memory taken."""

import re
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.bench_loaders import fastest, run_through
from tests.bench.line import Line, seconds
from tests.data.many import many_pictures
from utils.data.folders import list_folder
from utils.data.loaders import make_loaders
from utils.data.stores import InMemory
from utils.data.transforms import LIGHT, NONE, Preprocessing

PICTURES, SIZE = 60_000, 64
KINDS = ("disk", "memory")
ROUNDS = 2  # of filling


def bench_cache():
    """They take turns, and the fastest of each counts: other work on the machine hits both."""
    with tempfile.TemporaryDirectory() as folder:
        root = many_pictures(Path(folder), PICTURES)
        rounds = [[alone(begin, kind, root, f"{folder}/{turn}") for kind in KINDS] for turn in range(ROUNDS)]
        fill, first, peak = zip(*(zip(*one_round) for one_round in rounds))
        for what, numbers, unit, target in (
            (f"{PICTURES:,} pictures at {SIZE} px: fill the cache", fill, "s", "at most 1.1"),
            ("  first epoch, in which each picture from disk is checked", first, "s", ""),
            ("  most memory of the process until then", peak, "MB", "less by 700 MB"),
        ):
            yield Line(what, *(min(of_kind) for of_kind in zip(*numbers)), unit, target)
        disk, memory = (ready("disk", root, f"{folder}/0") for _ in KINDS)
        memory.dataset.store = InMemory(np.load(disk.dataset.store.file))  # quicker than decoding all again
        for name, transform in (("no", None), ("light", LIGHT.transform((SIZE, SIZE)))):
            disk.dataset.transform = memory.dataset.transform = transform
            times = fastest(partial(run_through, disk), partial(run_through, memory))
            yield Line(f"  later epochs, {name} augmentation", *times, "s", "at most 1.25")


def begin(kind, root, folder):
    """Seconds until the cache is filled, seconds of the first epoch, and the most memory that this took, in MB."""
    loaders = []
    fill = seconds(lambda: loaders.append(ready(kind, root, folder)))
    first = seconds(run_through, loaders[0])
    # Not ru_maxrss, which counts what the process that started this one had.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return fill, first, int(peak[1]) / 1000


def ready(kind, root, folder):
    table = pd.DataFrame(list_folder(root)[0]).assign(split="train")
    table.attrs["root"] = str(root)
    return make_loaders(
        table, Preprocessing(SIZE), NONE, cache=kind, cache_dir=folder, memory_share=1, progress=False
    ).train


def alone(function, *arguments):
    """What it answers in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()
