"""Flat things seen at an angle: where their corners lie in a photograph, and how they get there.

A flat thing has a unit square of its own, (u, v) from (0, 0) at its upper left to (1, 1) at its lower right; a `View`
says where each of these points is seen. Papers, screens and packets take their views from one distribution.
Projection after P. S. Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, section 2.2.3.
"""

import math

import numpy as np
from photo import BILINEAR, chosen
from PIL import Image

CELLS = 9  # a thing is laid in so many straight pieces a side


class View:
    """Where the unit square is seen.

    Args:
        corners: four (x, y) in the photograph, from the upper left, clockwise.
        bend: how far the middle of each side is moved, as shares of the thing's width and height.
    """

    def __init__(self, corners, bend: tuple[float, float] = (0.0, 0.0)):
        self.corners, self.bend = [tuple(map(float, corner)) for corner in corners], bend
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = self.corners
        dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
        dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
        det = dx1 * dy2 - dx2 * dy1
        g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
        self.forth = (x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1.0)
        a, b, c, d, e, f, g, h, i = self.forth
        self.back = (e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f,
                     d * h - e * g, b * g - a * h, a * e - b * d)  # fmt: skip

    def seen(self, u: float, v: float) -> tuple[float, float]:
        """Where a point of the thing is seen, but for the bend."""
        return _projected(self.forth, u, v)

    def flat(self, x: float, y: float) -> tuple[float, float]:
        """Which point of the thing is seen at a place."""
        u, v = _projected(self.back, x, y)
        return u + self.bend[0] * 4 * v * (1 - v), v + self.bend[1] * 4 * u * (1 - u)

    def scaled(self, factor: float) -> "View":
        """The same view in a photograph of `factor` times as many pixels."""
        return View([(x * factor, y * factor) for x, y in self.corners], self.bend)

    def fills(self, size: tuple[int, int], box=(0.0, 0.0, 1.0, 1.0)) -> bool:
        """Whether this part (left, top, right, bottom) of the thing covers the whole photograph."""
        ends = [self.flat(x, y) for x in (0, size[0] / 2, size[0]) for y in (0, size[1] / 2, size[1])]
        return all(box[0] < u < box[2] and box[1] < v < box[3] for u, v in ends)

    def laid(self, image: Image.Image, size: tuple[int, int], resample=BILINEAR) -> Image.Image:
        """The image as it is seen in a photograph of this size; zero (transparent) around it."""
        wide, high = image.size
        xs, ys = ([round(full * step / CELLS) for step in range(CELLS + 1)] for full in size)
        pieces = []
        for left, right in zip(xs, xs[1:]):
            for top, bottom in zip(ys, ys[1:]):
                ends = [self.flat(x, y) for x, y in ((left, top), (left, bottom), (right, bottom), (right, top))]
                if _meets(ends):
                    places = tuple(part for u, v in ends for part in (u * wide, v * high))
                    pieces.append(((left, top, right, bottom), places))
        return image.transform(size, Image.Transform.MESH, pieces, resample)


def _meets(ends):
    """Whether a piece with these ends (u, v) may show any of the thing: not if all lie beyond one of its sides."""
    return all(min(parts) < 1.02 and max(parts) > -0.02 for parts in zip(*ends))


def _projected(matrix, x, y):
    a, b, c, d, e, f, g, h, i = matrix
    depth = g * x + h * y + i
    if abs(depth) < 1e-9 or (depth > 0) != (matrix[8] > 0):
        depth = math.copysign(1e-9, matrix[8])
    return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth


def frame(rng: np.random.Generator) -> tuple[int, int]:
    """The size of a photograph, (width, height): 320 to 400 px on the long side."""
    long = chosen(rng, [320, 320, 320, 320, 320, 336, 360, 400])
    short = round(long * chosen(rng, [0.75, 0.75, 0.75, 0.667, 0.8, 0.6]))
    return (long, short) if rng.random() < 0.5 else (short, long)


def view(
    rng: np.random.Generator,
    size: tuple[int, int],
    aspect: float,
    bend: float = 0.0,
    close=0.3,
    box=(0.0, 0.0, 1.0, 1.0),
) -> View:
    """Something of this aspect (width by height) from some angle, whole or nearly.

    Args:
        bend: the most that the middle of a side is moved.
        close: share of them that is seen from so close by that no edge of `box`, a part of the thing, is seen.
    """
    bends = float(rng.uniform(-bend, bend)), float(rng.uniform(-bend, bend))
    is_close = rng.random() < close
    turn = rng.normal(0, 6 if is_close else 10) + (chosen(rng, [90, -90]) if rng.random() < 0.1 else 0)
    tilt = float(rng.uniform(-0.22, 0.22)), float(rng.uniform(-0.35, 0.15))
    aside = float(rng.normal(0, 0.05)), float(rng.normal(0, 0.05))
    wide, high = _reach(_shape(aspect, turn, tilt))
    grow = rng.uniform(0.78, 1.12) * min(size[0] / wide, size[1] / high)
    if not is_close:
        return _placed(_shape(aspect, turn, tilt), size, grow, aside, bends)
    grow = 1.1 * max(size[0] / wide, size[1] / high)
    while not (found := _placed(_shape(aspect, turn, tilt), size, grow, aside, bends)).fills(size, box):
        grow *= 1.06
    return found


def _shape(aspect, turn, tilt):
    """Corners around (0, 0), turned by some degrees and tilted."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    corners, (half_x, half_y) = [], (math.sqrt(aspect) / 2, 0.5 / math.sqrt(aspect))
    for x, y in ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y)):
        x, y = x * cos - y * sin, x * sin + y * cos
        depth = 1 - tilt[0] * x - tilt[1] * y
        corners.append((x / depth, y / depth))
    return corners


def _reach(corners):
    xs, ys = zip(*corners)
    return max(xs) - min(xs), max(ys) - min(ys)


def _placed(corners, size, grow, aside, bends):
    xs, ys = zip(*corners)
    middle = (max(xs) + min(xs)) / 2 - aside[0], (max(ys) + min(ys)) / 2 - aside[1]
    return View(
        [(size[0] / 2 + grow * (x - middle[0]), size[1] / 2 + grow * (y - middle[1])) for x, y in corners], bends
    )
