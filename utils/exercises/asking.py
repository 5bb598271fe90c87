"""An answer is asked on one input of many, and what it raises, or changes that is not its own, is told with that input."""

import copy
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
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
def unchanged(case: str, given: Mapping[str, Any], called: str = "{}") -> Iterator[None]:
    """An answer asked in here leaves these tensors, arrays or lists as they are.

    What is checked inside comes first: of two things that are wrong, the reader is told that one.

    Args:
        case: as for `asked`.
        given: {name: tensor, array or list}, as the answer gets them; where it gets this dictionary, it is looked at once more.
        called: how the learner has them by their names.

    Raises:
        NotYet: another value, another shape or type, or another `requires_grad` than before.
    """
    before = {name: (_copied(value), getattr(value, "requires_grad", None)) for name, value in given.items()}
    yield
    for name, (kept, learns) in before.items():
        what, value = f"`{called.format(name)}`", given.get(name)
        if not _is_still(value, kept):
            raise NotYet(
                f"{case}: your function changed {what}, and whoever called it goes on with that. Change a copy."
            )
        if getattr(value, "requires_grad", None) != learns:
            raise NotYet(
                f"{case}: your function changed `requires_grad` of {what}, and whoever called it goes on with that."
            )


def _copied(value):
    return value.detach().clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)


def _is_still(value, kept):
    if isinstance(kept, torch.Tensor):
        return isinstance(value, torch.Tensor) and value.dtype == kept.dtype and torch.equal(value, kept)
    if isinstance(kept, np.ndarray):
        return isinstance(value, np.ndarray) and value.dtype == kept.dtype and np.array_equal(value, kept)
    return value == kept


def check_training(model: nn.Module, case: str) -> None:
    """Raise NotYet where an answer left a network that is being trained in eval mode."""
    if not all(module.training for module in model.modules()):
        raise NotYet(f"{case}: your function left the network in eval mode, and it is in the midst of its training.")
