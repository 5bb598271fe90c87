"""Every figure of the course: takes a table, returns a Figure whose title says what it shows."""

from utils.plots.data import class_counts, compare, copy_grid, pictures, problem_grid, sample_grid, sizes, split_counts
from utils.plots.figures import canvas, with_alt

__all__ = ["canvas", "class_counts", "compare", "copy_grid", "pictures", "problem_grid", "sample_grid", "sizes",
           "split_counts", "with_alt"]  # fmt: skip
