"""How a figure of the course is made and shown: one style, and a text alternative that travels with it.

`with_alt` is the one way to give a figure its text. A notebook then stores it in the output's metadata
(`image/png`, `alt`), where the pages of `utils.notebooks.report` take it from (nbconvert's own pages do not, and
neither does JupyterLab), and as the output's plain text.

A colour of the palette stands out from white by 3 to 1 and text by 4.5 to 1, as WCAG 2.1 asks (1.4.11, 1.4.3).
"""

import io
import warnings

import matplotlib as mpl
import numpy as np
from IPython import get_ipython
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from utils.errors import CourseError

MOST_POINTS = 2000  # of a curve: more would look the same and take long to draw
# After Okabe and Ito's colours, told apart by colour-blind eyes as well (https://jfly.uni-koeln.de/color/), but dark
# enough for a line on white, where theirs have 2.2 to 1 (orange) or 2.3 (sky). BLUE, RED and GREY are for text too.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#B88E00", "#00996C", "#BC5300", "#DA70A8", "#009CE6"
GREY = "#6B6B6B"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)  # of lines on one figure
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))  # told apart without colour too
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "d", "p")  # and so are these
HATCHES = ("", "//", "..", "xx", "\\\\", "--")  # colour is never the only carrier of meaning
DOTS_PER_INCH = 96
MANY_COLOURS = 2**14  # what is drawn has fewer
ROUNDED = [round(255 * round(31 * value / 255) / 31) for value in range(256)] * 3  # to 32 levels of red, green and blue


def backing(pad: float, alpha: float | None = None) -> dict:
    """The white box of words that lie on lines or bars (`bbox`); pad in points."""
    return {"facecolor": "white", "edgecolor": "none", "alpha": alpha, "pad": pad}


# Fonts for class names in scripts that DejaVu lacks; those that the machine has are used.
MORE_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "Yu Gothic", "Hiragino Sans", "PingFang SC",
              "WenQuanYi Zen Hei", "Noto Sans Arabic", "Noto Sans Devanagari", "Arial Unicode MS")  # fmt: skip
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "font.size": 10,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # a class called "a$b$c" is no formula
}


class CourseFigure(Figure):
    """A figure that knows its text alternative; `repr` is that text, so that it is what a notebook compares."""

    alt = ""
    compared = True

    def __repr__(self):
        return f"<Figure: {self.alt}>" if self.compared else "<Figure>"

    def of_trained(self):
        """The figure, its numbers not compared: they come from training, which differs between processors."""
        self.compared = False
        return self


def canvas(width=7.0, height=3.4, rows=1, columns=1, **options):
    """A new figure and its axes, in the course's style. Width and height in inches.

    No pyplot: figures are not kept alive behind the reader's back, and none is shown twice.
    """
    present = {font.name for font in font_manager.fontManager.ttflist}
    fonts = ["DejaVu Sans", *(font for font in MORE_FONTS if font in present)]
    with mpl.rc_context(STYLE | {"font.family": fonts}):
        figure = CourseFigure(figsize=(width, height), dpi=DOTS_PER_INCH)
        return figure, figure.subplots(rows, columns, **options)


def title(axes, text: str, **options) -> None:
    """The finding, bold above the axes on the left."""
    axes.set_title(text, **{"loc": "left", "weight": "bold", "fontsize": 11} | options)


def plain_numbers(axis) -> None:
    """Ticks as 0.001 or 200 where a logarithmic axis would write powers of ten; small ticks stay without a number."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def pale(colour) -> dict:
    """Of a marker: pale inside, so that several on one another are seen, with an edge that stands out."""
    return {"markerfacecolor": (colour, 0.5), "markeredgecolor": colour}


def ink_on(colour) -> str:
    """Black or white: what stands out more from a colour. WCAG's contrast is equal at a relative luminance of 0.18."""
    from seaborn.utils import relative_luminance  # here, since it takes a second that few figures need

    return "black" if relative_luminance(colour) > 0.18 else "white"


def with_alt(figure: Figure, alt: str) -> Figure:
    """The figure with its text alternative: what an eye would take away, in one or two sentences."""
    if not isinstance(alt, str) or not alt.strip():
        raise CourseError("A figure needs a text alternative: with_alt(figure, 'Two bars: about 1.0 and about 0.1')")
    figure.__class__ = CourseFigure
    figure.alt = " ".join(alt.split())
    _teach_notebook()
    return figure


def png_with_alt(figure: CourseFigure) -> tuple[bytes, dict]:
    """The PNG, with a palette of its own 256 colours (a third of the bytes), and the metadata that carries the text."""
    with warnings.catch_warnings(), mpl.rc_context(STYLE):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a box stands for it; no more to say
        image = _drawn(figure)
    if image.getcolors(MANY_COLOURS) is None:  # photographs: to find their 256 takes seven times as long otherwise
        image = image.point(ROUNDED)
    image = image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small, text = io.BytesIO(), PngInfo()
    text.add_itxt("Description", figure.alt)
    image.save(small, "PNG", optimize=True, pnginfo=text)
    return small.getvalue(), {"alt": figure.alt}


def _drawn(figure):
    """The picture that `savefig(bbox_inches="tight")` makes, to a fraction of a pixel, but drawn once where that draws twice."""
    if figure.dpi != DOTS_PER_INCH:  # none of `canvas`
        return _saved(figure)
    agg, layout = FigureCanvasAgg(figure), figure.get_layout_engine()
    agg.draw()
    inked, page = figure.get_tightbbox(agg.get_renderer()), figure.bbox_inches
    if page.x0 <= inked.x0 and page.y0 <= inked.y0 and inked.x1 <= page.x1 and inked.y1 <= page.y1:
        return _cut_out(agg, inked.padded(mpl.rcParams["savefig.pad_inches"]))
    figure.set_layout_engine("none")  # it is laid out: a second time may move things, and narrow axes to nothing
    try:
        return _saved(figure)
    finally:
        figure.set_layout_engine(layout or "none")


def _saved(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", facecolor="white")
    return Image.open(buffer).convert("RGB")


def _cut_out(agg, box):
    """A part of what is drawn, on white; the box is in inches, and may reach beyond the page."""
    left, lower, right, upper = (round(DOTS_PER_INCH * inches) for inches in box.extents)
    drawn = Image.fromarray(np.asarray(agg.buffer_rgba()))
    image = Image.new("RGB", (right - left, upper - lower), "white")
    image.paste(drawn, (-left, upper - drawn.height), drawn)  # rows count from above
    return image


def _teach_notebook():
    """Let this notebook show our figures with their text: its own way to show figures knows none."""
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.formatters["image/png"].for_type(CourseFigure, png_with_alt)


def thinned(table):
    """The table of a long curve with so many rows that a line looks the same, the first and the last among them."""
    if len(table) <= MOST_POINTS:
        return table
    return table.iloc[np.linspace(0, len(table) - 1, MOST_POINTS).astype(int)]
