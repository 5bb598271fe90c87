"""Three convolutional networks written by hand, small enough to understand every number in them.

`CropsCNN` and `AnimalsCNN` have exactly as many parameters as the networks of two published walk-throughs (1,209,477
for 5 classes; 2,230,170 for 10) and, to 0.3 %, their multiply-adds; which layers those had is not published with a
licence, so the layers here are ours, found from the counts. `SmallCNN` is what one would write today.
N pictures, C channels, H and W pixels, F features, K classes. Each takes the `size` of its pictures in pixels, an int
or (height, width), and refuses one that leaves nothing to look at. Introduced in lesson 04.
"""

import torch
from torch import nn

from utils.data.resizing import as_size
from utils.errors import CourseError

__all__ = ["CUSTOM", "AnimalsCNN", "CropsCNN", "Separable", "SmallCNN"]


class CropsCNN(nn.Module):
    """Seven convolutions, halved twice only, global average pooling: few parameters, and a great many multiply-adds.

    Its wide layers still see a quarter of each side, so each weight is used at thousands of places.
    """

    SMALLEST, OWN = 4, 178  # pixels a side: that it can take, and that of the walk-through

    def __init__(self, num_classes: int = 5, size: int | tuple[int, int] = OWN):
        super().__init__()
        check_size(self, *as_size(size))
        self.convs = nn.Sequential(
            *convolution(3, 16), *convolution(16, 32), nn.MaxPool2d(2),
            *convolution(32, 64), *convolution(64, 96), nn.MaxPool2d(2),
            *convolution(96, 160), *convolution(160, 224), *convolution(224, 320),
        )  # fmt: skip
        self.hidden = nn.Sequential(nn.Linear(320, 70), nn.BatchNorm1d(70), nn.ReLU(inplace=True))
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(70, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        check_pictures(self, images)
        means = self.convs(images).mean(dim=(2, 3))  # (N, 3, H, W) -> (N, 320, H/4, W/4) -> (N, 320)
        return self.head(self.dropout(self.hidden(means)))  # (N, K) logits


class AnimalsCNN(nn.Module):
    """Eight convolutions, halved six times, then *flattened*: 47 % of its parameters sit in the two layers after that.

    Args:
        size: pixels a side, or (height, width), of every picture it will ever see: the head is made for it.
    """

    SMALLEST, OWN = 64, 256  # pixels a side: for one place in the last maps, and that of the walk-through

    def __init__(self, num_classes: int = 10, size: int | tuple[int, int] = OWN):
        super().__init__()
        self.size = height, width = as_size(size)
        check_size(self, height, width)
        places = (height // 64) * (width // 64)
        self.convs = nn.Sequential(
            *convolution(3, 16), *convolution(16, 32), nn.MaxPool2d(2),
            *convolution(32, 32), nn.MaxPool2d(2),
            *convolution(32, 80), nn.MaxPool2d(2),
            *convolution(80, 80), nn.MaxPool2d(2),
            *convolution(80, 160), *convolution(160, 160), nn.MaxPool2d(2),
            *convolution(160, 512), nn.MaxPool2d(2),
        )  # fmt: skip
        self.hidden = nn.Sequential(nn.Linear(512 * places, 128), nn.BatchNorm1d(128), nn.ReLU(inplace=True))
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(128, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        check_pictures(self, images)
        flat = self.convs(images).flatten(1)  # (N, 3, H, W) -> (N, 512, H/64, W/64) -> (N, 512 H/64 W/64)
        return self.head(self.dropout(self.hidden(flat)))  # (N, K) logits


class SmallCNN(nn.Module):
    """Depthwise-separable convolutions, the first halving at once, global average pooling: any size, and little of all.

    It is halved three times, not more: with a fourth one it learns far less from small pictures.
    """

    SMALLEST, OWN = 8, 178  # pixels a side: for one place in the last maps, and that of CropsCNN, to be compared
    BLOCKS = ((32, 1), (64, 2), (96, 1), (128, 1), (192, 2), (256, 1))  # channels out, stride

    def __init__(self, num_classes: int = 5, size: int | tuple[int, int] = OWN):
        super().__init__()
        check_size(self, *as_size(size))
        channels, blocks = 24, []
        for wanted, stride in self.BLOCKS:
            blocks.append(Separable(channels, wanted, stride))
            channels = wanted
        self.stem = nn.Sequential(*convolution(3, 24, stride=2))
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(channels, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        check_pictures(self, images)
        maps = self.blocks(self.stem(images))  # (N, 3, H, W) -> (N, 256, H/8, W/8)
        return self.head(self.dropout(maps.mean(dim=(2, 3))))  # (N, K) logits


class Separable(nn.Sequential):
    """Each channel filtered alone (depthwise, 3 x 3), then the channels mixed at each place (pointwise, 1 x 1).

    Source: A. Howard et al., MobileNets, arXiv 1704.04861, section 3.1: 9 C + C C' multiply-adds a place, not 9 C C'.
    """

    def __init__(self, channels: int, wanted: int, stride: int = 1):
        super().__init__(
            *convolution(channels, channels, stride=stride, groups=channels),
            *convolution(channels, wanted, kernel_size=1),
        )


def convolution(channels: int, wanted: int, kernel_size: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution that keeps H and W (over the stride), BatchNorm, ReLU; no bias, since BatchNorm brings one."""
    conv = nn.Conv2d(channels, wanted, kernel_size, stride, padding=kernel_size // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(wanted), nn.ReLU(inplace=True)]


def check_pictures(network: nn.Module, images: torch.Tensor) -> None:
    """A CourseError where images (N, 3, H, W) are too small for a network, or not of the size that it was made for."""
    height, width = images.shape[2:]
    check_size(network, height, width)
    made_for = getattr(network, "size", (height, width))
    if (height, width) != made_for:
        raise CourseError("Expected pictures of {} x {} pixels (height x width), ".format(*made_for)
                          + f"for which this {type(network).__name__} was made, but got {height} x {width}. "
                          "A flattened head is tied to one size: build the network with the size of your pictures, or "
                          "take one that averages, for instance SmallCNN.")  # fmt: skip


def check_size(network: nn.Module, height: int, width: int) -> None:
    """A CourseError that says the smallest size, in pixels a side, where this one leaves nothing to look at."""
    if min(height, width) < network.SMALLEST:
        raise CourseError(f"{too_small(type(network).__name__, network.SMALLEST, f'{height} x {width}')}.")


def too_small(network: str, smallest: int, size: str) -> str:
    """The words for a size, in pixels, at which a network has nothing left to look at; the full stop is the caller's."""
    return (f"Expected a size of at least {smallest} pixels a side for {network}, but got {size}: after all its halvings "
            f"nothing is left of so small a picture. Take size={smallest} or more")  # fmt: skip


# By the names under which `build` knows them.
CUSTOM = {"crops_cnn": CropsCNN, "animals_cnn": AnimalsCNN, "small_cnn": SmallCNN}
