"""Exercises 10 and 11: measuring how long a model takes, and choosing by it."""

import itertools
import statistics

import torch
from torch import nn

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, shown

# --- 10: how long does it take? ------------------------------------------------------------------
WARM_UP, SLOW_START, RUNS = 3, 9.0, 10
SECONDS = (0.02, 0.01, 0.03, 0.02, 0.5)  # again and again: its median is that of any ten in a row


def latency(model, images, runs, clock):
    """Seconds that the model takes for these images: the median of so many runs."""
    was_training = model.training
    model.eval()
    seconds = []
    with torch.inference_mode():
        for number in range(3 + runs):
            start = clock()
            model(images)
            if number >= 3:
                seconds.append(clock() - start)
    model.train(was_training)
    return statistics.median(seconds)


def latency_of_a_cold_start(model, images, runs, clock):
    """Seconds that the model takes for these images: the median of so many runs."""
    start = clock()
    for _ in range(runs):
        model(images)
    return (clock() - start) / runs


class SlowAtFirst(nn.Module):
    """A model and its clock: the first passes are slow, train mode and gradients make each pass slower."""

    def __init__(self):
        super().__init__()
        self.now, self.passes, self.seconds = 0.0, 0, itertools.cycle(SECONDS)
        self.in_train_mode = self.with_gradients = False

    def forward(self, images):
        self.passes += 1
        self.in_train_mode |= self.training
        self.with_gradients |= torch.is_grad_enabled()
        self.now += SLOW_START if self.passes <= WARM_UP else next(self.seconds)
        return images


def probe_latency(answer):
    for mode in (True, False):
        model = SlowAtFirst().train(mode)
        images, case = torch.zeros(1, 3, 8, 8), f"a model in {'train' if mode else 'eval'} mode, {RUNS} runs"
        got = as_number(asked(answer, case, model, images, RUNS, lambda model=model: model.now), "seconds, a number")
        if model.passes < RUNS + WARM_UP:
            raise NotYet(f"the model was asked {model.passes} times; {RUNS} runs are to be timed, after {WARM_UP} that do "
                         "not count.")  # fmt: skip
        if model.in_train_mode:
            raise NotYet("it was timed in train mode, where BatchNorm and dropout do other work than in use.")
        if model.with_gradients:
            raise NotYet("it was timed while gradients were recorded, which nobody needs in use.")
        if not abs(got - statistics.median(SECONDS)) < 1e-6:
            raise NotYet(f"the passes took {', '.join(f'{1000 * value:g}' for value in SECONDS)} ms, again and again, after "
                         f"{WARM_UP} slow ones, and you say {1000 * got:.4g} ms. {_which_seconds(got)}")  # fmt: skip
        if model.training != mode:
            raise NotYet(f"the model came in {'train' if mode else 'eval'} mode and has another one now.")


def _which_seconds(got):
    usual = {
        "Seconds, please: that is a thousand times too many.": 1000 * statistics.median(SECONDS),
        "That is the mean; one odd run in five has spoilt it.": statistics.mean(SECONDS),
        "That is the quickest.": min(SECONDS),
        "That is the slowest.": max(SECONDS),
        "That is the sum of all runs.": sum(SECONDS) * RUNS / len(SECONDS),
    }
    otherwise = "Are the slow ones among them? Or is that the time of all?" if got > 1 else "What is in the middle?"
    return first_near(got, usual, otherwise, abs_tol=1e-6)


def _timed(summary, warmup=WARM_UP, evaluates=True, restores=True, records=False):
    """A latency that does one thing otherwise."""

    def latency(model, images, runs, clock):
        was_training, seconds = model.training, []
        model.train(model.training and not evaluates)
        with torch.set_grad_enabled(records):
            for number in range(warmup + runs):
                start = clock()
                model(images)
                seconds += [clock() - start] if number >= warmup else []
        model.train(was_training if restores else False)
        return summary(seconds)

    return latency


def _without_gradients_for_good(model, images, runs, clock):
    torch.set_grad_enabled(False)
    return latency(model, images, runs, clock)


q10 = Question(
    number=10,
    reference=latency,
    probe=probe_latency,
    starter=latency_of_a_cold_start,
    hints=[
        "Five things: three passes that do not count, a clock around each pass, the median, eval mode, no gradients.",
        "Inside the loop: start = clock(), model(images), then append clock() - start to a list. statistics.median takes a "
        "list.",
        "model.eval() and with torch.inference_mode(): before the loop; keep model.training beforehand, and give it back "
        "with model.train(...) at the end.",
    ],
    why="The mean of a cold start was nearly three seconds for a model that takes 20 ms. Published tables of speed have "
    "been made that way. On a GPU one more line is needed: wait for it before reading the clock.",
    mistakes=[
        Mistake(_timed(statistics.median, warmup=0), "was asked 10 times"),
        Mistake(_timed(statistics.median, evaluates=False), "timed in train mode"),
        Mistake(_timed(statistics.median, records=True), "gradients were recorded"),
        Mistake(_timed(statistics.mean), "That is the mean"),
        Mistake(_timed(min), "the quickest"),
        Mistake(_timed(max), "the slowest"),
        Mistake(_timed(sum), "the sum of all runs"),
        Mistake(_timed(statistics.median, restores=False), "has another one now"),
        Mistake(_timed(lambda seconds: 1000 * statistics.median(seconds)), "Seconds, please"),
        Mistake(_timed(lambda seconds: sum(seconds) + SLOW_START), "Are the slow ones among them"),
        Mistake(_without_gradients_for_good, "switches gradients off, and not on again"),
        Mistake(_timed(str), "expected seconds"),
    ],
)

# --- 11: the largest that fits -------------------------------------------------------------------
# milliseconds, budget, which one, and what to say to whom another one fits too
LARGER = "a larger one than that fits too."
BUDGETS = [
    ({"b0": 21, "b1": 36, "b2": 47, "b3": 84}, 50, "b2", LARGER),
    ({"b3": 88, "b0": 20, "b4": 190, "b1": 35, "b2": 91}, 92, "b3", "b2 was slower than b3 on that day; which is the largest that fits?"),
    ({"b3": 84, "b0": 20, "b2": 95}, 90, "b3", "b2 does not fit, and b3 does; the machine was busy for a moment."),
    ({"b5": 400, "b1": 35, "b0": 20}, 35, "b1", "a budget of 35 ms allows 35 ms."),
    ({"b0": 20, "b1": 35}, 1000, "b1", "all of them fit."),
    ({"b0": 20, "b1": 35}, 10, None, "none of them fits."),
]  # fmt: skip


def largest_within(milliseconds, budget):
    """The largest variant whose time is within the budget; None where there is none."""
    fitting = [name for name, value in milliseconds.items() if value <= budget]
    return max(fitting, default=None)  # "b0" to "b7": in the order of the alphabet, which is that of size


def probe_largest_within(answer):
    for milliseconds, budget, right, reason in BUDGETS:
        case = f"{shown(milliseconds)} ms, budget {budget} ms"
        got = asked(answer, case, dict(milliseconds), budget)
        if got is None and right is not None:
            raise NotYet(f"{case}: your function returned None. Is there a return at its end? There is one that fits.")
        if not (got is None or (isinstance(got, str) and got in milliseconds)):
            raise NotYet(f"{case}: expected the name of a variant, or None, got {shown(got)}.")
        if got != right:
            raise NotYet(f"{case}: you choose {got}; {_which_variant(got, right, milliseconds, budget, reason)}")


def _which_variant(got, right, milliseconds, budget, reason):
    """What speaks against it: its time, or a larger one, for which there may be a reason of its own."""
    if got is not None and milliseconds[got] > budget:
        return f"it takes {milliseconds[got]} ms, and {budget} are allowed{'' if right else ': none of them fits'}."
    usual = (
        _slowest(milliseconds, budget),
        _until_one_does_not_fit(milliseconds, budget),
        _strictly(milliseconds, budget),
    )
    return reason if got in usual else LARGER


def _slowest(milliseconds, budget):
    fitting = {name: value for name, value in milliseconds.items() if value <= budget}
    return max(fitting, key=fitting.get, default=None)


def _until_one_does_not_fit(milliseconds, budget):
    found = None
    for name in sorted(milliseconds):
        if milliseconds[name] > budget:
            break
        found = name
    return found


def _strictly(milliseconds, budget):
    return max((name for name, value in milliseconds.items() if value < budget), default=None)


def _always_one(milliseconds, budget):
    return largest_within(milliseconds, budget) or min(milliseconds)


q11 = Question(
    number=11,
    reference=largest_within,
    probe=probe_largest_within,
    returns=False,
    hints=[
        "First those that fit: a list of names whose milliseconds are at most the budget. Then the largest of them.",
        'The largest is the one with the highest number, not the one with the longest time. As texts, "b0" < "b1" < ... < '
        '"b7", so max(names) finds it.',
        "max([], default=None) is None.",
    ],
    why="Measured times are noisy, so the order by time need not be the order by size. And the empty case is an answer "
    "too: where nothing fits, somebody has to be told.",
    mistakes=[
        Mistake(lambda milliseconds, budget: min(milliseconds), "you choose b0; a larger one than that fits too"),
        Mistake(lambda milliseconds, budget: max(milliseconds), "you choose b3; it takes 84 ms, and 50 are allowed"),
        Mistake(_slowest, "which is the largest that fits"),
        Mistake(_strictly, "35 ms allows 35 ms"),
        Mistake(_until_one_does_not_fit, "b2 does not fit, and b3 does"),
        Mistake(_always_one, "none of them fits"),
        Mistake(lambda milliseconds, budget: None, "returned None"),
        Mistake(lambda milliseconds, budget: 47, "expected the name of a variant"),
        Mistake(
            lambda milliseconds, budget: max(n for n, v in milliseconds.items() if v <= budget),
            "budget 10 ms: your code raised ValueError",
        ),
    ],
)
