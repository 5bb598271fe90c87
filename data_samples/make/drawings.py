"""Drawn pictures: an apple, a boat, a fish, a leaf or a sun, each time another, from a seed.

A picture is drawn four times as large and then shrunk, so that edges are smooth: a backdrop first, then the
thing on it. Each kind is a pair of functions, its backdrop and itself, in `KINDS`.
"""

import math
import random

from pen import Colour, Pen, Points, colour, oval, smooth
from PIL import Image, ImageDraw, ImageFilter, ImageOps

FINER = 4
WHITE = (255, 255, 255)


def picture(kind: str, seed: str, size: tuple[int, int] | None = None) -> Image.Image:
    """Draws one picture on its backdrop, RGB; without a size (width, height), 64 to 160 px a side."""
    rng = random.Random(seed)
    width, height = size or a_size(rng)
    image = Image.new("RGB", (FINER * width, FINER * height))
    pen = a_pen(rng, image)
    backdrop, thing = KINDS[kind]
    image.paste(backdrop(rng, image.size, pen))
    thing(pen, rng)
    return image.reduce(FINER)


def cutout(kind: str, seed: str, size: tuple[int, int]) -> Image.Image:
    """Draws the thing alone, RGBA, on nothing."""
    rng = random.Random(seed)
    image = Image.new("RGB", (FINER * size[0], FINER * size[1]), WHITE)
    pen = a_pen(rng, image)
    KINDS[kind][1](pen, rng)
    image = image.reduce(FINER)
    image.putalpha(pen.cover.reduce(FINER))
    return image


def a_size(rng: random.Random) -> tuple[int, int]:
    long = rng.randrange(88, 161, 4)
    short = max(64, round(long * rng.uniform(0.62, 1.0)))
    return (long, short) if rng.random() < 0.6 else (short, long)


def a_pen(rng: random.Random, image: Image.Image) -> Pen:
    width, height = image.size
    radius = min(width, height) * rng.uniform(0.31, 0.45)
    spare_x, spare_y = width / 2 - 1.1 * radius, height / 2 - 1.1 * radius
    middle = width / 2 + rng.uniform(-1, 1) * spare_x, height / 2 + rng.uniform(-1, 1) * spare_y
    return Pen(image, middle, radius, angle=rng.uniform(-17, 17), mirror=rng.random() < 0.5)


# Backdrops: (rng, size, pen) -> RGB image; the pen says where the thing will stand


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    return ImageOps.colorize(Image.linear_gradient("L").resize(size), top, bottom)


def room(rng: random.Random, size: tuple[int, int], pen: Pen) -> Image.Image:
    """A wall with soft spots of light, and a table."""
    hue = rng.uniform(0, 360)
    image = gradient(size, colour(hue, 0.18, 0.97), colour(hue + 25, 0.3, 0.86))
    spots(image, rng, colour(hue + 40, 0.12, 1.0))
    edge = round(pen.middle[1] + rng.uniform(0.2, 0.7) * pen.radius)
    table = gradient((size[0], size[1] - edge), colour(rng.uniform(18, 40), 0.35, 0.85), colour(25, 0.5, 0.6))
    image.paste(table, (0, edge))
    return image


def paper(rng: random.Random, size: tuple[int, int], pen: Pen) -> Image.Image:
    hue = rng.uniform(0, 360)
    image = gradient(size, colour(hue, 0.1, 1.0), colour(hue + rng.uniform(-60, 60), 0.35, 0.88))
    spots(image, rng, colour(hue + 60, 0.25, 0.98))
    return image


def water(rng: random.Random, size: tuple[int, int], pen: Pen) -> Image.Image:
    hue = rng.uniform(165, 225)
    image = gradient(size, colour(hue, 0.25, 0.98), colour(hue + 15, 0.62, 0.6))
    spots(image, rng, colour(hue, 0.15, 1.0))
    draw = ImageDraw.Draw(image, "RGBA")
    for _ in range(rng.randrange(4, 9)):
        x, y, r = rng.randrange(size[0]), rng.randrange(size[1]), min(size) // rng.randrange(25, 60)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(*WHITE, 70), outline=(*WHITE, 190), width=4)
    return image


def sea(rng: random.Random, size: tuple[int, int], pen: Pen) -> Image.Image:
    image = sky(rng, size)
    horizon = round(pen.middle[1] + rng.uniform(0.1, 0.45) * pen.radius)
    waves = gradient((size[0], size[1] - horizon), colour(200, 0.5, 0.85), colour(215, 0.75, 0.5))
    image.paste(waves, (0, horizon))
    return image


def hills(rng: random.Random, size: tuple[int, int], pen: Pen) -> Image.Image:
    """Hills under a sky; the pen moves up, for what stands in the sky."""
    image, (width, height) = sky(rng, size), size
    pen.middle = pen.middle[0], 1.08 * pen.radius
    for row in range(rng.randrange(1, 4)):
        base, wave, start = height * (0.76 + 0.09 * row), rng.uniform(0.8, 2.0), rng.uniform(0, 6)
        turns = [(x, start + wave * 6 * x / width) for x in range(0, width + 8, 8)]
        crest = [(x, base + height * 0.06 * math.sin(turn)) for x, turn in turns]
        green = colour(rng.uniform(85, 140), 0.5, 0.8 - 0.14 * row)
        ImageDraw.Draw(image).polygon([*crest, (width, height), (0, height)], fill=green)
    return image


def sky(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    top, bottom = rng.choice([((205, 0.55, 0.9), (195, 0.12, 1.0)), ((225, 0.45, 0.75), (25, 0.35, 1.0))])
    image = gradient(size, colour(*top), colour(*bottom))
    for _ in range(rng.randrange(1, 4)):
        middle = rng.randrange(size[0]), rng.uniform(0.1, 0.5) * size[1]
        pen = Pen(image, middle, radius=min(size) * rng.uniform(0.1, 0.2))
        for x, y, r in [(-0.8, 0.1, 0.4), (-0.2, -0.15, 0.6), (0.5, 0.0, 0.5), (1.0, 0.15, 0.32)]:
            pen.fill(oval(x, y, r, 0.75 * r), WHITE, alpha=190)
    return image


def spots(image: Image.Image, rng: random.Random, light: Colour) -> None:
    """Large soft spots, as of lamps out of focus."""
    veil = Image.new("L", image.size)
    for _ in range(rng.randrange(5, 10)):
        x, y = rng.randrange(image.width), rng.randrange(image.height)
        r = round(min(image.size) * rng.uniform(0.06, 0.24))
        ImageDraw.Draw(veil).ellipse((x - r, y - r, x + r, y + r), fill=rng.randrange(60, 170))
    image.paste(light, mask=veil.filter(ImageFilter.GaussianBlur(min(image.size) / 60)))


# Things: (pen, rng) -> None


def apple(pen: Pen, rng: random.Random) -> None:
    hue = rng.choice([90, 354, 6, 0, 50, 105])
    shadow(pen, 0.95)
    top = [(0.0, -0.55), (0.3, -0.72), (0.7, -0.66), (0.93, -0.2)]
    bottom = [(0.82, 0.4), (0.5, 0.85), (0.2, 0.93), (0.0, 0.86)]
    pen.body(symmetric(top + bottom), colour(hue + 6, 0.62, 0.98), colour(hue - 6, 0.92, 0.62))
    pen.line([(0.0, -0.5), (0.03, -0.75), (0.12, -0.98)], 0.11, colour(25, 0.6, 0.4))
    leaflet = smooth([(0.08, -0.72), (0.35, -1.0), (0.75, -0.98), (0.5, -0.72)])
    pen.body(leaflet, colour(100, 0.6, 0.8), colour(125, 0.7, 0.45))
    pen.fill(smooth([(-0.62, -0.3), (-0.45, -0.5), (-0.36, -0.38), (-0.52, 0.02), (-0.64, 0.0)]), WHITE, alpha=120)


def fish(pen: Pen, rng: random.Random) -> None:
    hue, stripes = rng.choice([12, 28, 50, 205, 280, 330]), rng.choice([0, 2, 3])
    light, dark = colour(hue + 15, 0.5, 1.0), colour(hue, 0.85, 0.75)
    fin = colour(hue - 12, 0.75, 0.85)
    pen.fill(smooth([(0.5, 0.0), (0.98, -0.5), (0.9, 0.0), (0.98, 0.5)]), fin)
    pen.fill(smooth([(-0.3, -0.4), (0.05, -0.72), (0.4, -0.6), (0.3, -0.25)]), fin)
    pen.fill(smooth([(-0.1, 0.4), (0.15, 0.68), (0.35, 0.55), (0.2, 0.3)]), fin)
    back = [(-0.98, 0.05), (-0.6, -0.38), (0.0, -0.5), (0.5, -0.22)]
    belly = [(0.65, 0.0), (0.5, 0.22), (0.0, 0.48), (-0.6, 0.38)]
    pen.body(smooth(back + belly), light, dark)
    for stripe in range(stripes):
        x, tall = -0.25 + 0.28 * stripe, 0.42 - 0.1 * stripe
        right = [(x, -tall), (x + 0.12, -tall), (x + 0.16, 0.0), (x + 0.12, tall)]
        pen.fill(smooth([*right, (x, tall), (x + 0.05, 0.0)]), WHITE, alpha=170)
    pen.line([(-0.42, -0.25), (-0.34, 0.0), (-0.42, 0.25)], 0.04, dark)
    pen.fill(oval(-0.62, -0.1, 0.13), WHITE)
    pen.fill(oval(-0.65, -0.1, 0.075), (30, 30, 45))
    pen.line([(-0.92, 0.14), (-0.82, 0.2), (-0.72, 0.18)], 0.035, dark)


def leaf(pen: Pen, rng: random.Random) -> None:
    hue, lobes = rng.choice([12, 32, 48, 80, 105, 130]), rng.choice([0, 0, 3, 4])
    light, dark = colour(hue + 10, 0.6, 0.92), colour(hue - 6, 0.8, 0.55)
    pen.cos, pen.sin = turned(rng.uniform(0, 360))
    pen.line([(0.0, 0.5), (0.02, 0.8), (0.08, 1.0)], 0.07, dark)
    right = [(0.0, -0.95)]
    for step in range(1, 12):
        along = step / 12
        notch = 1 - 0.22 * (1 + math.cos(2 * math.pi * lobes * along)) if lobes else 1.0
        right.append((0.62 * notch * math.sin(math.pi * along**0.8), -0.95 + 1.7 * along))
    pen.body(symmetric([*right, (0.0, 0.75)]), light, dark)
    vein = colour(hue + 14, 0.42, 0.97)
    pen.line([(0.0, -0.8), (0.0, 0.75)], 0.045, vein)
    for y, reach in [(-0.4, 0.22), (-0.08, 0.34), (0.24, 0.34), (0.5, 0.24)]:
        for side in (-1, 1):
            pen.line([(0.0, y), (side * reach, y - 0.75 * reach)], 0.03, vein)


def sun(pen: Pen, rng: random.Random) -> None:
    rays, hue, friendly = rng.choice([8, 10, 12, 16]), rng.uniform(36, 54), rng.random() < 0.6
    for ray in range(rays):
        turn, tip = 2 * math.pi * ray / rays, 1.0 if ray % 2 else rng.choice([0.86, 1.0])
        ends = [(0.6, turn - 2.0 / rays), (tip, turn), (0.6, turn + 2.0 / rays)]
        pen.fill([(r * math.cos(a), r * math.sin(a)) for r, a in ends], colour(hue - 8, 0.75, 1.0))
    pen.body(oval(0, 0, 0.6), colour(hue + 6, 0.35, 1.0), colour(hue - 14, 0.85, 0.98))
    if friendly:
        ink = colour(hue - 25, 0.8, 0.5)
        for x in (-0.2, 0.2):
            pen.fill(oval(x, -0.12, 0.06, 0.09), ink)
            pen.fill(oval(1.75 * x, 0.1, 0.1), colour(12, 0.5, 1.0), alpha=130)
        pen.line([(-0.22, 0.16), (-0.1, 0.26), (0.1, 0.26), (0.22, 0.16)], 0.05, ink)


def boat(pen: Pen, rng: random.Random) -> None:
    hue = rng.choice([0, 20, 210, 340])
    pen.line([(0.0, -0.95), (0.0, 0.35)], 0.06, colour(28, 0.6, 0.5))
    pen.body([(0.07, -0.9), (0.75, 0.22), (0.07, 0.22)], WHITE, colour(hue, 0.15, 0.85))
    pen.body([(-0.07, -0.7), (-0.6, 0.22), (-0.07, 0.22)], colour(hue, 0.45, 1.0), colour(hue, 0.65, 0.85))
    hull = smooth([(-0.9, 0.35), (0.0, 0.36), (0.95, 0.33), (0.6, 0.72), (0.0, 0.78), (-0.6, 0.72)])
    pen.body(hull, colour(hue, 0.7, 0.85), colour(hue, 0.85, 0.5))
    for wave in range(5):
        x = -0.95 + 0.42 * wave
        pen.line([(x, 0.78), (x + 0.1, 0.72), (x + 0.2, 0.78), (x + 0.3, 0.72)], 0.05, colour(195, 0.2, 1.0))


def shadow(pen: Pen, y: float) -> None:
    for part, alpha in ((1.0, 35), (0.8, 40), (0.6, 45)):
        pen.fill(oval(0.0, y, 0.85 * part, 0.14 * part), (40, 25, 20), alpha=alpha)


def symmetric(right: Points) -> Points:
    return smooth([*right, *((-x, y) for x, y in right[-2:0:-1])])


def turned(degrees: float) -> tuple[float, float]:
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


KINDS = {
    "apple": (room, apple),
    "boat": (sea, boat),
    "fish": (water, fish),
    "leaf": (paper, leaf),
    "sun": (hills, sun),
}
