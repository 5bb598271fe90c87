"""A training ends when it should, keeps what was best, and says why: no progress, Ctrl-C, a loss that is no number."""

import dataclasses
import math
import signal
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.small import RECIPE, Scripted, Tiny, same, watching, weights
from utils.errors import CourseError
from utils.training.keeping import is_better
from utils.training.loop import fit
from utils.training.objectives import CrossEntropy
from utils.training.progress import CtrlC


def fitted(model, loaders, output_dir=None, recipe=RECIPE, **options):
    return fit(model, loaders, recipe, output_dir, **{"progress": False} | options)


def scripted(loaders, values, patience, **options):
    """A training of up to six epochs with these accuracies."""
    recipe = dataclasses.replace(RECIPE, epochs=6, patience=patience)
    return fitted(Tiny(), loaders, recipe=recipe, objective=Scripted(values=values, **options))


# --- early stop --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("values", "patience", "epochs", "best"), [
    ([0.5, 0.6, 0.4, 0.6, 0.9, 0.9], 2, 4, 2),
    ([0.5, 0.6, 0.4, 0.6, 0.9, 0.9], 3, 6, 5),
    ([0.5, 0.6, 0.4, 0.6, 0.9, 0.9], None, 6, 5),
    ([0.0] * 6, 1, 2, 1),
    ([0.0] * 6, 3, 4, 1),
    ([math.nan] * 6, 2, 3, 1),
    ([math.nan, 0.0, math.nan, math.nan, 0.1, 0.1], 2, 4, 2),
    ([0.5, math.nan, 0.6, 0.6, 0.6, 0.6], 2, 5, 3),
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 1, 6, 6),
])  # fmt: skip
def test_it_stops_once_so_many_epochs_brought_nothing_better(values, patience, epochs, best, loaders):
    result = scripted(loaders, list(values), patience)
    assert (len(result.history), result.best["epoch"]) == (epochs, best)
    stops = patience is not None and epochs - best >= patience
    assert result.stopped == (f"nothing better than epoch {best} in {patience} epochs" if stops else "")


def test_of_a_loss_the_lowest_is_best(loaders):
    recipe = dataclasses.replace(RECIPE, best_by="valid_loss")
    objective = Scripted("valid_loss", [0.5, 0.2, 0.3], higher=False)
    assert fitted(Tiny(), loaders, recipe=recipe, objective=objective).best["epoch"] == 2


NUMBERS = st.floats(allow_infinity=False) | st.just(math.nan)


@given(NUMBERS, NUMBERS, st.booleans())
def test_a_number_is_better_than_nan_and_never_both_are_better(one, other, higher):
    first, second = is_better({"s": one}, {"s": other}, "s", higher), is_better({"s": other}, {"s": one}, "s", higher)
    assert not (first and second)
    if math.isnan(one) or math.isnan(other):
        assert (first, second) == (not math.isnan(one) and math.isnan(other), math.isnan(one) and not math.isnan(other))
    else:
        assert (first or second) == (one != other)
        assert first == (one > other if higher else one < other)


def test_a_callable_ends_the_training_by_saying_why(loaders):
    def enough(training):
        if training.epoch == 2:
            training.stopped = "good enough"

    result = fitted(Tiny(), loaders, after_epoch=[enough])
    assert (len(result.history), result.stopped) == (2, "good enough")


# --- Ctrl-C ------------------------------------------------------------------------------------------


def press():
    """Ctrl-C, as the system delivers it."""
    signal.raise_signal(signal.SIGINT)


def interrupt():
    raise KeyboardInterrupt


def at_step(number, action):
    return lambda training: action() if training.step == number else None


@pytest.mark.parametrize("action", [press, interrupt])
@pytest.mark.parametrize("step", [3, 4])
def test_ctrl_c_keeps_the_best_and_returns(action, step, loaders, tmp_path):
    states = watching(lambda training: weights(training.model))
    model = Tiny()
    result = fitted(model, loaders, after_epoch=[states.call], after_step=[at_step(step, action)])
    assert (len(result.history), result.best["epoch"]) == (1, 1)
    assert result.stopped == "interrupted after epoch 1"
    assert same(states.seen[0], weights(model))
    assert not any(module.training for module in model.modules())


def test_ctrl_c_waits_until_the_step_is_done(loaders):
    """Pressed within a step: the loss is computed, the step is made and counted, and no other one begins."""
    steps = watching(lambda training: training.step)

    class Pressing(CrossEntropy):
        def loss(self, logits, targets):
            if len(steps.seen) == 2:
                press()
            return super().loss(logits, targets)

    result = fitted(Tiny(), loaders, objective=Pressing(), after_step=[steps.call])
    assert steps.seen == [1, 2, 3]
    assert result.stopped == "interrupted after epoch 1"


def test_ctrl_c_while_an_epoch_is_judged_lets_it_count(loaders):
    class Pressing(CrossEntropy):
        def scores(self, logits, targets):
            press()
            return super().scores(logits, targets)

    result = fitted(Tiny(), loaders, objective=Pressing())
    assert (len(result.history), result.best["epoch"]) == (1, 1)
    assert result.stopped == "interrupted after epoch 1"


@pytest.mark.parametrize("action", [press, interrupt])
def test_ctrl_c_within_the_first_epoch_says_that_nothing_was_saved(action, loaders):
    with pytest.raises(KeyboardInterrupt, match="within its first epoch.*nothing was saved"):
        fitted(Tiny(), loaders, after_step=[at_step(1, action)])


def test_ctrl_c_pressed_twice_does_not_wait(loaders):
    class Pressing(CrossEntropy):
        def loss(self, logits, targets):
            press()
            press()
            pytest.fail("the second one waited")

    with pytest.raises(KeyboardInterrupt):
        fitted(Tiny(), loaders, objective=Pressing())


def test_ctrl_c_is_everybodys_again_afterwards(loaders):
    fitted(Tiny(), loaders)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        fitted(Tiny(), loaders, after_step=[at_step(1, press)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        press()


def test_who_listens_to_ctrl_c_already_goes_on_to():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with CtrlC() as ctrl_c:
            press()
        assert heard == [1]
        assert not ctrl_c.pressed
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_runs_in_another_thread_too(loaders):
    results = []
    thread = threading.Thread(target=lambda: results.append(fitted(Tiny(), loaders)))
    thread.start()
    thread.join()
    assert len(results[0].history) == 3


# --- a loss that is no number ------------------------------------------------------------------------


class Breaking(CrossEntropy):
    """Its loss is no number from some call on."""

    def __init__(self, calls, value=math.nan):
        super().__init__()
        self.calls, self.value = calls, value

    def loss(self, logits, targets):
        self.calls -= 1
        return super().loss(logits, targets) * (self.value if self.calls < 0 else 1)


def message(*arguments, **options):
    with pytest.raises(CourseError) as caught:
        fitted(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_stops_with_what_to_try(value, loaders):
    found = message(Tiny(), loaders, objective=Breaking(0, value))
    assert "no number any more in epoch 1, by step 2" in found
    assert "lr is 0.02. Try lr=0.002 or clip_norm=1. Build the model anew." in found


def test_it_gives_the_model_its_best_weights_back_and_says_so(loaders):
    states = watching(lambda training: weights(training.model))
    model = Tiny()
    found = message(model, loaders, objective=Breaking(5), after_epoch=[states.call])
    assert "in epoch 3, by step 6" in found
    (kept,) = (number for number, state in enumerate(states.seen, 1) if same(weights(model), state))
    assert found.endswith(f"The model has the weights of epoch {kept} again.")
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_it_is_noticed_within_a_long_epoch(loaders, monkeypatch):
    monkeypatch.setattr("utils.training.loop.CHECK_EVERY", 1)
    assert "in epoch 2, by step 3" in message(Tiny(), loaders, objective=Breaking(2))


def test_with_clipping_it_is_the_same_message_without_clipping_as_advice(loaders):
    found = message(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, clip_norm=1), objective=Breaking(0))
    assert "Try lr=0.002. Build" in found


def test_with_mixed_precision_32_bits_are_advised(loaders):
    found = message(Tiny(), loaders, recipe=dataclasses.replace(RECIPE, precision="bf16"), objective=Breaking(0))
    assert "precision='32'" in found


def test_a_rate_far_too_high_is_such_a_loss(loaders):
    recipe = dataclasses.replace(RECIPE, optimizer="sgd", lr=1e30)
    assert "Try lr=1e+29" in message(Tiny(), loaders, recipe=recipe)


def test_any_other_error_leaves_the_best_weights_in_the_model_too(loaders):
    states = watching(lambda training: weights(training.model))
    model = Tiny()

    def fails(training):
        if training.step == 4:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        fitted(model, loaders, after_epoch=[states.call], after_step=[fails])
    assert same(states.seen[0], weights(model))
