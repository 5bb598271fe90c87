"""What posters say, and how it is set: invented events, and lines stacked in a box as large as they fit.

A `Sheet` is a poster in the making: the image at twice its size, its colours, its fonts, its event, and the boxes
that letters have taken, so that a logo can keep clear of them.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from lettering import ADJECTIVES, NOUNS, font, invented, line_mask, person, sentence, wrapped
from palettes import Palette
from pen import Colour
from photo import chosen
from PIL import Image

Box = tuple[float, float, float, float]
HELD = "\u00a0"  # a space at which no line is broken
SMALLEST = 20  # pixels of the finer image: 10 in the poster

# Which stickers go with which events.
THEMES = (
    ("🎸🎤", ("Garage Night", "Loud & Local", "Six Strings", "Plugged In", "Encore", "Riff Week", "The Late Show")),
    ("🎺🎷", ("Brass on the Quay", "Jazz Cellar", "Blue Hour", "Swing Sunday", "Big Band Ball", "After Dark")),
    ("🎻", ("Night of Strings", "Chamber Days", "Four Seasons", "Quartet", "Winter Concert", "Slow Music")),
    ("🎨🎭", ("Open Studios", "Art Walk", "Colour!", "Masks & Myths", "Stage Left", "The Paper Crown", "New Works")),
    ("📷", ("Light & Silver", "Photo Walk", "Ten Thousand Frames", "Exposure", "Seen at Night")),
    ("🏔", ("Peak Days", "The High Trail", "Above the Clouds", "Mountain Film", "Ridge Run", "Summit")),
    ("🏖🌍", ("Far Away", "Long Summer", "Travellers' Tales", "Beach Clean-Up", "One Planet", "Slow Travel")),
    ("🌻🌹", ("Flower Market", "Garden Day", "Seed Swap", "In Full Bloom", "Spring Fair", "Rose Week")),
    ("🍕🍰🎂", ("Street Food", "Bake Off", "The Long Table", "Taste!", "Sweet Sunday", "Pizza & Poems")),
    ("⚽🏀🎾", ("Cup Final", "City Games", "Match Day", "Play Ball", "Summer League", "Open Court")),
    ("🚀🌍", ("Space Week", "To the Moon", "Science Night", "Countdown", "Ask an Engineer", "Lift Off")),
    ("🎈🎡🎪", ("Summer Fair", "Big Top", "Kite Day", "The Night Circus Club", "Up & Away", "Family Day")),
    ("🎓🎤", ("Open Campus", "Spelling Night", "Poetry Slam", "First Lines", "Talk to Me", "Study Fair")),
)  # fmt: skip
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
EXTRAS = ("Children free", "Doors half an hour before", "Rain or shine", "Bring a friend", "Step-free access")

# Style of the headline, how condensed, how tracked, whether in capitals; and the style of the rest.
FACES = (
    ("sans bold", 0.7, 0.0, True, "sans"), ("sans bold", 0.62, 0.03, True, "sans"),
    ("sans bold", 1.0, -0.03, False, "sans"), ("serif bold", 0.9, -0.02, False, "serif"),
    ("serif bold", 0.75, 0.02, True, "sans"), ("book bold", 1.0, 0.0, False, "book"),
    ("book italic", 1.0, 0.0, False, "book"), ("serif bold italic", 0.85, -0.02, False, "serif"),
    ("mono bold", 0.85, 0.0, True, "mono"), ("sans", 0.85, 0.12, True, "sans"),
    ("book bold", 0.85, 0.1, True, "book"), ("sans bold italic", 0.8, 0.0, True, "sans"),
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that will never take place."""

    title: str
    emoji: str
    kicker: str
    date: str
    time: str
    venue: str
    names: tuple[str, ...]
    prose: str
    small: str


@dataclass(frozen=True)
class Line:
    """A text and how it is set; sizes are relative to one another inside a stack."""

    text: str
    style: str
    size: float
    ink: Colour
    condensed: float = 1.0
    tracking: float = 0.0
    leading: float = 1.25
    rows: tuple[str, ...] = ()  # filled in once the width is known


@dataclass
class Sheet:
    """A poster in the making, at twice its size."""

    image: Image.Image
    rng: np.random.Generator
    palette: Palette
    face: tuple
    event: Event
    taken: list[Box] = field(default_factory=list)

    @property
    def unit(self) -> int:
        """The shorter side."""
        return min(self.image.size)

    def title(self, ink: Colour, size: float = 1.0, text: str = "") -> Line:
        style, condensed, tracking, capitals, _ = self.face
        text = text or self.event.title
        return Line(text.upper() if capitals else text, style, size, ink, condensed, tracking, 1.08)

    def body(self, text: str, ink: Colour, size: float = 0.24, bold: bool = False) -> Line:
        return Line(text, self.face[4] + (" bold" if bold else ""), size, ink)

    def kicker(self, ink: Colour, size: float = 0.22) -> Line:
        return Line(self.event.kicker.upper(), self.face[4], size, ink, tracking=0.14, leading=1.6)


def an_event(rng: np.random.Generator) -> Event:
    emojis, titles = chosen(rng, THEMES)
    town, month = invented(rng).capitalize(), chosen(rng, MONTHS)
    kickers = (f"{town} presents", f"The {int(rng.integers(4, 20))}th year", "Open air", f"{town} festival",
               "Free entry", f"Live in {town}", "Save the date", f"{month} programme")  # fmt: skip
    venues = (f"{town} Hall", f"Old Mill, {town}", f"{town} Square", f"Station {town}",
              f"{invented(rng).capitalize()} Gardens", f"Pier {int(rng.integers(2, 9))}, {town}")  # fmt: skip
    return Event(
        title=chosen(rng, titles),
        emoji=chosen(rng, emojis),
        kicker=chosen(rng, kickers),
        date=a_date(rng, month),
        time=f"{int(rng.integers(10, 22))}:{chosen(rng, ('00', '15', '30', '45'))}",
        venue=chosen(rng, venues),
        names=tuple(a_name(rng) for _ in range(14)),
        prose=sentence(rng),
        small=f"Tickets at the door and at {town.lower()}.example{HELD}· {chosen(rng, EXTRAS)}",
    )


def a_date(rng: np.random.Generator, month: str) -> str:
    """A day or some days that every month has."""
    day, days = int(rng.integers(1, 25)), int(rng.integers(1, 4))
    forms = (f"{chosen(rng, DAYS)} {day} {month}", f"{day} {month}", f"{day} – {day + days} {month}",
             f"{day}.{MONTHS.index(month) + 1}.")  # fmt: skip
    return chosen(rng, forms)


def a_name(rng: np.random.Generator) -> str:
    """A person, a band or a talk of nobody."""
    noun = chosen(rng, NOUNS).capitalize()
    return chosen(
        rng,
        [
            person(rng),
            person(rng),
            f"The {chosen(rng, ADJECTIVES).capitalize()} {noun}",
            f"{noun} & {chosen(rng, NOUNS).capitalize()}",
            f"{invented(rng).capitalize()} Trio",
        ],
    )


# --- setting ---------------------------------------------------------------------------------------


def stack(
    sheet: Sheet, box: Box, lines: list[Line], align: str = "l", upright: str = "middle", most: float = 1e9
) -> Box:
    """Sets lines below one another, all as large as the box lets them be.

    Args:
        align: "l", "m" or "r".
        upright: where in the box they stand: "top", "middle" or "bottom".
        most: pixels of a line of size 1.

    Returns:
        The box that was filled. Where there is no room at all, the last lines are left out.
    """
    left, top, right, bottom = box
    most = min(most, 1.2 * (bottom - top), 0.9 * (right - left))
    while len(lines) > 1 and not fits(lines, right - left, bottom - top, SMALLEST):
        lines = lines[:-1]
    scale = most
    while scale > SMALLEST and not fits(lines, right - left, bottom - top, scale):
        scale *= 0.95
    ready = [rowed(line, right - left, scale) for line in lines]
    spare = bottom - top - high(ready)
    y = top + {"top": 0, "middle": spare / 2, "bottom": spare}[upright]
    x = {"l": left, "m": (left + right) / 2, "r": right}[align]
    first = y
    for line in ready:
        y = set_rows(sheet, line, (x, y), align)
    return left, first, right, y


def pixels(line: Line, scale: float) -> int:
    return max(SMALLEST, round(scale * line.size))


def rowed(line: Line, width: float, scale: float) -> Line:
    """The line in absolute pixels, broken into rows."""
    letters = font(line.style, pixels(line, scale))
    natural = 1 + line.tracking / 0.6  # a letter is about 0.6 of its font wide
    rows = wrapped(line.text, letters, width / (line.condensed * max(1.0, natural)))
    return replace(line, size=letters.size, rows=tuple(rows))


def fits(lines: list[Line], width: float, height: float, scale: float) -> bool:
    ready = [rowed(line, width, scale) for line in lines]
    return high(ready) <= height and all(wide(line, row) <= width for line in ready for row in line.rows)


def wide(line: Line, row: str) -> float:
    return line.condensed * (font(line.style, line.size).getlength(row) + line.tracking * line.size * len(row))


def high(lines: list[Line]) -> float:
    return sum(line.leading * line.size * len(line.rows) for line in lines)


def set_rows(sheet: Sheet, line: Line, place: tuple[float, float], align: str) -> float:
    """Draws a line's rows from a place down; returns the y below them."""
    (x, y), letters = place, font(line.style, line.size)
    for row in line.rows:
        mask = line_mask(row, letters, line.tracking, line.condensed)
        ink = mask.getbbox() or (0, 0, 1, 1)
        start = {"l": x - ink[0], "m": x - (ink[0] + ink[2]) / 2, "r": x - ink[2]}[align]
        base = y + (line.leading - 1) * line.size / 2 + 0.82 * line.size
        left, top = round(start), round(base) - letters.getmetrics()[0]
        sheet.image.paste(line.ink, (left, top), mask)
        sheet.taken.append((left + ink[0], top + ink[1], left + ink[2], top + ink[3]))
        y += line.leading * line.size
    return y
