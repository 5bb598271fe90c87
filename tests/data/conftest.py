"""What the tests of utils.data share: drawn pictures, a fingerprint of a folder, and a user without rights."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def draw():
    """draw(path, seed, size=..., **options of Image.save): writes a soft picture, another for each seed."""
    return _draw


def _draw(path, seed=0, size=(40, 30), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path, **options)
    return path


@pytest.fixture
def fingerprint():
    """fingerprint(folder): {path: (kind, content, time of change, rights)} of all that is in it."""
    return _fingerprint


def _fingerprint(folder):
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        state = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[path.relative_to(folder).as_posix()] = (content, state.st_mtime_ns, state.st_mode, state.st_nlink)
    return found


@pytest.fixture
def forked():
    """forked(function): the number of a process that calls it and ends with 0 if the answer was true."""
    if not hasattr(os, "fork"):
        pytest.skip("needs to start a process in the middle of a test")
    return _forked


def _forked(function):
    if child := os.fork():
        return child
    try:
        os._exit(0 if function() else 1)
    finally:  # an error must not go on as a second pytest
        os._exit(2)


@pytest.fixture
def open_folder():
    """A folder that everybody can reach; pytest's own are closed to all but the user who runs it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def no_rights():
    """`with no_rights():` for a while we are somebody whom permissions bind, also where tests run as root."""
    if not hasattr(os, "geteuid"):
        pytest.skip("Windows has no such permissions")
    return _no_rights if os.geteuid() == 0 else contextlib.nullcontext


@contextlib.contextmanager
def _no_rights():
    os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        os.seteuid(0)
