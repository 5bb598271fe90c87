"""The cache: the same pictures from everywhere, no more room taken than there is, whole files or none."""

import os
import pickle
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from utils.data import cache
from utils.data.cache import CACHES, Choice, InMemory, OnDisk, choose, decoded, free_memory, is_whole, open_store
from utils.data.images import open_image
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
        monkeypatch.setattr(cache, "_read", lambda path, _: pytest.fail(f"{path} is decoded a second time"))

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
    monkeypatch.setattr(cache, "get_worker_info", lambda: "one of them")
    monkeypatch.setattr(cache, "ThreadPoolExecutor", None)
    assert len(store.take([0, 1])) == 2


def test_threads_stay_only_a_little_ahead_of_what_is_taken():
    begun = []
    results = cache._in_order(lambda item: begun.append(item) or item, range(1000), 2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    time.sleep(0.05)
    assert len(begun) < 20, "each result that waits takes memory"
    assert list(results) == list(range(5, 1000))


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
    lambda whole: whole.replace(b"|u1", b"|i1"),
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be ended midway")
def test_a_kill_midway_leaves_no_cache_and_the_next_one_is_right(root, folder, monkeypatch):
    count = iter(range(100))
    read = cache._read
    child = os.fork()
    if not child:  # a process of its own, that ends at the fourth picture without any cleaning up
        cache._read = lambda *arguments: os._exit(0) if next(count) == 3 else read(*arguments)
        opened(root, "disk", folder, threads=1)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    left = files_in(folder)
    assert len(left) == 1
    assert left[0].startswith("."), "under a temporary name"
    expected = opened(root)[0].take(range(COUNT))
    assert np.array_equal(opened(root, "disk", folder)[0].take(range(COUNT)), expected)


def test_what_was_left_half_written_is_removed_once_it_is_old(root, folder):
    folder.mkdir()
    old, young, foreign = (folder / name for name in (".pictures-a.npy.x1", ".pictures-b.npy.x2", ".mine"))
    for file in (old, young, foreign):
        file.write_bytes(b"half")
    for file in (old, foreign):
        os.utime(file, (1, 1))
    opened(root, "disk", folder)
    assert not old.exists()
    assert young.exists(), "somebody may be writing it"
    assert foreign.exists()


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
    monkeypatch.setattr(cache, "open_image", lambda path, size: Image.new("L", (4, 4)))
    assert "Expected an RGB image" in message(opened, root, threads=2)


# --- room ------------------------------------------------------------------------------------------

GB = 10**9


@pytest.mark.parametrize(("need", "kind", "share", "memory", "disk", "expected"), [
    (1 * GB, "auto", 0.5, 2 * GB, 0, "memory"), (1 * GB + 1, "auto", 0.5, 2 * GB, 9 * GB, "disk"),
    (1 * GB + 1, "auto", 0.6, 2 * GB, 9 * GB, "memory"), (9 * GB, "auto", 0.5, 2 * GB, 9 * GB, "disk"),
    (9 * GB + 1, "auto", 0.5, 2 * GB, 9 * GB, "none"), (2 * GB, "memory", 0.5, 2 * GB, 0, "memory"),
    (9 * GB, "disk", 0.5, 0, 9 * GB, "disk"), (1, "auto", 1, 0, 0, "none"),
])  # fmt: skip
def test_pictures_go_where_there_is_room(need, kind, share, memory, disk, expected):
    choice = choose(need, kind, share, memory, disk)
    assert choice.kind == expected
    assert ("as asked for" in choice.why) == (kind != "auto")


def test_the_reason_says_how_much_and_against_what():
    assert choose(46_000_000, "auto", 0.5, GB, 0) == Choice("memory", "46 MB, under 50% of the memory that is free")
    assert choose(3 * GB, "auto", 0.25, GB, 9 * GB).why == "3.0 GB, over 25% of the memory that is free"
    assert choose(1, "auto", 0.5, GB, 0).why.startswith("1 MB")


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_too_little_room_where_it_was_asked_for_is_answered(kind):
    found = message(choose, 5 * GB, kind, 0.5, 2 * GB, 2 * GB)
    assert f"take 5.0 GB at this size, but cache={kind!r} has room for 2.0 GB" in found
    assert "cache='none'" in found


def test_a_disk_that_is_nearly_full_is_not_filled_but_a_cache_that_is_there_is_used(root, folder, monkeypatch):
    store, _ = opened(root, "disk", folder)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
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


def system_of(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


MACHINE = {"proc/meminfo": "MemTotal:  8000 kB\nMemFree:  10 kB\nMemAvailable:    4000 kB\n"}
GROUP = "sys/fs/cgroup"


@pytest.mark.parametrize(("groups", "free"), [
    ({}, 4000 * 1024),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "max\n"}, 4000 * 1024),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "3000\n", f"{GROUP}/memory.current": "1000\n"}, 2000),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "3000\n", f"{GROUP}/memory.current": "2900\n",
      f"{GROUP}/memory.stat": "anon 5\ninactive_file 700\nfile 9\n"}, 800),
    ({"proc/self/cgroup": "0::/job/7\n", f"{GROUP}/job/memory.max": "500\n", f"{GROUP}/job/memory.current": "100",
      f"{GROUP}/job/7/memory.max": "max\n"}, 400),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "10\n", f"{GROUP}/memory.current": "20\n"}, 0),
])  # fmt: skip
def test_free_memory_is_that_of_the_machine_or_of_the_container_where_that_is_less(groups, free, tmp_path):
    assert free_memory(system_of(tmp_path, MACHINE | groups)) == free


def test_free_memory_where_the_system_says_less(tmp_path, monkeypatch):
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    assert free_memory(tmp_path) == half, "as on macOS, half of all"
    monkeypatch.delattr(os, "sysconf")
    assert free_memory(tmp_path) == cache.UNKNOWN_MEMORY, "as on Windows"


def test_this_machine_has_some_memory_and_cores():
    assert 10**7 < free_memory() < 10**14
    assert 1 <= cache.cores() <= os.cpu_count()


def test_what_is_named_here_are_the_stores_that_loaders_use(root, folder):
    assert isinstance(opened(root, "memory")[0], InMemory)
    assert isinstance(opened(root, "disk", folder)[0], OnDisk)
    assert list(decoded([], PREPROCESSING, 2, False)) == []
