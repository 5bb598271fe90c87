"""What the tests of the sets made of emoji share: when bytes can be equal, and what a card counts."""

import importlib
import io
import platform
import re
import sys

import numpy as np
import PIL
import pytest
from PIL import Image, ImageChops

from utils.data.samples import SAMPLES_ROOT
from utils.errors import CourseError

LOCK = (SAMPLES_ROOT.parent / "requirements.txt").read_text(encoding="utf-8")
LOCKED = sys.platform == "linux" and platform.machine() == "x86_64" and f"pillow=={PIL.__version__}" in LOCK.split()
FONT_VERSION = "2.042"
SHEETS = SAMPLES_ROOT / "make" / "sheets"


def script(name):
    """A module of data_samples/make."""
    if str(SAMPLES_ROOT / "make") not in sys.path:
        sys.path.insert(0, str(SAMPLES_ROOT / "make"))
    return importlib.import_module(name)


def need_font():
    """Skips the test where the emoji font is not installed, with the line that installs it."""
    try:
        script("emoji").font_file()
    except CourseError as error:
        pytest.skip(str(error))


def assert_made_again(set_name, names):
    """The committed pictures are what the script makes of their names, (label, number), each alone.

    Equal bytes where Pillow, processor and font are those of the committed set; elsewhere equal to the eye.
    """
    need_font()
    again = {f"{label}/{label}-{number:03}.jpg": script(set_name).picture(label, number) for label, number in names}
    committed = {path: (SAMPLES_ROOT / set_name / path).read_bytes() for path in again}
    same = bytes.__eq__ if LOCKED and script("emoji").font_version() == FONT_VERSION else equal_to_the_eye
    assert [path for path in again if not same(again[path], committed[path])] == []


def equal_to_the_eye(one, other):
    one, other = (Image.open(io.BytesIO(content)).convert("RGB") for content in (one, other))
    return one.size == other.size and np.mean(np.asarray(ImageChops.difference(one, other))) < 6


def card_counts(set_name):
    """{label: pictures} of the table in a card: a row of names, a row of numbers."""
    card = (SAMPLES_ROOT / set_name / "README.md").read_text(encoding="utf-8")
    names, numbers = re.search(r"^\| class \|(.+)\|$\n^\|.*\|$\n^\| pictures \|(.+)\|$", card, re.MULTILINE).groups()
    return dict(zip((name.strip() for name in names.split("|")), map(int, numbers.split("|"))))


def assert_sheet_is_made_again(set_name):
    """The contact sheet in the card shows the committed pictures and weighs little."""
    sheet = SHEETS / f"{set_name}.jpg"
    assert f"../make/sheets/{set_name}.jpg" in (SAMPLES_ROOT / set_name / "README.md").read_text(encoding="utf-8")
    assert sheet.stat().st_size <= script("sheet").MOST_BYTES
    again = script("sheet").of_classes(SAMPLES_ROOT / set_name)
    with Image.open(sheet) as committed:
        assert committed.size == again.size
        difference = ImageChops.difference(committed.convert("RGB"), again)
    assert np.mean(np.asarray(difference)) < 6
