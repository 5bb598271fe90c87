"""The animals are what their script makes, differ from one another, and can be made afresh without end."""

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
from utils.errors import CourseError

ANIMALS = SAMPLES_ROOT / "animals"


@pytest.fixture(scope="module")
def scanned():
    return scan(ANIMALS, progress=False)


# --- the committed set -----------------------------------------------------------------------------


def test_a_picture_made_alone_is_the_committed_one():
    counts = script("animals").COUNTS
    assert_made_again("animals", [(label, number) for label in counts for number in (1, counts[label])])


def test_the_classes_have_the_counts_of_the_card_and_all_differ(scanned):
    counts = Counter(scanned.table["label"])
    assert card_counts("animals") == {**counts, "all": len(scanned.table)}
    assert counts == script("animals").COUNTS
    assert len(set(counts.values())) == 10
    assert (max(counts, key=counts.get), max(counts.values()), min(counts.values())) == ("dog", 120, 42)


def test_every_picture_is_a_jpeg_of_96_to_160_px_in_several_aspect_ratios(scanned):
    table = scanned.table
    assert set(table["format"]) == {"JPEG"}
    assert set(table["mode"]) == {"RGB"}
    assert table[["width", "height"]].min().min() >= 96
    assert table[["width", "height"]].max().max() <= 160
    ratios = np.histogram(table["width"] / table["height"], bins=[0.6, 0.72, 0.9, 1.1, 1.4, 1.6])[0]
    assert ratios.sum() == len(table)
    assert ratios.min() > 0.05 * len(table)


def test_the_scanner_finds_no_problem_and_no_copies(scanned):
    assert scanned.problems.empty
    assert find_copies(scanned.table).empty


def test_the_set_is_under_three_and_a_half_megabytes(scanned):
    assert scanned.table["bytes"].sum() < 3_500_000


def test_the_contact_sheet_shows_the_set():
    assert_sheet_is_made_again("animals")


# --- fresh pictures --------------------------------------------------------------------------------


def test_a_fresh_picture_is_another_than_the_committed_one_of_the_same_name_and_seed():
    need_font()
    animals = script("animals")
    for label in animals.COUNTS:
        committed = (ANIMALS / f"{label}/{label}-001.jpg").read_bytes()
        assert animals.jpeg(animals.fresh(label, 1, seed="0")) != committed
        assert animals.jpeg(animals.fresh(label, 1)) != committed


def test_fresh_pictures_belong_to_their_label_number_and_seed():
    need_font()
    fresh = script("animals").fresh
    once = fresh("dog", 7)
    assert fresh("dog", 7) == once
    assert all(fresh(*other) != once for other in [("cat", 7), ("dog", 8), ("dog", 7, "test")])


def test_a_fresh_picture_has_the_size_that_is_asked_for():
    need_font()
    assert script("animals").fresh("spider", 1, size=(72, 64)).size == (72, 64)


def test_fresh_pictures_have_no_near_copies_among_the_committed_ones(tmp_path):
    need_font()
    animals = script("animals")
    for label in ("butterfly", "elephant"):  # a single glyph each
        (tmp_path / label).mkdir()
        for number in range(1, 31):
            (tmp_path / label / f"fresh-{number}.jpg").write_bytes(animals.jpeg(animals.fresh(label, number)))
            (tmp_path / label / f"{number}.jpg").write_bytes(
                (ANIMALS / f"{label}/{label}-{number:03}.jpg").read_bytes()
            )
    assert find_copies(scan(tmp_path, progress=False).table).empty


# --- scenes ----------------------------------------------------------------------------------------


def test_a_scene_is_the_same_for_the_same_random_numbers_and_another_for_others():
    need_font()
    scene, generator = script("scenes").scene, script("photo").generator
    one, again, other = (scene("🍇", generator(text), (72, 72)) for text in ("a", "a", "b"))
    assert one == again
    assert one != other
    assert (one.mode, one.size) == ("RGB", (72, 72))


def test_at_least_two_thirds_of_a_thing_lie_inside_the_picture():
    put, generator = script("scenes").put, script("photo").generator
    for number in range(200):
        image, thing = Image.new("RGB", (100, 80)), Image.new("RGBA", (60, 40), "white")
        put(image, thing, generator(f"put/{number}"))
        inside = np.count_nonzero(np.asarray(image)[..., 0] == 255)
        assert inside >= 2 / 3 * 60 * 40


def test_a_thing_keeps_its_size_whatever_its_pose():
    need_font()
    scenes, generator = script("scenes"), script("photo").generator
    for number in range(60):
        thing = scenes.posed("🍇", generator(f"pose/{number}"), 50, scenes.Look(turn=0, warp=0))
        assert 40 <= max(thing.size) <= 66


def test_the_same_hues_come_back_where_nothing_is_turned():
    scenes = script("scenes")
    np.testing.assert_allclose(scenes.GREY + scenes.COLOUR, np.eye(3))
    # A full turn in four steps of a quarter is no turn.
    quarter = scenes.GREY + scenes.TURN
    np.testing.assert_allclose(np.linalg.matrix_power(quarter, 4), np.eye(3), atol=0.02)


# --- which glyph is whose --------------------------------------------------------------------------


def test_no_glyph_serves_two_sets():
    emoji = script("emoji")
    groups = [*emoji.ANIMALS.values(), *emoji.CROPS.values(), emoji.POSTERS, emoji.DOCUMENTS, emoji.NEAR]
    times = Counter(glyph for group in [*groups, emoji.PLANTS, emoji.STREET] for glyph in set(group))
    assert [glyph for glyph, count in times.items() if count > 1] == []
    assert set(times) == emoji.USED


def test_others_hold_no_glyph_of_any_set_nor_one_that_looks_the_same():
    need_font()
    emoji = script("emoji")
    others = emoji.others()
    assert len(others) >= 1000
    assert sorted(set(others)) == others
    assert emoji.USED.isdisjoint(others)
    used = {emoji.sticker(glyph).tobytes() for glyph in emoji.USED}
    assert [glyph for glyph in others if emoji.sticker(glyph).tobytes() in used] == []


def test_a_missing_font_is_named_with_the_line_that_installs_it(monkeypatch):
    emoji = script("emoji")
    monkeypatch.setattr(emoji, "FONT_PLACES", ())
    monkeypatch.delenv("EMOJI_FONT", raising=False)
    with pytest.raises(CourseError, match="apt-get install fonts-noto-color-emoji"):
        emoji.font_file.__wrapped__()


def test_an_emoji_that_the_font_lacks_is_named():
    need_font()
    with pytest.raises(CourseError, match="no glyph for 'Ж'"):
        script("emoji").sticker("Ж")
