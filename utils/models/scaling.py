"""EfficientNet's arithmetic, in plain Python: a table of stages and three multipliers decide every layer and its cost.

Words: *width* multiplies channels, *depth* multiplies the blocks of a stage, *size* is pixels on a side; *phi* scales
all three at once. A *block* is an MBConv. *MACs* are multiply-adds, which the paper calls FLOPs.
Source: M. Tan, Q. Le, arXiv 1905.11946v5: Table 1 (B0), section 3.3 (the rule), section 5.2 (dropout); the authors'
code for rounding and the sizes of B1 to B7. Introduced in lesson 02.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from utils.data.resizing import as_size
from utils.errors import CourseError, named


class Stage(NamedTuple):
    """A row of the paper's Table 1: `repeats` blocks, of which the first has the stride and changes the channels."""

    expand: int
    kernel: int
    stride: int
    channels: int
    repeats: int


B0 = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
STEM, FEATURES = 32, 1280  # channels before the first stage and after the last, of B0
# width, depth, size, dropout as published; B5 to B7 were trained with another eps of BatchNorm.
VARIANTS = {
    "b0": (1.0, 1.0, 224, 0.2), "b1": (1.0, 1.1, 240, 0.2), "b2": (1.1, 1.2, 260, 0.3), "b3": (1.2, 1.4, 300, 0.3),
    "b4": (1.4, 1.8, 380, 0.4), "b5": (1.6, 2.2, 456, 0.4), "b6": (1.8, 2.6, 528, 0.5), "b7": (2.0, 3.1, 600, 0.5),
}  # fmt: skip
OTHER_EPS = dict.fromkeys(("b5", "b6", "b7"), 1e-3)


class Block(NamedTuple):
    """One MBConv: widen by a 1 x 1 convolution, filter each channel by itself, reweight channels, narrow again."""

    expand: int
    kernel: int
    stride: int
    inputs: int
    outputs: int

    @property
    def expanded(self) -> int:
        return self.inputs * self.expand

    @property
    def squeezed(self) -> int:
        """Channels in the middle of squeeze-excite: a quarter of the block's inputs, not of the expanded ones."""
        return max(1, self.inputs // 4)

    def macs(self, before: int, after: int) -> int:
        """Multiply-adds for one picture, given the pixels of the map before and after the block."""
        widen = before * self.inputs * self.expanded if self.expand != 1 else 0
        filtering = after * self.kernel**2 * self.expanded  # depthwise: each channel meets only itself
        return widen + filtering + 2 * self.expanded * self.squeezed + after * self.expanded * self.outputs

    def params(self) -> int:
        """Weights, biases of squeeze-excite, and BatchNorm's scale and shift for each channel."""
        widen = (self.inputs + 2) * self.expanded if self.expand != 1 else 0
        filtering = (self.kernel**2 + 2) * self.expanded
        squeeze_excite = 2 * self.expanded * self.squeezed + self.squeezed + self.expanded
        return widen + filtering + squeeze_excite + (self.expanded + 2) * self.outputs


@dataclass(frozen=True)
class Config:
    """Three multipliers of B0, and what else a variant differs in.

    Raises:
        CourseError: a width or depth that is not above 0, a size that is no whole number of pixels, a dropout outside
            0 to 1.
    """

    width: float = 1.0
    depth: float = 1.0
    size: int = 224  # pixels on a side
    dropout: float = 0.2  # share of the features dropped in training
    eps: float = 1e-5  # of BatchNorm

    def __post_init__(self):
        for name in ("width", "depth"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 < value <= 100:
                raise CourseError(f"Expected {name} as a number above 0, at most 100 (B0 has 1), but got {value!r}.")
        if not isinstance(self.size, int) or isinstance(self.size, bool) or self.size < 1:
            raise CourseError(f"Expected size as a whole number of pixels, 1 or more, but got {self.size!r}.")
        if not _is_number(self.dropout) or not 0 <= self.dropout < 1:
            raise CourseError(f"Expected dropout as a number from 0 to below 1, but got {self.dropout!r}.")

    @property
    def stem(self) -> int:
        return round_filters(STEM, self.width)

    @property
    def features(self) -> int:
        return round_filters(FEATURES, self.width)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """B0's stages with channels and repeats scaled and rounded."""
        return tuple(
            stage._replace(channels=round_filters(stage.channels, self.width),
                           repeats=round_repeats(stage.repeats, self.depth)) for stage in B0
        )  # fmt: skip

    @property
    def blocks(self) -> list[list[Block]]:
        """Every block of the network, stage by stage."""
        found, inputs = [], self.stem
        for expand, kernel, stride, channels, repeats in self.stages:
            first = Block(expand, kernel, stride, inputs, channels)
            found.append([first] + [Block(expand, kernel, 1, channels, channels)] * (repeats - 1))
            inputs = channels
        return found


def round_filters(channels: int, width: float) -> int:
    """Channels times width, to the nearest multiple of 8, which hardware likes; never more than a tenth below."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def round_repeats(repeats: int, depth: float) -> int:
    """Blocks times depth, rounded up: no stage loses its last block."""
    return math.ceil(repeats * depth)


def scaled(phi: float, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15, size: int = 224) -> Config:
    """B0 scaled by the rule of the paper, equation 3: depth alpha^phi, width beta^phi, size gamma^phi.

    Args:
        phi: 0 gives B0; each 1 more costs about twice the multiply-adds. Below 0 it shrinks.
        alpha, beta, gamma: what depth, width and size grow by for each 1 of phi; the paper's grid search found these.
        size: pixels at phi 0.
    """
    if not all(_is_number(value) for value in (phi, alpha, beta, gamma)):
        raise CourseError(f"Expected phi, alpha, beta and gamma as numbers, but got {(phi, alpha, beta, gamma)!r}.")
    dropout = min(max(0.2 + 0.3 * phi / 7, 0.0), 0.9)  # from 0.2 for B0 to 0.5 for B7, on a line (section 5.2)
    return Config(beta**phi, alpha**phi, round(size * gamma**phi), round(dropout, 3))


def variant(name: str) -> Config:
    """B0 to B7 as they were published: `variant("b3")`.

    Raises:
        CourseError: there is no such variant.
    """
    key = name.lower() if isinstance(name, str) else name
    if key not in VARIANTS:
        raise CourseError(f"Expected a variant of EfficientNet, but got {name!r}. There are {named(VARIANTS)}.")
    return Config(*VARIANTS[key], eps=OTHER_EPS.get(key, Config.eps))


def macs(config: Config, size=None, num_classes: int = 1000) -> int:
    """Multiply-adds for one picture: what torch's own counter counts, without a network.

    Args:
        size: pixels, an int or (height, width); None takes the config's own.
    """
    maps = _halved(as_size(size or config.size))  # a stride of 2 rounds up
    total = math.prod(maps) * 3 * 9 * config.stem
    for stage in config.blocks:
        for block in stage:
            before, maps = maps, _halved(maps) if block.stride == 2 else maps
            total += block.macs(math.prod(before), math.prod(maps))
    last = config.stages[-1].channels
    return total + math.prod(maps) * last * config.features + config.features * num_classes


def params(config: Config, num_classes: int = 1000) -> int:
    """Parameters of the network; the size of the pictures changes nothing about them."""
    stem = (3 * 9 + 2) * config.stem
    blocks = sum(block.params() for stage in config.blocks for block in stage)
    last = (config.stages[-1].channels + 2) * config.features
    return stem + blocks + last + (config.features + 1) * num_classes


def _halved(maps):
    height, width = maps
    return (height + 1) // 2, (width + 1) // 2


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
