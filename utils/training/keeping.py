"""What is kept of a training, and when it is over: called with the Training after each epoch.

best.safetensors holds the best epoch's weights, last.safetensors the newest ones, history.csv the numbers, recipe.yaml
what they were made with; each is replaced whole, so a kill leaves those before. (What a training goes on from is in
`resuming`.)
"""

import math
from pathlib import Path

import pandas as pd

from utils.errors import CourseError
from utils.files import RECIPE, replacing, results_in
from utils.models.checkpoints import KINDS, describe_checkpoint, save_checkpoint

BEST, LAST, NUMBERS = "best.safetensors", "last.safetensors", "history.csv"
THEN = "Then go on: fit(..., resume=True)"  # after an epoch could not be written
# The columns of a history; scores of other objectives come after these.
HISTORY = ["epoch", "train_loss", "valid_loss", "valid_accuracy", "valid_f1", "lr", "seconds", "images_per_second"]


def keep_best(training) -> None:
    """Keep the weights of the epoch in memory, where it is better than all before."""
    row = training.history[-1]
    higher = training.objective.higher_is_better[training.recipe.best_by]
    if training.best is None or is_better(row, training.best, training.recipe.best_by, higher):
        weights = training.judged_model.state_dict()
        training.best_weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in weights.items()}
        training.best = row


def stop_without_progress(training) -> None:
    """Early stop: where the last `patience` epochs brought nothing better. Comes after `keep_best`."""
    patience, best = training.recipe.patience, training.best["epoch"]
    if patience is not None and training.history[-1]["epoch"] - best >= patience:
        training.stopped = f"nothing better than epoch {best} in {patience} epochs"


def is_better(row: dict, than: dict, by: str, higher: bool) -> bool:
    """Whether one epoch is better than another; a score that is nan is worse than any number."""
    new, old = row[by], than[by]
    if math.isnan(new) or math.isnan(old):
        return math.isnan(old) and not math.isnan(new)
    return new > old if higher else new < old


def history_table(rows: list[dict]) -> pd.DataFrame:
    """One row an epoch."""
    table = pd.DataFrame(rows)
    first = [name for name in HISTORY if name in table]
    return table[first + [name for name in table if name not in first]]


class Files:
    """Checkpoints and numbers in a folder. Comes after `keep_best`.

    Raises:
        CourseError: on creation, where the model could not be saved; then where the folder cannot be written.
    """

    def __init__(self, folder: Path, model, recipe):
        _check_kind(model)  # now, rather than after the first epoch
        self.folder, self.recipe = folder, recipe

    def begin(self, training) -> None:
        with results_in(self.folder):
            self.recipe.save(self.folder / RECIPE)

    def __call__(self, training) -> None:
        row = training.history[-1]
        every = training.recipe.save_every
        names = [BEST] * (training.best is row) + [LAST] * training.recipe.save_last
        names += [f"epoch-{row['epoch']:03}.safetensors"] * (every is not None and row["epoch"] % every == 0)
        for name in names:
            self._save(name, training.judged_model, row)
        self._write_numbers(training)

    def end(self, training) -> None:
        """What is missing or cut short by now is written again: a training may have gone on after a long time."""
        self._write_numbers(training)
        try:
            describe_checkpoint(self.folder / BEST)
        except CourseError:
            self._save(BEST, training.model, training.best)

    def _save(self, name, model, row):
        try:
            save_checkpoint(self.folder / name, model, recipe=self.recipe, metrics=row)
        except CourseError as error:
            raise CourseError(f"{error} {THEN}") from error

    def _write_numbers(self, training):
        with results_in(self.folder, THEN), replacing(self.folder / NUMBERS) as temporary:
            history_table(training.history).to_csv(temporary, index=False)


def _check_kind(model):
    if not isinstance(model, tuple(KINDS.values())):
        raise CourseError(f"A checkpoint describes a model made by build(...), but this one is a {type(model).__name__}. "
                          "Train it without output_dir, and save its weights yourself: "
                          "torch.save(model.state_dict(), path)")  # fmt: skip
