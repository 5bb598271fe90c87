"""One row a picture, in the table's order, prepared as the model wants it; and the same again from a CSV."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score
from torch import nn

from tests.training.small import CLASSES, PREPROCESSING, RECIPE, Tiny, make
from utils.data.images import open_image
from utils.data.loaders import make_loader
from utils.data.tables import scan
from utils.data.transforms import LIGHT
from utils.errors import CourseError
from utils.evaluation.predictions import (
    check_predictions,
    evaluating,
    folded,
    predict,
    predict_pictures,
    predict_table,
    predicted_classes,
    predictions_table,
    read_predictions,
    save_predictions,
)
from utils.models.build import build
from utils.models.freezing import freeze
from utils.training.loop import fit

COLUMNS = ["path", "label", "predicted", "p_blue", "p_green", "p_red"]


@pytest.fixture
def model():
    made = Tiny()
    made.classes = CLASSES
    return made.eval()


@pytest.fixture
def folder(table, tmp_path):
    """A folder a class, of the pictures."""
    for row in table.itertuples():
        (tmp_path / "sorted" / row.label).mkdir(parents=True, exist_ok=True)
        shutil.copy(f"{table.attrs['root']}/{row.path}", tmp_path / "sorted" / row.label / row.path)
    return tmp_path / "sorted"


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def expected(model, paths):
    """One picture after the other, as anybody would."""
    with torch.no_grad():
        return torch.cat([model(model.preprocessing(open_image(path))).softmax(1) for path in paths]).numpy()


def values(predictions):
    return predictions[[name for name in predictions if name.startswith("p_")]].to_numpy()


# --- what a prediction is ----------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_rows_are_the_tables_with_the_probabilities_of_each_picture(batch_size, model, table):
    loader = make_loader(table, PREPROCESSING, batch_size=batch_size, progress=False)
    found = predict(model, loader, progress=False)
    assert list(found) == COLUMNS
    assert found["path"].tolist() == table["path"].tolist()
    assert found["label"].tolist() == table["label"].tolist()
    np.testing.assert_allclose(
        values(found), expected(model, [f"{table.attrs['root']}/{path}" for path in table["path"]]), atol=1e-5
    )
    np.testing.assert_allclose(values(found).sum(axis=1), 1, rtol=1e-5)
    assert found["predicted"].tolist() == [CLASSES[place] for place in values(found).argmax(axis=1)]
    assert found.attrs["root"] == table.attrs["root"]
    check_predictions(found)


def test_predictions_of_valid_have_the_accuracy_that_training_found(table):
    loaders = make(table, LIGHT)
    result = fit(Tiny(), loaders, RECIPE, progress=False)
    found = predict(result.model, loaders.valid, progress=False)
    assert accuracy_score(found["label"], found["predicted"]) == pytest.approx(result.best["valid_accuracy"])


def test_a_model_in_train_mode_predicts_as_in_eval_mode_and_is_left_as_it_was(model, table):
    loader = make_loader(table, PREPROCESSING, progress=False)
    once = predict(model, loader, progress=False)
    freeze(model, "backbone.1")
    model.train()
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    again = predict(model, loader, progress=False)
    pd.testing.assert_frame_equal(once, again)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_part_that_was_set_to_eval_by_hand_stays_so():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2)).train()
    model[1].eval()
    with evaluating(model):
        assert not model[0].training
    assert (model.training, model[0].training, model[1].training) == (True, True, False)


def test_the_mode_comes_back_after_an_error_too():
    model = nn.Dropout()
    with pytest.raises(ZeroDivisionError), evaluating(model):
        1 / 0  # noqa: B018
    assert model.training


@pytest.mark.parametrize("name", ["efficientnet_b0", "mobilenet_v3_small", "shufflenet_v2_x0_5", "resnet18"])
def test_folding_batchnorms_away_changes_the_logits_by_rounding_alone(name):
    model = build(name, 3, None, size=64, seed=0).train()
    for norm in batchnorms(model):  # fresh ones scale by 1 and shift by 0: nothing that could go wrong
        norm.running_mean.uniform_(-0.3, 0.3)
        norm.running_var.uniform_(0.5, 2.0)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    images = torch.randn(2, 3, 64, 64)
    quick = folded(model)
    assert (model.training, quick.training) == (True, False)
    with torch.inference_mode():
        torch.testing.assert_close(quick(images), model.eval()(images), rtol=1e-4, atol=1e-5)
    # ResNet keeps its layers in no Sequential but where the size is halved.
    assert (len(batchnorms(quick)), len(batchnorms(model)) > 0) == (17 if name == "resnet18" else 0, True)


def batchnorms(model):
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def test_a_batchnorm_without_averages_is_left_alone():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False))
    images = torch.randn(5, 3, 4, 4)
    torch.testing.assert_close(folded(model)(images), model.eval()(images))


# --- folders and single pictures ---------------------------------------------------------------------


def test_a_labelled_folder_has_labels(model, folder):
    found = predict_table(model, scan(folder, progress=False).table, progress=False)
    assert len(found) == 42
    assert (found["label"] == found["path"].str.split("/").str[0]).all()


def test_an_unlabelled_folder_has_none_and_the_same_probabilities(model, folder):
    labelled = predict_table(model, scan(folder, progress=False).table, progress=False)
    found = predict_table(model, scan(folder, labelled=False, progress=False).table, progress=False)
    assert found["label"].isna().all()
    pd.testing.assert_frame_equal(found.drop(columns="label"), labelled.drop(columns="label"))


def test_a_folder_with_some_of_the_classes_is_predicted_by_all_of_them(model, folder):
    shutil.rmtree(folder / "blue")
    found = predict_table(model, scan(folder, progress=False).table, progress=False)
    assert predicted_classes(found) == CLASSES
    assert set(found["label"]) == {"green", "red"}


def test_a_folder_with_a_class_that_the_model_does_not_know_is_refused(model, folder):
    (folder / "blue").rename(folder / "purple")
    assert "found 'purple'. Leave these pictures out" in message(
        predict_table, model, scan(folder, progress=False).table
    )


def test_the_model_prepares_the_pictures(model, table):
    model.preprocessing = dataclasses.replace(PREPROCESSING, size=24, normalisation="symmetric")
    found = predict_table(model, table, progress=False)
    paths = [f"{table.attrs['root']}/{path}" for path in table["path"]]
    np.testing.assert_allclose(values(found), expected(model, paths), atol=1e-5)


@pytest.mark.parametrize("many", [False, True])
def test_single_pictures_are_predicted_by_their_paths(many, model, folder, monkeypatch):
    monkeypatch.chdir(folder)
    paths = ["red/02.png", folder / "blue" / "00.png"] if many else "red/02.png"
    found = predict_pictures(model, paths)
    listed = paths if many else [paths]
    assert found["path"].tolist() == [str(path) for path in listed]
    assert found["label"].isna().all()
    np.testing.assert_allclose(values(found), expected(model, listed), atol=1e-6)


def test_pictures_of_one_name_in_two_folders_are_two_rows(model, folder):
    shutil.copy(folder / "red" / "02.png", folder / "blue" / "02.png")
    found = predict_table(model, scan(folder, progress=False).table, progress=False)
    assert {"red/02.png", "blue/02.png"} <= set(found["path"])


# --- what does not fit -------------------------------------------------------------------------------


def test_no_picture_at_all_is_refused(model):
    assert "the table has no row" in message(predict_pictures, model, [])


def test_a_picture_that_is_none_is_named(model, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    assert "bad.png" in message(predict_pictures, model, [tmp_path / "bad.png"])
    assert "gone.png" in message(predict_pictures, model, tmp_path / "gone.png")


def test_a_training_loader_is_refused(model, loaders):
    assert "it shuffles and may augment" in message(predict, model, loaders.train)


def test_a_loader_that_prepares_otherwise_is_refused(model, table):
    loader = make_loader(table, dataclasses.replace(PREPROCESSING, policy="pad"), progress=False)
    assert "The model was made for pictures prepared so: squash" in message(predict, model, loader)


def test_other_classes_are_refused(model, loaders):
    model.classes = ["red", "green", "blue"]
    assert "their numbers would not mean the same" in message(predict, model, loaders.valid)


def test_another_number_of_classes_is_refused_with_both_numbers(table):
    loader = make_loader(table, PREPROCESSING, progress=False)
    found = message(predict, Tiny(4), loader, progress=False)
    assert "tells 4 classes apart, but there are 3 names: 'blue', 'green', 'red'" in found


def test_names_must_come_from_somewhere(table):
    loader = make_loader(table, PREPROCESSING, columns=None, progress=False)
    assert "model.classes = ['cat', 'dog']" in message(predict, Tiny(), loader)
    with_names = make_loader(table, PREPROCESSING, progress=False)
    assert predicted_classes(predict(Tiny(), with_names, progress=False)) == CLASSES


# --- to a CSV and back -------------------------------------------------------------------------------

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=8)


@st.composite
def tables(draw):
    count = draw(st.integers(1, 6))
    classes = draw(st.lists(NAMES, min_size=2, max_size=4, unique=True))
    paths = draw(st.lists(NAMES, min_size=count, max_size=count, unique=True))
    labels = draw(st.lists(st.sampled_from(classes) | st.just(np.nan), min_size=count, max_size=count))
    logits = draw(st.lists(st.floats(-20, 20), min_size=count * len(classes), max_size=count * len(classes)))
    probabilities = torch.tensor(logits).reshape(count, -1).softmax(1).numpy()
    return predictions_table(
        pd.DataFrame({"path": paths, "label": pd.Series(labels, dtype=object)}), probabilities, classes
    )


@settings(max_examples=40)
@given(tables())
def test_what_was_saved_is_read_to_the_same_bits_whatever_the_names(tmp_path_factory, predictions):
    path = save_predictions(predictions, tmp_path_factory.getbasetemp() / "predictions.csv")
    pd.testing.assert_frame_equal(read_predictions(path), predictions, check_exact=True)


@pytest.mark.parametrize("name", ["NA", "nan", "None", "007", "1e5", "TRUE", "a,b", 'a "b"', "a\nb", " a ", "яблоко"])
def test_an_odd_name_of_a_class_survives(name, tmp_path):
    table = pd.DataFrame({"path": ["1.png", "2.png"], "label": [name, np.nan]})
    predictions = predictions_table(table, np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32), [name, "other"])
    found = read_predictions(save_predictions(predictions, tmp_path / "p.csv"))
    assert found["label"][0] == found["predicted"][0] == name
    assert pd.isna(found["label"][1])
    assert predicted_classes(found) == [name, "other"]


def test_a_table_without_labels_comes_back_without(model, table, tmp_path):
    found = predict_table(model, table[["path"]], progress=False)
    again = read_predictions(save_predictions(found, tmp_path / "new" / "p.csv"), root=table.attrs["root"])
    pd.testing.assert_frame_equal(again, found)
    assert again.attrs == found.attrs


def test_pictures_with_a_problem_are_left_out_and_counted(tmp_path):
    lines = [
        "path,label,predicted,p_a,p_b,problem",
        "1.png,a,a,0.9,0.1,",
        "2.png,,,,,it is no picture",
        "3.png,b,b,0.2,0.8,",
    ]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    read = read_predictions(tmp_path / "p.csv")
    assert list(read["path"]) == ["1.png", "3.png"] and list(read) == ["path", "label", "predicted", "p_a", "p_b"]
    assert list(read.index) == [0, 1] and read.attrs["problems"] == 1


def test_a_csv_that_a_spreadsheet_saved_is_read(tmp_path):
    text = "\ufeffpath,label,predicted,p_cat,p_dog\n1.png,cat,cat,0.9,0.1\n2.png,,dog,0.333,0.667\n"
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    assert read_predictions(tmp_path / "p.csv")["predicted"].tolist() == ["cat", "dog"]


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    found = message(save_predictions, pd.DataFrame({"path": []}), tmp_path / "file" / "p.csv")
    assert "cannot be written" in found


GOOD = "path,label,predicted,p_cat,p_dog\na.png,cat,cat,0.9,0.1\nb.png,,dog,0.2,0.8\n"


@pytest.mark.parametrize(("old", "new", "words"), [
    ("predicted", "guess", "Expected the columns 'path', 'label', 'predicted'"),
    (",p_dog", "", "but found 'path', 'label', 'predicted', 'p_cat'"),
    ("p_dog", "dog", "one p_<class> for each of two or more"),
    ("b.png", "a.png", "these have several: 'a.png'"),
    (",dog,0.2", ",owl,0.2", "predicts 'owl', but has probabilities for 'cat', 'dog' only"),
    ("0.8", "0.7", "sum to 1 in '"),
    ("0.2,0.8", "-0.2,1.2", "from 0 to 1"),
    ("0.2,0.8", "-0.005,1", "from 0 to 1"),
    ("0.8", "much", "cannot be read"),
    ("0.2,0.8", ",", "cannot be read"),
    (GOOD, "", "cannot be read"),
    (GOOD, '"', "cannot be read"),
])  # fmt: skip
def test_what_is_no_predictions_table_is_refused(old, new, words, tmp_path):
    (tmp_path / "p.csv").write_text(GOOD)
    read_predictions(tmp_path / "p.csv")
    (tmp_path / "p.csv").write_text(GOOD.replace(old, new, 1))
    assert words in message(read_predictions, tmp_path / "p.csv")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    assert "cannot be read" in message(read_predictions, tmp_path / "gone.csv")
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert "cannot be read" in message(read_predictions, tmp_path / "p.csv")
