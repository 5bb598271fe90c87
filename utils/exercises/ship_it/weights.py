"""Exercise 4: weights as whole numbers of one byte, with a scale a channel."""

import warnings

import numpy as np

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.ship_it.arrays import arrays_unchanged, as_array
from utils.exercises.values import shown

LARGEST = 127
PAIR = "a pair: whole numbers, and a scale for each channel"


def to_int8(weight):
    channels = weight.reshape(len(weight), -1)
    scales = np.abs(channels).max(axis=1) / 127
    divisors = np.where(scales == 0, 1, scales)[:, None]
    return np.round(channels / divisors).astype(np.int8).reshape(weight.shape), scales


def probe_to_int8(answer):
    for case, weight in _made().items():
        with arrays_unchanged(case, {"weight": weight}):
            numbers, scales = _as_pair(_without_cast_nan(answer, case, weight), case)
            _check_kinds(numbers, scales, _made()[case], case)
            _check_channels(numbers.astype(float), scales.astype(float).reshape(-1), _made()[case].astype(float), case)


def _made():
    """Weights of which one channel is all 0, one tiny, one large, and in one the largest number is below 0."""
    rng = np.random.default_rng(3)
    weight = rng.normal(0, 1, (5, 3, 3, 2)).astype(np.float32)
    weight *= np.array([1, 0, 1e-5, 40, 0.2], np.float32).reshape(5, 1, 1, 1)
    weight[0, 1, 1, 1], weight[4, 2, 0, 1] = -4.2, 0.9
    linear = np.array([[0.5, -1.27, 0.3, 0.004], [2.0, 2.6, 2.1, 2.54]], np.float32)  # one channel has nothing below 0
    return {"a convolution": weight, "a linear layer": linear, "nothing but 0": np.zeros((2, 3), np.float32)}


def _without_cast_nan(answer, case, weight):
    """What the answer says; nan made into int8 is 0 on one processor, something else on another, and only warned of."""
    with warnings.catch_warnings(record=True) as warned, np.errstate(all="warn"):
        warnings.simplefilter("always")
        said = asked(answer, case, weight)
    if any("in cast" in str(each.message) for each in warned):
        raise NotYet(f"{case}: nan is made into a whole number, and what comes of that depends on the processor. What is divided "
                     "by the scale of a channel of zeros?")  # fmt: skip
    return said


def _as_pair(said, case):
    if not isinstance(said, (tuple, list)) or len(said) != 2:
        raise NotYet(f"{case}: expected {PAIR}, got {shown(said)}.")
    return as_array(said[0], case, "whole numbers, an array"), as_array(said[1], case, "a scale for each channel")


def _check_kinds(numbers, scales, weight, case):
    if numbers.shape != weight.shape:
        raise NotYet(f"{case}: the weight has the shape {weight.shape}, and the whole numbers have {numbers.shape}.")
    if scales.size == 1 < len(weight):
        raise NotYet(f"{case}: one scale for all {len(weight)} channels; each is to have its own.")
    if scales.size != len(weight):
        raise NotYet(f"{case}: {len(weight)} channels, and scales of shape {scales.shape}.")
    if not np.isfinite(scales).all() or not np.isfinite(numbers.astype(float)).all():
        raise NotYet(f"{case}: nan or infinity is among your numbers. What is the scale of a channel of zeros?")
    if numbers.dtype != np.int8:
        size = (
            f"{numbers.dtype.itemsize} bytes each" if numbers.dtype.itemsize > 1 else "and none of them can be below 0"
        )
        raise NotYet(f"{case}: the numbers are stored as {numbers.dtype}, {size}.")


def _check_channels(numbers, scales, weight, case):
    for place, (whole, scale, channel) in enumerate(zip(numbers, scales, weight)):
        told = f"{case}, channel {place}"
        if np.abs(whole).max() > LARGEST:
            raise NotYet(f"{told}: {whole.min():g} is among the whole numbers, outside -{LARGEST} to {LARGEST}.")
        if not channel.any():
            if whole.any():
                raise NotYet(f"{told}: all its weights are 0, and your whole numbers are not.")
            continue
        _check_one(whole, scale, channel, told)


def _check_one(whole, scale, channel, told):
    largest = np.abs(channel).max()
    if not np.isclose(scale, largest / LARGEST, rtol=1e-3, atol=0):
        raise NotYet(f"{told}: its weights go from {channel.min():.3g} to {channel.max():.3g}, and you have the scale {scale:.3g}. "
                     f"{_which_scale(scale, channel)}")  # fmt: skip
    error = np.abs(whole * scale - channel)
    place = np.unravel_index(error.argmax(), error.shape)
    if error.max() > 0.501 * scale:
        weight, steps = channel[place], channel[place] / scale
        raise NotYet(f"{told}: the weight {weight:.4g} is {steps:.3f} scales, and you have {whole[place]:g}. Which whole number is "
                     "nearest?")  # fmt: skip


def _which_scale(scale, channel):
    lowest, highest, largest = channel.min(), channel.max(), np.abs(channel).max()
    usual = {
        "That is the largest weight by 127. A weight far below 0 is large as well.": highest / LARGEST,
        "That is for 128 steps, and there are 127 above 0.": largest / 128,
        "Those are 255 steps from the largest below 0 to the largest above it: 0 is to stay 0, so there are 127 for each side.":
            2 * largest / 255,
        "That is from the lowest to the highest, in 255 steps: then 0 needs a number of its own, a zero point.":
            (highest - lowest) / 255,
        "So the largest weight becomes 255.": largest / 255,
        "That is the largest weight itself. How many steps reach up to it?": largest,
        "That is one step by the scale. Numbers times the scale are to be the weights.": LARGEST / largest,
        "That is the spread, and a weight further out has no number.": channel.std() / LARGEST,
        "That is the mean, and a weight further out has no number.": np.abs(channel).mean() / LARGEST,
    }  # fmt: skip
    near = [words for words, value in usual.items() if np.isclose(scale, value, rtol=1e-3, atol=0)]
    return next(iter(near), "The largest weight, below or above 0, is to become 127 or -127: neither more nor less.")


def _to_int8(scale=lambda channels: np.abs(channels).max(axis=1) / LARGEST, whole=np.round, kind=np.int8, safe=True):
    """A to_int8 with one of its parts done otherwise."""

    def to_int8(weight):
        channels = weight.reshape(len(weight), -1)
        scales = np.broadcast_to(scale(channels), len(channels))
        divisors = np.where(scales == 0, 1, scales) if safe else scales
        return whole(channels / divisors[:, None]).astype(kind).reshape(weight.shape), scales

    return to_int8


def _one_scale(weight):
    scale = np.abs(weight).max() / LARGEST or 1.0
    return np.round(weight / scale).astype(np.int8), scale


def _by_input(weight):
    scales = np.abs(weight.reshape(-1, weight.shape[-1])).max(axis=0) / LARGEST
    return np.round(weight / np.where(scales == 0, 1, scales)).astype(np.int8), scales


def _zero_point(weight):
    channels = weight.reshape(len(weight), -1)
    scales = (channels.max(axis=1) - channels.min(axis=1)) / 255
    steps = (channels - channels.min(axis=1, keepdims=True)) / np.where(scales == 0, 1, scales)[:, None]
    return (np.round(steps) - 128).astype(np.int8).reshape(weight.shape), scales


def _in_place(weight):
    numbers, scales = to_int8(weight)
    weight /= np.where(scales == 0, 1, scales).reshape(-1, *[1] * (weight.ndim - 1))
    return numbers, scales


def _ones_for_zeros(weight):
    numbers, scales = to_int8(weight)
    numbers[scales == 0] = 1
    return numbers, scales


q4 = Question(
    number=4,
    reference=to_int8,
    probe=probe_to_int8,
    hints=[
        "weight.reshape(len(weight), -1) is a row for each channel. Its scale is the largest magnitude of the row, by 127.",
        "Whole numbers: the row by its scale, np.round, and .astype(np.int8), which alone would cut off instead of rounding. "
        "Then .reshape(weight.shape).",
        "A channel of zeros has the scale 0, and 0 / 0 is nan, which no int8 holds: divide by np.where(scales == 0, 1, scales).",
    ],
    why="Numbers times scale gives the weights back, each wrong by half a scale at most. A scale a channel costs four bytes and "
    "keeps a channel of small weights: with one scale for all, the largest weight of the layer would decide, and a channel a "
    "thousand times smaller would become all 0. With BatchNorm folded into it, a layer often has such channels, and dead ones.",
    mistakes=[
        Mistake(_to_int8(safe=False), "nan is made into a whole number"), Mistake(_one_scale, "each is to have its own"),
        Mistake(_to_int8(lambda channels: np.abs(channels).max() / LARGEST), "a convolution, channel 0: its weights go from -4.2"),
        Mistake(_to_int8(lambda channels: channels.max(axis=1) / LARGEST), "far below 0 is large as well"),
        Mistake(_to_int8(lambda channels: np.abs(channels).max(axis=1) / 128, lambda x: np.clip(np.round(x), -127, 127)), "128 steps"),
        Mistake(_to_int8(lambda channels: 2 * np.abs(channels).max(axis=1) / 255), "channel 0: -128 is among"),
        Mistake(_to_int8(lambda channels: np.abs(channels).max(axis=1)), "How many steps"),
        Mistake(_to_int8(lambda channels: np.abs(channels).max(axis=1) / LARGEST + 1e-6), "channel 2: its weights go from"),
        Mistake(_to_int8(lambda channels: np.maximum(np.abs(channels).max(axis=1), 1e-3) / LARGEST), "channel 2: its weights"),
        Mistake(_to_int8(lambda channels: channels.std(axis=1) / LARGEST, lambda x: np.clip(np.round(x), -127, 127)), "the spread"),
        Mistake(_to_int8(lambda channels: np.abs(channels).mean(axis=1) / LARGEST, lambda x: np.clip(np.round(x), -127, 127)),
                "the mean"),
        Mistake(_to_int8(whole=lambda x: x), "Which whole number is nearest"), Mistake(_to_int8(whole=np.floor), "is nearest"),
        Mistake(_to_int8(whole=np.ceil), "Which whole number is nearest"),
        Mistake(_to_int8(kind=np.int32), "stored as int32, 4 bytes"),
        Mistake(_to_int8(kind=np.float32), "stored as float32, 4 bytes"),
        Mistake(_to_int8(kind=np.uint8), "stored as uint8, and none"),
        Mistake(_by_input, "5 channels, and scales of shape (2,)"), Mistake(_zero_point, "channel 0: -128"),
        Mistake(lambda weight: (to_int8(weight)[0], 1 / to_int8(weight)[1]), "nan or infinity"),
        Mistake(lambda weight: (to_int8(weight)[0].reshape(len(weight), -1), to_int8(weight)[1]), "the whole numbers have (5, 18)"),
        Mistake(_in_place, "your function changed `weight`"), Mistake(_ones_for_zeros, "all its weights are 0"),
        Mistake(lambda weight: to_int8(weight)[0], "expected a pair"), Mistake(lambda weight: ("a", "b"), "expected whole numbers"),
        Mistake(lambda weight: to_int8(weight)[::-1], "the whole numbers have (5,)"),
    ],
)  # fmt: skip
