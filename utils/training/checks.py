"""Whether a model, loaders, a recipe and an objective fit together: asked before training starts, not after an epoch."""

import difflib

import torch
from torch import nn

from utils import processes
from utils.data.sampling import without_weights
from utils.errors import CourseError, named
from utils.evaluation.predictions import check_preprocessing
from utils.models.freezing import Freezable
from utils.training.averaging import EMA
from utils.training.choices import check_optimizer
from utils.training.objectives import CrossEntropy
from utils.training.rules import BESIDE
from utils.training.schedules import by_recipe
from utils.training.teaching import Distilled, Teacher


def check_fit(model, loaders, recipe, objective, output_dir=None, after_step=(), after_epoch=(), resume=False) -> None:
    """A CourseError, with what to do, where `fit` could not do all that it is asked for."""
    _check_loaders(loaders, recipe)
    check_preprocessing(model, loaders.train)
    if isinstance(getattr(model, "classes", None), dict):
        _check_heads(model, loaders, objective)
    else:
        _check_classes(model, loaders)
    _check_model(model, recipe)
    _check_objective(objective, recipe)
    check_optimizer(recipe)
    _check_device(recipe)
    if recipe.save_every is not None and not output_dir:
        raise CourseError(f"save_every={recipe.save_every} needs a folder to save to: fit(..., output_dir='...')")
    if resume and not output_dir:
        raise CourseError("resume=True needs the folder of the training that is to go on: fit(..., output_dir='...')")
    for name, calls in (("after_step", after_step), ("after_epoch", after_epoch)):
        if not isinstance(calls, (list, tuple)) or not all(map(callable, calls)):
            raise CourseError(f"Expected {name} as a list of callables, each given the Training: {name}=[my_function]")
        half = [
            type(each).__name__
            for each in calls
            if hasattr(each, "state_dict") and not hasattr(each, "load_state_dict")
        ]
        if half:
            raise CourseError(f"Expected what has a state_dict to have load_state_dict too, so that a training can go on, but "
                              f"{named(half)} in {name} has none.")  # fmt: skip


def check_handed_in(recipe, objective, schedule, batch_transform, after_step) -> None:
    """A CourseError where the recipe asks for what an object that was handed in takes the place of, or does already."""
    asked = [name for name in ("mixup", "cutmix", "teacher") if getattr(recipe, name)]
    if asked and batch_transform is not None:
        raise CourseError(f"The recipe asks for {named(asked)}, but a batch_transform was given, which takes the place of it. "
                          "Give both in one: in_turn([...]) of utils.training.mixing; or leave it out of the recipe.")  # fmt: skip
    if _has_teacher(batch_transform) and not isinstance(objective, Distilled):
        raise CourseError(f"The batch_transform is a Teacher, but {type(objective).__name__}, the objective, cannot learn from "
                          "one. Put another around it: fit(..., objective=Distilled(objective)).")  # fmt: skip
    if recipe.ema is not None and any(isinstance(each, EMA) for each in after_step):
        raise CourseError(
            "Weights are averaged twice: the recipe asks for ema, and after_step has an EMA. Leave out one."
        )
    unheard = [
        name for name, (other, _, _) in BESIDE.items() if other == "schedule" and getattr(recipe, name) is not None
    ]
    if schedule is not by_recipe and unheard:
        raise CourseError(
            f"The recipe says {named(unheard)}, but another schedule was given, which does not know of it."
        )


def _has_teacher(batch_transform):
    """Whether it is a Teacher, or has one among its parts."""
    return isinstance(batch_transform, Teacher) or any(map(_has_teacher, getattr(batch_transform, "transforms", ())))


def _check_loaders(loaders, recipe):
    if loaders.valid is None:
        raise CourseError("Training needs a valid part to choose the best epoch by, but there is none. "
                          "Split anew: add_splits(table.drop(columns='split'))")  # fmt: skip
    found = loaders.train.batch_sampler.batch_size
    if found != recipe.batch_size:
        raise CourseError(f"The loaders make batches of {found}, but the recipe says {recipe.batch_size}. Make them with "
                          "make_loaders(..., batch_size=recipe.batch_size).")  # fmt: skip
    if found < 2 * processes.count():
        raise CourseError(f"{processes.count()} processes share each batch and need 2 pictures each, but batch_size is {found}. "
                          f"Take {2 * processes.count()} or more, or fewer processes.")  # fmt: skip
    for name in ("sampling", "sample_weights"):
        if getattr(loaders, name) != getattr(recipe, name):
            raise CourseError(f"The loaders were made with {name}={getattr(loaders, name)!r}, but the recipe says "
                              f"{getattr(recipe, name)!r}. Make them with make_loaders(..., {name}=recipe.{name}).")  # fmt: skip
    for split, loader in (("train", loaders.train), ("valid", loaders.valid)):
        unlabelled = [column for column in loaders.classes if loader.table[column].isna().all()]
        if unlabelled:
            raise CourseError(f"Not one picture of the split {split!r} has a label in the column {named(unlabelled)}, so "
                              "there is nothing to learn or to judge by. Label some, or split anew.")  # fmt: skip


def _check_classes(model, loaders):
    """The model's logits and the loaders' targets mean the same; a model without names takes the loaders'."""
    if len(loaders.classes) != 1 or not hasattr(model, "classes"):
        return
    ((_, names),) = loaders.classes.items()
    if model.num_classes != len(names):
        raise CourseError(f"The model tells {model.num_classes} classes apart, but the pictures have {len(names)}: "
                          f"{named(names)}. Build it with num_classes={len(names)}.")  # fmt: skip
    if model.classes is not None and list(model.classes) != list(names):
        raise CourseError(f"The model's classes are {named(model.classes)}, the pictures' {named(names)}. Make the loaders "
                          "with classes=model.classes, or build the model for these: build(..., classes=[...]).")  # fmt: skip
    model.classes = list(names)


def _check_heads(model, loaders, objective):
    """The model's heads, the loaders' columns and the objective's heads are the same, and their numbers mean the same."""
    remake = "make_loaders(table, ..., columns=list(model.classes), classes=model.classes)"
    columns = loaders.classes if isinstance(without_weights(loaders.train.dataset.targets), dict) else {}
    if set(columns) != set(model.classes):
        raise CourseError(f"The model has the heads {named(model.classes)}, but the loaders give targets for "
                          f"{named(columns) or 'no heads'}. Make them for the model: {remake}")  # fmt: skip
    for head, names in model.classes.items():
        if list(columns[head]) != list(names):
            raise CourseError(f"The classes of the model's head {head!r} are {named(names)}, the pictures' "
                              f"{named(columns[head])}. Make the loaders with the model's: {remake}")  # fmt: skip
    heads = getattr(objective, "heads", model.classes if not isinstance(objective, CrossEntropy) else {})
    if set(heads) != set(model.classes):
        raise CourseError(f"The model has the heads {named(model.classes)}, but the objective has {named(heads) or 'none'}. "
                          f"Take heads_objective(recipe, loaders, main={next(iter(model.classes))!r}).")  # fmt: skip


def _check_model(model, recipe):
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise CourseError("All of the model is frozen, so there is nothing to train. Let it learn: unfreeze(model)")
    has_backbone = isinstance(getattr(model, "backbone", None), nn.Module)
    if recipe.backbone_lr is not None and not has_backbone:
        raise CourseError("backbone_lr is for a model with a `backbone`, as build(...) makes it; this one has none.")
    if not recipe.freeze_epochs:
        return
    if not (has_backbone and isinstance(model, Freezable)):
        raise CourseError("freeze_epochs is for a model with a `backbone` that can be frozen, as build(...) makes it.")
    backbone = {id(parameter) for parameter in model.backbone.parameters()}
    if not any(parameter.requires_grad and id(parameter) not in backbone for parameter in model.parameters()):
        others = [repr(name) for name, part in model.named_children() if name != "backbone" and [*part.parameters()]]
        raise CourseError("With freeze_epochs only the head learns at first, but here it is frozen. Let it learn: "
                          f"unfreeze(model, {', '.join(others)})")  # fmt: skip


def _check_objective(objective, recipe):
    missing = [name for name in ("loss", "scores", "higher_is_better") if not hasattr(objective, name)]
    if missing:
        raise CourseError(f"Expected an objective, which has loss, scores and higher_is_better, but this "
                          f"{type(objective).__name__} has no {named(missing)}. For an example see "
                          "utils.training.objectives.CrossEntropy.")  # fmt: skip
    unheard = [head for head, share in getattr(objective, "shares", {}).items() if share == 0]
    if unheard and processes.count() > 1:
        raise CourseError(f"Several processes wait for a gradient of every head, but {named(unheard)} has a weight of 0. Give "
                          "it a small one, 1e-6 for instance, or train with one process.")  # fmt: skip
    scores = list(objective.higher_is_better)
    if recipe.best_by not in scores:
        near = difflib.get_close_matches(recipe.best_by, scores, 1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise CourseError(f"best_by is {recipe.best_by!r}, but the scores of an epoch are {named(scores)}.{meant}")
    # An objective that was handed in would leave these without effect, and nobody would notice.
    asked = {"label_smoothing": recipe.label_smoothing > 0, "class_weights": recipe.class_weights is not None,
             "gamma": recipe.loss == "focal", "temperature": recipe.teacher is not None}  # fmt: skip
    unheard = [name for name, is_asked in asked.items() if is_asked and not _has(objective, name)]
    if unheard:
        raise CourseError(f"The recipe asks for {named(unheard)}, but the objective that was given has none. Give it to "
                          "the objective, or leave it out of the recipe.")  # fmt: skip


def _has(objective, name):
    value = getattr(objective, name, None)
    return value is not None and not (isinstance(value, (int, float)) and value == 0)


def _check_device(recipe):
    kind, _, number = recipe.device.partition(":")
    if number and processes.count() > 1:
        raise CourseError(f"Each of the {processes.count()} processes takes a device of its own, but the recipe says "
                          f"device={recipe.device!r}. Take device={kind!r}.")  # fmt: skip
    there = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if kind in there and int(number or 0) >= there[kind]:
        raise CourseError(f"The recipe says device={recipe.device!r}, but this machine has {there[kind]} of that kind. "
                          "Take device='auto'.")  # fmt: skip
    is_cpu = kind == "cpu" or (kind == "auto" and not any(there.values()))
    if recipe.precision == "16" and is_cpu:
        raise CourseError("precision='16' needs a GPU; on a CPU take '32' (or 'bf16', which is slower there).")
