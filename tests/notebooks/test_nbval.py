"""`pytest --nbval` as the course sets it up: its own kernel, strict but for addresses, folders and times."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_output

ROOT = Path(__file__).resolve().parents[2]
CODE = f"import sys; assert sys.executable == {sys.executable!r}"
PRINTED = "{seconds} s, 3 of 4 files in {folder}/cat.png, <Model at {address}>"


def nbval(*paths):
    """Run nbval strictly on notebooks."""
    plugins = ["-p", "nbval.plugin", "-p", "tests.offline.plugin", "-p", "no:cacheprovider"]
    options = ["-o", "addopts=", "--nbval", "--nbval-current-env", "-q"]
    command = [sys.executable, "-m", "pytest", *plugins, *options, *map(str, paths)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the others take seconds
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)


def printing(course, name, now, before):
    """A notebook that prints one text, and whose file says that it printed another."""
    path = course.notebook(name, f"{CODE}; print({now!r})")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].update(execution_count=2, outputs=[new_output("stream", text=f"{before}\n")])
    nbformat.write(notebook, path)
    return path


def test_only_what_differs_from_machine_to_machine_may_differ_and_a_foreign_kernelspec_is_not_used(
    course, foreign_kernelspec
):
    now = PRINTED.format(seconds=1.25, folder="/srv/ada/course/data_samples/digits", address="0x7f01")
    same = PRINTED.format(seconds=30, folder="C:\\course\\data_samples\\digits", address="0x55aa").replace(
        "s/c", "s\\c"
    )
    other = now.replace("3 of 4", "2 of 4")
    done = nbval(printing(course, "01_same.ipynb", now, same), printing(course, "02_other.ipynb", now, other))
    assert "1 failed, 3 passed" in done.stdout, done.stdout
    assert "02_other.ipynb::Cell 1" in done.stdout
