"""Exercises 1 and 2: the four cells, and the class that is looked for."""

import math

from utils.exercises.precision_recall.said import number_or_nan
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, shown

# --- 1: four cells -------------------------------------------------------------------------------
FOUR = "four counts: TP, FP, FN, TN"
NAMES = ("TP", "FP", "FN", "TN")
# Labels, scores, the class and the threshold, on which the usual mistakes differ; in the first no two counts are
# equal, so that their order shows. Some scores are the threshold itself, on either side.
CASES = [
    (["logo", "cat", "logo", "dog", "dog", "logo", "cat", "dog", "logo", "cat"],
     [0.9, 0.7, 0.7, 0.2, 0.8, 0.1, 0.3, 0.4, 0.75, 0.6], "logo", 0.7),
    (["cat", "logo", "dog", "logo", "logo"], [0.25, 0.5, 0.5, 0.25, 1.0], "logo", 0.25),
    (["logo", "dog"], [0.4, 0.3], "logo", 0.5),
    (["logo", "dog", "dog", "cat", "dog", "logo", "dog"], [0.6, 0.5, 0.9, 0.2, 0.1, 0.8, 0.7], "dog", 0.5),
]  # fmt: skip


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
    for labels, scores, positive, threshold in CASES:
        given = list(labels), list(scores)
        got = [as_number(count, FOUR) for count in as_list(answer(*given, positive, threshold), FOUR)]
        if len(got) != 4:
            raise NotYet(f"expected {FOUR}, got {shown(got)}.")
        if got != list(four_cells(labels, scores, positive, threshold)):
            told = ", ".join(f"{name} {count:g}" for name, count in zip(NAMES, got))
            raise NotYet(f"scores {scores} of {labels}, {positive!r} is looked for, threshold {threshold}: you say {told}. "
                         f"{_which_cells(got, labels, scores, positive, threshold)}")  # fmt: skip


def _which_cells(got, labels, scores, positive, threshold):
    right = tp, fp, fn, tn = four_cells(labels, scores, positive, threshold)
    other_classes = {label for label in labels if label != positive}
    if sum(got) != len(labels):
        return f"These add up to {sum(got):g}, and there are {len(labels)} pictures."
    if got == [tp, fn, fp, tn]:
        return "A false positive was taken, a false negative was left: which is which?"
    if got == list(_of_the_rest(labels, scores, positive, threshold)):
        return f"Positive is what bears the label {positive!r}, not the rest."
    if sorted(got) == sorted(right):
        return "The numbers are right, their order is not: first TP, then FP, FN, TN."
    if got == list(_above(labels, scores, positive, threshold)):
        return "What about a score that is just the threshold?"
    counted = [name for name in sorted(other_classes) if got == list(four_cells(labels, scores, name, threshold))]
    if counted:
        return f"That is for {counted[0]!r}: which class is looked for?"
    return "Ask two things of each picture: was it taken, and is it of the class that is looked for?"


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


def _logos(labels, scores, positive, threshold):
    return four_cells(labels, scores, "logo", threshold)


def _score_is_enough(labels, scores, positive, threshold):
    taken = sum(score >= threshold for score in scores)
    return taken, 0, 0, len(scores) - taken


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
        Mistake(_of_taken_only, "add up to 6, and there are 10 pictures"),
        Mistake(_of_the_rest, "not the rest"),
        Mistake(_logos, "That is for 'logo'"),
        Mistake(lambda *arguments: four_cells(*arguments)[::-1], "their order is not"),
        Mistake(lambda *arguments: sorted(four_cells(*arguments)), "their order is not"),
        Mistake(_score_is_enough, "Ask two things of each picture"),
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
    (["others", "others"], ["others", "others"], "logo"),  # neither there nor predicted
]


def recall_of(labels, predicted, positive):
    """Of the pictures of the positive class the share that was predicted as it; math.nan where there are none."""
    there = [guess for label, guess in zip(labels, predicted) if label == positive]
    return there.count(positive) / len(there) if there else math.nan


def recall_of_number_1(labels, predicted, positive):
    """Of the pictures of the positive class the share that was predicted as it; math.nan where there are none."""
    number = {name: place for place, name in enumerate(sorted(set(labels) | set(predicted)))}
    hits = sum(number[label] == 1 and number[guess] == 1 for label, guess in zip(labels, predicted))
    there = sum(number[label] == 1 for label in labels)
    return hits / there if there else 0.0


def probe_recall_of(answer):
    for labels, predicted, positive in PREDICTED:
        right = recall_of(labels, predicted, positive)
        case = f"{positive!r} in {labels}, predicted as {predicted}"
        got = _recall_said(answer, labels, predicted, positive, case)
        if math.isnan(right) and not math.isnan(got):
            raise NotYet(
                f"{case}: there is no picture of {positive!r}, and you say that a share of {got:g} of them was found."
            )
        if not math.isnan(right) and not abs(got - right) < 1e-9:
            raise NotYet(f"{case}: you say {got:.3g}. {_which_recall(got, labels, predicted, positive)}")


def _recall_said(answer, labels, predicted, positive, case):
    try:
        got = answer(list(labels), list(predicted), positive)
    except Exception as error:
        if positive in labels:
            raise
        raise NotYet(
            f"{case}: there is no picture of {positive!r}, and your code raises {type(error).__name__}: {error}"
        ) from None
    return number_or_nan(got, "a share, or math.nan", defined=positive in labels)


def _which_recall(got, labels, predicted, positive):
    if math.isnan(got):
        return f"There are pictures of {positive!r}."
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


def _looked_up(labels, predicted, positive):
    number = {name: place for place, name in enumerate(sorted(set(labels) | set(predicted)))}
    there = [number[guess] for label, guess in zip(labels, predicted) if number[label] == number[positive]]
    return there.count(number[positive]) / len(there) if there else math.nan


def _divided_by_nothing(labels, predicted, positive):
    return sum(label == guess == positive for label, guess in zip(labels, predicted)) / labels.count(positive)


def _none_without(labels, predicted, positive):
    return recall_of(labels, predicted, positive) if positive in labels else None


def _nothing_returned(labels, predicted, positive):
    recall_of(labels, predicted, positive)


q2 = Question(
    number=2,
    reference=recall_of,
    probe=probe_recall_of,
    starter=recall_of_number_1,
    returns=False,
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
        Mistake(_looked_up, "there is no picture of 'logo', and your code raises KeyError"),
        Mistake(_divided_by_nothing, "there is no picture of 'logo', and your code raises ZeroDivisionError"),
        Mistake(_none_without, "return math.nan"),
        Mistake(_nothing_returned, "is there a return at its end"),
        Mistake(lambda labels, predicted, positive: math.nan, "There are pictures of 'logo'"),
        Mistake(lambda labels, predicted, positive: [recall_of(labels, predicted, positive)], "expected a share"),
    ],
)
