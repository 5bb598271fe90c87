"""The first cell of a lesson and what its last cells say."""

import json
import os
import random
import subprocess
import sys

import IPython
import numpy as np
import pytest
import torch
from papermill.iorw import read_yaml_file

from utils import lesson
from utils.errors import CourseError
from utils.files import read_yaml
from utils.lesson import claim, record, start


@pytest.fixture
def run(tmp_path):
    return start("test", {"data_dir": "", "lr": 0.1}, output_dir=tmp_path / "out")


def written(run):
    return json.loads((run.output_dir / "results.json").read_text(encoding="utf-8"))


def test_start_leaves_parameters_and_versions(run):
    results = written(run)
    assert results["parameters"] == {"data_dir": "", "lr": 0.1}
    assert results["versions"]["torch"] == torch.__version__.split("+")[0]
    assert results["claims"] == [] and results["numbers"] == {}


def test_start_leaves_the_parameters_as_a_file_that_papermill_takes(tmp_path):
    parameters = {
        "data_dir": "",
        "lr": 1e-5,
        "fractions": (0.7, 0.3),
        "model": None,
        "size": np.int64(64),
        "name": "é: 1",
    }
    folder = start("07_recipes", parameters, output_dir=tmp_path).output_dir
    text = (folder / "recipe.yaml").read_text(encoding="utf-8")
    assert "# papermill lessons/07_recipes.ipynb again.ipynb -f recipe.yaml\n" in text
    expected = {**parameters, "fractions": [0.7, 0.3], "size": 64}
    assert read_yaml(folder / "recipe.yaml") == expected
    assert read_yaml_file(str(folder / "recipe.yaml")) == expected
    assert list(read_yaml(folder / "recipe.yaml")) == list(parameters)


def test_the_same_seed_gives_the_same_numbers_in_python_numpy_and_torch(tmp_path):
    draws = []
    for seed in (7, 7, 8):
        start("test", {}, output_dir=tmp_path, seed=seed)
        draws.append((random.random(), np.random.rand(), torch.rand(()).item()))
    assert draws[0] == draws[1]
    assert not set(draws[0]) & set(draws[2])


def test_a_claim_prints_its_truth_and_is_noted(run, capsys):
    claim("two is more than one", 2 > 1)
    claim("one is more than two", np.bool_(False))
    assert capsys.readouterr().out == "✓ two is more than one\n✗ one is more than two\n"
    assert written(run)["claims"] == [
        {"text": "two is more than one", "holds": True},
        {"text": "one is more than two", "holds": False},
    ]


@pytest.mark.parametrize("vague", [0.97, 1, "yes", None, [True]])
def test_a_claim_is_true_or_false_and_nothing_between(run, vague):
    with pytest.raises(CourseError, match="true or false"):
        claim("it works", vague)
    assert written(run)["claims"] == []


def test_numbers_are_noted_in_what_json_knows(run):
    record(accuracy=np.float32(0.5), pictures=np.int64(3), lost=float("nan"), name="b0", curve=[torch.tensor(1.0)])
    record(pictures=4)
    assert written(run)["numbers"] == {"accuracy": 0.5, "pictures": 4, "lost": None, "name": "b0", "curve": [1.0]}


def test_claiming_before_start_says_what_to_run(monkeypatch):
    monkeypatch.setattr(lesson, "_current", None)
    with pytest.raises(CourseError, match="lesson.start"):
        claim("true", True)


def test_a_claim_made_again_by_a_cell_that_is_run_again_is_noted_once(run):
    for holds in (False, True):
        claim("first", holds)
        claim("second", True)
    assert written(run)["claims"] == [{"text": "first", "holds": True}, {"text": "second", "holds": True}]


def test_a_new_start_begins_with_no_claims(run):
    claim("true", True)
    again = start("test", {}, output_dir=run.output_dir)
    assert written(again)["claims"] == []


@pytest.mark.parametrize("inside", ["results", ".", "a/b"])
def test_results_are_refused_among_the_readers_pictures(tmp_path, inside):
    pictures = tmp_path / "photos"
    pictures.mkdir()
    with pytest.raises(CourseError, match="must not be written among your pictures"):
        start("test", {"data_dir": str(pictures)}, output_dir=pictures / inside)
    assert list(pictures.iterdir()) == []


@pytest.mark.parametrize("csv", ["photos/list.csv", "photos"])
def test_results_are_refused_among_pictures_that_only_a_csv_names(tmp_path, csv):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "list.csv").write_text("path,label\n")
    with pytest.raises(CourseError, match="must not be written among your pictures"):
        start("test", {"data_dir": "", "csv": str(tmp_path / csv)}, output_dir=tmp_path / "photos" / "out")
    assert not (tmp_path / "photos" / "out").exists()


def test_beside_a_csv_of_pictures_that_lie_elsewhere_results_may_be_written(tmp_path):
    (tmp_path / "photos").mkdir()
    parameters = {"data_dir": str(tmp_path / "photos"), "csv": str(tmp_path / "out" / "list.csv")}
    assert start("test", parameters, output_dir=tmp_path / "out").output_dir == tmp_path / "out"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be written") as error:
        start("test", {}, output_dir=tmp_path / "file" / "out")
    assert str(tmp_path / "file") in str(error.value)


def test_a_failed_write_keeps_the_last_results_and_leaves_no_litter(run, monkeypatch):
    claim("true", True)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CourseError, match="No space left"):
        claim("more", True)
    assert [one["text"] for one in written(run)["claims"]] == ["true"]
    assert sorted(path.name for path in run.output_dir.iterdir()) == ["recipe.yaml", "results.json"]


def test_a_recipe_file_that_cannot_be_written_is_no_bare_error(tmp_path):
    (tmp_path / "out" / "recipe.yaml").mkdir(parents=True)  # a folder in its place, which no file replaces
    with pytest.raises(CourseError, match="Results cannot be written to"):
        start("test", {}, output_dir=tmp_path / "out")


@pytest.fixture
def shown(tmp_path, shell):
    """A cell in IPython after lesson.start(output_dir=tmp_path / "out"); the name and the message of the error it shows."""
    seen = []
    shell._showtraceback = lambda kind, error, lines: seen.append((kind.__name__, str(error)))

    def run_cell(source):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(IPython, "get_ipython", lambda: shell)
            start("test", {}, output_dir=tmp_path / "out")
        shell.run_cell(source)
        return seen[-1]

    yield run_cell
    shell.reset()


@pytest.mark.parametrize("error", ["28, 'No space left on device'", "30, 'Read-only file system', '{out}/table.csv'",
                                   "13, 'Permission denied', '{out}/table.csv'"])  # fmt: skip
def test_a_cell_whose_own_write_to_the_results_is_refused_says_what_to_do(shown, tmp_path, error):
    name, message = shown(f"raise OSError({error.format(out=tmp_path / 'out')})")
    assert name == "CourseError" and f"'{tmp_path / 'out'}': {error.split(chr(39))[1]}. Free some space" in message


@pytest.mark.parametrize("error", ["OSError(13, 'Permission denied', '/elsewhere/table.csv')", "OSError(13, 'Permission denied')",
                                   "FileNotFoundError(2, 'No such file', '{out}/table.csv')", "ValueError('of another kind')",
                                   "OSError('without a number')"])  # fmt: skip
def test_any_other_error_of_a_cell_is_shown_as_it_is(shown, tmp_path, error):
    raised = error.format(out=tmp_path / "out")
    name, message = shown(f"raise {raised}")
    error = eval(raised)
    assert (name, message) == (type(error).__name__, str(error))


def test_threads_and_device_are_what_was_asked_for(tmp_path):
    before = torch.get_num_threads()
    try:
        run = start("test", {}, output_dir=tmp_path, threads=1, device="cpu")
        assert (torch.get_num_threads(), run.device) == (1, "cpu")
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory settings are glibc's")
def test_freed_blocks_are_kept_for_the_next_batch():
    # Without the settings each large tensor is mapped anew, and every page of it faults.
    code = (
        "import resource, sys, torch; from utils.lesson import keep_big_blocks\n"
        "print(keep_big_blocks() if sys.argv[1] == 'kept' else False)\n"
        "for _ in range(20): torch.ones(2**24)\n"  # glibc settles after some
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(5): torch.ones(2**24)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)"
    )
    faults = {}
    for way in ("kept", "plain"):
        out = subprocess.run([sys.executable, "-c", code, way], capture_output=True, text=True, check=True).stdout
        done, faults[way] = out.split()
        assert done == str(way == "kept")
    assert int(faults["kept"]) * 10 < int(faults["plain"])


def test_what_the_imports_made_is_frozen_once_and_what_came_later_never(tmp_path):
    code = (
        "import gc, sys; from utils.lesson import start\n"
        "class Network: pass\n"
        "def counted():\n"
        "    start('test', {}, sys.argv[1])\n"
        "    return gc.get_freeze_count()\n"
        "first = counted()\n"
        "network = Network(); network.itself = network; del network\n"
        "print(first, counted(), gc.collect())\n"  # that circle was found
    )
    told = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout
    first, second, found = map(int, told.split())
    assert first >= second > 100_000 and found > 0  # a frozen one may still go, when nothing names it any more


# --- trainings that are kept --------------------------------------------------------------------------


def test_without_resume_a_training_is_kept_nowhere(run):
    assert run.kept("trial", 1) == {}


def test_with_resume_each_training_has_a_folder_of_its_own_that_is_the_same_again(tmp_path):
    run, again = (start("test", {}, output_dir=tmp_path / "out", resume=True) for _ in range(2))
    names = [("trial", 1), ("trial", 2), ("trial", "1"), ("trial", {"lr": 0.1}), ("trial", None, 1), ("other", 1)]
    folders = [run.kept(*each)["output_dir"] for each in names]
    assert len(set(folders)) == len(names)
    assert folders == [again.kept(*each)["output_dir"] for each in names]
    assert all(folder.is_relative_to(tmp_path / "out" / "trained") for folder in folders)
    assert folders[0].name.startswith("trial-") and run.kept("trial", 1)["resume"] is True
