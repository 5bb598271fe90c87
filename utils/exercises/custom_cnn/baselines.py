"""Exercise 14: the score of somebody who does not look."""

import random

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# What is in train, what is in test. The largest class of train is not always that of test.
SPLITS = [
    ({"dog": 60, "cat": 25, "horse": 15}, {"cat": 20, "dog": 12, "horse": 8}),
    ({"squirrel": 2, "hen": 9, "cow": 5}, {"cow": 6, "squirrel": 1}),
    ({"dog": 4863, "others": 2000, "cat": 1668}, {"dog": 186, "others": 500, "cat": 314}),
]


def largest_class_score(train, test):
    """The share of test pictures that belong to the class which is the largest in train."""
    labels = list(train)
    largest = max(set(labels), key=labels.count)
    return sum(label == largest for label in test) / len(test)


def probe_largest_class_score(answer):
    for train_counts, test_counts in SPLITS:
        train, test = _labels(train_counts), _labels(test_counts)
        got = as_number(answer(train, test), "a share, a number between 0 and 1")
        if not abs(got - largest_class_score(train, test)) <= 1e-3:
            case = f"{_told(train_counts)} in train; {_told(test_counts)} in test"
            raise NotYet(f"{case}: you say {got:.4g}. {_what_was_asked(got, train_counts, test_counts)}")


def _labels(counts):
    """One label a picture, in no order."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    random.Random(len(labels)).shuffle(labels)
    return labels


def _told(counts):
    return ", ".join(f"{count} x {label}" for label, count in counts.items())


def _what_was_asked(got, train, test):
    largest, of_train, of_test = max(train, key=train.get), sum(train.values()), sum(test.values())
    right = test.get(largest, 0) / of_test
    usual = {
        "That is its share in train; the score to beat is one on test.": train[largest] / of_train,
        "That is the largest class of test, which nobody may know beforehand.": max(test.values()) / of_test,
        "That is what guessing at random gives, among so many classes.": 1 / len(train),
        "As a share, please, 0.5 for half of them.": 100 * right,
        "That is how many, and not their share.": right * of_test,
        "That is how often it is wrong.": 1 - right,
        "Of all pictures? Only those of test judge.": test.get(largest, 0) / (of_train + of_test),
    }
    return first_near(got, usual, "How many of test does one get right who always gives one answer?", abs_tol=1e-3)


def _of_the_smallest(train, test):
    smallest = min(set(train), key=train.count)
    return sum(label == smallest for label in test) / len(test)


q14 = Question(
    number=14,
    reference=largest_class_score,
    probe=probe_largest_class_score,
    hints=[
        "Two steps: which class has the most pictures in train? And how many of the test pictures are of that class?",
        "max(set(train), key=train.count) is the largest class; collections.Counter(train).most_common(1) finds it too.",
        "The share is sum(label == largest for label in test) / len(test).",
    ],
    why="It is the bar to clear: a published animal classifier said 21 % after its first epoch, which sounds like twice as "
    "good as one in ten, and \"always dog\" had 18.6 %. Draw this line into every figure of an accuracy.",
    mistakes=[
        Mistake(lambda train, test: largest_class_score(train, train), "its share in train"),
        Mistake(lambda train, test: largest_class_score(test, test), "largest class of test"),
        Mistake(lambda train, test: 1 / len(set(train)), "guessing at random"),
        Mistake(lambda train, test: 100 * largest_class_score(train, test), "As a share, please"),
        Mistake(lambda train, test: len(test) * largest_class_score(train, test), "not their share"),
        Mistake(lambda train, test: 1 - largest_class_score(train, test), "how often it is wrong"),
        Mistake(
            lambda train, test: largest_class_score(train, test) * len(test) / len(train + test), "Only those of test"
        ),
        Mistake(_of_the_smallest, "always gives one answer"),
        Mistake(lambda train, test: "dog", "expected a share"),
    ],
)  # fmt: skip
