"""Progress of the exercises goes elsewhere in every test here."""

import pytest


@pytest.fixture(autouse=True)
def progress_file(tmp_path, monkeypatch):
    """The file that COURSE_PROGRESS names, not there yet."""
    path = tmp_path / "progress" / "progress.jsonl"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path
