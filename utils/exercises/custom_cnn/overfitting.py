"""Exercise 11: the first test of any network, one batch by heart."""

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_truth

CLASSES, SIDE = 4, 8


def can_learn(network, images, targets):
    """Whether the network gets one batch by heart: its loss falls under 0.1 within 200 steps."""
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(200):
        loss = F.cross_entropy(network(images), targets)
        if loss.item() < 0.1:
            return True
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return False


class Tried(nn.Module):
    """A small network, sound as it is; those with a bug are made from it."""

    def __init__(self):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU())
        self.head = nn.Linear(16 * SIDE * SIDE, CLASSES)

    def features(self, images):
        return self.convs(images).flatten(1)

    def forward(self, images):
        return self.head(self.features(images))


class WithBatchNorm(Tried):
    """Sound; it comes in eval mode, as a network that was tested before."""

    def __init__(self):
        super().__init__()
        self.convs.insert(1, nn.BatchNorm2d(16))
        self.eval()


class EndsInSoftmax(Tried):
    """The loss applies its own softmax to this one's probabilities: it cannot fall under 0.74 with 4 classes."""

    def forward(self, images):
        return super().forward(images).softmax(dim=1)


class EndsInTanh(Tried):
    """Its logits stay between -1 and 1: the loss cannot fall under ln(1 + 3 exp(-2)) = 0.34 with 4 classes."""

    def forward(self, images):
        return super().forward(images).tanh()


class MixesPictures(Tried):
    """The mean over the batch in the place of one over places: all pictures get the same logits."""

    def features(self, images):
        features = super().features(images)
        return features.mean(dim=0, keepdim=True).expand_as(features)


class InAList(Tried):
    """Its layers lie in a list, so all that is trained is one scale."""

    def __init__(self):
        super().__init__()
        self.layers = [self.convs, self.head]
        self.scale = nn.Parameter(torch.ones(()))
        del self.convs, self.head

    def forward(self, images):
        convs, head = self.layers
        return self.scale * head(convs(images).flatten(1))


SOUND = {"a sound network": Tried, "a sound network with BatchNorm": WithBatchNorm}
BROKEN = {
    "a network that ends in a softmax": EndsInSoftmax,
    "a network that ends in a tanh": EndsInTanh,
    "a network that mixes up the pictures of a batch": MixesPictures,
    "a network whose layers lie in a plain list": InAList,
}


def probe_can_learn(answer):
    for case, kind in (SOUND | BROKEN).items():
        network, (images, targets) = _seeded(kind), _batch()
        got = as_truth(answer(network, images, targets))
        if got and kind in BROKEN.values():
            raise NotYet(f"{case} cannot bring its loss under 0.1, and you say True.")
        if not got and kind in SOUND.values():
            raise NotYet(f"{case} gets 16 pictures by heart in a hundred steps or so, and you say False. "
                         f"{_what_was_trained(network, kind)}")  # fmt: skip


def _seeded(kind):
    torch.manual_seed(1)
    return kind()


def _batch():
    """16 pictures of pure noise, four of each class: what there is to be learned is the pictures themselves."""
    images = torch.randn(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    return images, torch.arange(16) % CLASSES


def _what_was_trained(network, kind):
    before = dict(_seeded(kind).named_parameters())
    still = [name for name, value in network.named_parameters() if torch.equal(value, before[name])]
    if len(still) == len(before):
        return "None of its weights has moved: is there a step, of an optimiser that has its parameters?"
    return f"{still[0]} has not moved." if still else "Is the loss asked for after enough steps?"


def _judged_by(says, steps=200, lr=0.01, step=True, clear=True):
    """A can_learn that trains for so many steps, and then asks something else of (losses, network, images, targets)."""

    def can_learn(network, images, targets):
        optimizer, losses = torch.optim.Adam(network.parameters(), lr=lr), []
        for _ in range(steps):
            loss = F.cross_entropy(network(images), targets)
            losses.append(loss.item())
            if clear:
                optimizer.zero_grad()
            loss.backward()
            if step:
                optimizer.step()
        return says(losses, network, images, targets)

    return can_learn


def _is_right(losses, network, images, targets):
    return bool((network(images).argmax(dim=1) == targets).all())


q11 = Question(
    number=11,
    reference=can_learn,
    probe=probe_can_learn,
    hints=[
        "It is the loop of lesson 03, with one and the same batch at every step: loss, zero_grad, backward, step.",
        "optimizer = torch.optim.Adam(network.parameters(), lr=0.01), and 200 steps. Compare the loss itself with 0.1: "
        "that it falls, or that all 16 are right, a broken network may manage too.",
        "Inside the loop: loss = F.cross_entropy(network(images), targets), and `return True` where loss.item() < 0.1. "
        "After the loop: return False.",
    ],
    why="A network that cannot get sixteen pictures by heart will not learn sixteen thousand, and finding out takes a "
    "second. The one with the softmax is right about all of them, and still its loss stays above 0.74: so it is the loss "
    "that is to be asked. The test says that a network can learn, not that it will be good on other pictures.",
    mistakes=[
        Mistake(_judged_by(_is_right), "ends in a softmax cannot"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] < losses[0]), "ends in a softmax cannot"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] < 0.8), "ends in a softmax cannot"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] < 0.5), "ends in a tanh cannot"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] < 0.1, steps=3), "after enough steps"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] < 0.1, step=False), "None of its weights has moved"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] < 0.1, lr=1e-6), "after enough steps"),
        Mistake(_judged_by(lambda losses, *_: losses[-1] >= 0.1), "you say False"),
        Mistake(_judged_by(lambda losses, *_: losses[-1]), "expected True or False"),
        Mistake(lambda network, images, targets: True, "you say True"),
        Mistake(lambda network, images, targets: False, "None of its weights has moved"),
        Mistake(lambda network, images, targets: network, "expected True or False"),
    ],
)
