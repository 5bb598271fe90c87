"""Files written whole or not at all; names and values that come back from YAML as they were."""

import os
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import CourseError
from utils.files import is_refused_write, read_yaml, replacing, write_yaml


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    for text in ("old", "new"):
        with replacing(path) as temporary:
            temporary.write_text(text)
        assert path.read_text() == text
    assert [one.name for one in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file_and_no_litter(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_others_may_read_what_they_could_read_before(tmp_path):
    path = tmp_path / "file.txt"
    with replacing(path) as temporary:
        temporary.write_text("first")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    path.chmod(0o640)
    with replacing(path) as temporary:
        temporary.write_text("second")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(("error", "is_refused"), [
    (OSError(28, "No space left on device"), True), (OSError(13, "Permission denied", "/out/a.csv"), True),
    (OSError(30, "Read-only file system", "/elsewhere", None, "/out/a.csv"), True), (OSError(28, "No space", "/elsewhere"), False),
    (OSError(13, "Permission denied"), False), (OSError(2, "No such file", "/out/a.csv"), False), (OSError("no number"), False),
])  # fmt: skip
def test_a_refused_write_is_told_by_its_reason_and_its_place(error, is_refused):
    assert is_refused_write(error, Path("/out")) == is_refused


# --- YAML ----------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]))  # of one line
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("yaml") / "values.yaml"


@settings(max_examples=40)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_names_and_values_come_back_in_their_order(path, values):
    assert write_yaml(path, values, "of no\nmatter") == path
    assert read_yaml(path) == values
    assert list(read_yaml(path)) == list(values)


def test_a_comment_stands_above_and_each_value_has_a_line(path):
    write_yaml(path, {"drop_at": [2, 5], "lr": 1e-05, "name": "é"}, "first\nsecond")
    assert path.read_text(encoding="utf-8") == "# first\n# second\ndrop_at:\n- 2\n- 5\nlr: 1.0e-05\nname: é\n"


def test_what_is_no_plain_value_is_not_written_and_the_old_file_stays(path):
    write_yaml(path, {"lr": 1})
    with pytest.raises(yaml.YAMLError, match="cannot represent"):
        write_yaml(path, {"lr": object()})
    assert read_yaml(path) == {"lr": 1}
    assert [one.name for one in path.parent.iterdir()] == ["values.yaml"]


@pytest.mark.parametrize(("content", "told"), [
    (b"lr: 1\nname: [2\n", "is no YAML in line 3"), (b"a: b: c", "is no YAML in line 1"), (b"\xff\xfe\x00", "it is no text"),
    (b"", "has no names and values"), (b"[1, 2]", "has no names and values"), (b"2: 3", "has no names and values"),
    (b"x: !!python/object:os.system {}", "is no YAML"), (b"x: \x07", "is no YAML"), (b"x: 2026-13-45", "is no YAML: month must be in 1..12"),
])  # fmt: skip
def test_what_is_no_yaml_of_names_and_values_is_answered(content, told, path):
    path.write_bytes(content)
    with pytest.raises(CourseError) as caught:
        read_yaml(path)
    assert f"'{path}'" in str(caught.value)
    assert told in str(caught.value)


def test_a_yaml_file_that_cannot_be_read_is_named(tmp_path):
    for wrong in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(CourseError, match=f"'{wrong}' cannot be read: .+\\."):
            read_yaml(wrong)


def test_a_path_may_start_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_yaml(tmp_path / "mine.yaml", {"lr": 1})
    assert read_yaml("~/mine.yaml") == {"lr": 1}
