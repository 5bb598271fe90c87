"""One picture: every format comes out as an upright RGB image, every fault by its name, and nothing raises."""

import hashlib
import io
import os
import pickle
import random
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn
from sklearn.datasets import load_sample_image

from utils.data import images
from utils.data.images import PROBLEMS, PictureError, examine, is_picture_name, open_image, perceptual_hash, to_rgb
from utils.data.samples import sample
from utils.errors import CourseError

LEFT_OUT = {kind for kind, (left_out, _, _) in PROBLEMS.items() if left_out}
# Exif 2.32, tag 274: which side of the picture is the first row, and which the first column, of what is stored.
SIDES = {
    1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
    5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
}  # fmt: skip
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{}"/></x:xmpmeta>'


def four_colours(width=48, height=32):
    """Red, green, blue and black quarters: no turn or mirror image looks like another."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[: height // 2, : width // 2] = 255, 0, 0
    picture[: height // 2, width // 2 :] = 0, 255, 0
    picture[height // 2 :, : width // 2] = 0, 0, 255
    return picture


def as_stored(picture, orientation):
    rows, columns = SIDES[orientation]
    if rows in ("left", "right"):
        picture = picture.transpose(1, 0, 2)
    if rows in ("bottom", "right"):
        picture = picture[::-1]
    return picture[:, ::-1] if columns in ("bottom", "right") else picture


def exif(orientation):
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def corners(image):
    right, bottom = image.width - 3, image.height - 3
    return [image.getpixel(place) for place in ((2, 2), (right, 2), (2, bottom), (right, bottom))]


def is_upright(image):
    close = np.abs(np.array(corners(image)) - [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)]) < 30
    return image.size == (48, 32) and close.all()


def encoded(image, file_format, **options):
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def kinds(path):
    return [kind for kind, _ in examine(path).problems]


@pytest.fixture
def save(tmp_path):
    """save(image or bytes, name, **options): the path of the picture written."""

    def write(content, name, **options):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path, **options)
        return path

    return write


# --- upright ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
def test_every_orientation_comes_out_upright(orientation, extension, save):
    stored = Image.fromarray(as_stored(four_colours(), orientation))
    options = {"quality": 95} if extension in ("jpg", "webp") else {}
    path = save(stored, f"a.{extension}", exif=exif(orientation), **options)
    assert is_upright(open_image(path))
    facts = examine(path)
    assert (facts.width, facts.height) == (48, 32)
    if extension != "tif":  # Pillow turns these by itself, as every program does
        assert [kind for kind, _ in facts.problems] == (["rotated"] if orientation > 1 else [])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_followed_at_reduced_scale_too(orientation, save):
    stored = Image.fromarray(as_stored(four_colours(480, 320), orientation))
    image = open_image(save(stored, "a.jpg", exif=exif(orientation)), size=32)
    assert image.size == (60, 40)
    assert is_upright(image.resize((48, 32), Image.Resampling.NEAREST))


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_orientation_that_does_not_exist_counts_as_upright(value, save):
    path = save(Image.fromarray(four_colours()), "a.jpg", quality=95, exif=exif(value))
    assert is_upright(open_image(path))
    assert examine(path)[:2] == (48, 32)
    assert kinds(path) == []


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_orientation_is_found_in_xmp_where_there_is_no_exif(extension, save):
    stored = Image.fromarray(as_stored(four_colours(), 6))
    if extension == "jpg":
        path = save(stored, "a.jpg", quality=95, xmp=XMP.format(6).encode())
    else:
        plain = encoded(stored, "PNG")
        text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP.format(6).encode())
        path = save(plain[:33] + text + plain[33:], "a.png")
    assert is_upright(open_image(path))
    assert examine(path)[:2] == (48, 32)
    assert kinds(path) == ["rotated"]


def test_orientation_is_found_behind_the_pixels_of_a_png(save):
    plain = encoded(Image.fromarray(as_stored(four_colours(), 8)), "PNG")
    path = save(plain[:-12] + chunk(b"eXIf", exif(8).tobytes()[6:]) + plain[-12:], "a.png")
    assert is_upright(open_image(path))
    assert examine(path)[:2] == (48, 32)
    assert kinds(path) == ["rotated"]


def test_damaged_exif_beside_good_pixels_does_no_harm(save):
    content = encoded(Image.fromarray(four_colours()), "JPEG", quality=95, exif=exif(6))
    path = save(content.replace(b"Exif\0\0MM", b"Exif\0\0XX"), "a.jpg")
    assert path.read_bytes() != content
    assert is_upright(open_image(path))
    assert kinds(path) == []


def test_what_was_turned_is_not_turned_again(save):
    path = save(Image.fromarray(as_stored(four_colours(), 6)), "a.jpg", quality=95, exif=exif(6), xmp=b"6")
    once = open_image(path)
    assert 0x0112 not in once.getexif()
    assert is_upright(to_rgb(once))


# --- colours ---------------------------------------------------------------------------------------


def transparent_palette():
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((0, 0), 0)
    return picture


def pixels(mode, *values):
    picture = Image.new(mode, (8, 8), values[-1])
    for place, value in enumerate(values):
        picture.putpixel((place, 0), value)
    return picture


COLOURS = {
    "RGB": (pixels("RGB", (1, 2, 3)), "png", {}, [(1, 2, 3)]),
    "grey": (pixels("L", 0, 77, 255), "png", {}, [(0,) * 3, (77,) * 3, (255,) * 3]),
    "black and white": (pixels("1", 0, 1), "png", {}, [(0,) * 3, (255,) * 3]),
    "inks": (pixels("CMYK", (255, 0, 0, 0), (0, 0, 0, 255), (0, 0, 0, 0)), "tif", {},
             [(0, 255, 255), (0, 0, 0), (255, 255, 255)]),
    "alpha on white": (pixels("RGBA", (255, 0, 0, 255), (255, 0, 0, 0), (255, 0, 0, 128)), "png", {},
                       [(255, 0, 0), (255, 255, 255), (255, 127, 127)]),
    "grey with alpha on white": (pixels("LA", (0, 255), (0, 0), (0, 128)), "png", {},
                                 [(0,) * 3, (255,) * 3, (127,) * 3]),
    "palette": (transparent_palette(), "png", {}, [(10, 20, 30), (200, 100, 50)]),
    "transparent palette on white": (transparent_palette(), "png", {"transparency": 0},
                                     [(255, 255, 255), (200, 100, 50)]),
    "half transparent palette": (transparent_palette(), "png", {"transparency": b"\x80\xff"},
                                 [(132, 137, 142), (200, 100, 50)]),
    "transparent GIF on white": (transparent_palette(), "gif", {"transparency": 0}, [(255, 255, 255), (200, 100, 50)]),
    "transparent colour on white": (pixels("RGB", (9, 9, 9), (1, 2, 3)), "png", {"transparency": (9, 9, 9)},
                                    [(255, 255, 255), (1, 2, 3)]),
    "16 bits by their upper half": (pixels("I;16", 0, 255, 256, 0x1234, 65_535), "png", {},
                                    [(0,) * 3, (0,) * 3, (1,) * 3, (0x12,) * 3, (255,) * 3]),
    "16 bits, a TIFF": (pixels("I;16", 0x1234, 65_535), "tif", {}, [(0x12,) * 3, (255,) * 3]),
    "16 bits, the other byte first": (pixels("I;16B", 0x1234, 65_535), "tif", {}, [(0x12,) * 3, (255,) * 3]),
}  # fmt: skip


@pytest.mark.parametrize("name", COLOURS)
def test_colours_come_out_as_rgb(name, save):
    picture, extension, options, expected = COLOURS[name]
    image = open_image(save(picture, f"a.{extension}", **options))
    assert image.mode == "RGB"
    found = [image.getpixel((place, 0)) for place in range(len(expected))]
    assert np.abs(np.array(found) - expected).max() <= 1, found


def test_a_transparent_value_among_16_bits_lies_on_white(save):
    plain = encoded(pixels("I;16", 0x1234, 0x1235), "PNG")
    path = save(plain[:33] + chunk(b"tRNS", b"\x12\x34") + plain[33:], "a.png")
    image = open_image(path)
    assert [image.getpixel((place, 0)) for place in (0, 1)] == [(255,) * 3, (0x12,) * 3]
    assert kinds(path) == ["16-bit", "transparent"]


@pytest.mark.parametrize("extension", ["gif", "tif", "webp", "png"])
def test_the_first_frame_counts(extension, save):
    red, blue = Image.new("RGB", (16, 16), (255, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 255))
    path = save(red, f"a.{extension}", save_all=True, append_images=[blue, red])
    assert open_image(path).getpixel((3, 3))[0] > 240
    assert ("several frames", "3 frames") in examine(path).problems


def test_damage_behind_the_first_frame_leaves_the_picture_usable(save, monkeypatch):
    red, blue = Image.new("RGB", (16, 16), (255, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 255))
    path = save(red, "a.gif", save_all=True, append_images=[blue])
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(lambda image: 1 / 0))
    assert [kind for kind in kinds(path) if kind in LEFT_OUT] == []
    assert ("several frames", "those behind the first are damaged") in examine(path).problems


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "I;16"])
def test_an_rgb_image_stays_what_it_is(mode):
    once = to_rgb(Image.new(mode, (5, 7)))
    assert (once.mode, once.size) == ("RGB", (5, 7))
    assert to_rgb(once).tobytes() == once.tobytes()


# --- reduced scale ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(load_sample_image("china.jpg"))  # 640 x 427


@pytest.mark.parametrize(
    ("size", "expected"),
    [(None, 640), (0, 640), (8, 80), (53, 80), (54, 160), (106, 160), (107, 320), (213, 320), (214, 640), (9999, 640)],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_enough(size, expected, photo, save):
    image = open_image(save(photo, "a.jpg", quality=95), size)
    assert image.width == expected
    assert min(image.size) >= min(size or 427, 427)


@pytest.mark.parametrize("size", [20, 54, 107])
def test_reduced_colours_are_near_the_full_ones(size, photo, save):
    path = save(photo, "a.jpg", quality=95)
    reduced, full = (open_image(path, want).resize((size, size), Image.Resampling.BOX) for want in (size, None))
    assert np.abs(np.asarray(reduced, dtype=float) - np.asarray(full, dtype=float)).mean() < 5  # of 255


def test_a_grey_and_an_ink_jpeg_are_reduced_too(photo, save):
    for mode in ("L", "CMYK"):
        image = open_image(save(photo.convert(mode), "a.jpg", quality=95), 100)
        assert (image.mode, image.width) == ("RGB", 160)


def test_other_formats_keep_every_pixel(photo, save):
    assert open_image(save(photo, "a.png"), size=8).size == photo.size


# --- what cannot be read ---------------------------------------------------------------------------


def bomb():
    """A kilobyte that claims 20,000 x 10,000 pixels."""
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000), level=0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def noise(file_format, **options):
    values = np.random.default_rng(0).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    return encoded(Image.fromarray(values), file_format, **options)


def middle_gone(content):
    """The same length, but zeros in the middle."""
    half = len(content) // 2
    return content[:half] + bytes(300) + content[half + 300 :]


BAD = {
    "empty file": b"",
    "not a picture": b"This was meant to be a picture.\n",
    "broken": noise("JPEG")[:4000],
    "too large": bomb(),
    "unknown range": encoded(Image.new("F", (9, 9), 0.5), "TIFF"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_has_a_kind_and_a_message_that_names_file_and_remedy(kind, save):
    path = save(BAD[kind], "holiday.jpg")
    facts = examine(path)
    assert [found for found, _ in facts.problems] == [kind]
    assert facts.bytes == len(BAD[kind])
    with pytest.raises(PictureError) as caught:
        open_image(path)
    assert caught.value.kind == kind
    _, what, remedy = PROBLEMS[kind]
    assert str(path) in str(caught.value)
    assert what in str(caught.value)
    assert remedy in str(caught.value)
    assert isinstance(caught.value, CourseError)


def test_the_bomb_is_a_kilobyte_and_its_message_says_the_limit(save):
    path = save(bomb(), "a.png")
    assert path.stat().st_size < 1100
    assert examine(path).problems == (("too large", "over 178 megapixels"),)


@pytest.mark.parametrize("content", [
    noise("PNG", exif=exif(6)), noise("PNG"), noise("TIFF", compression="tiff_lzw"), noise("GIF"),
])  # fmt: skip
def test_a_stream_broken_in_the_middle_is_broken_for_both(content, save):
    # With EXIF the first decoding error was once swallowed, and half a picture given out.
    path = save(middle_gone(content), "a")
    assert "broken" in kinds(path)
    with pytest.raises(PictureError, match="cannot be decoded to its end"):
        open_image(path)


def test_a_file_that_is_not_there_is_missing(tmp_path):
    assert kinds(tmp_path / "a.jpg") == ["missing"]
    with pytest.raises(PictureError, match="there is no such file.*correct the path"):
        open_image(tmp_path / "a.jpg")


def test_a_link_to_nowhere_is_missing_and_one_to_itself_cannot_be_read(tmp_path):
    try:
        (tmp_path / "nowhere.jpg").symlink_to("gone.jpg")
        (tmp_path / "itself.jpg").symlink_to("itself.jpg")
    except OSError:
        pytest.skip("this system allows no links")
    assert kinds(tmp_path / "nowhere.jpg") == ["missing"]
    assert kinds(tmp_path / "itself.jpg") == ["cannot be read"]


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    assert kinds(tmp_path / "a.jpg") == ["no file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_or_socket_is_no_file_and_nobody_waits_for_it(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        assert kinds("pipe.jpg") == ["no file"]
        assert kinds("socket.jpg") == ["no file"]
        with pytest.raises(PictureError, match="move it away"):
            open_image("pipe.jpg")


def test_a_file_larger_than_any_picture_is_not_read(save, monkeypatch):
    path = save(Image.new("RGB", (20, 20)), "a.bmp")
    monkeypatch.setattr(images, "MOST_BYTES", 1000)
    assert kinds(path) == ["too large"]
    monkeypatch.setattr(images, "MOST_BYTES", path.stat().st_size)
    assert kinds(path) == []


def test_a_file_without_permission_cannot_be_read(open_folder, draw, no_rights):
    path = draw(open_folder / "a.jpg")
    path.chmod(0)
    examine(path)
    with no_rights():
        facts = examine(path)
        with pytest.raises(PictureError, match="refuses to open the file .Permission denied.*check its permissions"):
            open_image(path)
    assert facts.problems == (("cannot be read", "Permission denied"),)


def test_the_error_comes_back_from_a_worker_process():
    error = pickle.loads(pickle.dumps(PictureError("a.jpg", "tiny", "1 x 1")))
    assert (error.path, error.kind, error.detail) == ("a.jpg", "tiny", "1 x 1")
    assert "'a.jpg'" in str(error)
    assert "(1 x 1)" in str(error)


@pytest.mark.parametrize(("size", "tiny"), [((1, 1), True), ((3, 90), True), ((90, 3), True), ((4, 4), False)])
def test_under_4_pixels_there_is_nothing_to_see(size, tiny, save):
    assert kinds(save(Image.new("RGB", size), "a.png")) == (["tiny"] if tiny else [])


# --- what is noted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("file_format", "name", "expected"), [
    ("PNG", "a.jpg", [("wrong extension", "PNG named .jpg")]),
    ("JPEG", "a", [("wrong extension", "JPEG named without extension")]),
    ("JPEG", "a.txt", [("wrong extension", "JPEG named .txt")]),
    ("JPEG", "a.JPEG", []), ("JPEG", "a.jfif", []), ("TIFF", "a.TIF", []), ("PNG", "a.PNG", []), ("BMP", "a.bmp", []),
])  # fmt: skip
def test_the_content_decides_and_a_name_that_says_otherwise_is_noted(file_format, name, expected, save):
    path = save(encoded(Image.fromarray(four_colours()), file_format), name)
    assert list(examine(path).problems) == expected
    assert open_image(path).size == (48, 32)


def test_a_jpeg_with_a_second_one_behind_is_a_jpeg(save):
    picture = Image.fromarray(four_colours())
    path = save(encoded(picture, "MPO", save_all=True, append_images=[picture], quality=95), "a.jpg")
    assert examine(path).problems == ()
    assert is_upright(open_image(path))


def test_facts_are_those_of_the_file(photo, save):
    path = save(photo, "a.jpg")
    content = path.read_bytes()
    facts = examine(path)
    assert facts[:5] == (640, 427, "RGB", "JPEG", len(content))
    assert facts.digest == hashlib.blake2b(content, digest_size=16).hexdigest()
    assert examine(path, hashes=False) == facts._replace(digest="", phash=0)


@pytest.mark.parametrize("name", ["a.jpg", "a.JPG", "a.b.Jpeg", "a.png", "a.gif", "a.bmp", "a.tif", "a.TIFF", "a.webp"])
def test_a_picture_is_known_by_its_extension_in_any_letter_case(name):
    assert is_picture_name(name)


@pytest.mark.parametrize("name", ["jpg", "a", "a.txt", "a.jpg.txt", "a.pdf", "a.eps", "a.mpg", "Thumbs.db", ".jpg"])
def test_another_name_is_no_picture_name(name):
    assert not is_picture_name(name)


def test_every_problem_says_what_it_is_and_what_to_do():
    for kind, (left_out, what, remedy) in PROBLEMS.items():
        assert isinstance(left_out, bool), kind
        assert what and remedy, kind


# --- the perceptual hash ---------------------------------------------------------------------------


def bits_apart(one, other):
    return (perceptual_hash(one) ^ perceptual_hash(other)).bit_count()


def test_the_hash_is_the_low_frequencies_against_their_median(photo):
    grey = np.asarray(photo.convert("L").resize((32, 32), Image.Resampling.BILINEAR), dtype=float)
    waves = dctn(grey, type=2)[:8, :8].ravel()
    bits = "".join("1" if wave > np.median(waves) else "0" for wave in waves)
    assert f"{perceptual_hash(photo):064b}" == bits


def test_a_saved_again_or_smaller_picture_differs_in_few_bits_and_another_in_many(photo):
    smaller = Image.open(io.BytesIO(encoded(photo.resize((200, 133)), "JPEG", quality=60)))
    assert bits_apart(photo, smaller) <= 4
    assert bits_apart(photo, photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) > 16
    assert bits_apart(photo, Image.fromarray(load_sample_image("flower.jpg"))) > 16


@pytest.mark.parametrize("name", COLOURS)
def test_the_hash_is_that_of_the_image_that_is_given_out(name, save, photo):
    mode = COLOURS[name][0].mode
    picture = photo.resize((64, 48))
    if mode.startswith("I"):
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif mode in ("LA", "RGBA"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture = picture if mode.startswith("I") else picture.convert(mode)
    path = save(picture, "a.tif" if mode == "CMYK" else "a.png", **COLOURS[name][2])
    assert (examine(path).phash ^ perceptual_hash(open_image(path))).bit_count() <= 1
    assert examine(path).phash.bit_count() == 32


# --- fuzz ------------------------------------------------------------------------------------------

ROUNDS = 80
WHOLE = {
    "jpg": ("JPEG", {"exif": exif(6)}), "progressive.jpg": ("JPEG", {"progressive": True}), "png": ("PNG", {}),
    "exif.png": ("PNG", {"exif": exif(5)}), "gif": ("GIF", {}), "bmp": ("BMP", {}), "tif": ("TIFF", {}),
    "lzw.tif": ("TIFF", {"compression": "tiff_lzw"}), "webp": ("WEBP", {"exif": exif(3)}),
    "animated.gif": ("GIF", {"save_all": True, "append_images": [Image.new("RGB", (24, 18))]}),
}  # fmt: skip


def damaged(content, rng):
    """Some bytes changed, a stretch zeroed, the end cut off, or a stretch taken out."""
    content = bytearray(content)
    start = rng.randrange(len(content))
    stretch = slice(start, start + rng.randrange(1, 40))
    way = rng.randrange(4)
    if way == 0:
        for _ in range(rng.randrange(1, 9)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif way == 1:
        content[stretch] = bytes(len(content[stretch]))
    elif way == 2:
        del content[start:]
    else:
        del content[stretch]
    return bytes(content)


@pytest.mark.filterwarnings("ignore")  # decoders grumble
@pytest.mark.parametrize("name", WHOLE)
def test_damaged_bytes_raise_nothing_and_what_passes_the_examination_opens(name, tmp_path):
    file_format, options = WHOLE[name]
    coarse = np.random.default_rng(1).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(coarse).resize((24, 18), Image.Resampling.BICUBIC), file_format, **options)
    rng = random.Random(name)
    path = tmp_path / f"a.{name}"
    seen = set()
    for _ in range(ROUNDS):
        content = damaged(whole, rng)
        path.write_bytes(content)
        facts = examine(path)
        left_out = LEFT_OUT.intersection(kind for kind, _ in facts.problems)
        seen |= left_out or {"read"}
        assert path.read_bytes() == content
        if left_out - {"tiny"}:
            with pytest.raises(PictureError) as caught:
                open_image(path)
            assert {caught.value.kind} == left_out
        else:
            image = open_image(path)
            assert (image.mode, image.size) == ("RGB", (facts.width, facts.height))
    assert len(seen) >= 2, "the damage must do something, and not always the same"


@pytest.mark.parametrize("name", ["digits", "messy", "layouts"])
def test_examining_and_opening_agree_on_every_sample(name):
    paths = [path for path in sample(name).rglob("*") if path.is_file() and is_picture_name(path)]
    for path in paths[::4] if name == "digits" else paths:
        facts = examine(path)
        if LEFT_OUT.isdisjoint(kind for kind, _ in facts.problems):
            assert open_image(path).size == (facts.width, facts.height), path
        elif kinds(path) != ["tiny"]:
            with pytest.raises(PictureError):
                open_image(path)
