"""What probes try answers on: folders and pictures made on the spot, which nobody has seen before."""

import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from utils.exercises.values import NotYet

CORNERS = {"top left": (255, 0, 0), "top right": (0, 255, 0), "bottom left": (0, 0, 255), "bottom right": (255, 255, 0)}
GRID = np.array(list(CORNERS)).reshape(2, 2)
TURNED = [np.rot90(grid, turns).flatten().tolist() for grid in (GRID, GRID.T) for turns in range(4)]  # or mirrored


@contextmanager
def folder_of(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A temporary folder with these files ({POSIX path: content}); a path that ends in / is an empty folder."""
    # A file that an answer left open cannot be deleted on Windows; the system clears its folder later.
    with tempfile.TemporaryDirectory(prefix="exercise-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        for path, content in files.items():
            place = root / path
            if path.endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        yield root


def picture(seed: int = 0, size: tuple[int, int] = (48, 36)) -> Image.Image:
    """An RGB image of soft random colours; another seed, another picture. Size is (width, height)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)


def encoded(image: Image.Image, file_format: str = "JPEG", **options) -> bytes:
    """The image as the content of a file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def quarters(size: tuple[int, int]) -> Image.Image:
    """An RGB image (width, height) with a colour in each quarter, by which it shows when it is turned or mirrored."""
    pixels = np.array(list(CORNERS.values()), dtype=np.uint8).reshape(2, 2, 3)
    return Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)


def check_quarters(pixels: np.ndarray, case: str) -> None:
    """Raise NotYet unless the quarters are as `quarters` made them. Pixels (H, W, 3); case: what the picture was."""
    height, width = pixels.shape[:2]
    rows, columns = {"top": height // 4, "bottom": 3 * height // 4}, {"left": width // 4, "right": 3 * width // 4}
    found = {corner: pixels[rows[row], columns[column]] for corner in CORNERS for row, column in [corner.split()]}
    seen = [_nearest(pixel) for pixel in found.values()]
    is_turned = seen in TURNED and all(np.abs(found[at] - CORNERS[near]).sum() < 128 for at, near in zip(CORNERS, seen))
    for corner, belongs in zip(CORNERS, seen):
        if belongs != corner and is_turned:
            raise NotYet(f"{case}: what belongs {belongs} has come out {corner}.")
        if belongs != corner:
            colour = tuple(found[corner].round().astype(int).tolist())
            raise NotYet(f"{case}: the colour {colour}, which has come out {corner}, is not the picture's there.")


def _nearest(pixel):
    return min(CORNERS, key=lambda corner: np.abs(pixel - CORNERS[corner]).sum())
