"""Solution notebooks, generated: the exercise notebook with each starter replaced by the reference's source.

A cell tagged `answer:qN` belongs to question N; after it comes a cell that says why. The same exercise notebook
gives the same solution notebook, ids included. Outputs come from executing it (`python -m utils.notebooks
execute`) and are kept as long as a cell's source stays the same.
"""

import copy
import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from utils.errors import CourseError, named
from utils.exercises import questions
from utils.files import replacing

ANSWER = re.compile(r"answer:q(\d+)")
NOTE = "*Generated from the exercise notebook and the tested reference solutions by `make solutions`. Your own way may " \
       "well be another one: what counts is that the check says ✓.*"  # fmt: skip


def write_solution(exercise: Path, solution: Path) -> bool:
    """Generate one solution notebook, keeping outputs of its old version; whether the file changed."""
    before = nbformat.read(solution, as_version=4) if solution.exists() else None
    generated = solution_notebook(exercise)
    if before is not None:
        keep_outputs(generated, before)
    text = nbformat.writes(generated) + "\n"
    if before is not None and solution.read_text(encoding="utf-8") == text:
        return False
    with replacing(solution) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return True


def solution_notebook(exercise: Path) -> nbformat.NotebookNode:
    """The solution to an exercise notebook `NN_topic.ipynb`, without outputs.

    Raises:
        CourseError: a cell's tag names a question that the topic's module does not have.
    """
    notebook = nbformat.read(exercise, as_version=4)
    by_number = {question.number: question for question in questions(topic_of(exercise))}
    unknown = [f"q{number}" for number in map(answered, notebook.cells) if number and number not in by_number]
    if unknown:
        raise CourseError(
            f"A cell tagged answer:qN holds the starter of question N, but utils.exercises."
            f"{topic_of(exercise)} has no {named(unknown)}. Write it there, or correct the tag in "
            f"'{exercise.name}'."
        )
    notebook.metadata.get("course", {}).pop("code_digest", None)  # of the exercises' code
    title, *cells = notebook.cells
    title.source = title.source.replace("Exercises", "Solutions", 1)
    notebook.cells = [title, new_markdown_cell(NOTE, id="generated")]
    for cell in cells:
        notebook.cells += _solved(cell, by_number)
    return notebook


def keep_outputs(generated: nbformat.NotebookNode, before: nbformat.NotebookNode) -> None:
    """Give each generated cell the outputs it had, in place, if its source is still the same."""
    old = {cell.id: cell for cell in before.cells}
    for cell in generated.cells:
        was = old.get(cell.id)
        if cell.cell_type == "code" and was is not None and was.source == cell.source:
            cell.outputs, cell.execution_count = copy.deepcopy(was.outputs), was.execution_count
    digest = before.metadata.get("course", {}).get("code_digest")
    if digest:
        generated.metadata.setdefault("course", {})["code_digest"] = digest


def answered(cell: nbformat.NotebookNode) -> int | None:
    """The number of the question whose answer cell this is."""
    numbers = [ANSWER.fullmatch(tag) for tag in cell.metadata.get("tags", [])]
    return next((int(match[1]) for match in numbers if match), None)


def topic_of(exercise: Path) -> str:
    """data_folders, of 01_data_folders.ipynb."""
    return exercise.stem.partition("_")[2]


def _solved(cell, by_number):
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    number = answered(cell)
    if number is None:
        return [cell]
    question = by_number[number]
    cell.source = question.source()
    return [cell, new_markdown_cell(f"**Why.** {question.why}", id=f"q{number}-why")]
