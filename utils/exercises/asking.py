"""An answer is asked on one input of many, and what it raises, or changes that is not its own, is told with that input."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from utils.exercises.question import NotYet, told


def asked(answer, case: str, *given):
    """What an answer returns for what it is given.

    Args:
        answer: as a probe gets it.
        case: what it is given, in words: "targets [0, 1]".

    Raises:
        NotYet: the answer raised, with the case, the exception and the learner's line; or it left gradients off.
    """
    recorded = torch.is_grad_enabled()
    try:
        said = answer(*given)
        if torch.is_grad_enabled() != recorded:
            raise NotYet(f"{case}: your function switches gradients off, and not on again: nothing after it would learn. "
                         "`with torch.no_grad():` does both.")  # fmt: skip
        return said
    except NotYet:  # also where it returned nothing
        raise
    except (Exception, SystemExit) as error:
        raise NotYet(f"{case}: {told(error, inspect.unwrap(answer), answer)}") from None
    finally:
        torch.set_grad_enabled(recorded)


@contextmanager
def unchanged(case: str, given: Mapping[str, torch.Tensor], called: str = "{}") -> Iterator[None]:
    """An answer asked in here leaves these tensors as they are.

    What is checked inside comes first: of two things that are wrong, the reader is told that one.

    Args:
        case: as for `asked`.
        given: {name: tensor}, as the answer gets them; where it gets this dictionary, it is looked at once more.
        called: how the learner has them by their names.

    Raises:
        NotYet: another value, another shape or type, or another `requires_grad` than before.
    """
    before = {name: (tensor.detach().clone(), tensor.requires_grad) for name, tensor in given.items()}
    yield
    for name, (kept, learns) in before.items():
        what, tensor = f"`{called.format(name)}`", given.get(name)
        if tensor is None or tensor.dtype != kept.dtype or not torch.equal(tensor, kept):
            raise NotYet(
                f"{case}: your function changed {what}, and whoever called it goes on with that. Change a copy."
            )
        if tensor.requires_grad != learns:
            raise NotYet(
                f"{case}: your function changed `requires_grad` of {what}, and whoever called it goes on with that."
            )


def check_training(model: nn.Module, case: str) -> None:
    """Raise NotYet where an answer left a network that is being trained in eval mode."""
    if not all(module.training for module in model.modules()):
        raise NotYet(f"{case}: your function left the network in eval mode, and it is in the midst of its training.")
