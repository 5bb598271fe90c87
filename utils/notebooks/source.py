"""A lesson's file before it runs: where it is, its title and budget, its parameters.

Everything that can be wrong with a request is found here, before a kernel starts.
"""

import ast
import difflib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import nbformat
from papermill import inspect_notebook

from utils.errors import CourseError, named

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"budget_seconds": 60, "question": "What does this lesson answer?", "reading_minutes": 30}


@dataclass(frozen=True)
class Lesson:
    """A lesson's file and what its front matter says."""

    path: Path
    title: str
    question: str
    budget_seconds: float  # on 2 cores, with the sample data
    reading_minutes: float


def lesson_paths(numbers=(), folder=ROOT / "lessons"):
    """The lessons' files in order: all of them, or those whose number is asked for.

    Args:
        numbers: lesson numbers such as "01" (or "1"); none means all.
        folder: the folder with the files `NN_topic.ipynb`.

    Raises:
        CourseError: the folder has no lessons, or not one of these numbers.
    """
    return pick(sorted(Path(folder).glob("[0-9]*.ipynb")), numbers, folder)


def pick(paths, numbers, folder):
    """Those of the notebooks `NN_topic.ipynb` whose number is asked for, all when none is."""
    if not paths:
        raise CourseError(
            f"There is no notebook in {str(folder)!r}: files such as '01_data_folders.ipynb' were expected."
        )
    wanted = {str(number).zfill(2) for number in numbers}
    known = {number_of(path) for path in paths}
    if wanted - known:
        raise CourseError(
            f"No lesson has the number {named(sorted(wanted - known))}. There are: {', '.join(sorted(known))}."
        )
    return [path for path in paths if not wanted or number_of(path) in wanted]


def number_of(path):
    """The number a notebook's name begins with: '01' of '01_data_folders.ipynb'."""
    return path.name.split("_")[0]


def read_lesson(path):
    """The front matter of a lesson: its title, and the settings in its metadata under `course`.

    Raises:
        CourseError: the metadata lacks the budget, the question or the reading time.
    """
    notebook = nbformat.read(path, as_version=4)
    settings = notebook.metadata.get("course", {})
    missing = [name for name in SETTINGS if name not in settings]
    if missing:
        raise CourseError(
            f"A lesson's metadata says what it answers and how long it takes, but {path.name!r} lacks "
            f"{named(missing)}.\nAdd to the notebook's metadata (in JupyterLab: the gear wheels, Advanced Tools), "
            f'with your values: "course": {json.dumps(SETTINGS)}'
        )
    return Lesson(path, title_of(notebook, path), **{name: settings[name] for name in SETTINGS})


def title_of(notebook, path):
    """The notebook's first heading, or its file name where it has none."""
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    return next((line.lstrip("# ").strip() for line in lines if line.startswith("# ")), path.stem)


def parameters(notebook):
    """The names and default values in a notebook's `parameters` cell.

    A default that is not a plain value (a call, a path made of parts) stands as its source text.

    Raises:
        CourseError: the cell assigns a name that papermill cannot read, or the notebook does not say that it is Python's.
    """
    try:
        # Papermill fills braces in the path from the parameters; in a real folder's name they are only braces.
        found = inspect_notebook(str(notebook).replace("{", "{{").replace("}", "}}"))
    except ValueError as error:
        if "kernel" not in str(error):
            raise CourseError(
                f"{Path(notebook).name!r} cannot be read as a notebook: {str(error).splitlines()[0]}"
            ) from error
        raise CourseError(f"{Path(notebook).name!r} does not say which kernel it wants ({error}) Open it in JupyterLab and save "
                          'it, or write into its metadata: "kernelspec": {"name": "python3", "language": "python", '
                          '"display_name": "Python 3"}') from error  # fmt: skip
    unread = [name for name in _assigned(notebook) if name not in found]
    if unread:
        raise CourseError(
            f"Papermill reads one 'name: type = value  # comment' a line, with a plain type and no second '=', "
            f"but in {Path(notebook).name!r} it cannot read {named(unread)}.\n"
            "Reword the comment, or shorten the type (str, not str | None)."
        )
    return {name: _literal(parameter["default"]) for name, parameter in found.items()}


def check_parameters(notebook, names):
    """The notebook's parameters with their defaults; names that are none are refused, all at once, with the nearest that is.

    Papermill itself only logs an unknown name, and runs with the default.
    """
    known = parameters(notebook)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CourseError(
            f"{Path(notebook).name!r} has no parameter {', '.join(_with_nearest(name, known) for name in unknown)}.\n"
            f"Its parameters: {', '.join(sorted(known)) or 'none (no cell is tagged parameters)'}."
        )
    return known


def parse_value(text, default, name="value"):
    """A value typed on the command line, as the kind of value that the parameter's default is.

    A text stays a text even if it looks like a number, and 'false' is False: never a non-empty, hence true, text.

    Raises:
        CourseError: the default is a number or True or False, and the text is not.
    """
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        return _checked(name, text, {"true": True, "false": False}.get(text.lower()), "true or false")
    value = _literal(text)
    if isinstance(default, int | float):
        number = value if type(value) in (int, float) and math.isfinite(value) else None
        return _checked(name, text, number, f"a number (its default is {default})")
    return value


def plain(value):
    """A parameter's value as papermill can write it: a tuple becomes a list, a path its text, a numpy number a number.

    Papermill writes what it does not know as a quoted text: (0.7, 0.3) would arrive as '(0.7, 0.3)'.
    """
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise CourseError(
        f"A parameter is a text, number, truth value, list or dict, not a {type(value).__name__}: {value!r}"
    )


def _checked(name, text, value, expected):
    if value is None:
        raise CourseError(f"The parameter {name!r} is {expected}, not {text!r}.")
    return value


def _with_nearest(name, known):
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{name!r} (did you mean {nearest[0]!r}?)" if nearest else repr(name)


def _literal(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _assigned(notebook):
    """The names that the `parameters` cell assigns, read by Python's own parser."""
    cells = nbformat.read(notebook, as_version=4).cells
    source = next((cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])), "")
    targets = [
        target
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return [target.id for target in targets if isinstance(target, ast.Name)]
