"""Every lesson in JupyterLab, as a person has it: opened, all cells run, saved, looked at, its sliders moved.

Slow: a server, a browser, and each lesson once, with few epochs where it trains or exports for a minute or more: the numbers
of those are nbval's matter. The lessons are in two files, this one and `test_in_jupyterlab_too.py`, so that two processes share them.
Skipped, with the reason, where there is no Chromium.
"""

import os
import re
import time
from functools import cache, partial

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.browser import chromium
from tests.lessons import lab as labs
from tests.lessons.test_03_fine_tuning import QUICK as QUICK_03
from tests.lessons.test_04_custom_cnn import QUICK as QUICK_04
from tests.lessons.test_05_two_heads import QUICK as QUICK_05
from tests.lessons.test_07_training_recipes import QUICK as QUICK_07
from utils.data.samples import sample
from utils.evaluation.reading import class_to_find, halves, read_any_predictions
from utils.evaluation.thresholds import outcome
from utils.models.scaling import Config, scaled
from utils.notebooks.execute import code_cells
from utils.plots.sliders import cost_table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the browser is driven through pipes, which Windows has not"),
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium (Debian: apt-get install chromium)"),
]
LESSONS = labs.halves()[0]
# On the samples, so without what is about the reader's own pictures.
# Lesson 04 with each kind of network that it makes a claim about.
SHORTER = {"03_fine_tuning": QUICK_03, "07_training_recipes": QUICK_07 | {"size": 16},
           "04_custom_cnn": QUICK_04 | {"models": ["small_cnn", "shufflenet_v2_x0_5"], "weights": ["", "course"]},
           "05_two_heads": {name: value for name, value in QUICK_05.items() if name != "mapping"},
           "08_ship_it": {"epochs": 2, "size": 32, "formats": ["onnx"]}}  # fmt: skip
SECONDS_TO_FOLLOW = 120  # a busy machine's; else it is a moment
ELSEWHERE = "http://example.org/pixel.png"


def pytest_generate_tests(metafunc):
    """All tests of a lesson one after the other: it runs once."""
    if "lesson" in metafunc.fixturenames:
        metafunc.parametrize("lesson", metafunc.module.LESSONS, indirect=True, scope="module")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with labs.open_lab(tmp_path_factory.mktemp("lab")) as opened:
        yield opened


@pytest.fixture(scope="module")
def lesson(lab, request):
    """A lesson whose cells have been run in the page, and that was saved."""
    with lab.opened(request.param, SHORTER.get(request.param)) as notebook:
        notebook.run()
        notebook.save()
        yield notebook


def test_every_cell_has_run_in_order_and_none_has_failed(lesson):
    assert lesson.failures() == []
    assert lesson.counts() == list(range(1, len(code_cells(lesson.committed)) + 1))


def test_every_claim_of_the_lesson_is_made_and_holds(lesson):
    made = lesson.claims()
    committed = labs.printed(cell for cell in code_cells(lesson.committed) if "claim(" in cell.source)
    assert committed and [line for line in labs.printed(lesson.saved.cells) if line in made] == made
    if lesson.name in SHORTER:  # what a lesson claims of its trainings need not hold after one epoch
        made, committed = ([line[2:] for line in lines] for lines in (made, committed))
    assert made == committed


def test_nothing_is_marked_as_wrong_but_the_answer_that_lesson_00_shows(lesson):
    not_held = lesson.claims() if lesson.name in SHORTER else []
    printed = labs.printed(lesson.saved.cells)
    wrong = [line for line in printed if line.startswith("✗") and line not in not_held]
    assert [line.partition(":")[0] for line in wrong] == ["✗ Exercise 1"] * (lesson.name == "00_start_here")


def test_the_page_shows_all_widgets_pictures_and_formulas_and_complains_of_nothing(lesson):
    assert lesson.problems() == []


def test_the_page_asks_nobody_but_its_own_server(lesson):
    assert len(lesson.page.requests()) > 10
    assert lesson.asked_elsewhere() == []


# sliders


def cost(moved, stands):
    """Lesson 02: phi moves the other three by the rule; the text is the cost of the network at which they stand."""
    shown = {name: each["shown"] for name, each in stands.items()}
    if moved == "phi":
        rule = scaled(float(stands["phi"]["at"]))
        shown |= {"depth": f"{rule.depth:.2f}", "width": f"{rule.width:.2f}", "size": str(rule.size)}
    return shown, costs_of(Config(float(shown["width"]), float(shown["depth"]), int(shown["size"])))


@cache  # it is asked until the page has followed
def costs_of(config):
    return re.sub("<[^>]+>", "", cost_table(config))


def cells(_moved, stands):
    """Lesson 06: the text is what the threshold does to the test half of the course's table."""
    table = read_any_predictions(sample("predictions") / "predictions.csv")
    positive = class_to_find(table)
    found = outcome(halves(table)[1], positive, 10 ** float(stands["threshold"]["at"]))
    precision = "undefined: none is taken" if np.isnan(found.precision) else f"{found.precision:.3f}"
    text = (f"taken for itleftis {positive}TP {found.tp:,}FN {found.fn:,}is notFP {found.fp:,}TN {found.tn:,}"
            f"precision {precision}, recall {found.recall:.3f}")  # fmt: skip
    return {"threshold": stands["threshold"]["shown"]}, text


SLIDERS = {
    "02_compound_scaling": (["phi", "depth", "width", "size"], cost),
    "06_precision_recall": (["threshold"], cells),
}


def text_after(lesson, move, name, follows):
    """The text under the sliders after one has been moved, as soon as the others and the text have followed."""
    before, deadline = lesson.sliders(), time.monotonic() + SECONDS_TO_FOLLOW
    move()
    while True:
        stands = lesson.sliders()
        now = {each: stand["shown"] for each, stand in stands.items()}, lesson.beside_sliders()
        wanted = follows(name, stands)
        if stands[name] != before[name] and now == wanted:
            return now[1]
        assert time.monotonic() < deadline, f"{name} was moved from {before}, and now it says {now}, not {wanted}"
        time.sleep(0.1)


def test_each_slider_can_be_moved_and_what_stands_beside_it_follows(lesson):
    names, follows = SLIDERS.get(lesson.name, ([], None))
    assert list(lesson.sliders()) == names
    for number, name in enumerate(names):
        handle, begin = lesson.handle(number), lesson.beside_sliders()
        lesson.page.js(f"{handle}.focus()")
        for key in ("ArrowLeft", "ArrowRight", "PageDown"):
            text_after(lesson, partial(lesson.page.press, key), name, follows)
        middle = lesson.page.js(f"{handle}.parentElement.parentElement.getBoundingClientRect().width") / 2
        right = 80 if lesson.page.js(f"{handle}.parentElement.offsetLeft") < middle else -80
        assert text_after(lesson, partial(lesson.page.drag, handle, right), name, follows) != begin
    lesson.settle()
    lesson.save()
    assert lesson.failures() == lesson.problems() == []


# what these tests would find


BROKEN = [
    "import sys; print('careful', file=sys.stderr); print('✗ one is two')",
    "import ipywidgets as widgets\nwidgets.VBox([widgets.FloatSlider(0.5, min=0, max=1, description='alone'), widgets.HTML('as before')])",
    "from IPython.display import HTML\nWIDGET = 'application/vnd.jupyter.widget-view+json'\n"
    "display({WIDGET: {'model_id': 'lost', 'version_major': 2, 'version_minor': 0}, 'text/plain': 'lost'}, raw=True)",
    "HTML('<script>throw new Error(`from a cell`)</script>')",
    "1 / 0",
    "print('never run')",
]


@pytest.fixture
def broken(lab):
    """A notebook in which everything is broken that can be."""
    cells = [new_markdown_cell(f"![elsewhere]({ELSEWHERE})\n\n$\\frac{{1}}$"), *map(new_code_cell, BROKEN)]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    path = lab.course / "lessons" / "broken.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    with lab.opened("broken") as notebook:
        notebook.run()
        notebook.save()
        yield notebook


def test_whatever_is_broken_in_a_notebook_is_found(broken, monkeypatch):
    assert broken.failures() == ["ZeroDivisionError: division by zero", "careful\n"]
    assert broken.counts() == [1, 2, 3, 4, 5, None]
    assert "✗ one is two" in labs.printed(broken.saved.cells)
    assert ELSEWHERE in broken.asked_elsewhere()
    problems = "\n".join(broken.problems())
    for each in (
        "Error displaying widget",
        "from a cell",
        f"no picture: {ELSEWHERE}",
        "no formula",
        "ERR_NAME_NOT_RESOLVED",
    ):
        assert each in problems
    monkeypatch.setattr(f"{__name__}.SECONDS_TO_FOLLOW", 1)
    broken.page.js(f"{broken.handle(0)}.focus()")
    with pytest.raises(AssertionError, match="alone was moved from .* and now it says .*as before.*, not"):
        text_after(broken, partial(broken.page.press, "ArrowRight"), "alone", lambda *_: ({"alone": "0.60"}, "changed"))
