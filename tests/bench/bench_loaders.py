"""Loading photographs for training against the plain way: ImageFolder, PIL transforms, every picture each epoch."""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.models import shufflenet_v2_x0_5
from torchvision.transforms import v2

from tests.bench.line import Line, seconds
from utils.data.folders import list_folder
from utils.data.loaders import make_loaders
from utils.data.transforms import IMAGENET, LIGHT, NONE, STRONG, Preprocessing

PICTURES, CLASSES, SIZE, BATCH = 400, 4, 178, 32
TRAINED = 160  # pictures
ROUNDS = 3


def bench_loaders():
    """A training epoch: the first, which fills the cache, and those after it."""
    with tempfile.TemporaryDirectory() as folder:
        table = make_pictures(Path(folder) / "pictures")
        plain = [plain_loader(table.attrs["root"], workers) for workers in (0, 2)]
        ready = ours(table)
        first, second, *by_workers = fastest(
            lambda: run_through(ours(table)), lambda: run_through(ready), *(partial(run_through, way) for way in plain)
        )
        best = min(by_workers)
        yield Line(f"{PICTURES} JPEGs of 1000 x 800 at {SIZE} px: first epoch", first, best, "s", "at most 1")
        yield Line("  second epoch", 1000 * second, 1000 * best, "ms", "at most 0.2")
        yield from augmentations(table)
        yield from workers(table)


def augmentations(table):
    """What augmentation costs an epoch from the cache, beside none."""
    none, *others = fastest(
        *(partial(run_through, ours(table, augmentation)) for augmentation in (NONE, LIGHT, STRONG))
    )
    for name, other in zip(("light", "strong"), others):
        yield Line(f"  {name} augmentation (plain: none)", 1000 * other, 1000 * none, "ms", "")


def workers(table):
    """Why "auto" takes no workers on a CPU: an epoch of training, and where pictures are not cached of loading too."""
    few = table[:TRAINED]
    for cache, use in (("memory", train), ("none", train), ("none", run_through)):
        ways = [ours(few, LIGHT, count, cache) for count in (0, 1, 2)]
        zero, *others = fastest(*(partial(use, way) for way in ways))
        name = f"  {'cached' if cache == 'memory' else 'not cached'}, {'trained' if use is train else 'loaded'}"
        for count, other in zip((1, 2), others):
            yield Line(f"{name}: 0 workers (plain: {count})", zero, other, "s", "about 1")


def fastest(*ways):
    """Seconds of each way, the best of some rounds that alternate: other work on the machine hits all of them."""
    for way in ways:
        way()  # starts the workers
    rounds = [[seconds(way) for way in ways] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds)]


def make_pictures(folder):
    """JPEGs like photographs in size: soft colours and some noise; their table, all of it for training."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 6, (800, 1000, 1))
    for index in range(PICTURES):
        path = folder / f"class-{index % CLASSES}" / f"{index:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 255, (8, 10, 3), dtype=np.uint8)).resize((1000, 800))
        picture = (np.asarray(coarse) + np.roll(noise, index, axis=1)).clip(0, 255).astype(np.uint8)
        Image.fromarray(picture).save(path, quality=85)
    table = pd.DataFrame(list_folder(folder)[0]).assign(split="train")
    table.attrs["root"] = str(folder)
    return table


def plain_loader(folder, workers):
    """As in most tutorials."""
    transform = v2.Compose([
        v2.Resize((SIZE, SIZE)), v2.RandomHorizontalFlip(), v2.ToImage(), v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(IMAGENET.mean, IMAGENET.std),
    ])  # fmt: skip
    return DataLoader(ImageFolder(folder, transform), BATCH, shuffle=True, num_workers=workers)


def ours(table, augmentation=LIGHT, count="auto", cache="memory"):
    return make_loaders(
        table, Preprocessing(SIZE), augmentation, batch_size=BATCH, workers=count, cache=cache, progress=False
    ).train


def run_through(loader):
    for _images, _targets in loader:
        pass


def train(loader):
    """An epoch of a small network, so that loading and computing meet."""
    torch.manual_seed(0)
    model = shufflenet_v2_x0_5(num_classes=CLASSES).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for images, targets in loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), targets).backward()
        optimizer.step()
