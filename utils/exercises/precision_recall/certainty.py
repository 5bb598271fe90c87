"""Exercises 8 and 9: how sure a share is, and whether probabilities keep what they claim."""

import math
import warnings

import numpy as np

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_list, as_number, shown

# --- 8: Wilson's interval ------------------------------------------------------------------------
ENDS = "two numbers, the lower and the upper end"


def wilson(successes, trials, z=1.96):
    seen = successes / trials
    middle = (seen + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * math.sqrt(seen * (1 - seen) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return middle - half, middle + half


def probe_wilson(answer):
    for successes, trials, z in ((9, 10, 1.96), (36, 40, 1.96), (10, 10, 1.96), (0, 25, 1.96), (30, 80, 1.0)):
        got = answer(successes, trials, z) if z != 1.96 else answer(successes, trials)
        ends = [as_number(end, ENDS) for end in as_list(got, ENDS)]
        if len(ends) != 2:
            raise NotYet(f"expected {ENDS}, got {shown(ends)}.")
        right = wilson(successes, trials, z)
        if not np.allclose(ends, right, atol=2e-4):
            raise NotYet(f"{successes} of {trials}{'' if z == 1.96 else f' with z = {z:g}'}: you say {ends[0]:.3f} to "
                         f"{ends[1]:.3f}. {_which_interval(ends, successes, trials, z)}")  # fmt: skip


def _which_interval(ends, successes, trials, z):
    seen = successes / trials
    plain = z * math.sqrt(seen * (1 - seen) / trials)
    if ends[0] > ends[1]:
        return "The lower end comes first."
    if np.allclose(ends, (seen - plain, seen + plain), atol=2e-4):
        return "That is the simple one, around what was seen: it can leave 0 to 1, and for 10 of 10 it has no width."
    for words, slip in SLIPS.items():
        if np.allclose(ends, slip(successes, trials, z), atol=2e-4):
            return words
    if z != 1.96:
        return "Does z have its part?"
    return "Go through it term by term: the middle, what stands under the root, what stands before it, what both are divided by."


def _parts(successes, trials, z):
    """What stands in the middle, before and under the root (two terms), and below the line."""
    seen = successes / trials
    return seen + z**2 / (2 * trials), z, seen * (1 - seen) / trials, z**2 / (4 * trials**2), 1 + z**2 / trials


def _interval(part=lambda parts, n, z: parts):
    """A Wilson's interval with some of its parts changed."""

    def interval(successes, trials, z=1.96):
        middle, before, one, other, below = part(_parts(successes, trials, z), trials, z)
        half = before * math.sqrt(one + other)
        return (middle - half) / below, (middle + half) / below

    return interval


def _simple(successes, trials, z=1.96):
    seen = successes / trials
    half = z * math.sqrt(seen * (1 - seen) / trials)
    return seen - half, seen + half


def _undivided(successes, trials, z=1.96):
    low, high = wilson(successes, trials, z)
    return low * (1 + z**2 / trials), high * (1 + z**2 / trials)


def _half_undivided(successes, trials, z=1.96):
    (low, high), below = wilson(successes, trials, z), 1 + z**2 / trials
    half = (high - low) / 2 * below
    return (low + high) / 2 - half, (low + high) / 2 + half


def _middle_undivided(successes, trials, z=1.96):
    (low, high), below = wilson(successes, trials, z), 1 + z**2 / trials
    return (low + high) / 2 * below - (high - low) / 2, (low + high) / 2 * below + (high - low) / 2


def _in_percent(successes, trials, z=1.96):
    return [100 * end for end in wilson(successes, trials, z)]


def _rounded(successes, trials, z=1.96):
    return [round(end, 2) for end in wilson(successes, trials, z)]


def _without_the_second_term(successes, trials, z=1.96):
    (low, high), seen = wilson(successes, trials, z), successes / trials
    half = z * math.sqrt(seen * (1 - seen) / trials) / (1 + z**2 / trials)
    return (low + high) / 2 - half, (low + high) / 2 + half


def _n_not_squared(successes, trials, z=1.96):
    (low, high), seen = wilson(successes, trials, z), successes / trials
    half = z * math.sqrt(seen * (1 - seen) / trials + z**2 / (4 * trials)) / (1 + z**2 / trials)
    return (low + high) / 2 - half, (low + high) / 2 + half


_z_not_before = _interval(lambda parts, n, z: (parts[0], 1, *parts[2:]))
_two_for_four = _interval(lambda parts, n, z: (*parts[:3], 2 * parts[3], parts[4]))
_middle_times_n = _interval(lambda parts, n, z: (parts[0] - z**2 / (2 * n) + z**2 / 2 * n, *parts[1:]))
_root_times_n = _interval(lambda parts, n, z: (*parts[:3], z**2 / 4 * n**2, parts[4]))
_both_times_n = _interval(
    lambda parts, n, z: (parts[0] - z**2 / (2 * n) + z**2 / 2 * n, *parts[1:3], z**2 / 4 * n**2, parts[4])
)
PARENTHESES = "`a / 2 * n` is a / 2, times n: what stands below the line needs parentheses in Python."
DIVIDED = "Both the middle and the half width are divided by 1 + z² / n."
SLIPS = {
    "Two terms stand under the root: where is z² / (4 n²)?": _without_the_second_term,
    "In the last term under the root n is squared.": _n_not_squared,
    "In the last term under the root: what is n² multiplied by?": _two_for_four,
    "The half width is z times the root: what stands before yours?": _z_not_before,
    f"{DIVIDED} Neither of yours is.": _undivided,
    f"{DIVIDED} Your half width is not.": _half_undivided,
    f"{DIVIDED} Your middle is not.": _middle_undivided,
    f"In the middle, {PARENTHESES}": _middle_times_n,
    f"In the last term under the root, {PARENTHESES}": _root_times_n,
    f"In the middle and under the root, {PARENTHESES}": _both_times_n,
    "In per cent? A share is from 0 to 1.": _in_percent,
    "So it is with two digits. Do not round: leave that to whoever writes it down.": _rounded,
}


q8 = Question(
    number=8,
    reference=wilson,
    probe=probe_wilson,
    hints=[
        "Write `seen = successes / trials` first, then the middle, then half the width: one line each.",
        "math.sqrt takes the root. The ends are middle - half and middle + half.",
    ],
    why="The simple interval, seen ± z · sqrt(seen (1 - seen) / n), says that 10 of 10 is 1.0 for certain. Wilson's "
    "says 0.72 to 1.0, which is what ten pictures are worth.",
    mistakes=[
        Mistake(_simple, "that is the simple one".capitalize()),
        *(Mistake(slip, words) for words, slip in SLIPS.items()),
        Mistake(lambda successes, trials, z=1.96: (0.5, 0.6), "Go through it term by term"),
        Mistake(lambda successes, trials, z=1.96: wilson(successes, trials, z)[::-1], "lower end comes first"),
        Mistake(lambda successes, trials, z=1.96: wilson(successes, trials), "Does z have its part"),
        Mistake(lambda successes, trials, z=1.96: wilson(successes, trials, z)[0], "expected two numbers"),
        Mistake(lambda successes, trials, z=1.96: (*wilson(successes, trials, z), 0), "expected two numbers"),
    ],
)

# --- 9: claimed and kept -------------------------------------------------------------------------
# Away from the edges of ten bins, where two conventions are about.
CLAIMS = [
    ([True, False, True, True, False], [0.65, 0.65, 0.95, 0.95, 0.95]),
    ([True, True, False, True, False, False, True, True], [0.55, 0.58, 0.52, 0.75, 0.71, 0.98, 0.97, 0.91]),
    ([True] * 3, [0.15, 0.85, 0.85]),
    ([False, True, True, True, False], [1.0, 0.93, 0.91, 0.45, 0.41]),  # just 1 lies in the last bin
]


def calibration_error(came_true, confidences, bins=10):
    number = np.minimum((confidences * bins).astype(int), bins - 1)
    error = 0.0
    for each in np.unique(number):
        inside = number == each
        error += inside.mean() * abs(came_true[inside].mean() - confidences[inside].mean())
    return error


def probe_calibration_error(answer):
    for came_true, confidences in CLAIMS:
        came_true, confidences = np.array(came_true), np.array(confidences)
        got = as_number(answer(came_true.copy(), confidences.copy()), "an error, a number between 0 and 1")
        right = calibration_error(came_true, confidences)
        if not abs(got - right) < 1e-6:
            raise NotYet(f"confidences {confidences.tolist()}, came true {came_true.tolist()}: you say {got:.3g}. "
                         f"{_which_error(got, came_true, confidences)}")  # fmt: skip


def _which_error(got, came_true, confidences):
    if math.isnan(got):
        return "A bin without pictures has no share and no mean: it counts for nothing."
    usual = {
        "So it is if every bin counts the same; a bin counts by its pictures.": _bins_alike(came_true, confidences),
        "So it is without bins, or with the signs left on: too sure here and too timid there cancel.":
            abs(_signed(came_true, confidences)),
        "So it is with the signs left on: too sure here and too timid there cancel.": -abs(_signed(came_true, confidences)),
        "So it is if each picture is a bin of its own.": np.abs(came_true - confidences).mean(),
        "So far apart is the worst bin.": _worst_bin(came_true, confidences),
        "So it is if a confidence of just 1 has a bin of its own, an eleventh.": _eleven(came_true, confidences),
        "So it is if pictures with a confidence of just 1 are left out.": _left_out(came_true, confidences),
        "So it is if pictures with a confidence of just 1 are in no bin.": _in_no_bin(came_true, confidences),
        "In per cent? A share is from 0 to 1.": 100 * calibration_error(came_true, confidences),
        "So it is if what the bins say is added up and divided by ten: a bin counts by its pictures.":
            sum(_apart(came_true, confidences)) / 10,
        "So it is if a bin is held against its middle, and not against the mean confidence in it.":
            _from_the_middle(came_true, confidences),
    }  # fmt: skip
    otherwise = "In each bin: how far is the share that came true from the mean confidence?"
    return first_near(got, usual, otherwise, abs_tol=1e-6)


def _apart(came_true, confidences, bins=10):
    number = np.minimum((confidences * bins).astype(int), bins - 1)
    return [abs(came_true[number == each].mean() - confidences[number == each].mean()) for each in np.unique(number)]


def _from_the_middle(came_true, confidences):
    number = np.minimum((confidences * 10).astype(int), 9)
    bins = [(number == each, (each + 0.5) / 10) for each in np.unique(number)]
    return sum(inside.mean() * abs(came_true[inside].mean() - middle) for inside, middle in bins)


def _bins_alike(came_true, confidences):
    return np.mean(_apart(came_true, confidences))


def _worst_bin(came_true, confidences):
    return max(_apart(came_true, confidences))


def _eleven(came_true, confidences):
    number = (confidences * 10).astype(int)
    gaps = [(came_true[number == each] - confidences[number == each]).sum() for each in np.unique(number)]
    return np.abs(gaps).sum() / len(confidences)


def _left_out(came_true, confidences):
    return calibration_error(came_true[confidences < 1], confidences[confidences < 1])


def _empty_bins_too(came_true, confidences):
    bins = [np.minimum((confidences * 10).astype(int), 9) == each for each in range(10)]
    with warnings.catch_warnings(action="ignore"):
        gaps = [abs(came_true[inside].mean() - confidences[inside].mean()) * inside.mean() for inside in bins]
    return sum(gaps)


def _in_no_bin(came_true, confidences):
    return _left_out(came_true, confidences) * (confidences < 1).mean()


def _signed(came_true, confidences):
    return confidences.mean() - came_true.mean()


q9 = Question(
    number=9,
    reference=calibration_error,
    probe=probe_calibration_error,
    hints=[
        "number = (confidences * 10).astype(int) is each picture's bin, from 0 to 9: 0.65 lies in bin 6. But where does a "
        "confidence of 1 land?",
        "For each bin, with inside = number == 6 for instance: how far apart are came_true[inside].mean() and "
        "confidences[inside].mean()? A bin without pictures has neither: leave it out.",
        "Weigh each bin by the share of pictures in it, inside.mean(), and add up.",
    ],
    why="Without bins, being too sure on some pictures and too timid on others cancels, and a useless model looks "
    "calibrated. With a bin for each picture it is no calibration any more. Bins are the compromise, so say how many.",
    mistakes=[
        Mistake(_bins_alike, "a bin counts by its pictures"),
        Mistake(lambda came_true, confidences: abs(_signed(came_true, confidences)), "cancel"),
        Mistake(lambda came_true, confidences: np.abs(came_true - confidences).mean(), "a bin of its own"),
        Mistake(_worst_bin, "the worst bin"),
        Mistake(_empty_bins_too, "A bin without pictures"),
        Mistake(_eleven, "an eleventh"),
        Mistake(_left_out, "are left out"),
        Mistake(_in_no_bin, "are in no bin"),
        Mistake(lambda came_true, confidences: 100 * calibration_error(came_true, confidences), "In per cent? A share"),
        Mistake(_signed, "with the signs left on"),
        Mistake(lambda came_true, confidences: -_signed(came_true, confidences), "with the signs left on"),
        Mistake(lambda came_true, confidences: sum(_apart(came_true, confidences)) / 10, "divided by ten"),
        Mistake(_from_the_middle, "held against its middle"),
        Mistake(lambda came_true, confidences: calibration_error(came_true, confidences) ** 2, "In each bin"),
        Mistake(_apart, "expected an error"),
    ],
)
