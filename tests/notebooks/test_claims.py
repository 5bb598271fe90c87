"""Claims counted over seeds and threads."""

from pathlib import Path

import pytest

from utils.errors import CourseError
from utils.notebooks import CellError, NotebookRun
from utils.notebooks.__main__ import main
from utils.notebooks.claims import all_hold, claim_settings, count_claims


def run(error=None, **claims):
    """A run that made these claims."""
    made = [{"text": text, "holds": holds} for text, holds in claims.items()]
    return NotebookRun(Path("a.ipynb"), 1.0, error, {"claims": made})


def test_a_claim_that_holds_only_for_some_runs_is_counted_so(course, capsys):
    course.claiming(
        "01_a.ipynb",
        "{'always': True, 'first seed': seed == 0, 'two threads': (threads, OMP) == (2, '2')}",
        "import os; OMP = os.environ['OMP_NUM_THREADS']",
        parameters="seed: int = 9\nthreads: int = 0\noutput_dir: str = ''",
    )
    assert main(["--root", str(course.root), "claims", "--lesson", "01", "--seeds", "2"]) == 1
    table = capsys.readouterr().out
    assert "4 of 4    always" in table
    assert "2 of 4    first seed" in table
    assert "2 of 4    two threads" in table
    assert len(list(course.root.glob("runs/claims-01-*/seed*_threads*/output/results.json"))) == 4


def test_a_lesson_whose_claims_hold_in_every_run_passes_without_a_parameter_for_threads(course):
    course.claiming("01_a.ipynb", "{'always': True}")
    assert main(["--root", str(course.root), "claims", "--lesson", "1", "--seeds", "1"]) == 0


def test_there_are_five_seeds_with_one_and_two_threads(course):
    path = course.notebook("01_a.ipynb")
    assert claim_settings(path) == [(seed, threads) for threads in (1, 2) for seed in (0, 1, 2, 3, 4)]


def test_a_lesson_without_a_seed_is_refused(course):
    path = course.notebook("01_a.ipynb", parameters="output_dir: str = ''")
    with pytest.raises(CourseError, match="'seed'"):
        claim_settings(path)


def test_claims_hold_only_if_made_and_true_in_every_run_that_ended():
    assert all_hold([run(a=True, b=True), run(a=True, b=True)])
    assert not all_hold([run(a=True, b=True), run(a=True, b=False)])
    assert not all_hold([run(a=True, b=True), run(a=True)])
    assert not all_hold([run(a=True), run(CellError(3, "ValueError", ""), a=True)])
    assert not all_hold([run(), run()])


def test_claims_are_counted_in_the_order_of_the_lesson():
    counts = count_claims([run(b=True), run(b=False, a=True)])
    assert list(counts.items()) == [("b", (2, 1)), ("a", (1, 1))]
