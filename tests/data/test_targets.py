"""One label becomes a column a head by a mapping; what the mapping leaves open or gets wrong is named, all of it."""

import numpy as np
import pandas as pd
import pytest
import yaml

from utils.data.loaders import IGNORE, make_loaders
from utils.data.samples import sample
from utils.data.tables import scan
from utils.data.targets import add_targets
from utils.data.transforms import Preprocessing
from utils.errors import CourseError

MAPPING = {
    "screen": {"documents": "paper", "screens": "screen", "not_documents": "ignore"},
    "document": {"documents": "document", "screens": "document", "not_documents": "other"},
}
KINDS = ["documents", "screens", "not_documents"]


def table_of(labels, **columns):
    return pd.DataFrame({"path": [f"{place}.png" for place in range(len(labels))], "label": labels} | columns)


TABLE = table_of(["documents", "screens", "not_documents", "screens", np.nan])


def message(mapping, table=TABLE, **options):
    with pytest.raises(CourseError) as caught:
        add_targets(table, mapping, **options)
    return str(caught.value)


def without(head, name):
    return MAPPING | {head: {key: answer for key, answer in MAPPING[head].items() if key != name}}


def saying(head, name, answer):
    return MAPPING | {head: MAPPING[head] | {name: answer}}


# --- columns and classes ---------------------------------------------------------------------------


def test_each_head_has_a_column_with_its_answers_and_nan_where_it_is_not_asked():
    found, classes = add_targets(TABLE, MAPPING)
    assert found["screen"].fillna("-").tolist() == ["paper", "screen", "-", "screen", "-"]
    assert found["document"].fillna("-").tolist() == ["document", "document", "other", "document", "-"]
    assert classes == {"screen": ["paper", "screen"], "document": ["document", "other"]}


def test_the_table_itself_stays_as_it_is_and_its_root_goes_along():
    table = TABLE.copy()
    table.attrs["root"] = "pictures"
    found, _ = add_targets(table, MAPPING)
    assert found.attrs["root"] == "pictures"
    pd.testing.assert_frame_equal(table, TABLE)
    pd.testing.assert_frame_equal(found[["path", "label"]], TABLE)


def test_doing_it_again_with_another_mapping_gives_what_that_one_says():
    once, _ = add_targets(TABLE, saying("screen", "documents", "print"))
    pd.testing.assert_frame_equal(add_targets(once, MAPPING)[0], add_targets(TABLE, MAPPING)[0])


@pytest.mark.parametrize(("answers", "names"), [
    ((1, 0, "ignore"), ["0", "1"]), ((10, 9, 2), ["2", "9", "10"]), ((np.int64(1), np.int64(0), 0), ["0", "1"]),
    ((True, True, False), ["no", "yes"]), ((np.True_, "Ignore ", np.False_), ["no", "yes"]),
    (("b", "a", "b"), ["b", "a"]), (("yes", "no", "no"), ["yes", "no"]), ((" b ", "a", "b"), ["b", "a"]),
    ((True, 2, 0), ["yes", "2", "0"]), ((1, "other", 0), ["1", "other", "0"]), ((True, "perhaps", False), ["yes", "perhaps", "no"]),
])  # fmt: skip
def test_numbers_are_sorted_no_comes_before_yes_and_names_keep_their_order(answers, names):
    found, classes = add_targets(TABLE, {"head": dict(zip(KINDS, answers))})
    assert classes == {"head": names}
    assert set(found["head"].dropna()) == set(names)


def test_a_mapping_may_come_from_yaml_where_numbers_and_yes_are_no_texts():
    mapping = yaml.safe_load("{big: {0: yes, 1: no, 2: no}, round: {0: 1, 1: 0, 2: ignore}}")
    found, classes = add_targets(table_of(["0", "2", "1"]), mapping)
    assert classes == {"big": ["no", "yes"], "round": ["0", "1"]}
    assert found["big"].tolist() == ["yes", "no", "no"]
    assert found["round"].fillna("-").tolist() == ["1", "-", "0"]


def test_classes_that_yaml_takes_for_true_and_false_are_found():
    found, _ = add_targets(table_of(["yes", "no"]), yaml.safe_load("{head: {yes: a, no: b}}"))
    assert found["head"].tolist() == ["a", "b"]


def test_classes_may_be_taken_from_another_column():
    found, _ = add_targets(TABLE.rename(columns={"label": "kind"}), MAPPING, column="kind")
    assert found["screen"].fillna("-").tolist() == ["paper", "screen", "-", "screen", "-"]


# --- from a CSV to loaders -------------------------------------------------------------------------


@pytest.fixture
def numbered(tmp_path, draw):
    """The way walk-through D has it: a CSV a split, no header, 0 documents, 1 not a document, 2 screens."""
    for split, count in (("train", 6), ("valid", 3), ("test", 3)):
        lines = [f"{split}/{number}.png,{number % 3}" for number in range(count)]
        (tmp_path / f"{split}.csv").write_text("\n".join(lines) + "\n")
        for number in range(count):
            draw(tmp_path / split / f"{number}.png", seed=hash_of(split, number))
    return tmp_path


def hash_of(split, number):
    return 10 * ["train", "valid", "test"].index(split) + number


COLUMNS = {"path": 0, "label": 1}
NAMES = {0: "documents", 1: "not_documents", 2: "screens"}
NUMBERED = {"screen": {0: 0, 2: 1, 1: "ignore"}, "document": {0: 1, 1: 0, 2: 1}}


def test_numbered_csvs_without_a_header_become_loaders_with_targets_a_head(numbered):
    found = scan(numbered, csv=numbered, columns=COLUMNS, progress=False)
    assert not len(found.problems[found.problems["left_out"]])
    table, classes = add_targets(found.table, NUMBERED)
    loaders = make_loaders(
        table, Preprocessing(16), "none", columns=list(classes), classes=classes, batch_size=6, progress=False
    )
    assert (len(loaders.train.table), len(loaders.valid.table), len(loaders.test.table)) == (6, 3, 3)
    images, targets = next(iter(loaders.test))
    assert images.shape == (3, 3, 16, 16)
    assert {head: column.tolist() for head, column in targets.items()} == {
        "screen": [0, IGNORE, 1],
        "document": [1, 0, 1],
    }


def test_their_numbers_may_have_names_first(numbered):
    table = scan(numbered, csv=numbered, columns=COLUMNS, labels=NAMES, progress=False).table
    found, classes = add_targets(table, MAPPING)
    assert classes["screen"] == ["paper", "screen"]
    assert found["screen"].value_counts().to_dict() == {"paper": 4, "screen": 4}
    assert found["document"].value_counts().to_dict() == {"document": 8, "other": 4}


def test_a_path_in_two_csvs_is_named_and_stays_in_the_first(numbered):
    with (numbered / "test.csv").open("a") as file:
        file.write("train/2.png,2\n")
    table, problems = scan(numbered, csv=numbered, columns=COLUMNS, progress=False)
    leaks = problems[problems["problem"] == "in two splits"]
    assert leaks["path"].tolist() == ["train/2.png"]
    assert leaks["left_out"].all()
    assert "test.csv, line 4" in leaks["detail"].item()
    found, _ = add_targets(table, NUMBERED)
    assert found.loc[found["path"] == "train/2.png", "split"].tolist() == ["train"]


def test_the_documents_have_the_counts_of_their_card():
    root = sample("documents")
    found, _ = add_targets(scan(root, csv=root, progress=False).table, MAPPING)
    assert found["screen"].value_counts().to_dict() == {"paper": 120, "screen": 90}
    assert found["document"].value_counts().to_dict() == {"document": 210, "other": 60}


# --- what does not fit -----------------------------------------------------------------------------


def test_a_class_that_a_head_says_nothing_of_is_named_with_its_pictures_and_what_to_paste():
    found = message(without("screen", "screens"))
    assert "screen: nothing is said of 'screens' (2 pictures)" in found
    assert "mapping['screen']['screens'] = 'ignore'" in found
    assert "(1 picture)" in message(without("screen", "documents"))


def test_a_class_that_the_table_has_not_is_answered_with_the_nearest_and_what_to_paste():
    mapping = without("document", "screens")
    mapping["document"]["screns"] = "document"
    found = message(mapping)
    assert "document: the table has no class 'screns'. Did you mean 'screens'?" in found
    assert "mapping['document']['screens'] = mapping['document'].pop('screns')" in found
    assert "screen:" not in found


def test_a_class_that_is_like_none_is_answered_with_all_there_are():
    found = message(saying("document", "owl", "other"))
    assert (
        "no class 'owl', only 'screens', 'documents', 'not_documents'. Take it out: del mapping['document']['owl']"
        in found
    )


@pytest.mark.parametrize("answer", ["ignore", "paper"])
def test_a_head_with_one_answer_left_is_refused(answer):
    found = message(saying("screen", "screens", answer))
    assert "screen: only 'paper' is left of what is not ignored" in found
    assert "document:" not in found


def test_a_head_that_ignores_everything_is_refused():
    assert "no answer is left" in message(MAPPING | {"screen": dict.fromkeys(KINDS, "ignore")})


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_head_with_one_answer_in_a_split_that_learns_or_chooses_is_refused(split):
    other = {"train": "valid", "valid": "train"}[split]
    table = table_of([*KINDS, "documents", "not_documents"], split=[other] * 3 + [split] * 2)
    found = message(MAPPING, table)
    assert f"screen: in the split {split!r} there is only 'paper'" in found
    assert "add_splits(table.drop(columns='split'))" in found
    assert "document:" not in found


def test_a_split_where_a_head_is_asked_about_no_picture_is_refused():
    table = table_of([*KINDS, "not_documents"], split=["train"] * 3 + ["valid"])
    assert "screen: in the split 'valid' there is no answer," in message(MAPPING, table)


def test_test_pictures_of_one_class_alone_are_no_matter():
    add_targets(table_of([*KINDS, "documents"], split=["train"] * 3 + ["test"]), MAPPING)


@pytest.mark.parametrize("wrong", [None, 0.5, ["paper"], "", " ", float("nan")])
def test_an_answer_that_is_none_is_named(wrong):
    found = message(saying("screen", "documents", wrong))
    assert f"screen: expected a name, a whole number or 'ignore' for 'documents', but got {wrong!r}" in found


@pytest.mark.parametrize("head", ["path", "label", "split", "digest", "width", "predicted", "kind"])
def test_a_head_called_like_a_column_that_is_needed_is_refused(head):
    found = message({head: MAPPING["screen"]}, TABLE.assign(kind=TABLE["label"]), column="kind")
    assert f"A head called {head!r} would overwrite a column" in found
    assert f"mapping['is_{head}'] = mapping.pop({head!r})" in found


@pytest.mark.parametrize("head", ["is it?", "2nd", "a.b", "p_screen", "", 1, True])
def test_a_head_needs_a_name_of_one_word(head):
    assert f"{head!r} cannot be a head's name" in message({head: MAPPING["screen"]})


def test_all_that_is_wrong_is_said_at_once():
    mapping = {
        "split": without("screen", "documents")["screen"],
        "document": MAPPING["document"] | {"owl": 1, "cat": 2},
    }
    found = message(mapping).splitlines()
    assert [line.split(":")[0].strip() for line in found[1:]] == [
        "A head called 'split' would overwrite a column that the table needs. Rename it", "split", "document", "document",
    ]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), [
    ("{screen: {documents: 0}}", "write -y \"mapping: {screen:"), ({}, "one head or more, but got {}"),
    (None, "one head or more, but got None"), ({"screen": "documents"}, "but got 'documents' for the head 'screen'"),
    ({"screen": {}}, "but got {} for the head 'screen'"), ({"screen": {0: 1, "0": 2}}, "written alike"),
])  # fmt: skip
def test_what_is_no_mapping_is_answered_with_one(wrong, told):
    assert told in message(wrong)


def test_a_column_that_is_not_there_or_is_empty_is_answered():
    assert "a column 'kind'" in message(MAPPING, column="kind")
    assert "not one picture there has any" in message(MAPPING, TABLE.assign(label=np.nan))
