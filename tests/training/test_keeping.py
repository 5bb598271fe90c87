"""What is written while a training runs: whole files that describe themselves, and never less than before."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from tests.training.small import PREPROCESSING, RECIPE, SIZE, Scripted, Tiny, make, same, watching, weights
from utils.errors import CourseError
from utils.models.build import build
from utils.models.checkpoints import describe_checkpoint, load_checkpoint
from utils.training import keeping
from utils.training.keeping import HISTORY, history_table
from utils.training.loop import fit
from utils.training.recipe import read_recipe


@pytest.fixture
def model():
    made = build("shufflenet_v2_x0_5", 3, None, size=SIZE, seed=0)
    made.preprocessing = PREPROCESSING
    return made


def fitted(model, loaders, output_dir=None, recipe=RECIPE, **options):
    return fit(model, loaders, recipe, output_dir, **{"progress": False} | options)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def message(*arguments, **options):
    with pytest.raises(CourseError) as caught:
        fitted(*arguments, **options)
    return str(caught.value)


def test_best_and_last_are_checkpoints_of_their_epochs(model, loaders, tmp_path):
    states = watching(lambda training: weights(training.model))
    result = fitted(
        model, loaders, tmp_path / "run", objective=Scripted(values=[0.2, 0.9, 0.5]), after_epoch=[states.call]
    )
    assert names(tmp_path / "run") == ["best.safetensors", "history.csv", "last.safetensors", "recipe.yaml", "state.pt"]
    assert result.checkpoint == tmp_path / "run" / "best.safetensors"
    assert same(weights(load_checkpoint(result.checkpoint)), states.seen[1])
    assert same(weights(load_checkpoint(tmp_path / "run" / "last.safetensors")), states.seen[2])


def test_a_checkpoint_says_how_it_was_trained_and_how_good_it_is(model, loaders, tmp_path):
    result = fitted(model, loaders, tmp_path)
    facts = describe_checkpoint(result.checkpoint)
    assert facts["recipe"] == json.loads(json.dumps(RECIPE.to_dict()))
    assert facts["metrics"] == result.best
    assert facts["classes"] == ["blue", "green", "red"]


def test_a_loaded_checkpoint_answers_as_the_model_that_came_back(model, loaders, tmp_path):
    result = fitted(model, loaders, tmp_path)
    images, _ = next(iter(loaders.valid))
    with torch.no_grad():
        torch.testing.assert_close(load_checkpoint(result.checkpoint)(images), result.model(images))


def test_every_so_many_epochs_a_checkpoint_is_kept(model, loaders, tmp_path):
    fitted(model, loaders, tmp_path, dataclasses.replace(RECIPE, epochs=5, save_every=2))
    assert [name for name in names(tmp_path) if name.startswith("epoch")] == [
        "epoch-002.safetensors",
        "epoch-004.safetensors",
    ]
    assert describe_checkpoint(tmp_path / "epoch-002.safetensors")["metrics"]["epoch"] == 2


@pytest.mark.parametrize("save_every", [None, 2])
def test_the_last_epoch_is_kept_unless_nobody_wants_it(save_every, model, loaders, tmp_path):
    recipe = dataclasses.replace(RECIPE, save_last=False, save_every=save_every)
    result = fitted(model, loaders, tmp_path, recipe, objective=Scripted(values=[0.9, 0.5, 0.5]))
    kept = ["epoch-002.safetensors"] * (save_every == 2)
    assert names(tmp_path) == ["best.safetensors", *kept, "history.csv", "recipe.yaml", "state.pt"]
    assert same(weights(load_checkpoint(result.checkpoint)), weights(model))


def test_the_recipe_lies_beside_the_results_before_the_first_epoch_is_over(model, loaders, tmp_path):
    found = watching(lambda training: read_recipe(tmp_path / "recipe.yaml") == training.recipe)
    fitted(model, loaders, tmp_path, after_step=[found.call])
    assert found.seen == [True] * 6


REPEATED = {
    "plain": {},
    "rich": {
        "optimizer": "ranger", "lr": 1e-5 * 300, "schedule": "multi_step", "drop_at": (1, 2), "drop_to": 1 / 3, "loss": "focal",
        "focal_gamma": 1.7, "class_weights": (1.0, 2.5, 0.1), "mixup": 0.3, "cutmix": 0.7, "ema": 0.9, "accumulate": 2,
        "clip_norm": 0.5, "label_smoothing": 0.1, "sampling": "balanced", "sample_weights": "weight", "freeze_epochs": 1,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", REPEATED)
def test_the_recipe_beside_the_results_gives_the_same_weights_again_bit_for_bit(name, table, tmp_path):
    table["weight"] = [1.0 + number % 3 for number in range(len(table))]
    recipe, states = dataclasses.replace(RECIPE, **REPEATED[name]), []
    for _ in range(2):
        made = build("shufflenet_v2_x0_5", 3, None, size=SIZE, seed=0)
        made.preprocessing = PREPROCESSING
        options = {"sampling": recipe.sampling, "sample_weights": recipe.sample_weights}
        states.append(weights(fitted(made, make(table, **options), tmp_path, recipe).model))
        recipe = read_recipe(tmp_path / "recipe.yaml")
    assert same(*states)
    assert recipe == dataclasses.replace(RECIPE, **REPEATED[name])


def test_the_numbers_are_written_after_each_epoch(model, loaders, tmp_path):
    read = watching(lambda training: pd.read_csv(tmp_path / "history.csv"))
    result = fitted(model, loaders, tmp_path, after_epoch=[read.call])
    assert [len(table) for table in read.seen] == [1, 2, 3]
    pd.testing.assert_frame_equal(read.seen[-1], result.history)
    assert list(read.seen[-1]) == HISTORY


def test_further_scores_come_after_the_usual_columns():
    rows = [{"valid_screen_f1": 0.1, "epoch": 1, "lr": 0.1, "valid_loss": 2.0}]
    assert list(history_table(rows)) == ["epoch", "valid_loss", "lr", "valid_screen_f1"]


def test_of_equal_epochs_the_first_is_kept(loaders):
    assert fitted(Tiny(), loaders, objective=Scripted(values=[0.5, 0.5, 0.5])).best["epoch"] == 1


def test_the_first_epoch_is_kept_whatever_its_score(loaders):
    for value in (0.0, -1.0, float("nan"), -float("inf")):
        result = fitted(Tiny(), loaders, objective=Scripted(values=[value] * 3))
        assert result.best["epoch"] == 1


def test_the_best_weights_in_memory_do_not_move_with_the_model(loaders):
    kept = watching(lambda training: {name: value.clone() for name, value in training.best_weights.items()})
    model = Tiny()
    fitted(model, loaders, objective=Scripted(values=[0.9, 0.1, 0.1]), after_epoch=[kept.call])
    assert same(kept.seen[0], kept.seen[2])
    assert same(kept.seen[0], weights(model))


def test_without_a_folder_nothing_is_written(loaders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fitted(Tiny(), loaders).checkpoint is None
    assert list(tmp_path.iterdir()) == []


# --- what cannot be written is said before training starts -------------------------------------------


def test_a_folder_that_cannot_be_written_is_refused_before_training(model, loaders, tmp_path):
    (tmp_path / "file").write_text("")
    before = weights(model)
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        found = message(model, loaders, folder)
        assert f"cannot be written to '{folder}'" in found
        assert "output_dir='...'" in found
    assert same(weights(model), before)


def test_a_model_that_no_checkpoint_can_describe_is_refused_before_training(loaders, tmp_path):
    found = message(Tiny(), loaders, tmp_path / "run")
    assert "made by build(...), but this one is a Tiny" in found
    assert not (tmp_path / "run").exists()


def test_save_every_needs_a_folder(loaders):
    assert "save_every=2 needs a folder" in message(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, save_every=2))


def test_a_disk_that_fills_up_leaves_the_files_of_the_epoch_before(model, loaders, tmp_path, monkeypatch):
    plain = keeping.save_checkpoint

    def full(path, model, *, recipe, metrics):
        if metrics["epoch"] == 2:
            raise CourseError(f"The checkpoint cannot be written to '{path}' (No space left on device).")
        return plain(path, model, recipe=recipe, metrics=metrics)

    monkeypatch.setattr(keeping, "save_checkpoint", full)
    told = message(model, loaders, tmp_path, objective=Scripted(values=[0.1, 0.5, 0.9]))
    assert "No space left" in told and "resume=True" in told
    assert describe_checkpoint(tmp_path / "best.safetensors")["metrics"]["epoch"] == 1
    assert len(pd.read_csv(tmp_path / "history.csv")) == 1
    assert names(tmp_path) == ["best.safetensors", "history.csv", "last.safetensors", "recipe.yaml", "state.pt"], (
        "no litter"
    )


def test_numbers_that_cannot_be_written_are_said_with_the_folder(model, loaders, tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "replacing", full)
    assert f"'{tmp_path}': No space left on device. Free some space" in message(model, loaders, tmp_path)


def test_after_a_loss_that_is_no_number_the_best_until_then_is_on_disk(model, loaders, tmp_path):
    class Breaking(Scripted):
        def loss(self, outputs, targets):
            return super().loss(outputs, targets) * (np.nan if len(self.values) < 2 else 1)

    found = message(model, loaders, tmp_path, objective=Breaking(values=[0.2, 0.5, 0.9]))
    best = tmp_path / "best.safetensors"
    assert f"The model has the weights of epoch 2 again; they are in '{best}' too." in found
    assert same(weights(load_checkpoint(best)), weights(model))


def test_a_compiled_model_is_saved_as_the_model_itself(model, loaders, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda module: nn.Sequential(module))
    result = fitted(model, loaders, tmp_path, dataclasses.replace(RECIPE, compile=True))
    assert same(weights(load_checkpoint(result.checkpoint)), weights(model))


def test_a_second_training_into_the_same_folder_replaces_the_files(model, loaders, tmp_path):
    fitted(model, loaders, tmp_path, objective=Scripted(values=[0.9, 0.9, 0.9]))
    fitted(model, loaders, tmp_path, dataclasses.replace(RECIPE, epochs=1), objective=Scripted(values=[0.1]))
    assert describe_checkpoint(tmp_path / "best.safetensors")["metrics"]["valid_accuracy"] == 0.1
    assert len(pd.read_csv(tmp_path / "history.csv")) == 1


def test_loaders_of_another_size_are_refused(loaders, tmp_path):
    other = build("shufflenet_v2_x0_5", 3, None, size=32)
    assert "The model was made for pictures prepared so: squash to 32 x 32" in message(other, loaders, tmp_path)


def test_a_disk_cache_serves_as_well(table, tmp_path):
    result = fitted(Tiny(), make(table, cache="disk", cache_dir=tmp_path / "cache"))
    assert result.history["valid_loss"].tolist() == fitted(Tiny(), make(table)).history["valid_loss"].tolist()
