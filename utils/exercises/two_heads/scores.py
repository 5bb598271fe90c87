"""Exercise 3: pictures that a head is not asked about do not count in its scores."""

import math

import torch

from utils.data.loaders import IGNORE
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

# Targets and predictions of pictures; class 1 is looked for. To ignored pictures the head says something, too.
JUDGED = [
    ([1, 1, 0, 0, 1, IGNORE, IGNORE, IGNORE, 0], [1, 0, 0, 1, 1, 1, 0, 1, 0]),
    ([0, IGNORE, 1, IGNORE, 0, 1], [1, 1, 1, 1, 0, 1]),
    ([0, 1, IGNORE, 0], [0, 0, 1, 0]),  # class 1 is said of an ignored picture only
    ([IGNORE, IGNORE], [0, 1]),
]
RATES = ("accuracy", "precision")


def head_scores(targets, predicted):
    """{"accuracy": number, "precision": number} of class 1, without ignored pictures; nan where none are left."""
    known = targets != IGNORE
    targets, predicted = targets[known], predicted[known]
    right = (predicted == targets).float()
    return {"accuracy": right.mean().item(), "precision": right[predicted == 1].mean().item()}


def head_scores_of_all(targets, predicted):
    """{"accuracy": number, "precision": number} of class 1, without ignored pictures; nan where none are left."""
    right = (predicted == targets).float()
    return {"accuracy": right.mean().item(), "precision": right[predicted == 1].mean().item()}


def probe_head_scores(answer):
    for targets, predicted in JUDGED:
        case = f"targets {targets}, predicted {predicted}"
        said = asked(answer, case, torch.tensor(targets), torch.tensor(predicted))
        got = as_numbers(said, RATES, 'a dictionary {"accuracy": number, "precision": number}', "a number or math.nan")
        right = head_scores(torch.tensor(targets), torch.tensor(predicted))
        for rate in RATES:
            both_nan = math.isnan(got[rate]) and math.isnan(right[rate])
            if not abs(got[rate] - right[rate]) < 1e-6 and not both_nan:
                raise NotYet(f"{case}: {rate}, {got[rate]:.3g}. "
                             f"{_which_rate(rate, got[rate], right[rate], targets, predicted)}")  # fmt: skip


def _which_rate(rate, got, right, targets, predicted):
    pairs = list(zip(targets, predicted))
    considered = [pair for pair in pairs if rate == "accuracy" or pair[1] == 1]
    known = [pair for pair in considered if pair[0] != IGNORE]
    if math.isnan(right):
        return "Of the pictures that it was asked about " + (
            "there is none." if rate == "accuracy" else "it says 1 of none: which share of them is right, nobody knows.")  # fmt: skip
    if math.isnan(got):
        return "There are pictures to take a share of."
    hits, ignored = sum(target == guess for target, guess in known), len(considered) - len(known)
    usual = {
        "So it is if ignored pictures count as wrong.": hits / len(considered),
        "So it is if ignored pictures count as right.": (hits + ignored) / len(considered),
        "So it is if ignored pictures count as class 0.":
            sum(max(target, 0) == guess for target, guess in considered) / len(considered),
        "That is the recall: of those that are 1, the share that is found.": _recall(pairs),
        "In per cent? A share is from 0 to 1.": 100 * right,
    }  # fmt: skip
    return first_near(got, usual, "Which pictures are counted, and which of them are right?", abs_tol=1e-6)


def _recall(pairs):
    found = [guess == 1 for target, guess in pairs if target == 1]
    return sum(found) / len(found) if found else math.nan


def _scores_with(change):
    """The scores of other targets and predictions than those that are given."""
    return lambda targets, predicted: head_scores_of_all(*change(targets, predicted))


def _nan_as_0(targets, predicted):
    return {rate: 0.0 if math.isnan(score) else score for rate, score in head_scores(targets, predicted).items()}


def _recall_too(targets, predicted):
    scores = head_scores(targets, predicted)
    return scores | {"precision": _recall(list(zip(targets.tolist(), predicted.tolist())))}


def _accuracy_only(targets, predicted):
    return {
        "accuracy": head_scores(targets, predicted)["accuracy"],
        "precision": head_scores_of_all(targets, predicted)["precision"],
    }


def _by_division(targets, predicted):
    pairs = [pair for pair in zip(targets.tolist(), predicted.tolist()) if pair[0] != IGNORE]
    taken = [target for target, guess in pairs if guess == 1]
    right = sum(target == guess for target, guess in pairs)
    return {"accuracy": right / len(pairs), "precision": sum(taken) / len(taken)}


q3 = Question(
    number=3,
    reference=head_scores,
    probe=probe_head_scores,
    starter=head_scores_of_all,
    hints=[
        "A prediction is never equal to IGNORE. So what does an ignored picture count as, in a comparison with ==?",
        "Take the same mask as for the loss, targets != IGNORE, and with it both the targets and the predictions.",
        "The mask goes before the counting, both times. Nothing needs to be done for nan: the mean of no numbers is nan "
        "in torch.",
    ],
    why="A head answers every picture, also those it was never asked about: a bag of crisps is paper or a screen to it. "
    "Counted, such an answer is always a mistake, and the more crisps there are, the worse the head seems. Recall "
    "does not show it, since an ignored picture is no screen.",
    mistakes=[
        Mistake(_scores_with(lambda targets, predicted: (targets.clamp(min=0), predicted)), "count as class 0"),
        Mistake(_scores_with(lambda targets, predicted: (torch.where(targets == IGNORE, predicted, targets), predicted)),
                "count as right"),
        Mistake(_accuracy_only, "precision, 0.4. So it is if ignored pictures count as wrong"),
        Mistake(_nan_as_0, "precision, 0. Of the pictures that it was asked about it says 1 of none"),
        Mistake(lambda targets, predicted: {rate: 100 * score for rate, score in head_scores(targets, predicted).items()},
                "In per cent? A share is from 0 to 1."),
        Mistake(_recall_too, "That is the recall"),
        Mistake(_scores_with(lambda targets, predicted: (targets[targets == 1], predicted[targets == 1])), "Which pictures are"),
        Mistake(lambda targets, predicted: head_scores(targets, predicted)["accuracy"], "expected a dictionary"),
        Mistake(_by_division, "targets [0, 1, -100, 0], predicted [0, 0, 1, 0]: your code raised ZeroDivisionError"),
        Mistake(lambda targets, predicted: {"accuracy": 1.0}, "'precision' has no number"),
        Mistake(lambda targets, predicted: dict.fromkeys(RATES, math.nan), "There are pictures to take a share of"),
        Mistake(lambda targets, predicted: dict.fromkeys(RATES, 0.123), "Which pictures are counted"),
    ],
)  # fmt: skip
