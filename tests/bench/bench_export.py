"""Exported files beside PyTorch: size, latency with one and two threads, and how many decisions stay as they were.

A network is fine-tuned on the sample animals first: one that was never trained decides by so little that int8 would look
worse than it is. Latency is that of one picture at 64 px, from images in memory to probabilities; the plain way is the
model as it was trained, in PyTorch, with as many threads.
"""

import tempfile
from pathlib import Path

from tests.bench.line import Line
from utils.data.loaders import make_loaders
from utils.data.samples import sample
from utils.data.splits import add_splits
from utils.data.tables import scan
from utils.data.transforms import IMAGENET
from utils.errors import CourseError
from utils.evaluation.cost import cost
from utils.evaluation.latency import latency
from utils.export.comparing import runner_latency
from utils.export.exporting import LACKING, export
from utils.export.parity import TOLERANCES
from utils.export.runners import formats_here, open_exported
from utils.models.build import build
from utils.training.loop import fit
from utils.training.recipe import Recipe

NETWORKS = ("shufflenet_v2_x0_5", "efficientnet_b0")
SIZE, THREADS, RUNS, LONGEST = 64, (1, 2), 100, 5.0
TUNED = Recipe(epochs=8, batch_size=16, lr=4e-3, backbone_lr=7e-4)


def bench_export():
    """Every format and precision that there is on this machine."""
    table = add_splits(scan(sample("animals"), progress=False)[0])
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            model = tuned(name, table)
            own = {count: microseconds(latency(model, threads=count, runs=RUNS, at_most=LONGEST)) for count in THREADS}
            for format in formats_here():
                for precision in TOLERANCES:
                    if (format, precision) not in LACKING:
                        path = Path(folder) / f"{name}.{precision}.{format}"
                        yield from lines(model, table, path, precision, own)


def tuned(name, table):
    classes = sorted(table["label"].unique())
    model = build(name, len(classes), classes=classes, size=SIZE, normalisation=IMAGENET, seed=0)
    fit(model, make_loaders(table, model.preprocessing, batch_size=16, seed=0, progress=False), TUNED, progress=False)
    return model.eval()


def lines(model, table, path, precision, own):
    """Size, times and decisions of one file; a word where its answers are too far from the model's."""
    calibration, samples = (table[table["split"] == split] for split in ("train", "test"))
    try:
        made = export(model, path, precision=precision, calibration=calibration, samples=samples)
    except CourseError as error:
        print(f"{path.name}: {error}")
        return
    whole = cost(model).file_bytes / 1e6
    yield Line(f"{path.name}: size (plain: the weights)", made.bytes / 1e6, whole, "MB", "1, 0.6 and 0.4 of it, ONNX")
    for count in THREADS:
        found = microseconds(runner_latency(open_exported(path, count), runs=RUNS, at_most=LONGEST))
        yield Line(f"  one picture, threads: {count} (plain: PyTorch)", found, own[count], "us", "below 1 but .pt2")
    yield Line(
        f"  the same decision, of {made.parity.pictures}", 100 * made.same_decisions, None, "%", "100, int8: over 95"
    )
    yield Line("  a probability differs by, at most", 100 * made.worst_difference, None, "%", "")


def microseconds(found):
    return 1e6 * found.seconds
