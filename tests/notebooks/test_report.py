"""The pages and tables that a run leaves."""

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils.notebooks import CellError, Lesson, NotebookRun
from utils.notebooks.report import WIDGET, lesson_table, text_table, write_html, write_index
from utils.notebooks.runs import LessonRun


def lesson_run(folder, seconds=1.0, error=None, own=None, **claims):
    """A lesson's run with these claims, as if its notebook were in the folder."""
    lesson = Lesson(Path("01_a & b.ipynb"), "Data <folders>", "What is in them?", 60, 20)
    made = [{"text": text, "holds": holds} for text, holds in claims.items()]
    run = NotebookRun(folder / "01_a & b" / "01_a & b.ipynb", seconds, error, {"claims": made})
    return LessonRun(lesson, run, own)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, "ok"),
        ({"seconds": 61.0}, "over budget"),
        ({"good": True, "bad": False}, "claim fails"),
        ({"bad": False, "own": "/photos"}, "finding"),
        ({"error": CellError(3, "ValueError", "no"), "bad": False}, "failed"),
    ],
)
def test_a_lesson_has_one_status(tmp_path, settings, status):
    done = lesson_run(tmp_path, **settings)
    assert done.status == status
    assert status in lesson_table([done])
    assert status in write_index([done], tmp_path, "All").read_text(encoding="utf-8")


def test_the_index_page_is_complete_in_itself_and_can_be_read_by_a_screen_reader(tmp_path):
    done = [
        lesson_run(tmp_path, one=True, two=False),
        lesson_run(tmp_path, error=CellError(3, "ValueError", "a < b")),
    ]
    page = BeautifulSoup(write_index(done, tmp_path, "All lessons").read_text(encoding="utf-8"), "html.parser")
    assert page.html["lang"] == "en"
    assert page.title.text == page.h1.text == "All lessons"
    assert all(cell.get("scope") for cell in page.find_all("th"))
    assert not page.find_all(["script", "link", "img"])
    assert page.pre.text == "ValueError: a < b"
    assert page.find("a")["href"] == "01_a%20%26%20b/01_a%20%26%20b.html"
    assert "1 of 2" in page.table.text and "Data <folders>: two" in page.text


def test_a_lessons_page_fetches_nothing_unless_it_has_formulas_and_shows_no_dead_widget(tmp_path):
    bar = new_output("display_data", {"text/plain": "0%", WIDGET: {"model_id": "x"}})
    figure = new_output("display_data", {"image/png": "AAAA"}, metadata={"image/png": {"alt": 'a "rise" & <fall>'}})
    code = new_code_cell("fit()", outputs=[bar, figure])
    pages = {}
    for name, text in (("plain", "# Title"), ("formulas", "# Title\n$x^2$")):
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_markdown_cell(text), code]), path)
        pages[name] = BeautifulSoup(write_html(path).read_text(encoding="utf-8"), "html.parser")
    assert not pages["plain"].find_all("script", src=True) and not pages["plain"].find_all("link", href=True)
    assert not [script for script in pages["plain"].find_all("script") if "import" in script.text]
    assert "0%" not in pages["plain"].text
    assert pages["plain"].find("img")["src"].startswith("data:image/png;base64,")
    assert pages["plain"].find("img")["alt"] == 'a "rise" & <fall>'
    assert "MathJax" in str(pages["formulas"])


def test_columns_of_numbers_stand_to_the_right():
    assert text_table(("name", "seconds"), [("a", "1.5"), ("bcdef", "10.0")]) == (
        "name   seconds\na          1.5\nbcdef     10.0"
    )


def test_a_table_without_rows_is_its_header():
    assert text_table(("a", "b"), []) == "a  b"
