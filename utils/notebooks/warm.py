"""Kernels that start warm: forked from a process that has imported what nearly every lesson imports.

To import PyTorch takes some seconds of each kernel, which are most of a short run, as those of a sweep are. So all runs of a
process share one import. What is forked is a kernel of ipykernel like any other, with the environment and in the folder that
Jupyter gives it, and papermill drives it as ever; it has its own memory, and what a run does no other sees. What is different:
its progress bars are text, since they were imported outside of a notebook, and all have one seed of Python's hashes.
"""

import atexit
import multiprocessing
import os
import re
import shutil
import sys
import threading
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from multiprocessing import parent_process
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import nbformat
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "image-classification-course-warm"
MODULE = "ipykernel_launcher"  # what stands before the arguments of a kernel in its command
NEEDS_TORCH = re.compile(r"^\s*(?:import|from) +(?:torch|utils)\b", re.MULTILINE)
# Of GPUs: NVIDIA's, AMD's, and Windows' own within WSL. A process that has asked for one cannot be forked, and what is imported
# may ask.
GPUS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def can_be(notebook: Path) -> bool:
    """Whether a notebook gains by a warm kernel, and whether this machine can fork one."""
    if sys.platform != "linux" or any(Path(device).exists() for device in GPUS):
        return False
    if multiprocessing.current_process().daemon:  # as Dask's workers are; it may have no child of this kind
        return False
    cells = nbformat.read(notebook, as_version=4).cells
    return any(cell.cell_type == "code" and NEEDS_TORCH.search(cell.source) for cell in cells)


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel as Jupyter does, but by a fork; in the usual way where that fails."""

    async def launch_kernel(self, cmd, **given):
        if not _is_servers(given["env"]):
            return await super().launch_kernel(cmd, **given)
        try:
            self.process = Forked(cmd, given["env"], given.get("cwd") or os.getcwd())
        except (EOFError, OSError):  # the server did not start, or has died
            return await super().launch_kernel(cmd, **given)
        self.pid = self.pgid = self.process.pid
        return self.connection_info


KernelProvisionerFactory.provisioners[NAME] = EntryPoint(
    NAME, f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME
)


@contextmanager
def forked():
    """For the time of a block, kernels that this process starts are forked; those that it has started start theirs as ever."""
    factory = KernelProvisionerFactory.instance()
    before, factory.default_provisioner_name = factory.default_provisioner_name, NAME
    try:
        yield
    finally:
        factory.default_provisioner_name = before


_environment = {}  # that the server was started in, without what is another one for each kernel


def _is_servers(env):
    """Whether the server has this environment, which libraries may have read when they were imported, as OMP_NUM_THREADS."""
    wanted = {name: value for name, value in env.items() if not name.startswith(("JPY_", "JUPYTER_"))}
    _environment.update({} if _environment else wanted)
    return wanted == _environment


def _from_server(target, *arguments):
    """A process that runs a function, started. The server starts with the first, and ends with this process.

    It is multiprocessing's own: where the program has started that before, it has not loaded PyTorch, and each kernel does.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["utils.preloaded"])
    started = context.Process(target=target, args=arguments, daemon=True)
    # Or it would begin with all that the program does that calls this, as multiprocessing has it.
    with patch.dict(sys.modules, __main__=ModuleType("__main__")):
        started.start()
    return started


class Forked:
    """What a provisioner asks of the subprocess.Popen of a kernel."""

    stdin = stdout = stderr = None

    def __init__(self, command, env, cwd, start=_from_server, run=None):
        begun, begins = multiprocessing.Pipe(duplex=False)
        arguments = command[command.index(MODULE) + 1 :]
        self._process = start(run or run_kernel, arguments, env, str(cwd), begins)
        self.pid = self._process.pid
        begins.close()
        try:
            begun.recv()  # before that its group is the server's, which signals would reach
        except BaseException:
            self.kill()
            raise

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self._process.terminate()

    def kill(self):
        self._process.kill()


def run_kernel(arguments, env, cwd, begins):
    """In the forked process: be a kernel, until it is told to end."""
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    begins.send(None)
    end_with_parent()  # a kernel asks for the number of its parent, which is the server's here
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    _begin_anew(cwd)
    np.random.seed()  # or all would draw the same numbers; Python's own generator sees to that itself
    sys.argv = [MODULE, *arguments]
    IPKernelApp.launch_instance(argv=arguments)
    _end()


def _begin_anew(cwd):
    """What multiprocessing gives to a process from the one that started it, as it is in one that nobody has started so."""
    multiprocessing.set_start_method(None, force=True)  # of processes of its own
    multiprocessing.current_process()._config["daemon"] = False  # it may have some
    multiprocessing.process.ORIGINAL_DIR = cwd
    sys.path[:] = getattr(sys.modules.get("utils.preloaded"), "PATH", sys.path)
    atexit.unregister(shutil.rmtree)  # of the server's temporary folders


def _end():
    """The end of a process as Python has it: a forked one would leave out all of that."""
    threading._shutdown()
    atexit._run_exitfuncs()  # trackers finish there, and IPython lets go of the notebook's own, open files among them
    os._exit(0)


def end_with_parent() -> None:
    """Let this process end when the one that started it is gone."""

    def watch():
        parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
