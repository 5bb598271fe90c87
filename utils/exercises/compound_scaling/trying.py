"""Exercise 13: the lesson's counter on other networks."""

from torchvision import models

from utils.evaluation.cost import count_macs, count_parameters
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

# In the first list the fewest parameters are not the fewest multiply-adds; the second has another order; the third has
# another one at the usual size.
NETWORKS = [
    (["squeezenet1_1", "mobilenet_v3_small", "resnet18"], 96, "mobilenet_v3_small"),
    (["mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"], 64, "shufflenet_v2_x0_5"),
    (["mobilenet_v2", "squeezenet1_1"], 64, "squeezenet1_1"),
]


def least_work(names, size):
    """The name of the network that takes the fewest multiply-adds for a picture of this size."""
    return min(names, key=lambda name: count_macs(models.get_model(name, weights=None), size))


def probe_least_work(answer):
    for names, size, right in NETWORKS:
        got = answer(list(names), size)
        if not isinstance(got, str) or got not in names:
            raise NotYet(f"expected one of the names {shown(names)}, got {shown(got)}.")
        if got != right:
            raise NotYet(f"of {shown(names)} at {size} px you say {got!r}. {_reason(got, names, size)}")


def _reason(got, names, size):
    fewest = min(names, key=lambda name: count_parameters(models.get_model(name, weights=None)))
    if got == fewest:
        return "That one has the fewest parameters."
    if got == least_work(names, 224):
        return f"So it is at 224 px. Are they counted at {size}?"
    return "Print count_macs of each of them."


q13 = Question(
    number=13,
    reference=least_work,
    probe=probe_least_work,
    hints=[
        "models.get_model(name, weights=None) makes the network with random weights: for counting they will do.",
        "count_macs(model, size) counts. Keep the name with the smallest count; min(names, key=...) can do that.",
    ],
    why="SqueezeNet was made to have few parameters, and has; MobileNetV3-Small has twice as many and takes a sixth of the "
    "work. Whoever asks for a small network has to say what is to be small.",
    mistakes=[
        Mistake(
            lambda names, size: min(names, key=lambda n: count_parameters(models.get_model(n, weights=None))),
            "the fewest parameters",
        ),
        Mistake(
            lambda names, size: max(names, key=lambda n: count_macs(models.get_model(n, weights=None), size)),
            "Print count_macs",
        ),
        Mistake(lambda names, size: least_work(names, 224), "So it is at 224 px"),
        Mistake(lambda names, size: names[1] if size == 96 else names[0], "at 64 px"),
        Mistake(lambda names, size: count_macs(models.get_model(names[0], weights=None), size), "one of the names"),
        Mistake(lambda names, size: names, "one of the names"),
    ],
)
