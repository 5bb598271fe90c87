"""Layouts of posters in which words lead: programmes, bills, invitations, large letters.

A layout is a function (sheet) -> None, as in `poster_layouts`.
"""

from palettes import WHITE, apart, mixed
from photo import chosen
from PIL import Image, ImageDraw
from poster_art import PATTERNS, stage
from poster_parts import accent, facts, filled, inset, landscape_below, margins, picture, spread, timetable
from poster_text import HELD, Line, Sheet, stack
from prints import grown, paste_at


def programme(sheet):
    """A title, and a list of times and names with rules between."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    filled(sheet, p.ground)
    left, top, right, bottom = margins(sheet, 0.07)
    wide = width > 1.25 * height
    head = (0, 0, 0.42 * width, height) if wide else (0, 0, width, 0.3 * height)
    if rng.random() < 0.5:
        shade = accent(sheet)
        filled(sheet, shade, head)
    else:
        shade = p.ground
        picture(sheet, head, PATTERNS)
        veil = inset(head, 0.05 * sheet.unit)
        filled(sheet, p.ground, veil)
    box = inset(head, 0.09 * sheet.unit)
    stack(
        sheet,
        box,
        [sheet.kicker(p.on(shade)), sheet.title(p.on(shade)), *facts(sheet, p.on(shade))[:1]],
        "l",
        "middle",
        0.38 * sheet.unit,
    )
    area = (head[2] + left, top, right, bottom) if wide else (left, head[3] + 0.04 * height, right, bottom)
    timetable(sheet, area)


def typographic(sheet):
    """Nothing but words, each as wide as the sheet."""
    p, rng, height = sheet.palette, sheet.rng, sheet.image.height
    ground = chosen(rng, (p.ground, p.accents[0], p.accents[1]))
    filled(sheet, ground)
    left, top, right, bottom = margins(sheet, 0.07)
    words = [word for word in sheet.event.title.upper().split() if word != "&"]
    if len(words) < 3:
        words.append(sheet.event.date.split()[-1].upper() if " " in sheet.event.date else sheet.event.time)
    foot, gap = bottom - 0.14 * (bottom - top), 0.02 * height
    inks = [ink for ink in (p.on(ground), *p.accents, p.ink) if apart(ink, ground) > 75] or [p.on(ground)]
    each = (foot - top - gap * len(words)) / len(words)
    for index, word in enumerate(words):
        top += gap + spread(sheet, word, (left, top, right, top + each), inks[index % len(inks)])
    if foot - top > 0.2 * height:  # the words are not that high
        picture(sheet, (0, top + gap, right + left, foot - gap), PATTERNS)
    ink = p.on(ground)
    half = left + 0.5 * (right - left)
    stack(sheet, (left, foot, half, bottom), facts(sheet, ink, 1)[:1], "l", "bottom", 0.055 * sheet.unit)
    stack(sheet, (half, foot, right, bottom), facts(sheet, ink, 1)[1:], "r", "bottom", 0.055 * sheet.unit)


def framed(sheet):
    """A quiet sheet in a double frame, set as an invitation."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    filled(sheet, p.ground)
    draw, mark = ImageDraw.Draw(sheet.image), accent(sheet, least=80)
    for share, thick in ((0.05, 8), (0.075, 3)):
        draw.rectangle(margins(sheet, share), outline=mark, width=thick)
    box, middle = margins(sheet, 0.2), width / 2
    face = chosen(rng, ("book", "serif"))
    words = [
        Line(sheet.event.kicker, f"{face} italic", 0.3, mark),
        Line(sheet.event.title, f"{face} bold", 1.0, p.ink, leading=1.15),
        Line("◆   ◆   ◆", "sans", 0.16, mark, leading=2.4),
        Line(sheet.event.prose, f"{face} italic", 0.26, p.ink, leading=1.35),
        Line(f"{sheet.event.date}, {sheet.event.time}", f"{face} bold", 0.3, p.ink, leading=1.9),
        Line(sheet.event.venue, face, 0.26, p.ink),
    ]
    if height > 1.1 * width:
        side = 0.2 * height
        paste_at(sheet.image, grown(sheet.event.emoji, round(0.85 * side)), (middle, box[1] + 0.4 * side))
        box = (box[0], box[1] + side, box[2], box[3])
    stack(sheet, box, words, "m", "middle", 0.2 * sheet.unit)


def line_up(sheet):
    """A festival's bill: many names, the first ones larger, above a landscape or on a stage."""
    p, (width, height) = sheet.palette, sheet.image.size
    left, top, right, bottom = margins(sheet, 0.08)
    if sheet.rng.random() < 0.4:
        picture(sheet, (0, 0, width, height), (stage,))
        ink, light = WHITE, mixed(p.accents[1], WHITE, 0.7)
    else:
        filled(sheet, p.ground)
        ink, light, bottom = p.ink, accent(sheet, least=80), round(0.7 * height)
        landscape_below(sheet, bottom)
    event = sheet.event
    names = [name.replace(" ", HELD) for name in event.names]
    bill = [
        sheet.kicker(light, 0.2),
        sheet.title(ink, 0.9),
        sheet.body(f"{event.date.replace(' ', HELD)}, {event.venue}", light, 0.26, True),
    ]
    for group, size in ((names[:2], 0.34), (names[2:5], 0.24), (names[5:10], 0.17)):
        bill.append(sheet.body(f"{HELD}· ".join(group), ink, size))
    stack(sheet, (left, top, right, bottom - 0.03 * height), bill, "m", "middle", 0.3 * sheet.unit)


def upright_title(sheet):
    """The title runs up the long side."""
    p, rng, (width, height) = sheet.palette, sheet.rng, sheet.image.size
    ground = chosen(rng, (p.ground, p.accents[0], p.accents[2]))
    side = Sheet(Image.new("RGB", (height, width), ground), rng, p, sheet.face, sheet.event)
    ink = p.on(ground)
    side.image.paste(chosen(rng, PATTERNS)(rng, (round(0.24 * height), width), p), (0, 0))
    stack(side, (0.28 * height, 0.08 * width, 0.95 * height, 0.72 * width), [side.title(ink)], "l", "middle")
    stack(
        side,
        (0.28 * height, 0.72 * width, 0.95 * height, 0.94 * width),
        facts(side, ink, 1),
        "l",
        "middle",
        0.075 * width,
    )
    sheet.image.paste(side.image.transpose(Image.Transpose.ROTATE_90))
    sheet.taken += [(a, height - c, b, height - d) for d, a, c, b in side.taken]
