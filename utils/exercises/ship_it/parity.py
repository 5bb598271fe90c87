"""Exercise 2: the same answers, by probability and by decision."""

import numpy as np

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.ship_it.arrays import arrays_unchanged, as_pair

PAIR = "two numbers, the worst difference and a share"
NAN = float("nan")
# wanted, given: the largest difference lies below, then above; decisions change where hardly anything differs; nan.
ANSWERS = {
    "five pictures": ([[0.7, 0.2, 0.1], [0.24, 0.6, 0.16], [0.32, 0.28, 0.4], [0.45, 0.5, 0.05], [0.2, 0.5, 0.3]],
                      [[0.72, 0.19, 0.09], [0.1, 0.62, 0.28], [0.3, 0.36, 0.34], [0.48, 0.47, 0.05], [0.2, 0.42, 0.38]]),
    "two pictures": ([[0.5, 0.3, 0.2], [0.6, 0.25, 0.15]], [[0.42, 0.25, 0.33], [0.6, 0.25, 0.15]]),
    "one picture": ([[0.9, 0.1]], [[0.896, 0.104]]),
    "the same numbers": ([[0.25, 0.75], [0.6, 0.4]], [[0.25, 0.75], [0.6, 0.4]]),
    "nan for the class that is wanted": ([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [NAN, 0.2], [0.3, 0.7]]),
    "nan for all classes of one picture": ([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8]],
                                          [[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [NAN, NAN], [0.2, 0.8]]),
    "nan in the last picture, for another class": ([[0.6, 0.4], [0.7, 0.3]], [[0.6, 0.4], [0.7, NAN]]),
    "nothing but nan": ([[0.6, 0.4], [0.2, 0.8]], [[NAN, NAN], [NAN, NAN]]),
}  # fmt: skip


def same_answers(wanted, given):
    worst = np.abs(given - wanted).max()  # nan as soon as one is nan
    same = (given.argmax(axis=1) == wanted.argmax(axis=1)) & ~np.isnan(given).any(axis=1)
    return worst, same.mean()


def probe_same_answers(answer):
    for case, pair in ANSWERS.items():
        wanted, given = (np.array(rows, np.float32) for rows in pair)
        with arrays_unchanged(case, {"wanted": wanted, "given": given}), np.errstate(all="ignore"):
            worst, share = as_pair(asked(answer, case, wanted, given), case, PAIR)
            right = [float(value) for value in same_answers(*(np.array(rows, np.float32) for rows in pair))]
            _check_worst(worst, right, wanted, given, case)
            _check_share(share, right[1], wanted, given, case)


def _check_worst(worst, right, wanted, given, case):
    if np.isnan(right[0]):
        if np.isfinite(worst):
            raise NotYet(f"{case}: the worst difference is {worst:.3g}, you say, and how far off is a nan? Whoever holds your number "
                         "against a limit must not find it small enough.")  # fmt: skip
        return
    if not np.isfinite(worst):
        raise NotYet(f"{case}: the worst difference is {worst}, you say, and each of these numbers is there.")
    if not abs(worst - right[0]) < 1e-5:
        differences = given.astype(float) - wanted
        usual = {
            "That is the share: the worst difference comes first.": right[1] if right[1] != right[0] else NAN,
            "That is the mean of all differences; one wrong answer among many right ones hardly moves it.":
                np.abs(differences).mean(),
            "So it is if only what is too high counts: too low is a difference as well.": differences.max(),
            "So it is if only what is too low counts: too high is a difference as well.": (-differences).max(),
            "That is the lowest, with its sign.": differences.min(),
            "That is the sum of a picture's differences.": np.abs(differences).sum(axis=1).max(),
            "That is the sum of all differences.": np.abs(differences).sum(),
            "So far apart are the largest probabilities of a picture. The other classes count too.":
                np.abs(given.max(axis=1) - wanted.max(axis=1)).max(),
            "That is the worst of the means of the pictures.": np.abs(differences).mean(axis=1).max(),
            "That is squared.": (differences**2).max(),
            "In per cent? A probability is from 0 to 1.": 100 * right[0],
        }  # fmt: skip
        otherwise = "Over all pictures and all classes: how far are the two numbers apart?"
        raise NotYet(
            f"{case}: the worst difference is {worst:.3g}, you say. {first_near(worst, usual, otherwise, abs_tol=1e-5)}"
        )


def _check_share(share, right, wanted, given, case):
    if abs(share - right) < 1e-5:
        return
    same = given.argmax(axis=1) == wanted.argmax(axis=1)
    usual = {
        "A picture with nan counts as decided alike here, and it has no decision.": same.mean(),
        "Pictures with nan are left out, as if they had not been asked about.":
            same[~np.isnan(given).any(axis=1)].mean() if not np.isnan(given).any(axis=1).all() else NAN,
        "That is the share of the pictures whose decision has changed.": 1 - right,
        "That is how many, and not which share of them.": right * len(wanted),
        "That is how many have changed.": (1 - right) * len(wanted),
        "In per cent? A share is from 0 to 1.": 100 * right,
        "That is the share of single numbers that are alike. A decision is the class with the largest one.":
            np.isclose(given, wanted).mean(),
        "That is the share of pictures of which all numbers are alike. A decision is the class with the largest one.":
            np.isclose(given, wanted).all(axis=1).mean(),
        "That is, for each class, whether it has its largest number at the same picture.":
            (given.argmax(axis=0) == wanted.argmax(axis=0)).mean(),
    }  # fmt: skip
    otherwise = "Of how many pictures is the class with the largest probability the same?"
    raise NotYet(
        f"{case}: the same decision for a share of {share:.3g}, you say. {first_near(share, usual, otherwise, abs_tol=1e-5)}"
    )


def _of(
    worst=lambda wanted, given: np.abs(given - wanted).max(), share=lambda wanted, given: same_answers(wanted, given)[1]
):
    """A same_answers with one of its two parts done otherwise."""
    return lambda wanted, given: (worst(wanted, given), share(wanted, given))


def _argmax(axis=1):
    return lambda wanted, given: (given.argmax(axis=axis) == wanted.argmax(axis=axis)).mean()


def _known_only(wanted, given):
    known = ~np.isnan(given).any(axis=1)
    return (given[known].argmax(axis=1) == wanted[known].argmax(axis=1)).mean() if known.any() else 1.0


def _zeros_for_nan(wanted, given):
    return same_answers(wanted, np.nan_to_num(given))


def _in_place(wanted, given):
    same = (given.argmax(axis=1) == wanted.argmax(axis=1)).mean()
    given -= wanted
    return np.abs(given).max(), same


q2 = Question(
    number=2,
    reference=same_answers,
    probe=probe_same_answers,
    hints=[
        "The worst difference is over all pictures and all classes: np.abs(given - wanted), and of that the largest. "
        "The share is a mean of True and False.",
        "np.max of numbers with a nan is nan; np.nanmax and Python's max are not so strict. argmax of a row with nan is the place of "
        "the nan, which can be the wanted one.",
        "~np.isnan(given).any(axis=1) says which pictures have a decision at all: those and the same class, (a == b) & those.",
    ],
    why="Probabilities tell of a mistake before a decision changes, and decisions tell whether a difference matters: look at both. "
    "nan compares as False with everything, so a check written as `if worst > limit: raise` lets it pass; `if not worst <= limit` "
    "does not. Half-precision files really give nan, where a number in between outgrows 65,504.",
    mistakes=[
        Mistake(_of(lambda wanted, given: np.abs(given - wanted).mean()), "the mean of all differences"),
        Mistake(_of(lambda wanted, given: (given - wanted).max()), "only what is too high counts"),
        Mistake(_of(lambda wanted, given: (wanted - given).max()), "two pictures: the worst difference is 0.08, you say. So it is if only what is too low"),
        Mistake(_of(lambda wanted, given: (wanted - given).min()), "five pictures: the worst difference is -0.12"),
        Mistake(_of(lambda wanted, given: (given - wanted).min()), "with its sign"),
        Mistake(_of(lambda wanted, given: np.abs(given - wanted).sum(axis=1).max()), "the sum of a picture's"),
        Mistake(_of(lambda wanted, given: np.abs(given - wanted).sum()), "the sum of all"),
        Mistake(_of(lambda wanted, given: np.abs(given - wanted).mean(axis=1).max()), "worst of the means"),
        Mistake(_of(lambda wanted, given: ((given - wanted) ** 2).max()), "squared"),
        Mistake(_of(lambda wanted, given: 100 * np.abs(given - wanted).max()), "In per cent? A prob"),
        Mistake(_of(lambda wanted, given: np.nanmax(np.abs(given - wanted), initial=0)), "how far off is a nan"),
        Mistake(_of(lambda wanted, given: max([0.0, *np.abs(given - wanted).ravel()])), "how far off is a nan"),
        Mistake(_of(lambda wanted, given: np.abs(given - wanted)[np.arange(len(wanted)), wanted.argmax(axis=1)].max()),
                "five pictures: the worst difference is 0.08"),
        Mistake(_of(lambda wanted, given: np.abs(given - wanted).max().round(2)), "one picture: the worst difference is 0,"),
        Mistake(_of(share=_argmax()), "counts as decided alike"), Mistake(_of(share=_argmax(0)), "at the same picture"),
        Mistake(_of(share=_known_only), "are left out"), Mistake(_zeros_for_nan, "how far off is a nan"),
        Mistake(_of(share=lambda wanted, given: 1 - same_answers(wanted, given)[1]), "decision has changed"),
        Mistake(_of(share=lambda wanted, given: same_answers(wanted, given)[1] * len(given)), "and not which share"),
        Mistake(_of(share=lambda wanted, given: 100 * same_answers(wanted, given)[1]), "In per cent? A share"),
        Mistake(_of(share=lambda wanted, given: np.isclose(wanted, given).mean()), "single numbers that are alike"),
        Mistake(_of(share=lambda wanted, given: np.isclose(wanted, given).all(axis=1).mean()), "share of pictures of which all"),
        Mistake(_of(share=lambda wanted, given: (1 - same_answers(wanted, given)[1]) * len(given)), "how many have changed"),
        Mistake(_of(share=lambda wanted, given: ((wanted > 0.5) == (given > 0.5)).all(axis=1).mean()), "Of how many pictures"),
        Mistake(lambda wanted, given: same_answers(wanted, given)[::-1], "the worst difference comes first"),
        Mistake(_in_place, "your function changed `given`"),
        Mistake(lambda wanted, given: set(same_answers(wanted, given)), "a set has no order"),
        Mistake(lambda wanted, given: same_answers(wanted, given)[0], "expected two numbers"),
        Mistake(_of(lambda wanted, given: float("inf")), "each of these numbers is there"),
        Mistake(lambda wanted, given: (0.1, 0.2, 0.3), "expected two numbers"),
    ],
)  # fmt: skip
