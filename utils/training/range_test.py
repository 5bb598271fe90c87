"""The learning-rate range test: one short training whose rate grows from tiny to absurd, and the loss at each step.

Where the loss falls fastest the rate does most; soon after, training breaks. Source: Smith, Cyclical learning rates for
training neural networks (arXiv 1506.01186), section 3.3. Introduced in lesson 07.
"""

import copy
import math

import numpy as np
import pandas as pd
from torch import nn

from utils.errors import CourseError
from utils.models.build import seeded
from utils.training.checks import check_fit
from utils.training.choices import batch_transform_of, objective_of
from utils.training.loop import in_groups, take_step
from utils.training.progress import Progress
from utils.training.recipe import Recipe
from utils.training.state import as_it_is, set_up

BROKEN = 4  # times the lowest smoothed loss so far: there is nothing more to see
SMOOTHING = 0.9  # of the losses: how much of the mean so far is kept at each step


def range_test(
    model: nn.Module, loaders, recipe: Recipe | None = None, lowest: float = 1e-6, highest: float = 1.0, steps: int = 100,
    *, objective=None, progress: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """The loss at each step while the rate grows by the same factor from step to step; the model itself stays as it was.

    The backbone's rate keeps its ratio to the head's. It ends early where the smoothed loss is 4 times its lowest, or no number.

    Args:
        model, loaders, recipe, objective: as for `fit`; the recipe's rates only give their ratio.
        lowest, highest: rates of the head at the first and the last step.
        steps: how many; over the training pictures again where there are fewer batches.

    Returns:
        A row a step: `step`, `lr`, `loss`, and `smooth`, the running mean of the losses.

    Raises:
        CourseError: not 0 < lowest < highest, fewer than 2 steps, or as for `fit`.
    """
    recipe = Recipe() if recipe is None else recipe
    are_numbers = all(isinstance(rate, (int, float)) for rate in (lowest, highest)) and isinstance(steps, int)
    if not are_numbers or not 0 < lowest < highest < math.inf or steps < 2:
        raise CourseError(f"Expected 0 < lowest < highest and 2 steps or more, but got lowest={lowest!r}, "
                          f"highest={highest!r}, steps={steps!r}.")  # fmt: skip
    objective = objective_of(recipe, loaders) if objective is None else objective
    model = copy.deepcopy(model)
    check_fit(model, loaders, recipe, objective)

    def share_at(training):
        return lowest * (highest / lowest) ** (training.step / (steps - 1)) / recipe.lr

    with seeded(recipe.seed), Progress(1, steps, progress) as bar:
        training = set_up(model, loaders, recipe, objective, schedule=share_at)
        training.batch_transform = batch_transform_of(recipe, loaders) or as_it_is
        training.network.train()
        rows = []
        for batches in _endless(training, steps):
            rows.append({"step": training.step, "lr": share_at(training) * recipe.lr})
            take_step(training, batches)
            rows[-1]["loss"] = training.loss.item()
            bar.step(training)
            # Smoothed: a single batch may be easy or hard.
            smooth = smoothed([row["loss"] for row in rows])
            if not math.isfinite(smooth[-1]) or smooth[-1] > BROKEN * smooth.min():
                break
    return pd.DataFrame(rows).assign(smooth=smooth)


def suggest_lr(table: pd.DataFrame) -> float:
    """A rate to begin with: a tenth of that at which the smoothed loss was lowest.

    At the lowest point the rate is about to break the training, and the loss still shows what earlier steps brought.

    Args:
        table: of `range_test`.

    Raises:
        CourseError: not one loss is a number.
    """
    finite = table[np.isfinite(table["smooth"])]
    if finite.empty:
        raise CourseError("The loss was no number from the first step, so there is no rate to begin with. Test lower ones: "
                          f"range_test(..., lowest={table['lr'].min() / 100:.1g}).")  # fmt: skip
    return float(finite.loc[finite["smooth"].idxmin(), "lr"] / 10)


def smoothed(losses, keep: float = SMOOTHING) -> np.ndarray:
    """The running mean keep * mean + (1 - keep) * loss, over what it has seen, so that it starts at the first loss."""
    mean, found = 0.0, []
    for number, loss in enumerate(losses, start=1):
        mean = keep * mean + (1 - keep) * loss
        found.append(mean / (1 - keep**number))
    return np.array(found)


def _endless(training, steps):
    """So many groups of batches, epoch after epoch."""
    while True:
        training.loaders.train.set_epoch(training.epoch)
        for batches in in_groups(training.loaders.train, training.recipe.accumulate):
            if training.step == steps:
                return
            yield batches
        training.epoch += 1
