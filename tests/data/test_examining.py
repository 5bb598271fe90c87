"""Many pictures side by side: the same facts in the same order, whoever examines them and whatever crashes."""

import pytest

from utils.data import examining
from utils.data.examining import CHUNK, examine_all
from utils.data.samples import sample

CRASHING = """
import os, sys
sys.path[:] = {!r}
from utils.data import examining
plain = examining.examine
examining.examine = lambda path: os._exit(1) if "crash" in path.name else plain(path)
examining.serve()
"""


@pytest.fixture
def numbered(tmp_path):
    """Files that are no pictures, each one byte longer than the one before."""
    paths = [tmp_path / f"{number:03}.jpg" for number in range(3 * CHUNK + 1)]
    for number, path in enumerate(paths):
        path.write_bytes(b"x" * (number + 1))
    return paths


@pytest.mark.parametrize("many", [1, 10**6], ids=["processes", "threads"])
def test_facts_come_in_the_order_of_the_paths(numbered, many):
    facts = examine_all(numbered, threads=4, progress=False, many=many)
    assert [fact.bytes for fact in facts] == list(range(1, len(numbered) + 1))


def test_processes_find_out_what_threads_find_out():
    paths = sorted(path for path in sample("messy").rglob("*") if path.is_file())
    by_threads = examine_all(paths, threads=2, progress=False)
    assert examine_all(paths, threads=2, progress=False, many=1) == by_threads
    assert {kind for fact in by_threads for kind, _ in fact.problems} >= {"broken", "too large", "rotated"}


def test_a_picture_that_crashes_its_decoder_is_named_and_the_others_are_examined(numbered, monkeypatch):
    monkeypatch.setattr(examining, "COMMAND", CRASHING)
    crashing = {5, CHUNK, 3 * CHUNK}
    paths = [path.rename(path.with_name(f"crash {path.name}")) if number in crashing else path
             for number, path in enumerate(numbered)]  # fmt: skip
    facts = examine_all(paths, threads=2, progress=False, many=1)
    assert {number for number, fact in enumerate(facts) if fact == examining.CRASHED} == crashing
    assert [fact.bytes for number, fact in enumerate(facts) if number not in crashing] == [
        number + 1 for number in range(len(paths)) if number not in crashing
    ]


def test_no_process_stays_behind(numbered, monkeypatch):
    started = []
    plain = examining._started
    monkeypatch.setattr(examining, "_started", lambda: started.append(plain()) or started[-1])
    examine_all(numbered, threads=3, progress=False, many=1)
    assert len(started) == 3
    assert all(process.returncode is not None for process in started)


def test_few_pictures_start_no_process(numbered, monkeypatch):
    monkeypatch.setattr(examining, "_started", lambda: pytest.fail("a process for a handful of pictures"))
    assert len(examine_all(numbered, threads=2, progress=False)) == len(numbered)
    assert examine_all([], progress=False) == []
