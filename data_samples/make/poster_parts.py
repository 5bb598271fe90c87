"""What layouts of posters are made of: grounds, pictures, the event's sticker, lists, stretched words.

Boxes are (left, top, right, bottom) in pixels of the finer image.
"""

import math

from lettering import font, stencil
from palettes import apart, mixed
from photo import chosen
from PIL import Image, ImageDraw
from poster_art import LANDSCAPES, PICTURES, rays
from poster_text import HELD, stack
from prints import dotted, grown, paste_at


def filled(sheet, colour, box=None):
    ImageDraw.Draw(sheet.image).rectangle(box or (0, 0, *sheet.image.size), fill=colour)


def margins(sheet, share=0.08):
    width, height = sheet.image.size
    edge = share * sheet.unit
    return edge, edge, width - edge, height - edge


def inset(box, edge):
    return box[0] + edge, box[1] + edge, box[2] - edge, box[3] - edge


def picture(sheet, box, kinds=PICTURES):
    left, top, right, bottom = (round(value) for value in box)
    size = max(8, right - left), max(8, bottom - top)
    sheet.image.paste(chosen(sheet.rng, kinds)(sheet.rng, size, sheet.palette), (left, top))


def accent(sheet, away_from=None, least=40):
    """One of the accents, unlike a ground: for letters by 80 at least."""
    ground = away_from or sheet.palette.ground
    far = [shade for shade in sheet.palette.accents if apart(shade, ground) > least]
    return chosen(sheet.rng, far or [sheet.palette.on(ground)])


def facts(sheet, ink, size=0.26):
    """When and where, in a few lines."""
    event = sheet.event
    date = f"{event.date.replace(' ', HELD)}, {event.time}"
    return [sheet.body(date, ink, size, bold=True), sheet.body(event.venue, ink, size)]


def small(sheet, ink, size=0.13):
    return [sheet.body(sheet.event.small, ink, size)]


def shade_over(sheet, box, colour, strength=235, upward=True):
    """A veil that thickens towards one edge of the box."""
    left, top, right, bottom = (round(value) for value in box)
    ramp = Image.linear_gradient("L").resize((right - left, bottom - top))
    veil = ramp.point([min(strength, level * 2) for level in range(256)])
    if not upward:
        veil = veil.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    sheet.image.paste(colour, (left, top), veil)


def emblem(sheet, middle, side, ground):
    """The event's sticker: bare, on a disc, on rays, or printed in dots."""
    p, rng, (x, y), r = sheet.palette, sheet.rng, middle, side / 2
    draw, disc = ImageDraw.Draw(sheet.image), (x - r, y - r, x + r, y + r)
    kind = chosen(rng, ("disc", "ring", "rays", "dots", "dots", "blob"))
    shade = accent(sheet, ground)
    if kind == "dots":
        draw.ellipse(disc, fill=shade)
        dotted(sheet.image, sheet.event.emoji, middle, 0.74 * side, p.on(shade), int(rng.integers(30, 44)))
        return
    if kind == "rays":
        mask = Image.new("L", sheet.image.size)
        ImageDraw.Draw(mask).ellipse(disc, fill=255)
        sheet.image.paste(rays(rng, sheet.image.size, p, (x / sheet.image.width, y / sheet.image.height)), mask=mask)
    elif kind == "blob":
        turns = [math.pi * step / 60 for step in range(120)]
        rim = [(r * (0.92 + 0.08 * math.sin(9 * turn)), turn) for turn in turns]
        draw.polygon([(x + far * math.cos(turn), y + far * math.sin(turn)) for far, turn in rim], fill=shade)
    else:
        draw.ellipse(disc, fill=shade)
        if kind == "ring":
            draw.ellipse(inset(disc, 0.12 * r), outline=p.ground, width=max(4, round(0.05 * r)))
    paste_at(sheet.image, grown(sheet.event.emoji, round(1.24 * r)), middle)


def wallpaper(sheet):
    """The event's sticker again and again, in staggered rows."""
    ground = accent(sheet)
    filled(sheet, ground)
    side = round(sheet.unit * sheet.rng.uniform(0.12, 0.2))
    thing, step = grown(sheet.event.emoji, side), round(1.5 * side)
    turned = thing.rotate(24, Image.Resampling.BICUBIC, expand=True)
    for row, y in enumerate(range(0, sheet.image.height + step, step)):
        for column, x in enumerate(range(0, sheet.image.width + step, step)):
            paste_at(sheet.image, turned if (row + column) % 2 else thing, (x + step // 2 * (row % 2), y))


def landscape_below(sheet, top):
    """Hills, houses or the sea along the foot of the sheet, cut off straight or by a wave."""
    width, height = sheet.image.size
    land = chosen(sheet.rng, LANDSCAPES)(sheet.rng, (width, height - top), sheet.palette)
    tall, turns = chosen(sheet.rng, (0, 0.02 * height)), sheet.rng.uniform(1, 3)
    crest = [(x, tall * (1 + math.sin(turns * 6.3 * x / width))) for x in range(0, width + 8, 8)]
    mask = Image.new("L", land.size)
    ImageDraw.Draw(mask).polygon([*crest, (width, land.height), (0, land.height)], fill=255)
    sheet.image.paste(land, (0, top), mask)


def timetable(sheet, box):
    """Times and names with rules between them, and the small print."""
    left, top, right, bottom = box
    p, foot = sheet.palette, 0.1 * (bottom - top)
    count = max(3, min(9, int((bottom - top - foot) // (0.105 * sheet.unit))))
    step, draw, mark = (bottom - top - foot) / count, ImageDraw.Draw(sheet.image), accent(sheet, least=80)
    hour = int(sheet.rng.integers(9, 15))
    for row in range(count):
        y = top + row * step
        draw.line((left, y, right, y), fill=mixed(p.ground, p.ink, 0.45), width=3)
        first = left + 0.24 * (right - left)
        stack(
            sheet,
            (left, y, first, y + step),
            [sheet.body(f"{hour + row}:{(row * 15) % 60:02}", mark, 1, True)],
            most=0.4 * step,
        )
        stack(sheet, (first, y, right, y + step), [sheet.body(sheet.event.names[row], p.ink, 1)], most=0.4 * step)
    stack(
        sheet,
        (left, bottom - foot, right - 0.2 * (right - left), bottom),
        small(sheet, p.ink, 1),
        upright="bottom",
        most=0.04 * sheet.unit,
    )


def spread(sheet, word, box, ink):
    """A word stretched to fill a box, from its top; returns its height."""
    left, top, right, bottom = (round(value) for value in box)
    style = sheet.face[0] if "bold" in sheet.face[0] else "sans bold"
    mask = stencil(word, font(style, 200))
    size = right - left, max(8, min(bottom - top, round(2.2 * mask.height * (right - left) / mask.width)))
    sheet.image.paste(ink, (left, top), mask.resize(size, Image.Resampling.BICUBIC))
    sheet.taken.append((left, top, right, top + size[1]))
    return size[1]
