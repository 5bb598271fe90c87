"""Public sets: torchvision's own code unpacks and reads small archives of the makers' layouts; nothing is downloaded."""

import errno
import gzip
import io
import json
import pickle
import shlex
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request

import numpy as np
import pandas as pd
import pytest
import torchvision
from PIL import Image
from scipy.io import savemat

from utils.data import public
from utils.data.public import SETS, about, fetch, public_names
from utils.data.splits import add_splits
from utils.data.tables import scan
from utils.errors import CourseError
from utils.notebooks.source import parameters

ROOT = Path(__file__).resolve().parents[2]


# --- the makers' layouts: each builder lays a tiny set into `folder` as its archives unpack, and says what is in it
def oxford_pets(folder, draw):
    listed = {"trainval": "Abyssinian_1 1 1 1\nyorkshire_terrier_9 2 2 25\n", "test": "Abyssinian_2 1 1 1\n"}
    for split, lines in listed.items():
        write(folder / "oxford-iiit-pet" / "annotations" / f"{split}.txt", lines)
    for seed, name in enumerate(["Abyssinian_1", "yorkshire_terrier_9", "Abyssinian_2"]):
        draw(folder / "oxford-iiit-pet" / "images" / f"{name}.jpg", seed)
    images = "oxford-iiit-pet/images"
    return {(f"{images}/Abyssinian_1.jpg", "Abyssinian", None), (f"{images}/Abyssinian_2.jpg", "Abyssinian", "test"),
            (f"{images}/yorkshire_terrier_9.jpg", "Yorkshire Terrier", None)}  # fmt: skip


def flowers102(folder, draw):
    savemat_at(folder / "flowers-102" / "imagelabels.mat", labels=[[1, 60, 102, 1, 60, 102]])
    savemat_at(folder / "flowers-102" / "setid.mat", trnid=[[3, 6]], valid=[[2, 5]], tstid=[[1, 4]])
    labels = {"test": "pink primrose", "valid": "pink-yellow dahlia", "train": "blackberry lily"}
    return {
        (draw_at(folder, f"flowers-102/jpg/image_{number:05d}.jpg", draw), label, split)
        for first, (split, label) in enumerate(labels.items(), 1)
        for number in (first, first + 3)
    }


def eurosat(folder, draw):
    paths = ["eurosat/2750/Forest/Forest_1.jpg", "eurosat/2750/SeaLake/SeaLake_1.jpg"]
    return {(draw_at(folder, path, draw), path.split("/")[2], None) for path in paths}


def imagenette(folder, draw):
    rows = {("train/n01440764/a.JPEG", "tench", None), ("train/n03888257/b.JPEG", "parachute", None),
            ("val/n01440764/c.JPEG", "tench", "test"), ("val/n03888257/d.JPEG", "parachute", "test")}  # fmt: skip
    return {(draw_at(folder, f"imagenette2-160/{path}", draw), label, split) for path, label, split in rows}


def dtd(folder, draw):
    splits = {"train": "train", "val": "valid", "test": "test"}
    for split in splits:
        lines = "".join(f"{label}/{label}_{split}.jpg\n" for label in ("banded", "polka-dotted"))
        write(folder / "dtd" / "dtd" / "labels" / f"{split}1.txt", lines)
    return {(draw_at(folder, f"dtd/dtd/images/{label}/{label}_{split}.jpg", draw), label, ours)
            for split, ours in splits.items() for label in ("banded", "polka-dotted")}  # fmt: skip


def food101(folder, draw):
    for split, number in {"train": 1, "test": 2}.items():
        listed = {"apple_pie": [f"apple_pie/{number}"], "waffles": [f"waffles/{number}"]}
        write(folder / "food-101" / "meta" / f"{split}.json", json.dumps(listed))
    return {(draw_at(folder, f"food-101/images/{label}/{number}.jpg", draw), label.replace("_", " "), split)
            for number, split in ((1, None), (2, "test")) for label in ("apple_pie", "waffles")}  # fmt: skip


def cifar10(folder, draw):
    names = ["airplane", "automobile"]
    pickled(folder / "cifar-10-batches-py" / "batches.meta", {"label_names": names})
    for place, batch in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        pickled(folder / "cifar-10-batches-py" / batch, {"data": pixels(place, (1, 3072)), "labels": [place % 2]})
    return written(["airplane", "automobile", "airplane", "automobile", "airplane"], ["automobile"])


def cifar100(folder, draw):
    pickled(folder / "cifar-100-python" / "meta", {"fine_label_names": ["apple", "aquarium_fish"]})
    for batch, labels in {"train": [0, 1], "test": [1]}.items():
        entry = {"data": pixels(len(labels), (len(labels), 3072)), "fine_labels": labels}
        pickled(folder / "cifar-100-python" / batch, entry)
    return written(["apple", "aquarium fish"], ["aquarium fish"])


def mnist(folder, draw, source="MNIST", labels=("0", "9")):
    for seed, part in enumerate(["train", "t10k"]):
        images, targets = pixels(seed, (2, 28, 28)), np.array([0, 9], np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", targets)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            write(folder / source / "raw" / f"{part}-{kind}-ubyte", header + array.tobytes())
    return written(labels, labels)


def fashion_mnist(folder, draw):
    return mnist(folder, draw, "FashionMNIST", ("T-shirt or top", "Ankle boot"))


def kmnist(folder, draw):
    return mnist(folder, draw, "KMNIST", ("o", "wo"))


BUILDERS = [cifar10, cifar100, dtd, eurosat, fashion_mnist, flowers102, food101, imagenette, kmnist, mnist, oxford_pets]
NAMES = [builder.__name__ for builder in BUILDERS]
# How the makers pack: archive -> the folder in it, or the file of its own
PACKED = {"images.tar.gz": "images", "annotations.tar.gz": "annotations", "102flowers.tgz": "jpg", "EuroSAT.zip": "2750",
          "imagenette2-160.tgz": "imagenette2-160", "dtd-r1.0.1.tar.gz": "dtd", "food-101.tar.gz": "food-101",
          "cifar-10-python.tar.gz": "cifar-10-batches-py", "cifar-100-python.tar.gz": "cifar-100-python"}  # fmt: skip


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def draw_at(folder, path, draw):
    draw(folder / path, sum(path.encode()), format="JPEG")
    return path


def pixels(seed, shape):
    return np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)


def savemat_at(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, arrays)


def pickled(path, entry):
    write(path, pickle.dumps(entry))


def written(train, test):
    listed = [*((label, None, "train") for label in train), *((label, "test", "test") for label in test)]
    places = [*range(len(train)), *range(len(test))]
    return {(f"pictures/{label}/{name}_{place:05d}.png", label, split)
            for place, (label, split, name) in zip(places, listed)}  # fmt: skip


def pack(unpacked, archive):
    """Put what lies beside the archive's place in `unpacked` into the archive."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    inner = unpacked / PACKED.get(archive.name, archive.name.removesuffix(".gz"))
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for path in inner.rglob("*.*"):
                packed.write(path, path.relative_to(unpacked))
    elif archive.name in PACKED:
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(inner, inner.name)
    elif archive.suffix == ".gz":
        archive.write_bytes(gzip.compress(inner.read_bytes()))
    else:
        archive.write_bytes(inner.read_bytes())


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Refuse connections before the tests' guard notes them; the list holds the addresses that were asked for."""
    asked = []
    monkeypatch.setattr("urllib.request.urlopen", lambda request: refuse(asked, request))
    return asked


def refuse(asked, request):
    asked.append(request.full_url if isinstance(request, Request) else request)
    raise URLError("no route to host")


@pytest.fixture
def any_checksum(monkeypatch):
    """Our tiny archives count as the makers' own."""
    monkeypatch.setattr("torchvision.datasets.utils.check_md5", lambda *args, **kwargs: True)


@pytest.fixture
def packed(tmp_path, draw, monkeypatch, any_checksum):
    """packed(name): (root, rows) of a tiny set whose archives lie where `fetch` wants them."""

    def make(name, root=tmp_path / "set"):
        rows = BUILDERS[NAMES.index(name)](tmp_path / "unpacked", draw)
        for archive in SETS[name].archives:
            pack((tmp_path / "unpacked" / archive).parent, root / archive)
        monkeypatch.setitem(SETS, name, replace(SETS[name], pictures=len(rows)))
        if name == "flowers102" and not hasattr(torchvision.datasets.Flowers102, "classes"):  # before 0.22
            names = ["pink primrose", *"?" * 58, "pink-yellow dahlia?", *"?" * 41, "blackberry lily"]
            monkeypatch.setattr(torchvision.datasets.Flowers102, "classes", names, raising=False)
        return root, rows

    return make


def rows_of(table):
    split = table["split"] if "split" in table else [None] * len(table)
    return set(zip(table["path"], table["label"], split))


# --- what a fetch gives
def test_every_set_has_a_layout_here():
    assert public_names() == NAMES == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_archives_that_are_there_become_an_image_table_without_network(name, packed, no_network):
    root, rows = packed(name)
    table = fetch(name, root, progress=False)
    assert rows_of(table) == rows
    assert len(table) == len(rows)
    assert table.attrs["root"] == str(root)
    assert no_network == []


@pytest.mark.parametrize("name", NAMES)
def test_scan_takes_the_csv_further(name, packed):
    root, rows = packed(name)
    fetch(name, root, progress=False)
    table, problems = scan(root, csv=root / "pictures.csv", progress=False)
    assert {(path, label) for path, label, _ in rows} == set(zip(table["path"], table["label"]))
    assert not problems["left_out"].any()
    given = table["split"] if "split" in table else pd.Series([None] * len(table))
    assert set(given.dropna()) == {split for _, _, split in rows if split}


def test_a_set_without_official_split_has_no_split_column(packed):
    assert list(fetch("eurosat", packed("eurosat")[0], progress=False)) == ["path", "label"]


@pytest.mark.parametrize(("name", "place"), [("cifar10", 2), ("mnist", 1)])
def test_arrays_are_written_pixel_by_pixel(name, place, packed):
    root, _ = packed(name)
    fetch(name, root, progress=False)
    if name == "cifar10":
        expected = pixels(place, (3, 32, 32)).transpose(1, 2, 0)
        found = root / "pictures" / "airplane" / f"train_{place:05d}.png"
    else:
        expected = pixels(0, (2, 28, 28))[place]
        found = root / "pictures" / "9" / f"train_{place:05d}.png"
    np.testing.assert_array_equal(np.asarray(Image.open(found)), expected)


def test_the_official_test_set_stays_whole_and_the_rest_is_dealt_out():
    labels = np.repeat(["a", "b"], 70)
    table = pd.DataFrame({"path": [f"{row}.png" for row in range(140)], "label": labels})
    table["split"] = np.where(np.arange(140) % 7 == 0, "test", None)  # MNIST's share, the smallest of all
    split = add_splits(table, public.FRACTIONS)["split"]
    assert (split[table["split"] == "test"] == "test").all()
    assert (split == "test").sum() == 20
    assert set(split) == {"train", "valid", "test"}


@pytest.mark.parametrize("name", NAMES)
def test_what_a_server_sends_is_downloaded_once_and_quietly(name, packed, tmp_path, monkeypatch, capsys):
    sent, rows = packed(name, tmp_path / "server")
    asked = []

    def answer(request):
        asked.append(request.full_url)
        (archive,) = (one for one in SETS[name].archives if request.full_url.endswith(f"/{Path(one).name}"))
        return Answer(request, (sent / archive).read_bytes())

    monkeypatch.setattr("urllib.request.urlopen", answer)
    assert rows_of(fetch(name, tmp_path / "set", progress=False)) == rows
    assert capsys.readouterr().err == ""
    assert {Path(address).name for address in asked} == {Path(archive).name for archive in SETS[name].archives}
    assert rows_of(fetch(name, tmp_path / "set", progress=False)) == rows
    assert len(asked) == 2 * len(SETS[name].archives)  # torchvision asks where an address leads, then for the file


# --- once, and whole
def test_a_second_fetch_touches_nothing_and_asks_nobody(packed, fingerprint, monkeypatch, capsys):
    root, rows = packed("cifar10")
    fetch("cifar10", root, progress=False)
    before = fingerprint(root)
    capsys.readouterr()
    monkeypatch.delattr("torchvision.datasets.CIFAR10")
    assert rows_of(fetch("cifar10", root)) == rows
    assert fingerprint(root) == before
    assert capsys.readouterr().out == ""


def test_a_fetch_that_was_stopped_goes_on_where_it_was(packed, monkeypatch):
    root, rows = packed("cifar10")
    save, saved = Image.Image.save, []

    def stopped(image, path, **options):
        if len(saved) == 3:
            Path(path).write_bytes(b"half a picture")
            raise KeyboardInterrupt
        saved.append(path)
        save(image, path, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Image.Image, "save", stopped)
        fetch("cifar10", root, progress=False)
    assert not (root / "pictures.csv").exists()
    early = {path: path.stat().st_mtime_ns for path in root.rglob("pictures/*/*")}
    assert len(early) == 3
    assert rows_of(fetch("cifar10", root, progress=False)) == rows
    assert {path: path.stat().st_mtime_ns for path in early} == early


FOREST = "eurosat/2750/Forest/Forest_1.jpg"


@pytest.mark.parametrize(
    "content", ["", f"path\n{FOREST}\n", "path,label\n", '"', "path,label\ngone.png,cat\n", b"\xff\xfe"]
)
def test_a_list_that_is_not_whole_is_written_anew(content, packed):
    root, rows = packed("eurosat")
    fetch("eurosat", root, progress=False)
    write(root / "pictures.csv", content)
    assert rows_of(fetch("eurosat", root, progress=False)) == rows


def test_half_an_unpacking_is_noticed_and_can_be_mended(packed):
    root, rows = packed("oxford_pets")
    fetch("oxford_pets", root, progress=False)
    (root / "oxford-iiit-pet" / "images" / "Abyssinian_2.jpg").unlink()
    with pytest.raises(
        CourseError, match=r"^Expected 3 pictures of Oxford-IIIT Pet in '[^']*', but found 2\. .*images.tar.gz"
    ):
        fetch("oxford_pets", root, progress=False)
    for path in root.glob("*/*"):  # what the message says: everything but the archives
        if path.is_dir():
            for inner in path.iterdir():
                inner.unlink()
            path.rmdir()
    assert rows_of(fetch("oxford_pets", root, progress=False)) == rows


@pytest.mark.parametrize(("content", "error"), [('{"apple_pie": [', "JSONDecodeError"), (None, "FileNotFoundError")])
def test_damaged_annotations_are_told_with_what_to_delete(content, error, packed):
    root, _ = packed("food101")
    fetch("food101", root, progress=False)
    (root / "pictures.csv").unlink()
    (root / "food-101" / "meta" / "train.json").unlink()
    if content:
        write(root / "food-101" / "meta" / "train.json", content)
    with pytest.raises(CourseError, match=f"{error}.*Delete everything there but 'food-101.tar.gz'"):
        fetch("food101", root, progress=False)


def test_damage_behind_a_good_archive_does_not_blame_the_archive(packed, monkeypatch):
    root, _ = packed("cifar10")
    monkeypatch.setattr("torchvision.datasets.utils.check_md5", lambda path, *args, **kwargs: "meta" not in str(path))
    with pytest.raises(CourseError, match="metadata file .*Delete everything there but 'cifar-10-python.tar.gz'"):
        fetch("cifar10", root, progress=False)


# --- what is told
def test_size_and_licence_are_told_before_the_download_starts(tmp_path, capsys):
    with pytest.raises(CourseError):
        fetch("oxford_pets", tmp_path, progress=False)
    out = capsys.readouterr().out
    assert "811 MB from www.robots.ox.ac.uk" in out
    assert "Licence: CC BY-SA 4.0" in out


@pytest.mark.parametrize("name", NAMES)
def test_offline_the_archives_their_addresses_and_places_are_told(name, tmp_path, no_network):
    with pytest.raises(CourseError, match="no connection") as caught:
        fetch(name, tmp_path, progress=False)
    message, chosen = str(caught.value), SETS[name]
    assert f"from {chosen.url.split('/')[2]}, but" in message
    assert 'sample("animals")' in message
    for archive in chosen.archives:
        assert f"{chosen.url}{Path(archive).name} -> '{tmp_path / archive}'" in message
    assert f"{chosen.url}{Path(chosen.archives[0]).name}" in no_network  # where torchvision itself looks


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
@pytest.mark.parametrize(
    "error",
    [
        HTTPError("http://a.b", 404, "Not Found", {}, None),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_refuses_is_told_from_damage(name, error, tmp_path, monkeypatch):
    def fail(request):
        raise error

    monkeypatch.setattr("urllib.request.urlopen", fail)
    with pytest.raises(CourseError, match="the server refused"):
        fetch(name, tmp_path, progress=False)


def test_an_archive_that_is_there_is_marked(tmp_path):
    write(tmp_path / "flowers-102" / "setid.mat", "other")
    with pytest.raises(CourseError) as caught:
        fetch("flowers102", tmp_path, progress=False)
    assert [line.endswith("(is there)") for line in str(caught.value).splitlines() if "->" in line] == [
        False,
        False,
        True,
    ]


class Answer(io.BytesIO):
    """A server's answer to a request."""

    def __init__(self, request, content=b"<html>no!"):
        super().__init__(content)
        self.url, self.length = request.full_url, len(content)


@pytest.mark.parametrize(("name", "good", "bad"), [
    ("oxford_pets", "images", "oxford-iiit-pet/annotations.tar.gz"),
    ("cifar10", "nothing", "cifar-10-python.tar.gz"),
    ("mnist", "images", "MNIST/raw/train-labels-idx1-ubyte.gz"),
])  # fmt: skip
def test_a_download_with_another_checksum_is_named_and_to_be_deleted(name, good, bad, packed, monkeypatch):
    root, _ = packed(name)
    (root / bad).unlink()
    monkeypatch.setattr("urllib.request.urlopen", Answer)
    monkeypatch.setattr("torchvision.datasets.utils.check_md5", lambda path, *args, **kwargs: good in str(path))
    with pytest.raises(CourseError, match="checksum differs") as caught:
        fetch(name, root, progress=False)
    assert str(caught.value).endswith(f"fetch again: '{root / bad}'")


def test_a_full_disk_says_how_much_is_wanted(packed, monkeypatch):
    root, _ = packed("mnist")
    monkeypatch.setitem(SETS, "mnist", replace(SETS["mnist"], pictures=70_000))

    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(
        CourseError, match=r"cannot be written: .*No space left on device.* about 316 MB.*another folder"
    ):
        fetch("mnist", root, progress=False)


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "set").write_text("mine")
    with pytest.raises(CourseError, match="cannot be written.*name another folder"):
        fetch("cifar10", tmp_path / "set", progress=False)
    assert (tmp_path / "set").read_text() == "mine"


def test_a_torchvision_without_the_flowers_names_is_told_to_be_updated(packed, monkeypatch):
    root, _ = packed("flowers102")
    monkeypatch.delattr("torchvision.datasets.Flowers102.classes")
    with pytest.raises(CourseError, match="torchvision 0.22.*pip install --upgrade"):
        fetch("flowers102", root, progress=False)


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(CourseError, match="got 'Oxford-Pet'. Did you mean 'oxford_pets'") as caught:
        about("Oxford-Pet")
    assert all(f"'{name}'" in str(caught.value) for name in NAMES)
    with pytest.raises(CourseError, match="got 'qqq'. There are"):
        fetch("qqq")


@pytest.mark.parametrize("name", NAMES)
def test_a_set_shows_what_there_is_to_know(name):
    chosen, text = about(name), str(about(name))
    for fact in (name, chosen.title, f"{chosen.pictures:,} pictures in {chosen.classes} classes", chosen.licence,
                 f"{chosen.megabytes:,} MB", chosen.citation, chosen.home):  # fmt: skip
        assert fact and fact in text
    assert "split: none by its makers; add_splits" in text if name == "eurosat" else "test, as its makers" in text


def test_bars_can_be_switched_off(packed, capsys):
    fetch("cifar10", packed("cifar10")[0], progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("variable", "expected"), [("sets", "sets/mnist"), ("", "~/.cache/image-classification-course/mnist")]
)
def test_a_set_lies_in_the_cache_or_where_the_variable_says(variable, expected, tmp_path, packed, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("COURSE_DATA", variable and str(tmp_path / variable))
    root = tmp_path / expected.removeprefix("~/")
    packed("mnist", root)
    assert fetch("mnist", progress=False).attrs["root"] == str(root)


# --- the command line
def test_without_a_command_the_sets_are_listed_with_their_licences(capsys):
    assert public.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == NAMES
    assert all(SETS[line.split()[0]].licence in line for line in lines[1:-1])


def test_about_prints_one_set(capsys):
    assert public.main(["about", "kmnist"]) == 0
    assert capsys.readouterr().out.strip() == str(about("kmnist"))


@pytest.mark.parametrize(("name", "asks_for_fractions"), [("oxford_pets", True), ("dtd", False), ("eurosat", False)])
def test_fetch_prints_a_line_that_the_lesson_understands(name, asks_for_fractions, packed, capsys):
    root, _ = packed(name)
    assert public.main(["fetch", name, "--folder", str(root)]) == 0
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert words[0] == "papermill"
    known = parameters(ROOT / words[1])
    given = {words[place + 1]: words[place + 2] for place, word in enumerate(words) if word == "-p"}
    assert given == {"data_dir": str(root), "csv": str(root / "pictures.csv")}
    assert set(given) | {"fractions"} <= set(known)
    assert ("fractions: [0.75, 0.15, 0.1]" in words) == asks_for_fractions


def test_a_request_that_cannot_be_met_ends_with_2(tmp_path, capsys):
    assert public.main(["fetch", "nothing"]) == 2
    assert "There are" in capsys.readouterr().err
    assert public.main(["fetch", "cifar10", "--folder", str(tmp_path)]) == 2


def test_naming_the_sets_does_not_import_torch():
    code = f"import sys; import {public.__name__}; sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
