"""A recipe holds only what makes sense, says all that does not, and goes through JSON and back."""

import dataclasses
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import CourseError
from utils.training.recipe import ALSO_CALLED, PRECISIONS, RULES, Recipe

FIELDS = [field.name for field in dataclasses.fields(Recipe)]
WRONG = {
    "epochs": [0, -1, 1.5, "8", True, None, 2**32],
    "batch_size": [1, 0, 32.0, None],
    "optimizer": ["adamW", "", None, 3, ("adamw",)],
    "lr": [0, -1e-3, float("nan"), float("inf"), "1e-3", None, True],
    "backbone_lr": [0, float("nan"), "1e-4"],
    "weight_decay": [-0.1, float("inf"), None],
    "momentum": [1, -0.1, None, float("nan")],
    "schedule": ["cos", None],
    "warmup_epochs": [-1, float("nan"), None, 8],
    "label_smoothing": [1, -0.1, None],
    "class_weights": ["balance", 3, (1,), (1, 0), (1, -2), (1, "2"), (), {"cat": 1, "dog": 2}, (1, float("nan"))],
    "freeze_epochs": [-1, 0.5, None],
    "clip_norm": [0, -1, "1"],
    "precision": ["64", 32, None],
    "patience": [0, -1, 2.5],
    "best_by": ["accuracy", "train_loss", None, 3],
    "save_every": [0, 1.5, True],
    "compile": ["True", 1, None],
    "seed": [-1, 0.5, None, 2**32],
    "device": ["gpu", "cuda:x", "", None, 0, "cuda:0 "],
}
RIGHT = {
    "epochs": st.integers(1, 1000),
    "batch_size": st.integers(2, 512),
    "optimizer": st.sampled_from(["adamw", "adam", "sgd"]),
    "lr": st.floats(1e-8, 10),
    "backbone_lr": st.none() | st.floats(1e-8, 10),
    "weight_decay": st.floats(0, 1),
    "momentum": st.floats(0, 0.999),
    "schedule": st.sampled_from(["constant", "linear", "cosine"]),
    "warmup_epochs": st.floats(0, 0.99),
    "label_smoothing": st.floats(0, 0.99),
    "class_weights": st.none() | st.just("balanced") | st.lists(st.floats(0.1, 9), min_size=2).map(tuple),
    "freeze_epochs": st.integers(0, 10),
    "clip_norm": st.none() | st.floats(0.1, 10),
    "precision": st.sampled_from(list(PRECISIONS)),
    "patience": st.none() | st.integers(1, 10),
    "best_by": st.sampled_from(["valid_accuracy", "valid_f1", "valid_loss", "valid_screen_f1"]),
    "save_every": st.none() | st.integers(1, 10),
    "compile": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
    "device": st.sampled_from(["auto", "cpu", "cuda", "cuda:0", "cuda:11", "mps"]),
}


def message(**values):
    with pytest.raises(CourseError) as caught:
        Recipe(**values)
    return str(caught.value)


@pytest.mark.parametrize("table", [RULES, WRONG, RIGHT])
def test_every_field_has_a_rule_and_a_test(table):
    assert list(table) == FIELDS


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in WRONG for value in WRONG[field]])
def test_a_value_that_makes_no_sense_is_refused_with_its_name_and_what_would(field, value):
    found = message(**{field: value})
    assert f"{field} is " in found
    assert f"not {value!r}" in found


@given(st.fixed_dictionaries({}, optional=RIGHT))
def test_a_recipe_that_makes_sense_comes_back_from_json_pickle_and_replace(values):
    recipe = Recipe(**values)
    assert Recipe(**json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert dataclasses.replace(recipe) == recipe
    assert len({recipe, dataclasses.replace(recipe)}) == 1
    assert all(getattr(recipe, field) == value for field, value in values.items())


def test_all_wrong_values_are_named_at_once():
    found = message(epochs=0, lr=-1, optimizer="adamm", seed="x")
    assert all(f"{field} is " in found for field in ("epochs", "lr", "optimizer", "seed"))
    assert "'adamw', 'adam', 'sgd'" in found


def test_a_warm_up_as_long_as_the_training_is_refused():
    assert "below epochs, which is 1" in message(epochs=1, warmup_epochs=1)
    Recipe(epochs=1)


@pytest.mark.parametrize(("wrong", "meant"), [
    ("epoch", "epochs"), ("optimiser", "optimizer"), ("batchsize", "batch_size"), ("learning_rate", "lr"), ("lrs", "lr"),
    ("weight_decays", "weight_decay"), *ALSO_CALLED.items(),
])  # fmt: skip
def test_an_unknown_field_is_refused_with_the_nearest(wrong, meant):
    assert f"{wrong!r} (did you mean {meant!r}?)" in message(**{wrong: 1})


def test_all_unknown_fields_are_named_at_once_and_the_known_ones_listed():
    found = message(epoch=3, colour="red")
    assert found.startswith(
        "A recipe has no 'epoch' (did you mean 'epochs'?) and no 'colour'. Its fields: epochs, batch_size"
    )


def test_replace_refuses_an_unknown_field_too():
    with pytest.raises(CourseError, match="did you mean 'lr'"):
        dataclasses.replace(Recipe(), learning_rate=1)


def test_names_of_other_libraries_lead_to_fields_that_exist():
    assert set(ALSO_CALLED.values()) <= set(FIELDS)
    assert set(ALSO_CALLED).isdisjoint(FIELDS)


def test_numbers_of_numpy_become_plain_ones():
    recipe = Recipe(epochs=np.int64(3), lr=np.float64(0.1), class_weights=np.array([1.0, 2.0]), compile=np.bool_(True))
    assert [type(value) for value in (recipe.epochs, recipe.lr, recipe.class_weights, recipe.compile)] == [
        int,
        float,
        tuple,
        bool,
    ]
    json.dumps(recipe.to_dict())


def test_a_recipe_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().lr = 1
