"""Drawn pictures with everything that can be wrong with a folder of pictures, each fault in a file named for it.

A train/valid/test tree of class folders: good pictures of apples, fish, leaves and suns, and among them the
faults: `FAULTS` gives for each path the function that makes its bytes. The card, README.md, explains each.
"""

import io
import struct
import zlib
from pathlib import Path

from drawings import cutout, picture
from PIL import Image, ImageOps
from writing import encoded, write

COUNTS = {"train": 7, "valid": 2, "test": 2}
KINDS = ("apple", "fish", "leaf", "sun")
ORIGINALS = {"train/apple/apple-01.png", "train/apple/apple-02.png", "train/fish/fish-01.png"}
SMALL = (84, 72)  # (width, height) of the formats that take more room
UPRIGHT = 0x0112, 6  # the EXIF tag of the orientation, and its value for: turn by 90 degrees to the right


def make(folder: Path, seed: int = 0) -> list[str]:
    """Writes the tree; returns the paths written."""
    files = good_pictures(seed)
    for path, content in FAULTS.items():
        files[path] = content(f"{seed}/{path}", files)
    return write(folder, files)


def good_pictures(seed: int) -> dict[str, bytes]:
    """The same file names in each split: a table that goes by the name alone mixes them up."""
    originals = {Path(path).with_suffix("").as_posix() for path in ORIGINALS}
    files = {}
    for split, count in COUNTS.items():
        for kind in KINDS:
            for number in range(1, count + 1):
                stem = f"{split}/{kind}/{kind}-{number:02}"
                if stem in originals:
                    files[f"{stem}.png"] = png(picture(kind, f"{seed}/{stem}", SMALL))
                else:
                    files[f"{stem}.jpg"] = jpeg(picture(kind, f"{seed}/{stem}"))
    return files


def png(image: Image.Image) -> bytes:
    return encoded(image, "PNG", optimize=True)


def jpeg(image: Image.Image, **options) -> bytes:
    return encoded(image, "JPEG", quality=88, optimize=True, **options)


# Each fault: (seed, files so far) -> bytes


def plain(kind):
    return lambda seed, files: jpeg(picture(kind, seed))


def copy_of(path):
    return lambda seed, files: files[path]


def dummy(content: bytes):
    return lambda seed, files: content


def truncated(seed, files):
    whole = jpeg(picture("apple", seed))
    return whole[: len(whole) // 2]


def damaged(seed, files):
    """A PNG in which the middle is overwritten, as on a failing disk."""
    content = bytearray(png(picture("sun", seed, SMALL)))
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    return bytes(content)


def bomb(seed, files):
    """A kilobyte that claims 20,000 x 15,000 pixels: decoded, it would fill 300 MB to 1.2 GB of memory."""
    header = struct.pack(">IIBBBBB", 20_000, 15_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000), level=0)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in parts)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_named_jpg(seed, files):
    return png(picture("fish", seed, SMALL))


def cmyk(seed, files):
    return jpeg(picture("apple", seed).convert("CMYK"))


def sixteen_bit(seed, files):
    grey = picture("leaf", seed, SMALL).convert("L").convert("I")
    return png(grey.point(lambda value: value * 257).convert("I;16"))


def float_pixels(seed, files):
    """32-bit numbers from 0 to 1, as scientific software saves them: nothing in the file says which is white."""
    grey = picture("leaf", seed, (40, 36)).convert("L").convert("F")
    return encoded(grey.point(lambda value: value * (1 / 255)), "TIFF", compression="tiff_lzw")


def palette_transparent(seed, files):
    return png(cutout("leaf", seed, SMALL).quantize(64, method=Image.Quantize.FASTOCTREE))


def grey(seed, files):
    return png(picture("sun", seed, SMALL).convert("L"))


def rgba(seed, files):
    return png(cutout("fish", seed, SMALL))


def two_frames(seed, files):
    frame = picture("fish", seed, SMALL).quantize(64)
    return encoded(frame, "GIF", save_all=True, append_images=[ImageOps.mirror(frame)], duration=500, loop=0)


def exif_rotated(seed, files):
    exif = Image.Exif()
    exif[UPRIGHT[0]] = UPRIGHT[1]
    return jpeg(picture("sun", seed, (144, 96)).transpose(Image.Transpose.ROTATE_90), exif=exif)


def near_copy_smaller(seed, files):
    original = Image.open(io.BytesIO(files["train/sun/sun-01.jpg"]))
    smaller = original.resize([round(0.7 * side) for side in original.size], Image.Resampling.BICUBIC)
    return encoded(smaller, "JPEG", quality=70)


def one_pixel(seed, files):
    return png(Image.new("RGB", (1, 1), (255, 200, 60)))


def in_format(kind, file_format, **options):
    return lambda seed, files: encoded(picture(kind, seed, (72, 64)), file_format, **options)


TEXT = b"This was meant to be a picture, but the download gave this line of text.\n"
NOTES = b"A text file beside the class folders: it is no class, and nothing stops because of it.\n"

FAULTS = {
    "train/apple/cmyk.jpg": cmyk,
    "train/apple/copy-within-class.png": copy_of("train/apple/apple-01.png"),
    "train/apple/name with spaces.jpg": plain("apple"),
    "train/apple/truncated.jpg": truncated,
    "train/apple/яблоко りんご.jpg": plain("apple"),
    "train/boat/the-only-one.jpg": plain("boat"),
    "train/empty/.gitkeep": dummy(b""),
    "train/fish/long-extension.jpeg": plain("fish"),
    "train/fish/name,with,commas.jpg": plain("fish"),
    "train/fish/png-named-jpg.jpg": png_named_jpg,
    "train/fish/rgba.png": rgba,
    "train/fish/Thumbs.db": dummy(b"A harmless stand-in for the file that Windows leaves behind.\n"),
    "train/fish/two-frames.gif": two_frames,
    "train/fish/zero-bytes.jpg": dummy(b""),
    "train/leaf/16-bit.png": sixteen_bit,
    "train/leaf/32-bit-float.tif": float_pixels,
    "train/leaf/copy-across-classes.png": copy_of("train/apple/apple-02.png"),
    "train/leaf/inner folder/in-a-folder-of-its-own.jpg": plain("leaf"),
    "train/leaf/name with # and % and [brackets].jpg": plain("leaf"),
    "train/leaf/name'with'apostrophes.jpg": plain("leaf"),
    "train/leaf/other-format.bmp": in_format("leaf", "BMP"),
    "train/leaf/other-format.tif": in_format("leaf", "TIFF", compression="tiff_lzw"),
    "train/leaf/other-format.webp": in_format("leaf", "WEBP", quality=85),
    "train/leaf/palette-transparent.png": palette_transparent,
    "train/leaf/text-named-jpg.jpg": dummy(TEXT),
    "train/sun/UPPER-CASE.JPG": plain("sun"),
    "train/sun/bomb.png": bomb,
    "train/sun/damaged.png": damaged,
    "train/sun/exif-rotated.jpg": exif_rotated,
    "train/sun/grey.png": grey,
    "train/sun/name “with” quotes.jpg": plain("sun"),
    "train/sun/one-pixel.png": one_pixel,
    "train/.DS_Store": dummy(b"A harmless stand-in for the file that macOS leaves behind.\n"),
    "train/notes.txt": dummy(NOTES),
    "train/picture-beside-classes.jpg": plain("sun"),
    "test/fish/copy-across-splits.png": copy_of("train/fish/fish-01.png"),
    "valid/sun/near-copy-smaller.jpg": near_copy_smaller,
}
