"""Exercise 11: probabilities with which each class is drawn as often."""

import math
from collections import Counter
from collections.abc import Iterator

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, shown

# The label of each training picture, and all classes: neither sorted, nor as often as one another.
ASKED = [
    (["cat", "dog", "cat", "cat", "cow", "cat"], ["cat", "cow", "dog"]),
    (["b", "a", "a", "b"], ["a", "b"]),
    (["owl", "bat", "owl", "owl", "owl", "owl", "bat", "owl"], ["owl", "bat"]),
    (["elk"], ["elk"]),
]
MISSING = ["cat", "dog", "cat"], ["cat", "cow", "dog"]


def drawing_probabilities(labels, classes):
    counts = {name: labels.count(name) for name in classes}
    missing = [name for name, count in counts.items() if count == 0]
    if missing:
        raise ValueError(f"there is no picture of {missing}")
    return [1 / (len(classes) * counts[label]) for label in labels]


def probe_drawing_probabilities(answer):
    for labels, classes in ASKED:
        case = f"labels {labels}"
        said = as_list(asked(answer, case, list(labels), list(classes)), "a number for each picture, a list")
        if len(said) != len(labels):
            raise NotYet(f"{case}: these are {len(said)} numbers for {len(labels)} pictures: {shown(said)}.")
        got = [as_number(each, "probabilities, a number for each picture") for each in said]
        if not _near(got, drawing_probabilities(labels, classes)):
            raise NotYet(f"{case}: you say {shown([round(each, 4) for each in got])}. {_which(got, labels, classes)}")
    _check_missing(answer)


def _near(one, other):
    return all(math.isclose(each, its, abs_tol=1e-6) for each, its in zip(one, other))


def _which(got, labels, classes):
    for words, slip in SLIPS.items():
        if _near(got, slip(labels, classes)):
            return words
    if not math.isclose(sum(got), 1, abs_tol=1e-6):
        return f"They add up to {sum(got):.4g}."
    shares = {name: sum(each for each, label in zip(got, labels) if label == name) for name in classes}
    most = max(shares, key=shares.get)
    return f"With these {most!r} is drawn with a probability of {shares[most]:.3g} in all, more than others are."


def _by_count(probability):
    """A drawing_probabilities of the pictures' own class: from (its count, N, K)."""

    def drawing_probabilities(labels, classes):
        counts = Counter(labels)
        return [probability(counts[label], len(labels), len(classes)) for label in labels]

    return drawing_probabilities


def _normalised(weight):
    """The same, brought to a sum of 1."""

    def drawing_probabilities(labels, classes):
        counts = Counter(labels)
        weights = [weight(counts[label]) for label in labels]
        return [each / sum(weights) for each in weights]

    return drawing_probabilities


SLIPS = {
    "So all pictures are drawn alike, and a class with more of them more often.": _by_count(lambda count, n, k: 1 / n),
    "These add up to the number of classes, and probabilities to 1.": _by_count(lambda count, n, k: 1 / count),
    "These are weights for a loss, which are 1 on average. Probabilities add up to 1.": _by_count(lambda count, n, k: n / (k * count)),
    "So each picture has the probability of its class in all.": _by_count(lambda count, n, k: 1 / k),
    "The share of each class: the other way round, and not yet the probability of a picture.": _by_count(lambda count, n, k: count / n),
    "So a picture of a common class is drawn more often: the other way round.": _normalised(lambda count: count),
    "By the root of the count: that is half-way, and rare classes are drawn less often still.":
        _normalised(lambda count: count**-0.5),
    "By the square of the count: so rare classes are drawn more often than the others.": _normalised(lambda count: count**-2),
}  # fmt: skip


def _check_missing(answer):
    labels, classes = MISSING
    try:
        got = answer(list(labels), list(classes))
        got = list(got) if isinstance(got, Iterator) else got  # which raises only now
    except NotYet:  # it returned nothing
        raise
    except Exception:  # which error it is, the task leaves open
        return
    raise NotYet(f"labels {labels}, classes {classes}: you return {shown(got)}. There is no picture of {classes[1]!r}: whoever "
                 "asked for all classes alike will believe that they got it. Raise an error.")  # fmt: skip


def _of_classes(labels, classes):
    return {name: 1 / (len(classes) * labels.count(name)) for name in classes}


def _one_a_class(labels, classes):
    return [1 / (len(classes) * labels.count(name)) for name in classes]


def _of_all_that_come(labels, classes):
    return _by_count(lambda count, n, k: 1 / (len(set(labels)) * count))(labels, classes)


def _silent(labels, classes):
    return drawing_probabilities(labels, classes) if set(classes) == set(labels) else None


def _sorted(labels, classes):
    return sorted(drawing_probabilities(labels, classes))


q11 = Question(
    number=11,
    reference=drawing_probabilities,
    probe=probe_drawing_probabilities,
    hints=[
        "All pictures of a class together are to have a probability of 1 / number of classes. How many share it?",
        "Count first, for every class in `classes`. Where a count is 0, raise an error before you divide.",
        "A picture's probability is that of its class in all, divided by the number of pictures that share it: counts[label].",
        "[1 / (len(classes) * counts[label]) for label in labels]",
    ],
    why="Each class has the same probability in all, and its pictures share it. A class without pictures cannot be drawn; without "
    "an error the other classes share its part, or the sum is below 1, and nobody notices before the confusion matrix.",
    mistakes=[Mistake(slip, words) for words, slip in SLIPS.items()]
    + [Mistake(_by_count(lambda count, n, k: 1 / (k * count)), "There is no picture of 'cow'"),
       Mistake(_normalised(lambda count: 1 / count), "There is no picture of 'cow'"),
       Mistake(_of_all_that_come, "There is no picture of 'cow'"),
       Mistake(_of_classes, "expected a number for each picture"), Mistake(_one_a_class, "3 numbers for 6 pictures"),
       Mistake(_sorted, "is drawn with a probability of"), Mistake(_silent, "your function returned None"),
       Mistake(_by_count(lambda count, n, k: 2 / (k * count)), "They add up to 2"),
       Mistake(lambda labels, classes: ["a"] * len(labels), "expected probabilities")],
)  # fmt: skip
