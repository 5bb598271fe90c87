"""Makes the sample sets again: `python data_samples/make [name ...]`, which is what `make samples` runs.

A set is a script beside this file with a function `make(folder, seed)`; a new set is a new script.
"""

import argparse
import importlib
import sys
from pathlib import Path

from writing import update_checksums

from utils.errors import CourseError

HERE = Path(__file__).resolve().parent


def set_names() -> list[str]:
    scripts = HERE.glob("*.py")
    return sorted(path.stem for path in scripts if "\ndef make(" in path.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    for name in options.names or set_names():
        folder = options.into / name
        try:
            paths = importlib.import_module(name).make(folder, seed=options.seed)
        except CourseError as error:
            sys.exit(f"{name}: {error}")
        update_checksums(options.into, name, paths)
        size = sum((folder / path).stat().st_size for path in paths)
        print(f"{name:12} {len(paths):5,} files {size:10,} bytes")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="python data_samples/make",
        description="Makes the sample sets, each from a seed, and their checksums.",
    )
    result.add_argument("names", nargs="*", type=known, help=f"which sets; all by default: {', '.join(set_names())}")
    result.add_argument("--seed", type=int, default=0, help="0, as committed, by default")
    result.add_argument("--into", type=Path, default=HERE.parent, help="data_samples by default", metavar="FOLDER")
    return result


def known(name: str) -> str:
    if name not in set_names():
        raise argparse.ArgumentTypeError(f"no sample set {name!r}; there are {', '.join(set_names())}")
    return name


if __name__ == "__main__":
    main()
