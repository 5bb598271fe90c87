"""Pages as sheets of paper: grain, folds, curled corners, holes; on a clipboard, in a sleeve, or just on a desk."""

import numpy as np
from desks import FINER, add_extras, darkened, ground, lamp, lay, noise, shade
from pages import page
from pen import colour
from photo import a_colour, chosen
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from views import View, view

ASPECTS = [0.707] * 6 + [0.75, 0.75, 0.48, 0.52, 1.4, 1.5, 1.6]  # of what is read, on paper and on screens


def paper(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A page on paper as it is photographed, RGB."""
    large = (FINER * size[0], FINER * size[1])
    sheet = worn(rng, page(rng, chosen(rng, ASPECTS)))
    thing = mounted(rng, sheet) if rng.random() < 0.3 else sheet
    seen = view(rng, size, thing.width / thing.height, bend=0.025).scaled(FINER)
    image = ground(rng, large)
    if rng.random() < 0.2:
        another(rng, image, seen)
    lay(image, seen.laid(thing, large), rng)
    if rng.random() < 0.15:
        shine(rng, image, seen)
    add_extras(image, rng)
    if rng.random() < 0.5:
        shade(image, rng)
    return lamp(image, rng, rng.uniform(0.75, 1.25), most=0.45).reduce(FINER)


def worn(rng: np.random.Generator, flat: Image.Image) -> Image.Image:
    """A page (RGB) as a sheet that was handled, RGBA."""
    image = grained(rng, flat)
    for _ in range(int(chosen(rng, [0, 0, 1, 1, 2, 3]))):
        image = folded(rng, image)
    if rng.random() < 0.2:
        image = crumpled(rng, image)
    image.putalpha(255)
    if rng.random() < 0.25:
        holes(rng, image)
    if rng.random() < 0.35:
        image = curled(rng, image)
    return image


def grained(rng, image):
    """Paper is never quite even: fibres, and ink that did not take everywhere."""
    grain = Image.blend(
        noise(rng, image.size, (image.width // 2, image.height // 2), 200),
        noise(rng, image.size, (image.width // 9, image.height // 9), 200),
        0.5,
    )
    if rng.random() < 0.12:  # laid paper has fine ribs, much like the lines of a screen
        ribs = noise(rng, image.size, (3, image.height // 5), 205)
        grain = Image.blend(grain, ribs, 0.5)
    fade = grain.point([min(255, 170 + level // 3) for level in range(256)]).convert("RGB")
    return ImageChops.multiply(ImageChops.lighter(image, Image.new("RGB", image.size, (38, 38, 40))), fade)


def folded(rng, image):
    """A fold across or along: the light changes there, and the edge shows."""
    wide, high = image.size
    upright = rng.random() < 0.4
    place = rng.uniform(0.25, 0.75) * (wide if upright else high)
    ramp = Image.linear_gradient("L").point([255 - (255 - level) // chosen(rng, [5, 7, 9]) for level in range(256)])
    length = wide if upright else high
    reach = round(length * rng.uniform(0.06, 0.3))
    across = Image.new("L", (1, length), 255)
    across.paste(ramp.resize((1, reach)).transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, round(place)))
    ImageDraw.Draw(across).line((0, place, 0, place + 2), fill=int(rng.integers(185, 240)))
    if rng.random() < 0.5:
        across = across.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mask = across.transpose(Image.Transpose.ROTATE_90) if upright else across
    return ImageChops.multiply(image, mask.resize(image.size).convert("RGB"))


def crumpled(rng, image):
    """Many small faces, each with its own light."""
    coarse = noise(rng, image.size, (9, 12)).filter(ImageFilter.FIND_EDGES)
    light = Image.blend(noise(rng, image.size, (7, 9), 130), noise(rng, image.size, (17, 23), 130), 0.5)
    light = ImageChops.add(light.point([min(255, level + 60) for level in range(256)]), coarse)
    return ImageChops.multiply(image, light.convert("RGB"))


def holes(rng, image):
    draw, r = ImageDraw.Draw(image), 11
    for place in (0.44, 0.56):
        x, y = 34, place * image.height
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(0, 0, 0, 0))


def curled(rng, image):
    """One corner turns up: its back is seen, and a shadow under it."""
    turn = chosen(
        rng, [None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180]
    )
    image = image if turn is None else image.transpose(turn)
    (right, bottom), side = image.size, round(min(image.size) * rng.uniform(0.08, 0.24))
    high = round(side * rng.uniform(0.6, 1.5))
    gone, shadow = Image.new("L", image.size, 255), Image.new("L", image.size)
    ImageDraw.Draw(gone).polygon([(right - side, bottom), (right, bottom - high), (right, bottom)], fill=0)
    ImageDraw.Draw(shadow).polygon([(right - 2 * side, bottom), (right, bottom - 2 * high), (right, bottom)], fill=255)
    flat = image.convert("RGB")
    darkened(flat, shadow.filter(ImageFilter.BoxBlur(side // 3)), 0.3)
    back = Image.linear_gradient("L").rotate(45).resize((side, high)).point([165 + level // 3 for level in range(256)])
    fold = Image.new("L", (side, high))
    ImageDraw.Draw(fold).polygon([(0, high), (side, 0), (side // 4, high // 4)], fill=255)
    flat.paste(back.convert("RGB"), (right - side, bottom - high), fold)
    flat.putalpha(ImageChops.multiply(image.getchannel("A"), gone))
    return flat if turn is None else flat.transpose(turn)


def mounted(rng: np.random.Generator, sheet: Image.Image) -> Image.Image:
    """The sheet on a board, a folder or a dark card, which frames it as a screen's rim would; RGBA."""
    rim = round(min(sheet.size) * rng.uniform(0.03, 0.12))
    wide = sheet.width + 2 * rim
    if sheet.width < sheet.height and rng.random() < 0.3:
        wide = round(sheet.height * rng.uniform(1.2, 1.5))
    top = round(rim * rng.uniform(1, 2.5))
    dark = rng.random() < 0.6
    base = a_colour(rng, (0, 0.3), (0.05, 0.25)) if dark else a_colour(rng, (0.1, 0.7), (0.4, 0.95))
    board = Image.new("RGBA", (wide, sheet.height + rim + top), (*base, 255))
    left = (wide - sheet.width) // 2
    shadow = Image.new("RGBA", sheet.size, (0, 0, 0, 90))
    board.alpha_composite(shadow, (min(left + 8, wide - sheet.width), min(top + 10, board.height - sheet.height)))
    board.alpha_composite(sheet, (left, top))
    if rng.random() < 0.5:
        clip(ImageDraw.Draw(board), wide // 2, top, sheet.width // 6)
    return board


def clip(draw, middle, top, reach):
    draw.rounded_rectangle((middle - reach, 2, middle + reach, top + 30), 12, fill=(150, 152, 158, 255))
    draw.rectangle((middle - reach, top + 18, middle + reach, top + 30), fill=(95, 97, 104, 255))


def another(rng, image, seen: View):
    """A second sheet half under the first."""
    turned = [(x + rng.uniform(-60, 60), y + rng.uniform(-60, 60)) for x, y in seen.corners]
    flat = grained(rng, Image.new("RGB", (300, 400), chosen(rng, [(250, 250, 248), colour(45, 0.12, 0.97)])))
    flat.putalpha(255)
    lay(image, View(turned).laid(flat, image.size), rng)


def shine(rng: np.random.Generator, image: Image.Image, seen: View) -> None:
    """Light that a smooth cover (a sleeve, a screen's glass) throws back: a window's panes, a lamp or a veil."""
    flat = Image.new("L", (160, 160))
    draw, kind = ImageDraw.Draw(flat), rng.integers(3)
    x, y, r = (rng.uniform(15, 125), rng.uniform(15, 125), rng.uniform(10, 35))
    if kind == 0:
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    elif kind == 1:
        for aside in (0, 1.1 * r):
            draw.polygon(
                [(x + aside, y - r), (x + aside + r, y - 1.2 * r), (x + aside + r, y + r), (x + aside, y + 1.2 * r)],
                fill=255,
            )
    else:
        lean = rng.uniform(-80, 80)
        draw.polygon([(x, 0), (x + 2 * r, 0), (x + 2 * r + lean, 160), (x + lean, 160)], fill=200)
    flat = flat.filter(ImageFilter.BoxBlur(rng.uniform(1, 12)))
    share = rng.uniform(0.15, 0.6)
    glow = seen.laid(flat, image.size).point([round(level * share) for level in range(256)])
    image.paste(chosen(rng, [(255, 255, 255), (240, 248, 255), (255, 246, 225)]), mask=glow)
