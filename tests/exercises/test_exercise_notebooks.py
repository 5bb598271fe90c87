"""Every exercise notebook says what its questions ask, and its solution notebook is the one that is generated."""

import re

import nbformat
import pytest

from tests.exercises.reading import EXERCISES, LESSONS, QUESTIONS, TOPICS, answer_cells, exercise_of, namespace, read
from utils.exercises import questions
from utils.exercises.__main__ import TASK
from utils.exercises.solutions import solution_notebook, topic_of
from utils.notebooks.execute import code_digest

KIND = re.compile(r"^\*(write it|mend it|predict it|choose|try it) · (\d+) minutes\*$", flags=re.MULTILINE)

each_notebook = pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def around(question):
    """The cells of a question: task, answer, check."""
    path = exercise_of(question.topic)
    place = answer_cells(path)[question.number]
    return read(path)[place - 1 : place + 2]


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_each_topic_has_one_exercise_notebook_each_of_these_a_lesson_and_a_solution():
    assert [topic_of(path) for path in EXERCISES] == [path.stem.partition("_")[2] for path in EXERCISES]
    assert sorted(topic_of(path) for path in EXERCISES) == TOPICS
    assert {path.name for path in EXERCISES} <= {path.name for path in LESSONS.glob("*.ipynb")}
    assert [path.name for path in EXERCISES] == sorted(path.name for path in LESSONS.glob("solutions/*.ipynb"))


@each_notebook
def test_tasks_and_answer_cells_are_those_of_the_questions_in_order(path):
    numbers = [question.number for question in questions(topic_of(path))]
    text = "\n".join(cell.source for cell in read(path) if cell.cell_type == "markdown")
    assert [int(number) for number, _ in TASK.findall(text)] == numbers
    assert list(answer_cells(path)) == numbers


@each_notebook
def test_the_exercises_are_of_three_kinds_or_more_and_of_ten_minutes_or_less(path):
    text = "\n".join(cell.source for cell in read(path) if cell.cell_type == "markdown")
    kinds = KIND.findall(text)
    assert len(kinds) == len(answer_cells(path))
    assert len({kind for kind, _ in kinds}) >= 3
    assert max(int(minutes) for _, minutes in kinds) <= 10


@every_question
def test_an_exercise_is_a_task_an_answer_and_its_check_under_stable_names(question):
    task, answer, check = around(question)
    name = f"q{question.number}"
    assert [task.id, answer.id, check.id] == [f"{name}-task", f"{name}-answer", f"{name}-check"]
    assert [task.cell_type, answer.cell_type, check.cell_type] == ["markdown", "code", "code"]
    assert re.match(rf"### Exercise {question.number}\. \S.*\n\n\*", task.source)
    assert len(re.findall(TASK, task.source)) == 1
    checked = re.fullmatch(rf"{name}\.check\((\w+)\)\n# {name}\.hint\(\)\n# {name}\.solution\(\)", check.source)
    assert checked, check.source
    # Learner and reference call the answer by the same name, or the solution would check something else.
    assert re.search(rf"^(def |class )?{checked[1]}\b", answer.source, flags=re.MULTILINE)
    assert re.search(rf"^(def |class )?{checked[1]}\b", question.source(), flags=re.MULTILINE)


@every_question
def test_code_is_given_where_and_only_where_something_is_to_be_mended(question):
    task, answer, _ = around(question)
    kind = KIND.search(task.source)[1]
    assert (kind == "mend it") == (question.starter is not None)
    assert ("..." in answer.source) == (kind != "mend it")


@every_question
def test_the_starter_of_the_notebook_is_not_answered_yet(question):
    _, _, check = around(question)
    name = re.search(r"check\((\w+)\)", check.source)[1]
    verdict = question.judge(namespace(exercise_of(question.topic))[name])
    assert str(verdict) == f"◻ Exercise {question.number}: not answered yet"


@every_question
def test_the_notebook_shows_that_it_is_not_answered_yet(question):
    assert printed(around(question)[2]) == f"◻ Exercise {question.number}: not answered yet\n"


@every_question
def test_the_solution_shows_that_it_is_correct(question):
    cells = read(LESSONS / "solutions" / exercise_of(question.topic).name)
    (check,) = [cell for cell in cells if cell.id == f"q{question.number}-check"]
    assert printed(check) == f"✓ Exercise {question.number}: correct\n"


def content(notebook):
    return [(cell.id, cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]


@each_notebook
def test_the_committed_solution_is_the_generated_one(path):
    committed = nbformat.read(LESSONS / "solutions" / path.name, as_version=4)
    assert content(committed) == content(solution_notebook(path)), "make solutions, and then make notebooks"


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
@each_notebook
def test_the_outputs_are_those_of_this_code(path, folder):
    notebook = nbformat.read(LESSONS / folder / path.name, as_version=4)
    assert notebook.metadata.course.code_digest == code_digest(notebook), "make notebooks"
