"""The documents are what the script makes, split as the card says, and told apart by texture, not by layout."""

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.data_samples.sticker_sets import FONT_VERSION, LOCKED, SHEETS, equal_to_the_eye, need_font, script
from utils.data.copies import find_copies
from utils.data.samples import SAMPLES_ROOT
from utils.data.tables import scan

DOCUMENTS = SAMPLES_ROOT / "documents"
CARD = (DOCUMENTS / "README.md").read_text(encoding="utf-8")
SPLITS = ("train", "valid", "test")
ALONE = [("documents", 1), ("documents", 47), ("documents", 120), ("screens", 1), ("screens", 33), ("screens", 90),
         ("not_documents", 4), ("not_documents", 25), ("not_documents", 60)]  # fmt: skip


@pytest.fixture(scope="module")
def scanned():
    return scan(DOCUMENTS, csv=DOCUMENTS, progress=False)


@pytest.fixture(scope="module")
def rows():
    """{split: rows of its CSV}, read without the course's own reader."""
    return {split: pd.read_csv(DOCUMENTS / f"{split}.csv") for split in SPLITS}


def card_counts():
    """{kind: [train, valid, test, all]} of the table in the card."""
    found = re.findall(r"^\| `?(\w+)`? \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", CARD, flags=re.MULTILINE)
    return {kind: list(map(int, numbers)) for kind, *numbers in found}


# --- the committed set -----------------------------------------------------------------------------


def test_a_picture_made_alone_equals_the_committed_one():
    need_font()
    made = {f"{kind}/{kind}-{number:03}.jpg": script("documents").photograph(kind, number) for kind, number in ALONE}
    committed = {path: (DOCUMENTS / path).read_bytes() for path in made}
    same = bytes.__eq__ if LOCKED and script("emoji").font_version() == FONT_VERSION else equal_to_the_eye
    assert [path for path in made if not same(made[path], committed[path])] == []


def test_another_seed_gives_another_picture():
    need_font()
    assert script("documents").photograph("screens", 1, seed=1) != (DOCUMENTS / "screens/screens-001.jpg").read_bytes()


def test_the_csvs_name_every_picture_once(rows):
    named = [path for split in SPLITS for path in rows[split]["path"]]
    assert sorted(named) == sorted(path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.glob("*/*"))
    assert len(set(named)) == len(named)


def test_a_picture_lies_in_the_folder_of_its_label(rows):
    for table in rows.values():
        assert list(table.columns) == ["path", "label"]
        assert [path for path, label in table.itertuples(index=False) if path.split("/")[0] != label] == []


def test_the_splits_are_those_that_the_script_draws(rows):
    need_font()
    for kind, (count, _) in script("documents").KINDS.items():
        for number, split in enumerate(script("documents").splits(kind, count), start=1):
            assert f"{kind}/{kind}-{number:03}.jpg" in set(rows[split]["path"])


def test_the_card_counts_by_kind_and_split(rows):
    counted = {split: Counter(rows[split]["label"]) for split in SPLITS}
    expected = {}
    for kind in ("documents", "screens", "not_documents"):
        parts = [counted[split][kind] for split in SPLITS]
        expected[kind] = [*parts, sum(parts)]
    expected["all"] = [sum(column) for column in zip(*expected.values())]
    assert card_counts() == expected
    assert expected["all"][3] == 270
    assert {kind: numbers[3] for kind, numbers in expected.items() if kind != "all"} == {
        "documents": 120, "screens": 90, "not_documents": 60
    }  # fmt: skip


def test_the_scan_reads_all_with_their_splits_and_finds_no_problem(scanned):
    assert scanned.problems.empty
    shares = scanned.table.groupby("label")["split"].value_counts(normalize=True).unstack()
    assert np.allclose(shares[list(SPLITS)], [0.6, 0.2, 0.2])


def test_no_picture_is_a_near_copy_of_another(scanned):
    assert list(find_copies(scanned.table)["path"]) == []


def test_pictures_are_rgb_jpegs_of_320_to_400_pixels_and_a_few_kilobytes(scanned):
    table = scanned.table
    assert set(table["format"]) == {"JPEG"}
    assert set(table["mode"]) == {"RGB"}
    assert table[["width", "height"]].max(axis=1).between(320, 400).all()
    assert table[["width", "height"]].min(axis=1).min() >= 180
    assert table["bytes"].between(3_000, 40_000).all()
    assert table["bytes"].sum() < 3_500_000


def test_the_contact_sheet_shows_the_committed_pictures():
    assert "../make/sheets/documents.jpg" in CARD
    content = (SHEETS / "documents.jpg").read_bytes()
    assert len(content) < 120_000
    again = script("documents").overview(DOCUMENTS)
    assert equal_to_the_eye(content, script("writing").encoded(again, "JPEG", quality=90))


# --- paper and screens: apart by texture, not by layout --------------------------------------------


@pytest.fixture(scope="module")
def photographs(scanned):
    """Paper and screens, [(is a screen, RGB)], by path."""
    table = scanned.table[scanned.table["label"] != "not_documents"]
    return [(label == "screens", Image.open(DOCUMENTS / path).convert("RGB"))
            for path, label in zip(table["path"], table["label"])]  # fmt: skip


def balanced_accuracy(is_screen, said):
    return np.mean([np.mean(said[is_screen == kind] == kind) for kind in (True, False)])


def test_the_nearest_grey_thumbnail_does_not_know_paper_from_screen(photographs):
    is_screen = np.array([kind for kind, _ in photographs])
    small = [image.convert("L").resize((32, 32), Image.Resampling.BOX) for _, image in photographs]
    looks = np.stack([np.asarray(image, dtype=float).ravel() for image in small])  # (N, 1024)
    far = (looks**2).sum(1)[:, None] + (looks**2).sum(1) - 2 * looks @ looks.T
    np.fill_diagonal(far, np.inf)
    assert balanced_accuracy(is_screen, is_screen[far.argmin(axis=1)]) < 0.7


@pytest.mark.parametrize("side", [320, 256, 160])
def test_the_colours_of_moire_tell_paper_from_screen_at_the_sizes_of_the_lessons(photographs, side):
    is_screen = np.array([kind for kind, _ in photographs])
    powers = np.stack([colour_bands(image, side) for _, image in photographs])  # (N, F)
    simple = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    said = cross_val_predict(simple, powers, is_screen, cv=StratifiedKFold(5, shuffle=True, random_state=0))
    assert 0.65 < balanced_accuracy(is_screen, said) < 0.98


def colour_bands(image, side):
    """How much red-green and blue-yellow changes over 1, 2, 4 and 8 pixels (log of mean squares), (8,)."""
    image = image.copy()
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    rgb = np.asarray(image, dtype=float)
    found = []
    for channel in (rgb[..., 0] - rgb[..., 1], rgb[..., 2] - rgb[..., 1]):
        for step in (1, 2, 4, 8):
            coarse = channel[: len(channel) // step * step, : channel.shape[1] // step * step]
            coarse = coarse.reshape(len(coarse) // step, step, -1, step).mean((1, 3))
            changes = np.mean(np.diff(coarse, axis=0) ** 2) + np.mean(np.diff(coarse, axis=1) ** 2)
            found.append(np.log(0.1 + changes))
    return np.array(found)
