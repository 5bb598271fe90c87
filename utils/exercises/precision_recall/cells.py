"""Exercises 1 to 3: the four cells, the class that is looked for, and what a rare class does to precision."""

import math

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_list, as_number, shown

# --- 1: four cells -------------------------------------------------------------------------------
FOUR = "four counts: TP, FP, FN, TN"
# Labels and scores on which the usual mistakes differ; one score is the threshold itself, on either side.
CASES = [
    (["logo", "cat", "logo", "dog", "dog", "logo", "cat", "dog"], [0.9, 0.7, 0.7, 0.2, 0.8, 0.1, 0.3, 0.4], 0.7),
    (["cat", "logo", "dog", "logo", "logo"], [0.25, 0.5, 0.5, 0.25, 1.0], 0.25),
    (["logo", "dog"], [0.4, 0.3], 0.5),
]


def four_cells(labels, scores, positive, threshold):
    tp = fp = fn = tn = 0
    for label, score in zip(labels, scores):
        taken = score >= threshold
        tp += taken and label == positive
        fp += taken and label != positive
        fn += not taken and label == positive
        tn += not taken and label != positive
    return tp, fp, fn, tn


def probe_four_cells(answer):
    for labels, scores, threshold in CASES:
        got = [as_number(count, FOUR) for count in as_list(answer(labels, scores, "logo", threshold), FOUR)]
        if len(got) != 4:
            raise NotYet(f"expected {FOUR}, got {shown(got)}.")
        right = list(four_cells(labels, scores, "logo", threshold))
        if got != right:
            told = ", ".join(f"{name} {count:g}" for name, count in zip(("TP", "FP", "FN", "TN"), got))
            raise NotYet(
                f"scores {scores} of {labels}, threshold {threshold}: you say {told}. {_which_cells(got, right)}"
            )


def _which_cells(got, right):
    if sum(got) != sum(right):
        return f"There are {sum(right)} pictures."
    if got == [right[0], right[2], right[1], right[3]]:
        return "A false positive was taken, a false negative was left: which is which?"
    return "What about a score that is just the threshold, and which class is looked for?"


def _above(labels, scores, positive, threshold):
    return four_cells(labels, scores, positive, threshold + 1e-9)


def _swapped(labels, scores, positive, threshold):
    tp, fp, fn, tn = four_cells(labels, scores, positive, threshold)
    return tp, fn, fp, tn


def _of_taken_only(labels, scores, positive, threshold):
    tp, fp, fn, _ = four_cells(labels, scores, positive, threshold)
    return tp, fp, fn, 0


def _of_the_rest(labels, scores, positive, threshold):
    return four_cells(["rest" if label == positive else positive for label in labels], scores, positive, threshold)


q1 = Question(
    number=1,
    reference=four_cells,
    probe=probe_four_cells,
    hints=[
        "Two yes-or-no questions about each picture: was it taken (score >= threshold)? Is it of the positive class?",
        "zip(labels, scores) gives the pairs. Count those that were taken and are positive, taken and are not, and so on.",
    ],
    why="Every number of this lesson comes from these four. A score that is just the threshold counts as taken: one "
    "convention, everywhere, or two programs give two recalls for one table.",
    mistakes=[
        Mistake(_above, "just the threshold"),
        Mistake(_swapped, "which is which"),
        Mistake(_of_taken_only, "There are 8 pictures"),
        Mistake(_of_the_rest, "which class is looked for"),
        Mistake(lambda *arguments: four_cells(*arguments)[:3], "expected four counts"),
        Mistake(lambda *arguments: dict(zip("abcd", four_cells(*arguments))), "expected four counts"),
    ],
)

# --- 2: the recall of the other class ------------------------------------------------------------
PREDICTED = [
    (["logo"] * 4 + ["others"] * 5, ["logo", "logo", *["others"] * 6, "logo"], "logo"),
    (["cat", "dog", "dog", "owl", "dog"], ["cat", "dog", "cat", "dog", "dog"], "dog"),
    (["cat", "dog", "owl", "owl", "dog", "owl"], ["owl", "dog", "owl", "dog", "owl", "owl"], "owl"),
    (["others", "others"], ["logo", "others"], "logo"),
]


def recall_of(labels, predicted, positive):
    """Of the pictures of the positive class the share that was predicted as it; nan where there are none."""
    there = [guess for label, guess in zip(labels, predicted) if label == positive]
    return there.count(positive) / len(there) if there else math.nan


def recall_of_number_1(labels, predicted, positive):
    """Of the pictures of the positive class the share that was predicted as it; nan where there are none."""
    number = {name: place for place, name in enumerate(sorted(set(labels) | set(predicted)))}
    hits = sum(number[label] == 1 and number[guess] == 1 for label, guess in zip(labels, predicted))
    there = sum(number[label] == 1 for label in labels)
    return hits / there if there else 0.0


def probe_recall_of(answer):
    for labels, predicted, positive in PREDICTED:
        got = as_number(answer(list(labels), list(predicted), positive), "a share, or nan")
        right = recall_of(labels, predicted, positive)
        if math.isnan(right) and not math.isnan(got):
            raise NotYet(f"there is no picture of {positive!r}, and you say that a share of {got:g} of them was found.")
        if not math.isnan(right) and not abs(got - right) < 1e-9:
            raise NotYet(f"{positive!r} in {labels}, predicted as {predicted}: you say {got:.3g}. "
                         f"{_which_recall(got, labels, predicted, positive)}")  # fmt: skip


def _which_recall(got, labels, predicted, positive):
    others = {name for name in labels if name != positive and math.isclose(got, recall_of(labels, predicted, name))}
    if others:
        return f"Is that the recall of {sorted(others)[0]!r}?"
    return "Divide by the pictures that are there, not by those that were predicted or by all."


def _precision_of(labels, predicted, positive):
    return recall_of(predicted, labels, positive)


def _zero_without(labels, predicted, positive):
    return recall_of(labels, predicted, positive) if positive in labels else 0.0


def _of_all(labels, predicted, positive):
    hits = sum(label == guess == positive for label, guess in zip(labels, predicted))
    return hits / len(labels) if positive in labels else math.nan


q2 = Question(
    number=2,
    reference=recall_of,
    probe=probe_recall_of,
    starter=recall_of_number_1,
    hints=[
        "Which class has the number 1 here, when the names are sorted? Where does the code look at `positive`?",
        "Compare names, and no numbers are needed. For the last line: of no pictures, which share was found?",
        "math.nan says that there is no answer. 0.0 says that all were missed, which is something else.",
    ],
    why="Sorted by name, `logo` comes before `others` and is number 0; for three classes number 1 is the one in the "
    "middle. Nothing crashes: the code reports how well another class is found. A class is named, never numbered.",
    mistakes=[
        Mistake(_precision_of, "Divide by the pictures that are there"),
        Mistake(_zero_without, "there is no picture of 'logo'"),
        Mistake(_of_all, "or by all"),
        Mistake(lambda labels, predicted, positive: recall_of(labels, predicted, "others"), "the recall of 'others'"),
        Mistake(lambda labels, predicted, positive: [recall_of(labels, predicted, positive)], "expected a share"),
    ],
)

# --- 3: rare -------------------------------------------------------------------------------------
precision_when_rare = 0.9 * 1 / (0.9 * 1 + 0.05 * 99)


def probe_precision_when_rare(answer):
    got = as_number(answer, "a share, a number between 0 and 1")
    if not 0 <= got <= 1:
        raise NotYet(f"{got:g} is not between 0 and 1. As a share, please: 0.5 for half of them.")
    if abs(got - precision_when_rare) <= 0.005:
        return
    usual = {
        "that is the recall.": 0.9,
        "that is the share of the rest that is left alone.": 0.95,
        "that would be so if there were as many logos as others.": 0.9 / 0.95,
        "that is the share of all posters that is taken.": 0.9 * 0.01 + 0.05 * 0.99,
        "so large is the part of the taken that is wrong.": 1 - precision_when_rare,
        "and how many of the 99 others in a hundred are taken?": 0.01,
    }
    otherwise = "take 10,000 posters and count who is taken."
    raise NotYet(f"{got:g}: {first_near(got, usual, otherwise, abs_tol=0.005)}")


q3 = Question(
    number=3,
    reference=precision_when_rare,
    probe=probe_precision_when_rare,
    hints=[
        "Take 10,000 posters: 100 bear the logo, 9,900 do not. How many of each kind are taken?",
        "90 logos and 495 others are taken. Which share of the taken is right?",
    ],
    why="One alarm in six or seven is right, from a model that sounds excellent on both counts: a few per cent of very "
    "many are many. The same model among as many logos as others has a precision of 0.95. Precision belongs to a model "
    "*and* to how rare the class is where it is used.",
    mistakes=[
        Mistake(0.9, "that is the recall"),
        Mistake(0.95, "is left alone"),
        Mistake(0.0585, "of all posters that is taken"),
        Mistake(0.85, "part of the taken that is wrong"),
        Mistake(0.01, "of the 99 others"),
        Mistake(15, "not between 0 and 1"),
        Mistake(0.5, "take 10,000 posters"),
        Mistake("most", "expected a share"),
    ],
)
