"""Figures about data: the title is the finding, computed; the text alternative travels with the figure."""

import io

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from PIL import Image

from utils import plots
from utils.data.copies import find_copies
from utils.data.samples import sample
from utils.data.tables import scan
from utils.errors import CourseError
from utils.plots.figures import CourseFigure, canvas, png_with_alt, with_alt


@pytest.fixture(scope="module")
def messy():
    return scan(sample("messy"), progress=False)


def texts(figure):
    axes = figure.axes[0]
    title = axes.get_title(loc="left") or (figure.get_suptitle())
    return title, figure.alt


def drawn(figure):
    """The figure as an image array: it can be drawn, and something is on it."""
    data, metadata = png_with_alt(figure)
    assert metadata == {"alt": figure.alt}
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    assert pixels.std() > 5
    return pixels


def table(**counts):
    labels = [label for label, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"path": [f"{index}.png" for index in range(len(labels))], "label": labels})


def test_a_figure_of_trained_numbers_is_compared_by_being_there_and_keeps_its_text():
    figure = plots.class_counts(table(cat=10, dog=30))
    assert "dog" in repr(figure)
    assert repr(figure.of_trained()) == "<Figure>"
    assert "dog" in figure.alt


def colours(figure):
    """(H, W, 3) of the stored picture."""
    return np.asarray(Image.open(io.BytesIO(png_with_alt(figure)[0])).convert("RGB")).astype(int)


def test_256_colours_are_enough_for_pictures_and_for_what_is_drawn(monkeypatch):
    animals = scan(sample("animals"), progress=False).table

    def both():
        return colours(plots.sample_grid(animals)), colours(plots.class_counts(table(cat=10, dog=30)))

    stored = both()
    monkeypatch.setattr("utils.plots.figures.MANY_COLOURS", 2**24)
    monkeypatch.setattr(Image.Image, "quantize", lambda image, *_, **__: image)
    for few, many, most in zip(stored, both(), (5, 0.1)):  # of 255, on average
        assert len(np.unique(few.reshape(-1, 3), axis=0)) <= 256 < len(np.unique(many.reshape(-1, 3), axis=0))
        assert np.abs(few - many).mean() < most
        assert (few[0, 0] == 255).all()


def test_class_counts_names_the_score_to_beat():
    figure = plots.class_counts(table(cat=10, dog=30))
    title, alt = texts(figure)
    assert title == "Always answering 'dog' is right 75% of the time"
    assert "2 classes" in alt and "30 pictures (dog)" in alt and "10 (cat)" in alt
    drawn(figure)


def test_class_counts_of_many_classes_says_how_many_are_shown():
    figure = plots.class_counts(table(**{f"class{number}": number for number in range(1, 41)}))
    assert "40 classes, of which the 30 largest are shown" in figure.alt


def test_split_counts_says_where_a_class_is_missing():
    split = table(cat=4, dog=4).assign(split=["train", "train", "valid", "test"] + ["train"] * 4)
    assert texts(plots.split_counts(split))[0] == "2 times a class is missing in a split"
    split["split"] = ["train", "train", "valid", "test"] * 2
    assert texts(plots.split_counts(split))[0] == "Every class is in every split, the smallest part has 1"


def test_sizes_counts_what_gets_enlarged():
    shapes = table(cat=4).assign(width=[100, 300, 300, 300], height=[300, 300, 300, 100])
    figure = plots.sizes(shapes, 224)
    title, alt = texts(figure)
    assert title == "50% of the pictures have a side shorter than 224 px"
    assert "0.33 to 3.00" in alt
    drawn(figure)


def test_grids_are_drawn_from_the_faulty_folder(messy):
    for figure in (
        plots.sample_grid(messy.table),
        plots.problem_grid(messy.problems, messy.table.attrs["root"]),
        plots.copy_grid(find_copies(messy.table)),
    ):
        drawn(figure)


def test_the_sample_grid_does_not_depend_on_the_order_of_the_table(messy):
    shuffled = messy.table.sample(frac=1, random_state=3)
    shuffled.attrs = messy.table.attrs
    assert (drawn(plots.sample_grid(messy.table)) == drawn(plots.sample_grid(shuffled))).all()


def test_grids_of_nothing_say_so(messy):
    nothing = plots.problem_grid(messy.problems[:0], messy.table.attrs["root"])
    assert nothing.alt.startswith("No problem found")
    png_with_alt(nothing)
    png_with_alt(plots.copy_grid(find_copies(messy.table)[:0]))


def test_a_class_called_like_a_formula_or_in_another_script_is_only_a_name(recwarn):
    drawn(plots.class_counts(pd.concat([table(**{"$x^2_a$": 3}), table(**{"犬 と 猫": 2}), table(بقرة=1)])))
    assert [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)] == []


def test_compare_writes_values_and_chance_into_the_text():
    figure = plots.compare({"random": 1.0, "by family": 0.12}, "Memory wins", chance=0.1)
    assert texts(figure) == (
        "Memory wins",
        "Memory wins. Bars of accuracy: random 1.00, by family 0.12; chance is 0.10.",
    )
    drawn(figure)


def test_compare_calls_its_line_by_the_word_that_is_given():
    figure = plots.compare({"always cat": 0.4}, "Too low", chance=0.4, word="the bar")
    assert [text.get_text() for text in figure.axes[0].texts if "bar" in text.get_text()] == ["the bar"]
    assert figure.alt.endswith("; the bar is 0.40.")


def test_bars_of_one_group_have_one_colour():
    def colours(groups):
        figure = plots.compare({"a": 1, "b": 0.5, "c": 0.2}, "So it is", groups=groups)
        return [bar.get_facecolor() for bar in figure.axes[0].patches]

    first, second, third = colours(["cat", "dog", "cat"])
    assert first == third != second
    assert len(set(colours(None))) == 3


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_figure_without_text_is_refused(empty):
    with pytest.raises(CourseError, match="text alternative"):
        with_alt(canvas()[0], empty)


def test_a_readers_own_figure_gets_a_text_as_well():
    from matplotlib import pyplot

    figure = with_alt(pyplot.figure(), "One  line,\n rising.")
    assert isinstance(figure, CourseFigure)
    assert repr(figure) == "<Figure: One line, rising.>"
    pyplot.close(figure)


def test_a_notebook_stores_the_text_beside_the_picture(tmp_path):
    source = "from utils import plots\nplots.compare({'a': 0.5}, 'Half \"quoted\"')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    output = notebook.cells[0].outputs[-1]
    assert output["metadata"]["image/png"]["alt"] == 'Half "quoted". Bars of accuracy: a 0.50.'
    assert output["data"]["text/plain"] == '<Figure: Half "quoted". Bars of accuracy: a 0.50.>'
