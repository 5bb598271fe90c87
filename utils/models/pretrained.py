"""Pre-trained weights by a word: "course" (in data_samples/weights), "imagenet" (a download), or a path.

An EfficientNet of ImageNet sometimes fails torchvision's check of its download: the file was replaced at its source
and older versions expect the old one (torchvision issues 7744, 8060 and 8488). The message says how to go on.
Introduced in lesson 03.
"""

import re
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from torchvision.models import get_model_weights

from utils.data.samples import SAMPLES_ROOT, WEIGHTS
from utils.errors import CourseError, named
from utils.models.architectures import TIMM, own_facts, timm_backbone
from utils.models.custom import CUSTOM
from utils.models.weights import Weights, read_weights

WEIGHTS_ROOT = SAMPLES_ROOT / WEIGHTS
WORDS = ("course", "imagenet")


def find_weights(name: str, weights: str | Path | None) -> Weights | None:
    """The weights for an architecture: "course", "imagenet", the path of a file, or None for a random start.

    Raises:
        CourseError: there are none, they cannot be had or read, or they are of another architecture.
    """
    if weights is None:
        return None
    if not isinstance(weights, (str, Path)) or not str(weights):
        raise CourseError(f"Expected weights as one of {named(WORDS)}, a path, or None, but got {weights!r}.")
    if weights == "course":
        # Not its path: what a notebook prints is the same on every machine.
        return replace(_of_a_file(name, course_file(name)), source=f"the course's weights, {name}.safetensors")
    if weights == "imagenet":
        return imagenet_weights(name)
    return _of_a_file(name, weights)


def course_file(name: str) -> Path:
    """Where the course's weights for an architecture are; a CourseError that says which there are, if none."""
    file = WEIGHTS_ROOT / f"{name}.safetensors"
    if file.is_file():
        return file
    there = course_architectures()
    ways = 'weights="imagenet" (a download), the path of a file, or weights=None (from scratch)'
    if there:
        raise CourseError(f"The course has weights for {named(there)}, but none for {name!r}. Take one of those, or "
                          f"other weights: {ways}.")  # fmt: skip
    raise CourseError(f"Expected the course's weights in {WEIGHTS_ROOT}, but there are none. Get them back: "
                      f'git -C "{WEIGHTS_ROOT.parent}" checkout -- weights   Or take others: {ways}.')  # fmt: skip


def course_architectures() -> list[str]:
    """The architectures that the course has weights for, sorted."""
    return sorted(file.stem for file in WEIGHTS_ROOT.glob("*.safetensors"))


def imagenet_weights(name: str) -> Weights:
    """The best ImageNet weights of torchvision (or timm), from the cache or downloaded with a progress bar.

    Raises:
        CourseError: no network, a broken download or a damaged file in the cache; it says the three ways on.
    """
    if name.startswith(TIMM):
        return _from_timm(name)
    if name in CUSTOM:
        raise CourseError(f"Nobody trained {name!r} on ImageNet: it is a network of this course. Take weights=None (from "
                          "scratch), or the path of a checkpoint of yours.")  # fmt: skip
    url = get_model_weights(name).DEFAULT.url
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not file.exists():
        _download(name, url, file)
    try:
        tensors = read_weights(file).tensors
    except CourseError as error:
        raise CourseError(f'{error}\nIt is torchvision\'s copy of the ImageNet weights. Delete it and try again: '
                          f'rm "{file}"\n{_three_ways(name, url, file)}') from error  # fmt: skip
    return Weights(
        tensors, f"ImageNet weights of torchvision ('{file.name}')", {"architecture": name, **own_facts(name)}
    )


def _of_a_file(name, path):
    if not Path(path).expanduser().exists() and not Path(path).suffix:
        raise CourseError(f"Expected weights as one of {named(WORDS)}, the path of a file, or None, but got "
                          f"{str(path)!r}, and there is no such file.")  # fmt: skip
    found = read_weights(path)
    other = found.facts.get("architecture", name)
    if other != name:
        raise CourseError(f"Expected weights of {name!r}, but those in {found.source} are of {other!r}. "
                          f"Build that architecture, or take other weights: build({other!r}, ...)")  # fmt: skip
    return found


def _download(name, url, file):
    """The file, whole and with the right checksum, or a CourseError."""
    digest = re.search(r"-([a-f0-9]{8,})\.", file.name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), digest and digest[1], progress=True)
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        why = f"could not be downloaded ({error}). Is there a network, and may it be used?"
    except RuntimeError as error:  # torch's word for a wrong checksum
        why = (f"came damaged ({error}), and were thrown away. Try again. If it stays so, they were changed at their "
               "source (torchvision issues 7744, 8060 and 8488): update torchvision, or go the second way below.")  # fmt: skip
    except OSError as error:
        why = f"could not be saved or downloaded ({error}). Another folder: set the environment variable TORCH_HOME."
    else:
        return
    raise CourseError(f"The ImageNet weights of {name!r} {why}\n{_three_ways(name, url, file)}")


def _three_ways(name, url, file):
    there = course_architectures()
    course = f'weights="course" with {named(there)}' if name not in there else 'weights="course"'
    if not there:
        course = f'weights="course", once its files are back: git -C "{WEIGHTS_ROOT.parent}" checkout -- weights'
    return ("Three ways on:\n"
            f"  1. without a download: {course}\n"
            f"  2. by hand: get {url}\n     and copy it to {file}\n     or anywhere else: weights=\"path/{file.name}\"\n"
            "  3. from scratch: weights=None")  # fmt: skip


def _from_timm(name):
    try:
        network = timm_backbone(name, pretrained=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise CourseError(f"timm could not get its weights of {name!r} ({error}). Is there a network, and may it be "
                          'used? Other ways: the path of a file, weights="course" with an architecture that has '
                          "some, or weights=None (from scratch).") from error  # fmt: skip
    return Weights(network.state_dict(), "the weights of timm", {"architecture": name, **own_facts(name)})
