"""What is no document: packets, cans and leaflets with print on them, shelves full of these, and rooms."""

import numpy as np
from desks import FINER, add_extras, darkened, ground, lamp, lay, lighter, noise, shade
from lettering import font
from packets import bag, can, carton, clean, leaflet, plain_box
from page_parts import price
from papers import shine
from pen import colour
from photo import BICUBIC, a_colour, chosen
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from views import view


def no_document(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Something that is no document as it is photographed, RGB."""
    large = (FINER * size[0], FINER * size[1])
    kind = chosen(rng, [bag, bag, carton, carton, can, leaflet, leaflet, shelf, room])
    if kind in (shelf, room):
        image = kind(rng, large)
    else:
        image = ground(rng, large)
        thing = kind(rng)
        seen = view(rng, size, thing.width / thing.height, bend=0.02, close=0.15 if kind in (bag, leaflet) else 0)
        lay(image, seen.scaled(FINER).laid(thing, large), rng, height=2.5)
        if rng.random() < 0.4:
            shine(rng, image, seen.scaled(FINER))
        add_extras(image, rng)
    if rng.random() < 0.4:
        shade(image, rng)
    return lamp(image, rng, rng.uniform(0.75, 1.25), most=0.45).reduce(FINER)


# --- scenes: (rng, size) -> RGB --------------------------------------------------------------------


def shelf(rng, size):
    """Rows of packets and cans in a shop, price tags below."""
    wide, high = size
    image = Image.new("RGB", size, a_colour(rng, (0, 0.3), (0.2, 0.6)))
    draw, rows = ImageDraw.Draw(image), int(rng.integers(2, 4))
    step = high // rows
    for row in range(rows):
        x, floor = -round(rng.uniform(0, 60)), (row + 1) * step - step // 7
        while x < wide:
            thing = goods(rng, round(step * rng.uniform(0.55, 0.82)))
            for _ in range(int(rng.integers(1, 4))):
                lay(image, on(size, thing, (x, floor - thing.height)), rng, height=0.5)
                x += thing.width + 3
        draw.rectangle((0, floor, wide, floor + step // 7), fill=a_colour(rng, (0, 0.2), (0.6, 0.95)))
        for tag in range(20, wide, round(rng.uniform(90, 160))):
            draw.rectangle((tag, floor + 4, tag + 64, floor + step // 8), fill=(250, 250, 245))
            draw.text((tag + 6, floor + 6), price(rng), (20, 20, 20), font("sans bold", max(8, step // 14)))
    seen = view(rng, size, wide / high, close=1.0)
    return seen.laid(image, size)


def goods(rng, high):
    thing = chosen(rng, [bag, can, can, plain_box])(rng)
    return thing.resize((max(8, round(high * thing.width / thing.height)), high), BICUBIC)


def on(size, thing, place):
    layer = Image.new("RGBA", size)
    layer.paste(thing, place)
    return layer


def room(rng, size):
    """A room: wall, floor, window, a picture, a seat, a plant."""
    wide, high = size
    edge = round(high * rng.uniform(0.6, 0.8))
    wall = a_colour(rng, (0.03, 0.35), (0.6, 0.98))
    image = ImageOps.colorize(noise(rng, size, (3, 3)), tuple(level * 5 // 6 for level in wall), wall)
    floor = ground(rng, (wide, high - edge))
    image.paste(floor, (0, edge))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, edge - 14, wide, edge), fill=lighter(wall))
    x, y, w, h = rng.uniform(0.05, 0.6) * wide, rng.uniform(0.06, 0.2) * high, 0.3 * wide, 0.35 * high
    draw.rectangle(
        (x, y, x + w, y + h),
        fill=colour(205, rng.uniform(0.05, 0.5), rng.uniform(0.5, 1)),
        outline=(240, 240, 238),
        width=12,
    )
    draw.line((x + w / 2, y, x + w / 2, y + h), fill=(240, 240, 238), width=8)
    for thing, base, share in (
        ("🖼", rng.uniform(0.3, 0.45) * high, 0.22),
        ("🛋", edge * 1.12, 0.5),
        ("🪑", edge * 1.15, 0.3),
        ("🌳", edge * 1.1, 0.35),
    ):
        if rng.random() < 0.75:
            flat = clean(thing)
            side = share * min(size) * rng.uniform(0.8, 1.3)
            flat = flat.resize((round(side), round(side * flat.height / flat.width)), BICUBIC)
            place = round(rng.uniform(0, wide - flat.width)), round(base - flat.height)
            lay(image, on(size, flat, place), rng, height=1.5)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle((0, edge - 3, wide, edge + 20), fill=255)
    darkened(image, mask.filter(ImageFilter.BoxBlur(12)), 0.2)
    return image.filter(ImageFilter.BoxBlur(rng.uniform(0, 2)))
