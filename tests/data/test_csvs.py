"""A CSV as a list of pictures: any separator and encoding, nothing guessed, every row used or named."""

import csv
import io
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.data import csvs
from utils.data.csvs import list_csv
from utils.data.folders import Row
from utils.data.samples import sample
from utils.errors import CourseError

TWO = [Row("a.jpg", "cat"), Row("b c.jpg", "dog")]
NUMBERED = {"path": 0, "label": 1}


@pytest.fixture
def write(tmp_path):
    """write(text or bytes, name): the path of a CSV."""

    def to(content, name="labels.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return to


@pytest.fixture
def listed(write, tmp_path):
    """listed(text, ...): (rows, {(path, kind): detail}) of a CSV."""

    def read(content, **options):
        rows, problems = list_csv(write(content), tmp_path, **options)
        return rows, {(problem.path, problem.kind): problem.detail for problem in problems}

    return read


@pytest.fixture
def message(write, tmp_path):
    """message(text, ...): what the CourseError says that a CSV is answered with."""

    def read(content, **options):
        source = write(content) if isinstance(content, (str, bytes)) else content
        with pytest.raises(CourseError) as caught:
            list_csv(source, tmp_path, **options)
        return str(caught.value)

    return read


# --- separators, encodings, headers ----------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ", ", " ; "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separator_and_line_end_are_found_out(separator, line_end, listed):
    lines = [f"path{separator}label", f"a.jpg{separator}cat", "", f"b c.jpg{separator}dog", ""]
    assert listed(line_end.join(lines)) == (TWO, {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found_out(encoding, listed):
    content = "path;label\nkäfer/ö.jpg;Käfer – „groß“\n".encode(encoding)
    assert listed(content) == ([Row("käfer/ö.jpg", "Käfer – „groß“")], {})


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_either_byte_order_of_utf_16_is_read(mark, listed):
    assert listed("\ufeffpath\tlabel\nя.jpg\tяблоко\n".encode(mark)) == ([Row("я.jpg", "яблоко")], {})


def test_columns_stand_anywhere_and_in_any_letter_case(listed):
    assert listed("id,Label,PATH,note\n1,cat,a.jpg,x\n2,dog,b c.jpg,\n") == (TWO, {})


def test_columns_have_the_names_that_are_given(listed):
    text = "file;kind;label;path\na.jpg;cat;x;y\nb c.jpg;dog;x;y\n"
    assert listed(text, columns={"path": "file", "label": "kind"}) == (TWO, {})
    assert listed("file,label\na.jpg,cat\nb c.jpg,dog\n", columns={"path": "file"}) == (TWO, {})


def test_without_header_columns_have_numbers(listed):
    assert listed("a.jpg,cat\nb c.jpg,dog\n", columns=NUMBERED) == (TWO, {})
    assert listed("1\tdog\tb c.jpg\n", columns={"path": 2, "label": 1}) == (TWO[1:], {})


def test_without_header_a_comma_in_the_first_path_is_no_separator_where_the_others_have_none(listed):
    assert listed("a,b.jpg;cat\nc.jpg;dog\n", columns=NUMBERED) == ([Row("a,b.jpg", "cat"), Row("c.jpg", "dog")], {})


def test_quoted_cells_hold_separators_quotes_and_line_ends(listed):
    text = '"path", "label"\n"a,1.jpg", "the ""cat"""\n"b\nc.jpg",dog\nd"e.jpg,owl\n'
    assert listed(text)[0] == [Row("a,1.jpg", 'the "cat"'), Row("b\nc.jpg", "dog"), Row('d"e.jpg', "owl")]


def test_words_that_mean_missing_elsewhere_are_labels(listed):
    names = ["NA", "null", "None", "nan", "N/A", "", "0", "007"]
    text = "path,label\n" + "".join(f"{place}.jpg,{name}\n" for place, name in enumerate(names))
    rows, problems = listed(text)
    assert [row.label for row in rows] == [name for name in names if name]
    assert problems == {("5.jpg", "empty cell"): "labels.csv, line 7"}


def test_a_separator_at_the_end_of_each_line_shifts_nothing(listed):
    # pandas by itself takes the first column for an index then, and the label for the path.
    assert listed("path,label\na.jpg,cat,\nb c.jpg,dog,\n") == (TWO, {})
    assert listed("path,label,\na.jpg,cat,\nb c.jpg,dog,\n,,\n") == (TWO, {})


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
CELL = st.one_of(TEXT, st.text(string.ascii_letters + "\"',;\t|\n\r \\#", min_size=1, max_size=12)).map(str.strip)
NAME = CELL.filter(lambda name: name and not set(name) & set("/\\") and name not in (".", ".."))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    rows=st.lists(st.tuples(NAME, CELL.filter(bool)), min_size=1, max_size=6, unique_by=lambda row: row[0]),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    has_header=st.booleans(),
)
def test_what_csv_writer_writes_is_read_back(tmp_path_factory, rows, separator, encoding, quoting, has_header):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerows([("path", "label"), *rows] if has_header else rows)
    folder = tmp_path_factory.getbasetemp()
    (folder / "labels.csv").write_bytes(text.getvalue().encode(encoding))
    # Without header the separator is ambiguous where every path holds another one; give the header then.
    if not has_header and any(set(",;\t|") & set(path + label) for path, label in rows):
        return
    found, problems = list_csv(folder / "labels.csv", folder, columns=None if has_header else NUMBERED)
    assert problems == []
    assert [(row.path, row.label) for row in found] == rows


# --- labels and splits -----------------------------------------------------------------------------


def test_the_numbered_csvs_without_header_are_read_with_a_mapping():
    layouts = sample("layouts")
    rows, problems = list_csv(layouts / "numbered", layouts, NUMBERED, {0: "sun", 1: "apple", 2: "leaf"})
    assert problems == []
    assert len(rows) == 12
    assert {(row.split, row.label): 0 for row in rows}.keys() == {
        (split, label) for split in ("train", "valid", "test") for label in ("sun", "apple", "leaf")
    }
    by_path = {row.path: row.label for row in rows}
    with open(layouts / "labels.csv", encoding="utf-8", newline="") as file:
        assert by_path == {row["path"]: row["label"] for row in csv.DictReader(file)}


def test_a_mapping_names_labels_whether_its_keys_are_numbers_or_text(listed):
    for labels in ({0: "cat", 1: "dog"}, {"0": "cat", "1": "dog"}):
        assert listed("path,label\na.jpg,0\nb c.jpg,1\n", labels=labels) == (TWO, {})


def test_an_empty_label_is_a_problem_and_not_an_unknown_one(listed):
    rows, problems = listed("path,label\na.jpg,0\nb.jpg,\n", labels={0: "cat"})
    assert rows == [Row("a.jpg", "cat")]
    assert problems == {("b.jpg", "empty cell"): "labels.csv, line 3"}


def test_a_column_split_is_read_under_each_of_its_names(listed):
    text = "path,label,split\na,x,train\nb,x,Val\nc,x,validation\nd,x,TEST\ne,x,\n"
    rows, problems = listed(text)
    assert [row.split for row in rows] == ["train", "valid", "valid", "test", None]
    assert problems == {}


def test_several_csvs_are_splits_by_name_or_as_they_are_given(write, tmp_path):
    train, val = write("path,label\na,x\n", "train.csv"), write("path,label\nb,x\n", "Val.CSV")
    expected = {("a", "train"), ("b", "valid")}
    for sources in ([train, val], [str(train), str(val)], {"train": train, "valid": str(val)}, tmp_path, str(tmp_path)):
        rows, problems = list_csv(sources, tmp_path)
        assert {(row.path, row.split) for row in rows} == expected
        assert problems == []


def test_a_csv_of_a_split_overrules_a_column_split(write, tmp_path):
    path = write("path,label,split\na,x,test\n")
    assert list_csv({"train": path}, tmp_path)[0] == [Row("a", "x", "train")]
    assert list_csv(path, tmp_path)[0] == [Row("a", "x", "test")]


def test_a_path_in_two_csvs_stays_in_the_first_split_and_the_problem_says_where_it_was_again(write, tmp_path):
    test = write("path,label\na,x\nc,x\n", "test.csv")
    train = write("path,label\na,x\nb,x\n", "train.csv")
    rows, problems = list_csv([test, train], tmp_path)
    assert set(rows) == {Row("c", "x", "test"), Row("a", "x", "train"), Row("b", "x", "train")}
    assert [(found.path, found.kind, found.detail) for found in problems] == [
        ("a", "in two splits", "test.csv, line 2: test")
    ]


# --- rows that cannot be used ----------------------------------------------------------------------


def test_each_row_that_cannot_be_used_is_named_with_its_line_and_the_others_are_used(listed):
    rows, problems = listed(
        "path,label,split\n"
        "good.jpg,cat,train\n"
        "../out.jpg,cat,train\n"
        ",cat,train\n"
        "half.jpg\n"
        "odd.jpg,cat,holdout\n"
        "good.jpg,cat,train\n"
        "both.jpg,cat,train\n"
        "both.jpg,dog,train\n"
        "there.jpg,dog,test\n"
        "there.jpg,dog,train\n"
    )
    assert rows == [Row("good.jpg", "cat", "train"), Row("there.jpg", "dog", "train")]
    assert problems == {
        ("../out.jpg", "leaves the root"): "labels.csv, line 3: train",
        ("", "empty cell"): "labels.csv, line 4: train",
        ("half.jpg", "empty cell"): "labels.csv, line 5",
        ("odd.jpg", "unknown split"): "labels.csv, line 6: holdout",
        ("good.jpg", "listed twice"): "labels.csv, line 7: train",
        ("both.jpg", "two labels"): "labels.csv, line 9: train",
        ("there.jpg", "in two splits"): "labels.csv, line 10: test",
    }


@pytest.mark.parametrize("path", [
    "../a.jpg", "..", "x/../../a.jpg", "..\\a.jpg", "x\\..\\..\\a.jpg", "/etc/passwd", "./../a.jpg", "{parent}/a.jpg",
])  # fmt: skip
def test_no_path_leaves_the_root(path, listed, tmp_path):
    path = path.format(parent=tmp_path.parent.as_posix())
    rows, problems = listed(f"path,label\n{path},cat\n")
    assert rows == []
    assert [kind for _, kind in problems] == ["leaves the root"]


@pytest.mark.parametrize(("path", "expected"), [
    ("./a.jpg", "a.jpg"), ("x//a.jpg", "x/a.jpg"), ("x/../a.jpg", "a.jpg"), ("x\\a.jpg", "x/a.jpg"),
    ("..a.jpg", "..a.jpg"), ("...", "..."), ("{root}/x/a.jpg", "x/a.jpg"),
])  # fmt: skip
def test_a_path_inside_the_root_is_kept_in_its_shortest_form(path, expected, listed, tmp_path):
    path = path.format(root=tmp_path.as_posix())
    assert listed(f"path,label\n{path},cat\n") == ([Row(expected, "cat")], {})


def test_two_ways_to_write_a_path_are_the_same_path(listed):
    rows, problems = listed("path,label\nx/a.jpg,cat\n./x/a.jpg,cat\n")
    assert rows == [Row("x/a.jpg", "cat")]
    assert problems == {("x/a.jpg", "listed twice"): "labels.csv, line 3"}


def test_a_row_that_cannot_be_used_does_not_spoil_a_good_one_of_the_same_path(listed):
    rows, problems = listed("path,label,split\na,,train\na,cat,odd\na,cat,test\n")
    assert rows == [Row("a", "cat", "test")]
    assert set(problems) == {("a", "empty cell"), ("a", "unknown split")}


def test_lines_are_counted_as_an_editor_shows_them(listed):
    _, problems = listed('path,label\n\n"a\nb",cat\n\n,dog\n')
    assert problems == {("", "empty cell"): "labels.csv, line 6"}


# --- bad input -------------------------------------------------------------------------------------


def test_a_csv_that_is_missing_is_answered_with_those_that_are_there(write, message, tmp_path):
    write("path,label\n", "etiketten.csv")
    found = message(tmp_path / "labels.csv")
    assert f"'{tmp_path / 'labels.csv'}', but: No such file" in found
    assert "Its folder has 'etiketten.csv'." in found


def test_a_csv_in_a_folder_that_is_missing_is_answered_too(message, tmp_path):
    assert "No such file" in message(tmp_path / "nowhere" / "labels.csv")


def test_a_folder_without_csvs_is_answered_with_their_names(message, tmp_path):
    assert f"train.csv, valid.csv, test.csv in '{tmp_path}', but it has none" in message(tmp_path)


def test_a_csv_that_is_not_named_for_a_split_is_answered_with_how_to_say_it(write, message, tmp_path):
    write("path,label\n", "all.csv")
    assert "got 'all'. Rename the CSV, or give {'train': 'a.csv'" in message(tmp_path)


@pytest.mark.parametrize("content", ["", " \n\n", b"\xff\xfe\0\0p\0\0\0", b"\x00\x01\x02", b"\xff\xfea", b"\x81\x8d"])
def test_an_empty_file_or_one_that_is_no_text_is_answered_with_utf_8(content, message):
    assert "it is empty or in an unknown encoding. Save it as CSV in UTF-8" in message(content)


def test_missing_columns_are_answered_with_those_there_are_and_the_line_to_write(message):
    found = message("file;kind\na.jpg;cat\n")
    assert "Expected the columns 'path', 'label'" in found
    assert "its first line has 'file', 'kind'" in found
    assert "columns={'path': 'filename', 'label': 'class'}" in found
    assert "columns={'path': 0, 'label': 1}" in found


@pytest.mark.parametrize("text", ["a.jpg\nb.jpg\n", ",,,\n", ";\n"])
def test_too_few_columns_are_answered(text, message):
    assert "Expected the columns 0, 1" in message(text, columns=NUMBERED).replace("'", "")


def test_a_number_and_a_name_for_columns_do_not_go_together(message):
    assert "Expected the columns '0', 'label'" in message("a.jpg,cat\n", columns={"path": 0})


def test_a_column_that_stands_twice_is_answered_with_its_name(message):
    assert "'path' stands in its first line more than once" in message("path,Path,label\na,b,c\n")


def test_a_misspelt_key_of_columns_is_answered_with_the_right_ones(message):
    found = message("path,label\na,b\n", columns={"file": "path"})
    assert "the 'path', 'label', 'split', but got 'file'" in found


def test_unknown_labels_are_answered_all_at_once_with_their_number(message):
    found = message("path,label\na,0\nb,7\nc,7\nd,dog\n", labels={0: "cat", 1: "dog"})
    assert "Expected only the labels '0', '1' in the CSV, but 3 rows have '7', 'dog'" in found
    assert "labels=..." in found


def test_a_separator_inside_a_cell_without_quotes_is_answered_with_its_lines(message):
    found = message("path,label\nname,with,commas.jpg,fish\nb.jpg,cat\nc,d.jpg,cat\n")
    assert "has 2 columns, but more cells than that in line 2, 4." in found
    assert "Put quotes around" in found


def test_many_such_lines_are_not_all_listed(message):
    found = message("path,label\n" + "a,b,c\n" * 20)
    assert "in line 2, 3, 4, 5, 6, 7, 8, 9 and others." in found


def test_a_quote_that_does_not_close_is_answered_and_swallows_nothing(message):
    found = message('path,label\na.jpg,cat\n"b.jpg,dog\nc.jpg,owl\n')
    assert "Each quote that opens needs one that closes" in found
    assert "line 4" in found


def test_a_cell_longer_than_any_name_is_answered(message):
    assert "cannot be read with the separator" in message('path,label\n"' + "a" * 200_000 + '",cat\n')


def test_only_a_header_is_an_empty_list(listed):
    assert listed("path,label\n") == ([], {})
    assert listed("path,label,split\n", labels={0: "cat"}) == ([], {})


def test_on_windows_a_path_on_another_drive_leaves_the_root(monkeypatch, tmp_path):
    def relpath(path, start):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(csvs.os.path, "relpath", relpath)
    assert csvs._inside("/d/a.jpg", tmp_path).startswith("../")


def test_columns_that_came_as_text_are_answered_with_the_line_to_type(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\na.jpg,cat\n")
    with pytest.raises(CourseError, match=r'-y "csv_columns: \{path: filename, label: class\}"'):
        list_csv(tmp_path / "labels.csv", tmp_path, "{'path': 0}")
