"""One backbone, several heads: a network that answers several questions about each picture in one pass.

The network is split before its last convolution. The backbone gives maps, which all heads share; each head has the last
convolution for itself, beginning with the pretrained one, then pooling, the architecture's hidden layer where it has
one, dropout and a new linear layer. So nothing that was learnt is thrown away, and no parameter is without use: in
published code whose heads began after a discarded convolution, 198,656 parameters never got a gradient.
N pictures, C channels, H and W places, K classes of a head. Introduced in lesson 05.
"""

import copy
import warnings
from collections import OrderedDict
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torchvision.models import EfficientNet, MobileNetV3, ShuffleNetV2

from utils.data.targets import wrong_head_name
from utils.data.transforms import Preprocessing
from utils.errors import CourseError, named
from utils.models.architectures import Backbone, architectures, backbone, nearest
from utils.models.build import (
    build,
    check_classes,
    seeded,
    set_batchnorm_momentum,
    shared_batchnorm_momentum,
    warn_if_incomplete,
)
from utils.models.custom import SmallCNN
from utils.models.freezing import Freezable
from utils.models.loading import COUNTER, RANDOM, LoadReport

FAMILIES = (
    "shufflenet_v2",
    "mobilenet_v3",
    "efficientnet",
    "small_cnn",
)  # how the names of those begin that can be split
LINEAR = "linear"  # the one layer of a head that is always new


class Parts(NamedTuple):
    """A network taken apart before its last convolution."""

    body: nn.Sequential  # images (N, 3, H, W) to maps (N, C, H', W'); its tensors keep their names in published files
    tail: dict[str, nn.Module]  # "conv" to maps (N, F, H', W'), and for some "hidden", (N, F) to (N, F')
    names: dict[str, str]  # {part of the tail: the start of its tensors' names in published files}


def _shufflenet(network):
    body = nn.Sequential(
        OrderedDict((name, part) for name, part in network.named_children() if name not in ("conv5", "fc"))
    )
    return Parts(body, {"conv": network.conv5}, {"conv": "conv5."})


def _with_features(network):
    """MobileNetV3 and EfficientNet; the classifier's last layer and its dropout are taken off already."""
    last = len(network.features) - 1
    hidden = nn.Sequential(*[layer for layer in network.classifier if not isinstance(layer, nn.Identity)])
    tail = {"conv": network.features[last]} | ({"hidden": hidden} if len(hidden) else {})
    body = nn.Sequential(OrderedDict(features=network.features[:last]))
    return Parts(body, tail, {"conv": f"features.{last}.", "hidden": "classifier."})


def _small_cnn(network):
    last = len(network.blocks) - 1  # a depthwise and a pointwise convolution, which go together
    body = nn.Sequential(OrderedDict(stem=network.stem, blocks=network.blocks[:last]))
    return Parts(body, {"conv": network.blocks[last]}, {"conv": f"blocks.{last}."})


SPLITS = {
    ShuffleNetV2: _shufflenet, MobileNetV3: _with_features, EfficientNet: _with_features, SmallCNN: _small_cnn,
}  # fmt: skip


class MultiHead(Freezable):
    """A network that answers several questions about a picture, each by a head of its own."""

    kind = "heads"  # in a checkpoint, beside other kinds of model

    def __init__(
        self,
        architecture: str,
        classes: dict,
        preprocessing: Preprocessing,
        dropout=None,
        start: Backbone | None = None,
    ):
        """Made of `start`, a whole network without its classifier; None takes one at random. `build_heads` loads weights."""
        super().__init__()
        check_family(architecture)
        start = start or backbone(architecture, preprocessing.size)
        parts = SPLITS[type(start.network)](start.network)
        dropout = start.dropout if dropout is None else dropout
        self.architecture = architecture
        self.classes = {head: list(names) for head, names in classes.items()}
        self.preprocessing = preprocessing
        self.backbone = parts.body
        self.heads = nn.ModuleDict({head: _head(parts.tail, start.features, len(names), dropout)
                                    for head, names in classes.items()})  # fmt: skip
        self.names_in_files = parts.names
        self.report: LoadReport = heads_report(self, LoadReport(RANDOM))

    @property
    def num_classes(self) -> dict[str, int]:
        return {head: len(names) for head, names in self.classes.items()}

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.backbone(images)  # (N, 3, H, W) -> (N, C, H', W')
        return {name: head(maps) for name, head in self.heads.items()}  # (N, K) logits of each head

    def describe(self) -> dict:
        """All that `from_description` needs to build such a model again, but for its weights; JSON knows it."""
        return {
            "architecture": self.architecture,
            "classes": self.classes,
            "preprocessing": self.preprocessing.to_dict(),
            "dropout": next(iter(self.heads.values())).dropout.p,
            "batchnorm_momentum": shared_batchnorm_momentum(self),
        }

    @classmethod
    def from_description(cls, facts: dict) -> "MultiHead":
        """A model as described, with random weights.

        Raises:
            CourseError, KeyError or TypeError: it is no description that `describe` gave.
        """
        check_heads(facts["classes"])
        preprocessing = Preprocessing.from_dict(facts["preprocessing"])
        model = cls(facts["architecture"], facts["classes"], preprocessing, facts["dropout"])
        set_batchnorm_momentum(model, facts["batchnorm_momentum"])
        return model


def _head(tail, features, num_classes, dropout):
    """One head, (N, C, H', W') to (N, K), with a copy of its own of what was pretrained."""
    own = copy.deepcopy(tail)
    layers = OrderedDict(conv=own.pop("conv"), pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), **own)
    return nn.Sequential(layers | {"dropout": nn.Dropout(dropout), LINEAR: nn.Linear(features, num_classes)})


def build_heads(
    name: str,
    heads: dict[str, list[str]],
    weights: str | Path | None = "course",
    *,
    size=None,
    policy: str | None = None,
    normalisation=None,
    dropout: float | None = None,
    batchnorm_momentum: float | None = 0.1,
    seed: int | None = None,
) -> MultiHead:
    """A network with a head for each question, in train mode: `print(model.report)` says what its weights are.

    Args:
        name: an architecture that can be split, "shufflenet_v2_x0_5" for instance.
        heads: {head: its classes, in the order of its logits}, as `add_targets` gives them.
        weights, size, policy, normalisation, batchnorm_momentum: as for `build`.
        dropout: share of features dropped before each head's last layer; None leaves the architecture's own.
        seed: of the random start (the heads' last layers, and without weights everything).

    Raises:
        CourseError: no heads, a head with fewer than two classes or with a name that cannot be one, an architecture
            that cannot be split (those that can are named), or as for `build`.
    """
    check_heads(heads)
    check_family(name)
    options = {"size": size, "policy": policy, "normalisation": normalisation, "dropout": dropout}
    with seeded(seed), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A part of the backbone")  # said below, with this model's names
        # The whole network first: the weights find their places in it by its own names.
        whole = build(name, 2, weights, batchnorm_momentum=batchnorm_momentum, **options)
        start = Backbone(whole.backbone, whole.head.in_features, whole.dropout.p)
        model = MultiHead(name, heads, whole.preprocessing, start=start)
    model.report = heads_report(model, whole.report)
    if weights is not None:
        warn_if_incomplete(model.report)
    return model


# --- what was loaded, and what can be built ---------------------------------------------------------


@dataclass(frozen=True)
class HeadsReport(LoadReport):
    """What loading weights did to a model with heads. Parameters are counted in the model: in each head anew."""

    copied: tuple[str, ...] = ()  # names as in the file, of tensors that each head has a copy of

    @property
    def is_complete(self) -> bool:
        """Whether nothing but the heads' last layers is new."""
        return all(name.split(".")[-2] == LINEAR for name in self.new)

    def __str__(self):
        copies = f"\n  {'a copy in each head':24} {len(self.copied)} tensors: {named(self.copied, 3)}"
        return super().__str__() + copies * bool(self.copied)


def heads_report(model: MultiHead, whole: LoadReport) -> HeadsReport:
    """What the report of a whole network means for the model that was made of it."""
    theirs = {name: _name_in_file(model, name) for name in model.state_dict() if COUNTER not in name}
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    loaded = [name for name in theirs if theirs[name] in whole.loaded]
    new = [name for name in theirs if theirs[name] not in whole.loaded]
    facts = {field.name: getattr(whole, field.name) for field in fields(whole)} | {
        "new": tuple(new),
        "loaded_parameters": sum(sizes.get(name, 0) for name in loaded),
        "new_parameters": sum(sizes.get(name, 0) for name in new),
    }
    return HeadsReport(**facts, copied=tuple(name for name in whole.loaded if _is_copied(model, name)))


def _name_in_file(model, name):
    """What a published file of the architecture calls a tensor of the model; "" where it has none like it."""
    first, _, rest = name.partition(".")
    if first == "backbone":
        return rest
    _, part, rest = rest.split(".", 2)
    return model.names_in_files[part] + rest if part in model.names_in_files else ""


def _is_copied(model, name):
    return name.startswith(tuple(model.names_in_files.values()))


def check_family(name: str) -> None:
    """A CourseError with all that can, where an architecture cannot be split before its last convolution."""
    can = [one for one in architectures() if one.startswith(FAMILIES)]
    if name not in can:
        raise CourseError(f"Expected an architecture that can be split before its last convolution, but got {name!r}. "
                          f"{nearest(name, can)} Those that can: {named(can, len(can))}.")  # fmt: skip


def check_heads(heads: dict[str, list[str]]) -> None:
    """A CourseError where there is no head, or one with a name that cannot be one, or without two classes with names."""
    if not isinstance(heads, dict) or not heads:
        raise CourseError("Expected heads as {name: its classes}, for instance {'screen': ['paper', 'screen']}, but got "
                          f"{heads!r}.")  # fmt: skip
    for head, classes in heads.items():
        if wrong_head_name(head):
            raise CourseError(wrong_head_name(head))
        if hasattr(nn.ModuleDict(), head):
            raise CourseError(f"torch has another use for the name {head!r}. Call the head otherwise, is_{head} say.")
        if not isinstance(classes, (list, tuple)):
            raise CourseError(f"Expected a list of names as the classes of the head {head!r}, but got {classes!r}.")
        try:
            check_classes(len(classes), classes)
        except CourseError as error:
            raise CourseError(f"The head {head!r}: {error}") from error
