"""Putting a sample set on disk, and its checksums beside it.

A script makes all its files in memory first, as {POSIX path inside the set: bytes}; only then are they
written. A folder that holds anything else is refused, and nothing is ever deleted. The checksums cover
pictures, CSV files and weights: cards are edited by hand, and computers rewrite `.DS_Store` and `Thumbs.db`.
"""

import hashlib
import io
from pathlib import Path

from PIL import Image

from utils.errors import CourseError, named

CARD = "README.md"
CHECKSUMS = "checksums.sha256"
CHECKED_SUFFIXES = {".bmp", ".csv", ".gif", ".jpeg", ".jpg", ".png", ".safetensors", ".tif", ".webp"}


def encoded(image: Image.Image, file_format: str, **options) -> bytes:
    """An image as the bytes of a file: no date, no metadata unless asked for."""
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Writes the files of one set into its folder, which may hold these files already and its card.

    Returns:
        The paths written, sorted.

    Raises:
        CourseError: the folder holds files that are not of this set; nothing is written then.
    """
    folder = Path(folder)
    check_only_ours(folder, files)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return sorted(files)


def check_only_ours(folder: Path, files: dict[str, bytes]) -> None:
    if folder.exists() and not folder.is_dir():
        raise CourseError(f"A sample set needs a folder, but {folder} is a file. Name another folder.")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    strange = sorted(found - set(files) - {CARD})
    if strange:
        raise CourseError(
            f"{folder} may hold only the files of this sample set, but it also holds {named(strange)}.\n"
            "Nothing was written. Move these files away, or name an empty folder: --into FOLDER"
        )


def update_checksums(root: Path, set_name: str, paths: list[str]) -> None:
    """Replaces the lines of one set in `root`/checksums.sha256; other sets keep theirs."""
    checksums = Path(root) / CHECKSUMS
    old = checksums.read_text(encoding="utf-8").splitlines() if checksums.exists() else []
    lines = [line for line in old if not line[66:].startswith(f"{set_name}/")]
    for path in paths:
        if Path(path).suffix.lower() in CHECKED_SUFFIXES:
            digest = hashlib.sha256((Path(root) / set_name / path).read_bytes()).hexdigest()
            lines.append(f"{digest}  {set_name}/{path}")
    lines.sort(key=lambda line: line[66:])
    checksums.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
