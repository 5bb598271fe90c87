"""Predictions tables made from labels and scores, for tests of the metrics."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from utils.errors import CourseError

# Few different scores, so that ties and scores at the edges are drawn often.
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.75, 1.0]) | st.floats(0, 1, width=32)
ROWS = st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=40)
BOTH_KINDS = ROWS.filter(lambda rows: len({is_positive for is_positive, _ in rows}) == 2)


def logos(rows):
    """A predictions table of (is it a logo, its score) pairs; the logo is the second of two classes."""
    is_logo, scores = (np.array(column) for column in zip(*rows))
    return pd.DataFrame({"path": [f"{number}.png" for number in range(len(scores))],
                         "label": np.where(is_logo, "logo", "poster").astype(object),
                         "predicted": np.where(scores >= 0.5, "logo", "poster").astype(object),
                         "p_poster": 1 - scores, "p_logo": scores})  # fmt: skip


def table_of(labels, probabilities, classes):
    """A predictions table of labels (N,) and probabilities (N, K)."""
    predicted = [classes[number] for number in np.argmax(probabilities, axis=1)]
    first = pd.DataFrame({"path": [f"{number}.png" for number in range(len(labels))], "label": list(labels),
                          "predicted": predicted}, dtype=object)  # fmt: skip
    return first.assign(**{f"p_{name}": column for name, column in zip(classes, np.transpose(probabilities))})


def message(function, *arguments, **options):
    """What the CourseError says that this call raises."""
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)
