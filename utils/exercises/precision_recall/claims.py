"""Exercises 12 and 13: was it luck, and what may be promised."""

from utils.exercises.precision_recall.said import as_share
from utils.exercises.question import Mistake, NotYet, Question, choose, first_near

# --- 12: coins -----------------------------------------------------------------------------------
p_value = 2 * (1 + 10 + 45) / 2**10


def probe_p_value(answer):
    got = as_share(answer, "a probability, a number between 0 and 1")
    if abs(got - p_value) <= 0.002:
        return
    usual = {
        "that is for one side; two heads would be as uneven as eight.": p_value / 2,
        "that is eight heads exactly; nine and ten are more uneven still.": 45 / 1024,
        "that is eight or two heads exactly; and what of the still more uneven ones?": 90 / 1024,
        "that is a share of the pictures; which of them are coins?": 0.03,
        "that is the share of heads.": 0.8,
    }
    otherwise = "ten fair coins: how often do eight or more fall alike?"
    raise NotYet(f"{got:g}: {first_near(got, usual, otherwise, abs_tol=0.0015)}")


q12 = Question(
    number=12,
    reference=p_value,
    probe=probe_p_value,
    hints=[
        "The 190 pictures on which both are right or both wrong say nothing. Ten are left, each a fair coin if neither "
        "model is better.",
        "How often do ten coins show 8, 9 or 10 heads? And 0, 1 or 2? math.comb(10, 8) / 2**10 is one of the six parts.",
    ],
    why="Ten coins fall at least as unevenly as eight to two in about eleven of a hundred tries. Three points of accuracy "
    "on 200 pictures are no proof; on 2,000 pictures with 20 against 80 they would be.",
    mistakes=[
        Mistake(0.0547, "that is for one side"),
        Mistake(0.0439, "eight heads exactly"),
        Mistake(0.0879, "eight or two heads"),
        Mistake(0.03, "a share of the pictures"),
        Mistake(0.8, "the share of heads"),
        Mistake(0.5, "ten fair coins"),
        Mistake(10.9, "If you mean per cent"),
        Mistake(112, "not between 0 and 1"),
        Mistake("small", "expected a probability"),
    ],
)

# --- 13: the lawyer calls ------------------------------------------------------------------------
what_to_do = "b"
LAWYER = {
    "a": "then test has chosen, and the 0.95 on it is worth what the 0.95 on valid was worth.",
    "c": "half of that number comes from the pictures that chose, which flatter.",
    "d": "which labels are wrong is for people to say who look at all bad cases, not only at those that hurt.",
}


def probe_what_to_do(answer):
    choose(answer, what_to_do, LAWYER)


q13 = Question(
    number=13,
    reference=what_to_do,
    probe=probe_what_to_do,
    hints=[
        "Which pictures have been looked at to choose something, in each of the four ways?",
        "A set that chose cannot judge. Which way leaves a set that has chosen nothing?",
    ],
    why="0.92 is what the lawyer will see. A margin is bought on valid, and judged by pictures that have chosen "
    "nothing yet. If 81 of 88 taken pictures were right, that is 0.92, and the interval goes from 0.84 to 0.96 anyway.",
    mistakes=[Mistake(letter, words) for letter, words in LAWYER.items()]
    + [Mistake("0.95", "expected one of 'a', 'b'")],
)
