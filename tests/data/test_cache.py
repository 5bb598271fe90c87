"""The cache: the same pictures from everywhere, no more room taken than there is, whole files or none."""

import os
import pickle
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from utils.data import ahead, cache, room, stores
from utils.data.cache import CACHES, open_store
from utils.data.images import open_image
from utils.data.room import free_memory
from utils.data.stores import InMemory, OnDisk, decoded, is_whole
from utils.data.transforms import Preprocessing
from utils.errors import CourseError

PREPROCESSING = Preprocessing((12, 16))
COUNT = 7
SHAPE = (COUNT, 12, 16, 3)


@pytest.fixture
def root(tmp_path, draw):
    """A folder with seven pictures of different shapes."""
    for number in range(COUNT):
        draw(tmp_path / "pictures" / f"{number}.{'jpg' if number % 2 else 'png'}", number, (20 + 9 * number, 30))
    return tmp_path / "pictures"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def paths_in(root):
    return sorted(path for path in root.iterdir() if path.suffix in (".jpg", ".png"))


def opened(root, kind="memory", folder=None, preprocessing=PREPROCESSING, **options):
    options = {"progress": False} | options
    return open_store(paths_in(root), preprocessing, root, kind, folder, **options)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def files_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def no_decoding(monkeypatch):
    """From now on, decoding fails the test."""

    def refuse():
        monkeypatch.setattr(stores, "_read", lambda path, _: pytest.fail(f"{path} is decoded a second time"))

    return refuse


# --- the same pictures from everywhere -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "disk", "none"])
def test_every_store_gives_each_picture_as_preprocessing_stores_it(kind, root, folder):
    store, _ = opened(root, kind, folder)
    expected = [PREPROCESSING.store(open_image(path)) for path in paths_in(root)]
    assert np.array_equal(store.take(range(COUNT)), expected)
    rows = np.array([5, 0, 5, 3])  # any order, also twice
    assert np.array_equal(store.take(rows), [expected[row] for row in rows])


@pytest.mark.parametrize("kind", ["memory", "disk", "none"])
def test_what_is_taken_belongs_to_the_caller(kind, root, folder):
    store, _ = opened(root, kind, folder)
    taken = store.take([0, 1])
    before = taken.copy()
    taken[:] = 0
    assert np.array_equal(store.take([0, 1]), before)


@pytest.mark.parametrize("kind", ["memory", "disk", "none"])
def test_a_store_goes_to_another_process_and_one_on_disk_without_its_pictures(kind, root, folder):
    store, _ = opened(root, kind, folder)
    sent = pickle.dumps(store)
    assert np.array_equal(pickle.loads(sent).take([6, 2]), store.take([6, 2]))
    if kind == "disk":
        assert len(sent) < 500


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_pictures_come_in_their_order_whatever_the_number_of_threads(threads, root):
    expected = opened(root)[0].take(range(COUNT))
    assert np.array_equal(opened(root, threads=threads)[0].take(range(COUNT)), expected)
    assert np.array_equal(opened(root, "none", threads=threads)[0].take(range(COUNT)), expected)


def test_a_worker_process_takes_no_threads_beside_itself(root, monkeypatch):
    store, _ = opened(root, "none", threads=4)
    monkeypatch.setattr(stores, "get_worker_info", lambda: "one of them")
    monkeypatch.setattr(ahead, "ThreadPoolExecutor", None)
    assert len(store.take([0, 1])) == 2


def test_no_thread_is_left_behind(root):
    before = threading.active_count()
    opened(root, threads=4)
    assert threading.active_count() == before


def test_a_bar_is_shown_only_if_wanted(root, capsys):
    opened(root, progress=False)
    assert capsys.readouterr() == ("", "")
    opened(root, progress=True)
    assert f"{COUNT}/{COUNT}" in capsys.readouterr().err


# --- on disk ---------------------------------------------------------------------------------------


def test_a_cache_on_disk_is_used_again(root, folder, no_decoding):
    first = opened(root, "disk", folder)[0].take(range(COUNT))
    assert len(files_in(folder)) == 1
    no_decoding()
    assert np.array_equal(opened(root, "disk", folder)[0].take(range(COUNT)), first)
    symmetric = Preprocessing((12, 16), normalisation="symmetric")  # comes after the cache
    assert np.array_equal(opened(root, "disk", folder, symmetric)[0].take(range(COUNT)), first)
    assert len(files_in(folder)) == 1


def test_the_file_is_an_array_that_numpy_reads(root, folder):
    store, _ = opened(root, "disk", folder)
    found = np.load(store.file)
    assert (found.dtype, found.shape) == (np.uint8, SHAPE)


@pytest.mark.parametrize("other", [
    Preprocessing((16, 12)), Preprocessing((12, 16), "pad"), Preprocessing((12, 16), interpolation="nearest"),
    Preprocessing((12, 16), fill=(0, 0, 0)),
], ids=lambda other: other.describe()[:25])  # fmt: skip
def test_another_way_of_resizing_has_another_cache(other, root, folder):
    opened(root, "disk", folder)
    store, _ = opened(root, "disk", folder, other)
    assert len(files_in(folder)) == 2
    assert np.array_equal(store.take([3])[0], other.store(open_image(paths_in(root)[3])))


def test_a_picture_that_changed_is_seen_and_one_that_is_new_too(root, folder, draw):
    opened(root, "disk", folder)
    changed = draw(paths_in(root)[2], seed=99, size=(38, 30))
    os.utime(changed, ns=(1, 1))  # whatever the clock's steps
    store, _ = opened(root, "disk", folder)
    assert np.array_equal(store.take([2])[0], PREPROCESSING.store(open_image(changed)))
    draw(root / "new.png", 100)
    assert len(opened(root, "disk", folder)[0].take(range(COUNT + 1))) == COUNT + 1
    assert len(files_in(folder)) == 3


def test_a_picture_of_the_same_length_written_later_is_seen_too(root, folder):
    opened(root, "disk", folder)
    os.utime(paths_in(root)[2], ns=(1, 1))
    opened(root, "disk", folder)
    assert len(files_in(folder)) == 2


@pytest.mark.parametrize("damage", [
    lambda whole: whole[:-1], lambda whole: whole[:40], lambda whole: b"", lambda whole: b"not an array",
    lambda whole: whole.replace(b"|u1", b"|i1"), lambda whole: whole[:-4], lambda whole: whole + bytes(4),
    lambda whole: whole[: -4 * COUNT], lambda whole: whole[: len(whole) // 2],
])  # fmt: skip
def test_a_cache_that_is_not_whole_is_made_anew(damage, root, folder):
    file = opened(root, "disk", folder)[0].file
    whole = file.read_bytes()
    assert is_whole(file, SHAPE)
    file.write_bytes(damage(whole))
    assert not is_whole(file, SHAPE)
    opened(root, "disk", folder)
    assert file.read_bytes() == whole


def test_a_cache_of_another_shape_is_none(root, folder):
    file = opened(root, "disk", folder)[0].file
    assert not is_whole(file, (COUNT + 1, *SHAPE[1:]))
    assert not is_whole(folder / "missing.npy", SHAPE)


def test_a_kill_midway_leaves_no_cache_and_the_next_one_is_right(root, folder, forked):
    count = iter(range(100))
    read = stores._read

    def end_at_the_fourth():  # without any cleaning up
        stores._read = lambda *arguments: os._exit(0) if next(count) == 3 else read(*arguments)
        opened(root, "disk", folder, threads=1)

    assert os.waitpid(forked(end_at_the_fourth), 0)[1] == 0
    lock, half = files_in(folder)
    assert lock.endswith(".lock")
    assert half.startswith("."), "under a temporary name"
    expected = opened(root)[0].take(range(COUNT))
    store, _ = opened(root, "disk", folder)
    assert np.array_equal(store.take(range(COUNT)), expected)
    assert files_in(folder) == [store.file.name], "half of many GB is a lot"


def test_what_was_left_half_written_is_removed_once_it_is_old(root, folder):
    folder.mkdir()
    names = (".pictures-a.npy.x1", ".pictures-a.lock", ".pictures-b.npy.x2", ".mine")
    old, old_lock, young, foreign = (folder / name for name in names)
    for file in (old, old_lock, young, foreign):
        file.write_bytes(b"half")
    for file in (old, old_lock, foreign):
        os.utime(file, (1, 1))
    opened(root, "disk", folder)
    assert not old.exists()
    assert not old_lock.exists()
    assert young.exists(), "somebody may be writing it"
    assert foreign.exists()


def test_when_a_cache_is_made_those_are_removed_that_were_not_used_for_30_days(root, folder):
    used, unused = (opened(root, "disk", folder, Preprocessing((4, side)))[0].file for side in (4, 8))
    young, *foreign = (folder / name for name in (f"pictures-{'0' * 32}.npy", "pictures-mine.npy", f"{'0' * 32}.npy"))
    for file in (young, *foreign):
        file.write_bytes(b"whatever")
    days = 24 * 3600
    for file, age in ((used, 40), (unused, 31), (young, 29), *((file, 40) for file in foreign)):
        os.utime(file, (time.time() - age * days,) * 2)
    opened(root, "disk", folder, Preprocessing((4, 4)))
    assert unused.exists(), "there was one, so none was made"
    opened(root, "disk", folder)
    assert not unused.exists()
    assert used.exists(), "it was used just now, for the first time in 40 days"
    assert all(file.exists() for file in (young, *foreign))


def test_another_pillow_may_decode_otherwise_so_it_makes_a_cache_of_its_own(root, folder, monkeypatch):
    opened(root, "disk", folder)
    monkeypatch.setattr(cache.PIL, "__version__", "99.0")
    opened(root, "disk", folder)
    assert len(files_in(folder)) == 2


def test_a_damaged_cache_is_noticed_and_the_next_run_makes_another(root, folder):
    store, _ = opened(root, "disk", folder)
    whole = store.file.read_bytes()
    middle = len(whole) - COUNT * 4 - 2000
    store.file.write_bytes(whole[:middle] + bytes(100) + whole[middle + 100 :])  # as after a power cut
    assert "Run this again" in message(opened(root, "disk", folder)[0].take, range(COUNT))
    again, _ = opened(root, "disk", folder)
    assert again.file.read_bytes() == whole


# --- several processes -----------------------------------------------------------------------------


def test_of_processes_that_want_the_same_cache_one_decodes_and_the_others_wait(
    root, folder, tmp_path, monkeypatch, forked
):
    read = stores._read

    def slow(path, preprocessing):
        time.sleep(0.05)
        with (tmp_path / "log").open("a") as log:
            log.write(f"{os.getpid()} {path}\n")
        return read(path, preprocessing)

    expected = opened(root)[0].take(range(COUNT))
    monkeypatch.setattr(stores, "_read", slow)
    children = [
        forked(lambda: np.array_equal(opened(root, "disk", folder)[0].take(range(COUNT)), expected)) for _ in range(3)
    ]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    decoded_by, paths = zip(*(line.split() for line in (tmp_path / "log").read_text().splitlines()))
    assert len(set(decoded_by)) == 1
    assert sorted(paths) == [str(path) for path in paths_in(root)]
    assert len(files_in(folder)) == 1, "no lock is left"


def test_who_waits_is_told_and_goes_on_where_the_one_that_decodes_is_killed(root, folder, monkeypatch, forked):
    begun, begins = os.pipe()

    def stick_at_the_first():
        stores._read = lambda *arguments: os.write(begins, b"!") and time.sleep(100)
        opened(root, "disk", folder, threads=1)

    child = forked(stick_at_the_first)
    assert os.read(begun, 1) == b"!"
    monkeypatch.setattr(cache, "PATIENCE", 0.05)
    end = threading.Timer(0.5, os.kill, (child, signal.SIGKILL))
    end.start()
    with pytest.warns(UserWarning, match=f"Another process decodes the same pictures to '{folder}.*; waiting for it"):
        store, _ = opened(root, "disk", folder)
    end.join()
    os.waitpid(child, 0)
    assert np.array_equal(store.take(range(COUNT)), opened(root)[0].take(range(COUNT)))
    assert files_in(folder) == [store.file.name]


def test_each_of_several_processes_takes_its_part_of_the_memory_and_of_the_cores(root, folder, monkeypatch):
    monkeypatch.setattr(room.os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    share = 1.5 * np.prod(SHAPE) / free_memory()  # enough for one
    for count, kind, threads in ((1, "memory", 8), (2, "disk", 4)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(count))
        assert opened(root, "auto", folder, memory_share=share)[1].kind == kind
        assert opened(root, "none")[0].threads == threads


def test_an_error_midway_leaves_nothing(root, folder):
    (root / "8.png").write_bytes(b"no picture")
    message(opened, root, "disk", folder)
    assert files_in(folder) == []


def test_a_folder_that_cannot_be_written_is_answered(root, tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = message(opened, root, "disk", tmp_path / "file" / "cache")
    assert "The cache cannot be written to" in found
    assert "cache='none'" in found


def test_the_default_folder_is_the_courses_runs():
    course = Path(cache.__file__).resolve().parents[2]
    assert course / "runs" / "cache" == cache.FOLDER


def test_where_the_course_itself_may_not_be_written_the_cache_goes_to_the_systems_temporary_folder(
    root, monkeypatch, tmp_path
):
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "nowhere" / "runs" / "cache")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert opened(root, "disk")[0].file.parent == tmp_path / "temporary" / "course-cache"


# --- never among the pictures ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "disk", "auto"])
def test_no_folder_among_the_pictures_is_taken(kind, root, tmp_path, fingerprint):
    (tmp_path / "link").symlink_to(root)
    before = fingerprint(root)
    for inside in (root, root / "cache", root / "a" / "b", tmp_path / "link" / "cache", root / ".." / root.name / "c"):
        found = message(opened, root, kind, inside)
        assert "The cache must not be written among your pictures" in found
        assert "cache_dir='...'" in found
    assert fingerprint(root) == before
    assert opened(root, kind, root.parent / f"{root.name} cache")


def test_the_default_folder_is_not_taken_either_where_it_lies_among_the_pictures(root, monkeypatch):
    monkeypatch.setattr(cache, "FOLDER", root / "runs" / "cache")
    assert "must not be written among your pictures" in message(opened, root, "disk")
    assert opened(root, "memory")[1].kind == "memory", "nothing is written for this one"


@pytest.mark.parametrize("kind", CACHES)
def test_the_pictures_folder_is_left_as_it_was(kind, root, folder, fingerprint):
    before, working_folder = fingerprint(root), os.getcwd()
    opened(root, kind, folder)[0].take(range(COUNT))
    assert fingerprint(root) == before
    assert os.getcwd() == working_folder


# --- pictures that cannot be read ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_all_pictures_that_cannot_be_read_are_named_with_what_to_do(kind, root, folder):
    (root / "1.jpg").unlink()
    paths = [*paths_in(root), root / "gone.png"]
    (root / "0.png").write_bytes(b"")
    (root / "3.jpg").write_bytes((root / "3.jpg").read_bytes()[:300])
    found = message(open_store, paths, PREPROCESSING, root, kind, folder, progress=False)
    assert "3 of 7 pictures cannot be read (broken, empty file, missing)" in found
    for name in ("0.png", "3.jpg", "gone.png"):
        assert str(root / name) in found
    assert "2.png" not in found
    assert "scan(folder)" in found


def test_without_a_cache_they_are_named_when_they_are_taken(root):
    (root / "0.png").write_bytes(b"")
    store, _ = opened(root, "none")
    assert len(store.take([1, 2])) == 2
    assert "1 of 2 pictures cannot be read (empty file)" in message(store.take, [1, 0])


def test_another_error_than_a_pictures_is_not_swallowed(root, monkeypatch):
    monkeypatch.setattr(stores, "open_image", lambda path, size: Image.new("L", (4, 4)))
    assert "Expected an RGB image" in message(opened, root, threads=2)


# --- room ------------------------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_is_not_filled_but_a_cache_that_is_there_is_used(root, folder, monkeypatch):
    store, _ = opened(root, "disk", folder)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    monkeypatch.setattr(cache, "free_memory", lambda: 10)
    assert opened(root, "auto", folder)[1].kind == "disk"
    store.file.unlink()
    assert opened(root, "auto", folder)[1].kind == "none"
    assert "has room for" in message(opened, root, "disk", folder)


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_a_share_of_the_memory_that_is_none_is_answered(share, root):
    assert f"got {share!r}" in message(opened, root, "auto", memory_share=share)


def test_an_unknown_cache_is_answered_with_those_there_are(root):
    assert "one of 'auto', 'memory', 'disk', 'none', but got 'ram'" in message(opened, root, "ram")


def test_what_is_named_here_are_the_stores_that_loaders_use(root, folder):
    assert isinstance(opened(root, "memory")[0], InMemory)
    assert isinstance(opened(root, "disk", folder)[0], OnDisk)
    assert list(decoded([], PREPROCESSING, 2, False)) == []
