"""Real handwriting: 50 of each digit from scikit-learn's bundled 8 x 8 digits, as greyscale PNG.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0.
"""

import random
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from writing import encoded, write

A_CLASS = 50
DARKEST = 16  # in the source a pixel counts the inked ones of a 4 x 4 block: 0 to 16


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `<digit>/digit-<index in load_digits>.png`; returns the paths written."""
    source = load_digits()
    firsts = first_of_each_copy(source.images)
    files = {}
    for digit in range(10):
        candidates = [index for index in firsts if source.target[index] == digit]
        for index in sorted(random.Random(f"{seed}/{digit}").sample(candidates, A_CLASS)):
            files[f"{digit}/digit-{index:04}.png"] = png(source.images[index])
    return write(folder, files)


def first_of_each_copy(images: np.ndarray) -> list[int]:
    first = {}
    for index, image in enumerate(images):
        first.setdefault(image.tobytes(), index)
    return list(first.values())


def png(ink: np.ndarray) -> bytes:
    """Ink 0 to 16 as grey 0 to 255, rounded: white ink on black. round(grey * 16 / 255) gives the ink back."""
    grey = np.rint(ink * (255 / DARKEST)).astype(np.uint8)  # (8, 8)
    return encoded(Image.fromarray(grey), "PNG")
