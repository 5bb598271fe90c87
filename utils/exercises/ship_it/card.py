"""Exercise 12: the numbers of a model card."""

import math

import numpy as np
import pandas as pd

from utils.evaluation.intervals import wilson
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_list, as_numbers, shown

NUMBERS = ["pictures", "accuracy", "low", "high"]
# {class: (training, valid, right in test, wrong in test)}, and the fewest that a class should have in test. What is nowhere
# a label stands first, and is what the others are taken for: a model may know more classes than the table.
CASES = [
    ({"owl": (30, 4, 12, 3), "cat": (40, 5, 25, 1), "bee": (9, 2, 2, 2), "dog": (25, 9, 4, 1), "ant": (12, 3, 0, 0)}, 5),
    ({"wasp": (10, 20, 8, 0), "bee": (10, 1, 6, 0)}, 8),
    ({"c": (0, 0, 0, 0), "b": (3, 1, 10, 10), "a": (3, 1, 20, 1)}, 10),
]  # fmt: skip


def card_numbers(table, least):
    test = table[table["split"] == "test"]
    right, pictures = int((test["predicted"] == test["label"]).sum()), len(test)
    sure = wilson(right, pictures)
    counts = test["label"].value_counts()
    few = sorted(label for label in table["label"].unique() if counts.get(label, 0) < least)
    return {"pictures": pictures, "accuracy": right / pictures, "low": sure.low, "high": sure.high, "few": few}


def probe_card_numbers(answer):
    for seed, (classes, least) in enumerate(CASES):
        table, wanted = made(classes, seed), card_numbers(made(classes, seed), least)
        there = {name: right + wrong for name, (train, _, right, wrong) in classes.items() if train}
        case = f"{len(there)} classes, test pictures {shown(there)}, least {least}"
        said = asked(answer, case, table, least)
        got = as_numbers(said, NUMBERS, "a dictionary with pictures, accuracy, low, high and few")
        for name in NUMBERS:
            if not abs(got[name] - wanted[name]) < (0.5 if name == "pictures" else 2e-3):
                words = first_near(got[name], _usual(name, made(classes, seed), wanted), OTHERWISE[name], abs_tol=2e-3)
                raise NotYet(f"{case}: {name} is {got[name]:.4g}. {words}")
        _check_few(said, wanted["few"], made(classes, seed), least, case)
        if not table.equals(made(classes, seed)):
            raise NotYet(f"{case}: your function changed the table, and whoever called it goes on with that.")


OTHERWISE = {
    "pictures": "How many rows are of the split that nothing was chosen by?",
    "accuracy": "Which share of the test pictures is predicted as it is labelled?",
    "low": "Where does Wilson's interval of 95 % begin?",
    "high": "Where does Wilson's interval of 95 % end?",
}


def made(classes, seed=0):
    """An image table with what was predicted: of training pictures nearly all is right, of the other splits less."""
    rows = []
    for name, (train, valid, right, wrong) in classes.items():
        if not train:
            continue
        other = next(each for each in classes if each != name)
        rows += [(name, name, "train")] * (train - 1) + [(name, other, "train")]
        rows += [(name, name, "valid")] * (valid - 1) + [(name, other, "valid")]
        rows += [(name, name, "test")] * right + [(name, other, "test")] * wrong
    table = pd.DataFrame(rows, columns=["label", "predicted", "split"])
    return table.iloc[np.random.default_rng(seed).permutation(len(table))]


def _usual(name, table, right):
    """What the usual slips give."""
    is_right = table["label"] == table["predicted"]
    splits = {split: is_right[table["split"] == split] for split in ("train", "valid", "test")}
    if name == "pictures":
        return {
            "Those are all pictures, those that it was trained on as well.": len(table),
            "Those are the training pictures.": len(splits["train"]),
            "Those are of valid.": len(splits["valid"]),
            "So many of them are right.": splits["test"].sum(),
        }
    if name == "accuracy":
        return {
            "That is of all pictures, those that it was trained on as well.": is_right.mean(),
            "That is of training pictures, which it has seen.": splits["train"].mean(),
            "That is of valid, by which the epoch was chosen.": splits["valid"].mean(),
            "That is the mean of the classes: a class with one picture counts as much as one with a hundred.":
                splits["test"].groupby(table["label"]).mean().mean(),
            "That is the share of wrong ones.": 1 - right["accuracy"],
            "In per cent? A share is from 0 to 1.": 100 * right["accuracy"],
            "That is how many are right.": splits["test"].sum(),
        }  # fmt: skip
    return _usual_ends(name, is_right, splits, right)


def _usual_ends(name, is_right, splits, right):
    share, found, pictures = right["accuracy"], splits["test"].sum(), right["pictures"]
    spread = 1.96 * math.sqrt(share * (1 - share) / pictures)
    return {
        "That is the other end.": right["high" if name == "low" else "low"],
        "That is the share itself. How far may it be off?": share,
        "That is how far off it may be. Where does the interval end?": abs(share - right[name]),
        "That is the simple interval, share ± 1.96 spreads, which can leave 0 to 1 or have no width.":
            share - spread if name == "low" else share + spread,
        "That is of all pictures, those that it was trained on as well.": getattr(wilson(is_right.sum(), len(is_right)), name),
        "So it is for 90 %.": getattr(wilson(found, pictures, 0.9), name),
        "So it is for 99 %.": getattr(wilson(found, pictures, 0.99), name),
        "In per cent? A share is from 0 to 1.": 100 * right[name],
    }  # fmt: skip


def _check_few(said, right, table, least, case):
    if "few" not in said:
        raise NotYet(f"{case}: 'few' is missing in {shown(said)}.")
    wanted = "few, a list of classes"
    got = as_list(said["few"], wanted) if not isinstance(said["few"], str) else [said["few"]]
    counts = table[table["split"] == "test"]["label"].value_counts()
    for name in got:
        if isinstance(name, str) and name in set(table["predicted"]) - set(table["label"]):
            raise NotYet(f"{case}: {name!r} is among the few. It was predicted, and is nowhere a label.")
        if not isinstance(name, str) or name not in set(table["label"]):
            raise NotYet(f"{case}: expected {wanted}, got {shown(got)}.")
        if name not in right:
            raise NotYet(
                f"{case}: {name!r} is among the few, and has {counts[name]} test pictures; the least is {least}."
            )
    for name in right:
        if name not in got:
            raise NotYet(
                f"{case}: few is {shown(got)}, and a class with {counts.get(name, 0)} test pictures is missing."
            )
    if len(got) > len(right):
        raise NotYet(f"{case}: few is {shown(got)}, and one stands there twice.")
    if isinstance(said["few"], (set, frozenset)):
        raise NotYet(
            f"{case}: few is a set, which has no order, and JSON has no sets. A list is asked for that is sorted."
        )
    if got != right:
        raise NotYet(f"{case}: few is {shown(got)}, and a list is asked for that is sorted.")


def _of(split=("test",), by=None, few=None, **values):
    """A card_numbers with some of its numbers from elsewhere."""

    def card_numbers_(table, least):
        rows = table[table["split"].isin(split)].assign(split="test")
        found = card_numbers(table, least)
        found |= {name: value for name, value in card_numbers(rows, least).items() if name in (by or NUMBERS)}
        if few:
            found["few"] = few(table, least)
        found |= {name: change(found) for name, change in values.items()}
        return found

    return card_numbers_


def _simple(side):
    return lambda found: (
        found["accuracy"] + side * 1.96 * math.sqrt(found["accuracy"] * (1 - found["accuracy"]) / found["pictures"])
    )


def _counted(table, least):
    counts = table[table["split"] == "test"]["label"].value_counts()
    return sorted(counts[counts < least].index)


def _at_most(table, least):
    return card_numbers(table, least + 1)["few"]


def _of_all(table, least):
    counts = table["label"].value_counts()
    return sorted(counts[counts < least].index)


def _predicted_too(table, least):
    counts = table[table["split"] == "test"]["label"].value_counts()
    return sorted(name for name in {*table["label"], *table["predicted"]} if counts.get(name, 0) < least)


def _unsorted(table, least):
    return card_numbers(table, least)["few"][::-1]


def _by_class(table, least):
    test = table[table["split"] == "test"]
    classes = [(rows["label"] == rows["predicted"]).mean() for _, rows in test.groupby("label")]
    return {**card_numbers(table, least), "accuracy": sum(classes) / len(classes)}


def _in_place(table, least):
    found = card_numbers(table, least)
    table["right"] = table["label"] == table["predicted"]
    return found


def _without_few(table, least):
    return {name: value for name, value in card_numbers(table, least).items() if name != "few"}


q12 = Question(
    number=12,
    reference=card_numbers,
    probe=probe_card_numbers,
    hints=[
        'test = table[table["split"] == "test"] is all that may be counted. wilson(right, pictures) has .low and .high.',
        "value_counts of the test pictures has no line for a class of which there is none. Which classes are there at all?",
        'sorted(label for label in table["label"].unique() if counts.get(label, 0) < least)',
    ],
    why="The number of pictures and the interval say what the accuracy is worth, and the classes with next to no test pictures are "
    "those of which the card may claim nothing, the ones with none first: they are in no table of results, and so nobody misses "
    "them. Beside these numbers a card has in words whose pictures they are, for what the model is meant and for what not, and the "
    "licences of code, weights and data.",
    mistakes=[
        Mistake(_of(("train", "valid", "test")), "Those are all pictures"), Mistake(_of(("train",)), "Those are the training"),
        Mistake(_of(("valid",)), "Those are of valid"), Mistake(_of(pictures=lambda found: 43), "So many of them are right"),
        Mistake(_of(("train", "valid", "test"), ["accuracy"]), "That is of all pictures"),
        Mistake(_of(("train",), ["accuracy"]), "which it has seen"), Mistake(_of(("valid",), ["accuracy"]), "the epoch was chosen"),
        Mistake(_by_class, "the mean of the classes"), Mistake(_of(accuracy=lambda found: 1 - found["accuracy"]), "of wrong ones"),
        Mistake(_of(accuracy=lambda found: 100 * found["accuracy"]), "accuracy is 86. In per cent"),
        Mistake(_of(accuracy=lambda found: 43), "how many are right"), Mistake(_of(accuracy=lambda found: 0.5), "Which share of"),
        Mistake(_of(low=_simple(-1), high=_simple(1)), "That is the simple interval"),
        Mistake(_of(low=lambda found: found["high"]), "That is the other end"),
        Mistake(_of(high=lambda found: found["low"]), "That is the other end"),
        Mistake(_of(low=lambda found: found["accuracy"]), "low is 0.86. That is the share itself"),
        Mistake(_of(high=lambda found: found["high"] - found["accuracy"]), "how far off it may be"),
        Mistake(_of(("train", "valid", "test"), ["low", "high"]), "That is of all pictures"),
        Mistake(_of(low=lambda found: wilson(43, 50, 0.9).low), "for 90 %"),
        Mistake(_of(high=lambda found: wilson(43, 50, 0.99).high), "for 99 %"),
        Mistake(_of(low=lambda found: 0.3), "95 % begin"), Mistake(_of(high=lambda found: 2), "95 % end"),
        Mistake(_of(low=lambda found: 100 * found["low"]), "In per cent"),
        Mistake(_of(few=_counted), "few is ['bee'], and a class with 0 test pictures is missing"),
        Mistake(_of(few=_at_most), "'dog' is among the few, and has 5"),
        Mistake(_of(few=_of_all), "few is [], and a class with 0"), Mistake(_of(few=_unsorted), "is asked for that is sorted"),
        Mistake(_of(few=lambda table, least: set(card_numbers(table, least)["few"])), "few is a set, which has no order"),
        Mistake(_of(few=_predicted_too), "'c' is among the few. It was predicted, and is nowhere a label."),
        Mistake(_of(few=lambda table, least: ["ant", "ant", "bee"]), "one stands there twice"),
        Mistake(_of(few=lambda table, least: 2), "expected few, a list of classes"),
        Mistake(_of(few=lambda table, least: "ant"), "few is ['ant'], and a class with 4"),
        Mistake(_in_place, "your function changed the table"), Mistake(_without_few, "'few' is missing"),
        Mistake(lambda table, least: {"accuracy": 0.86}, "'pictures' has no number"),
        Mistake(lambda table, least: 0.86, "expected a dictionary with"),
    ],
)  # fmt: skip
