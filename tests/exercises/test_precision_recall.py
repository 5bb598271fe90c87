"""The questions on lesson 06: other right ways than ours, and what the texts state."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binomtest

from tests.exercises.reading import exercise_of, of_topic, other_ways, task_of
from utils.data.samples import sample
from utils.evaluation.reading import halves, read_any_predictions
from utils.evaluation.thresholds import reach_recall
from utils.exercises.precision_recall import cells, certainty, trying

QUESTION = of_topic("precision_recall")


def cells_by_arrays(labels, scores, positive, threshold):
    there, taken = np.array(labels) == positive, np.array(scores) >= threshold
    return [np.sum(there & taken), np.sum(~there & taken), np.sum(there & ~taken), np.sum(~there & ~taken)]


def cells_as_a_tensor(labels, scores, positive, threshold):
    pairs = [(score >= threshold, label == positive) for label, score in zip(labels, scores)]
    return torch.tensor([pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))])


def recall_by_pandas(labels, predicted, positive):
    table = pd.DataFrame({"label": labels, "predicted": predicted})
    return (table[table["label"] == positive]["predicted"] == positive).mean()  # nan of nothing


def recall_by_dividing(labels, predicted, positive):
    hits = sum(label == guess == positive for label, guess in zip(labels, predicted))
    return hits / labels.count(positive) if positive in labels else float("nan")


def recall_of_none_is_numpys_nan(labels, predicted, positive):
    rows = [guess == positive for label, guess in zip(labels, predicted) if label == positive]
    return np.mean(rows) if rows else np.nan


def threshold_in_a_loop(is_positive, scores, at_least):
    for threshold in sorted(scores[is_positive], reverse=True):
        if (scores[is_positive] >= threshold).mean() >= at_least:
            return threshold
    return None


def threshold_by_utils(is_positive, scores, at_least):
    from utils.evaluation.curves import threshold_table

    table = threshold_table(is_positive, scores)
    enough = table[table["recall"] >= at_least - 1e-12]
    return enough["threshold"].max()


def threshold_from_below(is_positive, scores, at_least):
    found = sorted(scores[is_positive])
    return found[math.floor(round(len(found) * (1 - at_least), 9))]


def report_in_a_loop(valid, test, at_least):
    threshold = threshold_in_a_loop(*valid, at_least)
    taken = [score >= threshold for is_positive, score in zip(*test) if is_positive]
    return sum(taken) / len(taken)


def macro_in_a_loop(counts):
    recalls = [float(row[place]) / row.sum() if row.sum() else math.nan for place, row in enumerate(counts)]
    return sum(recalls) / len(recalls)


def macro_by_utils(counts):
    from utils.evaluation.metrics import macro, recall

    return macro(recall(counts))


def macro_by_mean(counts):
    with np.errstate(invalid="ignore"):
        return np.mean(np.diag(counts) / counts.sum(1))


def wilson_by_scipy(successes, trials, z=1.96):
    from statistics import NormalDist

    found = binomtest(successes, trials).proportion_ci(2 * NormalDist().cdf(z) - 1, method="wilson")
    return [found.low, found.high]


def error_by_pandas(came_true, confidences):
    table = pd.DataFrame({"t": came_true.astype(float), "c": confidences})
    bins = table.groupby(pd.cut(table["c"], np.linspace(0, 1, 11)), observed=True)
    return ((bins["t"].mean() - bins["c"].mean()).abs() * bins.size()).sum() / len(table)


def error_by_digitize(came_true, confidences):
    number = np.digitize(confidences, np.arange(1, 10) / 10)  # a confidence of 1 is beyond the last of the nine edges
    gaps = [(came_true[number == each] - confidences[number == each]).sum() for each in range(10)]
    return np.abs(gaps).sum() / len(came_true)


def suspects_from_a_copy(predictions, most):
    predictions = predictions.copy()
    predictions["p"] = [predictions[f"p_{label}"][row] for row, label in predictions["label"].items()]
    return predictions.nsmallest(most, "p")["path"].to_numpy()


def suspects_sorted(predictions, most):
    rows = sorted(predictions.itertuples(), key=lambda row: getattr(row, f"p_{row.label}"))
    return pd.Series([row.path for row in rows][:most])


def scores_with_a_count(rows):
    paths = [path for path, _ in rows]
    if len(set(paths)) < len(paths):
        raise ValueError("twice")
    return pd.Series(dict(rows))


def alarms_at_the_highest_threshold(valid, test, positive, at_least):
    threshold = threshold_in_a_loop(
        (valid["label"] == positive).to_numpy(), valid[f"p_{positive}"].to_numpy(), at_least
    )
    return sum((test["label"] != positive) & (test[f"p_{positive}"] >= threshold))


def alarms_by_hand(valid, test, positive, at_least):
    threshold = reach_recall(valid, positive, at_least).threshold
    return int(((test[f"p_{positive}"] >= threshold) & (test["label"] != positive)).sum())


RIGHT = {
    1: [cells_by_arrays, cells_as_a_tensor],
    2: [recall_by_pandas, recall_by_dividing, recall_of_none_is_numpys_nan],
    3: [0.154, np.float32(0.1538), 90 / 585],
    4: [threshold_in_a_loop, threshold_by_utils, threshold_from_below],
    5: [report_in_a_loop],
    6: [0.05, 1 / 20, torch.tensor(0.05)],
    7: [macro_in_a_loop, macro_by_mean, macro_by_utils],
    8: [wilson_by_scipy],
    9: [error_by_pandas, error_by_digitize],
    10: [suspects_sorted, suspects_from_a_copy, lambda predictions, most: tuple(suspects_sorted(predictions, most))],
    11: [scores_with_a_count],
    12: [0.109, 0.11, binomtest(2, 10).pvalue],
    13: ["B", "b)"],
    14: [pd.Series({"two models": "e", "herbarium": "D", "letters": "c", "mammograms": "b"})],
    15: [alarms_by_hand, alarms_at_the_highest_threshold],
}


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


# --- what texts state --------------------------------------------------------------------------------


def test_what_the_four_cells_are_counted_from_is_what_the_task_says():
    assert "`labels` and `scores` are lists" in task(1)
    assert {type(given) for labels, scores, *_ in cells.CASES for given in (labels, scores)} == {list}


def test_the_slips_of_an_interval_give_different_ones_for_9_of_10():
    ends = [tuple(np.round(slip(9, 10, 1.96), 3)) for slip in (*certainty.SLIPS.values(), QUESTION[8].reference)]
    assert len(set(ends)) == len(certainty.SLIPS) + 1


def test_the_example_of_the_four_cells_is_true():
    assert QUESTION[1].reference(["logo", "cat", "logo"], [0.9, 0.8, 0.3], "logo", 0.5) == (1, 1, 1, 0)


task = partial(task_of, "precision_recall")


def test_the_example_of_the_threshold_is_true():
    is_positive, scores = np.array([True, False, True]), np.array([0.9, 0.7, 0.4])
    assert "`np.array([True, False, True])` and `np.array([0.9, 0.7, 0.4])`" in task(4)
    assert [QUESTION[4].reference(is_positive, scores, at_least) for at_least in (0.5, 1.0)] == [0.9, 0.4]
    assert "a recall of 0.5 needs one of the two logos, so the threshold is 0.9" in task(4)
    assert "1.0 needs both, and the threshold is 0.4" in task(4)


def test_the_example_of_the_calibration_error_is_true():
    came_true, confidences = np.array([True, False, True, True]), np.array([0.75, 0.75, 0.65, 0.65])
    assert QUESTION[9].reference(came_true, confidences) == pytest.approx(0.3)
    stated = "`np.array([True, False, True, True])` with the confidences `np.array([0.75, 0.75, 0.65, 0.65])` gives 0.3"
    assert stated in task(9)


def test_among_as_many_logos_as_others_the_same_model_has_a_precision_of_95_percent():
    among_as_many = 0.9 / (0.9 + 0.05)
    assert among_as_many == pytest.approx(0.95, abs=0.005)
    assert 6 < 1 / QUESTION[3].reference < 7


def test_ten_of_ten_are_worth_what_the_text_says():
    assert QUESTION[8].reference(10, 10) == (pytest.approx(0.72, abs=0.005), pytest.approx(1))


def test_ten_coins_and_a_hundred_are_told_apart_as_the_text_says():
    assert QUESTION[12].reference == pytest.approx(0.11, abs=0.002)
    assert binomtest(20, 100).pvalue < 1e-6
    lead = (8 - 2) / 200
    assert lead == pytest.approx(0.93 - 0.90)


def test_the_lawyers_interval_is_the_one_in_the_text():
    low, high = QUESTION[8].reference(81, 88)
    assert (round(low, 2), round(high, 2), round(81 / 88, 2)) == (0.84, 0.96, 0.92)


def test_the_shipped_table_has_as_many_false_alarms_as_the_text_says():
    valid, test = halves(read_any_predictions(sample("predictions") / "predictions.csv"))
    assert QUESTION[15].reference(valid, test, "other_logo", 0.9) == 33
    assert 'false_alarms(valid, test, "other_logo", 0.9)`: there are 33.' in task(15)
    assert (test["label"] != "other_logo").sum() == 1600
    assert "costs 33 false alarms among 1,600 pictures of other classes" in QUESTION[15].why
    assert f"0.99 costs {QUESTION[15].reference(valid, test, 'other_logo', 0.99)}:" in QUESTION[15].why


def test_the_usual_slips_about_false_alarms_differ_on_the_first_pair_of_tables():
    seed, positive, at_least = trying.PROBED[0]
    given = trying._made(seed, "valid"), trying._made(seed + 10, "test"), positive, at_least
    slips = [trying._on_valid, trying._misses, trying._taken, trying._likeliest, trying._exchanged, trying._test_alone,
             trying._by_precision, trying._for_0_9, trying.false_alarms]  # fmt: skip
    assert len({int(slip(*given)) for slip in slips}) == len(slips)


def test_the_costs_in_the_task_are_those_of_the_reference():
    assert "costs 2 euros" in task(6) and "costs 38 euros" in task(6)
    assert QUESTION[6].reference == 2 / 40


def test_the_notebook_is_there():
    assert Path(exercise_of("precision_recall")).name == "06_precision_recall.ipynb"
