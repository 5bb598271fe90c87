"""Lesson 09 beside the clock: the seconds that a report takes, and those that it was given.

Nothing else may run: what another program takes in the last seconds no measurement foresees.
"""

import tempfile
from pathlib import Path

from tests.bench.line import Line
from tests.lessons import tool
from tests.lessons.test_09_your_own_pictures import LESSON, parted

MINUTES = (0.5, 1.5)


def bench_minutes():
    """Many pictures, which could use any time."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        own = parted(folder / "own", train=600, valid=200, copied=0)
        for minutes in MINUTES:
            results, _ = tool.run(LESSON, folder / str(minutes), data_dir=str(own), minutes=minutes, epochs=1000)
            what = f"a report of {minutes:g} minutes (plain: the time given)"
            yield Line(what, results["numbers"]["seconds_spent"], 60 * minutes, "s", "0.8 to 1.2")
