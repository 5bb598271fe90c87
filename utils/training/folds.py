"""Predictions for every picture of a small set, each from a head that has not seen it: folds over frozen features.

The backbone is run once and stays as it is. The head looks at every place of a feature map, and the strongest places
decide: what is looked for may be small, and a mean over places would drown it. The commonest class is what a picture is
of where nothing else is seen: its logit is 0. N pictures, F features, K classes, h x w places.
Source of the pooling: Pinheiro and Collobert, From image-level to pixel-level labeling (arXiv 1411.6228), section 3.2,
equation 6. Introduced in lesson 06.
"""

import math

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from utils.data.loaders import make_loader
from utils.data.splits import add_folds
from utils.errors import CourseError, named
from utils.evaluation.predictions import evaluating, predictions_table
from utils.models.build import seeded

STRIDE = 16  # pixels between two places of the map: small enough to find a logo, deep enough to know it
SHARPNESS = 2.0  # of the pooling: 0 is the mean over places, infinity the largest
LR, WEIGHT_DECAY, BATCH = 1e-2, 0.05, 16


def predict_by_folds(model, table: pd.DataFrame, folds: int = 5, epochs: int = 40, seed: int = 0) -> pd.DataFrame:
    """A predictions table of all pictures; each fold's from a head that learned from the others.

    Args:
        model: of `build`, with `classes`; only its backbone and its preprocessing are used.
        table: image table with labels, small enough that N feature maps fit into memory.
        folds: how often a head is trained.
        epochs: of each head.
        seed: of the folds and of the heads.

    Raises:
        CourseError: as for `add_folds`; a label is none of the model's classes.
    """
    classes = list(model.classes)
    unknown = sorted(set(table["label"]) - set(classes))
    if unknown:
        raise CourseError(f"Expected labels of the model's classes, {named(classes)}, but there are {named(unknown)}. Make "
                          "the model with classes=class_names(table).")  # fmt: skip
    fold = torch.tensor(add_folds(table, folds, seed)["fold"].to_numpy())
    by_number = sorted(classes, key=lambda name: -(table["label"] == name).sum())  # the commonest is number 0
    targets = torch.tensor(pd.Categorical(table["label"], categories=by_number).codes.astype(np.int64))
    maps = standardised(feature_maps(model, table))
    probabilities = torch.empty(len(table), len(classes))
    for number in range(folds):
        others = fold != number
        head = train_head(maps[others], targets[others], len(classes), epochs, seed + number)
        with torch.inference_mode():
            probabilities[~others] = logits_of(head, maps[~others]).softmax(dim=1)
    in_order = [by_number.index(name) for name in classes]
    return predictions_table(table, probabilities.numpy()[:, in_order], classes)


@torch.inference_mode()
def feature_maps(model, table: pd.DataFrame) -> torch.Tensor:
    """The deepest maps with a place every 16 pixels or closer, (N, F, h, w)."""
    least = math.ceil(model.preprocessing.size[0] / STRIDE)
    device = next(model.parameters()).device
    parts, seen = [], []
    # Blocks and stages only: what lies within a block is half a thought, and may be changed in place afterwards.
    blocks = [part for name, part in model.backbone.named_modules() if name and name.count(".") <= 1]
    hooks = [part.register_forward_hook(lambda part, given, out: seen.append(out)) for part in blocks]
    try:
        with evaluating(model):
            for images, _ in make_loader(table, model.preprocessing, batch_size=BATCH, progress=False):
                seen.clear()
                model.features(images.to(device))
                fine = [out for out in seen if torch.is_tensor(out) and out.ndim == 4 and out.shape[2] >= least]
                parts.append(fine[-1].float().cpu())
    finally:
        for hook in hooks:
            hook.remove()
    return torch.cat(parts).contiguous()


def standardised(maps: torch.Tensor) -> torch.Tensor:
    """Each feature with mean 0 and spread 1; labels have no part in it, so all pictures may."""
    mean, spread = maps.mean(dim=(0, 2, 3), keepdim=True), maps.std(dim=(0, 2, 3), keepdim=True)
    return (maps - mean) / (spread + 1e-5)


def train_head(maps, targets, num_classes: int, epochs: int, seed: int) -> nn.Module:
    """A linear layer at each place, trained on what all places together say."""
    with seeded(seed):
        head = nn.Conv2d(maps.shape[1], num_classes - 1, kernel_size=1)
        optimizer = torch.optim.AdamW(head.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
        for _ in range(epochs):
            for batch in torch.randperm(len(maps)).split(BATCH):
                loss = F.cross_entropy(logits_of(head, maps[batch]), targets[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return head.eval()


def logits_of(head: nn.Module, maps: torch.Tensor) -> torch.Tensor:
    """Maps (N, F, h, w) to logits (N, K), those of the first class 0."""
    return F.pad(pooled(head(maps)), (1, 0))


def pooled(logits: torch.Tensor) -> torch.Tensor:
    """What the strongest places say: a soft maximum over places, (N, K, h, w) -> (N, K)."""
    logits = logits.flatten(2)
    return (torch.logsumexp(SHARPNESS * logits, dim=2) - math.log(logits.shape[2])) / SHARPNESS
