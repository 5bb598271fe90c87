"""Networks by name, without their classifier: torchvision's, ours, and timm's where it is installed.

Words: an *architecture* is a name: "efficientnet_b0", "small_cnn" or "timm:resnet18". Its *backbone* takes images (N, 3, H, W)
to features (N, F). It is the library's own module with the last layer replaced by one that does nothing, so its
tensors keep the names they have in every published file of weights. Introduced in lesson 03.
"""

import difflib
from functools import cache
from typing import NamedTuple

import torch
import torchvision
from torch import nn
from torchvision.models import VisionTransformer, get_model, get_model_weights, list_models
from torchvision.models.vision_transformer import interpolate_embeddings

from utils.data.resizing import as_size
from utils.data.transforms import IMAGENET
from utils.errors import CourseError
from utils.models.custom import CUSTOM, too_small
from utils.models.quicker import quicken
from utils.versions import optional_module

TIMM = "timm:"
# GoogLeNet and Inception: without the classifiers half-way, which only their first training needed. Their weights
# were trained on pictures from -1 to 1; `transform_input` takes them there from ImageNet's normalisation.
OPTIONS = dict.fromkeys(
    ("googlenet", "inception_v3"), {"aux_logits": False, "transform_input": True, "init_weights": False}
)
# Made for one size, which must be a multiple of this many pixels: of a patch, or of 7 windows at every stage.
STEPS = {"vit_b_16": 16, "vit_b_32": 32, "vit_l_16": 16, "vit_l_32": 32, "vit_h_14": 14, "maxvit_t": 224}
LARGEST = 4096  # pixels a side of a network made for one size: its tensors grow with it
SURE = 128  # pixels: where every convolutional network of torchvision works (the choosiest needs 75)


class Backbone(NamedTuple):
    """A network without its classifier, and what the classifier was like."""

    network: nn.Module  # (N, 3, H, W) -> (N, F)
    features: int  # F
    dropout: float  # the share of features dropped in training, before the classifier


@cache
def architectures() -> tuple[str, ...]:
    """The names of ours and of torchvision's for classification, sorted: what `build` knows beside timm's."""
    return tuple(sorted([*CUSTOM, *list_models(module=torchvision.models)]))


def check_architecture(name: str) -> None:
    """A CourseError with the nearest names where there is no such architecture, or timm would be needed."""
    if isinstance(name, str) and name.startswith(TIMM):
        _check_timm(name.removeprefix(TIMM))
    elif name not in architectures():
        raise CourseError(f"Expected the name of an architecture, but got {name!r}. {nearest(name, architectures())} "
                          "All of them: utils.models.architectures.architectures(), and those of timm as "
                          "'timm:resnet18'.")  # fmt: skip


def backbone(name: str, size) -> Backbone:
    """The network of this name with random weights and without its classifier.

    Args:
        name: one of `architectures()`, or "timm:" and a name of timm's.
        size: pixels that it will see, an int or (height, width).

    Raises:
        CourseError: an unknown name, or a size that the network cannot take; the message says which it can.
    """
    check_architecture(name)
    found = _found(name, size)
    quicken(found.network)
    return found


def _found(name, size):
    if name.startswith(TIMM):
        network = timm_backbone(name)
        check_size(network, name, size)
        return Backbone(network, _width(network, size), dropout=0.0)
    if name in CUSTOM:
        return without_head(CUSTOM[name](size=as_size(size)))  # which checks the size
    found = without_head(get_model(name, weights=None, **OPTIONS.get(name, {}), **_made_for(name, size)))
    check_size(found.network, name, size)
    return found


def without_head(network: nn.Module) -> Backbone:
    """Takes the last layer off a classifier, in place, whatever its name; its dropout goes with it.

    The dropout just before it belongs to the head: a frozen backbone gives the same features every time.
    """
    modules = list(network.named_modules())
    # SqueezeNet alone ends in a convolution (then ReLU, which changes nothing here, and the mean over positions).
    place = max(_places(modules, nn.Linear) or _places(modules, nn.Conv2d))
    head, (before, module) = modules[place], modules[place - 1]
    network.set_submodule(head[0], nn.Identity())
    dropout = 0.0
    if isinstance(module, nn.Dropout):
        dropout = module.p
        network.set_submodule(before, nn.Identity())
    return Backbone(network, getattr(head[1], "in_features", None) or head[1].in_channels, dropout)


def fit_positions(tensors: dict, network: nn.Module) -> dict:
    """A vision transformer's embedded positions, interpolated where its weights were trained at another size."""
    positions = tensors.get("encoder.pos_embedding")
    if not isinstance(network, VisionTransformer) or positions is None:
        return tensors
    try:
        return dict(interpolate_embeddings(network.image_size, network.patch_size, tensors))
    except ValueError:  # they are of no square picture; the report will say that their shape differs
        return tensors


def own_facts(name: str) -> dict:
    """What the published weights of an architecture were trained on: size, mean, std, interpolation. No download.

    For a network of ours, which has none: the size that it was made for, and ImageNet's normalisation.
    """
    if name.startswith(TIMM):
        facts = timm_backbone(name).pretrained_cfg
        size, interpolation = tuple(facts["input_size"][-2:]), facts["interpolation"]
    elif name in CUSTOM:
        facts = {"mean": IMAGENET.mean, "std": IMAGENET.std}
        size, interpolation = CUSTOM[name].OWN, "bilinear"
    else:
        preset = get_model_weights(name).DEFAULT.transforms()
        facts = {"mean": preset.mean, "std": preset.std}
        size, interpolation = preset.crop_size[0], preset.interpolation.value
    known = interpolation if interpolation in ("bilinear", "bicubic") else "bilinear"
    return {"size": size, "mean": tuple(facts["mean"]), "std": tuple(facts["std"]), "interpolation": known}


def nearest(name, known) -> str:
    """'Did you mean ...?' with the names most like the wrong one, or nothing where none is like it."""
    wanted = str(name).lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(wanted, [str(one) for one in known], n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""


# --- sizes -----------------------------------------------------------------------------------------


def check_size(network: nn.Module, name: str, size) -> None:
    """A CourseError with the smallest size that works, where a fresh backbone cannot take this one."""
    size = as_size(size)
    if name in STEPS or _works(network, size if name.startswith(TIMM) else tuple(min(side, SURE) for side in size)):
        return
    smallest = _smallest(network)
    if smallest is None:
        own = own_facts(name)["size"]
        raise CourseError(f"{name!r} takes pictures of one size alone, but got size {_shown(size)}: size={own}")
    raise CourseError(f"{too_small(repr(name), smallest, _shown(size))}, or an architecture that shrinks less.")


def _made_for(name, size):
    """The options that fix a network's size, for those that have one."""
    if name not in STEPS:
        return {}
    (height, width), step = as_size(size), STEPS[name]
    is_good = height == width and height % step == 0 and height <= LARGEST
    if not is_good:
        near = step * max(1, min(round(max(height, width) / step), LARGEST // step))
        raise CourseError(f"Expected a size for {name!r} with height = width, a multiple of {step} pixels, from {step} "
                          f"to {LARGEST // step * step}, but got {_shown((height, width))}. "
                          f"The nearest: size={near}")  # fmt: skip
    return {"input_size": (height, width)} if name == "maxvit_t" else {"image_size": height}


def _smallest(network):
    """By halving the range: what works at one size works at any larger one. None where not even SURE works."""
    fails, works = 0, SURE
    if not _works(network, (works, works)):
        return None
    while works - fails > 1:
        middle = (works + fails) // 2
        fails, works = (fails, middle) if _works(network, (middle, middle)) else (middle, works)
    return works


def _works(network, size):
    try:
        _width(network, size)
    except (RuntimeError, ValueError, AssertionError):
        return False
    return True


@torch.inference_mode()
def _width(network, size):
    """F, by looking at what comes out; the network is fresh, so that leaving it in train mode is right."""
    network.eval()
    try:
        features = network(torch.zeros(1, 3, *as_size(size)))
    finally:
        network.train()
    if features.ndim != 2:
        raise ValueError(f"Expected features of shape (N, F), but got {tuple(features.shape)}.")
    return features.shape[1]


def _places(modules, kind):
    return [place for place, (_, module) in enumerate(modules) if isinstance(module, kind)]


def _shown(size):
    return "{} x {} (height x width)".format(*size) if size[0] != size[1] else str(size[0])


# --- timm ------------------------------------------------------------------------------------------


def _timm():
    return optional_module(
        "timm", "Architectures of 'timm:...' come", "one of torchvision's, for instance 'efficientnet_b0'"
    )


def timm_backbone(name: str, pretrained: bool = False) -> nn.Module:
    """timm's network without its classifier; `pretrained` downloads its weights."""
    return _timm().create_model(name.removeprefix(TIMM), pretrained=pretrained, num_classes=0)


def _check_timm(name):
    timm = _timm()
    if not timm.is_model(name):
        raise CourseError(f"Expected the name of one of timm's architectures after 'timm:', but got {name!r}. "
                          f"{nearest(name, timm.list_models())} All of them: timm.list_models()")  # fmt: skip
