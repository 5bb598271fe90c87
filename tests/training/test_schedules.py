"""Schedules are torch's own, step by step; the share of the rate is never 0 and never above 1."""

import dataclasses
import math
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from utils.training.recipe import Recipe
from utils.training.rules import BESIDE
from utils.training.schedules import SCHEDULES, by_recipe, share_of_lr

BY_THE_STEP = ["constant", "linear", "cosine", "warm_restarts", "one_cycle"]  # the others go by whole epochs
LENGTHS = {"epochs": st.integers(1, 8), "steps_an_epoch": st.integers(1, 9), "warmup": st.floats(0, 0.99)}
DROPS = {"drop_to": st.floats(0.05, 0.95), "drop_every": st.integers(1, 5), "plateau_patience": st.integers(0, 3),
         "drop_at": st.sets(st.integers(1, 7), min_size=1).map(lambda epochs: tuple(sorted(epochs))),
         "cycle_epochs": st.floats(0.01, 9), "cycle_growth": st.floats(1, 3), "rise": st.floats(0.01, 0.99)}  # fmt: skip
SCORES = st.lists(st.integers(0, 4).map(float), min_size=8, max_size=8)
FEWER = settings(max_examples=30)


def shares(recipe, steps_an_epoch, scores=(), higher_is_better=True):
    """The share of every step of a training whose epochs have these scores."""
    history = [{recipe.best_by: score} for score in scores]
    return [share_of_lr(recipe, step, steps_an_epoch, history[: step // steps_an_epoch], higher_is_better)
            for step in range(recipe.epochs * steps_an_epoch)]  # fmt: skip


def of_torch(schedule, count, scores=None, **options):
    """The rates of torch's own schedule, whose highest is 1; one that goes by scores is given one after each."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    scheduler, rates = schedule(optimizer, **options), []
    for number in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if number < count - 1:
            scheduler.step(*([] if scores is None else [scores[number]]))
    return rates


def warmup_of(recipe, steps_an_epoch):
    return min(round(recipe.warmup_epochs * steps_an_epoch), recipe.epochs * steps_an_epoch - 1)


def check_after_warmup(recipe, steps_an_epoch, expected):
    """What follows the warm-up is the whole schedule on the steps that are left; before, a line to where it begins."""
    found, warmup = shares(recipe, steps_an_epoch), warmup_of(recipe, steps_an_epoch)
    reference = expected(len(found) - warmup)
    assert found[warmup:] == pytest.approx(reference, abs=1e-9)
    assert found[:warmup] == pytest.approx([reference[0] * (step + 1) / (warmup + 1) for step in range(warmup)])


def check_whole_epochs(recipe, steps_an_epoch, rates, found):
    """From the end of the warm-up on, the rates of torch's epochs."""
    warmup = warmup_of(recipe, steps_an_epoch)
    expected = [rate for rate in rates for _ in range(steps_an_epoch)]
    assert found[warmup:] == pytest.approx(expected[warmup:], abs=1e-9)


# --- step by step as torch ---------------------------------------------------------------------------


@FEWER
@given(**LENGTHS)
def test_cosine_is_torchs_own(epochs, steps_an_epoch, warmup):
    recipe = Recipe(epochs=epochs, warmup_epochs=warmup * epochs)
    check_after_warmup(recipe, steps_an_epoch, lambda count: of_torch(
        lr_scheduler.CosineAnnealingLR, count, T_max=count))  # fmt: skip


@FEWER
@given(**LENGTHS, rise=DROPS["rise"])
def test_one_cycle_is_torchs_own(epochs, steps_an_epoch, warmup, rise):
    recipe = Recipe(epochs=epochs, schedule="one_cycle", warmup_epochs=warmup * epochs, rise=rise)
    count = epochs * steps_an_epoch - warmup_of(recipe, steps_an_epoch)
    assume(rise * count != 1)  # torch divides by 0 there
    check_after_warmup(recipe, steps_an_epoch, lambda count: of_torch(
        lr_scheduler.OneCycleLR, count, max_lr=1, total_steps=count, pct_start=rise, cycle_momentum=False))  # fmt: skip


@FEWER
@given(**LENGTHS, cycle_epochs=st.integers(1, 4), growth=st.integers(1, 3))
def test_warm_restarts_are_torchs_own(epochs, steps_an_epoch, warmup, cycle_epochs, growth):
    recipe = Recipe(epochs=epochs, schedule="warm_restarts", warmup_epochs=warmup * epochs, cycle_epochs=cycle_epochs,
                    cycle_growth=growth)  # fmt: skip
    check_after_warmup(recipe, steps_an_epoch, lambda count: of_torch(
        lr_scheduler.CosineAnnealingWarmRestarts, count, T_0=cycle_epochs * steps_an_epoch, T_mult=growth))  # fmt: skip


@FEWER
@given(**LENGTHS, drop_to=DROPS["drop_to"], drop_every=DROPS["drop_every"])
def test_step_is_torchs_own(epochs, steps_an_epoch, warmup, drop_to, drop_every):
    recipe = Recipe(
        epochs=epochs, schedule="step", warmup_epochs=warmup * epochs, drop_to=drop_to, drop_every=drop_every
    )
    rates = of_torch(lr_scheduler.StepLR, epochs, step_size=drop_every, gamma=drop_to)
    check_whole_epochs(recipe, steps_an_epoch, rates, shares(recipe, steps_an_epoch))


@FEWER
@given(
    steps_an_epoch=LENGTHS["steps_an_epoch"],
    warmup=st.floats(0, 7.9),
    drop_to=DROPS["drop_to"],
    drop_at=DROPS["drop_at"],
)
def test_multi_step_is_torchs_own(steps_an_epoch, warmup, drop_to, drop_at):
    recipe = Recipe(epochs=8, schedule="multi_step", warmup_epochs=warmup, drop_to=drop_to, drop_at=drop_at)
    rates = of_torch(lr_scheduler.MultiStepLR, 8, milestones=list(drop_at), gamma=drop_to)
    check_whole_epochs(recipe, steps_an_epoch, rates, shares(recipe, steps_an_epoch))


@FEWER
@given(steps_an_epoch=LENGTHS["steps_an_epoch"], warmup=st.floats(0, 7.9), drop_to=DROPS["drop_to"],
       patience=DROPS["plateau_patience"], scores=SCORES, higher=st.booleans())  # fmt: skip
def test_plateau_is_torchs_own(steps_an_epoch, warmup, drop_to, patience, scores, higher):
    recipe = Recipe(epochs=8, schedule="plateau", warmup_epochs=warmup, drop_to=drop_to, plateau_patience=patience,
                    best_by="valid_accuracy" if higher else "valid_loss")  # fmt: skip
    rates = of_torch(lr_scheduler.ReduceLROnPlateau, 8, scores, mode="max" if higher else "min", factor=drop_to,
                     patience=patience, threshold=0, eps=0)  # fmt: skip
    check_whole_epochs(recipe, steps_an_epoch, rates, shares(recipe, steps_an_epoch, scores, higher))


# --- what all have in common -------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
@FEWER
@given(**LENGTHS, numbers=st.fixed_dictionaries(DROPS), scores=SCORES)
def test_a_share_is_above_0_and_1_at_most_whatever_the_numbers(
    schedule, epochs, steps_an_epoch, warmup, numbers, scores
):
    own = {name: value for name, value in numbers.items() if schedule in BESIDE[name][1]}
    epochs = 8 if schedule == "multi_step" else epochs
    recipe = Recipe(epochs=epochs, schedule=schedule, warmup_epochs=warmup * epochs, **own)
    found = shares(recipe, steps_an_epoch, scores[:epochs])
    assert 0 < min(found) <= max(found) <= 1


@pytest.mark.parametrize("schedule", BY_THE_STEP)
@FEWER
@given(**LENGTHS)
def test_a_warm_up_rises_to_where_the_schedule_begins(schedule, epochs, steps_an_epoch, warmup):
    recipe = Recipe(epochs=epochs, schedule=schedule, warmup_epochs=warmup * epochs)
    found, end = shares(recipe, steps_an_epoch), warmup_of(recipe, steps_an_epoch)
    assert all(one < next_one for one, next_one in pairwise(found[: end + 1]))
    if schedule in ("constant", "linear", "cosine"):
        assert found[end] == 1
        assert found[end:] == sorted(found[end:], reverse=True)


def test_the_schedules_by_their_numbers():
    plain = Recipe(epochs=2, warmup_epochs=0)
    assert shares(dataclasses.replace(plain, schedule="constant"), 2) == [1, 1, 1, 1]
    assert shares(dataclasses.replace(plain, schedule="linear"), 2) == [1, 0.75, 0.5, 0.25]
    assert shares(dataclasses.replace(plain, schedule="cosine"), 2) == pytest.approx(
        [1, 0.853553, 0.5, 0.146447], abs=1e-6
    )
    warm = Recipe(epochs=3, warmup_epochs=1, schedule="linear")
    assert shares(warm, 3) == pytest.approx([0.25, 0.5, 0.75, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


@pytest.mark.parametrize(("schedule", "epochs", "expected"), [
    ("step", 7, [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001]), ("multi_step", 8, [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01]),
    ("warm_restarts", 8, [1, 0.853553, 0.5, 0.146447] * 2), ("plateau", 6, [1, 1, 1, 0.1, 0.1, 0.01]),
])  # fmt: skip
def test_where_nothing_is_said_the_drops_are_those_that_the_recipe_tells(schedule, epochs, expected):
    recipe = Recipe(epochs=epochs, schedule=schedule, warmup_epochs=0)
    assert shares(recipe, 1, [0.5] * epochs) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("epochs", "rise"), [(2, 0.5), (4, 0.25)])
def test_a_rise_of_one_step_begins_at_the_top(epochs, rise):
    """torch divides by 0 there."""
    found = shares(Recipe(epochs=epochs, schedule="one_cycle", warmup_epochs=0, rise=rise), 1)
    assert found[0] == 1
    assert found == sorted(found, reverse=True)


def test_a_cycle_of_half_an_epoch_and_cycles_that_grow_by_a_half():
    recipe = Recipe(epochs=4, schedule="warm_restarts", warmup_epochs=0, cycle_epochs=0.5, cycle_growth=1.5)
    found = shares(recipe, 4)
    assert [step for step, share in enumerate(found) if share == 1] == [0, 2, 5, 9]
    assert found[2:5] == pytest.approx([1, 0.75, 0.25])


@pytest.mark.parametrize(("cycle_epochs", "growth"), [(0.07, 1.0), (1.0, 1.1), (0.001, 1.0), (0.29, 1.3)])
def test_no_cycle_leaves_a_step_for_nothing(cycle_epochs, growth):
    """0.07 of 100 steps are a little over 7 in floats: the 8th step would stand at the very end of the wave."""
    recipe = Recipe(epochs=8, schedule="warm_restarts", warmup_epochs=0, cycle_epochs=cycle_epochs, cycle_growth=growth)
    assert min(shares(recipe, 100)) > 1e-6


def test_a_plateau_counts_no_epoch_whose_score_is_no_number_as_better():
    recipe = Recipe(epochs=8, schedule="plateau", warmup_epochs=0, plateau_patience=0)
    assert shares(recipe, 1, [math.nan, math.nan, 0.5, math.nan, 0.6, 0.6, 0.7, 0.7]) == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    )


def test_the_recipes_schedule_goes_by_the_step_and_the_history_of_the_training():
    recipe = Recipe(epochs=2, schedule="linear", warmup_epochs=0)
    training = SimpleNamespace(recipe=recipe, step=3, steps_an_epoch=2, history=[],
                               objective=SimpleNamespace(higher_is_better={"valid_accuracy": True, "valid_loss": False}))  # fmt: skip
    assert by_recipe(training) == 0.25
    training.history = [{"valid_accuracy": score, "valid_loss": score} for score in (0.3, 0.2)]
    for best_by, expected in (("valid_accuracy", 0.1), ("valid_loss", 1)):
        training.recipe = Recipe(epochs=3, schedule="plateau", warmup_epochs=0, plateau_patience=0, best_by=best_by)
        assert by_recipe(training) == expected
