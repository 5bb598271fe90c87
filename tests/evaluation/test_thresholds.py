"""A threshold is the best of all that meet the need, found by trying each; what it does is reported elsewhere."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.evaluation.made import BOTH_KINDS, ROWS, logos, message
from utils.evaluation.intervals import wilson
from utils.evaluation.thresholds import (
    Costs,
    cheapest,
    choose_and_report,
    is_kept,
    outcome,
    reach_precision,
    reach_recall,
)

FEW = settings(max_examples=40)
SHARES = st.sampled_from([0.01, 0.5, 0.8, 0.95, 1.0])


def tried(predictions):
    """The outcome at every score, and at none."""
    return [outcome(predictions, "logo", threshold) for threshold in [np.inf, *predictions["p_logo"].unique()]]


# --- one threshold -----------------------------------------------------------------------------------


def test_a_score_equal_to_the_threshold_counts_as_positive():
    found = outcome(logos([(True, 0.7), (True, 0.6), (False, 0.7), (False, 0.1)]), "logo", 0.7)
    assert (found.tp, found.fp, found.fn, found.tn) == (1, 1, 1, 1)


@given(ROWS, st.sampled_from([0.0, 0.1, 0.5, 1.0, np.inf]))
@FEW
def test_the_rates_are_shares_of_the_pictures_or_nan_with_a_reason(rows, threshold):
    found = outcome(logos(rows), "logo", threshold)
    assert found.tp + found.fp + found.fn + found.tn == len(rows)
    taken = [is_logo for is_logo, score in rows if score >= threshold]
    there = [score >= threshold for is_logo, score in rows if is_logo]
    rest = [score >= threshold for is_logo, score in rows if not is_logo]
    for rate, pictures in (("precision", taken), ("recall", there), ("false_positive_rate", rest)):
        expected = np.mean(pictures) if pictures else np.nan
        np.testing.assert_allclose(getattr(found, rate), expected, err_msg=rate)
        assert (rate in found.undefined) == (not pictures)


def test_a_rate_that_is_undefined_has_its_reason():
    found = outcome(logos([(False, 0.2), (False, 0.3)]), "logo", 0.5)
    assert found.undefined == {
        "precision": "'logo': no score reaches 0.5, so none is taken for it",
        "recall": "'logo': there is no picture of it",
    }
    assert outcome(logos([(True, 0.6)] * 2), "logo", 0.5).undefined == {
        "false_positive_rate": "'logo': there is no other picture"
    }


def test_an_outcome_names_its_class_and_its_cells():
    found = outcome(logos([(True, 0.7), (True, 0.2), (False, 0.7), (False, 0.1)]), "logo", 0.5)
    assert str(found) == "'logo' from 0.5: precision 0.500, recall 0.500 (TP 1, FP 1, FN 1, TN 1)"


def test_the_other_class_may_be_looked_for():
    found = outcome(logos([(True, 0.7), (False, 0.2)]), "poster", 0.5)
    assert (found.positive, found.tp, found.fp, found.recall) == ("poster", 1, 0, 1)


def test_a_threshold_that_is_nan_is_refused():
    assert "got nan" in message(outcome, logos([(True, 0.5), (False, 0.5)]), "logo", np.nan)


# --- for a need --------------------------------------------------------------------------------------


@given(BOTH_KINDS, SHARES)
@FEW
def test_no_threshold_with_enough_recall_has_more_precision(rows, at_least):
    predictions = logos(rows)
    found = reach_recall(predictions, "logo", at_least)
    enough = [other for other in tried(predictions) if other.recall >= at_least]
    assert found.recall >= at_least
    assert (found.precision, found.recall) == max((other.precision, other.recall) for other in enough)
    assert found == outcome(predictions, "logo", found.threshold)


@given(BOTH_KINDS, SHARES)
@FEW
def test_no_threshold_with_enough_precision_has_more_recall(rows, at_least):
    predictions = logos(rows)
    enough = [other for other in tried(predictions) if other.precision >= at_least]
    if not enough:
        said = message(reach_precision, predictions, "logo", at_least)
        assert f"No threshold reaches a precision of {at_least:g}" in said
        assert f"the most is {np.nanmax([other.precision for other in tried(predictions)]):.3f}" in said
        return
    found = reach_precision(predictions, "logo", at_least)
    assert (found.recall, found.precision) == max((other.recall, other.precision) for other in enough)
    assert found == outcome(predictions, "logo", found.threshold)


def test_a_lower_threshold_is_taken_where_precision_rises_again():
    rows = [(True, 0.9), (False, 0.8), (False, 0.7), (True, 0.6), (True, 0.5), (True, 0.4)]
    found = reach_recall(logos([*rows, (False, 0.1)]), "logo", 0.5)
    assert (found.threshold, found.recall, found.precision) == (0.4, 1, pytest.approx(4 / 6))


@pytest.mark.parametrize("at_least", [0, -0.1, 1.1, 95, np.nan])
def test_a_need_that_is_no_share_is_refused(at_least):
    predictions = logos([(True, 0.9), (False, 0.1)])
    assert "above 0 and at most 1" in message(reach_recall, predictions, "logo", at_least)
    assert "precision to reach" in message(reach_precision, predictions, "logo", at_least)


@pytest.mark.parametrize("choose", [
    lambda table: reach_recall(table, "logo", 0.9),
    lambda table: reach_precision(table, "logo", 0.9),
    lambda table: cheapest(table, "logo", Costs(1, 1)),
])  # fmt: skip
def test_nothing_can_be_chosen_where_one_class_is_all_there_is(choose):
    assert "all 2 are positive" in message(choose, logos([(True, 0.9), (True, 0.1)]))


# --- for costs ---------------------------------------------------------------------------------------

COSTS = st.builds(Costs, fp=st.integers(1, 9), fn=st.integers(1, 9), tp=st.integers(-5, 0), tn=st.integers(-5, 0))


@given(BOTH_KINDS, COSTS)
@FEW
def test_no_threshold_is_cheaper_and_of_equals_it_is_the_highest(rows, costs):
    predictions = logos(rows)
    found = cheapest(predictions, "logo", costs)
    least = min(other.cost(costs) for other in tried(predictions))
    assert found.cost(costs) == least
    assert found.threshold == max(other.threshold for other in tried(predictions) if other.cost(costs) == least)


def test_the_cost_is_the_sum_over_the_cells():
    found = outcome(logos([(True, 0.9)] + [(False, 0.8)] * 2 + [(True, 0.2)] * 3 + [(False, 0.1)] * 4), "logo", 0.5)
    assert found.cost(Costs(fp=10, fn=100, tp=-1, tn=1000 / 4 - 249)) == -1 + 20 + 300 + 4


def test_dear_misses_lower_the_threshold_and_dear_alarms_raise_it_to_never():
    predictions = logos([(True, 0.9), (False, 0.6), (True, 0.3), (False, 0.95)])
    assert cheapest(predictions, "logo", Costs(fp=1, fn=20)).threshold == 0.3
    assert cheapest(predictions, "logo", Costs(fp=20, fn=1)).threshold == np.inf


def test_calibrated_scores_need_no_pictures_to_find_the_cheapest():
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    predictions = logos(zip(rng.random(20_000) < scores, scores))
    costs = Costs(fp=1, fn=4)
    assert costs.threshold == 0.2
    assert cheapest(predictions, "logo", costs).threshold == pytest.approx(0.2, abs=0.05)
    assert Costs(fp=3, fn=4, tp=-5, tn=2).threshold == pytest.approx(0.1)  # 1 / (1 + 9)


@pytest.mark.parametrize("costs", [{"fp": 0, "fn": 1}, {"fp": 1, "fn": 0}, {"fp": 1, "fn": 1, "tn": 1},
                                   {"fp": 1, "fn": 1, "tp": 2}])  # fmt: skip
def test_a_mistake_that_pays_is_refused(costs):
    assert "fp > tn" in message(Costs, **costs)


@pytest.mark.parametrize("cost", [np.nan, np.inf])
def test_a_cost_that_is_no_finite_number_is_refused(cost):
    assert "finite number" in message(Costs, fp=1, fn=cost)


# --- chosen on one set, reported on another ----------------------------------------------------------

VALID = logos([(True, 0.9), (True, 0.6), (False, 0.5), (False, 0.2)])
TEST = logos([(True, 0.7), (True, 0.4), (False, 0.65), (False, 0.1)]).assign(path=[f"test/{n}.png" for n in range(4)])


@pytest.mark.parametrize(("need", "threshold"), [
    ({"recall": 1.0}, 0.6), ({"precision": 0.6}, 0.6), ({"costs": Costs(fp=1, fn=1)}, 0.6), ({"recall": 0.5}, 0.6),
])  # fmt: skip
def test_the_threshold_is_of_valid_and_the_report_of_test(need, threshold):
    chosen, reported = choose_and_report(VALID, TEST, "logo", **need)
    assert chosen == outcome(VALID, "logo", threshold)
    assert reported == outcome(TEST, "logo", threshold)
    assert (chosen.recall, reported.recall, reported.precision) == (1, 0.5, 0.5)


def test_pictures_to_choose_by_are_not_reported_on():
    said = message(choose_and_report, VALID, VALID[1:], "logo", recall=0.9)
    assert "3 are in both: '1.png', '2.png', '3.png'" in said


@pytest.mark.parametrize("needs", [{}, {"recall": 0.9, "precision": 0.9}])
def test_there_is_one_need(needs):
    assert "one need" in message(choose_and_report, VALID, TEST, "logo", **needs)


@given(BOTH_KINDS)
@FEW
def test_a_float32_score_is_its_own_threshold(rows):
    """Scores in a predictions table are float32; compared as float64 none may fall below itself."""
    predictions = logos(rows).astype({"p_logo": "float32", "p_poster": "float32"})
    assume((predictions["p_logo"] <= 1).all())
    found = reach_recall(predictions, "logo", 1.0)
    assert outcome(predictions, "logo", found.threshold).recall == 1


def test_a_promise_is_kept_or_broken_only_where_the_whole_interval_says_so():
    interval = wilson(92, 100)
    assert is_kept(92, 100, interval.low) == "yes"
    assert is_kept(92, 100, interval.low + 1e-9) == "not sure"
    assert is_kept(92, 100, interval.high) == "not sure"
    assert is_kept(92, 100, interval.high + 1e-9) == "no"
    assert is_kept(0, 0, 0.5) == "not sure"  # nothing was taken: nothing is known
