"""Stores of pictures: in memory, in a file on disk, or none, where each is decoded when it is wanted.

Words: a *store* answers `take(rows)` with those pictures, uint8 (n, H, W, 3), which belong to the caller.
Convention: the one on disk keeps 5 bytes a picture in memory, so that pictures may be many times larger than it.
"""

import math
import os
import struct
import warnings
import weakref
import zlib
from array import array
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import get_worker_info
from tqdm.auto import tqdm

from utils.data.ahead import in_order
from utils.data.images import PictureError, open_image
from utils.errors import CourseError, named
from utils.files import replacing

SUM = np.dtype("<u4")  # a picture's checksum
PAGE = 4096  # bytes
HAS_PREADV = hasattr(os, "preadv")  # not on Windows, where no process is forked


class InMemory:
    """All pictures in memory. A tensor, because it goes to worker processes as shared memory, without a copy."""

    def __init__(self, pictures: np.ndarray):
        self.pictures = torch.from_numpy(pictures)

    def take(self, rows) -> np.ndarray:
        return self.pictures.numpy().take(rows, axis=0)


class OnDisk:
    """All pictures in a .npy file, each with a checksum behind them; what is wanted is read from it.

    It is no memory map: that fails where the address space is limited (`ulimit -v`), and kills the process where the file
    is cut off meanwhile. Each picture is checked the first time it is read, since to check all at the start would mean to
    read all. Processes that were forked may read at the same time.

    Raises:
        ValueError, OSError: on creation, where the file is not whole.
    """

    def __init__(self, file: Path):
        self.file = file
        self._stream = file.open("rb", buffering=0)
        self._number = self._stream.fileno()
        weakref.finalize(self, self._stream.close)
        np.lib.format.read_magic(self._stream)
        self.shape, _, dtype = np.lib.format.read_array_header_1_0(self._stream)
        self._begin = self._stream.tell()
        self._stream.seek(self._begin + math.prod(self.shape))
        self._sums = np.frombuffer(self._stream.read(SUM.itemsize * (self.shape[0] + 1)), SUM)
        if dtype != np.uint8 or len(self._sums) != self.shape[0]:
            raise ValueError("not whole")
        self._places = range(self.shape[0])  # of which -1 is the last one, as in an array
        self._is_checked = bytearray(self.shape[0])

    def take(self, rows) -> np.ndarray:
        """The pictures at these rows.

        Raises:
            CourseError: the file was damaged meanwhile; it is removed, so that the next run makes another.
        """
        taken = np.empty((len(rows), *self.shape[1:]), np.uint8)
        size = math.prod(self.shape[1:])  # bytes
        for picture, row in zip(taken, rows):
            place = self._places[row]
            count = self._read(picture, self._begin + place * size)
            if count < size or not (self._is_checked[place] or self._check(picture, place)):
                with suppress(OSError):
                    self.file.unlink()
                raise CourseError(f"The cache '{self.file}' is damaged. Run this again, and the pictures are decoded anew "
                                  "(delete the file first, should it still be there).")  # fmt: skip
        return taken

    def _read(self, picture, begin):
        """How many bytes were there for the picture."""
        if HAS_PREADV:  # worker processes that were forked have one position in the file together, so it is not used
            return os.preadv(self._number, [picture], begin)
        self._stream.seek(begin)
        return self._stream.readinto(picture)

    def _check(self, picture, place):
        self._is_checked[place] = bool(zlib.crc32(picture) == self._sums[place])
        return self._is_checked[place]

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


def decoded(paths, preprocessing, threads: int, progress: bool):
    """Yields each picture at its size, uint8 (H, W, 3), in order; decoded by threads, some ahead.

    Raises:
        CourseError: at the end, naming all pictures that cannot be read.
    """
    broken = []
    bar = tqdm(total=len(paths), desc="reading pictures", unit=" pictures", disable=not progress)
    with bar, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn about odd bytes, one line a picture; scan says what matters
        for found in in_order(lambda path: _read(path, preprocessing), paths, threads):
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
        return OnDisk(file).shape == tuple(shape)
    except (OSError, ValueError):
        return False


def write(pictures, shape, file):
    """Write pictures as a file for `OnDisk`, whole or not at all.

    One after the other, not through a memory map: there, a full disk would kill the process.

    Raises:
        OSError: the folder cannot be written (from the system, unchanged).
    """
    sums = array("I")
    with replacing(file) as temporary, temporary.open("wb") as stream:
        stream.write(_header(shape))
        for picture in pictures:
            stream.write(picture.data)
            sums.append(zlib.crc32(picture))
        stream.write(np.asarray(sums, SUM).data)
        stream.flush()
        os.fsync(stream.fileno())  # else after a power cut there may be the name, but not what is in it


def _header(shape):
    """As numpy writes it, but a page long: the system reads by pages, and so has fewer to read for many a size."""
    text = repr({"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}).encode()
    text = text.ljust(PAGE - 11) + b"\n"
    return np.lib.format.magic(1, 0) + struct.pack("<H", len(text)) + text


def _read(path, preprocessing):
    try:
        return preprocessing.store(open_image(path, size=preprocessing.decode_size))
    except PictureError as error:
        return error
