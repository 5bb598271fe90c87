"""Every field of a recipe does something: changing it changes the run, or is refused with the reason."""

import dataclasses

import pytest
import torch

from tests.training.small import CLASSES, PREPROCESSING, SIZE, Tiny, make
from utils.errors import CourseError
from utils.models.build import build
from utils.models.checkpoints import save_checkpoint
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
    "drop_to": (0.5, {"schedule": "step", "drop_every": 1}),
    "drop_every": (2, {"schedule": "step", "epochs": 4}),
    "drop_at": ((2,), {"schedule": "multi_step", "epochs": 7}),
    "plateau_patience": (0, {"schedule": "plateau", "epochs": 8}),
    "cycle_epochs": (2, {"schedule": "warm_restarts"}),
    "cycle_growth": (2, {"schedule": "warm_restarts", "cycle_epochs": 1}),
    "rise": (0.6, {"schedule": "one_cycle"}),
    "loss": ("focal", {}),
    "focal_gamma": (1.0, {"loss": "focal"}),
    "label_smoothing": (0.3, {}),
    "class_weights": ((1.0, 5.0, 1.0), {}),
    "sample_weights": ("weight", {}),
    "sampling": ("balanced", {}),
    "mixup": (0.5, {}),
    "cutmix": (0.5, {}),
    "teacher": ("checkpoint", {}),
    "teacher_share": (0.9, {"teacher": "checkpoint"}),
    "temperature": (5.0, {"teacher": "checkpoint"}),
    "freeze_epochs": (1, {}),
    "accumulate": (2, {}),
    "clip_norm": (0.01, {"optimizer": "sgd"}),
    "ema": (0.9, {}),
    "precision": ("bf16", {}),
    "patience": (1, {"epochs": 4}),
    "best_by": ("valid_loss", {}),
    "save_every": (2, {}),
    "save_last": (False, {}),
    "compile": (True, {}),
    "seed": (1, {}),
    "batch_size": (10, {}),
    "device": ("cuda:99", {}),
}
# What the loaders of the recipe before do not fit, or the machine, or a training without a folder.
REFUSED = ("batch_size", "device", "save_every", "sample_weights", "sampling")
# What loaders have to be made with; and what shows in files alone.
LOADING = ("batch_size", "sampling", "sample_weights")
IN_FILES = ("save_every", "save_last")


@pytest.fixture(scope="module")
def teacher(pictures, tmp_path_factory):
    """A checkpoint that knows other things than a new model."""
    model = build("shufflenet_v2_x0_5", 3, None, classes=CLASSES, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    fit(model, make(pictures), dataclasses.replace(BASE, epochs=1), progress=False)
    return str(save_checkpoint(tmp_path_factory.mktemp("teacher") / "teacher.safetensors", model))


@pytest.fixture
def run(table, teacher, monkeypatch):
    """run(recipe): all that can be seen of a training, or the message that refuses it."""
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda model: compiled.append(model) or model)
    table["weight"] = [1.0 + number % 2 for number in range(len(table))]

    def run_it(recipe, loaders=None, **options):
        compiled.clear()
        if recipe.teacher:
            recipe = dataclasses.replace(recipe, teacher=teacher)
        try:
            result = fit(Tiny(), loaders or make(table), recipe, progress=False, **options)
        except CourseError as error:
            return str(error)
        numbers = result.history.drop(columns=["seconds", "images_per_second"]).to_dict("list")
        return numbers, result.best["epoch"], len(compiled)

    return run_it


@pytest.fixture(scope="module")
def before():
    """{recipe: its run}, of those that several tests start from."""
    return {}


def test_every_field_is_walked():
    assert set(OTHERS) == {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("field", [field for field in OTHERS if field != "save_last"])
def test_changing_a_field_changes_the_run(field, run, before):
    value, beside = OTHERS[field]
    base = dataclasses.replace(BASE, **beside)
    assert getattr(base, field) != value
    if base not in before:
        before[base] = run(base)
        assert run(base) == before[base], "the same recipe gives the same run, or the next lines prove nothing"
    one, other = before[base], run(dataclasses.replace(base, **{field: value}))
    assert one != other
    assert not isinstance(one, str)
    assert isinstance(other, str) == (field in REFUSED)
    if field in REFUSED:
        assert field in other
        assert str(value) in other


@pytest.mark.parametrize("field", LOADING)
def test_a_field_of_the_loaders_changes_the_run_once_they_are_made_with_it(field, run, table):
    value, _ = OTHERS[field]
    found = run(dataclasses.replace(BASE, **{field: value}), make(table, **{field: value}))
    assert not isinstance(found, str)
    assert found != run(BASE)
    refused = run(BASE, make(table, **{field: value}))
    assert str(value) in refused, "the other way round it is refused too"
    assert f"{field}=recipe.{field}" in refused


@pytest.mark.parametrize("field", IN_FILES)
def test_a_field_of_the_files_changes_what_is_written(field, loaders, tmp_path):
    value, _ = OTHERS[field]
    written = []
    for number, recipe in enumerate((BASE, dataclasses.replace(BASE, **{field: value}))):
        model = build("shufflenet_v2_x0_5", 3, None, classes=CLASSES, size=SIZE, seed=0)
        model.preprocessing = PREPROCESSING
        fit(model, loaders, recipe, tmp_path / str(number), progress=False)
        written.append({path.name for path in (tmp_path / str(number)).iterdir()})
    different = {"save_every": {"epoch-002.safetensors"}, "save_last": {"last.safetensors"}}
    assert written[0] ^ written[1] == different[field]


def test_the_momentum_of_sgd_does_something_too(run):
    base = dataclasses.replace(BASE, optimizer="sgd")
    assert run(base) != run(dataclasses.replace(base, momentum=0))


def test_balanced_weights_do_something_where_classes_are_unequal(table, run):
    table.loc[(table["split"] == "train") & (table["label"] == "red"), "label"] = "blue"
    table.loc[table.index[0], "label"] = "red"
    assert run(BASE) != run(dataclasses.replace(BASE, class_weights="balanced"))
