"""Figures about the knobs of a training: lines are where the numbers are, and the text alternative has them."""

import numpy as np
import pandas as pd
import pytest

from utils import plots
from utils.evaluation.intervals import Interval
from utils.plots.figures import BLUE, GREY, ORANGE

FALLING = [1.0, 0.5, 0.25, 0.0]
LONG = "a very long name of a class indeed"


# --- schedules ---------------------------------------------------------------------------------------


def test_each_schedule_has_its_panel_over_epochs():
    figure = plots.schedules({"falling": FALLING, "one_cycle": [0.1, 1.0, 0.4, 0.0]}, 2, "two ways")
    first, second = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["falling", "one cycle"]
    assert (list(first.lines[0].get_xdata()), list(first.lines[0].get_ydata())) == ([0, 0.5, 1, 1.5], FALLING)
    assert list(second.lines[0].get_ydata()) == [0.1, 1.0, 0.4, 0.0]
    assert figure.get_suptitle() == "two ways"
    assert figure.alt == (
        "two ways. The share of the highest rate by epoch: falling from 1.00 over 1.00 to 0.00; "
        "one cycle from 0.10 over 1.00 to 0.00."
    )


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (4, (1, 4)), (5, (2, 4)), (8, (2, 4))])
def test_any_number_of_schedules_has_as_many_panels_and_every_lowest_one_says_epoch(count, shape):
    figure = plots.schedules({f"way {number}": FALLING for number in range(count)}, 2, "ways")
    assert len(figure.axes) == count
    assert figure.axes[0].get_gridspec().get_geometry() == shape
    named = [bool(axes.get_xlabel()) for axes in figure.axes]
    assert named == [False] * max(0, count - 4) + [True] * min(4, count)
    assert [bool(axes.get_ylabel()) for axes in figure.axes] == [number % 4 == 0 for number in range(count)]


# --- the range test ----------------------------------------------------------------------------------


@pytest.fixture
def tested():
    return pd.DataFrame({"lr": [1e-4, 1e-3, 1e-2, 1e-1], "loss": [2.0, 1.4, 1.1, 9.0], "smooth": [2.0, 1.5, 1.0, 4.5]})


def test_the_range_test_shows_both_losses_and_the_chosen_rates(tested):
    figure = plots.range_test(tested, "it breaks", {"begin with": 0.001, "the recipe": 0.01})
    (axes,) = figure.axes
    each, smooth, begin, recipe = axes.lines
    assert (list(each.get_xdata()), list(each.get_ydata())) == (list(tested["lr"]), list(tested["loss"]))
    assert list(smooth.get_ydata()) == list(tested["smooth"])
    assert (begin.get_xdata()[0], recipe.get_xdata()[0]) == (0.001, 0.01)
    assert begin.get_linestyle() != recipe.get_linestyle()
    assert axes.get_xscale() == "log"
    assert axes.get_title(loc="left") == "it breaks"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "each batch", "smoothed", "begin with: 0.001", "the recipe: 0.01",
    ]  # fmt: skip
    assert figure.alt == (
        "it breaks. The loss begins at 2.00 with a rate of 0.0001, is lowest with 1.00 at 0.01, and ends at 9.00. "
        "begin with is 0.001. the recipe is 0.01."
    )


def test_the_axis_is_that_of_the_valley_not_of_the_explosion(tested):
    low, high = plots.range_test(tested, "it breaks").axes[0].get_ylim()
    assert (low, high) == pytest.approx((0.7, 2.6))


def test_without_a_chosen_rate_none_is_drawn_or_told(tested):
    figure = plots.range_test(tested, "it breaks")
    assert len(figure.axes[0].lines) == 2
    assert figure.alt.endswith("ends at 9.00.")


def test_a_loss_that_ends_as_no_number_is_said_to(tested):
    tested.loc[3, ["loss", "smooth"]] = np.nan
    figure = plots.range_test(tested, "it breaks")
    assert figure.alt.endswith("is lowest with 1.00 at 0.01, and ends at nan.")
    assert np.isfinite(figure.axes[0].get_ylim()).all()


def test_a_loss_that_only_rises_has_an_axis_too(tested):
    low, high = plots.range_test(tested.assign(smooth=[1.0, 2.0, 3.0, 4.0]), "it breaks").axes[0].get_ylim()
    assert low < 1 < high


# --- differences -------------------------------------------------------------------------------------

FOUND = {
    "better": ([0.04, 0.06], 0.05, Interval(0.01, 0.09, 0.95)),
    "worse": ([-0.04, -0.06], -0.05, Interval(-0.09, -0.01, 0.95)),
    "luck": ([-0.02, 0.06], 0.02, Interval(-0.03, 0.07, 0.95)),
}


def test_a_difference_has_its_seeds_its_mean_and_its_interval():
    figure = plots.differences(FOUND, "two can be told from luck")
    (axes,) = figure.axes
    assert list(axes.lines[0].get_xdata()) == [0, 0]
    for place, (each, mean, interval) in enumerate(FOUND.values()):
        line, dots, middle = axes.lines[1 + 3 * place : 4 + 3 * place]
        assert list(line.get_xdata()) == [interval.low, interval.high] and list(line.get_ydata()) == [place] * 2
        assert list(dots.get_xdata()) == each
        assert (list(middle.get_xdata()), list(middle.get_ydata())) == ([mean], [place])
    assert [label.get_text() for label in axes.get_yticklabels()] == list(FOUND)
    low, high = axes.get_ylim()
    assert low > high  # the first on top
    assert axes.get_title(loc="left") == "two can be told from luck"
    assert figure.alt == (
        "two can be told from luck. Gain in accuracy over the plain way, mean and interval: better +0.050 (+0.010 to +0.090); "
        "worse -0.050 (-0.090 to -0.010); luck +0.020 (-0.030 to +0.070)."
    )


def test_what_leaves_out_0_is_told_apart_without_colour_too():
    better, worse, luck = plots.differences(FOUND, "two").axes[0].lines[3::3]
    for mark in (better, worse):
        assert (mark.get_marker(), mark.get_markerfacecolor(), mark.get_color()) == ("D", BLUE, BLUE)
    assert (luck.get_marker(), luck.get_markerfacecolor(), luck.get_color()) == ("o", "white", GREY)


def test_an_interval_that_ends_at_0_holds_it():
    found = {"just": ([0.0, 0.1], 0.05, Interval(0.0, 0.1, 0.95))}
    assert plots.differences(found, "none").axes[0].lines[3].get_marker() == "o"


def test_one_seed_is_drawn_as_its_dot_and_no_interval():
    found = {"alone": ([0.03], 0.03, Interval(float("nan"), float("nan"), 0.95))}
    figure = plots.differences(found, "one seed says nothing", label="recall")
    assert figure.axes[0].lines[3].get_marker() == "o"
    assert "alone +0.030 (no interval)" in figure.alt
    assert figure.axes[0].get_xlabel().startswith("gain in recall")


# --- weighed -----------------------------------------------------------------------------------------

RECALLS = {"plain": [0.2, 0.9, 0.8], "weights": [0.6, 0.7, 0.9]}


def test_recalls_stand_as_bars_and_the_rare_ones_are_hatched():
    figure = plots.weighed(RECALLS, ["owl", "cat", "dog"], "weights find more", ["owl"])
    assert [axes.get_title() for axes in figure.axes] == ["plain", "weights"]
    for axes, values in zip(figure.axes, RECALLS.values(), strict=True):
        assert [bar.get_height() for bar in axes.patches] == values
        assert [bar.get_hatch() for bar in axes.patches] == ["///", "", ""]
        assert [bar.get_facecolor() for bar in axes.patches] == [_rgba(ORANGE), _rgba(BLUE), _rgba(BLUE)]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["owl", "cat", "dog"]
    assert figure.get_suptitle() == "weights find more"
    assert figure.alt == (
        "weights find more. Recall of each class, mean over the rare (hatched) and the others. "
        "plain: rare 0.20, others 0.85; weights: rare 0.60, others 0.80."
    )


def _rgba(colour):
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)) + (1.0,)


def test_long_names_of_classes_are_cut_and_stand_upright_and_short_ones_lie():
    long = plots.weighed({"plain": [0.5, 0.6]}, [LONG, "b"], "long").axes[0].get_xticklabels()
    assert len(long[0].get_text()) <= 12 and long[0].get_rotation() == 90
    assert plots.weighed({"plain": [0.5, 0.6]}, [3, 4], "short").axes[0].get_xticklabels()[0].get_rotation() == 0


@pytest.mark.parametrize("rare", [[], ["owl", "cat", "dog"]])
def test_without_two_kinds_of_classes_the_mean_over_all_is_told(rare):
    figure = plots.weighed(RECALLS, ["owl", "cat", "dog"], "all alike", rare)
    assert figure.alt == "all alike. Recall of each class, mean over all. plain: 0.63; weights: 0.73."


def test_a_class_without_pictures_is_left_out_of_the_mean():
    figure = plots.weighed({"plain": [0.2, np.nan, 0.8]}, ["owl", "cat", "dog"], "a gap", ["owl"])
    assert "plain: rare 0.20, others 0.80" in figure.alt
    assert len(figure.axes[0].patches) == 3
