"""Cross-validation: every picture is predicted once, by a model that neither learned from it nor chose its epoch by it."""

import dataclasses
import weakref

import numpy as np
import pandas as pd
import pytest

from tests.training.small import CLASSES, RECIPE, SIZE, Tiny
from utils.data.splits import add_folds
from utils.data.transforms import NONE
from utils.errors import CourseError
from utils.models.build import build
from utils.training import cross_validation as module
from utils.training.cross_validation import cross_validate
from utils.training.loop import fit
from utils.training.recipe import read_recipe

QUICK = dataclasses.replace(RECIPE, epochs=1)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def validate(table, recipe=QUICK, folds=3, new_model=Tiny, **options):
    return cross_validate(new_model, table, recipe, folds, **{"augmentation": NONE, "progress": False} | options)


@pytest.fixture
def loaders_seen(monkeypatch):
    """(options, loaders) of every call of make_loaders."""
    seen, real = [], module.make_loaders

    def noting(table, preprocessing, augmentation, **options):
        seen.append((options | {"augmentation": augmentation}, real(table, preprocessing, augmentation, **options)))
        return seen[-1][1]

    monkeypatch.setattr(module, "make_loaders", noting)
    return seen


def test_every_picture_is_predicted_once_by_a_model_that_did_not_see_it(table, loaders_seen):
    found = validate(table, folds=4)
    assert found.predictions["path"].tolist() == table["path"].tolist()
    assert found.predictions["label"].tolist() == table["label"].tolist()
    tested = []
    for _, loaders in loaders_seen:
        train, valid, test = (set(getattr(loaders, name).table["path"]) for name in ("train", "valid", "test"))
        assert not train & test and not valid & test and not train & valid
        assert train | valid | test == set(table["path"])
        tested += sorted(test)
    assert sorted(tested) == sorted(table["path"])


def test_each_fold_is_predicted_by_its_own_model(table, loaders_seen, monkeypatch):
    """What stands in the table of all pictures is what the model of that fold answered to its test part."""
    asked, real = [], module.predict

    def noting(model, loader, **options):
        asked.append((loader, real(model, loader, **options)))
        return asked[-1][1]

    monkeypatch.setattr(module, "predict", noting)
    found = validate(table)
    together = found.predictions.set_index("path")
    columns = [f"p_{name}" for name in CLASSES]
    for (loader, part), (_, loaders), accuracy in zip(asked, loaders_seen, found.scores["accuracy"], strict=True):
        assert loader is loaders.test
        np.testing.assert_array_equal(together.loc[part["path"], columns], part[columns])
        assert accuracy == (part["predicted"] == part["label"]).mean()


def test_the_folds_are_those_of_the_recipes_seed_and_the_next_one_chooses_the_epoch(table, loaders_seen):
    validate(table, dataclasses.replace(QUICK, seed=3), folds=4)
    tests = [set(loaders.test.table["path"]) for _, loaders in loaders_seen]
    valids = [set(loaders.valid.table["path"]) for _, loaders in loaders_seen]
    assert valids == tests[1:] + tests[:1]
    dealt = add_folds(table, 4, 3)
    assert tests == [set(dealt.loc[dealt["fold"] == fold, "path"]) for fold in range(4)]


def test_a_row_says_how_many_pictures_and_which_epoch(table):
    found = validate(table, dataclasses.replace(RECIPE, epochs=2))
    assert found.scores["fold"].tolist() == [0, 1, 2]
    assert found.scores[["train", "valid", "test"]].to_numpy().tolist() == [[14, 14, 14]] * 3
    assert found.scores["best_epoch"].isin([1, 2]).all()
    accuracy = (found.predictions["predicted"] == found.predictions["label"]).mean()
    low, high = found.scores["accuracy"].min(), found.scores["accuracy"].max()
    assert (
        repr(found) == f"<CrossValidated: 3 folds, accuracy {accuracy:.3f} over all, {low:.3f} to {high:.3f} by fold>"
    )


def test_copies_stay_in_one_fold(table, loaders_seen):
    table["family"] = [f"{number // 3 // 2}-{number % 3}" for number in range(len(table))]  # two of each
    validate(table)
    for _, loaders in loaders_seen:
        test, rest = loaders.test.table["family"], {*loaders.train.table["family"], *loaders.valid.table["family"]}
        assert not set(test) & rest


def test_the_same_seed_gives_the_same_scores_and_another_one_other_folds(table):
    recipe = dataclasses.replace(RECIPE, epochs=2)
    first, again = validate(table, recipe), validate(table, recipe)
    pd.testing.assert_frame_equal(first.scores, again.scores)
    pd.testing.assert_frame_equal(first.predictions, again.predictions)
    other = validate(table, dataclasses.replace(recipe, seed=1))
    assert not np.allclose(first.predictions["p_red"], other.predictions["p_red"])


def test_a_split_in_the_table_plays_no_part_and_stays(table):
    before = table.copy()
    with_split, without = validate(table), validate(table.drop(columns="split"))
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(with_split.scores, without.scores)
    np.testing.assert_array_equal(with_split.predictions["p_red"], without.predictions["p_red"])


def test_rows_in_any_order_are_answered_in_that_order(table):
    shuffled = table.sample(frac=1, random_state=0)
    assert validate(shuffled).predictions["path"].tolist() == shuffled["path"].tolist()


def test_each_fold_has_a_folder_with_its_recipe_and_weights(table, tmp_path):
    def new_model():
        return build("shufflenet_v2_x0_5", 3, None, classes=CLASSES, size=SIZE, seed=0)

    validate(table, new_model=new_model, output_dir=tmp_path / "folds")
    assert sorted(folder.name for folder in (tmp_path / "folds").iterdir()) == ["fold-0", "fold-1", "fold-2"]
    for folder in (tmp_path / "folds").iterdir():
        assert read_recipe(folder / "recipe.yaml") == QUICK
        assert (folder / "best.safetensors").is_file()


def test_cut_off_in_a_fold_it_goes_on_there_and_trains_no_ended_fold_again(table, tmp_path, monkeypatch):
    def new_model():
        return build("small_cnn", 3, None, size=SIZE, classes=CLASSES, seed=0)

    whole, trained = validate(table, new_model=new_model), []

    def cut(model, loaders, recipe, output_dir, **options):
        trained.append(output_dir.name)
        if trained == ["fold-0", "fold-1"]:
            raise KeyboardInterrupt
        seen = []
        fitted = fit(model, loaders, recipe, output_dir, after_step=[seen.append], **options)
        assert not seen or trained[-1] != "fold-0" or len(trained) == 1
        return fitted

    monkeypatch.setattr(module, "fit", cut)
    with pytest.raises(KeyboardInterrupt):
        validate(table, new_model=new_model, output_dir=tmp_path)
    found = validate(table, new_model=new_model, output_dir=tmp_path, resume=True)
    assert trained == ["fold-0", "fold-1", "fold-0", "fold-1", "fold-2"]
    pd.testing.assert_frame_equal(found.predictions, whole.predictions)
    assert found.scores.equals(whole.scores)


def test_without_a_folder_nothing_is_written(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    validate(table)
    assert list(tmp_path.iterdir()) == []


def test_the_recipe_and_the_options_reach_the_loaders(table, loaders_seen):
    table["worth"] = 1.0
    recipe = dataclasses.replace(QUICK, sampling="balanced", sample_weights="worth", batch_size=7, seed=4)
    validate(table, recipe, augmentation="strong", cache="none")
    assert len(loaders_seen) == 3
    for options, loaders in loaders_seen:
        assert (options["cache"], options["augmentation"], options["seed"]) == ("none", "strong", 4)
        assert (loaders.sampling, loaders.sample_weights) == ("balanced", "worth")
        assert loaders.train.batch_sampler.batch_size == 7
    validate(table, seed=9)
    assert loaders_seen[-1][0]["seed"] == 9


def test_a_model_is_gone_before_the_next_is_built(table):
    born, alive = [], []

    def new_model():
        alive.append(sum(each() is not None for each in born))
        model = Tiny()
        model.itself = [model]  # a circle, as hooks make it
        born.append(weakref.ref(model))
        return model

    validate(table, new_model=new_model, folds=4)
    assert alive == [0, 0, 0, 0]
    assert [each() for each in born] == [None] * 4


@pytest.mark.parametrize("folds", [2, 0, -1, 3.0, "5", True, None])
def test_folds_are_a_whole_number_from_3(folds, table):
    assert f"whole number from 3 (one tests, one chooses, the others train), got {folds!r}" in message(
        validate, table, folds=folds
    )


def test_a_class_with_fewer_pictures_than_folds_is_named_before_anything_is_trained(table):
    def never():
        raise AssertionError("a model was built")

    few = pd.concat([table[table["label"] != "red"], table[table["label"] == "red"][:3]])
    few.attrs = table.attrs
    found = message(validate, few, folds=5, new_model=never)
    assert "'red'" in found and "3" in found


def test_a_model_of_other_classes_is_refused_as_fit_refuses_it(table):
    assert "tells 2 classes apart, but the pictures have 3" in message(validate, table, new_model=lambda: Tiny(2))
