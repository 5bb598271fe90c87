"""Exercise 13: how many pictures it takes to tell two models apart."""

from utils.evaluation.intervals import wilson
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number

FOUND, SCREENS = (16, 17), 18
times_needed = next(
    times for times in range(1, 1000) if wilson(16 * times, 18 * times).high < wilson(17 * times, 18 * times).low
)


def probe_times_needed(answer):
    got = as_number(answer, "how many times as many screens, a whole number")
    if got != times_needed:
        raise NotYet(f"{got:g} times: {_which(got)}")


def _which(got):
    if not 1 <= got < 10_000 or got != int(got):
        return "a whole number, and not too large. 1 would say that the screens that there are will do."
    times = int(got)
    if times == SCREENS * times_needed:
        return "that is how many screens; asked is how many times as many."
    worse, better = (wilson(times * found, times * SCREENS) for found in FOUND)
    digits = next(digits for digits in range(3, 18) if round(worse.high, digits) != round(better.low, digits))
    ends = [f"{end:.{digits}f}" for end in (worse.low, worse.high, better.low, better.high)]
    told = (f"{times * FOUND[0]:,} and {times * FOUND[1]:,} of {times * SCREENS:,} have the intervals {ends[0]} to {ends[1]} "
            f"and {ends[2]} to {ends[3]}.")  # fmt: skip
    return f"{told} {'That is apart, and fewer would do.' if worse.high < better.low else 'Those overlap.'}"


q13 = Question(
    number=13,
    reference=times_needed,
    probe=probe_times_needed,
    hints=[
        "wilson(16, 18) gives an interval with .low and .high. Print it for both models, then for 160 and 170 of 180.",
        "Let a loop go up from 1. The two are apart when the better one's lower end lies above the worse one's upper end.",
        "wilson(16 * times, 18 * times).high < wilson(17 * times, 18 * times).low is what has to become true.",
    ],
    why="16 of 18 may be anything from 0.67 to 0.97, 17 of 18 from 0.74 to 0.99: one screen says nothing, and it takes 396 "
    "to show a difference as large as this one. Two intervals that do not touch are a strict test. McNemar's, with both "
    "models on the same pictures, needs fewer (lesson 06); of a single picture it makes nothing either.",
    mistakes=[
        Mistake(1, "16 and 17 of 18 have the intervals 0.672 to 0.969 and 0.742 to 0.990. Those overlap"),
        Mistake(396, "that is how many screens"),
        Mistake(4, "Those overlap"),  # the worse one's interval ends below the share that the better one found
        Mistake(7, "Those overlap"),  # the better one's begins above the share that the worse one found
        # What simple intervals give; three digits would not show that these overlap.
        Mistake(21, "336 and 357 of 378 have the intervals 0.8532 to 0.9167 and 0.9166 to 0.9634. Those overlap"),
        Mistake(23, "fewer would do"),
        Mistake(100, "1,600 and 1,700 of 1,800"),
        Mistake(21.5, "a whole number"),
        Mistake(0, "a whole number"),
        Mistake("many", "expected how many times"),
    ],
)
