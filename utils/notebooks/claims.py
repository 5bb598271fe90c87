"""A lesson's claims over seeds and threads: a claim stays in a lesson only if it holds in every run.

The order of additions in a sum depends on the number of threads, and with it every trained number.
"""

from pathlib import Path

from utils.notebooks.kernels import environment
from utils.notebooks.runs import run_notebook
from utils.notebooks.source import check_parameters, parameters

THREADS = (1, 2)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def claim_settings(path, seeds=5):
    """The (seed, threads) of every run of a lesson; refused before the first when the lesson takes no seed."""
    check_parameters(path, ["seed", "output_dir"])
    return [(seed, threads) for threads in THREADS for seed in range(seeds)]


def run_once(path, folder, seed, threads):
    """One run of a lesson with a seed and a number of threads, in a folder of its own."""
    values = {"seed": seed}
    if "threads" in parameters(path):
        values["threads"] = threads
    # The libraries read the variables once, when they are loaded: in the new kernel.
    with environment(**dict.fromkeys(THREAD_VARIABLES, str(threads))):
        return run_notebook(path, Path(folder, f"seed{seed}_threads{threads}", path.name), values)


def count_claims(runs):
    """How often each claim was made and how often it held: text to (made, holds), in the order of the lesson."""
    counts = {}
    for claim in (claim for run in runs for claim in run.claims):
        made, holds = counts.get(claim["text"], (0, 0))
        counts[claim["text"]] = (made + 1, holds + claim["holds"])
    return counts


def all_hold(runs):
    """Whether every run ended, and every claim was made and held in each."""
    counts = count_claims(runs)
    return not any(run.error for run in runs) and set(counts.values()) == {(len(runs), len(runs))}
