"""Exercises 14 to 16: pictures of any shape for a network that takes squares."""

import numpy as np
from PIL import Image, ImageOps
from torchvision.transforms.v2 import functional as F

from utils.exercises.made import check_quarters, quarters
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, as_pixels

# --- 14: what a centre crop leaves ---------------------------------------------------------------
POSTERS = [(1242, 2209), (1680, 286), (500, 500), (300, 224)]  # (width, height)


def share_kept(width, height):
    """The share of a picture that is left after Resize(224) and CenterCrop(224)."""
    return min(width, height) / max(width, height)


def probe_share_kept(answer):
    for width, height in POSTERS:
        got = as_number(answer(width, height), "a share, a number between 0 and 1")
        if not abs(got - share_kept(width, height)) <= 0.01:  # whole pixels round a little; nan is refused too
            raise NotYet(f"for a picture of {width} x {height} pixels you say that {got:.3g} is left: "
                         f"{_reason(got, width, height)}")  # fmt: skip


def _reason(got, width, height):
    share = share_kept(width, height)
    if abs(got - 100 * share) < 1:
        return "as a share, please, 0.5 for half of the picture."
    if got > 1:
        return "that is more than the whole picture. Which of the two sides is the shorter one depends on the picture."
    if abs(got - (1 - share)) < 0.01:
        return "that is what is cut away."
    if abs(got - 224**2 / (width * height)) < 0.01:
        return "that compares numbers of pixels. Shrinking makes pixels fewer and leaves the whole picture in sight; only " \
               "the crop cuts something off."  # fmt: skip
    if abs(got - share**2) < 0.01:
        return "of how many of its sides does the crop cut something off?"
    return "what are the two sides after Resize, and what of them is left after CenterCrop?"


q14 = Question(
    number=14,
    reference=share_kept,
    probe=probe_share_kept,
    hints=[
        "Resize(224) scales both sides by the same factor, so that the shorter one has 224 pixels: nothing is lost yet.",
        "CenterCrop(224) keeps the shorter side whole, and of the longer one only 224 pixels.",
        "The share is 224 divided by what the longer side was shrunk to, and that is shorter / longer.",
    ],
    why="A tall phone poster of 1242 x 2209 pixels loses 44 % of its area, a banner of 1680 x 286 loses 83 %, and what "
    "stands at the ends is never seen. Squashing keeps everything, and stretches it; padding keeps everything and its "
    "shape, and wastes pixels.",
    mistakes=[
        Mistake(lambda width, height: 224 * 224 / (width * height), "compares numbers of pixels"),
        Mistake(lambda width, height: width / height, "more than the whole picture"),
        Mistake(lambda width, height: max(width, height) / min(width, height), "more than the whole picture"),
        Mistake(lambda width, height: 1 - min(width, height) / max(width, height), "what is cut away"),
        Mistake(lambda width, height: (min(width, height) / max(width, height)) ** 2, "how many of its sides"),
        Mistake(lambda width, height: 100 * min(width, height) / max(width, height), "as a share"),
        Mistake(lambda width, height: 224 / max(width, height), "after Resize"),
    ],
)

# --- 15: the whole picture in a square -----------------------------------------------------------
FRAME = 0.14  # of each side, white: what is cut off shows
SIZE, NEAR = 64, 2  # pixels; how far rounding may move an edge
SHAPES = [(160, 64), (60, 200), (90, 90), (40, 20)]  # (width, height); the last one is smaller than the square


def pad_to_square(image, size):
    """The whole picture, undistorted, in the middle of a black square of size x size pixels."""
    scale = size / max(image.width, image.height)
    small = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    square = Image.new("RGB", (size, size))
    square.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
    return square


def probe_pad_to_square(answer):
    for shape in SHAPES:
        case = f"a picture of {shape[0]} x {shape[1]} pixels"
        pixels = as_pixels(answer(_framed(shape), SIZE))
        if pixels.shape[:2] != (SIZE, SIZE):
            raise NotYet(f"{case} came out {pixels.shape[1]} x {pixels.shape[0]}; {SIZE} x {SIZE} was asked.")
        _check_padding(pixels, shape, case)
        left, top, right, bottom = box = _inside(pixels, case)
        _check_frame(pixels[top:bottom, left:right], case)
        _check_place(box, shape, case)
        check_quarters(pixels[top:bottom, left:right], case)


def _framed(shape):
    """Coloured quarters in a white frame."""
    inner = [round(side * (1 - 2 * FRAME)) for side in shape]
    image = Image.new("RGB", shape, "white")
    image.paste(quarters(inner), ((shape[0] - inner[0]) // 2, (shape[1] - inner[1]) // 2))
    return image


def _check_padding(pixels, shape, case):
    """Where nothing of the picture belongs, there is black: two bars above and below, or left and right."""
    short = round(SIZE * min(shape) / max(shape))
    bar = (SIZE - short) // 2 - NEAR
    if bar <= 0:
        return
    upright = pixels if shape[0] > shape[1] else pixels.transpose(1, 0, 2)
    bars = np.concatenate([upright[:bar], upright[-bar:]])
    if bars.max() > 30 and np.ptp(bars, axis=(0, 1)).max() < 30:
        colour = tuple(bars[0, 0].astype(int).tolist())
        raise NotYet(f"{case}: your padding has the colour {colour}, and black was asked.")


def _inside(pixels, case):
    """The box of what is not black: left, top, right, bottom."""
    seen = pixels.max(axis=2) > 60
    if not seen.any():
        raise NotYet(f"{case}: your square is all black.")
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _check_frame(inside, case):
    """The white frame is there on all four sides."""
    height, width = inside.shape[:2]
    edges = {"left": inside[height // 2, 1], "right": inside[height // 2, -2],
             "top": inside[1, width // 2], "bottom": inside[-2, width // 2]}  # fmt: skip
    cut = [side for side, pixel in edges.items() if pixel.min() < 100]
    if cut:
        raise NotYet(f"{case} was cut: its white frame is missing ({', '.join(cut)}).")


def _check_place(box, shape, case):
    left, top, right, bottom = box
    got, wanted = (right - left, bottom - top), [SIZE * side / max(shape) for side in shape]
    if max(got) < SIZE - NEAR:
        raise NotYet(f"{case} takes {got[0]} x {got[1]} pixels of the square of {SIZE}: it should fill as much of it as it "
                     "can.")  # fmt: skip
    if max(abs(got[0] - wanted[0]), abs(got[1] - wanted[1])) > NEAR:
        raise NotYet(f"{case} takes {got[0]} x {got[1]} pixels of the square of {SIZE}: it was stretched.")
    if max(abs(left + right - SIZE), abs(top + bottom - SIZE)) > 2 * NEAR:
        raise NotYet(f"{case} has {left} black pixels on its left and {SIZE - right} on its right, {top} above and "
                     f"{SIZE - bottom} below: is it in the middle?")  # fmt: skip


def _pasted_in_the_corner(image, size):
    square = Image.new("RGB", (size, size))
    square.paste(ImageOps.contain(image, (size, size)), (0, 0))
    return square


def _in_the_middle(image, size):
    square = Image.new("RGB", (size, size))
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return square


def _only_shrunk(image, size):
    image.thumbnail((size, size))
    return _in_the_middle(image, size)


def _red_for_blue(image, size):
    return Image.merge("RGB", pad_to_square(image, size).split()[::-1])


q15 = Question(
    number=15,
    reference=pad_to_square,
    probe=probe_pad_to_square,
    hints=[
        "One factor for both sides: the one that makes the longer side fit.",
        "Image.new('RGB', (size, size)) is a black square, and square.paste(small, (left, top)) puts a picture on it.",
        "Half of what is left over goes to each side: left = (size - small.width) // 2. (Pillow can do all of it in one "
        "call: look for a function of ImageOps.)",
    ],
    why="Nothing is cut and nothing is stretched; the price is pixels that show nothing, up to four fifths of them on a "
    "banner. `ImageOps.pad(image, (size, size))` does the same in one call.",
    mistakes=[
        Mistake(lambda image, size: image.resize((size, size)), "was stretched"),
        Mistake(
            lambda image, size: ImageOps.fit(image, (size, size)), "was cut: its white frame is missing (left, right)"
        ),
        Mistake(lambda image, size: F.center_crop(F.resize(image, size), [size, size]), "was cut"),
        Mistake(lambda image, size: ImageOps.contain(image, (size, size)), "64 x 26"),
        Mistake(_pasted_in_the_corner, "is it in the middle?"),
        Mistake(_only_shrunk, "takes 40 x 20 pixels of the square of 64"),
        Mistake(lambda image, size: ImageOps.pad(image, (size, size), color="white"), "the colour (255, 255, 255)"),
        Mistake(_in_the_middle, "was cut"),
        Mistake(_red_for_blue, "is not the picture's there"),
        Mistake(lambda image, size: image.thumbnail((size, size)), "returned None"),
    ],
)

# --- 16: height and width ------------------------------------------------------------------------
LANDSCAPES = [(300, 200), (120, 400)]


def shrink(image, longest):
    """The picture with its longer side `longest` pixels, its shape kept."""
    width, height = image.size
    scale = longest / max(width, height)
    return F.resize(image, [round(height * scale), round(width * scale)])


def shrink_swapped(image, longest):
    """The picture with its longer side `longest` pixels, its shape kept."""
    width, height = image.size
    scale = longest / max(width, height)
    return F.resize(image, [round(width * scale), round(height * scale)])


def probe_shrink(answer):
    for width, height in LANDSCAPES:
        case = f"a picture of {width} x {height} pixels"
        pixels = as_pixels(answer(quarters((width, height)), 90))
        got = (pixels.shape[1], pixels.shape[0])
        if abs(max(got) - 90) > 1:
            raise NotYet(f"{case} came out {got[0]} x {got[1]}; its longer side should have 90 pixels.")
        if (got[0] > got[1]) != (width > height) and got[0] != got[1]:
            raise NotYet(f"{case} came out {got[0]} x {got[1]}: a {'wide' if width > height else 'tall'} picture has become "
                         f"a {'tall' if width > height else 'wide'} one. Who wants the height first?")  # fmt: skip
        if abs(got[0] / got[1] - width / height) > 0.1:
            raise NotYet(f"{case} came out {got[0]} x {got[1]}: its shape is lost.")
        check_quarters(pixels, case)


q16 = Question(
    number=16,
    reference=shrink,
    probe=probe_shrink,
    starter=shrink_swapped,
    hints=[
        "Pillow's image.size is (width, height). Tensors, and everything in torchvision, say height first: (C, H, W).",
        "F.resize(image, [height, width]); Pillow's own image.resize((width, height)) has it the other way round.",
    ],
    why="Two libraries, two orders. On square pictures the mistake does not show, on others it squashes every single "
    "one, and a model trained and tested with it still looks fine: until somebody serves it with correct code.",
    mistakes=[
        Mistake(lambda image, longest: image.resize((60, 90)), "has become a tall one"),
        Mistake(lambda image, longest: shrink(image, longest).transpose(Image.Transpose.ROTATE_90), "a tall one"),
        Mistake(lambda image, longest: F.resize(image, [longest, longest]), "its shape is lost"),
        Mistake(lambda image, longest: F.resize(image, longest), "longer side should have 90"),
        Mistake(lambda image, longest: F.resize(image, [60, 90]), "120 x 400 pixels came out"),
        Mistake(lambda image, longest: ImageOps.mirror(shrink(image, longest)), "has come out"),
        Mistake(
            lambda image, longest: shrink(image, longest).convert("L").convert("RGB"), "is not the picture's there"
        ),
        Mistake(lambda image, longest: image.thumbnail((longest, longest)), "returned None"),
    ],
)
