"""Exercise 4: what three outputs say to two questions."""

import math

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

# Probabilities of documents, screens, not_documents: sure, torn, a screen that is hardly a document, and nothing left.
SAID = [(0.30, 0.45, 0.25), (0.05, 0.20, 0.75), (0.02, 0.08, 0.90), (0.64, 0.0, 0.36), (0.0, 0.0, 1.0)]
QUESTIONS = ("document", "screen")


def two_answers(documents, screens, not_documents):
    document = documents + screens
    return {"document": document, "screen": screens / document if document > 0 else math.nan}


def probe_two_answers(answer):
    for outputs in SAID:
        case = "documents {:g}, screens {:g}, not_documents {:g}".format(*outputs)
        said = asked(answer, case, *outputs)
        got = as_numbers(said, QUESTIONS, 'a dictionary {"document": number, "screen": number}', "a number or math.nan")
        right = two_answers(*outputs)
        for question in QUESTIONS:
            both_nan = math.isnan(got[question]) and math.isnan(right[question])
            if not abs(got[question] - right[question]) < 1e-6 and not both_nan:
                raise NotYet(
                    f"{case}: {question}, {got[question]:.3g}. {_which(question, got[question], right[question], *outputs)}"
                )


def _which(question, got, right, documents, screens, not_documents):
    if math.isnan(right):
        return "It is no document for certain, so the second question does not arise: nan."
    if question == "document":
        usual = {
            "A document on a screen is a document as well.": documents,
            "That is the probability that it is none.": not_documents,
            "That leaves out what is on paper.": screens,
        }
    else:
        usual = {
            "That is the share of the whole, not_documents among it. Asked is: given that it is a document?": screens,
            "That is paper, given that it is a document.": documents / (documents + screens),
            "What is no document is neither on paper nor on a screen.": 1 - documents,
            "not_documents has nothing to do with it, once it is given that it is a document.": _ratio(screens, not_documents),
            "So many times as probable as paper; asked is a probability.": _ratio(screens, documents, of_both=False),
            "screens is the product of both answers already: what undoes a product?":
                screens * (documents + screens),
        }  # fmt: skip
    usual |= {
        "In per cent? A probability is from 0 to 1.": 100 * right,
        "So it is with one digit. Do not round.": round(right, 1),
    }
    return first_near(
        got, usual, "Which of the three outputs are documents, and which of those are on a screen?", abs_tol=1e-6
    )


def _ratio(one, other, of_both=True):
    below = one + other if of_both else other
    return one / below if below else math.nan


def _screen_as(rule):
    """Two answers with the right first one, and the second by another rule."""
    return lambda *outputs: {**two_answers(*outputs), "screen": rule(*outputs)}


def _document_as(rule):
    return lambda *outputs: {**two_answers(*outputs), "document": rule(*outputs)}


q4 = Question(
    number=4,
    reference=two_answers,
    probe=probe_two_answers,
    hints=[
        "The three are shares of one whole. Which of them belong to 'it is a document'?",
        "documents + screens is the first answer. For the second, forget what is no document: of what is left, which share "
        "is on a screen?",
        "screens / (documents + screens), and math.nan where that would be 0 / 0.",
    ],
    why="Three outputs of one softmax share one probability of 1: with 0.05, 0.20 and 0.75 the picture counts as no document, and yet, "
    "if it is one, it is on a screen with 0.8. Taken as it is, the output for screens mixes both questions, and a threshold "
    "on it is a threshold on neither.",
    mistakes=[
        Mistake(_screen_as(lambda d, s, n: s), "not_documents among it"),
        Mistake(_screen_as(lambda d, s, n: d / (d + s) if d + s else math.nan), "That is paper"),
        Mistake(_screen_as(lambda d, s, n: 1 - d), "neither on paper nor on a screen"),
        Mistake(_screen_as(lambda d, s, n: s / (s + n)), "not_documents has nothing to do with it"),
        Mistake(_screen_as(lambda d, s, n: s / d if d else math.nan), "So many times as probable as paper"),
        Mistake(_screen_as(lambda d, s, n: s * (d + s)), "the product of both answers already"),
        Mistake(_screen_as(lambda d, s, n: s > max(d, n)), "expected screen"),
        Mistake(_screen_as(lambda d, s, n: s / (d + s) if d + s else 0.0), "the second question does not arise"),
        Mistake(lambda d, s, n: {"document": d + s, "screen": s / (d + s)},
                "documents 0, screens 0, not_documents 1: your code raised ZeroDivisionError"),
        Mistake(_document_as(lambda d, s, n: d), "is a document as well"),
        Mistake(_document_as(lambda d, s, n: n), "that it is none"),
        Mistake(_document_as(lambda d, s, n: s), "leaves out what is on paper"),
        Mistake(_document_as(lambda d, s, n: max(d, s)), "leaves out what is on paper"),
        Mistake(lambda d, s, n: {question: 100 * value for question, value in two_answers(d, s, n).items()}, "In per cent?"),
        Mistake(lambda d, s, n: {question: round(value, 1) for question, value in two_answers(d, s, n).items()}, "one digit"),
        Mistake(_document_as(lambda d, s, n: 0.5), "Which of the three outputs are documents"),
        Mistake(lambda d, s, n: (d + s, s / (d + s)), "expected a dictionary"),
        Mistake(lambda d, s, n: {"document": d + s}, "'screen' has no number"),
    ],
)  # fmt: skip
