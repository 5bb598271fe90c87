"""Exercise 12: how far a loss can fall that applies a softmax to a softmax."""

import math

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

lowest_loss = math.log(math.e + 9) - 1


def probe_lowest_loss(answer):
    got = as_number(answer, "the loss, a number")
    if abs(got - lowest_loss) <= 0.01:
        return
    usual = {
        "that is for logits as they should be, without bound. Here the loss takes ten numbers between 0 and 1 for logits.": 0,
        "that is the loss of a network that knows nothing of ten classes.": math.log(10),
        "that is the probability which the second softmax gives to the right class; the loss is minus its logarithm.":
            math.e / (math.e + 9),
        "that is for a network that is sure of a wrong class.": math.log(math.e + 9),
        "the second softmax sees 1 and nine times 0: each 0 counts too, as exp(0).": -1,
        "that is for other classes than ten, or is there one 0 too many?": math.log(math.e + 10) - 1,
        "that is the logarithm to the base 10.": -math.log10(math.e / (math.e + 9)),
        "so many for two classes.": math.log(math.e + 1) - 1,
        "the loss is *minus* the logarithm.": 1 - math.log(math.e + 9),
    }  # fmt: skip
    otherwise = "write down the ten numbers that the loss takes for logits, and apply its softmax to them."
    raise NotYet(f"{got:g}: {first_near(got, usual, otherwise, abs_tol=0.006)}")


q12 = Question(
    number=12,
    reference=lowest_loss,
    probe=probe_lowest_loss,
    hints=[
        "The network gives 1 for the right class and 0 for the nine others. The loss takes these for logits: what does its "
        "softmax make of them?",
        "exp(1) / (exp(1) + 9 * exp(0)) is the probability of the right class. The loss is minus its natural logarithm.",
        "-math.log(math.e / (math.e + 9))",
    ],
    why="1.46 is what such a network can reach at best, where one that knows nothing has 2.30. It learns, slowly and not "
    "far, and many take that for a hard data set. In PyTorch a network gives logits; softmax belongs to the loss, and to "
    "what you show to people.",
    mistakes=[
        Mistake(0, "without bound"),
        Mistake(2.303, "knows nothing of ten classes"),
        Mistake(0.232, "minus its logarithm"),
        Mistake(2.461, "sure of a wrong class"),
        Mistake(-1, "each 0 counts too"),
        Mistake(1.543, "one 0 too many"),
        Mistake(0.6345, "to the base 10"),
        Mistake(0.3133, "for two classes"),
        Mistake(-1.461, "*minus* the logarithm"),
        Mistake(1, "write down the ten numbers"),
        Mistake("low", "expected the loss"),
    ],
)
