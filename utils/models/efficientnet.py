"""EfficientNet as a network: what `utils.models.scaling` computes from one table, built.

Parts have the places and names that they have in torchvision's EfficientNet, so that its weights load into ours.
N pictures, C channels, F features, K classes. Source: M. Tan, Q. Le, arXiv 1905.11946v5. Introduced in lesson 02.
"""

import math

import torch
from torch import nn

from utils.models.scaling import VARIANTS, Block, Config, macs, params, round_filters, round_repeats, scaled, variant

__all__ = ["VARIANTS", "Block", "Config", "EfficientNet", "MBConv", "SqueezeExcite", "StochasticDepth", "macs", "params",
           "round_filters", "round_repeats", "scaled", "variant"]  # fmt: skip


class SqueezeExcite(nn.Module):
    """Each channel is multiplied by a number from 0 to 1, computed from the means of all channels."""

    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        means = maps.mean(dim=(2, 3), keepdim=True)  # (N, C, H, W) -> (N, C, 1, 1)
        return maps * self.fc2(nn.functional.silu(self.fc1(means))).sigmoid()


class StochasticDepth(nn.Module):
    """In training, drops the block's whole change for a share of the pictures (Huang et al., arXiv 1603.09382)."""

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return maps
        keeps = torch.rand(len(maps), 1, 1, 1, device=maps.device) >= self.p
        return maps * keeps.to(maps.dtype) / (1 - self.p)  # what stays counts more: the mean is as without


class MBConv(nn.Module):
    """The block of MobileNetV2 with squeeze-excite: wide inside, narrow between blocks."""

    def __init__(self, block: Block, drop: float = 0.0, eps: float = 1e-5):
        super().__init__()
        wide = block.expanded
        parts = [conv_norm(block.inputs, wide, eps=eps)] if block.expand != 1 else []
        parts += [
            conv_norm(wide, wide, block.kernel, block.stride, groups=wide, eps=eps),
            SqueezeExcite(wide, block.squeezed),
            conv_norm(wide, block.outputs, activation=False, eps=eps),
        ]
        self.block = nn.Sequential(*parts)
        self.stochastic_depth = StochasticDepth(drop)
        self.adds_input = block.stride == 1 and block.inputs == block.outputs

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        change = self.block(maps)
        return maps + self.stochastic_depth(change) if self.adds_input else change


class EfficientNet(nn.Module):
    """The network of a config: images (N, 3, H, W) to logits (N, num_classes), with random weights."""

    def __init__(self, config: Config, num_classes: int = 1000, drop: float = 0.2):
        """`drop` is the stochastic depth of the last block; it rises to that from 0 in the first."""
        super().__init__()
        self.config = config
        total, made = sum(map(len, config.blocks)), 0
        parts = [conv_norm(3, config.stem, 3, 2, eps=config.eps)]
        for stage in config.blocks:
            drops = [drop * (made + place) / total for place in range(len(stage))]
            parts.append(nn.Sequential(*(MBConv(block, each, config.eps) for block, each in zip(stage, drops))))
            made += len(stage)
        parts.append(conv_norm(config.stages[-1].channels, config.features, eps=config.eps))
        self.features = nn.Sequential(*parts)
        self.classifier = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(config.features, num_classes))
        self.apply(_start)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.features(images)  # (N, 3, H, W) -> (N, F, H/32, W/32)
        return self.classifier(maps.mean(dim=(2, 3)))  # (N, F) -> (N, K)


def conv_norm(inputs, outputs, kernel=1, stride=1, groups=1, activation=True, eps=1e-5) -> nn.Sequential:
    """A convolution that keeps the size (but for its stride), BatchNorm, and SiLU, also called swish."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    parts = [convolution, nn.BatchNorm2d(outputs, eps=eps)]
    return nn.Sequential(*parts, nn.SiLU()) if activation else nn.Sequential(*parts)


def _start(module):
    """Random weights of such a size that signals neither grow nor vanish (He et al., arXiv 1502.01852)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        bound = 1 / math.sqrt(module.out_features)
        nn.init.uniform_(module.weight, -bound, bound)
        nn.init.zeros_(module.bias)
