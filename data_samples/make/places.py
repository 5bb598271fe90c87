"""Places that things stand in: meadow, wood, shore, mountains, room, street and so on, each time another.

A place is (rng, size) -> RGB image, size (width, height), like the backdrops of `photo.py`; a 72 px one takes about
a third of a millisecond. They are painted in full sharpness: the caller's camera takes the edges away.
"""

import math

import numpy as np
from pen import colour
from photo import chosen
from PIL import Image, ImageDraw
from roads import street
from scenery import (
    EARTHS,
    GREENS,
    SANDS,
    STONES,
    below,
    flowers,
    ground,
    mottled,
    points,
    ramp,
    ridge,
    sky,
    tone,
    tufts,
)


def meadow(rng, size):
    """Grass under a sky, hills behind, perhaps flowers, perhaps a fence."""
    image, top = sky(rng, size), below(rng, size)
    hues = chosen(rng, [GREENS, GREENS, (45, 75), SANDS])
    for row in range(int(rng.integers(0, 4))):
        far = 0.15 + 0.13 * row
        ridge(image, rng, top, size[1] * (0.32 - 0.08 * row), tone(rng, (70, 220), (far, far + 0.2), (0.45, 0.8)))
    ground(image, rng, top, hues)
    if rng.random() < 0.3:
        rails(image, rng, top)
    tufts(image, rng, top, hues)
    if rng.random() < 0.35:
        flowers(image, rng, top)
    return image


def rails(image, rng, top):
    """A wooden fence that stands on the ground."""
    draw, (width, height) = ImageDraw.Draw(image), image.size
    shade, thick, tall = (
        tone(rng, EARTHS, (0.1, 0.6), (0.4, 0.95)),
        max(1, width // 36),
        height * rng.uniform(0.14, 0.3),
    )
    foot = top + height * rng.uniform(0.02, 0.12)
    for rail in (0.25, 0.65):
        draw.line((0, foot - rail * tall, width, foot - rail * tall), fill=shade, width=thick)
    for x in range(int(rng.integers(0, 9)), width, max(6, width // int(rng.integers(4, 9)))):
        draw.rectangle((x, foot - tall, x + thick, foot), fill=shade)


def wood(rng, size):
    """Trunks one behind the other, in green or autumn light."""
    hues = chosen(rng, [GREENS, GREENS, (20, 55)])
    image = ramp(size, tone(rng, hues, (0.2, 0.6), (0.3, 0.95)), tone(rng, hues, (0.2, 0.5), (0.5, 1.0)))
    image, top = mottled(image, rng, 50, size[0] / 9), below(rng, size, 0.55, 0.85)
    ground(image, rng, top, chosen(rng, [hues, EARTHS]), value=(0.2, 0.6))
    draw, (width, height) = ImageDraw.Draw(image), size
    trunks = sorted(points(rng, 4, 11, 3))  # the first number is nearness
    for near, x, light in trunks:
        x, thick = x * width * 1.1 - 0.05 * width, width * (0.02 + 0.07 * near)
        foot, shade = top + near * 0.3 * (height - top), colour(28, 0.35, 0.12 + 0.4 * light + 0.25 * (1 - near))
        draw.rectangle((x, 0, x + thick, foot), fill=shade)
        draw.rectangle((x + 0.7 * thick, 0, x + thick, foot), fill=tuple(part * 2 // 3 for part in shade))
    return image


def shore(rng, size):
    """Sea between sky and sand."""
    image, top = sky(rng, size), below(rng, size, 0.25, 0.6)
    deep, shallow = tone(rng, (175, 225), (0.4, 0.8), (0.35, 0.8)), tone(rng, (165, 200), (0.2, 0.6), (0.6, 0.95))
    sea = ramp((size[0], size[1] - top), deep, shallow)
    image.paste(mottled(sea, rng, 30, 3), (0, top))
    beach = top + round((size[1] - top) * rng.uniform(0.2, 0.6))
    ridge(image, rng, beach + size[1] * 0.08, size[1] * 0.1, (240, 240, 236))
    ground(image, rng, beach + round(size[1] * 0.08), SANDS, (0.15, 0.45), (0.65, 0.95))
    return image


def mountains(rng, size):
    """Peaks, with snow on the ground or without."""
    image, top = sky(rng, size), below(rng, size, 0.45, 0.75)
    for row in range(int(rng.integers(1, 4))):
        shade = tone(rng, STONES, (0.1, 0.4), (0.75 - 0.2 * row, 0.9 - 0.2 * row))
        ridge(image, rng, top, size[1] * (0.5 - 0.12 * row), shade, jagged=True)
    snow = rng.random() < 0.5
    ground(image, rng, top, STONES if snow else chosen(rng, [GREENS, EARTHS]), (0.0, 0.15) if snow else (0.2, 0.5),
           (0.7, 1.0) if snow else (0.3, 0.7))  # fmt: skip
    return image


def foliage(rng, size):
    """Leaves close up, one over the other."""
    hues = chosen(rng, [GREENS, GREENS, (60, 110), (15, 60)])
    image = Image.new("RGB", size, tone(rng, hues, (0.4, 0.8), (0.1, 0.4)))
    draw, reach = ImageDraw.Draw(image), max(size) * rng.uniform(0.1, 0.28)
    shades = [tone(rng, hues, (0.35, 0.8), (0.2 + 0.12 * step, 0.35 + 0.12 * step)) for step in range(5)]
    for index, (x, y, turn, light) in enumerate(points(rng, 25, 55, 4)):
        x, y = x * size[0], y * size[1]
        along, down = reach * math.cos(6.3 * turn), reach * math.sin(6.3 * turn)
        left = x + along / 2 + down / 4, y + down / 2 - along / 4
        right = x + along / 2 - down / 4, y + down / 2 + along / 4
        tip, shade = (x + along, y + down), int(5 * light)
        draw.polygon([(x, y), left, tip, right], fill=shades[shade])
        if index % 2:
            draw.line((x, y, *tip), fill=shades[min(4, shade + 1)])
    return image


def room(rng, size):
    """A papered wall, a floor, perhaps a window or a picture, perhaps a rug."""
    (width, height), top = size, below(rng, size, 0.5, 0.85)
    wall = tone(rng, (0, 360), (0.03, 0.45), (0.5, 1.0))
    image = ramp(size, wall, tuple(part * 5 // 6 for part in wall))
    draw, pattern = ImageDraw.Draw(image), rng.random()
    shade, step = tuple(part * 9 // 10 for part in wall), max(5, int(width * rng.uniform(0.06, 0.2)))
    if pattern < 0.35:
        for x in range(0, width, step):
            draw.rectangle((x, 0, x + step // 2, top), fill=shade)
    elif pattern < 0.6:
        for x in range(0, width, step):
            for y in range(step // 2 * (x // step % 2), top, step):
                draw.ellipse((x, y, x + step // 3, y + step // 3), fill=shade)
    if rng.random() < 0.6:
        framed(draw, rng, size, top)
    boards(image, rng, top)
    draw.rectangle((0, top - height // 30 - 1, width, top), fill=tone(rng, (20, 50), (0, 0.2), (0.6, 1.0)))
    if rng.random() < 0.4:
        x, y, wide = (
            width * rng.uniform(-0.2, 0.6),
            top + (height - top) * rng.uniform(0.1, 0.5),
            width * rng.uniform(0.5, 1.0),
        )
        draw.ellipse((x, y, x + wide, y + 0.25 * wide), fill=tone(rng, (0, 360), (0.2, 0.8), (0.3, 0.9)))
    return image


def framed(draw, rng, size, top):
    """A window, or a picture on the wall."""
    wide, high = size[0] * rng.uniform(0.2, 0.5), top * rng.uniform(0.3, 0.7)
    x, y, thick = rng.uniform(0, size[0] - wide), rng.uniform(0, 0.6) * (top - high), max(1, size[0] // 40)
    glass = tone(rng, (0, 360), (0.05, 0.6), (0.3, 1.0))
    draw.rectangle(
        (x, y, x + wide, y + high), fill=glass, outline=tone(rng, (20, 40), (0, 0.6), (0.3, 1.0)), width=thick
    )
    if rng.random() < 0.5:
        draw.line((x + wide / 2, y, x + wide / 2, y + high), fill=(235, 232, 225), width=thick)
        draw.line((x, y + high / 2, x + wide, y + high / 2), fill=(235, 232, 225), width=thick)


def boards(image, rng, top):
    """A floor of boards or tiles that run towards the viewer."""
    ground(image, rng, top, chosen(rng, [EARTHS, EARTHS, STONES, (0, 360)]), (0.1, 0.6), (0.4, 0.9))
    draw, (width, height) = ImageDraw.Draw(image), image.size
    shade, away = tone(rng, EARTHS, (0.2, 0.5), (0.2, 0.5)), width * rng.uniform(0.2, 0.8)
    step = width * rng.uniform(0.12, 0.35)
    for line in range(-6, 14):
        x = line * step
        draw.line((away + (x - away) * 0.35, top, x, height), fill=shade)
    if rng.random() < 0.5:
        for row in (0.15, 0.4, 0.75):
            draw.line((0, top + row * (height - top), width, top + row * (height - top)), fill=shade)


def bricks(rng, size):
    """A wall of bricks or of stones."""
    mortar, hues = tone(rng, (20, 50), (0, 0.2), (0.4, 0.9)), chosen(rng, [(5, 25), (20, 45), (200, 240)])
    image = Image.new("RGB", size, mortar)
    draw = ImageDraw.Draw(image)
    high = max(4, round(size[1] * rng.uniform(0.06, 0.16)))
    wide = round(high * rng.uniform(1.4, 2.8))
    shades = [tone(rng, hues, (0.15, 0.6), (0.4, 0.85)) for _ in range(4)]
    start, picks = int(rng.integers(0, wide)), rng.integers(0, 4, 400).tolist()
    for row, y in enumerate(range(0, size[1], high)):
        for x in range(-start - wide * (row % 2) // 2, size[0], wide):
            draw.rectangle((x + 1, y + 1, x + wide - 1, y + high - 1), fill=shades[picks.pop()] if picks else shades[0])
    return mottled(image, rng, 25, 2.5)


def cobbles(rng, size):
    """Ground seen from above: pebbles, fallen leaves or a carpet of dots."""
    hues, saturation = chosen(
        rng, [(STONES, (0, 0.15)), (EARTHS, (0.1, 0.6)), (GREENS, (0.2, 0.6)), ((0, 360), (0.1, 0.6))]
    )
    image = Image.new("RGB", size, tone(rng, hues, saturation, (0.15, 0.5)))
    draw, r = ImageDraw.Draw(image), max(size) * rng.uniform(0.03, 0.1)
    shades = [tone(rng, hues, saturation, (0.3, 0.9)) for _ in range(5)]
    for x, y, flat, light in points(rng, 40, 110, 4):
        x, y, wide, high = x * size[0], y * size[1], r * (0.6 + 0.7 * light), r * (0.5 + 0.5 * flat)
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=shades[int(5 * flat)])
    return image


PLACES = (meadow, meadow, wood, wood, shore, mountains, foliage, foliage, room, room, room, bricks, cobbles, street)


def place(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Any of the places."""
    return chosen(rng, PLACES)(rng, size)
