"""The committed sample pictures are what the scripts make, and each fault really is that fault."""

import csv
import importlib
import itertools
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError
from sklearn.datasets import load_digits

from utils.data.samples import SAMPLES_ROOT, damaged_samples
from utils.data.tables import scan
from utils.errors import CourseError

SETS = ("animals", "crops", "digits", "documents", "layouts", "messy", "posters", "predictions")
WHOLE = ("digits", "layouts", "messy", "predictions")  # made again whole; the others have tests of their own
MESSY = SAMPLES_ROOT / "messy"
GOOD_NAME = re.compile(r"(apple|fish|leaf|sun)-\d\d\.(jpg|png)")
LOCK = (SAMPLES_ROOT.parent / "requirements.txt").read_text(encoding="utf-8")
LOCKED = sys.platform == "linux" and f"pillow=={PIL.__version__}" in LOCK.split()


def files_in(folder):
    """{POSIX path: bytes} of everything but the card."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != "README.md"}


def pixels(path):
    """The upright picture as RGB, or None where it cannot be read."""
    try:
        with Image.open(path) as image:
            if image.mode == "I;16":
                return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
            return ImageOps.exif_transpose(image).convert("RGBA").convert("RGB")
    except (OSError, Image.DecompressionBombError):
        return None


def run(*arguments):
    command = [sys.executable, SAMPLES_ROOT / "make", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    done = run(*WHOLE, "--into", folder)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(WHOLE)
    return folder


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SAMPLES_ROOT / "make")
    return importlib.import_module


# --- the scripts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHOLE)
def test_a_set_made_again_equals_the_committed_one(name, made):
    again, committed = files_in(made / name), files_in(SAMPLES_ROOT / name)
    assert sorted(again) == sorted(committed)
    if LOCKED:
        assert [path for path in again if again[path] != committed[path]] == []
    else:  # another Pillow may pack the same picture into other bytes
        assert [path for path in again if not same_picture(made / name / path, SAMPLES_ROOT / name / path)] == []


def same_picture(one, other):
    one, other = pixels(one), pixels(other)
    if one is None or other is None:
        return one is other
    return one.size == other.size and np.mean(np.asarray(ImageChops.difference(one, other))) < 2


def test_the_checksums_cover_every_picture_and_csv_and_hold(made):
    uncovered = {
        "messy/train/.DS_Store",
        "messy/train/notes.txt",
        "messy/train/empty/.gitkeep",
        "messy/train/fish/Thumbs.db",
    }
    for root, names in ((SAMPLES_ROOT, SETS), (made, WHOLE)):
        pictures_and_csvs = {f"{name}/{path}" for name in names for path in files_in(root / name)} - uncovered
        lines = (root / "checksums.sha256").read_text(encoding="utf-8").splitlines()
        paths = [line.split("  ", 1)[1] for line in lines]
        assert [path for path in paths if path.startswith(names)] == sorted(pictures_and_csvs)
        assert damaged_samples(root) == []


def test_another_seed_gives_other_pictures_under_the_same_faults(script, tmp_path):
    script("messy").make(tmp_path, seed=1)
    other, committed = files_in(tmp_path), files_in(MESSY)
    assert {path for path in other if not GOOD_NAME.search(path)} == {
        path for path in committed if not GOOD_NAME.search(path)
    }
    pictures = [path for path in other if GOOD_NAME.search(path)]
    assert len(pictures) == 44
    assert [path for path in pictures if other[path] == committed[path]] == []


def test_making_a_set_twice_into_one_folder_changes_nothing(script, tmp_path):
    script("layouts").make(tmp_path)
    (tmp_path / "README.md").write_text("the card, written by hand")
    before = files_in(tmp_path)
    script("layouts").make(tmp_path)
    assert files_in(tmp_path) == before
    assert (tmp_path / "README.md").read_text() == "the card, written by hand"


@pytest.mark.parametrize("name", WHOLE)
def test_a_folder_with_a_foreign_file_is_refused_and_left_alone(name, script, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(CourseError, match=r"also holds 'train/holiday\.jpg'"):
        script(name).make(tmp_path)
    assert files_in(tmp_path) == {"train/holiday.jpg": b"mine"}


def test_a_file_in_the_place_of_the_folder_is_refused(script, tmp_path):
    (tmp_path / "layouts").write_text("mine")
    with pytest.raises(CourseError, match="is a file"):
        script("layouts").make(tmp_path / "layouts")


def test_the_command_shows_a_refusal_without_a_traceback(tmp_path):
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "mine.txt").write_text("mine")
    done = run("layouts", "--into", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("layouts: ")
    assert "'mine.txt'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_names_the_sets_for_an_unknown_one_and_for_help():
    assert run("cats").returncode == 2
    assert f"no sample set 'cats'; there are {', '.join(SETS)}" in " ".join(run("cats").stderr.split())
    assert ", ".join(SETS) in " ".join(run("--help").stdout.split())


def test_the_checksums_of_other_sets_are_kept(script, tmp_path):
    line = f"{'0' * 64}  weights/b0.safetensors"
    old = f"{'1' * 64}  layouts/images/gone.jpg"
    (tmp_path / "checksums.sha256").write_text(f"{old}\n{line}\n")
    paths = script("layouts").make(tmp_path / "layouts")
    script("writing").update_checksums(tmp_path, "layouts", paths)
    lines = (tmp_path / "checksums.sha256").read_text().splitlines()
    assert line in lines
    assert old not in lines
    assert len(lines) == 1 + len(paths)


# --- digits and layouts ----------------------------------------------------------------------------


def test_a_digit_is_the_source_picture_with_that_index_and_label():
    source = load_digits()
    paths = sorted((SAMPLES_ROOT / "digits").rglob("*.png"))
    indices = [int(path.stem.removeprefix("digit-")) for path in paths]
    grey = np.stack([np.asarray(Image.open(path)) for path in paths])  # (N, 8, 8)
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(np.rint(grey * (16 / 255)), source.images[indices])
    assert [int(path.parent.name) for path in paths] == source.target[indices].tolist()
    assert Counter(path.parent.name for path in paths) == dict.fromkeys("0123456789", 50)
    assert len({image.tobytes() for image in grey}) == 500


def test_exact_copies_in_a_source_count_once(script):
    one, other = np.zeros((8, 8)), np.ones((8, 8))
    assert script("digits").first_of_each_copy(np.stack([one, other, one, one, other])) == [0, 1]


def test_both_kinds_of_csv_say_the_same_of_the_same_pictures():
    layouts = SAMPLES_ROOT / "layouts"
    labels = {row["path"]: row["label"] for row in csv.DictReader((layouts / "labels.csv").open(encoding="utf-8"))}
    rows = {split: list(csv.reader((layouts / f"numbered/{split}.csv").open())) for split in ("train", "valid", "test")}
    assert {split: Counter(number for _, number in found) for split, found in rows.items()} == {
        "train": {"0": 2, "1": 2, "2": 2}, "valid": {"0": 1, "1": 1, "2": 1}, "test": {"0": 1, "1": 1, "2": 1}
    }  # fmt: skip
    numbered = [row for found in rows.values() for row in found]
    assert {path: ("sun", "apple", "leaf")[int(number)] for path, number in numbered} == labels
    assert sorted(labels) == sorted(path.relative_to(layouts).as_posix() for path in layouts.glob("images/*"))


# --- messy: each fault is that fault ---------------------------------------------------------------


def opened(path):
    return Image.open(MESSY / path)


@pytest.mark.parametrize("path", ["train/apple/truncated.jpg", "train/sun/damaged.png"])
def test_a_broken_picture_opens_but_does_not_load(path):
    image = opened(path)
    with pytest.raises(OSError, match="truncated|data stream"):
        image.load()


@pytest.mark.parametrize("path", ["train/fish/zero-bytes.jpg", "train/leaf/text-named-jpg.jpg"])
def test_what_is_no_picture_does_not_open(path):
    with pytest.raises(UnidentifiedImageError):
        opened(path)


def test_the_empty_file_is_empty_and_the_text_is_text():
    assert (MESSY / "train/fish/zero-bytes.jpg").stat().st_size == 0
    assert "line of text" in (MESSY / "train/leaf/text-named-jpg.jpg").read_text(encoding="ascii")


def test_the_bomb_is_small_and_claims_over_200_megapixels(monkeypatch):
    with pytest.raises(Image.DecompressionBombError):
        opened("train/sun/bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    width, height = opened("train/sun/bomb.png").size
    assert width * height >= 200_000_000
    assert (MESSY / "train/sun/bomb.png").stat().st_size < 2_000


@pytest.mark.parametrize(
    ("path", "file_format", "mode"),
    [
        ("train/fish/png-named-jpg.jpg", "PNG", "RGB"),
        ("train/apple/cmyk.jpg", "JPEG", "CMYK"),
        ("train/leaf/16-bit.png", "PNG", "I;16"),
        ("train/leaf/32-bit-float.tif", "TIFF", "F"),
        ("train/leaf/palette-transparent.png", "PNG", "P"),
        ("train/fish/rgba.png", "PNG", "RGBA"),
        ("train/sun/grey.png", "PNG", "L"),
        ("train/fish/two-frames.gif", "GIF", "P"),
        ("train/sun/UPPER-CASE.JPG", "JPEG", "RGB"),
        ("train/fish/long-extension.jpeg", "JPEG", "RGB"),
        ("train/leaf/other-format.bmp", "BMP", "RGB"),
        ("train/leaf/other-format.tif", "TIFF", "RGB"),
        ("train/leaf/other-format.webp", "WEBP", "RGB"),
    ],
)
def test_a_picture_has_the_format_and_mode_that_its_name_says(path, file_format, mode):
    image = opened(path)
    image.load()
    assert (image.format, image.mode) == (file_format, mode)


@pytest.mark.parametrize("path", ["train/leaf/palette-transparent.png", "train/fish/rgba.png"])
def test_a_transparent_picture_has_clear_and_opaque_parts(path):
    alpha = np.asarray(opened(path).convert("RGBA"))[..., 3]
    assert alpha[0, 0] == 0
    assert alpha.max() == 255


def test_16_bits_use_more_range_than_8():
    assert np.asarray(opened("train/leaf/16-bit.png")).max() > 30_000


def test_the_animation_has_two_different_frames():
    image = opened("train/fish/two-frames.gif")
    assert image.n_frames == 2
    first = image.convert("RGB")
    image.seek(1)
    assert ImageChops.difference(first, image.convert("RGB")).getbbox()


def test_the_rotated_picture_is_upright_once_its_tag_is_followed():
    image = opened("train/sun/exif-rotated.jpg")
    assert image.getexif()[0x0112] == 6
    upright = ImageOps.exif_transpose(image)
    assert (image.size, upright.size) == ((96, 144), (144, 96))
    top, bottom = (np.asarray(upright.resize((1, 9), Image.Resampling.BOX))[row, 0].astype(int) for row in (0, -1))
    assert top[2] > top[1], "the sky is blue"
    assert bottom[1] > bottom[2], "the hills are green"


def test_one_pixel_is_one_pixel():
    assert opened("train/sun/one-pixel.png").size == (1, 1)


@pytest.mark.parametrize(
    ("copy", "original"),
    [
        ("train/apple/copy-within-class.png", "train/apple/apple-01.png"),
        ("train/leaf/copy-across-classes.png", "train/apple/apple-02.png"),
        ("test/fish/copy-across-splits.png", "train/fish/fish-01.png"),
    ],
)
def test_a_copy_has_the_bytes_of_its_original(copy, original):
    assert (MESSY / copy).read_bytes() == (MESSY / original).read_bytes()


def test_the_near_copy_is_smaller_in_other_bytes_but_looks_the_same():
    copy, original = opened("valid/sun/near-copy-smaller.jpg"), opened("train/sun/sun-01.jpg")
    assert copy.width / original.width == pytest.approx(0.7, abs=0.01)
    assert copy.height / original.height == pytest.approx(0.7, abs=0.01)
    difference = ImageChops.difference(copy, original.resize(copy.size, Image.Resampling.LANCZOS))
    assert 0 < np.mean(np.asarray(difference)) < 8


def test_no_other_two_pictures_look_alike():
    looks = {path: look(MESSY / path) for path in files_in(MESSY)}
    looks = {path: bits for path, bits in looks.items() if bits is not None}
    alike = {
        frozenset((one, other))
        for one, other in itertools.combinations(looks, 2)
        if np.sum(looks[one] != looks[other]) < 12
    }
    assert alike == {
        frozenset({"train/apple/copy-within-class.png", "train/apple/apple-01.png"}),
        frozenset({"train/leaf/copy-across-classes.png", "train/apple/apple-02.png"}),
        frozenset({"test/fish/copy-across-splits.png", "train/fish/fish-01.png"}),
        frozenset({"valid/sun/near-copy-smaller.jpg", "train/sun/sun-01.jpg"}),
    }


def look(path):
    """64 bits: whether each pixel of the tiny grey picture is lighter than its left neighbour."""
    image = pixels(path)
    if image is None or min(image.size) < 4 or path.suffix == ".tif" and "float" in path.name:
        return None
    tiny = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    return (tiny[:, 1:] > tiny[:, :-1]).ravel()


def test_a_class_is_empty_another_has_one_picture_and_the_rest_have_several():
    counts = Counter(path.parts[-2] for path in MESSY.glob("train/*/*") if GOOD_NAME.fullmatch(path.name))
    assert counts == {"apple": 7, "fish": 7, "leaf": 7, "sun": 7}
    assert [path.name for path in (MESSY / "train/empty").iterdir()] == [".gitkeep"]
    assert [path.name for path in (MESSY / "train/boat").iterdir()] == ["the-only-one.jpg"]
    for split in ("valid", "test"):
        assert {path.name for path in (MESSY / split).iterdir()} == {"apple", "fish", "leaf", "sun"}


def test_every_name_is_possible_on_every_system():
    paths = list(files_in(MESSY))
    assert [path for path in paths if re.search(r'[<>:"\\|?*\x00-\x1f]|[ .](/|$)', path)] == []
    assert [path for path in paths if unicodedata.normalize("NFC", path) != path] == []
    assert len({path.casefold() for path in paths}) == len(paths)


def test_the_messy_set_is_under_400_kilobytes():
    assert sum(map(len, files_in(MESSY).values())) < 400_000


# --- the cards -------------------------------------------------------------------------------------


def card_rows(name):
    """{path: last cell} of the rows in a card whose first cell is one path in code letters."""
    card = (SAMPLES_ROOT / name / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", card, flags=re.MULTILINE)
    assert len(dict(rows)) == len(rows), "a file has two rows"
    return dict(rows)


def test_the_messy_card_lists_every_fault_and_nothing_else():
    faults = [path for path in files_in(MESSY) if not GOOD_NAME.fullmatch(Path(path).name)]
    assert sorted(card_rows("messy")) == sorted(faults)


def test_the_layouts_card_lists_every_csv_and_folder():
    csvs = [path for path in files_in(SAMPLES_ROOT / "layouts") if path.endswith(".csv")]
    assert sorted(card_rows("layouts")) == sorted(["images/", *csvs])


def test_the_scanner_says_of_each_fault_what_the_card_says():
    problems = scan(MESSY, progress=False).problems
    said = problems.groupby("path")["problem"].agg(set).to_dict()
    said |= problems[problems["path"] == ""].groupby("label")["problem"].agg(set).to_dict()
    for path, expected in card_rows("messy").items():
        label = Path(path).parent.name
        of_class = said.get(Path(path).parent.as_posix(), set()) | said.get(label, set())
        of_path = said.get(path, set())
        of_path |= of_class if label in {"empty", "boat"} else set()
        assert of_path == set(re.findall("`([^`]+)`", expected)), path


@pytest.mark.parametrize("name", SETS)
def test_a_card_says_how_the_set_was_made_its_licence_and_its_limits(name):
    card = (SAMPLES_ROOT / name / "README.md").read_text(encoding="utf-8")
    for part in ("how they were made.", "licence", "known limits.", "cc by 4.0", f"make/{name}.py"):
        assert part in card.lower(), part
    links = re.findall(r'(?:\]\(|src=")([^)"]+)[)"]', card)
    assert [link for link in links if "://" not in link and not (SAMPLES_ROOT / name / link).exists()] == []


def test_the_index_links_every_set_with_its_number_of_pictures():
    index = (SAMPLES_ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[\w+\]\((\w+)/README\.md\) \|[^|]+\| (\d+) \|", index, flags=re.MULTILINE))
    endings = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".webp"}
    for name in SETS:
        pictures = [path for path in files_in(SAMPLES_ROOT / name) if Path(path).suffix.lower() in endings]
        assert int(rows[name]) == len(pictures), name
