"""Which pictures make int8's ranges and which judge the answers: real ones, evenly taken, and never the same ones."""

import numpy as np
import pandas as pd
import pytest

from tests.export.conftest import pictures
from utils.data.tables import scan
from utils.data.transforms import Preprocessing
from utils.errors import CourseError
from utils.export.pictures import LEAST, MOST, calibrating_and_judging, loaded, spread


def test_every_second_picture_of_the_calibration_judges_and_makes_no_ranges():
    ranges, judging = calibrating_and_judging(pictures(), None, "int8")
    assert len(ranges) == len(judging) == MOST
    assert set(ranges["path"]).isdisjoint(judging["path"])
    for table in (ranges, judging):  # each of the ten classes is there
        counts = table["path"].str.split("/").str[-2].value_counts()
        assert len(counts) == 10 and counts.min() >= 5


def test_samples_judge_where_there_are_some_and_all_of_the_calibration_makes_ranges():
    ranges, judging = calibrating_and_judging(pictures()[:LEAST], pictures()[100:103], "int8")
    assert list(ranges["path"]) == [str(path) for path in pictures()[:LEAST]]
    assert list(judging["path"]) == [str(path) for path in pictures()[100:103]]


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_without_samples_pictures_of_the_course_judge(precision):
    ranges, judging = calibrating_and_judging(None, None, precision)
    assert ranges is None and len(judging) == MOST // 2
    assert judging["path"].str.split("/").str[-2].nunique() == 10


def test_rows_are_spread_from_the_first_to_the_last():
    table = pd.DataFrame({"path": [f"{number}" for number in range(10)]})
    assert list(spread(table, 4)["path"]) == ["0", "3", "6", "9"]
    assert list(spread(table, 99)["path"]) == list(table["path"])


def test_pictures_come_as_the_model_takes_them_whether_from_a_table_or_from_paths(tmp_path):
    folder = pictures()[0].parent
    table, _ = scan(folder.parent, limit=20, progress=False)
    preprocessing = Preprocessing((24, 40), policy="crop")
    images = np.concatenate(list(loaded(table, preprocessing)))
    assert images.shape == (len(table), 3, 24, 40) and images.dtype == np.float32 and images.flags["C_CONTIGUOUS"]
    paths = [f"{table.attrs['root']}/{path}" for path in table["path"]]
    _, judging = calibrating_and_judging(None, paths, "float32")
    assert np.array_equal(images, np.concatenate(list(loaded(judging, preprocessing))))


def test_a_table_that_is_none_is_refused():
    with pytest.raises(CourseError, match="Expected samples as an image table"):
        calibrating_and_judging(None, pictures()[0].parent, "float32")
