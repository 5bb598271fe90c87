"""The picture of a figure: what `savefig` makes of it, drawn once."""

import io
from unittest.mock import patch

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from utils import plots
from utils.plots.figures import DOTS_PER_INCH, canvas, png_with_alt, with_alt


def bars():
    return plots.compare({"ours": 0.9, "theirs": 0.5, "with a longer name": 0.7}, "A finding", chance=0.1)


def words_outside():
    figure, axes = canvas()
    axes.text(1.3, 0.5, "beyond the page", transform=axes.transAxes)
    figure.set_layout_engine("none")
    return with_alt(figure, "Words to the right of the axes.")


def narrower_each_time():
    """Each layout narrows its axes, for the words in them that are wider."""
    figure, axes = canvas(2.4, 2)
    axes.text(0.5, 0.5, "words wider than the axes that they are in", ha="center", transform=axes.transAxes)
    axes.set_title("A finding that reaches beyond the page", loc="left")
    return with_alt(figure, "Words in narrow axes.")


def another_size():
    figure = Figure(figsize=(6, 4), dpi=200)
    figure.subplots().plot([1, 2])
    return with_alt(figure, "A line.")


def see_through():
    figure = bars()
    figure.set_facecolor((0, 0, 0, 0))
    return figure


def pixels(data):
    return np.asarray(Image.open(data).convert("L")).astype(int)


@pytest.mark.parametrize("make", [bars, words_outside, narrower_each_time, another_size, see_through])
def test_a_figure_is_cut_out_as_matplotlib_does_it(make):
    ours = pixels(io.BytesIO(png_with_alt(make())[0]))
    buffer = io.BytesIO()
    with mpl.rc_context({"text.parse_math": False}):
        make().savefig(buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", facecolor="white")
    theirs = pixels(buffer)
    assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 1  # a fraction of a pixel
    for axis in (0, 1):  # where the ink is, line by line, as far as a fraction of a pixel moves it
        ink = [np.cumsum((255 - each).sum(axis=axis)) / (255 - each).sum() for each in (ours, theirs)]
        length = min(map(len, ink))
        assert np.abs(ink[0][:length] - ink[1][:length]).max() < 0.03


def test_it_is_drawn_once():
    figure = bars()
    with patch.object(Figure, "draw", autospec=True, side_effect=Figure.draw) as draw:
        png_with_alt(figure)
    assert draw.call_count == 1


def test_a_figure_that_reaches_beyond_its_page_is_laid_out_once_and_can_be_laid_out_again():
    figure = narrower_each_time()
    with patch.object(
        ConstrainedLayoutEngine, "execute", autospec=True, side_effect=ConstrainedLayoutEngine.execute
    ) as execute:
        png_with_alt(figure)
    assert execute.call_count == 1
    assert isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine)
