"""Pictures for posters: landscapes and patterns in the colours of a palette.

A picture is a function (rng, size, palette) -> RGB image, size is (width, height).
"""

import math
import random

import drawings
from palettes import BLACK, WHITE, lightness, mixed
from photo import BICUBIC, bokeh, chosen
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

# --- landscapes ------------------------------------------------------------------------------------


def sky(rng, size, colours, sun=True):
    """From one colour above to another below, with a sun or moon."""
    top, bottom, light = colours
    image = ImageOps.colorize(Image.linear_gradient("L").resize(size), top, bottom)
    if sun:
        radius = round(min(size) * rng.uniform(0.12, 0.26))
        x, y = round(size[0] * rng.uniform(0.25, 0.75)), round(size[1] * rng.uniform(0.25, 0.5))
        ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)
    return image


def sky_colours(rng, p):
    pale = mixed(p.accents[1], WHITE, 0.45)
    return chosen(rng, [(mixed(p.accents[0], p.ink, 0.25), pale, mixed(p.accents[1], WHITE, 0.8)),
                        (p.ground, mixed(p.accents[2], p.ground, 0.35), p.accents[0]),
                        (mixed(p.accents[2], BLACK, 0.35), mixed(p.accents[2], WHITE, 0.5), p.accents[1])])  # fmt: skip


def hills(rng, size, p):
    image, (width, height) = sky(rng, size, sky_colours(rng, p)), size
    draw, far = ImageDraw.Draw(image), mixed(p.accents[2], WHITE, 0.35)
    near, rows, pointed = mixed(p.accents[2], BLACK, 0.72), int(rng.integers(3, 6)), rng.random() < 0.4
    for row in range(rows):
        base, turns = height * (0.52 + 0.42 * row / rows), rng.uniform(1, 3)
        tall, start, rough = height * rng.uniform(0.05, 0.12), rng.uniform(0, 6), rng.uniform(0.2, 0.5)
        wave = zigzag if pointed and row < rows - 1 else math.sin
        crest = [
            (x, base + tall * (wave(start + turns * 6 * x / width) + rough * wave(3 + turns * 15 * x / width)))
            for x in range(0, width + 6, 6)
        ]
        draw.polygon([*crest, (width, height), (0, height)], fill=mixed(far, near, (row + 0.5) / rows))
    return image


def zigzag(turn):
    return 2 * abs((turn / math.pi) % 2 - 1) - 1


def skyline(rng, size, p):
    image, (width, height) = sky(rng, size, sky_colours(rng, p)), size
    draw, unit = ImageDraw.Draw(image), max(24, min(size) // 14)
    for row, shade in enumerate((mixed(p.accents[2], p.ink, 0.4), mixed(p.accents[2], BLACK, 0.8))):
        x = -unit
        while x < width:
            wide, top = unit * int(rng.integers(2, 5)), round(height * (rng.uniform(0.42, 0.72) + 0.14 * row))
            draw.rectangle((x, top, x + wide, height), fill=shade)
            if rng.random() < 0.3:
                draw.polygon([(x, top), (x + wide // 2, top - unit), (x + wide, top)], fill=shade)
            lit = rng.random((40, 12)) < 0.35
            for floor in range((height - top) // unit):
                for room in range(wide // unit * 2 - 1):
                    if row and lit[floor % 40, room % 12]:
                        left, up = x + unit // 3 + room * unit // 2, top + unit // 3 + floor * unit
                        draw.rectangle((left, up, left + unit // 5, up + unit // 3), fill=p.accents[1])
            x += wide + int(rng.integers(0, unit))
    return image


def sea(rng, size, p):
    """A large sun that sets in stripes, and its light on the water."""
    width, height = size
    level, light = round(height * rng.uniform(0.5, 0.66)), p.accents[1]
    image = sky(rng, size, sky_colours(rng, p), sun=False)
    draw, radius = ImageDraw.Draw(image), round(min(size) * rng.uniform(0.22, 0.36))
    x = round(width * rng.uniform(0.35, 0.65))
    draw.ellipse((x - radius, level - radius, x + radius, level + radius), fill=light)
    water = mixed(p.accents[2], BLACK, 0.45)
    draw.rectangle((0, level, width, height), fill=water)
    step = max(6, radius // 9)
    for row, y in enumerate(range(level + step, height, step)):
        reach = radius * rng.uniform(0.25, 1.0) * (1 + 0.05 * row)
        aside = radius * rng.uniform(-0.3, 0.3)
        draw.rectangle(
            (x + aside - reach, y, x + aside + reach, y + step // 3), fill=mixed(light, water, 0.2 + 0.5 * y / height)
        )
    return image


def drawn(rng, size, p, kinds=("boat", "fish", "leaf", "sun", "apple")):
    """One of the drawings of the course, on its backdrop."""
    backdrop, thing = drawings.KINDS[chosen(rng, kinds)]
    other = random.Random(int(rng.integers(2**31)))
    image = Image.new("RGB", size)
    pen = drawings.a_pen(other, image)
    image.paste(backdrop(other, size, pen))
    thing(pen, other)
    return image


# --- patterns --------------------------------------------------------------------------------------


def rays(rng, size, p, middle=(0.5, 0.5)):
    one, other = chosen(
        rng,
        [
            (p.accents[0], mixed(p.accents[0], p.accents[1], 0.35)),
            (p.accents[1], mixed(p.accents[1], WHITE, 0.45)),
            (p.ground, mixed(p.ground, p.accents[2], 0.4)),
        ],
    )
    image, reach, count = Image.new("RGB", size, one), 2 * max(size), int(rng.integers(9, 19))
    x, y, start = size[0] * middle[0], size[1] * middle[1], rng.uniform(0, 1)
    for ray in range(count):
        ends = [2 * math.pi * (start + ray + half) / count for half in (0, 0.5)]
        ImageDraw.Draw(image).polygon(
            [(x, y), *((x + reach * math.cos(t), y + reach * math.sin(t)) for t in ends)], fill=other
        )
    return image


def confetti(rng, size, p):
    image, (width, height) = Image.new("RGB", size, chosen(rng, (p.ground, *p.accents))), size
    draw, ground = ImageDraw.Draw(image), image.getpixel((0, 0))
    shades = [shade for shade in (p.ground, p.ink, *p.accents) if shade != ground]
    unit = min(size) * rng.uniform(0.05, 0.1)
    for x, y, big, turn in rng.uniform(0, 1, (int(0.42 * width * height / unit**2), 4)).tolist():
        x, y, r, shade = x * width, y * height, unit * (0.2 + 0.5 * big), shades[int(97 * turn) % len(shades)]
        points = [(x + r * math.cos(6.28 * turn + a), y + r * math.sin(6.28 * turn + a)) for a in (0, 2.1, 4.2)]
        kind = int(1000 * big) % 4
        if kind == 0:
            draw.polygon(points, fill=shade)
        elif kind == 1:
            draw.line(points[:2], fill=shade, width=max(3, round(r / 3)))
        else:
            draw.ellipse(
                (x - r, y - r, x + r, y + r),
                fill=shade if kind == 2 else None,
                outline=shade,
                width=max(3, round(r / 4)),
            )
    return image


def scales(rng, size, p):
    """Rows of half circles, as waves on Japanese cloth."""
    image, radius = Image.new("RGB", size, p.ground), max(30, round(min(size) * rng.uniform(0.09, 0.18)))
    draw, shades = ImageDraw.Draw(image), [p.accents[2], p.ground, p.accents[0], p.ground]
    for row in range(-1, 3 * size[1] // radius):
        for column in range(-1, size[0] // radius + 2):
            x, y = 2 * radius * column + radius * (row % 2), row * radius // 2
            for ring, shade in enumerate(shades):
                r = radius * (4 - ring) // 4
                draw.ellipse((x - r, y - r, x + r, y + r), fill=shade)
    return image


def quarters(rng, size, p):
    """Tiles with quarter and half circles in all colours."""
    across = max(2, round(size[0] / min(size) * rng.integers(2, 5)))
    tile = math.ceil(size[0] / across)
    image, shades = Image.new("RGB", size, p.ground), (p.ground, p.ink, *p.accents)
    for top in range(0, size[1], tile):
        for left in range(0, size[0], tile):
            image.paste(one_tile(rng, tile, shades), (left, top))
    return image


def one_tile(rng, side, shades):
    ground, shade, third = (shades[index] for index in rng.permutation(len(shades))[:3])
    image, kind, s = Image.new("RGB", (side, side), ground), int(rng.integers(7)), side
    draw = ImageDraw.Draw(image)
    if kind == 0:
        draw.pieslice((0, 0, 2 * s, 2 * s), 180, 270, fill=shade)
    elif kind == 1:
        draw.pieslice((0, 0, 2 * s, 2 * s), 180, 270, fill=shade)
        draw.pieslice((s // 2, s // 2, 3 * s // 2, 3 * s // 2), 180, 270, fill=third)
    elif kind == 2:
        draw.ellipse((s // 8, s // 8, 7 * s // 8, 7 * s // 8), fill=shade)
        draw.ellipse((s // 3, s // 3, 2 * s // 3, 2 * s // 3), fill=third)
    elif kind == 3:
        draw.polygon([(0, 0), (s, 0), (0, s)], fill=shade)
    elif kind == 4:
        for stripe in range(0, s, max(2, s // 4)):
            draw.rectangle((0, stripe, s, stripe + s // 8), fill=shade)
    elif kind == 5:
        draw.pieslice((0, -s // 2, s, s // 2), 0, 180, fill=shade)
        draw.pieslice((0, 0, s, s), 0, 180, fill=third)
    else:
        for x in range(s // 6, s, s // 3):
            for y in range(s // 6, s, s // 3):
                draw.ellipse((x - s // 12, y - s // 12, x + s // 12, y + s // 12), fill=shade)
    return image.rotate(90 * int(rng.integers(4)))


def bands(rng, size, p):
    """Wavy ribbons, one under the other."""
    width, height = size
    shades, image = [p.ground, *p.accents, mixed(p.accents[0], p.accents[1], 0.5)], Image.new("RGB", size, p.accents[0])
    count, turns, tall, start = (
        int(rng.integers(5, 9)),
        rng.uniform(0.6, 1.6),
        height * rng.uniform(0.06, 0.14),
        rng.uniform(0, 6),
    )
    for row in range(count):
        crest = [
            (x, height * (row + 0.3) / count + tall * math.sin(start + 0.45 * row + turns * 6.3 * x / width))
            for x in range(0, width + 8, 8)
        ]
        ImageDraw.Draw(image).polygon([*crest, (width, height), (0, height)], fill=shades[row % len(shades)])
    return image


def soft(rng, size, p):
    """Colours that run into one another."""
    shades, across = (p.ground, *p.accents, p.accents[0]), (3, 3)
    few = Image.new("RGB", across)
    few.putdata([shades[int(index)] for index in rng.integers(len(shades), size=9)])
    return few.resize(size, BICUBIC)


def lamps(rng, size, p):
    """Lamps out of focus, printed in two colours."""
    grey = ImageOps.autocontrast(bokeh(rng, (size[0] // 2, size[1] // 2)).convert("L"), cutoff=1).resize(size, BICUBIC)
    dark, light = sorted((p.ink, p.ground), key=lightness)
    return ImageOps.colorize(grey, mixed(dark, p.accents[2], 0.15), mixed(light, p.accents[1], 0.25), mid=p.accents[0])


def stage(rng, size, p):
    """Beams of light from above into the dark, and dust in them."""
    width, height = size
    dark = mixed(min((p.ink, p.ground, p.accents[2]), key=lightness), BLACK, 0.45)
    image = ImageOps.colorize(Image.linear_gradient("L").resize(size), mixed(dark, p.accents[2], 0.35), dark)
    fade = Image.linear_gradient("L").resize(size).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    for index in range(int(rng.integers(3, 7))):
        x, foot, wide = rng.uniform(0, width), rng.uniform(-0.2, 1.2) * width, min(size) * rng.uniform(0.15, 0.4)
        beam = Image.new("L", size)
        ImageDraw.Draw(beam).polygon([(x - 8, 0), (x + 8, 0), (foot + wide, height), (foot - wide, height)], fill=150)
        beam = ImageChops.multiply(beam.filter(ImageFilter.BoxBlur(4)), fade)
        image.paste(p.accents[index % 3], mask=beam)
    draw = ImageDraw.Draw(image)
    for x, y, r in rng.uniform(0, 1, (60, 3)).tolist():
        x, y, r = x * width, y * height, 1 + 4 * r**3
        draw.ellipse((x - r, y - r, x + r, y + r), fill=mixed(p.accents[1], WHITE, 0.6))
    return image


LANDSCAPES = (hills, hills, skyline, sea, sea, drawn)
PATTERNS = (rays, confetti, scales, quarters, bands, soft)
PICTURES = (*LANDSCAPES, *PATTERNS, lamps, stage, stage)
