"""Tracking: where a training's numbers go beside history.csv, to be compared with those of others in a browser.

`fit(..., tracker="trackio")`. None is required, and each package is imported when it is asked for. A tracker is told of an
epoch after its files and its state are written, and never changes or ends a training: where one fails, a warning says so.
Words: a *run* is what a tracker calls a training; a *project* holds the runs that are compared.
"""

import difflib
import json
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from utils import processes
from utils.errors import CourseError, named
from utils.files import remove_litter, write_json
from utils.training.keeping import NUMBERS
from utils.training.state import random_state, set_random_state
from utils.training.trackers import TRACKERS, Run
from utils.versions import optional_module

PROJECT = "image-classification-course"
RECORD = "tracked.json"  # in the folder of a training: which run of a tracker it is, and which epochs that has


@dataclass(frozen=True)
class Tracker:
    """A tracker, for another project or run than the usual: `fit(..., tracker=Tracker("trackio", run="lr 0.001"))`.

    Each epoch's row is sent, its numbers named as the history's columns, the epoch as step, the recipe as configuration.

    - trackio keeps its database in a place of its own ($TRACKIO_DIR, else trackio/ in the folder of Hugging Face's cache)
      and sends nothing anywhere. To see it: `trackio show --project image-classification-course`
    - wandb writes to <output_dir>/wandb. It sends that to its server where it finds your key (`wandb login`) and WANDB_MODE
      does not say otherwise; else all stays here, and a line says how to send it later.
    - tensorboard writes to <output_dir>/tensorboard. To see all trainings below a folder: `tensorboard --logdir runs`

    Raises:
        CourseError: on creation, where there is no such tracker, or its package is not installed.
    """

    name: str  # of TRACKERS
    project: str = PROJECT
    run: str = ""  # empty: by the training's folder, or the time where it has none

    def __post_init__(self):
        if self.name not in [*TRACKERS]:
            near = difflib.get_close_matches(str(self.name), TRACKERS, len(TRACKERS), 0)
            raise CourseError(f"There is no tracker {self.name!r}, but there are {named(near)}. Leave it empty for "
                              f"{NUMBERS} alone.")  # fmt: skip
        if not isinstance(self.run, str) or not isinstance(self.project, str) or not self.project:
            raise CourseError("Expected a tracker's project as a text, and its run as one that may be empty, but got "
                              f"project={self.project!r}, run={self.run!r}.")  # fmt: skip
        if self.name == "tensorboard" and (self.project, self.run) != (PROJECT, ""):
            raise CourseError("tensorboard has no projects, and calls runs as their folders are called. Leave out project "
                              "and run, and choose the folder: fit(..., output_dir='...')")  # fmt: skip
        optional_module(self.name, f"The tracker {self.name!r} comes", f"none: {NUMBERS} is written without one")


class Tracking:
    """What `fit` calls: begins a run, sends each epoch once, also after a resume, and closes it whatever happens.

    Comes after `States`: a training never goes on from an epoch before one that was sent. Where no tracker is asked for,
    and in all processes but the first, it does nothing.

    Raises:
        CourseError: on creation, where `as_tracker` does, or where the tracker needs a folder and there is none.
    """

    def __init__(self, tracker, folder: Path | None):
        tracker = as_tracker(tracker)
        if tracker and folder is None and TRACKERS[tracker.name].needs_folder:
            raise CourseError(f"tracker={tracker.name!r} needs a folder to write to: fit(..., output_dir='...')")
        self.tracker, self.folder = tracker if processes.is_first() else None, folder
        self.opened, self.record = None, {}

    def __enter__(self) -> "Tracking":
        return self

    def begin(self, training) -> None:
        """Open a new run, or that of this training from before it was cut off; one that had ended has no need of it."""
        if self.tracker and not training.has_ended:
            with self._apart_from(training):
                self._open(training)
                self._send(training)

    def __call__(self, training) -> None:
        if self.opened:
            with self._apart_from(training):
                self._send(training)

    def __exit__(self, kind, *_) -> None:
        if self.opened:
            with self._left_alone():
                self.opened.close(has_failed=kind is not None)

    def _open(self, training):
        name, record = self.tracker.name, self._found(training) or self._new()
        run = Run(
            name=record["run"], sent=len(record["sent"]), project=record["project"], id=record["id"],
            folder=self.folder and self.folder / name, config=training.recipe.to_dict(),
            scores=list(training.objective.higher_is_better),
        )  # fmt: skip
        self.opened = TRACKERS[name](run)
        self.record = record | {"run": self.opened.name, "sent": record["sent"][: self.opened.sent]}

    def _send(self, training):
        """The epochs that it has not: the last one; all of them, where a training goes on that had no tracker before."""
        for row in training.history[len(self.record["sent"]) :]:
            self.opened.send(row)
            # How long it took, so that it is known again: no epoch of another training took the same to the last digit.
            self.record["sent"].append(row["seconds"])
        if self.folder:
            remove_litter(self.folder, RECORD)
            write_json(self.folder / RECORD, _read(self.folder) | {self.tracker.name: self.record})

    def _new(self):
        """The record of a run of which nothing is sent yet; `run` is `asked`, or what a tracker makes of it."""
        asked = self.tracker.run or name_of(self.folder)
        return {"project": self.tracker.project, "asked": asked, "run": asked, "id": uuid.uuid4().hex[:8], "sent": []}

    def _found(self, training):
        """The record of this very training in the same project and run; None where there is none."""
        record = _read(self.folder).get(self.tracker.name) if self.folder and training.history else None
        if record is None or any(record[name] != self._new()[name] for name in ("project", "asked")):
            return None
        is_same = all(row["seconds"] == seconds for row, seconds in zip(training.history, record["sent"]))
        return record if is_same else None

    @contextmanager
    def _apart_from(self, training):
        """Within the block a tracker may draw from chance, and fail: the training goes on as if there were none."""
        state = random_state(training.fabric.device)
        try:
            with self._left_alone():
                yield
        finally:
            set_random_state(state, training.fabric.device)

    @contextmanager
    def _left_alone(self):
        try:
            yield
        except Exception as error:  # of whatever kind: it is not worth a training
            self.opened = None
            complete = f"'{self.folder / NUMBERS}'" if self.folder else "the history that fit returns"
            warnings.warn(f"The tracker {self.tracker.name!r} failed ({type(error).__name__}: {error}) and is left alone from "
                          f"here on. The training goes on, and {complete} has all its numbers.", stacklevel=7)  # fmt: skip


def as_tracker(given: str | Tracker | None) -> Tracker | None:
    """The Tracker of a name; None for none.

    Raises:
        CourseError: it is neither a name nor a Tracker; or where Tracker does.
    """
    if isinstance(given, Tracker):
        return given
    if given is not None and not isinstance(given, str):
        raise CourseError(f"Expected tracker as a name, {named(TRACKERS)}, or as a Tracker(...), but got a "
                          f"{type(given).__name__}. A callable of your own belongs into after_epoch=[...].")  # fmt: skip
    return Tracker(given) if given else None


def name_of(folder: Path | None) -> str:
    """A training's name: its folder's, with that above it, which says of which lesson or sweep it is; or the time."""
    if folder is None:
        return f"{datetime.now():%Y-%m-%d %H:%M:%S}"
    above = folder.parent.name
    return folder.name if above in ("", "runs") else f"{above}/{folder.name}"


def _read(folder):
    """The record; empty where there is none, or none that can be read."""
    try:
        return json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
