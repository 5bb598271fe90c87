"""What the commands `python -m utils....` share: a request that cannot be met is a sentence, not a traceback."""

import argparse
import sys
from collections.abc import Callable

from utils.errors import CourseError

CTRL_C = 130  # what a shell says of a program that Ctrl-C has ended


def answer(parser: argparse.ArgumentParser, arguments=None) -> int:
    """Run `options.command(options)`; what it returns (None is 0), or 2 after a CourseError, whose text is printed."""
    options = parser.parse_args(arguments)
    try:
        return options.command(options) or 0
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2


def run_as_script(main: Callable[[], int]) -> None:
    """End the program with main's exit code; signs that a console does not know are replaced, as on Windows."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    sys.exit(main())
