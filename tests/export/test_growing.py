"""A table that grows: every torn end is cut off, and nothing else is."""

import csv
import json

import pandas as pd
import pytest

from utils.errors import CourseError
from utils.export import growing as module
from utils.export.growing import as_csv, columns, growing

HEADER = ["path", "label", "predicted", "p_a", "p_b", "problem"]
NAMES = ["plain.jpg", 'with "quotes", commas.jpg', "with\nline.jpg", "with\rreturn.jpg", "ä.jpg", "last.jpg", "7.jpg"]
MADE_FROM = {"model": "one"}


def row(name):
    return [name, "", "a", "0.75", "0.25", "broken" if name == "ä.jpg" else ""]


def grow(path, names=NAMES, batch_size=2, made_from=None, **options):
    """Write what is lacking; (rows that were there, problems at the end)."""
    with growing(path, HEADER, names, made_from or MADE_FROM, batch_size, **options) as table:
        before = table.done
        for start in range(before, len(names), batch_size):
            table.append([row(name) for name in names[start : start + batch_size]])
    assert table.done == len(names)
    return before, table.problems


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "table.csv"


@pytest.fixture
def whole(path):
    assert grow(path) == (0, 1)
    return path.read_bytes()


def test_columns_are_those_of_a_predictions_table_and_one_for_problems():
    assert columns({"label": ["a", "b"]}) == HEADER
    assert columns({"x": ["a", "b"], "y": ["c", "d"]}) == [
        "path", "x.label", "x.predicted", "x.p_a", "x.p_b", "y.label", "y.predicted", "y.p_c", "y.p_d", "problem"
    ]  # fmt: skip
    assert columns({"x": ["a", "b"]})[1] == "x.label", "one head with a name of its own is a block too"


def test_it_is_a_csv_whatever_the_pictures_are_called(path, whole):
    assert list(pd.read_csv(path, keep_default_na=False)["path"]) == NAMES
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [HEADER, *map(row, NAMES)]


def test_wherever_it_is_torn_it_goes_on_to_the_same_bytes(path, whole):
    starts = {}
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        before, problems = grow(path)
        assert path.read_bytes() == whole and problems == 1, size
        starts[before] = size
    assert list(starts) == [0, 2, 4, 6], "whole batches alone"


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 50])
def test_it_goes_on_with_another_size_of_batch(batch_size, path, whole):
    path.write_bytes(whole[: whole.index(b"last.jpg")])  # five rows
    before, _ = grow(path, batch_size=batch_size)
    assert before == 5 // batch_size * batch_size
    assert list(pd.read_csv(path, keep_default_na=False)["path"]) == NAMES


def test_a_whole_table_stays_as_it_is(path, whole):
    assert grow(path) == (7, 1)
    assert path.read_bytes() == whole


def test_rows_reach_the_system_as_soon_as_they_are_appended(path):
    with growing(path, HEADER, NAMES, MADE_FROM, 2) as table:
        table.append([row(NAMES[0])])
        assert path.read_bytes() == as_csv([HEADER, row(NAMES[0])])


def test_what_a_disk_takes_in_parts_is_written_whole(path, whole):
    class Nearly:
        def __init__(self):
            self.content = b""

        def write(self, content):
            self.content += bytes(content[:3])
            return min(3, len(content))

    file = Nearly()
    module._write(file, whole)
    assert file.content == whole


def test_what_it_is_made_from_stands_beside_it(path, whole):
    assert json.loads((path.parent / "table.csv.run.json").read_text()) == MADE_FROM
    assert sorted(each.name for each in path.parent.iterdir()) == ["table.csv", "table.csv.run.json"]


@pytest.mark.parametrize("beside", ['{"model": "two"}', "{}", "no JSON", "[]"])
def test_rows_of_something_else_are_never_gone_on_with(beside, path, whole):
    path.with_name("table.csv.run.json").write_text(beside)
    path.write_bytes(whole[:80])
    with pytest.raises(CourseError, match="was begun with something else.* and is 'one'"):
        grow(path)
    assert path.read_bytes() == whole[:80]
    assert grow(path, again=True) == (0, 1)
    assert path.read_bytes() == whole


def test_a_new_beginning_that_was_cut_off_needs_not_be_asked_for_twice(path, whole, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module, "write_json", killed)
        grow(path, made_from={"model": "two"}, again=True)
    assert path.read_bytes() == b"", "no rows, nor a header, beside which something else is said"
    assert grow(path, made_from={"model": "two"}) == (0, 1)
    assert json.loads(path.with_name("table.csv.run.json").read_text()) == {"model": "two"}


def test_a_table_that_was_changed_is_left_alone(path, whole):
    names, lines = NAMES[:2] + ["new.jpg"] + NAMES[2:], whole.splitlines(keepends=True)
    for changed, pictures, told in [
        (whole, names, "Row 4 of .* 'new.jpg' ..., but it is 'with.{2}line.jpg', '', 'a' and 3 more"),
        (whole, NAMES[:-1], "Row 8 of .* none: there are no more pictures"),
        (b"path,other\n" + whole, NAMES, "Row 1 of .* 'path', 'label', 'predicted', 'p_a', .*, but it is 'path', 'other'"),
        (b"".join([*lines[:1], b"plain.jpg;a\n", *lines[2:]]), NAMES, "Row 2 of .* but it is 'plain.jpg;a'"),
        (b"".join([*lines[:1], b"plain.jpg,a\n", *lines[2:]]), NAMES, "Row 2 of .* but it is 'plain.jpg', 'a'"),
    ]:  # fmt: skip
        path.write_bytes(changed)
        with pytest.raises(CourseError, match=told):
            grow(path, pictures)
        assert path.read_bytes() == changed


def test_two_runs_never_write_into_one_file(path):
    with growing(path, HEADER, NAMES, MADE_FROM, 2) as table:
        table.append([row(name) for name in NAMES[:2]])
        for again in (False, True):
            with pytest.raises(CourseError, match="is being written by another run"):
                grow(path, again=again)
        assert path.read_bytes() == as_csv([HEADER, *map(row, NAMES[:2])])
    assert grow(path) == (2, 1)


def test_where_the_system_has_no_locks_it_works_as_well(path, whole, monkeypatch):
    path.unlink()
    monkeypatch.setattr(module, "fcntl", None)
    assert grow(path) == (0, 1) and path.read_bytes() == whole
