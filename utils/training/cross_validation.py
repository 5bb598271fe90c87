"""Cross-validation: several trainings, each tested on another part, so that every picture is tested once.

With 200 pictures a test part of 30 says little; k folds test on all 200, for k times the work. Source: Stone,
Cross-validatory choice (JRSS B 36, 1974); Hastie, Tibshirani and Friedman, The elements of statistical learning, 7.10.
Introduced in lesson 07.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn
from tqdm.auto import tqdm

from utils.data.loaders import make_loaders
from utils.data.splits import add_folds
from utils.data.tables import require_classes
from utils.data.transforms import LIGHT, Augmentation
from utils.errors import CourseError
from utils.evaluation.predictions import predict
from utils.training.loop import fit
from utils.training.memory import release_memory
from utils.training.recipe import Recipe


@dataclass(frozen=True)
class CrossValidated:
    """What k trainings say together: a row a fold, and every picture predicted by the model that never saw it."""

    scores: pd.DataFrame  # fold, train, valid, test (pictures), best_epoch, accuracy
    predictions: pd.DataFrame = field(repr=False)  # predictions table of all pictures, in the table's order

    def __repr__(self):
        accuracy = (self.predictions["predicted"] == self.predictions["label"]).mean()
        low, high = self.scores["accuracy"].min(), self.scores["accuracy"].max()
        return f"<CrossValidated: {len(self.scores)} folds, accuracy {accuracy:.3f} over all, {low:.3f} to {high:.3f} by fold>"


def cross_validate(
    new_model: Callable[[], nn.Module], table: pd.DataFrame, recipe: Recipe, folds: int = 5, *,
    augmentation: Augmentation | str = LIGHT, output_dir: str | Path | None = None, resume: bool = False,
    progress: bool = True, **options,
) -> CrossValidated:  # fmt: skip
    """Train `folds` models, each without one fold; that fold tests it, and the next one chooses its epoch.

    The fold that tests has no part in choosing the epoch: a score that was chosen by is too good. After each fold the
    model is let go, so that memory is that of one training.

    Args:
        new_model: called once a fold; a model of `build` for the table's classes, from the same beginning each time.
        table: image table with `label`; a column `split` plays no part.
        recipe: of each training.
        augmentation: of training.
        output_dir: for `fit`, in a folder a fold; None keeps nothing.
        resume: go on where it was cut off, in the middle of a fold too; folds that have ended are not trained again.
        options: for `make_loaders`.

    Raises:
        CourseError: fewer than 3 folds, a class with fewer pictures than folds, or as for `fit`.
    """
    _check_folds(folds)
    classes = require_classes(table)
    dealt = add_folds(table, folds, recipe.seed)
    rows, parts = [], []
    for fold in tqdm(range(folds), "folds", unit="fold", disable=None if progress else True, leave=False):
        fitted, part, row = _one_fold(new_model(), _split_for(dealt, fold, folds), recipe, classes, augmentation,
                                      Path(output_dir) / f"fold-{fold}" if output_dir else None, resume, options)  # fmt: skip
        rows.append({"fold": fold, **row})
        parts.append(part)
        del fitted
        release_memory()
    predictions = pd.concat(parts).set_index("path").loc[table["path"]].reset_index()
    return CrossValidated(pd.DataFrame(rows), predictions)


def _one_fold(model, split, recipe, classes, augmentation, output_dir, resume, options):
    """One training and its test: (fitted, predictions table of the fold, what to note)."""
    loaders = make_loaders(split, model.preprocessing, augmentation, batch_size=recipe.batch_size, classes=classes,
                           sampling=recipe.sampling, sample_weights=recipe.sample_weights,
                           **{"seed": recipe.seed, "progress": False} | options)  # fmt: skip
    fitted = fit(model, loaders, recipe, output_dir, resume=resume, progress=False)
    part = predict(fitted.model, loaders.test, progress=False)
    counts = {name: len(getattr(loaders, name).table) for name in ("train", "valid", "test")}
    accuracy = float((part["predicted"] == part["label"]).mean())
    return fitted, part, counts | {"best_epoch": fitted.best["epoch"], "accuracy": accuracy}


def _split_for(dealt, fold, folds):
    """The table with its splits: this fold tests, the next one chooses, the others train."""
    split = np.select([dealt["fold"] == fold, dealt["fold"] == (fold + 1) % folds], ["test", "valid"], "train")
    return dealt.assign(split=split)


def _check_folds(folds):
    if not isinstance(folds, int) or isinstance(folds, bool) or folds < 3:
        raise CourseError(
            f"Expected folds as a whole number from 3 (one tests, one chooses, the others train), got {folds!r}."
        )
