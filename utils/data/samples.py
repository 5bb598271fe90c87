"""Where the sample pictures are that come with the course, and whether they are as they were made.

They lie in data_samples/ beside the package, a folder a set with its card (README.md), and are found from
there whatever the working folder. Introduced in lesson 01.
"""

from pathlib import Path

from utils.errors import CourseError, named
from utils.files import sha256_of

SAMPLES_ROOT = Path(__file__).resolve().parents[2] / "data_samples"
CHECKSUMS = "checksums.sha256"
WEIGHTS = "weights"  # a folder beside the sets: the networks that the course brings along


def sample(name: str, root: Path = SAMPLES_ROOT) -> Path:
    """The folder of a sample set, absolute: sample("digits").

    Raises:
        CourseError: there is no such set, or its folder is missing; the message says which there are.
    """
    sets = sample_names(root)
    if name in sets and (root / name).is_dir():
        return root / name
    if not sets:
        raise CourseError(
            f"Expected the sample pictures in {root}, but there are none. They come with the course's repository, "
            "not with an installed package: clone it, and in its folder run: pip install --editable ."
        )
    if name in sets:
        raise CourseError(
            f"Expected the sample pictures {name!r} in {root / name}, but that folder is missing. "
            f'Get it back: git -C "{root}" checkout -- {name}   or make it again: make samples'
        )
    raise CourseError(f"Expected the name of a sample set, one of {named(sets)}, but got {name!r}.")


def sample_names(root: Path = SAMPLES_ROOT) -> list[str]:
    """The sets that are there (a folder with a card) or should be (by the checksums), sorted."""
    there = {card.parent.name for card in root.glob("*/README.md")}
    return sorted((there | {path.partition("/")[0] for path in _checksums(root)}) - {WEIGHTS})


def damaged_samples(root: Path = SAMPLES_ROOT) -> list[str]:
    """The sample files that are missing or changed, as sorted POSIX paths relative to the root.

    Where the list of checksums itself is missing or unreadable, that is the one path returned.
    """
    checksums = _checksums(root)
    if not checksums:
        return [CHECKSUMS]
    return sorted(path for path, digest in checksums.items() if _digest(root / path) != digest)


def _checksums(root: Path) -> dict[str, str]:
    """{path: digest} of a file as `sha256sum` writes it; empty if there is none or it is no such file."""
    try:
        lines = (root / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines) if path}


def _digest(file: Path) -> str | None:
    try:
        return sha256_of(file)
    except OSError:
        return None
