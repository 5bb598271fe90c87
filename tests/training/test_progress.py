"""In a terminal or a notebook a bar moves; in a log there is one line an epoch; and nothing where nobody wants it."""

import re
import sys

from tqdm.notebook import tqdm_notebook

from tests.training.small import RECIPE, Tiny
from utils.training import progress
from utils.training.loop import fit


def printed(capsys, loaders, shown=True):
    fit(Tiny(), loaders, RECIPE, progress=shown)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_log_gets_one_line_an_epoch(loaders, capsys):
    lines = printed(capsys, loaders).splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(
            rf"epoch {number} of 3: train_loss \d\.\d{{3}}, valid_loss \d\.\d{{3}}, valid_accuracy \d\.\d{{3}}, "
            r"valid_f1 \d\.\d{3}, \d+\.\d s", line,
        )  # fmt: skip


def test_a_terminal_gets_a_bar_that_counts_the_steps(loaders, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    text = printed(capsys, loaders)
    assert "\n" not in text.rstrip("\n")
    last = text.rstrip("\n").split("\r")[-1]
    assert "6/6" in last
    assert "epoch 3: train_loss" in last


def test_nothing_is_shown_where_nobody_wants_it(loaders, capsys):
    assert printed(capsys, loaders, shown=False) == ""


class Notebook(tqdm_notebook):
    """The bar of a notebook, without the notebook."""

    def __init__(self, **options):
        self.options, self.disable = options, True


def test_a_notebook_has_the_bar_alone(monkeypatch):
    monkeypatch.setattr(progress, "tqdm", Notebook)
    found = progress.Progress(3, 6)
    assert not found.prints
    assert (found.bar.options["total"], found.bar.options["disable"]) == (6, False)
    assert progress.Progress(3, 6, shown=False).bar.options["disable"]
