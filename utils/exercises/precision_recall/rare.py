"""Exercise 3: what a rare class does to precision."""

from utils.exercises.precision_recall.said import as_share
from utils.exercises.question import Mistake, NotYet, Question, first_near

precision_when_rare = 0.9 * 1 / (0.9 * 1 + 0.05 * 99)


def probe_precision_when_rare(answer):
    got = as_share(answer, "a share, a number between 0 and 1")
    if abs(got - precision_when_rare) <= 0.005:
        return
    usual = {
        "that is the recall.": 0.9,
        "that is the share of the rest that is left alone.": 0.95,
        "that would be so if there were as many logos as others.": 0.9 / 0.95,
        "that is the share of all posters that is taken.": 0.9 * 0.01 + 0.05 * 0.99,
        "so large is the part of the taken that is wrong.": 1 - precision_when_rare,
        "and how many of the 99 others in a hundred are taken?": 0.01,
        "that is the share of the others that is taken.": 0.05,
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
        Mistake(0.947, "as many logos as others"),
        Mistake(90 / 95, "as many logos as others"),
        Mistake(0.05, "of the others that is taken"),
        Mistake(0.0585, "of all posters that is taken"),
        Mistake(0.85, "part of the taken that is wrong"),
        Mistake(0.01, "of the 99 others"),
        Mistake(15, "If you mean per cent"),
        Mistake(585, "not between 0 and 1"),
        Mistake(0.5, "take 10,000 posters"),
        Mistake("most", "expected a share"),
    ],
)
