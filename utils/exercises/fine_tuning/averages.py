"""Exercises 9 and 10: BatchNorm's running averages, and what it looks like when they have not arrived."""

from utils.exercises.question import Mistake, NotYet, Question, choose, first_near
from utils.exercises.values import as_number

# --- 9: how far an average gets ------------------------------------------------------------------
SEEN, MOMENTUM, STEPS = 10, 0.01, 60
running_mean = 10 * (1 - 0.99**60)


def probe_running_mean(answer):
    got = as_number(answer, "where the average stands, a number")
    if abs(got - running_mean) <= 0.1:
        return
    usual = {
        "that is where it stands after the first step.": MOMENTUM * SEEN,
        "so it would have arrived; after one step it has gone a hundredth of the way.": SEEN,
        "each step takes a hundredth of what is still missing, and that gets less.": STEPS * MOMENTUM * SEEN,
        "that is how much is still missing.": SEEN - running_mean,
        "that is for the momentum of most other networks, 0.1.": SEEN * (1 - 0.9**STEPS),
        "that is the share of the way; where does it stand?": running_mean / SEEN,
    }
    otherwise = "compute the first three steps, then look for the rule."
    raise NotYet(f"{got:g}: {first_near(got, usual, otherwise, abs_tol=0.006)}")


q9 = Question(
    number=9,
    reference=running_mean,
    probe=probe_running_mean,
    hints=[
        "After the first step it is 0.99 * 0 + 0.01 * 10 = 0.1. A loop of 60 rounds will do.",
        "What is missing shrinks to 0.99 of itself at each step: after 60 steps 0.99**60 of it is left.",
    ],
    why="After 60 steps the average has not gone half of the way. With PyTorch's usual momentum of 0.1 it stands at "
    "9.98. torchvision gives MobileNetV3 0.01, which suits the hundreds of thousands of steps it was trained for.",
    mistakes=[
        Mistake(0.1, "after the first step"),
        Mistake(10, "would have arrived"),
        Mistake(6.0, "what is still missing"),
        Mistake(5.47, "how much is still missing"),
        Mistake(9.98, "for the momentum of most other networks"),
        Mistake(0.453, "the share of the way"),
        Mistake(3, "the first three steps"),
        Mistake("half", "where the average stands"),
    ],
)

# --- 10: what is the matter? ---------------------------------------------------------------------
cause = "c"
CAUSES = {
    "a": "a network that has learned its training pictures by heart knows them in eval mode too.",
    "b": "then the training pictures, whose labels are the ones it learned, would still score well in eval mode.",
    "d": "with such steps the loss would not fall, and the accuracy in train mode would not be what it is.",
}


def probe_cause(answer):
    choose(answer, cause, CAUSES)


q10 = Question(
    number=10,
    reference=cause,
    probe=probe_cause,
    hints=[
        "The same weights and the same pictures score .98 and .10: only the mode is another one. Which of the four has "
        "to do with the mode?",
        "In train mode BatchNorm takes the mean of the batch, in eval mode its running average: see exercise 9.",
    ],
    why="Score the training pictures in eval mode: that one line tells overfitting from averages that have not "
    "arrived. With momentum 0.1 the same weights gave .860 on valid. `build` of this course sets 0.1 everywhere.",
    mistakes=[Mistake(letter, words) for letter, words in CAUSES.items()] + [Mistake("BatchNorm", "expected one of")],
)
