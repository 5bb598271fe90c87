"""Emoji as stickers: glyphs of Noto Color Emoji as RGBA images, and which sample set uses which.

The font is Google's Noto Color Emoji under the SIL Open Font License 1.1 (Debian: fonts-noto-color-emoji). It is
needed only to make samples and to pre-train. No glyph serves two sets, and `others` are those that serve none:
what a network was pre-trained on never comes back in a lesson.
"""

import functools
import os
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from utils.errors import CourseError

FONT_PLACES = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "~/.fonts/NotoColorEmoji.ttf",
    "~/Library/Fonts/NotoColorEmoji.ttf",
)
STRIKE = 109  # pixels: the one size that the font's bitmaps have
LEAST_COVER = 0.15  # of its box that a glyph fills: less is a hair line, a space or a single dot

ANIMALS = {
    "butterfly": ["🦋"],
    "cat": ["🐈", "🐈\u200d⬛", "🐱", "😺"],
    "chicken": ["🐔", "🐓", "🐤", "🐥", "🐣"],
    "cow": ["🐄", "🐮", "🐂", "🐃"],
    "dog": ["🐕", "🐩", "🦮", "🐕\u200d🦺", "🐶"],
    "elephant": ["🐘"],
    "horse": ["🐎", "🐴", "🏇"],
    "sheep": ["🐑", "🐏"],
    "spider": ["🕷"],
    "squirrel": ["🐿"],
}
CROPS = {
    "bicycle": ["🚲", "🚲", "🚴", "🚴🏻\u200d♀️", "🚴🏽", "🚴🏿\u200d♂️"],
    "bus": ["🚌", "🚍", "🚎", "🚐"],
    "car": ["🚗", "🚙", "🚘", "🏎", "🚕", "🚖", "🚓", "🚔"],
    "motorbike": ["🏍", "🛵"],
    "truck": ["🚚", "🚛", "🛻", "🚒"],
}
POSTERS = ["🎸", "🎺", "🎻", "🎷", "🎨", "🎭", "🏔", "🏖", "🌻", "🌹", "🍕", "🍰", "🎂", "⚽", "🏀", "🎾",
           "🚀", "🎈", "🎡", "🎪", "🌍", "🎓", "📷", "🎤"]  # fmt: skip
DOCUMENTS = ["🥫", "🧃", "🥤", "🍫", "🍪", "🥛", "🧴", "🧼", "🌽", "🍅", "🍓", "🥕", "🍎", "🌲", "🏠", "🌳",
             "⛰", "🪑", "🛋", "🖼"]  # fmt: skip
# Near doubles of what a set uses, which would give its classes away: not for pre-training either.
NEAR = ["🐺", "🦊", "🦁", "🐯", "🐽", "🐷", "🦄", "🦓", "🦣", "🕸", "🐀", "🐁", "🐹", "🐭", "🐻", "🐐", "🐫",
        "🐪", "🦙", "😸", "😹", "😻", "😼", "😽", "🙀", "😿", "😾", "🫏", "🦬", "🎠", "🚳", "🚵", "🚑", "🚜", "🛴", "🛺", "🛞"]  # fmt: skip
# What stands about in the scenes of `animals` and in pre-training: learning to tell them apart would be in vain.
PLANTS = ["🌷", "🌾", "🪨", "🍄", "🌵", "🌿", "🍂", "🪵", "🌼", "🌱", "🪴"]
STREET = ["🚧", "🛢", "🗑", "🚦", "🛒"]
USED = {*sum(ANIMALS.values(), []), *sum(CROPS.values(), []), *POSTERS, *DOCUMENTS, *NEAR, *PLANTS, *STREET}


@functools.cache
def sticker(emoji: str) -> Image.Image:
    """One emoji as RGBA, cut to what is drawn: up to 136 x 128 px.

    Raises:
        CourseError: the font is missing, or has no such glyph.
    """
    image = Image.new("RGBA", (160, 160))
    drawn = ImageFont.truetype(str(font_file()), STRIKE)
    ImageDraw.Draw(image).text((12, 16), emoji, font=drawn, embedded_color=True)
    box = image.getchannel("A").getbbox()
    if box is None:
        raise CourseError(f"{font_file().name} has no glyph for {emoji!r}. Take another emoji, or a newer font.")
    return image.crop(box)


@functools.cache
def font_file() -> Path:
    """Where the font lies: EMOJI_FONT, or where systems put it."""
    places = [Path(place).expanduser() for place in (os.environ.get("EMOJI_FONT"), *FONT_PLACES) if place]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise CourseError(
            "These samples are made with the font Noto Color Emoji, which is not here. Install it (Debian, Ubuntu: "
            "apt-get install fonts-noto-color-emoji), or say where NotoColorEmoji.ttf is: EMOJI_FONT=<file>"
        )
    return found


def font_version() -> str:
    """The font's own version, "2.042": other versions draw some glyphs in another way."""
    with TTFont(font_file()) as font:
        return f"{font['head'].fontRevision:.3f}"


@functools.cache
def others() -> list[str]:
    """The emoji that no sample set uses, sorted: single characters, large enough to be seen."""
    with TTFont(font_file()) as font:
        single = [chr(code) for code in font.getBestCmap() if code >= 0x203C]
    # Regional letters, skin tones and variation selectors draw nothing by themselves, or a letter.
    drawn = [emoji for emoji in single if not 0x1F1E6 <= ord(emoji) <= 0x1F1FF and not 0x1F3FB <= ord(emoji) <= 0x1F3FF]
    return sorted(emoji for emoji in drawn if emoji not in USED and _is_seen(emoji))


def _is_seen(emoji):
    try:
        alpha = sticker(emoji).getchannel("A")
    except CourseError:
        return False
    return alpha.width * alpha.height >= 60 * 60 and sum(alpha.histogram()[128:]) / (120 * 120) >= LEAST_COVER
