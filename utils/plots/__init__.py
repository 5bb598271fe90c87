"""Every figure of the course: takes a table, returns a Figure whose title says what it shows."""

from utils.plots.choosing import by_threshold, intervals, roc, score_histogram, trade_offs
from utils.plots.convolutions import feature_maps, filters, receptive_fields
from utils.plots.data import class_counts, compare, copy_grid, pictures, problem_grid, sample_grid, sizes, split_counts
from utils.plots.decisions import answers, heat, worst_cases, worst_mistakes
from utils.plots.figures import canvas, with_alt
from utils.plots.learning import bends, by_step
from utils.plots.metrics import (
    confusion_matrix,
    precision_recall,
    reliability,
)
from utils.plots.parallel import parallel_coordinates
from utils.plots.recipes import differences, range_test, schedules, weighed
from utils.plots.scaling import (
    accuracy_against,
    cost_growth,
    gains,
    latencies,
    phi_of_variants,
    shares,
    times_as_much,
)
from utils.plots.shipping import files, same_answers
from utils.plots.sweeps import cost_front, heat_map, seed_noise
from utils.plots.training import curves, growth, losses, spread
from utils.plots.verdict import cheaper, front

__all__ = ["accuracy_against", "answers", "bends", "by_step", "by_threshold", "canvas", "cheaper", "class_counts",
           "compare", "confusion_matrix", "copy_grid", "cost_front", "cost_growth", "curves", "differences", "feature_maps", "files", "filters", "front",
           "gains", "growth", "heat", "heat_map", "intervals", "latencies", "losses", "parallel_coordinates", "phi_of_variants",
           "pictures", "precision_recall", "problem_grid", "range_test", "receptive_fields", "reliability", "roc", "same_answers", "sample_grid", "schedules",
           "score_histogram", "seed_noise", "shares", "sizes", "split_counts", "spread", "times_as_much",
           "trade_offs", "weighed", "with_alt", "worst_cases", "worst_mistakes"]  # fmt: skip
