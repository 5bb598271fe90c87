"""Which Python a notebook's kernel is: always the one that runs this code.

A notebook names its kernel `python3`, and Jupyter takes the first kernelspec of that name it finds: one that
another project left in the user's folder wins over the environment in use, and the lesson fails at its imports.
"""

import os
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ipykernel.kernelspec import write_kernel_spec

from utils.notebooks.warm import forked

KERNEL = "python3"
# ipykernel warns of TCP at every start, into the first cell's output, and calls it an error when it is told to end.
# What goes wrong in a cell is in its output; that of a kernel that dies is what stopped the run.
QUIET = "--IPKernelApp.log_level=50"


@contextmanager
def environment(**values):
    """Set environment variables for the time of a block; kernels started in it inherit them. No other is touched."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def this_python(warm: bool = False):
    """For the time of a block, the kernel called `python3` is this Python, whatever kernelspecs the machine has.

    Args:
        warm: start it by `warm`.
    """
    with tempfile.TemporaryDirectory(prefix="kernelspec-") as folder:
        write_kernel_spec(Path(folder) / "kernels" / KERNEL, extra_arguments=[QUIET])
        # JUPYTER_PATH is searched before the user's and the system's folders, and its first entry first.
        others = os.environ.get("JUPYTER_PATH")
        first = folder if not others else os.pathsep.join([folder, others])
        with environment(JUPYTER_PATH=first, JUPYTER_PREFER_ENV_PATH="1"), forked() if warm else nullcontext():
            yield


def started(execute):
    """Call `execute`, and once more if its kernel died before it answered.

    A kernel's ports are chosen before it starts, and on a busy machine another program may take one meanwhile.
    """
    try:
        return execute()
    except RuntimeError as error:
        if "before replying" not in str(error):
            raise
        return execute()
