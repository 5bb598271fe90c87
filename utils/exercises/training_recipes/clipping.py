"""Exercise 5: clipping that clips nothing."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.asking import asked, check_training
from utils.exercises.question import Mistake, NotYet, Question

LR = 0.5
# How long a gradient may be (those below are longer than the first and the last, and shorter than the second), and the
# optimiser's momentum: with it, only the optimiser itself knows where a step goes.
ASKED = [(0.3, 0.0), (100.0, 0.0), (0.2, 0.5)]


def take_step(model, optimizer, images, targets, longest):
    """One step, whose gradient is no longer than `longest`."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), targets)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    optimizer.step()


def take_step_as_found(model, optimizer, images, targets, longest):
    """One step, whose gradient is no longer than `longest`."""
    loss = F.cross_entropy(model(images), targets)
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def probe_take_step(answer):
    for seed, (longest, momentum) in enumerate(ASKED):
        model, images, targets = _made(seed)
        optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=momentum)
        pushed = [torch.zeros_like(parameter) for parameter in model.parameters()]
        for step in (1, 2):  # the gradient of the first is still there at the second
            before, left, case = copy.deepcopy(model), _left(model), f"longest={longest}, step {step}"
            asked(answer, case, model, optimizer, images, targets, longest)
            moved = [(old - new).detach() / LR for old, new in zip(before.parameters(), model.parameters())]
            _check_step(
                [way - push for way, push in zip(moved, pushed)],
                pushed,
                _gradient(before, images, targets),
                left,
                longest,
                case,
            )
            check_training(model, case)
            pushed = [momentum * each for each in moved]


def _made(seed):
    """A network with a gradient of a step before, and a batch on which its gradient is several units long."""
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.Tanh(), nn.Linear(4, 3))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    images = 4 * torch.randn(8, 3, 2, 2, generator=generator)
    return model, images, torch.randint(3, (8,), generator=generator)


def _check_step(moved, pushed, fresh, left, longest, case):
    """Of a step: where it went apart from what the one before has pushed on, and what it was to go by."""
    if not _near(moved, _clipped(fresh, longest)):
        length, usual = _length(moved), _usual(fresh, left, longest)
        usual["That is a step by hand: the optimiser has a momentum here, and knows better."] = [
            way - push for way, push in zip(_clipped(fresh, longest), pushed)]  # fmt: skip
        words = next((words for words, way in usual.items() if _near(moved, way)), None)
        words = words or _which_length(length, min(longest, _length(fresh)))
        raise NotYet(f"{case}: the network is moved as if by a gradient of length {length:.3g}. {words}")


def _which_length(length, right):
    if abs(length - right) <= 1e-3 * right:
        return "That is not the way of this batch's gradient."
    return "That is too long." if length > right else "That is too short."


def _usual(fresh, left, longest):
    """What the usual slips move by: words, and a tensor for each parameter."""
    both = [one + other for one, other in zip(fresh, left)]
    return {
        "No step is made at all: what is left of the gradient when `step` comes?": [torch.zeros_like(each) for each in fresh],
        "That is this batch's whole gradient: what was clipped was another one, or came after it.": fresh,
        "The gradient of the step before is still in it, clipped or not.": _clipped(both, longest),
        "The gradient of the step before is still in it, and nothing was clipped that counts.": both,
        "That is the gradient of the step before, clipped.": _clipped(left, longest),
        "The clipped gradient of the step before, and this batch's on top.": [
            one + other for one, other in zip(fresh, _clipped(left, longest))],
        "Each parameter was clipped by itself: it is the whole gradient, of all of them, that has a length.": [
            _clipped([each], longest)[0] for each in fresh],
        "Each number was cut off by itself, which turns the gradient: it is to become shorter, and keep its direction.": [
            each.clamp(-longest, longest) for each in fresh],
        "A short gradient stays as it is: clipping shortens, it does not stretch.": [
            each * longest / _length(fresh) for each in fresh],
    }  # fmt: skip


def _left(model):
    """A copy of the gradient that is in the model, which a copy of the model would not have."""
    return [torch.zeros_like(each) if each.grad is None else each.grad.clone() for each in model.parameters()]


def _gradient(model, images, targets):
    return torch.autograd.grad(F.cross_entropy(model(images), targets), list(model.parameters()))


def _clipped(gradient, longest):
    return [each * min(1.0, longest / max(_length(gradient), 1e-9)) for each in gradient]


def _length(gradient):
    return torch.cat([each.detach().flatten() for each in gradient]).norm().item()


def _near(one, other):
    return all(torch.allclose(each, its, rtol=1e-3, atol=1e-4) for each, its in zip(one, other))


def _in_order(*order, clip=nn.utils.clip_grad_norm_):
    """A take_step that does these things one after the other."""

    def take_step(model, optimizer, images, targets, longest):
        todo = {
            "zero": optimizer.zero_grad,
            "backward": lambda: F.cross_entropy(model(images), targets).backward(),
            "clip": lambda: clip(model.parameters(), longest),
            "step": optimizer.step,
        }
        for name in order:
            todo[name]()

    return take_step


def _each_by_itself(parameters, longest):
    for parameter in parameters:
        nn.utils.clip_grad_norm_([parameter], longest)


def _stretched(parameters, longest):
    parameters = list(parameters)
    length = _length([parameter.grad for parameter in parameters])
    for parameter in parameters:
        parameter.grad *= longest / length


def _shorter_rate(model, optimizer, images, targets, longest):
    optimizer.zero_grad()
    F.cross_entropy(model(images), targets).backward()
    length = _length([parameter.grad for parameter in model.parameters()])
    optimizer.param_groups[0]["lr"] *= min(1, longest / length)
    optimizer.step()


def _by_hand(model, optimizer, images, targets, longest):
    optimizer.zero_grad()
    F.cross_entropy(model(images), targets).backward()
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= optimizer.param_groups[0]["lr"] * parameter.grad


def _evaluated(*given):
    given[0].eval()
    take_step(*given)


def _the_loss(model, optimizer, images, targets, longest):
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    optimizer.zero_grad()
    F.cross_entropy(model(images), targets).clamp(max=longest).backward()
    optimizer.step()


q5 = Question(
    number=5,
    reference=take_step,
    probe=probe_take_step,
    starter=take_step_as_found,
    returns=False,
    hints=[
        "Which gradient is in the model when clip_grad_norm_ is called? And where does it go in the next line?",
        "`zero_grad` throws away the step before, `backward` writes the new gradient, `step` uses it.",
        "So clipping belongs between backward and step, and zero_grad before backward.",
    ],
    why="Here the gradient of the step before was clipped, and thrown away at once. There is no error, and the training runs on; "
    "only the length of a step shows it. Such a knob looks as if it had no effect on this data, and has none at all.",
    mistakes=[
        Mistake(_in_order("zero", "clip", "backward", "step"), "was clipped was another one"),
        Mistake(_in_order("zero", "backward", "step", "clip"), "came after it"),
        Mistake(_in_order("zero", "backward", "step"), "this batch's whole gradient"),
        Mistake(_in_order("backward", "clip", "zero", "step"), "No step is made at all"),
        Mistake(_in_order("zero", "backward", "clip"), "No step is made at all"),
        Mistake(_in_order("backward", "clip", "step"), "still in it, clipped or not"),
        Mistake(_in_order("backward", "clip", "step", "zero"), "still in it, clipped or not"),
        Mistake(_in_order("backward", "step", "zero", "clip"), "nothing was clipped that counts"),
        Mistake(_in_order("clip", "backward", "step"), "and this batch's on top"),
        Mistake(_in_order("clip", "step", "zero", "backward"), "the step before, clipped"),
        Mistake(_in_order("zero", "backward", "clip", "step", clip=_each_by_itself), "clipped by itself"),
        Mistake(_in_order("zero", "backward", "clip", "step", clip=nn.utils.clip_grad_value_), "cut off by itself"),
        Mistake(_in_order("zero", "backward", "clip", "step", clip=_stretched), "it does not stretch"),
        Mistake(_in_order("zero", "backward", "backward", "clip", "step"), "longest=100.0, step 1: the network is moved as if"),
        Mistake(_in_order("zero", "backward", "clip", "step", "step"), "That is too long"),
        Mistake(_shorter_rate, "longest=0.3, step 2: the network is moved as if"), Mistake(_shorter_rate, "That is too short"),
        Mistake(_the_loss, "longest=0.3, step 1"), Mistake(_by_hand, "a step by hand"), Mistake(_evaluated, "in eval mode"),
        Mistake(lambda *_: 0.3, "No step is made at all"),
    ],
)  # fmt: skip
