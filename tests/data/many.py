"""As many pictures as data larger than memory has, made in a second."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

DIFFERENT, CLASSES = 100, 20


def many_pictures(folder: Path, count: int) -> Path:
    """A folder of 20 classes with so many small JPEGs: hard links to 100 different ones beside it."""
    rng = np.random.default_rng(0)
    for number in range(DIFFERENT):
        picture = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize((96, 72))
        picture.save(folder / f"{number}.jpg")
    classes = [folder / "pictures" / f"class-{number:02}" for number in range(CLASSES)]
    for each in classes:
        each.mkdir(parents=True)
    for number in range(count):
        os.link(folder / f"{number % DIFFERENT}.jpg", classes[number % CLASSES] / f"{number:05}.jpg")
    return folder / "pictures"
