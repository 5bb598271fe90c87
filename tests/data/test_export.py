"""A split as a folder tree: whole or not at all, in a new place, every picture once, and the reader's own untouched."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from utils.data import export
from utils.data.export import export_tree, tree_paths
from utils.data.samples import sample
from utils.data.splits import add_splits, drop_small_classes
from utils.data.tables import scan
from utils.errors import CourseError


def look(folder):
    return scan(folder, progress=False).table


def content(table):
    return table[["label", "split", "digest"]].sort_values(["digest", "split", "label"]).to_numpy().tolist()


@pytest.fixture
def table(tmp_path, draw):
    """Six pictures of cats, one in a folder of its own, and three of dogs, split; their folder is tmp_path/pictures."""
    for number in range(5):
        draw(tmp_path / "pictures" / "cat" / f"{number}.png", number)
    draw(tmp_path / "pictures" / "cat" / "inner" / "0.png", 5)
    for number in range(3):
        draw(tmp_path / "pictures" / "dog" / f"{number}.png", 6 + number)
    return add_splits(look(tmp_path / "pictures"))


def message(table, folder, **options):
    with pytest.raises(CourseError) as caught:
        export_tree(table, folder, progress=False, **options)
    return str(caught.value)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


# --- what is made ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["copy", "link"])
def test_a_scan_of_the_tree_finds_the_same_pictures_labels_and_splits(how, table, tmp_path):
    folder = export_tree(table, tmp_path / "tree", how=how, progress=False)
    assert folder == tmp_path / "tree"
    scanned = scan(folder, progress=False)
    assert content(scanned.table) == content(table)
    assert set(scanned.problems["problem"]) <= {"missing in a split", "small class"}
    split = table.set_index("path")["split"]
    assert (folder / split["cat/inner/0.png"] / "cat" / "inner" / "0.png").is_file()
    assert left(tmp_path) == ["pictures", "tree"]


def test_the_faulty_tree_exported_as_it_is_split_has_the_same_paths(tmp_path):
    messy = look(sample("messy"))
    again = look(export_tree(messy, tmp_path / "tree", progress=False))
    assert again["path"].tolist() == messy["path"].tolist()
    assert content(again) == content(messy)


def test_equal_names_of_several_splits_do_not_meet_when_they_are_split_anew(tmp_path):
    messy = drop_small_classes(look(sample("messy")).drop(columns="split"))
    table = add_splits(messy, seed=1)
    again = look(export_tree(table, tmp_path / "tree", progress=False))
    assert content(again) == content(table)


def test_every_split_has_its_folder_also_the_empty_one(table, tmp_path):
    folder = export_tree(table.assign(split="train"), tmp_path / "tree", progress=False)
    assert left(folder) == ["test", "train", "valid"]
    assert left(folder / "train") == ["cat", "dog"]


@pytest.mark.parametrize(("path", "label", "expected"), [
    ("cat/1.jpg", "cat", "train/cat/1.jpg"),
    ("cat/inner/1.jpg", "cat", "train/cat/inner/1.jpg"),
    ("test/cat/1.jpg", "cat", "train/cat/1.jpg"),
    ("cat/cat/1.jpg", "cat", "train/cat/cat/1.jpg"),
    ("images/1.jpg", "cat", "train/cat/images/1.jpg"),
    ("1.jpg", "cat", "train/cat/1.jpg"),
    ("cat", "cat", "train/cat/cat"),
])  # fmt: skip
def test_a_picture_keeps_the_path_below_its_class(path, label, expected):
    assert tree_paths(pd.DataFrame({"path": [path], "label": [label], "split": ["train"]})) == [expected]


@pytest.mark.parametrize(("one", "other"), [
    ("train/cat/1.jpg", "test/cat/1.jpg"), ("a/1.jpg", "A/1.JPG"), ("cat/a.jpg", "test/cat/A.jpg"),
])  # fmt: skip
def test_two_pictures_that_would_meet_keep_their_whole_paths(one, other):
    table = pd.DataFrame({"path": [one, other], "label": "cat", "split": "train"})
    found = tree_paths(table)
    assert found == [f"train/cat/{one}", f"train/cat/{other}"]


def test_pictures_of_other_classes_or_splits_do_not_meet():
    table = pd.DataFrame({
        "path": ["cat/1.jpg", "dog/1.jpg", "test/cat/1.jpg"], "label": ["cat", "dog", "cat"],
        "split": ["train", "train", "test"],
    })  # fmt: skip
    assert tree_paths(table) == ["train/cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg"]


def test_a_copy_is_a_file_of_its_own_and_a_link_takes_no_room(table, tmp_path):
    copied = export_tree(table, tmp_path / "copied", progress=False)
    linked = export_tree(table, tmp_path / "linked", how="link", progress=False)
    for path, target in zip(table["path"], tree_paths(table)):
        source = tmp_path / "pictures" / path
        assert (copied / target).read_bytes() == source.read_bytes() == (linked / target).read_bytes()
        assert not (copied / target).samefile(source)
        assert (linked / target).samefile(source)


def test_links_still_hold_where_everything_was_given_relative(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.attrs["root"] = "pictures"
    folder = export_tree(table, "new/tree", how="link", progress=False)
    assert folder == tmp_path / "new" / "tree"
    monkeypatch.chdir("/")
    assert len(look(folder)) == 9


def test_where_the_system_refuses_symbolic_links_hard_ones_are_made(table, tmp_path, monkeypatch):
    def refused(*_, **__):
        raise OSError(1, "A required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refused)
    folder = export_tree(table, tmp_path / "tree", how="link", progress=False)
    targets = [folder / target for target in tree_paths(table)]
    assert not any(target.is_symlink() for target in targets)
    assert all(target.stat().st_nlink == 2 for target in targets)


@pytest.mark.parametrize("how", ["copy", "link"])
def test_the_readers_pictures_are_only_read(how, table, tmp_path, fingerprint):
    before = fingerprint(tmp_path / "pictures")
    shutil.rmtree(export_tree(table, tmp_path / "tree", how=how, progress=False))
    assert fingerprint(tmp_path / "pictures") == before


def test_progress_is_shown_when_it_is_wanted(table, tmp_path, capsys):
    export_tree(table, tmp_path / "a")
    shown = capsys.readouterr()
    assert "exporting" in shown.err + shown.out
    export_tree(table, tmp_path / "b", progress=False)
    assert capsys.readouterr() == ("", "")


# --- whole or not at all ---------------------------------------------------------------------------


def test_nothing_has_the_final_name_until_all_is_there(table, tmp_path, monkeypatch):
    seen = []
    plain = shutil.copyfile
    monkeypatch.setattr(shutil, "copyfile", lambda *paths: seen.append((tmp_path / "tree").exists()) or plain(*paths))
    export_tree(table, tmp_path / "tree", progress=False)
    assert seen == [False] * 9


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_stops_half_way_leaves_nothing(failure, table, tmp_path, monkeypatch, fingerprint):
    plain, count = shutil.copyfile, []
    before = fingerprint(tmp_path / "pictures")

    def failing(source, target):
        count.append(source)
        if len(count) == 5:
            raise failure
        return plain(source, target)

    monkeypatch.setattr(shutil, "copyfile", failing)
    if isinstance(failure, OSError):
        assert "stopped: [Errno 28] No space left on device. Nothing of it was left" in message(
            table, tmp_path / "tree"
        )
    else:
        with pytest.raises(KeyboardInterrupt):
            export_tree(table, tmp_path / "tree", progress=False)
    assert left(tmp_path) == ["pictures"]
    assert fingerprint(tmp_path / "pictures") == before


def test_a_folder_that_appears_meanwhile_is_not_overwritten(table, tmp_path, monkeypatch):
    plain = export._write

    def late(*arguments):
        plain(*arguments)
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree" / "mine.txt").touch()

    monkeypatch.setattr(export, "_write", late)
    assert "stopped" in message(table, tmp_path / "tree")
    assert left(tmp_path) == ["pictures", "tree"]
    assert left(tmp_path / "tree") == ["mine.txt"]


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [
    lambda path: path.mkdir(), lambda path: path.touch(), lambda path: path.symlink_to("nowhere"),
])  # fmt: skip
def test_what_exists_is_refused_even_if_it_is_empty(make, table, tmp_path):
    make(tmp_path / "tree")
    assert f"Expected a new folder, but '{tmp_path / 'tree'}' exists already" in message(table, tmp_path / "tree")
    assert left(tmp_path) == ["pictures", "tree"]


@pytest.mark.parametrize("place", ["pictures/tree", "pictures/cat/new/tree", "pictures/../pictures/tree", "link/tree"])
def test_a_place_among_the_pictures_is_refused(place, table, tmp_path, fingerprint):
    (tmp_path / "link").symlink_to("pictures")
    before = fingerprint(tmp_path)
    found = message(table, tmp_path / place)
    assert "lies in" in found
    assert f"Give one beside it: '{tmp_path / 'tree'}'" in found
    assert fingerprint(tmp_path) == before


def test_a_place_whose_name_only_begins_like_the_pictures_is_taken(table, tmp_path):
    assert export_tree(table, tmp_path / "pictures split", progress=False).is_dir()


BAD_LABELS = ["a/b", "..", "", ".", " ", "a\\b", "a\0b", "a\nb", ".hidden", "..a", "Thumbs.db", "ä" * 128]


@pytest.mark.parametrize("label", BAD_LABELS)
def test_a_label_that_can_be_no_folder_is_named(label, table, tmp_path):
    labels = table["label"].where(table["label"] != "cat", label)
    found = message(table.assign(label=labels), tmp_path / "tree")
    assert f"can be folders' names, but got {label!r}." in found
    assert f".replace({{{label!r}: 'another name'}})" in found
    assert left(tmp_path) == ["pictures"]


def test_such_labels_are_named_all_at_once(table, tmp_path):
    assert "but got '..', 'a/b'." in message(table.assign(label=["a/b", ".."] * 4 + ["dog"]), tmp_path / "tree")


@pytest.mark.parametrize("label", ["a b", "Ä, 'ö' \"ü\"", "0", "りんご", "train", "a.b", "ä" * 127])
def test_an_odd_label_that_can_be_a_folder_is_one(label, table, tmp_path):
    again = look(export_tree(table.assign(label=label, split="train"), tmp_path / "tree", progress=False))
    assert set(again["label"]) == {label}
    assert len(again) == 9


def test_a_table_without_split_or_with_holes_in_it_is_answered(table, tmp_path):
    assert "no column split. Make it: add_splits(table)" in message(table.drop(columns="split"), tmp_path / "tree")
    holes = table.assign(split=["train", None, "val", *table["split"][3:]])
    found = message(holes, tmp_path / "tree")
    assert "but 2 have none: 'cat/1.png', 'cat/2.png'" in found


def test_a_table_that_does_not_know_its_folder_is_answered(table, tmp_path):
    table.attrs.clear()
    assert "table.attrs['root'] = " in message(table, tmp_path / "tree")


def test_pictures_that_are_gone_are_named_before_anything_is_made(table, tmp_path):
    (tmp_path / "pictures" / "cat" / "1.png").unlink()
    (tmp_path / "pictures" / "dog" / "2.png").unlink()
    found = message(table, tmp_path / "new" / "tree")
    assert "but 2 are not there: 'cat/1.png', 'dog/2.png'" in found
    assert left(tmp_path) == ["pictures"]


@pytest.mark.parametrize("path", ["../secret.png", "cat/../../secret.png", "/etc/hostname"])
def test_a_path_that_leaves_the_root_is_refused(path, table, tmp_path):
    (tmp_path / "secret.png").touch()
    found = message(table.assign(path=[path, *table["path"][1:]]), tmp_path / "tree")
    assert f"'{path}' lead out of it" in found
    assert left(tmp_path) == ["pictures", "secret.png"]


def test_another_way_than_copy_or_link_is_answered(table, tmp_path):
    assert "one of 'copy', 'link', but got 'move'" in message(table, tmp_path / "tree", how="move")


def test_a_disk_that_takes_two_labels_for_one_is_answered(table, tmp_path, monkeypatch):
    # As macOS and Windows do with 'cat' and 'Cat'.
    plain = Path.mkdir
    monkeypatch.setattr(
        Path, "mkdir", lambda path, *rest, **options: plain(path.with_name(path.name.lower()), *rest, **options)
    )
    labels = ["Cat", *table["label"][1:]]
    found = message(table.assign(label=labels, split="train"), tmp_path / "tree")
    assert "stopped" in found
    assert "File exists" in found
    assert left(tmp_path) == ["pictures"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_in_the_place_of_a_picture_is_not_waited_for(table, tmp_path):
    (tmp_path / "pictures" / "cat" / "1.png").unlink()
    os.mkfifo(tmp_path / "pictures" / "cat" / "1.png")
    assert "'cat/1.png'" in message(table, tmp_path / "tree")
