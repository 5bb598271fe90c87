"""Exercise 11: which sentences must stand among the limits of a card."""

from utils.exercises.question import Mistake, Question
from utils.exercises.your_own_pictures.letters import other_picks, pick

limits = ["a", "c", "d", "f"]
MUST = {
    "a": "whoever relies on how many screens are found would not learn how little is known of it.",
    "c": "whoever points a real phone at a real receipt would not learn that nobody has tried that.",
    "d": "whoever builds it into the office's programme would not learn what it must not be used for.",
    "f": "whoever gives it a picture of a cat would not learn what it makes of that.",
}
NEED_NOT = {
    "b": "that is how it was made, and whoever uses it is none the wiser about what it cannot do.",
    "e": "nobody has measured that: 87 % is how often it was right, and not how sure it is of paper or screen.",
    "g": "that belongs to the report. Whoever gets the file gets one network.",
    "h": "that is true of some pictures that came in, and of none that it was judged by: they were left out.",
}


def probe_limits(answer):
    pick(answer, MUST, NEED_NOT)


q11 = Question(
    number=11,
    reference=limits,
    probe=probe_limits,
    hints=[
        "A limit is something that would make somebody use the network otherwise, or not at all.",
        "Four of them. What is not known, where it was not tried, what it must not decide, and what it makes of a stranger.",
    ],
    why="A, c, d and f change what somebody does with the file. How long it was trained, what else was tried and which files were "
    "left out belong to the report. `model_card` writes some limits by itself; the purpose, which only you know, it asks for: "
    '`-p purpose "Puts photographs of screens aside for a clerk. It must not refuse a claim."`',
    mistakes=other_picks(MUST, NEED_NOT)
    + [Mistake("abcdefgh", "'b': that is how it was made"), Mistake("", "[] is not all of them"),
       Mistake("acd", "a picture of a cat"), Mistake("aacdf", "one stands twice"), Mistake("acdz", "expected letters"),
       Mistake(4, "expected a list of letters"), Mistake({"a": True}, "expected a list of letters")],
)  # fmt: skip
