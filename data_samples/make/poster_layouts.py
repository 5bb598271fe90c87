"""Layouts of posters in which a picture leads; and the choice of a layout for a sheet's shape.

A layout is a function (sheet) -> None that draws the sheet's event in any shape that suits it. Coordinates are in
pixels of the finer image; `sheet.unit` is its shorter side.
"""

import math

from palettes import BLACK, WHITE, lightness, mixed
from photo import chosen
from PIL import Image, ImageDraw, ImageFilter
from poster_art import LANDSCAPES, PATTERNS, PICTURES, confetti, lamps, quarters, rays, soft, stage
from poster_bills import framed, line_up, programme, typographic, upright_title
from poster_parts import accent, emblem, facts, filled, inset, margins, picture, shade_over, small, wallpaper
from poster_text import HELD, Line, Sheet, stack
from prints import grown, paste_at


def layout_for(sheet: Sheet) -> None:
    """Draws the sheet with one of the layouts that suit its width and height."""
    aspect = sheet.image.width / sheet.image.height
    chosen(sheet.rng, [layout for layout, least, most in LAYOUTS if least <= aspect <= most])(sheet)


def centred(sheet):
    """Title above, emblem in the middle, facts below."""
    p, (width, height) = sheet.palette, sheet.image.size
    ground = chosen(sheet.rng, (p.ground, p.ground, p.accents[0], p.accents[2]))
    ink = p.on(ground)
    filled(sheet, ground)
    left, top, right, bottom = margins(sheet, 0.09)
    side = min(0.72 * width, 0.42 * height)
    edges = height / 2 - side / 2 - 0.02 * height, height / 2 + side / 2 + 0.03 * height
    emblem(sheet, (width / 2, height / 2 + 0.01 * height), side, ground)
    stack(sheet, (left, top, right, edges[0]), [sheet.kicker(ink), sheet.title(ink)], "m", "middle")
    inner = left + 0.08 * width, right - 0.08 * width
    stack(
        sheet,
        (inner[0], edges[1], inner[1], bottom),
        [*facts(sheet, ink, 0.5), *small(sheet, ink, 0.24)],
        "m",
        "middle",
        0.14 * sheet.unit,
    )


def split(sheet):
    """A picture on one half, words on the other; the border straight, slanted, round or wavy."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    filled(sheet, p.ground)
    along = width > 1.15 * height  # side by side
    share, mirrored = rng.uniform(0.42, 0.55), rng.random() < 0.5
    long, short = (width, height) if along else (height, width)
    cut, kind = share * long, chosen(rng, ("straight", "slanted", "round", "wavy"))
    swell = {
        "straight": lambda t: 0,
        "slanted": lambda t: 0.1 * (t - 0.5),
        "round": lambda t: 0.26 * (t - t * t) - 0.03,
        "wavy": lambda t: 0.025 * math.sin(12 * t),
    }[kind]
    border = [(cut + long * swell(step / 60), short * step / 60) for step in range(61)]
    outline = [(0, 0), *border, (0, short)]
    outline = [(long - a if mirrored else a, b) for a, b in outline]
    mask = Image.new("L", sheet.image.size)
    ImageDraw.Draw(mask).polygon([(a, b) if along else (b, a) for a, b in outline], fill=255)
    sheet.image.paste(chosen(rng, PICTURES)(rng, sheet.image.size, p), mask=mask)
    edge, most = 0.08 * sheet.unit, max(a for a, _ in border)
    start, end = (edge, long - most - edge) if mirrored else (most + edge, long - edge)
    box = (start, edge, end, short - edge) if along else (edge, start, short - edge, end)
    words = [
        sheet.kicker(accent(sheet, least=80)),
        sheet.title(p.ink),
        *facts(sheet, p.ink),
        sheet.body(sheet.event.prose, p.ink, 0.17),
    ]
    stack(sheet, box, words, chosen(rng, ("l", "l", "m")), "middle", 0.42 * sheet.unit)


def big_picture(sheet):
    """A picture all over; words above or below, on a veil or a label."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    picture(sheet, (0, 0, width, height), (*LANDSCAPES, *LANDSCAPES, stage, lamps, soft))
    below, (left, top, right, bottom) = rng.random() < 0.6, margins(sheet, 0.08)
    half = (left, height * 0.56, right, bottom) if below else (left, top, right, height * 0.46)
    dark = mixed(min((p.ink, p.ground), key=lightness), BLACK, 0.3)
    if rng.random() < 0.6:
        area = (0, height * 0.4, width, height) if below else (0, 0, width, height * 0.62)
        shade_over(sheet, area, dark, 225, below)
        words = [sheet.kicker(mixed(p.accents[1], WHITE, 0.3)), sheet.title(WHITE), *facts(sheet, WHITE)]
        stack(sheet, half, words, chosen(rng, ("l", "m")), "bottom" if below else "top", 0.36 * sheet.unit)
        return
    ground = chosen(rng, (p.ground, accent(sheet, dark)))
    filled(sheet, ground, half)
    words = [
        sheet.kicker(p.on(ground)),
        sheet.title(p.on(ground)),
        *facts(sheet, p.on(ground)),
        *small(sheet, p.on(ground)),
    ]
    stack(sheet, inset(half, 0.05 * sheet.unit), words, chosen(rng, ("l", "m")), "middle", 0.38 * sheet.unit)


def grid(sheet):
    """Tiles of shapes all over, and a panel of words among them."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    sheet.image.paste(quarters(rng, (width, height), p))
    ground = chosen(rng, (p.ground, p.ink))
    if width > 1.5 * height:
        start = chosen(rng, (0.0, 0.3, 0.46))
        box = (start * width, 0, (start + 0.54) * width, height)
    else:
        start = chosen(rng, (0.0, 0.25, 0.5))
        box = (0, start * height, width, (start + 0.5) * height)
    filled(sheet, ground, box)
    ink = p.on(ground)
    words = [sheet.kicker(ink), sheet.title(ink), *facts(sheet, ink), sheet.body(sheet.event.prose, ink, 0.17)]
    stack(sheet, inset(box, 0.09 * sheet.unit), words, chosen(rng, ("l", "l", "m")), "middle", 0.38 * sheet.unit)


def banner(sheet):
    """Emblem, title and date side by side on a strip."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    ground = chosen(rng, (p.ground, p.accents[0], p.accents[2]))
    filled(sheet, ground)
    start = 0.92 * height
    if rng.random() < 0.45:
        start = max(start, 0.3 * width)
        sheet.image.paste(chosen(rng, (rays, confetti))(rng, (round(start), height), p))
    ink, edge = p.on(ground), 0.1 * height
    panel = width - max(0.22 * width, 0.7 * height)
    shade = accent(sheet, ground)
    lean = chosen(rng, (0, 0.12, -0.12)) * height
    ImageDraw.Draw(sheet.image).polygon(
        [(panel + lean, 0), (width, 0), (width, height), (panel - lean, height)], fill=shade
    )
    emblem(sheet, (start / 2, height / 2), 0.74 * height, ground)
    start += edge / 2
    stack(
        sheet,
        (start, edge, panel - edge - abs(lean), height - edge),
        [sheet.kicker(ink), sheet.title(ink), sheet.body(sheet.event.venue, ink)],
        "l",
        "middle",
        0.5 * height,
    )
    mark = p.on(shade)
    stack(
        sheet,
        (panel + abs(lean) + edge / 2, edge, width - edge, height - edge),
        [
            Line(sheet.event.date.replace(" – ", f"{HELD}–{HELD}"), "sans bold", 1, mark),
            sheet.body(sheet.event.time, mark, 0.8),
        ],
        "m",
        "middle",
        0.3 * height,
    )


def sunburst(sheet):
    """Rays from the middle, the emblem on them, words on bands above and below."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    sheet.image.paste(rays(rng, (width, height), p, (0.5, 0.5)))
    bands = 0.26 * height, 0.76 * height
    ground = chosen(rng, (p.ink, p.ground))
    lean = chosen(rng, (0, 0.03, -0.03)) * height
    draw = ImageDraw.Draw(sheet.image)
    draw.polygon([(0, 0), (width, 0), (width, bands[0] + lean), (0, bands[0] - lean)], fill=ground)
    draw.polygon([(0, height), (width, height), (width, bands[1] + lean), (0, bands[1] - lean)], fill=ground)
    edge, ink = 0.07 * sheet.unit, p.on(ground)
    paste_at(sheet.image, grown(sheet.event.emoji, round(min(0.62 * width, 0.4 * height))), (width / 2, height / 2))
    stack(sheet, (edge, edge, width - edge, bands[0] - abs(lean) - edge / 2), [sheet.title(ink)], "m", "middle")
    stack(
        sheet,
        (edge, bands[1] + abs(lean) + edge / 2, width - edge, height - edge),
        [*facts(sheet, ink, 1), *small(sheet, ink, 0.6)],
        "m",
        "middle",
        0.1 * sheet.unit,
    )


def circles(sheet):
    """Large discs that overlap, as printed in thin inks; words in a corner."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    filled(sheet, p.ground)
    along = width > 1.2 * height
    for index in range(int(rng.integers(3, 6))):
        r = sheet.unit * rng.uniform(0.16, 0.36)
        x, y = rng.uniform(0.05, 0.95) * width, rng.uniform(0.05, 0.95) * height
        if along:
            x = max(0.57 * width + r, 0.66 * width + 0.34 * x)  # clear of the words
        else:
            y = min(0.53 * height - r, 0.4 * y)
        mask = Image.new("L", sheet.image.size)
        draw = ImageDraw.Draw(mask)
        if rng.random() < 0.3:
            draw.ellipse((x - r, y - r, x + r, y + r), outline=255, width=round(0.3 * r))
        else:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=205)
        sheet.image.paste(p.accents[index % 3], mask=mask)
    left, top, right, bottom = margins(sheet, 0.08)
    box = (left, top, 0.55 * width, bottom) if along else (left, 0.55 * height, right, bottom)
    words = [sheet.title(p.ink), *facts(sheet, p.ink), sheet.body(sheet.event.prose, p.ink, 0.18), *small(sheet, p.ink)]
    stack(sheet, box, words, "l", "bottom", 0.4 * sheet.unit)


def tilted_label(sheet):
    """A pattern or picture, and a label stuck on it at a slant."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    if rng.random() < 0.4:
        wallpaper(sheet)
    else:
        picture(sheet, (0, 0, width, height), (*PATTERNS, stage, lamps))
    size = round(0.84 * width), round(min(0.62 * height, 1.1 * width))
    ground = chosen(rng, (p.ground, p.ink, WHITE))
    label = Sheet(Image.new("RGB", size, ground), rng, p, sheet.face, sheet.event)
    ink = p.on(ground)
    words = [label.kicker(ink), label.title(ink), *facts(label, ink), label.body(sheet.event.prose, ink, 0.17)]
    stack(label, inset((0, 0, *size), 0.08 * min(size)), words, "m", "middle", 0.3 * min(size))
    angle = rng.uniform(-8, 8)
    mask = Image.new("L", size, 255).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    turned = label.image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
    left, top = (width - turned.width) // 2, round((height - turned.height) * rng.uniform(0.3, 0.7))
    sheet.image.paste(
        mixed(p.ink, BLACK, 0.5),
        (left + 8, top + 12),
        mask.point([level // 3 for level in range(256)]).filter(ImageFilter.BoxBlur(8)),
    )
    sheet.image.paste(turned, (left, top), mask)
    sheet.taken.append((left, top, left + turned.width, top + turned.height))


# Each with the least and the most width / height that it is made for.
LAYOUTS = (
    (centred, 0.4, 1.05), (split, 0.3, 3.6), (big_picture, 0.42, 2.0), (programme, 0.45, 2.2), (typographic, 0.3, 1.9),
    (grid, 0.3, 3.6), (banner, 1.9, 3.6), (banner, 2.3, 3.6), (sunburst, 0.42, 1.2), (circles, 0.4, 2.6),
    (framed, 0.5, 1.8), (line_up, 0.45, 2.2), (upright_title, 0.29, 0.6), (upright_title, 0.29, 0.45),
    (tilted_label, 0.45, 1.6),
)  # fmt: skip
