"""Resizing: what is kept, where it lands, and the same pixels as torchvision."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_image
from torchvision.transforms import v2

from utils.data.resizing import POLICIES, as_size, fit, place_box, resize, share_inside, what_is_kept
from utils.data.transforms import Preprocessing
from utils.errors import CourseError

RELAXED = settings(derandomize=True, max_examples=60)
SIDES = st.integers(1, 3000)  # pixels
TARGETS = st.tuples(st.integers(1, 300), st.integers(1, 300))
POSTERS = [(1242, 2209), (1680, 286)]  # width, height


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(load_sample_image("china.jpg"))  # 640 x 427


# --- how a policy lays a picture into a size -------------------------------------------------------


@RELAXED
@given(SIDES, SIDES, TARGETS)
def test_what_lands_lies_inside_and_what_is_kept_lies_in_the_picture(width, height, size):
    for policy in POLICIES:
        kept, place = fit(width, height, size, policy)
        assert 0 <= kept[0] < kept[2] <= width
        assert 0 <= kept[1] < kept[3] <= height
        assert 0 <= place[0] < place[2] <= size[1]
        assert 0 <= place[1] < place[3] <= size[0]
        assert all(isinstance(side, int) for side in place)


@RELAXED
@given(SIDES, SIDES, TARGETS)
def test_squash_and_pad_keep_all_and_crop_and_pad_keep_proportions(width, height, size):
    squashed, cropped, padded = (what_is_kept(width, height, size, policy) for policy in ("squash", "crop", "pad"))
    assert squashed.share == padded.share == 1
    assert cropped.share <= 1
    assert cropped.stretch == pytest.approx(1, abs=1e-6)
    left, top, right, bottom = fit(width, height, size, "pad").place
    assert (right - left) == size[1] or (bottom - top) == size[0], "the longer side fits"
    thin = min(right - left, bottom - top)
    assert padded.stretch <= (thin + 0.51) / thin * 1.001 or thin == 1, "but for the rounding to whole pixels"
    # Two ways to the same number: stretch by squashing is what a crop, that refuses to stretch, cuts off.
    assert squashed.stretch == pytest.approx(1 / cropped.share)


@pytest.mark.parametrize(("policy", "shares", "stretches"), [
    ("squash", (1, 1), (1.78, 5.87)), ("crop", (0.56, 0.17), (1, 1)), ("pad", (1, 1), (1, 1)),
])  # fmt: skip
def test_what_becomes_of_two_posters(policy, shares, stretches):
    for poster, share, stretch in zip(POSTERS, shares, stretches):
        kept = what_is_kept(*poster, 224, policy)
        assert kept.share == pytest.approx(share, abs=0.005)
        assert kept.stretch == pytest.approx(stretch, abs=0.005)


@RELAXED
@given(SIDES, SIDES, TARGETS)
def test_the_policies_agree_where_the_picture_has_the_proportions_of_the_size(width, height, size):
    scaled = (size[0] * 7, size[1] * 7)
    for policy in POLICIES:
        assert fit(scaled[1], scaled[0], size, policy) == ((0, 0, scaled[1], scaled[0]), (0, 0, size[1], size[0]))


def test_a_line_is_still_a_pixel_thick():
    assert fit(5000, 3, 224, "pad").place == (0, 111, 224, 112)
    assert fit(3, 5000, (192, 256), "pad").place == (127, 0, 128, 192)
    for policy in POLICIES:
        assert resize(Image.new("RGB", (5000, 1)), 32, policy).size == (32, 32)
        assert resize(Image.new("RGB", (1, 1)), (8, 16), policy).size == (16, 8)


# --- resizing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize(("shape", "size"), [((640, 320), 80), ((320, 640), 160), ((48, 48), 96), ((300, 200), 100)])
def test_torchvision_crops_the_same(shape, size, interpolation, photo):
    image = photo.resize(shape)
    mode = v2.InterpolationMode(interpolation)
    expected = v2.Compose([v2.Resize(size, mode), v2.CenterCrop(size)])(image)
    found = resize(image, size, "crop", interpolation=interpolation)
    assert found.size == expected.size == (size, size)
    # Where the shorter side goes into the longer a whole number of times, both cut at the same pixel.
    difference = np.abs(np.asarray(found, int) - np.asarray(expected, int))
    assert difference.max() <= (3 if interpolation != "nearest" else 0)  # Pillow rounds in between, here or there
    assert difference.mean() < 0.2


@pytest.mark.parametrize(("width", "height"), POSTERS)
def test_torchvision_crops_the_same_to_within_half_a_pixel(width, height, photo):
    image = photo.resize((width, height))
    expected = v2.Compose([v2.Resize(224), v2.CenterCrop(224)])(image)
    difference = np.abs(np.asarray(resize(image, 224, "crop"), int) - np.asarray(expected, int))
    assert difference.mean() < 4  # of 255; it rounds the longer side down to whole pixels


@pytest.mark.parametrize("size", [(60, 90), (90, 60), (500, 700)])
def test_torchvision_squashes_the_same(size, photo):
    expected = v2.Resize(size)(photo)
    assert resize(photo, size).size == (size[1], size[0]), "height comes first, in Pillow's own size last"
    assert np.array_equal(np.asarray(resize(photo, size)), np.asarray(expected))


def test_a_crop_shows_the_middle_and_a_squash_the_whole():
    stripes = np.zeros((40, 120, 3), np.uint8)
    for place, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        stripes[:, 40 * place : 40 * (place + 1)] = colour
    image = Image.fromarray(stripes)
    assert resize(image, 20, "crop", interpolation="nearest").getcolors() == [(400, (0, 255, 0))]
    colours = resize(image, 21, "squash", interpolation="nearest").getcolors()
    assert sorted(colours) == [(147, (0, 0, 255)), (147, (0, 255, 0)), (147, (255, 0, 0))]


@RELAXED
@given(st.integers(1, 300), st.integers(1, 300), TARGETS)
def test_padding_keeps_every_pixel_and_fills_the_rest_with_its_colour(width, height, size):
    white = Image.new("RGB", (width, height), (255, 255, 255))
    padded = np.asarray(resize(white, size, "pad", fill=(1, 2, 3)))
    left, top, right, bottom = fit(width, height, size, "pad").place
    assert padded.shape == (*size, 3)
    assert (padded[top:bottom, left:right] == 255).all()
    assert (padded == (1, 2, 3)).all(-1).sum() == size[0] * size[1] - (right - left) * (bottom - top)
    assert abs(left - (size[1] - right)) <= 1, "in the middle"
    assert abs(top - (size[0] - bottom)) <= 1


def test_shrinking_averages_over_all_pixels():
    board = Image.fromarray(np.tile(np.array([[0, 255], [255, 0]], np.uint8), (64, 64))).convert("RGB")
    for policy in POLICIES:
        assert np.abs(np.asarray(resize(board, 16, policy), int) - 127).max() <= 12, "grey, and no pattern"


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_an_image_that_is_not_rgb_is_answered(mode):
    found = message(resize, Image.new(mode, (8, 8)), 4)
    assert f"Expected an RGB image, but its mode is {mode!r}" in found
    assert "open_image(path)" in found


@pytest.mark.parametrize("size", [0, -3, (0, 5), (5, -1), 2.5, (4, 4, 4), (4,), "224", None, True, (True, 5), (2.0, 3)])
def test_a_size_that_is_none_is_answered(size):
    found = message(as_size, size)
    assert "an int for height = width, or (height, width)" in found
    assert repr(size) in found
    assert found in (message(resize, Image.new("RGB", (4, 4)), size), message(Preprocessing, size))


def test_a_size_is_one_number_or_a_pair_also_from_numpy_or_json():
    assert as_size(5) == as_size(np.int64(5)) == as_size([5, 5]) == (5, 5)
    assert as_size((3, 4)) == as_size(np.array([3, 4]).tolist()) == (3, 4)


def test_unknown_names_are_answered_with_those_there_are():
    image = Image.new("RGB", (4, 4))
    assert "policy to be one of 'squash', 'crop', 'pad', but got 'stretch'" in message(resize, image, 4, "stretch")
    assert "one of 'nearest', 'bilinear', 'bicubic', 'lanczos', but got 'cubic'" in message(
        resize, image, 4, interpolation="cubic"
    )
    assert "one of 'squash'" in message(fit, 4, 4, 4, "Crop")
    assert "one of 'squash'" in message(what_is_kept, 4, 4, 4, None)


# --- where a box ends up ---------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", [(200, 100), (100, 200), (150, 150), (317, 90)])
def test_a_box_lands_where_its_pixels_do(policy, shape):
    picture = np.zeros((shape[1], shape[0], 3), np.uint8)
    box = (shape[0] // 2 - 20, shape[1] // 2 - 10, shape[0] // 2 + 25, shape[1] // 2 + 15)
    picture[box[1] : box[3], box[0] : box[2]] = 255
    placed = place_box(box, *shape, (96, 128), policy)
    found = np.asarray(resize(Image.fromarray(picture), (96, 128), policy, fill=(0, 0, 0)))[..., 0] > 127
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    seen = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert placed.share == 1
    assert np.abs(np.array(placed.box) - seen).max() <= 1


def test_a_logo_in_the_corner_of_a_poster_is_kept_shrunk_or_lost():
    logo = (1600, 0, 1680, 60)
    squashed, cropped, padded = (place_box(logo, 1680, 286, 224, policy) for policy in ("squash", "crop", "pad"))
    assert squashed.share == padded.share == 1
    assert cropped == (None, 0)
    assert squashed.box == pytest.approx((213.3, 0, 224, 47.0), abs=0.05)
    assert padded.box == pytest.approx((213.3, 93, 224, 101.0), abs=0.05)


def test_a_box_on_the_edge_of_the_crop_is_kept_in_part():
    placed = place_box((0, 0, 100, 100), 200, 100, 50, "crop")  # the crop begins at x = 50
    assert placed == ((0, 0, 25, 50), 0.5)


@pytest.mark.parametrize(("crop", "share"), [
    ((0, 0, 100, 100), 1), ((10, 10, 20, 20), 1), ((15, 10, 20, 20), 0.5), ((12, 12, 16, 19), 0.28),
    ((20, 0, 30, 30), 0), ((-5, -5, 15, 15), 0.25), ((50, 50, 60, 60), 0),
])  # fmt: skip
def test_the_share_of_a_box_inside_a_crop(crop, share):
    assert share_inside((10, 10, 20, 20), crop) == pytest.approx(share)


def test_most_crops_that_may_be_small_miss_a_logo_in_the_corner():
    # The random resized crop of most tutorials, on a square; the logo is a twelfth of each side.
    torch.manual_seed(0)
    crop = v2.RandomResizedCrop(224)
    shares = []
    for _ in range(1000):
        found = crop.make_params([torch.empty(3, 240, 240)])
        box = (found["left"], found["top"], found["left"] + found["width"], found["top"] + found["height"])
        shares.append(share_inside((0, 0, 20, 20), box))
    assert np.mean(np.array(shares) == 0) > 0.5


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (5, 0, 3, 5), (0, 9, 5, 2), (1, 2, 3)])
def test_a_box_that_is_none_is_answered(box):
    assert f"with x0 < x1 and y0 < y1, but got {box}" in message(share_inside, box, (0, 0, 9, 9))
    assert f"but got {box}" in message(share_inside, (0, 0, 9, 9), box)
    assert f"but got {box}" in message(place_box, box, 9, 9, 4, "squash")
