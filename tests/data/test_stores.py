"""Stores: a file on disk gives its pictures wherever memory is short, and what was damaged is no picture."""

import os
import sys
import zlib

import numpy as np
import pytest

from utils.data import stores
from utils.data.stores import OnDisk, is_whole, write
from utils.errors import CourseError

SHAPE = (5, 3, 4, 3)
PICTURE = 3 * 4 * 3  # bytes
EVERY_WAY = pytest.mark.parametrize("way", ["with preadv", "as on Windows"])


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(1, 255, SHAPE, dtype=np.uint8)


@pytest.fixture
def file(tmp_path, pictures):
    write(iter(pictures), SHAPE, tmp_path / "pictures.npy")
    return tmp_path / "pictures.npy"


def without_preadv(monkeypatch, way):
    if way == "as on Windows":
        monkeypatch.setattr(stores, "HAS_PREADV", False)
        monkeypatch.delattr(os, "preadv", raising=False)


@EVERY_WAY
def test_rows_are_those_of_the_array(way, file, pictures, monkeypatch):
    without_preadv(monkeypatch, way)
    store = OnDisk(file)
    for rows in (range(5), np.array([4, 0, 4, 2]), [-1, 1], []):
        assert np.array_equal(store.take(rows), pictures[list(rows)])
    for none in (5, -6):
        with pytest.raises(IndexError):
            store.take([0, none])


def test_behind_the_array_there_is_a_checksum_a_picture(file, pictures):
    content = file.read_bytes()
    assert len(content) == 4096 + pictures.nbytes + 5 * 4, "pictures begin where a page begins"
    assert content.endswith(np.array([zlib.crc32(picture) for picture in pictures], "<u4").tobytes())
    assert np.array_equal(np.load(file), pictures)
    assert np.array_equal(np.load(file, mmap_mode="r"), pictures)


def test_processes_that_were_forked_do_not_disturb_each_other(tmp_path, forked):
    shape = (500, 8, 8, 3)
    pictures = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    write(pictures, shape, tmp_path / "pictures.npy")
    store = OnDisk(tmp_path / "pictures.npy")

    def are_right(seed):
        orders = [np.random.default_rng((seed, turn)).permutation(500) for turn in range(20)]
        return all(np.array_equal(store.take(order), pictures[order]) for order in orders)

    children = [forked(lambda seed=seed: are_right(seed)) for seed in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]


@EVERY_WAY
@pytest.mark.parametrize("place", [0, PICTURE - 1])  # of the picture's bytes
def test_a_damaged_picture_is_noticed_when_it_is_read_and_the_file_is_removed(place, way, file, pictures, monkeypatch):
    without_preadv(monkeypatch, way)
    content = bytearray(file.read_bytes())
    begin = len(content) - (5 - 2) * PICTURE - 5 * 4  # of the third one
    content[begin + place] = 0
    file.write_bytes(content)
    assert is_whole(file, SHAPE), "to see it, one would have to read all of it"
    store = OnDisk(file)
    assert np.array_equal(store.take([1, 3]), pictures[[1, 3]])
    for _ in range(2):
        with pytest.raises(CourseError, match="is damaged. Run this again, and the pictures are decoded anew"):
            store.take([3, 2])
    assert not file.exists()


@EVERY_WAY
def test_a_file_that_is_cut_off_while_it_is_open_is_noticed_also_where_it_was_read_before(way, file, monkeypatch):
    without_preadv(monkeypatch, way)
    store = OnDisk(file)
    store.take(range(5))
    os.truncate(file, file.stat().st_size - 5 * 4 - 1)
    assert len(store.take([0, 3])) == 2
    with pytest.raises(CourseError, match="is damaged"):
        store.take([0, 4])
    assert not file.exists()


def test_each_picture_is_checked_once(file, pictures, monkeypatch):
    store, checked = OnDisk(file), []
    monkeypatch.setattr(zlib, "crc32", lambda data, crc32=zlib.crc32: checked.append(1) or crc32(data))
    for rows in ([0, 3], [3, 0, 3], [3, 4]):
        store.take(rows)
    assert len(checked) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="there, an open file cannot be removed")
def test_a_file_that_was_removed_serves_those_who_have_it_open(file, pictures):
    store = OnDisk(file)
    file.unlink()
    assert np.array_equal(store.take([3]), pictures[[3]])


def test_the_file_is_closed_when_nobody_wants_the_store(file):
    store = OnDisk(file)
    stream = store._stream
    del store
    assert stream.closed


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(tmp_path, pictures, monkeypatch):
    synced, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    monkeypatch.setattr(os, "replace", lambda *names: synced.append("in its place") or replace(*names))
    write(pictures, SHAPE, tmp_path / "pictures.npy")
    assert synced == [(tmp_path / "pictures.npy").stat().st_size, "in its place"]
