"""A recipe holds only what makes sense, says all that does not, and goes through JSON and YAML and back."""

import dataclasses
import json
import pickle

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.iorw import read_yaml_file

from utils.errors import CourseError
from utils.training.choices import LOSSES, OPTIMIZERS, SCHEDULES
from utils.training.recipe import ALSO_CALLED, Recipe, read_recipe
from utils.training.rules import BESIDE, PRECISIONS, RULES

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
    "drop_to": [0, 1, "0.1"],
    "drop_every": [0, -1, "2"],
    "drop_at": [3, (), (3, 2), (2, 2), (0, 1), ("2",)],
    "plateau_patience": [-1, 1.5, True],
    "cycle_epochs": [0, -2],
    "cycle_growth": [0.5, 0],
    "rise": [0, 1, -0.1],
    "loss": ["bce", "BCE", None],
    "focal_gamma": [0, -1, "2"],
    "label_smoothing": [1, -0.1, None],
    "class_weights": ["balance", 3, (1,), (1, 0), (1, -2), (1, "2"), (), {"cat": 1, "dog": 2}, (1, float("nan"))],
    "sample_weights": ["", 3, True],
    "sampling": ["balance", None, True],
    "mixup": [-0.1, None, "0.2", True],
    "cutmix": [-1, float("inf")],
    "teacher": ["", 3],
    "teacher_share": [0, 1.1, -0.5],
    "temperature": [0, -2],
    "freeze_epochs": [-1, 0.5, None],
    "accumulate": [0, 1.5, None],
    "clip_norm": [0, -1, "1"],
    "ema": [0, 1, -0.1, True],
    "precision": ["64", 32, None],
    "patience": [0, -1, 2.5],
    "best_by": ["accuracy", "train_loss", None, 3],
    "save_every": [0, 1.5, True],
    "save_last": ["no", "False", 0, None],
    "compile": ["True", "False", 1, None],
    "seed": [-1, 0.5, None, 2**32],
    "device": ["gpu", "cuda:x", "", None, 0, "cuda:0 "],
}
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1) | st.sampled_from(
    ["1e3", "null", "no", "- x", "a: b", "#"]
)
RIGHT = {
    "epochs": st.integers(1, 1000),
    "batch_size": st.integers(2, 512),
    "optimizer": st.sampled_from(list(OPTIMIZERS)),
    "lr": st.floats(1e-8, 10),
    "backbone_lr": st.none() | st.floats(1e-8, 10),
    "weight_decay": st.floats(0, 1),
    "momentum": st.floats(0, 0.999),
    "schedule": st.sampled_from(list(SCHEDULES)),
    "warmup_epochs": st.floats(0, 0.99),
    "drop_to": st.none() | st.floats(0.001, 0.999),
    "drop_every": st.none() | st.integers(1, 9),
    "drop_at": st.none() | st.sets(st.integers(1, 7), min_size=1).map(lambda epochs: tuple(sorted(epochs))),
    "plateau_patience": st.none() | st.integers(0, 9),
    "cycle_epochs": st.none() | st.floats(0.1, 9),
    "cycle_growth": st.none() | st.floats(1, 9),
    "rise": st.none() | st.floats(0.001, 0.999),
    "loss": st.sampled_from(list(LOSSES)),
    "focal_gamma": st.none() | st.floats(0.1, 9),
    "label_smoothing": st.floats(0, 0.99),
    "class_weights": st.none() | st.just("balanced") | st.lists(st.floats(0.1, 9), min_size=2).map(tuple),
    "sample_weights": st.none() | TEXTS,
    "sampling": st.sampled_from(["shuffled", "balanced"]),
    "mixup": st.floats(0, 2),
    "cutmix": st.floats(0, 2),
    "teacher": st.none() | TEXTS,
    "teacher_share": st.none() | st.floats(0.001, 0.999),
    "temperature": st.none() | st.floats(0.1, 30),
    "freeze_epochs": st.integers(0, 10),
    "accumulate": st.integers(1, 8),
    "clip_norm": st.none() | st.floats(0.1, 10),
    "ema": st.none() | st.floats(0.1, 0.999),
    "precision": st.sampled_from(list(PRECISIONS)),
    "patience": st.none() | st.integers(1, 10),
    "best_by": st.sampled_from(["valid_accuracy", "valid_f1", "valid_loss", "valid_screen_f1"]),
    "save_every": st.none() | st.integers(1, 10),
    "save_last": st.booleans(),
    "compile": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
    "device": st.sampled_from(["auto", "cpu", "cuda", "cuda:0", "cuda:11", "mps"]),
}


def means_something(name, values):
    """Whether a field means something beside the others that are given."""
    other, partners, _ = BESIDE.get(name, (None, (), None))
    found = values.get(other, Recipe.__dataclass_fields__[other].default) if other else None
    return other is None or (found in partners if partners else found is not None)


def that_makes_sense(values):
    """Without what would have no effect, and as long as the milestones need."""
    if values.get("schedule") == "multi_step":
        values = values | {"epochs": max(values.get("epochs", 8), 8)}
    return {name: value for name, value in values.items() if value is None or means_something(name, values)}


RECIPES = st.fixed_dictionaries({}, optional=RIGHT).map(that_makes_sense)


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


@given(RECIPES)
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


# --- fields that mean something only beside another one ------------------------------------------------


def usual(field):
    """(the other field, its values, what is taken in 8 epochs where nothing is said)."""
    other, partners, default = BESIDE[field]
    return other, partners, default(Recipe().epochs) if callable(default) else default


@pytest.mark.parametrize("field", BESIDE)
def test_a_field_without_its_partner_is_refused_and_the_message_names_both(field):
    other, partners, default = usual(field)
    found = message(**{field: default})
    assert f"{field} is only for " in found
    assert f"but {other} is {getattr(Recipe(), other)!r}" in found
    assert all(f"{other}={partners[0]!r}" in found or repr(partner) in found for partner in partners)
    for partner in partners or ("some.safetensors",):
        assert getattr(Recipe(**{field: default, other: partner}), field) == default


def test_all_fields_without_effect_are_named_at_once():
    found = message(schedule="step", rise=0.2, temperature=3, drop_every=2)
    assert "rise is only for schedule='one_cycle', but schedule is 'step'" in found
    assert "temperature is only for a recipe with a teacher, but teacher is None" in found
    assert "drop_every" not in found


@pytest.mark.parametrize("field", BESIDE)
def test_where_nothing_is_said_the_value_is_one_that_its_own_rule_allows(field):
    other, partners, default = usual(field)
    assert RULES[field].holds(default)
    assert getattr(Recipe(), field) is None
    assert Recipe().value(field) == default
    partner = {other: (partners or ("some.safetensors",))[0]}
    others = {"drop_at": (2, 3), "drop_every": 4, "plateau_patience": 0, "cycle_epochs": 1.5, "cycle_growth": 2}
    another = others.get(field, 0.7)
    assert Recipe(**partner, **{field: another}).value(field) == another != default


def test_the_value_of_any_other_field_is_the_field():
    recipe = Recipe(epochs=3, patience=None)
    assert (recipe.value("epochs"), recipe.value("patience"), recipe.value("mixup")) == (3, None, 0.0)


def test_a_milestone_after_the_end_is_refused():
    assert "drop_at is within the 8 epochs, not at '8', '9'" in message(schedule="multi_step", drop_at=(2, 8, 9))
    Recipe(epochs=6)


@pytest.mark.parametrize(("epochs", "drops", "every", "cycle"), [
    (1, (), 1, 0.5), (2, (1,), 1, 1), (4, (2, 3), 1, 2), (8, (4, 6), 3, 4), (100, (50, 75), 33, 50),
])  # fmt: skip
def test_where_nothing_is_said_drops_and_cycles_go_by_the_epochs(epochs, drops, every, cycle):
    recipes = [Recipe(epochs=epochs, schedule=name) for name in ("multi_step", "step", "warm_restarts")]
    found = [recipe.value(name) for recipe, name in zip(recipes, ("drop_at", "drop_every", "cycle_epochs"))]
    assert found == [drops, every, cycle]


# --- another recipe ------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", BESIDE)
def test_but_leaves_out_what_means_nothing_any_more(field):
    other, partners, default = usual(field)
    for partner in partners or ("some.safetensors",):
        recipe = Recipe(**{other: partner, field: default})
        assert recipe.but(**{other: getattr(Recipe(), other)}) == Recipe()
        assert recipe.but(lr=0.5) == Recipe(**{other: partner, field: default, "lr": 0.5})


def test_but_keeps_what_means_something_still():
    recipe = Recipe(schedule="step", drop_to=0.5, drop_every=2)
    assert recipe.but(schedule="plateau") == Recipe(schedule="plateau", drop_to=0.5)
    assert recipe.but(teacher="t", temperature=3) == dataclasses.replace(recipe, teacher="t", temperature=3)


def test_but_refuses_what_is_asked_for_without_effect():
    for recipe, changes, told in (
        (Recipe(), {"rise": 0.2}, "rise is only for"), (Recipe(), {"learning_rate": 1}, "did you mean 'lr'"),
        (Recipe(schedule="one_cycle"), {"schedule": "cosine", "rise": 0.2}, "rise is only for"),
        (Recipe(schedule="multi_step", drop_at=(5,)), {"epochs": 5}, "not at '5'"), (Recipe(), {"epochs": 0}, "epochs is a whole"),
    ):  # fmt: skip
        with pytest.raises(CourseError, match=told):
            recipe.but(**changes)


@given(RECIPES)
def test_but_without_a_change_is_the_same_recipe(values):
    assert Recipe(**values).but() == Recipe(**values)


# --- as a file -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("recipes") / "recipe.yaml"


@settings(max_examples=60)
@given(RECIPES)
def test_every_recipe_comes_back_from_yaml(path, values):
    recipe = Recipe(**values)
    assert recipe.save(path) == path
    assert read_recipe(path) == recipe


def test_papermill_reads_the_same_from_it(path):
    recipe = Recipe(
        lr=1e-5, weight_decay=2e-07, schedule="multi_step", drop_at=(2, 5), class_weights=(1, 2.5), teacher="t"
    )
    recipe.save(path)
    found = read_yaml_file(str(path))
    assert Recipe(**found) == recipe
    assert list(found) == FIELDS


def test_a_recipe_of_a_few_lines_is_the_default_in_all_else(path):
    path.write_text("lr: 0.01  # higher\nclass_weights: [1, 2, 3]\nsave_last: no\n")
    assert read_recipe(path) == Recipe(lr=0.01, class_weights=(1, 2, 3), save_last=False)


@pytest.mark.parametrize(("written", "right"), [
    ("1e-3", "1.0e-03"), ("1e3", "1.0e+03"), ("1.25e3", "1.25e+03"), ("125e-5", "1.25e-03"), ("3E-4", "3.0e-04"),
])  # fmt: skip
def test_a_number_that_yaml_takes_for_a_text_is_answered_with_one_that_it_does_not(written, right, path):
    path.write_text(f"lr: {written}\n")
    with pytest.raises(CourseError) as caught:
        read_recipe(path)
    assert f"not {written!r}. In YAML a number with an exponent has a point and a sign: {right}, not {written}." in str(
        caught.value
    )
    assert yaml.safe_load(right) == float(written)
    path.write_text(f"lr: {right}\n")
    assert read_recipe(path).lr == float(written)


def test_a_text_that_is_no_number_has_no_such_hint():
    for values in ({"lr": "fast"}, {"optimizer": "1adam"}, {"epochs": "8"}, {"teacher": "1e3", "lr": 0}):
        assert "In YAML" not in message(**values)


@pytest.mark.parametrize(("text", "told"), [
    ("lr: [0.1\n", "is no YAML in line 2"), ("lr: 0.1\n\tepochs: 3\n", "is no YAML in line 2"), ("", "has no names and values"),
    ("- lr\n- 0.1\n", "has no names and values"), ("0.1\n", "has no names and values"), ("1: 2\n", "has no names and values"),
    ("learning_rate: 0.1\n", "did you mean 'lr'?"), ("epochs: 0\n", "epochs is a whole number from 1, not 0"),
    ("save_last: 'False'\n", "save_last is True or False, not 'False'"), ("lr:\n", "lr is a number above 0, not None"),
    ("rise: 0.2\n", "rise is only for schedule='one_cycle'"),
])  # fmt: skip
def test_a_file_that_is_no_recipe_is_answered(text, told, path):
    path.write_text(text)
    with pytest.raises(CourseError) as caught:
        read_recipe(path)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CourseError, match="none.yaml' cannot be read: No such file"):
        read_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "given", [{"label_smoothing": 0.1}, {"class_weights": "balanced"}, {"sample_weights": "w"}, {"loss": "focal"}]
)
def test_what_is_about_labels_is_refused_where_the_teacher_alone_is_heard(given):
    taught = {"teacher": "teacher.safetensors", "teacher_share": 1}
    Recipe(**taught), Recipe(**taught | {"teacher_share": 0.9}, **given)
    with pytest.raises(CourseError, match=f"{next(iter(given))} is about the labels, of which teacher_share=1"):
        Recipe(**taught, **given)
