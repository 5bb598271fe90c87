"""How much room there is: for pictures in memory and on disk, and on how many cores.

Conventions: sizes are in bytes. Where several processes share the machine (`torchrun`), each has its part of it.
"""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from utils.errors import CourseError
from utils.processes import count_here

UNKNOWN_MEMORY = 10**9  # bytes taken as free where the system does not tell
DISK_SHARE = 0.9  # of the free disk, at most


class Choice(NamedTuple):
    """Where pictures are kept (memory, disk, none), and why, in words."""

    kind: str
    why: str


def choose(need: int, cache: str, memory_share: float, memory: float, disk: float) -> Choice:
    """Where to keep `need` bytes of pictures, with so many bytes free in memory (for this process) and on disk.

    Raises:
        CourseError: there is no room where it was asked for, or `memory_share` is no share.
    """
    if not 0 < memory_share <= 1:
        raise CourseError(f"Expected memory_share as a share of the free memory, over 0 to 1, got {memory_share!r}.")
    size, share = _in_words(need), f"{memory_share:.0%} of the memory that is free{_for_each()}"
    if cache == "auto":
        if count_here() > 1 and need <= disk:
            return Choice("disk", f"{size}, decoded once for the {count_here()} processes on this machine")
        if need <= memory * memory_share:
            return Choice("memory", f"{size}, under {share}")
        if need <= disk:
            return Choice("disk", f"{size}, over {share}")
        return Choice("none", f"{size}, too much for the free memory and the free disk")
    room = {"memory": memory, "disk": disk}[cache]
    if need > room:
        raise CourseError(f"The pictures take {size} at this size, but cache={cache!r} has room for {_in_words(room)}"
                          f"{_for_each() if cache == 'memory' else ''}. Choose cache='auto' or cache='none', or a "
                          "smaller size.")  # fmt: skip
    return Choice(cache, f"{size}, as asked for")


def free_memory(system: Path = Path("/")) -> int:
    """Bytes of memory that this process may still take.

    That is its part of what is free on the machine, or in its container where that is less; or what is left of its own
    limit (`ulimit -v`, as some clusters set it).
    """
    available = re.search(r"^MemAvailable:\s+(\d+) kB", _text(system / "proc/meminfo"), re.MULTILINE)
    machine = int(available[1]) * 1024 if available else _half_of_all()
    shared = min([machine, *_free_in_groups(system)]) // count_here()
    return max(0, min([shared, *_free_addresses(system)]))


def free_disk(folder: Path) -> float:
    """Bytes that may be written to a folder, which need not exist yet."""
    return DISK_SHARE * shutil.disk_usage(next(above for above in (folder, *folder.parents) if above.is_dir())).free


def cores() -> int:
    """The processor cores that this process may use, 1 at least."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable // count_here())


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


def _free_addresses(system):
    """What is left of the process's own limit, where it has one."""
    limit = re.search(r"^Max address space\s+(\d+)", _text(system / "proc/self/limits"), re.MULTILINE)
    taken = re.search(r"^VmSize:\s+(\d+) kB", _text(system / "proc/self/status"), re.MULTILINE)
    if limit and taken:
        yield int(limit[1]) - int(taken[1]) * 1024


def _text(file):
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _for_each():
    return f" for each of {count_here()} processes" if count_here() > 1 else ""


def _in_words(size):
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6)):,} MB"
