"""A training under way: everything that changes, and the objects that change it, in one place.

Words: `model` is the learner's, `network` is the same as Fabric runs it: on its device, in its precision, compiled.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import nn

from utils import processes
from utils.evaluation.sharing import from_each
from utils.training.choices import make_optimizer
from utils.training.recipe import Recipe
from utils.training.rules import PRECISIONS
from utils.training.schedules import by_recipe


def as_it_is(images, targets):
    """The batch transform that changes nothing."""
    return images, targets


@dataclass
class Training:
    """All that changes while a model is trained, and what changes it."""

    model: nn.Module
    network: nn.Module
    optimizer: torch.optim.Optimizer
    fabric: Fabric
    loaders: object
    recipe: Recipe
    objective: object  # see `objectives`
    schedule: Callable = by_recipe  # from the Training to the share of the highest rates
    batch_transform: Callable = as_it_is  # (images, targets) to (images, targets), on the device
    after_step: list[Callable] = field(default_factory=list)  # called with the Training
    after_epoch: list[Callable] = field(default_factory=list)
    output_dir: Path | None = None
    epoch: int = 0  # whole ones behind it
    step: int = 0
    loss: torch.Tensor | None = None  # of the last step
    history: list[dict] = field(default_factory=list)
    best: dict | None = None  # the row of the best epoch
    best_weights: dict | None = None
    stopped: str = ""  # why it ends before the last epoch
    average: object = None  # an EMA, after its first step

    @property
    def steps_an_epoch(self) -> int:
        return steps_an_epoch(self.loaders, self.recipe)

    @property
    def pictures_of_step(self) -> int:
        """How many pictures the next step sees, in all processes that share its batches."""
        batches, done = self.loaders.train.batch_sampler, self.step % self.steps_an_epoch
        a_step = batches.batch_size * self.recipe.accumulate
        return min(a_step, batches.kept - done * a_step)

    @property
    def judged_model(self) -> nn.Module:
        """Whose weights are judged and kept: the model's, or their average where there is one."""
        return self.model if self.average is None else self.average.model

    @property
    def judged_network(self) -> nn.Module:
        """The same as Fabric runs it."""
        return self.network if self.average is None else self.average.network

    @property
    def has_ended(self) -> bool:
        """Whether no epoch is left, or somebody stopped it."""
        return bool(self.stopped) or self.epoch >= self.recipe.epochs

    def state_dict(self) -> dict:
        """All that continues a training after an epoch, to the same bits: for `torch.save`, readable `weights_only`.

        The tensors are those of the model itself: save or copy them before training goes on. Objects that were handed
        in take part if they have a `state_dict`. Of a training that has ended, what made the next step is left out. Several
        processes have to call it together: all but where chance stands is the same for each.
        """
        kept = {name: getattr(self, name) for name in _KEPT}
        kept |= {
            "history": [dict(row) for row in self.history],
            "objects": [each.state_dict() for each in self._with_state()],
            "random": from_each(random_state(self.fabric.device)),
        }
        if self.has_ended:
            return kept
        return kept | {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Continue where `state_dict` was called, in a Training that was set up in the same way."""
        for name in _KEPT:
            setattr(self, name, state[name])
        self.history = [dict(row) for row in state["history"]]
        if not self.has_ended:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.fabric.strategy.precision.load_state_dict(state["precision"])
        for each, its_state in zip(self._with_state(), state["objects"], strict=True):
            each.load_state_dict(its_state)
        set_random_state(state["random"][processes.rank() % len(state["random"])], self.fabric.device)

    def _with_state(self):
        handed_in = [self.objective, self.schedule, self.batch_transform, *self.after_step, *self.after_epoch]
        return [each for each in handed_in if hasattr(each, "state_dict")]


_KEPT = ("epoch", "step", "best", "best_weights", "stopped")


def steps_an_epoch(loaders, recipe: Recipe) -> int:
    """How often an epoch changes the weights: once every `accumulate` batches, and at its end."""
    return -(-len(loaders.train) // recipe.accumulate)


def set_up(model: nn.Module, loaders, recipe: Recipe, objective, **objects) -> Training:
    """A Training that has not begun. Further arguments are fields of Training."""
    accelerator, _, number = recipe.device.partition(":")
    devices = [int(number)] if number else processes.count_here()
    # DDP waits for a gradient of every weight; it has to look which ones have none, where the backbone stands still. Buffers
    # do not change what is learned: `evaluate` gives all processes the same, once an epoch and not at every step.
    ddp = DDPStrategy(find_unused_parameters=bool(recipe.freeze_epochs), broadcast_buffers=False)
    strategy = ddp if processes.count() > 1 else "auto"
    fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=processes.count() // processes.count_here(),
                    strategy=strategy, precision=PRECISIONS[recipe.precision])  # fmt: skip
    if processes.count() > 1 and not processes.started_by_fabric():
        fabric.launch()
    model.to(memory_format=torch.channels_last)  # convolutions on batches that lie so are up to twice as fast
    network, optimizer = fabric.setup(_compiled(model, recipe), make_optimizer(model, recipe))
    return Training(model, network, optimizer, fabric, loaders, recipe, objective, **objects)


def random_state(device: torch.device) -> dict:
    """Where chance stands: Python's, numpy's, torch's, and the device's own."""
    kind, keys, *rest = np.random.get_state()
    state = {"python": random.getstate(), "numpy": (kind, keys.tolist(), *rest), "torch": torch.get_rng_state()}
    return state if device.type == "cpu" else state | {"device": torch.get_device_module(device).get_rng_state()}


def set_random_state(state: dict, device: torch.device) -> None:
    """Chance goes on from where `random_state` was called."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"].cpu())
    if "device" in state and device.type != "cpu":
        torch.get_device_module(device).set_rng_state(state["device"].cpu())


def _compiled(model, recipe):
    return torch.compile(model) if recipe.compile else model
