"""A training continues from its state to the same bits as if nothing had happened."""

import dataclasses
import io
import random

import numpy as np
import pytest
import torch

from tests.training.small import RECIPE, Tiny, make, same, weights
from utils.data.transforms import STRONG
from utils.models.build import seeded
from utils.models.freezing import freeze, frozen_parts
from utils.training.keeping import keep_best, stop_without_progress
from utils.training.loop import run
from utils.training.objectives import CrossEntropy
from utils.training.state import random_state, set_random_state, set_up

TIMES = ["seconds", "images_per_second"]


class Averaged:
    """After each step, a moving average of the weights: an object with a state of its own."""

    def __init__(self):
        self.average = {}

    def __call__(self, training):
        for name, value in training.model.named_parameters():
            self.average[name] = 0.9 * self.average.get(name, value.detach()) + 0.1 * value.detach()

    def state_dict(self):
        return self.average

    def load_state_dict(self, state):
        self.average = dict(state)


class Chance:
    """A batch transform whose chance comes from everywhere."""

    def __call__(self, images, targets):
        return images * (1 + 0.1 * random.random() + 0.1 * np.random.rand() + 0.1 * torch.rand(())), targets


def prepared(table, recipe, frozen=()):
    model = Tiny()
    if frozen:
        freeze(model, *frozen)
    training = set_up(
        model, make(table, STRONG), recipe, CrossEntropy(recipe.label_smoothing), batch_transform=Chance()
    )
    training.after_step = [Averaged()]
    training.after_epoch = [keep_best, stop_without_progress]
    return training


def saved_and_read(state):
    """Through a file, read without running any code that may be in it."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def outcome(training):
    rows = [{name: value for name, value in row.items() if name not in TIMES} for row in training.history]
    return rows, training.best["epoch"], training.step, training.stopped


RECIPES = {
    "adamw, cosine, warm-up": dataclasses.replace(RECIPE, epochs=5, warmup_epochs=1.5),
    "sgd, clipped, by the loss": dataclasses.replace(
        RECIPE, epochs=5, optimizer="sgd", clip_norm=0.5, best_by="valid_loss"
    ),
    "freeze, then unfreeze": dataclasses.replace(RECIPE, epochs=5, freeze_epochs=3, backbone_lr=0.003),
    "early stop": dataclasses.replace(RECIPE, epochs=5, patience=1, lr=0.2),
    "bfloat16": dataclasses.replace(RECIPE, epochs=5, precision="bf16", label_smoothing=0.1),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("stop", [1, 2, 4])
def test_a_training_that_goes_on_from_its_state_ends_as_one_that_never_stopped(name, stop, table):
    recipe = RECIPES[name]
    frozen = ("backbone.1",) if recipe.freeze_epochs else ()
    random.seed(3)
    np.random.seed(3)
    states = []
    with seeded(0):
        whole = prepared(table, recipe, frozen)
        whole.after_epoch.append(lambda training: states.append(saved_and_read(training.state_dict())))
        run(whole)
    state = states[min(stop, len(states)) - 1]
    random.seed(99)
    np.random.seed(99)
    with seeded(99):
        again = prepared(table, recipe, frozen)
        again.load_state_dict(state)
        run(again)
    assert outcome(again) == outcome(whole)
    assert same(weights(again.model), weights(whole.model))
    assert same(again.best_weights, whole.best_weights)
    assert same(again.after_step[0].average, whole.after_step[0].average)
    assert frozen_parts(again.model) == frozen_parts(whole.model) == list(frozen)


def test_the_state_of_a_training_that_is_over_changes_nothing(table):
    with seeded(0):
        whole = prepared(table, RECIPE)
        run(whole)
        again = prepared(table, RECIPE)
        again.load_state_dict(saved_and_read(whole.state_dict()))
        run(again)
    assert outcome(again) == outcome(whole)
    assert same(weights(again.model), weights(whole.model))


def test_all_chance_goes_on_from_where_it_stood():
    def drawn():
        return random.random(), np.random.rand(), np.random.normal(), torch.rand(()).item()

    np.random.normal()  # numpy keeps the second one of two
    with seeded(1):
        state = saved_and_read(random_state(torch.device("cpu")))
        expected = drawn()
        drawn()
        set_random_state(state, torch.device("cpu"))
        assert drawn() == expected


def test_a_history_that_was_given_out_does_not_change_the_training(table):
    with seeded(0):
        training = prepared(table, RECIPE)
        run(training)
    training.state_dict()["history"][0]["epoch"] = 99
    assert training.history[0]["epoch"] == 1
