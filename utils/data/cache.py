"""Decode once: the resized pictures of a table, kept in memory or on disk, or decoded each time they are wanted.

Words: a *store* answers `take(rows)` with those pictures, uint8 (n, H, W, 3), which belong to the caller.
Conventions: a cache lies never among the reader's pictures. On disk it is one .npy file a table, written whole or
not at all; its name is a digest of the paths, the times and sizes of the files, and how they were resized, so
that a changed picture makes a new one. Old ones may be deleted at any time.
"""

import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import time
import warnings
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import get_worker_info
from tqdm.auto import tqdm

from utils.data.images import PictureError, open_image
from utils.errors import CourseError, named
from utils.files import replacing

CACHES = ("auto", "memory", "disk", "none")
FOLDER = Path(__file__).resolve().parents[2] / "runs" / "cache"
UNKNOWN_MEMORY = 10**9  # bytes taken as free where the system does not tell
DISK_SHARE = 0.9  # of the free disk, at most
LITTER_AGE = 24 * 3600  # seconds; a younger half-written file may still be in the making
MOST_THREADS = 8


class InMemory:
    """All pictures in memory. A tensor, because it goes to worker processes as shared memory, without a copy."""

    def __init__(self, pictures: np.ndarray):
        self.pictures = torch.from_numpy(pictures)

    def take(self, rows) -> np.ndarray:
        return self.pictures.numpy().take(rows, axis=0)


class OnDisk:
    """All pictures in a .npy file, of which the system keeps in memory what it has room for."""

    def __init__(self, file: Path):
        self.file = file
        self._pictures = np.load(file, mmap_mode="r")

    def take(self, rows) -> np.ndarray:
        return np.asarray(self._pictures).take(rows, axis=0)

    def __reduce__(self):  # a worker process opens the file itself, instead of getting all of it sent
        return type(self), (self.file,)


class FromFiles:
    """Pictures decoded each time: by threads, and inside a worker process by one."""

    def __init__(self, paths, preprocessing, threads: int):
        self.paths, self.preprocessing, self.threads = list(paths), preprocessing, threads

    def take(self, rows) -> np.ndarray:
        threads = 1 if get_worker_info() else self.threads
        paths = [self.paths[row] for row in rows]
        return np.stack(list(decoded(paths, self.preprocessing, threads, progress=False)))


class Choice(NamedTuple):
    """Where pictures are kept (memory, disk, none), and why, in words."""

    kind: str
    why: str


def open_store(paths, preprocessing, root, cache="auto", cache_dir=None, memory_share=0.5, threads=None, progress=True):
    """The pictures ready to be taken, decoded now if they are to be cached; and the Choice that was made.

    Args:
        paths: the pictures, N absolute paths.
        preprocessing: says at which size and how they are kept.
        root: the reader's folder, in which nothing may be written.
        cache: "memory", "disk" or "none"; "auto" takes the first of them that there is room for.
        cache_dir: folder for "disk"; None takes runs/cache of the course.
        memory_share: of the memory that is free now, how much "auto" may take, 0 to 1.
        threads: that decode; None takes one a core, at most 8.
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
    disk = math.inf if is_whole(file, shape) else _free_disk(folder) * DISK_SHARE
    choice = choose(math.prod(shape), cache, memory_share, free_memory(), disk)
    if choice.kind == "none":
        return FromFiles(paths, preprocessing, threads), choice
    pictures = decoded(paths, preprocessing, threads, progress)
    if choice.kind == "memory":
        return InMemory(_fill_memory(pictures, shape)), choice
    _check_apart(folder, root)
    if not is_whole(file, shape):
        _fill_disk(pictures, shape, file)
    return OnDisk(file), choice


def choose(need: int, cache: str, memory_share: float, memory: float, disk: float) -> Choice:
    """Where to keep `need` bytes of pictures, with so many bytes free in memory and on disk.

    Raises:
        CourseError: there is no room where it was asked for, or `memory_share` is no share.
    """
    if not 0 < memory_share <= 1:
        raise CourseError(f"Expected memory_share as a share of the free memory, over 0 to 1, got {memory_share!r}.")
    size, share = _in_words(need), f"{memory_share:.0%}"
    if cache == "auto":
        if need <= memory * memory_share:
            return Choice("memory", f"{size}, under {share} of the memory that is free")
        if need <= disk:
            return Choice("disk", f"{size}, over {share} of the memory that is free")
        return Choice("none", f"{size}, too much for the free memory and the free disk")
    room = {"memory": memory, "disk": disk}[cache]
    if need > room:
        raise CourseError(f"The pictures take {size} at this size, but cache={cache!r} has room for {_in_words(room)}. "
                          "Choose cache='auto' or cache='none', or a smaller size.")  # fmt: skip
    return Choice(cache, f"{size}, as asked for")


def decoded(paths, preprocessing, threads: int, progress: bool):
    """Yields each picture at its size, uint8 (H, W, 3), in order; decoded by threads, some ahead.

    Raises:
        CourseError: at the end, naming all pictures that cannot be read.
    """
    broken = []
    bar = tqdm(total=len(paths), desc="reading pictures", unit=" pictures", disable=not progress)
    with bar, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn about odd bytes, one line a picture; scan says what matters
        for found in _in_order(lambda path: _read(path, preprocessing), paths, threads):
            bar.update()
            if isinstance(found, PictureError):
                broken.append(found)
            else:
                yield found
    if broken:
        kinds = ", ".join(sorted({error.kind for error in broken}))
        raise CourseError(f"{len(broken)} of {len(paths)} pictures cannot be read ({kinds}): "
                          f"{named(error.path for error in broken)}. Leave them out: scan(folder) names what is wrong "
                          "with each, and its table holds the good ones.")  # fmt: skip


def is_whole(file: Path, shape) -> bool:
    """Whether the cache file is there, complete, and of this shape."""
    try:
        found = np.load(file, mmap_mode="r")  # raises where the file is shorter than its header says
    except (OSError, ValueError, EOFError):
        return False
    return found.shape == tuple(shape) and found.dtype == np.uint8


def _read(path, preprocessing):
    try:
        return preprocessing.store(open_image(path, size=preprocessing.decode_size))
    except PictureError as error:
        return error


def _in_order(function, items, threads):
    """Like map, by threads, but never more than a few results ahead: what waits to be written takes memory."""
    if threads == 1:
        yield from map(function, items)
        return
    waiting = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 4 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _fill_memory(pictures, shape):
    filled = np.empty(shape, dtype=np.uint8)
    for row, picture in enumerate(pictures):
        filled[row] = picture
    return filled


def _fill_disk(pictures, shape, file):
    """Written one after the other: through a memory map, a full disk would kill the process."""
    header = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
    try:
        _sweep(file.parent)
        with replacing(file) as temporary, temporary.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for picture in pictures:
                stream.write(picture.data)
    except OSError as error:
        raise CourseError(f"The cache cannot be written to '{file.parent}': {error.strerror}. Free some space, choose "
                          "another folder (cache_dir='...'), or do without: cache='none'") from error  # fmt: skip


def _sweep(folder):
    """Remove what a killed process left half-written."""
    for left in folder.glob(".pictures-*.npy.*") if folder.is_dir() else ():
        if time.time() - left.stat().st_mtime > LITTER_AGE:
            left.unlink(missing_ok=True)


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
    digest = hashlib.blake2b(json.dumps(how, sort_keys=True).encode(), digest_size=16)
    for path in paths:
        try:
            state = os.stat(path)  # noqa: PTH116 - for a million paths
            digest.update(os.fsencode(path) + f"\0{state.st_mtime_ns}\0{state.st_size}\n".encode())
        except OSError:  # reading it will say why
            digest.update(os.fsencode(path) + b"\0\n")
    return digest.hexdigest()


# --- room ------------------------------------------------------------------------------------------


def free_memory(system: Path = Path("/")) -> int:
    """Bytes of memory that this process may still take: of the machine, or of its container where that is less."""
    available = re.search(r"^MemAvailable:\s+(\d+) kB", _text(system / "proc/meminfo"), re.MULTILINE)
    machine = int(available[1]) * 1024 if available else _half_of_all()
    return max(0, min([machine, *_free_in_groups(system)]))


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _half_of_all():
    """Where only the size of the memory is known, as on macOS; with UNKNOWN_MEMORY where not even that is."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return UNKNOWN_MEMORY


def _free_in_groups(system):
    """What is free in each control group around this process (a container, a job on a cluster)."""
    top = system / "sys/fs/cgroup"
    for line in _text(system / "proc/self/cgroup").splitlines():
        own = top / line.rpartition(":")[2].lstrip("/")
        for group in [folder for folder in (own, *own.parents) if folder.is_relative_to(top)]:
            limit = _text(group / "memory.max").strip()
            if limit.isdigit():  # else "max": no limit of its own
                # Copies of files count as used, and are given back when memory is wanted.
                copies = re.search(r"^inactive_file (\d+)", _text(group / "memory.stat"), re.MULTILINE)
                yield int(limit) - int(_text(group / "memory.current") or 0) + int(copies[1] if copies else 0)


def _text(file):
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _free_disk(folder):
    return shutil.disk_usage(next(above for above in (folder, *folder.parents) if above.is_dir())).free


def _in_words(size):
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6)):,} MB"
