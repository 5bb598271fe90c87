"""What learners say of a share: a number from 0 to 1, or `math.nan` where there is nothing to take a share of."""

from utils.exercises.question import NotYet
from utils.exercises.values import as_number


def as_share(value, wanted) -> float:
    """A number from 0 to 1; one in per cent is told so."""
    got = as_number(value, wanted)
    if 1 < got <= 100:
        raise NotYet(f"{got:g} is not between 0 and 1. If you mean per cent, write a share: 0.5 for 50 %.")
    if not 0 <= got <= 1:
        raise NotYet(f"{got:g} is not between 0 and 1.")
    return got


def number_or_nan(value, wanted, defined: bool) -> float:
    """What a function returned, a number or nan. None, which is neither, is told by what is missing.

    Args:
        defined: whether there is a number to return; the question then says `returns=False`, so that None gets here.
    """
    if value is None and not defined:
        raise NotYet("you return None where there is no answer: return math.nan, a number that can be computed with.")
    if value is None:
        raise NotYet("your function returned None: is there a return at its end?")
    return as_number(value, wanted)
