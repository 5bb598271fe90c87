"""Every knob of a training run in one place, checked when it is made.

The defaults fit two processor cores and a few hundred pictures. Rates are those of AdamW; lesson 03 explains the
knobs of a first run, lesson 07 the others.
"""

import dataclasses
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

from utils.errors import CourseError, named
from utils.training.choices import OPTIMIZERS, SCHEDULES

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}  # in Fabric's words
# What other libraries call our fields.
ALSO_CALLED = {
    "learning_rate": "lr", "num_epochs": "epochs", "max_epochs": "epochs", "optim": "optimizer", "wd": "weight_decay",
    "scheduler": "schedule", "warmup": "warmup_epochs", "early_stopping": "patience", "amp": "precision",
    "max_norm": "clip_norm", "gradient_clip_val": "clip_norm", "monitor": "best_by", "save_interval": "save_every",
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How to train. `dataclasses.replace(recipe, lr=3e-4)` gives another one.

    Raises:
        CourseError: on creation, naming every field that there is not, or every value that makes no sense.
    """

    epochs: int = 8
    batch_size: int = 32  # pictures; the loaders must be made with the same
    optimizer: str = "adamw"  # of OPTIMIZERS
    lr: float = 1e-3  # of the head, at its highest
    backbone_lr: float | None = None  # of the backbone; None: as the head's
    weight_decay: float = 0.01  # of weight matrices; biases and BatchNorm have none
    momentum: float = 0.9  # share of the steps before in a step; Adam's first beta
    schedule: str = "cosine"  # of SCHEDULES: how the rates fall
    warmup_epochs: float = 0.5  # over which they rise from near 0 at the start
    label_smoothing: float = 0.0  # share of the target given to all classes alike
    class_weights: str | tuple[float, ...] | None = None  # "balanced" (by counts), or one number a class
    freeze_epochs: int = 0  # so long only the head learns
    clip_norm: float | None = None  # longest that a step's gradient may be
    precision: str = "32"  # of PRECISIONS: bf16 and 16 are for GPUs; a CPU gets slower
    patience: int | None = None  # epochs without a better one until it stops
    best_by: str = "valid_accuracy"  # which epoch's weights are kept: a score of the objective
    save_every: int | None = None  # epochs; None: only the best and the last
    compile: bool = False  # torch.compile: a minute of waiting, worth it on long runs
    seed: int = 0  # of dropout and of whatever else is random in the model
    device: str = "auto"  # a GPU where there is one, else the CPU; or "cpu", "cuda", "cuda:1", "mps"

    def __new__(cls, *values, **named_values):
        unknown = [name for name in named_values if name not in cls.__dataclass_fields__]
        if unknown:
            raise CourseError(f"A recipe has no {' and no '.join(map(_with_nearest, unknown))}. Its fields: "
                              f"{', '.join(cls.__dataclass_fields__)}.")  # fmt: skip
        return super().__new__(cls)

    def __post_init__(self):
        for name, value in vars(self).items():
            object.__setattr__(self, name, _plain(value))
        wrong = [f"{name} is {rule.words}, not {getattr(self, name)!r}"
                 for name, rule in RULES.items() if not rule.holds(getattr(self, name))]  # fmt: skip
        if not wrong and self.warmup_epochs >= self.epochs:
            wrong = [f"warmup_epochs is below epochs, which is {self.epochs}, not {self.warmup_epochs!r}"]
        if wrong:
            raise CourseError("A recipe needs other values: " + "; ".join(wrong) + ".")

    def to_dict(self) -> dict:
        """As what JSON knows; Recipe(**recipe.to_dict()) is the same recipe, also after a way through JSON."""
        return dataclasses.asdict(self)


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


_ABOVE_0 = Rule(_is_above_0, "a number above 0")
_FROM_0 = Rule(lambda value: _is_number(value) and value >= 0, "a number from 0")
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
    "label_smoothing": _SHARE,
    "class_weights": _or_none(Rule(_are_weights, "'balanced', or numbers above 0, one a class")),
    "freeze_epochs": _whole(0),
    "clip_norm": _or_none(_ABOVE_0),
    "precision": _one_of(PRECISIONS),
    "patience": _or_none(_whole(1)),
    "best_by": Rule(lambda value: str(value).startswith("valid_"), "the name of a score, as 'valid_accuracy'"),
    "save_every": _or_none(_whole(1)),
    "compile": Rule(lambda value: isinstance(value, bool), "True or False"),
    "seed": _whole(0),
    "device": Rule(lambda value: re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", str(value)) is not None,
                   "'auto', 'cpu', 'cuda', 'cuda:0' and so on, or 'mps'"),
}  # fmt: skip


def _plain(value):
    """Numbers of numpy as Python's, lists (from JSON) as tuples."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(value) if isinstance(value, list) else value


def _with_nearest(name):
    near = [ALSO_CALLED[name]] if name in ALSO_CALLED else difflib.get_close_matches(name, RULES, 1, 0.6)
    return f"{name!r} (did you mean {near[0]!r}?)" if near else repr(name)
