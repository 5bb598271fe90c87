"""`fit` is the loop that anybody would write, with every mean weighted by pictures and what is frozen left alone."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from tests.training.small import CLASSES, RECIPE, Scripted, Tiny, changed, make, same, watching, weights
from utils.data.loaders import make_loader
from utils.evaluation.metrics import accuracy, confusion_counts, weighted_f1
from utils.models.build import build, seeded
from utils.models.checkpoints import load_checkpoint
from utils.models.freezing import freeze, frozen_parts
from utils.training.keeping import HISTORY
from utils.training.loop import Fitted, fit
from utils.training.objectives import CrossEntropy
from utils.training.recipe import Recipe


def fitted(model, loaders, output_dir=None, recipe=RECIPE, **options):
    return fit(model, loaders, recipe, output_dir, **{"progress": False} | options)


def plain_loop(model, loaders, epochs, lr):
    """As lesson 03 writes it: a mean weighted by pictures, eval mode for valid. Returns the losses of each epoch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        model.train()
        loss_sum = 0
        for images, targets in loaders.train:
            loss = nn.functional.cross_entropy(model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            valid_sum = sum(nn.functional.cross_entropy(model(images), targets).item() * len(images)
                            for images, targets in loaders.valid)  # fmt: skip
        losses.append((loss_sum / len(loaders.train.table), valid_sum / len(loaders.valid.table)))
    return losses


# --- the same as the plain loop ---------------------------------------------------------------------


def test_fit_gives_the_plain_loops_weights_and_losses(table):
    recipe = Recipe(
        epochs=3, batch_size=12, optimizer="sgd", lr=0.1, weight_decay=0, schedule="constant", warmup_epochs=0
    )
    plain, ours = Tiny(), Tiny()
    with seeded(recipe.seed):
        losses = plain_loop(plain, make(table), 3, 0.1)
    last = watching(lambda training: weights(training.model))
    history = fitted(ours, make(table), recipe=recipe, after_epoch=[last.call]).history
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(last.seen[-1][name], value, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(history[["train_loss", "valid_loss"]], losses, rtol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_one_others(loaders):
    results = [
        fitted(model := Tiny(), loaders, recipe=dataclasses.replace(RECIPE, seed=seed)) and weights(model)
        for seed in (0, 0, 1)
    ]
    assert same(results[0], results[1])
    assert not same(results[0], results[2])


def test_the_chance_of_others_is_left_as_it_was(loaders):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fitted(Tiny(), loaders)
    assert torch.equal(torch.rand(3), expected)


def test_each_epoch_has_its_own_order_and_a_second_fit_the_same_ones(loaders):
    seen = []

    def note(images, targets):
        seen.append(targets.tolist())
        return images, targets

    for _ in range(2):
        fitted(Tiny(), loaders, batch_transform=note)
    assert seen[:6] == seen[6:]
    assert seen[0] != seen[2]
    assert [len(batch) for batch in seen] == [12, 8] * 6


# --- the numbers of an epoch ------------------------------------------------------------------------


class Spread(CrossEntropy):
    """A loss that is easy to add up: 1 in a batch of 12, 2 in a smaller one, whatever the pictures."""

    def loss(self, logits, targets):
        return super().loss(logits, targets) * 0 + (1 if len(targets) == 12 else 2)


def test_the_training_loss_is_a_mean_over_pictures_not_over_batches(loaders):
    history = fitted(Tiny(), loaders, objective=Spread()).history
    assert history["train_loss"].tolist() == pytest.approx([(12 * 1 + 8 * 2) / 20] * 3)


def test_seventeen_pictures_in_two_batches_are_judged_as_in_one(table):
    results = []
    for size in (9, 12, 16, 17):
        loaders = dataclasses.replace(make(table), valid=make(table, batch_size=size).valid)
        results.append(fitted(Tiny(), loaders).history[["valid_loss", "valid_accuracy", "valid_f1"]].to_numpy())
    for result in results:
        np.testing.assert_allclose(result, results[-1], rtol=1e-6)


def test_the_scores_of_the_best_epoch_are_those_of_the_model_that_comes_back(loaders):
    result = fitted(Tiny(), loaders)
    images, targets = (torch.cat(parts) for parts in zip(*loaders.valid))
    with torch.no_grad():
        logits = result.model(images)
    counts = confusion_counts(targets, logits.argmax(1), 3)
    assert result.best["valid_accuracy"] == accuracy(counts)
    assert result.best["valid_f1"] == pytest.approx(weighted_f1(counts))
    assert result.best["valid_loss"] == pytest.approx(nn.functional.cross_entropy(logits, targets).item(), rel=1e-5)


def test_validation_is_in_eval_mode_and_training_is_not(loaders):
    modes = []
    model = Tiny()
    model.dropout.register_forward_hook(
        lambda module, *_: modes.append((module.training, torch.is_inference_mode_enabled()))
    )
    fitted(model, loaders, recipe=dataclasses.replace(RECIPE, epochs=2))
    assert modes == [(True, False), (True, False), (False, True), (False, True)] * 2


def test_a_model_that_comes_in_eval_mode_is_trained_in_train_mode(loaders):
    model = Tiny().eval()
    modes = watching(lambda training: (training.model.training, training.model.dropout.training))
    fitted(model, loaders, after_step=[modes.call], after_epoch=[lambda training: training.model.eval()])
    assert modes.seen == [(True, True)] * 6


def test_validation_changes_nothing(loaders):
    model = Tiny()
    states = []

    class Noting(CrossEntropy):
        def scores(self, logits, targets):
            states.append(weights(model))
            return super().scores(logits, targets)

    after = watching(lambda training: weights(training.model))
    fitted(model, loaders, objective=Noting(), after_epoch=[after.call])
    assert all(same(*pair) for pair in zip(states, after.seen, strict=True))


def test_label_smoothing_is_not_in_the_validation_loss(loaders):
    smooth = fitted(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, label_smoothing=0.5, lr=1e-9))
    plain = fitted(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, lr=1e-9))
    np.testing.assert_allclose(smooth.history["valid_loss"], plain.history["valid_loss"], rtol=1e-5)
    assert (smooth.history["train_loss"] - plain.history["train_loss"]).abs().min() > 0.005


def test_the_history_has_one_row_an_epoch_and_the_columns_of_the_design(loaders):
    history = fitted(Tiny(), loaders).history
    assert list(history) == HISTORY
    assert history["epoch"].tolist() == [1, 2, 3]
    assert (history[["seconds", "images_per_second"]] > 0).all().all()
    assert (history["images_per_second"] > 20 / history["seconds"]).all(), "of training alone, without validation"


def test_scores_of_an_objective_are_further_columns(loaders):
    objective = Scripted("valid_screen_f1", [0.1, 0.3, 0.2])
    result = fitted(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, best_by="valid_screen_f1"), objective=objective)
    assert list(result.history) == ["epoch", "train_loss", "lr", "seconds", "images_per_second", "valid_screen_f1"]
    assert result.best["epoch"] == 2


def test_the_rates_of_every_step_follow_the_schedule(loaders):
    seen = watching(lambda training: [group["lr"] for group in training.optimizer.param_groups])
    recipe = dataclasses.replace(RECIPE, schedule="linear", lr=0.6, backbone_lr=0.06, warmup_epochs=0)
    history = fitted(Tiny(), loaders, recipe=recipe, after_step=[seen.call]).history
    assert history["lr"].tolist() == pytest.approx([0.5, 0.3, 0.1]), "the highest of the last step"
    shares = [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    for rates, share in zip(seen.seen, shares, strict=True):
        assert sorted(set(rates)) == pytest.approx([0.06 * share, 0.6 * share])


# --- objects handed in ------------------------------------------------------------------------------


def test_a_schedule_that_is_handed_in_sets_the_rates(loaders):
    seen = watching(lambda training: training.optimizer.param_groups[0]["lr"])
    fitted(Tiny(), loaders, schedule=lambda training: 0.5**training.step, after_step=[seen.call])
    assert seen.seen == pytest.approx([0.02 * 0.5**step for step in range(6)])


def mixed(images, targets):
    """Each picture half over the one before; targets as shares of classes."""
    shares = nn.functional.one_hot(targets, 3).float()
    return (images + images.roll(1, 0)) / 2, (shares + shares.roll(1, 0)) / 2


def test_a_batch_transform_changes_what_is_trained_on_and_not_what_is_judged(loaders):
    shapes = []

    class Noting(CrossEntropy):
        def loss(self, logits, targets):
            shapes.append(tuple(targets.shape))
            return super().loss(logits, targets)

        def scores(self, logits, targets):
            shapes.append(tuple(targets.shape))
            return super().scores(logits, targets)

    mixed_up = fitted(
        Tiny(), loaders, batch_transform=mixed, objective=Noting(), recipe=dataclasses.replace(RECIPE, epochs=1)
    )
    plain = fitted(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, epochs=1))
    assert shapes == [(12, 3), (8, 3), (17,)]
    assert mixed_up.best["train_loss"] != plain.best["train_loss"]


def test_what_happens_after_a_step_and_after_an_epoch_is_called_in_order_with_the_training(loaders):
    calls = []
    fitted(
        Tiny(), loaders, recipe=dataclasses.replace(RECIPE, epochs=2),
        after_step=[lambda training: calls.append(("step", training.step, training.loss.item() > 0))],
        after_epoch=[lambda training: calls.append(("epoch", training.epoch, len(training.history))), lambda training: calls.append("second")],
    )  # fmt: skip
    assert calls == [("step", 1, True), ("step", 2, True), ("epoch", 1, 1), "second",
                     ("step", 3, True), ("step", 4, True), ("epoch", 2, 2), "second"]  # fmt: skip


class TwoNumbers(nn.Module):
    """Two answers in a dict, as a model with two heads gives them."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.colour, self.shade = nn.Linear(4, 3), nn.Linear(4, 2)

    def forward(self, images):
        features = self.body(images)
        return {"label": self.colour(features), "shade": self.shade(features)}


class TwoLosses:
    higher_is_better = {"valid_label_accuracy": True, "valid_shade_accuracy": True}

    def loss(self, outputs, targets):
        return sum(nn.functional.cross_entropy(outputs[name], targets[name]) for name in outputs)

    def scores(self, outputs, targets):
        return {
            f"valid_{name}_accuracy": (outputs[name].argmax(1) == targets[name]).float().mean().item()
            for name in outputs
        }


def test_several_columns_and_outputs_train_with_an_objective_for_them(table):
    table["shade"] = np.where(np.arange(len(table)) % 2, "dark", "light")
    recipe = dataclasses.replace(RECIPE, best_by="valid_label_accuracy")
    result = fitted(TwoNumbers(), make(table, columns=["label", "shade"]), recipe=recipe, objective=TwoLosses())
    assert {"valid_label_accuracy", "valid_shade_accuracy"} <= set(result.history)
    assert result.best["valid_label_accuracy"] == result.history["valid_label_accuracy"].max()


# --- what is frozen, and what gets no gradient ------------------------------------------------------


def backbone_changes(loaders, recipe, model):
    """After each epoch, which tensors have changed in it."""
    before, found = weights(model), []

    def note(training):
        found.append(changed(model, before))
        before.update(weights(model))

    fitted(model, loaders, recipe=recipe, after_epoch=[note])
    return found


def test_freeze_epochs_freeze_the_backbone_with_its_batchnorm_just_so_long(loaders):
    found = backbone_changes(loaders, dataclasses.replace(RECIPE, freeze_epochs=2), Tiny())
    assert found == [{"head.weight", "head.bias"}] * 2 + [set(Tiny().state_dict())]


@pytest.mark.parametrize("parts", [("backbone.0",), ("backbone.1.bias",), ("backbone.0", "head.bias"), ("backbone",)])
@pytest.mark.parametrize("freeze_epochs", [0, 1, 5])
def test_what_the_user_froze_is_frozen_before_while_and_after_freeze_epochs(parts, freeze_epochs, loaders):
    model = Tiny()
    freeze(model, *parts)
    before = weights(model)
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    names = frozen_parts(model)
    modules = set(model.frozen)
    fitted(model, loaders, recipe=dataclasses.replace(RECIPE, freeze_epochs=freeze_epochs))
    assert changed(model, before).isdisjoint(frozen)
    assert (frozen_parts(model), model.frozen) == (names, modules)
    assert [name for name, parameter in model.named_parameters() if not parameter.requires_grad] == frozen


def test_old_gradients_do_not_move_a_frozen_backbone(loaders):
    model = Tiny()
    model(torch.rand(4, 3, 16, 16)).sum().backward()
    found = backbone_changes(loaders, dataclasses.replace(RECIPE, epochs=1, freeze_epochs=1), model)
    assert found == [{"head.weight", "head.bias"}]


def test_a_checkpoint_from_the_frozen_epochs_is_not_frozen_itself(table, tmp_path):
    model = build("shufflenet_v2_x0_5", 3, None, size=16, seed=0)
    loaders = make(table)
    recipe = dataclasses.replace(RECIPE, epochs=1, freeze_epochs=1)
    loaders = dataclasses.replace(loaders, preprocessing=model.preprocessing)
    result = fitted(model, loaders, tmp_path, recipe)
    assert frozen_parts(load_checkpoint(result.checkpoint)) == []
    freeze(model, "backbone")
    assert frozen_parts(load_checkpoint(fitted(model, loaders, tmp_path, recipe).checkpoint)) == ["backbone"]


def test_a_model_with_frozen_parts_says_so_when_it_was_fitted(loaders):
    model = Tiny()
    assert "frozen" not in repr(fitted(model, loaders))
    freeze(model, "backbone")
    assert "frozen: 'backbone' (195 parameters: 21 trainable, 174 frozen)" in repr(fitted(model, loaders))


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_parameters_that_never_get_a_gradient_stay_as_they_are(optimizer, loaders):
    model = Tiny()
    model.unused = nn.Linear(3, 3)
    before = weights(model)
    recipe = dataclasses.replace(RECIPE, optimizer=optimizer, weight_decay=0.5, clip_norm=1)
    fitted(model, loaders, recipe=recipe)
    assert set(model.state_dict()) - changed(model, before) == {"unused.weight", "unused.bias"}


# --- clipping ---------------------------------------------------------------------------------------


def gradient_norms(loaders, **knobs):
    norms = watching(
        lambda training: torch.cat([each.grad.flatten() for each in training.model.parameters()]).norm().item()
    )
    fitted(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, **knobs), after_step=[norms.call])
    return norms.seen


def test_a_gradient_is_clipped_after_backward_and_before_the_step(loaders):
    assert min(gradient_norms(loaders)) > 0.01
    assert gradient_norms(loaders, clip_norm=0.01) == pytest.approx([0.01] * 6, rel=1e-3)
    before, after = Tiny(), Tiny()
    steps = watching(
        lambda training: max((a - b).abs().max().item() for a, b in zip(after.parameters(), before.parameters()))
    )
    recipe = dataclasses.replace(RECIPE, optimizer="sgd", clip_norm=1e-4, lr=0.1, weight_decay=0)
    fitted(after, loaders, recipe=recipe, after_step=[steps.call])
    assert steps.seen[0] <= 1e-5 * 1.001


# --- what comes back --------------------------------------------------------------------------------


def test_the_model_comes_back_in_eval_mode_with_the_weights_of_the_best_epoch(loaders, tmp_path):
    states = watching(lambda training: weights(training.model))
    model = Tiny()
    result = fitted(model, loaders, objective=Scripted(values=[0.2, 0.9, 0.5]), after_epoch=[states.call])
    assert result.model is model
    assert not any(module.training for module in model.modules())
    assert same(states.seen[1], weights(model))
    assert not same(states.seen[2], weights(model))
    assert result.best == result.history.iloc[1].to_dict() | {"epoch": 2}
    assert result.stopped == ""
    assert result.checkpoint is None


def test_a_model_without_names_takes_those_of_the_pictures(loaders):
    assert fitted(Tiny(), loaders).model.classes == CLASSES


def test_a_model_learns_colours(loaders):
    result = fitted(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, epochs=15, lr=0.05))
    assert result.best["valid_accuracy"] > 0.9


def test_it_says_in_a_line_how_it_went():
    history = pd.DataFrame({"epoch": [1, 2]})
    best = {"epoch": 2, "train_loss": 1.0, "valid_accuracy": 0.91234, "lr": 0.1}
    assert repr(Fitted(Tiny(), history, best, "", None)) == "<Fitted: 2 epochs, the best is 2: valid_accuracy 0.912>"
    short = Fitted(nn.Linear(1, 1), history[:1], best | {"epoch": 1}, "interrupted in epoch 2", None)
    assert repr(short) == "<Fitted: 1 epoch, the best is 1: valid_accuracy 0.912; stopped: interrupted in epoch 2>"


def test_fit_again_goes_on_from_the_weights_of_the_best_epoch(loaders):
    model = Tiny()
    fitted(model, loaders)
    other = copy.deepcopy(model)
    assert same(weights(fitted(model, loaders).model), weights(fitted(other, loaders).model))


def test_test_pictures_are_not_touched(table):
    loaders = dataclasses.replace(make(table), test=None)
    fitted(Tiny(), loaders)


def test_a_loader_for_prediction_serves_as_valid(table):
    loaders = make(table)
    valid = make_loader(table[table["split"] == "valid"], loaders.preprocessing, progress=False)
    fitted(Tiny(), dataclasses.replace(loaders, valid=valid))
