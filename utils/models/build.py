"""A classifier by name: a backbone with weights from the course, ImageNet, a file or none, and a new head.

Words: the *backbone* takes images to features, the *head* takes features to *logits*, one a class, that `softmax` makes
probabilities of. N pictures, 3 colours, H and W pixels, F features, K classes.
Convention: what must be done to a picture beforehand travels with the model, as `model.preprocessing`, and what
loading weights did to it as `model.report`. Introduced in lesson 03.
"""

import dataclasses
import operator
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from utils.data.transforms import NORMALISATIONS, Normalisation, Preprocessing
from utils.errors import CourseError, named
from utils.models.architectures import backbone, check_architecture, own_facts
from utils.models.freezing import Freezable
from utils.models.loading import LoadReport, load_backbone, new_report
from utils.models.pretrained import find_weights

MOST_CLASSES = 100_000  # a head for more would fill the memory: somebody gave another number


class Classifier(Freezable):
    """A network that answers one question about a picture: which of K classes it shows."""

    kind = "classifier"  # in a checkpoint, beside other kinds of model

    def __init__(self, architecture: str, num_classes: int, preprocessing: Preprocessing, classes=None, dropout=None):
        """Random weights. `build` also loads some; its docstring explains the arguments."""
        super().__init__()
        found = backbone(architecture, preprocessing.size)
        self.architecture = architecture
        self.classes = list(classes) if classes is not None else None
        self.preprocessing = preprocessing
        self.backbone = found.network
        self.dropout = nn.Dropout(found.dropout if dropout is None else dropout)
        self.head = nn.Linear(found.features, num_classes)
        self.report: LoadReport = new_report(self)

    @property
    def num_classes(self) -> int:
        return self.head.out_features

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.backbone(images)  # (N, 3, H, W) -> (N, F)
        return self.head(self.dropout(features))  # (N, K) logits

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What the head sees, (N, F): two pictures with much in common have features that are close."""
        return self.backbone(images)

    def describe(self) -> dict:
        """All that `from_description` needs to build such a model again, but for its weights; JSON knows it."""
        return {
            "architecture": self.architecture,
            "num_classes": self.num_classes,
            "classes": self.classes,
            "preprocessing": self.preprocessing.to_dict(),
            "dropout": self.dropout.p,
            "batchnorm_momentum": shared_batchnorm_momentum(self),
        }

    @classmethod
    def from_description(cls, facts: dict) -> "Classifier":
        """A model as described, with random weights.

        Raises:
            CourseError, KeyError or TypeError: it is no description that `describe` gave.
        """
        check_classes(facts["num_classes"], facts["classes"])
        preprocessing = Preprocessing.from_dict(facts["preprocessing"])
        model = cls(facts["architecture"], facts["num_classes"], preprocessing, facts["classes"], facts["dropout"])
        set_batchnorm_momentum(model, facts["batchnorm_momentum"])
        return model


def build(
    name: str,
    num_classes: int,
    weights: str | Path | None = "course",
    *,
    classes=None,
    size=None,
    policy: str | None = None,
    normalisation=None,
    dropout: float | None = None,
    batchnorm_momentum: float | None = 0.1,
    seed: int | None = None,
) -> Classifier:
    """A classifier of K classes, in train mode: `print(model.report)` says what its weights are.

    Args:
        name: an architecture of torchvision, for instance "efficientnet_b0", or "timm:..." where timm is installed.
        num_classes: K, 2 or more.
        weights: "course" (small, offline), "imagenet" (a download), the path of a file, or None (from scratch).
        classes: K names, in the order of the logits; None leaves them open.
        size: pixels, an int or (height, width); None takes what the weights were trained on.
        policy: how pictures get to that size, of `transforms.POLICIES`; None takes a checkpoint's own, else "squash".
        normalisation: a preset of `transforms`; None takes what the weights were trained with.
        dropout: share of features dropped before the head; None leaves the architecture's own.
        batchnorm_momentum: how fast BatchNorm's averages follow, everywhere. torchvision gives MobileNetV3 and
            EfficientNet B5 to B7 0.01, and on a short run their averages never arrive: the same weights score
            .984 in train mode and .100 in eval. None leaves the architecture's own.
        seed: of the random start (the head, and without weights everything); None takes torch's generator as it is.

    Raises:
        CourseError: an unknown name (the nearest are named), one class, a size that is too small (the smallest is
            named), weights that are missing, damaged, of another architecture or that do not fit.
    """
    check_architecture(name)
    check_classes(num_classes, classes)
    _check_share("dropout", dropout, below_one=True)
    found = find_weights(name, weights)
    asked = {"size": size, "policy": policy, "normalisation": normalisation}
    preprocessing = _preprocessing(name, found, {field: value for field, value in asked.items() if value is not None})
    with seeded(seed):
        model = Classifier(name, operator.index(num_classes), preprocessing, classes, dropout)
    set_batchnorm_momentum(model, batchnorm_momentum)
    if found:
        model.report = load_backbone(model, found)
        warn_if_incomplete(model.report)
    return model


def set_batchnorm_momentum(model: nn.Module, momentum: float | None) -> None:
    """The same momentum for every BatchNorm, 0.1 for instance; None changes nothing."""
    _check_share("batchnorm_momentum", momentum, above_zero=True)
    if momentum is not None:
        for module in _batchnorms(model):
            module.momentum = momentum


def shared_batchnorm_momentum(model: nn.Module) -> float | None:
    """The momentum that all BatchNorms of a model share, or None."""
    found = {module.momentum for module in _batchnorms(model)}
    return found.pop() if len(found) == 1 else None


def check_classes(num_classes: int, classes=None) -> None:
    """A CourseError where there are fewer than two classes, or their names are not one for each."""
    is_whole = hasattr(num_classes, "__index__") and not isinstance(num_classes, bool)
    if not is_whole or not 2 <= num_classes <= MOST_CLASSES:
        why = (" With one class every picture is of that class: there is nothing to learn. For 'a logo or not', take "
               "two classes, and pictures of what is not a logo.") if num_classes == 1 else ""  # fmt: skip
        raise CourseError(f"Expected num_classes as a whole number from 2 to {MOST_CLASSES:,}, but got "
                          f"{num_classes!r}.{why}")  # fmt: skip
    if classes is None:
        return
    if isinstance(classes, str) or not all(isinstance(name, str) for name in classes):
        raise CourseError(f"Expected classes as a list of names, but got {classes!r}.")
    twice = sorted({name for name in classes if list(classes).count(name) > 1})
    if twice or len(classes) != num_classes:
        told = f"{named(twice)} more than once" if twice else f"{len(classes)}: {named(classes)}"
        raise CourseError(f"Expected {num_classes} different names in classes, one a logit, but got {told}.")


@contextmanager
def seeded(seed: int | None):
    """Within the block torch's chance (on the CPU) comes from this seed; afterwards it goes on as if nothing was."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _preprocessing(name, found, asked):
    """What the weights were trained with, and in its place whatever was asked for."""
    facts = found.facts if found and found.facts else own_facts(name)
    try:
        known = Preprocessing.from_dict(facts["preprocessing"]) if "preprocessing" in facts else _trained_with(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise CourseError(f"What {found.source} says about its pictures (size, mean, std) makes no sense: {error!r}. "
                          "Was the file changed? Get it again.") from error  # fmt: skip
    return dataclasses.replace(known, **asked)


def _trained_with(facts):
    normalisation = _named_normalisation(facts["mean"], facts["std"])
    size, interpolation = facts["size"], facts.get("interpolation", "bilinear")
    return Preprocessing(size, normalisation=normalisation, interpolation=interpolation)


def warn_if_incomplete(report: LoadReport) -> None:
    """A warning, to whoever called the function that calls this one, where more than the head is new."""
    if not report.is_complete:
        warnings.warn(f"A part of the backbone found no weights and starts at random.\n{report}", stacklevel=3)


def _named_normalisation(mean, std):
    """The preset with these numbers, or one without a name of its own."""
    own = Normalisation("of the weights", tuple(mean), tuple(std))
    same = [one for one in NORMALISATIONS.values() if (one.mean, one.std) == (own.mean, own.std)]
    return same[0] if same else own


def _batchnorms(model):
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def _check_share(what, value, above_zero=False, below_one=False):
    if value is None:
        return
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1 or (above_zero and value == 0) or (below_one and value == 1):
        bounds = f"{'above' if above_zero else 'from'} 0 {'and below' if below_one else 'to'} 1"
        raise CourseError(f"Expected {what} as a number {bounds}, or None for the architecture's own, got {value!r}.")
