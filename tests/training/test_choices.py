"""Optimisers take the right rate and decay for each parameter, and step as torch's and timm's own."""

import dataclasses
import sys

import pytest
import torch
from torch import nn

from tests.training.small import PREPROCESSING, RECIPE, SIZE, Tiny, make, same, weights
from tests.training.test_state import saved_and_read
from utils.errors import CourseError
from utils.models.build import build, seeded
from utils.training.choices import FROM_TIMM, OPTIMIZERS, batch_transform_of, make_optimizer
from utils.training.keeping import keep_best
from utils.training.loop import fit, run
from utils.training.mixing import CutMix, Mixed, MixUp
from utils.training.objectives import CrossEntropy
from utils.training.recipe import Recipe
from utils.training.state import set_up


def settings_of(model, optimizer):
    """{name of a parameter: (rate, decay)}"""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: (group["lr"], group["weight_decay"])
            for group in optimizer.param_groups for parameter in group["params"]}  # fmt: skip


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


# timm is imported where it is needed: it imports wandb, which takes longer than PyTorch, in all processes of the tests.
def plain_ranger(parameters, **options):
    from timm.optim import Lookahead

    return Lookahead(torch.optim.RAdam(parameters, decoupled_weight_decay=True, **options))


def plain_adabelief(parameters, **options):
    from timm.optim import AdaBelief

    return AdaBelief(parameters, rectify=False, **options)


OPTIONS = {"lr": 0.1, "weight_decay": 0.3}
REFERENCES = {
    "adamw": lambda parameters: torch.optim.AdamW(parameters, betas=(0.8, 0.999), **OPTIONS),
    "adam": lambda parameters: torch.optim.Adam(parameters, betas=(0.8, 0.999), **OPTIONS),
    "sgd": lambda parameters: torch.optim.SGD(parameters, momentum=0.8, **OPTIONS),
    "adabelief": lambda parameters: plain_adabelief(parameters, betas=(0.8, 0.999), **OPTIONS),
    "ranger": lambda parameters: plain_ranger(parameters, betas=(0.8, 0.999), **OPTIONS),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimiser_steps_as_the_plain_one(name):
    recipe = Recipe(optimizer=name, lr=0.1, momentum=0.8, weight_decay=0.3)
    models = [nn.Linear(4, 3, bias=False) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizers = [make_optimizer(models[0], recipe), REFERENCES[name](models[1].parameters())]
    for step in range(14):  # Lookahead takes a step of its own after 6, and after 12
        for model, optimizer in zip(models, optimizers):
            optimizer.zero_grad()
            (model(torch.ones(2, 4)) * (step % 3)).pow(2).sum().backward()
            optimizer.step()
    torch.testing.assert_close(models[0].weight, models[1].weight)


@pytest.mark.parametrize(("precision", "clip_norm", "fused"), [
    ("32", None, True), ("32", 1, True), ("bf16", 1, True), ("16", None, True), ("16", 1, False),
])  # fmt: skip
def test_a_fused_step_is_not_taken_where_it_would_come_too_late_for_clipping(precision, clip_norm, fused):
    optimizer = make_optimizer(Tiny(), Recipe(precision=precision, clip_norm=clip_norm))
    assert {group["fused"] for group in optimizer.param_groups} == {fused}
    assert getattr(optimizer, "_step_supports_amp_scaling", False) == fused, "what Fabric asks"


# --- timm's --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FROM_TIMM)
def test_timms_go_on_from_a_saved_state_to_the_same_bits(name, table):
    """Eight steps: Lookahead has taken one of its own, and stands between two."""
    recipe, states = dataclasses.replace(RECIPE, epochs=7, optimizer=name, freeze_epochs=1), []
    with seeded(0):
        whole = set_up(Tiny(), make(table), recipe, CrossEntropy())
        whole.after_epoch = [keep_best, lambda training: states.append(saved_and_read(training.state_dict()))]
        run(whole)
    assert {group.get("lookahead_step") for group in whole.optimizer.param_groups} == {14 if name == "ranger" else None}
    for epochs in (1, 4):
        with seeded(99):
            again = set_up(Tiny(seed=1), make(table), recipe, CrossEntropy())
            again.after_epoch = [keep_best]
            again.load_state_dict(states[epochs - 1])
            run(again)
        assert same(weights(again.model), weights(whole.model))
        assert again.history[-1]["train_loss"] == whole.history[-1]["train_loss"]


def innermost(optimizer):
    """Without Fabric's wrapper and without Lookahead's: the one that changes the weights."""
    return getattr(optimizer.optimizer, "_base_optimizer", optimizer.optimizer)


@pytest.mark.parametrize("name", FROM_TIMM)
def test_the_rates_of_timms_follow_the_schedule(name, loaders):
    seen = []
    recipe = dataclasses.replace(RECIPE, optimizer=name, lr=0.6, schedule="linear")
    fit(Tiny(), loaders, recipe, progress=False,
        after_step=[lambda training: seen.append(innermost(training.optimizer).param_groups[0]["lr"])])  # fmt: skip
    assert seen == pytest.approx([0.6 * share for share in (1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6)])


@pytest.mark.parametrize("name", FROM_TIMM)
def test_without_timm_it_is_said_before_anything_happens_how_to_install_it(name, loaders, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setitem(sys.modules, "timm.optim", None)
    model = build("shufflenet_v2_x0_5", 3, None, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    before = weights(model)
    with pytest.raises(CourseError, match="pip install timm") as caught:
        fit(model, loaders, dataclasses.replace(RECIPE, optimizer=name), tmp_path / "run", progress=False)
    assert repr(name) in str(caught.value)
    assert same(weights(model), before)
    assert not (tmp_path / "run").exists()
    fit(Tiny(), loaders, RECIPE, progress=False)


# --- what is done to a batch ---------------------------------------------------------------------------


def kinds(recipe, loaders):
    return [type(each) for each in getattr(batch_transform_of(recipe, loaders), "transforms", [])]


def test_pictures_are_mixed_as_the_recipe_says_and_with_both_one_of_them_a_batch(loaders):
    assert batch_transform_of(RECIPE, loaders) is None
    for knobs, kind in (({"mixup": 0.2}, MixUp), ({"cutmix": 0.3}, CutMix)):
        assert kinds(dataclasses.replace(RECIPE, **knobs), loaders) == [kind]
    (both,) = batch_transform_of(dataclasses.replace(RECIPE, mixup=0.2, cutmix=0.3), loaders).transforms
    assert isinstance(both, Mixed)
    assert [(type(each), each.alpha, each.num_classes) for each in both.transforms] == [
        (MixUp, 0.2, 3),
        (CutMix, 0.3, 3),
    ]
