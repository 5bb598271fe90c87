"""Exercise 6: freezing that freezes."""

from collections import OrderedDict

import torch
from torch import nn

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, shown


def train_only(model, head):
    """Freeze all but the part called head; how many numbers that are."""
    others = [parameter for name, parameter in model.named_parameters() if not name.startswith(f"{head}.")]
    if len(others) == len(list(model.parameters())):
        raise ValueError(f"no part of this network is called {head!r}")
    for parameter in others:
        parameter.requires_grad = False
    return sum(parameter.numel() for parameter in others)


def train_only_by_prefix(model, head):
    """Freeze all but the part called head; how many numbers that are."""
    frozen = 0
    for name, parameter in model.named_parameters():
        if name.startswith("backbone."):
            parameter.requires_grad = False
            frozen += 1
    return frozen


def probe_train_only(answer):
    for head in ("fc", "classifier.3"):
        model = _network()
        got = as_number(answer(model, head), "how many numbers are frozen")
        _check_frozen(model, head)
        _check_count(got, model, head)
    _check_unknown(answer)


def _network():
    """A part called fc, and others with fc in their names, as MobileNet's squeeze-and-excitation has."""
    squeeze = nn.Sequential(OrderedDict(fc1=nn.Conv2d(4, 2, 1), fc2=nn.Conv2d(2, 4, 1)))
    features = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4), squeeze=squeeze))
    classifier = nn.Sequential(nn.Linear(4, 6), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(6, 3))
    parts = OrderedDict(features=features, classifier=classifier, fc_before=nn.Linear(3, 3), fc=nn.Linear(3, 2))
    return nn.Sequential(parts)


def _check_frozen(model, head):
    for name, parameter in model.named_parameters():
        if parameter.requires_grad != name.startswith(f"{head}."):
            state = "still learns" if parameter.requires_grad else "is frozen"
            raise NotYet(f"with {head!r} as the head, {name} {state}.")


def _check_count(got, model, head):
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    numbers, total = (sum(p.numel() for p in some) for some in (frozen, model.parameters()))
    if got == numbers:
        return
    usual = {
        len(frozen): "that is how many tensors; each of them holds many numbers.",
        total - numbers: "those are the ones that learn.",
        total: "that is all of the network.",
    }
    raise NotYet(f"with {head!r} as the head the right ones are frozen, and you say {got:g}: "
                 f"{usual.get(got, 'count the numbers in the frozen parameters.')}")  # fmt: skip


def _check_unknown(answer):
    model = _network()
    try:
        got = answer(model, "head")
    except Exception:  # which error it is, the task leaves open
        return
    learning = sum(parameter.requires_grad for parameter in model.parameters())
    raise NotYet(f"no part of the network is called 'head', and instead of an error came {shown(got)}: {learning} of "
                 f"{len(list(model.parameters()))} parameters learn now, and nobody is told.")  # fmt: skip


def _freeze_if(is_frozen, check=True, count=torch.Tensor.numel):
    """A train_only by another rule."""

    def train_only(model, head):
        chosen = [parameter for name, parameter in model.named_parameters() if is_frozen(name, head)]
        if check and head not in dict(model.named_modules()):
            raise ValueError(head)
        for parameter in chosen:
            parameter.requires_grad = False
        return sum(count(parameter) for parameter in chosen)

    return train_only


def _of_modules(model, head):
    """requires_grad of a module is an attribute like any other."""
    for name, module in model.named_children():
        if name != head:
            module.requires_grad = False
    return 0


q6 = Question(
    number=6,
    reference=train_only,
    probe=probe_train_only,
    starter=train_only_by_prefix,
    hints=[
        "Look at the names of a network's parameters. How many begin with 'backbone.'? Which "
        "ones belong to the head that was asked for?",
        "Freeze what does not belong to the head: `if not name.startswith(...)`. Mind the parts whose names only begin "
        "like the head's: 'fc_before.weight' is not in 'fc'.",
        "The test is name.startswith(f'{head}.'), with the dot. Count parameter.numel(), and raise a ValueError where "
        "no name passes the test.",
    ],
    why="A name that matches nothing is no error in Python: published code froze 0 of 5.49 million parameters, for as "
    "long as it was used. So freezing code says how much it froze, and refuses to match nothing. In this course it is "
    "`freeze(model, 'backbone')`.",
    mistakes=[
        Mistake(
            _freeze_if(lambda name, head: name.startswith("features.")), "with 'fc' as the head, classifier.0.weight"
        ),
        Mistake(_freeze_if(lambda name, head: head not in name), "features.squeeze.fc1.weight still learns"),
        Mistake(_freeze_if(lambda name, head: not name.startswith(head)), "fc_before.weight still learns"),
        Mistake(_freeze_if(lambda name, head: name.startswith(f"{head}.")), "features.conv.weight still learns"),
        Mistake(_freeze_if(lambda name, head: name.split(".")[0] != head), "classifier.3.weight is frozen"),
        Mistake(
            _freeze_if(lambda name, head: not name.startswith(f"{head}."), check=False), "instead of an error came"
        ),
        Mistake(
            _freeze_if(lambda name, head: not name.startswith(f"{head}."), count=lambda parameter: 1),
            "how many tensors",
        ),
        Mistake(_freeze_if(lambda name, head: True), "fc.weight is frozen"),
        Mistake(_of_modules, "features.conv.weight still learns"),
        Mistake(lambda model, head: model.requires_grad_(False), "expected how many"),
    ],
)
