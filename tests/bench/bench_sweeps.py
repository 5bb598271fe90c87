"""A sweep beside plain papermill: what a run costs more, and what a second process brings.

The notebook is as lesson 07's: PyTorch is loaded, and a small network trained on one thread. Each run by our side includes
the check of its parameters, the lock, the kernelspec and the result; the processes' own start is in the second line.
"""

import tempfile
from pathlib import Path

import nbformat
import papermill
from nbformat.v4 import new_code_cell, new_notebook

from tests.bench.line import Line, seconds
from utils.notebooks.claims import THREAD_VARIABLES
from utils.notebooks.kernels import environment
from utils.sweeps import sweep
from utils.sweeps.running import Job, run_job

ROUNDS, RUNS = 3, 8
PARAMETERS = "seed: int = 0\noutput_dir: str = ''"
TRAINING = """
import torch
torch.manual_seed(seed)
layers = torch.nn.Conv2d(3, 64, 3), torch.nn.ReLU(), torch.nn.Conv2d(64, 64, 3), torch.nn.Flatten(), torch.nn.LazyLinear(10)
model, images, targets = torch.nn.Sequential(*layers), torch.randn(32, 3, 32, 32), torch.randint(10, (32,))
model(images)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(40):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(images), targets).backward()
    optimizer.step()
"""


def bench_sweeps():
    """One run beside papermill's, by turns, the best of some rounds; then the same runs by one process and by two."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        notebook = _notebook(folder)
        ours, plain = [], []
        for number in range(ROUNDS + 1):
            ours.append(seconds(_by_sweep, notebook, folder / f"ours{number}", number))
            plain.append(seconds(_by_papermill, notebook, folder / f"plain{number}", number))
        yield Line("a run of a sweep (plain: papermill)", min(ours[1:]), min(plain[1:]), "s", "at most 1.05")
        one, two = (seconds(_grid, notebook, folder / f"{count} processes", count) for count in (1, 2))
        yield Line(f"{RUNS} runs by two processes (plain: by one)", two, one, "s", "near 0.5 on 2 cores")


def _notebook(folder):
    cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), new_code_cell(TRAINING)]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "a.ipynb")
    return folder / "a.ipynb"


def _by_sweep(notebook, folder, seed):
    assert (
        run_job(Job(str(notebook), str(notebook.parent), str(folder / "a.ipynb"), {"seed": seed}, {}, 1))["status"]
        == "done"
    )


def _by_papermill(notebook, folder, seed):
    folder.mkdir()
    with environment(**dict.fromkeys(THREAD_VARIABLES, "1")):
        papermill.execute_notebook(
            notebook, folder / "a.ipynb", {"seed": seed}, kernel_name="python3", progress_bar=False
        )


def _grid(notebook, folder, processes):
    table = sweep(notebook, {"seed": range(RUNS)}, output_dir=folder, processes=processes, progress=False)
    assert set(table["status"]) == {"done"}
