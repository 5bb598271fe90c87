"""What the tests of the lessons share: own pictures for them, a run as papermill makes it, and their functions."""

import ast
import hashlib
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image

from tests import forked
from utils.notebooks import run_notebook

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
PATHS = sorted(LESSONS.glob("[0-9]*.ipynb"))
NOTEBOOKS = PATHS + sorted(LESSONS.glob("exercises/*.ipynb")) + sorted(LESSONS.glob("solutions/*.ipynb"))
each_lesson = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
# In the names of numbers that another run measures anew.
MEASURED = ("seconds", "latency", "milliseconds", "ms", "as_long", "minutes", "front")


@cache
def read(path):
    """A notebook, read once for all tests that only look at it."""
    return nbformat.read(path, as_version=4)


def cells(path, kind):
    """The cells of a notebook that are "code", or "markdown"."""
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def prose(path, between="\n"):
    """The text of a notebook's markdown cells."""
    return between.join(cell.source for cell in cells(path, "markdown"))


def outputs(path):
    """Everything that a notebook's code cells show."""
    return [output for cell in cells(path, "code") for output in cell.outputs]


def digest(folder):
    """Names, contents, times and permissions of a whole folder, and of the folder itself."""
    found = hashlib.sha256()
    for path in (folder, *sorted(folder.rglob("*"))):
        facts = path.stat()
        found.update(f"{path.relative_to(folder)} {facts.st_mtime_ns} {facts.st_mode}".encode())
        found.update(path.read_bytes() if path.is_file() else b"")
    return found.hexdigest()


def picture(path, rng):
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8))
    coarse.resize((40 + int(rng.integers(30)), 50)).save(path)


def folder_of(root, classes, each):
    rng = np.random.default_rng(0)
    for number in range(classes):
        for index in range(each):
            picture(root / f"class {number:02}" / f"{index}.jpg", rng)
    return root


def run(name, tmp_path, **parameters):
    """Run a lesson; (results.json, all printed text), after checking that it ended well and changed no picture."""
    pictures = tmp_path / (parameters.get("data_dir") or "no pictures")
    before = digest(pictures) if pictures.is_dir() else ""
    with forked.kernels():
        done = run_notebook(LESSONS / name, tmp_path / "out" / "report.ipynb", parameters, cwd=tmp_path)
    assert done.error is None, done.error
    assert before == (digest(pictures) if pictures.is_dir() else ""), "the reader's folder was changed"
    executed = nbformat.read(done.notebook, as_version=4)
    texts = [output.get("text", "") for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    return done.results, "".join(texts)


def failure(name, tmp_path, parameters, cwd=None):
    """Run a lesson that ends with a CourseError; the words of it."""
    with forked.kernels():
        done = run_notebook(LESSONS / name, tmp_path / "report.ipynb", parameters, cwd=cwd)
    assert done.error is not None and done.error.name == "CourseError", done.error
    return done.error.message


def definitions(lesson, space, *names):
    """Functions and classes written out in a lesson, by name; `space` holds what they use."""
    for cell in read(LESSONS / lesson).cells:
        if cell.cell_type == "code":
            source = TransformerManager().transform_cell(cell.source)  # a line that begins with ! is no Python yet
            parts = [part for part in ast.parse(source).body if getattr(part, "name", None) in names]
            exec(compile(ast.Module(parts, []), lesson, "exec"), space)
    return [space[name] for name in names]


def without_times(found):
    """The numbers of a run without what the clock measured, at any depth."""
    if isinstance(found, dict):
        return {name: without_times(each) for name, each in found.items() if not any(word in name for word in MEASURED)}
    return [without_times(each) for each in found] if isinstance(found, list) else found
