"""Layers of published networks by a quicker way in training: the same numbers, weights and names.

A layer is changed in place, by its class alone. Where a network is exported, traced or compiled it is the library's.
"""

from functools import cache
from itertools import product

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.shufflenetv2 import InvertedResidual

PAIRS = 81  # of places, as 3 x 3 has: on larger maps the products take more memory than they save time
PLACES = 64  # of a map, as 8 x 8 has: on larger ones both ways of a pointwise convolution take the same time


class ShuffleUnit(InvertedResidual):
    """torchvision's unit of ShuffleNetV2 (Ma et al. 2018, figure 3 c and d), channels last: it trains a fifth quicker.

    torchvision's shuffle views and transposes, which leaves the channels first; every convolution after it then copies
    its input back, and every ReLU meets a gradient that lies otherwise than its output.
    """

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        if _is_watched():  # ONNX does not know the kernel
            return super().forward(maps)
        if self.stride == 1:
            kept, changed = maps.chunk(2, dim=1)
            halves = kept, self.branch2(changed)
        else:
            halves = self.branch1(maps), self.branch2(maps)
        return F.channel_shuffle(torch.cat(halves, dim=1), groups=2)


class QuickConv2d(nn.Conv2d):
    """A convolution that may know a quicker way in training on a CPU; else it is the library's."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        output = self.quickly(maps) if _trains(self, maps) else None
        return super().forward(maps) if output is None else output

    def quickly(self, maps: torch.Tensor) -> torch.Tensor | None:
        """The same (N, C, H, W) by the quicker way; None where that would not be quicker."""
        raise NotImplementedError

    def _get_name(self):
        return "Conv2d"  # so that a printed network reads as the library's


class DepthwiseConv2d(QuickConv2d):
    """A depthwise convolution that trains several times quicker on a CPU where its kernel is larger than the map.

    The last stages of EfficientNet-B0 see pictures of 32 pixels as maps of 2 x 2 and 1 x 1, through kernels of 5 x 5.
    PyTorch's way of such a kernel multiplies mostly padding, and its backward pass is most of a training step. There are
    few pairs of a place of the map and a place of the output, and each meets in one tap of the kernel at most: the
    products of these pairs are all there is to sum.
    """

    def quickly(self, maps):
        count, channels, height, width = maps.shape
        if height >= self.kernel_size[0] and width >= self.kernel_size[1]:
            return None
        rows, columns, taps = _taps(height, width, self.kernel_size, self.stride, self.padding)
        if taps is None:
            return None
        kernel = F.pad(self.weight.flatten(1).t(), (0, 0, 0, 1))  # (taps + 1, C); the last is zero
        weights = kernel.index_select(0, torch.tensor(taps)).view(rows * columns, height * width, channels)  # (Q, P, C)
        places = maps.permute(0, 2, 3, 1).reshape(count, 1, height * width, channels)  # (N, 1, P, C)
        output = (places * weights).sum(dim=2)  # (N, Q, C)
        if self.bias is not None:
            output = output + self.bias
        return output.view(count, rows, columns, channels).permute(0, 3, 1, 2)  # (N, C, H, W), channels last in memory


class PointwiseConv2d(QuickConv2d):
    """A convolution of 1 x 1 as what it is, one matrix for all places: on small maps up to twice as quick in training."""

    def quickly(self, maps):
        if maps.shape[-2:].numel() > PLACES:
            return None
        places = maps.permute(0, 2, 3, 1)  # (N, H, W, C), as they lie in memory
        return F.linear(places, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


def quicken(network: nn.Module) -> None:
    """Gives every layer of a network that has a quicker way this way, in place; the layers of other networks stay."""
    for module in network.modules():
        if type(module) is InvertedResidual:
            module.__class__ = ShuffleUnit
        elif type(module) is nn.Conv2d and _is_depthwise(module):
            module.__class__ = DepthwiseConv2d
        elif type(module) is nn.Conv2d and _is_pointwise(module):
            module.__class__ = PointwiseConv2d


def _is_watched():
    """Whether somebody writes down what is calculated, to export it."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()


def _trains(convolution, maps):
    """Whether a network is in training mode on a CPU, not in half precision, with maps that lie channels last."""
    is_free = convolution.training and not _is_watched()
    is_usual = maps.device.type == "cpu" and not torch.is_autocast_enabled("cpu") and maps.ndim == 4
    return is_free and is_usual and maps.is_contiguous(memory_format=torch.channels_last)


def _is_depthwise(convolution):
    """Whether each channel has a kernel of its own, and the kernel no gaps and a padding of zeros."""
    is_plain = convolution.dilation == (1, 1) and convolution.padding_mode == "zeros"
    is_plain = is_plain and not isinstance(convolution.padding, str)
    return is_plain and convolution.groups == convolution.in_channels == convolution.out_channels > 1


def _is_pointwise(convolution):
    """Whether each place of the output is made of the same place of the map, by the same matrix."""
    is_one = convolution.kernel_size == convolution.stride == (1, 1) and convolution.groups == 1
    return is_one and convolution.padding in ((0, 0), "same", "valid")


@cache
def _taps(height, width, kernel, stride, padding):
    """The rows and columns of the output, and for place P of the map and place Q of the output, Q x P of them in a row, the tap
    of the kernel that leads from one to the other; where none does, one more than the last. None for too many pairs.

    Numbers, not a tensor: one that was made where nothing is learnt could not be learnt by later.
    """
    sides = zip((height, width), kernel, stride, padding)
    rows, columns = ((side + 2 * pad - size) // step + 1 for side, size, step, pad in sides)
    if not 0 < rows * columns * height * width <= PAIRS:
        return rows, columns, None
    taps = []
    for row, column, y, x in product(range(rows), range(columns), range(height), range(width)):
        down, across = y - row * stride[0] + padding[0], x - column * stride[1] + padding[1]
        is_met = 0 <= down < kernel[0] and 0 <= across < kernel[1]
        taps.append(down * kernel[1] + across if is_met else kernel[0] * kernel[1])
    return rows, columns, taps
