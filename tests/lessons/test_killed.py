"""A lesson that was killed and is run again, with `resume`, ends with the numbers of one that nobody killed."""

import base64
import json
import random
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from tests.lessons import tool
from tests.lessons.test_03_fine_tuning import QUICK as QUICK_03
from tests.lessons.test_04_custom_cnn import QUICK as QUICK_04
from tests.lessons.test_07_training_recipes import QUICK as QUICK_07
from utils.training.resuming import STATE, read_state

pytestmark = pytest.mark.slow


def papermill(lesson, folder, parameters):
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "papermill", tool.LESSONS / lesson, folder / "report.ipynb", "-k", "python3"]
    command += ["-b", json_as_base64(parameters | {"output_dir": str(folder / "out")})]
    return psutil.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def json_as_base64(parameters):
    """As papermill takes any parameters: YAML in base64."""
    return base64.b64encode(json.dumps(parameters).encode()).decode()


def kill(process):
    """The kernel with it, and whatever it started. It may have ended by itself, and so may any of them meanwhile."""
    family = [process]
    with suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def numbers(folder):
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    return tool.without_times(results["numbers"])


def ended(folder):
    """The states of trainings that have ended, and when they were written."""
    states = [path for path in (folder / "out").rglob(STATE) if read_state(path.parent)["has_ended"]]
    return {path: path.stat().st_mtime_ns for path in states}


@pytest.mark.parametrize(("lesson", "parameters"), [
    ("03_fine_tuning.ipynb", QUICK_03 | {"epochs": 3}), ("04_custom_cnn.ipynb", QUICK_04), ("07_training_recipes.ipynb", QUICK_07),
])  # fmt: skip
def test_killed_at_some_moment_and_run_again_it_ends_the_same(lesson, parameters, tmp_path):
    own = tool.folder_of(tmp_path / "own", 2, 24)
    parameters = parameters | {"data_dir": str(own)}
    begin = time.monotonic()
    assert papermill(lesson, tmp_path / "whole", parameters).wait() == 0
    lasts, moments, kept = time.monotonic() - begin, random.Random(time.time_ns()), {}
    folder = tmp_path / "killed"
    while not kept:  # a kill after the first training, at whatever moment
        process = papermill(lesson, folder, parameters | {"resume": True})
        stop = time.monotonic() + moments.uniform(0.4, 0.9) * lasts
        while time.monotonic() < stop and process.poll() is None:
            time.sleep(0.05)
        kill(process)
        kept = ended(folder)
    assert papermill(lesson, folder, parameters | {"resume": True}).wait() == 0
    assert {path: ended(folder)[path] for path in kept} == kept, "what had ended was trained again"
    assert numbers(folder) == numbers(tmp_path / "whole")
