"""Room: as much as the machine, the container, the process's own limit and its neighbours leave, and never more."""

import os
import shutil
import subprocess
import sys

import pytest

from utils.data import room
from utils.data.room import Choice, choose, cores, free_disk, free_memory
from utils.errors import CourseError

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


def test_several_processes_have_one_file_together_where_there_is_room(monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert choose(1 * GB, "auto", 0.5, 9 * GB, 2 * GB).kind == "disk"
    assert choose(1 * GB, "auto", 0.5, 9 * GB, 2 * GB).why == "1.0 GB, decoded once for the 4 processes on this machine"
    assert choose(3 * GB, "auto", 0.5, 9 * GB, 2 * GB).kind == "memory"
    assert choose(1 * GB, "memory", 0.5, 9 * GB, 2 * GB).kind == "memory"


def test_the_reason_says_how_much_and_against_what():
    assert choose(46_000_000, "auto", 0.5, GB, 0) == Choice("memory", "46 MB, under 50% of the memory that is free")
    assert choose(3 * GB, "auto", 0.25, GB, 9 * GB).why == "3.0 GB, over 25% of the memory that is free"
    assert choose(1, "auto", 0.5, GB, 0).why.startswith("1 MB")


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_too_little_room_where_it_was_asked_for_is_answered(kind):
    with pytest.raises(CourseError) as caught:
        choose(5 * GB, kind, 0.5, 2 * GB, 2 * GB)
    found = str(caught.value)
    assert f"take 5.0 GB at this size, but cache={kind!r} has room for 2.0 GB" in found
    assert "cache='none'" in found


def system_of(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


MACHINE = {"proc/meminfo": "MemTotal:  8000 kB\nMemFree:  10 kB\nMemAvailable:    4000 kB\n"}
GROUP = "sys/fs/cgroup"
LIMITS = (
    "Limit   Soft Limit   Hard Limit   Units\nMax stack size  8  8  bytes\nMax address space   {}   unlimited   bytes\n"
)


@pytest.mark.parametrize(("groups", "free"), [
    ({}, 4000 * 1024),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "max\n"}, 4000 * 1024),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "3000\n", f"{GROUP}/memory.current": "1000\n"}, 2000),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "3000\n", f"{GROUP}/memory.current": "2900\n",
      f"{GROUP}/memory.stat": "anon 5\ninactive_file 700\nfile 9\n"}, 800),
    ({"proc/self/cgroup": "0::/job/7\n", f"{GROUP}/job/memory.max": "500\n", f"{GROUP}/job/memory.current": "100",
      f"{GROUP}/job/7/memory.max": "max\n"}, 400),
    ({"proc/self/cgroup": "0::/\n", f"{GROUP}/memory.max": "10\n", f"{GROUP}/memory.current": "20\n"}, 0),
    ({"proc/self/limits": LIMITS.format("3000000"), "proc/self/status": "VmPeak: 9 kB\nVmSize:\t  1000 kB\n"}, 1976000),
    ({"proc/self/limits": LIMITS.format("unlimited"), "proc/self/status": "VmSize:\t  1000 kB\n"}, 4000 * 1024),
    ({"proc/self/limits": LIMITS.format("1000"), "proc/self/status": "VmSize:\t  1000 kB\n"}, 0),
])  # fmt: skip
def test_free_memory_is_that_of_the_machine_the_container_or_the_process_whichever_is_least(groups, free, tmp_path):
    assert free_memory(system_of(tmp_path, MACHINE | groups)) == free


def test_free_memory_where_the_system_says_less(tmp_path, monkeypatch):
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    assert free_memory(tmp_path) == half, "as on macOS, half of all"
    monkeypatch.delattr(os, "sysconf")
    assert free_memory(tmp_path) == room.UNKNOWN_MEMORY, "as on Windows"


def test_processes_that_share_a_machine_share_its_memory_and_cores(tmp_path, monkeypatch):
    system_of(tmp_path, MACHINE)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert cores() == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert free_memory(tmp_path) == 4000 * 1024 // 3
    assert cores() == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "20")
    assert cores() == 1, "fewer than one cannot be"
    limited = system_of(
        tmp_path, {"proc/self/limits": LIMITS.format("1100000"), "proc/self/status": "VmSize: 1000 kB\n"}
    )
    assert free_memory(limited) == 76000, "each process has a limit of its own"


def test_the_reason_says_that_others_need_room_too(monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert choose(GB // 5, "auto", 0.25, GB, 0).why.endswith("memory that is free for each of 4 processes")
    with pytest.raises(CourseError, match="has room for 1.0 GB for each of 4 processes. Choose"):
        choose(3 * GB, "memory", 0.5, GB, 9 * GB)
    with pytest.raises(CourseError, match="has room for 2.0 GB. Choose"):  # one file serves all
        choose(3 * GB, "disk", 0.5, GB, 2 * GB)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_limit_of_the_address_space_is_seen():
    code = """if True:
        import resource
        from utils.data.room import free_memory
        before = free_memory()
        resource.setrlimit(resource.RLIMIT_AS, (500_000_000, -1))
        print(before, free_memory())"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, limited = map(int, run.stdout.split())
    assert limited < min(before, 500_000_000)


def test_the_free_disk_is_known_before_the_folder_is_made(tmp_path):
    assert 0 < free_disk(tmp_path / "a" / "b") <= shutil.disk_usage(tmp_path).total


def test_this_machine_has_some_memory_and_cores():
    assert 10**7 < free_memory() < 10**14
    assert 1 <= cores() <= os.cpu_count()
