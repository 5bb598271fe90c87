"""`make bench`: run the benchmarks and print a table: what, ours, the plain way, their ratio, the target.

A benchmark is a function in a module bench_*.py of this folder, named bench_*, that returns or yields Lines.
"""

import argparse
import importlib
import os
from pathlib import Path

from tests.bench.line import HEADER


def benchmarks():
    """(name, function) of every benchmark in this folder, in the order of the files."""
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        module = importlib.import_module(f"tests.bench.{path.stem}")
        yield from ((name, thing) for name, thing in vars(module).items() if name.startswith("bench_"))


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="run only benchmarks whose name contains one of these")
    wanted = parser.parse_args().names
    print(f"{os.cpu_count()} cores", HEADER, sep="\n", flush=True)
    for name, function in benchmarks():
        if not wanted or any(word in name for word in wanted):
            for line in function():
                print(line, flush=True)


if __name__ == "__main__":
    main()
