"""A checkpoint is a whole model in one file: the same logits come back, and what is no checkpoint is refused."""

import dataclasses
import json
import os
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

import utils.files
from utils.errors import CourseError
from utils.models import checkpoints
from utils.models.build import build
from utils.models.checkpoints import describe_checkpoint, load_checkpoint, save_checkpoint
from utils.models.freezing import count_parameters, freeze
from utils.models.weights import CHECKPOINT

NAME = "shufflenet_v2_x0_5"
IMAGES = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))


@dataclasses.dataclass(frozen=True)
class Recipe:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def made(name=NAME, **options):
    """A model after a step of training, so that none of its tensors is as it was built."""
    options = {"size": (48, 64), "classes": ["cat", "dog", "owl"], "policy": "pad", "seed": 0} | options
    model = build(name, 3, None, **options)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.cross_entropy(model(IMAGES), torch.tensor([0, 1])).backward()
    optimizer.step()
    return model


@pytest.fixture
def file(tmp_path):
    return save_checkpoint(tmp_path / "best.safetensors", made(), metrics={"valid_f1": 0.9})


def rewritten(file, **changed):
    """The same file with other facts; None takes one away."""
    facts = describe_checkpoint(file) | changed
    facts = {name: value for name, value in facts.items() if value is not None or name in ("recipe", "classes")}
    save_file(load_file(file), file, metadata={CHECKPOINT: json.dumps(facts)})
    return file


def logits(model):
    with torch.inference_mode():
        return model.eval()(IMAGES)


# --- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [NAME, "mobilenet_v3_small", "mnasnet0_5", "googlenet", "squeezenet1_1"])
def test_the_same_logits_come_back_bit_by_bit(tmp_path, name):
    model = made(name)
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model))
    assert not any(module.training for module in loaded.modules())
    assert torch.equal(logits(loaded), logits(model))
    state = loaded.state_dict()
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())


def test_what_is_known_of_the_model_comes_back(tmp_path):
    model = made(dropout=0.25, batchnorm_momentum=0.2)
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model))
    assert loaded.describe() == model.describe()
    assert loaded.preprocessing == model.preprocessing
    assert (loaded.architecture, loaded.classes) == (NAME, ["cat", "dog", "owl"])
    assert loaded.dropout.p == 0.25
    assert {module.momentum for module in loaded.modules() if isinstance(module, _BatchNorm)} == {0.2}
    assert loaded.report.loaded_parameters == 344_867
    assert "a.safetensors" in str(loaded.report)


def test_it_predicts_a_picture_at_once(file):
    model = load_checkpoint(file)
    picture = Image.fromarray(np.full((30, 90, 3), 128, dtype=np.uint8))
    probabilities = model(model.preprocessing(picture)).softmax(1)
    assert probabilities.shape == (1, len(model.classes))


def test_what_was_frozen_is_frozen_again(tmp_path):
    model = made()
    freeze(model, "backbone.conv1", "backbone.stage2", "head.bias")
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model))
    assert count_parameters(loaded) == count_parameters(model)
    assert loaded.frozen == model.frozen
    assert not loaded.head.bias.requires_grad
    assert not loaded.train().backbone.conv1[1].training


def test_channels_last_and_a_model_in_eval_mode_are_saved_as_well(tmp_path):
    model = made().to(memory_format=torch.channels_last).eval()
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model))
    assert torch.equal(logits(loaded), logits(model.to(memory_format=torch.contiguous_format)))


class Wrapper(nn.Module):
    """As DataParallel and Fabric wrap a model ("module"), and as torch.compile does ("_orig_mod")."""

    def __init__(self, model, name="module"):
        super().__init__()
        self.add_module(name, model)


def test_a_wrapped_or_compiled_model_is_saved_as_itself(tmp_path):
    model = made()
    for wrapped in (Wrapper(model), Wrapper(model, "_orig_mod"), Wrapper(Wrapper(model, "_orig_mod"))):
        loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", wrapped))
        assert torch.equal(logits(loaded), logits(model))


def test_loading_leaves_chance_as_it_was(file):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    load_checkpoint(file)
    assert torch.equal(torch.rand(3), expected)


# --- what it says about itself ---------------------------------------------------------------------


def test_it_describes_itself(tmp_path):
    metrics = {"valid_f1": np.float64(0.75), "epoch": torch.tensor(3), "recall": float("nan"), "counts": np.arange(2)}
    path = save_checkpoint(tmp_path / "a.safetensors", made(), recipe=Recipe(), metrics=metrics)
    facts = describe_checkpoint(path)
    assert (facts["format"], facts["kind"], facts["architecture"], facts["num_classes"]) == (1, "classifier", NAME, 3)
    assert facts["classes"] == ["cat", "dog", "owl"]
    assert facts["preprocessing"]["size"] == [48, 64]
    assert facts["preprocessing"]["policy"] == "pad"
    assert facts["recipe"] == {"lr": 1e-3, "betas": [0.9, 0.99]}
    assert (facts["metrics"]["valid_f1"], facts["metrics"]["epoch"], facts["metrics"]["counts"]) == (0.75, 3, [0, 1])
    assert np.isnan(facts["metrics"]["recall"])  # undefined stays visible
    assert facts["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert set(facts["versions"]) == {"python", "image-classification-course", "torch", "torchvision"}


def test_a_recipe_may_hold_what_json_does_not_know(tmp_path):
    recipe = {"folder": Path("runs"), "heads": {"b", "a"}, "inner": Recipe()}
    facts = describe_checkpoint(save_checkpoint(tmp_path / "a.safetensors", made(), recipe=recipe))
    assert facts["recipe"] == {"folder": "runs", "heads": ["a", "b"], "inner": {"lr": 1e-3, "betas": [0.9, 0.99]}}
    assert facts["metrics"] == {}


def test_describing_reads_no_tensor(file, monkeypatch):
    monkeypatch.setattr(checkpoints, "read_weights", None)
    assert describe_checkpoint(file)["metrics"] == {"valid_f1": 0.9}


def test_names_of_classes_in_any_script_come_back(tmp_path):
    classes = ["яблоко", "a,b\n", "りんご"]
    path = save_checkpoint(tmp_path / "a.safetensors", made(classes=classes))
    assert load_checkpoint(path).classes == classes


# --- written whole or not at all -------------------------------------------------------------------


def test_a_save_that_fails_leaves_the_old_file_and_no_litter(file, monkeypatch):
    before = file.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    def half(tensors, path, metadata):
        Path(path).write_bytes(b"half")
        full()

    for target, name, failing in ((checkpoints, "save_file", half), (utils.files.os, "replace", full)):
        with monkeypatch.context() as broken:
            broken.setattr(target, name, failing)
            assert "No space left on device" in message(save_checkpoint, file, made())
        assert file.read_bytes() == before
        assert os.listdir(file.parent) == [file.name]


def test_a_folder_that_is_missing_is_made_and_one_in_the_files_place_is_answered(tmp_path):
    assert save_checkpoint(tmp_path / "new" / "a.safetensors", made()).is_file()
    assert "cannot be written" in message(save_checkpoint, tmp_path / "new", made())


@pytest.mark.parametrize("wrong", [nn.Linear(2, 2), None, {"a": torch.zeros(1)}, Wrapper(nn.Linear(2, 2))])
def test_what_build_did_not_make_is_refused(tmp_path, wrong):
    found = message(save_checkpoint, tmp_path / "a.safetensors", wrong)
    assert f"but got a {type(wrong).__name__}" in found
    assert os.listdir(tmp_path) == []


# --- what is refused -------------------------------------------------------------------------------


def test_a_checkpoint_of_another_architecture_is_refused_where_one_is_expected(file):
    assert load_checkpoint(file, expect=NAME).architecture == NAME
    found = message(load_checkpoint, file, expect="resnet18")
    assert "Expected a checkpoint of 'resnet18'" in found
    assert f"is of '{NAME}'" in found


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("function", [load_checkpoint, describe_checkpoint])
def test_a_checkpoint_cut_short_is_refused(file, function, share):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    found = message(function, file)
    assert str(file) in found
    assert "damaged" in found or "is empty" in found


@pytest.mark.parametrize("function", [load_checkpoint, describe_checkpoint])
def test_a_hostile_file_is_refused_and_not_run(tmp_path, hostile, function):
    program, mark = hostile
    torch.save({"state_dict": program}, tmp_path / "a.pt")
    (tmp_path / "a.safetensors").write_bytes(pickle.dumps(program))
    for name in ("a.pt", "a.safetensors"):
        assert name in message(function, tmp_path / name)
    assert not mark.exists()


def test_a_missing_checkpoint_is_answered_with_those_beside_it(file):
    assert "Beside it: 'best.safetensors'" in message(load_checkpoint, file.with_name("last.safetensors"))


def test_weights_that_are_no_checkpoint_are_answered_with_what_they_are_for(course_weights, course_root, tmp_path):
    course_weights(NAME)
    found = message(load_checkpoint, course_root / f"{NAME}.safetensors")
    assert f"holds weights of '{NAME}', but no checkpoint of this course" in found
    assert "build(name, num_classes, weights=path)" in found
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    assert "holds weights, but no checkpoint" in message(load_checkpoint, tmp_path / "a.safetensors")


def test_a_newer_format_and_an_unknown_kind_are_answered_with_the_update(file):
    found = message(load_checkpoint, rewritten(file, kind="three heads"))
    assert "of the kind 'classifier'" in found
    assert "'three heads'. Update the course: git pull" in found
    other = save_checkpoint(file.with_name("newer.safetensors"), made())
    assert "newer version of the course (format 2" in message(load_checkpoint, rewritten(other, format=2))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"format"', "{}", '{"format": "1", "kind": "classifier"}',
                                  '{"format": 1, "kind": []}', "[" * 10_000])  # fmt: skip
def test_a_description_that_is_none_is_refused(file, text):
    save_file(load_file(file), file, metadata={CHECKPOINT: text})
    for function in (load_checkpoint, describe_checkpoint):
        assert "Expected the description of a model" in message(function, file)


@pytest.mark.parametrize("changed", [
    {"architecture": "resnet19"}, {"architecture": None}, {"architecture": ["resnet18"]}, {"num_classes": 4},
    {"num_classes": 10**12}, {"num_classes": "3"}, {"classes": ["a"]}, {"classes": 3}, {"dropout": "high"},
    {"dropout": 7}, {"batchnorm_momentum": -1}, {"preprocessing": {}}, {"preprocessing": 3}, {"preprocessing": None},
    {"frozen": ["nothing"]}, {"frozen": [3]}, {"frozen": 3}, {"architecture": "resnet18"},
    {"architecture": "mobilenet_v3_small"}, {"architecture": "timm:resnet18"},
], ids=str)  # fmt: skip
def test_a_description_that_does_not_fit_its_tensors_or_makes_no_sense_is_refused(file, changed, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # as where it is missing
    found = message(load_checkpoint, rewritten(file, **changed))
    assert str(file) in found
    assert "cannot be made a model again" in found


def test_a_size_that_would_fill_the_memory_is_refused(file):
    facts = describe_checkpoint(file)
    preprocessing = facts["preprocessing"] | {"size": [10**9, 10**9]}
    found = message(load_checkpoint, rewritten(file, architecture="vit_b_32", preprocessing=preprocessing))
    assert "from 32 to 4096" in found


def test_tensors_too_many_too_few_or_of_another_shape_are_named(file):
    tensors, metadata = load_file(file), {CHECKPOINT: json.dumps(describe_checkpoint(file))}
    changes = {"head.bias": None, "extra": torch.zeros(1), "head.weight": torch.zeros(4, 1024)}
    for name, tensor in changes.items():
        other = {key: value for key, value in (tensors | {name: tensor}).items() if value is not None}
        save_file(other, file, metadata=metadata)
        found = message(load_checkpoint, file)
        assert f"not those of its description: {name!r})" in found


def test_a_device_that_is_not_there_is_answered(file):
    for device in ("cuda:97", "toaster"):
        found = message(load_checkpoint, file, device=device)
        assert f"cannot go to the device {device!r}" in found
        assert 'device="cpu"' in found


def test_a_header_of_any_length_is_no_reason_to_read_a_pickle(tmp_path, hostile):
    program, mark = hostile
    path = tmp_path / "a.pt"
    path.write_bytes(struct.pack("<Q", 2) + b"{}" + pickle.dumps(program))
    assert "damaged" in message(load_checkpoint, path)
    assert not mark.exists()
