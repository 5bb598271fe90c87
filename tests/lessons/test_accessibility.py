"""Whoever does not see the course, or sees it otherwise, has the whole of it: notebooks, pages, sliders.

The numbers are of WCAG 2.1: 4.5 to 1 for text, 3 to 1 for what is large or no text. Figures: tests/plots/test_colours.py.
"""

import re
from collections import Counter
from io import StringIO
from logging import WARNING, StreamHandler, getLogger
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from ipywidgets import Widget
from matplotlib.colors import CSS4_COLORS

from tests.colours import contrast
from tests.lessons import tool
from tests.lessons.tool import LESSONS, NOTEBOOKS, PATHS, cells, each_lesson, each_notebook, outputs
from tests.plots.test_colours import ad_hoc
from utils.evaluation.curves import threshold_table
from utils.notebooks import CellError, Lesson, NotebookRun
from utils.notebooks.report import MOODS, TEMPLATES, write_html, write_index
from utils.notebooks.runs import LessonRun
from utils.plots.sliders import CostSliders
from utils.plots.threshold_slider import ThresholdSlider

ROOT = Path(__file__).resolve().parents[2]
PAGES = [LESSONS / "README.md", *sorted((ROOT / "data_samples").rglob("README.md"))]
SITE = ROOT / "utils" / "export" / "page" / "site"
TEXT, GRAPHICS = 4.5, 3.0

each_text = pytest.mark.parametrize("path", NOTEBOOKS + PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def prose(path):
    """The words of a notebook or a page, without what is to be typed, whose comments are no headings."""
    text = path.read_text(encoding="utf-8") if path.suffix == ".md" else None
    text = text or tool.prose(path, "\n\n")
    return re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)


# --- text alternatives -------------------------------------------------------------------------------


def wrong_with(alt):
    """Why a text alternative is none; None where it is one."""
    words = re.findall(r"[\w%.,'-]+", alt or "")
    if len(words) < 8:
        return "it has fewer than eight words"
    if re.search(r"(?i)^(\S+\.(png|jpe?g|gif|svg|webp)\b|(figure|image|picture|plot) ?\d*[.:])", alt):
        return "it is the name of a file or of a figure"
    if not re.search(r"[\w)%]\.?$", alt):
        return "it does not end as a sentence does"
    return None


def alternatives(path):
    """The text alternative of everything that shows a picture, "" where there is none."""
    for output in outputs(path):
        data = output.get("data", {})
        if kinds := [kind for kind in data if kind.startswith("image/")]:
            yield output.metadata.get(kinds[0], {}).get("alt", "")
        yield from in_html(data.get("text/html", ""))
        yield from re.findall(r"!\[([^\]]*)\]\(", data.get("text/markdown", ""))
    yield from re.findall(r"!\[([^\]]*)\]\(", prose(path))
    yield from in_html(prose(path))


def in_html(text):
    page = BeautifulSoup(text, "html.parser")
    yield from (image.get("alt", "") for image in page.find_all("img"))
    yield from (svg.get("aria-label") or (svg.title.text if svg.title else "") for svg in page.find_all("svg"))


@each_text
def test_a_text_alternative_says_what_is_seen(path):
    found = list(alternatives(path)) if path.suffix == ".ipynb" else re.findall(r"!\[([^\]]*)\]\(", prose(path))
    assert {alt: wrong for alt in found if (wrong := wrong_with(alt))} == {}
    assert [alt for alt, count in Counter(found).items() if count > 1] == [], "two pictures with one text"


@each_lesson
def test_a_lesson_has_pictures(path):
    assert len(list(alternatives(path))) >= 3


@pytest.mark.parametrize(
    "alt", ["", "Figure 1", "loss.png", "A bar chart", "figure 3: a long row of words that might say more of it",
            "plots/loss_by_epoch.png shows what has become of it in the end",
            "Bars of accuracy for seven networks that were trained on:"],
)  # fmt: skip
def test_what_is_no_text_alternative_is_found(alt):
    assert wrong_with(alt)


def test_pictures_in_html_are_found_with_and_without_their_text():
    page = (
        '<img src="a.png"><img alt="one" src="b.png"><svg><title>two</title></svg><svg aria-label="three"></svg><svg/>'
    )
    assert list(in_html(page)) == ["", "one", "two", "three", ""]


@each_lesson
def test_the_page_of_a_lesson_has_a_language_a_text_for_each_picture_and_headings_in_order(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    told = StringIO()
    handler, log = StreamHandler(told), getLogger("traitlets")
    handler.setLevel(WARNING)
    log.addHandler(handler)
    try:
        page = BeautifulSoup(write_html(copy).read_text(encoding="utf-8"), "html.parser")
    finally:
        log.removeHandler(handler)
    assert "Alternative text is missing" not in told.getvalue()
    assert page.html["lang"] == "en" and page.title.text and page.main
    assert len(page.find_all("img")) == len(list(alternatives(path)))
    assert not [image for image in page.find_all("img") if wrong_with(image.get("alt"))]
    in_order([int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))])


# --- words -------------------------------------------------------------------------------------------


def in_order(levels):
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:])), levels


@each_text
def test_headings_go_down_one_step_at_a_time(path):
    in_order([len(marks) for marks in re.findall(r"^(#+) ", prose(path), flags=re.MULTILINE)])


MUTE = {"here", "click here", "link", "this", "this link", "more", "read more", "page", "this page", "there", "see"}


@each_text
def test_a_link_says_where_it_leads(path):
    links = re.findall(r"(?<!!)\[([^\]]*)\]\(", prose(path))
    assert [link for link in links if link.strip(" .*`").lower() in MUTE or not re.search(r"\w", link)] == []
    assert not re.search(r"(?<![(<\"'`\w])https?://(?![^\s]*`)", prose(path)), "an address without words"


def tables(text):
    """The lines of each table."""
    return [block.splitlines() for block in re.findall(r"(?:^ *\|.*(?:\n|\Z))+", text, flags=re.MULTILINE)]


@each_text
def test_a_table_has_a_row_of_headings(path):
    for lines in tables(prose(path)):
        assert len(lines) > 2 and re.fullmatch(r" *\|([\s:-]+\|)+ *", lines[1]), lines[:2]
        assert re.search(r"\w", lines[0]), "a row of headings without a word"


@each_lesson
def test_a_table_in_an_output_has_a_row_of_headings(path):
    for output in outputs(path):
        for table in BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser").find_all("table"):
            assert table.find("th")


def signs_alone(text):
    """Cells of tables and items of lists that are a sign or a colour and no word."""
    shown = [cell for lines in tables(text) for line in lines[2:] for cell in line.strip(" |").split("|")]
    shown += re.findall(r"^ *[-*] (.*)$", text, flags=re.MULTILINE)
    return [
        each for each in shown if each.strip() and not re.search(r"[\w$]", each) and not re.fullmatch(r"[\s–—-]+", each)
    ]


@each_text
def test_no_sign_stands_for_a_word(path):
    assert signs_alone(prose(path)) == []


def test_a_sign_that_stands_for_a_word_is_found():
    assert signs_alone("| a | b |\n|---|---|\n| x | ✅ |\n| – | y |\n") == [" ✅"]
    assert signs_alone("- 🔴\n- ✗ wrong\n") == ["🔴"]


BY_COLOUR = re.compile(
    rf"(?i)\bthe ({'|'.join(CSS4_COLORS)}) (one|ones|line|lines|bar|bars|dot|dots|curve|curves|points?)\b"
)


@each_text
def test_nothing_is_named_by_its_colour_alone(path):
    assert BY_COLOUR.findall(prose(path)) == []
    said = (
        [output.get("metadata", {}).get("image/png", {}).get("alt", "") for output in outputs(path)]
        if path in PATHS
        else []
    )
    assert [alt for alt in said if BY_COLOUR.search(alt)] == []


@each_notebook
def test_the_figures_of_a_notebook_take_their_colours_from_the_palette(path):
    """What is painted into a picture, by Pillow, is part of that picture."""
    for cell in cells(path, "code"):
        source = "\n".join(line for line in cell.source.splitlines() if not re.match(r"\s*[%!]", line))
        try:
            found = set(ad_hoc(source)) - {"white", "black", "none"}
        except SyntaxError:
            found = set()  # a starter that is to be mended
        assert not found, f"{path.name} draws in {sorted(found)}: take a colour of utils.plots.figures"


# --- what we make in HTML ----------------------------------------------------------------------------


def relatives(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from relatives(child)


TABLE = threshold_table([True, False, True, False], [0.9, 0.5, 0.5, 0.01])


@pytest.mark.parametrize("make", [CostSliders, lambda: ThresholdSlider(TABLE, "logo")], ids=["cost", "threshold"])
def test_a_slider_has_a_label_and_its_table_has_headings(make):
    found = list(relatives(make()))
    moved: list[Widget] = [widget for widget in found if hasattr(widget, "min")]
    assert moved and all(widget.description.strip() and widget.readout for widget in moved)
    pages = [
        BeautifulSoup(widget.value, "html.parser")
        for widget in found
        if isinstance(getattr(widget, "value", None), str)
    ]
    for page in pages:
        headings = page.find_all("th")
        assert headings and all(each.get("scope") and each.text.strip() for each in headings)
        assert all(row.find("th", scope="row") for row in page.find_all("tr") if not row.find("th", scope="col"))
        for bar in page.select("[style*=background]"):
            assert bar["aria-hidden"] == "true"  # the number beside it says it
            assert contrast(re.search(r"background: (#\w+)", bar["style"])[1]) >= GRAPHICS


def custom_properties(css):
    """The colours of a sheet, {name: colour}: for light screens, and for dark ones."""
    light, dark = {}, {}
    for target, block in ((light, re.search(r":root\s*{(.*?)}", css, re.DOTALL)[1]),
                          (dark, re.search(r"dark\)\s*{\s*:root\s*{(.*?)}", css, re.DOTALL)[1])):  # fmt: skip
        target.update(re.findall(r"--([\w-]+):\s*(#\w+)", block))
    return {"light": light, "dark": light | dark}


# Each pair that stands on one another on the page: (in front, behind, ratio). Lines are ornaments beside words.
ON_THE_PAGE = [
    ("front", "back", TEXT), ("front", "soft", TEXT), ("quiet", "back", TEXT), ("quiet", "soft", TEXT),
    ("wrong", "back", TEXT), ("on-strong", "strong", TEXT), ("strong", "soft", GRAPHICS), ("other", "soft", GRAPHICS),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), ON_THE_PAGE)
def test_the_colours_of_the_web_page_stand_out(mode, front, back, least):
    colours = custom_properties((SITE / "page.css").read_text(encoding="utf-8"))[mode]
    assert contrast(colours[front], colours[back]) >= least


def test_every_colour_of_the_web_page_is_judged():
    css = (SITE / "page.css").read_text(encoding="utf-8")
    judged = {name for front, back, _ in ON_THE_PAGE for name in (front, back)} | {"line"}
    assert set(custom_properties(css)["light"]) == set(custom_properties(css)["dark"]) == judged
    others = re.findall(r"#[0-9a-f]{3,8}\b(?=[;\s,)])", re.sub(r":root\s*{.*?}", "", css, flags=re.DOTALL))
    assert set(others) <= {"#fff", "#000"}  # behind pictures, which have their own colours


def test_the_web_page_has_a_language_headings_and_a_label_for_whatever_is_pressed():
    page = BeautifulSoup((SITE / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert page.html["lang"] == "en" and page.title.text and page.main
    in_order([int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))])
    for field in page.find_all(["input", "video"]):
        label = page.find("label", attrs={"for": field.get("id")})
        assert field.get("aria-label") or label.text.strip()
    assert all(button.text.strip() for button in page.find_all("button"))
    named = {each["aria-labelledby"] for each in page.find_all("section")}
    assert all(page.find(id=name).text.strip() for name in named)
    assert page.find(id="status")["role"] == "status" and page.find(class_="notice", id="failed")["role"] == "alert"


def test_what_the_web_page_makes_goes_on_with_its_headings_and_names_its_pictures():
    made = (SITE / "answers.mjs").read_text(encoding="utf-8")
    assert re.findall(r'make\("(h\d)"', made) == ["h3", "h4"]  # below the h2 of the answers
    assert re.search(r'make\("img", { alt: `The picture \$\{name\}`', made)
    assert 'track.setAttribute("aria-hidden", "true")' in made


@pytest.mark.parametrize(("mode", "back"), [("light", "#ffffff"), ("dark", "#121212")])  # of browsers' own sheets
def test_the_colours_of_the_index_of_a_run_stand_out(mode, back):
    css = (TEMPLATES / "index.html.j2").read_text(encoding="utf-8")
    colours = custom_properties(css)[mode]
    moods = {mood for mood, _ in MOODS.values()}
    assert {
        name: round(contrast(colours[name], back), 2) for name in moods if contrast(colours[name], back) < TEXT
    } == {}


def test_the_index_of_a_run_has_headings_in_order_and_each_status_is_a_word(tmp_path):
    done = []
    for number, settings in enumerate(({}, {"error": CellError(3, "ValueError", "no")}, {"claims": False})):
        claims = {"claims": [{"text": "one", "holds": settings.get("claims", True)}]}
        run = NotebookRun(tmp_path / f"{number}" / "a.ipynb", 1.0, settings.get("error"), claims)
        done.append(LessonRun(Lesson(Path("01_a.ipynb"), f"Lesson {number}", "What?", 60, 20), run, None))
    page = BeautifulSoup(write_index(done, tmp_path, "All").read_text(encoding="utf-8"), "html.parser")
    in_order([int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))])
    for status in page.select(".status"):
        sign = status.find(attrs={"aria-hidden": "true"})
        assert re.search(r"\w", status.text.replace(sign.text, ""))
    assert page.find(role="region")["aria-label"] and page.find(role="region")["tabindex"] == "0"
