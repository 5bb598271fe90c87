"""A training ends within its time, its rates at their end, whatever an epoch turns out to take."""

import math
from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from utils.data.loaders import make_loaders
from utils.data.samples import sample
from utils.data.splits import add_splits
from utils.data.tables import scan
from utils.errors import CourseError
from utils.models.build import build
from utils.training.budget import Budget, WithinTime, seconds_a_picture
from utils.training.loop import fit
from utils.training.recipe import Recipe


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def trained(seconds, a_step, judging=0.0, most=50, steps=10, later=None):
    """(epochs, share of the rate at each step, seconds that it took) of a training as `fit` goes about it."""
    clock, shares = Clock(), []
    within = WithinTime(seconds, clock)
    training = SimpleNamespace(recipe=Recipe(epochs=most), objective=SimpleNamespace(higher_is_better={"valid_accuracy": True}),
                               step=0, epoch=0, steps_an_epoch=steps, history=[], stopped="")  # fmt: skip
    while training.epoch < most and not training.stopped:
        for _ in range(steps):
            shares.append(within.share(training))
            clock.now += later if later and training.epoch >= 3 else a_step
            training.step += 1
        clock.now += judging
        training.epoch += 1
        within.stop(training)
    return training, shares, clock.now - 100


def test_as_many_epochs_as_fit_and_the_rates_end_with_them():
    training, shares, took = trained(seconds=21, a_step=0.2)  # an epoch takes 2 seconds
    assert (training.epoch, training.stopped) == (10, "21 seconds were up") and took == pytest.approx(20)
    assert max(shares) == pytest.approx(1, abs=0.02) and shares[-1] < 0.01
    assert shares.index(max(shares)) < 10  # after the warm-up they only fall
    assert all(after <= before + 1e-9 for before, after in zip(shares[9:], shares[10:]))


def test_the_look_at_valid_counts():
    training, _, took = trained(seconds=22, a_step=0.2, judging=1.0)
    assert training.epoch == 7 and took == pytest.approx(21)


@pytest.mark.parametrize("later", [0.1, 0.4])
def test_where_the_machine_changes_its_mind_the_plan_follows(later):
    training, shares, took = trained(seconds=40, a_step=0.2, later=later)
    assert took <= 40 * 1.2 and took >= 40 * 0.8
    assert shares[-1] < 0.02


def test_an_epoch_that_turns_out_not_to_fit_still_has_falling_rates():
    training, shares, _ = trained(seconds=8.2, a_step=0.2, later=2)
    assert training.epoch == 4 and all(after <= before for before, after in zip(shares[30:], shares[31:]))


def test_one_epoch_there_is_however_long_it_takes():
    training, shares, _ = trained(seconds=1, a_step=1)
    assert training.epoch == 1 and shares[-1] < 0.1


def test_the_recipe_s_epochs_are_the_most():
    training, shares, took = trained(seconds=1e6, a_step=0.1, most=4)
    assert (training.epoch, training.stopped) == (4, "") and shares[-1] < 0.01


def test_a_budget_tells_what_is_left_of_it():
    clock = Clock()
    budget = Budget(30, clock)
    clock.now += 12
    assert (budget.spent, budget.left) == (12, 18)
    clock.now += 20
    assert budget.left == -2


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, "10", None])
def test_a_budget_is_a_time_above_0(seconds):
    with pytest.raises(CourseError, match="-p minutes 10"):
        Budget(seconds)


@pytest.fixture(scope="module")
def loaders():
    table = add_splits(scan(sample("digits"), limit=200, progress=False).table)
    model = build("small_cnn", 10, None, size=32, seed=0)
    return model, make_loaders(table, model.preprocessing, batch_size=16, progress=False)


def test_fit_takes_it_as_schedule_and_after_an_epoch(loaders):
    model, loaders = loaders
    within = WithinTime(1.0, clock=partial(next, count(step=0.01)))  # it is asked at every step
    fitted = fit(model, loaders, Recipe(epochs=500, batch_size=16), schedule=within.share, after_epoch=[within.stop],
                 progress=False)  # fmt: skip
    assert 1 <= len(fitted.history) < 500 and fitted.stopped == "1 seconds were up"
    assert fitted.history["lr"].iloc[-1] < 0.3 * fitted.history["lr"].max()


class Counting(nn.Module):
    """A model whose clock goes on by a second a picture, and by a hundred in its first two batches."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.calls, self.weight = clock, 0, nn.Parameter(torch.zeros(3, 2))

    def __deepcopy__(self, memo):
        return self

    def forward(self, images):
        self.calls += 1
        self.clock.now += len(images) * (100 if self.calls <= 2 else 1)
        return images.mean(dim=(2, 3)) @ self.weight


def batches(*sizes):
    return [(torch.ones(size, 3, 4, 4), torch.zeros(size, dtype=torch.long)) for size in sizes]


def test_the_first_batches_do_not_count_and_the_pictures_do():
    clock = Clock()
    assert seconds_a_picture(Counting(clock), batches(8, 8, 8, 4, 8, 8, 8), clock=clock) == 1
    clock = Clock()
    assert seconds_a_picture(Counting(clock), batches(8, 8), clock=clock) == 100  # there is nothing else


def test_the_model_stays_as_it_is(loaders):
    model, loaders = loaders
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert seconds_a_picture(model, loaders.train) > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not model.training
