"""Exercise 17: one new picture, and its probabilities."""

import numpy as np
import torch
from torch import nn

from utils.exercises.made import check_quarters, quarters
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, shown

CLASSES = 4
SIDES = [(24, 40), (36, 20)]  # height, width that the network wants: never a square, so that swapped sides show


def predict_one(network, picture, height, width):
    """The probability of each class for one Pillow picture, resized to height x width."""
    pixels = np.asarray(picture.resize((width, height)), dtype=np.float32) / 255
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        logits = network(images)
    network.train(was_training)
    return logits.softmax(dim=1)[0].tolist()


def predict_one_of_a_batch(network, picture, height, width):
    """The probability of each class for one Pillow picture, resized to height x width."""
    pixels = np.asarray(picture.resize((height, width)), dtype=np.float32) / 255
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    with torch.no_grad():
        logits = network(images)
    return logits.softmax(dim=0)[0].tolist()


class Notes(list):
    """A list of which there is one, also where a network that writes into it is copied."""

    def __deepcopy__(self, memo):
        return self


class Watching(nn.Module):
    """A network with BatchNorm and dropout that keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(12, CLASSES))
        self.given = Notes()

    def forward(self, images):
        self.given.append((images.detach().clone(), self.training))
        return self.head(self.norm(self.pool(images)))


def probe_predict_one(answer):
    for mode in (True, False):
        for sides in SIDES:
            torch.manual_seed(2)
            network = Watching().train(mode)
            with torch.no_grad():
                network.head[2].weight.mul_(4)  # so that probabilities are far from even
            got = answer(network, quarters((90, 70)), *sides)
            _check_given(network, sides)
            _check_probabilities(got, network)
            if {module.training for module in network.modules()} != {mode}:
                raise NotYet(f"the network came in {'train' if mode else 'eval'} mode, and is not wholly in it now.")


def _check_given(network, sides):
    """One picture, upright, of the wanted height and width, from 0 to 1, to a network in eval mode."""
    if not network.given:
        raise NotYet("the network was not asked.")
    images, was_training = network.given[-1]
    if images.ndim != 4 or images.shape[:2] != (1, 3):
        raise NotYet(f"the network was given {shown(images)}; it takes (pictures, colours, height, width), here one "
                     "picture of 3 colours.")  # fmt: skip
    if tuple(images.shape[2:]) != sides:
        raise NotYet("height {} and width {} were asked, and the network was given {} x {} (height x width).".format(
            *sides, *images.shape[2:]))  # fmt: skip
    low, high = images.min().item(), images.max().item()
    if low < -1e-3 or not 0.9 < high <= 1.001:
        raise NotYet(f"the network was given pixels from {low:.3g} to {high:.3g}; it knows those from 0 to 1.")
    check_quarters(255 * images[0].permute(1, 2, 0).numpy(), "the picture that the network was given")
    if was_training:
        raise NotYet("the network was asked in train mode, where dropout throws dice: the same picture gets other "
                     "probabilities each time.")  # fmt: skip


def _check_probabilities(got, network):
    got = torch.tensor([as_number(item, "a probability") for item in as_list(got, "one probability a class, a list")])
    if len(got) != CLASSES:
        raise NotYet(f"the network knows {CLASSES} classes, and you give {len(got)} numbers.")
    logits = _logits(network)
    if torch.allclose(got, logits.softmax(dim=0), atol=1e-4):
        return
    usual = {
        "Each class is sure: the softmax has gone over the pictures of the batch, and there is one.": torch.ones(
            CLASSES
        ),
        "Those are the logits.": logits,
        "Each class by itself? One picture shows one of the classes, so they add up to 1.": logits.sigmoid(),
        "Those are logarithms.": logits.log_softmax(dim=0),
        "Those are percents.": 100 * logits.softmax(dim=0),
    }
    reason = next((reason for reason, wrong in usual.items() if torch.allclose(got, wrong, atol=1e-4)), "")
    listed = ", ".join(f"{prob:.3f}" for prob in got.tolist())
    raise NotYet(f"the probabilities {listed} are not the softmax of the network's logits. {reason}")


def _logits(network):
    """What the network says, in eval mode, of what it was given last; afterwards it is as before."""
    modes = {module: module.training for module in network.modules()}
    with torch.no_grad():
        logits = network.eval()(network.given[-1][0])[0]
    for module, mode in modes.items():
        module.training = mode
    return logits


def _predicting(resize=lambda p, h, w: p.resize((w, h)), scale=255, layout=lambda t: t.permute(2, 0, 1)[None],
                evaluates=True, restores=True, says=lambda logits: logits.softmax(dim=1)[0].tolist()):  # fmt: skip
    """A predict_one that does one thing otherwise."""

    def predict_one(network, picture, height, width):
        images = layout(torch.tensor(np.asarray(resize(picture, height, width)) / scale, dtype=torch.float32))
        was_training = network.training
        network.train(was_training and not evaluates)
        with torch.no_grad():
            logits = network(images)
        if restores:
            network.train(was_training)
        return says(logits)

    return predict_one


q17 = Question(
    number=17,
    reference=predict_one,
    probe=probe_predict_one,
    starter=predict_one_of_a_batch,
    hints=[
        "Three mistakes. In which order does Pillow's resize want its sides? In which mode should the network be asked? And "
        "over what does softmax(dim=0) go, for logits of (1, K)?",
        "picture.resize((width, height)): width first, where an array has its height first. network.eval() before it is "
        "asked; and softmax(dim=1), over the classes.",
        "Keep network.training in a variable before network.eval(), and give it back with network.train(...) afterwards.",
    ],
    why="None of the three raises an error, as long as the network takes any size: pictures come out stretched and the "
    "answers a little worse, and dropout makes them another each time. Only the third shows at once, when each class is "
    "certain. Look at what your network is given, once, as a picture.",
    mistakes=[
        Mistake(_predicting(resize=lambda p, h, w: p.resize((h, w))), "24 and width 40 were asked"),
        Mistake(_predicting(resize=lambda p, h, w: p), "was given 70 x 90"),
        Mistake(_predicting(evaluates=False), "dropout throws dice"),
        Mistake(_predicting(restores=False), "came in train mode"),
        Mistake(_predicting(says=lambda logits: logits.softmax(dim=0)[0].tolist()), "Each class is sure"),
        Mistake(_predicting(says=lambda logits: logits[0].tolist()), "Those are the logits"),
        Mistake(_predicting(says=lambda logits: logits.sigmoid()[0]), "Each class by itself"),
        Mistake(_predicting(says=lambda logits: logits.log_softmax(dim=1)[0]), "Those are logarithms"),
        Mistake(_predicting(says=lambda logits: 100 * logits.softmax(dim=1)[0]), "Those are percents"),
        Mistake(_predicting(says=lambda logits: logits.softmax(dim=1)[0, :2]), "you give 2 numbers"),
        Mistake(_predicting(says=lambda logits: logits.softmax(dim=1).max().item()), "expected one probability a class"),
        Mistake(_predicting(scale=1), "pixels from 0 to 255"),
        Mistake(_predicting(layout=lambda t: t.reshape(3, *t.shape[:2])[None]), "which has come out top right, is not the picture's there"),
        Mistake(_predicting(layout=lambda t: t.permute(2, 1, 0)[None]), "24 and width 40 were asked"),
        Mistake(_predicting(layout=lambda t: t.permute(2, 0, 1).flip(2)[None]), "has come out"),
        Mistake(_predicting(layout=lambda t: t[None].permute(0, 3, 1, 2).repeat(2, 1, 1, 1)), "here one picture"),
        Mistake(lambda network, picture, height, width: [0.25] * 4, "was not asked"),
    ],
)  # fmt: skip
