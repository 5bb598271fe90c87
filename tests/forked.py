"""Processes forked from one that has imported what the lessons import, so that a run takes its own work and no start.

A kernel takes its first seconds to import PyTorch and what else a lesson needs, which is most of a short run. What is forked
here is a kernel of ipykernel all the same, and papermill or nbval drives it. Where such a run makes a sweep, that one's processes
and their kernels are forked too. Kernels that start in the usual way are those of `make lab`, which the tests in JupyterLab run
every lesson in, those of tests/sweeps, and those of `pytest --nbval lessons` by itself: `make test` gives this file to it as a
plugin.
"""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

import pytest

from utils.notebooks.kernels import environment
from utils.notebooks.warm import Forked, run_kernel

ROOT = Path(__file__).resolve().parents[1]
INLINE = "module://matplotlib_inline.backend_inline"  # what draws the figures of a kernel


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """As a plugin, `-p tests.forked`: kernels of nbval are forked."""
    with kernels() if item.path.suffix == ".ipynb" else nullcontext():
        return (yield)


def process(target, *arguments):
    """A process that runs a function, started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.lessons.imports", "tests.lessons.faults", "tests.training.cut_off"])
    paths = os.pathsep.join([each for each in (str(ROOT), os.environ.get("PYTHONPATH")) if each])
    with environment(PYTHONPATH=paths, MPLBACKEND=INLINE, OMP_NUM_THREADS="1"):  # of the process that is forked from
        started = context.Process(target=_run, args=(target, *arguments))
        started.start()
    return started


def _run(target, *arguments):
    # Or it would start its own processes as it was started itself; a kernel starts them in the system's usual way.
    multiprocessing.set_start_method(None, force=True)
    _fork_sweeps()
    target(*arguments)


def _fork_sweeps():
    """In a forked process: what a sweep starts is forked from where this process comes from, and so are the kernels of that."""
    if sys.version_info >= (3, 14):  # there only the process that started it is let in
        return
    from jupyter_client.provisioning import local_provisioner

    from utils.sweeps import running

    # It runs, but a child of it does not know, and would start another.
    forkserver._forkserver.ensure_running = lambda: None
    running.ProcessPoolExecutor = _pool
    local_provisioner.launch_kernel = _Kernel


def _pool(count, spawning, initializer):
    """Stands for the ProcessPoolExecutor of a sweep, with the way to start processes changed."""
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(count, context, initializer=_begin_worker, initargs=(initializer, dict(os.environ)))


def _begin_worker(initializer, env):
    os.environ.clear()  # it is that of the process that all are forked from
    os.environ.update(env)
    initializer()
    _fork_sweeps()


@contextmanager
def kernels():
    """For the time of a block, kernels are forked where the system can do that well; else they start as ever."""
    if sys.platform == "linux":
        with patch("jupyter_client.provisioning.local_provisioner.launch_kernel", _Kernel):
            yield
    else:
        yield


class _Kernel(Forked):
    """Stands for the subprocess.Popen of a kernel."""

    def __init__(self, command, env, cwd, **ignored):
        super().__init__(command, env, cwd, process, _run_kernel)


def _run_kernel(arguments, env, cwd, begins):
    import torch

    torch.set_num_threads(int(env.get("OMP_NUM_THREADS", os.cpu_count())))
    run_kernel(arguments, env, cwd, begins)
