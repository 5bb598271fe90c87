"""Exercises 9 and 10: the likeliest class of a picture, and a picture of none."""

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, choose
from utils.exercises.values import shown

# --- 9: the likeliest ----------------------------------------------------------------------------


def likeliest(probabilities):
    """The class with the largest probability."""
    return max(probabilities, key=probabilities.get)


CASES = [
    {"cat": 0.2, "dog": 0.7, "owl": 0.1},
    {"cat": 0.5, "dog": 0.3, "owl": 0.2},
    {"zebra": 0.05, "owl": 0.3, "ant": 0.41, "cow": 0.24},  # none is above one half
]


def probe_likeliest(answer):
    for probabilities in CASES:
        got, right = asked(answer, shown(probabilities), dict(probabilities)), likeliest(probabilities)
        if not isinstance(got, str):
            raise NotYet(f"{shown(probabilities)}: expected the name of a class, got {shown(got)}.")
        if got != right:
            raise NotYet(f"{shown(probabilities)}: you say {shown(got)}. {_which_class(got, probabilities)}")


def _which_class(got, probabilities):
    if got not in probabilities:
        return "That is none of the classes."
    if got == min(probabilities, key=probabilities.get):
        return "That is the one that it believes in least."
    return "Another class has a larger probability."


def _first_above_half(probabilities):
    return next((name for name, value in probabilities.items() if value >= 0.5), "none")


q9 = Question(
    number=9,
    reference=likeliest,
    probe=probe_likeliest,
    hints=[
        "A loop will do: go through `probabilities.items()`, and keep the name with the largest number so far.",
        "Or in one line: `max(probabilities, key=...)` takes the name for which the key is largest. Without a key it "
        "compares the names.",
    ],
    why="That is all there is to a decision: the class with the largest probability, even where it is small. That 0.41 "
    "became *ant* cannot be seen in the answer; so keep the probabilities.",
    mistakes=[
        Mistake(lambda probabilities: max(probabilities), "believes in least"),
        Mistake(lambda probabilities: min(probabilities, key=probabilities.get), "believes in least"),
        Mistake(lambda probabilities: next(iter(probabilities)), "Another class has a larger"),
        Mistake(lambda probabilities: max(probabilities.values()), "expected the name of a class"),
        Mistake(_first_above_half, "none of the classes"),
        Mistake(
            lambda each: next(name for name in each if each[name] > 0.5), "'owl': 0.2}: your code raised StopIteration"
        ),
        Mistake(lambda probabilities: sorted(probabilities), "expected the name of a class"),
    ],
)

# --- 10: a picture of none -----------------------------------------------------------------------
it_says = "c"
FEEDBACK = {
    "a": "it has no class of that name: nobody has taught it one.",
    "b": "it knows of no cars, so what should the error be about? To it a picture is a picture.",
    "d": "they always sum to 1, so somebody gets something.",
}


def probe_it_says(answer):
    choose(answer, it_says, FEEDBACK)


q10 = Question(
    number=10,
    reference=it_says,
    probe=probe_it_says,
    hints=[
        "Remember the temple and the flower in section 6 of the lesson.",
        "Which answers can it give at all? It has one number for each class, and they are made to sum to 1.",
    ],
    why="What it was not taught it answers all the same, now and then with 0.97. Before a model meets the world, ask what it "
    "will be shown that it does not know.",
    mistakes=[Mistake(letter, words) for letter, words in FEEDBACK.items()] + [Mistake("e", "expected one of")],
)
