"""The course's logo, and other logos that are easily taken for it: drawn badges, RGBA.

The logo is an eye on layers: a rhombus with a pupil, and two more rhombuses below it of which the lower edges are
seen, on a square badge with round corners. It comes in the colours of `COATS`. The others share its badge, its
colours or a part of its drawing, never all of it.
"""

import math

import numpy as np
from lettering import font
from pen import Colour, Pen, oval, smooth
from photo import chosen
from PIL import Image, ImageDraw

FINER = 4
INDIGO, ORANGE, TEAL, LEMON, WHITE = (44, 44, 128), (255, 138, 36), (0, 124, 124), (255, 212, 64), (255, 255, 255)
COATS = ((INDIGO, WHITE, ORANGE), (WHITE, INDIGO, ORANGE), (ORANGE, WHITE, INDIGO), (TEAL, WHITE, LEMON))
# Of the badge, of what is drawn, of its one detail; the others have these, too.
OTHER_COATS = (((196, 40, 62), WHITE, LEMON), ((30, 30, 34), WHITE, (120, 220, 160)), (LEMON, (40, 36, 30), WHITE),
               (WHITE, (190, 40, 90), (40, 40, 60)), ((104, 52, 140), WHITE, (255, 170, 200)),
               ((44, 120, 60), (250, 244, 210), ORANGE))  # fmt: skip
Coat = tuple[Colour, Colour, Colour]


def logo(side: int, coat: Coat) -> Image.Image:
    """The course's logo."""
    return drawn(eye_on_layers, "square", side, coat)


def other_logo(side: int, coat: Coat, rng: np.random.Generator) -> Image.Image:
    """Some logo that is not the course's."""
    shape = chosen(rng, ("square", "square", "square", "circle", "hexagon", "shield"))
    return drawn(chosen(rng, OTHERS), shape, side, coat)


def drawn(what, shape: str, side: int, coat: Coat) -> Image.Image:
    image = Image.new("RGBA", (side * FINER, side * FINER))
    pen = Pen(image, (side * FINER / 2, side * FINER / 2), side * FINER / 2)
    pen.fill(BADGES[shape], coat[0])
    what(pen, *coat)
    return image.reduce(FINER)


def round_square(corner: float = 0.44) -> list[tuple[float, float]]:
    quarter = [(math.cos(turn * math.pi / 16), math.sin(turn * math.pi / 16)) for turn in range(9)]
    inner, points = 1 - corner, []
    for a, b in [(1, 0), (0, 1), (-1, 0), (0, -1)]:  # each corner is the first, turned
        points += [
            (a * (inner + corner * x) - b * (inner + corner * y), b * (inner + corner * x) + a * (inner + corner * y))
            for x, y in quarter
        ]
    return points


BADGES = {
    "square": round_square(),
    "circle": oval(0, 0, 1),
    "hexagon": [(math.sin(turn * math.pi / 3), -math.cos(turn * math.pi / 3)) for turn in range(6)],
    "shield": [
        (-0.88, -0.95),
        (0.88, -0.95),
        *((0.88 * math.cos(t * math.pi / 16), 0.1 + 0.88 * math.sin(t * math.pi / 16)) for t in range(17)),
    ],  # fmt: skip
}


# --- drawings: (pen, colour of the badge, of the drawing, of its detail) -> None --------------------


def rhombus(y: float, across: float, down: float) -> list[tuple[float, float]]:
    return [(0, y - down), (across, y), (0, y + down), (-across, y)]


def edge(pen: Pen, y: float, colour: Colour, across: float = 0.74, down: float = 0.42, thick: float = 0.15) -> None:
    """The lower edge of a layer that lies under another."""
    pen.fill(
        [(-across, y), (0, y + down), (across, y), (across, y + thick), (0, y + down + thick), (-across, y + thick)],
        colour,
    )


def eye_on_layers(pen, ground, ink, detail):
    pen.fill(rhombus(-0.27, 0.78, 0.46), ink)
    pen.fill(oval(0, -0.27, 0.27), detail)
    edge(pen, 0.02, ink)
    edge(pen, 0.3, ink)


def plain_layers(pen, ground, ink, detail):
    pen.fill(rhombus(-0.27, 0.78, 0.46), detail)
    edge(pen, 0.02, ink)
    edge(pen, 0.3, ink)


def eye(pen, ground, ink, detail):
    pen.fill(
        smooth([(-0.82, 0), (-0.4, -0.38), (0, -0.5), (0.4, -0.38), (0.82, 0), (0.4, 0.38), (0, 0.5), (-0.4, 0.38)]),
        ink,
    )
    pen.fill(oval(0, 0, 0.34), detail)
    pen.fill(oval(0, 0, 0.15), ground)


def chevrons(pen, ground, ink, detail):
    for y, shade in ((-0.75, detail), (-0.3, ink), (0.15, ink)):
        edge(pen, y, shade, 0.62, 0.4, 0.24)


def rings(pen, ground, ink, detail):
    for radius, shade in ((0.78, ink), (0.56, ground), (0.36, detail)):
        pen.fill(oval(0, 0, radius), shade)


def peaks(pen, ground, ink, detail):
    pen.fill([(-0.78, 0.56), (-0.2, -0.44), (0.12, 0.08), (0.3, -0.14), (0.78, 0.56)], ink)
    pen.fill(oval(0.42, -0.46, 0.18), detail)


def bars(pen, ground, ink, detail):
    for x, top, shade in ((-0.5, 0.1, ink), (0, -0.3, detail), (0.5, -0.66, ink)):
        pen.fill([(x - 0.18, top), (x + 0.18, top), (x + 0.18, 0.62), (x - 0.18, 0.62)], shade)


def arrow(pen, ground, ink, detail):
    pen.fill([(-0.42, -0.62), (0.72, 0), (-0.42, 0.62)], ink)
    pen.fill(oval(-0.16, 0, 0.18), detail)


def star(pen, ground, ink, detail):
    turns = [(math.pi * step / 5, 0.8 if step % 2 == 0 else 0.34) for step in range(10)]
    pen.fill([(far * math.sin(turn), 0.04 - far * math.cos(turn)) for turn, far in turns], ink)
    pen.fill(oval(0, 0.04, 0.17), detail)


def waves(pen, ground, ink, detail):
    for y, shade in ((-0.42, detail), (0, ink), (0.42, ink)):
        pen.line([(x / 10, y + 0.15 * math.sin(x * math.pi / 4)) for x in range(-7, 8)], 0.2, shade)


def petals(pen, ground, ink, detail):
    for step in range(6):
        turn = math.pi * step / 3
        pen.fill(oval(0.45 * math.sin(turn), -0.45 * math.cos(turn), 0.28), ink)
    pen.fill(oval(0, 0, 0.25), detail)


def house(pen, ground, ink, detail):
    pen.fill([(-0.74, -0.02), (0, -0.7), (0.74, -0.02), (0.52, -0.02), (0.52, 0.6), (-0.52, 0.6), (-0.52, -0.02)], ink)
    pen.fill([(-0.17, 0.12), (0.17, 0.12), (0.17, 0.6), (-0.17, 0.6)], detail)


def letter(pen, ground, ink, detail):
    size = round(pen.radius * 1.35)
    draw = ImageDraw.Draw(pen.picture)
    draw.text(
        (round(pen.middle[0]), round(pen.middle[1] + 0.48 * pen.radius)), "R", ink, font("serif bold", size), "ms"
    )
    pen.fill(oval(0.58, 0.42, 0.14), detail)


OTHERS = (plain_layers, eye, chevrons, rings, peaks, bars, arrow, star, waves, petals, house, letter)
