"""One run of a notebook: what it gets, where it runs, what is left when it stops."""

import os
import sys
from pathlib import Path

import nbformat
import pytest

from utils.errors import CourseError
from utils.notebooks import run_notebook
from utils.notebooks.engine import SHARE, seldom
from utils.notebooks.kernels import started
from utils.notebooks.runs import new_folder


def printed(notebook):
    """What all cells of an executed notebook printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_an_unknown_parameter_is_refused_before_anything_runs(course):
    path = course.notebook("01_a.ipynb", "open('ran', 'w')")
    with pytest.raises(CourseError, match="'learning_rate'"):
        run_notebook(path, course.root / "run" / "a.ipynb", {"learning_rate": 1})
    assert not (course.root / "run").exists()
    assert not (path.parent / "ran").exists()


def test_parameters_arrive_unchanged_and_the_kernel_runs_in_the_notebooks_folder(course):
    path = course.claiming(
        "01_a.ipynb",
        "{'ran': True}",
        "import os; print([fractions, text, str(csv), limit, os.getcwd()])",
        parameters="fractions: list = [1]\ntext: str = ''\ncsv: str = ''\nlimit = 1\noutput_dir: str = ''",
    )
    before = path.read_bytes()
    values = {"fractions": (0.7, 0.3), "text": 'it\'s "é"\n{x}', "csv": Path("a b"), "limit": None}
    here = os.getcwd()
    run = run_notebook(path, course.root / "{run}" / "a.ipynb", values)
    assert run.error is None
    assert run.claims == [{"text": "ran", "holds": True}]
    assert printed(run.notebook).strip() == str([[0.7, 0.3], values["text"], "a b", None, str(path.parent)])
    assert (course.root / "{run}" / "output" / "results.json").exists()
    assert (os.getcwd(), path.read_bytes()) == (here, before)


def test_a_run_names_the_notebook_it_came_from_and_does_not_hold_it_twice(course):
    path = course.claiming("01_{a}.ipynb", "{'ran': True}")
    run = run_notebook(path, course.root / "run" / "a.ipynb")
    assert run.error is None
    assert nbformat.read(run.notebook, as_version=4).metadata.papermill.input_path == str(path)


def test_saving_the_copy_takes_a_twentieth_of_the_time_at_most():
    now, saved = [0.0], []

    def save():
        saved.append(now[0])
        now[0] += 0.1

    maybe = seldom(save, clock=lambda: now[0])
    for _ in range(1_000):
        maybe()
        now[0] += 0.01
    assert saved[0] == 0 and 4 <= len(saved) <= 7  # of ten seconds
    assert len(saved) * 0.1 / now[0] < 1.2 * SHARE


def test_while_it_runs_the_copy_has_what_was_printed_before(course):
    copy = course.root / "run" / "a.ipynb"
    looks = f"import pathlib; print('first' in pathlib.Path({str(copy)!r}).read_text())"
    path = course.notebook(
        "01_a.ipynb", "print('fir' + 'st')", "import time; time.sleep(1)", looks.replace("first", "fir' + 'st")
    )
    assert run_notebook(path, copy).error is None
    assert printed(copy).split() == ["first", "True"]


def test_a_failing_cell_is_reported_by_number_and_the_copy_ends_there(course):
    path = course.notebook("01_a.ipynb", "print('before')", "[][3]", "print('after')")
    run = run_notebook(path, course.root / "run" / "a.ipynb")
    assert (run.error.name, run.error.message) == ("IndexError", "list index out of range")
    (failing,) = [cell for cell in nbformat.read(run.notebook, as_version=4).cells if cell.source == "[][3]"]
    assert run.error.cell == failing.execution_count
    assert printed(run.notebook) == "before\n"


def test_results_of_an_earlier_run_in_the_same_folder_are_not_this_runs(course):
    old = course.root / "run" / "output" / "results.json"
    old.parent.mkdir(parents=True)
    old.write_text('{"claims": [{"text": "old", "holds": true}]}')
    run = run_notebook(course.notebook("01_a.ipynb"), course.root / "run" / "a.ipynb")
    assert run.results == {}
    assert old.exists()


def test_a_kernel_that_dies_is_a_failure_of_its_cell(course):
    path = course.notebook("01_a.ipynb", "import os", "", "os._exit(1)")
    run = run_notebook(path, course.root / "run" / "a.ipynb")
    assert (run.error.cell, run.error.name) == (4, "DeadKernelError")


def test_a_foreign_kernelspec_called_python3_is_not_used(course, foreign_kernelspec):
    path = course.notebook("01_a.ipynb", "import sys; print(sys.executable)")
    before = dict(os.environ)
    run = run_notebook(path, course.root / "run" / "a.ipynb")
    assert run.error is None
    assert printed(run.notebook).strip() == sys.executable
    assert dict(os.environ) == before


def test_a_kernel_that_dies_before_it_answers_is_started_once_more():
    starts = []

    def execute():
        starts.append(1)
        if len(starts) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return "done"

    assert started(execute) == "done"


@pytest.mark.parametrize(("message", "tries"), [("Kernel died before replying to kernel_info", 2), ("Kernel died", 1)])
def test_a_kernel_that_dies_for_good_is_not_started_for_ever(message, tries):
    starts = []

    def execute():
        starts.append(1)
        raise RuntimeError(message)

    with pytest.raises(RuntimeError):
        started(execute)
    assert len(starts) == tries


def test_results_never_go_into_a_folder_that_exists(tmp_path):
    assert new_folder(tmp_path / "a" / "b").is_dir()
    with pytest.raises(CourseError, match="exists"):
        new_folder(tmp_path / "a")
