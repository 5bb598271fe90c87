"""What a recipe's names stand for: optimisers here, schedules in `schedules`, losses in `objectives`; and the objects made of them.

A new name is one more entry in OPTIMIZERS, SCHEDULES or LOSSES. What a recipe asks for beyond these (pictures mixed,
weights averaged, a teacher) becomes objects too, and `fit` is given them as it would be given a learner's own.
Introduced in lessons 03 and 07.
"""

import torch
from torch import nn

from utils.data.sampling import without_weights
from utils.errors import CourseError
from utils.training.averaging import EMA
from utils.training.mixing import CutMix, Mixed, MixUp, in_turn
from utils.training.objectives import LOSSES, objective_of_column
from utils.training.schedules import SCHEDULES
from utils.training.teaching import Distilled, Teacher
from utils.versions import optional_module

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "averages_of",
    "batch_transform_of",
    "check_optimizer",
    "make_optimizer",
    "objective_of",
]


def _adamw(groups, recipe, fused):
    """Adam with weight decay of its own (Loshchilov and Hutter, arXiv 1711.05101)."""
    return torch.optim.AdamW(groups, betas=(recipe.momentum, 0.999), fused=fused)


def _adam(groups, recipe, fused):
    """Each weight has a step of its own (Kingma and Ba, arXiv 1412.6980); weight decay goes through the gradient."""
    return torch.optim.Adam(groups, betas=(recipe.momentum, 0.999), fused=fused)


def _sgd(groups, recipe, fused):
    """One step for all, along the gradient and the steps before."""
    return torch.optim.SGD(groups, momentum=recipe.momentum, fused=fused)


def _adabelief(groups, recipe, fused):
    """As AdamW, but a step is small where gradients surprise (Zhuang and others, arXiv 2010.07468)."""
    return _timm("adabelief").AdaBelief(groups, betas=(recipe.momentum, 0.999), rectify=False)


def _ranger(groups, recipe, fused):
    """RAdam, careful at the start (arXiv 1908.03265), with Lookahead, which follows it slowly (arXiv 1907.08610)."""
    lookahead = _timm("ranger").Lookahead
    return lookahead(torch.optim.RAdam(groups, betas=(recipe.momentum, 0.999), decoupled_weight_decay=True))


# "fused" does a whole step in one go; on a CPU too it is faster than a loop over tensors. timm's have no such way.
OPTIMIZERS = {"adamw": _adamw, "adam": _adam, "sgd": _sgd, "adabelief": _adabelief, "ranger": _ranger}
FROM_TIMM = ("adabelief", "ranger")


def _timm(name):
    return optional_module("timm.optim", f"The optimiser {name!r} comes", "'adamw', 'adam' or 'sgd'")


def check_optimizer(recipe) -> None:
    """A CourseError where the recipe's optimiser needs a package that is not installed."""
    if recipe.optimizer in FROM_TIMM:
        _timm(recipe.optimizer)


def make_optimizer(model: nn.Module, recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over all parameters of a model, those of a frozen part too: it skips what has no gradient.

    The head's parameters (of a `model.backbone`, all others) have the rate `lr`, the backbone's `backbone_lr`; the
    highest rate of a group is its `initial_lr`. Weight decay is for weight matrices and kernels: pulling biases and
    BatchNorm's scales to 0 helps nothing.

    Raises:
        CourseError: the optimiser is one of timm's, and timm is not installed.
    """
    backbone = {id(parameter) for parameter in getattr(model, "backbone", nn.Module()).parameters()}
    slow = recipe.lr if recipe.backbone_lr is None else recipe.backbone_lr
    groups = {}
    for parameter in model.parameters():
        lr = slow if id(parameter) in backbone else recipe.lr
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((lr, decay), []).append(parameter)
    listed = [{"params": params, "lr": lr, "initial_lr": lr, "weight_decay": decay}
              for (lr, decay), params in groups.items()]  # fmt: skip
    # With 16 bit floats a fused step would undo their scaling itself, and too late for clipping. Fused SGD cannot begin with
    # some weights while others have momentum already (torch 2.14), as when the backbone joins the head.
    fused = not (recipe.precision == "16" and recipe.clip_norm is not None)
    fused = fused and not (recipe.optimizer == "sgd" and recipe.freeze_epochs)
    return OPTIMIZERS[recipe.optimizer](listed, recipe, fused)


def objective_of(recipe, loaders):
    """What the recipe wants minimised, for loaders with one label column."""
    if len(loaders.classes) != 1:
        raise CourseError(f"Pictures with {len(loaders.classes)} label columns need an objective that says what to do with "
                          f"them: fit(..., objective=heads_objective(recipe, loaders, main={next(iter(loaders.classes))!r})). "
                          "For one: make_loaders(table, ..., columns='label')")  # fmt: skip
    (column,) = loaders.classes
    objective = objective_of_column(recipe, loaders, column)
    if recipe.teacher is None:
        return objective
    return Distilled(objective, recipe.value("teacher_share"), recipe.value("temperature"))


def batch_transform_of(recipe, loaders):
    """What the recipe wants done to each training batch on the device; None where it wants nothing.

    Pictures are mixed first: the teacher is asked about what the student sees.

    Raises:
        CourseError: the teacher does not fit the loaders (see `teaching.Teacher.of`).
    """
    counts = {column: len(names) for column, names in loaders.classes.items()}
    targets = without_weights(loaders.train.dataset.targets)
    counts = counts if isinstance(targets, dict) else next(iter(counts.values()))
    mixing = [kind(alpha, counts) for kind, alpha in ((MixUp, recipe.mixup), (CutMix, recipe.cutmix)) if alpha]
    wanted = [Mixed(mixing)] if len(mixing) > 1 else mixing
    wanted += [Teacher.of(recipe.teacher, loaders)] if recipe.teacher else []
    return in_turn(wanted) if wanted else None


def averages_of(recipe, model: nn.Module) -> list:
    """What the recipe wants done after each step."""
    return [] if recipe.ema is None else [EMA(model, recipe.ema)]
