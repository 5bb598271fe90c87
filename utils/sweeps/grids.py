"""A grid as the runs that it asks for: all of it checked before anything runs, each run with a folder of its own.

Words: a *grid* is {parameter: its values}, every combination of which is a *run*; or a list of grids, whose runs come one
after the other. A value that is no list is the same in all runs; what a grid leaves out has the notebook's default.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import nbformat
import pandas as pd

from utils.errors import CourseError, named
from utils.files import check_apart
from utils.notebooks.execute import code_digest
from utils.notebooks.runs import OWN_PICTURES, own_path
from utils.notebooks.source import ROOT, check_parameters, plain
from utils.sweeps.tables import FIRST, LAST, outcome_of, table_of

LONGEST_NAME = 80  # bytes of a folder's name, before its digest: a path on Windows has 260 characters in all


@dataclass
class Planned:
    """One run of a sweep: what it is given, where it goes, and how it went."""

    given: dict  # what the notebook is run with
    values: dict  # of all its parameters, those that it leaves as they are among them
    folder: Path
    outcome: dict


@dataclass(frozen=True)
class Plan:
    """A notebook and the runs that a grid asks for, in its order."""

    notebook: Path
    digest: str  # of its code
    folder: Path
    runs: list[Planned]
    names: list[str]  # of the grid's parameters, in its order

    @property
    def left(self) -> list[Planned]:
        """The runs that are not done: not begun, cut off, or failed."""
        return [run for run in self.runs if run.outcome["status"] != "done"]

    def table(self) -> pd.DataFrame:
        """A row a run, as far as it has come."""
        return table_of([(run.values, run.folder, run.outcome) for run in self.runs], self.names)


def plan(notebook, grid, output_dir="") -> pd.DataFrame:
    """The runs that `sweep` would make, with those that are done already; nothing is run or written.

    Args and errors are those of `sweep`.
    """
    return planned(notebook, grid, output_dir).table()


def planned(notebook, grid, output_dir="") -> Plan:
    """The runs of a grid, checked.

    Raises:
        CourseError: as for `sweep`.
    """
    notebook = notebook_at(notebook)
    grids = list(grid) if isinstance(grid, list | tuple) else [grid]
    defaults = _check_grids(notebook, grids)
    digest = code_digest(nbformat.read(notebook, as_version=4))
    folder = Path(output_dir or ROOT / "runs" / "sweeps" / notebook.stem).expanduser().absolute()
    names = list(dict.fromkeys(name for each in grids for name in each))
    runs = {}  # the same values twice are one run
    for given in (given for each in grids for given in _combinations(each, defaults)):
        values = defaults | given
        _check_apart(folder, values.get("data_dir"), notebook)
        place = folder / _name(given, defaults, [str(notebook), digest])
        runs.setdefault(place, Planned(given, values, place, outcome_of(place)))
    return Plan(notebook, digest, folder, list(runs.values()), names)


def notebook_at(path) -> Path:
    """The notebook's file; a CourseError where there is none."""
    path = Path(path).expanduser().resolve()
    if not path.is_file() or path.suffix != ".ipynb":
        raise CourseError(
            f"A sweep runs a notebook, such as 'lessons/07_training_recipes.ipynb', but '{path}' is none."
        )
    return path


def _check_grids(notebook, grids):
    """The notebook's parameters with their defaults, once all names of all grids are known to be among them."""
    if not grids or not all(
        isinstance(each, dict) and each and all(isinstance(name, str) for name in each) for each in grids
    ):
        raise CourseError(f"A grid is parameters with their values, {{'lr': [0.001, 0.01]}} say, not {grids!r}.")
    names = [name for each in grids for name in each]
    if "output_dir" in names:
        raise CourseError(
            "Each run has an output_dir of its own; where the whole sweep goes is sweep(..., output_dir=...)."
        )
    defaults = check_parameters(notebook, dict.fromkeys(names))
    if "output_dir" not in defaults:
        raise CourseError(f"Each run writes to a folder of its own, but {notebook.name!r} has no parameter for it. Add to its "
                          "cell with the tag 'parameters', and use it:   output_dir: str = ''")  # fmt: skip
    taken = [name for name in names if name in (*FIRST, *LAST)]
    if taken:
        raise CourseError(
            f"A sweep's table has a column {named(taken)} of its own: give the notebook's parameter another name."
        )
    return defaults


def _check_apart(folder, data_dir, notebook):
    """Results lie outside of the pictures, also of those that the notebook itself names, which start from its folder."""
    if isinstance(data_dir, str) and data_dir:
        check_apart(folder, notebook.parent / Path(data_dir).expanduser())


def _combinations(grid, defaults):
    """Every combination, the last parameter changing fastest."""
    values = [_values(name, given, defaults[name]) for name, given in grid.items()]
    return (dict(zip(grid, each)) for each in product(*values))


def _values(name, given, default):
    """The values of one parameter, each of the kind that the notebook expects."""
    given = given.tolist() if hasattr(given, "tolist") else given  # of numpy and pandas
    many = [plain(value) for value in (given if isinstance(given, list | tuple | range) else [given])]
    if not many:
        raise CourseError(f"The parameter {name!r} has no value in the grid: leave it out, or give it one.")
    wrong = [value for value in many if not _fits(value, default)]
    if wrong:
        kind = "a list, so that a grid has a list of lists" if isinstance(default, list) else _kind(default)
        raise CourseError(
            f"The parameter {name!r} is {kind} (its default is {default!r}), not {', '.join(map(repr, wrong))}."
        )
    if name in OWN_PICTURES:
        return [own_path(value) if value else value for value in many]
    return [_as_default(value, default) for value in many]


def _as_default(value, default):
    """1 for 1.0 where the default is a whole number, and the other way round: one value, one run."""
    if type(default) is float and type(value) is int:
        return float(value)
    if type(default) is int and type(value) is float and value.is_integer():
        return int(value)
    return value


def _fits(value, default):
    if value is None or default is None:
        return True
    if isinstance(default, tuple):
        return isinstance(value, list)
    if isinstance(default, bool) or not isinstance(default, int | float):
        return isinstance(value, type(default))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(default):
    kinds = {tuple: "a list", bool: "True or False", int: "a number", float: "a number", str: "a text", dict: "a dict"}
    return kinds.get(type(default), f"a {type(default).__name__}")


def _name(values, defaults, code):
    """What a run's folder is called: its short values for a person, and a digest of all, of the code and of its place.

    It depends on nothing but the run, so that a grid that has grown finds what a smaller one left; values that are the
    defaults say nothing. Another code is another run.
    """
    changed = {name: value for name, value in sorted(values.items()) if value != defaults[name]}
    digest = hashlib.blake2b(json.dumps([changed, code]).encode(), digest_size=4).hexdigest()
    short = {
        name: value
        for name, value in changed.items()
        if name not in OWN_PICTURES and not isinstance(value, list | dict)
    }
    told = ",".join(f"{name}={_told(value)}" for name, value in short.items()) or "defaults"
    return f"{told.encode()[:LONGEST_NAME].decode(errors='ignore')}-{digest}"


def _told(value):
    last = str(value).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w.+-]+", "_", last)
