"""Exercise 11: weights that really arrive in the network."""

import copy
from collections import OrderedDict

import torch
from torch import nn

from utils.exercises.asking import unchanged
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, shown

PREFIX = "module."


def load_backbone(model, state, prefix):
    """Load the tensors whose name, without prefix, and shape are in the model; how many that are."""
    own = model.state_dict()
    state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    fitting = {name: tensor for name, tensor in state.items() if name in own and tensor.shape == own[name].shape}
    if not fitting:
        raise ValueError(f"none of the {len(state)} tensors fits")
    model.load_state_dict(fitting, strict=False)
    return len(fitting)


def probe_load_backbone(answer):
    for case, prefix in {f"names that begin with {PREFIX!r}": PREFIX, "names without a prefix": ""}.items():
        model, state = _network(3), _state(prefix)
        before, given = copy.deepcopy(model.state_dict()), dict(state)
        with unchanged(case, given, "state[{!r}]"):
            got = _count(answer, case, model, given)
            _check_loaded(model, before, {name.removeprefix(prefix): tensor for name, tensor in state.items()}, case)
            if got != len(before) - 2:
                raise NotYet(f"{case}: the right tensors were loaded, and you say {got:g}. The file has {len(state)}, the "
                             f"network {len(before)}, and not all of them fit.")  # fmt: skip
    _check_nothing_fits(answer)


def _count(answer, case, model, state):
    try:
        return as_number(answer(model, state, PREFIX), "how many tensors were loaded")
    except ValueError as error:
        raise NotYet(f"{case}: your code raised ValueError ({error}), and many of these tensors do fit.") from None


def _network(classes):
    """A small network; the names of its parts begin with letters of the prefix, and one repeats it."""
    conv = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3, bias=False), norm=nn.BatchNorm2d(4)))
    inner = nn.Sequential(OrderedDict(module=nn.Linear(4, 4)))
    parts = OrderedDict(
        layer1=conv, pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), expand=inner, fc=nn.Linear(4, classes)
    )
    return nn.Sequential(parts)


def _state(prefix):
    """What another network, with ten classes, has learned, under names with a prefix; and one tensor too many."""
    network = _network(10)
    for tensor in network.state_dict().values():
        tensor.add_(5)
    state = {f"{prefix}{name}": tensor for name, tensor in network.state_dict().items()}
    return state | {f"{prefix}old_head.weight": torch.ones(2, 2)}


def _check_loaded(model, before, state, case):
    """What fits has arrived; the head, of other shape, is as it was."""
    for name, tensor in model.state_dict().items():
        fits = name in state and state[name].shape == tensor.shape
        if tensor.shape != before[name].shape or not torch.equal(tensor, state[name] if fits else before[name]):
            told = "is not what the file says" if fits else "was to stay as it was: it does not fit"
            raise NotYet(f"{case}: {name} {told}.")


def _check_nothing_fits(answer):
    model, state = _network(3), _state("net.")
    try:
        got = answer(model, state, PREFIX)
    except ValueError:
        return
    raise NotYet(f"names such as 'net.fc.bias' are not the network's, and instead of a ValueError came {shown(got)}: "
                 "the training would begin from random numbers, and nobody is told.")  # fmt: skip


def _load_by(rename=lambda name, prefix: name.removeprefix(prefix), fits=None, checked=True, count=len):
    """A load_backbone with one of its parts done otherwise."""

    def load_backbone(model, state, prefix):
        own = model.state_dict()
        state = {rename(name, prefix): tensor for name, tensor in state.items()}
        is_fitting = fits or (lambda name, tensor: name in own and tensor.shape == own[name].shape)
        fitting = {name: tensor for name, tensor in state.items() if is_fitting(name, tensor)}
        model.load_state_dict(fitting, strict=False)
        if checked and not fitting:
            raise ValueError("nothing fits")
        return count(fitting)

    return load_backbone


def _strict_is_false(model, state, prefix):
    model.load_state_dict(state, strict=False)
    return len(state)


def _parameters_only(model, state, prefix):
    loaded = 0
    for name, parameter in model.named_parameters():
        tensor = state.get(prefix + name, state.get(name))
        if tensor is not None and tensor.shape == parameter.shape:
            parameter.data.copy_(tensor)
            loaded += 1
    return loaded


def _prefixed_only(model, state, prefix):
    own = {name: tensor for name, tensor in state.items() if name.startswith(prefix)}
    return load_backbone(model, own, prefix)


def _taken_out(model, state, prefix):
    kept = dict(state)
    for name in list(state):
        state.pop(name)
    return load_backbone(model, kept, prefix)


q11 = Question(
    number=11,
    reference=load_backbone,
    probe=probe_load_backbone,
    hints=[
        "name.removeprefix(prefix) takes a prefix away where there is one. (strip and replace take more.)",
        "strict=False forgives names that are missing, and not another shape. So pick what fits first: compare names "
        "and tensor.shape with those in model.state_dict().",
        "fitting = {name: tensor for ... if name in own and tensor.shape == own[name].shape}; raise a ValueError where "
        "it is empty; model.load_state_dict(fitting, strict=False); return its length.",
    ],
    why="strict=False means: be silent. With a wrong prefix it loads nothing at all, and the training goes on, from "
    "scratch. Whoever loads weights counts what arrived; `build` of this course does, and refuses to load nothing.",
    mistakes=[
        Mistake(_strict_is_false, "layer1.conv.weight is not what the file says"),
        Mistake(_load_by(fits=lambda name, tensor: True), "RuntimeError"),
        Mistake(_load_by(rename=lambda name, prefix: name.lstrip(prefix)), "module.': your code raised ValueError"),
        Mistake(
            _load_by(rename=lambda name, prefix: name.replace(prefix, "")), "expand.module.weight is not what the file"
        ),
        Mistake(
            _load_by(rename=lambda name, prefix: name[len(prefix) :]),
            "names without a prefix: your code raised ValueError",
        ),
        Mistake(_load_by(checked=False), "instead of a ValueError came 0"),
        Mistake(_load_by(count=lambda fitting: len(fitting) + 2), "the right tensors were loaded"),
        Mistake(_load_by(count=lambda fitting: sum(tensor.numel() for tensor in fitting.values())), "and you say 145"),
        Mistake(_parameters_only, "layer1.norm.running_mean is not what"),
        Mistake(_prefixed_only, "names without a prefix: your code raised ValueError"),
        Mistake(_load_by(count=list), "expected how many"),
        Mistake(_taken_out, "your function changed `state['module.layer1.conv.weight']`"),
    ],
)
