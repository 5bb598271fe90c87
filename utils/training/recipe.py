"""Every knob of a training run in one place, checked when it is made.

The defaults fit two processor cores and a few hundred pictures. Rates are those of AdamW; lesson 03 explains the
knobs of a first run, lesson 07 the others.
"""

import dataclasses
import difflib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.errors import CourseError
from utils.files import read_yaml, write_yaml
from utils.training.rules import BESIDE, RULES, has_effect, without_effect

# What other libraries call our fields.
ALSO_CALLED = {
    "learning_rate": "lr", "num_epochs": "epochs", "max_epochs": "epochs", "optim": "optimizer", "wd": "weight_decay",
    "scheduler": "schedule", "warmup": "warmup_epochs", "early_stopping": "patience", "amp": "precision",
    "max_norm": "clip_norm", "gradient_clip_val": "clip_norm", "monitor": "best_by", "save_interval": "save_every",
    "step_size": "drop_every", "milestones": "drop_at", "gamma": "drop_to", "T_0": "cycle_epochs", "T_mult": "cycle_growth",
    "pct_start": "rise", "criterion": "loss", "ema_decay": "ema", "accumulate_grad_batches": "accumulate",
    "gradient_accumulation_steps": "accumulate", "mixup_alpha": "mixup", "cutmix_alpha": "cutmix",
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
    schedule: str = "cosine"  # of SCHEDULES: how the rates go
    warmup_epochs: float = 0.5  # over which they rise from near 0 at the start
    drop_to: float | None = None  # schedules step, multi_step, plateau: a drop is times this (0.1)
    drop_every: int | None = None  # step: epochs between drops (a third of all)
    drop_at: tuple[int, ...] | None = None  # multi_step: the epochs of the drops (after 1/2 and 3/4)
    plateau_patience: int | None = None  # plateau: epochs without a better one that are borne (1)
    cycle_epochs: float | None = None  # warm_restarts: length of the first cycle (half of all)
    cycle_growth: float | None = None  # warm_restarts: each cycle is so many times the one before (1)
    rise: float | None = None  # one_cycle: share of the way on which the rate rises (0.3)
    loss: str = "cross_entropy"  # of LOSSES
    focal_gamma: float | None = None  # focal: how much less what is sure counts (2)
    label_smoothing: float = 0.0  # share of the target given to all classes alike
    class_weights: str | tuple[float, ...] | None = None  # "balanced" (by counts), or one number a class
    sample_weights: str | None = None  # column of the table with a weight for each picture; loaders with the same
    sampling: str = "shuffled"  # or "balanced": each class is drawn as often; the loaders must be made with the same
    mixup: float = 0.0  # alpha: two pictures laid over one another; 0: not
    cutmix: float = 0.0  # alpha: a rectangle of another picture; 0: not; with both, one of them a batch
    teacher: str | None = None  # checkpoint of a model from whose probabilities to learn
    teacher_share: float | None = None  # its share of the loss (0.5)
    temperature: float | None = None  # by which its logits are divided (2)
    freeze_epochs: int = 0  # so long only the head learns
    accumulate: int = 1  # batches a step
    clip_norm: float | None = None  # longest that a step's gradient may be
    ema: float | None = None  # decay of a running mean of the weights, judged and kept in their place
    precision: str = "32"  # of PRECISIONS: bf16 and 16 are for GPUs; a CPU gets slower
    patience: int | None = None  # epochs without a better one until it stops
    best_by: str = "valid_accuracy"  # which epoch's weights are kept: a score of the objective
    save_every: int | None = None  # epochs; None: only the best and the last
    save_last: bool = True  # False: keep the best only
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
        wrong = wrong or without_effect(self)
        if wrong:
            raise CourseError("A recipe needs other values: " + "; ".join(wrong) + "." + _yaml_hint(self))

    def value(self, name: str):
        """A field, or what is taken where it is None: `Recipe(schedule="step").value("drop_every")` is 3 of 8 epochs."""
        found = getattr(self, name)
        if found is not None or name not in BESIDE:
            return found
        usual = BESIDE[name][2]
        return usual(self.epochs) if callable(usual) else usual

    def but(self, **changes) -> "Recipe":
        """Another recipe: these fields changed, and left out what then means nothing, `drop_every` without its schedule say."""
        values = self.to_dict() | changes
        for name, (other, allowed, _) in BESIDE.items():
            if name not in changes and not has_effect(values[other], allowed):
                values[name] = None
        return Recipe(**values)

    def save(self, path: str | Path) -> Path:
        """Write it as YAML, which `read_recipe` reads, and `papermill -f` for a lesson that has these parameters."""
        return write_yaml(
            path,
            self.to_dict(),
            "Every knob of a training: read_recipe(path), papermill -f path",
        )

    def to_dict(self) -> dict:
        """As what JSON knows; Recipe(**recipe.to_dict()) is the same recipe, also after a way through JSON."""
        return dataclasses.asdict(self)


def _plain(value):
    """Numbers of numpy as Python's, lists (from JSON) as tuples."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(value) if isinstance(value, list) else value


def read_recipe(path: str | Path) -> Recipe:
    """The recipe in a YAML file, such as the `recipe.yaml` that `fit` leaves beside its results.

    Raises:
        CourseError: there is none, it is no YAML, or as for Recipe.
    """
    return Recipe(**read_yaml(path))


def _yaml_hint(recipe):
    """Papermill's YAML takes 1e-3 for a text, since it has no point."""
    as_text = [value for name, value in vars(recipe).items()
               if isinstance(value, str) and _is_number_text(value) and not RULES[name].holds(value)]  # fmt: skip
    if not as_text:
        return ""
    right = np.format_float_scientific(float(as_text[0]), trim="0", exp_digits=2)
    return f" In YAML a number with an exponent has a point and a sign: {right}, not {as_text[0]}."


def _is_number_text(text):
    try:
        return "e" in text.lower() and math.isfinite(float(text))
    except ValueError:
        return False


def _with_nearest(name):
    near = [ALSO_CALLED[name]] if name in ALSO_CALLED else difflib.get_close_matches(name, RULES, 1, 0.6)
    return f"{name!r} (did you mean {near[0]!r}?)" if near else repr(name)
