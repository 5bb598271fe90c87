"""Copies are found, byte for byte or saved again, however many and in whatever order; different pictures are not."""

import io
import itertools
import shutil
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_image

from utils.data import copies
from utils.data.copies import HASH_DISTANCE, families, find_contradictions, find_copies, find_leaks
from utils.data.images import open_image
from utils.data.samples import sample
from utils.data.tables import scan
from utils.errors import CourseError


def look(folder):
    return scan(folder, progress=False).table


def family_paths(table, **options):
    """The families as a set of sets of paths."""
    found = find_copies(table, **options)
    return {frozenset(paths) for _, paths in found.groupby("family")["path"]}


@pytest.fixture(scope="module")
def messy():
    return look(sample("messy"))


MESSY_FAMILIES = {
    frozenset({"train/apple/apple-01.png", "train/apple/copy-within-class.png"}),
    frozenset({"train/apple/apple-02.png", "train/leaf/copy-across-classes.png"}),
    frozenset({"train/fish/fish-01.png", "test/fish/copy-across-splits.png"}),
    frozenset({"train/sun/sun-01.jpg", "valid/sun/near-copy-smaller.jpg"}),
}


# --- pairs of hashes -------------------------------------------------------------------------------


def every_pair(hashes, distance):
    return [
        (left, right)
        for left, right in itertools.combinations(range(len(hashes)), 2)
        if (int(hashes[left]) ^ int(hashes[right])).bit_count() <= distance
    ]


def near_pairs(hashes, distance=HASH_DISTANCE):
    """The close pairs, each as often as it is given."""
    given = copies._close_pairs(np.array(hashes, dtype=np.uint64), np.arange(len(hashes)), distance)
    return sorted(pair for left, right in given for pair in zip(left.tolist(), right.tolist()))


def flipped(base, counts, rng):
    """One hash for each count: the base with so many of its bits flipped."""
    for count in counts:
        for bit in rng.choice(64, count, replace=False):
            base ^= 1 << int(bit)
        yield base


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    centres=st.lists(st.integers(0, 2**64 - 1), max_size=4),
    flips=st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=4),
    distance=st.sampled_from([0, 1, 6, 10, 64]),
    seed=st.integers(0, 1000),
)
def test_near_pairs_are_those_that_comparing_all_with_all_finds(centres, flips, distance, seed):
    rng = np.random.default_rng(seed)
    clumps = [list(flipped(centre, counts, rng)) for centre, counts in zip(centres, flips)]
    hashes = np.array([*centres, *itertools.chain(*clumps)], dtype=np.uint64)
    rng.shuffle(hashes)
    assert near_pairs(hashes, distance) == every_pair(hashes, distance)


def test_the_allowed_distance_counts_and_one_bit_more_does_not():
    assert near_pairs([0, 0b111111, 0b1111111]) == [(0, 1), (1, 2)]
    spread = [0, sum(1 << bit for bit in (0, 11, 22, 33, 44, 63))]
    assert near_pairs(spread) == [(0, 1)]
    assert near_pairs(spread, distance=5) == []


def test_no_hash_and_one_hash_make_no_pair():
    assert near_pairs([]) == near_pairs([7]) == []


@settings(deadline=None, derandomize=True, max_examples=80)
@given(
    flips=st.lists(st.integers(0, 7), min_size=2, max_size=40),
    colours=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_families_are_the_connected_pairs_that_look_alike(flips, colours, seed):
    """In clumps too, where the shortcut for thousands of copies must lose nothing."""
    rng = np.random.default_rng(seed)
    hashes = np.array(list(flipped(int(rng.integers(2**63)), flips, rng)), dtype=np.uint64)
    colour = rng.integers(colours, size=len(hashes))
    found = copies._near_families(hashes, lambda left, right: colour[left] == colour[right])
    expected = list(range(len(hashes)))
    for left, right in every_pair(hashes, 6):
        if colour[left] == colour[right]:
            old, new = expected[right], expected[left]
            expected = [new if family == old else family for family in expected]
    assert partition(found) == partition(expected)


def partition(family):
    members = {}
    for place, name in enumerate(family):
        members.setdefault(name, set()).add(place)
    return sorted(map(sorted, members.values()))


def test_sixty_thousand_pictures_take_seconds_also_where_thousands_are_copies():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, 60_000).astype(np.uint64)
    clump = np.array(list(flipped(int(hashes[0]), [3] * 20, rng)), dtype=np.uint64)
    hashes[:6000] = rng.choice(clump, 6000)
    start = time.perf_counter()
    family = copies._near_families(hashes, lambda left, right: np.ones(len(left), dtype=bool))
    assert time.perf_counter() - start < 60, "comparing each copy with each took minutes"
    assert np.bincount(family).max() >= 2000


# --- pictures --------------------------------------------------------------------------------------


def test_the_copies_in_the_faulty_folder_are_found_and_nothing_else(messy):
    assert family_paths(messy) == MESSY_FAMILIES


def test_exact_copies_need_no_look_at_the_pixels(messy, monkeypatch):
    monkeypatch.setattr(copies, "open_image", None)
    assert family_paths(messy, near=False) == {
        found for found in MESSY_FAMILIES if not any("near" in name for name in found)
    }


def test_kinds_and_columns(messy):
    found = find_copies(messy)
    assert list(found)[:4] == ["family", "kind", "path", "label"]
    assert set(found) == {*messy, "family", "kind"}
    assert found["family"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    near = found["path"].isin(["train/sun/sun-01.jpg", "valid/sun/near-copy-smaller.jpg"])
    assert (found["kind"] == np.where(near, "near", "exact")).all()
    assert found.attrs["root"] == messy.attrs["root"]
    for _, members in found.groupby("family"):
        assert members["path"].is_monotonic_increasing


def test_leaks_lie_in_several_splits_and_contradictions_in_several_classes(messy):
    found = find_copies(messy)
    leaks, contradictions = find_leaks(found), find_contradictions(found)
    assert set(leaks["path"]) == {
        "train/fish/fish-01.png", "test/fish/copy-across-splits.png",
        "train/sun/sun-01.jpg", "valid/sun/near-copy-smaller.jpg",
    }  # fmt: skip
    assert set(contradictions["path"]) == {"train/apple/apple-02.png", "train/leaf/copy-across-classes.png"}


def test_leaks_without_a_split_are_answered_with_how_to_make_one(messy):
    with pytest.raises(CourseError, match=r"no column split.\s*Split it first: table = add_splits\(table\)"):
        find_leaks(find_copies(messy.drop(columns="split")))


def test_a_table_that_was_not_scanned_is_answered_with_scan():
    table = pd.DataFrame({"path": ["a.jpg"], "label": ["cat"]})
    with pytest.raises(CourseError, match=r"only \['path', 'label'\].*scan\(folder\)"):
        find_copies(table)


def test_a_family_has_three_members_where_each_is_a_copy_of_the_next(tmp_path):
    photo = Image.fromarray(load_sample_image("china.jpg")).resize((320, 214))
    (tmp_path / "a").mkdir()
    photo.save(tmp_path / "a" / "1.png")
    photo.save(tmp_path / "a" / "2.jpg", quality=70)
    photo.resize((120, 80)).save(tmp_path / "a" / "3.jpg", quality=50)
    shutil.copy(tmp_path / "a" / "3.jpg", tmp_path / "a" / "4.jpg")
    found = find_copies(look(tmp_path))
    assert found["family"].tolist() == [0, 0, 0, 0]
    assert set(found["kind"]) == {"near"}


def test_a_chain_of_copies_is_one_family():
    hashes = np.array([0, 0b11111, 0b1111111111], dtype=np.uint64)
    assert near_pairs(hashes) == [(0, 1), (1, 2)], "the ends are no pair"
    assert partition(copies._near_families(hashes, lambda left, right: np.ones(len(left), bool))) == [[0, 1, 2]]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_does_not_matter(seed, messy):
    shuffled = messy.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(find_copies(shuffled), find_copies(messy))
    by_path = dict(zip(shuffled["path"], families(shuffled)))
    assert [by_path[path] for path in messy["path"]] == families(messy).tolist()


def saved_again(image, way):
    stream = io.BytesIO()
    if way == "smaller":
        image = image.resize([round(0.7 * side) for side in image.size], Image.Resampling.LANCZOS)
    elif way == "larger":
        image = image.resize([2 * side for side in image.size], Image.Resampling.BICUBIC)
    elif way == "lighter":
        image = ImageEnhance.Brightness(image).enhance(1.03)
    image.save(stream, "JPEG", quality=60 if way == "coarser" else 85)
    return stream.getvalue()


@pytest.mark.parametrize("way", ["coarser", "smaller", "larger", "lighter"])
def test_the_good_pictures_saved_again_are_found_and_no_others(way, messy, tmp_path):
    unique = messy.drop_duplicates("digest")
    unique = unique[~unique["path"].str.contains("near-copy")]
    for row in unique.itertuples():
        source = sample("messy") / row.path
        target = tmp_path / "a" / str(row.Index)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source, target.with_suffix(source.suffix.lower()))
        target.with_name(f"{row.Index}-again.jpg").write_bytes(saved_again(open_image(source), way))
    table = look(tmp_path)
    number = table["path"].str.extract(r"(\d+)")[0]
    family = pd.Series(families(table))
    assert (number.groupby(family).nunique() == 1).all(), "different pictures in one family"
    found = family.groupby(number).nunique() == 1
    assert found.mean() > (0.9 if way == "lighter" else 0.999), unique.loc[
        map(int, found[~found].index), "path"
    ].tolist()


def test_different_digits_are_never_copies():
    # 8 x 8 pixels: hashes alone call dozens of pairs copies here.
    table = look(sample("digits"))
    assert len(near_pairs(table["phash"])) > 10
    assert len(find_copies(table)) == 0


def test_a_mirrored_or_turned_picture_is_no_copy(tmp_path, draw):
    whole = Image.open(draw(tmp_path / "a" / "0.png", 3))
    for way in Image.Transpose:
        whole.transpose(way).save(tmp_path / "a" / f"{way.name}.png")
    assert family_paths(look(tmp_path)) == set()


def test_flat_pictures_of_different_colour_are_no_copies_and_of_one_colour_they_are(tmp_path):
    colours = {"white": "#ffffff", "black": "#000000", "red": "#c80000", "blue": "#0000c8", "grey": "#808080"}
    (tmp_path / "a").mkdir()
    for name, colour in colours.items():
        Image.new("RGB", (40, 40), colour).save(tmp_path / "a" / f"{name}.png")
    assert family_paths(look(tmp_path).assign(phash=np.uint64(0))) == set()
    Image.new("RGB", (60, 60), colours["red"]).save(tmp_path / "a" / "red again.png")
    assert family_paths(look(tmp_path).assign(phash=np.uint64(0))) == {frozenset({"a/red.png", "a/red again.png"})}


def test_the_same_drawing_in_another_colour_is_no_copy(tmp_path, draw):
    whole = Image.open(draw(tmp_path / "a" / "0.png", 3))
    grey = np.asarray(whole.convert("L"))
    Image.fromarray(np.stack([grey, grey // 4, grey // 4], axis=2)).save(tmp_path / "a" / "red.png")
    Image.fromarray(np.stack([grey // 4, grey // 4, grey], axis=2)).save(tmp_path / "a" / "blue.png")
    assert family_paths(look(tmp_path).assign(phash=np.uint64(0))) == set()


def test_what_is_gone_or_damaged_since_the_scan_is_no_near_copy(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "a" / f"{number}.png", 1, size=(40 + 8 * number, 30 + 6 * number))
    table = look(tmp_path)
    assert len(find_copies(table)) == 3
    (tmp_path / "a" / "0.png").unlink()
    (tmp_path / "a" / "1.png").write_bytes(b"")
    assert len(find_copies(table)) == 0


def test_each_picture_is_opened_at_most_once(tmp_path, draw, monkeypatch):
    for number in range(6):
        draw(tmp_path / "a" / f"{number}.png", 1, size=(40 + 8 * number, 30 + 6 * number))
    table = look(tmp_path)
    opened = []
    monkeypatch.setattr(copies, "open_image", lambda path, size: opened.append(path) or open_image(path, size))
    assert len(find_copies(table)) == 6
    assert len(opened) == len(set(opened)) == 6


def test_a_table_without_copies_or_without_rows_gives_an_empty_one(tmp_path, draw):
    draw(tmp_path / "a" / "0.png", 0)
    draw(tmp_path / "a" / "1.png", 1)
    table = look(tmp_path)
    for few in (table, table[:1], table[:0]):
        found = find_copies(few)
        assert len(found) == 0
        assert list(found)[:4] == ["family", "kind", "path", "label"]
    assert families(table[:0]).tolist() == []
