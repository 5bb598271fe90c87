"""Every committed lesson has the same frame and is executed. What its pictures say: test_accessibility.py."""

import re

from tests.lessons.tool import PATHS, cells, each_lesson, each_notebook, outputs, prose, read

FRAME = ["you will do", "you will learn", "you need", "time", "## what we showed", "## summary",
         "three quick questions", "## on your own pictures", "## further reading"]  # fmt: skip


def test_there_are_lessons():
    assert PATHS


@each_lesson
def test_a_lesson_has_the_whole_frame_in_its_order(path):
    text = prose(path).lower()
    places = [text.find(part) for part in FRAME]
    assert -1 not in places, f"missing: {[part for part, place in zip(FRAME, places) if place < 0]}"
    assert places == sorted(places)


@each_lesson
def test_a_lesson_has_one_parameters_cell_with_a_comment_a_line(path):
    tagged = [cell for cell in cells(path, "code") if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    for line in tagged[0].source.splitlines():
        assert re.match(r"\w+: \w+ = .+  # \w", line), f"a parameter has a type, a value and a comment: {line!r}"


@each_lesson
def test_a_lesson_claims_something_and_every_claim_holds(path):
    printed = "".join(output.get("text", "") for output in outputs(path))
    assert "✓ " in printed
    assert not re.search("✗(?! Exercise)", printed)  # lesson 00 shows what a check says of a wrong answer


@each_lesson
def test_the_code_cells_of_a_lesson_are_short(path):
    # The parameters are a table of knobs, as long as it takes.
    code = [cell for cell in cells(path, "code") if "parameters" not in cell.metadata.get("tags", [])]
    assert max(len(cell.source.splitlines()) for cell in code) <= 25


@each_lesson
def test_prose_stands_before_the_code(path):
    kinds = [cell.cell_type for cell in read(path).cells]
    longest = max(len(run) for run in re.findall("c+", "".join(kind[0] for kind in kinds)))
    assert longest <= 3, f"{longest} code cells in a row without a word between them"


@each_lesson
def test_the_papermill_command_of_a_lesson_names_this_lesson(path):
    assert f"papermill lessons/{path.name}" in prose(path)


@each_notebook
def test_a_notebook_is_executed_from_top_to_bottom_and_clean(path):
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for output in outputs(path) if output.output_type == "error"]
    assert not [cell.id for cell in code if "execution" in cell.metadata]
    assert "widgets" not in notebook.metadata
    assert (notebook.metadata.kernelspec.name, notebook.metadata.kernelspec.language) == ("python3", "python")


@each_notebook
def test_a_notebook_stays_under_a_megabyte(path):
    assert path.stat().st_size < 1_000_000


@each_notebook
def test_most_cells_are_compared(path):
    code = cells(path, "code")
    ignored = [cell for cell in code if "nbval-ignore-output" in cell.metadata.get("tags", [])]
    skipped = [cell for cell in code if "nbval-skip" in cell.metadata.get("tags", [])]
    assert len(ignored) <= len(code) / 4
    assert not skipped
