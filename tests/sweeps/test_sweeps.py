"""A sweep without kernels: which runs a grid asks for, what is refused, what is run again, what is left when it stops."""

import json
import os
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from tests.notebooks.conftest import Course
from tests.sweeps.conftest import Inline, wait_for
from utils.errors import CourseError
from utils.files import write_json
from utils.notebooks.runs import NotebookRun
from utils.sweeps import plan, read_sweep, sweep


def run(notebook, grid, executor, out, **options):
    return sweep(notebook, grid, executor, out, progress=False, **options)


# --- which runs


def test_every_combination_is_a_row_in_the_order_of_the_grid(notebook, out, inline, quick):
    table = run(notebook, {"lr": [0.1, 0.2], "optimizer": ("adam", "sgd"), "seed": 1}, inline, out)
    assert list(zip(table["lr"], table["optimizer"], table["seed"])) == [
        (0.1, "adam", 1), (0.1, "sgd", 1), (0.2, "adam", 1), (0.2, "sgd", 1)]  # fmt: skip
    assert list(table["accuracy"]) == [1.2, 1.2, 1.4, 1.4]
    assert set(table["status"]) == {"done"} and set(table["seconds"]) == {1.23}
    assert table.attrs["grid"] == {"lr": [0.1, 0.2], "optimizer": ["adam", "sgd"], "seed": [1]}
    assert quick == [{"lr": 0.1, "optimizer": "adam", "seed": 1}, {"lr": 0.1, "optimizer": "sgd", "seed": 1},
                     {"lr": 0.2, "optimizer": "adam", "seed": 1}, {"lr": 0.2, "optimizer": "sgd", "seed": 1}]  # fmt: skip


def test_each_run_has_a_folder_of_its_own_that_says_what_it_is(notebook, out, inline, quick):
    table = run(notebook, {"lr": [0.2, 0.3], "optimizer": ["a/b: c", "x" * 300]}, inline, out)
    names = [folder.rpartition("/")[2] for folder in table["folder"]]
    assert names[0].startswith("lr=0.2,optimizer=b_c-")
    assert len(set(names)) == 4 and max(map(len, names)) < 100
    assert all((out / name / "run.json").is_file() and (out / name / "01_a.ipynb").is_file() for name in names)


def test_a_folders_name_leaves_out_paths_and_lists_but_tells_them_apart(notebook, out, tmp_path, inline, quick):
    (tmp_path / "photos").mkdir()
    grid = {"data_dir": str(tmp_path / "photos"), "fractions": [[0.5, 0.5], [0.9, 0.1]], "seed": 1}
    names = [folder.rpartition("/")[2] for folder in run(notebook, grid, inline, out)["folder"]]
    assert all(name.startswith("seed=1-") for name in names) and len(set(names)) == 2


def test_several_grids_are_one_after_the_other_and_the_same_run_is_made_once(notebook, out, inline, quick):
    table = run(notebook, [{"lr": [0.1, 0.2]}, {"lr": [0.2], "seed": [0, 1]}, {"lr": [0.20, 0.2]}], inline, out)
    # Seed 0 is the default, so that 0.2 with it is there already.
    assert list(zip(table["lr"], table["seed"])) == [(0.1, 0), (0.2, 0), (0.2, 1)] and len(quick) == 3
    assert quick[0] == {"lr": 0.1} and set(zip(read_sweep(out)["lr"], read_sweep(out)["seed"])) == {
        (0.1, 0),
        (0.2, 0),
        (0.2, 1),
    }


def test_numpy_numbers_and_ranges_are_values(notebook, out, inline, quick):
    table = run(notebook, {"lr": np.geomspace(0.01, 0.1, 2), "seed": range(2)}, inline, out)
    assert len(table) == 4 and all(type(values["lr"]) is float for values in quick)
    assert run(notebook, {"lr": np.float64(0.1), "seed": pd.Series([0, 1])}, inline, out)["lr"].tolist() == [0.1, 0.1]


def test_one_and_one_point_nought_are_one_run(notebook, out, inline, quick):
    table = run(notebook, {"lr": [1, 1.0], "seed": [2.0, 2, 0.5]}, inline, out)
    assert quick == [{"lr": 1.0, "seed": 2}, {"lr": 1.0, "seed": 0.5}] and len(table) == 2
    assert type(quick[0]["lr"]) is float and type(quick[0]["seed"]) is int


def test_a_list_parameter_takes_a_list_of_lists(notebook, out, inline, quick):
    table = run(notebook, {"fractions": [[0.5, 0.5], [0.9, 0.1]]}, inline, out)
    assert list(table["fractions"]) == ["[0.5, 0.5]", "[0.9, 0.1]"]
    assert [values["fractions"] for values in quick] == [[0.5, 0.5], [0.9, 0.1]]


def test_none_stays_none(notebook, out, inline, quick):
    table = run(notebook, {"backbone_lr": [None, 0.001]}, inline, out)
    assert list(table["backbone_lr"]) == [None, 0.001]


# --- what is refused, before anything runs


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"learning_rate": [1], "optimiser": ["adam"]}, ["'learning_rate'", "'optimiser' (did you mean 'optimizer'?)"]),
        ([{"lr": [1]}, {"lrs": [1]}], ["'lrs' (did you mean 'lr'?)"]),
        ({"lr": ["high"]}, ["'lr' is a number (its default is 0.1), not 'high'"]),
        ({"lr": [True]}, ["'lr' is a number", "True"]),
        ({"optimizer": [1]}, ["'optimizer' is a text", "not 1"]),
        ({"fractions": [0.5, 0.5]}, ["a list of lists", "0.5"]),
        ({"lr": []}, ["'lr' has no value"]),
        ({"output_dir": ["a"]}, ["output_dir of its own", "sweep(..., output_dir=...)"]),
        ({"data_dir": ["no_such_folder"]}, ["'no_such_folder'", "nothing is there"]),
        ({"lr": [object()]}, ["not a object"]),
        ({}, ["{'lr': [0.001, 0.01]}"]),
        ({1: [2]}, ["{'lr': [0.001, 0.01]}"]),
        (None, ["not [None]"]),
        ([], ["not []"]),
        ("lr", ["{'lr': [0.001, 0.01]}"]),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_refused_before_anything_runs(notebook, out, inline, quick, grid, words):
    with pytest.raises(CourseError) as refused:
        run(notebook, grid, inline, out)
    assert [word for word in words if word not in str(refused.value)] == []
    assert quick == [] and not out.exists()


@pytest.mark.parametrize("wrong", ["runs", 4, ThreadPoolExecutor])
def test_what_is_no_executor_is_refused(notebook, out, quick, wrong):
    with pytest.raises(CourseError, match="The executor is an object with `submit`.*output_dir='...'"):
        run(notebook, {"lr": [0.1]}, wrong, out)
    assert quick == [] and not out.exists()


@pytest.mark.parametrize("options", [{"threads": 0}, {"threads": 1.5}, {"processes": 0}, {"processes": True}])
def test_wrong_counts_are_refused(notebook, out, inline, quick, options):
    with pytest.raises(CourseError, match=next(iter(options))):
        run(notebook, {"lr": [0.1]}, inline, out, **options)
    assert quick == [] and not out.exists()


def test_what_is_no_notebook_is_refused(tmp_path, out):
    (tmp_path / "a.py").write_text("")
    for wrong in ("a.py", "no.ipynb", ""):
        with pytest.raises(CourseError, match="A sweep runs a notebook"):
            sweep(tmp_path / wrong, {"lr": [1]}, output_dir=out)


def test_results_never_go_among_the_pictures(notebook, tmp_path, inline, quick):
    pictures = tmp_path / "photos"
    pictures.mkdir()
    with pytest.raises(CourseError, match="among your pictures"):
        run(notebook, {"data_dir": [str(pictures)]}, inline, pictures / "sweep")
    assert list(pictures.iterdir()) == [] and quick == []


def test_nor_among_those_that_the_notebook_itself_names(tmp_path, inline, quick):
    course = Course(tmp_path)
    notebook = course.notebook(
        "01_a.ipynb", "1", parameters="lr: float = 1\ndata_dir: str = '../photos'\noutput_dir: str = ''"
    )
    (tmp_path / "photos").mkdir()
    with pytest.raises(CourseError, match="among your pictures"):
        run(notebook, {"lr": [0.1]}, inline, tmp_path / "photos" / "sweep")
    assert list((tmp_path / "photos").iterdir()) == [] and quick == []


def test_a_notebook_needs_an_output_dir_and_no_parameter_called_as_a_column(tmp_path, out, inline, quick):
    course = Course(tmp_path)
    with pytest.raises(CourseError, match="no parameter for it.*output_dir: str = ''"):
        run(course.notebook("01_a.ipynb", "1", parameters="lr: float = 1"), {"lr": [1]}, inline, out)
    named_so = course.notebook("02_b.ipynb", "1", parameters="seconds: float = 1\noutput_dir: str = ''")
    with pytest.raises(CourseError, match="a column 'seconds' of its own"):
        run(named_so, {"seconds": [1]}, inline, out)
    assert quick == []


def test_a_tuple_parameter_takes_lists(tmp_path, out, inline, quick):
    notebook = Course(tmp_path).notebook("01_a.ipynb", "1", parameters="size = (1, 2)\noutput_dir: str = ''")
    run(notebook, {"size": [(1, 2), [3, 4]]}, inline, out)
    assert [values["size"] for values in quick] == [[1, 2], [3, 4]]


def test_own_pictures_are_named_by_an_absolute_path(notebook, out, tmp_path, inline, quick, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    run(notebook, {"data_dir": "photos"}, inline, out)
    assert quick == [{"data_dir": str(tmp_path / "photos")}]


# --- what is run again


def test_what_is_done_is_not_run_again_and_what_failed_is(notebook, out, quick):
    grid = {"lr": [0.1, 2.0, 0.3]}
    first = run(notebook, grid, Inline(), out)
    assert list(first["status"]) == ["done", "failed", "done"]
    assert first["error"].iloc[1] == "ValueError: lr is too high: 2.0" and first["cell"].iloc[1] == 3
    again = Inline()
    pd.testing.assert_frame_equal(run(notebook, grid, again, out), first)
    assert [job.given["lr"] for job in again.ran] == [2.0]


def test_a_grid_that_has_grown_takes_over_what_there_is(notebook, out, quick):
    run(notebook, {"lr": [0.2]}, Inline(), out)
    table = run(notebook, {"optimizer": ["sgd", "adam"], "lr": [0.2, 0.3], "seed": [0]}, Inline(), out)
    assert len(quick) == 4 and list(table["status"]) == ["done"] * 4  # adam and seed 0 are the defaults
    assert len(read_sweep(out)) == 4


def test_other_code_is_another_run_and_leaves_the_first(notebook, out, quick):
    run(notebook, {"lr": [0.2]}, Inline(), out)
    changed = nbformat.read(notebook, as_version=4)
    changed.cells.append(nbformat.v4.new_code_cell("print('more')"))
    nbformat.write(changed, notebook)
    run(notebook, {"lr": [0.2]}, Inline(), out)
    assert len(quick) == 2 and len(read_sweep(out)) == 2


def test_the_same_notebook_elsewhere_is_another_run(notebook, tmp_path, out, quick):
    (tmp_path / "ben").mkdir()
    (tmp_path / "ben" / notebook.name).write_bytes(notebook.read_bytes())
    for each in (notebook, tmp_path / "ben" / notebook.name):  # with other files beside it
        run(each, {"lr": [0.2]}, Inline(), out)
    assert len(quick) == 2


def test_another_text_between_the_code_is_the_same_run(notebook, out, quick):
    run(notebook, {"lr": [0.2]}, Inline(), out)
    changed = nbformat.read(notebook, as_version=4)
    changed.cells.append(nbformat.v4.new_markdown_cell("a word more"))
    nbformat.write(changed, notebook)
    run(notebook, {"lr": [0.2]}, Inline(), out)
    assert len(quick) == 1


def test_who_edits_the_notebook_meanwhile_does_not_change_the_runs_to_come(notebook, out, inline, quick):
    before = notebook.read_bytes()

    class Editing(Inline):
        def submit(self, function, job):
            notebook.write_text("{}")
            return super().submit(function, job)

    editing = Editing()
    run(notebook, {"lr": [0.1, 0.2]}, editing, out)
    assert all(Path(job.notebook).read_bytes() == before for job in editing.ran)
    assert all(job.cwd == str(notebook.parent) for job in editing.ran)


def test_a_torn_run_json_is_run_again(notebook, out, quick):
    table = run(notebook, {"lr": [0.1]}, Inline(), out)
    torn = out / table["folder"].iloc[0] / "run.json"
    torn.write_text(torn.read_text()[:20])
    assert list(plan(notebook, {"lr": [0.1]}, out)["status"]) == ["left"]
    assert list(run(notebook, {"lr": [0.1]}, Inline(), out)["status"]) == ["done"] and len(quick) == 2


def test_what_another_sweep_has_done_meanwhile_is_not_run(notebook, out, quick):
    class Late(Inline):
        def submit(self, function, job):
            run(notebook, {"lr": [0.1]}, Inline(), out)  # while ours waits for its turn
            return super().submit(function, job)

    table = run(notebook, {"lr": [0.1]}, Late(), out)
    assert len(quick) == 1 and table["accuracy"].iloc[0] == 0.2


# --- the plan


def test_a_plan_runs_and_writes_nothing(notebook, out, quick):
    table = plan(notebook, {"lr": [0.1, 0.2]}, out)
    assert list(table["status"]) == ["left", "left"] and list(table["lr"]) == [0.1, 0.2]
    assert quick == [] and not out.exists()
    run(notebook, {"lr": [0.2]}, Inline(), out)
    assert list(plan(notebook, {"lr": [0.1, 0.2]}, out)["status"]) == ["left", "done"]


# --- the table


def test_numbers_within_numbers_and_those_called_as_a_column_have_columns_of_their_own(notebook, out, inline, quick):
    table = run(notebook, {"lr": [0.1]}, inline, out)
    assert table["gains.a"].iloc[0] == 1 and table["shape"].iloc[0] == "[1, 2]"
    assert (
        table["lr"].iloc[0] == 0.1 and table["lr (recorded)"].iloc[0] == 5 and table["folder (recorded)"].iloc[0] == "x"
    )
    assert table["claims"].iloc[0] == "1 of 2"
    assert list(table)[:3] == ["lr", "status", "seconds"] and list(table)[-4:] == ["claims", "error", "cell", "folder"]


def test_the_file_has_the_same_table(notebook, out, inline, quick):
    table = run(notebook, {"lr": [0.1, 2.0, 0.2]}, inline, out)
    written = pd.read_csv(out / "sweep.csv")
    assert list(written) == list(table) and list(written["status"]) == ["done", "failed", "done"]
    assert np.allclose(written["accuracy"], table["accuracy"], equal_nan=True)


def test_the_file_is_written_after_each_run(notebook, out, monkeypatch):
    seen = []

    def run_notebook(notebook, output, values, **_):
        if values["lr"] == 0.2:  # the second waits for the row of the first
            wait_for((out / "sweep.csv").is_file, 20)
            seen.extend(pd.read_csv(out / "sweep.csv")["status"])
        return NotebookRun(output, 1.0)

    monkeypatch.setattr("utils.sweeps.running.run_notebook", run_notebook)
    with ThreadPoolExecutor(1) as executor:
        run(notebook, {"lr": [0.1, 0.2]}, executor, out)
    assert seen == ["done", "left"]


def test_runs_that_ended_can_be_read_without_their_grid(notebook, out, quick):
    run(notebook, {"lr": [0.1]}, Inline(), out)
    run(notebook, {"lr": [2.0], "seed": [3]}, Inline(), out)
    table = read_sweep(out)
    assert set(table["status"]) == {"done", "failed"} and {"lr", "seed", "accuracy"} <= set(table)


def test_what_is_read_knows_the_defaults_the_order_and_the_code(notebook, out, quick):
    run(notebook, {"lr": [0.5]}, Inline(), out)
    run(notebook, {"lr": [0.1], "seed": [0, 7]}, Inline(), out)
    changed = nbformat.read(notebook, as_version=4)
    changed.cells.append(nbformat.v4.new_code_cell("print('more')"))
    nbformat.write(changed, notebook)
    run(notebook, {"lr": [0.5]}, Inline(), out)
    table = read_sweep(out)
    assert sorted(zip(table["lr"], table["seed"])) == [(0.1, 0), (0.1, 7), (0.5, 0), (0.5, 0)]
    assert table["lr"].tolist()[0] == table["lr"].tolist()[-1] == 0.5
    assert table["code"].nunique() == 2 and table["code"].iloc[-1] != table["code"].iloc[0]


def test_another_programs_run_json_is_passed_over(notebook, out, quick):
    run(notebook, {"lr": [0.5]}, Inline(), out)
    for number, text in enumerate(["[]", "null", "{}", '{"status": "done", "values": null}']):
        (out / f"other{number}").mkdir()
        (out / f"other{number}" / "run.json").write_text(text)
    assert len(read_sweep(out)) == 1


@pytest.mark.parametrize(
    "results",
    [[], {"numbers": [1]}, {"numbers": None}, {"claims": {}}, {"claims": ["a"]}, {"claims": [{"text": "a"}]},
     {"claims": [{"text": "a", "holds": None}]}],
)  # fmt: skip
def test_a_results_json_of_another_form_is_a_failed_row_that_says_so(notebook, out, monkeypatch, results):
    monkeypatch.setattr("utils.sweeps.running.run_notebook", lambda *_, **__: NotebookRun(notebook, 1.0, None, results))
    table = run(notebook, {"lr": [0.1]}, Inline(), out)
    assert table["status"].iloc[0] == "failed" and "results.json" in table["error"].iloc[0]
    assert len(read_sweep(out)) == 1


def test_a_table_that_somebody_looks_at_is_written_later(notebook, out, quick, monkeypatch):
    refused = []
    real = os.replace

    def replace(source, target):
        if str(target).endswith("sweep.csv") and len(refused) < 2:
            refused.append(target)
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr("os.replace", replace)
    table = run(notebook, {"lr": [0.1, 0.2, 0.3]}, Inline(), out)
    assert len(refused) == 2 and list(pd.read_csv(out / "sweep.csv")["status"]) == ["done"] * 3 == list(table["status"])


def test_the_environment_keeps_what_is_set_meanwhile(notebook, out, monkeypatch):
    def run_notebook(*_, **__):
        monkeypatch.setenv("COURSE_TEST_MEANWHILE", "1")
        return NotebookRun(notebook, 1.0)

    monkeypatch.setattr("utils.sweeps.running.run_notebook", run_notebook)
    before = os.environ.get("MKL_NUM_THREADS")
    run(notebook, {"lr": [0.1]}, Inline(), out, threads=3)
    assert os.environ["COURSE_TEST_MEANWHILE"] == "1" and os.environ.get("MKL_NUM_THREADS") == before


def test_a_folder_without_a_sweep_is_said_to_be_none(tmp_path):
    with pytest.raises(CourseError, match="No run of a sweep has ended"):
        read_sweep(tmp_path)


# --- when it stops


class Stopping(Inline):
    """Gives its first result, and then an error for whoever waits on."""

    def __init__(self, error):
        super().__init__()
        self.error, self.futures = error, []

    def submit(self, function, job):
        if not self.ran:
            self.futures.append(super().submit(function, job))
        else:
            future = Future()
            if len(self.futures) == 1:
                future.set_exception(self.error)
            self.futures.append(future)
        return self.futures[-1]


def test_ctrl_c_keeps_what_is_done_and_the_same_call_goes_on(notebook, out, quick, monkeypatch):
    stopping = Stopping(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt, match="1 of 3 runs are done.*The same call goes on"):
        run(notebook, {"lr": [0.1, 0.2, 0.3]}, stopping, out)
    assert stopping.futures[2].cancelled()
    assert list(plan(notebook, {"lr": [0.1, 0.2, 0.3]}, out)["status"]) == ["done", "left", "left"]
    table = run(notebook, {"lr": [0.1, 0.2, 0.3]}, Inline(), out)
    assert len(quick) == 3 and list(table["status"]) == ["done"] * 3


def test_processes_that_died_are_an_error_that_says_what_to_do(notebook, out, quick):
    with pytest.raises(CourseError, match="died.*processes=1.*__main__.*1 of 3 runs are done"):
        run(notebook, {"lr": [0.1, 0.2, 0.3]}, Stopping(BrokenExecutor("gone")), out)


def test_a_run_whose_worker_could_not_tell_is_a_row_that_says_why(notebook, out, quick):
    class Poor(Inline):
        def submit(self, function, job):
            return super().submit(lambda job: 1 / 0 if job.given["lr"] == 0.2 else function(job), job)

    table = run(notebook, {"lr": [0.1, 0.2, 0.3]}, Poor(), out)
    assert list(table["status"]) == ["done", "failed", "done"]
    assert table["error"].iloc[1] == "ZeroDivisionError: division by zero"
    assert list(run(notebook, {"lr": [0.1, 0.2, 0.3]}, Inline(), out)["status"]) == ["done"] * 3  # tried again


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(notebook, tmp_path, quick):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be written"):
        run(notebook, {"lr": [0.1]}, Inline(), tmp_path / "file" / "sweep")
    assert quick == []


# --- what is shown


def test_a_log_file_gets_a_line_a_run_and_nothing_when_not_wanted(notebook, out, quick, capsys):
    sweep(notebook, {"lr": [0.1, 2.0]}, Inline(), out)
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "2 of 2 runs are to be made."
    lines.sort()  # they come in the order in which they end
    assert lines[0].startswith("done: defaults-") and lines[1].startswith("failed: lr=2.0-")
    assert lines[1].endswith("at cell In [3]: ValueError: lr is too high: 2.0")
    sweep(notebook, {"lr": [0.1, 2.0, 0.4]}, Inline(), out, progress=False)
    assert capsys.readouterr() == ("", "")


def test_results_of_a_notebook_of_ones_own_need_no_claims_and_no_numbers(notebook, out, monkeypatch):
    monkeypatch.setattr("utils.sweeps.running.run_notebook", lambda *_, **__: NotebookRun(notebook, 1.0))
    table = run(notebook, {"lr": [0.1]}, Inline(), out)
    assert table["status"].iloc[0] == "done" and table["claims"].iloc[0] is None
    written = json.loads((out / table["folder"].iloc[0] / "run.json").read_text())
    assert written["numbers"] == {} and write_json(out / "x.json", written).is_file()
