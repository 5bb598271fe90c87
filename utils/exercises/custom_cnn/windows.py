"""Exercise 1: a convolution by hand, on one channel."""

import numpy as np
import torch
from torch.nn import functional as F

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import plain, shown

# Sides of a picture and of a window (height, width): on these, the usual mistakes differ.
SIDES = [((5, 7), (3, 3)), ((6, 4), (2, 3)), ((4, 5), (3, 2))]


def convolve(picture, window):
    """The window laid on each place where it fits: multiply number by number, and add up."""
    height, width = window.shape
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    result = torch.zeros(rows, columns)
    for row in range(rows):
        for column in range(columns):
            part = picture[row : row + height, column : column + width]
            result[row, column] = (part * window).sum()
    return result


def probe_convolve(answer):
    for number, (sides, window_sides) in enumerate(SIDES):
        generator = torch.Generator().manual_seed(number)
        picture, window = (torch.randn(pair, generator=generator) for pair in (sides, window_sides))
        got = _as_grid(answer(picture.clone(), window.clone()))
        if not _alike(got, convolve(picture, window)):
            case = "a picture of {} x {} and a window of {} x {}".format(*sides, *window_sides)
            raise NotYet(f"{case}: {_what_differs(got, picture, window)}")


def _as_grid(value):
    """Rows and columns as an array; channels or a batch of one around them do not matter."""
    try:
        got = np.asarray(plain(value), dtype=float)
    except (TypeError, ValueError):
        raise NotYet(f"expected rows and columns of numbers, got {shown(value)}.") from None
    while got.ndim > 2 and len(got) == 1:
        got = got[0]
    if got.ndim != 2:
        raise NotYet(f"expected rows and columns of numbers, got {shown(value)}.")
    return got


def _alike(got, wanted):
    wanted = np.asarray(wanted)
    return got.shape == wanted.shape and np.allclose(got, wanted, atol=1e-4)


def _what_differs(got, picture, window):
    right = convolve(picture, window)
    usual = {
        "the window is turned by half a turn. Mathematicians do that; networks lay it on as it is.":
            convolve(picture, window.flip(0, 1)),
        "rows and columns have changed places.": right.T,
        "a sum is wanted for each place, and those are means.": right / window.numel(),
    }  # fmt: skip
    if window.shape[0] == window.shape[1]:
        usual["`@` multiplies whole tables. Here number meets number: `*`."] = _slid(picture, window, torch.matmul)
    found = next((reason for reason, wrong in usual.items() if _alike(got, wrong)), "")
    if found:
        return found
    if got.shape != tuple(right.shape):
        return (
            f"your result is {got.shape[0]} x {got.shape[1]}. At how many places does the window fit, down and across?"
        )
    row, column = np.argwhere(~np.isclose(got, right, atol=1e-4))[0]
    return f"row {row}, column {column} of yours is {got[row, column]:.3f}. Which numbers lie under the window there?"


def _slid(picture, window, combine, edge=0):
    """At each place what combine(part, window) sums up to; `edge` so many rows and columns are left out at the end."""
    height, width = window.shape
    rows, columns = picture.shape[0] - height + 1 - edge, picture.shape[1] - width + 1 - edge
    return torch.tensor([[combine(picture[row : row + height, column : column + width], window).sum().item()
                          for column in range(columns)] for row in range(rows)])  # fmt: skip


def _padded(picture, window):
    return F.conv2d(picture[None, None], window[None, None], padding=1)


q1 = Question(
    number=1,
    reference=convolve,
    probe=probe_convolve,
    hints=[
        "A window of 3 rows fits into a picture of 5 rows at 3 places: it can begin in row 0, 1 or 2. So how many rows "
        "has the result, and how many columns?",
        "The part under the window is picture[row : row + height, column : column + width], with height, width = "
        "window.shape. Multiply it by the window with *, and take .sum().",
        "Begin with result = torch.zeros(picture.shape[0] - height + 1, picture.shape[1] - width + 1), and fill it in "
        "two loops, one over rows and one over columns.",
    ],
    why="That is all there is to it: the same few weights are asked at every place, so a network that has learned an edge "
    "in one corner knows it in all of them. Over several channels the products of all of them are added up.",
    mistakes=[
        Mistake(lambda picture, window: convolve(picture, window.flip(0, 1)), "half a turn"),
        Mistake(lambda picture, window: convolve(picture, window).T, "changed places"),
        Mistake(lambda picture, window: _slid(picture, window, lambda a, b: (a * b).mean()), "those are means"),
        Mistake(lambda picture, window: _slid(picture, window, torch.matmul), "`@` multiplies whole tables"),
        Mistake(lambda picture, window: _slid(picture, window, torch.mul, edge=1), "At how many places"),
        Mistake(_padded, "your result is 5 x 7"),
        Mistake(lambda picture, window: convolve(picture, window).relu(), "of yours is 0.000"),
        Mistake(lambda picture, window: convolve(picture, window).flatten(), "expected rows and columns"),
        Mistake(lambda picture, window: convolve(picture, window).sum(), "expected rows and columns"),
    ],
)
