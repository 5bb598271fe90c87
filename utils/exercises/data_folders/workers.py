"""Exercise 21: a transform that can travel to the processes that load pictures."""

import io
import pickle

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

from utils.exercises.data_folders.augmentation import as_array
from utils.exercises.data_folders.palettes import BLUE, RED
from utils.exercises.made import picture
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown


def make_transform(size):
    """Any picture as a tensor (3, size, size) from 0 to 1."""
    return v2.Compose([v2.RGB(), v2.Resize((size, size)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def make_transform_with_lambda(size):
    """Any picture as a tensor (3, size, size) from 0 to 1."""
    to_rgb = v2.Lambda(lambda image: image.convert("RGB"))
    return v2.Compose([to_rgb, v2.Resize((size, size)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def probe_make_transform(answer):
    transform = answer(32)
    _check_colours(transform, "")
    _check_stripes(transform)
    _check_colours(_after_the_journey(transform), "in the worker, ")


def _check_colours(transform, where):
    """Pictures of four modes come out in the colours they had."""
    if not callable(transform):
        raise NotYet(f"expected something to call with a picture, such as v2.Compose, got {shown(transform)}.")
    for mode in ("RGB", "L", "P", "RGBA"):
        image = picture(5, (40, 40)).convert(mode)
        got = as_array(transform(image.copy()), "(3, 32, 32)")
        if got.shape != (3, 32, 32):
            raise NotYet(f"{where}a picture of mode {mode} came out with the shape {got.shape}; (3, 32, 32) was asked.")
        wanted = np.asarray(image.convert("RGB")).mean(axis=(0, 1)) / 255
        if not np.abs(got.mean(axis=(1, 2)) - wanted).max() <= 0.02:  # nan is refused too
            raise NotYet(f"{where}a picture of mode {mode} has lost its colours: red, green and blue are "
                         f"{_rounded(got.mean(axis=(1, 2)))} on average.")  # fmt: skip


def _check_stripes(transform):
    """At a quarter of its size each pixel is a mixture, also where only an RGB picture can be mixed."""
    mixture = (np.array(RED) + BLUE) / 2
    for mode, image in _striped().items():
        pixels = 255 * as_array(transform(image.copy()), "(3, 32, 32)").transpose(1, 2, 0)[2:-2, 2:-2]
        off = np.abs(pixels - mixture).max(axis=2)
        if off.max() > 50:
            seen = tuple(pixels.reshape(-1, 3)[off.argmax()].round().astype(int).tolist())
            raise NotYet(f"a picture of mode {mode}, striped red and blue pixel by pixel, came out with {seen} at a quarter "
                         "of its size, and no mixture of both. Is it an RGB picture when it is resized?")  # fmt: skip


def _striped():
    """{mode: a picture of 128 x 128 pixels}; of RGBA, the blue stripes cannot be seen at all."""
    stripes = np.tile(np.array([RED, BLUE], dtype=np.uint8), (128, 64, 1))
    seen = np.tile(np.array([255, 0], dtype=np.uint8), (128, 64))
    return {"P": Image.fromarray(stripes).quantize(2), "RGBA": Image.fromarray(np.dstack([stripes, seen]))}


def _rounded(values):
    return ", ".join(f"{value:.2f}" for value in values)


def _after_the_journey(transform):
    """The transform as a worker gets it: pickled here, and loaded where nothing of the notebook exists."""
    try:
        return _Worker(io.BytesIO(pickle.dumps(transform))).load()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise NotYet(f"it works here, and cannot be sent to a worker: {error}") from None


class _Worker(pickle.Unpickler):
    def find_class(self, module, name):
        if module == "__main__":
            raise NotYet(f"it works here, and cannot be sent to a worker: {name!r} stands in your notebook, and a worker may "
                         "be a new Python that has never seen it. Is there something ready-made?")  # fmt: skip
        return super().find_class(module, name)


def _with_inner_function(size):
    def to_rgb(image):
        return image.convert("RGB")

    return v2.Compose([v2.Lambda(to_rgb), *make_transform(size).transforms[1:]])


def _to_rgb(image):
    return image.convert("RGB")


_to_rgb.__module__ = "__main__"  # as if a cell had defined it


def _rgb_after_resize(size):
    return v2.Compose([v2.Resize((size, size)), v2.RGB(), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


q21 = Question(
    number=21,
    reference=make_transform,
    probe=probe_make_transform,
    starter=make_transform_with_lambda,
    hints=[
        "A worker is another process, and gets the transform as bytes, by pickle. Try pickle.dumps(make_transform(32)).",
        "pickle stores a function by the name of its module and its own. A lambda has none, and what a notebook defines "
        "can be found by that notebook alone.",
        "torchvision has a transform for it: v2.RGB().",
    ],
    why="With num_workers=0 the lambda works, and on some systems with workers too, so the error waits for another machine. "
    "Ready-made transforms, and functions in a .py file, are found by their names anywhere.",
    mistakes=[
        Mistake(_with_inner_function, "cannot be sent to a worker"),
        Mistake(
            lambda size: v2.Compose([v2.Lambda(_to_rgb), *make_transform(size).transforms[1:]]), "sent to a worker"
        ),
        Mistake(
            lambda size: v2.Compose(make_transform(size).transforms[1:]), "mode L came out with the shape (1, 32, 32)"
        ),
        Mistake(lambda size: v2.Compose([v2.Grayscale(3), *make_transform(size).transforms[1:]]), "lost its colours"),
        Mistake(_rgb_after_resize, "Is it an RGB picture when it is resized?"),
        Mistake(lambda size: make_transform(64), "the shape (3, 64, 64)"),
        Mistake(lambda size: v2.Compose([v2.RGB(), v2.Resize((size, size))]), "expected a tensor"),
        Mistake(lambda size: make_transform(size)(picture()), "to call with a picture"),
    ],
)
