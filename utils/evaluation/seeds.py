"""Means over seeds: what a sweep's runs say once luck is counted, and where a mean may lie over other seeds.

Words: a *sweep table* has a row a run: a column for each parameter, then `status` ("done", "failed", "left"), then what
was recorded. A *way* is a combination of parameters; its runs differ by their seed alone. No torch here: figures need it.
"""

import difflib

import numpy as np
import pandas as pd
from scipy.special import stdtrit  # scipy.stats has it too, and takes a second to import

from utils.errors import CourseError, named
from utils.evaluation.intervals import Interval, check_confidence

STATUS = "status"  # columns left of it are the sweep's parameters


def student(values, confidence: float = 0.95) -> tuple[float, Interval]:
    """The mean of one or more numbers with Student's interval: mean ± t * spread / sqrt(n); nan for a single number.

    Source: Student, The probable error of a mean (Biometrika 6, 1908).

    Args:
        values: (n,), finite.
    """
    values = np.asarray(values, dtype=float)
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return mean, Interval(np.nan, np.nan, confidence)
    half = float(stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / np.sqrt(n))
    return mean, Interval(mean - half, mean + half, confidence)


def over_seeds(table: pd.DataFrame, by, value: str, seed: str = "seed", confidence: float = 0.95) -> pd.DataFrame:
    """The mean of a number over the seeds of each way, and where it may lie over other seeds, by Student's interval.

    Runs that are not done, or lack the number, are left out. Within a way nothing but the seed may vary: every parameter
    (a column left of `status`) that takes several values there belongs in `by`. Where all runs are to count as one way,
    `by` is empty.

    Args:
        table: sweep table.
        by: the column, or the columns, that make a way.
        value: the column of numbers.
        seed: the column of seeds; where the table has none, each way has one run.

    Returns:
        A row a way, in the order they come: the columns of `by`, then `runs`, `mean`, `low` and `high` (nan for one run),
        and `values`, the list of the runs' numbers.

    Raises:
        CourseError: as for `done_runs`; a parameter varies within a way; a seed comes twice in a way; the confidence is not
            between 0 and 1.
    """
    check_confidence(confidence)
    by = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    runs = done_runs(table, value, by).reset_index(drop=True)
    way = runs.groupby(by, sort=False, dropna=False).ngroup() if by else pd.Series(0, index=runs.index)
    _check_nothing_else_varies(runs, way, by, seed)
    _check_seeds(runs, way, by, seed)
    values = runs.groupby(way)[value].agg(list)
    found = [student(of_way, confidence) for of_way in values]
    first = runs.loc[~way.duplicated(), by].reset_index(drop=True)
    return first.assign(
        runs=[len(of_way) for of_way in values],
        mean=[mean for mean, _ in found],
        low=[interval.low for _, interval in found],
        high=[interval.high for _, interval in found],
        values=list(values),
    )


def done_runs(table: pd.DataFrame, value: str, columns=()) -> pd.DataFrame:
    """The rows of a sweep table that are done and have a number in `value`, which is then of floats.

    Args:
        columns: others that are needed.

    Raises:
        CourseError: a column is not there; `value` holds a text or an infinite number; no row is left.
    """
    _check_columns(table, [*columns, value])
    done = table[table[STATUS] == "done"] if STATUS in table else table
    numbers = _numbers(done[value])
    runs = done.assign(**{value: numbers})[numbers.notna()]
    if runs.empty:
        counted = table[STATUS].value_counts() if STATUS in table else {}
        counts = "".join(f", {count:,} of them {status}" for status, count in counted.items())
        raise CourseError(f"Expected one or more runs that are done and have a number in {value!r}, but the table has none: "
                          f"{len(table):,} rows{counts}. The columns 'status' and 'error' of a sweep say why; "
                          "run it to its end, or choose another column.")  # fmt: skip
    return runs


def _check_columns(table, columns):
    missing = [name for name in columns if name not in table]
    if missing:
        near = difflib.get_close_matches(str(missing[0]), [str(name) for name in table], 1, 0.5)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise CourseError(f"Expected columns of the table, but it has no {named(missing)}.{meant} "
                          f"It has {named(table.columns, 20)}.")  # fmt: skip


def _numbers(column):
    """The column as floats, nan where it is empty."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    others = column[numbers.isna() & column.notna()]
    if len(others):
        raise CourseError(f"Expected numbers in {column.name!r}, but {len(others):,} rows hold something else: "
                          f"{named(others, 3)}. Choose a column that the lesson recorded as a number.")  # fmt: skip
    if np.isinf(numbers).any():
        raise CourseError(f"Expected finite numbers in {column.name!r}, but {np.isinf(numbers).sum():,} rows are infinite: such "
                          "a training went astray, and it has no mean. Leave it out: "
                          f"table = table[table[{column.name!r}].abs() < float('inf')]")  # fmt: skip
    return numbers


def _check_nothing_else_varies(runs, way, by, seed):
    parameters = runs.columns[: runs.columns.get_loc(STATUS)] if STATUS in runs else []
    others = [name for name in parameters if name not in (*by, seed)]
    varies = [name for name in others if runs[name].groupby(way).nunique(dropna=False).max() > 1]
    if varies:
        first = varies[0]
        raise CourseError(f"Expected that nothing but {seed!r} varies among the runs that are averaged, but these do: "
                          f"{named(varies)}. A mean over them says nothing of any. Add them to `by`, or keep one value: "
                          f"table = table[table[{first!r}] == {runs[first].dropna().tolist()[0]!r}]")  # fmt: skip


def _check_seeds(runs, way, by, seed):
    again = pd.DataFrame({"way": way, "seed": runs.get(seed)}).duplicated()
    if again.any():
        columns = list(dict.fromkeys([*by, *([seed] if seed in runs else [])]))
        which = ", ".join(f"{name} {runs.loc[again, name].iloc[0]}" for name in columns)
        raise CourseError(f"Expected one run for each seed of a way, but {again.sum():,} of {len(runs):,} runs come again"
                          f"{f', first {which}' if which else ''}. Name the column of seeds (seed=...), add what varies to "
                          f"`by`, or drop what is there twice: table = table.drop_duplicates({columns})")  # fmt: skip
