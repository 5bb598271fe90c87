"""Figures about a model that leaves the notebook: how large its files are, how quick, and whether they say the same."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from utils.plots.figures import BLUE, COLOURS, GREY, MARKS, RED, canvas, plain_numbers, with_alt


def files(table: pd.DataFrame, finding: str) -> Figure:
    """How large each file is (bars), and beside it how long it takes with so many threads (a mark, a stroke for quartiles).

    Args:
        table: of `compare_formats`, with a column `name`; one row a name and number of threads.
    """
    names = list(dict.fromkeys(table["name"]))
    figure, (left, right) = canvas(8.6, 1.2 + 0.36 * len(names), 1, 2, sharey=True)
    megabytes = table.groupby("name")["bytes"].first()[names] / 1e6
    left.bar_label(left.barh(names, megabytes, 0.6, color=BLUE), fmt="%.2f", padding=3, fontsize=8.5)
    left.set_xlim(0, 1.2 * megabytes.max())
    left.set_xlabel("MB")
    left.invert_yaxis()
    threads = list(dict.fromkeys(table["threads"]))
    for place, (count, colour, mark) in enumerate(zip(threads, COLOURS, MARKS)):
        rows = table[table["threads"] == count].set_index("name").reindex(names)
        y = np.arange(len(names)) + 0.26 * (place - (len(threads) - 1) / 2)
        right.hlines(y, 1000 * rows["low"], 1000 * rows["high"], color=colour, linewidth=2)
        right.plot(1000 * rows["seconds"], y, mark, color=colour, markersize=5, label=_threads(count))
    right.set_xscale("log")
    right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plain_numbers(right.xaxis)
    right.grid(axis="x", color="#E5E5E5", linewidth=0.7)
    right.set_xlabel("milliseconds a picture (logarithmic)")
    right.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.suptitle(finding, weight="bold", fontsize=11)
    times = table.assign(
        told=[f"{1000 * row.seconds:.2g} ms with {_threads(row.threads)}" for row in table.itertuples()]
    )
    told = "; ".join(
        f"{name} {megabytes[name]:.2f} MB, {', '.join(times['told'][times['name'] == name])}" for name in names
    )
    return with_alt(figure, f"{finding}. {told}.")


def same_answers(wanted: np.ndarray, given: np.ndarray, finding: str, by: str = "PyTorch") -> Figure:
    """A dot a picture: the probability of PyTorch's decision, there and in the file; a red cross where the file decides otherwise.

    Args:
        wanted: probabilities (N, K) of the model itself.
        given: those of the file, of the same pictures.
        by: whose the first are.
    """
    rows, decided = np.arange(len(wanted)), wanted.argmax(axis=1)
    changed = given.argmax(axis=1) != decided
    figure, axes = canvas(5.2, 4.2)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, zorder=1)
    looks = {"the same decision": {"marker": "o", "s": 22, "facecolor": (BLUE, 0.5), "edgecolor": BLUE},
             "another decision": {"marker": "x", "s": 60, "color": RED, "linewidths": 2}}  # fmt: skip
    for (name, look), which in zip(looks.items(), (~changed, changed)):
        x, y = (each[rows, decided][which] for each in (wanted, given))
        axes.scatter(x, y, label=f"{name}: {which.sum()}", zorder=2, **look)
    axes.set_xlim(0, 1.03)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel(f"probability of its decision in {by}")
    axes.set_ylabel("of the same class, in the file")
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    axes.set_title(finding, loc="left", weight="bold", fontsize=11)
    apart = np.abs(wanted[rows, decided] - given[rows, decided])
    return with_alt(figure, f"{finding}. {len(wanted)} pictures along a diagonal, {apart.max():.2g} from it at most; "
                            f"{changed.sum()} of them get another decision.")  # fmt: skip


def _threads(count):
    return f"{count} thread{'s'[: count != 1]}"
