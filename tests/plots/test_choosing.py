"""Figures about choosing draw the numbers of their tables, also a million of them, and say them in words."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from utils import plots
from utils.evaluation.curves import threshold_table
from utils.evaluation.intervals import wilson
from utils.evaluation.thresholds import Outcome

IS_LOGO = np.array([True, True, False, True, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.4, 0.1])
TABLE = threshold_table(IS_LOGO, SCORES)
ALL = Outcome("logo", 0.4, tp=3, fp=1, fn=0, tn=1)


def points(line):
    return list(zip(*(values.tolist() for values in line.get_data())))


def test_the_histograms_hold_all_pictures_and_the_title_counts_those_that_are_taken():
    figure = plots.score_histogram(IS_LOGO, SCORES, "logo", 0.7)
    above, below = figure.axes
    assert [sum(bar.get_height() for bar in axes.patches) for axes in (above, below)] == [3, 2]
    assert above.lines[0].get_xdata()[0] == 0.7
    assert above.get_title("left") == "From 0.7 on, 2 of 3 are found, with 1 false alarms"
    assert plots.score_histogram(IS_LOGO, SCORES, "logo").axes[0].get_title("left") == "Where the scores of 'logo' lie"


def test_a_curve_by_threshold_has_its_columns_and_a_line_at_what_is_chosen():
    figure = plots.by_threshold(TABLE, "x", {"all": 0.4, "never": np.inf})
    precision, recall, chosen, never = figure.axes[0].lines
    assert points(recall) == [
        (0.9, pytest.approx(1 / 3)),
        (0.8, pytest.approx(2 / 3)),
        (0.7, pytest.approx(2 / 3)),
        (0.4, 1),
        (0.1, 1),
    ]
    assert points(precision)[2] == (0.7, pytest.approx(2 / 3))
    assert precision.get_drawstyle() == "steps-post"  # rows fall from 0.9: from 0.85 on, one logo of three is found
    assert chosen.get_xdata()[0] == 0.4
    assert never.get_xdata()[0] < 1
    assert figure.alt == "x. Lines of precision and recall by threshold; marked: all at 0.4, never at inf."


def test_any_column_of_the_table_can_be_drawn():
    figure = plots.by_threshold(TABLE.assign(cost=TABLE["fp"] + 5 * TABLE["fn"]), "x", columns=["cost"], ylabel="euros")
    assert figure.axes[0].lines[0].get_ydata().tolist() == [10, 5, 6, 1, 2]
    assert figure.axes[0].get_ylabel() == "euros"


def test_scores_beyond_the_scale_do_not_press_the_curve_flat():
    """Nine in ten of the rest have scores that no axis shows: what taking them costs is no part of the picture."""
    scores = np.array([1 - 1e-9, 1 - 1e-8, 0.9, 0.1, *np.linspace(1e-9, 1e-6, 90)])
    table = threshold_table(np.arange(len(scores)) < 4, scores)
    axes = plots.by_threshold(table, "x", columns=["fp"]).axes[0]
    assert points(axes.lines[0]) == [(1 - 1e-5, 0), (0.9, 0), (0.1, 0), (1e-5, 1)]
    assert axes.get_ylim()[1] < 2
    recalls = [recall for _, recall in points(plots.by_threshold(table, "x", columns=["recall"]).axes[0].lines[0])]
    assert recalls == [0.5, 0.75, 1, 1]


def test_the_axis_of_values_can_end_below_the_highest():
    assert plots.by_threshold(TABLE, "x", top=0.3).axes[0].get_ylim() == (0, 0.3)


def test_the_numbers_of_thresholds_do_not_touch():
    figure = plots.by_threshold(TABLE, "x")
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels() if label.get_text()]
    assert len(boxes) == 7
    assert all(left.x1 + 3 < right.x0 for left, right in pairwise(boxes))


def test_two_models_and_two_needs_are_on_one_figure():
    other = threshold_table(IS_LOGO, SCORES[::-1])
    figure = plots.trade_offs({"first": TABLE, "second": other}, "x", {"archivist": ALL}, share=0.6)
    first, second, mark, guessing = figure.axes[0].lines
    assert points(first)[-1] == (1, 0.6)
    assert len(points(second)) == 5
    assert points(mark) == [(1, 0.75)]
    assert guessing.get_ydata()[0] == 0.6
    assert figure.alt.endswith("marked: archivist at recall 1.00 and precision 0.75.")


def test_the_roc_curve_goes_from_none_to_all():
    figure = plots.roc({"first": TABLE}, "x")
    curve, guessing = figure.axes[0].lines
    assert (points(curve)[0], points(curve)[-1]) == ((0, 0), (1, 1))
    assert points(guessing) == [(0, 0), (1, 1)]


def test_an_interval_is_a_line_around_its_dot():
    figure = plots.intervals({"9 of 10": (0.9, wilson(9, 10)), "360 of 400": (0.9, wilson(360, 400))}, "x")
    line, dot, shorter, _ = figure.axes[0].lines
    assert list(line.get_xdata()) == [wilson(9, 10).low, wilson(9, 10).high]
    assert dot.get_xdata()[0] == 0.9
    assert shorter.get_xdata()[0] > line.get_xdata()[0]
    assert "9 of 10 0.90, 0.60 to 0.98" in figure.alt


def test_a_long_table_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    table = threshold_table(rng.random(20_000) < scores, scores)
    (curve, _) = plots.roc({"x": table}, "x").axes[0].lines
    assert len(points(curve)) == 2000
    assert (points(curve)[0], points(curve)[-1]) == ((0, 0), (1, 1))


# --- worst cases -------------------------------------------------------------------------------------


@pytest.fixture
def predictions(tmp_path):
    scores = [0.95, 0.6, 0.45, 0.05, 0.8, 0.52]
    for number in range(len(scores)):
        Image.new("RGB", (12, 10), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    labels = ["rest", "rest", "logo", "logo", "logo", "logo"]
    table = pd.DataFrame({"path": [f"{number}.png" for number in range(6)], "label": labels, "p_logo": scores})
    return table, tmp_path


def test_the_rows_are_false_alarms_misses_and_what_is_nearest(predictions):
    figure = plots.worst_cases(*predictions, "logo", 0.5, most=3)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:3] == ["0.950", "0.600", ""]
    assert titles[3:6] == ["0.050", "0.450", ""]
    assert titles[6:] == ["0.520", "0.450", "0.600"]
    assert figure.alt.startswith("From a score of 0.5 on: 2 false alarms and 2 misses.")
    assert "2 misses, the surest: 3.png, 2.png" in figure.alt


def test_each_picture_has_its_file_name_below_and_a_long_one_keeps_its_end(predictions):
    table, root = predictions
    first = plots.worst_cases(table, root, "logo", 0.5).axes[0]
    assert [text.get_text() for text in first.texts[:2]] == ["is rest", "0.png"]
    renamed = table.assign(path=[f"a/b/of_last_summer_{number:04}.png" for number in range(6)])
    # These are not there: the words on the grey field come first.
    below = plots.worst_cases(table.assign(path="a/" + table["path"]), root, "logo", 0.5).axes[0].texts[2]
    assert below.get_text() == "0.png"
    below = [axes.texts[2].get_text() for axes in plots.worst_cases(renamed, root, "logo", 0.5, most=2).axes[:2]]
    assert below == ["…t_summer_0000.png", "…t_summer_0001.png"]


def test_a_score_at_the_threshold_is_taken(predictions):
    assert "2 false alarms and 3 misses" in plots.worst_cases(*predictions, "logo", 0.6).alt
    assert "2 false alarms and 2 misses" in plots.worst_cases(*predictions, "logo", 0.52).alt
    assert "2 false alarms and 3 misses" in plots.worst_cases(*predictions, "logo", 0.53).alt


@pytest.mark.parametrize("root", [None, "nowhere"])
def test_without_pictures_a_grey_field_stands_for_each(predictions, root):
    figure = plots.worst_cases(predictions[0], root, "logo", 0.5, most=3)
    assert not any(axes.images for axes in figure.axes)
    assert figure.axes[0].get_title() == "0.950"


def test_an_outcome_may_be_anything_with_its_rates():
    figure = plots.trade_offs({"x": TABLE}, "x", {"mine": SimpleNamespace(precision=0.5, recall=0.25)})
    assert points(figure.axes[0].lines[1]) == [(0.25, 0.5)]
