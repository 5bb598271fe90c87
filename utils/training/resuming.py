"""A training that was cut off goes on where it was, to the same bits: its state on disk, and who may write there.

After each epoch all that continues a training is written to state.pt (see `Training.state_dict`); the one before stays as
state-before.pt. Each is written whole under another name, with a digest in front, and takes its place only then: whenever a
kill comes, in the middle of writing too, one of the two is good. What goes on from it ends as if nothing had happened, on a
CPU with the same number of threads. Introduced in lesson 03.
"""

import hashlib
import io
import json
import os
import pickle
import warnings
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import filelock
import pandas as pd
import torch

from utils import processes
from utils.errors import CourseError, named
from utils.evaluation.sharing import from_first
from utils.files import RECIPE, remove_litter, replacing, results_in
from utils.models.freezing import Freezable, frozen_parts
from utils.training.keeping import NUMBERS, THEN
from utils.training.objectives import CrossEntropy

STATE, BEFORE, ASIDE = "state.pt", "state-before.pt", "cut-off"
LOCK, LOCKED_BY = ".lock", ".locked-by"
PATIENCE = 10  # seconds to wait for a lock: worker processes of a killed training hold it for some seconds more
DIGEST = 16  # bytes
NO_MATTER = ("device", "save_every", "save_last")  # fields of a recipe that do not change what is learned


class States:
    """Writes a training's state after each epoch; comes after all that changes it.

    Of a training that has ended the state is smaller, and the one before it goes.
    """

    def __init__(self, facts: dict, resume: bool):
        self.facts, self.resume, self.is_tried = facts, resume, False

    def begin(self, training) -> None:
        """Bring a training that was set up to where the one in its folder was cut off; or begin anew.

        Raises:
            CourseError: all states are damaged, or they are of another training.
        """
        state = from_first(lambda: self._found(training.output_dir))
        if state is not None:
            training.load_state_dict(state)

    def __call__(self, training) -> None:
        state = training.state_dict() | {"of": self.facts, "has_ended": training.has_ended}
        if processes.is_first():
            save_state(training.output_dir, state, is_tried=self.is_tried)
            self.is_tried = True
            if training.has_ended:
                (training.output_dir / BEFORE).unlink(missing_ok=True)

    def _found(self, folder):
        """What to go on from, None for nothing."""
        if not self.resume:
            set_aside(folder)
            return None
        state = read_state(folder)
        if state is not None:
            _check_same(state["of"], self.facts, folder)
            if len(state["random"]) != processes.count():
                warnings.warn(f"This training was begun by {len(state['random'])} processes and goes on with "
                              f"{processes.count()}: whatever is left to chance goes on otherwise.", stacklevel=6)  # fmt: skip
        return state


def set_aside(folder: Path) -> None:
    """A training that was cut off in a folder is moved out of the way of a new one, so that it can still go on."""
    if not any((folder / name).exists() for name in (STATE, BEFORE)):
        return
    try:
        state = read_state(folder)
    except CourseError:  # damaged: kept all the same
        state = None
    if state is None or not state["has_ended"]:
        numbered = (folder / (ASIDE + ending) for ending in ("", *(f"-{number}" for number in range(2, 10**6))))
        aside = next(place for place in numbered if not place.exists())  # never over another one
        aside.mkdir()
        for name in (STATE, BEFORE):
            if (folder / name).exists():
                (folder / name).replace(aside / name)
        after = f" after epoch {state['epoch']} of {state['of']['recipe']['epochs']}" if state else ""
        warnings.warn(f"In '{folder}' a training was cut off{after}. This one begins anew; to go on with the other: "
                      f"fit(..., output_dir='{aside}', resume=True)", stacklevel=8)  # fmt: skip


def save_state(folder: Path, state: dict, is_tried: bool = True) -> None:
    """Write a state; the newest one before it becomes state-before.pt.

    Args:
        is_tried: whether an earlier state of this training could be read again; else that is tried now.

    Raises:
        CourseError: it cannot be written, then the ones before are as they were; or holds what cannot be read again.
    """
    stream = io.BytesIO()
    torch.save(state, stream)
    if not is_tried:
        _check_readable(stream)
    with results_in(folder, THEN), replacing(folder / STATE) as temporary:
        with temporary.open("wb") as file:
            file.write(_digest(stream.getbuffer()))
            file.write(stream.getbuffer())
            file.flush()
            os.fsync(file.fileno())  # on the disk before it takes the place of a good one
        if (folder / STATE).exists():
            (folder / STATE).replace(folder / BEFORE)


def read_state(folder: Path) -> dict | None:
    """The newest good state in a folder, None where none was written. No code in it is run.

    A damaged one beside it is removed: it would take the place of the good one when the next is written.

    Raises:
        CourseError: there are some, but all are damaged.
    """
    files = [folder / name for name in (STATE, BEFORE) if (folder / name).exists()]
    for file in files:
        state = _good(file)
        if state is not None:
            if file != files[0]:
                told = f"'{files[0]}' is damaged; going on from the epoch before it, in {file.name}."
                warnings.warn(told, stacklevel=3)
                files[0].unlink()
            return state
    if files:
        raise CourseError(f"The training in '{folder}' cannot go on: {named(file.name for file in files)} cannot be read "
                          "as a whole, and no other state is there. Begin anew: resume=False")  # fmt: skip
    return None


def _good(file):
    """The state in a file; None where it is not as it was written.

    Raises:
        CourseError: it is, but cannot be read, for the moment or by this version of torch.
    """
    try:
        content = memoryview(file.read_bytes())
        if _digest(content[DIGEST:]) != content[:DIGEST]:
            return None
        return torch.load(io.BytesIO(content[DIGEST:]), weights_only=True, map_location="cpu")
    except OSError as error:
        raise CourseError(f"The state '{file}' cannot be read now: {error.strerror}. Nothing was changed; try again, or see "
                          "whether the disk is all right.") from error  # fmt: skip
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise CourseError(f"The state '{file}' is as it was written, but torch {torch.__version__} cannot read it. Go on with "
                          f"the version that wrote it. ({str(error).splitlines()[0]})") from error  # fmt: skip


def _check_readable(stream):
    """A CourseError, after the first epoch and not after a kill, where a state holds what is read only by running code."""
    stream.seek(0)
    try:
        torch.load(stream, weights_only=True)
    except pickle.UnpicklingError as error:
        told = next((line.strip() for line in str(error).splitlines() if "Unsupported" in line or "GLOBAL" in line), "")
        raise CourseError("This training could not go on after a kill: the state_dict of an object that was handed in, or the "
                          "history, holds something else than tensors, numbers, text, lists and dicts of these, so it cannot be "
                          f"read without running code. {told} Turn it into one of these: float(...), str(...)") from error  # fmt: skip


def _digest(content):
    return hashlib.blake2b(content, digest_size=DIGEST).digest()


# --- is it the same training? -------------------------------------------------------------------------


def facts_of(model, loaders, recipe, **objects) -> dict:
    """What a training is of: it can go on only with the same."""
    batches = loaders.train.batch_sampler
    how = [loaders.preprocessing.to_dict(), loaders.augmentation.describe(), loaders.classes, batches.seed]
    digest = hashlib.blake2b(json.dumps(how, default=str).encode(), digest_size=DIGEST)
    for loader in (loaders.train, loaders.valid):
        columns = ["path", *loaders.classes, *([loaders.sample_weights] if loaders.sample_weights else [])]
        rows = loader.table[columns].astype(str)
        digest.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    told = model.describe() if hasattr(model, "describe") else {"architecture": type(model).__name__}
    told = {name: str(value) for name, value in told.items() if name != "classes"}  # those are the loaders'
    frozen = frozen_parts(model) if isinstance(model, Freezable) else []
    facts = {"recipe": recipe.to_dict(), "pictures": digest.hexdigest(), "model": told | {"frozen": str(frozen)}}
    if recipe.teacher is not None:
        facts["model"]["teacher"] = hashlib.blake2b(Path(recipe.teacher).expanduser().read_bytes()).hexdigest()[:16]
    return facts | {"objects": {name: _kind(each) for name, each in objects.items()}}


def _kind(given):
    """What an object that was handed in is, and its settings; of a list, what those are that have a state."""
    if isinstance(given, (list, tuple)):
        return str([type(each).__qualname__ for each in given if hasattr(each, "state_dict")])
    settings = [f"{name}={_kind(each) if hasattr(each, '__dict__') else each!r}" for name, each in
                sorted(getattr(given, "__dict__", {}).items()) if isinstance(each, (bool, int, float, str, CrossEntropy))]  # fmt: skip
    parts = [_kind(each) for each in getattr(given, "transforms", ())]
    return f"{getattr(given, '__qualname__', type(given).__qualname__)}({', '.join(settings + parts)})"


def _check_same(then, now, folder):
    """A CourseError that names all in which the training that was cut off differs from this one."""
    recipes = then["recipe"], now["recipe"]
    differs = [f"{name} was {recipes[0].get(name)!r} and is {value!r}" for name, value in recipes[1].items()
               if name not in NO_MATTER and recipes[0].get(name) != value]  # fmt: skip
    differs += [f"the model's {name} was {then['model'].get(name)} and is {value}" for name, value in now["model"].items()
                if then["model"].get(name) != value]  # fmt: skip
    if then["pictures"] != now["pictures"]:
        differs.append("the pictures, their labels or how they are prepared are others")
    differs += [f"{name} was {then['objects'].get(name)!r} and is {each!r}" for name, each in now["objects"].items()
                if then["objects"].get(name) != each]  # fmt: skip
    if differs:
        raise CourseError(f"In '{folder}' another training was begun: {'; '.join(differs)}. Go on with the "
                          "same, choose another folder, or begin anew there: resume=False")  # fmt: skip


# --- one at a time ------------------------------------------------------------------------------------


@contextmanager
def alone_in(folder: Path | None, patience: float | None = None):
    """Within the block no other training may write to a folder. The system lets go of it when a process ends, killed too.

    Args:
        patience: seconds to wait for another; None waits as long as a killed training may still hold it.

    Raises:
        CourseError: another training is writing there, or nothing can be written.
    """
    if folder is None or not processes.is_first():
        yield
        return
    told = folder / LOCKED_BY
    with results_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=PATIENCE if patience is None else patience)
        except filelock.Timeout:
            who = f" ({told.read_text('utf-8')})" if told.exists() else ""
            raise CourseError(f"Another training is writing to '{folder}'{who}. Wait for it, end it (a notebook's: Kernel > "
                              "Shut Down Kernel), or give this one a folder of its own: output_dir='...'") from None  # fmt: skip
    try:
        remove_litter(folder, "*.safetensors", NUMBERS, RECIPE, STATE)
        with suppress(OSError):  # it is only for the message above
            told.write_text(f"process {os.getpid()}, since {datetime.now():%Y-%m-%d %H:%M}", "utf-8")
        yield
    finally:
        told.unlink(missing_ok=True)
        lock.release()
