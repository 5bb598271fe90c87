"""Sample sets are found from anywhere, and a missing or changed one is named."""

import hashlib
import subprocess
import sys

import pytest

from utils.data import samples
from utils.data.samples import SAMPLES_ROOT, damaged_samples, sample, sample_names
from utils.errors import CourseError


@pytest.fixture
def root(tmp_path):
    """A samples folder with the set `cats` (a picture and a CSV) and its checksums."""
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "README.md").write_text("card")
    lines = []
    for name in ("名 1.jpg", "b.csv"):
        (tmp_path / "cats" / name).write_bytes(name.encode())
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  cats/{name}\n")
    (tmp_path / "checksums.sha256").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def test_a_sample_is_an_absolute_folder_with_a_card():
    for name in ("digits", "layouts", "messy"):
        assert sample(name) == SAMPLES_ROOT / name
        assert sample(name).is_absolute()
        assert (sample(name) / "README.md").is_file()


def test_a_sample_is_found_from_any_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (sample("digits") / "0").is_dir()


def test_the_scripts_folder_is_no_sample_set():
    assert not {"make", "weights"} & set(sample_names())


def test_an_unknown_name_is_answered_with_the_names_there_are(root):
    (root / "dogs").mkdir()
    (root / "dogs" / "README.md").write_text("card")
    with pytest.raises(CourseError, match=r"one of 'cats', 'dogs', but got 'cat'"):
        sample("cat", root)


def test_a_path_is_no_name(root):
    for name in ("../cats", "cats/..", "", "."):
        with pytest.raises(CourseError, match="one of 'cats'"):
            sample(name, root)


def test_a_missing_folder_is_answered_with_how_to_get_it_back(root):
    (root / "cats").rename(root.parent / "elsewhere")
    with pytest.raises(CourseError, match=r"is missing.*checkout -- cats.*make samples"):
        sample("cats", root)


def test_no_samples_at_all_is_answered_with_where_they_come_from(tmp_path):
    with pytest.raises(CourseError, match="clone it"):
        sample("digits", tmp_path / "nowhere")


def test_intact_samples_are_not_damaged(root):
    assert damaged_samples(root) == []


def test_a_missing_and_a_changed_file_are_named(root):
    (root / "cats" / "b.csv").unlink()
    (root / "cats" / "名 1.jpg").write_bytes(b"changed")
    assert damaged_samples(root) == ["cats/b.csv", "cats/名 1.jpg"]


def test_a_file_that_is_not_listed_is_nobodys_business(root):
    (root / "cats" / "mine.jpg").write_bytes(b"mine")
    assert damaged_samples(root) == []


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe no text", b"no checksums\n"])
def test_a_list_of_checksums_that_cannot_be_used_is_itself_the_damage(root, content):
    (root / "checksums.sha256").unlink()
    if content is not None:
        (root / "checksums.sha256").write_bytes(content)
    assert damaged_samples(root) == ["checksums.sha256"]


def test_finding_samples_does_not_import_torch():
    code = f"import sys; import {samples.__name__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
