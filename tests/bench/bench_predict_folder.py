"""A folder judged without PyTorch: pictures decoded while the model runs, beside one after the other; and beside PyTorch.

The network is small, so that decoding counts; with a large one nearly all of the time is the model's, whichever way.
"""

import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

from tests.bench.line import Line, seconds
from utils.data.tables import scan
from utils.evaluation.predictions import predict_table
from utils.export import predict_folder as command
from utils.export.exporting import export
from utils.models.build import build

PICTURES, ROUNDS = 300, 5
SIDES = {"photographs": (1600, 1200), "small pictures": (240, 180)}


def bench_predict_folder():
    """Each kind of pictures, by turns, the best of some rounds."""
    model = build("shufflenet_v2_x0_5", 2, classes=["a", "b"], size=64, seed=0).eval()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        export(model, folder / "m.onnx")
        for kind, sides in SIDES.items():
            _write_pictures(folder / kind / "a", sides)
            table = scan(folder / kind, progress=False)[0]
            ours, serial, torch = [], [], []
            for _ in range(ROUNDS):
                ours.append(seconds(_judge, folder, kind))
                with patch.object(command, "in_order", lambda function, items, *_, **__: map(function, items)):
                    serial.append(seconds(_judge, folder, kind))
                torch.append(seconds(predict_table, model, table, False))
            yield Line(f"{PICTURES} {kind} (plain: decoded one by one)", min(ours), min(serial), "s", "at most 1")
            yield Line(f"{PICTURES} {kind} (plain: PyTorch)", min(ours), min(torch), "s", "at most 1")


def _judge(folder, kind):
    command.predict_folder(folder / "m.onnx", folder / kind, folder / f"{kind}.csv", again=True, progress=False)


def _write_pictures(folder, sides):
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(PICTURES):
        coarse = Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8))
        coarse.resize(sides).save(folder / f"{number}.jpg", quality=90)
