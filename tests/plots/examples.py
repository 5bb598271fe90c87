"""One figure of each kind, of as many lines, bars and marks as it can have that is told apart by a look of its own.

For tests of what holds for all figures. A new function of `utils.plots` needs an example here; a test says so.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from tests.evaluation.swept import swept
from utils import plots
from utils.data.samples import sample
from utils.evaluation.calibration import reliability
from utils.evaluation.curves import threshold_table
from utils.evaluation.intervals import Interval
from utils.evaluation.seeds import over_seeds

TITLE = "what was found"
SIX = ["first", "second", "third", "fourth", "fifth", "sixth"]
FISH = "train/fish/fish-01.png"
BROKEN = "train/fish/Thumbs.db"
ROOT = sample("messy")

_rng = np.random.default_rng(0)
IS_LOGO = np.arange(60) % 3 == 0
TABLES = [threshold_table(IS_LOGO, np.clip(0.3 * IS_LOGO + _rng.uniform(0, 0.7, 60), 0, 1)) for _ in SIX]
FOUND = SimpleNamespace(threshold=0.5, precision=0.8, recall=0.6)
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "train_loss": [2.0, 1.0, 0.5],
        "valid_loss": [2.0, 1.2, 1.3],
        "valid_accuracy": [0.2, 0.5, 0.7],
    }
)
PICTURES = pd.DataFrame({"path": [FISH, BROKEN] * 3, "label": list("abcabc"), "split": ["train", "valid", "test"] * 2,
                         "width": [30, 300, 30, 400, 50, 60], "height": [40, 200, 30, 400, 50, 60]})  # fmt: skip
PICTURES.attrs["root"] = ROOT
PREDICTIONS = pd.DataFrame({"path": [FISH, BROKEN, FISH], "label": ["cat", "cat", "dog"], "predicted": ["cat", "dog", "cat"],
                            "p_cat": [0.7, 0.1, 0.6], "p_dog": [0.3, 0.9, 0.4]})  # fmt: skip
COPIES = PICTURES.assign(family=[1, 1, 2, 2, 3, 3])
COPIES.attrs["root"] = ROOT
PROBLEMS = pd.DataFrame({"path": [FISH, BROKEN], "problem": ["rotated", "broken"], "left_out": [False, True]})
COSTS = pd.DataFrame({"macs": [9.0, 2.0], "ms": [8.0, 3.0]}, index=["as it was", "separable"])
PARTS = pd.DataFrame({name: [1.0, 3.0] for name in SIX[:4]}, index=["stem", "head"])
FAMILIES = pd.DataFrame({"accuracy": 77.0 + np.arange(6), "params": 5.0 * 2 ** np.arange(6), "family": SIX}, index=SIX)
GAINS = pd.DataFrame({"network": "A", "way": ["depth", "width", "size", "all three"], "gain": [1.0, 2.0, 1.5, 3.0]})
NETWORKS = pd.DataFrame({"accuracy": np.linspace(0.3, 0.8, 12), "low": 0.2, "high": 0.9, "ms": 1.5 ** np.arange(12),
                         "on_front": np.arange(12) > 5}, index=[f"net {number}" for number in range(12)])  # fmt: skip
TIMED = pd.DataFrame({"ms": [10.0, 40.0], "low": [9.0, 30.0], "high": [12.0, 50.0]}, index=["B0", "B4"])
FILES = pd.DataFrame(
    {"name": "onnx", "bytes": 2e6, "threads": [1, 2, 4, 8], "seconds": 0.004, "low": 0.003, "high": 0.005}
)
SWEPT = swept({"lr": [0.1, 0.01], "optimizer": ["sgd", "adam"], "epochs": [1, 2], "seed": [0, 1]},
              lambda row: 0.5 + row["lr"] + 0.01 * row["seed"], seconds=lambda row: 1 + row["epochs"])  # fmt: skip
GAPPED = SWEPT.assign(lr=[0.1] * 6 + [0.01] * 10, optimizer=["sgd"] * 2 + ["adam"] * 14, epochs=1, seed=range(16))
ANSWERS = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
CHANGED = np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3]])
IMAGE = np.full((40, 40, 3), 0.9)

EXAMPLES = {
    "accuracy_against": lambda: plots.accuracy_against(FAMILIES, {"params": "parameters"}, TITLE),
    "answers": lambda: plots.answers(PREDICTIONS, ROOT),
    "bends": lambda: plots.bends({"plain": HISTORY}, TITLE, 2.3),
    "by_step": lambda: plots.by_step({name: [2.0, 1.0] for name in SIX}, TITLE, 0.9),
    "by_threshold": lambda: plots.by_threshold(TABLES[0], TITLE, {"one": 0.5, "two": 0.2}),
    "cheaper": lambda: plots.cheaper(COSTS, {"macs": "work", "ms": "time"}, TITLE),
    "class_counts": lambda: plots.class_counts(PICTURES),
    "compare": lambda: plots.compare(dict.fromkeys(SIX, 0.5), TITLE, chance=0.1, groups=[1, 1, 2, 3, 4, 5]),
    "confusion_matrix": lambda: plots.confusion_matrix(np.arange(81).reshape(9, 9), [f"class {k}" for k in range(9)], TITLE),
    "copy_grid": lambda: plots.copy_grid(COPIES),
    "cost_front": lambda: plots.cost_front(SWEPT, ["lr", "optimizer", "epochs"], "accuracy", "seconds", TITLE),
    "cost_growth": lambda: plots.cost_growth({way: {1: 1.0, 2: 4.0} for way in GAINS["way"]}, TITLE),
    "curves": lambda: plots.curves({name: [HISTORY] * 2 for name in SIX}, TITLE, chance=0.1),
    "differences": lambda: plots.differences({"real": ([0.1, 0.2], 0.15, Interval(0.05, 0.25, 0.95)),
                                              "luck": ([-0.1, 0.2], 0.05, Interval(-0.25, 0.35, 0.95))}, TITLE),
    "feature_maps": lambda: plots.feature_maps(IMAGE, {"stem": np.random.default_rng(0).random((4, 8, 8))}, TITLE),
    "files": lambda: plots.files(FILES, TITLE),
    "filters": lambda: plots.filters(np.random.default_rng(0).random((6, 3, 3, 3)), TITLE),
    "front": lambda: plots.front(NETWORKS, TITLE, bar=0.16),
    "gains": lambda: plots.gains(GAINS, TITLE),
    "growth": lambda: plots.growth({name: {5: [0.5, 0.6], 10: [0.7, 0.8]} for name in SIX}, TITLE, "pictures", chance=0.1),
    "heat": lambda: plots.heat(IMAGE, np.eye(4), TITLE, "a picture beside itself under a map"),
    "heat_map": lambda: plots.heat_map(GAPPED, "lr", "optimizer", "accuracy", TITLE),
    "intervals": lambda: plots.intervals({"all": (0.5, Interval(0.3, 0.7, 0.95))}, TITLE),
    "latencies": lambda: plots.latencies(TIMED, TITLE, 20),
    "losses": lambda: plots.losses(HISTORY, TITLE),
    "parallel_coordinates": lambda: plots.parallel_coordinates(SWEPT, ["lr", "optimizer"], "accuracy", TITLE, strongest=6),
    "phi_of_variants": lambda: plots.phi_of_variants(pd.DataFrame(dict.fromkeys(("depth", "width", "size"), [0.0, 1.2]),
                                                                  index=["b0", "b1"]), TITLE),
    "pictures": lambda: plots.pictures({"one": IMAGE, "other": IMAGE}, TITLE, "two pale squares, one beside the other"),
    "precision_recall": lambda: plots.precision_recall(TABLES[0], "logo", TITLE, FOUND),
    "problem_grid": lambda: plots.problem_grid(PROBLEMS, ROOT),
    "range_test": lambda: plots.range_test(pd.DataFrame({"lr": [1e-4, 1e-2, 1.0], "loss": [2.0, 1.0, 5.0],
                                                         "smooth": [2.0, 1.2, 3.0]}), TITLE, {"one": 1e-3, "two": 1e-2}),
    "receptive_fields": lambda: plots.receptive_fields(IMAGE, {name: 6 + 5 * place for place, name in enumerate(SIX)}, TITLE),
    "reliability": lambda: plots.reliability(reliability([True, True, False, True], [0.9, 0.8, 0.3, 0.6]), TITLE),
    "roc": lambda: plots.roc(dict(zip(SIX, TABLES)), TITLE),
    "same_answers": lambda: plots.same_answers(ANSWERS, CHANGED, TITLE),
    "sample_grid": lambda: plots.sample_grid(PICTURES, a_class=2),
    "schedules": lambda: plots.schedules({"cosine": [0.1, 1.0, 0.5, 0.0]}, 2, TITLE),
    "score_histogram": lambda: plots.score_histogram(IS_LOGO, np.linspace(0, 1, 60), "logo", 0.5),
    "seed_noise": lambda: plots.seed_noise(over_seeds(SWEPT, ["lr", "optimizer", "epochs"], "accuracy"), "accuracy", TITLE),
    "shares": lambda: plots.shares(PARTS, TITLE),
    "sizes": lambda: plots.sizes(PICTURES, 224),
    "split_counts": lambda: plots.split_counts(PICTURES),
    "spread": lambda: plots.spread({name: [0.5, 0.6] for name in SIX}, TITLE, chance=0.1),
    "times_as_much": lambda: plots.times_as_much(COSTS.T, TITLE),
    "trade_offs": lambda: plots.trade_offs(dict(zip(SIX, TABLES)), TITLE, dict.fromkeys(("one", "two"), FOUND), 0.3),
    "weighed": lambda: plots.weighed({"plain": [0.2, 0.9]}, ["owl", "cat"], TITLE, ["owl"]),
    "worst_cases": lambda: plots.worst_cases(PREDICTIONS, ROOT, "cat", 0.5, most=2),
    "worst_mistakes": lambda: plots.worst_mistakes(PREDICTIONS, ROOT),
}  # fmt: skip
