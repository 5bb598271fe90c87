"""Run a notebook with every combination of some parameters, and gather all results in one table.

    python -m utils.sweeps lessons/07_training_recipes.ipynb -p lr 1e-4,1e-3 -p optimizer adam,sgd

makes four runs, as many at a time as there are processor cores. The same line again goes on after a kill, and runs again
what failed. On many machines: --scheduler tcp://... of Dask (`dask scheduler`, `dask worker tcp://... --nthreads 1`).
"""

import argparse
import re
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pandas as pd

from utils.commands import CTRL_C, answer, run_as_script
from utils.errors import CourseError
from utils.files import read_yaml
from utils.notebooks.report import text_table
from utils.notebooks.runs import OWN_PICTURES
from utils.notebooks.source import check_parameters, parse_value
from utils.sweeps.grids import notebook_at, plan
from utils.sweeps.running import sweep
from utils.sweeps.tables import FIRST, LAST, RUN, TABLE

MOST_NUMBERS = 6  # columns of the printed table; the file has all
WAIT = 10  # seconds, for a scheduler


def main(arguments=None):
    """Run the command; 0 when all runs are done, 1 when one failed, 2 when the request cannot be met, 130 after Ctrl-C."""
    try:
        return answer(_parser(), arguments)
    except KeyboardInterrupt as error:
        print(error)
        return CTRL_C


def sweep_command(options):
    """Plan the grid, run it, print the table."""
    grid = grid_of(options)
    if options.plan:
        table = plan(options.notebook, grid, options.output)
        print(f"{printed(table, list(grid))}\n{len(table)} runs, {(table['status'] == 'done').sum()} of them done.")
        others = {path.parent for path in Path(table["folder"].iloc[0]).parent.glob(f"*/{RUN}")} - set(
            map(Path, table["folder"])
        )
        if others:
            print(f"Also there, with other values or other code, and not counted: {len(others)}.")
        return 0
    with dask(options.scheduler) if options.scheduler else nullcontext() as executor:
        table = sweep(
            options.notebook, grid, executor, options.output, threads=options.threads, processes=options.processes
        )
    print(printed(table, list(grid)))
    return _summary(table)


def grid_of(options) -> dict:
    """{parameter: values} of what was typed and filed: commas part the values of -p, and -p again adds more."""
    notebook = notebook_at(options.notebook)
    filed = {name: [value] for name, value in (read_yaml(options.file) if options.file else {}).items()}
    typed = [*options.parameter, *([("data_dir", options.data)] if options.data else [])]
    if not typed and not filed:
        raise CourseError("Expected one parameter or more with the values to try:   -p lr 0.001,0.01")
    defaults, values = check_parameters(notebook, [*filed, *(name for name, _ in typed)]), {}
    for name, text in typed:
        values.setdefault(name, []).extend(_values(name, text, defaults[name]))
    return values | {name: value for name, value in filed.items() if name not in values}


def _values(name, text, default):
    """What stands between commas; paths stand alone, and lists and dicts have commas of their own."""
    if isinstance(default, str) and text.startswith("["):
        raise CourseError(f"The values of {name!r} are parted by commas alone, without brackets, not {text!r}.")
    if isinstance(default, list | dict) or text.startswith(("[", "{")):
        value = parse_value(text, default, name)
        return list(value) if isinstance(value, tuple) else [value]
    return [_value(name, each.strip(), default) for each in ([text] if name in OWN_PICTURES else text.split(","))]


def _value(name, text, default):
    is_none = default is None and text.lower() in ("none", "null")  # as the printed table says it
    return None if is_none else parse_value(text, default, name)


@contextmanager
def dask(address):
    """The executor of a Dask scheduler."""
    try:
        from distributed import Client
    except ImportError as error:
        raise CourseError(
            "A sweep on many machines is run by Dask, which is not installed: pip install distributed"
        ) from error
    try:
        client = Client(address, timeout=WAIT)
    except (OSError, ValueError) as error:
        raise CourseError(f"No Dask scheduler answers at {address!r} ({error}). Start one with   dask scheduler   and, on "
                          "each machine,   dask worker tcp://<its address>:8786 --nthreads 1")  from error  # fmt: skip
    with client, client.get_executor() as executor:
        yield executor


def printed(table: pd.DataFrame, names) -> str:
    """The table for a screen: the parameters that vary, and the first of the numbers."""
    varying = [name for name in names if len(table.attrs["grid"][name]) > 1] or list(names)
    numbers = [name for name in table.select_dtypes("number") if name not in (*names, *FIRST, *LAST)]
    claims = ["claims"] if table["claims"].notna().any() else []
    columns = [*varying, *FIRST, *numbers[:MOST_NUMBERS], *claims]
    rows = [[_text(row[name], "none" if name in varying else "") for name in columns] for _, row in table.iterrows()]
    return text_table(columns, rows)


def _text(value, missing):
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return missing
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _summary(table):
    failed = table[table["status"] == "failed"]
    for row in failed.itertuples():
        at = "" if pd.isna(row.cell) else f"cell In [{row.cell}]: "
        print(f"failed: {row.folder}\n  {at}{row.error}")
    print(f"{len(table)} runs, {len(failed)} failed. All columns are in {TABLE}, in the folder above those of the runs:\n"
          f"{Path(table['folder'].iloc[0]).parent}")  # fmt: skip
    return int(len(failed) > 0)


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.sweeps", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.set_defaults(command=sweep_command)
    parser._negative_number_matcher = re.compile(r"-[\d.]")  # -1e-3 and -1,-2 are values too, no options
    parser.add_argument("notebook", help="the file, such as lessons/07_training_recipes.ipynb")
    parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUES"),
                        help="a parameter and its values, with commas between them; again for more values")  # fmt: skip
    parser.add_argument("-f", "--file", metavar="FILE", help="parameters that are the same in all runs, from a YAML file "
                        "such as the recipe.yaml that each run leaves; -p wins over it")  # fmt: skip
    parser.add_argument("--data", metavar="DIR", help="your own pictures, a folder a class; read only")
    parser.add_argument("--output", default="", metavar="DIR", help="where it all goes (runs/sweeps/<notebook>)")
    parser.add_argument("--plan", action="store_true", help="print the runs and which are done; run nothing")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of Dask, tcp://10.0.0.1:8786 say; it and its workers need "
                        "the course installed, and the same paths")  # fmt: skip
    parser.add_argument(
        "--processes", type=int, metavar="N", help="runs at a time on this machine (as the cores allow)"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="processor threads of each run (1)")
    return parser


if __name__ == "__main__":
    run_as_script(main)
