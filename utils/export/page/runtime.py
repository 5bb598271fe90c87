"""onnxruntime for browsers: two files of the npm package onnxruntime-web, fetched once and kept for the next page.

It is a package of npm's world, not of Python's, so `npm` fetches it; where there is no npm or no network, a folder that
has the files will do. Whichever way they come, their digests are compared with those of the version that was tested.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import platformdirs

from utils.errors import CourseError

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
WANTED = f"{PACKAGE}@{VERSION}"
# name -> SHA-256. The second one is the whole runtime, compiled for the browser; it needs no other file.
FILES = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
SECONDS = 300  # for 33 MB
BY_HAND = f"npm pack {WANTED}"


def runtime_folder(folder: str | Path | None = None) -> Path:
    """A folder with the runtime's files, checked: the one that is given, the user's cache, or fetched into that.

    Args:
        folder: where the files are, or an unpacked onnxruntime-web (they are in its `dist`); None looks in the cache and asks npm.

    Raises:
        CourseError: a file is missing or another version's, there is no npm, or it cannot fetch the package.
    """
    if folder is not None:
        return _given(Path(folder).expanduser())
    kept = cache()
    if _wrong(kept):
        _fetch(kept)
    return kept


def cache() -> Path:
    """Where the files are kept, in the user's cache folder. It may be deleted at any time."""
    return platformdirs.user_cache_path("image-classification-course", appauthor=False) / f"{PACKAGE}-{VERSION}"


def _given(folder):
    places = [place for place in (folder, folder / "dist", folder / "package" / "dist") if place.is_dir()]
    fine = [place for place in places if not _wrong(place)]
    if fine:
        return fine[0]
    wrong = "; ".join(_wrong(folder)) if folder.is_dir() else "there is no such folder"
    raise CourseError(f"Expected the files of {WANTED} in '{folder}', but {wrong}. Fetch them: {BY_HAND}   then unpack "
                      f"{PACKAGE}-{VERSION}.tgz, and name its folder.")  # fmt: skip


def _wrong(folder):
    """What is wrong with the files in a folder, each in words."""
    found = {name: _digest(folder / name) for name in FILES}
    missing = [f"{name} is missing" for name, digest in found.items() if digest is None]
    return missing + [f"{name} is not that of version {VERSION}" for name, digest in found.items()
                      if digest not in (None, FILES[name])]  # fmt: skip


def _digest(path):
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(folder):
    """The files into a folder that appears whole, or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
            unpacked = Path(scratch) / "files"
            _unpack(_packed(Path(scratch)), unpacked)
            wrong = _wrong(unpacked)
            if wrong:
                raise CourseError(f"npm gave something else than {WANTED}: {'; '.join(wrong)}. Try again later.")
            shutil.rmtree(folder, ignore_errors=True)  # what was wrong with it is why we are here
            os.replace(unpacked, folder)
    except OSError as error:
        raise CourseError(f"{WANTED} cannot be kept in '{folder}': {error.strerror}. Free some space there.") from error


def _packed(scratch):
    """The package as npm packs it, a .tgz."""
    npm = shutil.which("npm")
    instead = (
        f"Or, where there is one:   {BY_HAND}   then unpack it, copy the folder here and name it: --runtime FOLDER"
    )
    if npm is None:
        raise CourseError(f"The page needs {WANTED}, which npm fetches once, but there is no npm. Install Node.js, which brings "
                          f"it (Debian, Ubuntu: apt-get install npm). {instead}")  # fmt: skip
    command = [npm, "pack", WANTED, "--pack-destination", str(scratch), "--silent"]
    try:
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CourseError(f"npm did not fetch {WANTED} within {SECONDS} s. Try again. {instead}") from error
    packed = list(scratch.glob("*.tgz"))
    if done.returncode or not packed:
        raise CourseError(f"npm could not fetch {WANTED}. Is there a network? What it says: {BY_HAND}   {instead}")
    return packed[0]


def _unpack(packed, folder):
    folder.mkdir()
    with tarfile.open(packed) as archive:
        names = set(archive.getnames())
        for name in FILES:
            inside = f"package/dist/{name}"
            if inside in names:  # what is missing is told later
                (folder / name).write_bytes(archive.extractfile(inside).read())
