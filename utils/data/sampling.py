"""Which pictures an epoch takes, in which order, and how much each counts.

Convention: chance comes from (seed, epoch, place in the epoch) alone. Introduced in lesson 01; odds and weights, for
classes of which there are few pictures, in lesson 07.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Sampler

from utils.errors import CourseError, named

SAMPLINGS = ("shuffled", "balanced")


class Weighted(NamedTuple):
    """Targets, and how much each picture counts in the mean of the losses: (N,), from 0."""

    targets: object
    weights: torch.Tensor


def without_weights(targets):
    """The targets themselves, where they are `Weighted`."""
    return targets.targets if isinstance(targets, Weighted) else targets


class Batches(Sampler):
    """The batches of one epoch, as lists of (place, seed): in order, or shuffled anew each epoch.

    Attributes:
        odds: how likely each picture is to be drawn, (count,), in all 1: an epoch is then so many draws, in which one
            may come several times and another not at all. None: each comes once.
        epoch: the epoch that is next; with the seed it decides everything.
        share: (rank, processes) where several processes share each batch: together they have what one would have alone.
            In order, each has as many places as the others; those that are lacking begin again at the first.
    """

    def __init__(self, count: int, batch_size: int, seed: int = 0, shuffle: bool = False, odds=None):
        self.count, self.batch_size, self.seed, self.shuffle, self.odds = count, batch_size, seed, shuffle, odds
        self.epoch, self.share = 0, (0, 1)

    @property
    def left_out(self) -> int:
        """How many stay out of a shuffled epoch, other ones each time: BatchNorm cannot train on one picture a process."""
        rest, (_, processes) = self.count % self.batch_size, self.share
        return rest if self.shuffle and rest < 2 * processes else 0

    @property
    def kept(self) -> int:
        """How many places an epoch has, for all processes."""
        return self.count - self.left_out

    def plan(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Which pictures an epoch takes, (M,) places in order, and (M,) seeds; the same for all processes."""
        rng = np.random.default_rng((self.seed, epoch))
        places = self._order(rng)
        # A seed belongs to a place in the epoch, not to a picture: drawn twice, a picture looks different twice.
        seeds = rng.integers(2**63, size=self.count)
        return places[: self.kept], seeds[: self.kept]

    def __iter__(self):
        # Planned now, also where a batch is asked for later.
        return self._cut(*self.plan(self.epoch), *self.share)

    def __len__(self):
        return -(-self.kept // self._places_a_batch)

    @property
    def _places_a_batch(self):
        """How many places of the plan the processes take together; in order, as many for each of them."""
        processes = self.share[1]
        return self.batch_size if self.shuffle else -(-self.batch_size // processes) * processes

    def _order(self, rng):
        if self.odds is not None:
            return rng.choice(self.count, size=self.count, p=self.odds)
        return rng.permutation(self.count) if self.shuffle else np.arange(self.count)

    def _cut(self, places, seeds, rank, processes):
        lacking = 0 if self.shuffle else -len(places) % processes
        if lacking:
            places, seeds = (np.concatenate([each, np.resize(each, lacking)]) for each in (places, seeds))
        size = self._places_a_batch
        for start in range(0, len(places), size):
            part = slice(start + rank, start + size, processes)
            yield list(zip(places[part].tolist(), seeds[part].tolist()))


def weights_of(table, column):
    """The numbers of a column for all rows, float32 (N,).

    Raises:
        CourseError: there is no such column, or a training picture has no number from 0 in it, or all have 0.
    """
    if column not in table:
        raise CourseError(
            f"Expected sample_weights as a column of the table, {named(table.columns)}, but got {column!r}."
        )
    is_train = table["split"] == "train"
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float32, na_value=np.nan)
    wrong = table.loc[is_train & ~(np.isfinite(numbers) & (numbers >= 0)), column].unique()
    if len(wrong) or not numbers[is_train].any():
        told = f"found {named(wrong)}" if len(wrong) else "all are 0"
        raise CourseError(f"Expected a number from 0 for each training picture in the column {column!r}, one of them above "
                          f"0, but {told}.")  # fmt: skip
    return torch.from_numpy(numbers)


def counts_to_balance(labels: pd.Series, classes, asked: str) -> pd.Series:
    """Training pictures of each class, in the order of the classes; a CourseError where `asked` cannot balance them."""
    counts = labels.value_counts().reindex(classes, fill_value=0)
    missing = [name for name, count in counts.items() if count == 0]
    if missing:
        raise CourseError(f"{asked}='balanced' needs training pictures of every class, but there are none of "
                          f"{named(missing)}.")  # fmt: skip
    return counts


def odds_of(table, columns, names, sampling):
    """How likely each training picture is to be drawn, (M,), in all 1; None where each comes once.

    Args:
        columns: the label column by whose classes it goes.
        names: {column: class names}.
        sampling: "shuffled", or "balanced": all classes alike.

    Raises:
        CourseError: no such sampling, several label columns, or a class without a training picture.
    """
    if sampling not in SAMPLINGS:
        raise CourseError(f"Expected sampling as one of {named(SAMPLINGS)}, but got {sampling!r}.")
    if sampling == "shuffled":
        return None
    if not isinstance(columns, str):
        raise CourseError("sampling='balanced' goes by the classes of one label column, but there are several: "
                          f"{named(columns)}. Take sampling='shuffled', and class_weights='balanced' in the recipe.")  # fmt: skip
    labels = table.loc[table["split"] == "train", columns]
    counts = counts_to_balance(labels, names[columns], "sampling")
    return labels.map(1 / (len(counts) * counts)).fillna(0).to_numpy()
