"""Files of weights: both formats are read, no program in them is run, and what is none is refused with a reason."""

import collections
import io
import json
import pickle
import struct
import tarfile
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from utils.errors import CourseError
from utils.models.weights import read_metadata, read_weights

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.tensor([1.5, -2.0])}


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def saved(tmp_path, name="weights.pth", content=STATE, **options):
    """A file with STATE, or with something else, in the format that its name stands for."""
    path = tmp_path / name
    if path.suffix == ".safetensors":
        save_file(content, path, **options)
    else:
        torch.save(content, path, **options)
    return path


def same(tensors):
    return tensors.keys() == STATE.keys() and all(torch.equal(tensors[name], STATE[name]) for name in STATE)


# --- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth", "weights.bin"])
def test_a_state_dict_comes_back(tmp_path, name):
    found = read_weights(saved(tmp_path, name))
    assert same(found.tensors)
    assert name in found.source
    assert found.facts == {}


def test_the_old_format_of_torch_is_read(tmp_path):
    assert same(read_weights(saved(tmp_path, _use_new_zipfile_serialization=False)).tensors)


def test_the_format_is_known_by_the_content_not_by_the_name(tmp_path):
    path = saved(tmp_path, "weights.safetensors")
    assert same(read_weights(path.rename(tmp_path / "weights.pth")).tensors)


def test_a_path_may_be_a_text_and_start_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    saved(tmp_path)
    assert same(read_weights("~/weights.pth").tensors)


def test_a_score_that_is_a_tensor_does_not_hide_the_weights_beside_it(tmp_path):
    path = tmp_path / "best.pth"
    torch.save({"best_accuracy": torch.tensor(0.9), "epoch": 3, "state_dict": STATE}, path)
    assert read_weights(path).tensors.keys() == STATE.keys()


@pytest.mark.parametrize("container", ["state_dict", "model", "model_state_dict", "net", "weights"])
def test_weights_beside_an_epoch_and_an_optimiser_are_found(tmp_path, container):
    content = {"epoch": 3, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}, container: STATE}
    assert same(read_weights(saved(tmp_path, content=content)).tensors)


def test_an_ordered_dict_and_parameters_are_read(tmp_path):
    content = collections.OrderedDict((name, nn.Parameter(value)) for name, value in STATE.items())
    assert same(read_weights(saved(tmp_path, content=content)).tensors)


def test_the_facts_of_course_weights_are_read_and_other_peoples_metadata_are_not_taken_for_them(tmp_path):
    facts = {"architecture": "resnet18", "size": "64", "mean": "[0.5, 0.5, 0.5]", "std": "[1, 1, 1]", "licence": "CC"}
    found = read_weights(saved(tmp_path, "a.safetensors", metadata=facts)).facts
    assert found == {"architecture": "resnet18", "size": 64, "mean": [0.5] * 3, "std": [1] * 3, "licence": "CC"}
    foreign = saved(tmp_path, "b.safetensors", metadata={"format": "pt", "architecture": "ResNet"})
    assert read_weights(foreign).facts == {}
    assert read_metadata(foreign) == {"format": "pt", "architecture": "ResNet"}


# --- what is refused: programs ---------------------------------------------------------------------


def test_the_hostile_pickle_of_these_tests_is_one(hostile):
    program, mark = hostile
    pickle.loads(pickle.dumps(program))
    assert mark.exists()


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "old"])
@pytest.mark.parametrize("inside", ["alone", "beside the weights", "in place of a tensor"])
def test_a_program_in_a_file_is_refused_by_its_name_and_not_run(tmp_path, hostile, options, inside):
    program, mark = hostile
    content = {"alone": program, "beside the weights": {"state_dict": STATE, "note": program},
               "in place of a tensor": STATE | {"a.bias": program}}[inside]  # fmt: skip
    found = message(read_weights, saved(tmp_path, content=content, **options))
    assert not mark.exists()
    assert "mkdir'" in found
    assert "torch.save(model.state_dict(), path)" in found


def test_a_bare_pickle_and_one_called_safetensors_are_refused_and_not_run(tmp_path, hostile):
    program, mark = hostile
    for name in ("weights.pkl", "weights.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(program, protocol=2))
        assert name in message(read_weights, tmp_path / name)
    assert not mark.exists()


def test_a_whole_model_saved_by_pickle_is_refused_with_the_line_that_saves_its_weights(tmp_path):
    found = message(read_weights, saved(tmp_path, content=nn.Linear(2, 2)))
    assert "torch.nn.modules.linear.Linear" in found
    assert "torch.save(model.state_dict(), path)" in found


# --- what is refused: damage -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused_as_damaged(tmp_path, name, share):
    content = {"a.weight": torch.rand(64, 64), "b.weight": torch.rand(64, 64)}
    path = saved(tmp_path, name, content)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    found = message(read_weights, path)
    assert "damaged" in found
    assert str(path) in found


def test_an_old_file_cut_short_is_refused_too(tmp_path):
    path = saved(tmp_path, content={"a": torch.rand(64, 64)}, _use_new_zipfile_serialization=False)
    for share in (0.01, 0.5, 0.99):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "cut short" in message(read_weights, path)
        path.write_bytes(whole)


def a_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.txt", "a")
    return buffer.getvalue()


def a_tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


FOREIGN = {
    "empty": (b"", "is empty"),
    "one byte": (b"\x80", "damaged or no file of weights"),
    "a page": (b"\n<!DOCTYPE html><html>Not found</html>", "web page"),
    "JSON": (b'{"message": "not found", "status": 404}', "web page or a text"),
    "a placeholder": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged or no file of weights"),
    "another zip": (a_zip(), "damaged or no file of weights"),
    "a tar": (a_tar(), "damaged or no file of weights"),
    "noise": (bytes(range(256)) * 8, "damaged or no file of weights"),
    "a header longer than the file": (struct.pack("<Q", 10**12) + b"{}", "damaged or no file of weights"),
}


@pytest.mark.parametrize(("content", "reason"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_file_of_weights_is_refused_with_what_it_is(tmp_path, content, reason):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert reason in message(read_weights, path)
    named_so = path.rename(tmp_path / "weights.safetensors")
    found = message(read_weights, named_so)
    assert "is empty" in found if not content else "damaged or no safetensors" in found


def test_a_header_that_points_beyond_the_file_is_refused(tmp_path):
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**6], "data_offsets": [0, 4 * 10**6]}}).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    assert "damaged" in message(read_weights, path)
    assert "damaged" in message(read_metadata, path)


@pytest.mark.parametrize(("content", "what"), [
    ([torch.zeros(1)], "a list"), ({"epoch": 3, "loss": 0.5}, "'epoch', 'loss'"), ({}, "the entries "), (None, "NoneType"),
    (torch.zeros(2), "a Tensor"), ({"state_dict": {"epoch": 1}}, "'state_dict'"),
])  # fmt: skip
def test_a_file_without_tensors_by_name_is_answered_with_what_it_holds(tmp_path, content, what):
    found = message(read_weights, saved(tmp_path, content=content))
    assert "Expected tensors by name" in found
    assert what in found


def test_a_missing_file_is_answered_with_those_beside_it(tmp_path):
    saved(tmp_path, "best.safetensors")
    for function in (read_weights, read_metadata):
        found = message(function, tmp_path / "bset.safetensors")
        assert "No such file" in found
        assert "Beside it: 'best.safetensors'" in found
    assert "whole path" in message(read_weights, tmp_path / "nowhere" / "a.pth")
    assert "Is a directory" in message(read_weights, tmp_path)


def test_metadata_are_read_from_safetensors_alone(tmp_path):
    assert "is something else" in message(read_metadata, saved(tmp_path))
    assert read_metadata(saved(tmp_path, "a.safetensors")) == {}
