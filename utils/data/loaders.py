"""Loaders: from an image table to batches that a model can take, quick and the same for the same seed.

A batch is (images, targets): images float32 (N, 3, H, W), normalised, channels last in memory; targets int64 (N,),
or {column: (N,)} for several label columns. A picture without a label has the target IGNORE.
Conventions: chance comes from (seed, epoch, place in the epoch) alone, so that the number of worker processes, the
batches before and torch's own generator change nothing. Only training is shuffled and augmented; every other
loader keeps the table's order and every picture. Introduced in lesson 01.
"""

import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset

from utils.data.cache import open_store
from utils.data.folders import SPLITS
from utils.data.room import cores
from utils.data.sampling import Batches, Weighted, odds_of, weights_of
from utils.data.tables import class_names
from utils.data.transforms import LIGHT, Augmentation, Preprocessing, as_augmentation
from utils.errors import CourseError, named

IGNORE = -100  # the target of a missing label; cross_entropy leaves it out by default (ignore_index)
MOST_WORKERS = 8


class Pictures(Dataset):
    """Some rows of a store, with their targets; fetched a batch at a time, as stored or augmented."""

    def __init__(self, store, rows, targets, transform=None):
        self.store, self.rows, self.targets, self.transform = store, np.asarray(rows), targets, transform

    def __len__(self):
        return len(self.rows)

    def __getitems__(self, drawn: list[tuple[int, int]]):
        """uint8 (N, H, W, 3) and targets, for pairs of a place among the rows and a seed for the augmentation."""
        places, seeds = zip(*drawn)
        try:
            images = torch.from_numpy(self.store.take(self.rows[list(places)]))
        except CourseError as error:  # raised here, it would reach the learner below a worker process's traceback
            return error
        if self.transform is not None:
            _augment(images, seeds, self.transform)
        return images, _of_each_column(self.targets, lambda targets: targets[list(places)])


class PictureLoader(DataLoader):
    """A DataLoader whose batches arrive on the device, normalised. Each iteration is one epoch and moves on to the next.

    Looking at one batch is an iteration too; who needs a certain epoch calls `set_epoch` before it. With worker
    processes there can be one iteration at a time, since they live on from epoch to epoch.

    Attributes:
        table: its rows, in the order of their places; for valid, test and prediction also the order of delivery.
        classes: {column: class names}; a target is the place in them.
        preprocessing: what was done to the pictures, to be kept with the model.
        device: where the batches are.
    """

    def __init__(self, pictures: Pictures, batches: Batches, table, classes, preprocessing, workers=0, device="cpu"):
        self.table, self.classes, self.preprocessing = table, classes, preprocessing
        self.device = torch.device(device)
        super().__init__(
            pictures, batch_sampler=batches, collate_fn=_as_it_is, num_workers=workers,
            persistent_workers=workers > 0, pin_memory=self.device.type == "cuda", worker_init_fn=_leave_ctrl_c,
            generator=torch.Generator(),  # else each epoch would draw from torch's own
        )  # fmt: skip

    @property
    def epoch(self) -> int:
        """The epoch that the next iteration is."""
        return self.batch_sampler.epoch

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration this epoch: with the same seed, the same batches, whatever came before."""
        self.batch_sampler.epoch = epoch

    def __iter__(self):
        batches = super().__iter__()  # has its plan now
        self.set_epoch(self.epoch + 1)
        return map(self._finished, batches)

    def _finished(self, batch):
        if isinstance(batch, CourseError):
            raise batch
        # As bytes a batch is a quarter as long on its way, from a worker and to the device.
        images, targets = (_of_each_column(part, self._sent) for part in batch)
        return self.preprocessing.normalise(images.movedim(-1, -3)), targets

    def _sent(self, tensor):
        return tensor.to(self.device, non_blocking=self.pin_memory)  # from memory that may move, it would be a race


def _leave_ctrl_c(worker):
    """Ctrl-C reaches every process at once; the training ends itself after its step, and needs the workers until then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True, repr=False)
class Loaders:
    """The loaders of a split table; None where a split has no picture. Printed, it says what was set up, and why.

    Attributes:
        sampling, sample_weights: as they were asked for, since a recipe may want others.
    """

    train: PictureLoader
    valid: PictureLoader | None
    test: PictureLoader | None
    classes: dict[str, list]
    preprocessing: Preprocessing
    augmentation: Augmentation
    reasons: tuple[str, ...]
    sampling: str = "shuffled"
    sample_weights: str | None = None

    def describe(self) -> str:
        """In words: the splits, the classes, where the pictures are kept, and the workers."""
        lines = [_in_words(split, getattr(self, split)) for split in SPLITS]
        lines[0] += f"; {self.augmentation.describe()}"
        lines += [f"{column}: {len(names)} classes, {named(names)}" for column, names in self.classes.items()]
        return "\n".join([*lines, *self.reasons])

    __repr__ = describe


def make_loaders(
    table: pd.DataFrame, preprocessing: Preprocessing, augmentation: Augmentation | str = LIGHT, *, batch_size: int = 32,
    columns="label", classes=None, seed: int = 0, sampling: str = "shuffled", sample_weights: str | None = None,
    workers="auto", device="cpu", cache: str = "auto", cache_dir=None, memory_share: float = 0.5, progress: bool = True,
) -> Loaders:  # fmt: skip
    """The loaders for train, valid and test, all over one store of pictures, which is filled now.

    Where the last training batch would hold one picture, that one is left out, another one each epoch.

    Args:
        table: image table with `split`; paths start from table.attrs["root"].
        preprocessing: the same for all splits.
        augmentation: for training only, or the name of a preset; "none" leaves it out.
        batch_size: pictures a batch.
        columns: the label column; or a list of columns, then targets are {column: (N,)}.
        classes: names in the order of their targets, a list (or {column: list}); None: sorted, from the whole table.
        seed: of the order and the augmentations, 0 or more.
        sampling: of training: "shuffled", each picture once an epoch; "balanced", as many draws, each class as likely.
        sample_weights: a column with a number from 0 for each training picture: how much it counts in the loss. Then
            the targets of training are `Weighted`.
        workers: processes that fetch batches; "auto" takes them only where they pay, beside a GPU.
        device: where the batches go, for instance "cuda".
        cache, cache_dir, memory_share, progress: see `cache.open_store`.

    Raises:
        CourseError: a row without a split, a training split with fewer than 2 pictures, a label not among the
            classes, weights that are none, a class to be drawn that has no picture, pictures that cannot be read (all
            named), a cache among the pictures.
    """
    _check_numbers(batch_size, seed, at_least=2)
    _check_splits(table)
    augmentation = as_augmentation(augmentation)
    names = _classes(table, columns, classes)
    targets = _targets(table, columns, names)
    weights = None if sample_weights is None else weights_of(table, sample_weights)
    odds = odds_of(table, columns, names, sampling)
    root, paths = _paths(table)
    store, choice = open_store(paths, preprocessing, root, cache, cache_dir, memory_share, progress=progress)
    workers, why = _workers(workers, device)

    def loader(split):
        rows = np.flatnonzero(table["split"] == split)
        is_train = split == "train"
        transform = augmentation.transform(preprocessing.size) if is_train and not augmentation.is_off else None
        own = _of_each_column(targets, lambda all_of_them: all_of_them[rows])
        own = Weighted(own, weights[rows]) if is_train and weights is not None else own
        pictures = Pictures(store, rows, own, transform)
        batches = Batches(len(rows), batch_size, seed, shuffle=is_train, odds=odds if is_train else None)
        part = table.iloc[rows].reset_index(drop=True)
        return PictureLoader(pictures, batches, part, names, preprocessing, workers, device) if len(rows) else None

    reasons = (f"pictures: {_PLACES[choice.kind]} ({choice.why})", f"workers: {workers} ({why})")
    reasons += ("sampling: balanced, each class is drawn as often",) * (odds is not None)
    reasons += (f"each training picture counts by its {sample_weights}",) * (sample_weights is not None)
    return Loaders(*map(loader, SPLITS), names, preprocessing, augmentation, reasons, sampling, sample_weights)


def make_loader(
    table: pd.DataFrame, preprocessing: Preprocessing, *, batch_size: int = 32, columns="label", classes=None,
    workers="auto", device="cpu", cache: str = "none", cache_dir=None, memory_share: float = 0.5, progress: bool = True,
) -> PictureLoader:  # fmt: skip
    """One loader over a whole table, for prediction: every picture, in the table's order, as it is.

    Args: as for `make_loaders`; `columns=None` for pictures without labels, whose targets are IGNORE, (N,).
    The default caches nothing, since each picture is wanted once.

    Raises:
        CourseError: the table is empty, or as for `make_loaders`.
    """
    _check_numbers(batch_size, 0, at_least=1)
    if table.empty:
        raise CourseError("Expected pictures to load, but the table has no row.")
    names = {} if columns is None else _classes(table, columns, classes)
    targets = torch.full((len(table),), IGNORE) if columns is None else _targets(table, columns, names)
    root, paths = _paths(table)
    store, _ = open_store(paths, preprocessing, root, cache, cache_dir, memory_share, progress=progress)
    workers, _ = _workers(workers, device)
    pictures = Pictures(store, np.arange(len(table)), targets)
    batches = Batches(len(table), batch_size)
    return PictureLoader(pictures, batches, table.reset_index(drop=True), names, preprocessing, workers, device)


_PLACES = {"memory": "decoded once, in memory", "disk": "decoded once, on disk", "none": "decoded each time"}


def _augment(images, seeds, transform):
    """Change (N, H, W, 3) in place, each picture by its own seed; torch's generator is left as it was."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums over a picture depend on the number of threads, and a worker process has one
    try:
        with torch.random.fork_rng(devices=[]):
            for image, seed in zip(images, seeds):
                torch.default_generator.manual_seed(seed)
                image.copy_(transform(image.movedim(-1, 0)).movedim(0, -1))
    finally:
        torch.set_num_threads(threads)


def _as_it_is(batch):
    return batch


def _of_each_column(value, function):
    if isinstance(value, Weighted):
        return Weighted(_of_each_column(value.targets, function), function(value.weights))
    return {column: function(each) for column, each in value.items()} if isinstance(value, dict) else function(value)


def _paths(table):
    if not table.attrs.get("root"):
        raise CourseError("The table does not say which folder its paths start from. Tell it: "
                          "table.attrs['root'] = '/path/to/pictures'")  # fmt: skip
    root = Path(table.attrs["root"])
    return root, [str(root / path) for path in table["path"]]  # a Path takes four times as much memory


def _check_numbers(batch_size, seed, at_least):
    for name, value, least in (("batch_size", batch_size, at_least), ("seed", seed, 0)):
        if not isinstance(value, (int, np.integer)) or value < least:
            why = " (BatchNorm cannot train on one picture)" if least == 2 else ""
            raise CourseError(f"Expected {name} as a whole number, {least} or more{why}, but got {value!r}.")


def _check_splits(table):
    if "split" not in table:
        raise CourseError("The table has no column split. Make it: add_splits(table)")
    counts = table["split"].value_counts()
    wrong = [str(name) for name in table["split"].unique() if name not in SPLITS]
    if wrong:
        raise CourseError(f"Expected each row's split to be one of {named(SPLITS)}, but found {named(wrong)}. "
                          "Give rows without one theirs: add_splits(table)")  # fmt: skip
    if counts.get("train", 0) < 2:
        raise CourseError(f"Training needs 2 pictures at least, but the split 'train' has {counts.get('train', 0)}. "
                          "Split anew: add_splits(table.drop(columns='split'))")  # fmt: skip


def _classes(table, columns, classes):
    """{column: names in the order of their targets}, for every column."""
    columns = [columns] if isinstance(columns, str) else list(columns)
    missing = [column for column in columns if column not in table]
    if missing or not columns:
        raise CourseError(f"Expected label columns among those of the table, {named(table.columns)}, but got "
                          f"{named(missing) or 'none'}.")  # fmt: skip
    if classes is not None and not isinstance(classes, dict):
        classes = dict.fromkeys(columns[:1], list(classes))
    found = classes or {column: class_names(table[[column]].dropna().set_axis(["label"], axis=1)) for column in columns}
    for column in columns:
        if not found.get(column) or len(set(found[column])) < len(found[column]):
            raise CourseError(f"Expected the classes of the column {column!r}, each once, but got "
                              f"{named(found.get(column) or []) or 'none'}.")  # fmt: skip
    return {column: list(found[column]) for column in columns}


def _targets(table, columns, names):
    if not isinstance(columns, str):
        return {column: _targets(table, column, names) for column in columns}
    labels = table[columns]
    places = labels.map({name: place for place, name in enumerate(names[columns])}).astype(float)
    unknown = labels[places.isna() & labels.notna()].unique()
    if len(unknown):
        raise CourseError(f"Expected labels among the classes {named(names[columns])} in the column {columns!r}, but "
                          f"found {named(unknown)}. Leave these pictures out: "
                          f"table = table[table[{columns!r}].isin({names[columns]!r})]")  # fmt: skip
    return torch.tensor(places.fillna(IGNORE).to_numpy(np.int64))


def _workers(wanted, device):
    """How many worker processes, and why."""
    if wanted != "auto":
        if not isinstance(wanted, (int, np.integer)) or wanted < 0:
            raise CourseError(f"Expected workers as a number of processes, 0 or more, or 'auto', but got {wanted!r}.")
        return int(wanted), "as asked for"
    if torch.device(device).type == "cpu":  # measured in tests/bench: no slower on two cores, cached or not
        return 0, "threads of this process fetch the pictures; others would take the cores from the model"
    return max(1, min(cores() - 1, MOST_WORKERS)), "so that batches are ready while the model works"


def _in_words(split, loader):
    if loader is None:
        return f"{split}: no picture"
    batches = loader.batch_sampler
    order = "in a new order each epoch" if batches.shuffle else "in the table's order, as they are"
    spare = ", one left out each time" if batches.left_out else ""
    count = f"{len(loader)} batches" if len(loader) != 1 else "1 batch"
    return f"{split}: {len(loader.table)} pictures in {count} of {batches.batch_size}, {order}{spare}"
