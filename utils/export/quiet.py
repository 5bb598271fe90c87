"""Exporters talk a great deal, from Python and from C++, and fail in a hundred ways: here they keep quiet and say why."""

import logging
import os
import re
import warnings
from contextlib import contextmanager

from IPython.utils.capture import capture_output

from utils.errors import CourseError

OPERATOR = re.compile(r"(?:aten|torchvision|prims|timm)(?:\.|::)[A-Za-z_]\w*(?:\.\w+)?")
LOOKS_AT_NUMBERS = ("data-dependent", "Data-dependent", "GuardOnDataDependent", "unbacked")
STANDARD = (1, 2)  # the file descriptors of stdout and stderr, which C++ writes to


@contextmanager
def quiet():
    """Within the block nothing reaches the screen or the notebook: no prints, displays, warnings and logs, of Python or C++."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with capture_output(), warnings.catch_warnings(), _nowhere():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


@contextmanager
def exporting(to: str, instead: str):
    """Within the block it is quiet, and what an exporter raises becomes a CourseError with the operator, where one is to blame.

    Args:
        to: the format.
        instead: what to do where the format cannot say what the model does.
    """
    try:
        with quiet():
            yield
    except CourseError:
        raise
    except Exception as error:  # each exporter has a dozen kinds of them, without a common parent
        raise CourseError(
            f"The model cannot be made a {to} file: {_why(error)}. {instead} No file was written."
        ) from error


def _why(error):
    told = " ".join(f"{type(one).__name__}: {one}" for one in _chain(error))
    if any(words in told for words in LOOKS_AT_NUMBERS):
        return ("it takes another way for other pictures (an `if` or a size that depends on a tensor's numbers), and a file has "
                "one way for all of them")  # fmt: skip
    operator = OPERATOR.search(told)
    if operator:
        return f"the exporter does not know what to do with the operator {operator.group()!r}"
    return f"{type(error).__name__}, {(str(error).strip().splitlines() or ['without a word'])[0].rstrip('.')}"


def _chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def _nowhere():
    """What is written to the standard descriptors is lost, also by libraries that know nothing of sys.stdout."""
    kept = [os.dup(number) for number in STANDARD]
    try:
        with open(os.devnull, "w") as nowhere:
            for number in STANDARD:
                os.dup2(nowhere.fileno(), number)
            yield
    finally:
        for number, own in zip(STANDARD, kept):
            os.dup2(own, number)
            os.close(own)
