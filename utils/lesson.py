"""The first cell of every lesson (`start`), and what the last ones say (`claim`, `record`).

A *claim* is a sentence of the lesson that a cell has computed to be true or not. A lesson's results go to
`results.json` in its output folder: parameters, versions, numbers, claims; sweeps, tests and reports read it.
The file is replaced whole after every claim, so a killed run leaves what it had found out.
"""

import ctypes
import gc
import hashlib
import math
import platform
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from utils.errors import CourseError
from utils.files import RECIPE, check_apart, is_refused_write, results_in, write_json, write_yaml
from utils.versions import installed_versions

RUNS = Path(__file__).resolve().parents[1] / "runs"
PACKAGES = ("image-classification-course", "torch", "torchvision", "numpy", "pandas", "pillow", "scikit-learn")


@dataclass(frozen=True)
class Run:
    """What `start` has set up: where results go, the device to train on, the seed."""

    lesson: str
    output_dir: Path
    device: str
    seed: int
    results: dict = field(repr=False)
    resume: bool = False

    def kept(self, *names) -> dict:
        """How `fit` keeps one of many trainings, so that the lesson, run again, goes on with it; nothing without `resume`.

        Args:
            names: what tells it from the others of the lesson: text, numbers, settings, the first of them text.
        """
        if not self.resume:
            return {}
        told = hashlib.blake2b(repr(names).encode(), digest_size=6).hexdigest()
        return {"output_dir": self.output_dir / "trained" / f"{names[0]}-{told}", "resume": True}


_current: Run | None = None


def start(lesson, parameters, output_dir="", seed=0, threads=None, device="auto", resume=False) -> Run:
    """Set up a lesson: seeds, threads, device, memory, and an output folder with a fresh `results.json`.

    Args:
        lesson: the notebook's name, for instance "01_data_folders".
        parameters: the values of the parameters cell, for `results.json`.
        output_dir: folder for results; made if missing. "" takes runs/<lesson> beside lessons/.
        seed: for Python, numpy and torch.
        threads: CPU threads of torch; None leaves torch's choice (the cores).
        device: "auto" takes a GPU if there is one, else "cpu"; or a torch device by name.
        resume: whether the trainings of this lesson are kept in the folder, and go on where they were cut off.

    Raises:
        CourseError: the output folder lies inside the reader's pictures, or cannot be written.
    """
    global _current
    folder = Path(output_dir).expanduser().absolute() if output_dir else RUNS / lesson
    check_apart(folder, _pictures_of(parameters))
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)
    keep_big_blocks()
    if _current is None:  # a cell that is run again has left garbage, old networks and figures, which must not be kept
        # What the imports made lives as long as the process. Python's collector need not look at it again, least of all
        # when the kernel ends: papermill or a sweep would wait for that a second or two.
        gc.freeze()
    results = {
        "lesson": lesson,
        "parameters": _plain(parameters),
        "versions": installed_versions(*PACKAGES),
        "numbers": {},
        "claims": [],
    }
    run = Run(lesson, folder, device_named(device), seed, results, resume)
    _write(run)
    with results_in(folder):
        write_yaml(folder / RECIPE, results["parameters"], f"What {lesson} was run with. The same run again:\n"
                   f"papermill lessons/{lesson}.ipynb again.ipynb -f {RECIPE}")  # fmt: skip
    _current = run
    _explain_failed_writes()
    return run


def claim(text: str, holds: bool) -> None:
    """Print whether a statement of the lesson holds (✓ or ✗) and note it in `results.json`.

    Args:
        text: the statement, as a reader would say it, its bound included.
        holds: its truth here, computed.
    """
    if not isinstance(holds, (bool, np.bool_)):
        raise CourseError(f"A claim is true or false, got {holds!r}. Compare something: claim({text!r}, score > 0.9)")
    print("✓" if holds else "✗", text)
    run = _running("claim")
    claims = {each["text"]: each for each in run.results["claims"]}  # a cell that is run again claims nothing twice
    claims[text] = {"text": text, "holds": bool(holds)}
    run.results["claims"] = list(claims.values())
    _write(run)


def record(**numbers) -> None:
    """Note numbers (or short texts) of this run in `results.json`, for tables over many runs."""
    run = _running("record")
    run.results["numbers"].update(_plain(numbers))
    _write(run)


def keep_big_blocks() -> bool:
    """Tell glibc to keep freed memory instead of returning it after each batch; whether that was possible.

    Without it, a CPU training step spends a good part of its time in page faults: EfficientNet-B0 at 178 px
    trains 1.5 times faster with it. Does nothing on macOS, Windows and musl.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    top_pad, trim_threshold, mmap_max = -2, -1, -4  # names of mallopt(3)
    libc = ctypes.CDLL("libc.so.6")
    settings = ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 64 * 2**20))
    done = [libc.mallopt(name, value) for name, value in settings]  # all of them, also after one was refused
    return all(done)


def _running(what):
    if _current is None:
        raise CourseError(f"{what} needs to know where results go. Run the cell with lesson.start(...) first.")
    return _current


def device_named(device: str) -> str:
    """The device itself; for "auto" a GPU if there is one, else the CPU."""
    if device != "auto":
        return str(torch.device(device))
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _plain(value):
    """The value in what JSON knows; nan and infinities, which it does not know, become null."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (np.generic, torch.Tensor)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def _pictures_of(parameters):
    """The reader's folder; of a CSV without one, its own folder, where the paths start. None where there is neither."""
    data_dir, csv = parameters.get("data_dir"), parameters.get("csv")
    if data_dir or not isinstance(csv, (str, Path)) or not csv:
        return data_dir
    csv = Path(csv).expanduser()
    return csv if csv.is_dir() else csv.parent


def _explain_failed_writes():
    """Where a cell of a notebook writes to the results' folder and the system refuses, show a CourseError.

    Cells write tables by plain calls such as `table.to_csv(run.output_dir / "table.csv")`. Outside IPython nothing is done.
    """
    from IPython import get_ipython  # commands that need this module for something else do not wait for it

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((OSError,), _show)


def _show(shell, kind, error, trace, tb_offset=None):
    """Show an error of a cell, as IPython does; for a refused write the CourseError that says what to do."""
    told = error
    if isinstance(error, OSError) and is_refused_write(error, _current.output_dir):
        try:
            with results_in(_current.output_dir):
                raise error
        except CourseError as course_error:
            told = course_error
    shell.showtraceback((type(told), told, trace), tb_offset=tb_offset)


def _write(run):
    with results_in(run.output_dir):
        write_json(run.output_dir / "results.json", run.results)
