"""Exercise 3: a warm-up, and half a wave after it."""

import math

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# (steps, steps of warm-up): among them none, one only, and as much warm-up as there can be.
ASKED = [(10, 3), (24, 4), (7, 0), (5, 1), (6, 5), (1, 0), (2, 1)]


def share_of_rate(step, steps, warmup):
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def probe_share_of_rate(answer):
    for steps, warmup in ASKED:
        for step in range(steps):
            case = f"step {step} of {steps}, warm-up {warmup}"
            got = as_number(asked(answer, case, step, steps, warmup), "a share of the rate, a number")
            if not abs(got - share_of_rate(step, steps, warmup)) < 1e-5:  # nan is refused too
                raise NotYet(f"{case}: you say {got:.4g}. {_which(got, step, steps, warmup)}")


def _which(got, step, steps, warmup):
    if got > 1 + 1e-5:
        return "A share of the highest rate is 1 at most."
    if got < 1e-5 and step == 0:
        return "A step at a rate of 0 is for nothing."
    if step < warmup:
        return first_near(got, _usual_rises(step, steps, warmup), "The warm-up rises in equal steps.", abs_tol=1e-5)
    if step == warmup:
        return "This is the first step after the warm-up: here the wave begins, at its highest."
    if got < 1e-5:
        return "The wave reaches 0 at the last step, which then is for nothing. It is to reach it one step later."
    otherwise = "Which part of the way from the end of the warm-up to the end of all steps is behind?"
    return first_near(got, _usual_falls(step, steps, warmup), otherwise, abs_tol=1e-5)


def _usual_rises(step, steps, warmup):
    return {
        "So the last step of the warm-up is at 1 already, and the first one after it too.": (step + 1) / warmup,
        "It begins at 0 then.": step / warmup,
        "Where is the warm-up?": _half_wave(step / steps),
        "In the warm-up the rate goes by the warm-up alone; here the wave lowers it already.":
            (step + 1) / (warmup + 1) * _half_wave(step / steps),
        "That does not rise.": 1.0,
    }  # fmt: skip


def _usual_falls(step, steps, warmup):
    done = (step - warmup) / (steps - warmup)
    return {
        "That is a straight line, not half a wave.": 1 - done,
        "That is constant.": 1.0,
        "So it is if the wave begins at step 0. It has the steps after the warm-up to itself.": _half_wave(step / steps),
        "That is the wave one step late.": _half_wave((step - warmup - 1) / (steps - warmup)),
        "That is the wave one step early.": _half_wave((step - warmup + 1) / (steps - warmup)),
        "So it would reach 0 before the end: over how many steps does the wave go?":
            _half_wave((step - warmup) / max(1, steps - warmup - 1)),
        "That is too slow: by the end it would not be down. Over how many steps does the wave go?":
            _half_wave((step - warmup) / steps),
        "That is a quarter of a wave: at the end it is steep.": math.cos(math.pi * done / 2),
        "That is the wave from 1 to -1: it is to go from 1 to 0.": math.cos(math.pi * done),
        "That is a whole wave: it comes back up.": 0.5 * (1 + math.cos(2 * math.pi * done)),
        "Cosine takes radians here, and 180 degrees are pi.": 0.5 * (1 + math.cos(180 * done)),
    }  # fmt: skip


def _half_wave(done):
    return 0.5 * (1 + math.cos(math.pi * done))


def _rising(rise):
    """A share_of_rate with another warm-up, (step, warmup)."""

    def share_of_warm_up(step, steps, warmup):
        return rise(step, warmup) if step < warmup else _half_wave((step - warmup) / (steps - warmup))

    return share_of_warm_up


def _falling(fall):
    """A share_of_rate with another way down, (step, steps, warmup)."""

    def share_of_wave(step, steps, warmup):
        return (step + 1) / (warmup + 1) if step < warmup else fall(step, steps, warmup)

    return share_of_wave


def _product(step, steps, warmup):
    return min(1, (step + 1) / (warmup + 1)) * _half_wave(step / steps)


def _to_the_last_step(step, steps, warmup):
    return _half_wave((step - warmup) / (steps - warmup - 1))


q3 = Question(
    number=3,
    reference=share_of_rate,
    probe=probe_share_of_rate,
    hints=[
        "Two cases: step < warmup, and all others. In the first, `warmup` steps and the one at 1 are warmup + 1 equal stairs.",
        "After the warm-up, which part of the way is behind? It is 0 at step == warmup and would be 1 at step == steps.",
        "The warm-up is a fraction of those stairs. Half a wave from 1 to 0 is (1 + cosine of a number from 0 to pi) / 2: which "
        "number belongs to the part of the way?",
        "(step + 1) / (warmup + 1), and 0.5 * (1 + math.cos(math.pi * done)) with done = (step - warmup) / (steps - warmup).",
    ],
    why="Counting fence posts, that is all: no step at a rate of 0 at either end, the highest rate once, and no division by 0 "
    "without a warm-up. A picture of the schedule before the training shows such mistakes at once.",
    mistakes=[
        Mistake(_rising(lambda step, warmup: step / warmup), "step 0 of 10, warm-up 3: you say 0. A step at a rate of 0"),
        Mistake(_rising(lambda step, warmup: (step + 1) / warmup), "at 1 already"),
        Mistake(_rising(lambda step, warmup: 1.0), "Where is the warm-up"),
        Mistake(_rising(lambda step, warmup: max(1 / (warmup + 1), float(step > 0))), "That does not rise"),
        Mistake(_rising(lambda step, warmup: (step + 1) / (warmup + 2)), "rises in equal steps"),
        Mistake(lambda step, steps, warmup: _half_wave(step / steps), "Where is the warm-up"),
        Mistake(lambda step, steps, warmup: (step + 1) / (warmup + 1), "1 at most"),
        Mistake(lambda step, steps, warmup: share_of_rate(step, steps, max(1, warmup)), "step 0 of 7, warm-up 0: you say 0.5"),
        Mistake(_product, "here the wave lowers it already"),
        Mistake(_falling(lambda step, steps, warmup: _half_wave(step / steps)), "the wave begins, at its highest"),
        Mistake(_falling(lambda step, steps, warmup: 1.0), "That is constant"),
        Mistake(_falling(lambda step, steps, warmup: 1 - (step - warmup) / (steps - warmup)), "a straight line"),
        Mistake(_falling(lambda step, steps, warmup: _half_wave((step - warmup) / steps)), "too slow"),
        Mistake(_falling(lambda step, steps, warmup: _half_wave((step - warmup + 1) / (steps - warmup))), "begins, at its highest"),
        Mistake(_falling(_to_the_last_step), "So it would reach 0 before the end"),
        Mistake(_falling(lambda step, steps, warmup: _half_wave((step - warmup) / max(1, steps - warmup - 1))), "before the end"),
        Mistake(_falling(lambda step, steps, warmup: math.cos(math.pi * (step - warmup) / (steps - warmup))), "from 1 to -1"),
        Mistake(_falling(lambda step, steps, warmup: math.cos(math.pi / 2 * (step - warmup) / (steps - warmup))), "a quarter of"),
        Mistake(_falling(lambda step, steps, warmup: 0.5 * (1 + math.cos(180 * (step - warmup) / (steps - warmup)))), "radians"),
        Mistake(lambda step, steps, warmup: 0.5 + 0.001 * step, "The warm-up rises in equal steps"),
        Mistake(lambda step, steps, warmup: max(share_of_rate(step, steps, warmup), 0.1), "Which part of the way"),
        Mistake(lambda step, steps, warmup: [1.0], "expected a share"),
    ],
)  # fmt: skip
