"""Exercises 18 and 19: colours normalised for a network, and brought back for a plot."""

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F

from utils.exercises.asking import unchanged
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

# ImageNet's mean and standard deviation of red, green and blue, for values from 0 to 1; the notebook has them too.
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

# --- 18: as the pretrained network expects it ----------------------------------------------------
PICTURE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8) // np.array([1, 2, 3], dtype=np.uint8)


def normalise(picture):
    """(H, W, 3) uint8 from 0 to 255 -> (3, H, W) float32, normalised for weights from ImageNet."""
    image = torch.from_numpy(picture).permute(2, 0, 1).float() / 255
    return (image - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def probe_normalise(answer):
    given = PICTURE.copy()
    with unchanged("a picture of 5 x 7 pixels", {"picture": given}):
        _check_normalised(answer(given))


def _check_normalised(got):
    if not isinstance(got, (torch.Tensor, np.ndarray)):
        raise NotYet(f"expected a tensor (3, H, W), got {shown(got)}.")
    if tuple(got.shape) != (3, 5, 7):
        raise NotYet(f"a picture with 5 rows of 7 pixels came out with the shape {tuple(got.shape)}: channels come first, "
                     "then rows, then columns.")  # fmt: skip
    values = np.asarray(got.detach() if isinstance(got, torch.Tensor) else got)
    _check_values(values.astype(float))
    if values.dtype != np.float32:
        raise NotYet(f"the values are right, their type is {values.dtype}: a network computes in float32, and refuses to "
                     "mix.")  # fmt: skip


def _check_values(got):
    """Compare with the right values, and with those of the usual mistakes."""
    channels, mean, std = PICTURE.transpose(2, 0, 1) / 255, _column(MEAN), _column(STD)
    right = (channels - mean) / std
    if np.allclose(got, right, atol=2e-3):
        return
    usual = {
        "mean and std are made for values from 0 to 1. What range have the picture's?": (255 * channels - mean) / std,
        "that is the preset from -1 to 1, which other weights want.": 2 * channels - 1,
        "they are scaled to 0 to 1, and not normalised.": channels,
        "is something divided by the standard deviation?": channels - mean,
        "the mean is subtracted first, and then comes the division.": channels / std - mean,
        "mean and std are red, green, blue; which channel got which?": (channels - mean[::-1]) / std[::-1],
        "so it is for a 0. Was something rounded down?": (PICTURE.transpose(2, 0, 1) // 255 - mean) / std,
        "each channel has its own mean and std.": (channels - np.mean(MEAN)) / np.mean(STD),
        "ImageNet's mean and std are asked, and not the picture's own.": _by_its_own(channels),
        "these values stand in other places than the pixels did: move the axis, do not re-read the numbers.":
            (PICTURE.reshape(3, 5, 7) / 255 - mean) / std,
    }  # fmt: skip
    reasons = [reason for reason, values in usual.items() if np.allclose(got, values, atol=2e-3)]
    channel = int(np.abs(got - right).max(axis=(1, 2)).argmax())
    pixel, value = PICTURE[0, 0, channel], got[channel, 0, 0]
    where = f"in the {('red', 'green', 'blue')[channel]} channel {pixel} became {value:.3f}"
    raise NotYet(f"{where}: {reasons[0] if reasons else 'scale to 0 to 1, subtract the mean, divide by std.'}")


def _by_its_own(channels):
    return (channels - channels.mean(axis=(1, 2), keepdims=True)) / channels.std(axis=(1, 2), keepdims=True)


def _column(values):
    """(3,) -> (3, 1, 1)"""
    return np.array(values).reshape(3, 1, 1)


def _tensor(picture):
    return torch.from_numpy(picture).permute(2, 0, 1)


def _normalised_and_cleared(picture):
    image = normalise(picture)
    picture[:] = 0
    return image


q18 = Question(
    number=18,
    reference=normalise,
    probe=probe_normalise,
    hints=[
        "Three steps: channels first, then values from 0 to 1, then (value - mean) / std, each channel with its own.",
        "torch.from_numpy(picture).permute(2, 0, 1) puts the channels first; .float() / 255 scales.",
        "torch.tensor(MEAN).view(3, 1, 1) has one value a channel, and is stretched over rows and columns.",
    ],
    why="Weights fit the numbers they were trained on: with another scaling nothing crashes, and accuracy is lost. In one "
    "call: F.normalize(F.to_dtype(F.to_image(picture), torch.float32, scale=True), MEAN, STD).",
    mistakes=[
        Mistake(lambda picture: F.normalize(_tensor(picture).float(), MEAN, STD), "made for values from 0 to 1"),
        Mistake(lambda picture: _tensor(picture).float() / 127.5 - 1, "the preset from -1 to 1"),
        Mistake(lambda picture: _tensor(picture) / 255, "not normalised"),
        Mistake(lambda picture: _tensor(picture) / 255 - torch.tensor(MEAN).view(3, 1, 1), "divided by the standard"),
        Mistake(lambda picture: F.normalize(_tensor(picture) / 255, MEAN[::-1], STD[::-1]), "which channel got which"),
        Mistake(lambda picture: (picture / 255 - MEAN) / STD, "the shape (5, 7, 3)"),
        Mistake(lambda picture: _tensor((picture / 255 - MEAN) / STD), "float64"),
        Mistake(lambda picture: normalise(picture.reshape(5, 7, 3)).reshape(3, 7, 5), "the shape (3, 7, 5)"),
        Mistake(
            lambda picture: F.normalize(torch.from_numpy(picture).reshape(3, 5, 7) / 255, MEAN, STD), "other places"
        ),
        Mistake(lambda picture: F.normalize(_tensor(picture), MEAN, STD), "TypeError"),
        Mistake(lambda picture: normalise(picture // 255 * 255), "so it is for a 0. Was something rounded down?"),
        Mistake(_normalised_and_cleared, "your function changed `picture`"),
    ],
)

# --- 19: back again, to look at it ---------------------------------------------------------------


def to_plot(image):
    """(3, H, W), normalised for ImageNet -> (H, W, 3) from 0 to 1, as plt.imshow wants it."""
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    return (image * std + mean).permute(1, 2, 0)


def to_plot_scrambled(image):
    """(3, H, W), normalised for ImageNet -> (H, W, 3) from 0 to 1, as plt.imshow wants it."""
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    image = (image + mean) * std
    return image.reshape(image.shape[1], image.shape[2], 3)


def probe_to_plot(answer):
    pixels = PICTURE / 255
    normalised = (pixels.transpose(2, 0, 1) - _column(MEAN)) / _column(STD)
    given = torch.tensor(normalised, dtype=torch.float32)
    with unchanged("a picture of 5 x 7 pixels", {"image": given}):
        _check_plotted(answer(given), pixels)


def _check_plotted(got, pixels):
    values = np.asarray(got.detach() if isinstance(got, torch.Tensor) else got)
    if values.shape != pixels.shape:
        came = f"with the shape {values.shape}" if values.ndim == 3 else f"as {shown(got)}"
        raise NotYet(f"a picture with 5 rows of 7 pixels came out {came}: plt.imshow wants rows, columns, channels.")
    # Whole numbers from 0 to 255 are a picture to imshow as well.
    scaled, margin = (values / 255, 0.01) if values.dtype.kind in "ui" else (values.astype(float), 2e-3)
    if not np.allclose(scaled, pixels, atol=margin):
        raise NotYet(_what_is_off(scaled, pixels))


def _what_is_off(got, pixels):
    if np.allclose(np.sort(got, axis=None), np.sort(pixels, axis=None), atol=0.01):
        return "the right values in the wrong places: reshape reads the numbers anew in their order, and moves no axis."
    if np.allclose(got, 255 * pixels, atol=1):
        return f"your largest value is {got.max():.0f}: imshow takes 0 to 1 for floats, and would show it all white."
    if abs(got.min()) < 1e-3 and abs(got.max() - 1) < 1e-3:
        return (
            "your darkest value is 0 and your brightest is 1, in this picture as in any other: stretched, not undone."
        )
    mean, std, normalised = np.array(MEAN), np.array(STD), (pixels - MEAN) / STD
    if np.allclose(np.clip(got, 0, 1), np.clip(normalised + mean, 0, 1), atol=2e-3):
        return "the mean is back, and is the standard deviation?"
    if np.allclose(np.clip(got, 0, 1), np.clip((normalised + mean) * std, 0, 1), atol=2e-3):
        return "each step is undone, in the wrong order: what was done last, normalising, is undone first."
    if np.allclose(np.clip(got, 0, 1), np.clip(normalised / 2 + 0.5, 0, 1), atol=2e-3):
        return "that undoes the preset from -1 to 1; this picture came with ImageNet's."
    return f"the pixel in row 0 and column 0 was {_rounded(pixels[0, 0])} before it was normalised, and yours is " \
           f"{_rounded(got[0, 0])}."  # fmt: skip


def _rounded(pixel):
    return tuple(round(float(value), 2) for value in pixel)


def _stretched(image):
    return ((image - image.min()) / (image.max() - image.min())).permute(1, 2, 0)


def _without_std(image):
    return (image + torch.tensor(MEAN).view(3, 1, 1)).permute(1, 2, 0)


def _in_the_same_order(image):
    return ((image + torch.tensor(MEAN).view(3, 1, 1)) * torch.tensor(STD).view(3, 1, 1)).permute(1, 2, 0)


def _in_place(image):
    image *= torch.tensor(STD).view(3, 1, 1)
    image += torch.tensor(MEAN).view(3, 1, 1)
    return image.permute(1, 2, 0)


q19 = Question(
    number=19,
    reference=to_plot,
    probe=probe_to_plot,
    starter=to_plot_scrambled,
    hints=[
        "There are two mistakes. normalised = (pixel - mean) / std: solve it for the pixel.",
        "pixel = normalised * std + mean.",
        "reshape reads all numbers in their order into a new shape; permute(1, 2, 0) moves the axes, with what is in them.",
    ],
    why="What was done last is undone first. A plot in false colours is not a matter of taste: it is how you see that "
    "something is wrong with the pictures, so it must be right itself.",
    mistakes=[
        Mistake(_without_std, "and is the standard deviation?"),
        Mistake(_in_the_same_order, "in the wrong order"),
        Mistake(lambda image: to_plot(image).permute(2, 0, 1).reshape(5, 7, 3), "reshape reads the numbers anew"),
        Mistake(lambda image: to_plot(image).permute(2, 0, 1), "the shape (3, 5, 7)"),
        Mistake(lambda image: 255 * to_plot(image), "all white"),
        Mistake(_stretched, "stretched, not undone"),
        Mistake(lambda image: (image / 2 + 0.5).permute(1, 2, 0), "the preset from -1 to 1"),
        Mistake(_in_place, "your function changed `image`"),
        Mistake(lambda image: to_plot(image).mT.reshape(7, 5, 3), "the shape (7, 5, 3)"),
    ],
)
