"""One line of the benchmarks' table, and the stopwatch."""

import time
from typing import NamedTuple

HEADER = f"{'what':58} {'ours':>10} {'plain':>10} {'ours/plain':>10}  target"


class Line(NamedTuple):
    """A measurement beside the plain way; `unit` is that of both ("s", "MB", "/s")."""

    what: str
    ours: float
    plain: float | None
    unit: str
    target: str

    def __str__(self):
        plain = "" if self.plain is None else f"{self.plain:.1f} {self.unit}"
        ratio = "" if self.plain is None else f"{self.ours / self.plain:.2f}"
        return f"{self.what:58} {f'{self.ours:.1f} {self.unit}':>10} {plain:>10} {ratio:>10}  {self.target}"


def seconds(function, *arguments):
    """How long a call takes, in seconds."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start
