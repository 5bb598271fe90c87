"""What the course weights are worth: fine-tuned on 30 animals a class, beside the same network from scratch."""

import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from tests.bench.line import Line
from tests.data_samples.sticker_sets import script
from utils.data.loaders import make_loaders
from utils.data.tables import scan
from utils.data.transforms import IMAGENET
from utils.errors import CourseError
from utils.evaluation.predictions import predict
from utils.lesson import keep_big_blocks
from utils.models.build import build
from utils.training.loop import fit
from utils.training.recipe import Recipe

NETWORKS = ("shufflenet_v2_x0_5", "mobilenet_v3_small", "efficientnet_b0")
SEEDS, SIZE = 5, 64
COUNTS = {"train": 30, "valid": 10, "test": 100}  # pictures a class, all made for this
TUNED = Recipe(epochs=8, batch_size=16, lr=4e-3, backbone_lr=7e-4)
SCRATCH = Recipe(epochs=8, batch_size=16, lr=1e-3)


def bench_weights():
    """Accuracy on 1,000 fresh pictures and the seconds of a run, over 5 seeds; nothing where the font is missing."""
    keep_big_blocks()
    with tempfile.TemporaryDirectory() as folder:
        try:
            table = fresh_animals(Path(folder))
        except CourseError as error:
            print(f"bench_weights: {error}")
            return
        for name in NETWORKS:
            tuned, scratch = (
                np.array([a_run(table, name, *how, seed) for seed in range(SEEDS)])  # (5, 2): accuracy, seconds
                for how in (("course", TUNED), (None, SCRATCH))
            )
            mean, other = 100 * tuned[:, 0].mean(), 100 * scratch[:, 0].mean()
            yield Line(f"{name} at {SIZE} px: fine-tuned (plain: scratch)", mean, other, "%", "over 90, under 45")
            worst, best = 100 * tuned[:, 0].min(), 100 * scratch[:, 0].max()
            yield Line(f"  the worst of {SEEDS} seeds (plain: the best)", worst, best, "%", "")
            yield Line("  the longest run", tuned[:, 1].max(), scratch[:, 1].max(), "s", "under 20 s")


def fresh_animals(root):
    """The table of pictures like those of the sample set, none of which is in it."""
    animals = script("animals")
    for split, count in COUNTS.items():
        for label in tqdm(animals.COUNTS, desc=f"drawing {split}", leave=False):
            (root / split / label).mkdir(parents=True)
            for number in range(count):
                file = root / split / label / f"{number:03}.jpg"
                file.write_bytes(animals.jpeg(animals.fresh(label, number, split)))
    return scan(root, progress=False)[0]


def a_run(table, name, weights, recipe, seed):
    """Accuracy on test, and how many seconds training took."""
    classes = sorted(table["label"].unique())
    model = build(name, len(classes), weights, classes=classes, size=SIZE, normalisation=IMAGENET, seed=seed)
    loaders = make_loaders(table, model.preprocessing, batch_size=recipe.batch_size, seed=seed, progress=False)
    start = time.perf_counter()
    fit(model, loaders, recipe, progress=False)
    took = time.perf_counter() - start
    predictions = predict(model, loaders.test, progress=False)
    return (predictions["label"] == predictions["predicted"]).mean(), took
