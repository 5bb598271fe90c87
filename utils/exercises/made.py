"""What probes try answers on: folders and pictures made on the spot, which nobody has seen before."""

import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image


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
