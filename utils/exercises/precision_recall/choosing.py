"""Exercises 4 and 6: a threshold for a need, and one from costs."""

import math

import numpy as np

from utils.exercises.precision_recall.said import as_share
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# --- 4: enough of them ---------------------------------------------------------------------------
LOGO, REST = True, False
SETS = [  # (is it a logo, its score), in no order; wanted
    ([(LOGO, 0.9), (REST, 0.95), (LOGO, 0.3), (LOGO, 0.6), (REST, 0.2), (LOGO, 0.8), (LOGO, 0.1)], 0.8),
    ([(REST, 0.9), (LOGO, 0.4), (REST, 0.5), (LOGO, 0.7), (LOGO, 0.75), (REST, 0.05)], 0.6),
    ([(LOGO, 0.3), (LOGO, 0.8), (REST, 0.45), (LOGO, 0.55)], 0.4),
    ([(LOGO, 0.65), (LOGO, 0.2), (REST, 0.7), (LOGO, 0.75), (LOGO, 0.15), (LOGO, 0.5)], 0.5),
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
        given = {"is_positive": is_positive.copy(), "scores": scores.copy()}
        got = as_number(answer(*given.values(), at_least), "a threshold, a number")
        right = threshold_for(is_positive, scores, at_least)
        if got == right:
            for name, was in (("is_positive", is_positive), ("scores", scores)):
                if not np.array_equal(given[name], was):
                    raise NotYet(f"{len(rows)} pictures: the right threshold, but your function changed `{name}`, and whoever "
                                 "called it goes on with that. Change a copy.")  # fmt: skip
            continue
        logos, found = is_positive.sum(), int((scores[is_positive] >= got).sum())
        raise NotYet(f"{logos} logos, wanted a recall of {at_least:g}: from {got:.4g} on, logos taken: {found}. "
                     f"{_which_threshold(got, right, scores[is_positive], at_least)}")  # fmt: skip


def _which_threshold(got, right, of_logos, at_least):
    found = (of_logos >= got).sum()
    if found < round(at_least * len(of_logos), 9):
        return "That is too few."
    if math.ceil(at_least * len(of_logos)) == found > math.ceil(round(at_least * len(of_logos), 9)):
        return f"Print {at_least:g} * {len(of_logos)}: a computer's product is not always exact."
    if found > (of_logos >= right).sum():
        return "A higher threshold would do, with fewer false alarms."
    return "That is enough, and the threshold could be higher: it can be a score that a logo has."


def _by_quantile(is_positive, scores, at_least):
    return np.quantile(scores[is_positive], 1 - at_least)


def _sorting(is_positive, scores, at_least):
    right = threshold_for(is_positive, scores, at_least)
    scores.sort()
    return right


def _of_all(is_positive, scores, at_least):
    return np.sort(scores)[::-1][math.ceil(round(at_least * len(scores), 9)) - 1]


def _rounded_down(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    return found[max(int(at_least * len(found)) - 1, 0)]


def _nearest(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    return found[max(round(at_least * len(found)), 1) - 1]


def _halves_up(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    return found[max(int(at_least * len(found) + 0.5), 1) - 1]


def _inexact(is_positive, scores, at_least):
    found = np.sort(scores[is_positive])[::-1]
    return found[math.ceil(at_least * len(found)) - 1]


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
        Mistake(_of_all, "logos taken: "),
        Mistake(_rounded_down, "too few"),
        Mistake(_nearest, "3 logos, wanted a recall of 0.4: from 0.8 on, logos taken: 1. That is too few"),
        Mistake(_halves_up, "3 logos, wanted a recall of 0.4: from 0.8 on, logos taken: 1. That is too few"),
        Mistake(_inexact, "Print 0.07 * 100"),
        Mistake(_one_further, "fewer false alarms"),
        Mistake(_a_little_lower, "the threshold could be higher"),
        Mistake(lambda is_positive, scores, at_least: at_least, "logos taken: "),
        Mistake(lambda is_positive, scores, at_least: scores[is_positive], "expected a threshold"),
        Mistake(_sorting, "the right threshold, but your function changed `scores`"),
    ],
)

# --- 6: from costs -------------------------------------------------------------------------------
THRESHOLD = "a threshold, a number between 0 and 1"
threshold_from_costs = 2 / (2 + 38)


def probe_threshold_from_costs(answer):
    got = as_number(answer, THRESHOLD)
    if abs(got - threshold_from_costs) <= 0.0005:
        return
    usual = {
        "with that, letting a cracked disc pass would have to be the cheap mistake.": 38 / 40,
        "nearly: compare the cost of a second look with the cost of both mistakes together.": 2 / 38,
        "so it would be if both mistakes cost the same.": 0.5,
        "a threshold is a probability here, and no number of euros.": 38 / 2,
    }
    said = first_near(got, usual, "", abs_tol=0.0005)
    if not said:
        as_share(got, THRESHOLD)
    raise NotYet(f"{got:g}: {said or 'at which probability do both answers cost the same on average?'}")


q6 = Question(
    number=6,
    reference=threshold_from_costs,
    probe=probe_threshold_from_costs,
    hints=[
        "A disc has a crack with probability p. Taking it out costs 2 if it is sound: on average 2 (1 - p).",
        "Leaving it in costs 38 if it is cracked: on average 38 p. Where are the two equal?",
    ],
    why="2 (1 - p) = 38 p gives p = 2 / 40. So a disc is taken out at a suspicion of one in twenty, and most of those "
    "taken out will be sound: that is no fault of the model but what the costs ask for. It holds if the scores are "
    "calibrated; if not, search for the cheapest threshold on valid.",
    mistakes=[
        Mistake(0.95, "the cheap mistake"),
        Mistake(0.0526, "both mistakes together"),
        Mistake(0.5, "cost the same"),
        Mistake(19, "no number of euros"),
        Mistake(5, "If you mean per cent"),
        Mistake(95, "If you mean per cent"),
        Mistake(-2, "not between 0 and 1"),
        Mistake(0.2, "at which probability"),
        Mistake("low", "expected a threshold"),
    ],
)
