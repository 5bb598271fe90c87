"""Exercise 10: two layers that share what each should have for itself."""

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.custom_cnn.networks import give_weights, made, passed, shapes
from utils.exercises.question import Mistake, NotYet, Question

CLASSES = 5
PICTURES = 3 + 3 * torch.randn(8, 3, 9, 9, generator=torch.Generator().manual_seed(5))
PASSES = 100  # of one batch in train mode: by then 0.9**100 of where an average began is left, which is nothing


class Normed(nn.Module):
    """Two convolutions, each with BatchNorm and ReLU, and a head."""

    def __init__(self, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, num_classes)

    def forward(self, images):
        maps = F.relu(self.norm1(self.conv1(images)))
        maps = F.relu(self.norm2(self.conv2(maps)))
        return self.head(maps.mean(dim=(2, 3)))


class NormedByOne(nn.Module):
    """Two convolutions, each with BatchNorm and ReLU, and a head."""

    def __init__(self, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, num_classes)

    def forward(self, images):
        maps = F.relu(self.norm(self.conv1(images)))
        maps = F.relu(self.norm(self.conv2(maps)))
        return self.head(maps.mean(dim=(2, 3)))


def probe_normed(answer):
    network, ours = made(answer, CLASSES).train(), Normed(CLASSES).train()
    _check_eval(network)
    norms = shapes(network).count((8,))
    if norms != shapes(ours).count((8,)):
        raise NotYet(f"two BatchNorms have a scale and a shift each, for 8 channels: your network has {norms} parameters "
                     f"of this shape.")  # fmt: skip
    if shapes(network) != shapes(ours):
        raise NotYet("the convolutions and the head have changed; only BatchNorm is to be mended.")
    give_weights(network.train(), ours)
    if not torch.allclose(passed(network, PICTURES, CLASSES), passed(ours, PICTURES, CLASSES), atol=1e-4):
        raise NotYet("in train mode the logits are not those of two convolutions, each with BatchNorm and then ReLU.")


def _check_eval(network):
    """After many passes of one batch, its answers are the same in both modes; and of each picture alone."""
    for _ in range(PASSES):
        in_train = passed(network, PICTURES, CLASSES)
    network.eval()
    in_eval = passed(network, PICTURES, CLASSES)
    alone = torch.cat([passed(network, PICTURES[place : place + 1], CLASSES) for place in range(len(PICTURES))])
    if not torch.allclose(in_eval, alone, atol=1e-3):
        raise NotYet("in eval mode the logits of a picture depend on which others are in its batch.")
    apart = (in_train - in_eval).abs().max().item()
    if not apart < 0.02:
        raise NotYet(f"the same batch {PASSES} times in train mode, and then in eval mode: its logits are up to "
                     f"{apart:.2f} apart, and averages that have arrived would give the same ones.")  # fmt: skip


class _SecondUnused(Normed):
    def forward(self, images):
        maps = F.relu(self.norm1(self.conv1(images)))
        maps = F.relu(self.norm1(self.conv2(maps)))
        return self.head(maps.mean(dim=(2, 3)))


class _SameUnderTwoNames(Normed):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.norm2 = self.norm1


class _OneLess(NormedByOne):
    def forward(self, images):
        maps = F.relu(self.norm(self.conv1(images)))
        return self.head(F.relu(self.conv2(maps)).mean(dim=(2, 3)))


class _NormAfterReLU(Normed):
    def forward(self, images):
        maps = self.norm1(F.relu(self.conv1(images)))
        maps = self.norm2(F.relu(self.conv2(maps)))
        return self.head(maps.mean(dim=(2, 3)))


class _WithoutAverages(Normed):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.norm1 = nn.BatchNorm2d(8, track_running_stats=False)
        self.norm2 = nn.BatchNorm2d(8, track_running_stats=False)


class _WithBias(Normed):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)


class _WiderHead(Normed):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.head = nn.Sequential(nn.Linear(8, 7), nn.Linear(7, num_classes))


q10 = Question(
    number=10,
    reference=Normed,
    probe=probe_normed,
    starter=NormedByOne,
    hints=[
        "In train mode BatchNorm takes the mean of the batch that it sees. In eval mode it takes its running average: of "
        "what, in this network?",
        "self.norm sees the maps of both convolutions, in turn, so its averages are those of neither. Each convolution "
        "needs a BatchNorm of its own.",
        "self.norm1 and self.norm2 in __init__, and each of them once in forward.",
    ],
    why="Layers without parameters, such as ReLU and pooling, may be used twice. BatchNorm learns, and remembers: shared, "
    "it works in train mode and fails in eval mode, so the loss falls and the accuracy on valid does not follow.",
    mistakes=[
        Mistake(_SecondUnused, "in train mode, and then in eval mode"),
        Mistake(_SameUnderTwoNames, "in train mode, and then in eval mode"),
        Mistake(_OneLess, "your network has 2 parameters of this shape"),
        Mistake(_WithBias, "your network has 5 parameters of this shape"),
        Mistake(_NormAfterReLU, "in train mode the logits are not those"),
        Mistake(_WithoutAverages, "which others are in its batch"),
        Mistake(_WiderHead, "the head have changed"),
        Mistake(lambda num_classes: Normed(num_classes).state_dict(), "expected a network"),
    ],
)
