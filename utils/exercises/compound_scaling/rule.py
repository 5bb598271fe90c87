"""Exercises 8 and 9: the constraint of compound scaling, its grid, and what phi a budget buys."""

import math

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_list, as_number, shown

# --- 8: the grid ---------------------------------------------------------------------------------
GRIDS = [([1.0, 1.1, 1.2, 1.3, 1.4], 0.15), ([1.0, 1.15, 1.25, 1.4, 2.0], 0.06), ([1, 2], 0)]
TRIPLES = "triples (alpha, beta, gamma)"


def candidates(values, tolerance):
    """All (alpha, beta, gamma) from these values whose product alpha * beta**2 * gamma**2 is 2, to a tolerance."""
    return [
        (alpha, beta, gamma)
        for alpha in values
        for beta in values
        for gamma in values
        if abs(alpha * beta**2 * gamma**2 - 2) <= tolerance
    ]


def probe_candidates(answer):
    for values, tolerance in GRIDS:
        got = [_triple(triple) for triple in as_list(answer(list(values), tolerance), f"a list of {TRIPLES}")]
        right = set(candidates(values, tolerance))
        case = f"values {shown(values)}, tolerance {tolerance}"
        extra, missing = [triple for triple in got if triple not in right], right - set(got)
        if extra:
            raise NotYet(f"{case}: {extra[0]} is among yours, and its product is {_product(*extra[0]):.3f}.")
        if missing:
            raise NotYet(f"{case}: {_of_them(missing)} missing. {_what_is_missing(missing, tolerance)}")
        if len(got) > len(right):
            raise NotYet(f"{case}: {len(got) - len(right)} of yours stand there twice.")


def _of_them(missing):
    return "1 of them is" if len(missing) == 1 else f"{len(missing)} of them are"


def _triple(value):
    triple = tuple(round(as_number(number, TRIPLES), 9) for number in as_list(value, TRIPLES))
    if len(triple) != 3:
        raise NotYet(f"expected {TRIPLES}, got {shown(value)}.")
    return triple


def _product(alpha, beta, gamma):
    return alpha * beta**2 * gamma**2


def _what_is_missing(missing, tolerance):
    if tolerance == 0:
        return "A product of 2 is off by 0, and a difference of 0 is allowed: 'at most'."
    if all(_product(*triple) > 2 for triple in missing):
        return "They are all above 2: 'about' goes both ways."
    if all(_product(*triple) < 2 for triple in missing):
        return "They are all below 2: 'about' goes both ways."
    if all(len(set(triple)) < 3 for triple in missing):
        return "Two of the three may have the same value."
    return "Are all of alpha, beta and gamma tried with all of the values?"


def _if(test):
    """A candidates with another test."""
    return lambda values, tolerance: [
        (a, b, c) for a in values for b in values for c in values if test(a, b, c, tolerance)
    ]


q8 = Question(
    number=8,
    reference=candidates,
    probe=probe_candidates,
    hints=[
        "Three loops, one in the other: each of alpha, beta and gamma takes each of the values.",
        "Depth counts once, width and size twice: abs(alpha * beta**2 * gamma**2 - 2) <= tolerance.",
    ],
    why="Four lines make the list; what is expensive is to train a network for each line of it. So the authors searched "
    "once, with the small B0, and let phi do the rest.",
    mistakes=[
        Mistake(_if(lambda a, b, c, t: abs(a * b * c - 2) <= t), "its product is"),
        Mistake(_if(lambda a, b, c, t: abs(a * b**2 * c**2 - 2) < t), "off by 0, and a difference of 0 is allowed"),
        Mistake(_if(lambda a, b, c, t: abs(a**2 * b**2 * c - 2) <= t), "its product is"),
        Mistake(_if(lambda a, b, c, t: -t <= a * b**2 * c**2 - 2 <= 0), "above 2: 'about' goes both ways"),
        Mistake(_if(lambda a, b, c, t: 0 <= a * b**2 * c**2 - 2 <= t), "below 2: 'about' goes both ways"),
        Mistake(_if(lambda a, b, c, t: len({a, b, c}) == 3 and abs(a * b**2 * c**2 - 2) <= t), "the same value"),
        Mistake(_if(lambda a, b, c, t: a <= b <= c and abs(a * b**2 * c**2 - 2) <= t), "tried with all of the values"),
        Mistake(lambda values, tolerance: 2 * candidates(values, tolerance), "stand there twice"),
        Mistake(lambda values, tolerance: [a for a, _, _ in candidates(values, tolerance)], "expected triples"),
        Mistake(lambda values, tolerance: len(candidates(values, tolerance)), "expected a list"),
    ],
)

# --- 9: what phi does a budget buy? --------------------------------------------------------------
phi = math.log(8) / math.log(1.2 * 1.1**2 * 1.15**2)


def probe_phi(answer):
    got = as_number(answer, "phi, a number")
    if abs(got - phi) <= 0.01:
        return
    usual = {
        "that would be so if a step doubled the cost. What is alpha * beta**2 * gamma**2 of the paper, exactly?": 3,
        "each step multiplies the cost; so divide logarithms, not the numbers.": 8 / 1.92027,
        "that is the logarithm of 8 to the base e. To which base is it wanted?": math.log(8),
        "that is how many steps of depth alone would do it.": math.log(8, 1.2),
        "that is how many steps of width alone, if the cost grew with it once.": math.log(8, 1.1),
        "that is how many steps of size alone, if the cost grew with it once.": math.log(8, 1.15),
        "width and size count twice.": math.log(8, 1.2 * 1.1 * 1.15),
        "that is what so many steps cost.": 1.92027**8,
    }
    otherwise = "after one step the cost is 1.92 times B0's, after two 3.69 times: between which two does 8 lie?"
    raise NotYet(f"{got:g}: {first_near(got, usual, otherwise, rel_tol=0.004)}")


q9 = Question(
    number=9,
    reference=phi,
    probe=probe_phi,
    hints=[
        "The cost after phi steps is (alpha * beta**2 * gamma**2)**phi. For which phi is that 8?",
        "Logarithms bring an exponent down: phi times the logarithm of what one step costs is the logarithm of 8.",
        "math.log(8) / math.log(1.2 * 1.1**2 * 1.15**2)",
    ],
    why="A little more than three steps. By counting, though, phi = 3 already costs 8.4 times B0: blocks are rounded up. "
    "The formula says where to look, and the count says what you pay.",
    mistakes=[
        Mistake(3, "if a step doubled the cost"),
        Mistake(4.166, "divide logarithms"),
        Mistake(2.079, "To which base"),
        Mistake(11.4, "depth alone"),
        Mistake(21.8, "width alone"),
        Mistake(14.88, "size alone"),
        Mistake(4.98, "count twice"),
        Mistake(184.9, "what so many steps cost"),
        Mistake(6, "between which two does 8 lie"),
        Mistake("three", "expected phi"),
    ],
)
