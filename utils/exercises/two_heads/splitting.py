"""Exercise 9: heads that begin with what was pretrained."""

import copy

import torch
from torch import nn

from utils.exercises.custom_cnn.networks import made
from utils.exercises.question import Mistake, Question
from utils.exercises.two_heads.sharing import CLASSES, PICTURES, Pretrained, check_heads


class TwoHeads(nn.Module):
    """A head for each question on a pretrained network: {head: logits (N, K)}."""

    def __init__(self, network, classes):
        super().__init__()
        self.backbone = network.backbone
        self.heads = nn.ModuleDict()
        for name, count in classes.items():
            last = copy.deepcopy(network.last)
            self.heads[name] = nn.Sequential(last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(7, count))

    def forward(self, images):
        maps = self.backbone(images)
        return {name: head(maps) for name, head in self.heads.items()}


class TwoNewHeads(nn.Module):
    """A head for each question on a pretrained network: {head: logits (N, K)}."""

    def __init__(self, network, classes):
        super().__init__()
        self.network = network
        self.heads = nn.ModuleDict()
        for name, count in classes.items():
            last = nn.Sequential(nn.Conv2d(6, 7, 1, bias=False), nn.BatchNorm2d(7), nn.ReLU())
            self.heads[name] = nn.Sequential(last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(7, count))

    def forward(self, images):
        maps = self.network.backbone(images)
        return {name: head(maps) for name, head in self.heads.items()}


def probe_two_heads(answer):
    torch.manual_seed(5)
    network = Pretrained().eval()
    features = network.last(network.backbone(PICTURES)).mean(dim=(2, 3)).detach()
    in_backbone = sum(parameter.numel() for parameter in network.backbone.parameters())
    check_heads(made(answer, network, dict(CLASSES)).eval(), features, in_backbone)


class _OneLastForBoth(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        for head in self.heads.values():
            head[0] = network.last


class _NetworkKept(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.network = network


class _ClassifierKept(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.old = network.fc


class _CopiedByShape(TwoHeads):
    """Takes the weights of the convolution, and forgets those of BatchNorm."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        for head in self.heads.values():
            norm = nn.BatchNorm2d(7)
            head[0] = nn.Sequential(head[0][0], norm, nn.ReLU())


class _Fresh(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        for head in self.heads.values():
            head[0] = nn.Sequential(nn.Conv2d(6, 7, 1, bias=False), nn.BatchNorm2d(7), nn.ReLU())


class _BehindTheLast(TwoNewHeads):
    """The heads come after the pretrained convolution, and have a new one besides."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        for head in self.heads.values():
            head[0] = nn.Sequential(nn.Conv2d(7, 7, 1), nn.ReLU())

    def forward(self, images):
        maps = self.network.last(self.network.backbone(images))
        return {name: head(maps) for name, head in self.heads.items()}


class _SecondOnly(TwoHeads):
    """One head has the pretrained convolution, the other a new one."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.heads["document"][0] = nn.Sequential(nn.Conv2d(6, 7, 1, bias=False), nn.BatchNorm2d(7), nn.ReLU())


class _TwoBackbones(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.backbones = nn.ModuleDict({head: copy.deepcopy(network.backbone) for head in classes})
        del self.backbone

    def forward(self, images):
        return {name: head(self.backbones[name](images)) for name, head in self.heads.items()}


class _PlainDict(nn.Module):
    """The heads are in a dict of Python's."""

    def __init__(self, network, classes):
        super().__init__()
        self.backbone = network.backbone
        self.heads = dict(TwoHeads(network, classes).heads.items())

    forward = TwoHeads.forward


class _LastInAList(TwoHeads):
    """The copies of the pretrained convolution are in a list, and what comes behind them is not."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.lasts = [head[0] for head in self.heads.values()]
        for head in self.heads.values():
            head[0] = nn.Identity()

    def forward(self, images):
        maps = self.backbone(images)
        return {name: head(last(maps)) for last, (name, head) in zip(self.lasts, self.heads.items())}


class _NetworkInAList(TwoHeads):
    """The backbone is in a list, with the network that it belongs to."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.networks = [network]
        del self.backbone

    def forward(self, images):
        maps = self.networks[0].backbone(images)
        return {name: head(maps) for name, head in self.heads.items()}


class _SameMemory(TwoHeads):
    """Each head has parameters of its own, and their numbers are the pretrained network's."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        for head in self.heads.values():
            for own, pretrained in zip(head[0].parameters(), network.last.parameters()):
                own.data = pretrained.data


class _SameConvolution(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        for head in self.heads.values():
            head[0][0].weight.data = network.last[0].weight.data


class _Softmax(TwoHeads):
    def forward(self, images):
        return {name: logits.softmax(dim=1) for name, logits in super().forward(images).items()}


class _Frozen(TwoHeads):
    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.requires_grad_(False)


class _InARow(TwoHeads):
    def forward(self, images):
        return list(super().forward(images).values())


q9 = Question(
    number=9,
    reference=TwoHeads,
    probe=probe_two_heads,
    starter=TwoNewHeads,
    hints=[
        "Which parts of the pretrained network does forward call? What happens to the others?",
        "network.last is what each head should begin with, in the place of the new convolution, BatchNorm and ReLU. But "
        "if both heads are given the very same module, what one of them learns, the other has to live with.",
        "copy.deepcopy(network.last) for each head. And keep of the network only what is called: network.backbone.",
    ],
    why="In ShuffleNetV2 x0.5 the last convolution holds 198,656 of the 341,792 pretrained parameters. Thrown away, they have "
    "to be learnt again from a few hundred pictures; kept beside new ones, they are dead weight; shared, they are no head's "
    "own. A copy for each head starts both where pretraining ended. `build_heads` splits a network at this place.",
    mistakes=[
        Mistake(_Fresh, "before any training, its logits are no linear layer's answer"),
        Mistake(_SecondOnly, "document: before any training"),
        Mistake(_CopiedByShape, "before any training"),
        Mistake(_BehindTheLast, "before any training"),
        Mistake(_Softmax, "before any training"),
        Mistake(_OneLastForBoth, "What else do they share"),
        Mistake(_NetworkKept, "never get a gradient from any head: network.last.0.weight"),
        Mistake(_ClassifierKept, "80 numbers never get a gradient from any head: old.weight, old.bias."),
        Mistake(_TwoBackbones, "both heads depend on 0 of them together"),
        Mistake(
            _PlainDict,
            "document: 72 of the numbers that its logits come from are not among model.parameters(): a plain dict or",
        ),
        Mistake(_LastInAList, "document: 56 of the numbers that its logits come from are not among model.parameters()"),
        Mistake(_NetworkInAList, "hides them from the optimiser; nn.ModuleDict does not"),
        Mistake(_SameMemory, "are two names of the same numbers in memory: a step of one head changes the other"),
        Mistake(
            _SameConvolution, "heads.document.0.0.weight and heads.screen.0.0.weight are two names of the same numbers"
        ),
        Mistake(_Frozen, "nothing in this model can learn"),
        Mistake(_InARow, "expected logits for each of the heads"),
        Mistake(lambda network, classes: TwoHeads(network, dict(zip(classes, [3, 2]))), "document: expected 2 logits"),
        Mistake(lambda network, classes: TwoHeads(network, classes).heads, "NotImplementedError"),
        Mistake(lambda network, classes: [TwoHeads(network, classes)], "expected a network"),
    ],
)
