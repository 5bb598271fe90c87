"""Tiny notebooks to sweep, and an executor that runs them at once, here."""

import time
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from tests.notebooks.conftest import Course
from utils.notebooks.runs import CellError, NotebookRun

PARAMETERS = (
    "lr: float = 0.1  # learning rate\n"
    "optimizer: str = 'adam'  # who takes the steps\n"
    "seed: int = 0  # for everything random\n"
    "fractions: list = [0.7, 0.3]  # shares\n"
    "backbone_lr: float = None  # of the backbone\n"
    "data_dir: str = ''  # own pictures\n"
    "output_dir: str = ''  # where results go"
)
# Leaves what a lesson leaves, without torch; each run adds a line to a file, so that a test can count them.
BODY = """
import json, os, time
with open(os.path.join(os.path.dirname(os.path.dirname(output_dir)), 'ran.txt'), 'a') as file:
    file.write(f'{lr} {optimizer} {seed}\\n')
if lr > 1:
    raise ValueError(f'lr is too high: {lr}')
time.sleep(float(os.environ.get('COURSE_TEST_SLEEP', 0)))
os.makedirs(output_dir, exist_ok=True)
numbers = {'accuracy': lr * 2 + seed, 'threads': os.environ.get('OMP_NUM_THREADS'), 'gains': {'a': 1.0}, 'cwd': os.getcwd()}
with open(os.path.join(output_dir, 'results.json'), 'w') as file:
    json.dump({'numbers': numbers, 'claims': [{'text': 'it ran', 'holds': True}]}, file)
"""


class Inline(Executor):
    """Runs what is submitted at once; `ran` is what it was."""

    def __init__(self):
        self.ran = []

    def submit(self, function, job):
        self.ran.append(job)
        future = Future()
        try:
            future.set_result(function(job))
        except Exception as error:
            future.set_exception(error)
        return future


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def notebook(tmp_path):
    """A notebook with parameters."""
    return Course(tmp_path).notebook("01_a.ipynb", BODY, parameters=PARAMETERS, settings=None)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "sweep"


@pytest.fixture
def inline():
    return Inline()


@pytest.fixture
def quick(monkeypatch):
    """Runs without a kernel: what they would record, or a failure where lr is above 1; the list of what was run."""
    ran = []

    def run_notebook(notebook, output, values, **_):
        ran.append(values)
        Path(output).write_text("executed")
        lr, seed = values.get("lr", 0.1), values.get("seed", 0)
        if lr > 1:
            return NotebookRun(output, 1.0, CellError(3, "ValueError", f"lr is too high: {lr}"))
        numbers = {"accuracy": lr * 2 + seed, "gains": {"a": 1.0}, "shape": [1, 2], "lr": 5, "folder": "x"}
        claims = [{"text": "one", "holds": True}, {"text": "two", "holds": False}]
        return NotebookRun(output, 1.234, None, {"numbers": numbers, "claims": claims})

    monkeypatch.setattr("utils.sweeps.running.run_notebook", run_notebook)
    return ran
