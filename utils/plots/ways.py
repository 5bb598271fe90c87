"""How figures of a sweep order and name its parameters' values, its ways (combinations of them) and its numbers."""

import textwrap
from numbers import Real

import numpy as np
import pandas as pd

from utils.errors import CourseError

LONGEST_LINE = 46  # of a way's name, in letters; a name has two lines at most
NO_BREAK = "\u00a0"  # a blank at which no line ends


def sign_of(best: str) -> int:
    """1 where the highest number is the best, -1 where the lowest is."""
    if best not in ("highest", "lowest"):
        raise CourseError(f"Expected best='highest' or best='lowest', but got {best!r}.")
    return 1 if best == "highest" else -1


def plain(value):
    """A value of a table, None where it is missing: pandas has nan for a None among numbers."""
    return None if pd.isna(value) else value


def is_number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def levels(column) -> list:
    """The different values of a column, numbers in order, then all else as it comes; what is missing is None."""
    found = list(dict.fromkeys(plain(value) for value in column.tolist()))
    return sorted(filter(is_number, found)) + [value for value in found if not is_number(value)]


def spoken(column) -> str:
    """A column's name in words."""
    return str(column).replace("_", " ")


def written(value) -> str:
    """A parameter's value in letters: whole numbers in full, others with four digits that count."""
    if value is None:
        return "none"
    if not is_number(value):
        return str(value) or "''"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"


def names(ways: pd.DataFrame) -> list[str]:
    """A name for each row of parameters' values: 'adam, lr 0.001'; 'all runs' where there is no parameter.

    A word stands alone where no other column has it; any other value follows the name of its column.
    """
    columns = list(ways)
    words = pd.Series([value for column in columns for value in levels(ways[column])], dtype=object).value_counts()

    def part(column, value):
        is_clear = isinstance(value, str) and value[:1].isalpha() and words[value] == 1
        return value if is_clear else f"{spoken(column)} {written(value)}"

    rows = zip(*(map(plain, ways[column].tolist()) for column in columns)) if columns else [()] * len(ways)
    return [", ".join(map(part, columns, row)) or "all runs" for row in rows]


def in_lines(name: str) -> str:
    """A long name in two lines, broken between its parts where they are short enough."""
    parts = ", ".join(part.replace(" ", NO_BREAK) for part in name.split(", "))
    return textwrap.fill(parts, LONGEST_LINE, max_lines=2, placeholder="…").replace(NO_BREAK, " ")


def number_format(values) -> str:
    """As many digits as tell these numbers apart: three behind the point near 1, none for thousands."""
    top = np.nanmax(np.abs(values))
    return ".2g" if top < 0.01 else ".3f" if top < 10 else ".1f" if top < 1000 else ",.0f"
