"""Every figure of the course: takes a table, returns a Figure whose title says what it shows."""

from utils.plots.choosing import by_threshold, intervals, roc, score_histogram, trade_offs
from utils.plots.data import class_counts, compare, copy_grid, pictures, problem_grid, sample_grid, sizes, split_counts
from utils.plots.decisions import answers, heat, worst_cases, worst_mistakes
from utils.plots.figures import canvas, with_alt
from utils.plots.metrics import (
    confusion_matrix,
    precision_recall,
    reliability,
)
from utils.plots.scaling import (
    accuracy_against,
    cost_growth,
    gains,
    latencies,
    phi_of_variants,
    shares,
    times_as_much,
)
from utils.plots.training import curves, growth, losses, spread

__all__ = ["accuracy_against", "answers", "by_threshold", "canvas", "class_counts", "compare", "confusion_matrix",
           "copy_grid", "cost_growth", "curves", "gains", "growth", "heat", "intervals", "latencies", "losses",
           "phi_of_variants", "pictures", "precision_recall", "problem_grid", "reliability", "roc",
           "sample_grid", "score_histogram", "shares", "sizes", "split_counts", "spread", "times_as_much", "trade_offs", "with_alt", "worst_cases", "worst_mistakes"]  # fmt: skip
