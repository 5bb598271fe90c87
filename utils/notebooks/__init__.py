"""Notebooks run as files: the lessons as reports, the committed notebooks executed in place, claims over seeds.

`python -m utils.notebooks --help` shows the commands behind `make lessons`, `make notebooks` and `make claims`.
Words: a *lesson* is a notebook with a `parameters` cell, an `output_dir` and a budget; a *run* is one execution
of it with given parameters, which leaves the executed notebook and `results.json` in a folder of its own.
"""

from utils.notebooks.runs import CellError, NotebookRun, run_notebook
from utils.notebooks.source import Lesson, lesson_paths, parameters, parse_value, read_lesson

__all__ = [
    "CellError",
    "Lesson",
    "NotebookRun",
    "lesson_paths",
    "parameters",
    "parse_value",
    "read_lesson",
    "run_notebook",
]
