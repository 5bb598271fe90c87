"""How the learning rate goes over a training: at each step a share of its highest value, from 0 to 1.

Words: a *step* is one change of the weights; a *milestone* is an epoch at which the rate drops.
Each schedule is a function of a `Moment`. A new one is one more entry in SCHEDULES. Introduced in lesson 07; cosine
and the warm-up in lesson 03.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from utils.training.keeping import is_better


@dataclass(frozen=True)
class Moment:
    """Where a training stands when a schedule is asked: before `step` of `steps`, both counted after the warm-up."""

    recipe: object
    step: int  # from 0
    steps: int
    epoch: int  # whole ones behind it, the warm-up's too
    steps_an_epoch: int
    history: Sequence[dict] = ()  # a row for each epoch so far
    higher_is_better: bool = True  # of the score that the recipe goes by

    @property
    def done(self) -> float:
        """The share of the way that is behind: 0 at first, below 1 at the last step."""
        return self.step / self.steps


def constant(moment: Moment) -> float:
    """Always the highest."""
    return 1.0


def linear(moment: Moment) -> float:
    """Down to 0 in a straight line."""
    return 1.0 - moment.done


def cosine(moment: Moment) -> float:
    """Down to 0 along half a wave (Loshchilov and Hutter, arXiv 1608.03983, equation 5, without restarts)."""
    return _half_wave(moment.done)


def step(moment: Moment) -> float:
    """Times `drop_to` every `drop_every` epochs."""
    return moment.recipe.value("drop_to") ** (moment.epoch // moment.recipe.value("drop_every"))


def multi_step(moment: Moment) -> float:
    """Times `drop_to` at each of the milestones `drop_at`."""
    passed = sum(moment.epoch >= milestone for milestone in moment.recipe.value("drop_at"))
    return moment.recipe.value("drop_to") ** passed


def plateau(moment: Moment) -> float:
    """Times `drop_to` whenever `plateau_patience` epochs and one more have brought nothing better.

    It is worked out anew from the history each time, so there is no state that a resumed training could lose.
    """
    best, waited, share = None, 0, 1.0
    by, patience = moment.recipe.best_by, moment.recipe.value("plateau_patience")
    for row in moment.history:
        if best is None or is_better(row, best, by, moment.higher_is_better):
            best, waited = row, 0
            continue
        waited += 1
        if waited > patience:
            share, waited = share * moment.recipe.value("drop_to"), 0
    return share


def warm_restarts(moment: Moment) -> float:
    """Cosine again and again: a cycle is `cycle_epochs` long, the next one `cycle_growth` times that (arXiv 1608.03983)."""
    first, growth = moment.recipe.value("cycle_epochs") * moment.steps_an_epoch, moment.recipe.value("cycle_growth")
    since, cycle, length = moment.step, 0, max(1, round(first))
    while since >= length:  # in whole steps: a remainder would leave a step at a rate of 0
        since, cycle = since - length, cycle + 1
        length = max(1, round(first * growth**cycle))
    return _half_wave(since / length)


def one_cycle(moment: Moment) -> float:
    """Up from 1/25 over the first `rise` of the way, then down to next to nothing (Smith and Topin, arXiv 1708.07120)."""
    lowest, last = 1 / 25, moment.steps - 1
    top = moment.recipe.value("rise") * moment.steps - 1
    if moment.step <= top:
        return lowest + (1 - lowest) * (1 - _half_wave(moment.step / top)) if top > 0 else 1.0
    end = lowest * 1e-4
    return end + (1 - end) * _half_wave((moment.step - top) / (last - top))


def _half_wave(done):
    """From 1 to 0 while `done` goes from 0 to 1, level at both ends."""
    return 0.5 * (1 + math.cos(math.pi * done))


SCHEDULES = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "step": step,
    "multi_step": multi_step,
    "plateau": plateau,
    "warm_restarts": warm_restarts,
    "one_cycle": one_cycle,
}


def share_of_lr(recipe, step: int, steps_an_epoch: int, history=(), higher_is_better: bool = True) -> float:
    """The share of the highest rate at a step, over 0 to 1: a linear warm-up to where the recipe's schedule begins.

    Args:
        step: which one is next, from 0.
        steps_an_epoch: so that the warm-up and the whole way can be said in epochs.
        history: the rows of the epochs so far, which "plateau" goes by.
        higher_is_better: of the score `recipe.best_by`.
    """
    steps = recipe.epochs * steps_an_epoch
    warmup = min(round(recipe.warmup_epochs * steps_an_epoch), steps - 1)
    from_there = max(step, warmup)
    moment = Moment(recipe, from_there - warmup, steps - warmup, from_there // steps_an_epoch, steps_an_epoch,
                    history, higher_is_better)  # fmt: skip
    warm = min(1.0, (step + 1) / (warmup + 1))  # never 0: that step would be for nothing
    return warm * SCHEDULES[recipe.schedule](moment)


def by_recipe(training) -> float:
    """The schedule that `fit` takes where it is given no other: the recipe's, at the training's next step."""
    recipe, higher = training.recipe, training.objective.higher_is_better
    return share_of_lr(recipe, training.step, training.steps_an_epoch, training.history, higher[recipe.best_by])
