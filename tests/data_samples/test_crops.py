"""The crops are what their script makes, of all the sizes and shapes that a detector gives."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from tests.data_samples.sticker_sets import (
    assert_made_again,
    assert_sheet_is_made_again,
    card_counts,
    need_font,
    script,
)
from utils.data.copies import find_copies
from utils.data.samples import SAMPLES_ROOT
from utils.data.tables import scan

CROPS = SAMPLES_ROOT / "crops"


@pytest.fixture(scope="module")
def scanned():
    return scan(CROPS, progress=False)


def test_a_picture_made_alone_is_the_committed_one():
    labels = script("emoji").CROPS
    assert_made_again("crops", [(label, number) for label in labels for number in (1, 41, 81, 120)])


def test_each_class_has_120_pictures_as_the_card_says(scanned):
    counts = Counter(scanned.table["label"])
    assert counts == dict.fromkeys(script("emoji").CROPS, 120)
    assert card_counts("crops") == {**counts, "all": 600}


def test_every_picture_is_a_jpeg_of_60_to_260_px_from_upright_to_wide(scanned):
    table = scanned.table
    assert set(table["format"]) == {"JPEG"}
    assert set(table["mode"]) == {"RGB"}
    assert table[["width", "height"]].min().min() == 60
    assert table[["width", "height"]].max().max() == 260
    ratios = (table["width"] / table["height"]).to_numpy()
    assert 0.4 <= ratios.min() < 0.55
    assert 2.2 < ratios.max() <= 2.5
    assert np.mean(ratios < 0.8) > 0.1
    assert np.mean(ratios > 1.6) > 0.1


def test_size_and_shape_alone_do_not_tell_the_classes_apart(scanned):
    table = scanned.table.assign(ratio=lambda t: t["width"] / t["height"], area=lambda t: t["width"] * t["height"])
    for feature in ("ratio", "area"):  # the best single cut points: the class that is commonest in each tenth
        tenths = table[feature].rank(method="first").mul(10 / len(table)).astype(int).clip(upper=9)
        right = sum(group.value_counts().iloc[0] for _, group in table.groupby(tenths)["label"])
        assert right / len(table) < 0.45, feature


def test_the_jpegs_are_of_varying_quality():
    tables = {max(Image.open(path).quantization[0]) for path in CROPS.rglob("*.jpg")}
    assert len(tables) >= 15


def test_the_scanner_finds_no_problem_and_no_copies(scanned):
    assert scanned.problems.empty
    assert find_copies(scanned.table).empty


def test_the_set_is_under_three_megabytes(scanned):
    assert scanned.table["bytes"].sum() < 3_000_000


def test_the_contact_sheet_shows_the_set():
    assert_sheet_is_made_again("crops")


def test_fresh_crops_belong_to_their_name_and_are_never_committed_ones():
    need_font()
    crops = script("crops")
    once = crops.fresh("bus", 1)
    assert crops.fresh("bus", 1) == once
    assert all(crops.fresh(*other) != once for other in [("car", 1), ("bus", 2), ("bus", 1, "test")])
    with Image.open(CROPS / "bus/bus-001.jpg") as committed:
        assert crops.fresh("bus", 1, seed="0") != committed.convert("RGB")
        assert once != committed.convert("RGB")


def test_a_box_stays_within_the_scene_and_the_shapes_of_the_set():
    detected, generator = script("crops").detected, script("photo").generator
    for number in range(300):
        rng = generator(f"box/{number}")
        width, height = rng.integers(30, 240, 2).tolist()
        size = 3 * width + 60, 3 * height + 60
        left, top, right, bottom = detected(rng, (width + 30, height + 30, 2 * width + 30, 2 * height + 30), size)
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
