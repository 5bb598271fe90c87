"""Faults, over all lessons: what a lesson takes it never changes, and a full disk, a kill or a second run costs nothing.

A lesson needs no entry here: its own test module says, as QUICK, with which parameters it is quick on three classes of own
pictures (`tool.folder_of`), and, as BY_TIME, which of its numbers depend on how much it can do in its time.
Kills of whole trainings that go on: test_killed.py.
"""

import importlib
import json
import os
import pkgutil
import random
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import utils
from tests.lessons import tool
from utils.notebooks.source import parameters as parameters_of

pytest.importorskip("resource", reason="Windows has no limits of a process's files, and does not fork")

from tests.lessons.faults import LOG, Watched, beginnings  # noqa: E402  it needs that module

LESSONS = [path.name for path in sorted(tool.LESSONS.glob("[0-9]*.ipynb"))]
FAULTS = {
    "is a file": "",
    "is read only": "read only",
    "is full": "full",
    "takes half": "half",
    "among the pictures": "",
}
# In claims that hold or not as a busy machine has it.
BY_THE_CLOCK = ("time", "longer", "faster", "slower", "stopwatch")
EARLIER = '{"claims": [{"text": "of an earlier run", "holds": true}]}'


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """What is a reader's: pictures in three classes, a CSV of them and a table of predictions."""
    folder = tmp_path_factory.mktemp("own") / "the reader's"
    pictures = tool.folder_of(folder / "pictures", 3, 20)
    table = pd.DataFrame({"path": sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.jpg"))})
    table["label"] = table["path"].str.split("/").str[0]
    table.to_csv(folder / "list.csv", index=False)
    names, rng = sorted(table["label"].unique()), np.random.default_rng(0)
    scores = rng.random((len(table), 3)) + (table["label"].to_numpy()[:, None] == np.array(names))
    scores = pd.DataFrame(scores / scores.sum(axis=1, keepdims=True), columns=[f"p_{name}" for name in names])
    table.join(scores).to_csv(folder / "predictions.csv", index=False)
    return folder


def module_of(lesson):
    """The test module of a lesson."""
    return importlib.import_module(f"tests.lessons.test_{lesson.removesuffix('.ipynb')}")


def given(lesson, own, **more):
    """Parameters with which a lesson is quick on the own pictures, and on the own predictions where it takes any."""
    values = {"data_dir": str(own / "pictures"), **module_of(lesson).QUICK, **more}
    if "predictions" in parameters_of(tool.LESSONS / lesson):
        values["predictions"] = str(own / "predictions.csv")
    return values


def by_csv(lesson, own):
    """The same, the pictures named by the own CSV where the lesson takes one."""
    takes = "csv" in parameters_of(tool.LESSONS / lesson)
    return given(lesson, own, **{"csv": str(own / "list.csv")} if takes else {})


# --- a folder that cannot be written -----------------------------------------------------------------


@pytest.fixture(scope="module")
def refusals(request, own, tmp_path_factory):
    """(error of each fault of the results' folder, those folders, what else came of it)."""
    lesson = request.param
    home = tmp_path_factory.mktemp("begin")
    folders = {name: home / name for name in FAULTS} | {"among the pictures": own / "pictures" / "results"}
    for name in ("is read only", "is full", "takes half"):
        folders[name].mkdir()
        (folders[name] / "results.json").write_text(EARLIER)
    folders["is a file"].write_text(EARLIER)
    places = {name: (str(folders[name]), disk) for name, disk in FAULTS.items()}
    before = tool.digest(own)
    found = Watched(lesson, given(lesson, own), own, home / "run", beginnings, (places,)).ended()
    assert tool.digest(own) == before
    return found, folders


begin_each = pytest.mark.parametrize("refusals", LESSONS, ids=lambda name: name.removesuffix(".ipynb"), indirect=True)


@begin_each
def test_a_folder_that_cannot_be_written_ends_the_lesson_where_it_begins_with_what_to_do(refusals):
    found, folders = refusals
    causes = {"is a file": "File exists", "is read only": "Read-only file system", "is full": "No space left",
              "takes half": "File too large", "among the pictures": "must not be written among your pictures"}  # fmt: skip
    for fault, cause in causes.items():
        name, message = found["errors"][fault] or ("no error", "")
        assert name == "CourseError", f"{fault}: {name} {message}"
        assert str(folders[fault]) in message and cause in message and "output_dir" in message, message
    assert found["refused"] == []  # nothing was even tried among the pictures


@begin_each
def test_what_an_earlier_run_left_in_such_a_folder_stays_as_it_was(refusals):
    _, folders = refusals
    assert folders["is a file"].read_text() == EARLIER
    for name in ("is read only", "is full", "takes half"):
        assert {path.name: path.read_text() for path in folders[name].iterdir()} == {"results.json": EARLIER}, name


# --- nothing leaves this machine ----------------------------------------------------------------------


def notebook_of(folder, source):
    """A notebook with a parameters cell and another one."""
    cells = [new_code_cell("output_dir: str = ''", metadata={"tags": ["parameters"]}), new_code_cell(source)]
    nbformat.write(new_notebook(cells=cells), folder / "made.ipynb")
    return folder / "made.ipynb"


def test_a_connection_beyond_loopback_is_refused_and_noted_in_these_runs(tmp_path):
    source = "import socket; socket.socket().connect(('192.0.2.1', 80))"
    found = Watched(notebook_of(tmp_path, source), {}, tmp_path / "own", tmp_path / "run").ended()
    assert "The tests run offline" in found["error"][1]
    assert "192.0.2.1" in found["beyond"]


@pytest.mark.slow
def test_importing_the_package_looks_up_no_name_and_connects_to_nothing(tmp_path):
    names = [
        each.name for each in pkgutil.walk_packages(utils.__path__, "utils.") if not each.name.endswith("__main__")
    ]
    assert len(names) > 100
    code = (
        "import importlib, sys; met = []\n"
        "sys.addaudithook(lambda event, _: event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto') and met.append(event))\n"
        f"[importlib.import_module(name) for name in {names}]; sys.exit(str(met) if met else 0)"
    )
    environment = os.environ | {LOG: str(tmp_path / "network.log")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]


# --- the watch itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [
    "open(data_dir + '/new.txt', 'w')", "open(data_dir + '/list.csv', 'a')", "import os; os.utime(data_dir + '/list.csv')",
    "import os; os.rename(data_dir + '/list.csv', data_dir + '/other.csv')", "import os; os.remove(data_dir + '/list.csv')",
    "import os; os.chmod(data_dir, 0o777)", "import pathlib; pathlib.Path(data_dir, 'new').mkdir()",
])  # fmt: skip
def test_a_notebook_that_changes_the_readers_folder_is_caught(own, tmp_path, source):
    before = tool.digest(own)
    made = notebook_of(tmp_path, source)
    found = Watched(made, {"data_dir": str(own)}, own, tmp_path / "run").ended()
    assert found["error"][0] == "PermissionError" and len(found["refused"]) == 1
    assert tool.digest(own) == before


# --- whole runs ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(request, own, tmp_path_factory):
    """What came of runs of a lesson on the same pictures, all at once: one that meets a full disk in each cell that writes,
    and two in the same folder, in which one was killed while it wrote."""
    lesson, home = request.param, tmp_path_factory.mktemp("runs")
    before, number = tool.digest(own), random.randint(1, 20)
    print(f"killed at write {number}")  # shown where a test fails
    Watched(lesson, given(lesson, own), own, home / "same", name="killed", wait_at=number).killed()
    begun = {"full": Watched(lesson, by_csv(lesson, own), own, home / "alone", more=(True,))}
    begun |= {name: Watched(lesson, given(lesson, own), own, home / "same", name=name) for name in ("first", "second")}
    found = {name: each.ended() for name, each in begun.items()}
    return found, home, before, tool.digest(own)


run_each = pytest.mark.parametrize("runs", LESSONS, ids=lambda name: name.removesuffix(".ipynb"), indirect=True)


@pytest.mark.slow
@run_each
def test_the_readers_folder_is_never_changed_and_it_may_be_read_only(runs):
    found, _, before, after = runs
    assert {name: each["refused"] for name, each in found.items()} == {"full": [], "first": [], "second": []}
    assert after == before
    assert found["full"]["error"] is None, found["full"]


@pytest.mark.slow
@run_each
def test_a_disk_that_is_full_in_any_cell_that_writes_is_told_and_the_cell_can_be_run_again(runs):
    found, home, *_ = runs
    assert len(found["full"]["faults"]) >= 3  # the beginning, claims and numbers
    for fault in found["full"]["faults"]:
        told = fault["message"]
        assert fault["error"] in ("CourseError", ""), fault  # "": the cell prints what it could not do, and goes on
        assert str(home / "alone" / "output") in told or not fault["error"], fault
        assert "No space left" in told or "File too large" in told, fault


@pytest.mark.slow
@run_each
def test_results_are_whole_at_every_moment_at_which_a_kill_may_come(runs):
    found, home, *_ = runs
    assert all(each["broken"] == [] and each["writes"] > 10 for each in found.values())
    for folder in ("alone", "same"):
        assert json.loads((home / folder / "output" / "results.json").read_text(encoding="utf-8"))["claims"]


@pytest.mark.slow
@run_each
def test_killed_and_run_twice_at_once_in_that_folder_it_gives_what_another_folder_gives(runs, request):
    found, lesson = runs[0], request.node.callspec.params["runs"]
    ended = [found[name] for name in ("first", "second") if found[name]["error"] is None]
    refused = [found[name]["error"] for name in ("first", "second") if found[name]["error"]]
    assert ended, refused
    for name, message in refused:
        assert name == "CourseError" and "Another" in message and "output_dir" in message, message
    by_time = getattr(module_of(lesson), "BY_TIME", ())
    for each in ended:
        assert sayings(each, by_time) == sayings(found["full"], by_time)


@pytest.mark.slow
@run_each
def test_no_half_written_file_is_left(runs):
    _, home, *_ = runs
    litter = [path for path in (home / "alone" / "output").rglob(".*") if path.name.count(".") > 1]
    assert litter == []


@pytest.mark.slow
@run_each
def test_nothing_was_sent_beyond_this_machine(runs):
    assert {each["beyond"] for each in runs[0].values()} == {""}


def sayings(found, by_time):
    """The claims and the numbers of a run; of what the clock measured, or decided, only that it was said."""
    results = found["results"]
    claims = [
        (each["text"], bool(by_time) or each["holds"] or any(word in each["text"] for word in BY_THE_CLOCK))
        for each in results["claims"]
    ]
    numbers = tool.without_times(results["numbers"])
    return claims, {name: None if name in by_time else value for name, value in numbers.items()}
