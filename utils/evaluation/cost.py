"""What a model costs: parameters, multiply-adds, memory, size of its file, and time, for any network and size.

Words: *MACs* are multiply-adds, half of what torch's counter calls flops, of convolutions and matrix products; what
goes element by element (BatchNorm, activations, additions) is not counted, as in papers. *Activation memory* is what
training keeps of a picture until the backward pass. *Latency* is the time from a batch to its logits.
All but latency is counted on torch's meta device, from shapes alone: exact, quick, and without the model's weights
being touched. Introduced in lesson 02.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from utils.evaluation.latency import Latency, latency
from utils.evaluation.passes import counted_pass, size_of

__all__ = ["Cost", "Latency", "cost", "count_macs", "count_parameters", "latency", "layer_costs"]


@dataclass(frozen=True)
class Cost:
    """What a model costs before anybody looks at a clock."""

    parameters: int
    macs: int  # for one picture
    activation_bytes: int  # for one picture in training
    file_bytes: int  # its parameters and buffers; a file's header comes to it, about 100 bytes a tensor

    def __str__(self):
        return (f"{self.parameters:,} parameters, {self.macs / 1e6:,.0f} million multiply-adds a picture, "
                f"{self.activation_bytes / 1e6:,.1f} MB of activations a picture in training, "
                f"{self.file_bytes / 1e6:,.1f} MB on disk")  # fmt: skip


def cost(model: nn.Module, size=None, channels: int = 3) -> Cost:
    """Parameters, multiply-adds, activation memory and file size of a model, which stays as it is.

    Args:
        model: takes images (N, channels, H, W).
        size: pixels, an int or (height, width); None takes that of `model.preprocessing`.

    Raises:
        CourseError: the model cannot take pictures of this size, or no size is known.
    """
    size = size_of(model, size)
    return Cost(
        parameters=count_parameters(model),
        macs=count_macs(model, size, channels),
        activation_bytes=_activation_bytes(model, (channels, *size)),
        file_bytes=_file_bytes(model),
    )


def count_parameters(model: nn.Module) -> int:
    """All numbers that training may change, frozen ones too; a shared one counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_macs(model: nn.Module, size=None, channels: int = 3) -> int:
    """Multiply-adds for one picture; arguments and errors as for `cost`."""
    counter = counted_pass(model, (1, channels, *size_of(model, size)), lambda state: FlopCounterMode(display=False))
    return counter.get_total_flops() // 2


def layer_costs(model: nn.Module, size=None, channels: int = 3) -> pd.DataFrame:
    """A row for each layer (a module without parts) in the order in which a picture passes them.

    Columns: `layer` (its name), `kind`, `output` (shape for one picture, without N; None where it is no tensor),
    `parameters`, `macs`. A layer that is passed twice has two rows, its parameters in the first alone.

    Raises:
        CourseError: as for `cost`.
    """
    rows = counted_pass(model, (1, channels, *size_of(model, size)), lambda state: _watched_layers(model))
    table = pd.DataFrame(rows, columns=["layer", "kind", "output", "parameters", "macs"])
    table.loc[table["layer"].duplicated(), "parameters"] = 0
    return table


@contextmanager
def _watched_layers(model):
    """Within the block each pass of a layer is noted: the rows of `layer_costs`."""
    rows, begun, counter = [], {}, FlopCounterMode(display=False)
    names = {module: name for name, module in model.named_modules() if not list(module.children())}

    def before(module, _):
        begun[module] = counter.get_total_flops()

    def after(module, _, output):
        shape = tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else None
        counted = (counter.get_total_flops() - begun[module]) // 2
        rows.append((names[module], type(module).__name__, shape, count_parameters(module), counted))

    hooks = [module.register_forward_pre_hook(before) for module in names]
    hooks += [module.register_forward_hook(after) for module in names]
    try:
        with counter:
            yield rows
    finally:
        for hook in hooks:
            hook.remove()


def _activation_bytes(model, shape):
    """What autograd keeps of one picture (C, H, W) in train mode: half of what it keeps of two.

    Two, because BatchNorm refuses to train on a single number a channel.
    """
    kept = counted_pass(model, (2, *shape), _kept_for_backward, training=True)
    return sum(kept.values()) // 2


@contextmanager
def _kept_for_backward(state):
    """Within the block {storage: bytes} of each tensor that is kept for the backward pass, but for the model's own."""
    kept, own = {}, {_storage(tensor) for tensor in state.values()}
    alive = []  # or the address of one that is gone would be given out again

    def keep(tensor):
        alive.append(tensor)
        if _storage(tensor) not in own:
            kept[_storage(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
        yield kept


def _storage(tensor):
    return tensor.untyped_storage()._cdata


def _file_bytes(model):
    """Bytes of all tensors in the state dict; one that has two names counts once."""
    tensors = {(tensor.data_ptr() or id(tensor), tensor.shape): tensor for tensor in model.state_dict().values()}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
