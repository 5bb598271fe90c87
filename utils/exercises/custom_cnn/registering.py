"""Exercise 9: layers that a network does not know."""

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.custom_cnn.networks import give_weights, made, passed, shapes
from utils.exercises.question import Mistake, NotYet, Question
from utils.models.custom import SmallCNN

CLASSES = 5
PICTURES = torch.randn(8, 3, 9, 9, generator=torch.Generator().manual_seed(5))


class Deep(nn.Module):
    """A stem, so many blocks, and a head for five classes."""

    def __init__(self, depth):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(depth))
        self.head = nn.Linear(8, 5)

    def forward(self, images):
        maps = F.relu(self.stem(images))
        for block in self.blocks:
            maps = F.relu(block(maps))
        return self.head(maps.mean(dim=(2, 3)))


class DeepInAList(nn.Module):
    """A stem, so many blocks, and a head for five classes."""

    def __init__(self, depth):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = [nn.Conv2d(8, 8, 3, padding=1) for _ in range(depth)]
        self.head = nn.Linear(8, 5)

    def forward(self, images):
        maps = F.relu(self.stem(images))
        for block in self.blocks:
            maps = F.relu(block(maps))
        return self.head(maps.mean(dim=(2, 3)))


def probe_deep(answer):
    for depth in (3, 1):
        network, ours = made(answer, depth), Deep(depth)
        blocks = [weight for weight in network.parameters() if weight.shape == (8, 8, 3, 3)]
        case = f"a depth of {depth}"
        if len(blocks) != depth:
            raise NotYet(f"{case}: an optimiser that is given network.parameters() gets the weights of {len(blocks)} "
                         f"{'block' if len(blocks) == 1 else 'blocks'}, of {depth} that were asked for.")  # fmt: skip
        if shapes(network) != shapes(ours):
            raise NotYet(f"{case}: the blocks are there, but stem, blocks and head together have other parameters than "
                         "before. Only where the blocks are kept is to be mended.")  # fmt: skip
        _alike_blocks(ours)
        give_weights(network, ours)
        if not torch.allclose(passed(network, PICTURES, CLASSES), passed(ours, PICTURES, CLASSES), atol=1e-5):
            raise NotYet(f"{case}: all weights are there, but the logits are not those of stem, {depth} blocks each with "
                         "its ReLU, and head.")  # fmt: skip


def _alike_blocks(network):
    """All blocks get the same weights, large ones, and all biases are the same: so the order of parts does not matter."""
    weight, bias = 2 * network.blocks[0].weight.detach(), network.stem.bias.detach()
    with torch.no_grad():
        for block in network.blocks:
            block.weight.copy_(weight)
            block.bias.copy_(bias)


class _OneBlockAgainAndAgain(Deep):
    def __init__(self, depth):
        super().__init__(depth)
        self.blocks = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1)] * depth)


class _OnlyTheFirst(Deep):
    def forward(self, images):
        maps = F.relu(self.stem(images))
        if len(self.blocks):
            maps = F.relu(self.blocks[0](maps))
        return self.head(maps.mean(dim=(2, 3)))


class _WithoutReLU(Deep):
    def __init__(self, depth):
        super().__init__(depth)
        self.blocks = nn.Sequential(*self.blocks)

    def forward(self, images):
        return self.head(self.blocks(F.relu(self.stem(images))).mean(dim=(2, 3)))


class _NotCalled(Deep):
    def forward(self, images):
        return self.head(F.relu(self.stem(images)).mean(dim=(2, 3)))


class _MovedByHand(DeepInAList):
    def __init__(self, depth):
        super().__init__(depth)
        for block in self.blocks:
            block.requires_grad_(True)


class _Overwritten(DeepInAList):
    def __init__(self, depth):
        super().__init__(depth)
        for _ in range(depth):
            self.block = nn.Conv2d(8, 8, 3, padding=1)


class _WithBatchNorm(Deep):
    def __init__(self, depth):
        super().__init__(depth)
        self.norm = nn.BatchNorm2d(8)


q9 = Question(
    number=9,
    reference=Deep,
    probe=probe_deep,
    starter=DeepInAList,
    hints=[
        "Count sum(p.numel() for p in Deep(3).parameters()), and the same for Deep(30). What is missing?",
        "A network finds its parts when they are set as attributes, and it does not look into Python's lists. There is a "
        "list of torch's own that it does look into.",
        "self.blocks = nn.ModuleList([...]), and all the rest stays.",
    ],
    why="Nothing raises an error: the blocks work, with the random weights they began with, and the rest learns around "
    "them. Nor are they saved, or moved to the GPU. Print the number of parameters of every network you write, and "
    "compare it with the number you expect.",
    mistakes=[
        Mistake(_MovedByHand, "gets the weights of 0 blocks"),
        Mistake(_OneBlockAgainAndAgain, "gets the weights of 1 block, of 3"),
        Mistake(_Overwritten, "gets the weights of 1 block, of 3"),
        Mistake(lambda depth: Deep(2), "gets the weights of 2 blocks, of 3"),
        Mistake(_OnlyTheFirst, "a depth of 3: all weights are there"),
        Mistake(_WithoutReLU, "each with its ReLU"),
        Mistake(_NotCalled, "all weights are there"),
        Mistake(_WithBatchNorm, "have other parameters than before"),
        Mistake(lambda depth: Deep(depth).blocks, "have other parameters than before"),
        Mistake(lambda depth: SmallCNN(5), "gets the weights of 0 blocks"),
        Mistake(lambda depth: list(Deep(depth).parameters()), "expected a network"),
    ],
)
