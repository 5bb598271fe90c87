"""What a camera does to a scene: light, shake, blur, grain; and the backdrops that things stand before.

Everything takes an RGB image (or a size) and a numpy generator, and returns a new RGB image. `generator` makes the
generator from a text such as "0/animals/dog/17", so that each picture can be made alone. Only additions,
multiplications and Pillow's integer filters decide about pixels: the same bytes on every processor.
"""

import math

import numpy as np
from pen import Colour, colour
from PIL import Image, ImageDraw, ImageFilter

BICUBIC, BILINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR


def generator(text: str) -> np.random.Generator:
    """The random numbers that belong to a text."""
    return np.random.default_rng(list(text.encode()))


def chosen(rng: np.random.Generator, options):
    """One of the options (numpy's own choice would make an array of them)."""
    return options[int(rng.integers(len(options)))]


def a_colour(rng: np.random.Generator, saturation=(0.1, 0.8), value=(0.25, 1.0)) -> Colour:
    """A random colour: any hue, saturation and value from the given ranges."""
    return colour(rng.uniform(0, 360), rng.uniform(*saturation), rng.uniform(*value))


# --- backdrops: (rng, size) -> RGB image, size is (width, height) ----------------------------------


def blotches(rng, size):
    """Soft patches of colours, as of things far out of focus."""
    across = int(rng.integers(2, 7))
    few = np.array([a_colour(rng) for _ in range(int(rng.integers(2, 5)))], dtype=np.uint8)
    return Image.fromarray(few[rng.integers(len(few), size=(across, across))]).resize(size, BICUBIC)


def gradient(rng, size):
    """From one colour to another, at some angle."""
    ramp = Image.linear_gradient("L").rotate(rng.uniform(0, 360), BILINEAR).crop((38, 38, 218, 218)).resize(size)
    return colorized(ramp, a_colour(rng), a_colour(rng))


def colorized(grey: Image.Image, black: Colour, white: Colour) -> Image.Image:
    """What ImageOps.colorize gives for these arguments, in a tenth of its time."""
    black, white = np.array(black), np.array(white)
    table = (black + np.arange(256)[:, None] * (white - black) // 255).astype(np.uint8)  # (256, 3)
    return Image.fromarray(table[np.asarray(grey)])


def horizon(rng, size):
    """Sky or wall above, ground or table below, both speckled."""
    width, height = size
    high, low = a_colour(rng, (0.05, 0.5), (0.6, 1.0)), a_colour(rng, (0.05, 0.4), (0.7, 1.0))
    image = colorized(Image.linear_gradient("L").resize(size), high, low)
    top = round(height * rng.uniform(0.35, 0.8))
    near, far = a_colour(rng, (0.2, 0.7), (0.2, 0.7)), a_colour(rng, (0.2, 0.6), (0.4, 0.85))
    ground = colorized(Image.linear_gradient("L").resize((width, height - top)), far, near)
    image.paste(ground, (0, top))
    return speckled(image, rng, rng.uniform(2, 14))


def planks(rng, size):
    """Boards, tiles or cloth: bands of neighbouring colours at some angle."""
    side = round(1.5 * max(size))
    hue, step = rng.uniform(0, 360), max(4, int(rng.integers(side // 24, side // 5)))
    image = Image.new("RGB", (side, side))
    draw = ImageDraw.Draw(image)
    for left in range(0, side, step):
        shade = colour(hue + rng.uniform(-14, 14), rng.uniform(0.15, 0.6), rng.uniform(0.35, 0.95))
        draw.rectangle((left, 0, left + step - 1, side), fill=shade)
    if rng.random() < 0.4:  # the other way as well: a chequered cloth
        crossed = image.transpose(Image.Transpose.ROTATE_90)
        image = Image.blend(image, crossed, 0.5)
    return middle_of(image.rotate(rng.uniform(0, 180), BILINEAR), size)


def undergrowth(rng, size):
    """Grass, straw or leaves: many strokes of one family of colours."""
    width, height = size
    hue = chosen(rng, [35.0, 50.0, 85.0, 110.0, 130.0, 200.0])
    image = Image.new("RGB", size, colour(hue, 0.5, rng.uniform(0.2, 0.6)))
    draw = ImageDraw.Draw(image)
    reach, lean = max(size) * rng.uniform(0.05, 0.2), rng.uniform(-1, 1)
    spots = rng.uniform(0, 1, (int(rng.integers(40, 130)), 4))
    for x, y, turn, light in spots.tolist():
        x, y, aside = x * width, y * height, reach * (lean + turn - 0.5)
        shade = colour(hue + 40 * (turn - 0.5), 0.35 + 0.4 * turn, 0.25 + 0.6 * light)
        draw.line((x, y, x + aside, y - reach), fill=shade, width=1 + int(3 * light))
    return image


def bokeh(rng, size):
    """Lamps out of focus: soft discs on a dark or coloured ground."""
    image = gradient(rng, size)
    veil = Image.new("L", size)
    draw = ImageDraw.Draw(veil)
    for x, y, r, light in rng.uniform(0, 1, (int(rng.integers(6, 22)), 4)).tolist():
        x, y, r = x * size[0], y * size[1], min(size) * (0.03 + 0.13 * r)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(60 + 150 * light))
    image.paste(a_colour(rng, (0.0, 0.6), (0.8, 1.0)), mask=veil.filter(ImageFilter.BoxBlur(1)))
    return image


BACKDROPS = (blotches, gradient, horizon, planks, undergrowth, bokeh)


def backdrop(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Any of the backdrops, sharp or somewhat out of focus."""
    image = chosen(rng, BACKDROPS)(rng, size)
    return image.filter(ImageFilter.BoxBlur(rng.uniform(0.5, 3))) if rng.random() < 0.5 else image


# --- the camera: (image, rng, how much) -> RGB image -----------------------------------------------


def relit(image: Image.Image, rng: np.random.Generator, strength: float = 0.4) -> Image.Image:
    """Uneven light from some side and a warm or cold cast; strength 0 to 1."""
    field = 1 + strength * rng.uniform(-1, 0.6, (3, 3, 1)) + 0.35 * strength * rng.uniform(-1, 1, (1, 1, 3))
    light = Image.fromarray(np.clip(field * 128, 0, 255).astype(np.uint8)).resize(image.size, BICUBIC)
    lit = np.asarray(image, dtype=np.uint16) * np.asarray(light, dtype=np.uint16) // 128
    return Image.fromarray(np.minimum(lit, 255).astype(np.uint8))


def softened(image: Image.Image, rng: np.random.Generator, most: float) -> Image.Image:
    """Out of focus by up to `most` pixels."""
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, most)))


def shaken(image: Image.Image, rng: np.random.Generator, most: float) -> Image.Image:
    """Moved by up to `most` pixels in some direction while the shutter was open."""
    length, turn = rng.uniform(0, most), rng.uniform(0, 2 * math.pi)
    steps = max(1, round(length))
    pixels = np.pad(np.asarray(image), ((steps, steps), (steps, steps), (0, 0)), mode="edge")
    total = np.zeros((image.height, image.width, 3), dtype=np.uint32)
    for step in range(steps + 1):
        along = length * (step / steps - 0.5)
        y, x = steps + round(along * math.sin(turn)), steps + round(along * math.cos(turn))
        total += pixels[y : y + image.height, x : x + image.width]
    return Image.fromarray((total // (steps + 1)).astype(np.uint8))


def speckled(image: Image.Image, rng: np.random.Generator, deviation: float) -> Image.Image:
    """Grain: noise with this standard deviation, in grey levels of 255, in every channel."""
    noise = deviation * rng.standard_normal((image.height, image.width, 3), dtype=np.float32)
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


# --- geometry --------------------------------------------------------------------------------------


def middle_of(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle part of an image."""
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    return image.crop((left, top, left + size[0], top + size[1]))


def tilted(image: Image.Image, corners, size: tuple[int, int]) -> Image.Image:
    """A flat picture seen at an angle: its corners (from the upper left, clockwise) land on `corners`.

    Args:
        image: RGBA; what lies outside of it is transparent.
        corners: four (x, y) in the new image.
        size: of the new image, (width, height).
    """
    width, height = image.size
    flat = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, flat):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    turned = np.linalg.solve(np.array(rows, dtype=float), np.array(wanted, dtype=float))
    return image.transform(size, Image.Transform.PERSPECTIVE, turned.tolist(), BICUBIC)
