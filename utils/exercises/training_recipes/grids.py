"""Exercises 16 and 17: a grid as the runs that it asks for, and how long they take."""

import copy
import itertools
import math

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_dict, as_list, as_number, shown

# --- 16: every combination -----------------------------------------------------------------------------
# Names and values in no alphabetical order, values that count as False, values that are lists, one value, and none.
GRIDS = [
    {"seed": [2, 0, 1], "lr": [0.1, 0.01], "optimizer": ["sgd", "adamw"]},
    {"weight_decay": [0.05, 0.0], "ema": [None, 0.99], "flip": [True, False], "mixup": [0, 0.2], "epochs": [8]},
    {"size": [[64, 48], [32, 32]], "lr": [0.003, 0.3]},
    {"model": ["resnet18"]},
    {"lr": [0.1, 0.01], "seed": []},
    {"seed": [], "lr": [0.1, 0.01]},
]


def combinations(grid):
    found = [{}]
    for name, values in grid.items():
        found = [{**each, name: value} for each in found for value in values]
    return found


def probe_combinations(answer):
    for grid in GRIDS:
        case, given = f"grid {grid}", copy.deepcopy(grid)
        said = as_list(asked(answer, case, given), "a list of dictionaries")
        got = [as_dict(each, "each combination as a dictionary {name: value}") for each in said]
        if not _same(got, combinations(grid)):
            raise NotYet(f"{case}: you return {_counted(got, grid)}. {_which(got, grid)}")
        if not _same(given, grid) or list(given) != list(grid):
            raise NotYet(f"{case}: your function changed the grid, which is {shown(given)} now, and whoever called it goes on "
                         "with that.")  # fmt: skip


def _same(one, other):
    """Equal, and of the same kind: 8.0 epochs are not 8."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return type(one) is type(other) and one == other


def _counted(got, grid):
    counted = f"{len(got)} {'combination' if len(got) == 1 else 'combinations'}"
    return f"{counted}, as it should be" if len(got) == len(combinations(grid)) else counted


def _which(got, grid):
    for words, slip in SLIPS.items():
        if _same(got, slip(grid)):
            return words
    for place, each in enumerate(got):
        strange = _strange(each, grid)
        if strange:
            return f"Number {place} of them {strange}"
        if any(_same(each, other) for other in got[:place]):
            return f"Number {place} of them, {shown(each)}, stands there twice."
    right = combinations(grid)
    if len(got) < len(right):
        return "Does each value of each name meet each of the others?"
    place = next(place for place, each in enumerate(got) if not _same(each, right[place]))
    return f"But they are in another order: number {place} is {shown(got[place])}. What changes fastest?"


def _strange(combination, grid):
    """What no combination of a grid is, in words; None where it is one."""
    if combination.keys() != grid.keys():
        return f"is {shown(combination)}: which names does a combination have?"
    for name, value in combination.items():
        if not any(_same(value, its) for its in grid[name]):
            return f"has {shown(value)} for {name!r}, which is none of the values in the grid."
    return None


def _changed(change):
    """Combinations of another grid, made of the names and values of this one."""
    return lambda grid: combinations(dict(change(list(grid.items()))))


def _one_at_a_time(grid):
    base = {name: values[0] for name, values in grid.items() if values}
    return [base] + [{**base, name: value} for name, values in grid.items() for value in values[1:]]


def _first_fastest(grid):
    return [dict(zip(grid, values[::-1])) for values in itertools.product(*reversed(grid.values()))]


def _all_the_last(grid):
    return [{name: values[-1] for name, values in grid.items()} for _ in combinations(grid)]


def _parts(values):
    """Values that are lists or texts, taken for several values."""
    return [part for value in values for part in (value if isinstance(value, (list, str)) else [value])]


SLIPS = {
    "So a name without values is left out. How many runs are there that have a value of each name?":
        _changed(lambda items: [(name, values) for name, values in items if values]),
    "So a name without values becomes None, which nobody has asked for.":
        _changed(lambda items: [(name, values or [None]) for name, values in items]),
    "So it is if the first values meet, and the second ones, and so on. Each value is to meet each of the others.":
        lambda grid: [dict(zip(grid, values)) for values in zip(*grid.values())],
    "So it is if values meet place by place, and what is missing becomes None.":
        lambda grid: [dict(zip(grid, values)) for values in itertools.zip_longest(*grid.values())],
    "So it is if one name at a time leaves its first value: no two changes are ever tried together.": _one_at_a_time,
    "Each has one name alone, and a run needs a value of each.":
        lambda grid: [{name: value} for name, values in grid.items() for value in values],
    "But the first name changes fastest.": _first_fastest,
    "But the names are taken in alphabetical order, and not in that of the grid.": _changed(sorted),
    "But the values are sorted, and not in the order of the grid.":
        _changed(lambda items: [(name, sorted(values, key=str)) for name, values in items]),
    "So values that count as False are left out, and 0, None and False are values like others.":
        _changed(lambda items: [(name, [value for value in values if value]) for name, values in items]),
    "But they are all alike. Is it one dictionary, filled again and again, that stands in the list several times?": _all_the_last,
    "But a name with a single value is left out, and a run needs it too.":
        _changed(lambda items: [(name, values) for name, values in items if len(values) != 1]),
    "So a value that is itself a list, or a text, is taken apart.":
        _changed(lambda items: [(name, _parts(values)) for name, values in items]),
    "So the last name is left out.": _changed(lambda items: items[:-1]),
    "The values in it are whole lists still: a run has one value of each name.": lambda grid: [dict(grid)],
}  # fmt: skip


def _emptying(grid):
    found = [{}]
    for name in list(grid):
        values = grid.pop(name)
        found = [{**each, name: value} for each in found for value in values]
    return found


def _each(change):
    """Combinations of which each value is changed."""
    return lambda grid: [{name: change(value) for name, value in each.items()} for each in combinations(grid)]


q16 = Question(
    number=16,
    reference=combinations,
    probe=probe_combinations,
    hints=[
        "With two names it is a loop within a loop, and the inner one changes fastest. But how many names are there?",
        "Begin with one combination that has no name yet: [{}]. Name by name, each combination becomes as many as that name has "
        "values.",
        "found = [{**each, name: value} for each in found for value in values], for each name. Or look up itertools.product.",
    ],
    why="Each name multiplies the combinations by the number of its values, and where that is 0, none is left. `{**each, name: "
    "value}` is a new dictionary each time, so no two runs share one. `itertools.product(*grid.values())` gives the values in "
    "the same order.",
    mistakes=[Mistake(slip, words) for words, slip in SLIPS.items()]
    + [Mistake(_emptying, "your function changed the grid, which is {} now"),
       Mistake(lambda grid: list(itertools.product(*grid.values())), "expected each combination as a dictionary"),
       Mistake(_each(str), "has '2' for 'seed', which is none of the values"),
       Mistake(_each(lambda value: float(value) if isinstance(value, int) else value), "has 2.0 for 'seed'"),
       Mistake(lambda grid: [{"run": 1, **each} for each in combinations(grid)], "which names does"),
       Mistake(lambda grid: combinations(grid)[::-1], "in another order: number 0 is {'seed': 1"),
       Mistake(lambda grid: combinations(grid)[1:], "Does each value of each name"),
       Mistake(lambda grid: combinations(grid) * 2, "stands there twice"),
       Mistake(lambda grid: combinations(grid) or [{}], "Number 0 of them is {}: which names"),
       Mistake(lambda grid: grid, "expected a list of dictionaries")],
)  # fmt: skip

# --- 17: how long --------------------------------------------------------------------------------------
minutes = 14 * 45 / 60


def probe_minutes(answer):
    got = as_number(answer, "minutes, a number")
    if not abs(got - minutes) <= 0.01:  # nan is refused too
        otherwise = "how many runs are asked for, how many of them are left, and in how many rounds are these made?"
        raise NotYet(f"{got:g}: {first_near(got, USUAL_MINUTES, otherwise, abs_tol=0.07)}")


def _minutes(runs, at_once=4, seconds=45, rounded=math.ceil):
    return rounded(runs / at_once) * seconds / 60


USUAL_MINUTES = {
    "that is in seconds.": _minutes(53) * 60,
    "so the last round is cut short, but a run in it takes as long as any other.": _minutes(53, rounded=float),
    "so the runs of the last round, which is not full, are left out.": _minutes(53, rounded=math.floor),
    "so those that are done are made again.": _minutes(60),
    "so failed runs count as done. What does the same call do with them?": _minutes(40),
    "so those that are done are made again, and those that have failed are not.": _minutes(47),
    "so one run comes after the other.": _minutes(53, at_once=1),
    "so one run comes after the other, and those that are done are made again.": _minutes(60, at_once=1),
    "so 12 runs are asked for. Each rate meets each optimiser and each seed.": _minutes(12),
    "so 12 runs are asked for, and 5 are left. Each rate meets each optimiser and each seed.": _minutes(5),
    "so each run that is done saves a round, but in a round four are made.": _minutes(60 - 7 * 4),
    "so many runs are left. How long do they take?": 53,
    "so many rounds are made. How long do they take?": 14,
    "so many runs are asked for.": 60,
}


q17 = Question(
    number=17,
    reference=minutes,
    probe=probe_minutes,
    hints=[
        "How many combinations has the grid? And which of them does the same call make, when some are done and some have failed?",
        "Four at a time, and all take equally long: they come in rounds of four, of which the last need not be full.",
        "60 runs, less 7 that are done. Divide by 4, round up (math.ceil), times 45 seconds.",
    ],
    why="4 · 3 · 5 = 60 runs are asked for, and what failed is made again, so 53 are left: thirteen full rounds, and one with a "
    "single run, which takes as long as the others. Work that out before you begin. One more parameter with three values, and "
    "it would be 180 runs.",
    mistakes=[Mistake(value, words) for words, value in USUAL_MINUTES.items()]
    + [Mistake(20, "20: how many runs"), Mistake(11, "11: how many runs"), Mistake(float("nan"), "nan: how many runs"),
       Mistake("ten", "expected minutes")],
)  # fmt: skip
