"""One picture file to an upright RGB image, safely; and what an examination finds out about the file.

Words: a *picture* is a file; an *image* is what is decoded from it. A *problem* has a kind (a key of
PROBLEMS); some pictures are left out for it, others are kept and the problem only noted.
Conventions: EXIF orientation is applied, transparency lies on white, 16 bits become 8 by their upper half,
of several frames the first one counts. Nothing here writes, and nothing swaps one picture for another.
"""

import hashlib
import io
import os
import stat
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from utils.errors import CourseError

# kind -> (left out?, what it is, what to do)
PROBLEMS = {
    "empty file": (True, "the file has zero bytes", "fetch or export the picture again"),
    "not a picture": (True, "the content is no picture format that Pillow reads", "delete it or convert it"),
    "broken": (True, "the picture starts well but cannot be decoded to its end", "fetch the picture again"),
    "too large": (True, "it has or claims more pixels than is safe to decode", "check where it comes from, shrink it"),
    "unknown range": (True, "pixels are 32-bit numbers and nothing says which is white", "save it with 8 or 16 bits"),
    "missing": (True, "there is no such file", "correct the path, or copy the picture there"),
    "no file": (True, "it is a folder, pipe or device with a picture's name", "move it away, or correct the path"),
    "cannot be read": (True, "the system refuses to open the file", "check its permissions, or copy it anew"),
    "tiny": (True, "a side has fewer than 4 pixels, so there is nothing to see", "delete it, or find the original"),
    "wrong extension": (False, "the content is another format than the name says", "rename it; it is read anyway"),
    "rotated": (False, "it is stored sideways and turned upright by its EXIF tag", "read it with open_image"),
    "transparent": (False, "it has transparent parts", "they are laid on white"),
    "CMYK": (False, "its colours are inks for printing", "they are converted to RGB; colours shift a little"),
    "16-bit": (False, "it has 16 bits a pixel", "the upper 8 are used"),
    "several frames": (False, "it is an animation or holds several pages", "only the first frame is used"),
}

TINY = 4  # pixels
MOST_BYTES = 2**30  # of a file: the largest picture that Pillow decodes has 0.5 GB of pixels
WHITE = (255, 255, 255, 255)
ORIENTATION = 0x0112  # the EXIF tag
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
TURN_SOURCES = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}  # where Pillow keeps the tag
SIXTEEN_BIT = {"I;16", "I;16L", "I;16B", "I;16N"}
# EPS and WMF would start a foreign program, the others are no pictures by themselves.
FOREIGN = {"EPS", "WMF", "MPEG", "BUFR", "GRIB", "HDF5"}

Image.init()
# Pillow tries them in this order, so the frequent ones stand first.
FREQUENT = ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]
FORMATS = FREQUENT + sorted(set(Image.OPEN) - FOREIGN - set(FREQUENT))
SUFFIX_FORMATS = {suffix: name for suffix, name in Image.registered_extensions().items() if name in FORMATS}
# Pillow warns from 89 megapixels and refuses from 179: the refusal is the limit here, a warning helps nobody.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class PictureError(CourseError):
    """A picture that cannot be used; `kind` is a key of PROBLEMS."""

    def __init__(self, path, kind, detail=""):
        _, what, remedy = PROBLEMS[kind]
        super().__init__(f"{os.fspath(path)!r}: {what}{f' ({detail})' if detail else ''}. To mend it: {remedy}.")
        self.path, self.kind, self.detail = path, kind, detail

    def __reduce__(self):  # without it the error could not come back from a worker process
        return type(self), (self.path, self.kind, self.detail)


class PictureFacts(NamedTuple):
    """What `examine` finds out. Sizes are of the upright image, in pixels; `bytes` of the file."""

    width: int = 0
    height: int = 0
    mode: str = ""
    format: str = ""
    bytes: int = 0
    digest: str = ""
    phash: int = 0
    problems: tuple[tuple[str, str], ...] = ()  # (kind, detail)


def is_picture_name(path: str | Path) -> bool:
    """Whether the name ends like a picture that Pillow reads, in any letter case."""
    return _suffix(path) in SUFFIX_FORMATS


def open_image(path: str | Path, size: int | None = None) -> Image.Image:
    """The picture as an upright RGB image (first frame, alpha on white).

    Args:
        path: any file that Pillow reads, whatever its extension.
        size: pixels that the shorter side needs at least. A JPEG is then decoded at 1/2, 1/4 or 1/8 of its
            scale where that is enough: several times faster on photographs. None decodes every pixel.

    Raises:
        PictureError: the file is missing, empty, broken, no picture, or larger than 179 megapixels.
    """
    image = _opened(path, _read(path))
    try:
        if size:
            image.draft("RGB", (size, size))
        return to_rgb(image)
    except PictureError as error:  # to_rgb does not know the path
        raise PictureError(path, error.kind, error.detail) from error
    except Exception as error:  # a decoder may raise anything on broken bytes
        raise _picture_error(path, error) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow image as upright 8-bit RGB."""
    image = _upright(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image
    if image.mode in SIXTEEN_BIT:
        grey = np.asarray(image)
        upper = (grey >> 8).astype(np.uint8)
        upper[grey == image.info.get("transparency", -1)] = 255
        return Image.fromarray(upper).convert("RGB")
    if image.mode in {"I", "F"}:
        raise PictureError(getattr(image, "filename", "image"), "unknown range", f"mode {image.mode}")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
    return image.convert("RGB")


def examine(path: str | Path, hashes: bool = True) -> PictureFacts:
    """Decode the whole picture once and say what it is and what is wrong with it. Never raises, never writes.

    Args:
        path: the file.
        hashes: whether `digest` (of the bytes) and `phash` (of the look) are wanted as well.
    """
    data = b""
    try:
        data = _read(path)
        digest = hashlib.blake2b(data, digest_size=16).hexdigest() if hashes else ""
        return _examined(path, data, digest, hashes)
    except PictureError as error:
        return PictureFacts(bytes=len(data), problems=((error.kind, error.detail),))
    except Exception as error:
        found = _picture_error(path, error)
        return PictureFacts(bytes=len(data), problems=((found.kind, found.detail),))


def _examined(path, data, digest, hashes):
    image = _opened(path, data)
    size, mode = image.size, image.mode
    # A JPEG's every bit is read at any scale, so a reduced grey decode proves as much as a full one, faster.
    drafted = image.draft("L", (HASH_SIDE, HASH_SIDE))
    image.load()
    if drafted is None:  # icons know their size and mode only now
        size, mode = image.size, image.mode
    if mode in {"I", "F"}:
        raise PictureError(path, "unknown range", f"mode {mode}")
    orientation = _orientation(image)
    problems = tuple(_noted(path, image, size, mode, orientation))
    phash = perceptual_hash(_upright(image)) if hashes else 0
    width, height = size if orientation < 5 else size[::-1]
    return PictureFacts(width, height, mode, image.format, len(data), digest, phash, problems)


def _noted(path, image, size, mode, orientation):
    """The problems of a picture that can be decoded."""
    suffix = _suffix(path)
    named, found = SUFFIX_FORMATS.get(suffix), image.format
    if named != found and {named, found} != {"JPEG", "MPO"}:  # an MPO is a JPEG with a second one behind
        yield "wrong extension", f"{found} named {suffix or 'without extension'}"
    if min(size) < TINY:
        yield "tiny", "{} x {}".format(*size)
    if orientation != 1:
        yield "rotated", f"orientation {orientation}"
    if mode == "CMYK":
        yield "CMYK", ""
    if mode in SIXTEEN_BIT:
        yield "16-bit", ""
    if image.has_transparency_data:
        yield "transparent", f"mode {mode}"
    if image.format != "MPO":
        yield from _frames(image)


def _frames(image):
    try:
        count = getattr(image, "n_frames", 1)
    except Exception:  # damaged behind the first frame, which is the one that counts
        yield "several frames", "those behind the first are damaged"
    else:
        if count > 1:
            yield "several frames", f"{count} frames"


def _suffix(path):
    return os.path.splitext(path)[1].lower()


def _read(path):
    # os and open instead of pathlib here and above: on small pictures pathlib takes a tenth of the whole time.
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for its writer for ever
            raise PictureError(path, "no file")
        if found.st_size > MOST_BYTES:
            raise PictureError(path, "too large", f"over {MOST_BYTES // 10**6:,} megabytes")
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise PictureError(path, "missing") from error
    except OSError as error:
        raise PictureError(path, "cannot be read", error.strerror or type(error).__name__) from error
    if not data:
        raise PictureError(path, "empty file")
    return data


def _opened(path, data):
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:
        raise _picture_error(path, error) from error


def _picture_error(path, error):
    if isinstance(error, Image.DecompressionBombError):
        return PictureError(path, "too large", f"over {2 * Image.MAX_IMAGE_PIXELS // 10**6} megapixels")
    if isinstance(error, UnidentifiedImageError):
        return PictureError(path, "not a picture")
    return PictureError(path, "broken", str(error) or type(error).__name__)


def _upright(image):
    image.load()  # before the tag is looked for: a PNG may carry it behind its pixels
    turn = TURNS.get(_orientation(image))
    if turn is None:
        return image
    image = image.transpose(turn)
    for source in TURN_SOURCES:  # else the next reader would turn it once more
        image.info.pop(source, None)
    return image


def _orientation(image):
    """1 (upright) to 8, of a loaded image. Damaged EXIF beside good pixels counts as none."""
    if TURN_SOURCES.isdisjoint(image.info):
        return 1
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:
        return 1
    return orientation if orientation in TURNS else 1


# --- the perceptual hash -------------------------------------------------------------------------
HASH_SIDE = 32  # pixels the hash looks at
_FREQUENCIES = 8
_COSINES = np.cos(np.pi / HASH_SIDE * np.outer(np.arange(_FREQUENCIES), np.arange(HASH_SIDE) + 0.5)).astype(np.float32)
_MIDDLE = _FREQUENCIES**2 // 2 - 1  # as many waves above it as up to it


def perceptual_hash(image: Image.Image) -> int:
    """64 bits that change little when a picture is re-saved, shrunk or lightly edited (pHash).

    The 8 x 8 lowest frequencies of the grey 32 x 32 picture (discrete cosine transform), each one bit: above
    the median or not. Two pictures' hashes are compared by the number of bits that differ.
    Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1.
    """
    waves = (_COSINES @ _grey_thumbnail(image) @ _COSINES.T).ravel()
    middle = np.partition(waves, _MIDDLE)[_MIDDLE]
    return int.from_bytes(np.packbits(waves > middle).tobytes(), "big")


def _grey_thumbnail(image: Image.Image) -> np.ndarray:
    """The picture as 32 x 32 grey values (float32, 0 to 255), whatever its shape: what a copy shares."""
    is_grey = image.mode == "L" and not image.has_transparency_data
    grey = image if is_grey else to_rgb(image).convert("L")
    small = grey.resize((HASH_SIDE, HASH_SIDE), Image.Resampling.BILINEAR)
    return np.frombuffer(small.tobytes(), np.uint8).reshape(HASH_SIDE, HASH_SIDE).astype(np.float32)
