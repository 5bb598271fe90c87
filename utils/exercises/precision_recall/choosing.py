"""Exercises 4 to 6: a threshold for a need, on which pictures it is chosen, and one from costs."""

import math

import numpy as np

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# --- 4: enough of them ---------------------------------------------------------------------------
LOGO, REST = True, False
SETS = [  # (is it a logo, its score), in no order; wanted
    ([(LOGO, 0.9), (REST, 0.95), (LOGO, 0.3), (LOGO, 0.6), (REST, 0.2), (LOGO, 0.8), (LOGO, 0.1)], 0.8),
    ([(REST, 0.9), (LOGO, 0.4), (REST, 0.5), (LOGO, 0.7), (LOGO, 0.75), (REST, 0.05)], 0.6),
    ([(LOGO, 0.35), (REST, 0.6), (LOGO, 0.85), (REST, 0.1)], 1.0),
    ([(LOGO, 1 - number / 128) for number in range(100)] + [(REST, 0.99)], 0.07),
]


def threshold_for(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    enough = math.ceil(round(at_least * len(found), 9))
    return found[enough - 1]


def probe_threshold_for(answer):
    for rows, at_least in SETS:
        is_positive, scores = (np.array(column) for column in zip(*rows))
        got = as_number(answer(is_positive, scores, at_least), "a threshold, a number")
        right = threshold_for(is_positive, scores, at_least)
        if got == right:
            continue
        found = int((scores[is_positive] >= got).sum())
        case = (
            f"{is_positive.sum()} logos, wanted a recall of {at_least:g}: from {got:.4g} on, {found} of them are taken"
        )
        if not found >= round(at_least * is_positive.sum(), 9):
            raise NotYet(f"{case}. That is too few.")
        if found > (scores[is_positive] >= right).sum():
            raise NotYet(f"{case}. A higher threshold would do, with fewer false alarms.")
        raise NotYet(f"{case}. That is right, and the threshold could be higher: it can be a score that a logo has.")


def _by_quantile(is_positive, scores, at_least):
    return np.quantile(scores[is_positive], 1 - at_least)


def _of_all(is_positive, scores, at_least):
    return np.sort(scores)[::-1][math.ceil(round(at_least * len(scores), 9)) - 1]


def _rounded_down(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    return found[max(int(at_least * len(found)) - 1, 0)]


def _one_further(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    return found[min(math.ceil(at_least * len(found)), len(found) - 1)]


def _a_little_lower(is_positive, scores, at_least):
    return threshold_for(is_positive, scores, at_least) - 1e-3


q4 = Question(
    number=4,
    reference=threshold_for,
    probe=probe_threshold_for,
    hints=[
        "Only the scores of the logos matter for recall. Sort them, the highest first.",
        "Of 5 logos a recall of 0.8 wants 4: the threshold is the fourth score. Of 3 a recall of 0.6 wants 1.8, so 2.",
        "math.ceil rounds up. But 0.07 * 100 is 7.000000000000001 to a computer: round(..., 9) first.",
    ],
    why="The threshold is a score that a logo has, with all its digits: rounded up, it would lose that very logo, and "
    "a quantile lies between two scores and promises a recall that no count has.",
    mistakes=[
        Mistake(_by_quantile, "it can be a score that a logo has"),
        Mistake(_of_all, "of them are taken"),
        Mistake(_rounded_down, "too few"),
        Mistake(_one_further, "fewer false alarms"),
        Mistake(_a_little_lower, "the threshold could be higher"),
        Mistake(lambda is_positive, scores, at_least: at_least, "of them are taken"),
        Mistake(lambda is_positive, scores, at_least: scores[is_positive], "expected a threshold"),
    ],
)

# --- 5: who chooses, who judges ------------------------------------------------------------------


def recall_to_report(valid, test, at_least):
    """The recall on test at the highest threshold that reaches at_least; each set is (is_positive, scores)."""
    is_positive, scores = valid
    found = np.sort(scores[is_positive])[::-1]
    threshold = found[int(np.ceil(at_least * len(found))) - 1]
    is_positive, scores = test
    return (scores[is_positive] >= threshold).mean()


def recall_to_be_proud_of(valid, test, at_least):
    """The recall on test at the highest threshold that reaches at_least; each set is (is_positive, scores)."""
    is_positive, scores = test
    found = np.sort(scores[is_positive])[::-1]
    threshold = found[int(np.ceil(at_least * len(found))) - 1]
    return (scores[is_positive] > threshold - 1e-9).mean()


def probe_recall_to_report(answer):
    for seed, at_least in ((0, 0.75), (1, 0.5), (2, 0.875)):
        valid, test = _two_sets(seed)
        got = as_number(answer(valid, test, at_least), "a recall, a number between 0 and 1")
        right = recall_to_report(valid, test, at_least)
        if abs(got - right) < 1e-9:
            continue
        reason = "So many pictures were not found; try the steps one by one."
        if math.isclose(got, recall_to_be_proud_of(valid, test, at_least)):
            reason = "So it comes out if test chooses its own threshold."
        elif math.isclose(got, recall_to_report(valid, valid, at_least)):
            reason = "That is on valid, which chose the threshold to look good on it."
        elif math.isclose(got, recall_to_report(test, valid, at_least)):
            reason = "Which of the two sets chooses, and which one judges?"
        raise NotYet(f"wanted {at_least:g}, and you report {got:.3g}. {reason}")


def _two_sets(seed):
    """Valid and test: in test the logos score a little lower."""
    rng = np.random.default_rng(seed)
    there, in_test = np.arange(48) % 3 == 0, np.arange(45) % 3 == 0  # 16 and 15 logos: what test chooses shows
    valid = there, np.round(np.where(there, 0.45, 0.1) + rng.random(48) / 2, 2)
    test = in_test, np.round(np.where(in_test, 0.3, 0.1) + rng.random(45) / 2, 2)
    return valid, test


def _test_alone(valid, test, at_least):
    return recall_to_report(valid, valid, at_least)


def _exchanged(valid, test, at_least):
    return recall_to_report(test, valid, at_least)


def _of_all_pictures(valid, test, at_least):
    is_positive, scores = valid
    threshold = threshold_for(is_positive, scores, at_least)
    return (test[1] >= threshold).mean()


q5 = Question(
    number=5,
    reference=recall_to_report,
    probe=probe_recall_to_report,
    starter=recall_to_be_proud_of,
    hints=[
        "Which set does the code take the threshold from? Where is `valid` used at all?",
        "Take the threshold from valid. Then count, among the positive pictures of test, those with score >= threshold.",
    ],
    why="A threshold that test chose for itself reaches the need on test by construction, and says nothing about new "
    "pictures. Chosen on valid, the recall on test may fall short: that is the number a customer will see.",
    mistakes=[
        Mistake(_test_alone, "which chose the threshold to look good"),
        Mistake(_exchanged, "which one judges"),
        Mistake(_of_all_pictures, "try the steps one by one"),
        Mistake(lambda valid, test, at_least: at_least, "you report 0.75"),
        Mistake(lambda valid, test, at_least: "0.75", "expected a recall"),
    ],
)

# --- 6: from costs -------------------------------------------------------------------------------
threshold_from_costs = 2 / (2 + 38)


def probe_threshold_from_costs(answer):
    got = as_number(answer, "a threshold, a number between 0 and 1")
    if abs(got - threshold_from_costs) <= 0.0005:
        return
    usual = {
        "with that, letting a cracked part pass would have to be the cheap mistake.": 38 / 40,
        "nearly: compare the cost of a check with the cost of both mistakes together.": 2 / 38,
        "so it would be if both mistakes cost the same.": 0.5,
        "a threshold is a probability, and no number of euros.": 38 / 2,
    }
    otherwise = "at which probability do both answers cost the same on average?"
    raise NotYet(f"{got:g}: {first_near(got, usual, otherwise, abs_tol=0.0005)}")


q6 = Question(
    number=6,
    reference=threshold_from_costs,
    probe=probe_threshold_from_costs,
    hints=[
        "A part has a crack with probability p. Taking it out costs 2 if it was sound: on average 2 (1 - p).",
        "Letting it pass costs 38 if it was cracked: on average 38 p. Where are the two equal?",
    ],
    why="2 (1 - p) = 38 p gives p = 2 / 40. So a part goes to the bench at a suspicion of one in twenty, and most of "
    "those taken out will be sound: that is no fault of the model but what the costs ask for. It holds if the scores "
    "are calibrated; if not, search for the cheapest threshold on valid.",
    mistakes=[
        Mistake(0.95, "the cheap mistake"),
        Mistake(0.0526, "both mistakes together"),
        Mistake(0.5, "cost the same"),
        Mistake(19, "no number of euros"),
        Mistake(0.2, "at which probability"),
        Mistake("low", "expected a threshold"),
    ],
)
