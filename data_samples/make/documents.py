"""Photographs of documents on paper and on screens, and of what is no document, with a CSV a split.

Every picture is drawn from its own seed, so each can be made alone. Paper and screens show the same pages at the
same angles on the same desks: by layout they are hard to tell apart, by texture they can be.
"""

from pathlib import Path

import numpy as np
from not_documents import no_document
from papers import paper
from photo import generator, shaken, softened, speckled
from PIL import Image
from screens import screen
from sheet import contact_sheet
from views import frame
from writing import encoded, write

KINDS = {"documents": (120, paper), "screens": (90, screen), "not_documents": (60, no_document)}
SPLITS = {"train": 0.6, "valid": 0.2, "test": 0.2}


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `<kind>/<kind>-<number>.jpg` and a CSV a split; returns the paths written."""
    files, rows = {}, {split: [] for split in SPLITS}
    for kind, (count, _) in KINDS.items():
        for number, split in enumerate(splits(kind, count, seed), start=1):
            path = f"{kind}/{kind}-{number:03}.jpg"
            files[path] = photograph(kind, number, seed)
            rows[split].append(f"{path},{kind}")
    for split, lines in rows.items():
        files[f"{split}.csv"] = "".join(f"{line}\n" for line in ["path,label", *lines]).encode()
    return write(folder, files)


def splits(kind: str, count: int, seed: int = 0) -> list[str]:
    """The split of each picture of a kind: the same shares of every kind, in random order."""
    names = [split for split, share in SPLITS.items() for _ in range(round(share * count))]
    order = generator(f"{seed}/documents/{kind}/splits").permutation(count)
    return [names[place] for place in order]


def photograph(kind: str, number: int, seed: int = 0) -> bytes:
    """One picture, as a JPEG."""
    rng = generator(f"{seed}/documents/{kind}/{number}")
    return camera(KINDS[kind][1](rng, frame(rng)), rng)


def camera(image: Image.Image, rng: np.random.Generator) -> bytes:
    """Lens, hand, sensor and JPEG."""
    image = softened(image, rng, 0.9)
    if rng.random() < 0.15:
        image = shaken(image, rng, 2)
    image = speckled(image, rng, rng.uniform(0.5, 1.8))
    return encoded(image, "JPEG", quality=int(rng.integers(75, 78)), optimize=True)


def overview(folder: Path) -> Image.Image:
    """The first pictures of each kind, two rows a kind, small."""
    pictures = [path for kind in KINDS for path in sorted((folder / kind).glob("*.jpg"))[:16]]
    return contact_sheet(pictures, columns=8, cell=126)
