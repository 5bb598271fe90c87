"""Print that is no document: bags, cartons, cans and leaflets with invented brands, as flat pictures on nothing."""

import math

from desks import lighter, noise
from emoji import DOCUMENTS, sticker
from lettering import NOUNS, block, fitted, font, invented, paragraph, stencil, wrapped
from page_parts import bars, price
from photo import BICUBIC, a_colour, chosen
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps
from views import View

FOOD, HOME = DOCUMENTS[:13], DOCUMENTS[13:]


# --- print -----------------------------------------------------------------------------------------


def printed(rng, size) -> Image.Image:
    """The front of a packet: a colour, a brand, a picture, small print, a bar code; RGB."""
    base, other = a_colour(rng, (0.4, 0.95), (0.4, 0.95)), a_colour(rng, (0.3, 0.9), (0.6, 1.0))
    image = ImageOps.colorize(Image.linear_gradient("L").resize(size), base, chosen(rng, [other, lighter(base)]))
    wide, high = size
    draw = ImageDraw.Draw(image)
    y, r = rng.uniform(0.58, 0.68) * high, rng.uniform(0.35, 0.6) * wide
    chosen(rng, [draw.ellipse, draw.rectangle])(
        (wide / 2 - r, y - r * 0.6, wide / 2 + r, y + r * 0.7), fill=lighter(other)
    )
    pictured(rng, image, (wide / 2, y), rng.uniform(0.35, 0.5) * wide)
    brand(rng, image, (wide / 2, rng.uniform(0.16, 0.28) * high), rng.uniform(0.6, 0.85) * wide)
    line = f"{chosen(rng, ['NEW', 'CRISPY', 'FRESH', 'PURE', 'EXTRA'])} {chosen(rng, NOUNS)}"
    ink = (255, 255, 255) if sum(base) < 420 else (40, 25, 50)
    block(image, (wide / 2, 0.35 * high), [line], fitted(line, "sans bold", 0.6 * wide, high // 16), ink, anchor="m")
    if rng.random() < 0.7:
        label(rng, image)
    return image


def pictured(rng, image, middle, side, things=FOOD) -> None:
    thing = clean(chosen(rng, things))
    thing = thing.resize((round(side), round(side * thing.height / thing.width)), BICUBIC)
    thing = thing.rotate(rng.uniform(-20, 20), BICUBIC, expand=True)
    image.paste(
        thing.convert("RGB"),
        (round(middle[0] - thing.width / 2), round(middle[1] - thing.height / 2)),
        thing.getchannel("A"),
    )


def clean(emoji: str) -> Image.Image:
    """A sticker without dark rims: where it is half transparent, its colours were mixed with the black of nothing."""
    mixed = sticker(emoji)
    return Image.frombytes("RGBa", mixed.size, mixed.tobytes()).convert("RGBA")


def brand(rng, image, middle, width) -> None:
    """A name in large letters with an edge, a little slanted."""
    name = invented(rng, 2).upper()
    mask = stencil(name, fitted(name, chosen(rng, ["sans bold", "serif bold", "sans bold italic"]), width, 200))
    mask = ImageOps.expand(mask, 12).rotate(rng.uniform(-8, 8), BICUBIC, expand=True)
    place = round(middle[0] - mask.width / 2), round(middle[1] - mask.height / 2)
    image.paste(
        a_colour(rng, (0.5, 1), (0.1, 0.4)),
        place,
        mask.filter(ImageFilter.BoxBlur(4)).point([min(255, 8 * level) for level in range(256)]),
    )
    image.paste(chosen(rng, [(255, 255, 255), (255, 230, 90)]), place, mask)


def label(rng, image) -> None:
    """A white field with a bar code or small print near the lower edge."""
    wide, high = image.size
    left, top = rng.uniform(0.06, 0.6) * wide, rng.uniform(0.8, 0.85) * high
    box = tuple(round(part) for part in (left, top, left + 0.34 * wide, top + 0.12 * high))
    draw = ImageDraw.Draw(image)
    draw.rectangle(box, fill=(250, 250, 248))
    if rng.random() < 0.6:
        return bars(draw, rng, (box[0] + 6, box[1] + 6, box[2] - 6, box[3] - 6), (15, 15, 15))
    letters = font("sans", 12)
    block(
        image,
        (box[0] + 6, box[1] + 4),
        wrapped(paragraph(rng, 3), letters, box[2] - box[0] - 12)[: (box[3] - box[1]) // 17],
        letters,
        (40, 40, 40),
    )


# --- packets: rng -> RGBA --------------------------------------------------------------------------


def bag(rng):
    """A bag of foil: serrated at both ends, full of highlights."""
    size = (640, round(640 * rng.uniform(1.15, 1.5)))
    image = printed(rng, size)
    light = Image.blend(noise(rng, size, (5, 7)), noise(rng, size, (13, 17)), 0.35)
    sides = (
        Image.linear_gradient("L")
        .rotate(90)
        .resize(size)
        .point([min(255, 90 + 330 * min(x, 255 - x) // 128) for x in range(256)])
    )
    image = ImageChops.multiply(
        image,
        Image.merge("RGB", [ImageChops.multiply(sides, light.point([155 + x * 100 // 255 for x in range(256)]))] * 3),
    )
    image = ImageChops.screen(image, light.point([max(0, x - 165) for x in range(256)]).convert("RGB"))
    draw = ImageDraw.Draw(image)
    for y in (*range(8, 48, 8), *range(size[1] - 48, size[1] - 8, 8)):
        draw.line((0, y, size[0], y), fill=(225, 225, 230), width=3)
    mask, step = Image.new("L", size), 20
    top = [(x, 0 if x // step % 2 else 14) for x in range(0, size[0] + step, step)]
    waist = [(size[0] - 1 - bulge, y) for y, bulge in ((60, 30), (size[1] // 2, 4), (size[1] - 60, 30))]
    bottom = [(x, size[1] - 1 - y) for x, y in reversed(top)]
    ImageDraw.Draw(mask).polygon([*top, *waist, *bottom, *((size[0] - x, y) for x, y in reversed(waist))], fill=255)
    image.putalpha(mask)
    return image


def carton(rng):
    """A box whose front and side are seen, and its top."""
    wide, high, deep = 460, round(460 * rng.uniform(0.9, 1.7)), round(rng.uniform(90, 190))
    front, side = printed(rng, (wide, high)), Image.new("RGB", (300, high), a_colour(rng, (0.2, 0.9), (0.4, 0.95)))
    letters = font("sans", 20)
    block(side, (30, 60), wrapped(paragraph(rng, 5), letters, 240)[:18], letters, (20, 20, 20))
    bars(ImageDraw.Draw(side), rng, (40, high - 150, 260, high - 40), (15, 15, 15))
    rise = round(deep * rng.uniform(0.3, 0.6))
    full = (wide + deep, high + rise)
    image = Image.new("RGBA", full)
    lid = Image.new("RGB", (300, 300), lighter(front.getpixel((5, 5))))
    for part, corners, light in (
        (front, [(0, rise), (wide, rise), (wide, rise + high), (0, rise + high)], 1.0),
        (side, [(wide, rise), (wide + deep, 0), (wide + deep, high - rise // 3), (wide, rise + high)], 0.68),
        (lid, [(deep, 0), (wide + deep, 0), (wide, rise), (0, rise)], 0.9),
    ):
        shaded = part.point([round(level * light) for level in range(256)] * 3).convert("RGBA")
        image.alpha_composite(View(corners).laid(shaded, full))
    return image


def can(rng):
    """A tin or a bottle's label: print around a cylinder."""
    wide, high = 440, round(440 * rng.uniform(1.2, 1.9))
    band, rim = printed(rng, (wide, high)), 50
    light = Image.linear_gradient("L").rotate(90).resize((wide, high))
    curve = [min(255, round(60 + 250 * math.sqrt(max(0, 1 - ((x - 150) / 165) ** 2)))) for x in range(256)]
    band = ImageChops.multiply(band, light.point(curve).convert("RGB"))
    full = (wide, high + 2 * rim)
    shaped, bent = Image.new("L", full), Image.new("RGBA", full)
    ImageDraw.Draw(shaped).rectangle((0, rim, wide, high + rim), fill=255)
    ImageDraw.Draw(shaped).ellipse((0, high, wide - 1, high + 2 * rim - 1), fill=255)
    bent.paste(band.resize((wide, high + rim)), (0, rim))
    image = Image.composite(bent, Image.new("RGBA", full), shaped)
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, wide - 1, 2 * rim), fill=(172, 174, 178, 255), outline=(220, 222, 226, 255), width=8)
    draw.ellipse((24, 12, wide - 25, 2 * rim - 12), outline=(120, 122, 126, 255), width=4)
    return image


def leaflet(rng):
    """An advertisement: pictures, large words, a price; some on white, with more to read."""
    wide = 700
    high = round(wide * chosen(rng, [1.41, 1.41, 1.0, 0.7]))
    white = rng.random() < 0.4
    image = Image.new("RGB", (wide, high), a_colour(rng, (0.0, 0.06) if white else (0.15, 0.8), (0.9, 1.0)))
    draw = ImageDraw.Draw(image)
    for _ in range(0 if white else 3):
        x, y, r = rng.uniform(0, wide), rng.uniform(0, high), rng.uniform(0.2, 0.5) * wide
        draw.ellipse((x - r, y - r, x + r, y + r), fill=a_colour(rng, (0.2, 0.8), (0.6, 1.0)))
    things = chosen(rng, [FOOD, HOME])
    for _ in range(int(rng.integers(1, 5))):
        place = rng.uniform(0.2, 0.8) * wide, rng.uniform(0.4, 0.75 if white else 0.85) * high
        pictured(rng, image, place, rng.uniform(0.25, 0.55) * wide, things)
    brand(rng, image, (wide / 2, 0.15 * high), 0.8 * wide)
    starred(rng, image)
    letters, lines = font("sans", 22), 5 if white else 2
    found = wrapped(paragraph(rng, 2 * lines), letters, wide - 80)[:lines]
    block(image, (40, high - 30 - 30 * lines), found, letters, (30, 30, 30))
    image.putalpha(255)
    return image


def starred(rng, image) -> None:
    """A price on a star."""
    x, y, r = rng.uniform(0.2, 0.8) * image.width, rng.uniform(0.35, 0.8) * image.height, 0.13 * image.width
    turns = [(2 * math.pi * step / 24, r * (1.2 - 0.2 * (step % 2))) for step in range(24)]
    star = [(x + reach * math.cos(turn), y + reach * math.sin(turn)) for turn, reach in turns]
    ImageDraw.Draw(image).polygon(star, fill=chosen(rng, [(220, 30, 40), (200, 110, 20)]))
    cost = price(rng)
    block(image, (x, y - r // 3), [cost], fitted(cost, "sans bold", 1.6 * r, 80), (255, 255, 255), anchor="m")


def plain_box(rng):
    image = printed(rng, (420, round(420 * rng.uniform(0.9, 1.6))))
    image.putalpha(255)
    return image
