"""Palettes for posters: five colours that go together; and what mixes and compares colours."""

from dataclasses import dataclass

from pen import Colour

WHITE, BLACK = (255, 255, 255), (18, 18, 22)


@dataclass(frozen=True)
class Palette:
    """The colours of a poster: letters in `ink` are legible on `ground`."""

    ground: Colour
    ink: Colour
    accents: tuple[Colour, Colour, Colour]

    def on(self, ground: Colour) -> Colour:
        """A colour for letters on any ground."""
        return max((self.ink, self.ground, WHITE, BLACK), key=lambda shade: min(110, apart(shade, ground)))


def apart(one: Colour, other: Colour) -> int:
    """How much lighter or darker one colour is than another, 0 to 255."""
    return abs(lightness(one) - lightness(other))


def lightness(colour: Colour) -> int:
    return (299 * colour[0] + 587 * colour[1] + 114 * colour[2]) // 1000


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Between two colours: 0 is the one, 1 the other."""
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other))


def palette(ground: str, ink: str, *accents: str) -> Palette:
    red_green_blue = [tuple(bytes.fromhex(text)) for text in (ground, ink, *accents)]
    return Palette(red_green_blue[0], red_green_blue[1], tuple(red_green_blue[2:]))


PALETTES = tuple(palette(*line.split()) for line in (
    "F6EFDF 22304A D9483B F2B33D 2F7F86", "1B1F3B F7F1E3 FF6B6B FFD166 4ECDC4", "F3E3C7 4A2C2A C8553D 588157 E9A23B",
    "FAFAF7 141414 E63946 1D3557 A8DADC", "16352B F1EAD4 E4B363 8AB17D E76F51", "FBE4E0 3D1F47 E4576E 7A4FA3 F6A66B",
    "DDF0F7 12355B F26430 2E86AB F6D55C", "141414 F5F5F0 F5C518 E4322B 9A9A9A", "3B1C4A FCE9D7 F77F5B F9C846 9BD0C3",
    "FFD23F 1F1A17 EE4266 1B998B 540D6E", "F2684A FFF6E9 26324F FFC857 8FC1B5", "D8F0E1 1C3D3A FF7F6A 2A9D8F F4C95D",
    "E7E5DF 2B2D31 44617B C44536 B7B08F", "0E4D5C F9F3E5 F4A259 F25C54 9FD8CB", "E9E4F5 2C2250 7A6BCF F0709A FFCB69",
    "8C2F2B FBF0DC F0B54A 2E5A59 E98A6D", "D2B48C 2A1C12 F8F1E4 7C3B1F 2F5241", "2536C9 FFFFFF FF4D8D FFE14D 5CE1E6",
    "FFFFFF 2B2B2B FF5A5F 00A699 FFB400", "0B132B F4F7F5 5BC0BE F2A65A C8553D", "EFE9F4 23395B 59A96A E8AE68 B9314F",
))  # fmt: skip
