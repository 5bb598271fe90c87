"""The capstone's questions: other right ways than ours, no wrong one taken for right, and that what its texts state is so."""

import itertools
import re
from collections import Counter

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from tests.exercises.reading import LESSONS, exercise_of, of_topic, other_ways, read, task_of
from utils.data.given import drop_leaks
from utils.data.samples import sample
from utils.data.tables import scan
from utils.evaluation import verdict
from utils.evaluation.comparing import mcnemar
from utils.evaluation.intervals import wilson
from utils.evaluation.predictions import predictions_table
from utils.evaluation.thresholds import outcome, reach_recall
from utils.exercises.question import NotYet
from utils.exercises.your_own_pictures import (
    carding,
    choosing,
    finding,
    grading,
    leaking,
    needing,
    planning,
    posting,
    saying,
)
from utils.exercises.your_own_pictures.letters import pick

QUESTION = of_topic("your_own_pictures")


# --- other right ways --------------------------------------------------------------------------------


def findings_in_a_loop(table):
    families, unusable = {}, 0
    for _, row in table.iterrows():
        if row["problem"]:
            unusable += 1
        else:
            families.setdefault(row["digest"], []).append((row["label"], row["split"]))
    larger = [rows for rows in families.values() if len(rows) > 1]
    labels, splits = ([len({row[place] for row in rows}) for rows in larger] for place in (0, 1))
    return {"unusable": unusable, "copies": sum(map(len, larger)), "contradictions": sum(count > 1 for count in labels),
            "leaks": sum(count > 1 for count in splits)}  # fmt: skip


def findings_by_duplicated(table):
    usable = table.query("problem == ''")
    copies = usable[usable.duplicated("digest", keep=False)]
    counts = copies.groupby("digest")[["label", "split"]].nunique()
    return pd.Series({"unusable": len(table.index.difference(usable.index)), "copies": len(copies),
                      "contradictions": (counts["label"] >= 2).sum(), "leaks": (counts["split"] >= 2).sum()})  # fmt: skip


def findings_by_counter(table):
    rows = [row for row in table.to_dict("records") if len(row["problem"]) == 0]
    times = Counter(row["digest"] for row in rows)
    pairs = {
        name: Counter(digest for digest, _ in {(row["digest"], row[name]) for row in rows})
        for name in ("label", "split")
    }
    return {"unusable": float(len(table) - len(rows)), "copies": sum(count for count in times.values() if count > 1),
            "contradictions": sum(count > 1 for count in pairs["label"].values()), "leaks":
            sum(count > 1 for count in pairs["split"].values()), "files": len(table)}  # fmt: skip


def findings_by_a_crosstab(table):
    usable = table.loc[table["problem"].str.len() == 0]
    seen = {name: (pd.crosstab(usable["digest"], usable[name]) > 0).sum(axis=1) for name in ("label", "split")}
    sizes = usable["digest"].map(usable["digest"].value_counts())
    return {"leaks": np.int64((seen["split"] > 1).sum()), "contradictions": torch.tensor(int((seen["label"] > 1).sum())),
            "copies": np.count_nonzero(sizes > 1), "unusable": (table["problem"] != "").sum()}  # fmt: skip


def findings_by_merging(table):
    usable = table[~table["problem"].astype(bool)]
    pairs = usable.merge(usable, on="digest", suffixes=("", "_other")).query("path != path_other")
    return {"unusable": table["problem"].astype(bool).sum(), "copies": pairs["path"].nunique(),
            "contradictions": pairs.query("label != label_other")["digest"].nunique(),
            "leaks": pairs.query("split != split_other")["digest"].nunique()}  # fmt: skip


def no_leaks_in_a_loop(table):
    met, kept = {}, []
    for split in ("train", "valid", "test"):
        for row, (family, own) in table[["family", "split"]].iterrows():
            if own == split and met.setdefault(family, split) == split:
                kept.append(row)
    return table.loc[sorted(kept)]


def no_leaks_in_order_of_splits(table):
    train, valid, test = (table[table.split == name] for name in ("train", "valid", "test"))
    valid = valid[~valid.family.isin(train.family)]
    test = test[~test.family.isin(table.loc[table.split != "test", "family"])]
    return pd.concat([test, valid, train])


def no_leaks_of_the_library(table):
    return drop_leaks(table)[0]


def no_leaks_by_categories(table):
    table = table.assign(split=pd.Categorical(table["split"], ["train", "valid", "test"], ordered=True))
    return table[table["split"].cat.codes == table["split"].cat.codes.groupby(table["family"]).transform("min")]


def no_leaks_by_merging(table):
    place = table["split"].map({"train": 0, "valid": 1, "test": 2})
    first = table.assign(place=place).groupby("family", as_index=False)["place"].min()
    return table.assign(place=place).merge(first, on=["family", "place"])


def beaten_by_sklearn(train, test):
    said = [pd.Series(train).mode()[0]] * len(test)
    return {"accuracy": accuracy_score(test, said), "macro F1": f1_score(test, said, average="macro")}


def beaten_by_counter(train, test):
    ((said, _),) = Counter(train).most_common(1)
    precision = Counter(test)[said] / len(test)
    one = 2 * precision * 1 / (precision + 1)
    return {"macro F1": round(one / len(Counter(train)), 4), "accuracy": round(precision, 4)}


def beaten_class_by_class(train, test):
    said = pd.Series(train).value_counts().index[0]
    scores = []
    for name in np.unique(test):
        tp = sum(label == said == name for label in test)
        fp, fn = (len(test) if name == said else 0) - tp, test.count(name) - tp
        scores.append(2 * tp / (2 * tp + fp + fn))
    return pd.Series({"accuracy": (np.array(test) == said).mean(), "macro F1": np.mean(scores)})


def beaten_with_torch(train, test):
    names = sorted(set(train))
    learnt, judged = (torch.tensor([names.index(label) for label in labels]) for labels in (train, test))
    hits = (judged == learnt.bincount().argmax()).float()
    return {"accuracy": hits.mean(), "macro F1": 2 * hits.sum() / (hits.sum() + len(hits)) / len(names)}


def beaten_by_sorting(train, test):
    said = sorted(train, key=train.count)[-1]
    right = test.count(said) / len(test)
    return {"accuracy": right, "macro F1": 2 / (1 / right + 1) / len(set(test)), "said": said}


def fits_by_numpy(steps, steps_an_epoch, left, at_the_end):
    return np.clip(np.floor((left - at_the_end) / (np.mean(steps[2:]) * steps_an_epoch)), 0, None)


def fits_by_division(steps, steps_an_epoch, left, at_the_end):
    timed = steps[2:]
    return max((left - at_the_end) * len(timed) // (sum(timed) * steps_an_epoch), 0)


def fits_by_counting(steps, steps_an_epoch, left, at_the_end):
    one, count, free = torch.tensor(steps[2:]).mean().item() * steps_an_epoch, 0, left - at_the_end
    while free >= one:
        free, count = free - one, count + 1
    return count


def fits_by_slicing(steps, steps_an_epoch, left, at_the_end):
    first, second, *rest = steps
    if left <= at_the_end:
        return 0
    return int((left - at_the_end) / steps_an_epoch / (sum(rest) / len(rest)))


def fits_with_a_range(steps, steps_an_epoch, left, at_the_end):
    one = steps_an_epoch * float(pd.Series(steps).iloc[2:].mean())
    return torch.tensor(len([n for n in range(1, 1000) if n * one + at_the_end <= left]))


def chosen_in_a_loop(tries):
    best = None
    for row in tries.to_dict("records"):
        key = (row["on valid"], -row["macs"])
        if best is None or key > best[0]:
            best = key, row
    return best[1]["network"], best[1]["on test"]


def chosen_by_idxmax(tries):
    cheapest_first = tries.sort_values("macs")
    return cheapest_first.loc[cheapest_first["on valid"].idxmax(), ["network", "on test"]]


def chosen_by_max(tries):
    rows = list(tries.itertuples(index=False, name=None))
    name, _, _, accuracy = max(rows, key=lambda row: (row[2], -row[1]))
    return [name, np.float32(accuracy)]


def chosen_among_the_best(tries):
    best = tries[tries["on valid"] == tries["on valid"].max()]
    row = best.nsmallest(1, "macs").squeeze()
    return np.array([row["network"], row["on test"]], dtype=object)


def chosen_by_query(tries):
    row = (
        tries.rename(columns=lambda name: name.replace(" ", "_")).sort_values(["macs"]).nlargest(1, "on_valid").iloc[0]
    )
    return (text for text in (row.network, round(float(row.on_test), 3)))


def may_say_nested(right, pictures, commonest):
    if pictures:
        sure = wilson(right, pictures)
        if not sure.high - sure.low > 0.25:
            return "better" if commonest < sure.low else "not shown"
    return "too few"


def may_say_by_hand(right, pictures, commonest):
    if pictures == 0:
        return "Too few"
    z, share = 1.959964, right / pictures
    middle, shrink = share + z**2 / (2 * pictures), 1 + z**2 / pictures
    half = z * (share * (1 - share) / pictures + z**2 / (4 * pictures**2)) ** 0.5
    if 2 * half / shrink > 0.25:
        return "Too few"
    return "Better" if (middle - half) / shrink > commonest else "Not shown"


def may_say_asking_for_what_will_do(right, pictures, commonest):
    sure = wilson(right, pictures)
    if not sure.width <= 0.25:  # also nan
        return "too few."
    return ["not shown", "better"][int(sure.low > commonest)]


def may_say_with_numpy(right, pictures, commonest):
    sure = wilson(right, pictures)
    return str(
        np.select([np.isnan(sure.low) or sure.width > 0.25, sure.low > commonest], ["too few", "better"], "not shown")
    )


def may_say_by_match(right, pictures, commonest):
    sure = wilson(right, pictures)
    match (pictures > 0 and sure.width <= 0.25, sure.low > commonest):
        case (True, True):
            return "better"
        case (True, False):
            return "not shown"
    return "too few"


def promise_by_outcome(valid, test, at_least):
    on_test = outcome(test, "screens", reach_recall(valid, "screens", at_least).threshold)
    sure = wilson(on_test.tp, on_test.tp + on_test.fn)
    kept = "yes" if sure.low >= at_least else "no" if sure.high < at_least else "not sure"
    return pd.Series({"kept": kept, "of": on_test.tp + on_test.fn, "found": on_test.tp})


def promise_by_counting(valid, test, at_least):
    threshold = reach_recall(valid, "screens", at_least).threshold
    scores = test.loc[test["label"] == "screens", "p_screens"]
    found, of = int((scores >= threshold).sum()), len(scores)
    return {"found": found, "of": of, "kept": needing.is_kept(found, of, at_least).upper()}


def promise_of_the_whole_outcome(valid, test, at_least):
    _, on_test = needing.choose_and_report(valid, test, "screens", recall=at_least)
    return {**vars(on_test), "found": np.int64(on_test.tp), "of": torch.tensor(on_test.tp + on_test.fn),
            "kept": np.str_(needing.is_kept(on_test.tp, on_test.tp + on_test.fn, at_least))}  # fmt: skip


def promise_by_recall(valid, test, at_least):
    judged = needing.choose_and_report(valid=valid, test=test, positive="screens", recall=at_least)[1]
    of = (test["label"] == "screens").sum()
    found = round(judged.recall * of)
    return {"found": found, "of": of, "kept": needing.is_kept(found, of, at_least)}


def promise_of_shuffled_tables(valid, test, at_least):
    return needing.promise(valid.sample(frac=1, random_state=0), test.iloc[::-1], at_least)


POST, GRADES = QUESTION[10].reference, QUESTION[12].reference
RIGHT = {
    1: [findings_in_a_loop, findings_by_duplicated, findings_by_counter, findings_by_a_crosstab, findings_by_merging],
    2: [no_leaks_in_a_loop, no_leaks_in_order_of_splits, no_leaks_of_the_library, no_leaks_by_categories, no_leaks_by_merging],
    3: [beaten_by_sklearn, beaten_by_counter, beaten_class_by_class, beaten_with_torch, beaten_by_sorting],
    4: [28, 28.0, np.int64(28), torch.tensor(28), np.array(28)],
    5: [fits_by_numpy, fits_by_division, fits_by_counting, fits_by_slicing, fits_with_a_range],
    6: [chosen_in_a_loop, chosen_by_idxmax, chosen_by_max, chosen_among_the_best, chosen_by_query],
    7: [may_say_nested, may_say_by_hand, may_say_asking_for_what_will_do, may_say_with_numpy, may_say_by_match],
    8: ["bef", "b, e, f", {"F", "E", "B"}, ("e)", "f)", "b)"), np.array(["f", "b", "e"])],
    9: [promise_by_outcome, promise_by_counting, promise_of_the_whole_outcome, promise_by_recall, promise_of_shuffled_tables],
    10: [pd.Series(POST), {name: float(value) for name, value in POST.items()}, {**POST, "saved": 671},
         {name: np.float32(value) for name, value in POST.items()}, {name: torch.tensor(POST[name]) for name in sorted(POST)}],
    11: ["acdf", "A; C; D; F.", {"a", "c", "d", "f"}, ["f", "d", "c", "a"], pd.Series(["a", "c", "d", "f"])],
    12: [pd.Series(GRADES), {job: grade.upper() for job, grade in GRADES.items()}, {**GRADES, "Ash, need": "poor"},
         {job: f"{grade}." for job, grade in GRADES.items()}, dict(sorted(GRADES.items()))],
}  # fmt: skip


def test_each_question_has_other_right_answers():
    assert {number: len(answers) for number, answers in RIGHT.items()} == dict.fromkeys(QUESTION, 5)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


# --- no wrong one is taken for right -----------------------------------------------------------------


def correct(number, answers):
    return [answer for answer in answers if QUESTION[number].judge(answer).sign == "✓"]


def subsets(letters):
    return ["".join(some) for size in range(len(letters) + 1) for some in itertools.combinations(letters, size)]


def test_of_all_numbers_of_epochs_one_is_right():
    assert correct(4, [*range(-1, 120), 28.4, 27.9]) == [28]


@pytest.mark.parametrize(("number", "letters", "right"), [(8, "abcdefg", "bef"), (11, "abcdefgh", "acdf")])
def test_of_all_sets_of_letters_one_is_right(number, letters, right):
    assert correct(number, subsets(letters)) == [right]


def test_of_all_grades_one_set_is_right():
    def is_right(grades):
        try:
            grading.probe_grades(dict(zip(GRADES, grades)))
        except NotYet:
            return False
        return True

    found = [grades for grades in itertools.product(["poor", "fair", "good"], repeat=len(GRADES)) if is_right(grades)]
    assert found == [tuple(GRADES.values())]


@pytest.mark.parametrize("name", POST)
@pytest.mark.parametrize("slip", [0, -1, 0.1, float("nan"), float("inf"), "half"])
def test_no_other_number_of_a_days_post_is_right(name, slip):
    wrong = POST[name] / 2 if slip == "half" else POST[name] + slip if slip not in (0,) else 0
    assert QUESTION[10].judge({**POST, name: wrong}).sign == "✗"


def test_each_question_that_wants_a_function_has_fifteen_wrong_ones_or_more():
    assert {
        number for number, question in QUESTION.items() if callable(question.reference) and len(question.mistakes) < 15
    } == set()


# --- what the texts state ----------------------------------------------------------------------------


def predictions(labels, predicted):
    """A predictions table that is quite sure of everything."""
    classes = sorted({*labels, *predicted})
    sure = np.equal.outer(np.array(predicted), np.array(classes)).astype(float)
    return predictions_table(
        pd.DataFrame({"path": [f"{n}.jpg" for n in range(len(labels))], "label": labels}), sure, classes
    )


def text_of_the_notebook():
    return "\n".join(cell.source for cell in read(exercise_of("your_own_pictures")))


def test_the_pictures_of_the_brief_are_as_many_as_it_says():
    folder = sample("documents")
    table = scan(folder, folder, progress=False).table
    assert f"You have {len(table)} labelled photographs" in text_of_the_notebook()
    assert sorted(table["label"].unique()) == needing.CLASSES
    parts = table["split"].value_counts()
    assert (parts["train"], parts["valid"], parts["test"]) == (planning.TRAIN, planning.VALID, 54) == (162, 54, 54)
    counts = table.loc[table["split"] == "test", "label"].value_counts()
    assert (counts["documents"], counts["screens"], counts["not_documents"]) == (24, 18, 12)


def test_the_score_to_beat_of_the_brief_is_what_the_reason_says():
    test = ["documents"] * 24 + ["screens"] * 18 + ["not_documents"] * 12
    found = QUESTION[3].reference(test, test)
    assert "24 of 54 test pictures, 44 %" in QUESTION[3].why and "only 0.21" in " ".join(QUESTION[3].why.split())
    assert (round(found["accuracy"], 2), round(found["macro F1"], 2)) == (0.44, 0.21)


@pytest.mark.parametrize(("hits", "of", "low", "high", "times"), [(47, 54, 0.76, 0.94, 1), (17, 18, 0.74, 0.99, 2)])
def test_the_intervals_of_the_tasks_are_those_of_wilson(hits, of, low, high, times):
    sure = wilson(hits, of)
    assert (round(sure.low, 2), round(sure.high, 2)) == (low, high)
    assert len(re.findall(rf"{hits}\D+(?:of {of}\D+)?{low} to {high}", text_of_the_notebook())) == times


def test_one_number_of_screens_is_found_in_all_of_the_story():
    texts = "\n".join([text_of_the_notebook(), *(question.why for question in QUESTION.values())])
    found = re.findall(r"(\d+) of 18|of 18 screens in\s+test (\d+)", texts, flags=re.IGNORECASE)
    assert len(found) >= 6 and {"".join(pair) for pair in found} == {"17"}


def test_the_head_says_how_many_minutes_an_exercise_takes():
    text = "\n".join(cell.source for cell in read(exercise_of("your_own_pictures")))
    stated = [int(minutes) for minutes in re.findall(r"^\*[\w ]+ · (\d+) minutes\*$", text, flags=re.MULTILINE)]
    assert len(stated) == len(QUESTION) and f"Each takes {min(stated)} to {max(stated)} minutes" in text


def test_what_the_worked_report_is_said_to_say_stands_in_it():
    report = " ".join(re.sub(r"^> ?", "", QUESTION[12].why, flags=re.MULTILINE).split())
    quoted = {number: re.findall(r"worked report[^*]*\*([^*]+)\*", " ".join(question.why.split()))
              for number, question in QUESTION.items() if number != 12}  # fmt: skip
    named = sum(question.why.count("worked report") for question in QUESTION.values())
    assert sum(map(len, quoted.values())) == named >= 8
    assert {number: each for number, each in quoted.items() if not all(words in report for words in each)} == {}


def test_the_report_and_the_days_post_agree_on_what_is_put_aside():
    why = " ".join(QUESTION[12].why.split())
    assert f"of the {POST['put aside']} of a day's post it would be {POST['screens among them']}" in why
    in_test, alarms = 18, posting.ALARMS * (54 - 18)
    assert f"Of {17 + round(alarms)} pictures that were put aside in test 17 are screens" in why and in_test == 54 / 3


def test_four_pictures_to_two_have_the_p_value_of_the_task():
    def table(right):
        return predictions(["a"] * 54, ["a" if n in right else "b" for n in range(54)])

    network, line = set(range(47)), {*range(43), 50, 51}
    found = mcnemar(table(network), table(line))
    assert (found.only_first, found.only_second, len(network), len(line)) == (4, 2, 47, 45)
    assert f"p {found.p_value:.2f}" == "p 0.69"
    assert "alone on 4 pictures, the line alone on 2, p 0.69" in task_of("your_own_pictures", 8)


def test_the_times_of_the_task_are_those_of_the_answer_and_each_slip_gives_another_number():
    task = task_of("your_own_pictures", 4)
    stated = [f"{60 * planning.MINUTES:.0f}" == "270", "four and a half minutes" in task, f"{planning.LOOKED} seconds" in task,
              f"wants {planning.AT_THE_END}" in task, f"{planning.TRAIN} pictures of train and {planning.VALID}" in task,
              f"{1000 * planning.DECODE:.0f} ms" in task, f"{1000 * planning.LEARN:.0f} ms" in task,
              f"{1000 * planning.JUDGE:.0f} ms" in task]  # fmt: skip
    assert all(stated)
    assert planning._epochs() == planning.epochs == 28
    assert len({*planning.SLIPS.values(), planning.epochs}) == len(planning.SLIPS) + 1


def test_the_days_post_is_that_of_the_brief_and_of_the_reason():
    task = task_of("your_own_pictures", 10)
    assert "post of 1,000 they are 20" in task and "90 of 100 screens" in task and "5 of 100 other" in task
    assert f"costs {posting.MISS}, a picture" in task and f"for nothing costs {posting.ALARM}" in task
    assert POST == {"put aside": posting.FOUND_A_DAY + posting.ALARMS_A_DAY, "screens among them": posting.FOUND_A_DAY,
                    "euros": posting.MISS * (posting.SCREENS - posting.FOUND_A_DAY) + posting.ALARM * posting.ALARMS_A_DAY}  # fmt: skip
    assert f"Without a machine it is {posting.MISS * posting.SCREENS}" in " ".join(QUESTION[10].why.split())
    assert 3.5 < POST["put aside"] / POST["screens among them"] < 4  # "of four pictures one is a screen"
    assert "67 pictures" in QUESTION[12].why and "129 euros, instead of 800" in " ".join(QUESTION[12].why.split())


def test_the_sentences_and_limits_of_the_tasks_are_those_that_are_judged():
    for number, right, wrong in [(8, saying.MAY, saying.MAY_NOT), (11, carding.MUST, carding.NEED_NOT)]:
        assert re.findall(r"^- \*\*(\w)\*\* ", task_of("your_own_pictures", number), flags=re.MULTILINE) == sorted(
            [*right, *wrong]
        )
        assert QUESTION[number].reference == list(right)


def test_each_part_that_is_graded_stands_in_the_rubric_and_each_grade_is_given():
    rubric = dict(re.findall(r"^\| (\w+) \| (.+) \|$", text_of_the_notebook(), flags=re.MULTILINE))
    assert {job.partition(", ")[2] for job in GRADES} <= set(rubric)
    assert rubric["part"] == "poor | fair | good"
    assert min(Counter(GRADES.values()).values()) >= 2 and len(set(GRADES.values())) == 3


def test_the_worked_report_has_a_paragraph_on_each_part_of_the_rubric():
    rubric = re.findall(r"^\| (\w+) \| .+ \| .+ \| .+ \|$", text_of_the_notebook(), flags=re.MULTILINE)[1:]
    assert [name.lower() for name in re.findall(r"^> \*\*(\w+)\.\*\*", QUESTION[12].why, flags=re.MULTILINE)] == rubric


def test_the_lines_to_type_name_parameters_that_the_lesson_has():
    lines = re.findall(r"^papermill (lessons/\S+) my_exercises/\S+ (.+)$", text_of_the_notebook(), flags=re.MULTILINE)
    lesson = nbformat.read(LESSONS / "09_your_own_pictures.ipynb", as_version=4)
    (cell,) = [cell for cell in lesson.cells if "parameters" in cell.metadata.get("tags", [])]
    known = set(re.findall(r"^(\w+):", cell.source, flags=re.MULTILINE))
    assert len(lines) == text_of_the_notebook().count("papermill ") == 3
    assert {path for path, _ in lines} == {"lessons/09_your_own_pictures.ipynb"}
    for _, options in lines:
        assert re.search(r" -p output_dir runs/\w+$", options) and "-k " not in options
        assert set(re.findall(r'-p (\w+)|-y "(\w+):', options)) <= {(name, "") for name in known} | {
            ("", name) for name in known
        }


def test_the_examples_in_the_tasks_are_true():
    four = pd.DataFrame({"path": list("1234"), "label": "a", "split": ["train", "test", "test", "test"],
                         "digest": list("aabc"), "problem": ""})  # fmt: skip
    assert list(QUESTION[1].reference(four).values()) == [0, 2, 0, 1]
    assert QUESTION[3].reference(["a", "a", "b"], ["a", "b", "b", "b"]) == pytest.approx(
        {"accuracy": 0.25, "macro F1": 0.2}
    )
    assert QUESTION[7].reference(47, 54, 0.44) == "better"
    stated = [(1, "0, 2, 0, 1"), (3, "give 0.25 and 0.2"), (7, '0.44 are `"better"`')]
    assert all(example in task_of("your_own_pictures", number) for number, example in stated)


# --- the references and the library ------------------------------------------------------------------


@pytest.mark.parametrize("rows", leaking.TABLES)
def test_what_leaks_is_what_the_library_says(rows):
    table = leaking.made(rows)
    kept, leaked = drop_leaks(table)
    assert QUESTION[2].reference(table)["path"].tolist() == kept["path"].tolist()
    assert len(kept) + len(leaked) == len(table)


def verdicts_words(right, pictures, commonest):
    """What the lesson's verdict says of such a test, in the words of exercise 7."""
    most = round(commonest * pictures)
    labels = ["a"] * most + [f"b{n}" for n in range(pictures - most)]
    predicted = [label if n < right else "z" for n, label in enumerate(labels)]
    accuracy, against, *_ = verdict.verdict(predictions(labels, predicted))
    return "too few" if accuracy.level == "serious" else {"good": "better", "serious": "not shown"}[against.level]


@pytest.mark.parametrize(("right", "pictures", "commonest"), [case for case in saying.CASES if case[1] >= 50])
def test_what_may_be_said_is_what_the_verdict_of_the_lesson_says(right, pictures, commonest):
    assert verdicts_words(right, pictures, commonest) == QUESTION[7].reference(right, pictures, commonest)
    assert saying.WIDEST == verdict.HARDLY


def test_30_of_60_may_be_luck_as_the_reason_says():
    assert "30 of 60" in QUESTION[7].why
    assert QUESTION[7].reference(30, 60, 0.44) == "not shown"


# --- the probes themselves ---------------------------------------------------------------------------


def test_each_finding_is_something_else_in_the_folders_that_are_tried():
    counts = pd.DataFrame([QUESTION[1].reference(finding.made(folder)) for folder in finding.FOLDERS])
    assert (counts.nunique() >= 3).all()
    assert (counts.max() >= 1).all() and (counts.min() == 0).all()


def test_the_best_on_test_is_not_the_one_to_ship_wherever_there_is_a_choice():
    for rows in choosing.TRIES[:-1]:
        tries = choosing.made(rows)
        assert QUESTION[6].reference(tries)[0] != tries.loc[tries["on test"].idxmax(), "network"]


def test_each_word_is_right_of_some_test():
    assert {QUESTION[7].reference(*case) for case in saying.CASES} == set(saying.WORDS)


def test_the_need_is_kept_once_missed_once_and_else_not_sure():
    kept = [QUESTION[9].reference(*needing.tables(*case), case[3])["kept"] for case in needing.CASES]
    assert sorted(kept) == ["no", "not sure", "not sure", "yes"]


def test_a_missing_letter_is_hinted_at_and_not_named():
    with pytest.raises(NotYet, match=r"^\['b'\] is not all of them: a stone is missing\.$") as caught:
        pick("b", {"b": "wood.", "c": "a stone is missing."}, {"a": "no."})
    assert "'c'" not in str(caught.value)


def test_a_letter_that_stands_twice_is_told():
    with pytest.raises(NotYet, match=r"in \['b', 'b'\] one stands twice"):
        pick("bb", {"b": "wood."}, {"a": "no."})
