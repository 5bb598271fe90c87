"""Exercise 14: which number for which question."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

numbers = {"mammograms": "b", "letters": "c", "herbarium": "d", "two models": "e"}
NUMBERS = {
    "mammograms": {
        "a": "one in two hundred is ill: who calls all of them healthy is right 99.5 % of the time.",
        "c": "nothing is said about those that are overlooked, and they are what must not happen.",
        "d": "the healthy ones count for half of it, and nobody asked about them.",
        "e": "it is about all thresholds, and the clinic works with one.",
    },
    "letters": {
        "a": "nearly all posters are without the logo, and accuracy is about them.",
        "b": "it can be had by writing to everybody.",
        "d": "the class of posters without a logo counts for half of it.",
        "e": "it is about all thresholds, and letters go out at one.",
    },
    "herbarium": {
        "a": "two kinds in three hundred make up most of the sheets, and accuracy is about them.",
        "b": "of which kind? There are three hundred, all of them wanted.",
        "c": "of which kind? There are three hundred, all of them wanted.",
        "e": "it is for one class that is looked for.",
    },
    "two models": {
        "a": "it is for the threshold 0.5, which nobody is going to take, and for the commoner class.",
        "b": "at which threshold? Lower it, and any model has more of it.",
        "c": "at which threshold? Raise it, and most models have more of it.",
        "d": "it is for one threshold, and nobody knows yet which it will be.",
    },
}


def probe_numbers(answer):
    choose_each(answer, numbers, NUMBERS)


q14 = Question(
    number=14,
    reference=numbers,
    probe=probe_numbers,
    hints=[
        "Ask of each: which mistake hurts, a miss or a false alarm? Is one class looked for, or all of them?",
        "Accuracy is for classes of about the same size, of which none matters more. Is any of the four like that?",
        "If the threshold is not known yet, take the number that needs none.",
    ],
    why="First say which mistake hurts; the number follows. And say the other one with it: recall alone can be had by "
    "taking everything, precision alone by taking one.",
    mistakes=other_choices(numbers, NUMBERS)
    + [Mistake({"mammograms": "b"}, "'letters' has no letter"), Mistake("bcde", "expected a dictionary"),
       Mistake({**numbers, "letters": "f"}, "letters, expected one of")],
)  # fmt: skip
