"""A million predictions: the threshold for a need, and lesson 06 whole, beside scikit-learn's curve alone."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve

from tests.bench.line import Line, seconds
from utils.evaluation.curves import threshold_table
from utils.evaluation.reading import halves, read_any_predictions
from utils.evaluation.thresholds import choose_and_report
from utils.notebooks import run_notebook

ROWS = 1_000_000
LESSON = Path(__file__).resolve().parents[2] / "lessons" / "06_precision_recall.ipynb"


def bench_thresholds():
    table = a_million()
    is_logo, scores = (table["label"] == "logo").to_numpy(), table["p_logo"].to_numpy()
    ours, plain = seconds(threshold_table, is_logo, scores), seconds(precision_recall_curve, is_logo, scores)
    yield Line(f"every threshold of {ROWS:,} rows (plain: scikit-learn's)", ours, plain, "s", "under 2 s")
    choose = seconds(lambda: choose_and_report(*halves(table), "logo", recall=0.95))
    yield Line("  dealt in halves, checked, chosen, reported", choose, None, "s", "under 10 s")


def bench_lesson_06():
    """The notebook as a tool, kernel and imports included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my.csv"
        a_million().to_csv(path, index=False, float_format="%.6g")
        yield Line(f"read a CSV of {ROWS:,} rows", seconds(read_any_predictions, path), None, "s", "")
        parameters = {"predictions": str(path), "positive": "logo", "min_recall": 0.95}
        done = []
        took = seconds(lambda: done.append(run_notebook(LESSON, Path(folder) / "report.ipynb", parameters)))
        if done[0].error:
            raise RuntimeError(str(done[0].error))
        yield Line(f"lesson 06 on a CSV of {ROWS:,} rows", took, None, "s", "under 60 s")


def a_million():
    """Three classes, one in twenty a logo."""
    rng = np.random.default_rng(0)
    truth = rng.choice(3, size=ROWS, p=[0.05, 0.2, 0.75])
    powers = np.exp(rng.normal(size=(ROWS, 3)) + 3 * np.eye(3)[truth])
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    classes = np.array(["logo", "other", "plain"], dtype=object)
    table = pd.DataFrame({"path": [f"archive/{number:07}.jpg" for number in range(ROWS)], "label": classes[truth],
                          "predicted": classes[probabilities.argmax(axis=1)]})  # fmt: skip
    return table.assign(**{f"p_{name}": column for name, column in zip(classes, probabilities.T)})
