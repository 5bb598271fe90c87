"""EMA: beside the weights that learn, their exponential moving average, which is judged and kept in their place.

    average = decay * average + (1 - decay) * weights        after each step
The last steps' zigzag cancels out in the mean (Polyak and Juditsky 1992; in this form for instance in Tan and Le, arXiv
1905.11946, section 5.3). Introduced in lesson 07.
"""

import copy

import torch
from torch import nn

from utils.errors import CourseError


class EMA:
    """Averages a model's weights: `fit(model, ..., after_step=[EMA(model, 0.99)])`.

    The first steps decay faster, min(decay, (1 + n) / (10 + n)) at step n, so that the random beginning is soon
    forgotten and short runs have their use of it too. BatchNorm's statistics are averaged as the weights are.

    Attributes:
        model: the same as the model, with the averages; what is judged, kept and given back.
    """

    def __init__(self, model: nn.Module, decay: float = 0.99):
        if not isinstance(decay, (int, float)) or isinstance(decay, bool) or not 0 < decay < 1:
            raise CourseError(f"Expected EMA's decay as a number between 0 and 1, such as 0.99, but got {decay!r}.")
        self.decay, self.steps = float(decay), 0
        self.model = copy.deepcopy(model)
        self.network = None

    @torch.no_grad()
    def __call__(self, training) -> None:
        """After a step: the average moves a little towards the weights."""
        if self.network is None:
            if hasattr(training.model, "classes"):
                self.model.classes = training.model.classes  # made before `fit`, the copy may not have them yet
            self.network = training.fabric.setup_module(self.model)
            training.average = self
        self.steps += 1
        kept = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for average, newest in zip(_tensors(self.model), _tensors(training.model)):
            if average.is_floating_point():
                average.lerp_(newest.to(average), 1 - kept)
            else:
                average.copy_(newest)  # a count: BatchNorm's batches

    def state_dict(self) -> dict:
        return {"steps": self.steps, "model": self.model.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]
        self.model.load_state_dict(state["model"])


def _tensors(model):
    return model.state_dict().values()
