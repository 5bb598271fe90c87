"""What cannot work is refused before training starts, with what to do."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.small import CLASSES, PREPROCESSING, RECIPE, SIZE, Scripted, Tiny, make, same, weights
from utils.errors import CourseError
from utils.models.freezing import freeze
from utils.models.two_heads import build_heads
from utils.training.averaging import EMA
from utils.training.heads import heads_objective
from utils.training.loop import fit
from utils.training.objectives import CrossEntropy, Focal
from utils.training.teaching import Distilled


class Plain(nn.Module):
    """A model of the learner's own, with neither a backbone nor names."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images):
        return self.layers(images)


def replaced(**knobs):
    return dataclasses.replace(RECIPE, **knobs)


def message(model, loaders, recipe=RECIPE, **options):
    before = weights(model)
    with pytest.raises(CourseError) as caught:
        fit(model, loaders, recipe, progress=False, **options)
    assert same(weights(model), before), "nothing was trained"
    return str(caught.value)


def test_a_model_of_ones_own_can_be_trained(loaders):
    assert len(fit(Plain(), loaders, RECIPE, progress=False).history) == 3


def test_the_default_recipe_is_taken_where_none_is_given(table):
    assert len(fit(Tiny(), make(table, batch_size=32), progress=False).history) == 8


def test_loaders_without_valid_pictures_are_refused(table):
    assert "valid part" in message(Tiny(), make(table[table["split"] != "valid"]))


@pytest.mark.parametrize(("field", "value"), [("sampling", "balanced"), ("sample_weights", "weight")])
def test_loaders_that_draw_or_weigh_otherwise_than_the_recipe_are_refused_both_ways(field, value, table):
    table["weight"] = 1.0
    plain, recipe = getattr(RECIPE, field), replaced(**{field: value})
    how = f"Make them with make_loaders(..., {field}=recipe.{field})."
    assert f"made with {field}={plain!r}, but the recipe says {value!r}. {how}" in message(Tiny(), make(table), recipe)
    other = make(table, **{field: value})
    assert f"made with {field}={value!r}, but the recipe says {plain!r}. {how}" in message(Tiny(), other)
    fit(Tiny(), other, recipe, progress=False)


def test_heads_may_be_trained_with_weights_of_pictures(table):
    table["weight"], table["again"] = 1.0, table["label"]
    columns = ["label", "again"]
    model = build_heads("shufflenet_v2_x0_5", dict.fromkeys(columns, CLASSES), None, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    recipe = replaced(sample_weights="weight", mixup=0.3, epochs=1)
    loaders = make(table, columns=columns, classes=model.classes, sample_weights="weight")
    objective = heads_objective(recipe, loaders, main="label")
    assert np.isfinite(fit(model, loaders, recipe, objective=objective, progress=False).best["train_loss"])


def test_loaders_of_another_batch_size_are_refused(table):
    assert "make batches of 8, but the recipe says 12" in message(Tiny(), make(table, batch_size=8))


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_split_without_any_label_is_refused(split, table):
    table.loc[table["split"] == split, "label"] = np.nan
    assert f"of the split '{split}' has a label" in message(Tiny(), make(table))


def test_a_few_pictures_without_a_label_are_no_matter(table):
    table.loc[[0, 3, 25], "label"] = np.nan
    assert np.isfinite(fit(Tiny(), make(table), RECIPE, progress=False).history).all().all()


def test_another_number_of_classes_is_refused(loaders):
    assert "tells 4 classes apart, but the pictures have 3: 'blue', 'green', 'red'" in message(Tiny(4), loaders)


def test_classes_in_another_order_are_refused(loaders):
    model = Tiny()
    model.classes = ["red", "green", "blue"]
    assert "classes are 'red', 'green', 'blue', the pictures' 'blue', 'green', 'red'" in message(model, loaders)


def test_loaders_made_with_the_models_classes_are_right(table):
    model = Tiny()
    model.classes = ["red", "green", "blue"]
    fit(model, make(table, classes=model.classes), RECIPE, progress=False)
    assert model.classes == ["red", "green", "blue"]


def test_other_preprocessing_is_refused(loaders):
    model = Tiny()
    model.preprocessing = dataclasses.replace(model.preprocessing, normalisation="symmetric")
    assert "prepared so" in message(model, loaders)


def test_a_model_that_is_all_frozen_is_refused(loaders):
    model = Tiny()
    freeze(model, "backbone", "head")
    assert "unfreeze(model)" in message(model, loaders)


def test_a_frozen_head_cannot_learn_alone(loaders):
    model = Tiny()
    freeze(model, "head")
    assert "unfreeze(model, 'head')" in message(model, loaders, replaced(freeze_epochs=1))
    fit(model, loaders, RECIPE, progress=False)


@pytest.mark.parametrize("knobs", [{"freeze_epochs": 1}, {"backbone_lr": 1e-4}])
def test_knobs_for_a_backbone_are_refused_where_there_is_none(knobs, loaders):
    assert f"{next(iter(knobs))} is for a model with a `backbone`" in message(Plain(), loaders, replaced(**knobs))


def test_a_metric_that_the_objective_does_not_give_is_refused_with_the_nearest(loaders):
    found = message(Tiny(), loaders, replaced(best_by="valid_acuracy"))
    assert (
        "the scores of an epoch are 'valid_loss', 'valid_accuracy', 'valid_f1'. Did you mean 'valid_accuracy'?" in found
    )
    found = message(Tiny(), loaders, objective=Scripted("valid_screen_f1"))
    assert "best_by is 'valid_accuracy', but the scores of an epoch are 'valid_screen_f1'." in found


def test_what_is_no_objective_is_refused_with_what_it_lacks(loaders):
    found = message(Tiny(), loaders, objective=nn.CrossEntropyLoss())
    assert "this CrossEntropyLoss has no 'loss', 'scores', 'higher_is_better'" in found


@pytest.mark.parametrize(("knobs", "right"), [
    ({"label_smoothing": 0.1}, CrossEntropy(label_smoothing=0.1)),
    ({"class_weights": "balanced"}, CrossEntropy(class_weights=torch.ones(3))),
    ({"class_weights": (1, 2, 3)}, CrossEntropy(class_weights=torch.ones(3))),
])  # fmt: skip
def test_knobs_that_a_given_objective_would_not_hear_are_refused(knobs, right, loaders):
    found = message(Tiny(), loaders, replaced(**knobs), objective=CrossEntropy())
    assert f"asks for {next(iter(knobs))!r}, but the objective" in found
    fit(Tiny(), loaders, replaced(**knobs), objective=right, progress=False)


def test_a_focal_loss_that_a_given_objective_would_not_hear_is_refused(loaders):
    assert "asks for 'gamma', but the objective" in message(
        Tiny(), loaders, replaced(loss="focal"), objective=CrossEntropy()
    )
    fit(Tiny(), loaders, replaced(loss="focal"), objective=Focal(), progress=False)


# --- a recipe beside what is handed in -----------------------------------------------------------------


def as_it_is(images, targets):
    return images, targets


@pytest.mark.parametrize(
    "knobs", [{"mixup": 0.1}, {"cutmix": 1}, {"mixup": 0.1, "cutmix": 1}, {"teacher": "t.safetensors"}]
)
def test_what_a_given_batch_transform_would_take_the_place_of_is_refused(knobs, loaders):
    objective = Distilled(CrossEntropy()) if "teacher" in knobs else None
    found = message(Tiny(), loaders, replaced(**knobs), batch_transform=as_it_is, objective=objective)
    assert f"asks for {', '.join(map(repr, knobs))}, but a batch_transform was given" in found
    assert "in_turn([...])" in found
    fit(Tiny(), loaders, RECIPE, batch_transform=as_it_is, progress=False)


@pytest.mark.parametrize(("schedule", "knobs"), [
    ("step", {"drop_to": 0.5, "drop_every": 1}), ("multi_step", {"drop_at": (1, 2)}), ("plateau", {"plateau_patience": 2}),
    ("warm_restarts", {"cycle_epochs": 2, "cycle_growth": 2}), ("one_cycle", {"rise": 0.2}),
])  # fmt: skip
def test_numbers_for_a_schedule_that_a_given_one_would_not_know_are_refused(schedule, knobs, loaders):
    recipe = replaced(schedule=schedule, **knobs)
    found = message(Tiny(), loaders, recipe, schedule=lambda training: 1)
    assert f"The recipe says {', '.join(map(repr, knobs))}, but another schedule was given" in found
    fit(Tiny(), loaders, recipe, progress=False)
    fit(Tiny(), loaders, RECIPE, schedule=lambda training: 1, progress=False)


def test_weights_are_averaged_once(loaders):
    model = Tiny()
    assert "averaged twice" in message(model, loaders, replaced(ema=0.9), after_step=[EMA(model)])
    fit(model, loaders, RECIPE, after_step=[EMA(model)], progress=False)


@pytest.mark.parametrize("device", ["cuda:99", "mps"])
def test_a_device_that_is_not_there_is_refused(device, loaders, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert f"device={device!r}, but this machine has" in message(Tiny(), loaders, replaced(device=device))


def test_half_precision_floats_are_refused_on_a_cpu(loaders):
    assert "precision='16' needs a GPU" in message(Tiny(), loaders, replaced(precision="16", device="cpu"))


@pytest.mark.parametrize("name", ["after_step", "after_epoch"])
@pytest.mark.parametrize("wrong", [print, "print", [3], None])
def test_what_is_to_be_called_is_a_list_of_callables(name, wrong, loaders):
    assert f"Expected {name} as a list of callables" in message(Tiny(), loaders, **{name: wrong})
