"""Exercise 6: valid chooses, test speaks once."""

import pandas as pd

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, shown

COLUMNS = ["network", "macs", "on valid", "on test"]
# What was tried: the best on test is another one than the best on valid; of two that are equal on valid one is cheaper,
# and stands first once, second once: who takes the first or the last of equals is right by luck alone.
TRIES = [
    [("large", 400, 0.84, 0.80), ("small", 40, 0.86, 0.77), ("middle", 60, 0.81, 0.89), ("odd", 90, 0.86, 0.82)],
    [("a", 300, 0.90, 0.95), ("b", 60, 0.90, 0.90), ("c", 20, 0.60, 0.58)],
    [("deep", 900, 0.75, 0.71), ("flat", 30, 0.70, 0.78)],
    [("only", 50, 0.66, 0.70)],
]


def chosen(tries):
    """The network to ship, and the accuracy to report of it."""
    best = tries.sort_values(["on valid", "macs"], ascending=[False, True]).iloc[0]
    return best["network"], best["on test"]


def flattered(tries):
    """The network to ship, and the accuracy to report of it."""
    best = tries.sort_values("on test", ascending=False).iloc[0]
    return best["network"], max(best["on valid"], best["on test"])


def probe_chosen(answer):
    for number, rows in enumerate(TRIES, 1):
        tries, (name, accuracy) = made(rows), chosen(made(rows))
        case = f"table {number}, of {len(rows)} networks"
        got = as_list(asked(answer, case, tries), "a pair: the network's name, and its accuracy")
        if len(got) != 2 or got[0] not in set(made(rows)["network"]):
            raise NotYet(f"{case}: expected a pair of a network's name and its accuracy, got {shown(got)}.")
        if got[0] != name:
            raise NotYet(f"{case}: {got[0]!r} is chosen. {_why_not(got[0], name, made(rows))}")
        said = as_number(got[1], "the accuracy, a number")
        if not abs(said - accuracy) <= 0.0005:  # also nan
            raise NotYet(f"{case}: of {name!r} you report {said:.3g}. {_which_accuracy(said, name, made(rows))}")
        if not tries.equals(made(rows)):
            raise NotYet(f"{case}: your function changed the table, and whoever called it goes on with that.")


def made(rows):
    return pd.DataFrame(rows, columns=COLUMNS, index=range(3, 3 + 2 * len(rows), 2))


def _why_not(got, right, tries):
    of = tries.set_index("network")
    if of.loc[got, "on valid"] == of.loc[right, "on valid"]:
        return "Another one is as good on valid, and needs fewer computations."
    if got == of["on test"].idxmax():
        return "It is the best on test, and test must not choose: its score would be luck in part."
    if got == of["macs"].idxmin():
        return "It is the cheapest; how good it is has a say first."
    if got == tries["network"].iloc[0]:
        return "It stands first; is it the best, and by which pictures?"
    return "By which pictures is it the best?"


def _which_accuracy(said, name, tries):
    of = tries.set_index("network")
    if abs(said - of.loc[name, "on valid"]) <= 0.0005:
        return "That is on valid, which has chosen it, and flatters."
    if abs(said - of["on test"].max()) <= 0.0005:
        return "That is the test score of another network."
    if abs(said - (of.loc[name, "on valid"] + of.loc[name, "on test"]) / 2) <= 0.0005:
        return "Half of that comes from valid, which has chosen it, and flatters."
    return "Which pictures have had no say in the choice?"


def _by(columns, ascending, report="on test"):
    """A choice by other columns, or with another number reported."""

    def choice(tries):
        best = tries.sort_values(columns, ascending=ascending).iloc[0]
        return best["network"], best[report]

    return choice


def _report(number):
    return lambda tries: (chosen(tries)[0], number(tries, tries.set_index("network").loc[chosen(tries)[0]]))


def _first_of_equals(tries):
    best = tries.loc[tries["on valid"].idxmax()]
    return best["network"], best["on test"]


def _last_of_equals(tries):
    best = tries.sort_values("on valid", kind="stable").iloc[-1]
    return best["network"], best["on test"]


def _in_place(tries):
    tries["order"] = 1000 * tries["on valid"] - tries["macs"] / 1000
    best = tries.loc[tries["order"].idxmax()]
    return best["network"], best["on test"]


q6 = Question(
    number=6,
    reference=chosen,
    probe=probe_chosen,
    starter=flattered,
    hints=[
        "Which of the two columns may have a say in which network it is? And which number is then still worth something?",
        'Sort by "on valid", the largest first, and of equals by "macs", the smallest first. The first row is the one.',
    ],
    why="The best of ten on test is the best and the luckiest of ten, and new pictures bring no such luck. Valid has chosen, so "
    "its number flatters too; test has had no say, and is asked once. The worked report says: *Valid "
    "chose; test was looked at once.*",
    mistakes=[
        Mistake(_by("on test", False), "test must not choose"),
        Mistake(_by("on test", False, "on valid"), "test must not choose"),
        Mistake(_by(["on valid", "macs"], [False, False]), "needs fewer computations"),
        Mistake(_by("on valid", False), "table 2, of 3 networks: 'a' is chosen. Another one is as good on valid"),
        Mistake(_first_of_equals, "table 2, of 3 networks: 'a' is chosen. Another one is as good on valid"),
        Mistake(_last_of_equals, "table 1, of 4 networks: 'odd' is chosen. Another one is as good on valid"),
        Mistake(_by("macs", True), "It is the cheapest"),
        Mistake(_by("macs", False), "It stands first"),
        Mistake(_by("on valid", True), "test must not choose"),
        Mistake(lambda tries: tuple(tries.iloc[-1][["network", "on test"]]), "needs fewer computations"),
        Mistake(lambda tries: (tries.iloc[(tries["on valid"] + tries["on test"]).argmax()]["network"], 0.8), "test must not choose"),
        Mistake(_report(lambda tries, row: row["on valid"]), "which has chosen it, and flatters"),
        Mistake(_report(lambda tries, row: row[["on valid", "on test"]].max()), "which has chosen it, and flatters"),
        Mistake(_report(lambda tries, row: row[["on valid", "on test"]].mean()), "Half of that comes from valid"),
        Mistake(_report(lambda tries, row: tries["on test"].max()), "of another network"),
        Mistake(_report(lambda tries, row: row["macs"]), "had no say in the choice"),
        Mistake(_report(lambda tries, row: float("nan")), "you report nan"),
        Mistake(_report(lambda tries, row: "good"), "expected the accuracy"),
        Mistake(lambda tries: chosen(tries)[::-1], "expected a pair of a network's name"),
        Mistake(lambda tries: chosen(tries)[0], "expected a pair"),
        Mistake(_in_place, "your function changed the table"),
    ],
)  # fmt: skip
