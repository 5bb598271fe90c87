"""What a recipe's names stand for: optimisers, and how their rates rise and fall.

Words: a *schedule* gives the share of the highest rate at each step; a *step* is one batch. A new name is one more
entry in OPTIMIZERS or SCHEDULES. Introduced in lesson 03.
"""

import math

import torch
from torch import nn

# "fused" does a whole step in one go; on a CPU too it is faster than a loop over tensors.
OPTIMIZERS = {
    "adamw": lambda groups, recipe, fused: torch.optim.AdamW(groups, betas=(recipe.momentum, 0.999), fused=fused),
    "adam": lambda groups, recipe, fused: torch.optim.Adam(groups, betas=(recipe.momentum, 0.999), fused=fused),
    "sgd": lambda groups, recipe, fused: torch.optim.SGD(groups, momentum=recipe.momentum, fused=fused),
}

# From the share of the way that is done (0 to 1) to the share of the rate.
SCHEDULES = {
    "constant": lambda done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
}


def make_optimizer(model: nn.Module, recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over all parameters of a model, those of a frozen part too: it skips what has no gradient.

    The head's parameters (of a `model.backbone`, all others) have the rate `lr`, the backbone's `backbone_lr`; the
    highest rate of a group is its `initial_lr`. Weight decay is for weight matrices and kernels: pulling biases and
    BatchNorm's scales to 0 helps nothing.
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
    # With 16 bit floats a fused step would undo their scaling itself, and too late for clipping.
    fused = not (recipe.precision == "16" and recipe.clip_norm is not None)
    return OPTIMIZERS[recipe.optimizer](listed, recipe, fused)


def share_of_lr(recipe, step: int, steps_an_epoch: int) -> float:
    """The share of the highest rate at a step, over 0 to 1: a linear warm-up, then the recipe's schedule.

    Args:
        step: which one is next, from 0.
        steps_an_epoch: so that the warm-up and the whole way can be said in epochs.
    """
    steps = recipe.epochs * steps_an_epoch
    warmup = min(round(recipe.warmup_epochs * steps_an_epoch), steps - 1)
    if step < warmup:
        return (step + 1) / (warmup + 1)  # never 0: that step would be for nothing
    return SCHEDULES[recipe.schedule]((step - warmup) / (steps - warmup))


def by_recipe(training) -> float:
    """The schedule that `fit` takes where it is given no other: the recipe's, at the training's next step."""
    return share_of_lr(training.recipe, training.step, training.steps_an_epoch)
