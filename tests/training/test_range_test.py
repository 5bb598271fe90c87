"""The range test: rates grow by one factor, training breaks or ends, and the model is as it was before."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.lessons.tool import definitions
from tests.training.small import RECIPE, Tiny, make, same, weights
from utils.errors import CourseError
from utils.training import range_test as module
from utils.training.loop import take_step
from utils.training.objectives import CrossEntropy
from utils.training.range_test import range_test, smoothed, suggest_lr

BY_HAND = "07_training_recipes.ipynb"


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def tried(loaders, recipe=RECIPE, model=None, **options):
    return range_test(model or Tiny(), loaders, recipe, progress=False, **options)


@pytest.fixture
def steps_seen(monkeypatch):
    """For each step: the batches, the rates with which it was made, the optimiser's name, and the network's mode."""
    seen = []

    def noting(training, batches):
        pictures = take_step(training, batches)
        rates = [group["lr"] for group in training.optimizer.param_groups]
        optimizer = getattr(training.optimizer, "optimizer", training.optimizer)
        seen.append((batches, rates, type(optimizer).__name__, training.model.dropout.training, training))
        return pictures

    monkeypatch.setattr(module, "take_step", noting)
    return seen


# --- what it does ------------------------------------------------------------------------------------


def test_the_rates_grow_by_one_factor_from_the_lowest_to_the_highest(loaders, steps_seen):
    found = tried(loaders, lowest=1e-5, highest=1e-2, steps=31)
    np.testing.assert_allclose(found["lr"], np.geomspace(1e-5, 1e-2, 31))
    assert found["step"].tolist() == list(range(31))
    np.testing.assert_allclose([rates[0] for _, rates, *_ in steps_seen], found["lr"])  # what the optimiser had


def test_the_model_and_chance_stay_as_they_were(loaders):
    model = Tiny().eval()
    model.head.train()
    before, modes = weights(model), [part.training for part in model.modules()]
    torch.manual_seed(3)
    state = torch.get_rng_state()
    tried(loaders, model=model, steps=10, highest=10.0)
    assert same(weights(model), before)
    assert [part.training for part in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.classes is None
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_tried_is_in_train_mode_and_does_learn(loaders, steps_seen):
    found = tried(loaders, model=Tiny().eval(), lowest=1e-3, highest=0.1, steps=40)
    assert all(is_training for *_, is_training, _ in steps_seen)
    assert found["smooth"].iloc[-1] < 0.8 * found["smooth"].iloc[0]


def test_the_same_seed_gives_the_same_losses_and_another_seed_others(loaders):
    first, again = tried(loaders, steps=8), tried(loaders, steps=8)
    pd.testing.assert_frame_equal(first, again)
    other = tried(loaders, dataclasses.replace(RECIPE, seed=1), steps=8)
    assert not np.allclose(first["loss"], other["loss"])


def test_a_loss_is_the_batchs_before_the_step(loaders):
    model = Tiny()
    model.dropout.p = 0.0
    loaders.train.set_epoch(0)
    images, targets = next(iter(loaders.train))
    expected = nn.functional.cross_entropy(model.train()(images), targets).item()
    model = Tiny()
    model.dropout.p = 0.0
    assert tried(loaders, model=model, steps=2)["loss"][0] == pytest.approx(expected, rel=1e-5)


def test_it_goes_over_the_pictures_again_each_time_in_another_order(loaders, steps_seen):
    found = tried(loaders, steps=5, highest=1e-3)
    assert len(found) == 5
    sizes = [len(images) for ((images, _),), *_ in steps_seen]
    assert sizes == [12, 8, 12, 8, 12]
    first, _, third, *_ = [images for ((images, _),), *_ in steps_seen]
    assert not torch.equal(first, third)


def test_it_ends_where_the_smoothed_loss_is_4_times_its_lowest(loaders):
    found = tried(loaders, lowest=1e-2, highest=1e6, steps=60)
    times = found["smooth"] / found["smooth"].cummin()
    assert len(found) < 60
    assert times.iloc[-1] > 4
    assert times.iloc[:-1].max() <= 4


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_it_ends_where_the_loss_is_no_number(broken, loaders):
    class Breaking(CrossEntropy):
        calls = 0

        def loss(self, logits, targets):
            self.calls += 1
            return super().loss(logits, targets) * (broken if self.calls == 4 else 1)

    found = tried(loaders, objective=Breaking(), steps=20)
    assert len(found) == 4
    assert not np.isfinite(found["smooth"].iloc[-1])
    assert np.isfinite(found["smooth"].iloc[:-1]).all()


# --- by the recipe -----------------------------------------------------------------------------------


def test_the_backbone_keeps_its_ratio_to_the_head(loaders, steps_seen):
    recipe = dataclasses.replace(RECIPE, lr=0.02, backbone_lr=0.005)
    found = tried(loaders, recipe, steps=6)
    for (_, rates, *_), lr in zip(steps_seen, found["lr"], strict=True):
        assert {round(rate / lr, 6) for rate in rates} == {1.0, 0.25}


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("sgd", "SGD"), ("adam", "Adam")])
def test_the_optimiser_is_the_recipes(name, kind, loaders, steps_seen):
    tried(loaders, dataclasses.replace(RECIPE, optimizer=name), steps=2)
    assert steps_seen[0][2] in (kind, f"Fabric{kind}")


def test_a_step_is_as_many_batches_as_the_recipe_accumulates(loaders, steps_seen):
    tried(loaders, dataclasses.replace(RECIPE, accumulate=2), steps=3)
    assert [[len(images) for images, _ in batches] for batches, *_ in steps_seen] == [[12, 8]] * 3


def test_pictures_are_mixed_as_the_recipe_wants(loaders):
    targets = []

    class Noting(CrossEntropy):
        def loss(self, logits, wanted):
            targets.append(wanted)
            return super().loss(logits, wanted)

    tried(loaders, dataclasses.replace(RECIPE, mixup=1.0), objective=Noting(), steps=2)
    assert [each.shape for each in targets] == [(12, 3), (8, 3)]


def test_the_loss_is_the_recipes_unless_another_is_given(loaders):
    plain, smooth = tried(loaders, steps=2), tried(loaders, dataclasses.replace(RECIPE, label_smoothing=0.5), steps=2)
    assert plain["loss"][0] != smooth["loss"][0]
    given = tried(loaders, objective=CrossEntropy(0.5), steps=2)
    assert given["loss"][0] == smooth["loss"][0]


# --- what cannot be ----------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {"lowest": 0.0}, {"lowest": "1e-3"}, {"lowest": -1e-3}, {"lowest": 1.0, "highest": 1.0}, {"lowest": 1.0, "highest": 0.1},
    {"highest": math.inf}, {"highest": math.nan}, {"steps": 1}, {"steps": 2.5}, {"steps": "many"},
])  # fmt: skip
def test_rates_and_steps_that_make_no_sense_are_named(options, loaders):
    found = message(range_test, Tiny(), loaders, RECIPE, **options)
    ((name, value),) = list(options.items())[-1:]
    assert "0 < lowest < highest and 2 steps or more" in found
    assert f"{name}={value!r}" in found


def test_it_is_checked_as_fit_checks(table):
    assert "make_loaders(..., batch_size=recipe.batch_size)" in message(
        range_test, Tiny(), make(table, batch_size=4), RECIPE
    )


# --- the table read ----------------------------------------------------------------------------------


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30), st.floats(0, 0.99))
def test_smoothing_is_a_mean_with_weights_that_fall_by_the_same_factor(losses, keep):
    """As the running means of Adam, made right for their start at 0 (Kingma and Ba, arXiv 1412.6980, section 3)."""
    for number, found in enumerate(smoothed(losses, keep), start=1):
        shares = keep ** np.arange(number - 1, -1, -1.0)
        assert found == pytest.approx(np.average(losses[:number], weights=shares), rel=1e-6, abs=1e-6)


def test_smoothing_keeps_nine_tenths_and_starts_at_the_first_loss():
    np.testing.assert_allclose(smoothed([3.0, 1.0]), [3.0, (0.9 * 3 + 1) / 1.9])
    np.testing.assert_allclose(smoothed([2.0] * 50), 2.0)
    assert len(smoothed([])) == 0


@pytest.mark.parametrize(("smooth", "rate"), [
    ([3.0, 2.0, 1.0, 4.0], 0.01), ([3.0, 2.0, 1.0, math.nan], 0.01), ([3.0, 2.0, 2.5, math.inf], 0.001),
    ([1.0, 2.0, 3.0, 4.0], 0.0001), ([4.0, 3.0, 2.0, 1.0], 0.1),
])  # fmt: skip
def test_the_suggested_rate_is_a_tenth_of_that_with_the_lowest_smoothed_loss(smooth, rate):
    table = pd.DataFrame({"lr": [1e-3, 1e-2, 1e-1, 1.0], "loss": [9.0, 0.0, 9.0, 9.0], "smooth": smooth})
    found = suggest_lr(table)
    assert found == pytest.approx(rate)
    assert type(found) is float


def test_where_no_loss_is_a_number_lower_rates_are_proposed():
    table = pd.DataFrame({"lr": [0.1], "loss": [math.nan], "smooth": [math.nan]})
    assert "range_test(..., lowest=0.001)" in message(suggest_lr, table)


def test_written_out_by_hand_as_in_lesson_07_the_curve_has_the_same_shape(table):
    loaders = make(table)
    (by_hand,) = definitions(BY_HAND, {"torch": torch, "np": np, "F": nn.functional}, "by_hand")
    rates, losses = by_hand(Tiny(), loaders.train, lowest=1e-5, highest=1.0, steps=60)
    found = tried(loaders, lowest=1e-5, highest=1.0, steps=60)
    np.testing.assert_allclose(found["lr"], rates[: len(found)])
    ours = smoothed(losses)
    for curve in (ours, found["smooth"].to_numpy()):  # nothing happens, then it learns
        assert abs(curve[20] - curve[15]) < 0.1
        assert curve[15] - curve.min() > 0.2
    at = rates[ours.argmin()], found["lr"][found["smooth"].idxmin()]
    assert 0.1 < at[0] / at[1] < 10
