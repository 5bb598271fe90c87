"""The questions on lesson 00: other right ways than ours, and what texts state of cells, folders and a matrix."""

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from tests.exercises.reading import of_topic, other_ways, task_of
from utils.data.samples import sample
from utils.data.tables import scan
from utils.exercises.start_here import cells, scores

QUESTION = of_topic("start_here")


# --- other right ways --------------------------------------------------------------------------------


def right_of_arrays(labels, predicted):
    return (np.array(labels) == np.array(predicted)).mean()


def right_in_a_loop(labels, predicted):
    right = 0
    for number in range(len(labels)):
        if labels[number] == predicted[number]:
            right += 1
    return round(right / len(labels), 2)


def label_by_partition(path):
    return path.partition("/")[0]


def label_letter_by_letter(path):
    name = ""
    for letter in path:
        if letter == "/":
            return name
        name += letter
    return name


def parts_in_a_loop(paths, number):
    learn, test = [], []
    for place, path in enumerate(paths):
        (learn if place < number else test).append(path)
    return learn, test


def parts_as_sets_in_a_list(paths, number):
    return [set(paths[:number]), set(paths) - set(paths[:number])]


def parts_of_an_array(paths, number):
    return np.split(np.array(paths), [number])


def best_by_counter(labels):
    return Counter(labels).most_common(1)[0][1] / len(labels)


def best_by_pandas(labels):
    return pd.Series(labels).value_counts(normalize=True).iloc[0]


def likeliest_in_a_loop(probabilities):
    best = None
    for name in probabilities:
        if best is None or probabilities[name] > probabilities[best]:
            best = name
    return best


def likeliest_by_sorting(probabilities):
    return sorted(probabilities.items(), key=lambda pair: -pair[1])[0][0]


def likeliest_by_pandas(probabilities):
    return pd.Series(probabilities).idxmax()


RIGHT = {
    1: [right_of_arrays, right_in_a_loop, accuracy_score],
    2: [15.0, np.int64(15)],
    3: [label_by_partition, label_letter_by_letter],
    4: [{"pictures": np.int64(140), "classes": 2, "score to beat": 0.71}, pd.Series(QUESTION[4].reference)],
    5: [parts_in_a_loop, parts_as_sets_in_a_list, parts_of_an_array],
    6: [{job: letter.upper() for job, letter in QUESTION[6].reference.items()}],
    7: [best_by_counter, best_by_pandas],
    8: [4.0],
    9: [likeliest_in_a_loop, likeliest_by_sorting, likeliest_by_pandas],
    10: ["C", " c) "],
    11: ["B", "b."],
}


@other_ways(RIGHT)
def test_another_right_way_is_correct(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


def test_each_question_has_another_right_way():
    assert list(RIGHT) == list(QUESTION)


# --- what is said of a wrong one ---------------------------------------------------------------------


def test_the_first_wrong_pair_of_lists_is_told_with_what_came_out():
    text = QUESTION[1].judge(lambda labels, predicted: len(labels)).text
    assert "labels ['cat', 'dog', 'cat', 'owl'], predicted ['cat', 'owl', 'cat', 'owl']: you say 4. On which" in text


@pytest.mark.parametrize(("lost", "words"), [(1, "5.jpg is in neither"), (2, "4.jpg, 5.jpg is in neither")])
def test_lost_pictures_are_named(lost, words):
    assert words in QUESTION[5].judge(lambda paths, number: (paths[:number], paths[number : len(paths) - lost])).text


def test_a_score_of_the_posters_that_is_a_digit_off_is_refused():
    assert QUESTION[4].judge(QUESTION[4].reference | {"score to beat": 0.7}).sign == "✗"


# --- what the tasks state ----------------------------------------------------------------------------


def run_cells(order):
    """What the cells of exercise 2 print, as they stand in its task, run in this order."""
    code = dict(re.findall(r"^\| ([ABC]) \| `(.+)` \|$", task_of("start_here", 2), flags=re.MULTILINE))
    space, printed = {}, []
    space["print"] = printed.append
    for name in order:
        exec(code[name], space)
    return printed[-1]


def test_the_cells_of_the_task_print_our_answer_and_the_slips_are_other_orders():
    assert f"order: {', '.join(cells.RUN)}." in task_of("start_here", 2)
    assert run_cells(cells.RUN) == cells.printed == QUESTION[2].reference
    assert {run_cells(order): order for order in ("AC", "ABBC")}.keys() <= cells.SLIPS.keys()


def test_the_matrix_of_the_task_gives_our_answer_and_every_number_that_is_commented_on():
    rows = re.findall(r"^\| \*\*\w+\*\* \| (\d+) \| (\d+) \| (\d+) \|$", task_of("start_here", 8), flags=re.MULTILINE)
    counts = np.array(rows, dtype=int)
    called, are, right = counts[:, 0].sum(), counts[0].sum(), counts[0, 0]
    assert called - right == scores.false_cats
    assert {are - right, called + are - 2 * right, right, are, called, counts[2, 0], counts[1, 0]} == set(scores.READ)


def test_the_posters_are_what_the_reference_and_its_reason_say():
    labels = scan(sample("posters"), progress=False).table["label"]
    assert labels.value_counts().to_dict() == {"others": 100, "logo": 40}
    assert QUESTION[4].reference == {"pictures": 140, "classes": 2, "score to beat": 100 / 140}
    assert "100 of 140" in QUESTION[4].why and f"{100 * 100 / 140:.0f} %" in QUESTION[4].why


def test_the_examples_in_the_tasks_are_true():
    assert QUESTION[1].reference(["cat", "dog"], ["cat", "cat"]) == 0.5
    assert QUESTION[3].reference("cat/1.jpg") == QUESTION[3].reference("cat/2025/june/1.jpg") == "cat"
    assert QUESTION[3].starter("cat/2025/june/1.jpg") == "june"
    assert QUESTION[7].reference(["dog", "cat", "cat", "cat"]) == 0.75
    assert all(example in task_of("start_here", number) for number, example in [(1, "0.5"), (3, "june"), (7, "0.75")])


def test_the_code_to_mend_puts_one_picture_in_both_parts():
    learn, test = QUESTION[5].starter(["a", "b", "c", "d"], 2)
    assert set(learn) & set(test) == {"b"}
