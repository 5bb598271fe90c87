"""The web site of the course: what its pages have beyond the notebooks, and, slow, the whole site in a browser."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from tests.browser import chromium, served

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.ipynb"))
PHONE = 390  # pixels
PYTHON = {"language_info": {"name": "python"}}


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "lessons" / "site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = load("pages")


def prepared(path, notebook):
    """A notebook as it becomes a page."""
    notebook = nbformat.from_dict(notebook)
    complete = pages.with_solutions if path.parent.name == "exercises" else pages.with_exercises
    complete(notebook, path)
    pages.adapt(notebook)
    return notebook


# what a page has beyond its file


def test_a_lesson_leads_on_to_its_exercises(tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "01_made.ipynb").touch()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Made")], metadata=PYTHON)
    page = prepared(tmp_path / "01_made.ipynb", notebook)
    assert [cell["source"] for cell in page["cells"]][1:] == [
        "Now do [the exercises to this lesson](exercises/01_made.ipynb).\n\n```{toctree}\n:hidden:\n\nexercises/01_made\n```\n"
    ]
    assert len(prepared(tmp_path / "02_without.ipynb", notebook)["cells"]) == len(notebook.cells)


@pytest.mark.parametrize("path", sorted((ROOT / "lessons" / "exercises").glob("*.ipynb")), ids=lambda path: path.stem)
def test_below_each_check_stands_its_own_solution_folded(path):
    page = prepared(path, nbformat.read(path, as_version=4))
    solved = {
        cell.id: cell.source for cell in nbformat.read(ROOT / "lessons/solutions" / path.name, as_version=4).cells
    }
    ids = [cell["id"] for cell in page["cells"]]
    checks = [name for name in ids if name.endswith("-check")]
    assert checks
    for check in checks:
        question, below = check.removesuffix("-check"), page["cells"][ids.index(check) + 1]
        assert below["source"].startswith("<details>\n<summary>One solution</summary>\n\n```python\n")
        assert below["source"].endswith("\n</details>")
        assert solved[f"{question}-answer"] in below["source"] and solved[f"{question}-why"] in below["source"]


def test_a_link_within_a_page_is_named_as_the_site_names_headings(tmp_path):
    source = "[there](#14.-The-report-on-your-folder), [out](https://example.org/#14.-The) and `](#Code`"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)], metadata=PYTHON)
    pages.adapt(notebook)
    assert notebook.cells[0].source.startswith(
        "[there](#14-the-report-on-your-folder), [out](https://example.org/#14.-The)"
    )


def test_a_figure_keeps_its_words():
    shown = nbformat.v4.new_output(
        "display_data", {"image/png": ""}, metadata={"image/png": {"alt": "Two curves part."}}
    )
    cells = [nbformat.v4.new_code_cell("figure", outputs=[shown]), nbformat.v4.new_code_cell("1 + 1")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=PYTHON)
    pages.adapt(notebook)
    assert [cell.metadata.mystnb.image.alt for cell in notebook.cells] == ["Two curves part.", ""]


def test_a_link_to_a_folder_becomes_its_words(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "a.ipynb").touch()
    text = "[The solutions](solutions), [a lesson](a.ipynb), ![a picture](solutions), [the net](https://example.org)"
    expected = "The solutions, [a lesson](a.ipynb), ![a picture](solutions), [the net](https://example.org)"
    assert pages.without_folders(text, tmp_path) == expected


def test_the_contents_name_every_lesson_in_order():
    found = re.findall(r"^\d\d_\w+\.ipynb$", pages.contents(ROOT / "lessons"), flags=re.MULTILINE)
    assert found == [path.name for path in LESSONS]


# the whole site


class Seen(HTMLParser):
    """What a page refers to, its pictures, and its headings."""

    def __init__(self, text):
        super().__init__()
        self.links, self.pictures, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        if tag == "img":
            self.pictures.append(attrs)
        self.links += [attrs[name] for name in ("href", "src") if attrs.get(name)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make site` does."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm, which fetches MathJax (Debian: apt-get install npm)")
    folder = tmp_path_factory.mktemp("built")
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "-m sphinx" in line)
    options = line.replace("runs/.site", str(folder)).partition("-m sphinx")[2].split()
    done = subprocess.run([sys.executable, "-m", "sphinx", *options], cwd=ROOT, capture_output=True, text=True)
    if "Is there a network?" in done.stderr:
        pytest.skip("npm cannot fetch MathJax here")
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    return folder / "site"


def html(site):
    """{a page's address within the site: what is in it}."""
    paths = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts and path.name != "index.html"]
    return {path.relative_to(site).as_posix(): Seen(path.read_text(encoding="utf-8")) for path in paths}


@pytest.mark.slow
class TestTheSite:
    def test_has_a_page_for_each_lesson_and_its_exercises(self, site):
        for path in LESSONS:
            assert (site / "lessons" / f"{path.stem}.html").exists()
            assert (site / "lessons" / "exercises" / f"{path.stem}.html").exists()

    def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(self, site):
        found = html(site)
        for address, page in found.items():
            for link in page.links:
                parts = urlsplit(link)
                if parts.scheme or not parts.path:
                    continue
                place = (site / address).parent / unquote(parts.path)
                assert place.exists(), f"{address}: {link}"
                target = place.resolve().relative_to(site.resolve()).as_posix()
                if parts.fragment and target in found:
                    assert parts.fragment in found[target].ids, f"{address}: {link}"

    def test_every_picture_has_words(self, site):
        # Where there are none, docutils takes the address for them.
        found = {
            (address, each.get("src")): each.get("alt") or ""
            for address, page in html(site).items()
            for each in page.pictures
        }
        assert len(found) > 80
        assert not [
            where for where, words in found.items() if len(words.split()) < 3 or words.endswith((".png", ".jpeg"))
        ]

    def test_has_mathjax_with_its_licence_and_the_front_page(self, site):
        assert "Apache License" in (site / "_static" / "mathjax" / "LICENSE").read_text()
        assert f"{pages.FRONT}.html" in (site / "index.html").read_text()
        assert (site / f"{pages.FRONT}.html").exists()


@pytest.fixture(scope="module")
def address(site):
    with served(site) as found:
        yield found


@pytest.fixture(scope="module")
def opened(browser, address, site):
    """What was seen of each page, opened on a phone, then made as wide as a desktop's window."""
    found = {}
    leads = "document.querySelector('.prev-next-area .%s')?.href.slice(%d)"
    for name in html(site):
        with browser.page(address + name, width=PHONE) as page:
            seen = found[name] = {}
            for width in (PHONE, 1280):
                page.resize(width)
                seen[width] = page.js("document.documentElement.scrollWidth")
            seen["next"], seen["previous"] = (
                page.js(leads % (side, len(address))) for side in ("right-next", "left-prev")
            )
            seen["asked"], seen["errors"] = page.requests(), page.events("Runtime.exceptionThrown")
    return found


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the browser is driven through pipes, which Windows has not")
@pytest.mark.skipif(chromium() is None, reason="there is no Chromium (Debian: apt-get install chromium)")
class TestInABrowser:
    def test_next_leads_through_every_lesson_and_its_exercises_and_back(self, opened):
        way = [f"{pages.FRONT}.html"]
        way += [f"lessons/{part}{path.stem}.html" for path in LESSONS for part in ("", "exercises/")]
        assert [opened[name]["next"] for name in way[:-1]] == way[1:]
        assert [opened[name]["previous"] for name in way[1:]] == way[:-1]

    def test_the_front_page_opens_by_the_address_alone(self, browser, address):
        with browser.page(address) as page:
            time.sleep(1)  # it is led on; what is asked in that moment gets no answer
            page.wait("document.querySelector('h1')?.textContent.startsWith('The path through the course')")

    @pytest.mark.parametrize("width", [PHONE, 1280])
    def test_no_page_is_wider_than_the_window(self, opened, width):
        assert {name: found[width] for name, found in opened.items() if found[width] > width} == {}

    def test_no_page_asks_elsewhere_or_has_an_error(self, opened, address):
        assert all(found["asked"] for found in opened.values())
        assert {
            url for found in opened.values() for url in found["asked"] if not url.startswith((address, "data:"))
        } == set()
        assert {name: found["errors"] for name, found in opened.items() if found["errors"]} == {}

    def test_formulas_are_drawn(self, browser, address):
        with browser.page(address + "lessons/02_compound_scaling.html") as page:
            page.wait("document.querySelectorAll('mjx-container svg').length > 10")
            assert page.js(
                "document.querySelectorAll('mjx-container').length === document.querySelectorAll('.math').length"
            )
            assert not page.js("document.body.innerText.includes('\\\\alpha')")
            assert page.js("!!document.querySelector('mjx-assistive-mml math')"), "for screen readers"

    def test_a_search_finds_the_lesson(self, browser, address):
        with browser.page(address + "search.html?q=squeeze-and-excite") as page:
            page.wait("/found/.test(document.getElementById('search-results').innerText)")
            assert page.js("!!document.querySelector('#search-results a[href*=\"02_compound_scaling\"]')")

    def test_a_solution_is_folded_until_one_opens_it(self, browser, address):
        with browser.page(address + "lessons/exercises/03_fine_tuning.html") as page:
            code = "document.querySelector('article details pre')"
            assert page.js("document.querySelectorAll('article details').length") == 14
            assert page.js("![...document.querySelectorAll('article details')].some((each) => each.open)")
            assert not page.js(f"{code}.checkVisibility()")
            page.js("document.querySelector('article summary').click()")
            assert page.js(f"{code}.checkVisibility()")

    def test_on_a_phone_the_contents_open_by_a_button(self, browser, address):
        with browser.page(address + "lessons/03_fine_tuning.html", width=PHONE) as page:
            link = "document.querySelector('.bd-sidebar-primary a[href*=\"04_custom_cnn\"]')"
            seen = (
                f"(({link}.getBoundingClientRect().left >= 0) && {link}.checkVisibility({{visibilityProperty: true}}))"
            )
            assert not page.js(seen)
            page.js("document.querySelector('.primary-toggle').click()")
            page.wait(seen)
