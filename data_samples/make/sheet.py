"""Contact sheets: small copies of many pictures on one, for the cards of the sample sets.

`contact_sheet` takes paths (or images) and lays them out in rows, whole and unstretched, each in a cell of its own;
`saved` writes a sheet as a JPEG of at most so many bytes. Sheets lie in `make/sheets/`, not in a set's own folder:
there a picture beside the class folders would be a fault. `python data_samples/make/sheet.py animals crops` makes
those of sets with a folder a class again, a row a class.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageOps
from writing import encoded

SHEETS = Path(__file__).resolve().parent / "sheets"
PAPER = (255, 255, 255)
MOST_BYTES = 120_000


def contact_sheet(pictures: Iterable, columns: int, cell: int | tuple[int, int], gap: int = 4) -> Image.Image:
    """Pictures side by side on white, row by row, RGB.

    Args:
        pictures: paths or images, in reading order; None leaves a cell empty.
        columns: cells a row.
        cell: pixels of a cell, its side or (width, height); larger pictures are shrunk, none is enlarged or cut.
        gap: pixels of white between the cells and around them.
    """
    pictures = list(pictures)
    wide, high = (cell, cell) if isinstance(cell, int) else cell
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (gap + columns * (wide + gap), gap + rows * (high + gap)), PAPER)
    for place, picture in enumerate(pictures):
        if picture is not None:
            small = _fitted(picture, (wide, high))
            left, top = gap + place % columns * (wide + gap), gap + place // columns * (high + gap)
            sheet.paste(small, (left + (wide - small.width) // 2, top + (high - small.height) // 2))
    return sheet


def saved(sheet: Image.Image, name: str, most_bytes: int = MOST_BYTES, folder: Path = SHEETS) -> Path:
    """Writes `<folder>/<name>.jpg` in the best quality that stays within so many bytes; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.jpg"
    for quality in range(92, 20, -4):
        content = encoded(sheet, "JPEG", quality=quality, optimize=True)
        if len(content) <= most_bytes:
            break
    target.write_bytes(content)
    return target


def _fitted(picture, cell):
    image = picture if isinstance(picture, Image.Image) else Image.open(picture)
    image = ImageOps.exif_transpose(image).convert("RGB")
    scale = min(1.0, cell[0] / image.width, cell[1] / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)


def of_classes(folder: Path, columns: int = 10, cell: int | tuple[int, int] = (88, 80)) -> Image.Image:
    """The first pictures of each class, a row a class, in the order of the classes' names."""
    pictures = []
    for group in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = sorted(group.glob("*.jpg"))[:columns]
        pictures += [*found, *[None] * (columns - len(found))]
    return contact_sheet(pictures, columns, cell)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python data_samples/make/sheet.py", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="+", help="sets with a folder a class")
    for name in parser.parse_args().names:
        print(saved(of_classes(SHEETS.parents[1] / name), name))


if __name__ == "__main__":
    main()
