"""Scenes: one thing (an emoji) in some place or before some backdrop, in some light, partly hidden, through a camera.

The sample set `animals` and the pre-training of the course weights are made of them; a scene of 72 px takes about
two milliseconds, so thousands of fresh ones can be made as training goes. A picture is painted from back to front:
place, things that stand about, the thing with its shadow, what hides a part of it, light, camera.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from emoji import PLANTS, sticker
from photo import BICUBIC, BILINEAR, a_colour, backdrop, chosen, shaken
from PIL import Image, ImageDraw, ImageFilter
from places import place
from scenery import GREENS, tone


class Look(NamedTuple):
    """How far a thing may differ from its glyph; each picture draws its own differences from these."""

    hue: float = 8  # standard deviation of the turn of its hues, degrees
    paler: float = 0.45  # least saturation; 1.25 is the most
    tint: float = 0.12  # how much more or less of red, green and blue
    warp: float = 0.03  # how far each point is shifted, a share of its size
    turn: float = 11  # standard deviation of the angle it is turned by, degrees; for one in ten three times that
    stretch: tuple[float, float] = (0.85, 1.17)  # least and most that it is wider than its glyph, and less high
    lean: float = 0.1  # standard deviation of how far its top is pushed aside, a share of its height


LOOKS = (Look(), Look(), Look(paler=0.2, tint=0.2, warp=0.045), Look(hue=100, paler=0.3, tint=0.2, warp=0.045))


def scene(emoji: str, rng: np.random.Generator, size: tuple[int, int], look: Look | None = None, fill=(0.7, 1.1)):
    """One emoji in a scene, an RGB image.

    Args:
        size: (width, height) in pixels.
        look: None takes any of `LOOKS`, for things of which nothing is known.
        fill: least and largest share of the picture that the thing's longer side takes (of a side, were it square).
    """
    look = look or chosen(rng, LOOKS)
    image = place(rng, size) if rng.random() < 0.75 else backdrop(rng, size)
    stand_about(image, rng)
    if rng.random() < 0.6:
        image = image.filter(ImageFilter.BoxBlur(rng.uniform(0.3, 1.6) * min(size) / 72))
    side = min(math.sqrt(size[0] * size[1]) * rng.uniform(*fill), 1.1 * min(size))
    if rng.random() < 0.1:  # another one, further away
        put(image, posed(emoji, rng, side * rng.uniform(0.4, 0.7), look), rng)
    put(image, posed(emoji, rng, side, look), rng)
    if rng.random() < 0.4:
        chosen(rng, FRONTS)(image, rng)
    return photographed(lit(image, rng), rng, min(size) / 72)


# --- the thing -------------------------------------------------------------------------------------


def posed(emoji: str, rng: np.random.Generator, side: float, look: Look) -> Image.Image:
    """An emoji with its longer side of about so many pixels, in colours and a pose of its own; RGBA."""
    thing = half_sticker(emoji) if side < 60 else sticker(emoji)
    stretch, scale = rng.uniform(*look.stretch), side / max(thing.size)
    size = max(6, round(thing.width * scale * stretch)), max(6, round(thing.height * scale / stretch))
    return bent(recoloured(thing.resize(size, BILINEAR), rng, look), rng, look)


@functools.cache
def half_sticker(emoji: str) -> Image.Image:
    """For small pictures: from half the size, shrinking takes a quarter of the time."""
    return sticker(emoji).reduce(2)


def recoloured(thing: Image.Image, rng: np.random.Generator, look: Look) -> Image.Image:
    """The thing in other colours: hues turned, paler or stronger, tinted, darker or brighter; RGBA."""
    turn, paler, light = rng.normal(0, look.hue), rng.uniform(look.paler, 1.25), rng.uniform(0.75, 1.2)
    turned = math.cos(math.radians(turn)) * COLOUR + math.sin(math.radians(turn)) * TURN
    mixed = light * rng.uniform(1 - look.tint, 1 + look.tint, (3, 1)) * (GREY + paler * turned)  # (3, 3)
    least = rng.uniform(-12, 22)
    rows = [number for row in mixed.tolist() for number in (*row, least)]
    image = thing.convert("RGB").convert("RGB", rows)
    image.putalpha(thing.getchannel("A"))
    return image


# What turns the hues of RGB colours by an angle a, their lightness kept: GREY + cos(a) COLOUR + sin(a) TURN. The
# numbers are those of hueRotate in W3C's Filter Effects.
GREY = np.array([[0.213, 0.715, 0.072]] * 3)
COLOUR = np.eye(3) - GREY
TURN = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])


def bent(thing: Image.Image, rng: np.random.Generator, look: Look) -> Image.Image:
    """The thing turned, perhaps mirrored, and pulled out of shape; RGBA, cut to what is left to see.

    A net of 3 x 3 meshes lies over the new image; each of its knots says which point of the thing is seen there.
    """
    side = round(1.25 * max(thing.size)) + 2
    turn = math.radians(rng.normal(0, look.turn) * (3 if rng.random() < 0.1 else 1))
    cos, sin = math.cos(turn), math.sin(turn)
    lean, mirror = rng.normal(0, look.lean), 1 if rng.random() < 0.5 else -1
    ticks = np.linspace(-side / 2, side / 2, 4)
    x, y = np.meshgrid(ticks, ticks)  # (4, 4) each
    shift = rng.normal(0, look.warp * max(thing.size), (2, 4, 4))
    across = mirror * (cos * x + sin * y) + lean * y + shift[0] + thing.width / 2
    down = cos * y - sin * x + shift[1] + thing.height / 2
    knots = np.stack([across, down], axis=-1)
    edges = np.rint(ticks + side / 2).astype(int).tolist()
    meshes = [
        ((edges[j], edges[i], edges[j + 1], edges[i + 1]),
         (*knots[i, j].tolist(), *knots[i + 1, j].tolist(), *knots[i + 1, j + 1].tolist(), *knots[i, j + 1].tolist()))
        for i in range(3) for j in range(3)
    ]  # fmt: skip
    image = thing.transform((side, side), Image.Transform.MESH, meshes, BILINEAR)
    return image.crop(image.getchannel("A").getbbox())


def put(image: Image.Image, thing: Image.Image, rng: np.random.Generator) -> None:
    """Pastes the thing anywhere, with a soft shadow; up to a sixth of its width and height may lie outside."""
    outside, where = rng.uniform(0, 0.16, 2) * (rng.random() < 0.5), rng.random(2)
    left, top = (
        round(-out * part + at * (full - part + 2 * out * part))
        for out, at, part, full in zip(outside, where, thing.size, image.size)
    )
    alpha = thing.getchannel("A")
    if rng.random() < 0.7:
        aside = rng.uniform(-0.1, 0.1), rng.uniform(0.01, 0.1)
        dark = alpha.point(SHADOW).filter(ImageFilter.BoxBlur(thing.height / 30))
        image.paste((15, 12, 20), (left + round(aside[0] * thing.width), top + round(aside[1] * thing.height)), dark)
    image.paste(thing.convert("RGB"), (left, top), alpha)


SHADOW = [level * 2 // 5 for level in range(256)]


def stand_about(image: Image.Image, rng: np.random.Generator) -> None:
    """Plants, stones or plain shapes behind the thing, so that not every edge and colour belongs to it."""
    for _ in range(int(rng.integers(0, 4))):
        side = min(image.size) * rng.uniform(0.12, 0.4)
        x, y = rng.uniform(-0.1, 0.9) * image.width, rng.uniform(0.2, 0.9) * image.height
        if rng.random() < 0.6:
            plant = half_sticker(chosen(rng, PLANTS))
            plant = plant.resize((round(side), round(side * plant.height / plant.width)), BILINEAR)
            image.paste(plant.convert("RGB"), (round(x), round(y)), plant.getchannel("A"))
        else:
            draw = ImageDraw.Draw(image)
            shape = chosen(rng, (draw.ellipse, draw.rectangle))
            shape((x, y, x + side, y + side * rng.uniform(0.4, 1.8)), fill=a_colour(rng))


# --- what hides a part of it: (image, rng) -> None, painted onto the image --------------------------


def branches(image, rng):
    """One to three branches, posts or straps, out of focus."""
    (width, height), mask = image.size, Image.new("L", image.size)
    draw, thick = ImageDraw.Draw(mask), max(2, round(min(image.size) * rng.uniform(0.03, 0.11)))
    for _ in range(int(rng.integers(1, 4))):
        draw.line((*edge_point(rng, width, height), *edge_point(rng, width, height)), fill=245, width=thick)
    image.paste(a_colour(rng, (0.1, 0.7), (0.1, 0.8)), mask=mask.filter(ImageFilter.BoxBlur(thick / 6)))


def edge_point(rng, width, height):
    x, y = rng.random(2).tolist()
    return chosen(rng, [(x * width, 0), (x * width, height), (0, y * height), (width, y * height)])


def grass(image, rng):
    """Blades from the lower edge, in front of the feet."""
    (width, height), draw = image.size, ImageDraw.Draw(image)
    hues, long = chosen(rng, [GREENS, GREENS, (35, 60)]), height * rng.uniform(0.12, 0.4)
    shades = [tone(rng, hues, (0.3, 0.8), (0.2, 0.85)) for _ in range(4)]
    for x, up, aside, shade in rng.random((int(rng.integers(12, 45)), 4)).tolist():
        x, up, thick = x * width, long * (0.4 + 0.6 * up), width * 0.02
        tip = x + up * (aside - 0.5), height - up
        draw.polygon([(x - thick, height), tip, (x + thick, height)], fill=shades[int(4 * shade)])


def bars(image, rng):
    """A cage, a fence or a wire mesh near the camera."""
    (width, height), mask = image.size, Image.new("L", image.size)
    draw, thick = ImageDraw.Draw(mask), max(1, round(min(image.size) * rng.uniform(0.012, 0.035)))
    step = max(8, round(min(image.size) * rng.uniform(0.16, 0.4)))
    for x in range(int(rng.integers(0, step)), width, step):
        draw.line((x, 0, x, height), fill=225, width=thick)
    if rng.random() < 0.5:
        for y in range(int(rng.integers(0, step)), height, step):
            draw.line((0, y, width, y), fill=225, width=thick)
    image.paste(a_colour(rng, (0.0, 0.5), (0.1, 0.9)), mask=mask.filter(ImageFilter.BoxBlur(thick / 4)))


def leaves(image, rng):
    """A plant that reaches in from a side."""
    plant = half_sticker(chosen(rng, PLANTS))
    side = min(image.size) * rng.uniform(0.3, 0.65)
    plant = plant.resize((round(side), round(side * plant.height / plant.width)), BILINEAR)
    plant = plant.rotate(rng.uniform(-40, 40), BILINEAR, expand=True)
    x = rng.uniform(-0.5, 0.0) * side if rng.random() < 0.5 else image.width - rng.uniform(0.5, 1.0) * side
    y = image.height - rng.uniform(0.3, 1.1) * side
    plant = plant.filter(ImageFilter.BoxBlur(side / 60))
    image.paste(plant.convert("RGB"), (round(x), round(y)), plant.getchannel("A"))


def something_near(image, rng):
    """Something large and quite out of focus at a corner or an edge: a shoulder, a wall, a finger on the lens."""
    (width, height), mask = image.size, Image.new("L", image.size)
    r = min(image.size) * rng.uniform(0.2, 0.4)
    x, y = edge_point(rng, width, height)
    ImageDraw.Draw(mask).ellipse((x - r, y - r, x + r, y + r), fill=240)
    image.paste(a_colour(rng, (0.1, 0.6), (0.1, 0.9)), mask=mask.filter(ImageFilter.BoxBlur(r / 6)))


def flakes(image, rng):
    """Snow, rain or dust in the air."""
    (width, height), draw = image.size, ImageDraw.Draw(image)
    long, lean = chosen(rng, (0, 0, 0.08)) * height, rng.uniform(-0.5, 0.5)
    r = min(image.size) * rng.uniform(0.007, 0.02)
    shade = tone(rng, (20, 220), (0.0, 0.15), (0.75, 1.0))
    for x, y, near in rng.random((int(rng.integers(15, 60)), 3)).tolist():
        x, y, size = x * width, y * height, r * (0.5 + near)
        if long:
            draw.line((x, y, x + lean * long, y + long), fill=shade)
        else:
            draw.ellipse((x - size, y - size, x + size, y + size), fill=shade)


FRONTS = (branches, branches, grass, grass, bars, leaves, leaves, something_near, flakes)


# --- light and camera ------------------------------------------------------------------------------


def lit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light from some side, or through leaves, in some colour; darker or brighter, never too dark to see."""
    knots, uneven = (3, rng.uniform(0.05, 0.5)) if rng.random() < 0.75 else (6, rng.uniform(0.1, 0.35))
    cast = 1 + rng.uniform(-0.18, 0.18, (1, 1, 3)) * rng.random()
    field = 128 * rng.uniform(0.75, 1.3) * cast * (1 + rng.uniform(-uneven, uneven, (knots, knots, 1)))
    light = Image.fromarray(np.clip(field, 56, 224).astype(np.uint8)).resize(image.size, BICUBIC)
    bright = np.minimum(np.asarray(image, dtype=np.uint16) * np.asarray(light, dtype=np.uint16) >> 7, 255)
    haze = int(rng.integers(0, 80)) if rng.random() < 0.25 else 0
    if haze:
        bright = haze + (bright * (256 - haze) >> 8)
    return Image.fromarray(bright.astype(np.uint8))


def photographed(image: Image.Image, rng: np.random.Generator, sharpness: float) -> Image.Image:
    """Out of focus or shaken a little, with grain; `sharpness` is pixels now for a pixel of a 72 px picture."""
    if rng.random() < 0.15:
        image = shaken(image, rng, 3 * sharpness)
    image = image.filter(ImageFilter.BoxBlur(0.25 + rng.uniform(0, 0.75) ** 2 * sharpness))
    grain = rng.integers(-128, 128, (image.height, image.width, 3), dtype=np.int16) * int(rng.integers(1, 14))
    return Image.fromarray(np.clip(np.asarray(image) + (grain >> 7), 0, 255).astype(np.uint8))
