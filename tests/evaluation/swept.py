"""Sweep tables made from a grid and a score, as `utils.sweeps` gathers them, for tests of what takes them."""

import itertools

import pandas as pd


def swept(grid, score, **numbers):
    """A row for each combination of the grid {name: values}; `score` and `numbers` are functions of a row's parameters."""
    rows = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
    recorded = {"seconds": lambda row: 10.0, "accuracy": score} | numbers
    return pd.DataFrame([row | {"status": "done"} | {name: number(row) for name, number in recorded.items()}
                         | {"claims": "3 of 4", "error": None} for row in rows])  # fmt: skip


def failed(table, rows):
    """The table in which these rows have failed."""
    table = table.copy()
    table.loc[rows, "status"] = "failed"
    table.loc[rows, ["seconds", "accuracy"]] = float("nan")
    return table
