"""Exercise 20: the lesson's counter on networks of several sizes."""

from utils.evaluation.cost import count_macs
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, shown
from utils.models.build import build

# A network, sizes, the one of them that just fits the budget; None where none does.
CASES = [
    ("small_cnn", [96, 128, 224, 160, 64], 128),
    ("crops_cnn", [64, 96, 128], 96),
    ("animals_cnn", [128, 192, 256, 320], 192),
    ("small_cnn", [96, 112], None),
]


def largest_size(name, sizes, budget):
    """The largest of these sizes at which the network takes at most so many multiply-adds; None where there is none."""
    fitting = [size for size in sizes if count_macs(build(name, 5, weights=None, size=size), size) <= budget]
    return max(fitting, default=None)


def probe_largest_size(answer):
    for name, sizes, right in CASES:
        budget = _budget(name, sizes, right)
        case = f"{name}, sizes {shown(sizes)}, at most {budget / 1e6:,.0f} million multiply-adds"
        got = asked(answer, case, name, list(sizes), budget)
        if got is None and right is not None:
            raise NotYet(f"{case}: your function returned None. Is there a return at its end? There is one that fits.")
        if got is None:
            continue
        got = as_number(got, "a size in pixels, or None")
        if got not in sizes:
            raise NotYet(f"{case}: expected one of the sizes, or None, got {shown(got)}.")
        if got != right:
            raise NotYet(f"{case}: you say {got:g} px. {_reason(got, right)}")


def _budget(name, sizes, right):
    """A fifth more than what the right size takes; half of what the smallest does, where none is to fit.

    None takes just the budget: how many classes the network is built for is the answer's choice, and it counts.
    """
    size, share = (min(sizes), 0.5) if right is None else (right, 1.2)
    return round(share * count_macs(build(name, 5, weights=None, size=size), size))


def _reason(got, right):
    if right is None or got > right:
        return "It takes more than that: print count_macs of each size."
    return "A larger one fits too."


def _choosing(choose, weigh=lambda macs: macs):
    """A largest_size that chooses otherwise among those that fit, or counts otherwise."""

    def largest_size(name, sizes, budget):
        macs = {size: weigh(count_macs(build(name, 5, weights=None, size=size), size)) for size in sizes}
        return choose(macs, budget)

    return largest_size


def _fitting(choose):
    return lambda macs, budget: choose([size for size, count in macs.items() if count <= budget] or [None])


def _last_that_fits(sizes):
    return sizes[-1]


def _built_once(name, sizes, budget):
    network = build(name, 5, weights=None, size=sizes[0])
    return max((size for size in sizes if count_macs(network, size) <= budget), default=None)


q20 = Question(
    number=20,
    reference=largest_size,
    probe=probe_largest_size,
    returns=False,
    hints=[
        "build(name, 5, weights=None, size=size) makes the network for pictures of this size, and count_macs(network, size) "
        "counts. Print it for each size.",
        "Keep the sizes whose count is at most the budget, and take the largest of them: max([...], default=None).",
        "Build the network anew for each size: the flattened head of animals_cnn fits one size only.",
    ],
    why="Twice the size is four times the work, so a budget of multiply-adds is a bound on resolution. With a billion "
    "CropsCNN may look at 96 pixels a side, and SmallCNN at more than four times as many. Sometimes seeing more is worth "
    "more than a heavier network.",
    mistakes=[
        Mistake(_choosing(_fitting(min)), "million multiply-adds: you say 64 px"),
        Mistake(_choosing(_fitting(_last_that_fits)), "A larger one fits too"),
        Mistake(_choosing(lambda macs, budget: max(macs)), "you say 224 px. It takes more"),
        Mistake(_choosing(_fitting(max), weigh=lambda macs: 2 * macs), "A larger one fits too"),
        Mistake(_choosing(lambda macs, budget: min(macs, key=lambda size: abs(macs[size] - budget))), "It takes more"),
        Mistake(
            _choosing(lambda macs, budget: max(size for size in macs if macs[size] <= budget)),
            "your code raised ValueError",
        ),
        Mistake(_built_once, "CourseError"),
        Mistake(_choosing(lambda macs, budget: max(macs.values())), "expected one of the sizes"),
        Mistake(lambda name, sizes, budget: None, "returned None"),
        Mistake(lambda name, sizes, budget: sizes, "expected a size"),
    ],
)
