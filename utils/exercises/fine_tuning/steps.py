"""Exercise 3: one step of the loop, in the right order."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number

RATE = 0.5


def train_step(model, images, targets, optimizer, longest):
    """One step with a gradient of length `longest` at most; the loss before it."""
    loss = F.cross_entropy(model(images), targets)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    optimizer.step()
    return loss.item()


def train_step_clipped_early(model, images, targets, optimizer, longest):
    """One step with a gradient of length `longest` at most; the loss before it."""
    loss = F.cross_entropy(model(images), targets)
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def probe_train_step(answer):
    _check_steps(answer, longest=1000, case="a short gradient")
    _check_steps(answer, longest=0.1, case="a long gradient")


def _check_steps(answer, longest, case):
    """Three steps on other pictures each, with plain SGD, by which a step is the rate times the gradient."""
    generator = torch.Generator().manual_seed(1)
    model = linear_of(generator, 6, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    for step in ("first", "second", "third"):
        images, targets = 5 * torch.randn(4, 6, generator=generator), torch.randint(3, (4,), generator=generator)
        before, (loss, gradient) = _flat(model), _loss_and_gradient(model, images, targets)
        got = as_number(answer(model, images, targets, optimizer, longest), "the loss, a number")
        _check_move((before - _flat(model)) / RATE, gradient, longest, f"{case}, {step} step")
        if not abs(got - loss) < 1e-4 * max(1, loss):
            raise NotYet(f"{case}, {step} step: the loss of these pictures was {loss:.3f}, and {got:.3f} was returned.")


def linear_of(generator, features, classes):
    """A linear layer with weights from this generator."""
    model = nn.Linear(features, classes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def _flat(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def _loss_and_gradient(model, images, targets):
    model = copy.deepcopy(model)
    loss = F.cross_entropy(model(images), targets)
    return loss.item(), torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(model.parameters()))])


def _check_move(moved, gradient, longest, case):
    """What the weights moved by, over the rate, is the gradient, shortened where it is too long."""
    length, right = moved.norm().item(), gradient * min(1, longest / gradient.norm().item())
    if length == 0:
        raise NotYet(f"{case}: no weight has moved.")
    if torch.allclose(moved, right, rtol=0.02, atol=1e-3 * right.norm().item()):
        return
    if length > 1.02 * longest:
        raise NotYet(f"{case}: at most {longest:g} long was asked, the step was taken with one of {length:.3g}.")
    same_way = torch.cosine_similarity(moved, gradient, dim=0) > 0.999
    if not same_way:
        raise NotYet(f"{case}: it does not go where these pictures' gradient points. Is something of the steps before "
                     "still in it?")  # fmt: skip
    raise NotYet(f"{case}: the step was taken with a gradient {length:.3g} long, and this one's length is "
                 f"{gradient.norm():.3g}, the longest allowed {longest:g}.")  # fmt: skip


def _step_in_order(*order):
    """A train_step that does its parts in this order."""

    def train_step(model, images, targets, optimizer, longest):
        loss = F.cross_entropy(model(images), targets)
        parts = {
            "zero": optimizer.zero_grad,
            "backward": loss.backward,
            "clip": lambda: nn.utils.clip_grad_norm_(model.parameters(), longest),
            "by value": lambda: nn.utils.clip_grad_value_(model.parameters(), longest),
            "step": optimizer.step,
        }
        for part in order:
            parts[part]()
        return loss.item()

    return train_step


def _each_for_itself(model, images, targets, optimizer, longest):
    loss = F.cross_entropy(model(images), targets)
    optimizer.zero_grad()
    loss.backward()
    for parameter in model.parameters():
        nn.utils.clip_grad_norm_(parameter, longest)
    optimizer.step()
    return loss.item()


def _always_this_long(model, images, targets, optimizer, longest):
    loss = F.cross_entropy(model(images), targets)
    optimizer.zero_grad()
    loss.backward()
    norm = torch.cat([parameter.grad.flatten() for parameter in model.parameters()]).norm()
    for parameter in model.parameters():
        parameter.grad *= longest / norm
    optimizer.step()
    return loss.item()


def _loss_afterwards(model, images, targets, optimizer, longest):
    train_step(model, images, targets, optimizer, longest)
    return F.cross_entropy(model(images), targets)


q3 = Question(
    number=3,
    reference=train_step,
    probe=probe_train_step,
    starter=train_step_clipped_early,
    hints=[
        "Which line makes the gradient? What is there to be shortened before it has run?",
        "zero_grad throws the gradient of the last step away. So: throw away, make a new one, ... and then?",
        "zero_grad, backward, clip, step.",
    ],
    why="Nothing complains when clipping comes too early: it shortens the gradient of the step before, which zero_grad "
    "then throws away. Such a line was found in published code, and had never had an effect.",
    mistakes=[
        Mistake(_step_in_order("zero", "clip", "backward", "step"), "at most 0.1 long was asked"),
        Mistake(_step_in_order("zero", "backward", "step", "clip"), "at most 0.1 long was asked"),
        Mistake(_step_in_order("zero", "backward", "step"), "at most 0.1 long was asked"),
        Mistake(_step_in_order("backward", "clip", "step"), "still in it"),
        Mistake(_step_in_order("backward", "zero", "clip", "step"), "no weight has moved"),
        Mistake(_step_in_order("zero", "backward", "clip"), "no weight has moved"),
        Mistake(_step_in_order("zero", "backward", "by value", "step"), "a long gradient, first step: at most 0.1"),
        Mistake(_each_for_itself, "at most 0.1 long was asked"),
        Mistake(_always_this_long, "the step was taken with"),
        Mistake(_loss_afterwards, "was returned"),
    ],
)
