"""Warm kernels: they are like any other, share no state, and start with PyTorch in memory."""

import json
import multiprocessing
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.notebooks.conftest import Course
from tests.sweeps.conftest import wait_for
from utils.notebooks import warm

ROOT = Path(__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
PARAMETERS = "word: str = ''  # to tell runs apart\noutput_dir: str = ''  # where results go"
BODY = """
import sys
had_torch = "torch" in sys.modules
import atexit, json, os, time
from pathlib import Path
import helpers
import numpy as np
import torch
from jupyter_client.kernelspec import KernelSpecManager
Path(output_dir).mkdir(parents=True, exist_ok=True)
left_open = open(Path(output_dir, "left_open"), "w")
left_open.write("all of it")
atexit.register(Path(output_dir, "ended").touch)
numbers = {"had torch": had_torch, "left by another": getattr(torch, "left", None), "word": word, "pid": os.getpid(),
           "cwd": os.getcwd(), "backend": os.environ["MPLBACKEND"], "threads": torch.get_num_threads(), "group": os.getpgid(0),
           "helpers": helpers.whose, "drawn": np.random.rand(), "argv": sys.argv[0],
           "spec": KernelSpecManager().get_kernel_spec("python3").metadata}
torch.left = word
Path(output_dir, "results.json").write_text(json.dumps({"numbers": numbers}))
if word == "wait":
    time.sleep(600)
"""
# A process of its own, which knows no other server: it runs the notebook for each word, and prints what the runs recorded.
RUNS = """
import json, os, sys
assert __name__ == "__main__", "no kernel begins with the program that starts it"
from utils.notebooks import run_notebook
if __name__ == "__main__":
    notebook, out, *words = sys.argv[1:]
    for number, word in enumerate(words):
        if word == "elsewhere":
            os.environ["OMP_NUM_THREADS"] = "2"
        run = run_notebook(notebook, f"{out}/{number}/a.ipynb", {"word": word}, warm=True)
        assert run.error is None, run.error
        print(json.dumps(run.results["numbers"]), flush=True)
"""


@pytest.fixture
def runs(tmp_path):
    """Starts the process that runs a notebook for each of some words."""
    notebook = Course(tmp_path).notebook("01_a.ipynb", BODY, parameters=PARAMETERS, settings=None)
    script = tmp_path / "runs.py"
    script.write_text(RUNS)
    for folder, whose in ((tmp_path, "the program's"), (notebook.parent, "the notebook's")):
        (folder / "helpers.py").write_text(f"whose = {whose!r}")

    def start(*words):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(script), str(notebook), str(tmp_path / "out"), *words]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    return start


@LINUX
def test_runs_share_the_import_of_torch_and_nothing_else(runs, tmp_path):
    told, _ = (process := runs("one", "two", "elsewhere")).communicate(timeout=300)
    one, two, elsewhere = map(json.loads, told.splitlines())
    assert process.returncode == 0
    assert (one["had torch"], two["had torch"]) == (True, True)
    assert (two["word"], two["left by another"]) == ("two", None)
    assert two["pid"] == two["group"] != one["pid"]
    assert one["cwd"] == two["cwd"] == str(tmp_path / "lessons")
    assert two["backend"] == "module://matplotlib_inline.backend_inline"
    assert (two["helpers"], elsewhere["helpers"]) == ("the notebook's", "the notebook's")
    assert len({one["drawn"], two["drawn"], elsewhere["drawn"]}) == 3
    assert "kernel_provisioner" not in two["spec"], "what a cell starts of Jupyter knows no such kernels"
    assert (two["threads"], elsewhere["threads"]) == (1, 2)
    assert not elsewhere["had torch"], "another environment, which libraries read when they are imported"
    for number in range(3):
        output = tmp_path / "out" / str(number) / "output"
        assert (output / "ended").exists() and (output / "left_open").read_text() == "all of it"


@LINUX
def test_a_kernel_ends_with_the_process_that_started_it(runs, tmp_path):
    process, results = runs("wait"), tmp_path / "out" / "0" / "output" / "results.json"
    wait_for(results.exists)
    wait_for(results.read_text)
    kernel = psutil.Process(json.loads(results.read_text())["numbers"]["pid"])
    try:
        process.kill()
        process.wait()
        wait_for(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE, 30)
    finally:
        with suppress(psutil.NoSuchProcess):
            kernel.kill()


@pytest.mark.parametrize(("body", "helps"), [
    ("import torch", True), ("x = 1\n  from utils.training import fit", True), ("from utils import lesson", True),
    ("import json", False), ("import torchlike", False), ("print('import torch')", False),
])  # fmt: skip
def test_notebooks_without_torch_have_nothing_of_it(tmp_path, monkeypatch, body, helps):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(warm, "GPUS", ())
    assert warm.can_be(Course(tmp_path).notebook("01_a.ipynb", body)) is helps


def test_beside_a_gpu_and_on_other_systems_kernels_start_in_the_usual_way(tmp_path, monkeypatch):
    notebook = Course(tmp_path).notebook("01_a.ipynb", "import torch")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(warm, "GPUS", (str(tmp_path / "gpu"),))
    assert warm.can_be(notebook)
    (tmp_path / "gpu").touch()
    assert not warm.can_be(notebook)
    monkeypatch.setattr(warm, "GPUS", ())
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not warm.can_be(notebook)


def test_a_process_that_may_not_have_children_starts_kernels_in_the_usual_way(tmp_path, monkeypatch):
    notebook = Course(tmp_path).notebook("01_a.ipynb", "import torch")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(warm, "GPUS", ())
    assert warm.can_be(notebook)
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert not warm.can_be(notebook)
