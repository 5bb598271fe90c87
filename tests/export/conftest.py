"""What the tests of utils.export share: small models whose answers differ from picture to picture, and their exports.

A file takes seconds to export, so each is exported once for all tests, by the one Exporter of its model; nobody changes it.
"""

from functools import cache

import pytest
import torch

from tests.threads import one_thread  # noqa: F401 - a fixture
from utils.data.images import open_image
from utils.data.samples import sample
from utils.export.exporting import Exporter
from utils.export.parity import Tolerance
from utils.models.build import build
from utils.models.two_heads import build_heads

SIZE = (24, 32)  # pixels; not square, so that height and width cannot change places unseen
CLASSES = ["cat", "dog", "Eule ü"]
# In no order that sorting would give; and the exporter calls values inside "relu" and "mean" itself.
LOOSE = Tolerance(mean=0.15, same=0.8)  # for int8: what was never trained decides by little
HEADS = {"screen": ["screen", "paper"], "relu": ["a", "b", "c"], "mean": ["yes", "no"]}


def pictures() -> list:
    """The paths of 750 sample pictures, class by class."""
    return sorted(sample("animals").glob("*/*.jpg"))


def lively(model):
    """The model in eval mode, after real pictures went through its BatchNorms, with logits of mean 0 and spread 2.

    As it was made, a network answers every picture alike, and would agree with any file.
    """
    images = model.preprocessing(*[open_image(path) for path in pictures()[::25]])
    with torch.no_grad():
        for _ in range(30):
            model.train()(images)
        logits = model.eval()(images)
        for head, found in logits.items() if isinstance(logits, dict) else [(None, logits)]:
            last, scale = model.heads[head].linear if head else model.head, 2 / found.std(dim=0)
            last.weight.mul_(scale[:, None])
            last.bias.sub_(found.mean(dim=0)).mul_(scale)
    return model


def small(name: str = "small_cnn", weights=None, size=SIZE):
    return lively(build(name, 3, weights, classes=CLASSES, size=size, policy="pad", seed=0))


@pytest.fixture(scope="session")
def model():
    return small()


@pytest.fixture(scope="session")
def heads_model():
    return lively(build_heads("small_cnn", HEADS, None, size=SIZE, seed=0))


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """exports(model, format, precision): the Exported of a model of these fixtures, made when it is first asked for."""
    folder, exporter, made = tmp_path_factory.mktemp("exports"), cache(Exporter), {}

    def exported(model, format="onnx", precision="float32"):
        key = (model, format, precision)
        if key not in made:
            path = folder / str(len(made)) / f"{precision}.{format}"
            options = {"calibration": pictures()[::6], "tolerance": LOOSE} if precision == "int8" else {}
            made[key] = exporter(model).export(path, precision, samples=pictures()[3::15], **options)
        return made[key]

    return exported
