"""Exercise 9: heads that begin with what was pretrained."""

import copy

import torch
from torch import nn

from utils.exercises.custom_cnn.networks import made
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

CLASSES = {"document": 2, "screen": 3}
FEATURES = 7
PICTURES = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(8))


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


class _Pretrained(nn.Module):
    """A network for ten classes: `backbone` gives 6 maps, `last` makes 7 of them, `fc` answers. Pretrained, let us say."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(6, 7, 1, bias=False), nn.BatchNorm2d(7), nn.ReLU())
        self.fc = nn.Linear(7, 10)
        for norm in (self.backbone[1], self.last[1]):
            nn.init.normal_(norm.running_mean, std=0.3)
            nn.init.uniform_(norm.running_var, 0.2, 2)
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)

    def forward(self, images):
        return self.fc(self.last(self.backbone(images)).mean(dim=(2, 3)))


def probe_two_heads(answer):
    torch.manual_seed(5)
    network = _Pretrained().eval()
    features = network.last(network.backbone(PICTURES)).mean(dim=(2, 3)).detach()
    model = made(answer, network, dict(CLASSES)).eval()
    _wake(model)
    reached = {head: _reached(model, head) for head in CLASSES}
    _check_start(model, features)
    _check_no_dead(model, reached)
    _check_own(model, reached, sum(parameter.numel() for parameter in network.backbone.parameters()))


def _wake(model):
    """Layers that begin with zeros, as some let the last one do, get other numbers, or nothing could be seen through them."""
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter)


def _outputs(model):
    outputs = model(PICTURES)
    if not isinstance(outputs, dict) or set(outputs) != set(CLASSES):
        raise NotYet(f"expected logits for each of the heads {list(CLASSES)}, a dictionary, got {shown(outputs)}.")
    for head, count in CLASSES.items():
        if not isinstance(outputs[head], torch.Tensor) or outputs[head].shape != (len(PICTURES), count):
            raise NotYet(
                f"{head}: expected {count} logits for each of {len(PICTURES)} pictures, got {shown(outputs[head])}."
            )
    return outputs


def _reached(model, head):
    """The names of the parameters that one head's logits depend on."""
    model.zero_grad(set_to_none=True)
    logits = _outputs(model)[head]
    if not logits.requires_grad:
        raise NotYet(f"{head}: nothing in this model can learn.")
    logits.sum().backward()
    return {name for name, parameter in model.named_parameters() if parameter.grad is not None}


def _check_start(model, features):
    """Before any training, a head's logits are a linear layer's of the features that the pretrained network has."""
    rows = torch.cat([features, torch.ones(len(features), 1)], dim=1)
    with torch.no_grad():
        outputs = _outputs(model)
    for head, logits in outputs.items():
        rest = (logits - rows @ torch.linalg.lstsq(rows, logits).solution).abs().max().item()
        if not rest < 1e-3 * logits.std().item():
            raise NotYet(f"{head}: before any training, its logits are no linear layer's answer to the features that the "
                         "pretrained network has behind its last convolution. Where did they come from?")  # fmt: skip


def _check_no_dead(model, reached):
    names = [name for name, parameter in model.named_parameters() if name not in set().union(*reached.values())]
    if names:
        count = sum(dict(model.named_parameters())[name].numel() for name in names)
        raise NotYet(f"{count} numbers never get a gradient from any head: {', '.join(names[:3])}"
                     f"{' and others' if len(names) > 3 else ''}.")  # fmt: skip


def _check_own(model, reached, in_backbone):
    """What both heads depend on is the backbone, and no more."""
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    shared = set.intersection(*reached.values())
    count = sum(sizes[name] for name in shared)
    if count > in_backbone:
        raise NotYet(f"both heads depend on the same {count} numbers ({', '.join(sorted(shared)[-2:])}, ...), and the backbone has "
                     f"{in_backbone}. What else do they share, that each should have for itself?")  # fmt: skip
    if count < in_backbone:
        raise NotYet(f"the backbone has {in_backbone} numbers, and both heads depend on {count} of them together. One pass of one backbone "
                     "should serve both, and all of it learn.")  # fmt: skip


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
        Mistake(_Frozen, "nothing in this model can learn"),
        Mistake(_InARow, "expected logits for each of the heads"),
        Mistake(lambda network, classes: TwoHeads(network, dict(zip(classes, [3, 2]))), "document: expected 2 logits"),
        Mistake(lambda network, classes: TwoHeads(network, classes).heads, "NotImplementedError"),
        Mistake(lambda network, classes: [TwoHeads(network, classes)], "expected a network"),
    ],
)
