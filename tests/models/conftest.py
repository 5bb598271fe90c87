"""What the tests of utils.models share: weights as pretrain.py writes them, a pickle that would run a program."""

import json
import os

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import get_model

from tests.threads import one_thread  # noqa: F401 - a fixture
from utils.models import pretrained

HEADS = {"shufflenet_v2_x0_5": "fc.", "mobilenet_v3_small": "classifier.3.", "mnasnet0_5": "classifier."}


@pytest.fixture
def course_root(tmp_path, monkeypatch):
    """An empty folder in the place of data_samples/weights."""
    root = tmp_path / "weights"
    root.mkdir()
    monkeypatch.setattr(pretrained, "WEIGHTS_ROOT", root)
    return root


@pytest.fixture
def course_weights(course_root):
    """course_weights(name): writes random weights of the course, and returns {name: tensor} as they were before."""

    def write(name, **metadata):
        torch.manual_seed(7)
        state = get_model(name, weights=None).state_dict()
        for key, value in state.items():
            if "running_" in key:  # as if it had been trained
                value.copy_(torch.rand_like(value) + 0.5)
        kept = {
            key: value.to(torch.float32 if "running_" in key else torch.float16)
            for key, value in state.items()
            if not key.startswith(HEADS[name]) and not key.endswith("num_batches_tracked")
        }
        facts = {"architecture": name, "size": 64, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
        facts |= {"seed": 0, "recipe": {"minutes": 20.0}, "licence": "CC BY 4.0"} | metadata
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}
        save_file(kept, course_root / f"{name}.safetensors", metadata=texts)
        return kept

    return write


class Hostile:
    """Unpickled by the ordinary way, it makes a folder; it could do anything."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def hostile(tmp_path):
    """What to save, and the folder that exists afterwards if anything ran."""
    return Hostile(tmp_path / "ran"), tmp_path / "ran"
