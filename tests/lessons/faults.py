"""A lesson run cell by cell in a process of its own, watched, with faults on purpose: what is written where, a full disk, a kill.

It is IPython that runs the cells, as in a kernel, without a client. Figures are made, but drawn only where a file of one is
saved: that is a third of the time, and the matter of other tests. The watch is an audit hook: it sees what Python opens, renames,
removes and makes, not what a library opens in C. The digests of the folders see that too.
"""

import errno
import io
import json
import os
import resource
import sys
import time
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat

from tests.forked import process
from tests.lessons.tool import LESSONS

LOG = "COURSE_NETWORK_LOG"  # where tests/offline notes what tried to leave this machine
NEW = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Which arguments of an event are paths that it changes; "open" is one where the flags say so.
CHANGED = {"open": [0], "os.mkdir": [0], "os.rename": [0, 1], "os.remove": [0], "os.rmdir": [0], "os.chmod": [0],
           "os.chown": [0], "os.utime": [0], "os.truncate": [0], "os.link": [1], "os.symlink": [1],
           "os.setxattr": [0], "os.removexattr": [0]}  # fmt: skip
HALF = 8  # bytes of a file that a disk takes before it is full
WAY = {"full": errno.ENOSPC, "half": errno.EFBIG, "read only": errno.EROFS}


@dataclass
class Watch:
    """What a run may write where.

    `disk` is how the folder of the results is now: "" (there is room), "full" (nothing new can be opened), "half" (a file
    takes some bytes, in C too), "read only". `wait_at` is the number of a write before which the run waits to be killed.
    """

    pictures: str
    output: str
    wait_at: int = 0
    disk: str = ""
    writes: int = 0
    was_full: bool = False
    broken: list = field(default_factory=list)  # what results.json was, where it was not whole
    refused: list = field(default_factory=list)  # what would have changed something of the reader's

    def __call__(self, event, arguments):
        """The audit hook."""
        if event not in CHANGED or (event == "open" and not (arguments[2] or 0) & NEW):
            return
        for place in CHANGED[event]:
            path = arguments[place]
            if isinstance(path, (str, bytes, os.PathLike)):
                self._see(event, os.path.abspath(os.fsdecode(path)))

    def _see(self, event, path):
        if within(path, self.pictures):
            self.refused.append(f"{event} {path}")
            raise PermissionError(errno.EACCES, "The reader's folder is read only", path)
        if not within(path, self.output):
            return
        self.writes += 1
        self._look_at_results()
        if self.writes == self.wait_at:
            Path(self.output).with_name("waiting").touch()
            time.sleep(3600)
        if self.disk == "read only" or (self.disk == "full" and event in ("open", "os.mkdir")):
            self.was_full = True
            raise OSError(WAY[self.disk], os.strerror(WAY[self.disk]), path)
        if self.disk == "half" and event == "open":
            self.was_full = True
            resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    def _look_at_results(self):
        """A kill may come at any write: each time results.json must be whole."""
        file = os.path.join(self.output, "results.json")
        if os.path.isfile(file):
            with open(file, encoding="utf-8") as stream:
                text = stream.read()
            try:
                json.loads(text)
            except ValueError:
                self.broken.append(text)

    def room_again(self):
        """Whether the disk was met full since the last time; from now on it has room."""
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        was, self.was_full, self.disk = self.was_full, False, ""
        return was


def within(path, folder):
    return path == folder or path.startswith(folder + os.sep)


class Shell:
    """IPython, as in a kernel; `shown` is the last error that it showed, as (name, message)."""

    def __init__(self):
        import matplotlib
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        matplotlib.use("agg")
        self.shell, self.shown = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False})), None
        self.shell.display_formatter.active_types = ["text/plain"]
        self.shell._showtraceback = self._show  # what a kernel sends to its client

    def _show(self, kind, error, lines):
        self.shown = (kind.__name__, str(error))

    def run(self, source, **values):
        """Whether a cell ended well, and what it printed; `values` are variables for it."""
        from matplotlib import pyplot as plt

        self.shell.user_ns.update(values)
        self.shown, printed = None, io.StringIO()
        with redirect_stdout(printed):
            result = self.shell.run_cell(source)
        plt.close("all")  # as a kernel does
        return result.success, printed.getvalue()


def cells_of(notebook):
    """The source and the tags of each code cell."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [(cell.source, cell.metadata.get("tags", [])) for cell in cells if cell.cell_type == "code"]


# --- what runs in the process of its own --------------------------------------------------------------


def whole(notebook, parameters, watch, each_cell_full):
    """Run a notebook; what came of it.

    Args:
        each_cell_full: whether each cell that writes meets a full disk first, and is run again when there is room.
    """
    shell, faults, ways = Shell(), [], ["full", "half"]
    for number, (source, tags) in enumerate(cells_of(notebook)):
        watch.disk = ways[0] if each_cell_full else ""
        ended, printed = shell.run(source)
        if watch.room_again():
            name, message = shell.shown or ("", printed)
            faults.append({"cell": source, "disk": ways[0], "error": name, "message": message})
            ways.reverse()
            ended, _ = shell.run(source)
        if not ended:
            return {"error": shell.shown, "cell": number, "source": source, "faults": faults}
        if "parameters" in tags:
            shell.shell.user_ns.update(parameters)
    from utils import lesson

    return {"error": None, "faults": faults, "results": lesson._current and lesson._current.results}


def beginnings(notebook, parameters, watch, places):
    """Run a lesson up to where it begins to write, with each of some places for its results; the errors, by place.

    Args:
        places: name to (folder of the results, how its disk is).
    """
    shell, errors = Shell(), {}
    for source, tags in cells_of(notebook):
        if "lesson.start(" in source:
            for name, (folder, watch.disk) in places.items():
                watch.output = folder
                shell.run(source, **parameters | {"output_dir": folder})
                errors[name] = shell.shown
                watch.room_again()
            return {"error": None, "errors": errors}
        assert shell.run(source)[0], shell.shown
        if "parameters" in tags:
            shell.shell.user_ns.update(parameters)
    raise AssertionError(f"{notebook} has no lesson.start(...)")


def _in_process(task, notebook, parameters, watch, outcome, *more):
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.environ[LOG] = str(Path(outcome).with_suffix(".log"))
    os.chdir(Path(outcome).parent)
    sys.addaudithook(watch)
    found = task(notebook, parameters, watch, *more)
    found |= {name: asdict(watch)[name] for name in ("writes", "broken", "refused")}
    Path(outcome).write_text(json.dumps(found, default=str), encoding="utf-8")
    _end_all_started_by(os.getpid())
    os._exit(0)  # nothing is to be tidied up, and threads of libraries are not waited for


def _end_all_started_by(process):
    """Workers of loaders for instance, which would outlive it. Any of them may end by itself meanwhile, and so may it."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        for each in psutil.Process(process).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                each.kill()


# --- what starts it -----------------------------------------------------------------------------------


class Watched:
    """A notebook that runs in a process of its own, from now on; its results go to `folder`/output."""

    def __init__(self, notebook, parameters, pictures, folder, task=whole, more=(False,), name="outcome", wait_at=0):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.outcome = folder, folder / f"{name}.json"
        output = folder / "output"
        watch = Watch(str(pictures), str(output), wait_at)
        values = {"output_dir": str(output), **parameters}
        arguments = (task, LESSONS / notebook, values, watch, str(self.outcome), *more)
        self.process = process(_in_process, *arguments)

    def ended(self):
        """What came of it, and what it tried to reach beyond this machine."""
        self.process.join()
        assert self.outcome.exists(), f"the run in {self.folder} died with exit code {self.process.exitcode}"
        log = self.outcome.with_suffix(".log")
        beyond = log.read_text(encoding="utf-8") if log.exists() else ""
        return json.loads(self.outcome.read_text(encoding="utf-8")) | {"beyond": beyond}

    def killed(self):
        """Kill it, with what it started, when it waits at a write."""
        waiting = self.folder / "waiting"
        while not waiting.exists():
            assert self.process.is_alive(), "it ended before that write"
            time.sleep(0.05)
        self.kill()
        waiting.unlink()

    def kill(self):
        """Kill it, with what it started; it may have ended by itself."""
        _end_all_started_by(self.process.pid)
        self.process.kill()
        self.process.join()
