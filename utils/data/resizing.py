"""Pictures of any shape at one size: squash, crop or pad, and what each of them keeps of a picture.

Words: a *size* is pixels: one int for height = width, or (height, width). A *policy* is a key of POLICIES. A *box* is
(x0, y0, x1, y1) in an image's pixels, x to the right, y down; x1 and y1 lie just outside.
Pillow and arithmetic alone, so that what serves a model can resize as training did without torch. Introduced in lesson 01.
"""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

from utils.errors import CourseError, named

FILL = (124, 116, 104)  # the mean colour of ImageNet: about 0 once normalised, where black would be a strong signal
# A JPEG decoded at reduced scale to barely the pixels wanted looks sharper than the same one averaged from all of
# them, by 2 to 5 of 255 on photographs; with half as many again 0.4 to 2, for a tenth of the time more.
DECODE_MARGIN = 1.5
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS,
}  # fmt: skip

POLICIES = {
    "squash": "each side is scaled to its target: all is kept, the proportions change",
    "crop": "scaled until the target is covered, its middle cut out: the proportions stay, the ends are lost",
    "pad": "scaled until it fits inside, the rest filled: all is kept and the proportions stay, with fewer pixels",
}


class Fit(NamedTuple):
    """Which part of a picture lands where: the box `kept`, in its pixels, fills the box `place` of the result."""

    kept: tuple[float, float, float, float]
    place: tuple[int, int, int, int]


class Kept(NamedTuple):
    """What a policy does to a picture: `share` of its area is kept; `stretch` is 1 where proportions stay."""

    share: float
    stretch: float  # 2: one side is drawn out twice as much as the other


class Placed(NamedTuple):
    """Where a box of the picture ends up: `box` in the result's pixels (None: outside), `share` of its area."""

    box: tuple[float, float, float, float] | None
    share: float


def resize(image: Image.Image, size, policy="squash", fill=FILL, interpolation="bilinear") -> Image.Image:
    """The image at exactly this size. Shrinking averages over all pixels (antialiased), whichever way.

    Args:
        image: RGB; open files with `images.open_image`.
        size: pixels, an int for height = width, or (height, width).
        policy: a key of POLICIES.
        fill: colour (0 to 255) of what "pad" leaves free.
        interpolation: a key of INTERPOLATIONS.

    Raises:
        CourseError: an unknown policy or interpolation, a size below 1, or an image that is not RGB.
    """
    if image.mode != "RGB":  # a palette's numbers are no colours that could be averaged
        raise CourseError(f"Expected an RGB image, but its mode is {image.mode!r}. Open it with open_image(path), "
                          "or convert it first: to_rgb(image)")  # fmt: skip
    height, width = as_size(size)
    kept, place = fit(image.width, image.height, size, policy)
    shape = (place[2] - place[0], place[3] - place[1])
    resized = image.resize(shape, one_of(INTERPOLATIONS, interpolation, "interpolation"), box=kept)
    if shape == (width, height):
        return resized
    padded = Image.new("RGB", (width, height), as_colour(fill))
    padded.paste(resized, place[:2])
    return padded


def fit(width: int, height: int, size, policy: str) -> Fit:
    """How a policy lays a picture of width x height pixels into a size."""
    one_of(POLICIES, policy, "policy")
    high, wide = as_size(size)
    if policy == "crop":
        across, down = min(width, height * wide / high), min(height, width * high / wide)
        left, top = (width - across) / 2, (height - down) / 2
        return Fit((left, top, min(width, left + across), min(height, top + down)), (0, 0, wide, high))
    across, down = wide, high
    if policy == "pad":
        scale = min(wide / width, high / height)
        across, down = max(1, round(width * scale)), max(1, round(height * scale))  # a line is still a pixel thick
    left, top = (wide - across) // 2, (high - down) // 2
    return Fit((0, 0, width, height), (left, top, left + across, top + down))


def what_is_kept(width: int, height: int, size, policy: str) -> Kept:
    """How much of a picture of width x height pixels a policy keeps, and how far it stretches it."""
    laid = fit(width, height, size, policy)
    across, down = _scales(laid)
    return Kept(_area(laid.kept) / (width * height), max(across / down, down / across))


def place_box(box, width: int, height: int, size, policy: str) -> Placed:
    """Where a box of a picture (a logo, say) ends up under a policy, and what share of its area survives."""
    laid = fit(width, height, size, policy)
    share = share_inside(box, laid.kept)
    if not share:
        return Placed(None, 0.0)
    across, down = _scales(laid)
    inner = _overlap(box, laid.kept)
    x0, x1 = (laid.place[0] + (x - laid.kept[0]) * across for x in inner[::2])
    y0, y1 = (laid.place[1] + (y - laid.kept[1]) * down for y in inner[1::2])
    return Placed((x0, y0, x1, y1), share)


def share_inside(box, crop) -> float:
    """The share of a box's area that lies inside a crop, both (x0, y0, x1, y1) in the same pixels."""
    for each in (box, crop):
        if len(each) != 4 or each[0] >= each[2] or each[1] >= each[3]:
            raise CourseError(f"Expected a box (x0, y0, x1, y1) with x0 < x1 and y0 < y1, but got {tuple(each)}.")
    return _area(_overlap(box, crop)) / _area(box)


def decode_size(size) -> int:
    """Pixels that the shorter side of a reduced JPEG needs (`size` of `open_image`), whatever the policy."""
    return math.ceil(DECODE_MARGIN * max(as_size(size)))


def as_size(size) -> tuple[int, int]:
    """(height, width) in pixels, from one int or from a pair."""
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2 or not all(is_whole(side) and side >= 1 for side in pair):
        raise CourseError(f"Expected a size in pixels, 1 or more: an int for height = width, or (height, width), "
                          f"for instance 224 or (192, 256); got {size!r}.")  # fmt: skip
    return int(pair[0]), int(pair[1])


def _scales(laid):
    """How many pixels of the result a picture's pixel becomes, in x and in y."""
    (x0, y0, x1, y1), (left, top, right, bottom) = laid
    return (right - left) / (x1 - x0), (bottom - top) / (y1 - y0)


def _overlap(box, other):
    return max(box[0], other[0]), max(box[1], other[1]), min(box[2], other[2]), min(box[3], other[3])


def _area(box):
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def is_whole(value) -> bool:
    """Whether it is a whole number, numpy's too, and not True or False."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def one_of(known, wanted, what: str):
    """known[wanted]; a CourseError with the allowed names where it is none of them."""
    if not isinstance(wanted, str) or wanted not in known:
        raise CourseError(f"Expected the {what} to be one of {named(known)}, but got {wanted!r}.")
    return known[wanted]


def as_colour(fill) -> tuple[int, int, int]:
    """(red, green, blue) as ints from 0 to 255."""
    is_triple = isinstance(fill, (tuple, list)) and len(fill) == 3
    if not is_triple or not all(is_whole(part) and 0 <= part <= 255 for part in fill):
        raise CourseError(f"Expected fill as a colour (red, green, blue), each an int from 0 to 255, got {fill!r}.")
    return tuple(map(int, fill))
