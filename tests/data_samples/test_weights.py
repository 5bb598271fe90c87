"""Course weights: what is shipped loads whole and says how it was made; and their script trains, stops and goes on."""

import json

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torchvision.models import get_model

from tests.data_samples.sticker_sets import need_font, script
from utils.data.samples import SAMPLES_ROOT
from utils.models.build import build

FILES = sorted((SAMPLES_ROOT / "weights").glob("*.safetensors"))
NAMES = [file.stem for file in FILES]


# --- what is shipped -------------------------------------------------------------------------------


def test_all_weights_together_stay_small():
    assert "shufflenet_v2_x0_5" in NAMES
    assert sum(file.stat().st_size for file in FILES) < 13e6


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_of_the_backbone_is_loaded_and_nothing_else_is_there(name):
    model = build(name, 3, seed=0)
    text = str(model.report)
    assert "not loaded" not in text
    with safe_open(SAMPLES_ROOT / "weights" / f"{name}.safetensors", "pt") as file:
        stored = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no dict
        facts = file.metadata()
    own = {key: value for key, value in model.backbone.state_dict().items() if not key.endswith("num_batches_tracked")}
    assert stored.keys() == own.keys()
    assert {value.dtype for key, value in stored.items() if "running_" not in key} == {torch.float16}
    assert {value.dtype for key, value in stored.items() if "running_" in key} == {torch.float32}
    assert all(value.isfinite().all() for value in stored.values())
    assert {"architecture", "classes", "size", "mean", "std", "seed", "recipe", "accuracy", "licence"} <= facts.keys()
    assert facts["architecture"] == name
    assert 0 < float(facts["accuracy"]) < 1
    assert json.loads(facts["recipe"])["lr"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_the_file_says(name):
    card = (SAMPLES_ROOT / "weights" / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in card.splitlines() if line.startswith(f"| `{name}.safetensors`")]
    file = SAMPLES_ROOT / "weights" / f"{name}.safetensors"
    with safe_open(file, "pt") as opened:
        facts = opened.metadata()
    parameters = sum(parameter.numel() for parameter in build(name, 2, seed=0).backbone.parameters())
    assert f"| {parameters:,} | {file.stat().st_size:,} |" in row
    assert f"{int(facts['scenes']):,} scenes of {int(facts['classes']):,} classes" in row
    assert f"{float(facts['accuracy']):.0%}".replace("%", " %") in row


# --- the script that made them ----------------------------------------------------------------------


@pytest.fixture
def pretrain(monkeypatch):
    """The script, with six classes and a small pool."""
    need_font()
    module = script("pretrain")
    few = module.emoji.others()[:6]
    monkeypatch.setattr(module.emoji, "others", lambda: few)
    monkeypatch.setattr(module, "POOL", 64)
    monkeypatch.setattr(module, "SAVE_EVERY", 0.0)
    return module


def arguments(tmp_path, minutes, *more):
    state, into = tmp_path / "state.pt", tmp_path / "weights"
    return ["shufflenet_v2_x0_5", "--minutes", str(minutes), "--batch", "16", "--threads", "1", "--workers", "0",
            "--device", "cpu", "--state", str(state), "--into", str(into), *more]  # fmt: skip


def test_a_stopped_training_goes_on_where_it_was_and_its_file_loads(pretrain, tmp_path):
    pretrain.main(arguments(tmp_path, 0.02))
    first = torch.load(tmp_path / "state.pt", weights_only=True)["state"]
    pretrain.main(arguments(tmp_path, 0.04))
    second = torch.load(tmp_path / "state.pt", weights_only=True)["state"]
    assert second["batches"] > first["batches"] > 0
    assert second["seconds"] > first["seconds"] >= 0.02 * 60
    model = build("shufflenet_v2_x0_5", 4, tmp_path / "weights" / "shufflenet_v2_x0_5.safetensors", seed=0)
    assert model.preprocessing.size == (64, 64)
    assert "280 tensors" in str(model.report)


def test_the_state_of_another_run_is_refused(pretrain, tmp_path):
    pretrain.main(arguments(tmp_path, 0.01))
    before = (tmp_path / "state.pt").read_bytes()
    with pytest.raises(SystemExit) as caught:
        pretrain.main(arguments(tmp_path, 0.02, "--seed", "1"))
    assert "another run" in str(caught.value)
    assert (tmp_path / "state.pt").read_bytes() == before


def test_no_class_is_a_glyph_of_any_set():
    need_font()
    emoji = script("emoji")
    assert len(emoji.others()) > 1000
    assert not emoji.USED & set(emoji.others())


def test_the_rate_rises_then_falls_to_nothing():
    share = script("pretrain").share_of_lr
    assert [share(done, 0.1) for done in (0.0, 0.05, 0.1, 0.55, 1.0)] == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0])


def test_gates_that_can_close_for_good_learn_at_a_tenth_of_the_rate():
    pretrain = script("pretrain")
    counts = {}
    for name in pretrain.HEADS:
        model = pretrain.network(name, 7)
        groups = {group["share"]: group["params"] for group in pretrain.groups(model)}
        assert sum(map(len, groups.values())) == len(list(model.parameters()))
        counts[name] = len(groups.get(0.1, []))
    assert counts == {"efficientnet_b0": 0, "shufflenet_v2_x0_5": 0, "mobilenet_v3_small": 36}  # 9 gates


@pytest.mark.parametrize("name", ["efficientnet_b0", "mobilenet_v3_small"])
def test_averages_follow_fast_and_nothing_is_dropped(name):
    modules = list(script("pretrain").network(name, 7).modules())
    assert {module.momentum for module in modules if isinstance(module, nn.BatchNorm2d)} == {0.1}
    assert {module.p for module in modules if hasattr(module, "p")} == {0.0}
    assert any(module.p > 0 for module in get_model(name).modules() if hasattr(module, "p"))


def test_a_crop_is_a_part_of_the_scene_or_its_mirror_image():
    pretrain = script("pretrain")
    torch.manual_seed(0)
    images = torch.arange(20 * 72 * 72).reshape(20, 72, 72, 1) % 5003
    mirrored = 0
    for image, crop in zip(images, pretrain.cropped(images)):
        parts = image.unfold(0, 64, 1).unfold(1, 64, 1).reshape(81, 64, 64)
        as_it_is, other = ((parts == one.squeeze(-1)).all(dim=(1, 2)).any().item() for one in (crop, crop.flip(1)))
        assert as_it_is or other
        mirrored += not as_it_is
    assert 0 < mirrored < 20


def test_the_pool_keeps_the_newest_scenes():
    pool = script("pretrain").Pool(4)
    for first in (0, 2, 4):
        targets = torch.tensor([first, first + 1])
        pool.add(targets.to(torch.uint8).view(2, 1, 1, 1).expand(2, 72, 72, 3), targets)
    images, targets = pool.draw(100)
    assert set(targets.tolist()) == {2, 3, 4, 5}
    assert torch.equal(images[:, 0, 0, 0].long(), targets)
