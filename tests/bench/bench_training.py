"""Training and prediction beside the bare model, and beside the plain way of most tutorials.

Bare is what the processor can do: batches that lie in memory, the best memory format, forward, backward, a fused step.
Plain is ImageFolder, PIL transforms each epoch, a DataLoader, the default memory format. Ours and bare run in a process
that keeps big blocks of memory, as `lesson.start` makes it; plain in one without, as it would. All take turns.
"""

import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.models import get_model
from torchvision.transforms import v2

from tests.bench.bench_loaders import CLASSES, PICTURES, make_pictures
from tests.bench.line import Line, seconds
from utils.data.folders import list_folder
from utils.data.loaders import make_loader, make_loaders
from utils.data.transforms import IMAGENET, LIGHT
from utils.evaluation.predictions import folded, predict, predict_table
from utils.lesson import keep_big_blocks
from utils.models.build import build
from utils.training.loop import fit
from utils.training.recipe import Recipe

# name, pixels, target against the plain way
MODELS = [
    ("efficientnet_b0", 178, "at least 2.2"),
    ("mobilenet_v3_large", 178, ""),
    ("shufflenet_v2_x0_5", 256, "at least 3"),
]
# Those of lesson 04's verdict: name, pixels
VERDICT = [("efficientnet_b0", 178), ("mobilenet_v3_small", 178), ("crops_cnn", 178), ("animals_cnn", 256),
           ("small_cnn", 178)]  # fmt: skip
# Name, and for each size in pixels the target
SMALL = {"efficientnet_b0": {32: "at most 0.6", 64: "at most 0.8"}, "mobilenet_v3_small": {32: "at most 0.6", 64: "at most 0.8"},
         "shufflenet_v2_x0_5": {32: "at most 0.8", 64: "at most 0.95"}}  # fmt: skip
TRAINED, VALID, BATCH = 160, 40, 32
ROUNDS = 3
WARM, STEPS = 3, 12  # training steps, of which the first do not count


def bench_training():
    """`fit` from its second epoch on, and prediction over a folder, in pictures a second."""
    with tempfile.TemporaryDirectory() as folder, _process(keep_big_blocks) as ours, _process() as plain:
        root = Path(folder) / "pictures"
        make_pictures(root)
        for name, size, target in MODELS:
            case = (root, name, size)
            fitted, bare, tutorial = _best(
                partial(_ask, ours, fit_epoch, *case),
                partial(_ask, ours, bare_epoch, *case),
                partial(_ask, plain, plain_epoch, *case, 0),
            )
            tutorial = max(tutorial, _ask(plain, plain_epoch, *case, 2))
            yield Line(f"{name} at {size} px: fit (plain: bare model)", fitted, bare, "/s", "at least 0.93")
            yield Line("  fit (plain: as most tutorials, 0 or 2 workers)", fitted, tutorial, "/s", target)
            predicted, tutorial = _best(
                partial(_ask, ours, predict_folder, *case),
                partial(_ask, plain, plain_prediction, *case, 0),
            )
            tutorial = max(tutorial, _ask(plain, plain_prediction, *case, 2))
            yield Line("  predict a folder", predicted, tutorial, "/s", "at least 2")


def bench_custom():
    """The networks of lesson 04 beside the bare model: `fit` from its second epoch on, and `predict` from the cache."""
    with tempfile.TemporaryDirectory() as folder, _process(keep_big_blocks) as ours:
        root = Path(folder) / "pictures"
        make_pictures(root)
        for name, size in VERDICT:
            ways = (fit_epoch, bare_epoch, predict_cached, bare_prediction)
            fitted, bare, predicted, answered = _best(*[partial(_ask, ours, way, root, name, size) for way in ways])
            yield Line(f"{name} at {size} px: fit (plain: bare model)", fitted, bare, "/s", "at least 0.93")
            yield Line("  predict (plain: bare model)", predicted, answered, "/s", "at least 0.93")


def bench_fit_overhead():
    """What an epoch costs beside its training steps: judging, checkpoints, the table of numbers."""
    with tempfile.TemporaryDirectory() as folder, _process(keep_big_blocks) as ours:
        root = Path(folder) / "pictures"
        make_pictures(root)
        rest, judging = _ask(ours, epoch_rest, root, "efficientnet_b0", 178)
        yield Line("efficientnet_b0: an epoch's rest (plain: judging alone)", 1000 * rest, 1000 * judging, "ms", "")


def bench_small_pictures():
    """A training step on small pictures, whose last maps are smaller than the kernels: `build`'s layers beside torchvision's.

    Medians of steps that take turns, of one batch that lies in memory.
    """
    for name, size in [(name, size) for name in SMALL for size in (32, 64)]:
        ours, plain = step_milliseconds(name, size)
        yield Line(f"{name} at {size} px: a step (plain: torchvision)", ours, plain, "ms", SMALL[name][size])


def step_milliseconds(name, size):
    ours, theirs = build(name, CLASSES, None, size=size, seed=0), get_model(name, weights=None, num_classes=CLASSES)
    images, targets = torch.randn(BATCH, 3, size, size), torch.randint(CLASSES, (BATCH,))
    images = images.to(memory_format=torch.channels_last)
    ways = []
    for model in (ours, theirs):
        model.to(memory_format=torch.channels_last).train()
        ways.append(partial(step, model, torch.optim.AdamW(model.parameters(), fused=True), images, targets))
    times = [[seconds(way) for way in ways] for _ in range(WARM + STEPS)][WARM:]
    return [1000 * statistics.median(column) for column in zip(*times)]


# --- what the processes do ---------------------------------------------------------------------------


def fit_epoch(root, name, size):
    """Pictures a second of the second epoch of `fit`, with a folder for its results."""
    model = _model(name, size)
    recipe = Recipe(epochs=2, batch_size=BATCH, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        history = fit(model, _loaders(root, model), recipe, folder, progress=False).history
    return history["images_per_second"].iloc[-1]


def bare_epoch(root, name, size):
    """Pictures a second of the model alone, after a step that does not count."""
    model = _model(name, size).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    batches = list(_loaders(root, model).train)
    step(model, optimizer, *batches[0])
    start = time.perf_counter()
    for images, targets in batches:
        step(model, optimizer, images, targets)
    return TRAINED / (time.perf_counter() - start)


def plain_epoch(root, name, size, workers):
    """Pictures a second as in most tutorials, after a step that does not count."""
    torch.manual_seed(0)
    model = get_model(name, weights=None, num_classes=CLASSES)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    transform = v2.Compose([v2.Resize((size, size)), v2.RandomHorizontalFlip(), *_to_tensor()])
    loader = DataLoader(_image_folder(root, transform, TRAINED), BATCH, shuffle=True, num_workers=workers)
    step(model, optimizer, *next(iter(loader)))
    start = time.perf_counter()
    loss_sum = 0.0
    for images, targets in loader:
        loss_sum += step(model, optimizer, images, targets).item()
    return TRAINED / (time.perf_counter() - start)


def step(model, optimizer, images, targets):
    loss = nn.functional.cross_entropy(model(images), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def predict_folder(root, name, size):
    model = _model(name, size)
    table = _table(root)
    predict_table(model, table[:BATCH], progress=False)
    start = time.perf_counter()
    predict_table(model, table, progress=False)
    return len(table) / (time.perf_counter() - start)


def predict_cached(root, name, size):
    """Pictures a second of `predict`, where the pictures are decoded and in memory already."""
    model, loader = _model(name, size), _loader(root, name, size)
    predict(model, loader, progress=False)
    start = time.perf_counter()
    predict(model, loader, progress=False)
    return len(loader.table) / (time.perf_counter() - start)


@torch.inference_mode()
def bare_prediction(root, name, size):
    """Pictures a second of the model alone, ready to predict, after a batch that does not count."""
    model = folded(_model(name, size)).to(memory_format=torch.channels_last)
    loader = _loader(root, name, size)
    batches = [images for images, _ in loader]
    model(batches[0])
    start = time.perf_counter()
    for images in batches:
        model(images)
    return len(loader.table) / (time.perf_counter() - start)


def plain_prediction(root, name, size, workers):
    model = get_model(name, weights=None, num_classes=CLASSES).eval()
    pictures = _image_folder(root, v2.Compose([v2.Resize((size, size)), *_to_tensor()]), TRAINED + VALID)
    loader = DataLoader(pictures, BATCH, num_workers=workers)
    probabilities = []
    with torch.no_grad():
        model(next(iter(loader))[0])
        start = time.perf_counter()
        for images, _ in loader:
            probabilities.append(model(images).softmax(dim=1))
    return len(pictures) / (time.perf_counter() - start)


def epoch_rest(root, name, size):
    """Seconds of an epoch beside its training steps, and what of these is judging."""
    model = _model(name, size)
    loaders = _loaders(root, model)
    begun, ended = [], []
    with tempfile.TemporaryDirectory() as folder:
        options = {"after_step": [lambda training: ended.append(time.perf_counter())]}
        options["after_epoch"] = [lambda training: begun.append(time.perf_counter())]
        recipe = Recipe(epochs=3, batch_size=BATCH, device="cpu")
        fit(model, loaders, recipe, folder, progress=False, **options)
        steps = len(loaders.train)
        rest = min(done - ended[steps * number + steps - 1] for number, done in enumerate(begun))
    start = time.perf_counter()
    with torch.inference_mode():
        for images, _ in loaders.valid:
            model(images)
    return rest, time.perf_counter() - start


# --- for both ----------------------------------------------------------------------------------------


def _process(initializer=None):
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=initializer)


def _ask(process, function, *arguments):
    return process.submit(function, *arguments).result()


def _best(*ways):
    """The best of each way over some rounds, in which they take turns: other work on the machine hits all of them."""
    return [max(found) for found in zip(*[[way() for way in ways] for _ in range(ROUNDS)])]


def _model(name, size):
    return build(name, CLASSES, None, classes=[f"class-{number}" for number in range(CLASSES)], size=size, seed=0)


def _table(root):
    table = pd.DataFrame(_some(list_folder(root)[0]))
    table.attrs["root"] = str(root)
    return table


def _loaders(root, model):
    """The first pictures of the table for training, in memory, mirrored at random; the others for valid."""
    table = _table(root)
    table["split"] = ["train"] * TRAINED + ["valid"] * VALID
    return make_loaders(table, model.preprocessing, LIGHT, batch_size=BATCH, cache="memory", progress=False)


def _loader(root, name, size):
    """All pictures of the table, in memory, as they are."""
    preprocessing = _model(name, size).preprocessing
    return make_loader(_table(root), preprocessing, batch_size=BATCH, cache="memory", progress=False)


def _image_folder(root, transform, count):
    pictures = ImageFolder(root, transform)
    pictures.samples = _some(pictures.samples)[:count]
    return pictures


def _some(listed):
    """As many as are wanted, of all classes."""
    wanted = TRAINED + VALID
    return listed[:: PICTURES // wanted][:wanted]


def _to_tensor():
    return [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET.mean, IMAGENET.std)]
