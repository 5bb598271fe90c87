"""An answer is asked on one input of many, and what it raises is told with that input."""

import inspect

from utils.exercises.question import NotYet, told


def asked(answer, case: str, *given):
    """What an answer returns for what it is given.

    Args:
        answer: as a probe gets it.
        case: what it is given, in words: "targets [0, 1]".

    Raises:
        NotYet: the answer raised; with the case, the exception and the learner's line.
    """
    try:
        return answer(*given)
    except NotYet:  # it returned nothing
        raise
    except (Exception, SystemExit) as error:
        raise NotYet(f"{case}: {told(error, inspect.unwrap(answer), answer)}") from None
