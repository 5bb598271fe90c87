"""The page beside the lessons says what the notebooks say: times, needs, plans, words, links."""

import re
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import nbformat
import pytest

from tests.lessons.tool import prose
from utils.exercises import questions

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "lessons" / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
LESSONS = {path.name[:2]: path for path in sorted((ROOT / "lessons").glob("[0-9]*.ipynb"))}
LINK = re.compile(r"\]\(([^)\s]+)\)")
each_lesson = pytest.mark.parametrize("number", LESSONS)


@cache
def course_of(number):
    return nbformat.read(LESSONS[number], as_version=4).metadata.course


@cache
def minutes_of(number):
    """{number of an exercise: its minutes} of a lesson."""
    text = prose(ROOT / "lessons" / "exercises" / LESSONS[number].name)
    pairs = re.findall(r"^#+ Exercise (\d+)\..*?\*[\w ]+ · (\d+) minutes\*$", text, flags=re.MULTILINE | re.DOTALL)
    return {int(exercise): int(minutes) for exercise, minutes in pairs}


def section(title):
    """The page's text below a heading, up to the next of its level."""
    level = re.search(rf"^(#+) {title}$", TEXT, flags=re.MULTILINE)[1]
    return re.search(rf"^{level} {title}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)[1]


def tables(text):
    """Each table's rows, without head and rule, as lists of cells."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [[cells_of(row)
             for row in block.splitlines()[2:]] for block in blocks]  # fmt: skip


def cells_of(row):
    return [cell.strip() for cell in row[1:-1].split("|")]


def amount(cell):
    return int(re.search(r"\d+", cell)[0])


def spread(cell):
    """The numbers of '1 to 3, 5'."""
    parts = [[int(number) for number in part.split(" to ")] for part in cell.split(", ")]
    return [number for part in parts for number in range(part[0], part[-1] + 1)]


PATH_ROWS = tables(section("The lessons"))[0]
ROWS = {row[0][1:3]: row for row in PATH_ROWS[:-1]}


def test_every_lesson_has_its_row_in_order():
    assert list(ROWS) == list(LESSONS)
    assert all(f"]({path.name})" in ROWS[number][0] for number, path in LESSONS.items())


@each_lesson
def test_a_row_needs_what_its_lesson_says_it_needs(number):
    needs = re.search(r"\*\*You need:\*\*(.*?)(?=\. |; for a sentence each|$)", prose(LESSONS[number]), re.MULTILINE)[1]
    assert re.findall(r"\b\d\d\b", ROWS[number][1]) == sorted(re.findall(r"\b\d\d\b", needs))


@each_lesson
def test_a_rows_times_are_those_of_the_metadata_the_readme_and_the_exercises(number):
    _, _, reading, running, exercises, minutes = ROWS[number]
    readme = re.search(rf"^\|.*lessons/{LESSONS[number].name}.*\| (\d+) min \| (\d+) s \|$",
                       (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)  # fmt: skip
    assert amount(reading) == course_of(number).reading_minutes == int(readme[1])
    assert amount(running) == int(readme[2])
    assert amount(exercises) == len(minutes_of(number)) == len(questions(LESSONS[number].stem[3:]))
    assert amount(minutes) == sum(minutes_of(number).values())


def test_the_last_row_is_the_sum_of_the_others_and_27_hours():
    sums = [sum(amount(row[column]) for row in ROWS.values()) for column in (2, 3, 4, 5)]
    assert [amount(cell) for cell in PATH_ROWS[-1][2:]] == sums
    assert f"about {round((sums[0] + sums[3]) / 60)} hours" in section("Three ways through")


DAYS = tables(section("One day")) + tables(section("Two days"))


def test_there_are_three_days_to_check():
    assert [len(day) for day in DAYS] == [12, 12, 11]


@pytest.mark.parametrize("day", DAYS)
def test_a_plan_of_a_day_adds_up_from_row_to_row(day):
    starts = [datetime.strptime(row[0], "%H:%M") for row in day]
    lengths = [int(row[3]) + int(row[5] or 0) for row in day[:-1]]
    assert [start + timedelta(minutes=length) for start, length in zip(starts, lengths, strict=False)] == starts[1:]


PARTS = [pytest.param(row, id=f"{row[0]}-{row[1][1:3]}") for day in DAYS for row in day if row[1].startswith("[")]


@pytest.mark.parametrize("row", PARTS)
def test_a_part_of_a_day_names_sections_exercises_and_minutes_that_there_are(row):
    number = row[1][1:3]
    numbered = [int(found) for found in re.findall(r"^## (\d+)\.", prose(LESSONS[number]), flags=re.MULTILINE)]
    assert set(spread(row[2])) <= set(numbered)
    assert int(row[3]) <= course_of(number).reading_minutes
    assert sum(minutes_of(number)[exercise] for exercise in (spread(row[4]) if row[4] else [])) == int(row[5] or 0)


def test_six_weeks_hold_every_lesson_once_and_add_up():
    *weeks, last = tables(section("Six weeks"))[0]
    assert [number for week in weeks for number in week[1].split(", ")] == list(LESSONS)
    for week in weeks:
        reading = sum(amount(ROWS[number][2]) for number in week[1].split(", "))
        exercises = sum(amount(ROWS[number][5]) for number in week[1].split(", "))
        assert [amount(cell) for cell in week[2:5]] == [reading, exercises, reading + exercises]
    assert [amount(cell) for cell in last[2:5]] == [sum(amount(week[place]) for week in weeks) for place in (2, 3, 4)]


def test_a_section_that_six_weeks_point_to_is_there():
    named = re.findall(r"\((\d\d), section (\d+)\)", section("Six weeks"))
    assert len(named) == 6
    assert all(f"\n## {place}. " in prose(LESSONS[number]) for number, place in named)


WORDS = [pytest.param(word, LINK.search(link)[1], id=word) for word, _, link in tables(section("Glossary"))[0]]


@pytest.mark.parametrize(("word", "lesson"), WORDS)
def test_a_word_of_the_glossary_stands_in_the_prose_of_its_lesson(word, lesson):
    assert re.search(rf"\b{re.escape(word.lower())}\b", prose(ROOT / "lessons" / lesson).lower().replace("*", ""))


def test_the_glossary_is_in_alphabetical_order_and_each_link_says_where_it_leads():
    rows = tables(section("Glossary"))[0]
    words = [row[0].lower() for row in rows]
    assert len(words) >= 40 and words == sorted(set(words))
    assert all(row[2] == f"[{number}]({LESSONS[number].name})" for row in rows for number in [row[2][1:3]])


def anchors(path):
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_to_a_file_and_a_heading_that_there_are():
    links = [link for link in LINK.findall(TEXT) if not link.startswith("https://")]
    assert len(links) > 100
    for link in links:
        name, _, anchor = link.partition("#")
        target = (PAGE.parent / name).resolve() if name else PAGE
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_links_the_page():
    assert "](lessons/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_and_version_that_is_named_is_one():
    makefile, project = [(ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "pyproject.toml")]
    targets = set(re.findall(r"`make ([a-z-]+)", TEXT))
    assert {"setup", "doctor", "solutions"} <= targets <= set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    ranges = re.findall(r"`([\w-]+>=[\d.]+)`", TEXT)
    assert ranges and all(f'"{each}"' in project for each in ranges)
    assert f'requires-python = ">={re.search(r"Python ([0-9.]+) or newer", TEXT)[1]}"' in project
    assert "\ntflite = [" in project and "-e .[trackio,tflite]" in (ROOT / "environment.yml").read_text(
        encoding="utf-8"
    )


def test_the_badges_are_a_template_and_no_address():
    assert TEXT.count("OWNER/REPOSITORY") == 3
    assert not [link for link in LINK.findall(re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)) if "://" in link]
