"""Which exercises are done: a file of the learner's own, one line a check, and nothing leaves the machine.

Lines are only ever added, each in one write: a kill, a full disk or two notebooks at once spoil no earlier line,
and a line that cannot be read is passed over. Written only from notebooks in `my_exercises/` and
`lessons/exercises/`, so that solutions, tests and reports leave it alone. COURSE_PROGRESS names another file.
"""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = "my_exercises"  # the learner's folder, which git ignores
NOTEBOOK_FOLDERS = (OWN, "lessons/exercises")


def place(root: Path = ROOT) -> Path:
    """The file: what COURSE_PROGRESS says, else progress.jsonl among the learner's own exercises."""
    return Path(os.environ.get("COURSE_PROGRESS") or root / OWN / "progress.jsonl")


def note(topic: str, number: int, correct: bool, root: Path = ROOT) -> None:
    """Add a verdict, if this runs in an exercise notebook (a kernel's folder is its notebook's). Never raises."""
    time = datetime.now().isoformat(timespec="seconds")
    line = json.dumps({"topic": topic, "exercise": number, "correct": correct, "time": time})
    try:
        here = Path.cwd()  # an error where the folder was deleted meanwhile
        if not any(here.is_relative_to((root / folder).resolve()) for folder in NOTEBOOK_FOLDERS):
            return
        path = place(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0) as file:
            # The break stands in front: half a line that a kill left behind does not swallow this one.
            file.write(f"\n{line}".encode())
    except OSError:
        pass  # a full or read-only disk: the learner asked for the verdict, not for this


def read(root: Path = ROOT) -> dict[str, dict[int, bool]]:
    """{topic: {number: whether it was ever correct}} of all exercises that were checked."""
    found = {}
    for topic, number, correct in _entries(root):
        done = found.setdefault(topic, {})
        done[number] = done.get(number, False) or correct
    return found


def latest(topics: Iterable[str], root: Path = ROOT) -> str | None:
    """Of these topics the one whose exercises were checked last; None where none was."""
    topics, found = set(topics), None
    for topic, _, _ in _entries(root):
        found = topic if topic in topics else found
    return found


def _entries(root):
    try:
        text = place(root).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            yield str(entry["topic"]), int(entry["exercise"]), entry["correct"] is True
        except (ValueError, TypeError, KeyError, OverflowError):
            continue
