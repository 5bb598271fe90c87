"""Exercise 12: the weights of the best epoch, and not of the last one."""

import copy
import functools

import torch
from torch import nn

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

# Losses on valid, epoch by epoch: the best in the middle, the best first, and all large.
RUNS = [[2.4, 1.9, 1.7, 2.0, 2.2], [1.2, 1.5, 1.4], [250.0, 130.0, 170.0]]


def keep_best(model, one_epoch, epochs):
    """Train, then give the model back with the weights of the epoch that had the lowest loss on valid."""
    best, best_weights = float("inf"), None
    for _ in range(epochs):
        valid_loss = one_epoch(model)
        if valid_loss < best:
            best, best_weights = valid_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)
    return model


def keep_best_of_nothing(model, one_epoch, epochs):
    """Train, then give the model back with the weights of the epoch that had the lowest loss on valid."""
    best, best_weights = 0, model.state_dict()
    for _ in range(epochs):
        valid_loss = one_epoch(model)
        if valid_loss < best:
            best, best_weights = valid_loss, model.state_dict()
    model.load_state_dict(best_weights)
    return model


def probe_keep_best(answer):
    for losses in RUNS:
        model, told = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), list(losses)
        got = answer(model, functools.partial(_one_epoch, told=told, epochs=len(losses)), len(losses))
        _check_weights(got, told, losses)


def _one_epoch(model, told, epochs):
    """A training that gives every tensor the epoch's number, in place as optimisers do, and the next loss."""
    if not told:
        raise NotYet(f"one_epoch was called more than {epochs} times, and there were {epochs} epochs.")
    for tensor in model.state_dict().values():
        tensor.fill_(epochs - len(told) + 1)
    return told.pop(0)


def _check_weights(got, told, losses):
    if not isinstance(got, nn.Module):
        raise NotYet(f"expected the model, got {shown(got)}.")
    if told:
        raise NotYet(f"one_epoch was called {len(losses) - len(told)} times, and there were {len(losses)} epochs.")
    best = losses.index(min(losses)) + 1
    listed = ", ".join(f"{loss:g}" for loss in losses)
    for name, tensor in got.state_dict().items():
        epoch = tensor.flatten()[0].item()
        if epoch != best:
            known = f"epoch {epoch:g}" if epoch in range(1, len(losses) + 1) else "no epoch at all"
            raise NotYet(f"with losses of {listed} the model has the {name} of {known}. {_why(epoch, losses)}")


def _why(epoch, losses):
    if epoch == len(losses):
        return "Was anything ever kept, and is what was kept still what it was?"
    if epoch == losses.index(max(losses)) + 1:
        return "That is the highest loss of all."
    return "What is compared with what?"


def _kept(start=float("inf"), keep=lambda model: copy.deepcopy(model.state_dict()), better=float.__lt__):
    """A keep_best that begins with another best loss, keeps in another way, or compares otherwise."""

    def keep_best(model, one_epoch, epochs):
        best, best_weights = start, model.state_dict()
        for _ in range(epochs):
            valid_loss = one_epoch(model)
            if better(valid_loss, best):
                best, best_weights = valid_loss, keep(model)
        model.load_state_dict(best_weights)
        return model

    return keep_best


def _without_averages(model, one_epoch, epochs):
    best, kept = float("inf"), []
    for _ in range(epochs):
        valid_loss = one_epoch(model)
        if valid_loss < best:
            best, kept = valid_loss, [parameter.detach().clone() for parameter in model.parameters()]
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), kept):
            parameter.copy_(values)
    return model


def _until_it_rises(model, one_epoch, epochs):
    losses = [one_epoch(model)]
    while losses[-1] == min(losses) and len(losses) < epochs:
        losses.append(one_epoch(model))
    return model


def _better_than_before(model, one_epoch, epochs):
    before, best_weights = float("inf"), None
    for _ in range(epochs):
        valid_loss = one_epoch(model)
        if valid_loss < before:
            best_weights = copy.deepcopy(model.state_dict())
        before = valid_loss
    model.load_state_dict(best_weights)
    return model


q12 = Question(
    number=12,
    reference=keep_best,
    probe=probe_keep_best,
    starter=keep_best_of_nothing,
    hints=[
        "There are two mistakes. Which loss is lower than the `best` that it begins with?",
        "Begin with float('inf'). Then: model.state_dict() is no copy. Its tensors are the model's own, and the next "
        "epoch goes on changing them.",
        "copy.deepcopy(model.state_dict()) stays as it is.",
    ],
    why="A loss is never below 0, so nothing was ever kept; and had it been, it would have changed with the model. "
    "Both mistakes are silent: one just gets the last epoch. A file written by torch.save is a copy too.",
    mistakes=[
        Mistake(_kept(start=0.0), "of epoch 5. Was anything ever kept"),
        Mistake(_kept(keep=lambda model: model.state_dict()), "of epoch 5. Was anything ever kept"),
        Mistake(_kept(keep=lambda model: dict(model.state_dict())), "is what was kept still what it was"),
        Mistake(_kept(start=1.0), "of epoch 5. Was anything ever kept"),
        Mistake(_kept(start=100.0), "with losses of 250, 130, 170 the model has"),
        Mistake(_kept(start=0.0, better=float.__gt__), "the highest loss of all"),
        Mistake(_without_averages, "the 1.running_mean of epoch 5"),
        Mistake(_until_it_rises, "one_epoch was called 4 times"),
        Mistake(_better_than_before, "with losses of 1.2, 1.5, 1.4"),
        Mistake(
            lambda model, one_epoch, epochs: keep_best(model, one_epoch, epochs).state_dict(), "expected the model"
        ),
        Mistake(lambda model, one_epoch, epochs: [one_epoch(model) for _ in range(epochs + 1)], "more than 5 times"),
    ],
)
