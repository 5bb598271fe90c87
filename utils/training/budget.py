"""A training within a time: as many epochs as fit, the rates falling to their end with them, measured as it goes.

How long an epoch takes nobody knows beforehand: it depends on the machine and on what else runs there. So the plan is made
anew at every step from what the steps so far have taken, and the schedule follows the plan.
Words: a *budget* is a number of seconds from a beginning; what is *left* of it may be below 0. Introduced in lesson 09.
"""

import copy
import math
import time
from dataclasses import replace
from itertools import islice

import torch
from torch import nn
from torch.nn import functional as F

from utils.errors import CourseError
from utils.training.schedules import share_of_lr

SOONEST = 4  # steps after which the first plan is made: the very first are slow
WARM_UP = 2  # batches before the clock


class Budget:
    """So many seconds from now on."""

    def __init__(self, seconds: float, clock=time.monotonic):
        if not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
            raise CourseError(f"Expected a time above 0, but got {seconds!r} seconds. Ten minutes: -p minutes 10")
        self.seconds, self._clock, self._begun = float(seconds), clock, clock()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begun

    @property
    def left(self) -> float:
        """Seconds until it is used up; below 0 after that."""
        return self.seconds - self.spent


class WithinTime:
    """Ends a training in time: `fit(..., schedule=within.share, after_epoch=[within.stop])`, one object a training.

    The recipe's epochs are the most there will be. One epoch there is always, however long it takes.

    Args:
        seconds: from the first step to the end of the last epoch.
        clock: seconds that go on; for tests.
    """

    def __init__(self, seconds: float, clock=time.monotonic):
        self.seconds, self._clock = seconds, clock
        self._begun = None

    def share(self, training) -> float:
        """The share of the highest rates at the next step: the recipe's schedule, over as many epochs as fit by now."""
        if self._begun is None:
            self._begun = self._clock()
        recipe, higher = training.recipe, training.objective.higher_is_better
        # An epoch that has begun is gone through with, even if it turns out not to fit.
        epochs = max(self.epochs(training), training.step // training.steps_an_epoch + 1)
        planned = replace(recipe, epochs=epochs, warmup_epochs=min(recipe.warmup_epochs, epochs / 2))
        return share_of_lr(planned, training.step, training.steps_an_epoch, training.history, higher[recipe.best_by])

    def stop(self, training) -> None:
        """After an epoch: ends the training where no other one fits."""
        if training.epoch < training.recipe.epochs and self.epochs(training) <= training.epoch:
            training.stopped = f"{self.seconds:.0f} seconds were up"

    def epochs(self, training) -> int:
        """How many epochs fit, by what has been measured; at most the recipe's, and one at least."""
        if training.step < SOONEST:
            return training.recipe.epochs
        one = (self._clock() - self._begun) * training.steps_an_epoch / training.step  # seconds
        return max(1, min(training.recipe.epochs, int(self.seconds / one)))


def seconds_a_picture(model: nn.Module, loader, batches: int = 4, clock=time.perf_counter) -> float:
    """How long a training step takes for each of its pictures, by a few steps of a copy of the model.

    Args:
        model: takes images (N, 3, H, W); it stays as it is.
        loader: of `make_loaders`, the one to train with.
        batches: that are timed, after two that are not. A loader with fewer has them all timed.
    """
    trained = copy.deepcopy(model).train()
    device = next(trained.parameters()).device
    optimizer = torch.optim.AdamW(trained.parameters(), lr=1e-6)
    found = list(islice(loader, WARM_UP + batches))
    pictures, begun = 0, clock()
    for number, (images, targets) in enumerate(found):
        if number == WARM_UP and len(found) > WARM_UP:
            pictures, begun = 0, clock()
        loss = F.cross_entropy(trained(images.to(device)), targets.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()  # waits for a GPU
        pictures += len(images)
    return (clock() - begun) / pictures
