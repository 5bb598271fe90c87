"""A model and pictures so small that a training takes a tenth of a second, for tests of training and evaluation."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from utils.data.loaders import make_loaders
from utils.data.transforms import NONE, Preprocessing
from utils.models.freezing import Freezable
from utils.training.recipe import Recipe

SIZE = 16
CLASSES = ["blue", "green", "red"]
PREPROCESSING = Preprocessing(SIZE)
RECIPE = Recipe(epochs=3, batch_size=12, lr=0.02, warmup_epochs=0)


class Tiny(Freezable):
    """What `build` makes, in small: a backbone with BatchNorm and dropout, and a head."""

    def __init__(self, num_classes=3, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.backbone = nn.Sequential(
                nn.Conv2d(3, 6, 3, stride=2, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
            )  # fmt: skip
            self.dropout = nn.Dropout(0.2)
            self.head = nn.Linear(6, num_classes)
        self.preprocessing, self.classes, self.num_classes = PREPROCESSING, None, num_classes

    def forward(self, images):
        return self.head(self.dropout(self.backbone(images)))


def make_table(folder, train=20, valid=17, test=5):
    """Pictures of noise that is a little blue, green or red; their image table."""
    rng = np.random.default_rng(0)
    splits = ["train"] * train + ["valid"] * valid + ["test"] * test
    rows = []
    for number, split in enumerate(splits):
        label = CLASSES[number % 3]
        pixels = rng.integers(0, 170, (SIZE, SIZE, 3))
        pixels[..., 2 - number % 3] += 60
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
        rows.append((f"{number:02}.png", label, split))
    table = pd.DataFrame(rows, columns=["path", "label", "split"])
    table.attrs["root"] = str(folder)
    return table


def make(table, augmentation=NONE, **options):
    """Loaders with batches of 12: 20 training pictures are a batch of 12 and one of 8."""
    return make_loaders(table, PREPROCESSING, augmentation, **{"batch_size": 12, "progress": False} | options)


def weights(model):
    """A copy of the state of a model."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(model, before):
    """The names of all tensors that are not, bit by bit, what they were."""
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def same(one, other):
    """Whether two states of a model are the same bits."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Scripted:
    """An objective whose scores were written down beforehand, an epoch each; the loss is a real one."""

    def __init__(self, name="valid_accuracy", values=(), higher=True):
        self.higher_is_better, self.name, self.values = {name: higher}, name, list(values)

    def loss(self, outputs, targets):
        return nn.functional.cross_entropy(outputs, targets)

    def scores(self, outputs, targets):
        return {self.name: self.values.pop(0)}


def watching(function):
    """A callable for after_step or after_epoch, and the list of what `function(training)` gave each time."""
    seen = []
    return SimpleNamespace(call=lambda training: seen.append(function(training)), seen=seen)


# --- fixtures, imported by the conftest of training and of evaluation ---


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    return make_table(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def table(pictures):
    return pictures.copy()


@pytest.fixture
def loaders(table):
    return make(table)
