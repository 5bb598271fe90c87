"""Mistakes of published training code that are not here, beside those that the tests of each part are about already."""

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from tests.training.small import CLASSES, PREPROCESSING, RECIPE, SIZE, Scripted, Tiny, make, same, watching, weights
from utils.errors import CourseError
from utils.models.build import build
from utils.models.checkpoints import load_checkpoint
from utils.training.choices import LOSSES, objective_of
from utils.training.loop import fit
from utils.training.objectives import CrossEntropy
from utils.training.recipe import Recipe, read_recipe
from utils.training.teaching import Distilled, Teacher

LOGITS = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([0, 2, 1, 1, 0, 2, 2])


def fitted(model, loaders, recipe=RECIPE, **options):
    return fit(model, loaders, recipe, **{"progress": False} | options)


@pytest.mark.parametrize("values", [[0.0] * 3, [-1.0] * 3, [float("nan")] * 3])
def test_an_epoch_is_saved_also_where_every_score_is_0(values, loaders, tmp_path):
    model = build("shufflenet_v2_x0_5", 3, None, classes=CLASSES, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    first = watching(lambda training: weights(training.model))
    result = fitted(model, loaders, output_dir=tmp_path, objective=Scripted(values=values), after_epoch=[first.call])
    assert same(weights(load_checkpoint(result.checkpoint)), first.seen[0])


@pytest.mark.parametrize("knobs", [{}, {"sampling": "balanced"}, {"accumulate": 2}, {"mixup": 0.3}, {"ema": 0.9}])
def test_a_last_batch_of_one_picture_stops_no_training(knobs, table):
    """BatchNorm cannot train on it; 20 pictures in batches of 19 are one batch, with one left out."""
    loaders = make(table, batch_size=19, sampling=knobs.get("sampling", "shuffled"))
    model, sizes = Tiny(), []
    model.dropout.register_forward_hook(lambda part, given, _: sizes.append(len(given[0])) if part.training else None)
    fitted(model, loaders, dataclasses.replace(RECIPE, batch_size=19, **knobs))
    assert sizes == [19] * 3


MINIMISED = {
    "focal": {"loss": "focal"}, "smoothed": {"label_smoothing": 0.4}, "class weights": {"class_weights": (1.0, 5.0, 9.0)},
    "sample weights": {"sample_weights": "weight"}, "mixed": {"mixup": 1.0, "cutmix": 1.0}, "taught": {"teacher_share": 0.9},
}  # fmt: skip


@pytest.mark.parametrize("name", MINIMISED)
def test_whatever_is_minimised_the_validation_loss_is_plain_cross_entropy(name, table):
    knobs = dict(MINIMISED[name])
    table["weight"] = [1.0 + number % 5 for number in range(len(table))]
    loaders = make(table, sample_weights=knobs.get("sample_weights"))
    options = {}
    if share := knobs.pop("teacher_share", None):
        options = {"objective": Distilled(CrossEntropy(), share), "batch_transform": Teacher(Tiny(seed=3))}
    result = fitted(Tiny(), loaders, dataclasses.replace(RECIPE, epochs=1, **knobs), **options)
    images, targets = (torch.cat(parts) for parts in zip(*loaders.valid))
    with torch.no_grad():
        expected = F.cross_entropy(result.model(images), targets).item()
    assert result.best["valid_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("knobs", "drop"), [
    ({"schedule": "step", "drop_to": 0.1, "drop_every": 1}, 0.1), ({"schedule": "step", "drop_to": 0.75, "drop_every": 1}, 0.75),
    ({"schedule": "multi_step", "drop_to": 0.3, "drop_at": (1, 2)}, 0.3),
])  # fmt: skip
def test_the_size_of_a_drop_is_no_whole_number_on_its_way_from_a_file(knobs, drop, loaders, tmp_path):
    """Read as an integer, 0.1 is 0, and from the first drop on nothing is learnt."""
    recipe = read_recipe(dataclasses.replace(RECIPE, **knobs).save(tmp_path / "recipe.yaml"))
    assert fitted(Tiny(), loaders, recipe).history["lr"].tolist() == pytest.approx([0.02, 0.02 * drop, 0.02 * drop**2])


def test_a_step_length_that_is_no_whole_number_is_refused_and_not_cut_short():
    with pytest.raises(CourseError, match=r"drop_every is a whole number from 1, or None, not 1\.5"):
        Recipe(schedule="step", drop_every=1.5)


@pytest.mark.parametrize("loss", LOSSES)
def test_class_weights_are_heard_by_every_loss(loss, loaders):
    plain, weighted = (objective_of(dataclasses.replace(RECIPE, loss=loss, class_weights=each), loaders).loss(LOGITS, TARGETS)
                       for each in (None, (1.0, 5.0, 9.0)))  # fmt: skip
    assert abs(plain - weighted) > 0.01


def test_each_name_of_a_loss_is_another_loss_and_no_other_name_is_one(loaders):
    losses = [
        objective_of(dataclasses.replace(RECIPE, loss=name), loaders).loss(LOGITS, TARGETS).item() for name in LOSSES
    ]
    assert len(set(losses)) == len(LOSSES)
    for name in ("BCE", "bce", "CrossEntropy", "mse"):
        with pytest.raises(CourseError, match=f"loss is one of {', '.join(map(repr, LOSSES))}, not '{name}'"):
            Recipe(loss=name)


@pytest.mark.parametrize("field", ["save_last", "compile"])
def test_false_as_a_text_is_not_read_as_true(field, tmp_path):
    path = tmp_path / "recipe.yaml"
    for text in ('"False"', "'no'", "0"):
        path.write_text(f"{field}: {text}\n")
        with pytest.raises(CourseError, match=f"{field} is True or False, not "):
            read_recipe(path)
    for text in ("False", "false", "no"):
        path.write_text(f"{field}: {text}\n")
        assert getattr(read_recipe(path), field) is False
