"""A CSV from anywhere becomes a checked predictions table, and its halves share no picture."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.made import message, table_of
from utils.data.samples import sample
from utils.evaluation.inputs import against_rest
from utils.evaluation.reading import check_halves, class_to_find, halves, read_any_predictions

ROWS = """path,label,predicted,p_cat,p_dog
a/1.jpg,cat,cat,0.95,0.05
a/2.jpg,dog,cat,0.6,0.4
b/1.jpg,dog,dog,0.1,0.9
"""


@pytest.fixture
def csv(tmp_path):
    def write(text, name="my.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_a_table_as_lesson_03_saves_it_is_read(csv):
    found = read_any_predictions(csv(ROWS), root="somewhere")
    assert list(found) == ["path", "label", "predicted", "p_cat", "p_dog"]
    assert found["predicted"].tolist() == ["cat", "cat", "dog"]
    assert found.attrs == {"root": "somewhere", "unlabelled": 0}


def test_numbers_keep_the_digits_of_the_file(csv):
    """As float32, 0.95 would be below 0.95."""
    is_cat, scores = against_rest(read_any_predictions(csv(ROWS)), "cat")
    assert (scores >= 0.95).tolist() == [True, False, False]
    assert is_cat.tolist() == [True, False, False]


def test_other_names_for_the_columns_are_told(csv):
    text = ROWS.replace("path,label,predicted,p_cat,p_dog", "file,truth,label,cats,p_dog")
    found = read_any_predictions(csv(text), {"path": "file", "label": "truth", "p_cat": "cats"})
    assert found["label"].tolist() == ["cat", "dog", "dog"]
    assert found["path"].tolist() == ["a/1.jpg", "a/2.jpg", "b/1.jpg"]
    assert found["predicted"].tolist() == ["cat", "cat", "dog"]  # the likeliest: there was no such column


def test_with_the_scores_of_one_class_all_others_are_the_rest(csv):
    found = read_any_predictions(csv("path,label,p_cat\n1.jpg,cat,0.75\n2.jpg,dog,0.5\n3.jpg,owl,0.25\n"))
    assert found["label"].tolist() == ["cat", "not cat", "not cat"]
    assert found["p_not cat"].tolist() == [0.25, 0.5, 0.75]
    assert found["predicted"].tolist() == ["cat", "cat", "not cat"]


def test_rows_without_a_label_are_left_out_and_counted(csv):
    found = read_any_predictions(csv(ROWS + "c/1.jpg,,cat,0.8,0.2\nc/2.jpg, ,cat,0.8,0.2\n"))
    assert len(found) == 3
    assert found.attrs["unlabelled"] == 2


def test_a_class_may_be_called_na_or_007(csv):
    found = read_any_predictions(csv("path,label,p_NA,p_007\n1.jpg,NA,0.75,0.25\n2.jpg,007,0.5,0.5\n"))
    assert found["label"].tolist() == ["NA", "007"]


@pytest.mark.parametrize(("text", "words"), [
    ("path,label,predicted,p_cat,p_dog\n", ["is empty"]),
    ("path,label,p_cat,p_dog\n1.jpg,,0.5,0.5\n", ["is empty"]),
    ("path,label,p_cat,p_dog\n1.jpg,cat,4.2,-1.3\n", ["from 0 to 1", "logits", "'1.jpg'"]),
    ("path,label,p_cat,p_dog\n1.jpg,cat,0.9,0.9\n", ["sum to 1 in '", "my.csv', but 1 rows sum to 1.80", "softmax"]),
    ("path,label,p_cat,p_dog\n0.jpg,,,\n1.jpg,cat,,0.9\n", ["my.csv', but 1 are empty or nan", "'1.jpg' (row 3)"]),
    ("path,label,p_cat,p_dog\n1.jpg,cat,x,0.9\n", ["Expected numbers", "'x'"]),
    ("path,label,p_cat,p_dog\n1.jpg,cat,0.5,0.5\n2.jpg,cat,0.5,0.5\n1.jpg,dog,0.5,0.5\n",
     ["one row a picture in '", "my.csv', but 1 have several", "'1.jpg' (rows 2 and 4)"]),
    ("path,label,p_cat,p_dog\n1.jpg,owl,0.5,0.5\n", ["none for 'owl'", "Add p_owl"]),
    ("path,label,p_cat,p_dog\n1.jpg,Cat,0.5,0.5\n2.jpg,dog,0.5,0.5\n", ["'Cat' from 'cat' differs only in capitals"]),
    ("path,label,p_cat\n1.jpg,Cat,0.5\n2.jpg,x,0.5\n", ["'Cat' differs from 'cat' only in capitals", "'p_Cat': 'p_cat'"]),
    ("path,label,p_cat\n1.jpg,0,0.5\n2.jpg,1,0.5\n3.jpg,0,0.5\n",
     ["no row is labelled so", "The labels are '0' (2), '1' (1)", "-y 'columns: {p_1: p_cat}'"]),
    ("path,label,p_cat\n1.jpg,cat,7\n", ["from 0 to 1"]),
    ("file,label,p_cat\n1.jpg,cat,0.5\n", ["'path'", "columns={'path': 'filename'", "-y 'columns: {path: filename, label: truth,"]),
    ("path,label,cat\n1.jpg,cat,0.5\n", ["p_<class>", "'cat'"]),
    ("", ["my.csv', but the file is empty"]),
    ('path,label,p_cat\n1.jpg,"cat,0.5', ["cannot be read"]),
])  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(csv, text, words):
    said = message(read_any_predictions, csv(text))
    assert [word for word in words if word not in said] == [], said


def test_a_file_that_is_not_there_and_a_column_that_is_not_in_it_are_named(csv, tmp_path):
    assert "nowhere.csv" in message(read_any_predictions, tmp_path / "nowhere.csv")
    assert "no column 'truth'; it has 'path'" in message(read_any_predictions, csv(ROWS), {"label": "truth"})


def test_columns_as_text_as_papermill_gives_them_with_p_are_told_how_to_be_given(csv):
    said = message(read_any_predictions, csv(ROWS), "{'path': 'file'}")
    assert "got the text \"{'path': 'file'}\"" in said
    assert "-y 'columns: {path: filename, label: truth, p_logo: score}'" in said


def test_a_relative_path_that_is_not_there_is_said_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = message(read_any_predictions, "my/own.csv")
    assert "in 'my/own.csv', but there is no such file" in said
    assert f"looked for '{tmp_path / 'my/own.csv'}'" in said


def test_scores_of_the_class_that_is_called_1_are_read_with_labels_0_and_1(csv):
    """What the message about labels 0 and 1 advises."""
    found = read_any_predictions(csv("path,label,p_cat\n1.jpg,0,0.25\n2.jpg,1,0.75\n"), {"p_1": "p_cat"})
    assert against_rest(found, "1")[0].tolist() == [False, True]


def test_the_pictures_folder_may_start_at_home(csv):
    assert "~" not in read_any_predictions(csv(ROWS), root="~/photos").attrs["root"]


# --- the class that is looked for --------------------------------------------------------------------


def labelled_as(*labels):
    return table_of(labels, np.tile([0.5, 0.25, 0.25], (len(labels), 1)), ["cat", "dog", "owl"])


def test_the_rarest_label_is_looked_for_unless_one_is_named():
    table = labelled_as("cat", "cat", "dog")
    assert class_to_find(table) == "dog"
    assert class_to_find(table, "cat") == "cat"


@pytest.mark.parametrize("positive", [0, "0"])
def test_a_class_called_0_is_looked_for_also_if_papermill_makes_a_number_of_its_name(positive):
    table = table_of(["0", "0", "1"], np.full((3, 2), 0.5), ["0", "1"])
    assert class_to_find(table, positive) == "0"


@pytest.mark.parametrize(("labels", "positive", "words"), [
    (["cat", "cat", "dog"], "owl", ["labelled 'owl'", "of 3 rows none is", "The labels are 'cat' (2), 'dog' (1)"]),
    (["cat", "cat"], "", ["of 2 rows all are", "The labels are 'cat' (2)"]),
    (["cat", "dog"], "lego", ["one of 'cat', 'dog', 'owl', but got 'lego'"]),
    (["cat", "dog"], "owls", ["but got 'owls'. Did you mean 'owl'?"]),
    (["cat", "dog"], "DOG", ["but got 'DOG'. Did you mean 'dog'?"]),
])  # fmt: skip
def test_a_class_that_cannot_be_looked_for_is_told_with_the_labels_and_their_counts(labels, positive, words):
    said = message(class_to_find, labelled_as(*labels), positive)
    assert [word for word in words if word not in said] == [], said


def test_a_half_without_the_class_or_with_nothing_else_is_named():
    both, cats, dogs = labelled_as("cat", "dog"), labelled_as("cat", "cat"), labelled_as("dog")
    assert check_halves(both, both, "cat") is None
    assert "but the labels of test are 'dog' (1); valid has both." in message(check_halves, both, dogs, "cat")
    assert "but the labels of valid are 'cat' (2); test has both." in message(check_halves, cats, both, "cat")
    neither = message(check_halves, cats, dogs, "cat")
    assert "but the labels of valid are 'cat' (2); the labels of test are 'dog' (1). Add" in neither
    assert "the labels of valid are none" in message(check_halves, cats[:0], both, "cat")


# --- halves ------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["cat", "dog", "owl"]), min_size=1, max_size=40), st.integers(0, 5))
@settings(max_examples=40)
def test_each_class_is_dealt_out_half_and_half_and_no_picture_twice(labels, seed):
    table = table_of(labels, np.full((len(labels), 3), 1 / 3), ["cat", "dog", "owl"])
    valid, test = halves(table, seed)
    assert sorted([*valid["path"], *test["path"]]) == sorted(table["path"])
    for label in set(labels):
        assert (valid["label"] == label).sum() == labels.count(label) // 2
    shuffled = table.sample(frac=1, random_state=seed)
    assert set(halves(shuffled, seed)[0]["path"]) == set(valid["path"])


def test_another_seed_deals_otherwise():
    table = table_of(["cat"] * 40, np.tile([0.6, 0.4], (40, 1)), ["cat", "dog"])
    assert set(halves(table, 0)[0]["path"]) != set(halves(table, 1)[0]["path"])


def test_a_split_that_is_there_is_kept():
    table = read_any_predictions(sample("predictions") / "predictions.csv")
    valid, test = halves(table, seed=3)
    assert set(valid["split"]) == {"valid"}
    assert set(test["split"]) == {"test"}
    train = table.assign(split=["train", *table["split"][1:]])
    assert sum(map(len, halves(train))) == len(table) - 1


def test_a_split_without_test_is_refused():
    table = read_any_predictions(sample("predictions") / "predictions.csv")
    assert "it says 'valid'" in message(halves, table[table["split"] == "valid"])
    assert isinstance(halves(table.drop(columns="split"))[0], pd.DataFrame)


def test_pictures_that_could_not_be_read_are_left_out(tmp_path):
    lines = [
        "path,label,predicted,p_a,p_b,problem",
        "1.png,a,a,0.9,0.1,",
        "2.png,b,,,,it is no picture",
        "3.png,b,b,0.2,0.8,",
    ]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    assert list(read_any_predictions(tmp_path / "p.csv")["path"]) == ["1.png", "3.png"]
