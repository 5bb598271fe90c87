"""Five kinds of vehicle as a detector cuts them out of a street scene, 120 each: synthetic pictures.

A scene is painted first (place, other vehicles, the vehicle, what stands before it, light), then a box around the
vehicle is cut out as detectors do: too tight or too loose, off-centre, with a neighbour in it; then comes a cheap
camera: shaken, grainy, of few pixels, packed hard.
"""

import io
import math
from pathlib import Path

import numpy as np
from emoji import CROPS, STREET, sticker
from photo import BICUBIC, BILINEAR, a_colour, chosen, generator, shaken
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from roads import car_park, country_road, street
from scenery import tone
from scenes import Look, lit, photographed, posed
from writing import encoded, write

A_CLASS = 120
SIDES, ASPECTS = (60, 260), (0.4, 2.5)  # pixels; width / height
PAINT = Look(hue=110, paler=0.1, tint=0.15, warp=0.02, turn=2.5)  # vehicles come in all colours
DRESS = Look(hue=12, paler=0.2, tint=0.15, warp=0.03, turn=5)  # riders do not
MOST_BYTES = 9_000


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `<label>/<label>-<number>.jpg`; returns the paths written."""
    names = [(label, number) for label in sorted(CROPS) for number in range(1, A_CLASS + 1)]
    return write(folder, {f"{label}/{label}-{number:03}.jpg": picture(label, number, seed) for label, number in names})


def picture(label: str, number: int, seed: int = 0) -> bytes:
    """One picture of the set, as the bytes of its file: made alone, the same as among all."""
    text = f"{seed}/crops/{label}/{number}"
    return jpeg(crop(label, text), generator(f"{text}/packed"))


def fresh(label: str, number: int, seed: str = "fresh") -> Image.Image:
    """A picture like those of the set, but in no set: another for each label, number and seed (any text); RGB."""
    text = f"fresh/{seed}/crops/{label}/{number}"
    return Image.open(io.BytesIO(jpeg(crop(label, text), generator(f"{text}/packed")))).convert("RGB")


def crop(label: str, text: str) -> Image.Image:
    """The picture that belongs to a text, before it is packed."""
    rng = generator(text)
    thing = vehicle(label, rng, rng.uniform(math.sqrt(60), math.sqrt(230)) ** 2)
    size = round(2.4 * thing.width) + 60, round(2.4 * thing.height) + 60
    left, top = (size[0] - thing.width) // 2, round(0.62 * size[1] - thing.height / 2)
    image = chosen(rng, (street, street, car_park, country_road))(rng, size)
    foot = left + thing.width / 2, top + thing.height
    for _ in range(int(rng.integers(0, 5))):
        stand_beside(image, rng, thing, foot)
    image = image.filter(ImageFilter.BoxBlur(rng.uniform(0.2, 1.2)))
    drive_up(image, rng, thing, (left, top))
    if rng.random() < 0.45:
        stand_before(image, rng, thing, foot)
    image = lit(image, rng)
    box = detected(rng, (left, top, left + thing.width, top + thing.height), size)
    return filmed(image.crop(box), rng)


# --- the scene -------------------------------------------------------------------------------------


def vehicle(label: str, rng: np.random.Generator, side: float) -> Image.Image:
    """A vehicle in some paint, perhaps lettered, seen more or less from the side; RGBA."""
    emoji = chosen(rng, CROPS[label])
    thing = posed(emoji, rng, side, DRESS if emoji.startswith("🚴") else PAINT)
    width = max(24, round(thing.width * rng.uniform(0.6, 1.2)))
    thing = thing.resize((width, thing.height), BILINEAR)
    return lettered(thing, rng) if rng.random() < 0.35 else thing


def lettered(thing: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A stripe, a sticker or a load of another colour on the vehicle; RGBA."""
    mask = Image.new("L", thing.size)
    draw, (width, height) = ImageDraw.Draw(mask), thing.size
    x, y = rng.uniform(0, 0.7) * width, rng.uniform(0.2, 0.75) * height
    wide, high = width * rng.uniform(0.12, 0.8), height * rng.uniform(0.06, 0.25)
    chosen(rng, (draw.rectangle, draw.ellipse))((x, y, x + wide, y + high), fill=int(rng.integers(120, 240)))
    image = thing.copy()
    image.paste(a_colour(rng), mask=ImageChops.darker(mask, thing.getchannel("A")))
    image.putalpha(thing.getchannel("A"))
    return image


def stand_beside(image, rng, thing, foot):
    """Another vehicle or something of the street, behind or beside the one that matters."""
    side = max(thing.size) * rng.uniform(0.35, 0.9)
    if rng.random() < 0.75:
        other = vehicle(chosen(rng, sorted(CROPS)), rng, side)
    else:
        other = sticker(chosen(rng, STREET))
        scale = 0.6 * side / other.width
        other = other.resize((max(4, round(0.6 * side)), max(4, round(scale * other.height))), BILINEAR)
    away = rng.uniform(0.45, 1.0) * chosen(rng, (-1, 1)) * (thing.width + other.width) / 2
    middle, bottom = foot[0] + away, foot[1] - rng.uniform(0.02, 0.3) * thing.height
    corner = round(middle - other.width / 2), round(bottom - other.height)
    image.paste(other.convert("RGB"), corner, other.getchannel("A"))


def drive_up(image, rng, thing, corner):
    """Pastes the vehicle with its shadow on the road."""
    (left, top), alpha = corner, thing.getchannel("A")
    flat = Image.new("L", image.size)
    deep, aside = thing.height * rng.uniform(0.04, 0.1), thing.width * rng.uniform(-0.08, 0.08)
    bottom = top + 0.97 * thing.height
    ImageDraw.Draw(flat).ellipse((left + aside, bottom - deep, left + thing.width + aside, bottom + deep), fill=150)
    image.paste((18, 18, 24), mask=flat.filter(ImageFilter.BoxBlur(deep / 2)))
    image.paste(thing.convert("RGB"), corner, alpha)


def stand_before(image, rng, thing, foot):
    """A post, a railing, a hedge, or something of the street in front of the vehicle."""
    draw, shade = ImageDraw.Draw(image), tone(rng, (0, 360), (0.0, 0.5), (0.1, 0.8))
    left, top = foot[0] - thing.width / 2, foot[1] - thing.height
    x, thick = left + rng.uniform(0, 1) * thing.width, max(2, round(thing.width * rng.uniform(0.03, 0.09)))
    kind = rng.random()
    if kind < 0.4:
        draw.rectangle((x, 0, x + thick, image.height), fill=shade)
    elif kind < 0.6:
        rail = top + thing.height * rng.uniform(0.5, 0.8)
        for y in (rail, rail + 0.15 * thing.height):
            draw.line((0, y, image.width, y), fill=shade, width=max(1, thick // 2))
        for x in range(0, image.width, 6 * thick):
            draw.line((x, rail, x, foot[1] + thing.height * 0.2), fill=shade, width=max(1, thick // 2))
    elif kind < 0.75:
        y = foot[1] - thing.height * rng.uniform(0.05, 0.3)
        hedge = tone(rng, (70, 140), (0.3, 0.7), (0.15, 0.5))
        for step in rng.random((30, 2)).tolist():
            x, r = step[0] * image.width, thing.height * (0.08 + 0.1 * step[1])
            shade = tuple(round(part * (0.7 + 0.5 * step[1])) for part in hedge)
            draw.ellipse((x - r, y - r / 2, x + r, y + 3 * r), fill=shade)
    else:
        stand_beside(image, rng, thing, (foot[0], foot[1] + rng.uniform(0.1, 0.45) * thing.height))


# --- the detector's box and its camera --------------------------------------------------------------


def detected(rng, box, size) -> tuple[int, int, int, int]:
    """A box around a box: loose, tight or beside it; within the image, and of the aspect ratios of the set."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    edges = rng.normal(0.04, 0.06, 4)  # a share of width or height; more is looser
    if rng.random() < 0.45:  # one edge cuts into the vehicle
        edges[int(rng.integers(4))] = -rng.uniform(0.12, 0.4)
    if rng.random() < 0.25:  # a neighbour, or much of the road, is in the box
        edges[int(rng.integers(4))] = rng.uniform(0.15, 0.45)
    left, right = left - edges[0] * width, right + edges[1] * width
    top, bottom = top - edges[2] * height, bottom + edges[3] * height
    wide, high = right - left, bottom - top
    width, height = max(wide, ASPECTS[0] * high + 2), max(high, wide / ASPECTS[1] + 2)
    x, y = (left + right) / 2, (top + bottom) / 2
    left, top = max(0, round(x - width / 2)), max(0, round(y - height / 2))
    return left, top, min(size[0], left + round(width)), min(size[1], top + round(height))


def filmed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As a cheap camera gives it, in the sizes of the set."""
    if rng.random() < 0.4:
        image = shaken(image, rng, 0.07 * max(image.size))
    if rng.random() < 0.3:  # far away: few pixels, enlarged afterwards
        few = rng.uniform(0.35, 0.7)
        small = image.resize((round(image.width * few), round(image.height * few)), BILINEAR)
        image = small.resize(image.size, BICUBIC)
    image = photographed(image, rng, min(2.0, min(image.size) / 72))
    scale = min(SIDES[1] / max(image.size), max(1.0, SIDES[0] / min(image.size)))
    return image.resize((round(image.width * scale), round(image.height * scale)), BICUBIC) if scale != 1 else image


def jpeg(image: Image.Image, rng: np.random.Generator) -> bytes:
    """As a JPEG file of good to poor quality, less where it would be large."""
    quality = int(rng.integers(50, 93))
    content = encoded(image, "JPEG", quality=quality, optimize=True)
    while len(content) > MOST_BYTES and quality > 35:
        quality -= 12
        content = encoded(image, "JPEG", quality=quality, optimize=True)
    return content
