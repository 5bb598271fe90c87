"""The committed notebooks, executed in place."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from utils.notebooks.execute import committed_paths, execute_in_place, same


@pytest.fixture
def executed(course):
    """A notebook executed in place once."""
    path = course.notebook("01_a.ipynb", "from tqdm.auto import tqdm\nfor _ in tqdm(range(2)): print('round')", "1 + 1")
    before = nbformat.read(path, as_version=4)
    assert execute_in_place(path) == "written"
    return path, before


def test_a_second_execution_leaves_the_file_as_it_is(executed):
    path, _ = executed
    content, written_at = path.read_bytes(), path.stat().st_mtime_ns
    assert execute_in_place(path) == "unchanged"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, written_at)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_executed_notebook_has_its_ids_and_outputs_but_no_timing_and_no_widgets(executed):
    path, before = executed
    after = nbformat.read(path, as_version=4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.execution_count for cell in after.cells[1:]] == [1, 2, 3]
    assert after.cells[3].outputs[0].data == {"text/plain": "2"}
    assert [cell.metadata for cell in after.cells] == [{}, {"tags": ["parameters"]}, {}, {}]
    assert "widget" not in path.read_text()


def test_prints_in_turns_on_both_streams_become_one_output_each(course):
    turns = "import sys\nfor i in range(2): print(i, flush=True); print('!', file=sys.stderr, flush=True)"
    path = course.notebook("01_a.ipynb", turns)
    execute_in_place(path)
    outputs = nbformat.read(path, as_version=4).cells[-1].outputs
    assert [(output.name, output.text) for output in outputs] == [("stdout", "0\n1\n"), ("stderr", "!\n!\n")]


def test_an_executed_notebook_names_one_kernel_and_keeps_the_courses_settings(executed):
    path, before = executed
    metadata = nbformat.read(path, as_version=4).metadata
    assert metadata.pop("kernelspec") == {
        "name": "python3",
        "language": "python",
        "display_name": "Python 3 (ipykernel)",
    }
    assert metadata.pop("language_info") == {"name": "python"}
    assert before.metadata.course.items() <= metadata.pop("course").items()
    assert metadata == {}


def test_the_notebook_runs_in_its_own_folder_in_this_python_and_may_raise_where_it_says_so(course, foreign_kernelspec):
    source = f"import os, sys; assert [os.getcwd(), sys.executable] == {[str(course.root / 'lessons'), __import__('sys').executable]}"
    path = course.notebook("01_a.ipynb", source, "1 / 0", tags=["raises-exception"])
    assert execute_in_place(path) == "written"
    outputs = [cell.outputs for cell in nbformat.read(path, as_version=4).cells[2:]]
    assert [len(cell_outputs) for cell_outputs in outputs] == [0, 1]


def test_a_failing_notebook_is_reported_and_left_as_it_was(course):
    path = course.notebook("01_a.ipynb", "print('new')", "int('x')")
    before = path.read_bytes()
    error = execute_in_place(path)
    assert (error.cell, error.name) == (3, "ValueError")
    assert "'x'" in error.message
    assert path.read_bytes() == before


def test_lessons_exercises_and_solutions_are_executed_and_chosen_by_number(course):
    for folder in ("exercises", "solutions"):
        (course.root / "lessons" / folder).mkdir()
    for name in ("02_b.ipynb", "01_a.ipynb", "solutions/01_a.ipynb", "exercises/01_a.ipynb"):
        course.notebook(name)
    chosen = [path.relative_to(course.root / "lessons").as_posix() for path in committed_paths(["1"], course.root)]
    assert chosen == ["01_a.ipynb", "exercises/01_a.ipynb", "solutions/01_a.ipynb"]
    assert len(committed_paths(root=course.root)) == 4


def showing(text, tags=(), picture="AAA1"):
    """A notebook with one executed cell, which printed a text and shows a picture."""
    outputs = [
        new_output("stream", text=text),
        new_output("display_data", {"text/plain": text, "image/png": picture}, metadata={"alt": text}),
    ]
    return new_notebook(cells=[new_code_cell("fit()", outputs=outputs, metadata={"tags": list(tags)}, id="a")])


@pytest.mark.parametrize("tag", ["nbval-ignore-output", "raises-exception"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loss 2.31, 3.4 s", "loss 0.99, 12.0 s"),
        ("epoch  9  1e-3", "epoch 10 -1.5e-05"),
        ("<Model at 0x7f11>", "<Model at 0x55aab>"),
    ],
)
def test_other_numbers_in_the_text_of_a_volatile_cell_change_nothing(tag, old, new):
    assert same(showing(old, [tag]), showing(new, [tag]))
    assert not same(showing(old), showing(new))


def test_other_words_or_another_picture_in_a_volatile_cell_are_a_change():
    tags = ["nbval-ignore-output"]
    assert not same(showing("loss 2.31", tags), showing("cost 2.31", tags))
    assert not same(showing("loss 2.31", tags), showing("loss 2.31", tags, picture="AAA2"))


def test_other_code_is_a_change_even_where_only_numbers_of_a_volatile_cell_differ(course):
    path = course.notebook("01_a.ipynb", "rate = 1\nprint(rate)", tags=["nbval-ignore-output"])
    assert execute_in_place(path) == "written"
    notebook = nbformat.read(path, as_version=4)
    edited = copy.deepcopy(notebook)
    edited.cells[2].source = "rate = 2\nprint(rate)"
    nbformat.write(edited, path)
    assert execute_in_place(path) == "written"
    assert nbformat.read(path, as_version=4).cells[2].outputs[0].text == "2\n"
