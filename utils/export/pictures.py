"""The pictures that an export looks at: those that int8 takes its ranges from, and those that its answers are judged on.

Real ones, always: on random noise a network's answers are all alike, and agree whatever was done to it.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from utils.data.loaders import make_loader
from utils.data.samples import sample
from utils.data.transforms import Preprocessing
from utils.errors import CourseError
from utils.evaluation.predictions import pictures_table

MOST = 128  # pictures for either: ranges and shares hardly change with more, and the odd picture stretches a range
LEAST = 16  # of a calibration; half of them judge where no others are given
OWN = "animals"  # the sample set that answers are judged on where nothing else is given
BATCH = 16


def calibrating_and_judging(calibration, samples, precision: str) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """The table of pictures for int8's ranges (None for other precisions), and that for judging the answers.

    Where int8 has no samples of its own, every second picture of the calibration judges and is kept out of the ranges.

    Raises:
        CourseError: int8 without pictures, or with too few; or one of them cannot be used.
    """
    judging = None if samples is None else spread(_table(samples, "samples"), MOST)
    if precision != "int8":
        return None, spread(own_samples(), MOST // 2) if judging is None else judging
    _check_calibration(calibration)
    known = spread(_table(calibration, "calibration"), MOST if judging is not None else 2 * MOST)
    if len(known) < LEAST:
        raise CourseError(f"Expected {LEAST} pictures or more in calibration, a hundred for a good result, but got {len(known)}: "
                          "from so few nobody can tell how large the numbers between the layers become.")  # fmt: skip
    return (known, judging) if judging is not None else (known.iloc[::2], known.iloc[1::2])


def loaded(table: pd.DataFrame, preprocessing: Preprocessing) -> Iterator[np.ndarray]:
    """A table's pictures, prepared as a model takes them, float32 (N, 3, H, W), some at a time.

    Raises:
        CourseError: a picture cannot be read.
    """
    for images, _ in make_loader(table, preprocessing, columns=None, batch_size=BATCH, progress=False):
        yield np.ascontiguousarray(images.numpy())


def own_samples() -> pd.DataFrame:
    """The image table of a sample set of the course."""
    return pictures_table(sorted(sample(OWN).glob("*/*.jpg")))


def spread(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, evenly spread, so that each class of a sorted table has its share."""
    places = np.unique(np.linspace(0, len(table) - 1, min(most, len(table))).round().astype(int))
    return table.iloc[places]


def _table(pictures, what):
    if isinstance(pictures, pd.DataFrame):
        table = pictures
    elif isinstance(pictures, (list, tuple)):
        table = pictures_table(pictures)
    else:
        raise CourseError(f"Expected {what} as an image table, of scan(folder) for instance, or as a list of paths, but got "
                          f"{pictures!r}.")  # fmt: skip
    if not len(table):
        raise CourseError(
            f"Expected pictures in {what}, but there is none. Is the filter too strict, or the folder empty?"
        )
    return table


def _check_calibration(calibration):
    if calibration is None:
        raise CourseError("int8 needs pictures to learn how large the numbers between the layers become. Give it a hundred "
                          "such as the model will see, from training: calibration=table[table['split'] == 'train']")  # fmt: skip
