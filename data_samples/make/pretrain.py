"""Pre-trains a backbone of the course on fresh synthetic scenes, within a time budget; started again, it goes on.

The classes are the emoji that no sample set uses, about a thousand; scenes are made as training goes, and each is
dropped after a few looks at it, so there is nothing to memorise. What is saved is the backbone alone: the classifier of a
thousand emoji serves nobody.

Recipe: AdamW, warm-up and linear decay, a random 64 px crop of 72 px, flip. No label smoothing: it draws the pictures of a
class together, which serves these classes and costs others (Kornblith et al., arXiv 2010.16402). BatchNorm's momentum is
0.1 in every network: with the 0.01 that torchvision gives MobileNetV3, running averages of short runs never arrive.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import emoji
import numpy as np
import torch
from photo import generator
from safetensors.torch import save_file
from scenes import scene
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from torchvision.models import get_model
from torchvision.ops import SqueezeExcitation, StochasticDepth
from tqdm.auto import tqdm
from writing import update_checksums

from utils.data.samples import SAMPLES_ROOT, WEIGHTS
from utils.data.transforms import IMAGENET
from utils.files import replacing
from utils.lesson import RUNS, keep_big_blocks
from utils.models.quicker import quicken

HEADS = {"efficientnet_b0": "classifier", "mobilenet_v3_small": "classifier.3", "shufflenet_v2_x0_5": "fc"}
SCENE, SIZE = 72, 64  # pixels: of a scene, and of the crop that the network sees
FILL = (0.5, 1.1)  # of a scene by the thing in it: a wider range than in any set, for features that serve more sizes
MEAN, STD = IMAGENET.mean, IMAGENET.std  # so that one preset serves all weights
POOL = 8192  # scenes at hand
SAVE_EVERY = 60.0  # seconds
VALID_A_CLASS = 4
LICENCE = "CC BY 4.0, this course; trained on glyphs of Noto Color Emoji (SIL Open Font License 1.1)"


@dataclass(frozen=True)
class Recipe:
    """How to pre-train; part of the weights' metadata."""

    minutes: float = 20.0  # of training, on any number of starts
    batch: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.05
    smoothing: float = 0.0  # of labels: features trained with it separate these classes better, and others worse
    warm_up: float = 0.05  # share of the time
    looks: int = 4  # how often a scene is seen on average, each time with another crop
    seed: int = 0


class FreshScenes(IterableDataset):
    """Endless batches of scenes that were never made before: uint8 (B, 72, 72, 3), targets (B,)."""

    def __init__(self, classes: list[str], batch: int, seed: int, start: int = 0):
        self.classes, self.batch, self.seed, self.start = classes, batch, seed, start

    def __iter__(self):
        worker = get_worker_info()
        number, step = (self.start + worker.id, worker.num_workers) if worker else (self.start, 1)
        while True:
            yield scenes(self.classes, f"{self.seed}/pretrain/{number}", self.batch)
            number += step


def scenes(classes, text, count, targets=None):
    """`count` scenes of random classes (or of the given targets), all from one text seed."""
    rng = generator(text)
    targets = rng.integers(len(classes), size=count) if targets is None else targets
    images = [np.asarray(scene(classes[target], rng, (SCENE, SCENE), fill=FILL)) for target in targets]
    return torch.from_numpy(np.stack(images)), torch.from_numpy(np.asarray(targets, dtype=np.int64))


class Pool:
    """The newest scenes, from which batches are drawn at random: looks at one scene lie far apart."""

    def __init__(self, size: int):
        self.images = torch.empty(size, SCENE, SCENE, 3, dtype=torch.uint8)
        self.targets = torch.empty(size, dtype=torch.int64)
        self.count = 0  # of scenes that were ever added

    def add(self, images: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in new scenes in the place of the oldest."""
        places = torch.arange(self.count, self.count + len(images)) % len(self.targets)
        self.images[places], self.targets[places] = images, targets
        self.count += len(images)

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Some scenes at random: (count, 72, 72, 3), (count,)."""
        places = torch.randint(min(self.count, len(self.targets)), (count,))
        return self.images[places], self.targets[places]


def network(name: str, num_classes: int) -> nn.Module:
    """torchvision's network, random weights, BatchNorm momentum 0.1, nothing dropped: no scene is seen often."""
    model = get_model(name, weights=None, num_classes=num_classes)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1
        elif isinstance(module, (nn.Dropout, StochasticDepth)):
            module.p = 0.0
    quicken(model)
    return model.to(memory_format=torch.channels_last)


def groups(model: nn.Module) -> list[dict]:
    """Parameter groups, each with the share of the rate that it takes: a tenth for gates that can close for good.

    MobileNetV3's squeeze-and-excite gates are hard sigmoids: below -3 one is 0 and has no gradient. At the full rate 97 %
    of those in the last block were closed after 20 minutes, and the loss stood still at 5.
    """
    gates = [module for module in model.modules() if isinstance(module, SqueezeExcitation)]
    hard = [gate for gate in gates if isinstance(gate.scale_activation, nn.Hardsigmoid)]
    slow = {id(parameter) for gate in hard for parameter in gate.parameters()}
    parts = {1.0: [], 0.1: []}
    for parameter in model.parameters():
        parts[0.1 if id(parameter) in slow else 1.0].append(parameter)
    return [{"params": part, "share": share} for share, part in parts.items() if part]


def prepared(images: torch.Tensor, device: str) -> torch.Tensor:
    """uint8 (N, H, W, 3) to normalised float (N, 3, H, W), channels last as it lies."""
    mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (images.to(device).permute(0, 3, 1, 2).float() / 255 - mean) / std


def cropped(images: torch.Tensor) -> torch.Tensor:
    """A random 64 px crop of each picture, every other one mirrored: (N, 72, 72, 3) to (N, 64, 64, 3)."""
    count = len(images)
    rows, columns = torch.randint(SCENE - SIZE + 1, (2, count, 1))
    across = torch.arange(SIZE).expand(count, SIZE)
    across = torch.where(torch.rand(count, 1) < 0.5, across, across.flip(1))
    picture = torch.arange(count).view(-1, 1, 1)
    return images[picture, (rows + torch.arange(SIZE)).unsqueeze(2), (columns + across).unsqueeze(1)]


def share_of_lr(done: float, warm_up: float) -> float:
    """Warm-up, then linear decay to 0; `done` is the share of the time that is over."""
    return min(done / warm_up, 1.0) * max(0.0, 1 - max(0.0, done - warm_up) / (1 - warm_up))


def pretrain(name: str, recipe: Recipe, state_file: Path, workers: int, device: str) -> tuple[nn.Module, dict]:
    """Train until the time is used up; the network and what its metadata say."""
    classes = emoji.others()
    torch.manual_seed(recipe.seed)
    model = network(name, len(classes)).to(device)
    optimizer = torch.optim.AdamW(groups(model), lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True)
    state = restored(state_file, name, recipe, model, optimizer)
    fresh = FreshScenes(classes, recipe.batch, recipe.seed, start=state["batches"])
    loader = iter(DataLoader(fresh, batch_size=None, num_workers=workers, prefetch_factor=8 if workers else None))
    bar = tqdm(total=round(60 * recipe.minutes), initial=round(state["seconds"]), unit=" s", desc=name, mininterval=5)
    saved_at = state["seconds"]
    pool = Pool(POOL)
    while pool.count < POOL // 4:  # a restart begins with an empty pool, too
        pool.add(*next(loader))
    with bar:
        while state["seconds"] < 60 * recipe.minutes:
            began = time.monotonic()
            pool.add(*next(loader))
            loss = steps(model, optimizer, pool, recipe, state["seconds"] / (60 * recipe.minutes), device)
            # A stopped or sleeping machine trains nothing, so it uses up no budget.
            state["seconds"] += min(time.monotonic() - began, 5.0)
            state["batches"] += 1
            state["loss"] = loss if state["loss"] is None else 0.99 * state["loss"] + 0.01 * loss
            bar.set_postfix_str(f"loss {state['loss']:.3f}, {state['batches'] * recipe.batch:,} scenes", refresh=False)
            bar.update(round(state["seconds"]) - bar.n)
            if state["seconds"] - saved_at > SAVE_EVERY:
                saved_at = state["seconds"]
                store(state_file, name, recipe, model, optimizer, state)
    store(state_file, name, recipe, model, optimizer, state)
    facts = {"classes": len(classes), "scenes": state["batches"] * recipe.batch, "loss": round(state["loss"], 3)}
    return model, facts | {"accuracy": round(accuracy(model, classes, recipe.seed, device), 4)}


def steps(model, optimizer, pool, recipe, done, device) -> float:
    """As many steps as a new scene gets looks; the mean loss."""
    for group in optimizer.param_groups:
        group["lr"] = group["share"] * recipe.lr * share_of_lr(done, recipe.warm_up)
    model.train()
    total = 0.0
    for _ in range(recipe.looks):
        images, targets = pool.draw(recipe.batch)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device != "cpu"):
            logits = model(prepared(cropped(images), device))
        loss = F.cross_entropy(logits.float(), targets.to(device), label_smoothing=recipe.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / recipe.looks


@torch.inference_mode()
def accuracy(model, classes, seed, device) -> float:
    """Share of right answers on scenes that training never saw, the middle 64 px of each."""
    model.eval()
    right, edge = 0, (SCENE - SIZE) // 2
    for number in range(VALID_A_CLASS):
        images, targets = scenes(classes, f"{seed}/valid/{number}", len(classes), np.arange(len(classes)))
        middle = images[:, edge : edge + SIZE, edge : edge + SIZE]
        for part, wanted in zip(middle.split(256), targets.split(256)):
            right += (model(prepared(part, device)).argmax(1).cpu() == wanted).sum().item()
    return right / (VALID_A_CLASS * len(classes))


def store(file, name, recipe, model, optimizer, state):
    """What a restart needs, written whole or not at all."""
    whole = {"name": name, "recipe": asdict(recipe), "model": model.state_dict(), "state": state}
    with replacing(file) as temporary:
        torch.save(whole | {"optimizer": optimizer.state_dict()}, temporary)


def restored(file, name, recipe, model, optimizer) -> dict:
    """The state of an earlier start of the same run, or a new one; another run's is refused."""
    if not file.exists():
        return {"seconds": 0.0, "batches": 0, "loss": None}
    whole = torch.load(file, weights_only=True)
    if (whole["name"], whole["recipe"] | {"minutes": 0}) != (name, asdict(recipe) | {"minutes": 0}):
        sys.exit(
            f"{file} is of another run ({whole['name']}, {whole['recipe']}). Move it away, or name another --state."
        )
    model.load_state_dict(whole["model"])
    optimizer.load_state_dict(whole["optimizer"])
    return whole["state"]


def save_backbone(model: nn.Module, name: str, file: Path, metadata: dict) -> None:
    """The backbone as safetensors: float16, BatchNorm's running statistics float32, what made it as metadata."""
    tensors = {
        key: value.detach().cpu().contiguous().to(torch.float32 if "running_" in key else torch.float16)
        for key, value in model.state_dict().items()
        if not key.startswith(f"{HEADS[name]}.") and not key.endswith("num_batches_tracked")
    }
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    with replacing(file) as temporary:
        save_file(tensors, temporary, metadata=texts)


def main(arguments=None) -> None:
    options = parser().parse_args(arguments)
    recipe = Recipe(minutes=options.minutes, batch=options.batch, looks=options.looks, seed=options.seed)
    torch.set_num_threads(options.threads)
    keep_big_blocks()
    file = options.into / f"{options.network}.safetensors"
    state = options.state or RUNS / "pretrain" / f"{options.network}.pt"
    model, facts = pretrain(options.network, recipe, state, options.workers, options.device)
    metadata = {"architecture": options.network, "size": SIZE, "mean": MEAN, "std": STD, "seed": recipe.seed}
    save_backbone(model, options.network, file, metadata | facts | {"recipe": asdict(recipe), "licence": LICENCE})
    if file.parent.name == WEIGHTS:
        update_checksums(file.parent.parent, WEIGHTS, sorted(path.name for path in file.parent.glob("*.safetensors")))
    print(f"{file}: {file.stat().st_size:,} bytes; {facts}")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python data_samples/make/pretrain.py", description=__doc__.split("\n")[0])
    result.add_argument("network", choices=sorted(HEADS))
    result.add_argument("--minutes", type=float, default=20.0, help="of training, over all starts (20)")
    result.add_argument("--batch", type=int, default=64, help="scenes a step (64)")
    result.add_argument("--looks", type=int, default=4, help="looks at a scene (4; 1 where many cores make scenes)")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    result.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="of the training")
    result.add_argument("--workers", type=int, default=1, help="processes that make scenes (1)")
    result.add_argument("--state", type=Path, help="file to go on from (runs/pretrain/<network>.pt)", metavar="FILE")
    result.add_argument("--into", type=Path, default=SAMPLES_ROOT / WEIGHTS, help="data_samples/weights", metavar="DIR")
    return result


if __name__ == "__main__":
    main()
