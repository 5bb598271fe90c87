"""Optimisers take the right rate and decay for each parameter; schedules rise, fall and never stand at 0."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.training.small import Tiny
from utils.training.choices import OPTIMIZERS, SCHEDULES, by_recipe, make_optimizer, share_of_lr
from utils.training.recipe import Recipe


def settings_of(model, optimizer):
    """{name of a parameter: (rate, decay)}"""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: (group["lr"], group["weight_decay"])
            for group in optimizer.param_groups for parameter in group["params"]}  # fmt: skip


# --- optimisers ------------------------------------------------------------------------------------


def test_head_and_backbone_have_their_rates_and_only_matrices_decay():
    model = Tiny()
    recipe = Recipe(lr=0.1, backbone_lr=0.01, weight_decay=0.5)
    assert settings_of(model, make_optimizer(model, recipe)) == {
        "backbone.0.weight": (0.01, 0.5), "backbone.1.weight": (0.01, 0), "backbone.1.bias": (0.01, 0),
        "head.weight": (0.1, 0.5), "head.bias": (0.1, 0),
    }  # fmt: skip


def test_without_a_rate_of_its_own_the_backbone_has_the_heads():
    model = Tiny()
    assert {rate for rate, _ in settings_of(model, make_optimizer(model, Recipe(lr=0.1))).values()} == {0.1}


@pytest.mark.parametrize("frozen", [False, True])
def test_every_parameter_is_in_one_group_also_a_frozen_one(frozen):
    model = Tiny().requires_grad_(not frozen)
    listed = [each for group in make_optimizer(model, Recipe()).param_groups for each in group["params"]]
    assert sorted(map(id, listed)) == sorted(map(id, model.parameters()))


def test_a_model_without_a_backbone_has_one_rate():
    model = nn.Sequential(nn.Linear(3, 2))
    assert settings_of(model, make_optimizer(model, Recipe(lr=0.3))) == {"0.weight": (0.3, 0.01), "0.bias": (0.3, 0)}


REFERENCES = {
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.1, betas=(0.8, 0.999), weight_decay=0.3),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.1, betas=(0.8, 0.999), weight_decay=0.3),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.8, weight_decay=0.3),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimiser_steps_as_torchs_own(name):
    recipe = Recipe(optimizer=name, lr=0.1, momentum=0.8, weight_decay=0.3)
    models = [nn.Linear(4, 3, bias=False) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizers = [make_optimizer(models[0], recipe), REFERENCES[name](models[1].parameters())]
    for step in range(5):
        for model, optimizer in zip(models, optimizers):
            optimizer.zero_grad()
            model(torch.ones(2, 4) * step).pow(2).sum().backward()
            optimizer.step()
    torch.testing.assert_close(models[0].weight, models[1].weight)


@pytest.mark.parametrize(("precision", "clip_norm", "fused"), [
    ("32", None, True), ("32", 1, True), ("bf16", 1, True), ("16", None, True), ("16", 1, False),
])  # fmt: skip
def test_a_fused_step_is_not_taken_where_it_would_come_too_late_for_clipping(precision, clip_norm, fused):
    optimizer = make_optimizer(Tiny(), Recipe(precision=precision, clip_norm=clip_norm))
    assert {group["fused"] for group in optimizer.param_groups} == {fused}
    assert getattr(optimizer, "_step_supports_amp_scaling", False) == fused, "what Fabric asks"


# --- schedules -------------------------------------------------------------------------------------


def shares(recipe, steps_an_epoch):
    return [share_of_lr(recipe, step, steps_an_epoch) for step in range(recipe.epochs * steps_an_epoch)]


@pytest.mark.parametrize("schedule", SCHEDULES)
@given(epochs=st.integers(1, 6), steps_an_epoch=st.integers(1, 20), warmup=st.floats(0, 0.999))
def test_a_share_is_over_0_rises_in_the_warm_up_to_1_and_never_rises_again(schedule, epochs, steps_an_epoch, warmup):
    found = shares(Recipe(epochs=epochs, schedule=schedule, warmup_epochs=warmup * epochs), steps_an_epoch)
    top = found.index(max(found))
    assert top == min(round(warmup * epochs * steps_an_epoch), len(found) - 1)
    assert found[top] == 1
    assert min(found) > 0
    assert found[:top] == sorted(found[:top])
    assert found[top:] == sorted(found[top:], reverse=True)


def test_the_schedules_by_their_numbers():
    plain = Recipe(epochs=2, warmup_epochs=0)
    assert shares(dataclasses.replace(plain, schedule="constant"), 2) == [1, 1, 1, 1]
    assert shares(dataclasses.replace(plain, schedule="linear"), 2) == [1, 0.75, 0.5, 0.25]
    assert shares(dataclasses.replace(plain, schedule="cosine"), 2) == pytest.approx(
        [1, 0.853553, 0.5, 0.146447], abs=1e-6
    )
    warm = Recipe(epochs=3, warmup_epochs=1, schedule="linear")
    assert shares(warm, 3) == pytest.approx([0.25, 0.5, 0.75, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_cosine_is_torchs_own():
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12)
    for share in shares(Recipe(epochs=4, warmup_epochs=0), 3):
        assert share == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()


def test_the_recipes_schedule_goes_by_the_step_of_the_training():
    recipe = Recipe(epochs=2, schedule="linear", warmup_epochs=0)
    assert by_recipe(SimpleNamespace(recipe=recipe, step=3, steps_an_epoch=2)) == 0.25
