"""What each field of a recipe may be, as a question and in words; and which fields have a meaning only beside others."""

import re
from collections.abc import Callable
from numbers import Integral, Real
from typing import NamedTuple

from utils.data.sampling import SAMPLINGS
from utils.errors import named
from utils.training.choices import LOSSES, OPTIMIZERS, SCHEDULES

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}  # in Fabric's words


class Rule(NamedTuple):
    """What a field's value must be, as a question and in words."""

    holds: Callable[[object], bool]
    words: str


def _whole(least):
    return Rule(lambda value: _is_whole(value) and least <= value < 2**32, f"a whole number from {least}")


def _one_of(names):
    return Rule(lambda value: isinstance(value, str) and value in names, f"one of {named(names)}")


def _or_none(rule):
    return Rule(lambda value: value is None or rule.holds(value), f"{rule.words}, or None")


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and abs(value) < float("inf")


def _is_above_0(value):
    return _is_number(value) and value > 0


def _are_weights(value):
    return value == "balanced" or (isinstance(value, tuple) and len(value) > 1 and all(map(_is_above_0, value)))


def _are_milestones(value):
    if not isinstance(value, tuple) or not value or not all(_is_whole(each) and each > 0 for each in value):
        return False
    return list(value) == sorted({*value})


_ABOVE_0 = Rule(_is_above_0, "a number above 0")
_FROM_0 = Rule(lambda value: _is_number(value) and value >= 0, "a number from 0")
_BETWEEN = Rule(lambda value: _is_number(value) and 0 < value < 1, "a number between 0 and 1")
_NAME = Rule(lambda value: isinstance(value, str) and value != "", "a text")
_YES_OR_NO = Rule(lambda value: isinstance(value, bool), "True or False")
_SHARE = Rule(lambda value: _is_number(value) and 0 <= value < 1, "a number from 0 to below 1")
RULES = {
    "epochs": _whole(1),
    "batch_size": _whole(2),
    "optimizer": _one_of(OPTIMIZERS),
    "lr": _ABOVE_0,
    "backbone_lr": _or_none(_ABOVE_0),
    "weight_decay": _FROM_0,
    "momentum": _SHARE,
    "schedule": _one_of(SCHEDULES),
    "warmup_epochs": _FROM_0,
    "drop_to": _or_none(_BETWEEN),
    "drop_every": _or_none(_whole(1)),
    "drop_at": _or_none(Rule(_are_milestones, "whole numbers from 1, each larger than the one before, such as (4, 6)")),
    "plateau_patience": _or_none(_whole(0)),
    "cycle_epochs": _or_none(_ABOVE_0),
    "cycle_growth": _or_none(Rule(lambda value: _is_number(value) and value >= 1, "a number from 1")),
    "rise": _or_none(_BETWEEN),
    "loss": _one_of(LOSSES),
    "focal_gamma": _or_none(_ABOVE_0),
    "label_smoothing": _SHARE,
    "class_weights": _or_none(Rule(_are_weights, "'balanced', or numbers above 0, one a class")),
    "sample_weights": _or_none(_NAME),
    "sampling": _one_of(SAMPLINGS),
    "mixup": _FROM_0,
    "cutmix": _FROM_0,
    "teacher": _or_none(_NAME),
    "teacher_share": _or_none(Rule(lambda value: _is_number(value) and 0 < value <= 1, "a number above 0, 1 at most")),
    "temperature": _or_none(_ABOVE_0),
    "freeze_epochs": _whole(0),
    "accumulate": _whole(1),
    "clip_norm": _or_none(_ABOVE_0),
    "ema": _or_none(_BETWEEN),
    "precision": _one_of(PRECISIONS),
    "patience": _or_none(_whole(1)),
    "best_by": Rule(lambda value: str(value).startswith("valid_"), "the name of a score, as 'valid_accuracy'"),
    "save_every": _or_none(_whole(1)),
    "save_last": _YES_OR_NO,
    "compile": _YES_OR_NO,
    "seed": _whole(0),
    "device": Rule(lambda value: re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", str(value)) is not None,
                   "'auto', 'cpu', 'cuda', 'cuda:0' and so on, or 'mps'"),
}  # fmt: skip


def _milestones(epochs):
    """After a half and three quarters of the epochs, as far as there are such epochs."""
    return tuple(sorted({at for at in (round(epochs / 2), round(epochs * 3 / 4)) if 0 < at < epochs}))


# Fields that mean something only beside certain values of another one: {field: (the other, those values, what it is
# where nothing is said: a value, or a function of the epochs)}. Given without, they are refused: a setting without
# effect would look like one that has some.
BESIDE = {
    "drop_to": ("schedule", ("step", "multi_step", "plateau"), 0.1),
    "drop_every": ("schedule", ("step",), lambda epochs: max(1, round(epochs / 3))),
    "drop_at": ("schedule", ("multi_step",), _milestones),
    "plateau_patience": ("schedule", ("plateau",), 1),
    "cycle_epochs": ("schedule", ("warm_restarts",), lambda epochs: epochs / 2),
    "cycle_growth": ("schedule", ("warm_restarts",), 1),
    "rise": ("schedule", ("one_cycle",), 0.3),
    "focal_gamma": ("loss", ("focal",), 2.0),
    "teacher_share": ("teacher", (), 0.5),
    "temperature": ("teacher", (), 2.0),
}


def has_effect(other, values: tuple) -> bool:
    """Whether a field of BESIDE means something, beside the other field's value: one of these, or any where none is named."""
    return other in values if values else other is not None


def without_effect(recipe) -> list[str]:
    """What is wrong with fields that were given although nothing would come of them, in words."""
    wrong = []
    for name, (other, values, _) in BESIDE.items():
        found = getattr(recipe, other)
        if getattr(recipe, name) is not None and not has_effect(found, values):
            needs = (
                f"only for {other}={' or '.join(map(repr, values))}" if values else f"only for a recipe with a {other}"
            )
            wrong.append(f"{name} is {needs}, but {other} is {found!r}")
    late = [epoch for epoch in recipe.value("drop_at") if epoch >= recipe.epochs]
    if recipe.schedule == "multi_step" and late:
        wrong.append(f"drop_at is within the {recipe.epochs} epochs, not at {named(late)}")
    if recipe.teacher_share == 1:
        of_labels = {"label_smoothing": recipe.label_smoothing > 0, "class_weights": recipe.class_weights is not None,
                     "sample_weights": recipe.sample_weights is not None, "loss": recipe.loss != "cross_entropy"}  # fmt: skip
        wrong += [f"{name} is about the labels, of which teacher_share=1 takes no notice"
                  for name, is_given in of_labels.items() if is_given]  # fmt: skip
    return wrong
