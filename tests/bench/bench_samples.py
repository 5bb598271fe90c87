"""How fast fresh pictures are made: pre-training makes its scenes as it goes."""

import sys
import time

from tests.bench.line import Line
from utils.data.samples import SAMPLES_ROOT
from utils.errors import CourseError

SCENES = 500


def bench_scenes():
    """A 72 px scene on one core, its sticker cached; nothing where the emoji font is not installed."""
    sys.path.insert(0, str(SAMPLES_ROOT / "make"))
    import emoji
    import photo
    import scenes

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
