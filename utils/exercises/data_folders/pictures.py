"""Exercises 4 and 5: pictures that are broken, and pictures that lie on their side."""

from unittest.mock import patch

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from utils.exercises.asking import asked
from utils.exercises.made import check_quarters, encoded, folder_of, picture, quarters
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_pixels, as_truth

# --- 4: good to the last byte --------------------------------------------------------------------
GOOD = ["photo.jpg", "drawing.png", "png-named.jpg"]
BAD = {
    "text.jpg": "holds a line of text",
    "empty.jpg": "has no content at all",
    "half.jpg": "starts well, but its second half is missing",
    "half.png": "starts well, but its second half is missing",
    "damaged.png": "starts well, but some bytes in its middle are overwritten",
    "length.png": "has one wrong byte, in the length of its second part",
    "header.png": "has one wrong byte, in the length of its header",
}


def is_good(path):
    """Whether the picture can be decoded to its end."""
    try:
        with Image.open(path) as image:
            image.load()
        return True
    except Exception:
        return False


def probe_is_good(answer):
    # Once set, it stays set for the whole kernel, also when the learner has removed the line again.
    with folder_of(_specimens()) as folder, patch.object(ImageFile, "LOAD_TRUNCATED_IMAGES", False):
        for name in [*GOOD, *BAD]:
            got = as_truth(asked(answer, _case(name), folder / name))
            if got and name in BAD:
                filled = " Pillow is told to fill what is missing with grey." if ImageFile.LOAD_TRUNCATED_IMAGES else ""
                raise NotYet(f"{name!r} {BAD[name]}, and you call it good.{filled}")
            if not got and name in GOOD:
                odd = " (its content is PNG; a name proves nothing)" if name == "png-named.jpg" else ""
                raise NotYet(f"{name!r} can be decoded to its end{odd}, and you say False.")


def _case(name):
    return f"{name!r} {BAD[name]}" if name in BAD else f"{name!r} is a picture"


def _specimens():
    jpeg, png = encoded(picture(1, (160, 120)), quality=95), encoded(picture(2, (160, 120)), "PNG")
    middle = len(png) // 2
    damaged = png[:middle] + bytes(64) + png[middle + 64 :]
    return {"photo.jpg": jpeg, "drawing.png": png, "png-named.jpg": png, "text.jpg": b"This is no picture.",
            "empty.jpg": b"", "half.jpg": jpeg[: len(jpeg) // 2], "half.png": png[:middle], "damaged.png": damaged,
            "length.png": _with_byte(png, 35, 1), "header.png": _with_byte(png, 11, 12)}  # fmt: skip


def _with_byte(content, place, value):
    return content[:place] + bytes([value]) + content[place + 1 :]


def _good_if_it_opens(path):
    try:
        Image.open(path)
        return True
    except Exception:
        return False


def _good_if_verified(path):
    try:
        Image.open(path).verify()
        return True
    except Exception:
        return False


def _good_if_not_unidentified(path):
    try:
        return bool(Image.open(path).convert("RGB"))
    except UnidentifiedImageError:
        return False


def _good_but_for(*errors):
    """An is_good that expects these errors alone."""

    def is_good(path):
        try:
            return bool(Image.open(path).convert("RGB"))
        except errors:
            return False

    return is_good


def _good_if_forgiven(path):
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    return is_good(path)


q4 = Question(
    number=4,
    reference=is_good,
    probe=probe_is_good,
    hints=[
        "Image.open(path) reads only the header, the first few bytes. Something has to ask for the pixels.",
        "image.load() decodes every pixel (so do image.convert('RGB') and np.asarray(image)), and raises an error "
        "where it cannot.",
        "Put the decoding between try: and except Exception: and return True or False.",
    ],
    why="Image.open reads the header, and a half-downloaded file has a perfect one; verify() passes a half JPEG too. "
    "Only decoding to the end tells, so do it once, before training does it at night.",
    mistakes=[
        Mistake(_good_if_it_opens, "'half.jpg' starts well"),
        Mistake(_good_if_verified, "'half.jpg' starts well"),
        Mistake(lambda path: path.suffix.lower() in {".jpg", ".png"}, "'text.jpg' holds a line of text"),
        Mistake(lambda path: path.stat().st_size > 0, "'text.jpg' holds a line of text"),
        Mistake(_good_if_not_unidentified, "second half is missing: your code raised OSError"),
        Mistake(
            _good_but_for(OSError),
            "'length.png' has one wrong byte, in the length of its second part: your code raised",
        ),
        Mistake(
            _good_but_for(OSError, SyntaxError), "'header.png' has one wrong byte, in the length of its header: your"
        ),
        Mistake(_good_if_forgiven, "fill what is missing with grey"),
        Mistake(lambda path: Image.open(path).load(), "expected True or False"),
    ],
)

# --- 5: upright ----------------------------------------------------------------------------------
WIDE = (96, 60)  # pixels, upright
TAG = 0x0112
# How to turn upright pixels so that a note (1 to 8) makes them upright again.
STORED = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
          5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
          8: Image.Transpose.ROTATE_270}  # fmt: skip


def thumbnail(path, size):
    """The picture, upright, with at most size pixels on a side."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    image.thumbnail((size, size))
    return image


def thumbnail_as_stored(path, size):
    """The picture with at most size pixels on a side."""
    image = Image.open(path).convert("RGB")
    image.thumbnail((size, size))
    return image


def probe_thumbnail(answer):
    with folder_of({f"{note}.jpg": _with_note(note) for note in (1, 6, 8, 3, 2, 4, 5, 7)}) as folder:
        for note in (1, 6, 8, 3, 2, 4, 5, 7):
            _check_upright(as_pixels(answer(folder / f"{note}.jpg", 48)), note)


def _with_note(note):
    upright = quarters(WIDE)
    exif = Image.Exif()
    exif[TAG] = note
    return encoded(upright.transpose(STORED[note]) if note in STORED else upright, quality=95, exif=exif)


def _check_upright(pixels, note):
    height, width = pixels.shape[:2]
    case = f"a picture of {WIDE[0]} x {WIDE[1]} pixels with the note {note}" if note > 1 else "a picture without a turn"
    if max(height, width) > 48:
        raise NotYet(f"{case} came out {width} x {height}, and 48 pixels were allowed.")
    if abs(width / height - WIDE[0] / WIDE[1]) > 0.2:
        state = "it lies on its side, or was squashed" if note > 4 else "its shape is lost"
        raise NotYet(f"{case} came out {width} x {height}: {state}.")
    check_quarters(pixels, case)


def _turned(turns):
    """A thumbnail that turns by hand, {note: degrees anticlockwise}."""

    def turned(path, size):
        image = Image.open(path)
        image = image.rotate(turns.get(image.getexif().get(TAG, 1), 0), expand=True).convert("RGB")
        image.thumbnail((size, size))
        return image

    return turned


def _transposed_for_nothing(path, size):
    image = Image.open(path).convert("RGB")
    ImageOps.exif_transpose(image)
    image.thumbnail((size, size))
    return image


def _squashed(path, size):
    return ImageOps.exif_transpose(Image.open(path)).resize((size, size)).convert("RGB")


q5 = Question(
    number=5,
    reference=thumbnail,
    probe=probe_thumbnail,
    starter=thumbnail_as_stored,
    hints=[
        "The note is in the file; nothing in this code reads it. There are eight values, four of them mirrored: do "
        "not turn by hand.",
        "Look at the help of ImageOps: one of its functions does just this.",
        "ImageOps.exif_transpose(image) returns a new, upright image; the one you gave it stays as it is.",
    ],
    why="Cameras store the sensor's rows and a note. Viewers obey the note, Image.open and PyTorch's ImageFolder do "
    "not: half of the phone pictures then reach the network lying on their side.",
    mistakes=[
        Mistake(_turned({6: 270}), "with the note 8 came out"),
        Mistake(_turned({6: 90, 8: 270, 3: 180}), "what belongs bottom right has come out top left"),
        Mistake(_turned({6: 270, 8: 90, 3: 180}), "with the note 2"),
        Mistake(_transposed_for_nothing, "with the note 6 came out 30 x 48: it lies on its side"),
        Mistake(lambda path, size: thumbnail(path, size).convert("L").convert("RGB"), "is not the picture's there"),
        Mistake(_squashed, "48 x 48: its shape is lost"),
        Mistake(lambda path, size: ImageOps.exif_transpose(Image.open(path)), "48 pixels were allowed"),
        Mistake(lambda path, size: Image.open(path).thumbnail((size, size)), "returned None"),
    ],
)
