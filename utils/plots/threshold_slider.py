"""A slider over the threshold, the four cells live beside it. It needs a running notebook; `by_threshold` does not."""

import ipywidgets as widgets
import numpy as np
import pandas as pd

LOWEST = -6  # a threshold of a millionth: a model that is too sure needs such ones


class ThresholdSlider(widgets.VBox):
    """Moves a threshold along the scores of a set of pictures; scores >= it are positive.

    Args:
        table: threshold table of `utils.evaluation.curves`.
        positive: the class that is looked for.
        threshold: where it stands first.
    """

    def __init__(self, table: pd.DataFrame, positive: str, threshold: float = 0.5):
        self._rising = table.iloc[::-1].reset_index(drop=True)  # the infinite one last
        self._thresholds = self._rising["threshold"].to_numpy()
        self.positive = positive
        self.slider = widgets.FloatLogSlider(value=threshold, base=10, min=LOWEST, max=0, step=0.02, readout_format=".3g",
                                             description="threshold", layout=widgets.Layout(width="520px"))  # fmt: skip
        self.table = widgets.HTML()
        super().__init__([self.slider, self.table])
        self.slider.observe(self._show, "value")
        self._show()

    @property
    def row(self) -> pd.Series:
        """The row of the threshold table that holds here: the lowest score that is >= the slider's value."""
        return self._rising.iloc[np.searchsorted(self._thresholds, self.slider.value, side="left")]

    def _show(self, _change=None):
        self.table.value = four_cells(self.row, self.positive)

    def __repr__(self):
        return "<Slider for the threshold, with the four cells: run the notebook to move it>"


def four_cells(row, positive: str) -> str:
    """The cells of one threshold as an HTML table, and under it precision and recall; row: of a threshold table."""
    cells = "".join(f"<tr><th scope='row' style='text-align: left'>{name}</th><td style='padding: 0 1em'>{found} {row[yes]:,.0f}</td>"
                    f"<td>{left} {row[no]:,.0f}</td></tr>"
                    for name, found, yes, left, no in ((f"is {positive}", "TP", "tp", "FN", "fn"),
                                                       ("is not", "FP", "fp", "TN", "tn")))  # fmt: skip
    precision = "undefined: none is taken" if np.isnan(row["precision"]) else f"{row['precision']:.3f}"
    return (f"<table style='line-height: 1.6'><tr><td></td><th scope='col'>taken for it</th><th scope='col'>left</th></tr>{cells}</table>"
            f"precision {precision}, recall {row['recall']:.3f}")  # fmt: skip
