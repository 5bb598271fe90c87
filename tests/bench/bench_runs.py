"""A run into a report: how long it takes to start, how often the report is saved meanwhile, and how long it takes to end."""

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from tests import forked
from tests.bench.line import Line, seconds
from tests.lessons.tool import LESSONS
from tests.notebooks.conftest import Course
from utils.notebooks import run_notebook, runs

LESSON = LESSONS / "06_precision_recall.ipynb"
IMPORTS = """
from utils import lesson, plots
from utils.training.loop import fit
"""
LESSON_OF_NOTHING = f"""{IMPORTS}
import gc, sys, time
lesson.start("nothing", dict(), sys.argv[1])
if "plain" in sys.argv:
    gc.unfreeze()
print(time.time())
"""


def bench_runs():
    """Kernels are forked, so that it is no start that is measured; the first run is not counted."""
    with tempfile.TemporaryDirectory() as folder, forked.kernels():
        taken = {}
        for name, engine in (("first", runs.ENGINE), ("ours", runs.ENGINE), ("plain", None)):
            with patch.object(runs, "ENGINE", engine):
                taken[name] = seconds(run_notebook, LESSON, Path(folder, name, LESSON.name))
    yield Line("lesson 06 into a report (plain: papermill's engine)", taken["ours"], taken["plain"], "s", "< 0.95")


def bench_ends():
    """From the last line of a program with a lesson's imports until it is gone: the median of five, taken in turns."""
    taken = {"ours": [], "plain": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in ["ours", *5 * ["ours", "plain"]]:  # the first one compiles
            taken[name].append(_end(folder, name))
    ours, plain = median(taken["ours"][1:]), median(taken["plain"])
    yield Line("a lesson's end (plain: imports stay the collector's)", 1000 * ours, 1000 * plain, "ms", "< 0.5")


def bench_starts():
    """A run of a notebook that trains nothing: the median of three, taken in turns. The first, which loads PyTorch, is not counted."""
    taken = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        notebook = Course(Path(folder)).notebook("01_nothing.ipynb", IMPORTS)
        for warm in [True, *3 * [True, False]]:
            taken[warm].append(seconds(partial(run_notebook, notebook, Path(folder, "out.ipynb"), warm=warm)))
    yield Line("a run that trains nothing (plain: its own import of torch)", median(taken[True][1:]), median(taken[False]), "s",
               "< 0.5")  # fmt: skip


def _end(folder, name):
    program = [sys.executable, "-c", LESSON_OF_NOTHING, folder, name]
    last = subprocess.run(program, cwd=LESSONS.parent, check=True, capture_output=True, text=True).stdout
    return time.time() - float(last)
