"""Printed pages: letters, invoices, forms, reports, tables and receipts with invented text, as flat pictures.

`page` draws one of any shape, 1,000 pixels on its long side, so that it looks like print once it is shrunk. The same
pages lie on desks (papers.py) and shine from screens (screens.py): what is on a page never tells paper from screen.
"""

import numpy as np
from lettering import block, fitted, invented, person
from page_parts import (
    WORDS,
    Sheet,
    bars,
    boxes,
    chart,
    ended,
    field,
    heading,
    letterhead,
    number,
    points,
    price,
    rule,
    signature,
    subheading,
    table,
    text,
)
from photo import chosen
from PIL import Image

LONG = 1000


def page(rng: np.random.Generator, aspect: float) -> Image.Image:
    """A page of any kind, RGB; aspect is width by height."""
    size = (round(LONG * min(1, aspect)), round(LONG * min(1, 1 / aspect)))
    sheet = Sheet(rng, size)
    kinds = [receipt] if aspect < 0.6 and rng.random() < 0.7 else [letter, invoice, form, report, report, table_page]
    chosen(rng, kinds)(sheet)
    return sheet.image


# --- kinds of pages --------------------------------------------------------------------------------


def letter(sheet: Sheet) -> None:
    letterhead(sheet)
    for line in (person(sheet.rng), f"{number(sheet.rng, 2)} {invented(sheet.rng).capitalize()} Road"):
        sheet.write(line, sheet.letters())
    sheet.gap(2)
    sheet.write(f"{chosen(sheet.rng, WORDS)} of the {invented(sheet.rng)}", sheet.letters(bold=True))
    sheet.gap()
    for _ in range(int(sheet.rng.integers(2, 6))):
        text(sheet)
    signature(sheet)


def invoice(sheet: Sheet) -> None:
    letterhead(sheet)
    sheet.write(
        f"{chosen(sheet.rng, ['Invoice', 'Offer', 'Delivery note'])} {number(sheet.rng, 5)}", sheet.letters(True, 1.5)
    )
    sheet.gap()
    table(sheet, rows=int(sheet.rng.integers(5, 12)))
    for name in ("Sum", "Tax", "Total"):
        sheet.draw.text((sheet.right - 9 * sheet.unit, sheet.y), name, sheet.ink, sheet.letters(name == "Total"))
        sheet.write(price(sheet.rng), sheet.letters(name == "Total"), x=sheet.right, anchor="r")
    sheet.gap()
    text(sheet)
    ended(sheet)


def form(sheet: Sheet) -> None:
    heading(sheet)
    for _ in range(int(sheet.rng.integers(6, 14))):
        if sheet.full:
            break
        chosen(sheet.rng, [field, field, boxes])(sheet)
    ended(sheet)


def report(sheet: Sheet) -> None:
    heading(sheet)
    columns = 2 if sheet.rng.random() < (0.25 if sheet.image.width < sheet.image.height else 0.8) else 1
    left, right, top = sheet.left, sheet.right, sheet.y
    for column in range(columns):
        width = (right - left) / columns
        sheet.left, sheet.right, sheet.y = round(left + column * width), round(left + (column + 0.93) * width), top
        if columns == 1:
            sheet.right = right
        while not sheet.full:
            chosen(sheet.rng, [text, text, text, subheading, points, chart, table])(sheet)


def table_page(sheet: Sheet) -> None:
    heading(sheet)
    text(sheet)
    while not sheet.full:
        table(sheet, rows=int(sheet.rng.integers(6, 30)))
    ended(sheet)


def receipt(sheet: Sheet) -> None:
    sheet.family, sheet.ink, middle = "mono", (50, 50, 55), sheet.image.width // 2
    sheet.unit = round(sheet.image.width / sheet.rng.uniform(19, 26))
    name = invented(sheet.rng).upper()
    block(
        sheet.image,
        (middle, sheet.y),
        [name],
        fitted(name, "mono bold", sheet.image.width * 0.7, 60),
        sheet.ink,
        anchor="m",
    )
    sheet.gap(4)
    while sheet.y < sheet.bottom - 13 * sheet.unit:
        sheet.draw.text(
            (sheet.left, sheet.y), f"{sheet.rng.integers(1, 9)} {chosen(sheet.rng, WORDS)}", sheet.ink, sheet.letters()
        )
        sheet.write(price(sheet.rng), sheet.letters(), x=sheet.right, anchor="r")
    rule(sheet)
    sheet.draw.text((sheet.left, sheet.y), "TOTAL", sheet.ink, sheet.letters(True, 1.3))
    sheet.write(price(sheet.rng), sheet.letters(True, 1.3), x=sheet.right, anchor="r")
    sheet.gap()
    bars(sheet.draw, sheet.rng, (sheet.left, sheet.y, sheet.right, sheet.y + 5 * sheet.unit), sheet.ink)
