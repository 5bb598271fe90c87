"""A folder as a list of pictures: each file is a picture, a problem or a card; links, locks and orders do no harm."""

import os
import random
import shutil
import sys

import pytest

from utils.data import folders
from utils.data.folders import CARDS, Row, list_folder
from utils.errors import CourseError


@pytest.fixture
def root(tmp_path):
    return tmp_path / "pictures"


def plant(root, *paths):
    """Empty files: the listing reads names only. A path that ends with / is an empty folder."""
    for path in paths:
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
    return root


def link(place, target):
    try:
        place.symlink_to(target)
    except OSError:
        pytest.skip("this system allows no links")


def found_problems(problems):
    return {(problem.path, problem.label, problem.kind) for problem in problems}


# --- layouts ---------------------------------------------------------------------------------------


def test_a_folder_is_a_label_and_folders_inside_it_belong_to_it(root):
    plant(root, "dog/b.jpg", "cat/x.png", "cat/2023/june/1.jpg", "cat/a.jpg")
    rows, problems = list_folder(root)
    assert rows == [Row("cat/2023/june/1.jpg", "cat"), Row("cat/a.jpg", "cat"), Row("cat/x.png", "cat"),
                    Row("dog/b.jpg", "dog")]  # fmt: skip
    assert problems == []


@pytest.mark.parametrize(("name", "split"), [
    ("train", "train"), ("Training", "train"), ("valid", "valid"), ("val", "valid"), ("VALIDATION", "valid"),
    ("test", "test"), ("testing", "test"),
])  # fmt: skip
def test_folders_named_for_splits_are_splits_under_each_of_their_names(name, split, root):
    plant(root, "train/cat/0.jpg", f"{name}/cat/1.jpg")
    rows, problems = list_folder(root)
    assert Row(f"{name}/cat/1.jpg", "cat", split) in rows
    assert problems == []


def test_a_folder_beside_train_is_not_silently_ignored(root):
    plant(root, "train/cat/0.jpg", "new pictures/cat/1.jpg", "test/cat/2.jpg")
    rows, problems = list_folder(root)
    assert [row.path for row in rows] == ["test/cat/2.jpg", "train/cat/0.jpg"]
    assert found_problems(problems) == {("new pictures", "", "outside the splits")}


def test_a_tree_needs_no_train_folder_where_there_are_only_splits(root):
    plant(root, "test/cat/0.jpg", "test/dog/0.jpg", "val/cat/0.jpg")
    rows, _ = list_folder(root)
    assert rows == [Row("test/cat/0.jpg", "cat", "test"), Row("test/dog/0.jpg", "dog", "test"),
                    Row("val/cat/0.jpg", "cat", "valid")]  # fmt: skip


def test_a_class_called_train_is_a_class_where_pictures_lie_in_it(root):
    plant(root, "bus/1.jpg", "train/2.jpg", "test/3.jpg")
    assert [row.label for row in list_folder(root)[0]] == ["bus", "test", "train"]


def test_a_class_called_test_is_a_class_where_another_is_not_called_like_a_split(root):
    plant(root, "bus/1.jpg", "test/night/3.jpg")
    assert [(row.label, row.split) for row in list_folder(root)[0]] == [("bus", None), ("test", None)]


def test_extensions_count_in_any_letter_case(root):
    names = ["a.JPG", "b.jpeg", "c.JPEG", "d.Png", "e.bmp", "f.BMP", "g.tif", "h.TIFF", "i.webp", "j.gif", "k.jfif"]
    plant(root, *(f"cat/{name}" for name in names))
    rows, problems = list_folder(root)
    assert sorted(row.path for row in rows) == sorted(f"cat/{name}" for name in names)
    assert problems == []


def test_a_folder_named_like_a_picture_is_a_folder(root):
    plant(root, "cat/x.jpg/1.jpg", "dog.png/2.jpg")
    rows, problems = list_folder(root)
    assert rows == [Row("cat/x.jpg/1.jpg", "cat"), Row("dog.png/2.jpg", "dog.png")]
    assert problems == []


# --- what is no picture ----------------------------------------------------------------------------


def test_what_is_no_picture_is_named(root):
    plant(root, "cat/1.jpg", "cat/notes.txt", "cat/Thumbs.db", "cat/.ipynb_checkpoints/1.jpg", "cat/@eaDir/1.jpg",
          ".DS_Store", "loose.jpg", "list.xls", "empty/", "cat/sub/._1.jpg")  # fmt: skip
    rows, problems = list_folder(root)
    assert rows == [Row("cat/1.jpg", "cat")]
    assert found_problems(problems) == {
        ("cat/notes.txt", "cat", "no picture"),
        ("cat/Thumbs.db", "cat", "system file"),
        ("cat/.ipynb_checkpoints", "cat", "system file"),
        ("cat/@eaDir", "cat", "system file"),
        ("cat/sub/._1.jpg", "cat", "system file"),
        (".DS_Store", "", "system file"),
        ("loose.jpg", "", "beside the classes"),
        ("list.xls", "", "no picture"),
        ("empty", "empty", "empty class"),
    }


def test_in_a_tree_what_is_no_picture_is_named_too(root):
    plant(root, "train/cat/1.jpg", "train/loose.jpg", "train/notes.txt", "train/.DS_Store", "train/empty/", "a.txt")
    assert found_problems(list_folder(root)[1]) == {
        ("train/loose.jpg", "", "beside the classes"),
        ("train/notes.txt", "", "no picture"),
        ("train/.DS_Store", "", "system file"),
        ("train/empty", "empty", "empty class"),
        ("a.txt", "", "no picture"),
    }


def test_a_card_beside_the_classes_is_no_problem(root):
    plant(root, "cat/1.jpg", "README.md", "License.txt")
    assert list_folder(root)[1] == []


def a_tree(rng):
    """Paths of files in a random tree of classes, litter and splits."""
    tops = rng.sample(["cat", "dog", "train", "val", "test", ".git", "x.jpg", "__MACOSX", "b c"], rng.randint(1, 5))
    middles = ["", "cat", "inner", ".hidden", "y.png"]
    names = ["1.jpg", "2.PNG", "a.txt", "README.md", ".DS_Store", "Thumbs.db", "noext"]
    for _ in range(rng.randint(1, 25)):
        parts = [rng.choice([*tops, ""]), rng.choice(middles), rng.choice(middles), f"n{rng.choice(names)}"]
        parts[3] = parts[3][1:] if rng.random() < 0.7 else parts[3]
        yield "/".join(part for part in parts if part)


@pytest.mark.parametrize("seed", range(40))
def test_every_file_is_a_picture_of_the_list_or_a_problem_or_a_card_but_never_two(seed, root):
    plant(root, *a_tree(random.Random(seed)))
    plant(root, "train/sure/1.jpg" if (root / "train").exists() else "cat/1.jpg")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    rows, problems = list_folder(root)
    assert len({row.path for row in rows}) == len(rows)
    places = [problem.path for problem in problems if problem.kind != "empty class"]
    for path in files:
        listed = sum(row.path == path for row in rows)
        named = sum(path == place or path.startswith(f"{place}/") for place in places)
        card = path.lower() in CARDS
        assert listed + named + card == 1, path


def test_the_order_in_which_the_disk_lists_changes_nothing(root, monkeypatch):
    for number in range(12):
        plant(root, f"train/{number % 3}/{number}.jpg", f"val/{number % 3}/{number}.jpg", f"train/1/s{number}/1.jpg")
    plant(root, "train/.DS_Store", "train/a.txt", "train/loose.jpg", "other/1.jpg", "train/empty/")
    link(root / "train/1/loop", root)
    expected = list_folder(root)
    plain = os.scandir

    class Shuffled:
        def __init__(self, folder):
            self.entries = list(plain(folder))
            rng.shuffle(self.entries)

        def __enter__(self):
            return iter(self.entries)

        __iter__ = __enter__

        def __exit__(self, *_):
            pass

    for seed in range(5):
        rng = random.Random(seed)
        monkeypatch.setattr(folders.os, "scandir", Shuffled)
        assert list_folder(root) == expected


# --- links and locks -------------------------------------------------------------------------------


def test_a_link_back_to_its_own_folder_is_a_loop_and_ends(root):
    plant(root, "cat/inner/1.jpg")
    link(root / "cat/inner/loop", root / "cat")
    rows, problems = list_folder(root)
    assert [row.path for row in rows] == ["cat/inner/1.jpg"]
    assert found_problems(problems) == {("cat/inner/loop", "cat", "link loop")}


@pytest.mark.parametrize("tree", ["", "train/"])
def test_a_link_back_to_the_root_does_not_make_dogs_of_cats(tree, root):
    plant(root, f"{tree}cat/1.jpg", f"{tree}dog/1.jpg", "valid/cat/1.jpg" if tree else "owl/1.jpg")
    link(root / f"{tree}dog/all", root / tree)
    rows, problems = list_folder(root)
    assert [row.path for row in rows if row.label == "dog"] == [f"{tree}dog/1.jpg"]
    assert found_problems(problems) == {(f"{tree}dog/all", "dog", "link loop")}


def test_a_class_that_is_a_link_to_the_root_is_a_loop(root):
    plant(root, "cat/1.jpg")
    link(root / "all", root)
    rows, problems = list_folder(root)
    assert [row.path for row in rows] == ["cat/1.jpg"]
    assert found_problems(problems) == {("all", "all", "link loop")}


def test_a_folder_linked_twice_in_a_class_is_listed_once(root, tmp_path):
    plant(tmp_path / "elsewhere", "1.jpg")
    plant(root, "cat/")
    link(root / "cat/a", tmp_path / "elsewhere")
    link(root / "cat/b", tmp_path / "elsewhere")
    rows, problems = list_folder(root)
    assert [row.path for row in rows] == ["cat/a/1.jpg"]
    assert found_problems(problems) == {("cat/b", "cat", "link loop")}


def test_a_linked_class_or_picture_is_a_class_or_picture(root, tmp_path):
    plant(tmp_path / "elsewhere", "1.jpg")
    plant(root, "dog/")
    link(root / "cat", tmp_path / "elsewhere")
    link(root / "dog/2.jpg", tmp_path / "elsewhere/1.jpg")
    assert list_folder(root)[0] == [Row("cat/1.jpg", "cat"), Row("dog/2.jpg", "dog")]


def test_a_link_to_itself_or_to_nowhere_is_a_file_that_reading_will_name(root):
    plant(root, "cat/1.jpg")
    link(root / "cat/itself.jpg", "itself.jpg")
    link(root / "cat/nowhere.jpg", "gone.jpg")
    link(root / "itself", "itself")
    rows, problems = list_folder(root)
    assert [row.path for row in rows] == ["cat/1.jpg", "cat/itself.jpg", "cat/nowhere.jpg"]
    assert found_problems(problems) == {("itself", "", "no picture")}


def test_a_folder_without_permission_is_named_and_the_others_are_read(open_folder, no_rights):
    plant(open_folder, "cat/1.jpg", "cat/inner/2.jpg", "dog/1.jpg")
    (open_folder / "cat/inner").chmod(0)
    (open_folder / "dog").chmod(0)
    with no_rights():
        rows, problems = list_folder(open_folder)
    assert [row.path for row in rows] == ["cat/1.jpg"]
    assert found_problems(problems) == {
        ("cat/inner", "cat", "folder cannot be read"),
        ("dog", "dog", "folder cannot be read"),
    }
    assert {problem.detail for problem in problems} == {"Permission denied"}
    unlock(open_folder)


def test_a_locked_train_folder_still_makes_a_tree(open_folder, no_rights):
    plant(open_folder, "train/cat/1.jpg", "test/cat/1.jpg")
    (open_folder / "train").chmod(0)
    with no_rights():
        rows, problems = list_folder(open_folder)
    assert rows == [Row("test/cat/1.jpg", "cat", "test")]
    assert found_problems(problems) == {("train", "", "folder cannot be read")}
    unlock(open_folder)


def unlock(folder):
    for path in folder.rglob("*"):
        path.chmod(0o755)


def test_a_lock_is_met_by_name_also_where_the_system_cannot_make_one(root, monkeypatch):
    plant(root, "cat/1.jpg", "dog/1.jpg")
    plain = os.scandir

    def refusing(folder):
        if str(folder).endswith("dog"):
            raise PermissionError(13, "Permission denied")
        return plain(folder)

    monkeypatch.setattr(folders.os, "scandir", refusing)
    rows, problems = list_folder(root)
    assert rows == [Row("cat/1.jpg", "cat")]
    assert found_problems(problems) == {("dog", "dog", "folder cannot be read")}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
def test_a_name_that_is_no_text_is_named_in_a_way_that_can_be_printed_and_saved(root):
    plant(root, "cat/1.jpg")
    for name in (b"cat/caf\xe9.jpg", b"\xff.jpg"):
        with open(os.fsencode(root) + b"/" + name, "wb"):
            pass
    os.mkdir(os.fsencode(root) + b"/cat/\xe9")  # noqa: PTH102 - bytes
    rows, problems = list_folder(root)
    assert rows == [Row("cat/1.jpg", "cat")]
    assert found_problems(problems) == {
        ("cat/caf\\xe9.jpg", "cat", "unreadable name"),
        ("cat/\\xe9", "cat", "unreadable name"),
        ("\\xff.jpg", "", "unreadable name"),
    }
    for problem in problems:
        problem.path.encode()


@pytest.mark.skipif(sys.platform == "win32", reason="its paths are short")
def test_very_deep_folders_do_not_end_the_listing(root, tmp_path):
    plant(root, "cat/1.jpg")
    deep = root / "cat"
    for _ in range(1100):
        deep = deep / "d"
        deep.mkdir()
    try:
        assert [row.path for row in list_folder(root)[0]] == ["cat/1.jpg"]
    finally:
        while deep != root:
            shutil.rmtree(deep, ignore_errors=True)
            deep = deep.parent


# --- bad input -------------------------------------------------------------------------------------


def message(root):
    with pytest.raises(CourseError) as caught:
        list_folder(root)
    return str(caught.value)


def test_a_folder_that_does_not_exist_is_answered_with_the_one_that_was_meant(root):
    plant(root, "holiday/")
    found = message(root / "hollidays")
    assert f"'{root / 'hollidays'}' does not exist" in found
    assert f"Did you mean '{root / 'holiday'}'?" in found


def test_a_path_that_breaks_off_is_answered_with_the_part_that_exists(root):
    plant(root, "holiday/")
    assert f"The part that exists is '{root / 'holiday'}'." in message(root / "holiday" / "spain" / "day 1")


def test_a_folder_below_a_locked_one_is_answered_like_one_that_does_not_exist(open_folder, no_rights):
    plant(open_folder, "locked/inner/1.jpg")
    (open_folder / "locked").chmod(0)
    with no_rights():
        found = message(open_folder / "locked" / "inner")
    assert "does not exist. The part that exists is" in found
    unlock(open_folder)


@pytest.mark.parametrize(("name", "advice"), [
    ("labels.csv", "Give a CSV as csv=..."), ("photos.ZIP", "Unpack it first."), ("1.jpg", "the folder that it lies in"),
])  # fmt: skip
def test_a_file_in_the_place_of_the_folder_is_answered_with_what_to_do(name, advice, root):
    found = message(plant(root, name) / name)
    assert f"'{root / name}' is a file" in found
    assert advice in found


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_folder_at_all_is_not_the_folder_we_happen_to_be_in(nothing):
    assert "got none. Give its path as data_dir=" in message(nothing)


def test_the_home_of_nobody_is_answered_with_ones_own():
    assert "Write ~/nobody-at-all/pictures" in message("~nobody-at-all/pictures")


def test_home_is_home(root, monkeypatch):
    plant(root, "cat/1.jpg")
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("USERPROFILE", str(root.parent))
    assert list_folder("~/pictures")[0] == [Row("cat/1.jpg", "cat")]


def test_an_empty_folder_is_called_empty(root):
    assert f"'{root}', but the folder is empty" in message(plant(root, "./"))


def test_folders_without_pictures_are_answered_with_what_there_is_instead(root):
    plant(root, "a/1.heic", "a/2.heic", "b/notes.txt", "c/", "Makefile", "README.md")
    found = message(root)
    assert "'a', 'b', 'c'" in found
    assert "but found none, only 2 x .heic, 1 x .md, 1 x .txt, 1 x no extension." in found
    assert "convert others (HEIC, raw) to JPEG" in found


def test_empty_class_folders_are_answered_without_a_list_of_nothing(root):
    found = message(plant(root, "a/", "b/"))
    assert "('a', 'b'), but found none. Pictures end in .jpg" in found


def test_pictures_in_no_class_folder_are_answered_with_folders_or_a_csv(root):
    found = message(plant(root, *(f"{number}.jpg" for number in range(5))))
    assert "its 5 pictures lie in no class folder ('0.jpg', '1.jpg', '2.jpg' and 2 more)" in found
    assert "a folder a class, or give a CSV" in found


def test_a_locked_folder_is_answered_with_the_line_that_opens_it(open_folder, no_rights):
    plant(open_folder, "pictures/cat/1.jpg")
    (open_folder / "pictures").chmod(0)
    with no_rights():
        found = message(open_folder / "pictures")
    assert f"The folder '{open_folder / 'pictures'}' may not be read" in found
    assert f"chmod -R u+rX '{open_folder / 'pictures'}'" in found
    unlock(open_folder)


def test_locked_class_folders_only_are_answered_with_the_line_that_opens_them(open_folder, no_rights):
    plant(open_folder, "cat/1.jpg", "dog/1.jpg")
    (open_folder / "cat").chmod(0)
    (open_folder / "dog").chmod(0)
    with no_rights():
        found = message(open_folder)
    assert "'cat', 'dog' may not be read. Change the permissions: chmod -R" in found
    unlock(open_folder)
