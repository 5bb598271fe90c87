"""Real kernels in real processes: a small sweep, one that is killed, two at once, and Dask with a worker that dies."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests.notebooks.conftest import Course
from tests.sweeps.conftest import PARAMETERS, wait_for
from utils.errors import CourseError
from utils.sweeps import plan, sweep

ROOT = Path(__file__).resolve().parents[2]


def ran(out):
    """How often each run began."""
    return Counter((out / "ran.txt").read_text().splitlines())


def command(notebook, out, *more, **environment):
    """The sweep as a command, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "utils.sweeps", str(notebook), "--output", str(out), *more],
        cwd=ROOT, env=os.environ | environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def done(out):
    return len(list(out.glob("*/run.json")))


@pytest.mark.slow
def test_a_small_sweep_on_two_processes_of_this_machine(notebook, out):
    before = notebook.read_bytes(), dict(os.environ)
    table = sweep(notebook, {"lr": [0.1, 0.2], "seed": [0, 1], "optimizer": "sgd"}, output_dir=out, processes=2)
    again = sweep(notebook, {"lr": [0.2, 3.0, 0.3], "seed": 1, "optimizer": "sgd"}, output_dir=out, threads=2)
    assert list(table["accuracy"]) == [0.2, 1.2, 0.4, 1.4]
    assert list(again["status"]) == ["done", "failed", "done"]
    assert again["error"].iloc[1] == "ValueError: lr is too high: 3.0" and again["cell"].iloc[1] == 3
    assert set(table["claims"]) == {"1 of 1"} and set(table["threads"]) == {"1"} and again["threads"].iloc[2] == "2"
    assert set(table["cwd"]) == {str(notebook.parent)}
    assert ran(out) == Counter(["0.1 sgd 0", "0.1 sgd 1", "0.2 sgd 0", "0.2 sgd 1", "3.0 sgd 1", "0.3 sgd 1"])
    assert (notebook.read_bytes(), dict(os.environ)) == before
    assert "lr is too high" in (Path(again["folder"].iloc[1]) / "01_a.ipynb").read_text()


@pytest.mark.slow
def test_the_command_runs_it_too_prints_the_table_and_says_by_its_exit_code_that_one_failed(notebook, out):
    process = command(notebook, out, "-p", "lr", "0.1,3", "-p", "optimizer", "adam")
    told, lines = process.communicate(timeout=120)
    assert process.returncode == 1
    assert told.splitlines()[0].split() == ["lr", "status", "seconds", "accuracy", "gains.a", "claims"]
    assert "cell In [3]: ValueError: lr is too high: 3" in told and "2 runs, 1 failed" in told
    ended = [line.partition(":")[0] for line in lines.splitlines() if "lr=" in line or "defaults-" in line]
    assert sorted(ended) == ["done", "failed"], lines
    assert list(pd.read_csv(out / "sweep.csv")["status"]) == ["done", "failed"]


def test_a_process_that_dies_is_an_error_and_what_was_done_is_kept(tmp_path, out):
    notebook = Course(tmp_path).notebook(
        "01_a.ipynb",
        # The kernel kills the process that runs it: what a machine without memory does.
        "import os, signal\nif lr > 0.1: os.kill(os.getppid(), signal.SIGKILL)",
        parameters=PARAMETERS,
        settings=None,
    )
    with pytest.raises(CourseError, match="A process of the sweep died.*1 of 3 runs are done"):
        sweep(notebook, {"lr": [0.1, 0.2, 0.3]}, output_dir=out, processes=1)
    assert list(plan(notebook, {"lr": [0.1, 0.2, 0.3]}, out)["status"]) == ["done", "left", "left"]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_is_killed_leaves_no_process_and_goes_on(notebook, out, sent):
    more = ("-p", "lr", "0.1,0.2,0.3,0.4,0.5,0.6", "--processes", "2")
    process = command(notebook, out, *more, COURSE_TEST_SLEEP="1")
    wait_for(lambda: done(out) >= 2)
    family = []

    def four():  # two that run, two kernels: just now one of these may be the next
        family[:] = psutil.Process(process.pid).children(recursive=True)
        return len(family) >= 4

    wait_for(four)
    process.send_signal(sent)
    told, _ = process.communicate(timeout=60)
    if sent == signal.SIGINT:
        assert process.returncode == 130 and "runs are done" in told and "The same call goes on" in told
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    kept = {path: path.read_bytes() for path in out.glob("*/run.json")}
    assert 2 <= len(kept) < 6
    again = command(notebook, out, *more)
    again.communicate(timeout=180)
    assert again.returncode == 0
    assert {path: path.read_bytes() for path in kept} == kept
    assert list(pd.read_csv(out / "sweep.csv")["status"]) == ["done"] * 6
    began = ran(out)
    assert len(began) == 6 and sum(began.values()) <= 6 + 2 and max(began.values()) <= 2  # two were under way


@pytest.mark.slow
def test_two_sweeps_at_once_share_the_runs(notebook, out):
    more = ("-p", "lr", "0.1,0.2,0.3,0.4", "--processes", "1")
    both = [command(notebook, out, *more, COURSE_TEST_SLEEP="0.5") for _ in range(2)]
    told = [process.communicate(timeout=180) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert set(ran(out).values()) == {1} and len(ran(out)) == 4
    assert list(pd.read_csv(out / "sweep.csv")["status"]) == ["done"] * 4


# --- Dask


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process as on other machines: (its address, the workers)."""
    file, environment = tmp_path / "scheduler.json", os.environ | {"OMP_NUM_THREADS": "1"}

    def start(kind, *more):
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *more, "--scheduler-file", str(file),
             "--host", "127.0.0.1", "--no-dashboard"],
            env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    scheduler = start("scheduler", "--port", "0")
    wait_for(file.exists)
    workers = [start("worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]
    address = pd.read_json(file, typ="series")["address"]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_many_machines_one_of_which_dies_in_the_middle_and_nothing_is_lost(notebook, out, cluster, monkeypatch):
    address, workers = cluster
    more = ("-p", "lr", "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8", "--scheduler", address)
    process = command(notebook, out, *more)
    wait_for(lambda: done(out) >= 3)
    wait_for(lambda: len(psutil.Process(workers[0].pid).children(recursive=True)) >= 1)  # a kernel of its
    workers[0].kill()
    told, _ = process.communicate(timeout=240)
    assert process.returncode == 0, told
    table = pd.read_csv(out / "sweep.csv")
    assert list(table["status"]) == ["done"] * 8 and list(table["accuracy"].round(3)) == [
        0.2,
        0.4,
        0.6,
        0.8,
        1.0,
        1.2,
        1.4,
        1.6,
    ]
    assert sum(ran(out).values()) <= 8 + 1  # what it was at is run again, by the other


@pytest.mark.slow
def test_dask_by_hand_is_an_executor_as_any_other(notebook, out, cluster):
    from distributed import Client

    with Client(cluster[0]) as client:
        table = sweep(notebook, {"lr": [0.1, 3.0]}, client.get_executor(), out)
        assert list(table["status"]) == ["done", "failed"]
        assert client.submit(sum, [1, 2]).result() == 3  # still the caller's
