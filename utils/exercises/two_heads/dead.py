"""Exercise 8: parameters that no gradient reaches."""

from collections import OrderedDict

import torch
from torch import nn

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, shown

CLASSES = {"document": 2, "screen": 3}
PICTURES = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(3))


def dead_parameters(model, images):
    model.zero_grad(set_to_none=True)
    sum(logits.sum() for logits in model(images).values()).backward()
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad and parameter.grad is None]


def probe_dead_parameters(answer):
    for kind, make in MODELS.items():
        torch.manual_seed(0)
        model = make()
        wanted, own = set(dead_parameters(make(), PICTURES)), [name for name, _ in model.named_parameters()]
        got = as_list(asked(answer, kind, model, PICTURES.clone()), "names of parameters, a list")
        odd = [name for name in got if not isinstance(name, str) or name not in own]
        if odd:
            raise NotYet(f"{kind}: expected names of parameters, and {shown(odd[0])} is none.")
        _check_named(set(got), wanted, kind)


def _check_named(got, wanted, kind):
    for name in sorted(got - wanted):
        reason = LIVING.get(kind, "An output depends on it: was backward called, from every head?")
        raise NotYet(f"{kind}: {name!r} is on your list. {reason}")
    for name in sorted(wanted - got):
        raise NotYet(f"{kind}: {name!r} is missing on your list. No output depends on it.")


class _Heads(nn.Module):
    """A backbone and heads on it, each with a convolution of its own."""

    def __init__(self, heads=CLASSES):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.heads = nn.ModuleDict({
            head: nn.Sequential(OrderedDict(conv=nn.Conv2d(4, 5, 1), pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(),
                                            linear=nn.Linear(5, classes)))
            for head, classes in heads.items()
        })  # fmt: skip

    def forward(self, images):
        maps = self.backbone(images)
        return {name: head(maps) for name, head in self.heads.items()}


class _WithALeftover(_Heads):
    """The last convolution of the pretrained network is still there, with its BatchNorm, and nobody calls it."""

    def __init__(self):
        super().__init__()
        self.last = nn.Sequential(OrderedDict(conv=nn.Conv2d(4, 5, 1, bias=False), norm=nn.BatchNorm2d(5)))


class _ComputedForNothing(_WithALeftover):
    """The last convolution is called, and what it gives is thrown away."""

    def forward(self, images):
        self.last(self.backbone(images))
        return super().forward(images)


def _after_a_step():
    """A model that comes with gradients of an earlier step, in which the last convolution was still used."""
    model = _WithALeftover()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    return model


def _asleep():
    """All is used, but its ReLU gives 0 for these pictures, so gradients are zero."""
    model = _Heads()
    nn.init.constant_(model.backbone[0].bias, -100)
    return model


def _frozen():
    model = _WithALeftover()
    model.backbone.requires_grad_(False)
    return model


def _frozen_leftover():
    model = _WithALeftover()
    model.last.requires_grad_(False)
    return model


def _dead_inside():
    """Dead layers where all others live: a layer inside a head, and a number inside the backbone."""
    model = _Heads()
    model.heads["screen"].linear.unused = nn.Linear(5, 3)  # a linear layer calls nothing that is put into it
    model.backbone[0].scale = nn.Parameter(torch.ones(4))
    return model


class _LastIsCalled(_Heads):
    """What is called `last` is of use; the BatchNorm in a head has no user."""

    def __init__(self):
        super().__init__()
        self.last = nn.Conv2d(4, 4, 1)
        self.heads["document"].conv.norm = nn.BatchNorm2d(5)

    def forward(self, images):
        maps = self.last(self.backbone(images))
        return {name: head(maps) for name, head in self.heads.items()}


LIVING = {
    "maps that are zero": "It has a gradient, which happens to be zero for these pictures. With others it would learn.",
    "a frozen backbone": "It does not ask for a gradient: it is frozen on purpose.",
    "a frozen leftover": "It does not ask for a gradient: it is frozen on purpose.",
    "a layer `last` that is called": "An output depends on it, whatever it is called.",
}
MODELS = {
    "a leftover": _WithALeftover, "nothing is dead": _Heads, "computed, and thrown away": _ComputedForNothing,
    "gradients of an earlier step": _after_a_step, "maps that are zero": _asleep, "a frozen backbone": _frozen,
    "a frozen leftover": _frozen_leftover, "dead parts inside": _dead_inside, "a layer `last` that is called": _LastIsCalled,
}  # fmt: skip


def _dead_if(
    is_dead, zero=lambda model: model.zero_grad(), backward=lambda outputs: sum(o.sum() for o in outputs).backward()
):
    """A dead_parameters by another rule, or after another backward."""

    def dead_parameters(model, images):
        zero(model)
        backward(list(model(images).values()))
        return [name for name, parameter in model.named_parameters() if is_dead(parameter)]

    return dead_parameters


def _has_none(parameter):
    return parameter.requires_grad and parameter.grad is None


def _is_none_or_zero(parameter):
    return parameter.requires_grad and (parameter.grad is None or not parameter.grad.any())


def _named(is_dead):
    """A dead_parameters that goes by names, and perhaps by what is frozen."""
    return lambda model, images: [name for name, parameter in model.named_parameters() if is_dead(name, parameter)]


def _unchanged_by_a_step(model, images):
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    sum(logits.sum() for logits in model(images).values()).backward()
    optimizer.step()
    return [name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])]


q8 = Question(
    number=8,
    reference=dead_parameters,
    probe=probe_dead_parameters,
    hints=[
        "One pass, one backward: sum(logits.sum() for logits in model(images).values()).backward(). Then look at "
        "parameter.grad of each: what is it where no gradient came?",
        "It is None, which is not the same as zero. But a model that was trained before may still hold gradients: throw "
        "them away first, model.zero_grad(set_to_none=True).",
        "A frozen parameter (requires_grad is False) has no gradient either, and is not meant.",
    ],
    why="In published code, the heads were built behind the maps that go into the last convolution, each with a new one of "
    "its own. The pretrained one stayed in the model: 198,656 of 743,204 parameters that were saved, loaded and shipped, "
    "and never had a gradient. This function finds them in a second; the tests of `utils.models.two_heads` call one like it.",
    mistakes=[
        Mistake(_dead_if(_is_none_or_zero), "maps that are zero: 'backbone.0.bias' is on your list. It has a gradient"),
        Mistake(_dead_if(lambda parameter: not parameter.requires_grad), "a leftover: 'last.conv.weight' is missing"),
        Mistake(_dead_if(lambda parameter: parameter.grad is None), "a frozen backbone: 'backbone.0.bias' is on your list"),
        Mistake(_dead_if(_has_none, zero=lambda model: None), "gradients of an earlier step: 'last.conv.weight' is missing"),
        Mistake(_dead_if(_has_none, zero=lambda model: model.zero_grad(set_to_none=False)), "gradients of an earlier step"),
        Mistake(_dead_if(_has_none, backward=lambda outputs: None), "was backward called"),
        Mistake(_dead_if(_has_none, backward=lambda outputs: outputs[0].sum().backward()), "'heads.screen.conv.bias' is on your"),
        Mistake(_dead_if(_has_none, backward=lambda outputs: outputs[1].sum().backward()), "from every head"),
        Mistake(_unchanged_by_a_step, "is on your list"),
        Mistake(lambda model, images: len(dead_parameters(model, images)), "expected names"),
        Mistake(_named(lambda name, parameter: "last" in name), "a frozen leftover: 'last.conv.weight' is on your list"),
        Mistake(_named(lambda name, parameter: parameter.requires_grad and name.startswith("last")),
                "dead parts inside: 'backbone.0.scale' is missing"),
        Mistake(_named(lambda name, parameter: parameter.requires_grad and ("last" in name or "unused" in name or "scale" in name)),
                "a layer `last` that is called: 'last.bias' is on your list. An output depends on it"),
        Mistake(_named(lambda name, parameter: not name.startswith(("backbone", "heads"))), "'last.conv.weight' is on your list"),
        Mistake(_named(lambda name, parameter: parameter.requires_grad and not name.startswith(("backbone", "heads"))),
                "dead parts inside: 'backbone.0.scale' is missing"),
        Mistake(lambda model, images: ["last"], "'last' is none"),
        Mistake(lambda model, images: [], "a leftover: 'last.conv.weight' is missing"),
    ],
)  # fmt: skip
