"""How fast fresh pictures are made: pre-training makes its scenes as it goes."""

import time

from tests.bench.line import Line
from tests.data_samples.sticker_sets import script
from utils.errors import CourseError

SCENES = 500


def bench_scenes():
    """A 72 px scene on one core, its sticker cached; nothing where the emoji font is not installed."""
    emoji, photo, scenes = script("emoji"), script("photo"), script("scenes")
    try:
        glyphs = emoji.others()[:50]
    except CourseError:
        return
    rng = photo.generator("bench")
    for glyph in glyphs:  # fills the caches
        scenes.scene(glyph, rng, (72, 72))
    start = time.process_time()
    for number in range(SCENES):
        scenes.scene(glyphs[number % len(glyphs)], rng, (72, 72))
    took = 1000 * (time.process_time() - start) / SCENES
    yield Line("a fresh 72 px scene, CPU time", took, None, "ms", "at most 2 ms")
