"""Exercise 9: what a web server makes of a picture."""

import itertools

import numpy as np

from utils.data.transforms import IMAGENET
from utils.exercises.asking import asked
from utils.exercises.made import picture
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.ship_it.arrays import as_array, check_model_input

BATCH = "a batch of one picture, an array"
# width and height are different, mean and std not only ImageNet's.
CASES = [
    ((20, 14), IMAGENET.mean, IMAGENET.std),
    ((9, 16), (0.5, 0.4, 0.3), (0.2, 0.25, 0.35)),
    ((12, 12), (0.1, 0.6, 0.2), (0.5, 0.3, 0.4)),
]


def prepare(image, mean, std):
    """A Pillow RGB image of the right size as the model takes it, float32 (1, 3, H, W)."""
    pixels = np.asarray(image, dtype=np.float32) / 255
    normalised = (pixels - np.array(mean, np.float32)) / np.array(std, np.float32)  # (H, W, 3)
    return normalised.transpose(2, 0, 1)[None]


def prepare_as_found(image, mean, std):
    """A Pillow RGB image of the right size as the model takes it, float32 (1, 3, H, W)."""
    pixels = np.array(image)
    pixels = pixels.reshape(1, 3, image.height, image.width)
    return pixels.astype(np.float32)


def probe_prepare(answer):
    for number, (size, mean, std) in enumerate(CASES):
        image = picture(number, size)
        case = f"a picture {image.height} high and {image.width} wide"
        got = as_array(asked(answer, case, image, mean, std), case, BATCH)
        check_model_input(got, case, image.height, image.width)
        right = prepare(picture(number, size), mean, std)
        if not np.allclose(got, right, atol=1e-4):
            pixels = np.asarray(picture(number, size), dtype=float)
            raise NotYet(
                f"{case}: your numbers go from {got.min():.3g} to {got.max():.3g}. {_which(got[0], pixels, mean, std)}"
            )


# How the colours come first, how 0 to 255 is scaled, how it is normalised: the right way, and the usual others with what is
# to be said. Of several mistakes at once the first is named.
LAYOUTS = {
    "": lambda pixels: pixels.transpose(2, 0, 1),
    "The numbers are all there and in other places: reshape goes on reading red, green, blue of one pixel after the other, "
    "and so each colour is made of all three, from a third of the rows.":
        lambda pixels: pixels.reshape(3, *pixels.shape[:2]),
    "Red and blue are exchanged (BGR, as OpenCV reads pictures).": lambda pixels: pixels[..., ::-1].transpose(2, 0, 1),
    "The picture lies on its side: its rows have become its columns.":
        lambda pixels: pixels.transpose(2, 1, 0).reshape(3, *pixels.shape[:2]),
    "The picture is mirrored.": lambda pixels: pixels[:, ::-1].transpose(2, 0, 1),
    "The picture stands on its head.": lambda pixels: pixels[::-1].transpose(2, 0, 1),
}  # fmt: skip
SCALES = {
    "": lambda pixels: pixels / 255,
    "They have not been brought from 0 to 255 to the scale from 0 to 1, which mean and std are for.": lambda pixels: pixels,
    "Are they divided by 256? White is 255.": lambda pixels: pixels / 256,
    "They were on the scale from -1 to 1, and mean and std are for that from 0 to 1.": lambda pixels: pixels / 127.5 - 1,
    "They were divided by the largest number of this picture, so a dark picture becomes a light one.":
        lambda pixels: pixels / pixels.max(),
    "They are divided by 255 twice.": lambda pixels: pixels / 255**2,
}  # fmt: skip
NORMALISED = {
    "": lambda numbers, mean, std: (numbers - mean) / std,
    "Mean and std are not used.": lambda numbers, mean, std: numbers,
    "The std is not used.": lambda numbers, mean, std: numbers - mean,
    "The mean is not used.": lambda numbers, mean, std: numbers / std,
    "Mean and std are exchanged.": lambda numbers, mean, std: (numbers - std) / mean,
    "That is the way back, from normalised numbers to a picture.": lambda numbers, mean, std: numbers * std + mean,
    "Only the mean is divided by the std: a pair of brackets.": lambda numbers, mean, std: numbers - mean / std,
    "Each colour has a mean and a std of its own, in the order red, green, blue; yours are the other way round.":
        lambda numbers, mean, std: (numbers - mean[::-1]) / std[::-1],
    "All colours have one mean and one std here, and each is to have its own.":
        lambda numbers, mean, std: (numbers - mean.mean()) / std.mean(),
    "Those are ImageNet's mean and std, and others were given.":
        lambda numbers, mean, std: (numbers - np.array(IMAGENET.mean).reshape(3, 1, 1)) / np.array(IMAGENET.std).reshape(3, 1, 1),
    "Mean and std were used before the numbers were on the scale from 0 to 1, which they are for.":
        lambda numbers, mean, std: (numbers * 255 - mean) / std / 255,
    "They are normalised by this picture's own mean and std.":
        lambda numbers, mean, std: (numbers - numbers.mean(axis=(1, 2), keepdims=True)) / numbers.std(axis=(1, 2), keepdims=True),
}  # fmt: skip


def _which(got, pixels, mean, std):
    mean, std = (np.array(values).reshape(3, 1, 1) for values in (mean, std))
    ways = itertools.product(NORMALISED.items(), SCALES.items(), LAYOUTS.items())
    for (normalised, normalise), (scaled, scale), (laid, lay_out) in ways:
        numbers = scale(pixels)  # (H, W, 3); the colours may come first before they are normalised, or afterwards
        afterwards = lay_out(normalise(numbers.transpose(2, 0, 1), mean, std).transpose(1, 2, 0))
        if any(np.allclose(got, way, atol=1e-4) for way in (normalise(lay_out(numbers), mean, std), afterwards)):
            return next(words for words in (laid, scaled, normalised) if words)
    if np.allclose(got, np.round(got), atol=1e-6):
        return "They are whole numbers: what has become of the digits after the point?"
    return "Which number has the model seen in training for a black pixel, and which for a white one, of each colour?"


def _prepare(lay_out=LAYOUTS[""], scale=SCALES[""], normalise=NORMALISED[""], kind=np.float32, batch=True):
    """A prepare with some of its parts done otherwise."""

    def prepare(image, mean, std):
        mean, std = (np.array(values).reshape(3, 1, 1) for values in (mean, std))
        numbers = normalise(lay_out(scale(np.asarray(image, dtype=float))), mean, std).astype(kind)
        return numbers[None] if batch else numbers

    return prepare


def _reshaped_at_last(image, mean, std):
    pixels = np.asarray(image, np.float32) / 255
    normalised = (pixels - np.array(mean, np.float32)) / np.array(std, np.float32)
    return normalised.reshape(1, 3, image.height, image.width)


def _whole_numbers(image, mean, std):
    pixels = (np.asarray(image) // 255).astype(np.float32)
    return pixels.transpose(2, 0, 1)[None]


q9 = Question(
    number=9,
    reference=prepare,
    probe=probe_prepare,
    starter=prepare_as_found,
    hints=[
        "Try it on a small picture that is red on the left and blue on the right, and look at result[0, 0], the red plane.",
        "(H, W, 3) becomes (3, H, W) by .transpose(2, 0, 1), which moves the axis; reshape only cuts the row of numbers anew.",
        "First / 255, then - mean and / std, with the colours last; then transpose; then [None] for the batch. "
        "np.array(mean, np.float32) keeps it all float32.",
    ],
    why="All three were in one published server, and it answered: a network answers whatever it is given, with high probabilities "
    "too. Nothing fails, only the answers are bad, and the model is blamed. So compare what the server gives the model with what "
    "training gave it, number by number, for one picture that is not square.",
    mistakes=[Mistake(_prepare(lay_out=lay_out), words) for words, lay_out in LAYOUTS.items() if words]
    + [Mistake(_prepare(scale=scale), words) for words, scale in SCALES.items() if words]
    + [Mistake(_prepare(normalise=normalise), words) for words, normalise in NORMALISED.items() if words]
    + [
        Mistake(_prepare(scale=SCALES[[*SCALES][1]], normalise=NORMALISED[[*NORMALISED][1]]), "They have not been"),
        Mistake(_prepare(LAYOUTS[[*LAYOUTS][1]], normalise=NORMALISED[[*NORMALISED][1]]), "reshape goes on reading"),
        Mistake(_prepare(LAYOUTS[[*LAYOUTS][2]], SCALES[[*SCALES][1]]), "Red and blue are exchanged"),
        Mistake(_prepare(LAYOUTS[[*LAYOUTS][1]], SCALES[[*SCALES][1]]), "reshape goes on reading"),
        Mistake(_prepare(kind=np.float64), "the numbers are float64"), Mistake(_prepare(kind=np.float16), "the numbers are float16"),
        Mistake(_prepare(kind=np.uint8), "the numbers are uint8"), Mistake(_prepare(batch=False), "That is a picture"),
        Mistake(_prepare(lambda pixels: pixels.transpose(2, 1, 0)), "height comes before width"),
        Mistake(lambda image, mean, std: (np.asarray(image, np.float32) / 255)[None], "the colours stand last"),
        Mistake(lambda image, mean, std: np.zeros((3, 3), np.float32), "expected the shape (1, 3, height, width), got (3, 3)"),
        Mistake(_reshaped_at_last, "reshape goes on reading"), Mistake(_whole_numbers, "whole numbers"),
        Mistake(_prepare(normalise=lambda numbers, mean, std: numbers**2), "for a black pixel"),
        Mistake(lambda image, mean, std: image, "expected the shape"),
        Mistake(lambda image, mean, std: "picture", "expected a batch of one picture"),
    ],
)  # fmt: skip
