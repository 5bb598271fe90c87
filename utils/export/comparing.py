"""Exported files beside each other and beside PyTorch: how large, how quick, and what they say about a table of pictures.

Introduced in lesson 08.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from utils.data.transforms import Preprocessing
from utils.evaluation.cost import cost
from utils.evaluation.heads import one_table
from utils.evaluation.latency import Latency, latency, latency_of
from utils.evaluation.predictions import predictions_table
from utils.export.network import LABEL
from utils.export.pictures import loaded
from utils.export.runners import Runner, open_exported

RUNS = 30  # timed, of each


def compare_formats(
    files: Iterable[str | Path], threads: Iterable[int] = (1, 2), *, model: nn.Module | None = None, batch_size: int = 1,
    at_most: float = 3.0,
) -> pd.DataFrame:  # fmt: skip
    """Size and latency of exported files, one row a file and number of threads.

    Args:
        files: that `export` wrote.
        threads: of the processor.
        model: that they were made from, timed as it is; it comes first.
        batch_size: pictures a batch; a file that takes one at a time takes them one after the other.
        at_most: seconds for each row, after which fewer runs have to be enough.

    Returns:
        columns file, format, precision, bytes, threads, seconds (the median of a batch) and low and high, the quartiles.

    Raises:
        CourseError: a file cannot be opened.
    """
    rows = [] if model is None else _rows_of_model(model, threads, batch_size, at_most)
    for path in map(Path, files):
        for count in threads:
            runner = open_exported(path, count)
            found = runner_latency(runner, batch_size, at_most=at_most)
            rows.append(_row(path.name, runner.format, runner.precision, path.expanduser().stat().st_size, found))
    return pd.DataFrame(rows)


def runner_latency(runner: Runner, batch_size: int = 1, runs: int = RUNS, at_most: float = math.inf) -> Latency:
    """How long an open file takes for a batch, from images that lie in memory to probabilities."""
    images = np.random.default_rng(0).normal(size=(batch_size, *runner.shape)).astype(np.float32)
    return latency_of(lambda: runner.probabilities(images), batch_size, runner.threads, runs=runs, at_most=at_most)


def predict_exported(runner: Runner, table: pd.DataFrame) -> pd.DataFrame:
    """The predictions table of an image table, as `predict_table` makes it with the model itself.

    Raises:
        CourseError: a picture cannot be read.
    """
    parts = [runner.probabilities(images) for images in loaded(table, Preprocessing.from_dict(runner.preprocessing))]
    blocks = {}
    for head, classes in runner.heads.items():
        labels = table.get(head, np.nan)
        answers = np.concatenate([part[head] for part in parts])  # (N, K)
        blocks[head] = predictions_table(table.assign(label=labels), answers, classes)
    return blocks[LABEL] if list(blocks) == [LABEL] else one_table(blocks)


def _rows_of_model(model, threads, batch_size, at_most):
    options = {"batch_size": batch_size, "runs": RUNS, "at_most": at_most}
    size = cost(model).file_bytes
    return [_row("", "PyTorch", "float32", size, latency(model, threads=count, **options)) for count in threads]


def _row(file, format, precision, size, found):
    return {"file": file, "format": format, "precision": precision, "bytes": size, "threads": found.threads,
            "seconds": found.seconds, "low": found.low, "high": found.high}  # fmt: skip
