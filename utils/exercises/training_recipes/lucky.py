"""Exercise 19: how much of the best of many is luck."""

import numpy as np

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

luck_of_the_best = np.random.default_rng(0).normal(0, 0.02, (10_000, 20)).max(axis=1).mean()
WITHIN = 0.001  # so far off are the means of a few hundred sweeps; guesses, and what is rounded to two digits, lie farther off


def probe_luck_of_the_best(answer):
    got = as_number(answer, "how much, a number")
    if abs(got - luck_of_the_best) <= WITHIN:
        return
    otherwise = (
        "how far out is the largest of twenty numbers that are drawn by chance, on the average over many sweeps?"
    )
    raise NotYet(f"{got:g}: {first_near(got, USUAL_LUCK, otherwise, rel_tol=0.02, abs_tol=1e-4)}")


USUAL_LUCK = {
    "that would be so of the mean of all twenty, or of one that is drawn beforehand. The best one is picked afterwards.": 0.0,
    "about so far lies any single one. The best of twenty lies farther out.": 0.02,
    "that is the mean distance of any single one. The best of twenty lies farther out.": 0.016,
    "so uncertain is the mean of all twenty.": 0.02 / np.sqrt(20),
    "so uncertain is the mean of all twenty, divided once more.": 0.02 / 20,
    "that is so for the best of two.": 0.02 / np.sqrt(np.pi),
    "that is twenty times the spread: does luck add up, or is one of twenty picked?": 0.4,
    "that is the spread times the root of 20: luck of a sum, and one of twenty is picked.": 0.02 * np.sqrt(20),
    "so much is it in one sweep, the first of that rng. How much is it on the average over many?": 0.0261,
    "that is three spreads: so much is it for the best of several hundred.": 0.06,
    "that is from the worst of the twenty to the best.": 0.0747,
    "one in twenty single numbers lies above that, on the average; and how far out is the largest of twenty?": 0.0329,
    "a guess, or a count that was rounded? Three decimal places are asked for.": 0.04,
    "that is in spreads. How much is it in accuracy?": 1.87,
    "that is in points, it seems; the spread of 0.02 is a share of 1.": 3.74,
    "that is the accuracy of the best. How far is it above what it really is?": 0.937,
    "that is the real accuracy of all.": 0.9,
}  # fmt: skip


q19 = Question(
    number=19,
    reference=luck_of_the_best,
    probe=probe_luck_of_the_best,
    hints=[
        "Draw twenty numbers with a mean of 0 and a spread of 0.02, and look at the largest. Then do that many times over.",
        "rng.normal(0, 0.02, (10_000, 20)) is ten thousand sweeps at once, a row each. The best of each row is .max(axis=1).",
        "And of these the mean.",
    ],
    why="Nearly two spreads, out of nothing: all twenty are the same. The more you try, the more of it you get; of 100 settings it "
    "is two and a half spreads. So what chose must not be what is reported: valid chooses, and test, which had no say, is "
    "asked of that one alone. More seeds a setting make the spread of their means smaller, and the luck with it.",
    mistakes=[Mistake(value, words) for words, value in USUAL_LUCK.items()]
    + [Mistake(value, f"{value:g}: how far out is the largest") for value in (0.025, 0.03, 0.045, 0.05, -0.037, float("nan"))]
    + [Mistake("two spreads", "expected how much")],
)  # fmt: skip
