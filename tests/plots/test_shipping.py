"""Figures about files: bars are their sizes, marks their times, crosses the decisions that changed."""

import numpy as np
import pandas as pd
import pytest

from utils import plots


@pytest.fixture
def timed():
    rows = [("PyTorch float32", 2e6, 1, 0.004), ("PyTorch float32", 2e6, 2, 0.003),
            ("onnx int8", 5e5, 1, 0.0005), ("onnx int8", 5e5, 2, 0.0006)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["name", "bytes", "threads", "seconds"])
    return table.assign(low=0.9 * table["seconds"], high=1.2 * table["seconds"])


def test_each_file_has_a_bar_for_its_size_and_a_mark_for_each_number_of_threads(timed):
    figure = plots.files(timed, "small and quick")
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == [2.0, 0.5]
    assert [text.get_text() for text in left.get_yticklabels()] == ["PyTorch float32", "onnx int8"]
    one, two = right.lines
    np.testing.assert_allclose([one.get_xdata(), two.get_xdata()], [[4.0, 0.5], [3.0, 0.6]])
    assert one.get_marker() != two.get_marker() and not set(one.get_ydata()) & set(two.get_ydata())
    strokes = [[segment[0, 0], segment[1, 0]] for each in right.collections for segment in each.get_segments()]
    np.testing.assert_allclose(strokes, [[3.6, 4.8], [0.45, 0.6], [2.7, 3.6], [0.54, 0.72]])
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["1 thread", "2 threads"]
    assert figure.alt == (
        "small and quick. PyTorch float32 2.00 MB, 4 ms with 1 thread, 3 ms with 2 threads; "
        "onnx int8 0.50 MB, 0.5 ms with 1 thread, 0.6 ms with 2 threads."
    )


def test_the_order_is_that_of_the_table(timed):
    left, _ = plots.files(timed.iloc[::-1], "turned").axes
    assert [bar.get_width() for bar in left.patches] == [0.5, 2.0]


def test_a_changed_decision_is_a_cross_at_the_probability_of_the_first_decision():
    wanted = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    given = np.array([[0.8, 0.1, 0.1], [0.2, 0.35, 0.45], [0.1, 0.3, 0.6]])
    figure = plots.same_answers(wanted, given, "one changed")
    same, changed = figure.axes[0].collections
    np.testing.assert_allclose(same.get_offsets(), [[0.9, 0.8], [0.7, 0.6]])
    np.testing.assert_allclose(changed.get_offsets(), [[0.5, 0.35]])
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["the same decision: 2", "another decision: 1"]
    assert (
        figure.alt == "one changed. 3 pictures along a diagonal, 0.15 from it at most; 1 of them get another decision."
    )
