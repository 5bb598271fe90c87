"""Latency: how long a model takes for a batch, from images that lie in memory to logits. Introduced in lesson 02."""

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from utils.errors import CourseError
from utils.evaluation.passes import answer_of, size_of
from utils.evaluation.predictions import evaluating

CPU = torch.device("cpu")
FEWEST = 3  # timed runs, however slow the model


@dataclass(frozen=True)
class Latency:
    """How long a batch takes: the median of some runs, and the quartiles between which half of them lie."""

    seconds: float  # the median
    low: float  # the lower quartile, in seconds
    high: float  # the upper one
    runs: int
    batch_size: int
    device: str
    threads: int  # of the CPU

    def __str__(self):
        where = self.device if self.device != "cpu" else f"cpu, {self.threads} thread{'s'[: self.threads != 1]}"
        return (f"{1000 * self.seconds:.1f} ms (half of {self.runs} runs between {1000 * self.low:.1f} and "
                f"{1000 * self.high:.1f} ms), batch of {self.batch_size}, {where}")  # fmt: skip


def latency(
    model: nn.Module,
    size=None,
    batch_size: int = 1,
    *,
    threads: int | None = None,
    runs: int = 20,
    warmup: int = 3,
    at_most: float = math.inf,
    channels: int = 3,
) -> Latency:
    """How long the model takes for a batch, in eval mode and without gradients, on the device where it lies.

    The first passes are slower (memory is found, kernels are chosen), so they do not count. The median does not
    mind the odd run in which the machine did something else. A GPU is waited for: it answers before it is done.

    Args:
        model: takes images (N, channels, H, W). It is timed as it is: `predictions.folded(model)` is quicker.
        size: pixels, an int or (height, width); None takes that of `model.preprocessing`.
        threads: of the CPU; None leaves torch's. Afterwards they are as before.
        runs: how many are timed.
        warmup: how many before them are not.
        at_most: no further run after so many seconds, but three are timed.

    Raises:
        CourseError: as for `cost`; or runs, batch_size or threads are no whole numbers above 0.
    """
    _check_counts({"runs": runs, "batch_size": batch_size, "threads": 1 if threads is None else threads})
    _check_counts({"warmup": warmup}, least=0)
    first = next(model.parameters(), torch.empty(0))
    chance = torch.Generator().manual_seed(0)  # of its own: torch's goes on as if nothing was
    images = torch.rand(batch_size, channels, *size_of(model, size), generator=chance).to(first.device, first.dtype)
    with evaluating(model), torch.inference_mode(), with_threads(threads) as used:
        return latency_of(lambda: answer_of(model, images), batch_size, used, first.device, runs, warmup, at_most)


def latency_of(call, batch_size: int, threads: int, device=CPU, runs=20, warmup=3, at_most=math.inf) -> Latency:
    """How long a call takes that answers a batch, whatever answers it: as for `latency`, which says what is counted.

    Args:
        batch_size, threads: that it works with, to be told beside its time.
    """
    seconds = _timed(call, device, runs, warmup, at_most)
    low, median, high = np.quantile(seconds, (0.25, 0.5, 0.75)).tolist()
    return Latency(median, low, high, len(seconds), batch_size, device.type, threads)


def _check_counts(counts, least=1):
    for name, value in counts.items():
        if type(value) is not int or value < least:
            raise CourseError(f"Expected {name} as a whole number, {least} or more, but got {value!r}.")


def _timed(call, device, runs, warmup, at_most):
    """The seconds of each run."""
    seconds, begun = [], time.perf_counter()
    for number in range(warmup + runs):
        _wait_for(device)
        start = time.perf_counter()
        call()
        _wait_for(device)
        if number >= warmup:
            seconds.append(time.perf_counter() - start)
        if len(seconds) >= FEWEST and time.perf_counter() - begun > at_most:
            break
    return seconds


def _wait_for(device):
    """A GPU works on by itself: a clock read before it is done measures how fast work is handed over."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def with_threads(threads):
    """Within the block torch has so many CPU threads (None: as many as before)."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
