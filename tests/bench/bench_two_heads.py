"""Two heads beside what they replace: three outputs, two models, the bare model, and evaluation one picture at a time.

Networks are ShuffleNetV2 x0.5. Latency is that of the network as it was trained, for one picture and with one thread.
The plain evaluation is what published code does for a CSV of `path,label`: each row opened, transformed and answered by
itself. Ours runs in a process that keeps big blocks of memory, as `lesson.start` makes it; plain in one without.
"""

import csv
import tempfile
import time
from functools import partial

import torch
from PIL import Image
from torch import nn
from torchvision.transforms import v2

from tests.bench.bench_training import _ask, _best, _process
from tests.bench.line import Line
from utils.data.loaders import make_loaders
from utils.data.samples import sample
from utils.data.tables import scan
from utils.data.targets import add_targets
from utils.data.transforms import IMAGENET, LIGHT
from utils.evaluation.cost import count_macs
from utils.evaluation.heads import of_head
from utils.evaluation.inputs import confusion
from utils.evaluation.latency import latency
from utils.evaluation.metrics import precision, recall
from utils.evaluation.predictions import predict_table
from utils.lesson import keep_big_blocks
from utils.models.build import build
from utils.models.two_heads import build_heads
from utils.training.heads import heads_objective
from utils.training.loop import fit
from utils.training.recipe import Recipe

NAME, BATCH = "shufflenet_v2_x0_5", 32
SIZES = (128, 160, 256)
MAPPING = {
    "document": {"documents": "document", "screens": "document", "not_documents": "other"},
    "screen": {"documents": "paper", "screens": "screen", "not_documents": "ignore"},
}
CLASSES = {"document": ["document", "other"], "screen": ["paper", "screen"]}
WEIGHTS = {"document": 2, "screen": 1}
RUNS, ROUNDS = 10, 10


def bench_heads_latency():
    """One pass of two heads beside one of three outputs, and beside one of each of two models."""
    for size in SIZES:
        heads, three = build_heads(NAME, CLASSES, size=size), build(NAME, 3, size=size)
        two = Both(*(build(NAME, 2, size=size) for _ in CLASSES))
        ours, outputs, models = taking_turns(heads, three, two, size=size)
        yield Line(f"{NAME} at {size} px: two heads (plain: three outputs)", ours, outputs, "ms", "at most 1.2")
        yield Line("  two heads (plain: two models)", ours, models, "ms", "below 1")
        macs, of_two = (count_macs(model, size) / 1e6 for model in (heads, two))
        yield Line("  multiply-adds, in millions (plain: two models)", macs, of_two, "M", "at most 0.625")


def bench_heads_training():
    """`fit` on two heads, from its second epoch on, beside the bare model."""
    with _process(keep_big_blocks) as ours:
        for size in SIZES:
            fitted, bare = _best(partial(_ask, ours, fit_heads, size), partial(_ask, ours, bare_heads, size))
            yield Line(f"two heads at {size} px: fit (plain: bare model)", fitted, bare, "/s", "at least 0.93")


def bench_heads_evaluation():
    """From the test CSV to precision and recall a head, beside the plain way; and `scan` of the CSV with it."""
    with _process(keep_big_blocks) as ours, _process() as plain:
        for size in SIZES:
            ways = (evaluate_table, scan_and_evaluate)
            table, whole, one_by_one = _best(
                *(partial(_ask, ours, way, size) for way in ways), partial(_ask, plain, evaluate_plainly, size)
            )
            yield Line(f"two heads at {size} px: test CSV (plain: one by one)", table, one_by_one, "/s", "at least 2")
            yield Line("  and every picture examined before (plain: the same)", whole, one_by_one, "/s", "")


class Both(nn.Module):
    """Two models, one after the other."""

    def __init__(self, *models):
        super().__init__()
        self.models = nn.ModuleList(models)

    def forward(self, images):
        return [model(images) for model in self.models]


def taking_turns(*models, size):
    """The latency of each in ms, the best of some rounds: other work on the machine hits all of them."""
    rounds = [[latency(model, size, threads=1, runs=RUNS).seconds for model in models] for _ in range(ROUNDS)]
    return [1000 * min(found) for found in zip(*rounds)]


# --- what the processes do ---------------------------------------------------------------------------


def fit_heads(size):
    """Pictures a second of the second epoch of `fit`, with a folder for its results."""
    model = heads_at(size)
    loaders, recipe = loaders_for(model), Recipe(epochs=2, batch_size=BATCH, device="cpu")
    objective = heads_objective(recipe, loaders, "document", WEIGHTS)
    with tempfile.TemporaryDirectory() as folder:
        history = fit(model, loaders, recipe, folder, objective=objective, progress=False).history
    return history["images_per_second"].iloc[-1]


def bare_heads(size):
    """Pictures a second of the model alone, both losses added, after a step that does not count."""
    model = heads_at(size).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    batches = list(loaders_for(model).train)
    step(model, optimizer, *batches[0])
    start = time.perf_counter()
    for images, targets in batches:
        step(model, optimizer, images, targets)
    return sum(len(images) for images, _ in batches) / (time.perf_counter() - start)


def step(model, optimizer, images, targets):
    outputs = model(images)
    loss = sum(WEIGHTS[head] * nn.functional.cross_entropy(outputs[head], targets[head]) for head in CLASSES)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def evaluate_table(size):
    """Pictures a second from the test pictures' table to precision and recall a head, once before to warm up."""
    model, table = heads_at(size).eval(), documents()
    table = table[table["split"] == "test"]
    return speed(lambda: scores(predict_table(model, table, progress=False)), len(table))


def scan_and_evaluate(size):
    """The same from the CSV itself: each picture is looked at by `scan` first, and decoded for that."""
    model, root = heads_at(size).eval(), sample("documents")

    def evaluate():
        table = scan(root, csv={"test": root / "test.csv"}, progress=False).table
        return scores(predict_table(model, add_targets(table, MAPPING)[0], progress=False))

    return speed(evaluate, sum(1 for _ in (root / "test.csv").open()) - 1)


def evaluate_plainly(size):
    """Pictures a second, each opened, transformed and answered by itself."""
    model, root = heads_at(size).eval(), sample("documents")
    resize, normalise = v2.Resize((size, size)), v2.Normalize(IMAGENET.mean, IMAGENET.std)
    transform = v2.Compose([resize, v2.ToImage(), v2.ToDtype(torch.float32, scale=True), normalise])
    with (root / "test.csv").open() as file:
        rows = list(csv.DictReader(file))

    def evaluate():
        found = []
        with torch.no_grad():
            for row in rows:
                image = Image.open(root / row["path"]).convert("RGB")
                outputs = model(transform(image).unsqueeze(0))
                found.append({head: outputs[head].softmax(1).argmax(1).item() for head in CLASSES})
        return found

    return speed(evaluate, len(rows))


# --- for all -----------------------------------------------------------------------------------------


def speed(evaluate, count):
    """Pictures a second of the second time; of a short run the first one pays for what is found only once."""
    evaluate()
    start = time.perf_counter()
    evaluate()
    return count / (time.perf_counter() - start)


def scores(predictions):
    found = {}
    for head in CLASSES:
        counts, _ = confusion(of_head(predictions, head))
        found[head] = precision(counts), recall(counts)
    return found


def heads_at(size):
    return build_heads(NAME, CLASSES, size=size, seed=0)


def documents():
    root = sample("documents")
    return add_targets(scan(root, csv=root, progress=False).table, MAPPING)[0]


def loaders_for(model):
    options = {"columns": list(CLASSES), "classes": CLASSES, "batch_size": BATCH, "cache": "memory", "progress": False}
    return make_loaders(documents(), model.preprocessing, LIGHT, **options)
