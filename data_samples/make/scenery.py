"""Parts that places are painted of: sky, hills, ground, grass; and colours drawn from ranges.

Parts are painted onto an image, (image, rng, ...), or make one, (rng, size); sizes are (width, height) in pixels,
`top` is the height at which the ground begins.
"""

import numpy as np
from pen import Colour, colour
from photo import BICUBIC, BILINEAR, chosen
from PIL import Image, ImageChops, ImageDraw

GREENS, SANDS, STONES, EARTHS = (70, 140), (30, 48), (200, 250), (18, 40)


def tone(rng: np.random.Generator, hues, saturation, value) -> Colour:
    """A random colour from ranges of hue (degrees), saturation and value (0 to 1)."""
    hue, saturation, value = rng.uniform(*zip(hues, saturation, value)).tolist()
    return colour(hue, saturation, value)


def ramp(size: tuple[int, int], *stops: Colour) -> Image.Image:
    """From one colour at the top through others to the last at the bottom."""
    return Image.fromarray(np.array(stops, dtype=np.uint8)[:, None]).resize(size, BILINEAR)


def mottled(image: Image.Image, rng: np.random.Generator, depth: int, grain: float) -> Image.Image:
    """Lighter and darker spots of about `grain` pixels, up to `depth` grey levels each way."""
    size = max(2, round(image.width / grain)), max(2, round(image.height / grain))
    spots = rng.integers(128 - depth, 129 + depth, (size[1], size[0], 1), dtype=np.uint8)
    grey = Image.fromarray(spots[..., 0]).resize(image.size, BICUBIC)
    return ImageChops.add(image, Image.merge("RGB", (grey, grey, grey)), offset=-128)


def points(rng: np.random.Generator, least: int, most: int, numbers: int) -> list[list[float]]:
    """Between `least` and `most` rows of so many random numbers from 0 to 1."""
    return rng.random((int(rng.integers(least, most + 1)), numbers)).tolist()


def sky(rng, size):
    """Blue, grey or at dusk, with or without clouds."""
    hues = chosen(rng, [(195, 220), (195, 220), (200, 215), (10, 45), (260, 340)])
    top = tone(rng, hues, (0.15, 0.65), (0.55, 0.95))
    image = ramp(size, top, tone(rng, (20, 220), (0.02, 0.3), (0.8, 1.0)))
    if rng.random() < 0.6:
        cover = rng.integers(0, 256, (8, 4), dtype=np.uint8)
        cover = Image.fromarray(cover).resize(size, BICUBIC).point(CLOUDS)
        image.paste(tone(rng, (0, 360), (0, 0.1), (0.7, 1.0)), mask=cover)
    return image


CLOUDS = [max(0, min(230, 2 * (level - 110))) for level in range(256)]


def ridge(image, rng, base, rise, shade, jagged=False):
    """Hills or, jagged, peaks across the picture, from `base` pixels upwards; what lies below is filled."""
    width, height = image.size
    heights = rng.random(int(rng.integers(5, 9)) if jagged else int(rng.integers(3, 5)))
    if not jagged:
        heights = np.interp(np.linspace(0, len(heights) - 1, 14), np.arange(len(heights)), heights)
        heights = np.convolve(np.pad(heights, 2, mode="edge"), [0.15, 0.2, 0.3, 0.2, 0.15], mode="valid")
    step = width / (len(heights) - 1)
    crest = [(round(place * step), round(base - rise * up)) for place, up in enumerate(heights.tolist())]
    ImageDraw.Draw(image).polygon([*crest, (width, height), (0, height)], fill=shade)


def ground(image, rng, top, hues, saturation=(0.25, 0.65), value=(0.35, 0.85)):
    """Fills everything below `top` with ground of some colour, mottled."""
    far, near = tone(rng, hues, saturation, value), tone(rng, hues, saturation, value)
    size = image.width, image.height - top
    image.paste(mottled(ramp(size, far, near), rng, int(rng.integers(12, 45)), rng.uniform(2, 7)), (0, top))


def tufts(image, rng, top, hues, long=0.12):
    """Blades of grass below `top`, longer towards the viewer."""
    draw, (width, height) = ImageDraw.Draw(image), image.size
    shades = [tone(rng, hues, (0.3, 0.75), (0.25, 0.9)) for _ in range(5)]
    for x, y, aside, shade in points(rng, 20, 60, 4):
        x, up = x * width, height * long * (0.25 + y)
        y = top + y * (height - top)
        draw.line((x, y, x + up * (aside - 0.5), y - up), fill=shades[int(5 * shade)])


def flowers(image, rng, top):
    """Dots of one colour below `top`."""
    draw, (width, height) = ImageDraw.Draw(image), image.size
    shade = tone(rng, (0, 360), (0.1, 0.9), (0.8, 1.0))
    for x, y in points(rng, 6, 24, 2):
        x, r = x * width, height * (0.006 + 0.018 * y)
        y = top + y * (height - top)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=shade)


def below(rng, size, least=0.35, most=0.75):
    """A height in pixels at which the ground may begin."""
    return round(size[1] * rng.uniform(least, most))
