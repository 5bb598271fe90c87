"""Posters, flyers and banners of events that never were; in the class `logo` the course's logo is in some corner.

In `others` are posters without it, most of them with some other logo in the same places. Each picture is made from
its own text seed, so each can be made alone. Where the course's logo is goes to `make/boxes/posters.csv`, a list
beside the set: in it, a scan of the folder would name it as no picture.
"""

import io
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
from marks import COATS, OTHER_COATS, logo, other_logo
from palettes import PALETTES
from photo import BICUBIC, backdrop, chosen, generator, relit, softened, speckled, tilted
from PIL import Image, ImageFilter, ImageStat
from poster_layouts import layout_for
from poster_text import FACES, Sheet, an_event
from sheet import contact_sheet, saved
from writing import encoded, write

COUNTS = {"logo": 40, "others": 100}
WRONG = ("logo-23", "others-064")  # labelled wrongly on purpose: the first has no course logo, the second has one
FINER = 2
LEAST = 28  # pixels of a logo's side
WALLS = ((205, 200, 190), (150, 150, 152), (176, 160, 140), (120, 128, 134), (225, 222, 216), (96, 84, 74))
BOXES = "make/boxes/posters.csv"


class Poster(NamedTuple):
    """A picture and where the course's logo is in it: (left, top, right, bottom) in pixels, or None."""

    image: Image.Image
    box: tuple[int, int, int, int] | None


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes `<class>/<class>-<number>.jpg`, and the boxes beside the set; returns the paths written."""
    files, rows = {}, ["path,left,top,right,bottom"]
    for name in names():
        path, content, box = poster_file(name, seed)
        files[path] = content
        rows += [",".join(map(str, (path, *box)))] if box else []
    paths = write(folder, files)
    boxes = Path(folder).parent / BOXES
    boxes.parent.mkdir(parents=True, exist_ok=True)
    boxes.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8", newline="\n")
    return paths


def names() -> list[str]:
    return [f"{label}-{number:0{len(str(count))}}" for label, count in COUNTS.items() for number in range(1, count + 1)]


def poster_file(name: str, seed: int = 0) -> tuple[str, bytes, tuple | None]:
    """One picture as (path in the set, bytes, box)."""
    label, _, number = name.partition("-")
    image, box = poster(name, seed)
    if int(number) % 20 == 7:
        few = image.quantize(48, dither=Image.Dither.NONE)
        return f"{label}/{name}.png", encoded(few, "PNG", optimize=True), box
    return f"{label}/{name}.jpg", encoded(image, "JPEG", quality=82, optimize=True), box


def poster(name: str, seed: int = 0, marked: bool = True) -> Poster:
    """Makes one poster.

    Args:
        name: one of `names()`, as "logo-07".
        marked: False leaves out the logo, and changes nothing else.
    """
    image, cover = flat(name, seed, marked)
    image, cover = finished(image, cover, generator(f"{text_of(name, seed)}/finish"))
    box = cover.point([0] * 24 + [255] * 232).getbbox() if has_logo(name) else None
    return Poster(image, box)


def flat(name: str, seed: int = 0, marked: bool = True) -> tuple[Image.Image, Image.Image]:
    """A poster before it is copied or photographed, and where a logo is in it: the course's or another, L."""
    text = text_of(name, seed)
    sheet, place = next(pair for pair in attempts(text) if pair[1])
    cover = put_mark(sheet, place, has_logo(name), generator(f"{text}/mark"), marked)
    return sheet.image.reduce(FINER), cover.reduce(FINER)


def text_of(name: str, seed: int) -> str:
    """What a poster's random numbers come from: "0/posters/logo/07"."""
    return f"{seed}/posters/{name.replace('-', '/')}"


def has_logo(name: str) -> bool:
    """Whether the course's logo is on it, whatever its label says."""
    return name.startswith("logo") != (name in WRONG)


def attempts(text: str):
    """Yields posters without a logo, and where one could be: None where letters are in the way everywhere."""
    size = a_size(generator(f"{text}/size"))
    for attempt in itertools.count():
        sheet = a_sheet(size, generator(f"{text}/{attempt}"))
        yield sheet, a_place(sheet, generator(f"{text}/{attempt}/corner"))


def a_sheet(size: tuple[int, int], rng: np.random.Generator) -> Sheet:
    image = Image.new("RGB", (FINER * size[0], FINER * size[1]))
    sheet = Sheet(image, rng, chosen(rng, PALETTES), chosen(rng, FACES), an_event(rng))
    layout_for(sheet)
    return sheet


def a_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height: slim sheets and strips as well as the usual ones."""
    least, most = chosen(
        rng, [(0.31, 0.5), (0.5, 0.7), (0.62, 0.75), (0.65, 0.85), (0.85, 1.2), (1.25, 1.8), (1.9, 3.4)]
    )
    aspect = rng.uniform(least, most)
    slim = max(aspect, 1 / aspect)
    long = int(rng.integers(480, 580)) if slim < 1.7 else int(rng.integers(600, 801))
    return (long, round(long / aspect)) if aspect > 1 else (round(long * aspect), long)


# --- the logo --------------------------------------------------------------------------------------


def a_place(sheet: Sheet, rng: np.random.Generator):
    """Where a logo keeps clear of the letters, as (left, top, side): in a corner or along an edge; None if nowhere."""
    (width, height), unit = sheet.image.size, sheet.unit
    side = min(max(rng.uniform(0.095, 0.17) * unit, FINER * LEAST), 0.18 * unit)
    edge = rng.uniform(0.025, 0.05) * unit
    far_x, far_y = width - side - edge, height - side - edge
    corners = [(edge, edge), (far_x, edge), (edge, far_y), (far_x, far_y)]
    along = rng.uniform(0.3, 0.7)
    edges = [(along * far_x, far_y), (along * far_x, edge), (edge, along * far_y), (far_x, along * far_y)]
    places = [corners[index] for index in rng.permutation(4)] + [edges[index] for index in rng.permutation(4)]
    if rng.random() < 0.25:
        places = places[4:] + places[:4]
    clear = [place for place in places if keeps_clear(sheet, (*place, place[0] + side, place[1] + side), 0.02 * unit)]
    return (round(clear[0][0]), round(clear[0][1]), round(side)) if clear else None


def keeps_clear(sheet: Sheet, box: tuple, spare: float) -> bool:
    left, top, right, bottom = box[0] - spare, box[1] - spare, box[2] + spare, box[3] + spare
    return all(left > taken[2] or right < taken[0] or top > taken[3] or bottom < taken[1] for taken in sheet.taken)


def put_mark(sheet: Sheet, place, ours: bool, rng: np.random.Generator, marked: bool) -> Image.Image:
    """Draws the logo, or another one or none; returns where it is, L."""
    left, top, side = place
    cover = Image.new("L", sheet.image.size)
    area = sheet.image.crop((left, top, left + side, top + side))
    behind = ImageStat.Stat(area).mean
    coats = COATS if ours or rng.random() < 0.65 else OTHER_COATS
    seen = [coat for coat in coats if sum(abs(a - b) for a, b in zip(coat[0], behind)) > 130]
    coat = chosen(rng, [*seen[:1], *seen] or coats)
    mark = logo(side, coat) if ours else other_logo(side, coat, rng)
    if rng.random() < 0.4:
        mark = mark.rotate(rng.uniform(-14, 14), BICUBIC, expand=True)
    left, top = left + (side - mark.width) // 2, top + (side - mark.height) // 2
    if marked and (ours or rng.random() < 0.75):
        sheet.image.paste(mark, (left, top), mark)
        cover.paste(mark.getchannel("A"), (left, top))
    return cover


# --- finish ----------------------------------------------------------------------------------------


def finished(image: Image.Image, cover: Image.Image, rng: np.random.Generator):
    """The poster as a file, as copied once too often, or as photographed on a wall; with the cover as it is then."""
    kind = rng.random()
    if kind < 0.58:
        return image, cover
    if kind < 0.74:
        return recompressed(softened(image, rng, 0.9), rng), cover
    return photographed(image, cover, rng)


def recompressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Saved at low quality before, so that its blocks are seen."""
    return Image.open(io.BytesIO(encoded(image, "JPEG", quality=int(rng.integers(28, 50))))).convert("RGB")


def photographed(image: Image.Image, cover: Image.Image, rng: np.random.Generator):
    """Seen at a slight angle before some wall, in uneven light."""
    width, height = image.size
    reach = min(image.size)
    corners = [
        (
            x + rng.uniform(0.01, 0.07) * reach * (1 if x == 0 else -1),
            y + rng.uniform(0.01, 0.07) * reach * (1 if y == 0 else -1),
        )
        for x, y in ((0, 0), (width, 0), (width, height), (0, height))
    ]
    sheet = Image.new("RGBA", image.size)
    sheet.paste(image)
    sheet = tilted(sheet, corners, image.size)
    wall = Image.blend(backdrop(rng, image.size), Image.new("RGB", image.size, chosen(rng, WALLS)), 0.65)
    wall = wall.filter(ImageFilter.BoxBlur(2))
    dark = sheet.getchannel("A").point([level // 2 for level in range(256)]).filter(ImageFilter.BoxBlur(5))
    wall.paste((15, 12, 20), (3, 5), dark)
    wall.paste(sheet.convert("RGB"), mask=sheet.getchannel("A"))
    cover = tilted(cover.convert("RGBA"), corners, image.size).convert("RGB").convert("L")
    photo = speckled(softened(relit(wall, rng, rng.uniform(0.1, 0.28)), rng, 1.1), rng, rng.uniform(0.5, 1.6))
    return photo, cover


def overview(folder: Path) -> Image.Image:
    """The class `logo` and the first of the others, small."""
    return contact_sheet(sorted(folder.glob("*/*"))[:84], columns=12, cell=104)


if __name__ == "__main__":
    print(saved(overview(Path(__file__).resolve().parents[1] / "posters"), "posters"))
