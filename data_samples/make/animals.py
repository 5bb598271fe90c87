"""Ten animals as stickers in painted scenes, a folder a class, classes of unequal size: synthetic pictures.

`make` writes the committed set; `fresh` gives as many other pictures of the same kind as anyone wants, none of
which is in the set: for a benchmark, or for more data to learn from.
"""

from pathlib import Path

from emoji import ANIMALS
from photo import chosen, generator
from PIL import Image
from scenes import Look, scene
from writing import encoded, write

COUNTS = {
    "butterfly": 68, "cat": 96, "chicken": 88, "cow": 82, "dog": 120,
    "elephant": 42, "horse": 90, "sheep": 64, "spider": 54, "squirrel": 48,
}  # fmt: skip
# Animals stand on their feet, and fill most of a picture: thirty of a class are to be enough for 0.90 with fine-tuning.
UPRIGHT = Look(turn=7, stretch=(0.92, 1.09), lean=0.05)
FILL = (0.8, 1.1)  # of a picture by the animal
# A class with a single glyph differs more from picture to picture in colour and shape, as the animals themselves do.
LOOKS = {
    "butterfly": UPRIGHT._replace(hue=100, paler=0.3, tint=0.2, warp=0.045),
    "elephant": UPRIGHT._replace(hue=12, paler=0.3, tint=0.16, warp=0.045),
    "spider": UPRIGHT._replace(hue=12, paler=0.3, tint=0.3, warp=0.045),
    "squirrel": UPRIGHT._replace(hue=12, paler=0.15, tint=0.15, warp=0.045),
}
MOST_BYTES = 6_500


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `<label>/<label>-<number>.jpg`; returns the paths written."""
    names = [(label, number) for label, count in COUNTS.items() for number in range(1, count + 1)]
    return write(folder, {f"{label}/{label}-{number:03}.jpg": picture(label, number, seed) for label, number in names})


def picture(label: str, number: int, seed: int = 0) -> bytes:
    """One picture of the set, as the bytes of its file: made alone, the same as among all."""
    return jpeg(photo(label, f"{seed}/animals/{label}/{number}"))


def fresh(label: str, number: int, seed: str = "fresh", size: tuple[int, int] | None = None) -> Image.Image:
    """A picture like those of the set, but in no set: another for each label, number and seed; RGB.

    Args:
        seed: any text, for instance "test"; it is never that of a committed picture.
        size: (width, height); None draws one as the set does.
    """
    return photo(label, f"fresh/{seed}/animals/{label}/{number}", size)


def photo(label: str, text: str, size: tuple[int, int] | None = None) -> Image.Image:
    """The picture that belongs to a text."""
    rng = generator(text)
    drawn = a_size(rng)
    return scene(chosen(rng, ANIMALS[label]), rng, size or drawn, LOOKS.get(label, UPRIGHT), FILL)


def a_size(rng) -> tuple[int, int]:
    """Square, 4:3, 3:2 or in between, lying or upright; 96 to 160 px a side."""
    long = int(rng.integers(120, 161))
    short = max(96, round(long * chosen(rng, [1.0, 0.75, 0.75, 0.667, rng.uniform(0.65, 1.0)])))
    return (long, short) if rng.random() < 0.6 else (short, long)


def jpeg(image: Image.Image) -> bytes:
    """As a JPEG file, of less quality where the picture is full of detail."""
    for quality in (82, 70, 56):
        content = encoded(image, "JPEG", quality=quality, optimize=True)
        if len(content) <= MOST_BYTES:
            break
    return content
