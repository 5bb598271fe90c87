"""Figures about metrics draw the numbers of their tables, mark what was chosen, and say so in words."""

import numpy as np
import pytest

from utils import plots
from utils.evaluation.calibration import reliability
from utils.evaluation.curves import threshold_table
from utils.evaluation.intervals import wilson
from utils.evaluation.thresholds import Outcome

IS_LOGO = np.array([True, True, False, True, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.4, 0.1])
TABLE = threshold_table(IS_LOGO, SCORES)
CHOSEN = Outcome("logo", 0.4, tp=3, fp=1, fn=0, tn=1)
NEVER = Outcome("logo", np.inf, tp=0, fp=0, fn=3, tn=2)


def texts(axes):
    return [text.get_text() for text in axes.texts]


# --- confusion matrix --------------------------------------------------------------------------------


def test_the_matrix_has_counts_and_beside_them_each_rows_shares():
    figure = plots.confusion_matrix(np.array([[6, 2], [1, 1]]), ["cat", "dog"], "Cats are easy")
    left, right = figure.axes
    assert texts(left) == ["6", "2", "1", "1"]
    assert texts(right) == ["0.75", "0.25", "0.50", "0.50"]
    assert (left.get_ylabel(), left.get_xlabel()) == ("true", "predicted")
    assert [label.get_text() for label in left.get_yticklabels()] == ["cat", "dog"]
    assert figure.alt == ("Cats are easy. Confusion matrix of 2 classes, counts and shares: 7 of 10 pictures on the "
                          "diagonal; most often cat taken for dog 2, dog taken for cat 1.")  # fmt: skip


def test_the_first_class_is_in_the_top_left_corner():
    left, right = plots.confusion_matrix(np.array([[6, 2], [1, 1]]), ["cat", "dog"], "x").axes
    for axes in (left, right):
        assert axes.yaxis_inverted()
        assert not axes.xaxis_inverted()


def test_a_class_without_pictures_has_no_shares():
    figure = plots.confusion_matrix(np.array([[3, 0], [0, 0]]), ["cat", "dog"], "Only cats")
    assert texts(figure.axes[0]) == ["3", "0", "0", "0"]
    assert texts(figure.axes[1]) == ["1.00", "0.00"]
    assert figure.alt.endswith("3 of 3 pictures on the diagonal; no mistake.")


@pytest.mark.parametrize(("count", "numbers"), [(12, 144), (13, 0)])
def test_many_classes_are_drawn_without_numbers(count, numbers):
    figure = plots.confusion_matrix(np.eye(count, dtype=int), [f"class {n}" for n in range(count)], "Many")
    assert [len(axes.texts) for axes in figure.axes] == [numbers, numbers]
    assert len(figure.axes[0].get_yticklabels()) == count


def test_a_hundred_classes_take_no_more_room_than_forty_and_every_third_has_its_name():
    forty, hundred = (
        plots.confusion_matrix(np.eye(count, dtype=int), [f"class {n}" for n in range(count)], "x")
        for count in (40, 100)
    )
    assert list(hundred.get_size_inches()) == list(forty.get_size_inches())
    names = [label.get_text() for label in hundred.axes[0].get_yticklabels()]
    assert names == [f"class {n}" for n in range(0, 100, 3)]
    assert hundred.axes[0].get_yticks().tolist() == [n + 0.5 for n in range(0, 100, 3)]
    assert len(forty.axes[1].get_xticklabels()) == 40


def test_both_matrices_fill_their_half_of_the_figure():
    for count in (2, 10, 30):
        figure = plots.confusion_matrix(np.eye(count, dtype=int), [f"class {n}" for n in range(count)], "Wide")
        figure.draw_without_rendering()
        left, right = (axes.get_position() for axes in figure.axes)
        assert right.x0 - left.x1 < 0.12, count


# --- curves ------------------------------------------------------------------------------------------


def test_the_precision_recall_curve_steps_from_threshold_to_threshold():
    figure = plots.precision_recall(TABLE, "logo", "Good enough", CHOSEN)
    (axes,) = figure.axes
    curve, guessing, mark = axes.lines
    np.testing.assert_allclose(curve.get_xdata(), [1 / 3, 2 / 3, 2 / 3, 1, 1])
    np.testing.assert_allclose(curve.get_ydata(), [1, 1, 2 / 3, 3 / 4, 3 / 5])
    assert curve.get_drawstyle() == "steps-pre"  # the step to the left of a point is the recall it adds
    assert guessing.get_ydata()[0] == pytest.approx(3 / 5)
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (1, 0.75)
    assert "threshold 0.4\nprecision 0.75, recall 1.00" in texts(axes)
    assert axes.get_xlabel() == "recall of 'logo'"
    assert figure.alt == ("Good enough. Precision against recall of 'logo', from 1.00 at the highest threshold to 0.60 "
                          "where every picture is taken; chosen is 0.4 with precision 0.75, recall 1.00.")  # fmt: skip


def test_without_a_choice_or_with_never_nothing_is_marked():
    plain, never = (plots.precision_recall(TABLE, "logo", "x", chosen) for chosen in (None, NEVER))
    assert len(plain.axes[0].lines) == len(never.axes[0].lines) == 2
    assert plain.alt.endswith("none is chosen.")
    assert never.alt.endswith("chosen is inf with precision nan, recall 0.00.")


def test_a_long_table_is_thinned_and_keeps_its_end():
    scores = np.arange(1, 10_001) / 10_001
    drawn = plots.precision_recall(threshold_table(scores > 0.3, scores), "logo", "x").axes[0].lines[0]
    assert len(drawn.get_xdata()) == 2000
    assert drawn.get_xdata()[-1] == 1


# --- reliability -------------------------------------------------------------------------------------


def test_reliability_draws_each_filled_bin_with_its_interval():
    table = reliability([True, False, True, True], [0.65, 0.65, 0.95, 0.95])
    figure = plots.reliability(table, "Nearly calibrated")
    above, below = figure.axes
    diagonal, curve = above.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    np.testing.assert_allclose(curve.get_xdata(), [0.65, 0.95])
    np.testing.assert_allclose(curve.get_ydata(), [0.5, 1])
    ends = [path.vertices[:, 1].tolist() for path in above.collections[0].get_paths()]
    assert ends == [pytest.approx([one.low, one.high]) for one in (wilson(1, 2), wilson(2, 2))]
    assert [bar.get_height() for bar in below.patches] == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert figure.alt == ("Nearly calibrated. Share that is right at a mean confidence (pictures): 0.50 at 0.65 (2), "
                          "1.00 at 0.95 (2).")  # fmt: skip
