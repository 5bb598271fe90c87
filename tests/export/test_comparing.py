"""Exported files beside each other: sizes, times, and the predictions table that the model itself would give."""

import numpy as np
import pandas as pd
import pytest

from tests.export.conftest import pictures
from utils.evaluation.cost import cost
from utils.evaluation.predictions import pictures_table, predict_table, save_predictions
from utils.evaluation.reading import read_any_predictions
from utils.export.comparing import compare_formats, predict_exported
from utils.export.runners import open_exported


def test_each_file_has_a_row_for_each_number_of_threads(model, exports):
    files = [exports(model).path, str(exports(model, "onnx", "float16").path)]
    found = compare_formats(files, threads=(1, 2), batch_size=3, at_most=0.05)
    assert list(found.columns) == ["file", "format", "precision", "bytes", "threads", "seconds", "low", "high"]
    assert list(found["file"]) == ["float32.onnx"] * 2 + ["float16.onnx"] * 2 and set(found["format"]) == {"onnx"}
    assert list(found["precision"]) == ["float32"] * 2 + ["float16"] * 2 and list(found["threads"]) == [1, 2] * 2
    assert list(found["bytes"]) == [exports(model).bytes] * 2 + [exports(model, "onnx", "float16").bytes] * 2
    assert (
        (found["low"] <= found["seconds"]).all()
        and (found["seconds"] <= found["high"]).all()
        and found["low"].min() > 0
    )


def test_the_model_itself_comes_first(model, exports):
    found = compare_formats([exports(model).path], threads=(1,), model=model, at_most=0.05)
    assert list(found["format"]) == ["PyTorch", "onnx"]
    assert found["bytes"][0] == cost(model).file_bytes


def test_the_predictions_are_those_of_the_model_itself(model, exports, tmp_path):
    table = pictures_table(pictures()[5::30]).assign(label=[np.nan] * 3 + ["dog"] + [np.nan] * 21)
    given, wanted = (
        predict_exported(open_exported(exports(model).path), table),
        predict_table(model, table, progress=False),
    )
    pd.testing.assert_frame_equal(given, wanted, atol=1e-5, rtol=0)
    assert given["predicted"].nunique() > 1 and given.attrs["root"] == table.attrs["root"]
    assert len(read_any_predictions(save_predictions(given.dropna(), tmp_path / "a.csv"))) == 1


def test_several_heads_have_a_block_each(heads_model, exports):
    table = pictures_table(pictures()[5::30]).assign(relu="a")
    given = predict_exported(open_exported(exports(heads_model).path), table)
    wanted = predict_table(heads_model, table, progress=False)
    pd.testing.assert_frame_equal(given, wanted, atol=1e-5, rtol=0)
    assert set(given["relu.label"]) == {"a"} and given["mean.predicted"].nunique() == 2


def test_pictures_are_counted_in_batches_for_a_file_that_takes_any_number(model, exports):
    runner = open_exported(exports(model).path)
    seen = []
    runner._answers, own = lambda images: seen.append(len(images)) or own(images), runner._answers
    assert len(predict_exported(runner, pictures_table(pictures()[:40]))) == 40
    assert seen == [16, 16, 8], "memory stays bounded, however long the table"
    assert pytest.approx(1) == float(runner.probabilities(np.zeros((1, *runner.shape), np.float32))["label"].sum())
