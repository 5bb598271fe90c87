"""Files of npm's packages, which are of the browser's world and not of Python's: fetched once, checked, and kept.

`npm` fetches them into the user's cache; where there is no npm or no network, a folder that has the files will do.
Whichever way they come, their digests are compared with those of the version that was tested.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import platformdirs

from utils.errors import CourseError
from utils.files import sha256_of

SECONDS = 300  # for some 30 MB
CACHE = platformdirs.user_cache_path("image-classification-course", appauthor=False)  # may be deleted at any time


@dataclass(frozen=True)
class NpmFiles:
    """Some files of one version of a package.

    Args:
        package: its name.
        version: the one that was tested.
        place: the folder of the package that has the files; "." is the package's own.
        digests: a file's path in that folder -> SHA-256.
        needed_by: who needs it, for messages: "The page".
        named_by: how one says where the files are, for messages: "--runtime FOLDER".
    """

    package: str
    version: str
    place: str
    digests: dict
    needed_by: str
    named_by: str

    @property
    def wanted(self):
        """The package as npm is asked for it."""
        return f"{self.package}@{self.version}"

    @property
    def kept(self) -> Path:
        """Where the files are kept."""
        return CACHE / f"{self.package}-{self.version}"

    @property
    def by_hand(self):
        """The line that fetches the package without us."""
        return f"npm pack {self.wanted}"

    def folder(self, given: str | Path | None = None) -> Path:
        """A folder with the files, checked: the one that is given, the user's cache, or fetched into that.

        Args:
            given: where the files are, or the unpacked package; None looks in the cache and asks npm.

        Raises:
            CourseError: a file is missing or another version's, there is no npm, or it cannot fetch the package.
        """
        if given is not None:
            return self._given(Path(given).expanduser())
        if self._wrong(self.kept):
            self._fetch()
        return self.kept

    def _given(self, folder):
        places = [place for place in (folder, folder / self.place, folder / "package" / self.place) if place.is_dir()]
        fine = [place for place in places if not self._wrong(place)]
        if fine:
            return fine[0]
        wrong = "; ".join(self._wrong(folder)) if folder.is_dir() else "there is no such folder"
        raise CourseError(f"Expected the files of {self.wanted} in '{folder}', but {wrong}. Fetch them: {self.by_hand}   then "
                          f"unpack {self.package}-{self.version}.tgz, and name its folder.")  # fmt: skip

    def _wrong(self, folder):
        """What is wrong with the files in a folder, each in words."""
        found = {name: _digest(folder / name) for name in self.digests}
        missing = [f"{name} is missing" for name, digest in found.items() if digest is None]
        return missing + [f"{name} is not that of version {self.version}" for name, digest in found.items()
                          if digest not in (None, self.digests[name])]  # fmt: skip

    def _fetch(self):
        """The files into a folder that appears whole, or not at all."""
        try:
            CACHE.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE, prefix=".fetching-") as scratch:
                unpacked = Path(scratch) / "files"
                self._unpack(self._packed(Path(scratch)), unpacked)
                wrong = self._wrong(unpacked)
                if wrong:
                    raise CourseError(
                        f"npm gave something else than {self.wanted}: {'; '.join(wrong)}. Try again later."
                    )
                shutil.rmtree(self.kept, ignore_errors=True)  # what was wrong with it is why we are here
                os.replace(unpacked, self.kept)
        except OSError as error:
            raise CourseError(f"{self.wanted} cannot be kept in '{self.kept}': {error.strerror}. Free some space "
                              "there.") from error  # fmt: skip

    def _packed(self, scratch):
        """The package as npm packs it, a .tgz."""
        npm = shutil.which("npm")
        instead = f"Or, where there is one:   {self.by_hand}   then unpack it, copy the folder here and name it: {self.named_by}"
        if npm is None:
            raise CourseError(f"{self.needed_by} needs {self.wanted}, which npm fetches once, but there is no npm. Install "
                              f"Node.js, which brings it (Debian, Ubuntu: apt-get install npm). {instead}")  # fmt: skip
        command = [npm, "pack", self.wanted, "--pack-destination", str(scratch), "--silent"]
        try:
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise CourseError(f"npm did not fetch {self.wanted} within {SECONDS} s. Try again. {instead}") from error
        packed = list(scratch.glob("*.tgz"))
        if done.returncode or not packed:
            raise CourseError(f"npm could not fetch {self.wanted}. Is there a network? What it says: {self.by_hand}   "
                              f"{instead}")  # fmt: skip
        return packed[0]

    def _unpack(self, packed, folder):
        folder.mkdir()
        with tarfile.open(packed) as archive:
            names = set(archive.getnames())
            for name in self.digests:
                inside = PurePosixPath("package", self.place, name).as_posix()
                if inside in names:  # what is missing is told later
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_bytes(archive.extractfile(inside).read())


def _digest(path):
    return sha256_of(path) if path.is_file() else None
