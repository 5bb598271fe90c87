"""Exercises 7 and 8: the score to beat, and a confusion matrix read."""

import math
from collections import Counter

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, shown

# --- 7: the score to beat ------------------------------------------------------------------------


def score_to_beat(labels):
    """How often one is right who always answers the commonest label."""
    return max(labels.count(label) for label in labels) / len(labels)


LABELS = [
    ["dog", "cat", "cat", "owl", "dog", "cat", "cat"],
    ["cat", "dog", "owl", "owl", "dog", "dog", "cow", "ant"],
    ["owl"],
    ["cat", "dog"],
]


def probe_score_to_beat(answer):
    for labels in LABELS:
        got = as_number(answer(list(labels)), "a share, a number")
        if not math.isclose(got, score_to_beat(labels), abs_tol=0.005):
            raise NotYet(f"labels {shown(labels)}: you say {got:g}. {_which_score(got, labels)}")


def _which_score(got, labels):
    counts = Counter(labels)
    usual = {
        "That is how many have the commonest label; which share is it?": max(counts.values()),
        "So often is one right who guesses among the labels; better is to know the commonest.": 1 / len(counts),
        "That is the share of the rarest label.": min(counts.values()) / len(labels),
        "That is the share of the first label.": labels.count(labels[0]) / len(labels),
        "That is how often one is wrong.": 1 - max(counts.values()) / len(labels),
        "As a share, please: 0.5 for half of them, not 50.": 100 * max(counts.values()) / len(labels),
    }
    return first_near(got, usual, "How often does the commonest label occur, and of how many?", abs_tol=0.005)


q7 = Question(
    number=7,
    reference=score_to_beat,
    probe=probe_score_to_beat,
    hints=[
        'How often does each label occur? `labels.count("cat")` says it for one of them.',
        "The largest of these numbers, divided by how many labels there are.",
    ],
    why='A "model" that looks at no picture reaches this. It is the first thing to compare a score with, and with '
    "classes of unequal size it is surprisingly high.",
    mistakes=[
        Mistake(lambda labels: max(map(labels.count, labels)), "which share is it?"),
        Mistake(lambda labels: 1 / len(set(labels)), "guesses among the labels"),
        Mistake(lambda labels: min(map(labels.count, labels)) / len(labels), "the rarest label"),
        Mistake(lambda labels: labels.count(labels[0]) / len(labels), "the first label"),
        Mistake(lambda labels: 0.99, "How often does the commonest label occur"),
        Mistake(lambda labels: 100 * score_to_beat(labels), "not 50"),
        Mistake(lambda labels: max(labels, key=labels.count), "expected a share"),
    ],
)

# --- 8: a matrix read ----------------------------------------------------------------------------
false_cats = 4
READ = {
    2: "Those are cats that were taken for something else; asked is the other way round.",
    6: "Those are all mistakes in which cats have a part; asked are those in which something else was called a cat.",
    8: "Those are on the diagonal: cats that were called cats.",
    10: "That is the whole row: all that are cats.",
    12: "That is the whole column: all that were called cats, the cats among them.",
    3: "In that cell are owls alone. Was nothing else called a cat?",
    1: "In that cell are dogs alone. Was nothing else called a cat?",
}


def probe_false_cats(answer):
    got = as_number(answer)
    if got != false_cats:
        raise NotYet(
            f"not {got:g}. {READ.get(got, 'A row is what is true, a column what was answered. Which cells are asked for?')}"
        )


q8 = Question(
    number=8,
    reference=false_cats,
    probe=probe_false_cats,
    hints=[
        "What was answered is in the columns. Which column is it, and which of its cells is no mistake?",
        "The column below *cat*, without the cell on the diagonal.",
    ],
    why="1 dog and 3 owls were called cats. Down a column one sees what an answer is worth, along a row what becomes of a "
    "class; lesson 06 calls the two precision and recall.",
    mistakes=[Mistake(value, words) for value, words in READ.items()]
    + [Mistake(0, "A row is what is true"), Mistake([1, 3], "expected a number")],
)
