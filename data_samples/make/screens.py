"""Pages on screens: monitors, laptops, tablets and phones, their pixels and the moire that a camera makes of them.

A screen's pixels are a grid; a camera's are another. Where the two are nearly alike, sampling one with the other
leaves a slow beat: moire. It is not painted here but happens, as in a camera: `lattice` samples the screen's grid,
seen at its angle, once for each pixel of the photograph.
"""

from typing import NamedTuple

import numpy as np
from desks import FINER, add_extras, ground, lamp, lay, shade
from lettering import font, invented
from pages import page
from papers import ASPECTS, shine
from photo import BILINEAR, chosen
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from views import View, view

DOT = 4  # pixels of the drawn grid that make one pixel of the screen
NEUTRAL = 96  # level of a mask that changes nothing


def screen(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A page on a screen as it is photographed, RGB."""
    shown, kind = window(rng, page(rng, chosen(rng, ASPECTS))), panel(rng)
    case, box = device(rng, shown.size)
    shares = tuple(part / full for part, full in zip(box, case.size * 2))
    seen = view(rng, size, case.width / case.height, bend=0.006, box=shares)
    pixels = resolution(kind, seen, shares)
    light, glass = Image.new("RGBA", case.size), Image.new("L", case.size)
    light.paste(shining(rng, pixelled(shown, pixels, kind.pitch)), box)
    glass.paste(255, box)
    image, bare = photographed(rng, size, seen.scaled(FINER), case, light, glass)
    whole = round(pixels[0] / (shares[2] - shares[0])), round(pixels[1] / (shares[3] - shares[1]))
    return textured(image, lattice(seen, size, whole, kind), bare)


def photographed(rng, size, seen: View, case, light, glass):
    """The device on a desk and in some light, its display in its own; and where the display is seen (RGB, L)."""
    large = (FINER * size[0], FINER * size[1])
    image = ground(rng, large)
    lay(image, seen.laid(case, large), rng, height=2.0)
    if rng.random() < 0.5:
        shade(image, rng)
    image = lamp(image, rng, rng.uniform(0.55, 1.15))
    light = lamp(seen.laid(light, large).convert("RGB"), rng, rng.uniform(0.75, 1.05), most=0.25)
    bare = seen.laid(glass, large)
    lit(rng, image, light, bare)
    if rng.random() < 0.6:
        shine(rng, image, seen)
    bare = ImageChops.subtract(bare, add_extras(image, rng))
    return image.reduce(FINER), bare.reduce(FINER)


# --- what is shown, and in what --------------------------------------------------------------------


def window(rng: np.random.Generator, flat: Image.Image) -> Image.Image:
    """The page as a program shows it: alone, or between margins and under a bar."""
    if rng.random() < 0.45:
        return flat
    grey = int(chosen(rng, [40, 60, 90, 130, 200, 225]))
    rim, bar = round(min(flat.size) * rng.uniform(0.01, 0.06)), round(min(flat.size) * rng.uniform(0.03, 0.07))
    wide = flat.width + 2 * rim
    if flat.width < flat.height and rng.random() < 0.35:
        wide = round(flat.height * rng.uniform(1.2, 1.5))
    image = Image.new("RGB", (wide, flat.height + rim + bar), (grey, grey, grey + 4))
    tone = int(chosen(rng, [30, 55, 220, 240]))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, wide, bar), fill=(tone, tone, tone + 6))
    letters = font("sans", max(8, bar * 3 // 5))
    draw.text((bar, bar // 6), f"{invented(rng)}.pdf", (255 - tone, 255 - tone, 255 - tone), letters)
    for place, fill in enumerate([(230, 90, 80), (235, 190, 70), (90, 190, 90)]):
        x = wide - bar * (1 + place) * 3 // 4
        draw.ellipse((x - bar // 5, bar * 3 // 10, x + bar // 5, bar * 7 // 10), fill=fill)
    image.paste(flat, ((wide - flat.width) // 2, bar + rim // 2))
    return image


def device(rng: np.random.Generator, shown: tuple[int, int]):
    """A case around what is shown: (RGBA, box of the display)."""
    (wide, high), rim = shown, round(min(shown) * rng.uniform(0.02, 0.09))
    tone = int(chosen(rng, [12, 18, 25, 40, 150, 200, 235]))
    base = (tone, tone, min(255, tone + 4))
    chin = rim
    if wide > high:
        chin = round(rim * rng.uniform(1, 3))
    elif wide < 0.6 * high or rng.random() < 0.4:
        chin = rim * 2
    deck = round(high * rng.uniform(0.1, 0.5)) if wide > high and rng.random() < 0.4 else 0
    case = Image.new("RGBA", (wide + 2 * rim, high + rim + chin + deck))
    draw, bottom = ImageDraw.Draw(case), high + rim + chin
    draw.rounded_rectangle((0, 0, case.width - 1, bottom - 1), rim if deck == 0 else 4, fill=(*base, 255))
    edge = tuple(min(255, level + 35) for level in base)
    draw.rounded_rectangle((0, 0, case.width - 1, bottom - 1), rim if deck == 0 else 4, outline=(*edge, 255), width=4)
    if chin > 1.5 * rim and wide < high:
        r, middle = chin // 4, (case.width // 2, bottom - chin // 2)
        draw.ellipse((middle[0] - r, middle[1] - r, middle[0] + r, middle[1] + r), outline=(*edge, 255), width=4)
    if deck:
        keyboard(draw, rng, (0, bottom, case.width, case.height))
    return case, (rim, rim, rim + wide, rim + high)


def keyboard(draw, rng, box):
    """The part of a laptop below its display."""
    left, top, right, bottom = box
    tone = int(rng.integers(120, 215))
    draw.rectangle(box, fill=(tone, tone, tone + 5, 255))
    draw.rectangle((left, top, right, top + 8), fill=(20, 20, 22, 255))
    key = (right - left) // 17
    for y in range(top + key // 2, bottom - key // 2, key):
        for x in range(left + key, right - key, key):
            draw.rounded_rectangle((x, y, x + key * 7 // 8, y + key * 7 // 8), key // 8, fill=(35, 35, 38, 255))


# --- light -----------------------------------------------------------------------------------------


def pixelled(shown: Image.Image, pixels: tuple[int, int], pitch: float) -> Image.Image:
    """Where pixels are seen one by one, the page has no more detail than they allow."""
    if pitch < 1.7:
        return shown
    return shown.resize(pixels, Image.Resampling.BOX).resize(shown.size, Image.Resampling.NEAREST)


def shining(rng: np.random.Generator, flat: Image.Image) -> Image.Image:
    """The page as light: black is not quite black, white has the lamp's colour."""
    black = int(rng.integers(4, 40))
    cast = chosen(rng, [(1.0, 1.0, 1.0), (0.95, 0.99, 1.0), (0.92, 0.97, 1.0), (0.9, 1.0, 0.97), (1.0, 0.97, 0.9)])
    bright = rng.uniform(0.78, 1.0)
    tables = [[round(black + (255 - black) * level / 255 * share * bright) for level in range(256)] for share in cast]
    return flat.point([level for table in tables for level in table])


def lit(rng: np.random.Generator, image: Image.Image, light: Image.Image, glass: Image.Image) -> None:
    """Puts the display's light into the photograph, with some of it spilled around."""
    image.paste(light, mask=glass)
    dark = Image.composite(image, Image.new("RGB", image.size), glass).reduce(8)
    spill = dark.filter(ImageFilter.BoxBlur(min(dark.size) // 8)).resize(image.size, BILINEAR)
    share = rng.uniform(0.0, 0.3)
    image.paste(ImageChops.add(image, spill.point([round(level * share) for level in range(256)] * 3)))


# --- pixels and moire ------------------------------------------------------------------------------


class Panel(NamedTuple):
    pitch: float  # pixels of the photograph from one pixel of the screen to the next
    strength: float  # 0 to 1: of the grid that is left after lens and sensor
    grey: float  # 0 to 1: how little of its colours is left
    lines: bool  # rows only, without red, green and blue


def panel(rng: np.random.Generator) -> Panel:
    """Pixels mostly about as fine as the camera's (moire), else coarse and seen one by one, only lines, or finer."""
    kind = chosen(rng, ["moire", "moire", "moire", "coarse", "lines", "fine"])
    pitch, strength = {
        "moire": ((0.86, 1.16), (0.12, 0.34)),
        "coarse": ((2.0, 3.4), (0.16, 0.42)),
        "lines": ((0.9, 2.6), (0.12, 0.34)),
        "fine": ((0.45, 0.6), (0.1, 0.3)),
    }[kind]
    return Panel(rng.uniform(*pitch), rng.uniform(*strength), rng.uniform(0.0, 0.8), kind == "lines")


def resolution(panel: Panel, seen: View, box: tuple[float, float, float, float]) -> tuple[int, int]:
    """How many pixels a display has that fills this part of the view, (across, down); it shows readable pages."""
    (x0, y0), (x1, y1) = seen.seen(box[0], 0.5), seen.seen(box[2], 0.5)
    (x2, y2), (x3, y3) = seen.seen(0.5, box[1]), seen.seen(0.5, box[3])
    wide, high = max(abs(x1 - x0), abs(y1 - y0)), max(abs(x3 - x2), abs(y3 - y2))
    pitch = min(panel.pitch, wide / 150)
    return max(1, round(wide / pitch)), max(1, round(high / pitch))


def textured(image: Image.Image, mask: Image.Image, glass: Image.Image) -> Image.Image:
    """The photograph (RGB) with what the screen's pixels leave on its glass."""
    pixels, masks = np.asarray(image, dtype=np.uint16), np.asarray(mask, dtype=np.uint16)
    grid = np.minimum(pixels * masks // NEUTRAL, 255).astype(np.uint8)
    return Image.composite(Image.fromarray(grid), image, glass)


def lattice(seen: View, size, pixels: tuple[int, int], panel: Panel) -> Image.Image:
    """The grid of a thing with so many pixels as a camera samples it: RGB, NEUTRAL where it changes nothing."""
    sampled = seen.laid(Image.fromarray(np.tile(dot(panel.lines), (pixels[1], pixels[0], 1))), size)
    sampled = sampled.filter(ImageFilter.GaussianBlur(0.7))  # what a camera does to fill in its colours
    sampled = Image.blend(sampled, sampled.convert("L").convert("RGB"), panel.grey)
    return Image.blend(Image.new("RGB", size, (NEUTRAL,) * 3), sampled, panel.strength)


def dot(lines: bool) -> np.ndarray:
    """One pixel of a screen, (DOT, DOT, 3), of mean NEUTRAL: red, green and blue beside one another, or a line."""
    light = np.zeros((DOT, DOT, 3), dtype=np.uint8)
    if lines:
        light[: DOT // 2] = 2 * NEUTRAL
    for channel in () if lines else range(3):
        light[: DOT - 1, channel : channel + 2, channel] = 255
    return light
