"""Figures about one network that learns: a loss is where it is, and a bend is where validation was lowest."""

import pandas as pd
import pytest

from utils import plots


def test_each_step_has_its_loss_on_a_logarithmic_axis_with_plain_numbers():
    figure = plots.by_step({"sound": [2.0, 0.5, 0.01], "broken": [1.6, 1.0, 0.9]}, "one of them learns", floor=0.905)
    axes = figure.axes[0]
    sound, broken, floor = axes.lines
    assert (list(sound.get_xdata()), list(sound.get_ydata())) == ([1, 2, 3], [2.0, 0.5, 0.01])
    assert list(broken.get_ydata()) == [1.6, 1.0, 0.9]
    assert list(floor.get_ydata()) == [0.905, 0.905]
    assert sound.get_linestyle() != broken.get_linestyle()
    assert axes.get_yscale() == "log"
    assert axes.yaxis.get_major_formatter()(0.001) == "0.001"
    assert figure.alt == (
        "one of them learns. Loss by step, logarithmic: sound from 2 to 0.01, broken from 1.6 to 0.9. A line at 0.905."
    )


def test_without_a_floor_none_is_drawn_or_told():
    figure = plots.by_step({"sound": [2.0, 0.5]}, "it learns")
    assert len(figure.axes[0].lines) == 1
    assert "A line at" not in figure.alt


@pytest.fixture
def history():
    return pd.DataFrame({"epoch": [1, 2, 3, 4], "train_loss": [1.6, 1.0, 0.4, 0.1], "valid_loss": [1.5, 1.2, 1.3, 1.9]})


def test_a_bend_is_marked_where_validation_was_lowest(history):
    figure = plots.bends(
        {"plain": history, "later": history.assign(valid_loss=[1.5, 1.2, 1.1, 0.9])}, "it bends", 1.609
    )
    plain, later = figure.axes
    assert [axes.get_title() for axes in (plain, later)] == ["plain", "later"]
    train, valid, bend, dot, guessing = plain.lines
    assert (list(train.get_ydata()), list(valid.get_ydata())) == ([1.6, 1.0, 0.4, 0.1], [1.5, 1.2, 1.3, 1.9])
    assert train.get_linestyle() != valid.get_linestyle()
    assert (list(bend.get_xdata()), list(dot.get_xdata()), list(dot.get_ydata())) == ([2, 2], [2], [1.2])
    assert list(guessing.get_ydata()) == [1.609, 1.609]
    assert list(later.lines[3].get_xdata()) == [4]
    assert plain.get_ylim()[0] == 0
    assert "plain, training down to 0.10, validation lowest with 1.20 in epoch 2 and 1.90 at the end" in figure.alt
    assert figure.alt.endswith("Guessing has 1.61.")
