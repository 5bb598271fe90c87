"""Exercise 8: a rate for the head, and a lower one for the backbone."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, shown

RATE = 0.02
GROUPS = "a list of groups, each a dictionary with params and lr"


def param_groups(model, head, lr):
    """Groups for an optimiser: the head's parameters with the rate lr, all others with a tenth of it."""
    in_head = {id(parameter) for parameter in head.parameters()}
    others = [parameter for parameter in model.parameters() if id(parameter) not in in_head]
    return [{"params": list(head.parameters()), "lr": lr}, {"params": others, "lr": lr / 10}]


def probe_param_groups(answer):
    for case, place in {"a head at the end": -1, "a head in the middle": 4}.items():
        # Layers of one shape: who compares values or shapes, and not parameters, is found out.
        same = [nn.Linear(4, 4) for _ in range(3)]
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), *same)
        rates = _rates(answer(model, model[place], RATE), model)
        in_head = {id(parameter) for parameter in model[place].parameters()}
        for name, parameter in model.named_parameters():
            is_head, got = id(parameter) in in_head, rates[id(parameter)]
            where = f"{case}: {name}, which is {'of the head' if is_head else 'not of the head'},"
            if len(got) != 1:
                raise NotYet(
                    f"{where} {f'stands there {len(got)} times' if got else 'is in no group: it would never learn'}."
                )
            if not math.isclose(got[0], RATE if is_head else RATE / 10, rel_tol=1e-6):
                raise NotYet(f"{where} has the rate {got[0]:g} where lr is {RATE:g}.")


def _rates(groups, model):
    """{id of a parameter: the rates that it has in the groups}."""
    rates = {id(parameter): [] for parameter in model.parameters()}
    for group in _listed(groups, f"expected {GROUPS}"):
        if not isinstance(group, Mapping):
            raise NotYet(f"expected {GROUPS}; one of yours is {shown(group)}.")
        missing = [key for key in ("params", "lr") if key not in group]
        if missing:
            raise NotYet(f"one of your groups has no {missing[0]!r}; expected {GROUPS}.")
        params = group["params"]
        for entry in [params] if isinstance(params, torch.Tensor) else _listed(params, "expected parameters in a list"):
            parameter = entry[-1] if isinstance(entry, tuple) and entry else entry  # torch takes (name, parameter) too
            if id(parameter) not in rates:
                raise NotYet(f"one of your groups holds {shown(parameter)}, which is no parameter of the network.")
            rates[id(parameter)].append(as_number(group["lr"], "a rate"))
    return rates


def _listed(values, expected):
    """As torch's optimisers take them: anything with an order. (A tensor's own rows are none of that.)"""
    if not isinstance(values, Iterable) or isinstance(values, (Mapping, set, str, bytes, torch.Tensor)):
        raise NotYet(f"{expected}, got {'a set' if isinstance(values, set) else shown(values)}.")
    return list(values)


def _head_in_both(model, head, lr):
    return [{"params": head.parameters(), "lr": lr}, {"params": model.parameters(), "lr": lr / 10}]


def _copies(model, head, lr):
    groups = param_groups(model, head, lr)
    return [{**group, "params": [parameter.clone() for parameter in group["params"]]} for group in groups]


def _in_sets(model, head, lr):
    return [{**group, "params": set(group["params"])} for group in param_groups(model, head, lr)]


def _by_value(model, head, lr):
    def is_in(parameter, others):
        return any(parameter.shape == other.shape for other in others)

    others = [parameter for parameter in model.parameters() if not is_in(parameter, list(head.parameters()))]
    return [{"params": head.parameters(), "lr": lr}, {"params": others, "lr": lr / 10}]


def _last_two(model, head, lr):
    *others, weight, bias = model.parameters()
    return [{"params": [weight, bias], "lr": lr}, {"params": others, "lr": lr / 10}]


def _no_rate(model, head, lr):
    backbone, head = reversed(param_groups(model, head, lr))
    return [{"params": backbone["params"]}, head]


def _weights_only(model, head, lr):
    groups = param_groups(model, head, lr)
    return [{**group, "params": [p for p in group["params"] if p.ndim > 1]} for group in groups]


q8 = Question(
    number=8,
    reference=param_groups,
    probe=probe_param_groups,
    hints=[
        "`head.parameters()` get lr. The others are those of `model.parameters()` that are not among them.",
        "`parameter in a_list` compares the numbers in tensors, and fails. Whether two names mean one and the same "
        "object, id(parameter) says.",
        "in_head = {id(p) for p in head.parameters()}, and the backbone is [p for p in model.parameters() if id(p) not "
        "in in_head].",
    ],
    why="The head begins with random numbers and has a long way to go; the backbone is nearly right, and large steps "
    "would undo what it knows. A parameter that is in no group never learns, and nothing tells you.",
    mistakes=[
        Mistake(_head_in_both, "stands there 2 times"),
        Mistake(lambda model, head, lr: [{"params": head.parameters(), "lr": lr}], "not of the head, is in no group"),
        Mistake(lambda model, head, lr: param_groups(model, head, lr / 10), "has the rate"),
        Mistake(lambda model, head, lr: [{"params": model.parameters(), "lr": lr}], "has the rate 0.02"),
        Mistake(
            lambda model, head, lr: [
                {**group, "lr": other["lr"]}
                for group, other in zip(param_groups(model, head, lr), reversed(param_groups(model, head, lr)))
            ],
            "0.weight, which is not of the head, has the rate 0.02",
        ),
        Mistake(lambda model, head, lr: param_groups(model, head, 1e-3), "has the rate 0.0001"),
        Mistake(_by_value, "is in no group"),
        Mistake(_last_two, "a head in the middle"),
        Mistake(_weights_only, "is in no group"),
        Mistake(_in_sets, "expected parameters in a list"),
        Mistake(lambda model, head, lr: [model.parameters(), head.parameters()], "one of yours is"),
        Mistake(_copies, "no parameter of the network"),
        Mistake(_no_rate, "has no 'lr'"),
        Mistake(lambda model, head, lr: param_groups(model, head, lr)[0], "expected a list of groups"),
        Mistake(
            lambda model, head, lr: [p for p in model.parameters() if p in list(head.parameters())], "your code raised"
        ),
    ],
)  # fmt: skip
