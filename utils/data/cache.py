"""Decode once: the resized pictures of a table, kept in memory or on disk, or decoded each time they are wanted.

Conventions: a cache lies never among the reader's pictures. On disk it is one .npy file a table, written whole or
not at all; its name is a digest of the paths, the times and sizes of the files, and how they are decoded and resized,
so that a changed picture makes a new one. When one is made, those that nobody used for 30 days are removed from the
same folder. They may be deleted at any time.
"""

import hashlib
import json
import math
import os
import tempfile
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import numpy as np
import PIL

from utils.data.room import Choice, choose, cores, free_disk, free_memory
from utils.data.stores import FromFiles, InMemory, OnDisk, decoded, is_whole, write
from utils.errors import CourseError, named
from utils.files import remove_litter

CACHES = ("auto", "memory", "disk", "none")
FOLDER = Path(__file__).resolve().parents[2] / "runs" / "cache"
OURS = f"pictures-{'[0-9a-f]' * 32}.npy"
UNUSED_AGE = 30 * 24 * 3600  # seconds
LITTER = ".pictures-*"
LITTER_AGE = 24 * 3600  # seconds; a younger half-written file may still be in the making
PATIENCE = 10  # seconds to wait for another process without a word
MOST_THREADS = 8


def open_store(paths, preprocessing, root, cache="auto", cache_dir=None, memory_share=0.5, threads=None, progress=True):
    """The pictures ready to be taken, decoded now if they are to be cached; and the Choice that was made.

    Args:
        paths: the pictures, N absolute paths.
        preprocessing: says at which size and how they are kept.
        root: the reader's folder, in which nothing may be written.
        cache: "memory", "disk" or "none"; "auto" takes the first of them that there is room for.
        cache_dir: folder for "disk"; None takes runs/cache of the course.
        memory_share: of the memory that is free now, how much "auto" may take, 0 to 1; all processes that share the
            machine (`torchrun`) together.
        threads: that decode; None takes one a core, at most 8; of the cores, too, each process has its part.
        progress: whether to show a bar while pictures are decoded.

    Raises:
        CourseError: pictures cannot be read (all of them are named), there is no room for the cache that was asked
            for, or its folder lies among the pictures.
    """
    if cache not in CACHES:
        raise CourseError(f"Expected the cache to be one of {named(CACHES)}, but got {cache!r}.")
    folder = _folder(cache_dir, root)
    threads = threads or min(cores(), MOST_THREADS)
    if cache == "none":
        return FromFiles(paths, preprocessing, threads), Choice("none", "as asked for")
    shape = (len(paths), *preprocessing.size, 3)
    file = folder / f"pictures-{_digest(paths, preprocessing)}.npy"
    disk = math.inf if is_whole(file, shape) else free_disk(folder)
    choice = choose(math.prod(shape), cache, memory_share, free_memory(), disk)
    if choice.kind == "none":
        return FromFiles(paths, preprocessing, threads), choice
    pictures = decoded(paths, preprocessing, threads, progress)
    if choice.kind == "memory":
        return InMemory(_fill_memory(pictures, shape)), choice
    _check_apart(folder, root)
    if not is_whole(file, shape):
        _fill_disk(pictures, shape, file)
    with suppress(OSError):  # where others made it, we may not
        os.utime(file)  # it is in use
    return OnDisk(file), choice


def _fill_memory(pictures, shape):
    filled = np.empty(shape, dtype=np.uint8)
    for row, picture in enumerate(pictures):
        filled[row] = picture
    return filled


def _fill_disk(pictures, shape, file):
    """By one process, while others that want the same wait for it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file):
            if not is_whole(file, shape):  # else another one filled it meanwhile
                remove_litter(file.parent, file.name)
                _sweep(file.parent)
                write(pictures, shape, file)
    except OSError as error:
        raise CourseError(f"The cache cannot be written to '{file.parent}': {error.strerror}. Free some space, choose "
                          "another folder (cache_dir='...'), or do without: cache='none'") from error  # fmt: skip


@contextmanager
def _alone(file):
    """Within the block no other process makes this cache. The system lets go of a lock when its process is killed."""
    lock = filelock.FileLock(file.with_name(f".{file.stem}.lock"))
    try:
        lock.acquire(timeout=PATIENCE)
    except filelock.Timeout:
        warnings.warn(f"Another process decodes the same pictures to '{file}'; waiting for it.", stacklevel=2)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink()


def _sweep(folder):
    """Remove what a killed process left half-written, and the caches that were not used for long."""
    for names, age in ((LITTER, LITTER_AGE), (OURS, UNUSED_AGE)):
        for file in folder.glob(names):
            with suppress(OSError):  # somebody else's, or on Windows in use
                if time.time() - file.stat().st_mtime > age:
                    file.unlink()


def _folder(cache_dir, root):
    if cache_dir is None:
        return FOLDER if os.access(FOLDER.parents[1], os.W_OK) else Path(tempfile.gettempdir()) / "course-cache"
    folder = Path(cache_dir).expanduser().absolute()
    _check_apart(folder, root)
    return folder


def _check_apart(folder, root):
    if folder.resolve().is_relative_to(Path(root).resolve()):
        raise CourseError(f"The cache must not be written among your pictures: '{folder}' lies in '{root}'. "
                          "Choose a folder elsewhere, cache_dir='...', or do without: cache='none'")  # fmt: skip


def _digest(paths, preprocessing):
    """Of all that decides what is in the cache; normalisation comes later and is not part of it."""
    how = {name: value for name, value in preprocessing.to_dict().items() if name != "normalisation"}
    how["Pillow"] = PIL.__version__  # another one may decode otherwise
    digest = hashlib.blake2b(json.dumps(how, sort_keys=True).encode(), digest_size=16)
    for path in paths:
        try:
            state = os.stat(path)  # noqa: PTH116 - for a million paths
            digest.update(os.fsencode(path) + f"\0{state.st_mtime_ns}\0{state.st_size}\n".encode())
        except OSError:  # reading it will say why
            digest.update(os.fsencode(path) + b"\0\n")
    return digest.hexdigest()
