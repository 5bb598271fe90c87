"""Parts of a model frozen by name, so that training really leaves them as they are.

`requires_grad = False` stops the optimiser, not BatchNorm: in train mode its running averages still move, and dropout
still drops. So a frozen part also stays in eval mode, whatever `model.train()` says. Published code that froze by a
name which matched nothing trained all 5.49 million parameters; here that is an error. Introduced in lesson 03.
"""

from typing import NamedTuple

from torch import nn

from utils.errors import CourseError, named
from utils.models.architectures import nearest


class ParameterCount(NamedTuple):
    """How many single numbers a model has learnt or will learn."""

    frozen: int
    trainable: int

    @property
    def total(self) -> int:
        return self.frozen + self.trainable

    def __str__(self):
        return f"{self.total:,} parameters: {self.trainable:,} trainable, {self.frozen:,} frozen"


class Freezable(nn.Module):
    """A module whose frozen parts stay in eval mode. `frozen` holds the names of all modules in those parts."""

    def __init__(self):
        super().__init__()
        self.frozen: set[str] = set()  # names, not hooks: a copy or a pickle of the model keeps them

    def train(self, mode: bool = True):
        """Train or eval mode for all but the frozen parts, which stay in eval."""
        super().train(mode)
        for name, module in self.named_modules():
            if name in self.frozen:
                module.training = False
        return self


def freeze(model: Freezable, *parts: str) -> ParameterCount:
    """Keep parts of a model as they are: no gradient, BatchNorm's averages stand still, no dropout.

    Args:
        model: made by `build`.
        parts: names of modules, each with all that is in it ("backbone", "backbone.features.0"), or of parameters.

    Returns:
        The counts of the whole model's parameters afterwards.

    Raises:
        CourseError: a name that nothing has (the nearest are named), or parts without any parameters.
    """
    for part in _found(model, parts):
        part.requires_grad_(False)
    model.frozen |= _within(model, parts)
    model.train(model.training)
    return count_parameters(model)


def unfreeze(model: Freezable, *parts: str) -> ParameterCount:
    """Let frozen parts train again; without names, all of them. Arguments, result and errors as for `freeze`."""
    for part in _found(model, parts) if parts else [model]:
        part.requires_grad_(True)
    # What a part lies in is no longer frozen as a whole.
    model.frozen -= _within(model, parts) | _around(parts) if parts else set(model.frozen)
    model.train(model.training)
    return count_parameters(model)


def count_parameters(model: nn.Module) -> ParameterCount:
    """Frozen and trainable parameters; one that is used in two places counts once."""
    frozen = sum(parameter.numel() for parameter in model.parameters() if not parameter.requires_grad)
    return ParameterCount(frozen, sum(parameter.numel() for parameter in model.parameters()) - frozen)


def frozen_parts(model: Freezable) -> list[str]:
    """The fewest names that freeze a fresh model as this one is: `freeze(fresh, *frozen_parts(model))`."""
    tops = sorted(name for name in model.frozen if name.rpartition(".")[0] not in model.frozen)
    below = tuple(f"{name}." for name in tops)
    single = [name for name, parameter in model.named_parameters()
              if not parameter.requires_grad and not name.startswith(below)]  # fmt: skip
    return tops + single


def _found(model, parts):
    """The modules and parameters of these names; a CourseError with all that is wrong with them."""
    if not parts:
        raise CourseError('Expected the names of the parts to freeze, for instance freeze(model, "backbone").')
    known = dict(model.named_modules()) | dict(model.named_parameters())
    known.pop("")
    unknown = [part for part in parts if part not in known]
    if unknown:
        raise CourseError(f"The model has no part called {named(unknown)}, so nothing was frozen or unfrozen. "
                          f"{_meant(unknown[0], known)}Its parts: {named(name for name, _ in model.named_children())}, "
                          "and what is in them: print(model)")  # fmt: skip
    found = [known[part] for part in parts]
    if not any(isinstance(part, nn.Parameter) or next(part.parameters(), None) is not None for part in found):
        raise CourseError(f"There is nothing to freeze or unfreeze in {named(parts)}: no parameters are in it.")
    return found


def _meant(part, known):
    """The end of a name is what people know of it: 'layer4' is 'backbone.layer4' here."""
    ends = [name for name in known if name.endswith(f".{part}")]
    return f"Did you mean {ends[0]!r}? " if ends else f"{nearest(part, known)} ".lstrip()


def _within(model, parts):
    """The names of all modules in these parts, the parts included."""
    below = tuple(f"{part}." for part in parts)
    return {name for name, _ in model.named_modules() if name in parts or name.startswith(below)}


def _around(parts):
    """The names of all modules that these parts lie in: 'a.b.c' lies in 'a.b' and 'a'."""
    steps = [part.split(".") for part in parts]
    return {".".join(step[:count]) for step in steps for count in range(1, len(step))}
