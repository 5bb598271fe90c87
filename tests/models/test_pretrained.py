"""Weights by a word or a path: found offline, downloaded whole or not at all, and every way on is named."""

import errno
import re
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import get_model, get_model_weights

from utils.errors import CourseError
from utils.models.pretrained import course_architectures, find_weights, imagenet_weights

NAME = "shufflenet_v2_x0_5"
URL = get_model_weights(NAME).DEFAULT.url


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where torchvision's copies of the ImageNet weights would be; empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def failing(monkeypatch):
    """failing(error): from now on each download raises it."""

    def fail(error):
        def download(*_, **__):
            raise error

        monkeypatch.setattr(torch.hub, "download_url_to_file", download)

    return fail


# --- the course's ----------------------------------------------------------------------------------


def test_course_weights_are_found_by_the_architecture_with_what_they_say_of_themselves(course_weights):
    kept = course_weights(NAME)
    found = find_weights(NAME, "course")
    assert found.tensors.keys() == kept.keys()
    assert all(torch.equal(found.tensors[name], kept[name]) for name in kept)
    assert (found.facts["architecture"], found.facts["size"], found.facts["licence"]) == (NAME, 64, "CC BY 4.0")
    assert found.facts["recipe"] == {"minutes": 20.0}
    assert course_architectures() == [NAME]


def test_an_architecture_without_course_weights_is_answered_with_those_that_have_some(course_weights):
    course_weights("mobilenet_v3_small")
    course_weights(NAME)
    found = message(find_weights, "resnet18", "course")
    assert f"has weights for 'mobilenet_v3_small', '{NAME}', but none for 'resnet18'" in found
    for way in ('weights="imagenet"', "the path of a file", "weights=None"):
        assert way in found


def test_missing_course_weights_are_answered_with_the_line_that_brings_them_back(course_root):
    found = message(find_weights, NAME, "course")
    assert f'git -C "{course_root.parent}" checkout -- weights' in found
    assert 'weights="imagenet"' in found


def test_course_weights_under_the_name_of_another_architecture_are_refused(course_weights, course_root):
    course_weights(NAME)
    (course_root / f"{NAME}.safetensors").rename(course_root / "resnet18.safetensors")
    assert f"are of '{NAME}'" in message(find_weights, "resnet18", "course")


# --- a path, or nothing ----------------------------------------------------------------------------


def test_none_is_none():
    assert find_weights(NAME, None) is None


@pytest.mark.parametrize("as_type", [str, Path])
def test_a_path_is_read(tmp_path, as_type):
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    assert find_weights(NAME, as_type(tmp_path / "a.pth")).tensors["a"] == 1


@pytest.mark.parametrize("wrong", ["imagenett", "Course", "None", "no"])
def test_a_word_that_is_none_is_answered_with_the_words_there_are(wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"one of 'course', 'imagenet', the path of a file, or None, but got '{wrong}'" in message(
        find_weights, NAME, wrong
    )


@pytest.mark.parametrize("wrong", ["", 3, True, ["course"], {}])
def test_what_is_neither_word_nor_path_is_answered(wrong):
    assert f"a path, or None, but got {wrong!r}" in message(find_weights, NAME, wrong)


def test_weights_of_another_architecture_are_refused_by_what_they_say(tmp_path):
    facts = {"architecture": "resnet18", "size": "64", "mean": "[0, 0, 0]", "std": "[1, 1, 1]"}
    save_file({"a": torch.ones(1)}, tmp_path / "a.safetensors", metadata=facts)
    found = message(find_weights, NAME, tmp_path / "a.safetensors")
    assert f"Expected weights of '{NAME}'" in found
    assert "build('resnet18', ...)" in found


# --- ImageNet --------------------------------------------------------------------------------------


def test_a_file_in_torchs_cache_is_used_without_a_network(cache, failing):
    failing(AssertionError("it must not be downloaded again"))
    cache.mkdir(parents=True)
    state = get_model(NAME, weights=None).state_dict()
    torch.save(state, cache / URL.rpartition("/")[2])
    found = imagenet_weights(NAME)
    assert found.tensors.keys() == state.keys()
    assert torch.equal(found.tensors["conv1.0.weight"], state["conv1.0.weight"])
    assert found.facts == {"architecture": NAME, "size": 224, "mean": (0.485, 0.456, 0.406),
                           "std": (0.229, 0.224, 0.225), "interpolation": "bilinear"}  # fmt: skip


def test_what_is_downloaded_is_checked_shown_in_progress_and_kept_in_torchs_cache(cache, monkeypatch):
    asked = []

    def download(url, path, digest, progress):
        asked.append((url, path, digest, progress))
        torch.save({"a": torch.ones(1)}, path)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    for _ in range(2):
        assert imagenet_weights(NAME).tensors["a"] == 1
    digest = re.search(r"-(\w+)\.pth", URL)[1]
    assert asked == [(URL, str(cache / URL.rpartition("/")[2]), digest, True)]


@pytest.mark.parametrize("error", [
    URLError("Name or service not known"), HTTPError(URL, 403, "Forbidden", {}, None), TimeoutError("timed out"),
    ConnectionResetError("reset by peer"), IncompleteRead(b"abc", 10),
], ids=lambda error: type(error).__name__)  # fmt: skip
def test_without_a_network_it_says_what_happened_and_the_three_ways_on(cache, failing, course_weights, error):
    failing(error)
    course_weights("mobilenet_v3_small")
    found = message(imagenet_weights, NAME)
    assert f"could not be downloaded ({error}). Is there a network" in found
    ways = re.findall(r"^  (\d)\. (.*)", found, flags=re.MULTILINE)
    assert [number for number, _ in ways] == ["1", "2", "3"]
    assert ways[0][1] == "without a download: weights=\"course\" with 'mobilenet_v3_small'"
    assert URL in ways[1][1]
    assert f"copy it to {cache / URL.rpartition('/')[2]}" in found
    assert ways[2][1] == "from scratch: weights=None"


def test_the_course_weights_of_the_same_architecture_are_named_where_there_are_some(cache, failing, course_weights):
    failing(URLError("offline"))
    course_weights(NAME)
    assert re.search(r'1\. without a download: weights="course"$', message(imagenet_weights, NAME), flags=re.MULTILINE)


def test_the_way_back_to_the_course_weights_is_named_where_they_are_gone(cache, failing, course_root):
    failing(URLError("offline"))
    assert f'once its files are back: git -C "{course_root.parent}" checkout' in message(imagenet_weights, NAME)


def test_a_wrong_checksum_is_explained_with_torchvisions_issues(cache, failing):
    failing(RuntimeError('invalid hash value (expected "3dd342df", got "7f5810bc")'))
    found = message(imagenet_weights, "efficientnet_b0")
    assert 'came damaged (invalid hash value (expected "3dd342df", got "7f5810bc"))' in found
    for number in ("7744", "8060", "8488"):
        assert number in found
    assert "Three ways on" in found
    assert "update torchvision" in found


def test_a_damaged_download_is_noticed_thrown_away_and_explained(cache, monkeypatch, tmp_path):
    # The real download, of a file on this disk in the place of one on the network.
    (tmp_path / "broken.pth").write_bytes(b"half of it")
    real = torch.hub.download_url_to_file
    served = (tmp_path / "broken.pth").as_uri()
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda url, *a, **k: real(served, *a, **k))
    assert "came damaged (invalid hash value" in message(imagenet_weights, NAME)
    assert list(cache.iterdir()) == []


def test_a_full_disk_is_no_matter_of_the_network(cache, failing):
    failing(OSError(errno.ENOSPC, "No space left on device"))
    found = message(imagenet_weights, NAME)
    assert "No space left on device" in found
    assert "TORCH_HOME" in found


@pytest.mark.parametrize("content", [b"", b"half of it", b"<html>"])
def test_a_damaged_file_in_the_cache_is_answered_with_the_line_that_deletes_it(cache, content):
    cache.mkdir(parents=True)
    file = cache / URL.rpartition("/")[2]
    file.write_bytes(content)
    found = message(imagenet_weights, NAME)
    assert f'rm "{file}"' in found
    assert "Three ways on" in found


def test_a_hostile_file_in_the_cache_is_not_run(cache, hostile):
    program, mark = hostile
    cache.mkdir(parents=True)
    torch.save(program, cache / URL.rpartition("/")[2])
    assert "could be any program" in message(imagenet_weights, NAME)
    assert not mark.exists()


def test_ctrl_c_during_a_download_is_ctrl_c(cache, failing):
    failing(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        imagenet_weights(NAME)
