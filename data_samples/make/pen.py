"""A pen for drawn pictures: shapes with coordinates of their own, put in their place on a large picture.

A shape has its middle at (0, 0), x to the right, y down, and reaches about 1 to each side; the pen turns,
mirrors and scales it. Only arithmetic that is the same on every computer is used: no font, no other file.
"""

import colorsys
import itertools
import math

from PIL import Image, ImageDraw, ImageOps

Colour = tuple[int, int, int]
Points = list[tuple[float, float]]


class Pen:
    """Draws shapes of its own coordinates on a large picture, and remembers where it drew (`cover`)."""

    def __init__(self, picture: Image.Image, middle: tuple[float, float], radius: float, angle=0.0, mirror=False):
        self.picture = picture
        self.cover = Image.new("L", picture.size)
        self.middle, self.radius, self.mirror = middle, radius, mirror
        self.cos, self.sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))

    def placed(self, points: Points) -> list[tuple[int, int]]:
        (x0, y0), across, down = self.middle, -self.radius if self.mirror else self.radius, self.radius
        moved = [(across * x, down * y) for x, y in points]
        return [(round(x0 + x * self.cos - y * self.sin), round(y0 + x * self.sin + y * self.cos)) for x, y in moved]

    def fill(self, points: Points, colour: Colour | Image.Image, alpha: int = 255) -> None:
        mask = Image.new("L", self.picture.size)
        ImageDraw.Draw(mask).polygon(self.placed(points), fill=alpha)
        self.picture.paste(colour, mask=mask)
        if alpha == 255:
            self.cover.paste(255, mask=mask)

    def body(self, points: Points, light: Colour, dark: Colour) -> None:
        """Fills a shape as a round thing lit from the upper left."""
        xs, ys = zip(*self.placed(points), strict=True)
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        reach = round(1.5 * max(width, height))
        glow = ImageOps.colorize(Image.radial_gradient("L").resize((reach, reach)), light, dark)
        shading = Image.new("RGB", self.picture.size, dark)
        shading.paste(glow, (min(xs) + width // 3 - reach // 2, min(ys) + height // 3 - reach // 2))
        self.fill(points, shading)

    def line(self, points: Points, width: float, colour: Colour) -> None:
        """Draws an open line with round ends; the width is in the shape's own units."""
        for (x, y), (x2, y2) in itertools.pairwise(points):
            length = math.hypot(x2 - x, y2 - y) or 1.0
            across_x, across_y = (y - y2) / length * width / 2, (x2 - x) / length * width / 2
            corners = [(x + across_x, y + across_y), (x2 + across_x, y2 + across_y)]
            self.fill([*corners, (x2 - across_x, y2 - across_y), (x - across_x, y - across_y)], colour)
        for x, y in points:
            self.fill(oval(x, y, width / 2), colour)


def oval(x: float, y: float, across: float, down: float | None = None) -> Points:
    down = across if down is None else down
    turns = [2 * math.pi * step / 48 for step in range(48)]
    return [(x + across * math.cos(turn), y + down * math.sin(turn)) for turn in turns]


def smooth(points: Points, steps: int = 10) -> Points:
    """A closed smooth curve through the points (Catmull-Rom)."""
    result = []
    for index in range(len(points)):
        p0, p1, p2, p3 = (points[(index + offset) % len(points)] for offset in (-1, 0, 1, 2))
        xs, ys = zip(p0, p1, p2, p3, strict=True)
        result += [(between(*xs, step / steps), between(*ys, step / steps)) for step in range(steps)]
    return result


def between(a: float, b: float, c: float, d: float, t: float) -> float:
    """The value at t (0 to 1) of the way from b to c on a curve through a, b, c and d."""
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def colour(hue: float, saturation: float, value: float) -> Colour:
    """A colour from hue in degrees, saturation and value from 0 to 1."""
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value))
