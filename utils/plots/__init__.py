"""Every figure of the course: takes a table, returns a Figure whose title says what it shows."""

from utils.plots.data import class_counts, compare, copy_grid, pictures, problem_grid, sample_grid, sizes, split_counts
from utils.plots.decisions import answers, heat, worst_mistakes
from utils.plots.figures import canvas, with_alt
from utils.plots.training import curves, growth, losses, spread

__all__ = ["answers", "canvas", "class_counts", "compare", "copy_grid", "curves", "growth", "heat", "losses", "pictures",
           "problem_grid", "sample_grid", "sizes", "split_counts", "spread", "with_alt", "worst_mistakes"]  # fmt: skip
