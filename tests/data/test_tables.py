"""Scanning: every fault gets its name, nothing is skipped, nothing is written, and nothing stops it half-way."""

import os
import random
import shutil
import socket

import pandas as pd
import pytest
from PIL import Image

from utils.data import folders, images, tables
from utils.data.copies import find_copies
from utils.data.images import PROBLEMS as PICTURE_PROBLEMS
from utils.data.samples import sample
from utils.data.tables import PROBLEMS, class_names, problem_table, require_classes, scan
from utils.errors import CourseError

# What the card of data_samples/messy says that a scan says.
LEFT_OUT = {
    "train/apple/truncated.jpg": "broken",
    "train/sun/damaged.png": "broken",
    "train/fish/zero-bytes.jpg": "empty file",
    "train/leaf/text-named-jpg.jpg": "not a picture",
    "train/sun/bomb.png": "too large",
    "train/leaf/32-bit-float.tif": "unknown range",
    "train/sun/one-pixel.png": "tiny",
    "train/.DS_Store": "system file",
    "train/fish/Thumbs.db": "system file",
    "train/empty/.gitkeep": "system file",
    "train/notes.txt": "no picture",
    "train/picture-beside-classes.jpg": "beside the classes",
}
NOTED = {
    "train/fish/png-named-jpg.jpg": "wrong extension",
    "train/apple/cmyk.jpg": "CMYK",
    "train/leaf/16-bit.png": "16-bit",
    "train/leaf/palette-transparent.png": "transparent",
    "train/fish/rgba.png": "transparent",
    "train/fish/two-frames.gif": "several frames",
    "train/sun/exif-rotated.jpg": "rotated",
}
NOTHING_TO_SAY = [
    "train/sun/grey.png", "train/sun/UPPER-CASE.JPG", "train/fish/long-extension.jpeg", "train/leaf/other-format.bmp",
    "train/leaf/other-format.tif", "train/leaf/other-format.webp", "train/apple/name with spaces.jpg",
    "train/fish/name,with,commas.jpg", "train/leaf/name'with'apostrophes.jpg", "train/sun/name “with” quotes.jpg",
    "train/leaf/name with # and % and [brackets].jpg", "train/apple/яблоко りんご.jpg",
    "train/leaf/inner folder/in-a-folder-of-its-own.jpg", "train/apple/copy-within-class.png",
    "train/leaf/copy-across-classes.png", "test/fish/copy-across-splits.png", "valid/sun/near-copy-smaller.jpg",
    "train/boat/the-only-one.jpg",
]  # fmt: skip
OF_CLASSES = {
    ("train/empty", "empty", "empty class"), ("", "boat", "small class"), ("", "boat", "missing in a split"),
}  # fmt: skip


@pytest.fixture(scope="module")
def messy():
    return scan(sample("messy"), progress=False)


def look(folder, **options):
    return scan(folder, progress=False, **options)


def kinds(problems):
    return {(row.path, row.problem) for row in problems.itertuples()}


def message(*arguments, **options):
    with pytest.raises(CourseError) as caught:
        scan(*arguments, progress=False, **options)
    return str(caught.value)


@pytest.fixture
def pictures(draw, tmp_path):
    """Nine pictures of cats, six of dogs, three of owls."""
    for seed in range(18):
        label, number = ("cat", seed) if seed < 9 else ("dog", seed - 9) if seed < 15 else ("owl", seed - 15)
        draw(tmp_path / "pictures" / label / f"{number}.jpg", seed)
    return tmp_path / "pictures"


# --- every fault has its name ----------------------------------------------------------------------


@pytest.mark.parametrize("path", LEFT_OUT)
def test_a_fault_that_leaves_a_file_out_is_named(path, messy):
    rows = messy.problems[messy.problems["path"] == path]
    assert list(rows["problem"]) == [LEFT_OUT[path]]
    assert rows["left_out"].all()
    assert path not in set(messy.table["path"])


@pytest.mark.parametrize("path", NOTED)
def test_a_fault_that_does_no_harm_is_noted(path, messy):
    rows = messy.problems[messy.problems["path"] == path]
    assert list(rows["problem"]) == [NOTED[path]]
    assert not rows["left_out"].any()
    assert path in set(messy.table["path"])


@pytest.mark.parametrize("path", NOTHING_TO_SAY)
def test_an_odd_but_good_picture_is_used_without_a_word(path, messy):
    assert path in set(messy.table["path"])
    assert path not in set(messy.problems["path"])


def test_nothing_else_is_named(messy):
    of_files = messy.problems[messy.problems["path"].isin(LEFT_OUT | NOTED)]
    assert len(of_files) == len(LEFT_OUT) + len(NOTED)
    others = messy.problems.drop(of_files.index)
    assert {(row.path, row.label, row.problem) for row in others.itertuples()} == OF_CLASSES
    assert set(others.loc[others["problem"] == "missing in a split", "detail"]) == {"valid", "test"}


def test_the_good_pictures_are_all_there_with_what_they_are_like(messy):
    table = messy.table
    good = table[table["path"].str.contains(r"/(?:apple|fish|leaf|sun)-\d\d\.")]
    assert good.groupby(["split", "label"]).size().to_dict() == {
        (split, label): count
        for split, count in {"train": 7, "valid": 2, "test": 2}.items()
        for label in ("apple", "fish", "leaf", "sun")
    }
    assert list(table) == ["path", "label", "split", "width", "height", "mode", "format", "bytes", "digest", "phash"]
    assert table["path"].is_unique
    assert table["path"].is_monotonic_increasing
    assert list(table.index) == list(range(len(table)))
    assert table.attrs["root"] == str(sample("messy"))
    for row in table.itertuples():
        path = sample("messy") / row.path
        assert row.bytes == path.stat().st_size
        with Image.open(path) as image:
            assert {row.width, row.height} == set(image.size)
            assert (row.mode, row.format) == (image.mode, image.format)


def test_each_problem_says_what_it_is_and_what_to_do(messy):
    assert list(messy.problems) == ["path", "label", "problem", "detail", "left_out", "advice"]
    for row in messy.problems.itertuples():
        left_out, what, remedy = PROBLEMS[row.problem]
        assert row.left_out == left_out
        assert what in row.advice
        assert remedy in row.advice
    assert messy.problems["left_out"].is_monotonic_decreasing, "what is left out stands first"


def test_every_kind_of_problem_has_words():
    assert PICTURE_PROBLEMS.items() <= PROBLEMS.items()
    for kind, (left_out, what, remedy) in PROBLEMS.items():
        assert isinstance(left_out, bool), kind
        assert what and remedy, kind


def test_no_problems_are_a_table_too(pictures):
    problems = look(pictures).problems
    assert len(problems) == 0
    assert problems["left_out"].dtype == bool
    assert list(problem_table([])) == ["path", "label", "problem", "detail", "left_out", "advice"]


# --- classes ---------------------------------------------------------------------------------------


def test_classes_are_numbered_once_for_all_splits(messy):
    assert class_names(messy.table) == ["apple", "boat", "fish", "leaf", "sun"]
    in_valid = messy.table[messy.table["split"] == "valid"]
    assert "boat" not in class_names(in_valid), "which is why the whole table is asked"


def test_the_shipped_digits_are_ten_classes():
    scanned = look(sample("digits"))
    assert class_names(scanned.table) == [str(digit) for digit in range(10)]
    assert len(scanned.table) == 500
    assert "split" not in scanned.table
    assert len(scanned.problems) == 0


def test_a_single_class_is_answered_with_what_to_do(pictures):
    table = look(pictures.parent).table
    with pytest.raises(CourseError) as caught:
        require_classes(table)
    assert "at least 2 classes apart, but this table has 1: 'pictures'" in str(caught.value)
    assert f"give '{pictures}' as data_dir" in str(caught.value)
    assert require_classes(look(pictures).table, 3) == ["cat", "dog", "owl"]
    with pytest.raises(CourseError, match="at least 4 classes"):
        require_classes(look(pictures).table, 4)


def test_a_class_of_which_nothing_can_be_used_does_not_vanish_in_silence(pictures):
    for path in (pictures / "owl").iterdir():
        path.write_bytes(b"")
    problems = look(pictures).problems
    assert ("owl", "empty class", "none of its 3 pictures can be used") in {
        (row.label, row.problem, row.detail) for row in problems.itertuples()
    }


@pytest.mark.parametrize(("count", "small"), [(1, True), (2, True), (3, False)])
def test_a_class_with_fewer_pictures_than_splits_is_small(count, small, draw, tmp_path):
    for number in range(count):
        draw(tmp_path / "rare" / f"{number}.png", number)
    for number in range(3):
        draw(tmp_path / "common" / f"{number}.png", 10 + number)
    problems = look(tmp_path).problems
    assert list(problems["label"]) == (["rare"] if small else [])
    assert list(problems["problem"]) == (["small class"] if small else [])


# --- limit, threads, order -------------------------------------------------------------------------


def test_a_limit_takes_each_class_by_its_share(pictures):
    assert look(pictures, limit=6).table["label"].value_counts().to_dict() == {"cat": 3, "dog": 2, "owl": 1}
    assert look(pictures, limit=1).table["label"].value_counts().to_dict() == {"cat": 1, "dog": 1, "owl": 1}


@pytest.mark.parametrize("limit", [None, 0, 18, 1000])
def test_no_limit_or_a_large_one_takes_all(limit, pictures):
    assert len(look(pictures, limit=limit).table) == 18


def test_a_limit_takes_each_split_by_its_share(messy):
    limited = look(sample("messy"), limit=39)
    shares = (limited.table["split"].value_counts() / len(limited.table)).sort_index()
    assert (shares - (messy.table["split"].value_counts() / len(messy.table)).sort_index()).abs().max() < 0.1
    assert set(limited.table["path"]) < set(messy.table["path"])


def test_a_limit_makes_no_class_small_that_is_not(pictures):
    assert len(look(pictures, limit=3).problems) == 0


def test_the_seed_decides_which_the_limit_takes(pictures):
    first, again, other = (look(pictures, limit=6, seed=seed).table["path"].tolist() for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_a_negative_limit_is_answered(pictures):
    assert "at least 1, but it is -5" in message(pictures, limit=-5)


def test_neither_threads_nor_the_listing_order_change_anything(pictures, monkeypatch):
    pd.testing.assert_frame_equal(look(sample("messy"), threads=1).table, look(sample("messy"), threads=7).table)
    once = look(pictures, limit=7)
    plain = folders.list_folder

    def reversed_listing(root):
        rows, problems = plain(root)
        return rows[::-1], problems

    monkeypatch.setattr(folders, "list_folder", reversed_listing)
    assert set(look(pictures, limit=7).table["path"]) == set(once.table["path"])


def test_progress_is_shown_when_it_is_wanted(pictures, capsys):
    scan(pictures, progress=True)
    shown = capsys.readouterr()
    assert "looking at pictures" in shown.err + shown.out
    scan(pictures, progress=False)
    assert capsys.readouterr() == ("", "")


# --- CSVs ------------------------------------------------------------------------------------------


def test_a_csv_gives_the_same_table_as_its_folders(pictures, tmp_path):
    by_folder = look(pictures).table
    by_folder[["path", "label"]].to_csv(pictures / "labels.csv", index=False)
    for source in (pictures / "labels.csv", str(pictures / "labels.csv")):
        pd.testing.assert_frame_equal(look(None, csv=source).table, by_folder)
        pd.testing.assert_frame_equal(look(pictures, csv=source).table, by_folder)
    by_folder.assign(path="pictures/" + by_folder["path"]).to_csv(tmp_path / "elsewhere.csv", index=False)
    assert len(look(tmp_path, csv=tmp_path / "elsewhere.csv").table) == 18


def test_the_layouts_card_keeps_its_word():
    layouts = sample("layouts")
    table, problems = look(None, csv=layouts / "labels.csv")
    assert (len(table), class_names(table), len(problems)) == (12, ["apple", "leaf", "sun"], 0)
    assert "split" not in table
    labels = {0: "sun", 1: "apple", 2: "leaf"}
    table, problems = look(layouts, csv=layouts / "numbered", columns={"path": 0, "label": 1}, labels=labels)
    assert table["split"].value_counts().to_dict() == {"train": 6, "valid": 3, "test": 3}
    assert len(problems) == 0


def test_rows_without_a_file_are_named_and_the_others_are_used(pictures):
    (pictures / "labels.csv").write_text("path,label\ncat/0.jpg,cat\ncat/99.jpg,cat\ncat,cat\n../x.jpg,cat\n")
    table, problems = look(None, csv=pictures / "labels.csv")
    assert list(table["path"]) == ["cat/0.jpg"]
    assert kinds(problems) >= {("cat/99.jpg", "missing"), ("cat", "no file"), ("../x.jpg", "leaves the root")}


def test_a_csv_with_splits_for_some_pictures_leaves_the_others_without(pictures):
    (pictures / "labels.csv").write_text("path,label,split\ncat/0.jpg,cat,train\ncat/1.jpg,cat,\ncat/2.jpg,cat,val\n")
    split = look(None, csv=pictures / "labels.csv").table["split"]
    assert [None if pd.isna(name) else name for name in split] == ["train", None, "valid"]
    limited = look(None, csv=pictures / "labels.csv", limit=2).table["split"]
    assert limited.isna().sum() == 1


def test_a_csv_whose_paths_all_miss_is_answered_with_the_first_place_looked_at(pictures):
    (pictures / "labels.csv").write_text("path,label\nwrong/1.jpg,cat\nwrong/2.jpg,dog\n")
    found = message(None, csv=pictures / "labels.csv")
    assert "Not one of the 2 pictures" in found
    assert "2 missing" in found
    assert f"The first one looked for is '{pictures / 'wrong' / '1.jpg'}'" in found


@pytest.mark.parametrize(("rows", "why"), [("", "it has no rows"), ("../a.jpg,cat\n,\n", "'leaves the root'")])
def test_a_csv_of_which_no_row_can_be_used_is_answered_with_the_root(rows, why, pictures):
    (pictures / "labels.csv").write_text("path,label\n" + rows)
    found = message(None, csv=pictures / "labels.csv")
    assert f"No row of the CSV can be used ({why})" in found
    assert f"start from '{pictures}'" in found


def test_a_csv_that_is_missing_is_answered_whatever_the_folder(pictures):
    for folder in (None, pictures):
        assert "No such file" in message(folder, csv=pictures / "nothing" / "labels.csv")
    assert "does not exist" in message(pictures / "nothing", csv=pictures / "labels.csv")


def test_neither_folder_nor_csv_is_answered():
    for csv in (None, "", [], {}):
        assert "Give its path as data_dir=" in message("", csv=csv)


# --- pictures without labels -----------------------------------------------------------------------


@pytest.fixture
def unsorted(draw, tmp_path):
    """Pictures here and in a folder, with things that are none."""
    for number, path in enumerate(["b.jpg", "a.png", "holiday/beach/2.jpg", "holiday/1.jpg", ".trash/x.jpg"]):
        draw(tmp_path / "unsorted" / path, number)
    (tmp_path / "unsorted" / "holiday" / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "unsorted" / "notes.txt").write_text("")
    return tmp_path / "unsorted"


def test_an_unlabelled_folder_is_all_its_pictures_with_an_empty_label(unsorted, fingerprint):
    before = fingerprint(unsorted)
    table, problems = look(unsorted, labelled=False)
    assert fingerprint(unsorted) == before
    assert table["path"].tolist() == ["a.png", "b.jpg", "holiday/1.jpg", "holiday/beach/2.jpg"]
    assert table["label"].isna().all()
    assert table.attrs["root"] == str(unsorted)
    assert "split" not in table
    assert kinds(problems) == {
        (".trash", "system file"), ("holiday/broken.jpg", "not a picture"), ("notes.txt", "no picture"),
    }  # fmt: skip
    assert (problems["label"] == "").all()


def test_a_labelled_folder_is_the_same_pictures_without_its_labels(pictures):
    labelled, unlabelled = look(pictures).table, look(pictures, labelled=False).table
    pd.testing.assert_frame_equal(unlabelled.drop(columns="label"), labelled.drop(columns="label"))
    assert list(unlabelled) == list(labelled)


def test_a_limit_holds_for_an_unlabelled_folder(pictures):
    first, again = (look(pictures, labelled=False, limit=5, seed=3).table["path"].tolist() for _ in range(2))
    assert len(first) == 5
    assert first == again


def test_one_unlabelled_picture_is_enough_and_none_is_not(draw, tmp_path):
    draw(tmp_path / "one" / "1.jpg")
    assert len(look(tmp_path / "one", labelled=False).table) == 1
    (tmp_path / "none").mkdir()
    assert "found none, only nothing at all" in message(tmp_path / "none", labelled=False)
    (tmp_path / "none" / "notes.txt").write_text("")
    assert "found none, only 'notes.txt'" in message(tmp_path / "none", labelled=False)
    assert "does not exist" in message(tmp_path / "nowhere", labelled=False)


def test_a_csv_has_labels(unsorted):
    assert "labelled=False is for a folder" in message(unsorted, csv=unsorted / "x.csv", labelled=False)


# --- nothing stops it, nothing is changed ----------------------------------------------------------


def test_pictures_of_which_none_can_be_used_are_answered_with_their_kinds(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.jpg").write_bytes(b"")
    (tmp_path / "cat" / "b.jpg").write_bytes(b"text")
    found = message(tmp_path)
    assert "Not one of the 2 pictures" in found
    assert "1 empty file" in found
    assert "1 not a picture" in found


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_pipes_sockets_and_links_to_nowhere_stop_nothing(pictures, monkeypatch):
    os.mkfifo(pictures / "cat" / "pipe.jpg")
    os.mkfifo(pictures / "cat" / "pipe.txt")
    os.mkfifo(pictures / "pipe")
    (pictures / "cat" / "nowhere.jpg").symlink_to("gone.jpg")
    (pictures / "cat" / "itself.jpg").symlink_to("itself.jpg")
    monkeypatch.chdir(pictures / "cat")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        table, problems = look(pictures)
        assert len(find_copies(table)) == 0
    assert len(table) == 18
    assert kinds(problems) == {
        ("cat/pipe.jpg", "no file"),
        ("cat/socket.jpg", "no file"),
        ("cat/pipe.txt", "no picture"),
        ("pipe", "no picture"),
        ("cat/nowhere.jpg", "missing"),
        ("cat/itself.jpg", "cannot be read"),
    }


def test_a_file_that_vanishes_while_we_look_is_missing(pictures, monkeypatch):
    plain = tables.examine_all

    def late(paths, **options):
        (pictures / "cat" / "3.jpg").unlink()
        return plain(paths, **options)

    monkeypatch.setattr(tables, "examine_all", late)
    table, problems = look(pictures)
    assert len(table) == 17
    assert kinds(problems) == {("cat/3.jpg", "missing")}


def test_an_unreadable_picture_is_named_and_the_others_are_used(open_folder, draw, no_rights):
    for number in range(4):
        draw(open_folder / "cat" / f"{number}.jpg", number)
    (open_folder / "cat" / "2.jpg").chmod(0)
    look(open_folder)
    with no_rights():
        table, problems = look(open_folder)
    assert len(table) == 3
    assert kinds(problems) == {("cat/2.jpg", "cannot be read")}


def test_a_scan_changes_nothing(tmp_path, fingerprint):
    folder = tmp_path / "messy"
    shutil.copytree(sample("messy"), folder)
    before = fingerprint(folder)
    table, _ = look(folder)
    find_copies(table)
    assert fingerprint(folder) == before


def test_a_folder_that_is_read_only_is_read(open_folder, draw, no_rights):
    for number in range(4):
        draw(open_folder / "pictures" / "cat" / f"{number}.jpg", number).chmod(0o444)
    (open_folder / "pictures" / "cat").chmod(0o555)
    (open_folder / "pictures").chmod(0o555)
    look(open_folder / "pictures")
    with no_rights():
        table, problems = look(open_folder / "pictures")
    (open_folder / "pictures").chmod(0o755)
    (open_folder / "pictures" / "cat").chmod(0o755)
    assert (len(table), len(problems)) == (4, 0)


FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "bmp": "BMP", "tif": "TIFF", "webp": "WEBP"}


def test_damaged_files_of_every_format_stop_nothing_and_are_not_changed(tmp_path, draw, fingerprint):
    rng = random.Random(0)
    for label in FORMATS:
        whole = draw(tmp_path / "pictures" / label / f"whole.{label}", 1, (24, 18)).read_bytes()
        for number in range(80):
            content = bytearray(whole)
            for _ in range(rng.randrange(1, 6)):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            if rng.random() < 0.4:
                del content[rng.randrange(len(content)) :]
            (tmp_path / "pictures" / label / f"{number}.{label}").write_bytes(content)
    before = fingerprint(tmp_path)
    table, problems = look(tmp_path / "pictures")
    find_copies(table)
    assert fingerprint(tmp_path) == before
    left_out = problems.loc[problems["left_out"], "path"]
    assert sorted({*left_out, *table["path"]}) == sorted(
        path.relative_to(tmp_path / "pictures").as_posix() for path in tmp_path.rglob("*.*")
    )
    assert set(left_out).isdisjoint(table["path"])
    assert set(table["label"]) == set(FORMATS), "the whole ones at least"


def test_a_picture_is_opened_once(pictures, monkeypatch):
    opened = []
    plain = images._opened
    monkeypatch.setattr(images, "_opened", lambda path, data: opened.append(path) or plain(path, data))
    look(pictures)
    assert len(opened) == 18
