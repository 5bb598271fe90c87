"""Figures about the inside of a network show the windows and maps that they are given, and the squares to scale."""

import numpy as np
import pytest

from utils import plots

IMAGE = np.zeros((40, 60, 3))


def drawn(axes):
    """The pixels that an axes shows, or None."""
    return np.asarray(axes.images[0].get_array()) if axes.images else None


def test_filters_are_stretched_each_by_itself_with_colours_last():
    weight = np.random.default_rng(0).normal(size=(3, 3, 5, 5)) * np.array([1, 10, 100])[:, None, None, None]
    figure = plots.filters(weight, "spots", a_row=4)
    shown = [drawn(axes) for axes in figure.axes]
    assert [patch is None for patch in shown] == [False, False, False, True]
    for patch, window in zip(shown, weight):
        pixels = window.transpose(1, 2, 0)
        np.testing.assert_allclose(patch, (pixels - pixels.min()) / (pixels.max() - pixels.min()))
    assert figure.alt == "spots. 3 patches of 5 by 5 coloured squares."


def test_a_window_of_equal_weights_is_grey_and_at_most_64_are_shown():
    figure = plots.filters(np.full((70, 3, 3, 3), 7.0), "nothing")
    shown = [drawn(axes) for axes in figure.axes if axes.images]
    assert len(shown) == 64
    assert (shown[0] == 0.5).all()


@pytest.fixture
def layers():
    strengths = np.array([1.0, 3.0, 2.0])
    return {"first": strengths[:, None, None] * np.ones((3, 8, 6)), "last": np.ones((1, 2, 2))}


def test_feature_maps_have_a_row_a_layer_with_the_strongest_first(layers):
    figure = plots.feature_maps(IMAGE, layers, "fewer places", most=2)
    picture, strongest, second, nothing, last, spare = figure.axes
    assert drawn(picture).shape == IMAGE.shape
    assert [drawn(axes).mean() for axes in (strongest, second, last)] == [3, 2, 1]
    assert (drawn(nothing), drawn(spare)) == (None, None)
    assert [axes.texts[0].get_text() for axes in (strongest, last)] == [
        "first: 3 maps of 8 x 6",
        "last: 1 maps of 2 x 2",
    ]
    assert figure.alt == "fewer places. A picture and grey maps of it, up to 2 a layer: first 8 x 6, last 2 x 2."


def test_receptive_fields_are_squares_around_the_middle():
    axes = plots.receptive_fields(IMAGE, {"early": 5, "late": 20}, "they grow").axes[0]
    assert [(square.get_width(), square.get_height()) for square in axes.patches] == [(5, 5), (20, 20)]
    for square in axes.patches:
        middle = (square.get_x() + square.get_width() / 2, square.get_y() + square.get_height() / 2)
        assert middle == (29.5, 19.5)  # of the picture's pixels 0 to 59 and 0 to 39
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["early: 5 px", "late: 20 px"]


def test_a_receptive_field_beyond_the_picture_lies_on_its_edge_and_keeps_its_number():
    figure = plots.receptive_fields(IMAGE, {"wide": 50, "all": 90}, "more than there is")
    wide, everything = figure.axes[0].patches
    assert (wide.get_width(), wide.get_height()) == (50, 40)
    assert (everything.get_width(), everything.get_height()) == (60, 40)
    assert "all 90 pixels" in figure.alt


def test_squares_are_told_apart_without_colour():
    axes = plots.receptive_fields(IMAGE, {name: 3 + number for number, name in enumerate("abcdef")}, "six").axes[0]
    assert len({str(square.get_linestyle()) for square in axes.patches}) >= 4
    assert len({str(square._dash_pattern) for square in axes.patches}) == 6
