"""A lesson with many figures run into a report: how often the report is saved meanwhile, ours beside papermill's own engine."""

import tempfile
from pathlib import Path
from unittest.mock import patch

from tests import forked
from tests.bench.line import Line, seconds
from tests.lessons.tool import LESSONS
from utils.notebooks import run_notebook, runs

LESSON = LESSONS / "06_precision_recall.ipynb"


def bench_runs():
    """Kernels are forked, so that it is no start that is measured; the first run is not counted."""
    with tempfile.TemporaryDirectory() as folder, forked.kernels():
        taken = {}
        for name, engine in (("first", runs.ENGINE), ("ours", runs.ENGINE), ("plain", None)):
            with patch.object(runs, "ENGINE", engine):
                taken[name] = seconds(run_notebook, LESSON, Path(folder, name, LESSON.name))
    yield Line("lesson 06 into a report (plain: papermill's engine)", taken["ours"], taken["plain"], "s", "< 0.95")
