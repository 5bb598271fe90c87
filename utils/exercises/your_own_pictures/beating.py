"""Exercise 3: what a network has to beat before it is worth its minutes."""

import math

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers, shown

NAMES = ("accuracy", "macro F1")
# (train, test): how many pictures of each class. What is commonest in train need not be so in test.
CASES = [
    ({"documents": 5, "screens": 9, "not_documents": 2}, {"documents": 4, "screens": 3, "not_documents": 3}),
    ({"cat": 3, "dog": 1}, {"cat": 3, "dog": 7}),
    ({"ant": 2, "bee": 3, "cow": 8, "dog": 1}, {"ant": 1, "bee": 1, "cow": 6, "dog": 2}),
]


def to_beat(train, test):
    commonest = max(train, key=list(train).count)
    right = sum(label == commonest for label in test)
    f1 = 2 * right / (right + len(test))  # precision is right / len(test), and recall 1
    return {"accuracy": right / len(test), "macro F1": f1 / len(set(train))}


def probe_to_beat(answer):
    for train, test in CASES:
        right = to_beat(labels(train), labels(test))
        case = f"train {shown(train)}, test {shown(test)}"
        got = as_numbers(asked(answer, case, labels(train), labels(test)), NAMES)
        for name in NAMES:
            if not math.isclose(got[name], right[name], abs_tol=0.002):
                said = first_near(got[name], _usual(name, train, test), OTHERWISE[name], abs_tol=0.002)
                raise NotYet(f"{case}: {name} is {got[name]:.3g}. {said}")


OTHERWISE = {
    "accuracy": "Which class does train make one say, and for which share of test is that right?",
    "macro F1": "What is the F1 of each class if the same one is always said, and what is their mean?",
}


def labels(counts):
    """The labels as a list, dealt in turn, the rarest first."""
    names = sorted(counts, key=counts.get)
    return [name for turn in range(max(counts.values())) for name in names if turn < counts[name]]


def _f1(hits, pictures):
    return 2 * hits / (hits + pictures)


def _usual(name, train, test):
    """What the usual slips give; train and test as counts."""
    said, best, pictures = max(train, key=train.get), max(test, key=test.get), sum(test.values())
    if name == "accuracy":
        return {
            "So it is if test may say which class is the commonest. Nobody has seen test yet.": test[best] / pictures,
            "That is its share of train; on which pictures is it judged?": train[said] / sum(train.values()),
            "So often is one right who guesses among the classes.": 1 / len(train),
            "That is how often it is wrong.": 1 - test[said] / pictures,
            "That is how many are right.": test[said],
            "As a share, please: 0.5 for half of them, not 50.": 100 * test[said] / pictures,
        }
    one = _f1(test[said], pictures)
    return {
        "That is the F1 of the one class that is said. The others have one too, though it is 0.": one,
        "So it is if test may say which class is the commonest. Nobody has seen test yet.": _f1(test[best], pictures)
        / len(train),
        "That is the accuracy.": test[said] / pictures,
        "That weighs each class by its pictures; macro counts each class alike.": one * test[said] / pictures,
        "So it is on train; on which pictures is it judged?": _f1(train[said], sum(train.values())) / len(train),
        "That is the mean of the recalls; what is F1?": 1 / len(train),
        "That is the mean of the precisions; what is F1?": test[said] / pictures / len(train),
        "As a share, please: 0.5, not 50.": 100 * one / len(train),
    }


def _but(**changes):
    """Our answer with some numbers otherwise: {name with _ for a blank: function of train and test}."""
    return lambda train, test: (
        to_beat(train, test) | {name.replace("_", " "): change(train, test) for name, change in changes.items()}
    )


def _mean_of_recalls(train, test):
    return 1 / len(set(train))


def _one_f1(train, test):
    return to_beat(train, test)["macro F1"] * len(set(train))


def _accuracy(train, test):
    return to_beat(train, test)["accuracy"]


q3 = Question(
    number=3,
    reference=to_beat,
    probe=probe_to_beat,
    hints=[
        "Which label is the commonest in train? For how many of test is it right?",
        "Who always says one class finds all of it: its recall is 1, and its precision is the accuracy. F1 = 2 P R / (P + R).",
        "Of every other class nothing is found, so its F1 is 0. The mean over all classes, not over the one that is said.",
    ],
    why="The worked report says: *Always answering documents is right for 24 of 54 test pictures, 44 %.* The macro F1 of that is "
    "only 0.21, since two of three classes are never found: that is why the lesson chooses by it. The class comes from train: a "
    "baseline that has looked at test is no baseline.",
    mistakes=[
        Mistake(lambda train, test: to_beat(test, test), "accuracy is 0.4. So it is if test may say"),
        Mistake(lambda train, test: to_beat(train, train), "accuracy is 0.562. That is its share of train"),
        Mistake(_but(accuracy=_mean_of_recalls), "who guesses among the classes"),
        Mistake(_but(accuracy=lambda train, test: 1 - _accuracy(train, test)), "how often it is wrong"),
        Mistake(_but(accuracy=lambda train, test: _accuracy(train, test) * len(test)), "how many are right"),
        Mistake(_but(accuracy=lambda train, test: 100 * _accuracy(train, test)), "not 50"),
        Mistake(_but(accuracy=lambda train, test: 0.9), "accuracy is 0.9. Which class does train make one say"),
        Mistake(_but(macro_F1=_one_f1), "the F1 of the one class that is said"),
        Mistake(_but(macro_F1=_accuracy), "macro F1 is 0.3. That is the accuracy"),
        Mistake(_but(macro_F1=_mean_of_recalls), "the mean of the recalls"),
        Mistake(
            _but(macro_F1=lambda train, test: _accuracy(train, test) / len(set(train))), "the mean of the precisions"
        ),
        Mistake(_but(macro_F1=lambda train, test: _accuracy(train, test) * _one_f1(train, test)), "weighs each class"),
        Mistake(
            _but(macro_F1=lambda train, test: to_beat(test, test)["macro F1"]), "macro F1 is 0.19. So it is if test"
        ),
        Mistake(
            _but(macro_F1=lambda train, test: to_beat(train, train)["macro F1"]), "macro F1 is 0.24. So it is on train"
        ),
        Mistake(_but(macro_F1=lambda train, test: 100 * to_beat(train, test)["macro F1"]), "0.5, not 50"),
        Mistake(_but(macro_F1=lambda train, test: 0.0), "What is the F1 of each class"),
        Mistake(lambda train, test: {"accuracy": 0.3}, "'macro F1' has no number"),
        Mistake(lambda train, test: _accuracy(train, test), "expected a dictionary"),
    ],
)
