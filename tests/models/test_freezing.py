"""What is frozen stays as it is, bit by bit, however the model is trained, copied, wrapped or saved."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from utils.errors import CourseError
from utils.models.build import build
from utils.models.freezing import Freezable, ParameterCount, count_parameters, freeze, frozen_parts, unfreeze

NAME = "shufflenet_v2_x0_5"
IMAGES = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([0, 1, 2, 0])


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def made(name=NAME):
    return build(name, 3, None, size=32, dropout=0.5, seed=0)


def changed_by_training(model, steps=2):
    """The names of all tensors that a few steps change, the optimiser given every parameter, weight decay on."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    model.train()
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(IMAGES), TARGETS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


# --- what freezing does ----------------------------------------------------------------------------


def test_training_changes_nothing_of_a_frozen_backbone():
    model = made()
    counts = freeze(model, "backbone")
    assert counts == ParameterCount(frozen=341_792, trainable=1024 * 3 + 3)
    assert changed_by_training(model) == {"head.weight", "head.bias"}


def test_the_test_above_would_notice_a_batchnorm_in_train_mode():
    model = made()
    freeze(model, "backbone")
    model.frozen.clear()
    moved = changed_by_training(model) - {"head.weight", "head.bias"}
    assert moved
    assert all(name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked") for name in moved)


@pytest.mark.parametrize("way", ["copy", "pickle", "wrapped", "eval and back", "twice"])
def test_a_frozen_part_stays_frozen(way):
    model = made()
    freeze(model, "backbone")
    if way == "copy":
        model = copy.deepcopy(model)
    elif way == "pickle":
        model = pickle.loads(pickle.dumps(model))
    elif way == "wrapped":
        model = nn.Sequential(model)
    elif way == "twice":
        freeze(model, "backbone")
    model.eval()
    model.train()
    assert {name.replace("0.head", "head") for name in changed_by_training(model)} == {"head.weight", "head.bias"}


def test_a_copy_is_frozen_on_its_own():
    model = made()
    freeze(model, "backbone")
    unfreeze(copy.deepcopy(model))
    assert changed_by_training(model) == {"head.weight", "head.bias"}


def test_a_frozen_backbone_gives_the_same_features_in_train_mode_and_the_heads_dropout_still_drops():
    model = made("resnet18")
    freeze(model, "backbone")
    model.train()
    assert torch.equal(model.features(IMAGES), model.features(IMAGES))
    assert not torch.equal(model(IMAGES), model(IMAGES))
    assert torch.equal(model.eval()(IMAGES), model(IMAGES))


def test_a_part_is_frozen_with_all_that_is_in_it_and_nothing_else():
    model = made()
    freeze(model, "backbone.conv1", "backbone.stage2", "backbone.stage3.1")
    frozen = ("backbone.conv1.", "backbone.stage2.", "backbone.stage3.1.")
    assert changed_by_training(model) == {name for name in model.state_dict() if not name.startswith(frozen)}
    assert model.training
    assert model.backbone.training
    assert not model.backbone.stage2[0].branch1[1].training


def test_a_name_is_not_the_beginning_of_another():
    model = build("mobilenet_v2", 3, None, size=32)
    freeze(model, "backbone.features.1")
    assert all(parameter.requires_grad for parameter in model.backbone.features[10].parameters())
    assert all(module.training for module in model.backbone.features[10].modules())


def test_freezing_in_eval_mode_leaves_the_model_in_eval_mode():
    model = made().eval()
    freeze(model, "backbone.conv1")
    assert not any(module.training for module in model.modules())
    unfreeze(model)
    assert not any(module.training for module in model.modules())


# --- and back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [(), ("backbone",)])
def test_what_is_unfrozen_trains_again(parts):
    model = made()
    freeze(model, "backbone")
    assert unfreeze(model, *parts) == ParameterCount(0, 344_867)
    assert all(module.training for module in model.modules())
    assert changed_by_training(model) == set(model.state_dict())


def test_a_part_of_a_frozen_part_can_be_unfrozen():
    model = made()
    freeze(model, "backbone")
    unfreeze(model, "backbone.conv5")
    assert changed_by_training(model) == {
        name for name in model.state_dict() if name.startswith(("backbone.conv5.", "head."))
    }


class Nested(Freezable):
    """Parts within parts, parts without parameters, and a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1))
        self.stem = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.BatchNorm1d(2))
        self.body = nn.ModuleDict({"one": nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "two": nn.Linear(2, 2)})


PARTS = [name for name, _ in [*Nested().named_modules(), *Nested().named_parameters()] if name and name != "stem.1"]


def state(model):
    return ({name for name, parameter in model.named_parameters() if not parameter.requires_grad},
            {name for name, module in model.named_modules() if not module.training}, model.frozen)  # fmt: skip


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(PARTS), min_size=1, max_size=3)), max_size=6))
def test_after_any_freezing_and_unfreezing_the_names_of_the_frozen_parts_freeze_a_fresh_model_as_much(calls):
    model = Nested()
    for is_freeze, parts in calls:
        counts = (freeze if is_freeze else unfreeze)(model, *parts)
        assert counts == count_parameters(model)
        assert counts.total == 1 + 6 + 4 + 6 + 4 + 6
        for part in parts:
            inside = [p for name, p in model.named_parameters() if name == part or name.startswith(f"{part}.")]
            assert all(parameter.requires_grad != is_freeze for parameter in inside)
    fresh = Nested()
    names = frozen_parts(model)
    if count_parameters(model).frozen:
        freeze(fresh, *names)
        assert state(fresh) == state(model)


def test_the_frozen_parts_are_named_as_shortly_as_can_be():
    model = made()
    assert frozen_parts(model) == []
    freeze(model, "backbone.conv1", "backbone")
    assert frozen_parts(model) == ["backbone"]
    unfreeze(model, "backbone.conv5.0")
    assert "backbone.conv5.1" in frozen_parts(model)
    assert "backbone.stage2" in frozen_parts(model)


# --- counts, and bad input -------------------------------------------------------------------------


def test_counts_can_be_read_and_add_up():
    count = count_parameters(made())
    assert (count.total, count.frozen, count.trainable) == (344_867, 0, 344_867)
    freeze(model := made(), "head")
    assert str(count_parameters(model)) == "344,867 parameters: 341,792 trainable, 3,075 frozen"


def test_a_parameter_used_twice_counts_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    assert count_parameters(model).total == 9 + 3 + 3


@pytest.mark.parametrize(("wrong", "meant"), [
    ("stage4", "'backbone.stage4'"), ("bacbone", "'backbone'"), ("heads", "'head'"), ("backbone.stag3", "'backbone.stage3"),
    ("conv1.0", "'backbone.conv1.0'"),
])  # fmt: skip
@pytest.mark.parametrize("function", [freeze, unfreeze])
def test_a_name_that_matches_nothing_is_an_error_with_the_nearest(function, wrong, meant):
    model = made()
    found = message(function, model, "backbone.conv1", wrong)
    assert f"no part called {wrong!r}" in found
    assert f"Did you mean {meant}" in found
    assert "'backbone', 'dropout', 'head'" in found
    assert count_parameters(model).frozen == 0


def test_all_names_that_match_nothing_are_named_at_once():
    assert "no part called 'features', 'fc'" in message(freeze, made(), "features", "fc")


def test_freezing_nothing_is_an_error():
    assert 'freeze(model, "backbone")' in message(freeze, made())
    assert "nothing to freeze or unfreeze in 'dropout'" in message(freeze, made(), "dropout")
    assert "no part called ''" in message(freeze, made(), "")
