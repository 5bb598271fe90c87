"""What a flat thing lies on or stands before, and what lies about: wood, cloth, stone; pens, cups, fingers, shadows.

Everything is drawn twice as large as the photograph will be (`FINER`), and is the same for papers, screens and
packets: what lies around a thing never tells what it is.
"""

import math

import numpy as np
from pen import Colour, colour
from photo import BICUBIC, BILINEAR, a_colour, blotches, chosen, middle_of
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

FINER = 2


def noise(rng, size: tuple[int, int], cells: tuple[int, int], least: int = 0) -> Image.Image:
    """Random grey levels in so many cells, stretched smoothly over the size; L."""
    levels = rng.integers(least, 256, (max(2, cells[1]), max(2, cells[0])), dtype=np.uint8)
    return Image.fromarray(levels).resize(size, BICUBIC)


# --- grounds: (rng, size) -> RGB -------------------------------------------------------------------


def wood(rng, size):
    side = round(1.5 * max(size))
    hue, rich, light = rng.uniform(14, 38), rng.uniform(0.25, 0.65), rng.uniform(0.35, 0.85)
    fine, broad = noise(rng, (side, side), (5, side // 4)), noise(rng, (side, side), (3, 26))
    grain = Image.blend(fine, broad, rng.uniform(0.4, 0.8))
    image = ImageOps.colorize(
        grain, colour(hue, rich, light * 0.62), colour(hue + 6, rich * 0.8, min(1.0, light * 1.15))
    )
    draw, step = ImageDraw.Draw(image, "RGBA"), round(side * rng.uniform(0.12, 0.5))
    for y in range(step // 2, side, step):
        draw.rectangle((0, y, side, y + 3), fill=(20, 12, 5, 150))
        draw.rectangle((0, y, side, y + step), fill=(0, 0, 0, int(rng.integers(0, 40))))
    return middle_of(image.rotate(rng.uniform(0, 180), BICUBIC), size)


def cloth(rng, size):
    """A weave with soft wrinkles, plain, striped or chequered; its threads are somewhat like a pixel grid."""
    side, thread = round(1.5 * max(size)), int(rng.integers(3, 8))
    base, other = a_colour(rng, (0.05, 0.45), (0.3, 0.95)), a_colour(rng, (0.02, 0.4), (0.3, 0.95))
    image = Image.new("RGB", (side, side), base)
    if rng.random() < 0.5:
        draw, step = ImageDraw.Draw(image), int(rng.integers(20, 90))
        for x in range(0, side, 2 * step):
            draw.rectangle((x, 0, x + step, side), fill=other)
        if rng.random() < 0.6:
            image = Image.blend(image, image.transpose(Image.Transpose.ROTATE_90), 0.5)
    threads = noise(rng, (side, side), (side // thread, side // (2 * thread)), 120)
    crossed = threads.transpose(Image.Transpose.ROTATE_90)
    wrinkles = noise(rng, (side, side), (7, 6), 170).point([min(255, 30 + level) for level in range(256)])
    weave = ImageChops.multiply(
        Image.blend(threads, crossed, 0.5).point([min(255, 68 + level) for level in range(256)]), wrinkles
    )
    image = ImageChops.multiply(image, weave.convert("RGB"))
    return middle_of(image.rotate(rng.uniform(0, 180), BILINEAR), size)


def stone(rng, size):
    fine = noise(rng, size, (size[0] // 3, size[1] // 3))
    clouds = Image.blend(noise(rng, size, (5, 4)), noise(rng, size, (19, 17)), 0.4)
    grain = Image.blend(clouds, fine, rng.uniform(0.1, 0.4))
    hue, light = rng.uniform(0, 360), rng.uniform(0.4, 0.95)
    return ImageOps.colorize(grain, colour(hue, rng.uniform(0, 0.2), light * 0.6), colour(hue, 0.05, light))


def laminate(rng, size):
    light = chosen(rng, [0.2, 0.9, 0.75, 0.5])
    base = colour(rng.uniform(0, 360), rng.uniform(0, 0.25), light)
    return ImageOps.colorize(noise(rng, size, (3, 3)), tuple(level * 4 // 5 for level in base), base)


def room(rng, size):
    """A room out of focus."""
    image = blotches(rng, size)
    dim = colour(rng.uniform(0, 360), 0.3, rng.uniform(0.1, 0.7))
    return Image.blend(image, Image.new("RGB", size, dim), 0.6)


def ground(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Something to lie on, of this size, sharp or a little out of focus."""
    image = chosen(rng, [wood, wood, wood, cloth, cloth, stone, laminate, room])(rng, size)
    return image.filter(ImageFilter.BoxBlur(rng.uniform(0, 2.5)))


# --- light and shadows ---------------------------------------------------------------------------------------


def lamp(image: Image.Image, rng: np.random.Generator, bright: float, most: float = 0.6) -> Image.Image:
    """Light from somewhere, warm or cold: as much as `bright` where it is brightest, down to 1 - `most` of it."""
    warm, strength = rng.normal(0, 0.05), rng.uniform(0.2, 1.0) * most
    field = (bright * (1 - strength * rng.uniform(0, 1, (3, 3, 1)))) * np.array([1 + warm, 1.0, 1 - 1.3 * warm])
    light = Image.fromarray(np.clip(field * 128, 0, 255).astype(np.uint8)).resize(image.size, BICUBIC)
    tint = Image.merge("RGB", [part.point([min(255, 2 * level) for level in range(256)]) for part in light.split()])
    return ImageChops.multiply(image, tint)


def darkened(image: Image.Image, mask: Image.Image, share: float) -> None:
    """Darkens in place where the mask (L) is bright, by up to this share."""
    image.paste((8, 8, 14), mask=mask.point([round(level * share) for level in range(256)]))


def lay(image: Image.Image, thing: Image.Image, rng: np.random.Generator, height: float = 1.0) -> None:
    """Pastes a thing (RGBA, as large as the image) with the shadow it throws."""
    alpha, reach = thing.getchannel("A"), 2 + 5 * height
    aside = round(rng.uniform(-1, 1) * reach), round(rng.uniform(-0.3, 1) * reach)
    shadow = Image.new("L", image.size)
    shadow.paste(alpha, aside)
    shadow = shadow.reduce(4).filter(ImageFilter.BoxBlur(reach / 4)).resize(image.size, BILINEAR)
    darkened(image, shadow, rng.uniform(0.35, 0.75))
    image.paste(thing.convert("RGB"), mask=alpha)


def shade(image: Image.Image, rng: np.random.Generator) -> None:
    """The soft shadow of a head, a hand or a window's frame over everything."""
    mask, (width, height) = Image.new("L", image.size), image.size
    draw = ImageDraw.Draw(mask)
    if rng.random() < 0.5:
        x, y, r = rng.uniform(0, width), chosen(rng, [0, height]), size_part(rng, image, 0.25, 0.6)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    else:
        x, lean, wide = rng.uniform(-0.2, 0.8) * width, rng.uniform(-0.5, 0.5) * width, size_part(rng, image, 0.1, 0.6)
        draw.polygon([(x, 0), (x + wide, 0), (x + wide + lean, height), (x + lean, height)], fill=255)
    mask = mask.reduce(4).filter(ImageFilter.BoxBlur(rng.uniform(1, 12))).resize(image.size, BICUBIC)
    darkened(image, mask, rng.uniform(0.12, 0.45))


def size_part(rng, image, least, most):
    return round(min(image.size) * rng.uniform(least, most))


# --- what lies about: (rng, size) -> RGBA as large as the photograph -------------------------------


def pencil(rng, size):
    """A pen or pencil, from anywhere to anywhere."""
    length, thick = max(size) * rng.uniform(0.35, 0.6), round(min(size) * rng.uniform(0.018, 0.035))
    flat = Image.new("RGBA", (round(length), 4 * thick))
    draw, body, top = ImageDraw.Draw(flat), a_colour(rng, (0.1, 0.9), (0.1, 0.95)), thick
    draw.rectangle((3 * thick, top, flat.width - 2 * thick, top + 2 * thick), fill=body)
    draw.rectangle((3 * thick, top, flat.width - 2 * thick, top + thick // 2), fill=lighter(body))
    draw.polygon([(0, top + thick), (3 * thick, top), (3 * thick, top + 2 * thick)], fill=(205, 180, 140))
    draw.rectangle((flat.width - 2 * thick, top, flat.width - thick, top + 2 * thick), fill=(150, 150, 155))
    turned = flat.rotate(rng.uniform(0, 360), BICUBIC, expand=True)
    layer = Image.new("RGBA", size)
    x, y = edge_place(rng, size)
    layer.paste(turned, (x - turned.width // 2, y - turned.height // 2))
    return layer


def cup(rng, size):
    """A cup from above, at the edge of the photograph."""
    layer, r = Image.new("RGBA", size), round(min(size) * rng.uniform(0.16, 0.26))
    draw, (x, y), china = ImageDraw.Draw(layer), edge_place(rng, size), a_colour(rng, (0, 0.6), (0.5, 1))
    turn = rng.uniform(0, 2 * math.pi)
    draw.line((x, y, x + 1.4 * r * math.cos(turn), y + 1.4 * r * math.sin(turn)), fill=(*china, 255), width=r // 3)
    for radius, fill in ((1.0, china), (0.9, tuple(level * 2 // 3 for level in china)), (0.84, (58, 34, 20))):
        box = tuple(round(part) for part in (x - radius * r, y - radius * r, x + radius * r, y + radius * r))
        draw.ellipse(box, fill=(*fill, 255))
    draw.ellipse((x - r // 2, y - r // 2, x + r // 4, y), fill=(88, 56, 36, 255))
    return layer


def finger(rng, size):
    """One or two fingers from the edge, as of a hand that holds the thing."""
    skin = chosen(rng, [(236, 188, 160), (214, 160, 125), (176, 120, 85), (120, 78, 52), (84, 55, 40)])
    wide, layer = round(min(size) * rng.uniform(0.09, 0.14)), Image.new("RGBA", size)
    turn = chosen(rng, [0, 90, 180, 270])  # it points right, up, left or down
    along, reach = rng.uniform(0.15, 0.7), rng.uniform(1.0, 2.2) * wide
    for place in range(int(rng.integers(1, 3))):
        flat = one_finger(skin, wide).rotate(turn + rng.uniform(-14, 14), BICUBIC, expand=True)
        tip, aside = round(reach + rng.uniform(-0.2, 0.2) * wide), round(place * 1.05 * wide)
        if turn in (0, 180):
            x, y = tip - flat.width if turn == 0 else size[0] - tip, round(along * size[1]) + aside
        else:
            x, y = round(along * size[0]) + aside, size[1] - tip if turn == 90 else tip - flat.height
        layer.alpha_composite(flat, (max(0, x), max(0, y)), (max(0, -x), max(0, -y)))
    return layer


def one_finger(skin: Colour, wide: int) -> Image.Image:
    flat = Image.new("RGBA", (6 * wide, wide))
    draw = ImageDraw.Draw(flat)
    for inset, tone in ((0, 0.82), (wide // 12, 0.92), (wide // 6, 1.0)):
        fill = (*(round(level * tone) for level in skin), 255)
        draw.rounded_rectangle(
            (-wide, inset, 6 * wide - 1 - inset, wide - 1 - inset), (wide - 2 * inset) // 2, fill=fill
        )
    nail = (*(min(255, round(level * 1.06) + 10) for level in skin), 255)
    draw.rounded_rectangle((5 * wide + wide // 3, wide // 4, 6 * wide - wide // 9, wide * 3 // 4), wide // 5, fill=nail)
    return flat.filter(ImageFilter.BoxBlur(1))


def note(rng, size):
    """A sticky note or a card, partly outside."""
    side = round(min(size) * rng.uniform(0.18, 0.3))
    layer, tint = Image.new("RGBA", size), colour(chosen(rng, [52, 52, 330, 190, 90]), rng.uniform(0.2, 0.6), 0.97)
    flat = Image.new("RGBA", (side, side), (*tint, 255))
    draw = ImageDraw.Draw(flat)
    for line in range(int(rng.integers(1, 5))):
        y = side * (0.2 + 0.16 * line)
        draw.line((side * 0.12, y, side * rng.uniform(0.4, 0.9), y + rng.uniform(-3, 3)), fill=(50, 60, 120), width=3)
    flat = flat.rotate(rng.uniform(-40, 40), BICUBIC, expand=True)
    x, y = edge_place(rng, size)
    layer.paste(flat, (x - flat.width // 2, y - flat.height // 2))
    return layer


EXTRAS = (pencil, cup, finger, finger, note)


def add_extras(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """None, one or two of the things that lie about; returns where they do (L)."""
    covered = Image.new("L", image.size)
    for _ in range(int(chosen(rng, [0, 0, 1, 1, 2]))):
        thing = chosen(rng, EXTRAS)(rng, image.size)
        thing = thing.filter(ImageFilter.BoxBlur(rng.uniform(0, 1.5)))
        lay(image, thing, rng, height=2.5)
        covered.paste(255, mask=thing.getchannel("A"))
    return covered


def edge_place(rng, size):
    """A place near the edge of the photograph."""
    along, inside = rng.uniform(0.05, 0.95), rng.uniform(-0.02, 0.1)
    x, y = chosen(rng, [(along, inside), (along, 1 - inside), (inside, along), (1 - inside, along)])
    return round(x * size[0]), round(y * size[1])


def lighter(base: Colour) -> Colour:
    return tuple((level + 255) // 2 for level in base)
