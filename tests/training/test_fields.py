"""Every field of a recipe does something: changing it changes the run, or is refused with the reason."""

import dataclasses

import pytest
import torch

from tests.training.small import Tiny, make
from utils.errors import CourseError
from utils.training.loop import fit
from utils.training.recipe import Recipe

BASE = Recipe(epochs=3, batch_size=12, lr=0.02, device="cpu")
# field -> another value, and what has to be set beside it for both runs
OTHERS = {
    "epochs": (4, {}),
    "optimizer": ("sgd", {}),
    "lr": (0.03, {}),
    "backbone_lr": (0.001, {}),
    "weight_decay": (0.5, {}),
    "momentum": (0.5, {}),
    "schedule": ("linear", {}),
    "warmup_epochs": (2, {}),
    "label_smoothing": (0.3, {}),
    "class_weights": ((1.0, 5.0, 1.0), {}),
    "freeze_epochs": (1, {}),
    "clip_norm": (0.01, {"optimizer": "sgd"}),
    "precision": ("bf16", {}),
    "patience": (1, {"epochs": 4}),
    "best_by": ("valid_loss", {}),
    "save_every": (2, {}),
    "compile": (True, {}),
    "seed": (1, {}),
    "batch_size": (10, {}),
    "device": ("cuda:99", {}),
}
# What does not fit the loaders, the machine, or a training without a folder; with one, test_keeping has save_every.
REFUSED = ("batch_size", "device", "save_every")


@pytest.fixture
def run(table, monkeypatch):
    """run(recipe): all that can be seen of a training, or the message that refuses it."""
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda model: compiled.append(model) or model)

    def run_it(recipe):
        compiled.clear()
        try:
            result = fit(Tiny(), make(table), recipe, progress=False)
        except CourseError as error:
            return str(error)
        numbers = result.history.drop(columns=["seconds", "images_per_second"]).to_dict("list")
        return numbers, result.best["epoch"], len(compiled)

    return run_it


def test_every_field_is_walked():
    assert set(OTHERS) == {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("field", OTHERS)
def test_changing_a_field_changes_the_run(field, run):
    value, beside = OTHERS[field]
    base = dataclasses.replace(BASE, **beside)
    assert getattr(base, field) != value
    one, same, other = (run(recipe) for recipe in (base, base, dataclasses.replace(base, **{field: value})))
    assert one == same, "the same recipe gives the same run, or the next line proves nothing"
    assert one != other
    assert isinstance(other, str) == (field in REFUSED)
    if field in REFUSED:
        assert field in other
        assert str(value) in other


def test_the_momentum_of_sgd_does_something_too(run):
    base = dataclasses.replace(BASE, optimizer="sgd")
    assert run(base) != run(dataclasses.replace(base, momentum=0))


def test_balanced_weights_do_something_where_classes_are_unequal(table, run):
    table.loc[(table["split"] == "train") & (table["label"] == "red"), "label"] = "blue"
    table.loc[table.index[0], "label"] = "red"
    assert run(BASE) != run(dataclasses.replace(BASE, class_weights="balanced"))
