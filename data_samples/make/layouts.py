"""Twelve drawn pictures in one folder, and CSV files that say what each is: two ways without class folders.

`labels.csv` has a header and names; `numbered/` has a file a split, without header and with numbers.
"""

from pathlib import Path

from drawings import picture
from writing import encoded, write

NUMBERED = ("sun", "apple", "leaf")  # not in alphabetical order: numbers mean nothing without this list
SPLITS = {"train": range(1, 7), "valid": range(7, 10), "test": range(10, 13)}


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `images/picture-<number>.jpg` and the CSV files; returns the paths written."""
    files, rows = {}, {}
    for number in range(1, 13):
        path, target = f"images/picture-{number:02}.jpg", number % len(NUMBERED)
        image = picture(NUMBERED[target], f"{seed}/{path}")
        files[path] = encoded(image, "JPEG", quality=88, optimize=True)
        rows[number] = path, target
    files["labels.csv"] = lines(["path,label", *(f"{path},{NUMBERED[target]}" for path, target in rows.values())])
    for split, numbers in SPLITS.items():
        files[f"numbered/{split}.csv"] = lines(f"{path},{target}" for path, target in map(rows.get, numbers))
    return write(folder, files)


def lines(texts) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()
