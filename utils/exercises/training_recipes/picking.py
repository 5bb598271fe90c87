"""Exercise 18: which setting a sweep's table speaks for."""

import numpy as np
import pandas as pd

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_dict, as_list, as_number, shown

WANTED = "a pair: the setting, and its test accuracy"
# Of each setting (lr, optimizer) and each seed the accuracies on valid and on test, with which the usual slips tell apart.
# FAILED has no numbers; with "failed" after them the run failed after it had recorded them.
FAILED = (np.nan, np.nan, "failed")
LEFT = (np.nan, np.nan, "left")
TABLES = [
    {
        (0.001, "sgd"): [(0.86, 0.93), (0.87, 0.91), (0.88, 0.95), (0.87, 0.92)],
        (0.001, "adamw"): [(0.905, 0.85), (0.906, 0.84), (0.907, 0.87), (0.906, 0.84)],
        (0.01, "sgd"): [(0.95, 0.86), FAILED, (0.94, 0.90), (0.945, 0.89)],
        (0.01, "adamw"): [(0.97, 0.85), (0.79, 0.78), (0.84, 0.80), (0.87, 0.80)],
        (0.03, "sgd"): [(0.93, 0.81), (0.80, 0.75), (0.925, 0.84), (0.92, 0.82)],
        (0.03, "adamw"): [(0.86, 0.84), (0.92, 0.86), (0.92, 0.86), (0.918, 0.85)],
        (0.1, "sgd"): [(0.50, 0.47), (0.56, 0.55), (0.53, 0.51), (0.53, 0.50)],
        (0.1, "adamw"): [(0.90, 0.85), (0.92, 0.88), (0.91, 0.92), (0.91, 0.82)],
    },
    {
        (0.3, "adamw"): [(0.60, 0.61), LEFT, (0.62, 0.64), (0.61, 0.66)],
        (0.3, "sgd"): [(0.40, 0.44), (0.42, 0.35), (0.44, 0.38), (0.46, 0.47)],
        (0.1, "adamw"): [(0.95, 0.93), (0.94, 0.94), FAILED, (0.93, 0.92)],
        (0.1, "sgd"): [(0.51, 0.56), (0.57, 0.49), (0.52, 0.58), (0.56, 0.55)],
    },
    {
        (0.002, "adam"): [(0.71, 0.75), (0.73, 0.70)],
        (0.02, "adam"): [(0.93, 0.92), (0.91, 0.94, "failed")],
        (0.2, "lion"): [(0.81, 0.72), (0.79, 0.76)],
    },
]  # fmt: skip
SEEDS_FIRST = (
    2  # the place of the table whose seeds are the first parameter of the grid, so that settings are scattered
)


def best_setting(table):
    settings = table.groupby(["lr", "optimizer"])
    whole = settings.filter(lambda runs: (runs["status"] == "done").all())
    means = whole.groupby(["lr", "optimizer"])[["valid_accuracy", "accuracy"]].mean()
    lr, optimizer = means["valid_accuracy"].idxmax()
    return {"lr": lr, "optimizer": optimizer}, means.loc[(lr, optimizer), "accuracy"]


def probe_best_setting(answer):
    for place in range(len(TABLES)):
        table = _table(place)
        case = f"a sweep of {table.groupby(['lr', 'optimizer']).ngroups} settings and {table['seed'].nunique()} seeds"
        said = asked(answer, case, table.copy())
        said = said if isinstance(said, (list, tuple)) else as_list(said, WANTED)  # which would make a list of a row
        if len(said) != 2:
            raise NotYet(f"{case}: expected {WANTED}, got {shown(said)}.")
        got = _as_setting(said[0], case), as_number(said[1], "a test accuracy, a number")
        if not _near(got, _plain(best_setting(table))):
            raise NotYet(f"{case}: you choose {_told(got[0])}, and say {got[1]:.4g}. {_which(got, table)}")


def _table(place):
    """The table as a sweep gives it: a row a run."""
    rows = [_row(setting, seed, *run) for setting, runs in TABLES[place].items() for seed, run in enumerate(runs)]
    if place == SEEDS_FIRST:
        rows.sort(key=lambda row: row["seed"])
    return pd.DataFrame(rows)


def _row(setting, seed, valid, test, status="done"):
    return {"lr": setting[0], "optimizer": setting[1], "seed": seed, "status": status,
            "seconds": np.nan if status == "left" else 40.0 + seed, "valid_accuracy": valid, "accuracy": test,
            "error": "OutOfMemoryError: CUDA out of memory" if status == "failed" else None}  # fmt: skip


def _as_setting(value, case):
    """(lr, optimizer) of a dictionary with these names, and no others."""
    got = as_dict(value, "the setting as a dictionary {'lr': …, 'optimizer': …}")
    if set(got) != {"lr", "optimizer"}:
        raise NotYet(f"{case}: your setting is {shown(got)}. It has an 'lr' and an 'optimizer', and nothing else.")
    return as_number(got["lr"], "the rate of the setting, a number"), got["optimizer"]


def _plain(answer):
    setting, accuracy = answer
    return (setting["lr"], setting["optimizer"]), accuracy


def _near(one, other):
    """The same setting, and the same accuracy, perhaps rounded to three digits."""
    return one[0] == other[0] and abs(one[1] - other[1]) < 6e-4


def _told(setting):
    return f"lr {setting[0]:g} with {setting[1]}"


def _which(got, table):
    setting, said = got
    known = {(lr, optimizer) for lr, optimizer in zip(table["lr"], table["optimizer"])}
    if setting not in known:
        return "There is no such setting in the table."
    if (_own(table, setting)["status"] != "done").any():
        return "One of its runs is not done, so it is out, whatever that run or the others have recorded."
    for words, slip in CHOICES.items():
        if setting == slip(table) != _plain(best_setting(table))[0]:
            return words
    if setting != _plain(best_setting(table))[0]:
        return "By which column is it chosen, over what is the mean, and which settings are out?"
    if abs(said - 100 * _own(table, setting)["accuracy"].mean()) < 0.6:  # also rounded to whole ones
        return f"The setting is right. {PERCENT}"
    usual = {words: slip(_own(table, setting), _whole(table)) for words, slip in NUMBERS.items()}
    return "The setting is right. " + first_near(said, usual, "Of which runs is the number, and of which column?", abs_tol=6e-4)  # fmt: skip


def _means(table, how="mean", of=("lr", "optimizer"), column="valid_accuracy"):
    return table.groupby(list(of), sort=False)[column].agg(how)


def _whole(table):
    """The runs of settings without a run that is not done."""
    return table.groupby(["lr", "optimizer"]).filter(lambda runs: (runs["status"] == "done").all())


def _own(table, setting):
    return table[(table["lr"] == setting[0]) & (table["optimizer"] == setting[1])]


CHOICES = {
    "It is the best on test: whoever chooses by test has no test any more.":
        lambda table: _means(_whole(table), column="accuracy").idxmax(),
    "It has the best single run, which is the luckiest one. The mean over seeds counts.":
        lambda table: _means(_whole(table), "max").idxmax(),
    "It has the best median over seeds, but another one has a better mean. Are all settings compared?":
        lambda table: _means(_whole(table), "median").idxmax(),
    "Its worst seed is better than that of any other, but another one has a better mean. Are all settings compared?":
        lambda table: _means(_whole(table), "min").idxmax(),
    "It is the worst on valid.": lambda table: _means(_whole(table)).idxmin(),
    "So it is if rate and optimiser are chosen each for itself, and each optimiser has a rate of its own.":
        lambda table: tuple(_means(_whole(table), of=[name]).idxmax() for name in ("lr", "optimizer")),
}  # fmt: skip
PERCENT = "The number is in percent, and a share of 1 is wanted, as in the table."
# Of the right setting, from its own runs and those of all settings that are not out.
NUMBERS = {
    "That is its mean on valid, and what does test say?": lambda own, whole: own["valid_accuracy"].mean(),
    "That is of the seed that is best on valid, and all of its seeds count.":
        lambda own, whole: own.loc[own["valid_accuracy"].idxmax(), "accuracy"],
    "That is of the seed that is best on test, and all of its seeds count.": lambda own, whole: own["accuracy"].max(),
    "That is of the seed that is worst on test, and all of its seeds count.": lambda own, whole: own["accuracy"].min(),
    "That is of one seed, and all of its seeds count.": lambda own, whole: own["accuracy"].iloc[0],
    "That is the median, and the mean is asked for.": lambda own, whole: own["accuracy"].median(),
    "That is rounded to two digits, and three are wanted.": lambda own, whole: round(own["accuracy"].mean(), 2),
    "That is the best mean on test of all settings, and not that of the chosen one.":
        lambda own, whole: _means(whole, column="accuracy").max(),
    "That is the mean of all settings.": lambda own, whole: whole["accuracy"].mean(),
    "That is its spread.": lambda own, whole: own["accuracy"].std(),
    "That is a sum over its seeds.": lambda own, whole: own["accuracy"].sum(),
}  # fmt: skip


# Settings that are out and chosen all the same, the first one that shows: with the mean of the runs that got through, with
# 0 for those that did not, or because what has failed has numbers.
OUT = {
    "lr 0.01 with sgd, and say 0.8833": lambda table: _means(table[table["status"] == "done"]).idxmax(),
    "lr 0.1 with adamw, and say 0.93": lambda table: _means(table.fillna({"valid_accuracy": 0.0})).idxmax(),
    "lr 0.02 with adam, and say 0.93": lambda table: _means(
        table.groupby(["lr", "optimizer"]).filter(lambda runs: runs["accuracy"].notna().all())).idxmax(),
}  # fmt: skip


def _chosen_by(slip):
    """A best_setting that chooses otherwise, and then says what test says of it."""

    def best_setting(table):
        lr, optimizer = slip(table)
        return {"lr": lr, "optimizer": optimizer}, _own(table, (lr, optimizer))["accuracy"].mean()

    return best_setting


def _said_by(slip):
    """A best_setting that says another number of the right setting."""

    def said(table):
        setting, _ = best_setting(table)
        return setting, slip(_own(table, tuple(setting.values())), _whole(table))

    return said


def _with_seed(table):
    row = table.loc[table["valid_accuracy"].idxmax()]
    return dict(row[["lr", "optimizer", "seed"]]), row["accuracy"]


def _everything(table):
    return table.groupby(["lr", "optimizer"]).mean()


q18 = Question(
    number=18,
    reference=best_setting,
    probe=probe_best_setting,
    hints=[
        "Two steps: first leave out what must not be chosen, then take the means. table.groupby(['lr', 'optimizer']) gathers the "
        "runs of a setting.",
        ".filter(lambda runs: (runs['status'] == 'done').all()) on the groups keeps the runs of the settings that are whole.",
        "Group what is left once more, take [['valid_accuracy', 'accuracy']].mean(), and ask the column of valid for its idxmax().",
    ],
    why="The mean over seeds is less lucky than the best run. Test has no say in the choice, or it would be no test: asked once, "
    "of the one setting that valid has chosen, it says what to expect. And a mean over the seeds that got through would be a "
    "mean without the bad ones.",
    mistakes=[Mistake(_chosen_by(slip), words) for words, slip in CHOICES.items()]
    + [Mistake(_chosen_by(slip), f"{words}. One of its runs is not done") for words, slip in OUT.items()]
    + [Mistake(_said_by(slip), words) for words, slip in NUMBERS.items()]
    + [Mistake(_with_seed, "It has an 'lr' and an 'optimizer', and nothing else"),
       Mistake(_everything, "your code raised TypeError"),
       Mistake(lambda table: ({"lr": 5.0, "optimizer": "sgd"}, 0.9), "There is no such setting"),
       Mistake(lambda table: ({"lr": 0.1, "optimizer": "adamw"}, 0.8675), "a sweep of 4 settings and 4 seeds: you choose"),
       Mistake(lambda table: ({"lr": 0.1, "optimizer": "lion"}, 0.9), "There is no such setting"),
       Mistake(lambda table: best_setting(table)[0], "expected a pair"),
       Mistake(lambda table: (*best_setting(table), 1), "expected a pair"),
       Mistake(lambda table: (tuple(best_setting(table)[0].values()), 0.9), "expected the setting as a dictionary"),
       Mistake(lambda table: (best_setting(table)[0], "0.9"), "expected a test accuracy"),
       Mistake(_said_by(lambda own, whole: 100 * own["accuracy"].mean()), PERCENT),
       Mistake(lambda table: (best_setting(table)[0], 0.7), "Of which runs is the number")],
)  # fmt: skip
