"""`fit`: the loop that lesson 03 writes out, with what a real run needs around it.

Everything that changes while training is in one object, `Training` (see `state`). What is minimised, how the rates fall,
what is done to a batch, after a step and after an epoch are objects handed in: a feature is one more object, not a
branch in the loop. It runs on Lightning Fabric, which moves things to the device and takes care of mixed precision.
Words: a *step* is one batch; the *history* has one row an epoch.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from utils import processes
from utils.errors import CourseError, named
from utils.evaluation.heads import joined_batches
from utils.evaluation.predictions import evaluating
from utils.evaluation.sharing import gathered, share_buffers, shared
from utils.models.build import seeded
from utils.models.freezing import Freezable, count_parameters, freeze, frozen_parts, unfreeze
from utils.training.checks import check_fit, check_handed_in
from utils.training.choices import averages_of, batch_transform_of, objective_of
from utils.training.keeping import BEST, Files, history_table, keep_best, stop_without_progress
from utils.training.progress import CtrlC, Progress
from utils.training.recipe import Recipe
from utils.training.resuming import States, alone_in, facts_of
from utils.training.schedules import by_recipe
from utils.training.state import Training, as_it_is, set_up, steps_an_epoch
from utils.training.tracking import Tracker, Tracking

CHECK_EVERY = 20  # steps: to look at the loss makes a GPU wait


@dataclass(frozen=True)
class Fitted:
    """What `fit` leaves: the model with the weights of the best epoch, in eval mode, and how it came to them."""

    model: nn.Module = field(repr=False)
    history: pd.DataFrame
    best: dict  # the row of the history whose weights were kept
    stopped: str  # why it ended before the last epoch; "" if it did not
    checkpoint: Path | None  # the best weights as a file

    def __repr__(self):
        scores = ", ".join(f"{name} {value:.3f}" for name, value in self.best.items() if name.startswith("valid_"))
        parts = frozen_parts(self.model) if isinstance(self.model, Freezable) else []
        frozen = f"; frozen: {named(parts)} ({count_parameters(self.model)})" if parts else ""
        stopped = f"; stopped: {self.stopped}" if self.stopped else ""
        epochs = "1 epoch" if len(self.history) == 1 else f"{len(self.history)} epochs"
        return f"<Fitted: {epochs}, the best is {self.best['epoch']}: {scores}{frozen}{stopped}>"


def fit(
    model: nn.Module, loaders, recipe: Recipe | None = None, output_dir: str | Path | None = None, *,
    resume: bool = False, objective=None, schedule=by_recipe, batch_transform=None, after_step=(), after_epoch=(),
    progress: bool = True, tracker: str | Tracker = "",
) -> Fitted:  # fmt: skip
    """Train a model by a recipe, and give it the weights of its best epoch.

    Ctrl-C ends the training after the step that is under way; what was best until then is kept. After a kill, or a full
    disk, the same call with `resume=True` goes on after the last whole epoch, and ends with the same bits.

    Args:
        model: made by `build`; it is trained in place. What is frozen stays frozen.
        loaders: of `make_loaders`; valid decides which epoch is best. Test is not touched.
        recipe: a Recipe; None takes its defaults.
        output_dir: folder for best.safetensors, last.safetensors, history.csv, recipe.yaml, state.pt; None keeps the
            best in memory only.
        resume: go on with a training of the same that was cut off in `output_dir` (see `resuming`); one that has ended
            is given back as it ended. False begins anew, and moves one that was cut off aside.
        objective: what is minimised and judged (see `objectives`); None takes the recipe's.
        schedule: from the Training to the share of the highest rates at its next step, in place of the recipe's.
        batch_transform: (images, targets) to others, before each training step and on the device (see `mixing`,
            `teaching`); None takes what the recipe asks for.
        after_step, after_epoch: callables that are given the Training; after an epoch its files are written already.
            To end the training after the epoch, set its `stopped` to the reason.
        progress: whether to show a bar; where it cannot move, in a log file, it is one line an epoch.
        tracker: where each epoch's row goes beside history.csv: "trackio", "wandb", "tensorboard", or a Tracker (see
            `tracking`) under another name than the folder's; "" for nowhere. If it fails, a warning says so, and the
            training goes on without it.

    Raises:
        CourseError: model, loaders and recipe do not fit together, the tracker is not installed, results cannot be written,
            another training is writing to the folder or was begun there, or the loss is no number any more. Then the model
            has the weights of its best epoch, where there is one.
        KeyboardInterrupt: Ctrl-C within the first epoch, with nothing to keep yet.
    """
    recipe = Recipe() if recipe is None else recipe
    objective = objective_of(recipe, loaders) if objective is None else objective
    check_fit(model, loaders, recipe, objective, output_dir, after_step, after_epoch, resume)
    check_handed_in(recipe, objective, schedule, batch_transform, after_step)
    batch_transform = batch_transform or batch_transform_of(recipe, loaders) or as_it_is
    folder = Path(output_dir).expanduser().absolute() if output_dir else None
    tracking = Tracking(tracker, folder)
    files = [Files(folder, model, recipe)] if folder and processes.is_first() else []
    # All processes take part: each has a state of chance of its own.
    states = [States(facts_of(model, loaders, recipe, objective=objective, schedule=schedule, batch_transform=batch_transform,
                              after_step=after_step, after_epoch=after_epoch), resume)] if folder else []  # fmt: skip
    with (
        alone_in(folder),
        shared(loaders.train),
        seeded(recipe.seed + processes.rank()),
        Progress(recipe.epochs, recipe.epochs * steps_an_epoch(loaders, recipe), progress) as bar,
        CtrlC() as ctrl_c,
        tracking,
    ):
        training = set_up(model, loaders, recipe, objective, schedule=schedule, batch_transform=batch_transform)
        training.output_dir = folder
        training.after_step = [bar.step, *averages_of(recipe, model), *after_step, ctrl_c]
        training.after_epoch = [keep_best, stop_without_progress, *files, bar.epoch, *after_epoch, *states, tracking,
                                ctrl_c]  # fmt: skip
        for each in (*states, *files, bar, tracking):  # a training that was cut off is first brought to where it was
            each.begin(training)
        run(training)
        for each in files:
            each.end(training)
        training.fabric.barrier()  # no process goes on to files that are not written yet
    return Fitted(model, history_table(training.history), training.best, training.stopped, folder and folder / BEST)


def run(training: Training) -> None:
    """All epochs that are left, or until somebody stops it; then the model has its best weights, in eval mode."""
    try:
        while not training.has_ended:
            training.history.append(one_epoch(training))
            training.epoch += 1
            for call in training.after_epoch:
                call(training)
    except KeyboardInterrupt:
        if processes.count() > 1:
            raise
        if training.best is None:
            raise KeyboardInterrupt("The training was stopped within its first epoch, before any weights were judged, "
                                    "so nothing was saved. The model keeps those of its last step.") from None  # fmt: skip
        training.stopped = f"interrupted after epoch {training.epoch}"
    finally:
        if training.best is not None:
            training.model.load_state_dict(training.best_weights)
        training.model.zero_grad(set_to_none=True)  # gradients are as large as the model, and of no use any more
        training.model.eval()


def one_epoch(training: Training) -> dict:
    """Train on every batch once, then judge on valid: one row of the history."""
    start = time.perf_counter()
    with backbone_frozen(training.model, training.epoch < training.recipe.freeze_epochs):
        trained = train_one_epoch(training)
    lr = max(group["lr"] for group in training.optimizer.param_groups)  # of the last step
    scores = {name: float(score) for name, score in evaluate(training).items()}  # numpy's numbers no state can hold
    row = {"epoch": training.epoch + 1, **trained, **scores, "lr": lr}
    return row | {"seconds": time.perf_counter() - start}


def train_one_epoch(training: Training) -> dict[str, float]:
    """Every training batch once; the mean loss, each picture counting the same (the last batch is smaller)."""
    start = time.perf_counter()
    loss_sum, seen = torch.zeros((), device=training.fabric.device), 0
    training.network.train()
    training.loaders.train.set_epoch(training.epoch)
    for batches in in_groups(training.loaders.train, training.recipe.accumulate):
        pictures = take_step(training, batches)
        loss_sum += training.loss * pictures
        seen += pictures
        if training.step % CHECK_EVERY == 0:
            check_loss(training, loss_sum)
        for call in training.after_step:
            call(training)
    loss_sum = training.fabric.all_reduce(loss_sum, reduce_op="mean")  # of all processes
    check_loss(training, loss_sum)
    return {"train_loss": loss_sum.item() / seen, "images_per_second": seen / (time.perf_counter() - start)}


def take_step(training: Training, batches) -> int:
    """Change the weights once, by all of these batches; how many pictures they were, those of other processes with them.

    `training.loss` is their mean loss, as this process sees it: the mean of all processes is that of all pictures.
    """
    training.optimizer.zero_grad()
    pictures = training.pictures_of_step
    training.loss = sum(backward(training, batch, pictures, batch is batches[-1]) for batch in batches)
    clip(training)
    set_lr(training)
    training.optimizer.step()
    training.step += 1
    return pictures


def in_groups(batches, size: int):
    """Lists of so many batches, the last one as long as it comes out."""
    batches = iter(batches)
    while group := list(islice(batches, size)):
        yield group


def backward(training: Training, batch, whole: int, is_last: bool = True) -> torch.Tensor:
    """Add the gradient of one batch, of `whole` pictures a step; the step's loss is the sum of what it returns.

    Each batch counts by its pictures, so that several small ones give the gradient of a large one, where every picture
    counts the same. (With weights of classes or pictures, or pictures without a label, each small batch is divided by what
    its own pictures count; and BatchNorm still goes by each small one.) Where several processes share a batch, the mean
    of their gradients is taken, once a step.
    """
    images, targets = training.fabric.to_device(batch)
    share = training.loaders.train.batch_sampler.share[1] * len(images) / whole
    images, targets = training.batch_transform(images, targets)
    with training.fabric.no_backward_sync(training.network, enabled=not is_last):
        loss = share * training.objective.loss(training.network(images), targets)
        training.fabric.backward(loss)
    return loss.detach()


@torch.inference_mode()
def evaluate(training: Training) -> dict[str, float]:
    """The objective's scores over all of valid at once, in eval mode; where weights are averaged, those of the average."""
    outputs, targets, network, loader = [], [], training.judged_network, training.loaders.valid
    share_buffers(training.judged_model)  # each has BatchNorm's statistics of its own pictures
    with evaluating(network), shared(loader):
        for images, wanted in loader:
            outputs.append(network(training.fabric.to_device(images)))
            targets.append(wanted)
    found = gathered((joined_batches(outputs), joined_batches(targets)), len(loader.table))
    return training.objective.scores(*found)


def set_lr(training: Training) -> None:
    """The rates of the next step, by the schedule."""
    share = training.schedule(training)
    for group in training.optimizer.param_groups:
        group["lr"] = share * group["initial_lr"]


def clip(training: Training) -> None:
    """Shorten a gradient that is too long: after backward and before the step, where it has an effect."""
    longest = training.recipe.clip_norm
    if longest is not None:
        # A gradient that is no number is left for `check_loss`, which says more than "non-finite".
        training.fabric.clip_gradients(training.network, training.optimizer, max_norm=longest, error_if_nonfinite=False)


def check_loss(training: Training, loss_sum: torch.Tensor) -> None:
    """A CourseError where the losses are no numbers any more: no step will mend that."""
    if torch.isfinite(loss_sum):
        return
    recipe, best = training.recipe, training.best
    tries = [f"lr={recipe.lr / 10:g}", "clip_norm=1"] if recipe.clip_norm is None else [f"lr={recipe.lr / 10:g}"]
    tries += ["precision='32'"] * (recipe.precision != "32")
    kept = f"; they are in '{training.output_dir / BEST}' too" if training.output_dir else ""
    left = f"The model has the weights of epoch {best['epoch']} again{kept}." if best else "Build the model anew."
    raise CourseError(f"The training loss is no number any more in epoch {training.epoch + 1}, by step {training.step}. "
                      f"Most often the learning rate is too high: lr is {recipe.lr:g}. Try {' or '.join(tries)}. {left}")  # fmt: skip


@contextmanager
def backbone_frozen(model: nn.Module, is_frozen: bool):
    """Within the block only the head learns, where that is wanted; afterwards the same parts are frozen as before."""
    if not is_frozen:
        yield
        return
    before = frozen_parts(model)
    freeze(model, "backbone")
    try:
        yield
    finally:
        unfreeze(model, "backbone")
        if before:
            freeze(model, *before)
