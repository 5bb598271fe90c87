"""Exercise 1: from logits to probabilities, without torch."""

import numpy as np

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.ship_it.arrays import arrays_unchanged, as_array
from utils.exercises.values import shown

ROWS = "a row of probabilities for each picture"
# As many pictures as classes, so that a wrong axis has a fitting shape; rows that are far apart; one picture alone.
LOGITS = {
    "three pictures, three classes": [[2.0, 1.0, -1.0], [0.5, 3.0, 0.5], [-2.0, 0.0, 2.5]],
    "one picture": [[1.5, -0.5, 0.25, 3.0]],
    "large logits": [[1000.0, 999.0, 990.0], [-1000.0, -1001.0, -999.0]],
    "one picture with large logits, one with small ones": [[900.0, 902.0], [-1.0, 1.0]],
    "logits far apart": [[-500.0, 1000.0, -1000.0]],
    "two classes that are alike": [[0.0, 0.0], [7.0, 7.0], [-3.0, -3.0]],
}


def probabilities(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def probe_probabilities(answer):
    for case, rows in LOGITS.items():
        logits = np.array(rows, np.float32)
        with arrays_unchanged(case, {"logits": logits}), np.errstate(all="ignore"):
            got = as_array(asked(answer, case, logits), case, ROWS)
            _check_rows(got, np.array(rows, np.float32), case)


def _check_rows(got, logits, case):
    if got.shape != logits.shape:
        raise NotYet(f"{case}: the logits have the shape {logits.shape}, and your answer has {got.shape}.")
    right = probabilities(logits.astype(np.float64))
    if not np.allclose(got, right, atol=1e-4):
        row = int((~np.isclose(got, right, atol=1e-4)).any(axis=1).argmax())
        raise NotYet(f"{case}: row {row} is {shown(got[row].astype(float).round(4))}. {_which(got, row, logits)}")


def _which(got, row, logits):
    if not np.isfinite(got[row]).all():
        largest = np.abs(logits[row]).max()
        return (f"A float32 ends at 3e38, and exp(-104) is 0 to it; this row's logits go as far as {largest:g}. What may be "
                "taken off all logits of a row?")  # fmt: skip
    for words, other in _usual(logits.astype(np.float64)).items():
        if np.allclose(got, other, atol=1e-4):
            return words
    if np.allclose(got, probabilities(logits), atol=6e-3):
        return "That is nearly it. Is it rounded, or in 16 bits?"
    if not np.isclose(got[row].sum(), 1, atol=1e-4):
        return f"These add up to {got[row].sum():.4g}."
    if np.ptp(got[row]) < 1e-6 < np.ptp(logits[row]):
        return f"Logits that differ have become alike: these go from {logits[row].min():g} to {logits[row].max():g}."
    return "They add up to 1, but how much larger is each share than its neighbour? By which function of the logits?"


def _usual(logits):
    """What the usual slips give."""
    with np.errstate(all="ignore"):
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return {
            "Each column adds up to 1: so the pictures share a class, and not the classes a picture.":
                np.exp(logits - logits.max(axis=0)) / np.exp(logits - logits.max(axis=0)).sum(axis=0),
            "All pictures together add up to 1.": powers / powers.sum(),
            "All pictures together add up to 1, each by its distance from the largest logit of all.":
                np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(),
            "Each class is judged on its own here (a sigmoid), and the row need not add up to 1.": 1 / (1 + np.exp(-logits)),
            "Those are the logarithms of probabilities.": np.log(powers / powers.sum(axis=1, keepdims=True)),
            "That is not divided by anything yet.": powers,
            "Those are still the logits.": logits,
            "Logits can be below 0, so a share of their sum is no probability: what makes every number positive?":
                logits / logits.sum(axis=1, keepdims=True),
            "That is the decision. How sure is it?": np.eye(logits.shape[1])[logits.argmax(axis=1)],
        }  # fmt: skip


def _softmax(axis=1, by="row", power=np.exp):
    """A probabilities that sums over another axis, or takes something else off the logits."""

    def probabilities(logits):
        taken = {
            "row": logits.max(axis=1, keepdims=True),
            "column": logits.max(axis=0),
            "all": logits.max(),
            "none": 0,
            "mean": logits.mean(axis=1, keepdims=True),
            "lowest": logits.min(axis=1, keepdims=True),
            "first": logits[:, :1],
        }[by]
        powers = power(logits - taken)
        return powers / powers.sum(axis=axis, keepdims=axis is not None)

    return probabilities


def _in_place(logits):
    logits -= logits.max(axis=1, keepdims=True)
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


q1 = Question(
    number=1,
    reference=probabilities,
    probe=probe_probabilities,
    hints=[
        "np.exp makes every number positive; each row is then divided by its own sum. keepdims=True keeps (N, 1), so that it fits.",
        "exp(a) / (exp(a) + exp(b)) stays what it is where the same number is taken off a and b. Take off one that lets the largest "
        "power be 1.",
        "powers = np.exp(logits - logits.max(axis=1, keepdims=True)), and then powers / powers.sum(axis=1, keepdims=True).",
    ],
    why="With the row's largest logit taken off, no power is above 1, and one of them is 1: nothing overflows, and the sum is never "
    "0. A largest one of the whole batch will not do: it would make the answer for a picture depend on its neighbours. The "
    "lesson puts the softmax into the file, so that nobody who serves it has to write this again.",
    mistakes=[
        Mistake(_softmax(by="none"), "large logits: row 0 is [nan"), Mistake(_softmax(by="all"), "large logits: row 1 is [nan"),
        Mistake(_softmax(by="mean"), "logits far apart: row 0 is"), Mistake(_softmax(by="lowest"), "logits far apart: row 0"),
        Mistake(_softmax(by="first"), "logits far apart: row 0"),
        Mistake(_softmax(axis=0, by="column"), "Each column adds up to 1"), Mistake(_softmax(axis=0), "add up to"),
        Mistake(_softmax(axis=0, by="none"), "Each column adds up to 1"),
        Mistake(_softmax(axis=None), "All pictures together add up to 1."),
        Mistake(_softmax(axis=None, by="all"), "by its distance from the largest"),
        Mistake(lambda logits: probabilities(np.clip(logits, -80, 80)), "have become alike: these go from 990 to 1000"),
        Mistake(_softmax(power=np.exp2), "By which function"), Mistake(_in_place, "your function changed `logits`"),
        Mistake(lambda logits: 1 / (1 + np.exp(-logits)), "a sigmoid"),
        Mistake(lambda logits: np.log(probabilities(logits)), "logarithms"),
        Mistake(lambda logits: np.exp(logits - logits.max(axis=1, keepdims=True)), "not divided by anything"),
        Mistake(lambda logits: logits, "still the logits"),
        Mistake(lambda logits: logits / logits.sum(axis=1, keepdims=True), "can be below 0"),
        Mistake(lambda logits: np.eye(logits.shape[1])[logits.argmax(axis=1)], "That is the decision"),
        Mistake(lambda logits: probabilities(logits).max(axis=1), "and your answer has (3,)"),
        Mistake(lambda logits: probabilities(logits).squeeze(), "one picture: the logits have the shape (1, 4), and your"),
        Mistake(lambda logits: probabilities(logits).round(2), "nearly it"),
        Mistake(lambda logits: "0.5", "expected a row of probabilities"),
    ],
)  # fmt: skip
