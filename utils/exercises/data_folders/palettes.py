"""Exercise 17: pictures that hold numbers of colours, and what shrinking makes of them."""

import numpy as np
from PIL import Image

from utils.exercises.made import encoded, folder_of
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_pixels

RED, BLUE = (250, 40, 40), (40, 40, 250)
STRIPES = {  # by file: of which colours, and what they mix to
    "photo.png": ("red and blue", (145, 40, 145)),
    "drawing.png": ("red and blue", (145, 40, 145)),
    "scan.png": ("black and white", (127, 127, 127)),
    "banner.png": ("red and blue", (145, 40, 145)),
}


def load_small(path, size):
    """The picture in RGB, size x size pixels."""
    image = Image.open(path).convert("RGB")
    return image.resize((size, size), Image.Resampling.BILINEAR)


def load_small_with_palette(path, size):
    """The picture in RGB, size x size pixels."""
    image = Image.open(path)
    image = image.resize((size, size), Image.Resampling.BILINEAR)
    return image.convert("RGB")


def probe_load_small(answer):
    with folder_of(_striped()) as folder:
        for name, (colours, mixture) in STRIPES.items():
            pixels = as_pixels(answer(folder / name, 16))
            case = f"{name!r} (mode {_mode(folder / name)}) is striped {colours}, pixel by pixel"
            if pixels.shape[:2] != (16, 16):
                raise NotYet(f"{case}: it came out {pixels.shape[1]} x {pixels.shape[0]}, and 16 x 16 was asked.")
            _check_mixed(pixels[2:-2, 2:-2], mixture, case)  # at the edge filters see less


def _check_mixed(pixels, mixture, case):
    off = np.abs(pixels - mixture).max(axis=2)
    if off.max() > 50:  # filters weigh neighbours differently; a pure colour is 100 away
        seen = tuple(pixels.reshape(-1, 3)[off.argmax()].astype(int).tolist())
        raise NotYet(f"{case}. Each of your pixels stands for sixteen of them or more, and should be their "
                     f"mixture, but one is {seen}.")  # fmt: skip


def _mode(path):
    with Image.open(path) as image:
        return image.mode


def _striped():
    stripes = Image.fromarray(np.tile(np.array([RED, BLUE], dtype=np.uint8), (64, 32, 1)))
    wide = Image.fromarray(np.tile(np.array([RED, BLUE], dtype=np.uint8), (64, 64, 1)))
    bars = Image.fromarray(np.tile(np.array([0, 255], dtype=np.uint8), (64, 32))).convert("1")
    return {name: encoded(image, "PNG") for name, image in zip(STRIPES, (stripes, stripes.quantize(2), bars, wide))}


def _through_grey(path, size):
    return Image.open(path).convert("L").resize((size, size), Image.Resampling.BILINEAR).convert("RGB")


def _with_nearest(path, size):
    return Image.open(path).convert("RGB").resize((size, size), Image.Resampling.NEAREST)


def _palette_with_lanczos(path, size):
    return Image.open(path).resize((size, size), Image.Resampling.LANCZOS).convert("RGB")


def _thumbnail(path, size):
    image = Image.open(path).convert("RGB")
    image.thumbnail((size, size))
    return image


q17 = Question(
    number=17,
    reference=load_small,
    probe=probe_load_small,
    starter=load_small_with_palette,
    hints=[
        "A picture of mode P holds numbers of colours: 17 may be red, and 18 sky blue. What would their average be?",
        "For modes P and 1, Pillow passes over the filter that you name and takes the nearest pixel, without a word.",
        "Convert to RGB before you resize, not after.",
    ],
    why="Palette numbers cannot be averaged, so Pillow picks single pixels: thin lines vanish or turn jagged. Drawings and "
    "screenshots are often stored so, photographs are not, and a network then learns the jaggedness.",
    mistakes=[
        Mistake(_through_grey, "their mixture"),
        Mistake(_with_nearest, "'photo.png' (mode RGB)"),
        Mistake(_palette_with_lanczos, "'drawing.png' (mode P)"),
        Mistake(lambda path, size: Image.open(path).convert("RGB").crop((0, 0, size, size)), "their mixture"),
        Mistake(lambda path, size: Image.open(path).convert("RGB"), "came out 64 x 64"),
        Mistake(_thumbnail, "it came out 16 x 8, and 16 x 16 was asked"),
        Mistake(lambda path, size: load_small(path, size).thumbnail((size, size)), "returned None"),
    ],
)
