"""Figures about training say what their numbers say, in the title and in the text alternative."""

import numpy as np
import pandas as pd
import pytest

from utils import plots


def history(end, epochs=4):
    score = np.linspace(0.1, end, epochs)
    return pd.DataFrame(
        {"epoch": range(1, epochs + 1), "valid_accuracy": score, "train_loss": 2 - score, "valid_loss": 1 - score}
    )


def axes_of(figure):
    return figure.axes[0]


def test_curves_draw_the_mean_of_the_runs_and_their_range():
    figure = plots.curves({"a": [history(0.4), history(0.8)], "b": history(0.9)}, "b is best", chance=0.1)
    first, second, chance = axes_of(figure).lines
    np.testing.assert_allclose(first.get_ydata(), (history(0.4)["valid_accuracy"] + history(0.8)["valid_accuracy"]) / 2)
    np.testing.assert_allclose(second.get_ydata(), history(0.9)["valid_accuracy"])
    assert list(chance.get_ydata()) == [0.1, 0.1]
    low, high = np.ptp(axes_of(figure).collections[0].get_paths()[0].vertices, axis=0)
    assert (low, high) == (3, pytest.approx(0.7))  # epochs 1 to 4; from 0.1 to 0.8
    assert figure.alt == "b is best. Lines of valid accuracy by epoch, which end at: a 0.60, b 0.90."
    assert axes_of(figure).get_title(loc="left") == "b is best"


def test_curves_are_told_apart_without_colour():
    figure = plots.curves({name: history(0.5) for name in "abcd"}, "all alike")
    styles = {str(line.get_linestyle()) for line in axes_of(figure).lines}
    assert len(styles) == 4


def test_losses_show_both_and_name_their_ends():
    figure = plots.losses(history(0.9), "they fall")
    train, valid = axes_of(figure).lines
    np.testing.assert_allclose(train.get_ydata() - valid.get_ydata(), 1)
    assert "Training loss from 1.90 to 1.10, validation loss from 0.90 to 0.10" in figure.alt


def test_spread_draws_every_run_and_the_mean():
    figure = plots.spread({"a": [0.2, 0.4], "b": [0.9]}, "b wins", chance=0.1)
    dots, mean, *_ = axes_of(figure).lines
    assert list(dots.get_xdata()) == [0.2, 0.4]
    assert list(mean.get_xdata()) == [pytest.approx(0.3)] * 2
    assert "a 0.30 (0.20 to 0.40), b 0.90 (0.90 to 0.90)" in figure.alt
    assert [label.get_text() for label in axes_of(figure).get_yticklabels()] == ["a", "b"]


def test_growth_draws_a_dot_a_run_over_the_numbers():
    figure = plots.growth({"fine-tuned": {5: [0.4, 0.6], 30: [0.9]}}, "more is better", "pictures a class")
    mean, few, many = axes_of(figure).lines
    assert (list(mean.get_xdata()), list(mean.get_ydata())) == ([5, 30], [0.5, 0.9])
    assert (list(few.get_ydata()), list(many.get_ydata())) == ([0.4, 0.6], [0.9])
    assert "Accuracy by pictures a class, 5 to 30: fine-tuned from 0.50 to 0.90." in figure.alt
