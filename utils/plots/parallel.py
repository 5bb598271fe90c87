"""Many parameters of a sweep at once: an axis each, side by side, and a line a run that ends at what it scored.

Every axis has its own scale, from 0 at its foot to 1 at its head; pandas' own figure of this kind has one for all.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from utils.errors import CourseError
from utils.evaluation.seeds import done_runs
from utils.plots.data import shorten
from utils.plots.figures import COLOURS, DASHES, GREY, backing, canvas, title, with_alt
from utils.plots.ways import is_number, levels, names, number_format, plain, sign_of, spoken, written

STRONGEST = 3  # runs that have a colour
PLACES = ("best", "second", "third", "fourth", "fifth", "sixth")
WIDE = 50  # times the lowest: numbers that reach further stand on a logarithmic axis
MOST_TICKS = 12  # numbers that are all written on their axis
MOST_WORDS = 40  # on an axis
FEW_LINES = 40  # which do not hide one another
APART = 0.05  # of an axis, between two numbers beside it
LONGEST_WORD = 15  # of letters between two axes
BESIDE = 0.012  # of an axis, between two strong lines that would lie on one another
BACKED = backing(0.8, alpha=0.8)  # words that lie on lines


def parallel_coordinates(
    table: pd.DataFrame, parameters, value: str, finding: str, best: str = "highest", strongest: int = STRONGEST
) -> Figure:
    """A line a run over an axis a parameter, the last axis what it scored; the best are strong, the others thin and grey.

    Numbers that span more than a factor of 50 have a logarithmic axis, words stand at even places. Runs that are not done,
    or lack the number, have no line.

    Args:
        table: sweep table.
        parameters: columns, in the order of their axes.
        value: the column of numbers for the last axis.
        finding: the title.
        best: "highest" or "lowest".
        strongest: how many runs are, from 0 to 6.

    Raises:
        CourseError: as for `done_runs`; or there is no parameter, one has too many words, or there is no such number of
            strong runs.
    """
    sign = sign_of(best)
    parameters = [parameters] if isinstance(parameters, str) else list(dict.fromkeys(parameters))
    if not parameters or value in parameters or strongest not in range(len(COLOURS) + 1):
        raise CourseError(f"Expected one or more parameters beside {value!r}, and strongest from 0 to {len(COLOURS)}, but got "
                          f"{parameters} and {strongest!r}.")  # fmt: skip
    runs = done_runs(table, value, parameters)
    found = {column: levels(runs[column]) for column in [*parameters, value]}  # before the rows change their order
    runs = runs.iloc[np.argsort(-sign * runs[value].to_numpy(), kind="stable")]  # the best first
    scales = {column: _scale(runs[column], each) for column, each in found.items()}
    figure, axes = canvas(3.3 + 1.3 * len(parameters), 3.6 + 0.13 * max(0, _most_words(scales) - 15))
    places = np.array([place for place, _, _ in scales.values()])  # (axes, runs), each 0 to 1
    _draw_lines(axes, places, runs[value], min(strongest, len(runs)))
    _draw_scales(axes, scales, value, number_format(runs[value]))
    title(axes, finding)
    return with_alt(figure, f"{finding}. {_told(table, runs, scales, value, strongest)}")


def _scale(column, found):
    """Of one axis: where each row lies (0 to 1), {value: its place} to be written there, and whether it is logarithmic."""
    is_log = all(map(is_number, found)) and found[0] > 0 and found[-1] > WIDE * found[0]
    if all(map(is_number, found)) and not _needs_even_places(found):

        def place(number):
            low, high, at = (np.log(one) if is_log else one for one in (found[0], found[-1], number))
            return float((at - low) / (high - low)) if high > low else 0.5

        ticks = found if len(found) <= MOST_TICKS else _round_numbers(found[0], found[-1], is_log)
        shown = _apart({number: place(number) for number in ticks})
    else:
        shown = {one: number / (len(found) - 1) if len(found) > 1 else 0.5 for number, one in enumerate(found)}
        place = shown.get
    return [place(plain(one)) for one in column.tolist()], shown, is_log


def _needs_even_places(numbers):
    """Whether a 0 stands among a few numbers that are wide apart: a logarithm has no 0, and other axes press the small flat."""
    above = [number for number in numbers if number > 0]
    return numbers[0] == 0 and 1 < len(above) < MOST_TICKS and above[-1] > WIDE * above[0]


def _round_numbers(low, high, is_log):
    ticks = LogLocator(subs=(1, 2, 5)).tick_values(low, high) if is_log else MaxNLocator(5).tick_values(low, high)
    return [float(tick) for tick in ticks if low <= tick <= high]


def _apart(places):
    """Those {number: place} whose words do not lie on one another: the ends first, then from the foot up."""
    kept = {}
    for number in [*list(places)[:1], *list(places)[-1:], *list(places)[1:-1]]:
        if all(abs(places[number] - place) >= APART for place in kept.values()):
            kept[number] = places[number]
    return kept


def _most_words(scales):
    column, most = max(((column, len(places)) for column, (_, places, _) in scales.items()), key=lambda pair: pair[1])
    if most > MOST_WORDS:
        raise CourseError(f"Expected at most {MOST_WORDS} different words on an axis, but {column!r} has {most}. Leave it out of "
                          "the parameters, or keep some of the rows.")  # fmt: skip
    return most


def _draw_lines(axes, places, values, strongest):
    across, number = np.arange(len(places)), number_format(values)
    thin = min(0.75, 0.75 * (FEW_LINES / len(values)) ** 0.5)  # or a thousand lines are one grey field
    axes.plot(across, places[:, strongest:], color=GREY, linewidth=0.8, alpha=thin, zorder=1)
    for rank, (value, colour, dash) in enumerate(zip(values[:strongest], COLOURS, DASHES)):
        # Runs share their parameters' values; what they scored is not moved.
        beside = np.append(np.full(len(across) - 1, BESIDE * ((strongest - 1) / 2 - rank)), 0)
        axes.plot(across, places[:, rank] + beside, color=colour, linestyle=dash, linewidth=2.4, zorder=3,
                  label=f"{PLACES[rank]}: {value:{number}}")  # fmt: skip
    if strongest:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _draw_scales(axes, scales, value, number):
    for across, (column, (_, places, _)) in enumerate(scales.items()):
        axes.axvline(across, color="black", linewidth=1, zorder=2)
        is_last = column == value
        for one, place in places.items():
            word = f"{one:{number}}" if is_last else shorten(written(one), LONGEST_WORD)
            axes.annotate(word, (across, place), xytext=(6 if is_last else -5, 0), textcoords="offset points", va="center",
                          ha="left" if is_last else "right", fontsize=8, bbox=BACKED, zorder=4)  # fmt: skip
    axes.set_xticks(range(len(scales)), [shorten(spoken(column), LONGEST_WORD) + ("\nlogarithmic" if is_log else "")
                                         for column, (_, _, is_log) in scales.items()])  # fmt: skip
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_xlim(-0.6, len(scales) - 0.55)
    axes.set_ylim(-0.04, 1.04)


def _told(table, runs, scales, value, strongest):
    parameters = [column for column in scales if column != value]
    number, scores = number_format(runs[value]), runs[value]
    axes = ", ".join(spoken(column) + (" (logarithmic)" if scales[column][2] else "") for column in parameters)
    told = f"{len(runs)} line{'s' if len(runs) > 1 else ''}, one a run, over {axes} to {spoken(value)}, from "
    told += f"{scores.min():{number}} to {scores.max():{number}}."
    if len(table) > len(runs):
        told += f" {len(table) - len(runs)} of {len(table)} rows have no number."
    best = zip(names(runs[parameters][:strongest]), scores)
    listed = "; ".join(f"{score:{number}} with {name}" for name, score in best)
    return told + (f" The best: {listed}." if listed else "")
