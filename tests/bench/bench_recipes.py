"""What each helper of lesson 07 costs: `fit` with it beside plain `fit`, in steps a second of its second epoch.

Averaging touches every weight, mixing every pixel; a teacher answers to every picture. Accumulation has half the steps for
the same pictures, so it is counted in pictures.
"""

import time

import numpy as np

from tests.bench.line import Line
from utils.data.loaders import make_loaders
from utils.data.samples import sample
from utils.data.tables import class_names, scan
from utils.data.transforms import LIGHT
from utils.models.build import build
from utils.training.loop import fit
from utils.training.objectives import CrossEntropy
from utils.training.recipe import Recipe
from utils.training.teaching import Distilled, Teacher

MODEL, TEACHER, SIZE = "shufflenet_v2_x0_5", "efficientnet_b0", 64
TRAINED, VALID, BATCH = 192, 16, 16
ROUNDS = 2
WAYS = [
    ("EMA of the weights", {"ema": 0.99}, "at least 0.85"),
    ("MixUp", {"mixup": 0.4}, "at least 0.9"),
    ("two batches a step", {"accumulate": 2}, "at least 1"),
]


def bench_recipes():
    """Each helper beside plain `fit`, the two by turns, the best of some rounds."""
    loaders = _loaders()
    images_per_second(loaders)  # does not count: the first training warms up
    for what, changes, target in WAYS:
        ours, plain = _best(loaders, changes)
        yield Line(f"{MODEL} at {SIZE} px: {what} (plain: fit)", ours / BATCH, plain / BATCH, "/s", target)
    teacher = Teacher(_model(TEACHER, loaders.train.classes["label"]))
    ours, plain = _best(loaders, {}, objective=Distilled(CrossEntropy()), batch_transform=teacher)
    yield Line(f"  a teacher, {TEACHER} (plain: fit)", ours / BATCH, plain / BATCH, "/s", "")
    alone = teaching(teacher, loaders)
    yield Line("  a batch with it (plain: without, and its answers)", 1000 * BATCH / ours,
               1000 * (BATCH / plain + alone), "ms", "at most 1.1")  # fmt: skip


def images_per_second(loaders, objects=None, **changes):
    """Training pictures a second of the second epoch of `fit`."""
    recipe = Recipe(epochs=2, batch_size=BATCH, device="cpu", **changes)
    model = _model(MODEL, loaders.train.classes["label"])
    return fit(model, loaders, recipe, progress=False, **objects or {}).history["images_per_second"].iloc[-1]


def teaching(teacher, loaders):
    """Seconds a batch that the teacher's answers take, by themselves."""
    batches = list(loaders.train)
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for images, targets in batches:
            teacher(images, targets)
        rounds.append((time.perf_counter() - start) / len(batches))
    return min(rounds)


def _best(loaders, changes, **objects):
    """The best of both ways over some rounds, in which they take turns: other work on the machine hits both."""
    rounds = [(images_per_second(loaders, objects, **changes), images_per_second(loaders)) for _ in range(ROUNDS)]
    return map(max, zip(*rounds))


def _model(name, classes):
    return build(name, len(classes), None, classes=classes, size=SIZE, seed=0)


def _loaders():
    """Some of the animals, in memory, augmented."""
    table = scan(str(sample("animals")), progress=False)[0].sample(TRAINED + VALID, random_state=0)
    table["split"] = np.repeat(["train", "valid"], [TRAINED, VALID])
    model = _model(MODEL, class_names(table))
    return make_loaders(table, model.preprocessing, LIGHT, batch_size=BATCH, cache="memory", classes=model.classes,
                        progress=False)  # fmt: skip
