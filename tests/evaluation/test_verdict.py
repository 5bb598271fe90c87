"""The verdict says what few pictures do not allow to say, and that a good score may be no better than a guess."""

import numpy as np
import pandas as pd
import pytest

from utils.errors import CourseError
from utils.evaluation.predictions import predictions_table
from utils.evaluation.verdict import is_supported, verdict

CLASSES = ["cat", "dog", "owl"]


def predicted(*cells):
    """A predictions table of so many pictures: (truth, said, how many)."""
    truth, said = (np.repeat([cell[place] for cell in cells], [cell[2] for cell in cells]) for place in (0, 1))
    probabilities = np.full((len(said), 3), 0.1)
    probabilities[np.arange(len(said)), said] = 0.8
    rows = pd.DataFrame({"path": [f"{row}.jpg" for row in range(len(said))], "label": np.array(CLASSES)[truth]})
    return predictions_table(rows, probabilities, CLASSES)


GOOD = predicted((0, 0, 190), (0, 1, 10), (1, 1, 190), (1, 0, 10), (2, 2, 200))


def levels(findings):
    return [finding.level for finding in findings]


def test_many_pictures_well_answered_are_good_in_every_way():
    findings = verdict(GOOD)
    assert levels(findings) == ["good", "good"] and is_supported(findings)
    assert "Right for 580 of 600 test pictures (97%)" in findings[0].text and "between 95% and 98%" in findings[0].text
    assert findings[1].text == "Better than always answering 'cat', which is right 33% of the time."


def test_few_pictures_are_told_to_be_few_however_good_the_score():
    findings = verdict(predicted((0, 0, 4), (1, 1, 4)))
    assert levels(findings) == ["serious", "good", "note"] and not is_supported(findings)
    assert "too few to tell a good model from a poor one" in findings[0].text and "68% and 100%" in findings[0].text


def test_between_many_and_few_there_is_a_word_of_doubt():
    found = verdict(predicted((0, 0, 45), (0, 1, 5), (1, 1, 45), (1, 0, 5)))[0]
    assert found.level == "note" and "anything between 83% and 94%" in found.text


def test_a_rare_class_makes_a_high_score_no_better_than_always_the_same_answer():
    findings = verdict(predicted((0, 0, 960), (1, 0, 40)))
    assert levels(findings) == ["good", "serious", "note", "serious"]
    assert findings[1].text.startswith("Not shown to be better than always answering 'cat'")
    assert findings[3].text.startswith("Never found, not once: 'dog'.")


def test_classes_with_few_test_pictures_are_named_and_not_called_never_found():
    findings = verdict(predicted((0, 0, 500), (1, 1, 9), (2, 0, 9)))
    assert [finding.text for finding in findings[2:]] == [
        "Fewer than 10 test pictures: 'dog', 'owl'. Nothing can be said about how well they are found."
    ]


@pytest.mark.parametrize(
    ("alone", "level", "words"),
    [
        ((30, 5), "good", "Better than a line"),
        ((5, 30), "serious", "Worse than a line"),
        ((6, 5), "note", "Not shown to be"),
    ],
)
def test_a_simpler_way_on_the_same_pictures_decides_by_those_that_one_alone_has_right(alone, level, words):
    first, second = alone
    ours = predicted((0, 0, 200), (0, 0, first), (0, 1, second), (1, 1, 200))
    theirs = predicted((0, 0, 200), (0, 1, first), (0, 0, second), (1, 1, 200))
    found = verdict(ours, theirs, "a line")[2]
    assert found.level == level and found.text.startswith(words)
    assert f"right alone on {first} pictures, a line on {second}" in found.text


def test_other_pictures_cannot_be_compared():
    with pytest.raises(CourseError):
        verdict(GOOD, GOOD.iloc[:-1], "a line")


def test_a_little_above_the_commonest_answer_may_be_luck():
    findings = verdict(predicted((0, 0, 58), (0, 1, 2), (1, 1, 6), (1, 0, 34)))  # 64 % against 60 %
    assert findings[1].level == "serious" and findings[1].text.startswith("Not shown to be better")


def test_a_narrow_interval_is_told_to_a_tenth_of_a_percent():
    assert "between 99.6% and 100.0%" in verdict(predicted((0, 0, 500), (1, 1, 500)))[0].text
