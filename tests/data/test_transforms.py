"""Transforms: numbers that go there and back, and chance that stays in its range."""

import dataclasses
import json
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torchvision.transforms import v2

from utils.data.images import open_image
from utils.data.resizing import FILL, INTERPOLATIONS, POLICIES, fit, resize
from utils.data.transforms import (
    AUGMENTATIONS,
    IMAGENET,
    LIGHT,
    NONE,
    NORMALISATIONS,
    RANGES,
    STRONG,
    SYMMETRIC,
    UNIT,
    Augmentation,
    Normalisation,
    Preprocessing,
    as_augmentation,
    as_normalisation,
    describe,
)
from utils.errors import CourseError


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def batch(count=2, height=5, width=7, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=rng)


def as_bytes(displayed):
    return torch.from_numpy((displayed * 255).round().astype(np.uint8)).movedim(-1, -3)


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(load_sample_image("china.jpg"))  # 640 x 427


# --- normalisation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", NORMALISATIONS.values(), ids=NORMALISATIONS)
@pytest.mark.parametrize("shape", [(4, 9, 6), (1, 1, 1), (3, 64, 64)])
def test_torchvision_normalises_the_same(preset, shape):
    images = batch(*shape)
    expected = v2.functional.normalize(images.float() / 255, preset.mean, preset.std)
    torch.testing.assert_close(preset(images), expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(preset(images.float() / 255), expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(preset(images[0]), expected[0], rtol=0, atol=2e-6)


@pytest.mark.parametrize("preset", NORMALISATIONS.values(), ids=NORMALISATIONS)
def test_the_inverse_gives_back_every_byte(preset):
    images = torch.arange(256, dtype=torch.uint8).repeat(3, 1).reshape(1, 3, 16, 16)
    displayed = preset.inverse(preset(images))
    assert (displayed.dtype, displayed.shape) == (np.float32, (1, 16, 16, 3))
    assert np.abs(displayed - images.movedim(1, -1).numpy() / 255).max() < 1e-6
    assert torch.equal(as_bytes(displayed), images)
    assert preset.inverse(preset(images[0])).shape == (16, 16, 3)


def test_what_is_displayed_lies_between_0_and_1():
    displayed = IMAGENET.inverse(torch.tensor([-9.0, 0.0, 9.0]).reshape(3, 1, 1).expand(3, 4, 4))
    assert (displayed.min(), displayed.max()) == (0, 1)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_a_normalised_batch_is_float32_with_its_channels_last_and_the_one_given_unchanged(memory_format, dtype):
    images = (batch() if dtype == torch.uint8 else batch() / 255).to(dtype).contiguous(memory_format=memory_format)
    before = images.clone()
    normalised = IMAGENET(images)
    assert normalised.dtype == torch.float32
    assert normalised.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, before)


def test_black_and_white_are_where_the_presets_say():
    for preset, black, white in ((SYMMETRIC, -1, 1), (UNIT, 0, 1)):
        ends = preset(torch.tensor([0, 255], dtype=torch.uint8).expand(3, 1, 2))
        assert ends.flatten().tolist() == pytest.approx([black, white] * 3, abs=1e-6)


def test_the_fill_is_about_nothing_once_normalised():
    filled = torch.tensor(FILL, dtype=torch.uint8).reshape(1, 3, 1, 1)
    assert IMAGENET(filled).abs().max() < 0.02
    assert SYMMETRIC(filled).abs().max() < 0.2


def test_a_preset_is_found_by_its_name_and_an_unknown_name_is_answered_with_those_there_are():
    assert as_normalisation("symmetric") is SYMMETRIC
    assert as_normalisation(SYMMETRIC) is SYMMETRIC
    found = message(as_normalisation, "imagnet")
    assert "one of 'imagenet', 'symmetric', 'unit', but got 'imagnet'" in found
    assert "one of 'imagenet'" in message(as_normalisation, None)
    assert "one of 'imagenet'" in message(as_normalisation, {"mean": (0, 0, 0)})


@pytest.mark.parametrize(("images", "found"), [
    (torch.zeros(2, 4, 4, 3, dtype=torch.uint8), "but got (2, 4, 4, 3). With the colours last"),
    (torch.zeros(4, 4), "but got (4, 4)"),
    (torch.zeros(1, 2, 3, 4, 4), "but got (1, 2, 3, 4, 4)"),
    (torch.zeros(1, 3, 4, 4, dtype=torch.int64), "but got torch.int64"),
    (torch.full((1, 3, 4, 4), 200.0), "they go up to 200. Divide by 255"),
])  # fmt: skip
def test_images_of_another_shape_or_scale_are_answered(images, found):
    assert found in message(IMAGENET, images)


@pytest.mark.parametrize(("mean", "std"), [
    ((0.5, 0.5), (1, 1, 1)), ((0, 0, 0), (1, 0, 1)), ((0, float("nan"), 0), (1, 1, 1)), ((0, 0, 0), (1, 1, 1, 1)),
])  # fmt: skip
def test_a_normalisation_without_sense_is_answered(mean, std):
    assert "a std above 0 for each of red, green and blue" in message(Normalisation, "mine", mean, std)


# --- preprocessing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_stored_is_the_resized_image_as_bytes_of_its_own(policy, photo):
    preprocessing = Preprocessing((48, 64), policy, fill=(9, 8, 7), interpolation="bicubic")
    stored = preprocessing.store(photo)
    assert (stored.dtype, stored.shape) == (np.uint8, (48, 64, 3))
    assert stored.flags.writeable
    assert np.array_equal(stored, np.asarray(resize(photo, (48, 64), policy, (9, 8, 7), "bicubic")))


def test_a_few_pictures_become_a_batch_without_a_loader(photo):
    preprocessing = Preprocessing((32, 40), "pad", "symmetric")
    images = preprocessing(photo, Image.new("RGB", (9, 200)))
    assert images.shape == (2, 3, 32, 40)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(
        as_bytes(preprocessing.inverse(images))[0].movedim(0, -1), torch.tensor(preprocessing.store(photo))
    )
    assert torch.equal(preprocessing(photo)[0], images[0])


@pytest.mark.parametrize("preprocessing", [
    Preprocessing(), Preprocessing((96, 128), "pad", "unit", (0, 1, 2), "lanczos"),
    Preprocessing(64, "crop", Normalisation("mine", (0.1, 0.2, 0.3), (1, 2, 3))),
])  # fmt: skip
def test_preprocessing_travels_by_json_and_by_pickle(preprocessing):
    again = Preprocessing.from_dict(json.loads(json.dumps(preprocessing.to_dict())))
    assert again == preprocessing
    assert hash(again) == hash(preprocessing)
    assert pickle.loads(pickle.dumps(preprocessing)) == preprocessing
    assert again.to_dict() == dataclasses.asdict(preprocessing)


def test_values_of_another_version_are_answered():
    values = Preprocessing().to_dict()
    assert "saved by another version" in message(Preprocessing.from_dict, values | {"sharpen": 1})
    del values["fill"]
    assert "Expected the values of a Preprocessing, 'fill'" in message(Preprocessing.from_dict, values)


def test_a_size_of_one_number_equals_the_pair():
    assert Preprocessing(64) == Preprocessing((64, 64))
    assert Preprocessing((48, 64)).size == (48, 64)


@pytest.mark.parametrize(("options", "found"), [
    ({"policy": "fit"}, "policy to be one of"), ({"normalisation": "none"}, "normalisation to be one of"),
    ({"interpolation": 2}, "interpolation to be one of"), ({"fill": (0, 0, 256)}, "fill as a colour"),
    ({"fill": 0}, "fill as a colour"), ({"fill": (0.5, 0.5, 0.5)}, "fill as a colour"), ({"size": 0}, "a size in pixels"),
])  # fmt: skip
def test_a_preprocessing_without_sense_is_answered_when_it_is_made(options, found):
    assert found in message(Preprocessing, **options)


def test_nothing_can_be_changed_afterwards():
    for thing in (Preprocessing(), NONE, IMAGENET):
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.fill = (0, 0, 0)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", [(1600, 1200), (1680, 286), (286, 1680), (900, 900), (240, 60), (30, 20)])
@pytest.mark.parametrize("size", [(64, 64), (48, 96), (96, 48)])
def test_decoding_at_reduced_scale_leaves_no_side_to_be_enlarged(policy, shape, size, tmp_path, photo):
    path = tmp_path / "a.jpg"
    photo.resize(shape).save(path, quality=95)
    preprocessing = Preprocessing(size, policy)
    reduced = open_image(path, size=preprocessing.decode_size)
    kept, place = fit(*shape, size, policy)
    for axis in (0, 1):
        needed = (place[axis + 2] - place[axis]) / (kept[axis + 2] - kept[axis])  # result over picture
        assert reduced.size[axis] >= min(shape[axis], shape[axis] * needed)
    difference = np.abs(preprocessing.store(reduced).astype(int) - preprocessing.store(open_image(path)).astype(int))
    assert difference.mean() < 3, "and it looks the same, of 255"


# --- augmentation ----------------------------------------------------------------------------------

ONE_EACH = [
    Augmentation(least_area=0.3), Augmentation(flip=1), Augmentation(vertical_flip=1), Augmentation(rotation=30),
    Augmentation(shift=0.2), Augmentation(brightness=0.5), Augmentation(contrast=0.5), Augmentation(saturation=0.5),
    Augmentation(erase=1),
]  # fmt: skip


@pytest.fixture(scope="module")
def image(photo):
    return torch.from_numpy(np.array(photo.resize((40, 32)))).movedim(-1, 0)


@pytest.mark.parametrize("augmentation", [*ONE_EACH, STRONG, LIGHT, NONE], ids=Augmentation.describe)
def test_an_augmented_picture_has_the_size_and_type_it_had_and_chance_comes_from_torch(augmentation, image):
    transform = augmentation.transform((32, 40))
    before = image.clone()
    results = []
    for seed in (0, 0, 1, 2, 3):
        torch.manual_seed(seed)
        results.append(transform(image))
    assert all((result.shape, result.dtype) == ((3, 32, 40), torch.uint8) for result in results)
    assert torch.equal(results[0], results[1])
    assert torch.equal(image, before)
    changed = any(not torch.equal(result, image) for result in results)
    assert changed != augmentation.is_off
    again = pickle.loads(pickle.dumps(transform))
    torch.manual_seed(3)
    assert torch.equal(again(image), results[-1])


def test_flips_are_mirror_images_and_happen_as_often_as_asked(image):
    assert torch.equal(Augmentation(flip=1).transform((32, 40))(image), image.flip(-1))
    assert torch.equal(Augmentation(vertical_flip=1).transform((32, 40))(image), image.flip(-2))
    torch.manual_seed(0)
    transform = Augmentation(flip=0.3).transform((32, 40))
    flipped = np.mean([not torch.equal(transform(image), image) for _ in range(1000)])
    assert flipped == pytest.approx(0.3, abs=0.06)


def test_what_rotation_and_shift_leave_free_has_the_colour_of_the_fill():
    white = torch.full((3, 32, 32), 255, dtype=torch.uint8)
    for augmentation in (Augmentation(rotation=45, fill=(255, 0, 0)), Augmentation(shift=0.5, fill=(255, 0, 0))):
        torch.manual_seed(1)
        turned = augmentation.transform(32)(white)
        assert turned[0].min() > 180, "no black corners; torchvision leaves a seam, a quarter darker at most"
        free = turned[1] == 0
        assert free.any()
        assert (turned[:, free] == torch.tensor([[255], [0], [0]])).all()


def test_crops_keep_the_least_area_and_are_stretched_by_a_third_at_most():
    # Each pixel says where it is: across in red, down in green.
    down, across = torch.meshgrid(torch.arange(60), torch.arange(120), indexing="ij")
    image = torch.stack([across, down, torch.zeros_like(down)]).to(torch.uint8)
    transform = Augmentation(least_area=0.25).transform((60, 120))
    areas, shapes = [], []
    torch.manual_seed(0)
    for _ in range(300):
        red, green, _ = transform(image).int()
        wide, high = (int(value.max() - value.min()) + 1 for value in (red, green))
        areas.append(wide * high / (60 * 120))
        shapes.append((wide / 120) / (high / 60))
    assert 0.2 < min(areas) < 0.35
    assert max(areas) > 0.85
    assert 0.7 < min(shapes) < 0.9
    assert 1.1 < max(shapes) < 1.4


@pytest.mark.parametrize(("name", "value"), [
    ("flip", 1.5), ("vertical_flip", -0.1), ("rotation", 200), ("least_area", 0), ("shift", 2), ("brightness", -1),
    ("contrast", 1.01), ("saturation", float("nan")), ("erase", "often"), ("flip", True), ("flip", None),
])  # fmt: skip
def test_a_value_out_of_range_is_answered_with_its_range(name, value):
    least, most, _ = RANGES[name]
    assert f"{name}={value!r} (from {least:g} to {most:g})" in message(Augmentation, **{name: value})


def test_all_values_out_of_range_are_answered_at_once():
    found = message(Augmentation, flip=2, rotation=-5, erase=0.5)
    assert "flip=2 (from 0 to 1), rotation=-5 (from 0 to 180)." in found
    assert "erase" not in found


def test_every_value_has_a_range_words_and_a_default_that_is_off():
    names = {field.name for field in dataclasses.fields(Augmentation)} - {"fill"}
    assert set(RANGES) == names
    assert NONE.is_off
    assert Augmentation(fill=(0, 0, 0)).is_off
    for augmentation in ONE_EACH:
        assert not augmentation.is_off
        assert ";" not in augmentation.describe()
    assert len({augmentation.describe() for augmentation in ONE_EACH}) == len(names)


def test_presets_are_found_by_name_and_anything_else_is_taken_as_it_is():
    assert [as_augmentation(name) for name in AUGMENTATIONS] == [NONE, LIGHT, STRONG]
    assert as_augmentation(STRONG) is STRONG
    assert "one of 'none', 'light', 'strong', but got 'heavy'" in message(as_augmentation, "heavy")


# --- in words --------------------------------------------------------------------------------------


def test_the_words_name_every_step_side_by_side():
    words = describe(Preprocessing((192, 256), "pad", "symmetric"), Augmentation(flip=0.5, rotation=15))
    lines = words.split("\n")
    assert lines[0].split(None, 1)[0] == "step"
    assert [line.count("pad to 192 x 256") for line in lines if "resize" in line] == [2]
    assert [line.count("symmetric") for line in lines if "normalise" in line] == [2]
    assert "mirrored left to right, 50% of the time" in words
    assert "turned by up to 15 degrees either way" in words
    assert lines[0].index("validation") == next(line for line in lines if "augment" in line).index("nothing")


def test_the_words_of_a_preprocessing_name_all_that_it_does():
    words = Preprocessing((192, 256), "pad", "symmetric", interpolation="bicubic").describe()
    for word in ("pad", "192 x 256 pixels (height x width)", "bicubic", "symmetric", "0.5"):
        assert word in words
    assert set(INTERPOLATIONS) == {"nearest", "bilinear", "bicubic", "lanczos"}
