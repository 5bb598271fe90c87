"""Figures can be read by weak and by colour-blind eyes: their colours, their contrast, and what stands beside colour."""

import ast
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import same_color, to_hex, to_rgba
from matplotlib.container import BarContainer
from matplotlib.image import AxesImage
from matplotlib.text import Text

from tests.colours import VISIONS, apart, ciede2000, contrast
from tests.plots.examples import EXAMPLES
from utils import plots
from utils.plots import figures
from utils.plots.figures import BLUE, COLOURS, DASHES, GREY, HATCHES, MARKS, RED, ink_on, pale

PALETTE = (*COLOURS, GREY)
TEXT, GRAPHICS = 4.5, 3.0  # WCAG 2.1, criteria 1.4.3 and 1.4.11
# CIEDE2000 between any two colours for any eye. Okabe and Ito's seven have 10.9 at the least (orange and purple, tritanopia).
FAR = 10
FROM_DARK_TO_LIGHT = ("Blues", "Blues_r", "gray", "magma")

each_figure = pytest.mark.parametrize("name", EXAMPLES)


@pytest.fixture(scope="module")
def made():
    """The example of each name, made once."""
    kept = {}
    return lambda name: kept.setdefault(name, EXAMPLES[name]())


# --- the measures and the palette --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_is_that_of_its_papers_table(one, other, distance):
    assert ciede2000(one, other) == pytest.approx(distance, abs=5e-5)
    assert ciede2000(other, one) == pytest.approx(distance, abs=5e-5)


def test_contrast_is_wcags():
    assert contrast("black") == pytest.approx(21)
    assert contrast("#777777") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails
    assert contrast(("black", 0.0)) == pytest.approx(1)


@pytest.mark.parametrize("vision", VISIONS)
def test_every_eye_tells_the_colours_of_the_palette_apart(vision):
    distances = {(one, other): apart(one, other, vision) for one, other in combinations(PALETTE, 2)}
    assert min(distances.values()) >= FAR, min(distances.items(), key=lambda pair: pair[1])


@pytest.mark.parametrize("vision", ["protanopia", "deuteranopia"])
def test_colours_that_some_eyes_take_for_one_are_found_out(vision):
    assert apart("limegreen", "orange", vision) < FAR < apart("limegreen", "orange")


@pytest.mark.parametrize("colour", PALETTE)
def test_every_colour_stands_out_from_white(colour):
    assert contrast(colour) >= GRAPHICS


def test_looks_without_colour_differ():
    for looks in (DASHES, MARKS, HATCHES):
        assert len(set(looks)) == len(looks) >= len(COLOURS)


def test_a_pale_mark_has_an_edge_that_stands_out():
    assert contrast(pale(BLUE)["markeredgecolor"]) >= GRAPHICS > contrast(pale(BLUE)["markerfacecolor"])


@pytest.mark.parametrize("colours", FROM_DARK_TO_LIGHT)
def test_numbers_stand_out_from_every_colour_of_a_map(colours):
    assert min(contrast(ink_on(each), each) for each in colormaps[colours](np.linspace(0, 1, 256))) >= TEXT


@pytest.mark.parametrize("colours", FROM_DARK_TO_LIGHT)
def test_a_map_goes_one_way_from_dark_to_light_so_that_it_can_be_read_without_colour(colours):
    steps = np.diff([contrast(each) for each in colormaps[colours](np.linspace(0, 1, 64))])
    assert (steps > 0).all() or (steps < 0).all()


@each_figure
def test_numbers_are_shown_by_such_a_map_alone(name, made):
    maps = [each for each in made(name).findobj(QuadMesh) + made(name).findobj(AxesImage) if each.get_array().ndim < 3]
    assert {each.get_cmap().name for each in maps} <= set(FROM_DARK_TO_LIGHT)


# --- every figure ------------------------------------------------------------------------------------


def test_every_figure_of_the_course_has_an_example():
    assert set(EXAMPLES) == set(plots.__all__) - {"canvas", "with_alt"}


@each_figure
def test_the_text_of_a_figure_says_more_than_its_title(name, made):
    figure = made(name)
    titles = [figure.get_suptitle(), *(axes.get_title(loc="left") for axes in figure.axes)]
    assert any(titles)
    assert all(figure.alt.strip(" .") not in title and len(figure.alt.split()) >= 7 for title in titles)


def drawn(figure):
    """(axes, artist, its colours) of what carries data: lines, bars, dots and strokes."""
    for axes in figure.axes:
        for line in axes.lines:
            colours = [to_rgba(line.get_color(), line.get_alpha())] if line.get_linestyle() != "None" else []
            if line.get_marker() not in ("None", None, ""):
                colours += [to_rgba(each, line.get_alpha()) for each in (line.get_markeredgecolor(), line.get_markerfacecolor())
                            if not same_color(each, "none")]  # fmt: skip
            yield axes, line, colours
        for each in axes.collections:
            if isinstance(each, LineCollection) or (isinstance(each, PathCollection) and len(each.get_offsets())):
                yield axes, each, [*map(tuple, each.get_edgecolor()), *map(tuple, each.get_facecolor())]
        for bars in axes.containers:
            if isinstance(bars, BarContainer):
                for bar in bars:
                    yield axes, bar, [bar.get_facecolor()]


@each_figure
def test_a_figure_has_the_colours_of_the_palette_alone(name, made):
    allowed = {to_hex(colour) for colour in (*PALETTE, "black", "white")}
    used = {to_hex(colour) for _, _, colours in drawn(made(name)) for colour in colours}
    used |= {to_hex(text.get_color()) for text in made(name).findobj(Text) if text.get_text()}
    assert used - {"#262626"} <= allowed, used - allowed  # seaborn's black


@each_figure
def test_what_carries_data_stands_out_from_white(name, made):
    dim = [(artist, max(map(contrast, colours))) for _, artist, colours in drawn(made(name))]
    assert not [(str(artist), round(ratio, 2)) for artist, ratio in dim if ratio < GRAPHICS]


@each_figure
def test_words_stand_out_from_what_lies_behind_them(name):
    figure = EXAMPLES[name]()  # its own: the words are taken out of it
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    inks = [(text, text.get_color(), text.get_window_extent()) for text in words]
    for text in words:
        text.set_alpha(0)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255  # from the foot, as extents are
    dim = {}
    for text, ink, box in inks:
        behind = image[max(0, int(box.y0)) : int(box.y1) + 1, max(0, int(box.x0)) : int(box.x1) + 1].reshape(-1, 3)
        if len(behind):  # what lies beside the page is not seen
            dim[text.get_text()] = contrast(ink, tuple(np.median(behind, axis=0)))
    assert {word: round(ratio, 2) for word, ratio in dim.items() if ratio < TEXT} == {}


def look(handle):
    """How something in a legend looks to an eye that sees no colour."""
    if isinstance(handle, BarContainer):
        return handle[0].get_hatch()
    if isinstance(handle, PathCollection):
        return tuple(map(tuple, handle.get_paths()[0].vertices.round(3)))
    if hasattr(handle, "get_hatch"):
        return handle.get_hatch(), handle.get_linestyle()
    is_hollow = same_color(handle.get_markerfacecolor(), "white")
    is_thick = handle.get_linewidth() >= 2
    # A pattern of one's own is "--" too to get_linestyle, and nothing public tells it.
    return handle.get_linestyle(), handle._unscaled_dash_pattern, is_thick, handle.get_marker(), is_hollow


@each_figure
def test_what_a_legend_names_is_told_apart_without_colour(name, made):
    for axes in made(name).axes:
        handles, labels = axes.get_legend_handles_labels()
        looks = [look(handle) for handle in handles] if axes.get_legend() else []
        assert len(set(looks)) == len(looks), dict(zip(labels, looks))


@each_figure
def test_dots_without_a_name_of_their_own_have_the_mark_of_their_line(name, made):
    for axes in made(name).axes:
        colours = {}
        for line in axes.lines if axes.get_legend() else []:
            if line.get_linestyle() == "None":
                colours.setdefault(line.get_marker(), set()).add(line.get_color())
        # What is chosen has one colour, and lies upon the lines.
        assert not {mark: each for mark, each in colours.items() if len(each - {RED}) > 1}


def test_bars_of_different_groups_differ_in_their_hatch():
    bars = plots.compare(dict.fromkeys("abcd", 0.5), "x", groups=[1, 1, 2, 3]).axes[0].patches
    assert bars[0].get_hatch() == bars[1].get_hatch()
    assert len({bar.get_hatch() for bar in bars}) == 3


def test_a_picture_that_is_left_out_has_a_sign_and_the_title_says_which():
    figure = EXAMPLES["problem_grid"]()
    used, left_out = figure.axes[:2]
    assert (used.get_title(), left_out.get_title()) == ("rotated", "✗ broken")
    assert "left out (✗)" in figure.get_suptitle()


def test_numbers_in_a_confusion_matrix_are_dark_or_light_by_their_cell(made):
    figure = made("confusion_matrix")
    assert {text.get_color() for axes in figure.axes for text in axes.texts} == {"black", "white"}
    for axes in figure.axes:
        mesh = next(each for each in axes.collections if isinstance(each, QuadMesh))
        for text, value in zip(axes.texts, mesh.get_array().ravel(), strict=True):
            assert contrast(text.get_color(), mesh.to_rgba(value)) >= TEXT


# --- the sources -------------------------------------------------------------------------------------

SOURCES = sorted(Path(figures.__file__).parent.glob("*.py"))
COLOURED = {"c", "color", "colors", "facecolor", "edgecolor", "edgecolors", "linecolor", "ecolor", "markerfacecolor",
            "markeredgecolor", "markerfacecoloralt"}  # fmt: skip
# White between bars and behind words, black strokes, and greys too pale to say anything: grids and empty fields.
PLAIN = {"white", "black", "none", "#DDDDDD", "#E5E5E5", "#EEEEEE", "#F4F4F4", "#C4C4C4"}


def ad_hoc(source):
    """Colours that a source gives by name or number to what it draws."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg in COLOURED:
            yield from texts(node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and key.value in COLOURED:
                    yield from texts(value)


def texts(node):
    """The texts that an expression may give: of a choice, a list or a tuple each of them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    parts = {ast.IfExp: ("body", "orelse"), ast.ListComp: ("elt",), ast.Tuple: ("elts",), ast.List: ("elts",)}
    for name in parts.get(type(node), ()):
        found = getattr(node, name)
        for part in found if isinstance(found, list) else [found]:
            yield from texts(part)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_plots_take_their_colours_from_the_palette(path):
    found = set(ad_hoc(path.read_text(encoding="utf-8"))) - PLAIN
    assert not found, f"{path.name} draws in {sorted(found)}: take a colour of utils.plots.figures"


@pytest.mark.parametrize(
    "source",
    [
        'axes.plot(x, y, color="red" if rows["bad"] else BLUE)',
        'look = {"facecolor": "red"}',
        'axes.bar(x, y, color=["red" for each in x])',
        'axes.bar(x, y, color=[BLUE, "red"])',
    ],
)
def test_an_ad_hoc_colour_is_found(source):
    assert list(ad_hoc(source)) == ["red"]
