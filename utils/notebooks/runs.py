"""One run of a notebook, and the lessons one after the other into a folder of their own.

```
runs/2026-11-23_14-05-09/
    index.html                  which lessons ran, in what time, which claims hold
    01_data_folders/
        01_data_folders.ipynb   executed, also where it stopped half-way
        01_data_folders.html
        output/results.json     and whatever else the lesson leaves
```
"""

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import papermill
from nbclient.exceptions import CellExecutionError
from papermill.exceptions import PapermillExecutionError, strip_color

from utils.errors import CourseError
from utils.notebooks.engine import NAME as ENGINE
from utils.notebooks.kernels import KERNEL, started, this_python
from utils.notebooks.source import Lesson, check_parameters, parse_value, plain
from utils.notebooks.warm import can_be as can_be_warm

# Parameters that say where the reader's own pictures are. A kernel runs in its notebook's folder, so that a
# path typed elsewhere must be made absolute.
OWN_PICTURES = ("data_dir", "csv", "predictions")


@dataclass(frozen=True)
class CellError:
    """Why a run stopped: `cell` is the number in the executed notebook's `In [5]`."""

    cell: int
    name: str
    message: str

    def __str__(self):
        return f"cell In [{self.cell}]: {self.name}: {self.message}"


@dataclass(frozen=True)
class NotebookRun:
    """One execution: `notebook` is the executed file, `results` its results.json ({} when it wrote none)."""

    notebook: Path
    seconds: float
    error: CellError | None = None
    results: dict = field(default_factory=dict)

    @property
    def claims(self):
        """The claims the notebook made, each a dict with `text` and `holds`."""
        return self.results.get("claims", [])


@dataclass(frozen=True)
class LessonRun:
    """A lesson, its run, and the file of the reader's own pictures (None on the samples)."""

    lesson: Lesson
    run: NotebookRun
    own_pictures: str | None = None

    @property
    def holding(self):
        """How many of the claims hold."""
        return sum(claim["holds"] for claim in self.run.claims)

    @property
    def status(self):
        """One word or two; on the reader's own pictures a claim that does not hold is a finding."""
        if self.run.error:
            return "failed"
        if self.holding < len(self.run.claims):
            return "finding" if self.own_pictures else "claim fails"
        return "over budget" if self.run.seconds > self.lesson.budget_seconds else "ok"


def run_notebook(notebook, output, parameters=None, *, cwd=None, progress=False, warm=False):
    """Run a notebook with parameters, in a kernel of this Python, and keep the executed copy.

    A failing cell is no exception: it is in the result, and the copy holds everything up to it.

    Args:
        notebook: the file to run; it stays as it is.
        output: where the executed copy goes; its folder is made.
        parameters: name to value. `output_dir` is the folder `output` beside the copy unless given.
        cwd: the kernel's folder, the notebook's own unless given.
        progress: settings of a progress bar over the cells (a dict for tqdm), or False.
        warm: of several runs of one process, start the kernels from one that has imported PyTorch, where that can be.

    Raises:
        CourseError: a name is not among the notebook's parameters, or a value is of no kind papermill can write.
    """
    notebook, output = Path(notebook).resolve(), Path(output).resolve()
    values = {"output_dir": output.parent / "output", **(parameters or {})}
    check_parameters(notebook, values)
    values = {name: plain(value) for name, value in values.items()}
    output.parent.mkdir(parents=True, exist_ok=True)
    cwd = Path(cwd or notebook.parent).resolve()
    file = cwd / Path(values["output_dir"]).expanduser() / "results.json"
    written_before, start = _written_at(file), time.perf_counter()
    error = _execute(notebook, output, values, cwd, progress, warm)
    seconds = time.perf_counter() - start
    # A file of an earlier run in the same folder says nothing of this one.
    fresh = _written_at(file) != written_before
    results = json.loads(file.read_text(encoding="utf-8")) if fresh else {}
    return NotebookRun(output, seconds, error, results)


def _execute(notebook, output, values, cwd, progress, warm):
    """Run the notebook through papermill; the CellError it stopped at, or None."""
    settings = {"parameters": values, "kernel_name": KERNEL, "language": "python", "engine_name": ENGINE}
    with catch_cell_error() as caught, this_python(warm and can_be_warm(notebook)):
        started(
            lambda: papermill.execute_notebook(
                _as_it_is(notebook),
                _as_it_is(output),
                # Papermill's own `cwd` changes the folder of the whole process; this one only the kernel's.
                resources={"metadata": {"path": str(cwd)}},
                on_cell_execute=caught.count,
                progress_bar=progress,
                **settings,
            )
        )
    return caught.error


def _as_it_is(path):
    """Papermill fills in what stands in braces in a path. (A notebook that is read already lands whole in the metadata.)"""
    return str(path).replace("{", "{{").replace("}", "}}")


class CellCounter:
    """Counts the cells of a run as they begin; `error` is the CellError of the one that failed."""

    def __init__(self):
        self.cell, self.error = 0, None

    def count(self, **_):
        """A client's hook `on_cell_execute`."""
        self.cell += 1


@contextmanager
def catch_cell_error():
    """Turn what stops an execution into a CellError: a failing cell, or a kernel that died or did not start."""
    counter = CellCounter()
    try:
        yield counter
    except (PapermillExecutionError, CellExecutionError) as error:
        counter.error = CellError(counter.cell, error.ename, strip_color(error.evalue))
    except (RuntimeError, TimeoutError) as error:
        # The kernel's own count is lost with it: its last messages may not have arrived.
        counter.error = CellError(counter.cell, type(error).__name__, strip_color(str(error)).strip())


def plan_lesson(lesson, typed, data_dir=None, filed=None):
    """The parameters of a lesson's run, all checked: what a file says, what was typed, and the folder of own pictures.

    A lesson without a parameter `data_dir` is about no pictures and keeps its defaults; a name typed by hand or in the
    file must be known. What is typed wins over the file.

    Args:
        typed: name to text, as given on the command line.
        data_dir: the reader's folder, or None for the samples.
        filed: name to value, as read from a YAML file.
    """
    filed = filed or {}
    if "output_dir" in {*typed, *filed}:
        raise CourseError("The lessons' output goes into the run's folder. To choose it: --output DIR")
    defaults = check_parameters(lesson.path, ["output_dir", *filed, *typed])
    values = filed | {name: parse_value(text, defaults[name], name) for name, text in typed.items()}
    values = {name: plain(value) for name, value in values.items()}  # what papermill cannot write, before anything runs
    if data_dir is not None and "data_dir" in defaults:
        values["data_dir"] = data_dir
    return {name: own_path(value) if name in OWN_PICTURES and value else value for name, value in values.items()}


def own_path(typed):
    """Where the reader's pictures are, as an absolute path; refused when nothing is there."""
    path = Path(typed).expanduser()
    if not path.exists():
        raise CourseError(f"Your pictures should be in {str(typed)!r}, but nothing is there: check the path.")
    return str(path.resolve())


def run_lesson(lesson, values, folder, progress=False, warm=False):
    """Run a lesson into a folder of its own under `folder`; `progress` and `warm` as for `run_notebook`."""
    own = next((values[name] for name in OWN_PICTURES if values.get(name)), None)
    output = folder / lesson.path.stem / lesson.path.name
    return LessonRun(lesson, run_notebook(lesson.path, output, values, progress=progress, warm=warm), own)


def new_folder(folder):
    """Make a folder for results, never over one that is there."""
    folder = Path(folder).expanduser().resolve()
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise CourseError(f"Results go into a new folder, but {str(folder)!r} exists: name another one.") from None
    return folder


def dated(prefix=""):
    """A folder's name for a run that begins now: '2026-11-23_14-05-09'."""
    return prefix + datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def _written_at(path):
    return path.stat().st_mtime_ns if path.exists() else None
