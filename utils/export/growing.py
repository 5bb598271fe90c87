"""A predictions table on disk that grows batch by batch, and goes on after a kill where it stopped.

Columns: those of a predictions table (`path`, `label`, `predicted`, one `p_<class>` a class; of several heads one block
a head), then `problem`, empty but where a picture cannot be read. Beside out.csv lies out.csv.run.json, which says
what the rows are made from: other rows are never put behind these.
A *batch* counts as done when all of its rows are there; what a kill has torn is cut off, and done again.
"""

import csv
import io
import json
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from utils.errors import CourseError, named
from utils.files import remove_litter, write_json

try:
    import fcntl
except ImportError:  # Windows has none; there, two runs at once into one file are not noticed
    fcntl = None

FIRST, PREFIX, PROBLEM = ("label", "predicted"), "p_", "problem"
BESIDE = ".run.json"
ANEW = "To begin anew, and lose what is there: again=True, or --again on the command line. Or choose another file."


def columns(heads: dict[str, list[str]]) -> list[str]:
    """The table's columns for a model with these classes a head; a single head "label" is an ordinary table."""
    blocks = {head: [*FIRST, *(PREFIX + name for name in classes)] for head, classes in heads.items()}
    plain = list(heads) == ["label"]
    names = [name if plain else f"{head}.{name}" for head, block in blocks.items() for name in block]
    return ["path", *names, PROBLEM]


class Kept(NamedTuple):
    """What stands of a file: its rows, those of them with a problem, and the bytes of all."""

    rows: int = 0
    problems: int = 0
    size: int = 0


class Growing:
    """The open file: `done` rows are there, `problems` of them with one; `append` writes the next batch."""

    def __init__(self, path: Path, file: io.FileIO, kept: Kept):
        self.path, self.done, self.problems, self._file = path, kept.rows, kept.problems, file

    def append(self, rows: list[list[str]]) -> None:
        """Write the rows of a batch, to the system and not to a buffer that a kill would take along.

        Raises:
            CourseError: the disk is full, or the system refuses otherwise.
        """
        with written(self.path):
            _write(self._file, as_csv(rows))
        self.done += len(rows)
        self.problems += sum(row[-1] != "" for row in rows)


@contextmanager
def growing(path: Path, header: list[str], names: list[str], made_from: dict, batch_size: int, again: bool = False):
    """Yields the file, Growing: a new one, or one that was begun, cut back to its last whole batch.

    Args:
        path: the CSV.
        header: its columns.
        names: the pictures that its rows are of, in their order.
        made_from: what JSON knows; a file that was made from something else is left alone.
        batch_size: rows a batch.
        again: whether what is there goes, and all is done anew.

    Raises:
        CourseError: the file is of something else, was changed, is in use, or cannot be written.
    """
    beside = path.with_name(path.name + BESIDE)
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_ours(path, beside)
        file = path.open("a+b", buffering=0)
    with file:
        _alone(file, path)
        if again:
            file.truncate(0)
        if path.stat().st_size:
            _check_same(path, beside, made_from)
        kept = _whole_batches(path, header, names, batch_size)
        with written(path):
            file.truncate(kept.size)
            if not kept.size:
                remove_litter(path.parent, beside.name)
                write_json(beside, made_from)
                _write(file, as_csv([header]))
        yield Growing(path, file, kept)


@contextmanager
def written(path: Path):
    """Within the block something is written to a file; a CourseError with what to do where the system refuses."""
    try:
        yield
    except OSError as error:
        is_file = isinstance(error, (FileExistsError, NotADirectoryError))
        told = f"'{path.parent}' is no folder" if is_file else error.strerror
        raise CourseError(f"'{path}' cannot be written: {told}. What is there stays. Free some space, and the "
                          "same run goes on from there; or choose another file.") from error  # fmt: skip


def as_csv(rows: list[list[str]]) -> bytes:
    """The rows as lines of a CSV, UTF-8."""
    text = io.StringIO()
    bare = any("\r" in cell for row in rows for cell in row)  # Python leaves it without the quotes that it needs
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue().encode()


def _write(file, content):
    content = memoryview(content)
    while content:  # a disk that is nearly full takes a part, and refuses the next
        content = content[file.write(content) :]


def _check_ours(path, beside):
    if path.exists() and not path.is_file():
        raise CourseError(
            f"Expected the name of a CSV to write, but '{path}' is {'a folder' if path.is_dir() else 'no file'}."
        )
    if path.exists() and path.stat().st_size and not beside.exists():
        raise CourseError(f"'{path}' exists already, and no '{beside.name}' beside it says that it was made here, so it is left "
                          "as it is. Choose another file, or move it away.")  # fmt: skip


def _alone(file, path):
    """Two runs would mix their rows. The system takes the lock away with the process, however that ends."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CourseError(f"'{path}' is being written by another run. Wait for it, or choose another file.") from error
    except OSError:  # a network drive that knows no locks
        return


def _check_same(path, beside, made_from):
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    found = found if isinstance(found, dict) else {}
    differ = [name for name in made_from if found.get(name) != made_from[name]]
    if differ:
        told = "; ".join(f"{name} was {found.get(name)!r} and is {made_from[name]!r}" for name in differ)
        raise CourseError(f"'{path}' was begun with something else, as '{beside.name}' says: {told}. {ANEW}")


def _whole_batches(path, header, names, batch_size):
    """What stands up to the last whole batch, or to the end where all is there; nothing where not even the header is."""
    kept, problems = Kept(), 0
    with path.open("rb") as stream:
        for number, (cells, end) in enumerate(_records(stream)):  # the header is number 0
            _check_row(path, number, cells, header, names)
            problems += number > 0 and cells[-1] != ""
            if number % batch_size == 0 or number == len(names):
                kept = Kept(number, problems, end)
    return kept


def _check_row(path, number, cells, header, names):
    expected = header if number == 0 else names[number - 1 : number]  # none behind the last picture
    if not expected or cells[: len(expected)] != expected or len(cells) != len(header):
        wanted = f"the {len(header)} cells {named(expected)} ..." if expected else "none: there are no more pictures"
        raise CourseError(f"Row {number + 1} of '{path}' should be {wanted}, but it is {named(cells, 3)}. Pictures have come or "
                          f"gone since it was begun, or somebody has changed it. {ANEW}")  # fmt: skip


def _records(stream):
    """Yields each whole row's cells, and the byte behind it."""
    taken = 0

    def lines():
        nonlocal taken
        for line in stream:
            if not line.endswith(b"\n"):
                return
            taken += len(line)
            yield line.decode("utf-8", "replace")

    with suppress(csv.Error):  # a name with a line break in it that was torn there: the quotes do not end
        for cells in csv.reader(lines(), strict=True):
            yield cells, taken
