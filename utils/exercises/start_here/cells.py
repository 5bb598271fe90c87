"""Exercise 2: the order in which cells were run."""

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number

RUN = "ABBABC"  # which cells, in which order
printed = 15
# What else it might be, and what was thought.
SLIPS = {
    10: "The second cell was run after the first one, too.",
    20: "How often was the second cell run since the first one ran last?",
    25: "The first cell was run twice. What does it do to `count`?",
    30: "The first cell sets `count`, it does not add to it. What is it after the last run of that cell?",
    5: "Before five is added there is something in `count` already.",
}


def probe_printed(answer):
    got = as_number(answer)
    if got != printed:
        raise NotYet(
            f"not {got:g}. {SLIPS.get(got, 'Go through the runs one by one, and write down `count` after each.')}"
        )


q2 = Question(
    number=2,
    reference=printed,
    probe=probe_printed,
    hints=[
        "Write down the six runs, and beside each what `count` is after it.",
        "The first cell does not care what was before: after it, `count` is 10, also the second time.",
    ],
    why="After A, B, B `count` is 20, then A sets it to 10 again, and one more B makes 15. The page looks the same all the "
    "while. That is why one restarts the kernel and runs all cells before one believes a notebook.",
    mistakes=[Mistake(value, words) for value, words in SLIPS.items()]
    + [Mistake(0, "one by one"), Mistake("fifteen", "expected a number")],
)
