"""What the runs of a sweep left, as one table.

Columns: a parameter each, `status` ("done", "failed", "left"), `seconds`, a number each that the notebook recorded,
`claims` (how many hold), `error` and `cell` (where it stopped: the number in the executed notebook's `In [5]`), `folder`.
A parameter that a run leaves as it is has its default.
"""

import json
from pathlib import Path

import pandas as pd

from utils.errors import CourseError

RUN, TABLE = "run.json", "sweep.csv"
FIRST, LAST = ("status", "seconds"), ("claims", "error", "cell", "folder")  # columns, around the numbers
LEFT = {"status": "left"}
WRITTEN = {"values", "swept", "code", "status", "seconds", "error", "cell", "numbers", "claims", "ended"}  # in run.json


def outcome_of(folder: Path) -> dict:
    """How a run went, as its run.json says; LEFT where it has not ended."""
    try:
        found = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or no JSON
        return LEFT
    return found if isinstance(found, dict) and found.keys() >= WRITTEN else LEFT  # another program's


def read_sweep(folder) -> pd.DataFrame:
    """All runs that ended in a sweep's folder, of whatever grid, in the order in which they ended, as `sweep` gives them.

    The last column, `code`, tells runs of a notebook from those of the same notebook before its code was changed.

    Raises:
        CourseError: there are none.
    """
    folders = sorted(path.parent for path in Path(folder).expanduser().absolute().glob(f"*/{RUN}"))
    found = [(outcome_of(each), each) for each in folders]
    found = sorted(
        ((outcome, each) for outcome, each in found if outcome is not LEFT), key=lambda pair: pair[0]["ended"]
    )
    if not found:
        raise CourseError(
            f"No run of a sweep has ended in '{folder}'. Expected folders with a {RUN}, as sweep(...) leaves."
        )
    names = list(dict.fromkeys(name for outcome, _ in found for name in outcome["swept"]))
    table = table_of([(outcome["values"], each, outcome) for outcome, each in found], names)
    return table.assign(code=[outcome["code"] for outcome, _ in found])


def table_of(runs, names) -> pd.DataFrame:
    """One row a run; `attrs["grid"]` has the values that each parameter takes.

    Args:
        runs: (values, folder, outcome) of each.
        names: of the parameters, in the order of the columns.
    """
    rows = [_row(*run, names) for run in runs]
    numbers = dict.fromkeys(name for row in rows for name in row if name not in (*names, *FIRST, *LAST))
    table = pd.DataFrame(rows, columns=[*names, *FIRST, *numbers, *LAST])
    table["cell"] = table["cell"].astype("Int64")  # whole numbers, where there are any
    for name in names:
        values = [row[name] for row in rows]
        if None in values:  # which pandas would make nan of
            table[name] = pd.Series(values, dtype=object)
    table.attrs["grid"] = {name: list(dict.fromkeys(table[name])) for name in names}
    return table


def _row(values, folder, outcome, names):
    claims = outcome.get("claims", [])
    own = {
        "status": outcome["status"],
        "seconds": outcome.get("seconds"),
        "claims": f"{sum(claim['holds'] for claim in claims)} of {len(claims)}" if claims else None,
        "error": outcome.get("error"),
        "cell": outcome.get("cell"),
        "folder": str(folder),
    }
    taken = {*names, *FIRST, *LAST}
    numbers = {f"{name} (recorded)" if name in taken else name: value
               for name, value in _flat(outcome.get("numbers", {}))}  # fmt: skip
    return {name: _cell(values.get(name)) for name in names} | own | numbers


def _flat(numbers, before=""):
    """(name, value) of every number, those within dicts too: gains.MixUp."""
    for name, value in numbers.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, _cell(value)


def _cell(value):
    """What a table's cell can hold and compare: lists and dicts as text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
