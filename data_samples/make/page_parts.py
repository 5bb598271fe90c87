"""What printed pages are made of: letterheads, headings, text, tables, charts, fields, stamps, signatures, bar codes.

A `Sheet` is a page half written: `y` is where the next line goes, `unit` the size of its running text in pixels. Each
part is a function that writes on a sheet at `y` and moves it on; nothing is written below `bottom`.
"""

import numpy as np
from lettering import NOUNS, block, font, invented, paragraph, person, stencil, wrapped
from pen import between, colour
from photo import BICUBIC, chosen
from PIL import Image, ImageDraw

GROUNDS = [(255, 255, 255), (252, 251, 247), (249, 246, 236), (244, 243, 240), (250, 244, 214), (232, 241, 248),
           (247, 232, 236), (233, 243, 230)]  # fmt: skip
WORDS = [noun.capitalize() for noun in NOUNS]


class Sheet:
    def __init__(self, rng: np.random.Generator, size: tuple[int, int]):
        self.rng = rng
        self.ground = GROUNDS[0] if rng.random() < 0.45 else chosen(rng, GROUNDS)
        self.image = Image.new("RGB", size, self.ground)
        self.draw = ImageDraw.Draw(self.image)
        self.family = chosen(rng, ["sans", "serif", "book", "book", "mono"])
        self.unit = round(min(size[0], 0.9 * size[1]) / rng.uniform(27, 48))
        self.ink = chosen(rng, [(20, 20, 22), (45, 45, 50), (25, 30, 60)])
        self.accent = colour(rng.uniform(0, 360), rng.uniform(0.5, 0.95), rng.uniform(0.3, 0.75))
        self.margin = round(size[0] * rng.uniform(0.05, 0.12))
        self.left, self.right = self.margin, size[0] - self.margin
        self.y = round(size[1] * rng.uniform(0.04, 0.08))
        self.bottom = size[1] - round(size[1] * rng.uniform(0.04, 0.12))

    @property
    def full(self) -> bool:
        return self.y > self.bottom - 2 * self.unit

    def letters(self, bold: bool = False, scale: float = 1.0):
        return font(f"{self.family}{' bold' * bold}", max(6, round(self.unit * scale)))

    def write(self, text: str, letters, ink=None, x: float | None = None, anchor: str = "l", lines: int = 99) -> None:
        """Writes at `y`, within the margins and above the bottom, and moves on."""
        x = self.left if x is None else x
        found = wrapped(text, letters, (self.right if anchor == "l" else x) - (x if anchor == "l" else self.left))
        room = max(0, int((self.bottom - self.y) / (1.3 * letters.size)))
        self.y = block(self.image, (x, self.y), found[: min(lines, room)], letters, ink or self.ink, anchor=anchor)

    def gap(self, lines: float = 1.0) -> None:
        self.y += round(lines * self.unit)


def letterhead(sheet: Sheet) -> None:
    side, rng = 3 * sheet.unit, sheet.rng
    x = chosen(rng, [sheet.left, sheet.right - side])
    chosen(rng, [sheet.draw.ellipse, sheet.draw.rectangle])((x, sheet.y, x + side, sheet.y + side), fill=sheet.accent)
    place = (x + 1.3 * side, "l") if x == sheet.left else (x - 0.3 * side, "r")
    block(sheet.image, (place[0], sheet.y), [f"{invented(rng).capitalize()} & {invented(rng).capitalize()}"],
          sheet.letters(True, 1.4), sheet.accent, anchor=place[1])  # fmt: skip
    sheet.y += round(1.4 * side)
    if rng.random() < 0.5:
        rule(sheet)
    sheet.gap()


def heading(sheet: Sheet) -> None:
    rng = sheet.rng
    if rng.random() < 0.25:  # white on a coloured bar
        sheet.draw.rectangle((0, 0, sheet.image.width, sheet.y + 3 * sheet.unit), fill=sheet.accent)
        sheet.write(f"{chosen(rng, WORDS)} and {chosen(rng, NOUNS)}", sheet.letters(True, 1.8), sheet.ground, lines=1)
    else:
        title = f"{chosen(rng, WORDS)} {chosen(rng, ['and', 'of the', 'for the'])} {chosen(rng, NOUNS)}"
        sheet.write(title, sheet.letters(True, rng.uniform(1.5, 2.6)), chosen(rng, [sheet.ink, sheet.accent]), lines=2)
    sheet.gap(1.2)


def subheading(sheet: Sheet) -> None:
    sheet.gap(0.5)
    sheet.write(f"{sheet.rng.integers(1, 9)}  {chosen(sheet.rng, WORDS)}", sheet.letters(True, 1.2), lines=1)
    sheet.gap(0.4)


def text(sheet: Sheet) -> None:
    sheet.write(paragraph(sheet.rng, int(sheet.rng.integers(2, 6))), sheet.letters())
    sheet.gap(0.7)


def points(sheet: Sheet) -> None:
    for _ in range(int(sheet.rng.integers(2, 6))):
        if not sheet.full:
            r, y = sheet.unit // 6, sheet.y + 0.6 * sheet.unit
            sheet.draw.ellipse((sheet.left + 3 * r, y - r, sheet.left + 5 * r, y + r), fill=sheet.ink)
            sheet.write(paragraph(sheet.rng, 1), sheet.letters(), x=sheet.left + 1.6 * sheet.unit, lines=2)
    sheet.gap(0.7)


def rule(sheet: Sheet) -> None:
    sheet.draw.line((sheet.left, sheet.y, sheet.right, sheet.y), fill=sheet.ink, width=2)
    sheet.gap(0.6)


def table(sheet: Sheet, rows: int = 5) -> None:
    """Rows of a word and some numbers, ruled or striped."""
    rng, step = sheet.rng, round(1.7 * sheet.unit)
    columns = int(min(rng.integers(3, 6), max(2, (sheet.right - sheet.left) // (5 * sheet.unit))))
    rows = min(rows, (sheet.bottom - sheet.y) // step)
    edges = [
        sheet.left + (sheet.right - sheet.left) * (0.0 if c == 0 else (c + 0.8) / (columns + 0.8))
        for c in range(columns + 1)
    ]
    ruled, striped = rng.random() < 0.6, rng.random() < 0.5
    for row in range(rows):
        top, bottom = sheet.y, sheet.y + step
        if row == 0 or (striped and row % 2):
            shade = sheet.accent if row == 0 else tuple(level * 23 // 25 for level in sheet.ground)
            sheet.draw.rectangle((sheet.left, top, sheet.right, bottom), fill=shade)
        ink = sheet.ground if row == 0 else sheet.ink
        sheet.draw.text((edges[0] + 5, top + 4), chosen(rng, WORDS), ink, sheet.letters(row == 0))
        for edge in edges[2:]:
            cell = chosen(rng, WORDS)[:6] if row == 0 else price(rng)
            sheet.draw.text((edge - 5, top + 4), cell, ink, sheet.letters(row == 0, 0.9), anchor="ra")
        if ruled:
            for left, right in zip(edges, edges[1:]):
                sheet.draw.rectangle((left, top, right, bottom), outline=sheet.ink)
        sheet.y = bottom
    sheet.gap(0.8)


def chart(sheet: Sheet) -> None:
    high, rng = 8 * sheet.unit, sheet.rng
    if sheet.y + high > sheet.bottom:
        return text(sheet)
    base, x = sheet.y + high, sheet.left + sheet.unit
    while x < sheet.right - sheet.unit:
        sheet.draw.rectangle((x, base - high * rng.uniform(0.2, 0.95), x + 1.3 * sheet.unit, base), fill=sheet.accent)
        x += 2 * sheet.unit
    sheet.draw.line((sheet.left, sheet.y, sheet.left, base, sheet.right, base), fill=sheet.ink, width=2)
    sheet.y = base
    sheet.gap()


def field(sheet: Sheet) -> None:
    """A name, and a box or a line with something written in by hand."""
    left, high = sheet.left + 9 * sheet.unit, round(1.9 * sheet.unit)
    sheet.draw.text((sheet.left, sheet.y + sheet.unit // 3), chosen(sheet.rng, WORDS), sheet.ink, sheet.letters())
    if sheet.rng.random() < 0.5:
        sheet.draw.rectangle((left, sheet.y, sheet.right, sheet.y + high), outline=sheet.ink, width=2)
    else:
        sheet.draw.line((left, sheet.y + high, sheet.right, sheet.y + high), fill=sheet.ink, width=2)
    if sheet.rng.random() < 0.6:
        hand = font("book italic", round(1.4 * sheet.unit))
        sheet.draw.text((left + 10, sheet.y + 2), person(sheet.rng), (35, 50, 130), hand)
    sheet.y += high + sheet.unit // 2


def boxes(sheet: Sheet) -> None:
    x, side = sheet.left, sheet.unit
    while x < sheet.right - 7 * side:
        sheet.draw.rectangle((x, sheet.y, x + side, sheet.y + side), outline=sheet.ink, width=2)
        if sheet.rng.random() < 0.35:
            sheet.draw.line((x, sheet.y, x + side, sheet.y + side), fill=(35, 50, 130), width=3)
            sheet.draw.line((x + side, sheet.y, x, sheet.y + side), fill=(35, 50, 130), width=3)
        sheet.draw.text((x + 1.5 * side, sheet.y - 2), invented(sheet.rng), sheet.ink, sheet.letters(scale=0.9))
        x += 9 * side
    sheet.gap(2)


def ended(sheet: Sheet) -> None:
    """A stamp, a signature, both or none."""
    if sheet.rng.random() < 0.55:
        stamp(sheet)
    if sheet.rng.random() < 0.5:
        signature(sheet)


def stamp(sheet: Sheet) -> None:
    rng, side = sheet.rng, 10 * sheet.unit
    ink = chosen(rng, [(40, 60, 160), (170, 35, 45), (90, 40, 140), (30, 110, 70)])
    mask = Image.new("L", (side, side))
    draw, top = ImageDraw.Draw(mask), side // 3
    if rng.random() < 0.6:
        draw.ellipse((4, 4, side - 4, side - 4), outline=255, width=side // 28)
        draw.ellipse((side // 7, side // 7, side * 6 // 7, side * 6 // 7), outline=255, width=side // 50)
    else:
        draw.rectangle((4, top - 8, side - 4, side - top + 8), outline=255, width=side // 28)
    word = stencil(
        chosen(rng, ["RECEIVED", "PAID", "COPY", "CHECKED", invented(rng).upper()]), font("sans bold", side // 6)
    )
    word = word.resize((side * 2 // 3, min(top, word.height)), BICUBIC)
    mask.paste(word, (side // 6, (side - word.height) // 2))
    mask = mask.rotate(rng.uniform(-25, 25), BICUBIC).point([level * 3 // 4 for level in range(256)])
    place = (
        rng.uniform(sheet.left, max(sheet.left + 1, sheet.right - side)),
        rng.uniform(0.35, 0.8) * sheet.image.height,
    )
    sheet.image.paste(ink, (round(place[0]), round(place[1])), mask)


def signature(sheet: Sheet) -> None:
    """A line written by hand, over a rule."""
    rng, step = sheet.rng, sheet.unit * 0.8
    y = min(sheet.y + 3 * sheet.unit, sheet.image.height - 3 * sheet.unit)
    knots = [
        (sheet.left + step * (1 + i) + rng.uniform(-1, 0.6) * step, y + rng.uniform(-1.6, 0.4) * sheet.unit)
        for i in range(9)
    ]
    curve = []
    for four in zip(knots, knots[1:], knots[2:], knots[3:]):
        xs, ys = zip(*four)
        curve += [(between(*xs, t / 8), between(*ys, t / 8)) for t in range(8)]
    sheet.draw.line(curve, fill=(30, 40, 120), width=max(2, sheet.unit // 7), joint="curve")
    sheet.draw.line((sheet.left, y + sheet.unit, sheet.left + 11 * step, y + sheet.unit), fill=sheet.ink, width=2)


def bars(draw: ImageDraw.ImageDraw, rng: np.random.Generator, box, ink) -> None:
    """A bar code that means nothing."""
    x, top, right, bottom = box
    thin = max(2, round((right - x) / 90))
    while x < right - 4 * thin:
        wide = thin * int(rng.integers(1, 4))
        draw.rectangle((x, top, x + wide - 1, bottom), fill=ink)
        x += wide + thin * int(rng.integers(1, 4))


def number(rng: np.random.Generator, digits: int) -> str:
    return str(rng.integers(10 ** (digits - 1), 10**digits))


def price(rng: np.random.Generator) -> str:
    return f"{rng.integers(1, 900)}.{rng.integers(0, 100):02}"
