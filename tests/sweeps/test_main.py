"""The command: what is typed becomes a grid, what cannot be met is a sentence, the table fits a screen."""

import sys

import pytest

from tests.sweeps.conftest import Inline
from utils.sweeps.__main__ import _parser as parser
from utils.sweeps.__main__ import grid_of, main
from utils.sweeps.running import sweep


def typed(notebook, *words):
    return grid_of(parser().parse_args([str(notebook), *words]))


def test_commas_part_values_of_the_kind_of_the_default(notebook):
    grid = typed(notebook, "-p", "lr", "1e-4, 0.001", "-p", "optimizer", "adam,1e-3", "-p", "backbone_lr", "None,0.1")
    assert grid == {"lr": [1e-4, 1e-3], "optimizer": ["adam", "1e-3"], "backbone_lr": [None, 0.1]}


def test_the_same_name_again_adds_values(notebook):
    grid = typed(
        notebook, "-p", "fractions", "[0.5, 0.5]", "-p", "lr", "1", "-p", "fractions", "[0.9, 0.1]", "-p", "lr", "2"
    )
    assert grid == {"fractions": [[0.5, 0.5], [0.9, 0.1]], "lr": [1, 2]}


def test_lists_side_by_side_are_several_values_and_a_minus_is_a_number(notebook):
    grid = typed(
        notebook, "-p", "fractions", "[0.5, 0.5], [0.9, 0.1]", "-p", "lr", "-1e-3,-2", "-p", "backbone_lr", "none,1e-3"
    )
    assert grid == {"fractions": [[0.5, 0.5], [0.9, 0.1]], "lr": [-1e-3, -2], "backbone_lr": [None, 1e-3]}


def test_a_path_keeps_its_commas(notebook):
    assert typed(notebook, "--data", "a,b", "-p", "seed", "1") == {"seed": [1], "data_dir": ["a,b"]}


def test_a_file_gives_what_is_the_same_in_all_and_what_is_typed_wins(notebook, tmp_path):
    (tmp_path / "mine.yaml").write_text("lr: 0.5\nfractions: [0.8, 0.2]\n")
    grid = typed(notebook, "-f", str(tmp_path / "mine.yaml"), "-p", "lr", "0.1,0.2")
    assert grid == {"lr": [0.1, 0.2], "fractions": [[0.8, 0.2]]}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-p", "lrs", "1"], "'lrs' (did you mean 'lr'?)"),
        (["-p", "lr", "low,high"], "'lr' is a number (its default is 0.1), not 'low'"),
        (["-p", "lr", "0.1", "--data", "no_such_folder"], "'no_such_folder'"),
        ([], "-p lr 0.001,0.01"),
        (["-p", "optimizer", "[adam,sgd]"], "parted by commas alone, without brackets"),
        (["-p", "lr", "1", "--threads", "0"], "threads is a whole number"),
        (["-p", "lr", "1", "-f", "no.yaml"], "'no.yaml' cannot be read"),
        (["-p", "lr", "1", "--scheduler", "nonsense://x"], "No Dask scheduler answers at 'nonsense://x'"),
    ],
)
def test_what_cannot_be_met_is_a_sentence_and_exit_code_2(notebook, out, capsys, words, told):
    assert main([str(notebook), "--output", str(out), *words]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_without_dask_it_says_how_to_get_it(notebook, out, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([str(notebook), "-p", "lr", "1", "--output", str(out), "--scheduler", "tcp://a:1"]) == 2
    assert "pip install distributed" in capsys.readouterr().err


def test_the_plan_is_printed_and_nothing_is_run(notebook, out, capsys, quick):
    sweep(notebook, {"lr": [0.1]}, Inline(), out, progress=False)
    assert main([str(notebook), "-p", "lr", "0.1,0.2", "--output", str(out), "--plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["0.1", "done"], ["0.2", "left"]]
    assert lines[2].split() == ["0.2", "left"]  # what is not known yet is empty
    assert lines[-1] == "2 runs, 1 of them done." and len(quick) == 1
    assert main([str(notebook), "-p", "lr", "0.3", "--output", str(out), "--plan"]) == 0
    assert "and not counted: 1." in capsys.readouterr().out


def test_ctrl_c_is_exit_code_130_and_says_how_to_go_on(notebook, out, capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt("Stopped. 1 of 2 runs are done")

    monkeypatch.setattr("utils.sweeps.__main__.sweep", stopped)
    assert main([str(notebook), "-p", "lr", "0.1,0.2", "--output", str(out)]) == 130
    assert "1 of 2 runs are done" in capsys.readouterr().out


def test_help_shows_the_line_to_type(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m utils.sweeps lessons/07_training_recipes.ipynb -p lr 1e-4,1e-3" in capsys.readouterr().out
