"""The posters are what the script makes, the logo is where the boxes say, and nothing but the logo gives it away."""

import importlib
import io
import re
import sys
from collections import Counter

import numpy as np
import pandas as pd
import PIL
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops

from utils.data.copies import find_copies
from utils.data.samples import SAMPLES_ROOT
from utils.data.tables import scan
from utils.errors import CourseError

POSTERS = SAMPLES_ROOT / "posters"
CARD = (POSTERS / "README.md").read_text(encoding="utf-8")
LOCK = (SAMPLES_ROOT.parent / "requirements.txt").read_text(encoding="utf-8").split()
FONT_VERSION = 2.042  # of the Noto Color Emoji that the committed pictures were made with
WRONG = ("logo-23", "others-064")
ALONE = ("logo-02", "logo-06", "logo-07", "logo-11", "logo-23", "others-004", "others-027", "others-040", "others-064",
         "others-094")  # fmt: skip


@pytest.fixture(scope="module")
def made():
    """The modules of make/; skips where the emoji font is missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SAMPLES_ROOT / "make")
        try:
            importlib.import_module("emoji").font_file()
        except CourseError as error:
            pytest.skip(str(error))
        yield importlib.import_module


@pytest.fixture(scope="module")
def posters(made):
    return made("posters")


@pytest.fixture(scope="module")
def scanned():
    return scan(POSTERS, progress=False)


@pytest.fixture(scope="module")
def boxes():
    return pd.read_csv(SAMPLES_ROOT / "make/boxes/posters.csv", index_col="path")


def same_versions(made):
    with TTFont(made("emoji").font_file()) as font:
        version = round(font["head"].fontRevision, 3)
    return sys.platform == "linux" and f"pillow=={PIL.__version__}" in LOCK and version == FONT_VERSION


def difference(one, other):
    """How much two images differ in each pixel, 0 to 255, (H, W)."""
    return np.asarray(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).max(axis=2)


# --- made again ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALONE)
def test_a_poster_made_alone_from_its_seed_equals_the_committed_one(name, made, posters, boxes):
    path, content, box = posters.poster_file(name)
    if same_versions(made):
        assert content == (POSTERS / path).read_bytes()
    else:  # another Pillow packs or rounds otherwise, another font draws some stickers anew
        with Image.open(POSTERS / path) as committed:
            assert committed.size == Image.open(io.BytesIO(content)).size
            assert difference(committed, Image.open(io.BytesIO(content))).mean() < 8
    assert box == (tuple(boxes.loc[path]) if path in boxes.index else None)


def test_another_seed_makes_another_poster(posters):
    assert posters.poster_file("logo-02", seed=1)[1] != posters.poster_file("logo-02", seed=0)[1]


def test_the_set_holds_the_pictures_of_the_plan_and_nothing_else(posters):
    paths = sorted(path.relative_to(POSTERS).as_posix() for path in POSTERS.rglob("*.*") if path.name != "README.md")
    assert [path.rpartition(".")[0] for path in paths] == [
        f"{name.partition('-')[0]}/{name}" for name in posters.names()
    ]
    assert sum((POSTERS / path).stat().st_size for path in paths) <= 3_400_000


# --- what is in it ---------------------------------------------------------------------------------


def test_there_are_40_of_one_class_and_100_of_the_other_and_the_scan_finds_no_problem(scanned):
    assert Counter(scanned.table["label"]) == {"logo": 40, "others": 100}
    assert scanned.problems.empty
    assert find_copies(scanned.table).empty


def test_sizes_and_aspects_are_in_range_and_spread_in_both_classes(scanned):
    table = scanned.table
    assert table[["width", "height"]].max(axis=1).between(480, 800).all()
    aspects = table["width"] / table["height"]
    assert aspects.between(0.3, 3.5).all()
    for _, some in aspects.groupby(table["label"]):
        assert (some < 0.5).sum() >= 3
        assert (some > 2).sum() >= 3
        assert some.between(0.6, 0.9).sum() >= 10


def test_neither_shape_nor_file_nor_thumbnail_gives_the_class_away(scanned):
    table, logo = scanned.table, (scanned.table["label"] == "logo").to_numpy()
    assert abs(np.log(table["width"] / table["height"]).groupby(table["label"]).median().diff().iloc[1]) < 0.4
    kinds = table["path"].str.endswith(".png").groupby(table["label"]).mean()
    assert kinds["logo"] == kinds["others"] == 0.05
    small = np.stack(
        [np.asarray(Image.open(POSTERS / path).convert("RGB").resize((32, 32))).ravel() for path in table["path"]]
    ).astype(float)
    distances = ((small[:, None] - small[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.mean(logo[distances.argmin(axis=1)] == logo) < 0.75, "always answering others scores 0.71"


# --- the logo --------------------------------------------------------------------------------------


def test_every_logo_has_a_box_inside_its_picture_and_nothing_else_has_one(scanned, boxes):
    table = scanned.table.set_index("path")
    ours = {path for path in table.index if (path.startswith("logo/")) != (path[path.index("/") + 1 : -4] in WRONG)}
    assert set(boxes.index) == ours
    sizes = table.loc[boxes.index, ["width", "height"]]
    assert (boxes["left"] >= 0).all() and (boxes["top"] >= 0).all()
    assert (boxes["right"] <= sizes["width"]).all() and (boxes["bottom"] <= sizes["height"]).all()
    sides = np.maximum(boxes["right"] - boxes["left"], boxes["bottom"] - boxes["top"])
    assert sides.min() >= 24
    assert (sides / sizes.min(axis=1)).between(0.06, 0.2).all()


def test_logos_lie_in_all_corners_and_along_edges(scanned, boxes):
    sizes = scanned.table.set_index("path").loc[boxes.index, ["width", "height"]].to_numpy()
    middles = (boxes[["left", "top"]].to_numpy() + boxes[["right", "bottom"]].to_numpy()) / 2 / sizes
    places = Counter(tuple(place) for place in np.digitize(middles, (0.25, 0.75)).tolist())
    assert min(places[corner] for corner in ((0, 0), (2, 0), (0, 2), (2, 2))) >= 3
    assert sum(count for (x, y), count in places.items() if x == 1 or y == 1) >= 3
    assert places[1, 1] == 0


@pytest.mark.parametrize("name", ["logo-02", "logo-06", "logo-11", "logo-28", "others-064"])
def test_the_box_holds_the_logo_and_all_of_it(name, posters, monkeypatch):
    monkeypatch.setattr(posters, "recompressed", lambda image, rng: image)  # a JPEG's blocks reach out of the box
    (image, box), (without, _) = posters.poster(name), posters.poster(name, marked=False)
    differs = difference(image, without) > 24
    left, top, right, bottom = box
    assert differs[top:bottom, left:right].mean() > 0.4
    differs[top - 3 if top > 3 else 0 : bottom + 3, left - 3 if left > 3 else 0 : right + 3] = False  # out of focus
    assert not differs.any()


def test_in_the_box_is_the_course_logo_and_not_another(posters, made, boxes):
    """Of all that can be drawn, what lies in the box of a flat poster is most like the course's logo."""
    marks = made("marks")
    path = "others/others-064.jpg"
    found = Image.open(POSTERS / path).crop(boxes.loc[path].tolist()).convert("L").resize((48, 48))
    drawings = [marks.eye_on_layers, *marks.OTHERS]
    likeness = {
        what.__name__: max(alike(found, marks.drawn(what, "square", 48, coat)) for coat in marks.COATS)
        for what in drawings
    }
    assert max(likeness, key=likeness.get) == "eye_on_layers"


def alike(found, mark):
    flat = Image.new("RGB", mark.size, (128, 128, 128))
    flat.paste(mark, mask=mark)
    one, other = (np.asarray(image.convert("L"))[8:40, 8:40].ravel() for image in (found, flat))
    return np.corrcoef(one, other)[0, 1]


@pytest.mark.parametrize("name", ["others-001", "others-004", "others-027", "others-094", "logo-23"])
def test_the_course_logo_is_never_drawn_on_others(name, posters, made, monkeypatch):
    def forbidden(*_):
        raise AssertionError("the course's logo")

    monkeypatch.setattr(posters, "logo", forbidden)
    monkeypatch.setattr(made("marks"), "eye_on_layers", forbidden)
    assert posters.poster(name).box is None


def test_most_others_have_another_logo_and_some_have_none(posters):
    seen = [posters.flat(name)[1].getbbox() is not None for name in posters.names()[40:70]]
    assert 18 <= sum(seen) <= 27


def test_no_other_logo_looks_like_the_course_logo(made):
    marks = made("marks")
    ours = np.asarray(marks.logo(48, marks.COATS[0]).convert("L"), dtype=float)
    for what in marks.OTHERS:
        other = np.asarray(marks.drawn(what, "square", 48, marks.COATS[0]).convert("L"), dtype=float)
        assert np.mean(np.abs(ours - other) > 40) > 0.05, what.__name__


# --- the card --------------------------------------------------------------------------------------


def test_the_wrong_labels_are_those_that_the_card_names(posters):
    assert posters.WRONG == WRONG
    section = CARD[CARD.index("wrong labels") :]
    assert re.findall(r"`((?:logo|others)/[^`]+)`", section)[:2] == ["logo/logo-23.jpg", "others/others-064.jpg"]


def test_the_card_tells_the_counts_the_licences_and_the_limits():
    parts = ("| 40 | 100 | 140 |", "CC BY 4.0", "SIL Open Font License 1.1", "Bitstream Vera", "STIX",
             "**Known limits.**", "make/posters.py", "make/boxes/posters.csv")  # fmt: skip
    for part in parts:
        assert part in CARD, part
    links = re.findall(r'(?:\]\(|src=")([^)"]+)[)"]', CARD)
    assert [link for link in links if "://" not in link and not (POSTERS / link).exists()] == []
    assert (SAMPLES_ROOT / "make/sheets/posters.jpg").stat().st_size <= 120_000
