"""A lesson that was killed and is run again, with `resume`, ends with the numbers of one that nobody killed."""

import json
import random
import time

import pytest

pytest.importorskip("resource", reason="Windows has no limits of a process's files, and does not fork")

from tests.lessons import tool  # noqa: E402  after the line above, which says why nothing runs there
from tests.lessons.faults import Watched  # noqa: E402
from tests.lessons.test_03_fine_tuning import QUICK as QUICK_03  # noqa: E402
from tests.lessons.test_04_custom_cnn import QUICK as QUICK_04  # noqa: E402
from tests.lessons.test_07_training_recipes import QUICK as QUICK_07  # noqa: E402
from utils.training.resuming import STATE, read_state  # noqa: E402

pytestmark = pytest.mark.slow


def numbers(folder):
    results = json.loads((folder / "output" / "results.json").read_text(encoding="utf-8"))
    return tool.without_times(results["numbers"])


def ended(folder):
    """The states of trainings that have ended, and when they were written."""
    states = [path for path in (folder / "output").rglob(STATE) if read_state(path.parent)["has_ended"]]
    return {path: path.stat().st_mtime_ns for path in states}


@pytest.mark.parametrize(("lesson", "parameters"), [
    ("03_fine_tuning.ipynb", QUICK_03 | {"epochs": 3}), ("04_custom_cnn.ipynb", QUICK_04), ("07_training_recipes.ipynb", QUICK_07),
])  # fmt: skip
def test_killed_at_some_moment_and_run_again_it_ends_the_same(lesson, parameters, tmp_path):
    own = tool.folder_of(tmp_path / "own", 2, 24)
    parameters = parameters | {"data_dir": str(own)}
    begin = time.monotonic()
    assert Watched(lesson, parameters, own, tmp_path / "whole").ended()["error"] is None
    lasts, folder = time.monotonic() - begin, tmp_path / "killed"
    begin, run = time.monotonic(), Watched(lesson, parameters | {"resume": True}, own, folder)
    while not ended(folder):  # a kill after the first training, at whatever moment
        assert run.process.is_alive(), "no training of it can go on"
        time.sleep(0.2)
    run.process.join(random.Random(time.time_ns()).uniform(0, 0.7) * max(0, begin + lasts - time.monotonic()))
    run.kill()
    kept = ended(folder)
    assert Watched(lesson, parameters | {"resume": True}, own, folder).ended()["error"] is None
    assert {path: ended(folder)[path] for path in kept} == kept, "what had ended was trained again"
    assert numbers(folder) == numbers(tmp_path / "whole")
