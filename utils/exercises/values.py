"""What learners return, in one form: a list, tuple, array or Series that says the same is the same answer.

Each function gives plain Python values (`as_pixels` an array), or raises NotYet with the value that is of no such
kind.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

MOST = 90  # characters of a value in a message
MOST_NUMBERS = 40  # of an array; of a larger one a message tells the shape
KINDS = {"ndarray": "an array", "Tensor": "a tensor", "Image": "a tensor", "DataFrame": "a table"}


class NotYet(Exception):
    """Raised by a probe: the answer is not right yet. The message names the wrong value, never the right one."""


def shown(value) -> str:
    """A value for a message: on one line, not too long, numpy's numbers as plain ones, of pictures their size."""
    shape = getattr(value, "shape", ())
    if isinstance(value, Image.Image):
        return f"a picture of {value.width} x {value.height} pixels, mode {value.mode}"
    if isinstance(shape, tuple) and (len(shape) > 2 or math.prod(shape) > MOST_NUMBERS):
        kind = type(value).__name__
        return f"{KINDS.get(kind, kind)} of shape {tuple(shape)}"
    text = " ".join(repr(plain(value)).split())
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


def plain(value):
    """The value with numpy's and torch's scalars and arrays as Python's own, at any depth."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(plain(item) for item in value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    return value


def as_list(value, wanted="a list") -> list:
    """Any sequence, set, array, Series or generator as a list."""
    if isinstance(value, Iterator) or (hasattr(value, "__array__") and value.ndim == 1):
        value = list(value)
    if not isinstance(value, (list, tuple, set, frozenset, range)) and not _is_view(value):
        raise NotYet(f"expected {wanted}, got {shown(value)}.")
    return [plain(item) for item in value]


def as_dict(value, wanted="a dictionary") -> dict:
    """Any mapping, or a pandas Series, as a dictionary."""
    if not isinstance(value, Mapping) and not (hasattr(value, "items") and getattr(value, "ndim", None) == 1):
        raise NotYet(f"expected {wanted}, got {shown(value)}.")
    return {plain(key): plain(item) for key, item in value.items()}


def as_number(value, wanted="a number") -> float:
    """Any single number as a float."""
    value = plain(value)
    try:
        if isinstance(value, (str, bytes, bool)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise NotYet(f"expected {wanted}, got {shown(value)}.") from None


def as_numbers(value, names, wanted="a dictionary {what: number}", each="a number") -> dict[str, float]:
    """The number for each of these names; what else a dictionary has is left out."""
    got = as_dict(value, wanted)
    missing = [name for name in names if name not in got]
    if missing:
        raise NotYet(f"{missing[0]!r} has no number in {shown(got)}.")
    return {name: as_number(got[name], f"{name}, {each}") for name in names}


def as_truth(value, wanted="True or False") -> bool:
    """True or False, also as numpy's, as 1 or as 0."""
    value = plain(value)
    if not isinstance(value, (bool, int, float)) or value not in (0, 1):
        raise NotYet(f"expected {wanted}, got {shown(value)}.")
    return bool(value)


def as_pixels(value, wanted="an RGB picture") -> np.ndarray:
    """A Pillow image, or an array or tensor (H, W, 3) or (3, H, W), as (H, W, 3) floats from 0 to 255."""
    pixels = np.asarray(value.convert("RGB") if isinstance(value, Image.Image) else value)
    if pixels.ndim == 3 and pixels.shape[0] == 3 != pixels.shape[2]:
        pixels = pixels.transpose(1, 2, 0)
    if (
        pixels.ndim != 3
        or pixels.shape[2] != 3
        or 0 in pixels.shape
        or pixels.dtype.kind not in "uif"
        or np.isnan(pixels).any()
    ):
        raise NotYet(f"expected {wanted}, got {shown(value)}.")
    from_0_to_1 = pixels.dtype.kind == "f" and pixels.max() <= 1
    return pixels.astype(float) * (255 if from_0_to_1 else 1)


def as_rows(value, total: int, wanted="row numbers") -> list[int]:
    """Rows of a table of `total`, by their numbers or by one True or False (1 or 0) a row, sorted; none twice."""
    got = as_list(value, wanted)
    if len(got) == total and all(isinstance(item, (bool, int)) and item in (0, 1) for item in got):
        return [row for row, taken in enumerate(got) if taken]
    if not all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item < total for item in got):
        raise NotYet(f"expected {wanted} for {total} pictures, got {len(got)} values: {shown(got)}.")
    if len(set(got)) < len(got):
        twice = len(got) - len(set(got))
        raise NotYet(f"{twice} of your {len(got)} rows {'stands' if twice == 1 else 'stand'} there twice.")
    return sorted(got)


def _is_view(value):
    return isinstance(value, (type({}.keys()), type({}.values())))
