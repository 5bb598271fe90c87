"""A network layer by layer: what each gives, what it costs, and how much of the picture it can see.

Words: a *place* is one (row, column) of a layer's maps; a vector of features is one place. Its *receptive field* is the
square of the input that can change it. The *jump* is the number of pixels from what one place sees to what the next one
does. All this is followed along the data, operation by operation, so that branches, and what is written without a
module (a mean, a sum, a concatenation), count as well. Introduced in lesson 04.
"""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from utils.evaluation.cost import layer_costs
from utils.evaluation.passes import counted_pass, size_of

ONE = (1, 1)  # place
aten = torch.ops.aten
# The operations that look through a window: its (kernel, stride, padding, dilation), by the operation's arguments.
WINDOWS = {
    aten.convolution: lambda maps, weight, bias, stride, padding, dilation, is_transposed, *rest: (
        np.nan if is_transposed else weight.shape[2:], stride, padding, dilation),
    aten.max_pool2d_with_indices: lambda maps, kernel, stride=(), padding=0, dilation=1, *rest: (
        kernel, stride or kernel, padding, dilation),
    aten.avg_pool2d: lambda maps, kernel, stride=(), padding=0, *rest: (kernel, stride or kernel, padding, 1),
}  # fmt: skip


def layer_table(model: nn.Module, size=None, channels: int = 3) -> pd.DataFrame:
    """A row for each layer (a module without parts) in the order in which a picture passes them.

    Columns: those of `cost.layer_costs` (`layer`, `kind`, `output`, `parameters`, `macs`); `share` of all multiply-adds,
    0 to 1 (nan where there are none); `receptive_field` in pixels a side: what a place in the middle of this layer's
    output can see, as if the picture went on beyond its edges, but never more than the picture.

    A window of k places, with dilation d, adds (k - 1) * d * jump to it; a stride multiplies the jump. Where branches
    meet, the wider counts; a mean over all places has seen all that they have, and so has what it is multiplied with:
    from their first squeeze-and-excite on, EfficientNet and MobileNetV3 see the whole picture. Where height and width
    differ, each is a pair (height, width). It is NA where places are no longer the picture's in order, as in a
    transformer.

    Args:
        model: takes images (N, channels, H, W); it stays as it is.
        size: pixels, an int or (height, width); None takes that of `model.preprocessing`.

    Raises:
        CourseError: the model cannot take pictures of this size, or no size is known.
    """
    table = layer_costs(model, size, channels)
    size = size_of(model, size)
    sides = counted_pass(model, (1, channels, *size), lambda state: _watched_sides(model, size))
    total = table["macs"].sum()
    return table.assign(share=table["macs"] / total if total else np.nan, receptive_field=_column(sides))


class Field(NamedTuple):
    """What the places of a map see, on both axes: place i the pixels from `start` + i * `jump`, so many as `sides`."""

    start: np.ndarray  # (2,) pixels, below 0 where a window begins beyond the picture's edge; nan: not known
    jump: np.ndarray  # (2,) pixels
    sides: np.ndarray  # (2,) pixels
    places: tuple[int, int]  # rows, columns

    def through(self, kernel, stride, padding, dilation, places) -> "Field":
        """What a window over these places sees."""
        reach = (np.asarray(kernel) - 1) * dilation * self.jump
        return Field(self.start - padding * self.jump, self.jump * stride, self.sides + reach, places)

    def over_all(self) -> "Field":
        """What one place sees that depends on all of these."""
        first = np.maximum(self.start, 0)  # what lies before the picture's edge, nobody sees
        end = self.start + self.jump * (np.array(self.places) - 1) + self.sides
        return Field(first, np.zeros(2), end - first, ONE)

    def in_shape(self, shape) -> "Field":
        """The same for a tensor of this shape: maps with these places, or one place, or else nobody knows."""
        places = shape[-2:]
        if len(shape) > 2 and places == self.places:
            return self
        if len(shape) <= 2 or places == ONE:
            return self.over_all()
        if self.places == ONE:  # the same at each place
            return self._replace(places=places)
        return unknown(places)


def unknown(places: tuple[int, int]) -> Field:
    """Of places that see nobody knows what."""
    return Field(*np.full((3, 2), np.nan), places)


class Fields(TorchDispatchMode):
    """Within it the field of each tensor is noted that was computed from the images."""

    def __init__(self):
        super().__init__()
        self.noted = {}  # by storage: a view (a chunk, a transposed map) shows the same places
        self.alive = []  # or the address of one that is gone would be given out again

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        inputs = [field for field in map(self.of, _tensors((arguments, options))) if field]
        outputs = operation(*arguments, **(options or {}))
        for output in _tensors(outputs) if inputs else ():
            if operation._schema.is_mutable or output.untyped_storage()._cdata not in self.noted:
                self.note(output, _after(operation.overloadpacket, arguments, inputs, tuple(output.shape)))
        return outputs

    def note(self, tensor: torch.Tensor, field: Field) -> None:
        self.noted[tensor.untyped_storage()._cdata] = field
        self.alive.append(tensor)

    def of(self, tensor: torch.Tensor) -> Field | None:
        """What a tensor's places see; None where nothing of the images is in it, as in weights."""
        field = self.noted.get(tensor.untyped_storage()._cdata)
        return field and field.in_shape(tuple(tensor.shape))


@contextmanager
def _watched_sides(model, size):
    """Within the block each pass of a layer notes what its output sees, (2,) pixels: in the order of `layer_costs`."""
    sides, fields = [], Fields()
    pixels = Field(np.zeros(2), np.ones(2), np.ones(2), size)

    def after(module, _, output):
        if not list(module.children()):
            field = fields.of(output) if isinstance(output, torch.Tensor) else None
            sides.append(np.minimum(field.sides, size) if field else np.full(2, np.nan))

    begin = model.register_forward_pre_hook(lambda _, inputs: fields.note(inputs[0], pixels))
    with begin, register_module_forward_hook(after), fields:
        yield sides


def _after(operation, arguments, inputs, shape):
    """The field of an operation's output."""
    if operation in WINDOWS:
        return inputs[0].through(*map(np.asarray, WINDOWS[operation](*arguments)), shape[-2:])
    joined = _joined(inputs)
    return (joined.over_all() if _mixes_places(operation, arguments) else joined).in_shape(shape)


def _joined(fields):
    """What is seen by places that each depend on one place of all these; those with one place go with any."""
    places = {field.places for field in fields} - {ONE}
    if len(places) > 1:
        return unknown(ONE)
    start = np.minimum.reduce([field.start for field in fields])
    end = np.maximum.reduce([field.start + field.sides for field in fields])
    jump = np.maximum.reduce([field.jump for field in fields])
    return Field(start, jump, end - start, places.pop() if places else ONE)


def _mixes_places(operation, arguments):
    """Whether each number depends on its whole map, by the map's own mean: BatchNorm does, where it keeps no averages."""
    name = str(operation)
    return name.endswith("group_norm") or (name.endswith("batch_norm") and arguments[3] is None)


def _tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _column(sides):
    """Whole numbers, or pairs where height and width differ somewhere."""
    known = np.array(sides).reshape(-1, 2)
    if np.array_equal(known[:, 0], known[:, 1], equal_nan=True):
        return pd.array(known[:, 0], dtype="Int64")
    return pd.Series([pd.NA if np.isnan(pair).any() else (int(pair[0]), int(pair[1])) for pair in known], dtype=object)
