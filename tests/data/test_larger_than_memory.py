"""More pictures than memory: a process that may take less than they need reads them from disk, and takes no more for more."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.data.many import many_pictures
from utils.data.folders import list_folder
from utils.data.images import open_image
from utils.data.transforms import Preprocessing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits and reads memory as Linux does"),
]

FEW, MANY = 1_500, 15_000
SIZE = 120  # pixels
LEFT = 200  # MB of address space beside what the process has after it loaded some pictures
NEEDED = MANY * SIZE * SIZE * 3 / 1e6  # MB
PROGRAM = """if True:
    import json, re, resource, sys
    from pathlib import Path
    import numpy as np
    import pandas as pd
    import torch
    from utils.data.folders import list_folder
    from utils.data.loaders import make_loaders
    from utils.data.transforms import Preprocessing
    from utils.errors import CourseError

    root, folder, few, count, size, left = *sys.argv[1:3], *map(int, sys.argv[3:])
    torch.set_num_threads(1)

    def megabytes(name):  # as this process has them now, or had them at most; ru_maxrss would count its parent's, too
        return int(re.search(rf"{name}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e3

    def loaders(count, cache_dir, **options):
        table = pd.DataFrame(list_folder(Path(root))[0])[:count].assign(split="train")
        table.attrs["root"] = root
        return make_loaders(table, Preprocessing(size), cache_dir=cache_dir, progress=False, **options)

    for _ in loaders(few // 10, folder + "/small", cache="disk").train:
        pass
    limit = round(megabytes("VmSize") + left) * 10**6
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    told = {}
    if count > few:
        try:
            np.empty((count, size, size, 3), np.uint8)
        except MemoryError:
            told["array"] = "no room"
        try:
            loaders(count, folder, cache="memory")
        except CourseError as error:
            told["memory"] = str(error)
    for turn in ("filled", "found"):
        made = loaders(count, folder, cache="auto" if count > few else "disk")
        told["reasons"] = made.reasons
        told[turn] = sum(len(images) for images, _ in made.train)
    store = made.train.dataset.store
    told |= {"peak": megabytes("VmHWM"), "last": store.take([count - 1])[0].tolist()}
    print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return many_pictures(tmp_path_factory.mktemp("larger"), MANY)


@pytest.fixture(scope="module")
def told(root, tmp_path_factory):
    """What a process tells that fills its cache, takes an epoch from it, opens it anew, and takes another: {count: ...}."""
    found = {}
    for count in (FEW, MANY):
        arguments = [str(value) for value in (root, tmp_path_factory.mktemp("cache"), FEW, count, SIZE, LEFT)]
        run = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-3000:]
        found[count] = json.loads(run.stdout)
    return found


def test_there_is_no_room_for_them_in_memory(told):
    assert NEEDED > 2 * LEFT
    assert told[MANY]["array"] == "no room"
    assert f"The pictures take {NEEDED:.0f} MB at this size, but cache='memory' has room for" in told[MANY]["memory"]


def test_auto_takes_the_disk_and_says_why(told):
    why = f"pictures: decoded once, on disk ({NEEDED:.0f} MB, over 50% of the memory that is free)"
    assert why in told[MANY]["reasons"]


def test_every_picture_comes_when_the_cache_was_filled_and_when_it_was_found(told, root):
    assert (told[MANY]["filled"], told[MANY]["found"]) == (MANY, MANY)
    last = root / list_folder(root)[0][-1].path
    assert np.array_equal(told[MANY]["last"], Preprocessing(SIZE).store(open_image(last)))


def test_ten_times_the_pictures_take_no_more_memory(told):
    more = told[MANY]["peak"] - told[FEW]["peak"]
    assert more < 30, "MB: the table itself, with its paths, takes some 15"
