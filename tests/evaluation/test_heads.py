"""One table with a block a head: each block is an ordinary predictions table, also after a way through a CSV."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score
from torch import nn

from tests.evaluation.made import message
from tests.training.small import PREPROCESSING, Tiny
from utils.data.images import open_image
from utils.data.loaders import make_loader
from utils.data.targets import add_targets
from utils.evaluation.heads import heads_of, joined_batches, label_columns, of_head
from utils.evaluation.inputs import against_rest, confusion, labelled
from utils.evaluation.metrics import precision, recall
from utils.evaluation.predictions import (
    check_predictions,
    predict,
    predict_pictures,
    predict_table,
    read_predictions,
    save_predictions,
)
from utils.models.build import build
from utils.models.checkpoints import load_checkpoint, save_checkpoint
from utils.models.two_heads import build_heads

# "shade" is not asked of the red ones; a class may have a point, a comma or quotes in its name, or look like a number.
MAPPING = {
    "shade": {"blue": "dark", "green": "v. light", "red": "ignore"},
    "warm": {"blue": 0, "green": 0, "red": 1},
    "kind": {"blue": 'p_"a", b', "green": "NA", "red": "007"},
}
COLUMNS = [
    "path", "shade.label", "shade.predicted", "shade.p_dark", "shade.p_v. light",
    "warm.label", "warm.predicted", "warm.p_0", "warm.p_1",
    "kind.label", "kind.predicted", 'kind.p_p_"a", b', "kind.p_NA", "kind.p_007",
]  # fmt: skip


class TinyHeads(Tiny):
    """A model with three heads, in small."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.classes = {"shade": ["dark", "v. light"], "warm": ["0", "1"], "kind": ['p_"a", b', "NA", "007"]}
        self.head = nn.ModuleDict({head: nn.Linear(6, len(names)) for head, names in self.classes.items()})

    def forward(self, images):
        features = self.backbone(images)
        return {name: head(features) for name, head in self.head.items()}


@pytest.fixture
def model():
    return TinyHeads().eval()


@pytest.fixture
def asked(table):
    return add_targets(table, MAPPING)[0]


@pytest.fixture
def predictions(model, asked):
    return predict_table(model, asked, progress=False)


def loader_of(table, model, **options):
    options = {"columns": list(model.classes), "classes": model.classes} | options
    return make_loader(table, PREPROCESSING, progress=False, **options)


# --- what a prediction is ----------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_a_row_has_a_block_for_each_head_with_the_probabilities_of_its_picture(batch_size, model, asked):
    found = predict(model, loader_of(asked, model, batch_size=batch_size), progress=False)
    assert list(found) == COLUMNS
    assert found["path"].tolist() == asked["path"].tolist()
    assert found.attrs["root"] == asked.attrs["root"]
    assert heads_of(found) == ["shade", "warm", "kind"]
    with torch.no_grad():
        images = [PREPROCESSING(open_image(f"{asked.attrs['root']}/{path}")) for path in asked["path"]]
        logits = model(torch.cat(images))
    for head, names in model.classes.items():
        values = found[[f"{head}.p_{name}" for name in names]].to_numpy()
        np.testing.assert_allclose(values, logits[head].softmax(1), atol=1e-5)
        assert found[f"{head}.predicted"].tolist() == [names[place] for place in values.argmax(1)]
        pd.testing.assert_series_equal(found[f"{head}.label"], asked[head], check_names=False)


def test_labels_need_not_be_there_for_any_or_for_all_heads(model, table, asked):
    some = predict_table(model, asked.drop(columns=["shade", "kind"]), progress=False)
    none = predict_table(model, table, progress=False)
    assert [head for head in model.classes if some[f"{head}.label"].notna().any()] == ["warm"]
    assert none[[f"{head}.label" for head in model.classes]].isna().all().all()
    whole = predict_table(model, asked, progress=False)
    for other in (some, none):
        pd.testing.assert_frame_equal(other.filter(like=".p_"), whole.filter(like=".p_"))


def test_a_column_in_which_nothing_is_labelled_gives_no_labels(table):
    empty = table.assign(label=np.nan, warm=np.nan)
    assert label_columns(None, empty) == label_columns(["a", "b"], empty) == (None, None)
    assert label_columns({"warm": ["0", "1"]}, empty) == label_columns({"warm": ["0", "1"]}, table) == (None, None)
    assert label_columns(["a", "b"], table) == ("label", ["a", "b"])


def test_single_pictures_are_predicted_by_every_head(model, table):
    path = f"{table.attrs['root']}/{table['path'][0]}"
    found = predict_pictures(model, path)
    assert list(found) == COLUMNS
    assert found["path"].tolist() == [path]


def test_a_model_of_build_heads_and_its_checkpoint_predict_the_same(tmp_path, asked):
    classes = TinyHeads().classes
    model = build_heads("shufflenet_v2_x0_5", classes, None, size=32, seed=0)
    once = predict_table(model, asked, progress=False)
    again = predict_table(load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model)), asked, progress=False)
    assert list(once) == COLUMNS
    pd.testing.assert_frame_equal(once, again)
    assert model.training


def test_with_one_head_the_block_is_what_a_classifier_predicts(table):
    names = ["blue", "green", "red"]
    plain = build("shufflenet_v2_x0_5", 3, None, classes=names, size=32, seed=0)
    model = build_heads("shufflenet_v2_x0_5", {"hue": names}, None, size=32, seed=0)
    model.backbone.load_state_dict({name: plain.backbone.state_dict()[name] for name in model.backbone.state_dict()})
    model.heads["hue"].conv.load_state_dict(plain.backbone.conv5.state_dict())
    model.heads["hue"].linear.load_state_dict(plain.head.state_dict())
    found = of_head(predict_table(model, table.assign(hue=table["label"]), progress=False), "hue")
    pd.testing.assert_frame_equal(found, predict_table(plain, table, progress=False), atol=1e-5)


# --- one head's block --------------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["shade", "warm", "kind"])
def test_a_block_is_an_ordinary_table_of_the_pictures_that_the_head_was_asked_about(head, model, predictions, asked):
    found = of_head(predictions, head)
    assert list(found) == ["path", "label", "predicted", *(f"p_{name}" for name in model.classes[head])]
    assert found["path"].tolist() == asked.loc[asked[head].notna(), "path"].tolist()
    assert found.index.tolist() == list(range(len(found)))
    assert found.attrs["root"] == asked.attrs["root"]
    targets, probabilities, classes = labelled(found)
    assert classes == model.classes[head]
    assert probabilities.shape == (len(found), len(classes))


def test_pictures_that_it_was_never_asked_about_are_there_on_demand(predictions, asked):
    assert len(of_head(predictions, "shade")) == (asked["label"] != "red").sum() < len(asked)
    found = of_head(predictions, "shade", known=False)
    assert found["path"].tolist() == asked["path"].tolist()
    assert (found["label"].isna() == (asked["label"] == "red")).all()
    check_predictions(found)


def test_metrics_of_a_block_are_scikit_learns_over_the_labelled_rows(predictions, asked):
    found = of_head(predictions, "warm")
    rows = asked["warm"].notna()
    truth, said = asked.loc[rows, "warm"], predictions.loc[rows, "warm.predicted"]
    counts, classes = confusion(found)
    np.testing.assert_array_equal(counts, confusion_matrix(truth, said, labels=classes))
    np.testing.assert_allclose(recall(counts), recall_score(truth, said, labels=classes, average=None))
    assert accuracy_score(truth, said) == np.trace(counts) / counts.sum()
    is_warm, scores = against_rest(found, "1")
    assert (is_warm == (truth == "1")).all()
    assert (scores == predictions["warm.p_1"]).all()
    expected = precision_score(truth, said, labels=classes, average=None, zero_division=np.nan)
    np.testing.assert_allclose(precision(counts), expected)


def test_columns_that_are_of_no_head_go_along(predictions):
    found = of_head(predictions.assign(split="test", **{"camera.model": "x"}), "warm")
    assert list(found) == ["path", "label", "predicted", "p_0", "p_1", "split", "camera.model"]


def test_a_head_whose_name_begins_like_anothers_is_not_mixed_up_with_it(predictions):
    more = predictions.rename(columns=lambda name: name.replace("kind.", "warm_2."))
    assert list(of_head(more, "warm")) == ["path", "label", "predicted", "p_0", "p_1"]
    assert list(of_head(more, "warm_2"))[3:] == ['p_p_"a", b', "p_NA", "p_007"]


def test_an_ordinary_table_has_no_heads_whatever_its_classes_are_called():
    table = pd.DataFrame({"path": ["a"], "label": ["x"], "predicted": ["x"], "p_x": [1.0], "p_y.predicted": [0.0]})
    assert heads_of(table) == []
    assert "model without heads" in message(of_head, table, "y")


@pytest.mark.parametrize(("wrong", "told"), [("shad", "Did you mean 'shade'?"), ("screen", "'shade', 'warm', 'kind'."),
                                             (None, "head None")])  # fmt: skip
def test_a_head_that_is_not_there_is_answered_with_those_that_are(wrong, told, predictions):
    assert told in message(of_head, predictions, wrong)


def test_a_metric_that_is_given_the_whole_table_says_how_to_take_a_block(predictions):
    assert "of_head(predictions, 'shade')" in message(confusion, predictions)


# --- saved and read back -----------------------------------------------------------------------------


def test_a_csv_gives_the_same_table_back(predictions, tmp_path):
    path = save_predictions(predictions, tmp_path / "predictions.csv")
    again = read_predictions(path, predictions.attrs["root"])
    pd.testing.assert_frame_equal(again, predictions)
    assert again.attrs["root"] == predictions.attrs["root"]
    pd.testing.assert_frame_equal(of_head(again, "kind"), of_head(predictions, "kind"))


def test_an_ordinary_class_with_a_point_in_its_name_is_read_back_as_before(tmp_path):
    table = pd.DataFrame({"path": ["a"], "label": ["x.label"], "predicted": ["x.label"]}, dtype=object)
    table = table.assign(**{"p_x.label": np.float32([0.75]), "p_v. light": np.float32([0.25])})
    again = read_predictions(save_predictions(table, tmp_path / "predictions.csv"))
    pd.testing.assert_frame_equal(again, table)


def test_each_block_of_a_csv_is_checked(predictions, tmp_path):
    for column, value, told in (("warm.p_1", 7.0, "from 0 to 1"), ("kind.predicted", "green", "predicts 'green'")):
        path = save_predictions(predictions.assign(**{column: value}), tmp_path / "predictions.csv")
        assert told in message(read_predictions, path)


# --- bad input ---------------------------------------------------------------------------------------


def test_a_loader_of_other_columns_is_refused_with_how_to_make_it(model, table):
    found = message(predict, model, loader_of(table, model, columns="label", classes=None))
    assert "has labels for 'label'" in found
    assert "columns=list(model.classes), classes=model.classes" in found


def test_a_loader_of_other_classes_is_refused(model, asked):
    classes = model.classes | {"warm": ["1", "0"]}
    found = message(predict, model, loader_of(asked, model, classes=classes))
    assert "head 'warm' are '0', '1', the loader's '1', '0'" in found


def test_a_head_that_gives_another_number_of_logits_is_refused(model, table):
    model.head["warm"] = nn.Linear(6, 3)
    assert "tells 3 classes apart, but there are 2 names" in message(predict_table, model, table, progress=False)


def test_batches_are_joined_head_by_head_in_32_bits_on_the_cpu():
    parts = [{"a": torch.ones(2, 3, dtype=torch.float16)}, {"a": torch.zeros(1, 3, dtype=torch.float16)}]
    found = joined_batches(parts)["a"]
    assert (found.shape, found.dtype, found[:, 0].tolist()) == ((3, 3), torch.float32, [1, 1, 0])
    assert joined_batches([torch.ones(2, dtype=torch.int64)]).dtype == torch.int64
