"""Exercise 8: a head that takes pictures of any size."""

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.custom_cnn.networks import give_weights, made, passed, shapes
from utils.exercises.question import Mistake, NotYet, Question

CLASSES = 5  # no number of channels: so a parameter is known by its shape
SIZES = [(2, 32, 32), (2, 40, 56), (1, 17, 33), (2, 7, 64)]  # pictures, height, width


class Network(nn.Module):
    """Two convolutions and a head, for pictures of any size."""

    def __init__(self, num_classes):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU())
        self.head = nn.Linear(16, num_classes)

    def forward(self, images):
        maps = self.convs(images)
        return self.head(maps.mean(dim=(2, 3)))


class NetworkOfOneSize(nn.Module):
    """Two convolutions and a head, for pictures of any size."""

    def __init__(self, num_classes):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU())
        self.head = nn.Linear(16 * 7 * 7, num_classes)

    def forward(self, images):
        maps = self.convs(images)
        return self.head(maps.flatten(1))


def probe_network(answer):
    network, ours = made(answer, CLASSES).eval(), Network(CLASSES)
    for size in SIZES:
        passed(network, _pictures(size), CLASSES)
    _check_head(network, ours)
    give_weights(network, ours)
    for size in SIZES:
        logits = passed(network, _pictures(size), CLASSES)
        if not torch.allclose(logits, passed(ours, _pictures(size), CLASSES), atol=1e-4):
            raise NotYet("pictures of {} x {} pixels: the logits are not those of the mean over all places. "
                         .format(*size[1:]) + _which_pool(logits, ours, _pictures(size)))  # fmt: skip


def _pictures(size):
    count, *sides = size
    return 3 * torch.randn(count, 3, *sides, generator=torch.Generator().manual_seed(sides[1]))


def _check_head(network, ours):
    """The parameters are those of ours: two convolutions, and a head with one weight a channel and class."""
    got, wanted = shapes(network), shapes(ours)
    if got == wanted:
        return
    wide = [shape[1] for shape in got if len(shape) == 2 and shape[0] == CLASSES and shape[1] != 16]
    if wide:
        raise NotYet(f"the head takes {wide[0]} features. Averaged over all places, how many are left of 16 maps?")
    raise NotYet("with another head the convolutions stay as they are, and the head is one layer: your network has "
                 f"{len(got)} parameters (tensors), of which {sum(shape in wanted for shape in got)} have the right "
                 "shape.")  # fmt: skip


def _which_pool(logits, ours, images):
    with torch.no_grad():
        maps = ours.convs(images)
        usual = {
            "That is the sum: a larger picture gives larger logits, and says nothing by that.":
                ours.head(maps.sum(dim=(2, 3))),
            "That is the largest of all places, not their mean.": ours.head(maps.amax(dim=(2, 3))),
            "That is a single place, and the others are thrown away.": ours.head(maps[:, :, 0, 0]),
            "No softmax, please: a network gives logits, and the loss does the rest.":
                ours(images).softmax(dim=1),
        }  # fmt: skip
    return next((reason for reason, wrong in usual.items() if torch.allclose(logits, wrong, atol=1e-4)), "")


def _pooled(pool, features=16):
    """A network that makes features of its maps in another way."""

    class Pooled(NetworkOfOneSize):
        def __init__(self, num_classes):
            super().__init__(num_classes)
            self.head = nn.Linear(features, num_classes)

        def forward(self, images):
            return self.head(pool(self.convs(images)))

    return Pooled


class _Shrunk(NetworkOfOneSize):
    def forward(self, images):
        return super().forward(F.interpolate(images, size=(32, 32)))


class _Hidden(Network):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.head = nn.Sequential(nn.Linear(16, 12), nn.Linear(12, num_classes))


class _WithBatchNorm(Network):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.head = nn.Sequential(nn.BatchNorm1d(16), self.head)


class _Squeezed(Network):
    def forward(self, images):
        return self.head(F.adaptive_avg_pool2d(self.convs(images), 1).squeeze())


class _Softmax(Network):
    def forward(self, images):
        return super().forward(images).softmax(dim=1)


class _OverTheBatch(Network):
    def forward(self, images):
        return self.head(self.convs(images).mean(dim=(0, 2, 3)))


q8 = Question(
    number=8,
    reference=Network,
    probe=probe_network,
    starter=NetworkOfOneSize,
    hints=[
        "Print maps.shape for pictures of two sizes. What is different, and what is always the same?",
        "The 16 channels are always there. Make one number of each, its mean over the height and the width: "
        "maps.mean(dim=(2, 3)) goes from (N, 16, h, w) to (N, 16).",
        "So the head takes 16 features: nn.Linear(16, num_classes).",
    ],
    why="A mean has no size. The same network, with the same weights, now takes a picture as it is, and its head has 85 "
    "parameters in the place of 3,925. Flattened, the head also has to learn each thing anew for each place.",
    mistakes=[
        Mistake(
            _pooled(lambda maps: F.adaptive_avg_pool2d(maps, 7).flatten(1), 16 * 49), "the head takes 784 features"
        ),
        Mistake(_Shrunk, "the head takes 784 features"),
        Mistake(
            _pooled(lambda maps: maps.flatten(1)), "2 pictures of 32 x 32 pixels: your network raised RuntimeError"
        ),
        Mistake(
            _pooled(lambda maps: maps[:, :, :7, :7].flatten(1), 16 * 49),
            "1 picture of 17 x 33 pixels: your network raised",
        ),
        Mistake(_pooled(lambda maps: maps.mean(dim=3)), "raised RuntimeError"),
        Mistake(_OverTheBatch, "expected 5 logits for each"),
        Mistake(_pooled(lambda maps: maps.sum(dim=(2, 3))), "larger picture gives larger logits"),
        Mistake(_pooled(lambda maps: maps.amax(dim=(2, 3))), "the largest of all places"),
        Mistake(_pooled(lambda maps: maps[:, :, 0, 0]), "thrown away"),
        Mistake(_Softmax, "No softmax"),
        Mistake(_Squeezed, "1 picture of 17 x 33 pixels: out came"),
        Mistake(_Hidden, "the head takes 12 features"),
        Mistake(_WithBatchNorm, "the head is one layer"),
        Mistake(lambda num_classes: Network(10), "expected 5 logits"),
        Mistake(lambda num_classes: Network(num_classes).head.weight, "expected a network"),
    ],
)
