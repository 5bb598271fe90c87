"""Several small batches a step are one large batch: the same gradient, the same weights, as many steps."""

import dataclasses
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.training.small import PREPROCESSING, RECIPE, make, make_table, watching, weights
from utils.training.loop import fit, in_groups

SGD = dataclasses.replace(RECIPE, epochs=2, optimizer="sgd", lr=0.1, batch_size=16)


class Smooth(nn.Module):
    """A small network without BatchNorm and dropout, to which a picture is the same in any batch."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.layers = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                                        nn.Linear(6, 3))  # fmt: skip
        self.preprocessing, self.classes, self.num_classes = PREPROCESSING, None, 3

    def forward(self, images):
        return self.layers(images)


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    return make_table(tmp_path_factory.mktemp("forty"), train=40, valid=9, test=0)


def run(table, recipe, **options):
    """The history, and the weights and the gradient after each step."""
    steps = watching(lambda training: weights(training.model))
    gradients = watching(lambda training: torch.cat([each.grad.flatten() for each in training.model.parameters()]))
    loaders = make(table, batch_size=recipe.batch_size)
    history = fit(Smooth(), loaders, recipe, after_step=[steps.call, gradients.call], progress=False, **options).history
    return history, steps.seen, gradients.seen


@pytest.mark.parametrize(("small", "times"), [(8, 2), (2, 8)])
@pytest.mark.parametrize(
    "knobs", [{}, {"optimizer": "adamw", "lr": 0.02}, {"clip_norm": 0.05}, {"label_smoothing": 0.2}]
)
def test_small_batches_give_the_step_of_a_large_one_also_where_the_last_is_smaller(small, times, knobs, forty):
    """40 pictures are steps of 16, 16 and 8."""
    recipe = dataclasses.replace(SGD, **knobs)
    history, steps, gradients = run(forty, recipe)
    again, small_steps, small_gradients = run(forty, dataclasses.replace(recipe, batch_size=small, accumulate=times))
    assert len(small_steps) == len(steps) == 6
    for large, accumulated in zip(steps, small_steps):
        for name, value in large.items():
            torch.testing.assert_close(accumulated[name], value, rtol=1e-5, atol=1e-6)
    for large, accumulated in zip(gradients, small_gradients):
        torch.testing.assert_close(accumulated, large, rtol=1e-4, atol=1e-6)
    assert again["train_loss"].tolist() == pytest.approx(history["train_loss"].tolist(), rel=1e-5)
    assert again["lr"].tolist() == history["lr"].tolist()


def test_a_batch_counts_by_its_pictures_within_a_step(forty):
    """Batches of 12: steps of 36 and of 4, the second of which is no third of a step. Then one step of 24 and 16."""
    for small, times, large in ((12, 3, 36), (24, 2, 40)):
        _, accumulated, _ = run(forty, dataclasses.replace(SGD, batch_size=small, accumulate=times))
        _, whole, _ = run(forty, dataclasses.replace(SGD, batch_size=large))
        for one, other in zip(accumulated, whole, strict=True):
            for name, value in other.items():
                torch.testing.assert_close(one[name], value, rtol=1e-5, atol=1e-6)


def test_clipping_sees_the_gradient_of_the_whole_step(forty):
    recipe = dataclasses.replace(SGD, batch_size=8, accumulate=2, clip_norm=0.05)
    _, _, gradients = run(forty, recipe)
    assert [gradient.norm().item() for gradient in gradients] == pytest.approx([0.05] * 6, rel=1e-3)


def test_the_loss_of_a_step_is_the_mean_over_its_pictures(forty):
    losses = watching(lambda training: training.loss.item())
    fit(Smooth(), make(forty, batch_size=8), dataclasses.replace(SGD, batch_size=8, accumulate=3, lr=1e-9),
        after_step=[losses.call], progress=False)  # fmt: skip
    plain = watching(lambda training: training.loss.item())
    fit(Smooth(), make(forty, batch_size=24), dataclasses.replace(SGD, batch_size=24, lr=1e-9),
        after_step=[plain.call], progress=False)  # fmt: skip
    assert losses.seen == pytest.approx(plain.seen, rel=1e-5)


@pytest.mark.parametrize(("times", "steps"), [(1, 5), (2, 3), (3, 2), (5, 1), (9, 1)])
def test_an_epoch_has_as_many_steps_as_groups_and_the_rates_go_over_these(times, steps, forty):
    seen = watching(lambda training: (training.step, training.steps_an_epoch, training.optimizer.param_groups[0]["lr"]))
    recipe = dataclasses.replace(SGD, batch_size=8, accumulate=times, schedule="linear")
    fit(Smooth(), make(forty, batch_size=8), recipe, after_step=[seen.call], progress=False)
    total = 2 * steps
    assert [step for step, _, _ in seen.seen] == list(range(1, total + 1))
    assert {each for _, each, _ in seen.seen} == {steps}
    assert [lr for _, _, lr in seen.seen] == pytest.approx([0.1 * (1 - step / total) for step in range(total)])


def test_the_bar_counts_steps(forty, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fit(Smooth(), make(forty, batch_size=8), dataclasses.replace(SGD, batch_size=8, accumulate=2))
    assert "6/6" in capsys.readouterr().err.rstrip("\n").split("\r")[-1]


def test_each_batch_of_a_step_is_transformed_by_itself(forty):
    sizes = []

    def note(images, targets):
        sizes.append(len(images))
        return images, targets

    fit(Smooth(), make(forty, batch_size=12), dataclasses.replace(SGD, epochs=1, batch_size=12, accumulate=2),
        batch_transform=note, progress=False)  # fmt: skip
    assert sizes == [12, 12, 12, 4]


@given(st.lists(st.integers(), max_size=20), st.integers(1, 7))
def test_groups_hold_everything_once_in_order_and_only_the_last_is_shorter(things, size):
    groups = list(in_groups(things, size))
    assert sum(groups, []) == things
    assert all(len(group) == size for group in groups[:-1])
    assert all(groups)
