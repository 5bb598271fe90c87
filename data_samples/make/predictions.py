"""What models that never were say about 4,000 posters that never were: tables of predictions with known properties.

Each picture has hidden *evidence*, normal around a mean that its class has; from it Bayes' rule gives the true
probabilities. The first model sees two numbers of the evidence and claims the probabilities twice as sharp as they are:
a temperature of 2 mends it. The second sees one number more, and claims what is true. Twelve labels are wrong.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from writing import write

CLASSES = ("logo", "other_logo", "plain")
PICTURES = (204, 798, 2998)  # that truly are of each class; as labelled 200, 800, 3,000
MEANS = np.array([[3.4, 3.6, 2.0], [3.6, 0.0, 1.8], [0.0, 0.0, 0.0]])  # (K, 3)
SHARPNESS = 2
# How many pictures of a class (first) bear the label of another: an annotator's slips.
SLIPS = {("logo", "plain"): 6, ("logo", "other_logo"): 2, ("plain", "logo"): 4}
EPOCHS = ("epoch_04", "epoch_08", "epoch_12")


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `predictions.csv`, `second_model.csv`, `checkpoints.csv` and `wrong_labels.csv`; returns the paths written."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(3), PICTURES))  # (N,) class numbers
    evidence = MEANS[truth] + rng.normal(size=(len(truth), 3))
    labels = with_slips(truth, rng)
    first = pd.DataFrame({"path": [f"archive/{number:04}.jpg" for number in range(1, len(truth) + 1)],
                          "label": np.array(CLASSES)[labels], "split": halves(labels, rng)})  # fmt: skip
    files = {
        "predictions.csv": table(first, sharpened(probabilities(evidence[:, :2]), SHARPNESS)),
        "second_model.csv": table(first, probabilities(evidence)),
        "checkpoints.csv": first.assign(**checkpoints(labels == 0, rng)),
        "wrong_labels.csv": first[["path", "label"]].assign(truth=np.array(CLASSES)[truth])[labels != truth],
    }
    return write(folder, {name: csv(content) for name, content in files.items()})


def probabilities(evidence: np.ndarray) -> np.ndarray:
    """Of each class given the evidence (N, D), by Bayes' rule with the classes' shares: (N, K)."""
    means = MEANS[:, : evidence.shape[1]]
    logits = np.log(np.array(PICTURES) / sum(PICTURES)) + evidence @ means.T - (means**2).sum(axis=1) / 2
    return softmax(logits)


def sharpened(probabilities: np.ndarray, sharpness: float) -> np.ndarray:
    return softmax(sharpness * np.log(probabilities))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def with_slips(truth: np.ndarray, rng) -> np.ndarray:
    """The labels that an annotator gave, (N,) class numbers."""
    labels = truth.copy()
    for (true, given), count in SLIPS.items():
        there = np.flatnonzero((truth == CLASSES.index(true)) & (labels == truth))
        labels[rng.choice(there, count, replace=False)] = CLASSES.index(given)
    return labels


def halves(labels: np.ndarray, rng) -> np.ndarray:
    """valid or test, half and half in each class: (N,)."""
    split = np.full(len(labels), "valid", dtype=object)
    for number in range(len(CLASSES)):
        rows = rng.permutation(np.flatnonzero(labels == number))
        split[rows[len(rows) // 2 :]] = "test"
    return split


def checkpoints(is_logo: np.ndarray, rng) -> dict[str, np.ndarray]:
    """Scores of the logo at three epochs of one training, which grows sure of most logos and gives up on some.

    Early, a few of the rest look like logos for certain; late, a few of the logos look like the rest for certain.
    """
    scores = {}
    for name, (height, certain_rest, lost) in zip(EPOCHS, ((5.0, 0.015, 0.0), (6.0, 0.008, 0.05), (8.0, 0.0, 0.1))):
        looks = np.where(is_logo, rng.random(len(is_logo)) >= lost, rng.random(len(is_logo)) < certain_rest)
        logits = height * looks - height / 2 + rng.normal(size=len(is_logo))
        scores[name] = 1 / (1 + np.exp(-logits))
    return scores


def table(first: pd.DataFrame, probabilities: np.ndarray) -> pd.DataFrame:
    predicted = np.array(CLASSES)[probabilities.argmax(axis=1)]
    columns = {f"p_{name}": column for name, column in zip(CLASSES, probabilities.T)}
    return first[["path", "label"]].assign(predicted=predicted, split=first["split"], **columns)


def csv(table: pd.DataFrame) -> bytes:
    """Six significant digits: a probability of a millionth keeps its own."""
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()
