"""Predictions tables: one row a picture, what a model says about it; looked at, re-thresholded, saved without the model.

Columns: `path`, `label` (nan where nobody said), `predicted` (the class with the largest probability), and one
`p_<class>` a class, which sum to 1. The rows are those of the loader's table, in its order; paths, not file names,
tell pictures apart, and start from `attrs["root"]` as in an image table. Introduced in lesson 03.
"""

import copy
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils._pytree import tree_map
from tqdm.auto import tqdm

from utils import processes
from utils.data.loaders import make_loader
from utils.errors import CourseError, named
from utils.evaluation.heads import (
    check_classes_of_heads,
    heads_of,
    joined_batches,
    label_columns,
    of_head,
    one_table,
    own_name,
)
from utils.evaluation.sharing import gathered, shared
from utils.files import replacing
from utils.models.quicker import QuickConv2d

PREFIX = "p_"
FIRST = ["path", "label", "predicted"]
TOLERANCE = 0.01  # of a row's sum


def predict(model: nn.Module, loader, progress: bool = True) -> pd.DataFrame:
    """The model's probabilities for every picture of a loader, in the order of the loader's table.

    Several processes (`torchrun`) share the pictures, and each has the whole table afterwards; all have to call it.

    Args:
        model: images (N, 3, H, W) to logits (N, K), or {head: logits}; then the table has a block a head (see `heads`).
        loader: of `make_loaders` or `make_loader`, not a training one: that one is shuffled and augmented.
        progress: whether to show a bar.

    Raises:
        CourseError: the loader shuffles or prepares pictures otherwise than the model's own, or the classes of the
            two differ.
    """
    _check_order(loader)
    check_preprocessing(model, loader)
    classes = _class_names(model, loader)
    probabilities = _probabilities(model, loader, progress)
    if not isinstance(classes, dict):
        return _table(loader.table, probabilities, classes)
    labels = {head: loader.table[head] if head in loader.classes else np.nan for head in classes}
    return one_table({head: _table(loader.table.assign(label=labels[head]), probabilities[head], names)
                      for head, names in classes.items()})  # fmt: skip


def predict_table(model: nn.Module, table: pd.DataFrame, progress: bool = True, **options) -> pd.DataFrame:
    """Predictions for an image table, of `scan` for instance, labelled or not; the model prepares its own pictures.

    Args:
        model: made by `build` or `load_checkpoint`.
        table: image table; labels, where it has some, are among the model's classes.
        progress: whether to show a bar.
        options: of `make_loader`: batch_size, workers ...

    Raises:
        CourseError: the table is empty, a label is none of the model's classes, a picture cannot be read.
    """
    columns, classes = label_columns(getattr(model, "classes", None), table)
    device = next(model.parameters()).device
    options = {"device": device, "progress": progress} | options
    loader = make_loader(table, model.preprocessing, columns=columns, classes=classes, **options)
    return predict(model, loader, progress)


def predict_pictures(model: nn.Module, paths, progress: bool = False) -> pd.DataFrame:
    """Predictions for single pictures, which nobody labelled: `paths` is one path, or several.

    Raises:
        CourseError: a picture cannot be read.
    """
    paths = [paths] if isinstance(paths, (str, Path)) else list(paths)
    return predict_table(model, pictures_table(paths), progress)


def pictures_table(paths) -> pd.DataFrame:
    """The image table of single pictures: their paths as they are, from the working folder."""
    table = pd.DataFrame({"path": [Path(path).expanduser().as_posix() for path in paths]})
    table.attrs["root"] = str(Path.cwd())
    return table


def predictions_table(table: pd.DataFrame, probabilities: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """The predictions table of N pictures (rows of `table`) with their probabilities, (N, K)."""
    labels = table["label"] if "label" in table else np.full(len(table), np.nan)
    predicted = np.asarray(classes, dtype=object)[probabilities.argmax(axis=1)]
    first = {name: np.asarray(column, dtype=object) for name, column in zip(FIRST, (table["path"], labels, predicted))}
    columns = pd.DataFrame(probabilities, columns=[PREFIX + name for name in classes])
    found = pd.concat([pd.DataFrame(first, dtype=object), columns], axis=1)
    found.attrs["root"] = table.attrs.get("root")
    return found


def predicted_classes(predictions: pd.DataFrame) -> list[str]:
    """The classes that a predictions table has probabilities for, in their order."""
    return [name.removeprefix(PREFIX) for name in predictions if name.startswith(PREFIX)]


def save_predictions(predictions: pd.DataFrame, path: str | Path) -> Path:
    """Write a predictions table as CSV (UTF-8), whole or not at all; `read_predictions` gives the same one back."""
    path = Path(path).expanduser()
    try:
        with replacing(path) as temporary:
            predictions.to_csv(temporary, index=False, encoding="utf-8")
    except OSError as error:
        raise CourseError(f"The predictions cannot be written to '{path}': {error.strerror}. Free some space, or choose "
                          "another folder.") from error  # fmt: skip
    return path


def read_predictions(path: str | Path, root: str | Path | None = None) -> pd.DataFrame:
    """A predictions table from a CSV, checked; pictures with a `problem` (see `export.predict_folder`) are left out, and
    `attrs["problems"]` says how many, where there are any.

    Args:
        path: the file.
        root: the folder that the pictures' paths start from, which a CSV does not say.

    Raises:
        CourseError: the file cannot be read, or is no predictions table.
    """
    path = Path(path).expanduser()
    try:
        # A class may be called "NA" or "007"; only an empty label is none.
        read = pd.read_csv(path, dtype=str, keep_default_na=False)
        left_out = read.pop("problem") != "" if "problem" in read else pd.Series(False, read.index)
        read = read[~left_out].reset_index(drop=True)
        heads = heads_of(read)
        own = {name: own_name(name, heads) for name in read}
        probabilities = {name: read[name].astype(np.float32) for name in read if own[name].startswith(PREFIX)}
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise CourseError(f"Expected a predictions table in '{path}', but it cannot be read: {error}") from error
    predictions = read.astype(object).assign(**probabilities)
    for column in [name for name in predictions if own[name] == "label"]:
        predictions[column] = predictions[column].where(predictions[column] != "", np.nan)
    predictions.attrs["root"] = str(root) if root else None
    if left_out.any():
        predictions.attrs["problems"] = int(left_out.sum())
    for one in [of_head(predictions, head, known=False) for head in heads] or [predictions]:
        check_predictions(one, f"'{path}'")
    return predictions


def check_predictions(predictions: pd.DataFrame, source: str = "the table") -> np.ndarray:
    """The probabilities of a predictions table, (N, K), after checking all of it but the labels.

    Raises:
        CourseError: a column is missing; a path is there twice; a probability is no number, nan or looks like a logit; a
            row does not sum to 1; or a prediction is missing, or is a class without probabilities.
    """
    classes = predicted_classes(predictions)
    missing = [name for name in FIRST if name not in predictions]
    if missing or len(classes) < 2:
        raise CourseError(f"Expected the columns {named(FIRST)} and one {PREFIX}<class> for each of two or more classes in "
                          f"{source}, but found {named(predictions.columns)}.{_one_of_several(predictions)}")  # fmt: skip
    paths = predictions["path"]
    if paths.duplicated().any():
        raise CourseError(f"Expected one row a picture in {source}, but these have several: "
                          f"{named(paths[paths.duplicated()].unique())}. Pictures of one name in two folders need the folder "
                          "in their path; if a row is there twice: predictions.drop_duplicates('path')")  # fmt: skip
    try:
        values = predictions[[PREFIX + name for name in classes]].to_numpy(float)
    except ValueError as error:
        raise CourseError(f"Expected numbers in the columns {PREFIX}<class>, but {error}.") from error
    check_range(values, paths.to_numpy(), "probability")
    sums = values.sum(axis=1)
    odd = np.abs(sums - 1) > TOLERANCE
    if odd.any():
        raise CourseError(f"Expected each row's probabilities to sum to 1 in {source}, but {odd.sum():,} rows sum to "
                          f"{sums[odd].min():.2f} to {sums[odd].max():.2f}: {named(paths[odd], 3)}. A column may be missing "
                          f"({named(classes)} are there), or each class has a sigmoid of its own: a softmax over the logits "
                          f"gives a sum of 1, or divide each row by its sum: p = {[PREFIX + name for name in classes[:8]]}; "
                          "table[p] = table[p].div(table[p].sum(axis=1), axis=0)")  # fmt: skip
    unknown = other_names(predictions, "predicted", classes)
    if unknown:
        raise CourseError(f"{source} predicts {named(unknown)}, but has probabilities for {named(classes)} only; expected some "
                          f"for every class in 'predicted'. Add {PREFIX}{unknown[0]}, or drop these rows.")  # fmt: skip
    return values


def check_range(values: np.ndarray, rows, what: str) -> None:
    """A CourseError that names the rows, where values (N, K) are nan, or not from 0 to 1."""
    lacking = np.isnan(values).any(axis=1)
    if lacking.any():
        raise CourseError(f"Expected a {what} in every row, but {lacking.sum():,} have nan: {named(rows[lacking], 3)}. "
                          "Predict these pictures again, or drop them.")  # fmt: skip
    odd = ((values < 0) | (values > 1)).any(axis=1)
    if odd.any():
        raise CourseError(f"Expected each {what} to be from 0 to 1, but {odd.sum():,} rows go from {values[odd].min():.3g} to "
                          f"{values[odd].max():.3g}: {named(rows[odd], 3)}. If these are logits, make probabilities of "
                          "them first: probabilities = scipy.special.softmax(logits, axis=1)")  # fmt: skip


def other_names(predictions: pd.DataFrame, column: str, classes: list[str]) -> list[str]:
    """What a column of classes names beside these.

    Raises:
        CourseError: a row of it is empty, or no text.
    """
    empty = predictions[column].isna()
    if empty.any():
        raise CourseError(f"Expected a {column} in every row, but {empty.sum():,} have none. Keep the others: "
                          f"predictions = predictions[predictions['{column}'].notna()]")  # fmt: skip
    found = predictions[column].unique()
    if not all(isinstance(name, str) for name in found):
        raise CourseError(f"Expected names of classes in '{column}', but found {named(found)}, not all of them text. If the "
                          f"classes are called so: predictions['{column}'] = predictions['{column}'].astype(str)")  # fmt: skip
    return sorted(set(found) - set(classes))


@contextmanager
def evaluating(model: nn.Module):
    """Within the block the model is in eval mode; afterwards as it was.

    Without it dropout still drops and BatchNorm goes by the batch: in published code without it, 372 of 500
    predictions changed from one pass to the next.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def folded(model: nn.Module) -> nn.Module:
    """A copy in eval mode, with each BatchNorm of an nn.Sequential folded into the convolution before it.

    In eval mode a BatchNorm is a scale and a shift a channel, which the convolution's own weights can do: a pass over
    memory less, an eighth of the time of EfficientNet-B0. The logits differ by rounding alone.
    """
    model = copy.deepcopy(model).eval()
    for block in [module for module in model.modules() if isinstance(module, nn.Sequential)]:
        for (place, convolution), (after, norm) in pairwise(list(block.named_children())):
            is_plain = type(convolution) is nn.Conv2d or isinstance(convolution, QuickConv2d)
            if is_plain and type(norm) is nn.BatchNorm2d and norm.track_running_stats:
                block.set_submodule(place, fuse_conv_bn_eval(convolution, norm))
                block.set_submodule(after, nn.Identity())
    return model


def check_preprocessing(model: nn.Module, loader) -> None:
    """A CourseError where a loader prepares pictures otherwise than the model was made for."""
    own = getattr(model, "preprocessing", loader.preprocessing)
    if own != loader.preprocessing:
        raise CourseError(f"The model was made for pictures prepared so: {own.describe()};\nbut the loader prepares them "
                          f"so: {loader.preprocessing.describe()}.\nMake it for the model: "
                          "make_loaders(table, model.preprocessing), or make_loader.")  # fmt: skip


@torch.inference_mode()
def _probabilities(model, loader, progress):
    """(N, K), float32, in the order of the loader's table; or {head: (N, K)}."""
    device = next(model.parameters()).device
    model = folded(model).to(memory_format=torch.channels_last)  # as the batches lie in memory
    own = -(-len(loader.table) // processes.count())
    bar = tqdm(total=own, desc="predicting", unit=" pictures", disable=not progress or not processes.is_first())
    with bar, shared(loader):
        parts = []
        for images, _ in loader:
            logits = model(images.to(device, non_blocking=True))  # (N, K), or {head: (N, K)}
            parts.append(tree_map(lambda logits: logits.float().softmax(dim=1), logits))
            bar.update(len(images))
    return tree_map(torch.Tensor.numpy, gathered(joined_batches(parts), len(loader.table)))


def _one_of_several(predictions):
    heads = heads_of(predictions)
    return f" These are of several heads; for one of them: of_head(predictions, {heads[0]!r})" if heads else ""


def _table(table, probabilities, classes):
    if probabilities.shape[1] != len(classes):
        raise CourseError(f"The model tells {probabilities.shape[1]} classes apart, but there are {len(classes)} names: "
                          f"{named(classes)}. Give the model all of its own: model.classes = [...]")  # fmt: skip
    return predictions_table(table, probabilities, classes)


def _check_order(loader):
    if getattr(loader.batch_sampler, "shuffle", False):
        raise CourseError("Expected a loader that keeps the table's order, but this one is for training: it shuffles and "
                          "may augment. Use loaders.valid or loaders.test, or make_loader(table, preprocessing).")  # fmt: skip


def _class_names(model, loader):
    """The classes in the order of the logits: the model's own, else the loader's; {head: them} for a model with heads."""
    own = getattr(model, "classes", None)
    if isinstance(own, dict):
        check_classes_of_heads(own, loader)
        return own
    known = list(loader.classes.values())
    if own is None and len(known) != 1:
        raise CourseError("Expected a model or a loader that knows the classes' names. Give them to the model: "
                          "model.classes = ['cat', 'dog']")  # fmt: skip
    if own is not None and len(known) == 1 and list(own) != list(known[0]):
        raise CourseError(f"The model's classes are {named(own)}, the loader's {named(known[0])}: their numbers would not "
                          "mean the same. Make the loader with classes=model.classes.")  # fmt: skip
    return list(own if own is not None else known[0])
