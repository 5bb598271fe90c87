"""Files written whole or not at all."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


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


def _umask():
    mask = os.umask(0)  # there is no way to read it but to set it
    os.umask(mask)
    return mask
