"""Files written whole or not at all, apart from the reader's pictures; names with values as YAML, results as JSON."""

import errno
import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from utils.errors import CourseError

RECIPE = "recipe.yaml"  # beside every result: what it was made with


@contextmanager
def replacing(path: str | Path):
    """Yields a temporary path beside `path` to write to; it takes the place of `path` if the block ends well.

    A kill, a full disk or an error leaves the old file as it was, and no litter after an error.

    Raises:
        OSError: the folder cannot be written (from the system, unchanged).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files for the owner alone; what was there, or what the system would give, is wanted.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_litter(folder: Path, *names: str) -> None:
    """Remove what killed processes left half-written of files with these names (or patterns).

    Only where nobody else is writing them now.
    """
    for name in names:
        for left in folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)  # there is no way to read it but to set it
    os.umask(mask)
    return mask


@contextmanager
def results_in(folder: str | Path, then: str = ""):
    """Within the block results are written to a folder; a CourseError with what to do where the system refuses.

    Args:
        then: what to do once there is room again.
    """
    try:
        yield
    except OSError as error:
        raise CourseError(f"Results cannot be written to '{folder}': {error.strerror}. Free some space, or choose another "
                          f"folder: output_dir='...'{then and f'. {then}'}") from error  # fmt: skip


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal; it is read a piece at a time."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Why a system refuses to write: no right to, a disk that is read only, broken or full, a file larger than is allowed.
REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_refused_write(error: OSError, folder: Path) -> bool:
    """Whether the system refused to write below a folder. An error of a file that is open already says no name."""
    if error.errno not in REFUSALS:
        return False
    named = [
        Path(os.fsdecode(name)).absolute()
        for name in (error.filename, error.filename2)
        if isinstance(name, (str, bytes))
    ]
    return (
        any(name.is_relative_to(folder) for name in named) if named else error.errno not in (errno.EACCES, errno.EPERM)
    )


def check_apart(folder: Path, data_dir) -> None:
    """A CourseError where results would lie among the reader's pictures."""
    if not data_dir:
        return
    pictures = Path(data_dir).expanduser().resolve()
    if folder.resolve().is_relative_to(pictures):
        raise CourseError(f"Results must not be written among your pictures: output_dir '{folder}' lies in data_dir "
                          f"'{pictures}'. Choose a folder elsewhere, or leave output_dir empty.")  # fmt: skip


def write_json(path: str | Path, value) -> Path:
    """Write what JSON knows, for a person to read too; whole or not at all.

    Raises:
        OSError: the folder cannot be written (from the system, unchanged).
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
    return Path(path)


def write_yaml(path: str | Path, values: dict, comment: str = "") -> Path:
    """Write names and values that JSON knows as a YAML file, in their order, below a comment; whole or not at all.

    Raises:
        OSError: the folder cannot be written (from the system, unchanged).
    """
    import yaml  # here, so that what serves a model runs without it

    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1000)
    with replacing(path) as temporary:
        temporary.write_text("".join(f"# {line}\n" for line in comment.splitlines()) + text, encoding="utf-8")
    return Path(path)


def read_yaml(path: str | Path) -> dict:
    """The names and values of a YAML file.

    Raises:
        CourseError: there is no such file, or it is no YAML of the form `name: value`.
    """
    import yaml

    path, form = Path(path).expanduser(), "Expected lines of the form   lr: 0.001"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or "it is no text"
        raise CourseError(f"'{path}' cannot be read: {told}.") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is not
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise CourseError(f"'{path}' is no YAML{where}: {getattr(error, 'problem', None) or error}. {form}") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise CourseError(f"'{path}' has no names and values. {form}")
    return values
