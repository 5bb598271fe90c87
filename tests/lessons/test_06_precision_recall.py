"""Lesson 06 as a tool: it runs on a CSV from anywhere and on a folder, and what it writes out is what utils does."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from tests.evaluation.made import BOTH_KINDS, logos
from tests.lessons import tool
from tests.lessons.tool import folder_of
from utils.data.samples import sample
from utils.evaluation.calibration import with_temperature
from utils.evaluation.curves import average_precision, threshold_table
from utils.evaluation.inputs import against_rest
from utils.evaluation.reading import halves, read_any_predictions
from utils.evaluation.thresholds import Costs, choose_and_report, is_kept, outcome

LESSON = "06_precision_recall.ipynb"
QUICK = {"positive": "class 01", "size": 64}
NAMES = ["cat", "dog", "logo", "owl"]


def made(count=600, seed=0):
    """A table of another program: four classes, no `predicted`, no pictures."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, size=count, p=[0.4, 0.3, 0.1, 0.2])
    powers = np.exp(rng.normal(size=(count, 4)) + 3 * np.eye(4)[truth])
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {"path": [f"somewhere/{number}.jpg" for number in range(count)], "label": np.array(NAMES)[truth]}
    )
    return table.assign(**{f"p_{name}": column for name, column in zip(NAMES, probabilities.T)})


def save(table, path):
    table.to_csv(path, index=False)
    return str(path)


def figures(report):
    """The text alternatives of all figures in an executed report."""
    code = [cell for cell in nbformat.read(report, as_version=4).cells if cell.cell_type == "code"]
    shown = [output for cell in code for output in cell.outputs if "image/png" in output.get("data", {})]
    return "\n".join(f"<Figure: {output.metadata['image/png']['alt']}>" for output in shown)


def failure(tmp_path, table, **parameters):
    """The CourseError with which a run on this table ends."""
    path = save(table, tmp_path / "my.csv")
    return tool.failure(LESSON, tmp_path, {"predictions": path, **parameters}, cwd=tmp_path)


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory):
    """(results, text, folder of the results, table) of the run in the lesson's own example command."""
    tmp_path = tmp_path_factory.mktemp("lesson 06")
    table = made()
    path = save(table, tmp_path / "my.csv")
    results, text = tool.run(LESSON, tmp_path, predictions=path, positive="logo", min_recall=0.9, min_precision=0.85)
    return results, text, tmp_path / "out" / "output", read_any_predictions(path)


def test_it_runs_on_a_csv_without_model_or_pictures(plain_run):
    results, text, _, table = plain_run
    assert f"600 pictures, {(table['label'] == 'logo').sum()} of them 'logo'" in text
    assert results["parameters"]["min_recall"] == 0.9
    assert len(results["claims"]) == 7  # the others are about the samples
    assert "average_precision_of_the_posters_model" not in results["numbers"]  # nor is a model trained on them


def test_a_report_on_own_rows_warns_of_nothing_and_speaks_of_no_labels_that_were_mended(plain_run):
    results, text, _, _ = plain_run
    assert "Warning" not in text
    assert "nobody has listed your wrong labels: look at these 20" in text
    assert "no label was mended" in text
    assert f"\ntemperature {results['numbers']['temperature']:.2f}\n" in f"\n{text}"
    assert "with the wrong labels still in it" not in text


def test_rows_whose_pictures_are_not_there_get_one_line_that_says_where_they_were_looked_for(plain_run):
    _, text, output, _ = plain_run
    assert f"no picture is found in '{output.parents[1]}' (data_dir says where)" in text
    assert "false alarms, the surest" not in figures(output.parent / "report.ipynb")


def test_each_half_is_counted(plain_run):
    _, text, _, table = plain_run
    for half, name in zip(halves(table), ("valid, to choose by", "test, to report on")):
        assert f"{name}: {len(half)} pictures, {(half['label'] == 'logo').sum()} of them 'logo'" in text


def test_its_decisions_are_those_of_utils_on_test(plain_run):
    results, _, output, table = plain_run
    _, expected = choose_and_report(*halves(table), "logo", recall=0.9)
    found = results["numbers"]["decisions_on_test"]["archivist: recall 0.9"]
    assert found == {"threshold": expected.threshold, "precision": expected.precision, "recall": expected.recall}
    written = pd.read_csv(output / "decisions.csv").set_index("need").loc["archivist: recall 0.9"]
    assert (written["false alarms"], written["misses"]) == (expected.fp, expected.fn)
    assert written["threshold"] == expected.threshold


def test_its_report_says_what_was_reached_where_and_if_the_need_was_kept(plain_run):
    results, text, output, table = plain_run
    written = pd.read_csv(output / "decisions.csv", keep_default_na=False).set_index("need")
    chosen, reported = choose_and_report(*halves(table), "logo", recall=0.9)
    archivist = written.loc["archivist: recall 0.9"]
    assert archivist["reached on valid"] == f"recall {chosen.recall:.3f}"
    assert archivist["reached on test"] == f"recall {reported.recall:.3f}"
    assert archivist["kept on test"] == is_kept(reported.tp, reported.tp + reported.fn, 0.9)
    lawyer = choose_and_report(*halves(table), "logo", precision=0.85)[1]
    assert written.loc["lawyer: precision 0.85", "kept on test"] == is_kept(lawyer.tp, lawyer.tp + lawyer.fp, 0.85)
    costs = Costs(fp=1, fn=20)
    cheap = [f"cost {each.cost(costs):,.0f}" for each in choose_and_report(*halves(table), "logo", costs=costs)]
    assert written.loc["costs 20 : 1", ["reached on valid", "reached on test", "kept on test"]].tolist() == [*cheap, ""]


def test_its_thresholds_are_marked_as_those_of_other_scores_than_the_calibrated_ones(plain_run):
    results, _, output, table = plain_run
    assert set(pd.read_csv(output / "decisions.csv")["scores"]) == {"as they came"}
    calibrated = pd.read_csv(output / "calibrated.csv")
    temperature = results["numbers"]["temperature"]
    assert calibrated["temperature"].unique().tolist() == [pytest.approx(temperature)]
    assert calibrated["p_logo"].to_numpy() == pytest.approx(
        with_temperature(halves(table)[1], temperature)["p_logo"].to_numpy(), abs=1e-6
    )


def test_it_leaves_what_to_look_at_and_calibrated_predictions(plain_run):
    _, _, output, table = plain_run
    suspects = pd.read_csv(output / "look_at_these.csv")
    assert len(suspects) == 20
    own = table.apply(lambda row: row[f"p_{row['label']}"], axis=1)
    assert set(suspects["path"]) == set(table["path"][own.nsmallest(20).index])
    calibrated = read_any_predictions(output / "calibrated.csv")
    assert set(calibrated["path"]) == set(halves(table)[1]["path"])


@pytest.mark.slow
def test_with_one_score_column_of_another_name_and_a_split_of_its_own(tmp_path):
    table = made(400)
    split = np.where(np.arange(400) % 4 == 0, "test", "valid")
    less_sure = table["p_logo"] ** 0.25 / (table["p_logo"] ** 0.25 + (1 - table["p_logo"]) ** 0.25)
    own = pd.DataFrame({"file": table["path"], "truth": table["label"], "score": less_sure, "split": split})
    columns = {"path": "file", "label": "truth", "p_logo": "score"}
    results, text = tool.run(
        LESSON, tmp_path, predictions=save(own, tmp_path / "my.csv"), columns=columns, positive="logo"
    )
    assert "valid, to choose by: 300 pictures" in text
    assert "test, to report on: 100 pictures" in text
    assert results["numbers"]["pictures"] == 400
    assert results["numbers"]["temperature"] < 0.5  # the scores were drawn to the middle
    assert "<Figure: Too unsure: " in figures(tmp_path / "out" / "report.ipynb")


@pytest.mark.slow
def test_its_pictures_are_shown_where_they_are_found_and_only_read(tmp_path):
    own = folder_of(tmp_path / "own", 2, 20)
    paths = sorted(path.relative_to(own).as_posix() for path in own.rglob("*.jpg"))
    scores = np.random.default_rng(0).random(len(paths))
    table = pd.DataFrame({"path": paths, "label": [path.split("/")[0] for path in paths], "p_class 00": scores})
    results, text = tool.run(LESSON, tmp_path, predictions=save(table, tmp_path / "my.csv"), data_dir=str(own))
    assert results["numbers"]["positive"] in ("class 00", "not class 00")


def test_it_runs_on_a_folder_with_a_quick_model(tmp_path):
    own = folder_of(tmp_path / "own pictures", 3, 14)
    (own / "class 00" / "broken.jpg").write_bytes(b"no picture")
    results, text = tool.run(LESSON, tmp_path, data_dir=str(own), positive="class 01", size=64)
    assert "1 file was left out, 'class 00/broken.jpg'" in text
    assert "42 pictures, 14 of them 'class 01'" in text
    assert set(results["numbers"]["decisions_on_test"]) >= {"costs 20 : 1"}


@pytest.mark.slow
def test_a_need_that_cannot_be_met_is_a_finding(tmp_path):
    """In each half the highest score of all is that of a cat: no threshold takes logos alone."""
    table = made(200).assign(split=["valid", "test"] * 100)
    table.loc[[0, 1], ["label", "p_cat", "p_dog", "p_logo", "p_owl"]] = ["cat", 0.0, 0.0, 1.0, 0.0]
    results, text = tool.run(
        LESSON,
        tmp_path,
        predictions=save(table, tmp_path / "my.csv"),
        positive="logo",
        min_precision=1.0,
        min_recall=0.5,
    )
    assert "No threshold reaches a precision of 1" in text
    assert list(results["numbers"]["decisions_on_test"]) == ["archivist: recall 0.5", "costs 20 : 1"]
    (reached,) = [claim for claim in results["claims"] if "the threshold of each need reaches it" in claim["text"]]
    assert not reached["holds"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda table: table.assign(p_cat=7 * table["p_cat"] - 2), "logits"),
        (lambda table: table.drop(columns="p_owl"), "A column may be missing ('cat', 'dog', 'logo' are there)"),
        (lambda table: pd.concat([table, table[:1]]), "one row a picture"),
        (lambda table: table[table["label"] == "logo"], "all are. The labels are 'logo' ("),
        (
            lambda table: table.assign(split=np.where(table["label"] == "logo", "valid", "test")),
            "the labels of test are",
        ),
    ],
)
def test_a_table_that_makes_no_sense_ends_the_run_with_what_to_do(tmp_path, spoil, words):
    """What else can be wrong with a table is tested in tests/evaluation/test_reading.py."""
    assert words in failure(tmp_path, spoil(made(80)), positive="logo")


def test_a_class_that_there_is_not_is_named(tmp_path):
    assert "one of 'cat', 'dog', 'logo', 'owl', but got 'lego'" in failure(tmp_path, made(80), positive="lego")


@pytest.mark.slow
def test_the_rarest_class_is_looked_for_if_none_is_named_also_if_it_is_one_row_in_thousands(tmp_path):
    table = made(20_000)
    rare = pd.concat([table[table["label"] != "logo"], table[table["label"] == "logo"][:4]])
    results, text = tool.run(LESSON, tmp_path, predictions=save(rare, tmp_path / "my.csv"))
    assert results["numbers"]["positive"] == "logo"
    assert "pictures, 4 of them 'logo' (0.0222 %)" in text
    assert json.dumps(results)


# --- what the lesson writes out ----------------------------------------------------------------------


def definitions(*names):
    return tool.definitions(LESSON, {"np": np, "pd": pd}, *names)


@given(BOTH_KINDS)
@settings(max_examples=40, deadline=None)
def test_the_cells_and_rates_written_out_are_those_of_an_outcome(rows):
    four_cells, precision_and_recall = definitions("four_cells", "precision_and_recall")
    is_logo, scores = (np.array(column) for column in zip(*rows))
    found = outcome(logos(rows), "logo", 0.5)
    tp, fp, fn, tn = four_cells(is_logo, scores, 0.5)
    assert (tp, fp, fn, tn) == (found.tp, found.fp, found.fn, found.tn)
    np.testing.assert_array_equal(precision_and_recall(tp, fp, fn), (found.precision, found.recall))


@given(BOTH_KINDS)
@settings(max_examples=40, deadline=None)
def test_the_curve_written_out_is_the_threshold_table(rows):
    (precision_recall_curve,) = definitions("precision_recall_curve")
    is_logo, scores = (np.array(column) for column in zip(*rows))
    table = threshold_table(is_logo, scores)
    precision, recall = precision_recall_curve(is_logo, scores)
    np.testing.assert_allclose(precision, table["precision"][1:])
    np.testing.assert_allclose(recall, table["recall"][1:])
    assert (np.diff(recall, prepend=0) * precision).sum() == pytest.approx(average_precision(table))


@given(BOTH_KINDS)
@settings(max_examples=40, deadline=None)
def test_the_threshold_written_out_is_the_highest_that_reaches_the_recall(rows):
    (threshold_for_recall,) = definitions("threshold_for_recall")
    is_logo, scores = (np.array(column) for column in zip(*rows))
    table = threshold_table(is_logo, scores)
    for wanted in (0.07, 0.5, 0.8, 1.0):
        expected = table["threshold"][table["recall"] >= wanted - 1e-9].max()
        assert threshold_for_recall(is_logo, scores, wanted) == expected


def test_the_probability_of_the_label_is_found_for_each_row():
    (of_its_label,) = definitions("of_its_label")
    table = made(30)
    assert of_its_label(table).tolist() == [row[f"p_{row['label']}"] for row in table.to_dict("records")]


# --- what its prose says of the samples --------------------------------------------------------------


def test_the_answers_about_the_slider_are_those_of_the_shipped_table():
    _, test = halves(read_any_predictions(sample("predictions") / "predictions.csv"))
    table = threshold_table(*against_rest(test, "logo"))
    few_alarms, one_miss = table[table["fp"] <= 10].iloc[-1], table[table["fn"] <= 1].iloc[0]
    prose = (tool.LESSONS / LESSON).read_text(encoding="utf-8")
    assert f"From {few_alarms['threshold']:.3f} on there are {few_alarms['fp']:.0f} false alarms, and " in prose
    assert f"and {few_alarms['fn']:.0f} misses. From {one_miss['threshold']:.3f} on there is 1 miss, and " in prose
    assert f"there are {one_miss['fp']:.0f} false alarms.</details>" in prose


def test_four_of_the_five_misses_that_the_archivist_has_on_valid_are_no_logos():
    """So says the text below the mended labels; and that test has no such poster."""
    valid, test = halves(read_any_predictions(sample("predictions") / "predictions.csv"))
    wrong = pd.read_csv(sample("predictions") / "wrong_labels.csv")
    plain = wrong["path"][wrong["label"] == "logo"]
    chosen, _ = choose_and_report(valid, test, "logo", recall=0.95)
    missed = valid[(valid["label"] == "logo") & (valid["p_logo"] < chosen.threshold)]
    assert (len(missed), missed["path"].isin(plain).sum(), test["path"].isin(plain).sum()) == (5, 4, 0)


def test_the_two_wrong_labels_of_the_posters_are_those_that_their_card_names():
    card = (sample("posters") / "README.md").read_text(encoding="utf-8")
    for path in ("logo/logo-23.jpg", "others/others-064.jpg"):
        assert f"`{path}`" in card
