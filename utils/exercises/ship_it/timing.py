"""Exercise 7: how long a model file takes, and nothing else."""

import itertools
import statistics

import numpy as np

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

START, DECODING, FIRST, PICTURE = 1000.0, 0.3, 2.0, "cats/tom.jpg"
# runs, and the seconds of each call after the first, again and again: any that many in a row have the same median.
DAYS = [(10, (0.02, 0.01, 0.03, 0.02, 0.5)), (5, (0.05, 0.06, 0.04, 0.07, 0.9)), (1, (0.04,)), (2, (0.08,))]


def latency(run, prepare, path, clock, runs):
    """Seconds that the model takes for one picture: the median of so many runs."""
    images = prepare(path)
    run(images)  # the first call also sets things up
    seconds = []
    for _ in range(runs):
        start = clock()
        run(images)
        seconds.append(clock() - start)
    return statistics.median(seconds)


def latency_of_everything(run, prepare, path, clock, runs):
    """Seconds that the model takes for one picture: the median of so many runs."""
    start = clock()
    for _ in range(runs):
        run(prepare(path))
    return (clock() - start) / runs


class Day:
    """A picture, a model file and the clock beside them: the first run is slow, and so is decoding."""

    def __init__(self, seconds):
        self.now, self.runs, self.read = START, 0, 0
        self._seconds, self._prepared = itertools.cycle(seconds), np.full((1, 3, 2, 2), 0.5, np.float32)

    def prepare(self, path):
        """A picture as the model takes it, after a while."""
        if path != PICTURE:
            raise NotYet(f"prepare was given {path!r}, and it takes the path.")
        self.now += DECODING
        return self._prepared.copy()

    def run(self, images):
        """What the model says to it, after a while."""
        if not isinstance(images, np.ndarray) or not np.array_equal(images, self._prepared):
            raise NotYet("the model was given something else than what prepare returns.")
        self.runs += 1
        self.now += FIRST if self.runs == 1 else next(self._seconds)
        return np.full((1, 2), 0.5, np.float32)

    def clock(self):
        """Seconds since some moment or other."""
        self.read += 1
        return self.now


def probe_latency(answer):
    for runs, seconds in DAYS:
        day, case = Day(seconds), f"{runs} run{'s' * (runs > 1)}"
        got = as_number(asked(answer, case, day.run, day.prepare, PICTURE, day.clock, runs), "seconds, a number")
        if not day.read:
            raise NotYet(f"{case}: you say {got:.4g} s, and the clock that your function is given was never read.")
        if not abs(got - statistics.median(seconds)) < 1e-6:
            raise NotYet(f"{case}: decoding took 300 ms, the first call 2000 ms, those after it {_in_ms(seconds)}. You say "
                         f"{1000 * got:,.10g} ms. {_which(got, runs, seconds)}")  # fmt: skip
        if day.runs < runs + 1:
            raise NotYet(f"{case}: the model was asked {day.runs} time{'s' * (day.runs > 1)}. As many runs as were asked for are to be "
                         "timed, and the first call is none of them.")  # fmt: skip


def _in_ms(seconds):
    return ", ".join(f"{1000 * value:g}" for value in seconds) + " ms" + ", again and again" * (len(seconds) > 1)


def _which(got, runs, seconds):
    later = list(itertools.islice(itertools.cycle(seconds), runs))
    cold = [FIRST, *later[: runs - 1]]
    usual = {
        "Decoding is within the clock.": statistics.median(later) + DECODING,
        "That is the mean, and one odd run has its part in it.": statistics.mean(later),
        "That is the mean, and the first call has its part in it.": statistics.mean(cold),
        "The first call is among them.": statistics.median(cold),
        "The first call is among them, and it is one too many.": statistics.median([FIRST, *later]),
        "Decoding is within the clock, and the mean has the first call in it.": statistics.mean(cold) + DECODING,
        "Decoding is within the clock, and the first call is among them.": statistics.median(cold) + DECODING,
        "Decoding is within the clock, and that is the mean.": statistics.mean(later) + DECODING,
        "Decoding and the first call are in it, if only once each.": (DECODING + sum(cold)) / runs,
        "Decoding is in it, if only once.": (DECODING + sum(later)) / runs,
        "That is the quickest.": min(later),
        "That is the slowest.": max(later),
        "That is the sum of all runs.": sum(later),
        "That is in milliseconds, and seconds are asked for.": 1000 * statistics.median(later),
        "So late it is by the clock. How long is it since the start?": START,
    }
    if abs(got) < 1e-9:
        return "Does the clock go on between its two readings?"
    return first_near(got, usual, "What is in the middle of the runs that count?", abs_tol=1e-6)


def _timed(summary=statistics.median, warmup=1, decoding="before", more=0):
    """A latency with some of its mistakes left."""

    def latency(run, prepare, path, clock, runs):
        images, seconds = prepare(path), []
        for number in range(warmup + runs + more):
            start = clock()
            run(prepare(path) if decoding == "inside" else images)
            seconds += [clock() - start] if number >= warmup else []
        return summary(seconds)

    return latency


def _all_at_once(run, prepare, path, clock, runs):
    images = prepare(path)
    run(images)
    start = clock()
    for _ in range(runs):
        run(images)
    return (clock() - start) / runs


def _all_at_once_decoded(run, prepare, path, clock, runs):
    start, images = clock(), prepare(path)
    for _ in range(runs):
        run(images)
    return (clock() - start) / runs


def _by_another_clock(run, prepare, path, clock, runs):
    return _timed()(run, prepare, path, itertools.count().__next__, runs)


def _stopped(run, prepare, path, clock, runs):
    images, now = prepare(path), clock()
    for _ in range(runs + 1):
        run(images)
    return now - now


q7 = Question(
    number=7,
    reference=latency,
    probe=probe_latency,
    starter=latency_of_everything,
    hints=[
        "Prepare the picture once, before any clock is read, and ask the model once before you begin to count.",
        "One clock around each run: start = clock(), run(images), then append clock() - start to a list.",
        "statistics.median(seconds) is the number in the middle, whatever one odd run says.",
    ],
    why="As found it was decoding, mostly: a large JPEG takes longer than a small network, and a table that compares two formats so "
    "says that they are alike. The first call chooses kernels and asks for memory, and on a shared machine one run in ten is "
    "disturbed. What a user waits for includes decoding, of course: measure it too, and say which is which.",
    mistakes=[
        Mistake(_timed(warmup=0), "the model was asked 10 times"),
        Mistake(_timed(decoding="inside"), "320 ms. Decoding is within the clock."),
        Mistake(_timed(decoding="inside", warmup=0), "Decoding is within the clock"),
        Mistake(_timed(statistics.mean), "That is the mean, and one odd run"),
        Mistake(_timed(statistics.mean, warmup=0), "the first call has its part in it"),
        Mistake(_timed(statistics.mean, decoding="inside"), "and that is the mean"),
        Mistake(_timed(statistics.mean, 0, "inside"), "and the mean has the first call in it"),
        Mistake(_timed(statistics.median, warmup=0, more=1), "it is one too many"),
        Mistake(_timed(min), "the quickest"), Mistake(_timed(max), "the slowest"), Mistake(_timed(sum), "the sum of all"),
        Mistake(_timed(lambda seconds: 1000 * statistics.median(seconds)), "You say 20,000 ms. That is in milliseconds"),
        Mistake(_timed(more=-1), "the model was asked 10 times"),
        Mistake(_timed(statistics.mode), "5 runs: decoding took"), Mistake(_timed(lambda seconds: seconds[0]), "5 runs: decoding"),
        Mistake(_timed(lambda seconds: np.percentile(seconds, 25)), "What is in the middle"),
        Mistake(_all_at_once, "That is the mean, and one odd run"), Mistake(_all_at_once_decoded, "if only once"),
        Mistake(_by_another_clock, "was never read"), Mistake(_stopped, "Does the clock go on"),
        Mistake(lambda run, prepare, path, clock, runs: run(path), "something else than what prepare returns"),
        Mistake(lambda run, prepare, path, clock, runs: run(prepare("tom.jpg")), "prepare was given 'tom.jpg'"),
        Mistake(lambda run, prepare, path, clock, runs: clock(), "How long is it since the start"),
        Mistake(_timed(list), "expected seconds"),
    ],
)  # fmt: skip
