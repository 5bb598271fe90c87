"""Lettering: fonts by style and size, text in lines and blocks, and invented words to fill them.

The fonts come with matplotlib, so they are the same bytes everywhere: DejaVu (Bitstream Vera licence) and STIX
(SIL OFL 1.1). Sizes are in pixels. Text is laid out by Pillow's basic engine: no shaping library decides about
pixels. Whatever takes `rng` takes the generator of `photo.generator`, and invents the same for the same seed.
"""

import functools
from pathlib import Path

import matplotlib
import numpy as np
from photo import chosen
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
STYLES = {
    "sans": "DejaVuSans",
    "sans bold": "DejaVuSans-Bold",
    "sans italic": "DejaVuSans-Oblique",
    "sans bold italic": "DejaVuSans-BoldOblique",
    "serif": "DejaVuSerif",
    "serif bold": "DejaVuSerif-Bold",
    "serif italic": "DejaVuSerif-Italic",
    "serif bold italic": "DejaVuSerif-BoldItalic",
    "mono": "DejaVuSansMono",
    "mono bold": "DejaVuSansMono-Bold",
    "book": "STIXGeneral",
    "book bold": "STIXGeneralBol",
    "book italic": "STIXGeneralItalic",
    "book bold italic": "STIXGeneralBolIta",
}


@functools.cache
def font(style: str, size: int) -> ImageFont.FreeTypeFont:
    """A font by its name in STYLES, `size` pixels from line to line."""
    return ImageFont.truetype(str(FONTS / f"{STYLES[style]}.ttf"), size, layout_engine=ImageFont.Layout.BASIC)


def fitted(text: str, style: str, width: float, most: int) -> ImageFont.FreeTypeFont:
    """The largest font, up to `most` pixels, in which the longest line of the text is not wider than `width`."""
    longest = max(font(style, 100).getlength(line) for line in text.split("\n")) or 1
    size = max(1, min(most, int(100 * width / longest)))
    while size > 1 and max(font(style, size).getlength(line) for line in text.split("\n")) > width:
        size -= 1  # small sizes are rounded to whole pixels, and may be wider than their share
    return font(style, size)


def wrapped(text: str, letters: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The text in lines of at most `width` pixels, broken at plain spaces only; a longer word stands alone."""
    lines = []
    for word in filter(None, text.replace("\n", " ").split(" ")):
        if lines and letters.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def block(
    image: Image.Image,
    place: tuple[float, float],
    lines: list[str],
    letters: ImageFont.FreeTypeFont,
    ink,
    leading: float = 1.3,
    anchor: str = "l",
) -> int:
    """Writes lines below one another.

    Args:
        place: (x, y): the left end (anchor "l"), middle ("m") or right end ("r") of the lines, and the top.
        ink: a colour of the image's mode.
        leading: from line to line, as a multiple of the font's size.

    Returns:
        The y at which a further line would begin.
    """
    draw, (x, y), step = ImageDraw.Draw(image), place, leading * letters.size
    for index, line in enumerate(lines):
        draw.text((round(x), round(y + index * step)), line, fill=ink, font=letters, anchor=f"{anchor}a")
    return round(y + len(lines) * step)


def stencil(text: str, letters: ImageFont.FreeTypeFont, tracking: float = 0.0, condensed: float = 1.0) -> Image.Image:
    """One line as a mask, L, cut to its ink: paste a colour or a picture through it.

    Args:
        tracking: extra space between letters, as a share of the font's size.
        condensed: width as a share of the natural one.
    """
    mask = line_mask(text, letters, tracking, condensed)
    return mask.crop(mask.getbbox() or (0, 0, 1, 1))


def line_mask(text: str, letters: ImageFont.FreeTypeFont, tracking: float = 0.0, condensed: float = 1.0) -> Image.Image:
    """As `stencil`, but as high as the font, with the base of the letters at `letters.getmetrics()[0]`."""
    gap, lefts, x = tracking * letters.size, [], 0.0
    for index in range(len(text)):
        lefts.append(round(x))
        x += letters.getlength(text[: index + 1]) - letters.getlength(text[:index]) + gap  # with its kerning
    ascent, descent = letters.getmetrics()
    mask = Image.new("L", (max(1, round(x + max(0.0, -gap)) + letters.size // 4), ascent + descent))
    draw = ImageDraw.Draw(mask)
    for left, letter in zip(lefts, text):
        draw.text((left + letters.size // 8, ascent), letter, fill=255, font=letters, anchor="ls")
    return mask.resize((max(1, round(mask.width * condensed)), mask.height), Image.Resampling.BICUBIC)


# --- invented words --------------------------------------------------------------------------------

STARTS = ["b", "br", "d", "dr", "f", "fl", "g", "gr", "h", "k", "kr", "l", "m", "n", "p", "pl", "r", "s", "st", "t",
          "tr", "v", "w", "z"]  # fmt: skip
VOWELS = ["a", "a", "e", "e", "i", "o", "o", "u", "ai", "ea", "ou"]
ENDS = ["", "", "n", "l", "r", "s", "m", "nd", "rt", "th", "ck", "x"]
ADJECTIVES = ["annual", "bright", "careful", "common", "distant", "early", "gentle", "green", "late", "local", "new",
              "northern", "old", "open", "quiet", "shared", "simple", "small", "winter", "wooden"]  # fmt: skip
NOUNS = ["bridge", "chapter", "council", "garden", "harbour", "journey", "lantern", "letter", "library", "market",
         "meadow", "orchard", "paper", "record", "report", "river", "season", "station", "survey", "teacher", "valley",
         "village", "window", "workshop"]  # fmt: skip
VERBS = ["collects", "crosses", "describes", "explains", "follows", "joins", "keeps", "measures", "opens", "remembers",
         "supports", "welcomes"]  # fmt: skip
WHERE = ["near the coast", "in the old town", "after the first snow", "on most days", "within a year", "by the mill",
         "between March and May", "for the third time", "without delay", "in every second case"]  # fmt: skip


def invented(rng: np.random.Generator, syllables: int = 2) -> str:
    """A word that means nothing, in small letters: "travond"."""
    inner = "".join(chosen(rng, STARTS) + chosen(rng, VOWELS) for _ in range(syllables))
    return inner + chosen(rng, ENDS)


def person(rng: np.random.Generator) -> str:
    """First and last name of nobody."""
    return f"{invented(rng, 2).capitalize()} {invented(rng, int(rng.integers(1, 3))).capitalize()}"


def sentence(rng: np.random.Generator) -> str:
    """A plain sentence: "The quiet river follows a common letter by the mill."."""
    adjective, other = chosen(rng, ADJECTIVES), chosen(rng, ADJECTIVES)
    subject, thing = chosen(rng, NOUNS), chosen(rng, NOUNS)
    end = f" {chosen(rng, WHERE)}" if rng.random() < 0.6 else ""
    return (
        f"{chosen(rng, ['The', 'Every', 'This'])} {adjective} {subject} {chosen(rng, VERBS)} the {other} {thing}{end}."
    )


def paragraph(rng: np.random.Generator, sentences: int = 4) -> str:
    """Some plain sentences in a row."""
    return " ".join(sentence(rng) for _ in range(sentences))
