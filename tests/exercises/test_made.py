"""What probes try answers on."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from utils.exercises.made import check_quarters, encoded, folder_of, picture, quarters
from utils.exercises.values import NotYet, as_pixels


def test_a_folder_holds_the_files_and_is_gone_afterwards():
    with folder_of({"a/b.txt": b"text", "empty/": b""}) as root:
        assert (root / "a" / "b.txt").read_bytes() == b"text"
        assert (root / "empty").is_dir()
    assert not root.exists()


def test_another_seed_is_another_picture():
    assert picture(1).size == (48, 36)
    assert picture(1).tobytes() == picture(1).tobytes() != picture(2).tobytes()


def test_an_encoded_picture_is_the_content_of_a_file():
    assert Image.open(io.BytesIO(encoded(picture(size=(9, 7)), "PNG"))).size == (9, 7)


def test_quarters_are_in_their_places():
    check_quarters(as_pixels(quarters((10, 6))), "a picture")


@pytest.mark.parametrize(
    "change", [ImageOps.mirror, ImageOps.flip, lambda image: image.rotate(180), lambda image: image.rotate(90)]
)
def test_quarters_in_other_places_are_named(change):
    with pytest.raises(NotYet, match="^a picture: what belongs .* has come out top left"):
        check_quarters(np.asarray(change(quarters((10, 10)))).astype(float), "a picture")


@pytest.mark.parametrize("change", [
    ImageOps.invert, lambda image: image.convert("L").convert("RGB"), lambda image: Image.merge("RGB", image.split()[::-1]),
])  # fmt: skip
def test_other_colours_are_told_as_colours_and_no_place_is_said_to_be_wrong(change):
    with pytest.raises(
        NotYet, match=r"^a picture: the colour \(.*\), which has come out .*, is not the picture's there"
    ):
        check_quarters(np.asarray(change(quarters((10, 6)))).astype(float), "a picture")
