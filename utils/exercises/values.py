"""What learners return, in one form: a list, tuple, array or Series that says the same is the same answer.

Each function gives plain Python values, or raises NotYet with the value that is of no such kind.
"""

from collections.abc import Iterator, Mapping

MOST = 90  # characters of a value in a message


class NotYet(Exception):
    """Raised by a probe: the answer is not right yet. The message names the wrong value, never the right one."""


def shown(value) -> str:
    """A value for a message: on one line, not too long, numpy's numbers as plain ones."""
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
    if not isinstance(value, Mapping) and not (hasattr(value, "items") and getattr(value, "ndim", 1) == 1):
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


def as_truth(value, wanted="True or False") -> bool:
    """True or False, also as numpy's, as 1 or as 0."""
    value = plain(value)
    if not isinstance(value, (bool, int, float)) or value not in (0, 1):
        raise NotYet(f"expected {wanted}, got {shown(value)}.")
    return bool(value)


def as_rows(value, total: int, wanted="row numbers") -> list[int]:
    """Rows of a table of `total`, by their numbers or by one True or False (1 or 0) a row, sorted; none twice."""
    got = as_list(value, wanted)
    if len(got) == total and all(isinstance(item, (bool, int)) and item in (0, 1) for item in got):
        return [row for row, taken in enumerate(got) if taken]
    if not all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item < total for item in got):
        raise NotYet(f"expected {wanted} for {total} pictures, got {len(got)} values: {shown(got)}.")
    if len(set(got)) < len(got):
        raise NotYet(f"{len(got) - len(set(got))} of your {len(got)} rows stand there twice.")
    return sorted(got)


def _is_view(value):
    return isinstance(value, (type({}.keys()), type({}.values())))
