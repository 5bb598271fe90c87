"""Exercise 14: the lesson's tools on other networks."""

from torch import nn
from torchvision import models

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, shown
from utils.models.build import build
from utils.models.freezing import count_parameters, freeze

# Numbers in the backbone, and features that it gives.
NETWORKS = {"shufflenet_v2_x0_5": (341_792, 1024), "squeezenet1_1": (722_496, 512)}
PAIR = "two numbers (trainable, frozen)"


def trainable_and_frozen(name, num_classes):
    """How many numbers of this network learn, and how many do not, when its backbone is frozen."""
    model = build(name, num_classes, weights=None)
    counts = freeze(model, "backbone")
    return counts.trainable, counts.frozen


def probe_trainable_and_frozen(answer):
    for num_classes, (name, (backbone, features)) in zip((4, 12), NETWORKS.items()):
        case = f"{name} with {num_classes} classes"
        got = [as_number(number, PAIR) for number in as_list(asked(answer, case, name, num_classes), PAIR)]
        if len(got) != 2:
            raise NotYet(f"{case}: expected {PAIR}, got {shown(got)}.")
        if all(0 <= number <= 1 for number in got):
            raise NotYet(f"{case}: you say {got[0]:.3g} and {got[1]:.3g}. Asked is how many, and not which share.")
        right = [features * num_classes + num_classes, backbone]
        if got != right:
            raise NotYet(f"{case}: you say that {got[0]:,.0f} learn and {got[1]:,.0f} do not. {_reason(got, right)}")


def _reason(got, right):
    if got[1] == 0:
        return "Then nothing is frozen."
    if got == right[::-1]:
        return "Are the two exchanged? Or which part of the network is frozen?"
    if got[1] == sum(right):
        return "The second one is the whole network."
    if got[1] == right[1]:
        return "Has the head as many classes as was asked?"
    return "What does freeze give back?"


def _with_classes(number):
    """A trainable_and_frozen for always so many classes."""
    return lambda name, num_classes: trainable_and_frozen(name, number)


def _not_frozen(name, num_classes):
    counts = count_parameters(build(name, num_classes, weights=None))
    return counts.trainable, counts.frozen


def _total(name, num_classes):
    counts = freeze(build(name, num_classes, weights=None), "backbone")
    return counts.trainable, counts.total


def _head_frozen(name, num_classes):
    counts = freeze(build(name, num_classes, weights=None), "head")
    return counts.trainable, counts.frozen


def _wrong_name(name, num_classes):
    return tuple(freeze(build(name, num_classes, weights=None), "features"))


def _shares(name, num_classes):
    trainable, frozen = trainable_and_frozen(name, num_classes)
    return trainable / (trainable + frozen), frozen / (trainable + frozen)


def _of_the_last_linear(name, num_classes):
    model = models.get_model(name, weights=None, num_classes=num_classes)
    head = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    learning = sum(parameter.numel() for parameter in head.parameters())
    return learning, count_parameters(model).total - learning


q14 = Question(
    number=14,
    reference=trainable_and_frozen,
    probe=probe_trainable_and_frozen,
    hints=[
        "build(name, num_classes, weights=None) makes the network with random weights: for counting they will do.",
        'counts = freeze(model, "backbone") freezes, and says what the counts are afterwards: print it. It has a '
        "`trainable` and a `frozen`.",
    ],
    why="About one number in a hundred learns: the features times the classes, and a bias for each class. That is why "
    "a head is trained in seconds, on few pictures, and why it cannot learn to see what the backbone does not.",
    mistakes=[
        Mistake(_not_frozen, "Then nothing is frozen"),
        Mistake(_total, "is the whole network"),
        Mistake(_head_frozen, "Or which part of the network is frozen?"),
        Mistake(_shares, "Asked is how many, and not which share"),
        Mistake(_of_the_last_linear, "squeezenet1_1 with 12 classes: your code raised IndexError"),
        Mistake(_with_classes(1000), "as many classes as was asked"),
        Mistake(_with_classes(4), "squeezenet1_1 with 12 classes"),
        Mistake(_wrong_name, "has no part called 'features'"),
        Mistake(
            lambda name, num_classes: freeze(build(name, num_classes, weights=None), "backbone").trainable,
            "two numbers",
        ),
        Mistake(lambda name, num_classes: (*trainable_and_frozen(name, num_classes), 0), "expected two numbers"),
    ],
)
