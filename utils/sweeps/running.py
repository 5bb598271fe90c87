"""`sweep`: the runs of a grid, side by side by whatever executor, each finished one kept at once."""

import sys
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from filelock import FileLock
from tqdm.auto import tqdm

from utils.data.resizing import is_whole
from utils.data.room import cores
from utils.errors import CourseError
from utils.files import replacing, results_in, write_json
from utils.notebooks.claims import THREAD_VARIABLES
from utils.notebooks.kernels import environment
from utils.notebooks.runs import run_notebook
from utils.notebooks.warm import end_with_parent
from utils.sweeps.grids import planned
from utils.sweeps.tables import RUN, TABLE, outcome_of
from utils.training.progress import can_move

_alone = threading.Lock()  # a run sets variables of its process; of several threads of one, one runs at a time


@dataclass(frozen=True)
class Job:
    """What a process is told of a run; plain values, so that it can travel to another machine."""

    notebook: str  # as it was when the sweep began
    cwd: str  # where the notebook itself lies
    output: str  # the executed copy; all else goes beside it
    given: dict  # to the notebook
    told: dict  # for its run.json: `values` of all parameters, names that were `swept`, digest of the `code`
    threads: int | None


def sweep(notebook, grid, executor: Executor | None = None, output_dir="", *, threads: int | None = 1,
          processes: int | None = None, progress: bool = True) -> pd.DataFrame:  # fmt: skip
    """Run a notebook with every combination of some parameters, and gather what the runs recorded.

    A run that fails is a row with its error, and ends no other. Runs that are done are not run again; those that failed
    or were cut off are. A run is known by the notebook's place and code and by its values: what lies in pictures, other
    files and imported code is not looked at. In a script the call stands below `if __name__ == "__main__":`, as for every
    pool of processes.

    Args:
        notebook: the file; one with a cell tagged `parameters`, `output_dir` among them. It stays as it is.
        grid: {parameter: list of its values}, or a list of such grids. What is no list is the same in all runs:
            `{"data_dir": "~/photos", "lr": [0.001, 0.01], "seed": [0, 1, 2]}` are six runs.
        executor: anything with `submit` of concurrent.futures: `Client(address).get_executor()` of Dask for many
            machines, on which the package and the same absolute paths must be there. None takes processes of this
            machine. It is not shut down.
        output_dir: where it all goes; "" takes runs/sweeps/<notebook> beside lessons/.
        threads: processor threads of each run; None leaves the libraries' choice.
        processes: how many runs at a time without an executor; None: as many as the cores allow.
        progress: whether to show a bar; where it cannot move, in a log file, it is one line a run.

    Returns:
        A row a run, in the order of the grid (see `tables`); `attrs["grid"]` has the values of each parameter. The same
        table is in sweep.csv, written anew after each run; runs of other grids in the folder are in `read_sweep`.

    Raises:
        CourseError: a name is no parameter of the notebook, a value is of another kind than its default, the executor is
            none, results cannot be written, or the processes died. All but the last before anything runs.
        KeyboardInterrupt: Ctrl-C; what is finished is kept, and the same call goes on.
    """
    plan = planned(notebook, grid, output_dir)
    if executor is not None and (isinstance(executor, type) or not callable(getattr(executor, "submit", None))):
        raise CourseError(f"The executor is an object with `submit`, as those of concurrent.futures, not {executor!r}. "
                          "Where results go is output_dir='...', how many runs at a time processes=4.")  # fmt: skip
    _check_count("threads", threads)
    _check_count("processes", processes)
    left = plan.left
    with results_in(plan.folder):
        kept = _keep(plan)
    at_a_time = processes or max(1, cores() // (threads or 1))
    pool = nullcontext(executor) if executor else _own_processes(min(at_a_time, max(1, len(left))))
    with pool as workers, _shown(plan, progress) as tell:
        runs = {workers.submit(run_job, _job(run, plan, kept, threads)): run for run in left}
        try:
            for future in as_completed(runs):
                runs[future].outcome = _outcome(future, runs[future])
                tell(runs[future])
                _save_if_possible(plan)
        except BaseException as error:
            for future in runs:
                future.cancel()
            for run in plan.left:  # what has ended meanwhile is done too
                run.outcome = outcome_of(run.folder)
            _save_if_possible(plan)
            raise _explained(error, plan) from error
    return _save(plan)


def run_job(job: Job) -> dict:
    """Make one run in this process, unless somebody else has made it meanwhile; how it went, as in its run.json."""
    output = Path(job.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    variables = dict.fromkeys(THREAD_VARIABLES, str(job.threads)) if job.threads else {}
    # A second sweep over the same folder waits for a run that is under way, and then finds it done.
    with FileLock(output.parent / ".lock"), _alone, environment(**variables):
        found = outcome_of(output.parent)
        if found["status"] == "done":
            return found
        outcome = job.told | _in_words(run_notebook(job.notebook, output, job.given, cwd=job.cwd, warm=True))
        write_json(output.parent / RUN, outcome)
        return outcome


def _in_words(run):
    """A run as its run.json tells it."""
    error = run.error
    told = f"{error.name}: {error.message}" if error else _wrong(run.results)
    return {
        "status": "failed" if told else "done",
        "seconds": round(run.seconds, 2),
        "error": told or None,
        "cell": error.cell if error else None,
        "numbers": {} if told else run.results.get("numbers", {}),
        "claims": [] if told else run.claims,
        "ended": datetime.now().isoformat(),
    }


def _wrong(results):
    """What is wrong with a results.json that a notebook wrote by itself; "" where `lesson.record` could have written it."""
    if not isinstance(results, dict) or not isinstance(results.get("numbers", {}), dict):
        return f'results.json should be of the form {{"numbers": {{"accuracy": 0.9}}}}, not {str(results)[:100]}'
    claims = results.get("claims", [])
    if not isinstance(claims, list) or not all(
        isinstance(each, dict) and type(each.get("holds")) is bool for each in claims
    ):
        return f'"claims" in results.json should be a list of {{"text": "it holds", "holds": true}}, not {str(claims)[:100]}'
    return ""


def _keep(plan):
    """The notebook as it is now, in the sweep's folder: who edits it meanwhile does not change the runs to come."""
    kept = plan.folder / f"{plan.notebook.stem}-{plan.digest}.ipynb"
    with replacing(kept) as temporary:
        temporary.write_bytes(plan.notebook.read_bytes())
    return kept


def _job(run, plan, kept, threads):
    told = {"values": run.values, "swept": plan.names, "code": plan.digest}
    return Job(str(kept), str(plan.notebook.parent), str(run.folder / plan.notebook.name), run.given, told, threads)


def _outcome(future, run):
    """How a run went; where its worker could not say, a failure that says why."""
    try:
        return future.result()
    except (BrokenExecutor, CancelledError):
        raise
    except Exception as error:  # of the worker: a full disk, a package that it lacks, Dask's KilledWorker
        return {"status": "failed", "error": f"{type(error).__name__}: {error}"}


def _save(plan):
    """The table, as far as it has come, also as a file."""
    table = plan.table()
    with results_in(plan.folder), replacing(plan.folder / TABLE) as temporary:
        table.to_csv(temporary, index=False)
    return table


def _save_if_possible(plan):
    """The file while runs are under way: what cannot be written now, since somebody looks at it, is written later."""
    with suppress(CourseError):
        _save(plan)


def _explained(error, plan):
    """What ended a sweep, with what to do about it."""
    done = f"{len(plan.runs) - len(plan.left)} of {len(plan.runs)} runs are done, and kept in '{plan.folder}'. The same call goes on with the others."
    if isinstance(error, KeyboardInterrupt):
        return KeyboardInterrupt(f"Stopped. {done}")
    if isinstance(error, BrokenExecutor):
        return CourseError(f"A process of the sweep died: too little memory for so many at a time (processes=1 needs the "
                           f"least)? Or a script that calls sweep without   if __name__ == '__main__':   before it. {done}")  # fmt: skip
    return error


def _check_count(name, value):
    if value is not None and not (is_whole(value) and value >= 1):
        raise CourseError(f"{name} is a whole number from 1 on, or None, not {value!r}.")


@contextmanager
def _own_processes(count):
    """A pool of processes that end with this one, also where it is killed."""
    # Spawned: a fork of a process with threads, as torch's, may hang.
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=end_with_parent)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):  # terminate_workers, from Python 3.14 on
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _shown(plan, progress):
    """A bar over the runs; where it cannot move, a line each. Gives what is to be called with each run that ended."""
    done = len(plan.runs) - len(plan.left)
    prints = progress and not can_move()
    if prints:
        print(f"{len(plan.left)} of {len(plan.runs)} runs are to be made.", file=sys.stderr, flush=True)
    bar = tqdm(total=len(plan.runs), initial=done, desc=plan.notebook.stem, unit="run", disable=not progress or prints)

    def tell(run):
        failed = sum(each.outcome["status"] == "failed" for each in plan.runs)
        bar.set_postfix_str(f"{failed} failed" if failed else "")
        bar.update()
        if prints:
            at = f" at cell In [{run.outcome['cell']}]" if run.outcome.get("cell") else ""
            why = f": {run.outcome['error']}" if run.outcome.get("error") else ""
            print(f"{run.outcome['status']}: {run.folder.name}{at}{why}", file=sys.stderr, flush=True)

    with bar:
        yield tell
