"""The averages are those of a plain loop; they are judged and kept, and the model itself goes on learning."""

import copy
import dataclasses

import pytest
import torch
from torch import nn

from tests.training.small import CLASSES, PREPROCESSING, RECIPE, SIZE, Scripted, Tiny, make, same, watching, weights
from tests.training.test_state import saved_and_read
from utils.errors import CourseError
from utils.models.build import build, seeded
from utils.models.checkpoints import load_checkpoint
from utils.models.freezing import freeze, frozen_parts
from utils.training.averaging import EMA
from utils.training.keeping import keep_best
from utils.training.loop import fit, run
from utils.training.objectives import CrossEntropy
from utils.training.state import set_up

AVERAGED = dataclasses.replace(RECIPE, epochs=4, ema=0.9)


def fitted(model, loaders, recipe=AVERAGED, **options):
    return fit(model, loaders, recipe, **{"progress": False} | options)


def plain_averages(states, decay):
    """As one would write it: the average after each of these states, the first of which is the beginning."""
    average, found = {name: value.clone() for name, value in states[0].items()}, []
    for number, state in enumerate(states[1:], 1):
        kept = min(decay, (1 + number) / (10 + number))
        for name, value in state.items():
            average[name] = kept * average[name] + (1 - kept) * value if value.is_floating_point() else value
        found.append(dict(average))
    return found


@pytest.mark.parametrize("decay", [0.2, 0.9, 0.999])
def test_the_averages_are_those_of_a_plain_loop(decay, loaders):
    model = Tiny()
    before = weights(model)
    raw = watching(lambda training: weights(training.model))
    averages = watching(lambda training: weights(training.judged_model))
    fitted(model, loaders, dataclasses.replace(AVERAGED, ema=decay), after_step=[raw.call, averages.call])
    for found, expected in zip(averages.seen, plain_averages([before, *raw.seen], decay), strict=True):
        assert found.keys() == expected.keys()
        for name in found:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-7)


def test_the_counters_of_batchnorm_are_taken_as_they_are(loaders):
    found = watching(lambda training: training.judged_model.backbone[1].num_batches_tracked.item())
    fitted(Tiny(), loaders, after_step=[found.call])
    assert found.seen == list(range(1, 9))


def test_the_model_itself_learns_as_without_averages(loaders):
    trained = {}
    for ema in (None, 0.9):
        states = watching(lambda training: weights(training.model))
        history = fitted(Tiny(), loaders, dataclasses.replace(AVERAGED, ema=ema), after_step=[states.call]).history
        trained[ema] = states.seen, history
    assert all(same(*pair) for pair in zip(trained[None][0], trained[0.9][0], strict=True))
    assert (trained[None][1]["train_loss"] == trained[0.9][1]["train_loss"]).all()
    assert (trained[None][1]["valid_loss"] != trained[0.9][1]["valid_loss"]).all()


def test_what_is_judged_is_the_average(loaders):
    scored = []

    class Noting(CrossEntropy):
        def scores(self, logits, targets):
            scored.append(logits)
            return super().scores(logits, targets)

    averages = watching(lambda training: copy.deepcopy(training.judged_model).eval())
    fitted(Tiny(), loaders, objective=Noting(), after_epoch=[averages.call])
    images = torch.cat([images for images, _ in loaders.valid])
    with torch.no_grad():
        for logits, model in zip(scored, averages.seen, strict=True):
            torch.testing.assert_close(logits, model(images), rtol=1e-4, atol=1e-5)


def built():
    made = build("shufflenet_v2_x0_5", 3, None, size=SIZE, seed=0)
    made.preprocessing = PREPROCESSING
    return made


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_average_of_the_best_epoch_is_kept_and_given_back(by_hand, loaders, tmp_path):
    model = built()
    averages = watching(lambda training: weights(training.judged_model))
    raw = watching(lambda training: weights(training.model))
    recipe = dataclasses.replace(AVERAGED, epochs=3, ema=None if by_hand else 0.9)
    result = fitted(model, loaders, recipe, output_dir=tmp_path, objective=Scripted(values=[0.2, 0.9, 0.5]),
                    after_step=[EMA(model, 0.9)] if by_hand else (), after_epoch=[averages.call, raw.call])  # fmt: skip
    assert same(weights(result.model), averages.seen[1])
    assert not same(averages.seen[1], raw.seen[1])
    best = load_checkpoint(tmp_path / "best.safetensors")
    assert same(weights(best), averages.seen[1])
    assert best.classes == CLASSES
    assert same(weights(load_checkpoint(tmp_path / "last.safetensors")), averages.seen[2])


def test_the_average_takes_part_in_freeze_epochs_and_in_what_is_frozen(loaders):
    model = Tiny()
    freeze(model, "backbone.0")
    before = weights(model)
    averages = watching(lambda training: weights(training.judged_model))
    result = fitted(model, loaders, dataclasses.replace(AVERAGED, freeze_epochs=2), after_epoch=[averages.call])
    changed = [
        {name for name, value in state.items() if not torch.equal(value, before[name])} for state in averages.seen
    ]
    assert changed[:2] == [{"head.weight", "head.bias"}] * 2
    assert changed[2] == set(before) - {"backbone.0.weight"}
    assert frozen_parts(result.model) == ["backbone.0"]


def test_averaging_goes_on_from_a_saved_state_to_the_same_bits(table):
    def prepared():
        training = set_up(model := Tiny(), make(table), AVERAGED, CrossEntropy())
        training.after_step, training.after_epoch = [EMA(model, 0.9)], [keep_best]
        return training

    states = []
    with seeded(0):
        whole = prepared()
        whole.after_epoch.append(lambda training: states.append(saved_and_read(training.state_dict())))
        run(whole)
    with seeded(99):
        again = prepared()
        again.load_state_dict(states[1])
        run(again)
    assert again.after_step[0].steps == whole.after_step[0].steps == 8
    assert same(weights(again.judged_model), weights(whole.judged_model))
    assert same(weights(again.model), weights(whole.model))
    assert again.history[-1]["valid_loss"] == whole.history[-1]["valid_loss"]


def test_a_model_without_names_can_be_averaged(loaders):
    plain = nn.Sequential(nn.Conv2d(3, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert len(fitted(plain, loaders).history) == 4


@pytest.mark.parametrize("decay", [0, 1, -0.1, 1.5, "0.9", None, True, float("nan")])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(CourseError, match="decay as a number between 0 and 1, such as 0.99"):
        EMA(Tiny(), decay)
