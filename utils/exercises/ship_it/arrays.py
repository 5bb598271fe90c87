"""What the questions of this lesson share: answers as arrays of numbers, and arrays that are to stay as they were."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch

from utils.exercises.question import NotYet
from utils.exercises.values import as_list, as_number, shown


def as_array(value, case: str, wanted: str) -> np.ndarray:
    """Numbers as an array, whether they come as lists, as a tensor or as an array; the type stays.

    Args:
        case: what the answer was given, in words.
        wanted: "a row of probabilities for each picture".
    """
    try:
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
    except (TypeError, ValueError):  # rows of different lengths
        raise NotYet(f"{case}: expected {wanted}, got {shown(value)}.") from None
    if array.dtype.kind not in "iuf":
        raise NotYet(f"{case}: expected {wanted}, got {shown(value)}.")
    return array


def as_pair(value, case: str, wanted: str) -> tuple[float, float]:
    """Two numbers in their order."""
    if isinstance(value, (set, frozenset)):
        raise NotYet(f"{case}: expected {wanted}, and a set has no order: {shown(value)}.")
    ends = [as_number(each, wanted) for each in as_list(value, wanted)]
    if len(ends) != 2:
        raise NotYet(f"{case}: expected {wanted}, got {shown(value)}.")
    return ends[0], ends[1]


def check_model_input(got: np.ndarray, case: str, height: int, width: int) -> None:
    """Raise NotYet unless this is one picture as a model file takes it, float32 (1, 3, H, W)."""
    if got.shape == (3, height, width):
        raise NotYet(
            f"{case}: got the shape {got.shape}. That is a picture, and the model takes a batch, if only of one."
        )
    if got.shape == (1, 3, width, height) != (1, 3, height, width):
        raise NotYet(f"{case}: got the shape {got.shape}, and height comes before width.")
    if got.shape == (1, height, width, 3):
        raise NotYet(f"{case}: got the shape {got.shape}: the colours stand last, as in a stored picture.")
    if got.shape != (1, 3, height, width):
        raise NotYet(f"{case}: expected the shape (1, 3, height, width), got {got.shape}.")
    if got.dtype != np.float32:
        raise NotYet(f"{case}: the numbers are {got.dtype}; the model takes float32, and a runtime refuses all else.")


@contextmanager
def arrays_unchanged(case: str, given: Mapping[str, np.ndarray]) -> Iterator[None]:
    """An answer asked in here leaves these arrays as they are; what is checked inside comes first."""
    before = {name: array.copy() for name, array in given.items()}
    yield
    for name, array in given.items():
        if array.shape != before[name].shape or not np.array_equal(array, before[name], equal_nan=True):
            raise NotYet(
                f"{case}: your function changed `{name}`, and whoever called it goes on with that. Change a copy."
            )
