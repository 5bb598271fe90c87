"""Solution notebooks, generated from an exercise notebook and the references."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils.errors import CourseError
from utils.exercises import questions
from utils.exercises.solutions import answered, solution_notebook, topic_of, write_solution


@pytest.fixture
def exercise(tmp_path):
    """An executed exercise notebook with one exercise of lesson 01."""
    cells = [
        new_markdown_cell("# Exercises 01 · Exercises", id="title"),
        new_code_cell("import numpy", id="imports", execution_count=1),
        new_markdown_cell("## Exercise 12. A number", id="q12-task"),
        new_code_cell("in_the_offer = ...", id="q12-answer", execution_count=2, metadata={"tags": ["answer:q12"]}),
        new_code_cell("q12.check(in_the_offer)", id="q12-check", execution_count=3,
                      outputs=[new_output("stream", text="◻")]),
    ]  # fmt: skip
    path = tmp_path / "exercises" / "01_data_folders.ipynb"
    path.parent.mkdir()
    nbformat.write(new_notebook(cells=cells, metadata={"course": {"code_digest": "old"}}), path)
    return path


def test_the_answer_is_the_reference_and_a_reason_follows_it(exercise):
    reference = next(question for question in questions("data_folders") if question.number == 12)
    cells = solution_notebook(exercise).cells
    assert [cell.id for cell in cells] == [
        "title",
        "generated",
        "imports",
        "q12-task",
        "q12-answer",
        "q12-why",
        "q12-check",
    ]
    assert cells[0].source == "# Solutions 01 · Exercises"
    assert cells[4].source == reference.source() == 'in_the_offer = "b"'
    assert cells[4].metadata.tags == ["answer:q12"]
    assert cells[5].source == f"**Why.** {reference.why}"


def test_nothing_of_the_exercises_outputs_is_kept(exercise):
    generated = solution_notebook(exercise)
    code = [cell for cell in generated.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * 3
    assert "code_digest" not in generated.metadata.course


def test_it_is_the_same_each_time_and_then_left_alone(exercise, tmp_path):
    solution = tmp_path / "solutions" / exercise.name
    assert write_solution(exercise, solution)
    content, written_at = solution.read_bytes(), solution.stat().st_mtime_ns
    assert not write_solution(exercise, solution)
    assert (solution.read_bytes(), solution.stat().st_mtime_ns) == (content, written_at)
    nbformat.validate(nbformat.read(solution, as_version=4))


def test_outputs_stay_where_the_source_stayed(exercise, tmp_path):
    solution = tmp_path / exercise.name
    write_solution(exercise, solution)
    executed = nbformat.read(solution, as_version=4)
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [new_output("stream", text=f"of {cell.id}")], 7
    executed.metadata["course"]["code_digest"] = "of the solution"
    nbformat.write(executed, solution)
    assert not write_solution(exercise, solution)

    edited = nbformat.read(exercise, as_version=4)
    edited.cells[1].source = "import numpy as np"
    nbformat.write(edited, exercise)
    assert write_solution(exercise, solution)
    after = nbformat.read(solution, as_version=4)
    shown = {cell.id: [output.text for output in cell.outputs] for cell in after.cells if cell.cell_type == "code"}
    assert shown == {"imports": [], "q12-answer": ["of q12-answer"], "q12-check": ["of q12-check"]}
    assert after.metadata.course.code_digest == "of the solution"


def test_a_tag_of_no_question_is_refused_with_the_notebooks_name(exercise):
    notebook = nbformat.read(exercise, as_version=4)
    notebook.cells[3].metadata["tags"] = ["answer:q99"]
    nbformat.write(notebook, exercise)
    with pytest.raises(CourseError, match=r"data_folders has no 'q99'\. .*'01_data_folders.ipynb'"):
        solution_notebook(exercise)


@pytest.mark.parametrize(
    ("tags", "number"),
    [(["answer:q7"], 7), (["a", "answer:q12"], 12), ([], None), (["answer:q"], None), (["answer:q1x"], None)],
)
def test_an_answer_cell_is_known_by_its_tag(tags, number):
    assert answered(new_code_cell("", metadata={"tags": tags})) == number


def test_a_topic_is_the_name_of_a_notebook_without_its_number():
    assert topic_of(Path("03_first_training.ipynb")) == "first_training"
