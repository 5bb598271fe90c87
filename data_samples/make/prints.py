"""Stickers printed on posters: enlarged with a crisp outline, or as dots of one colour."""

import functools
import math

import numpy as np
from emoji import sticker
from palettes import lightness
from pen import Colour
from photo import BICUBIC
from PIL import Image, ImageDraw, ImageFilter, ImageOps


def grown(emoji: str, side: int) -> Image.Image:
    """A sticker with its longer side of so many pixels, RGBA, with a crisp outline however large."""
    thing = sticker(emoji)
    size = round(thing.width * side / max(thing.size)), round(thing.height * side / max(thing.size))
    image = thing.resize(size, BICUBIC)
    steepness = max(1.0, side / max(thing.size))
    crisp = [min(255, max(0, round(128 + steepness * (level - 128)))) for level in range(256)]
    image.putalpha(image.getchannel("A").point(crisp))
    return image.filter(ImageFilter.UnsharpMask(steepness, 60, 2)) if steepness > 1.5 else image


@functools.cache
def tones(emoji: str, across: int, dark: bool) -> Image.Image:
    """How much ink each of so many cells a side takes, L: where the sticker is dark, or where it is light."""
    thing = sticker(emoji)
    alpha = thing.getchannel("A")
    grey = ImageOps.autocontrast(thing.convert("RGB").convert("L"), cutoff=3, mask=alpha)
    ink = ImageOps.invert(grey) if dark else grey
    ink = Image.composite(ink, Image.new("L", ink.size), alpha)
    return ImageOps.pad(ink, (max(ink.size), max(ink.size))).resize((across, across), BICUBIC)


def dotted(image: Image.Image, emoji: str, middle, side: float, shade: Colour, across: int = 40) -> None:
    """A sticker printed as dots of one colour, light or dark, larger where there is more of it."""
    cells, cell = np.asarray(tones(emoji, across, lightness(shade) < 128)), side / across
    draw, (x0, y0) = ImageDraw.Draw(image), middle
    for row, column in np.argwhere(cells > 10).tolist():
        radius = 0.7 * cell * math.sqrt(cells[row, column] / 255)
        x, y = x0 + (column - across / 2 + 0.5) * cell, y0 + (row - across / 2 + 0.5) * cell
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)


def paste_at(image: Image.Image, thing: Image.Image, middle) -> None:
    image.paste(thing, (round(middle[0] - thing.width / 2), round(middle[1] - thing.height / 2)), thing)
