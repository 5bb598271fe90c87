"""The questions on lesson 07's sweeps: other right ways than ours, wrong ones that look right, and what texts state."""

import ast
import builtins
import hashlib
import itertools
import json
import math
import re
from dataclasses import replace
from fractions import Fraction
from functools import partial, reduce

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

from tests.exercises.reading import of_topic, other_ways, task_of
from utils.exercises.training_recipes import collecting, grids, lucky, picking, together
from utils.sweeps.grids import _combinations

NUMBERS = range(16, 22)
QUESTION = {number: of_topic("training_recipes")[number] for number in NUMBERS}
task = partial(task_of, "training_recipes")


# --- other right ways --------------------------------------------------------------------------------


def combined_by_product(grid):
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]


def combined_one_by_one(grid):
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def combined_in_loops(grid):
    names = list(grid)

    def deeper(values):
        if len(values) == len(names):
            return [dict(zip(names, values))]
        return [each for value in grid[names[len(values)]] for each in deeper([*values, value])]

    return tuple(deeper([]))


def combined_from_behind(grid):
    return reduce(
        lambda found, name: [{name: value, **each} for value in grid[name] for each in found], reversed(grid), [{}]
    )


def combined_by_counting(grid):
    found = []
    for number in range(math.prod(map(len, grid.values()))):
        values = {}
        for name in reversed(grid):
            number, place = divmod(number, len(grid[name]))
            values[name] = grid[name][place]
        found.append(values)
    return found


def combined_by_the_library(grid):
    return list(_combinations(grid, dict.fromkeys(grid))) if all(grid.values()) else []


def combined_by_pandas(grid):
    frames = [pd.DataFrame({name: pd.Series(values, dtype=object)}) for name, values in grid.items()]
    return reduce(lambda one, other: one.merge(other, how="cross"), frames).to_dict("records")


def best_in_a_loop(table):
    best, found = -1.0, None
    for (lr, optimizer), runs in table.groupby(["lr", "optimizer"]):
        if set(runs["status"]) == {"done"} and runs["valid_accuracy"].mean() > best:
            best, found = (
                runs["valid_accuracy"].mean(),
                ({"optimizer": optimizer, "lr": lr}, round(runs["accuracy"].mean(), 3)),
            )
    return found


def best_in_plain_python(table):
    settings = {}
    for row in table.to_dict("records"):
        settings.setdefault((row["lr"], row["optimizer"]), []).append(row)
    whole = {key: rows for key, rows in settings.items() if all(row["status"] == "done" for row in rows)}
    lr, optimizer = max(whole, key=lambda key: sum(row["valid_accuracy"] for row in whole[key]) / len(whole[key]))
    tests = [row["accuracy"] for row in whole[lr, optimizer]]
    return [{"lr": lr, "optimizer": optimizer}, sum(tests) / len(tests)]


def best_by_a_pivot(table):
    broken = table.loc[table["status"] != "done", ["lr", "optimizer"]].apply(tuple, axis=1).tolist()
    valid = (
        table.pivot(index=["lr", "optimizer"], columns="seed", values="valid_accuracy").drop(index=broken).mean(axis=1)
    )
    test = table.pivot_table(index=["lr", "optimizer"], values="accuracy", dropna=False)["accuracy"]
    return valid.index.to_frame().loc[valid.idxmax()], torch.tensor(test[valid.idxmax()])


def best_by_sorting(table):
    means = table.assign(broken=table["status"] != "done").groupby(["lr", "optimizer"], as_index=False).agg(
        valid=("valid_accuracy", "mean"), test=("accuracy", "mean"), broken=("broken", "any"))  # fmt: skip
    row = means[~means["broken"]].sort_values("valid", ascending=False).iloc[0]
    return row[["lr", "optimizer"]].to_dict(), np.float32(row["test"])


def kept_in_one_file(runs, train, folder):
    path = folder / "all.json"
    kept = json.loads(path.read_text()) if path.exists() else []
    for values in runs:
        if values not in [run for run, _ in kept]:
            kept.append((values, train(**values)))
            path.write_text(json.dumps(kept))
    return [result for values in runs for run, result in kept if run == values]


def kept_in_folders(runs, train, folder):
    for values in runs:
        place = folder.joinpath(*(f"{name}={values[name]!r}" for name in sorted(values)))
        place.mkdir(parents=True, exist_ok=True)
        if not (place / "result.json").exists():
            (place / "result.json").write_text(json.dumps(train(**values)))
        yield json.loads((place / "result.json").read_text())


def kept_under_a_digest(runs, train, folder):
    results = []
    for values in runs:
        path = folder / hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
        if not path.exists():
            path.write_text(json.dumps({"values": values, "result": train(**values)}))
        results.append(json.loads(path.read_text())["result"])
    return tuple(results)


def kept_by_number(runs, train, folder):
    """Numbered files, each of which says of which run it is."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    for values in runs:
        if not any(each["values"] == values for each in found):
            found.append({"values": values, **train(**values)})
            (folder / f"{len(found):03}.json").write_text(json.dumps(found[-1]))
    found = {json.dumps(each.pop("values")): each for each in found}
    return [found[json.dumps(values)] for values in runs]


def kept_as_csv(runs, train, folder):
    results = []
    for values in runs:
        path = folder / ("results" + "".join(f"-{name}-{value}" for name, value in values.items()) + ".csv")
        if not path.exists():
            pd.DataFrame([train(**values)]).to_csv(path, index=False)
        results.append(pd.read_csv(path).iloc[0].to_dict())
    return results


GPUS = {"same": "a", "nightly": "b", "forty": "d", "bees": "e"}
RIGHT = {
    16: [combined_by_product, combined_one_by_one, combined_in_loops, combined_from_behind, combined_by_counting,
         combined_by_the_library, combined_by_pandas],
    17: [10.5, np.float32(10.5), 630 / 60, Fraction(21, 2), torch.tensor(10.5), np.array(10.5)],
    18: [best_in_a_loop, best_in_plain_python, best_by_a_pivot, best_by_sorting],
    19: [0.037, 0.038, 1.87 * 0.02, np.float32(0.0374), torch.tensor(0.0368)],
    20: [kept_in_one_file, kept_in_folders, kept_under_a_digest, kept_by_number, kept_as_csv],
    21: [{name: letter.upper() for name, letter in GPUS.items()}, pd.Series(GPUS), {**GPUS, "same": "(a)", "forty": " d."}],
}  # fmt: skip


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


# --- wrong ways that look right ----------------------------------------------------------------------


def combined_of_four_names(grid):
    return combined_by_product(dict(list(grid.items())[:4]))


def combined_without_order(grid):
    return [
        dict(each)
        for each in sorted(
            {tuple((name, str(value)) for name, value in run.items()) for run in combined_by_product(grid)}
        )
    ]


def best_of_all_but_the_first_seed(table):
    return best_in_plain_python(table[table["seed"] > 0])


def best_where_none_failed(table):
    failed = table["status"].eq("failed").groupby([table["lr"], table["optimizer"]]).transform("any")
    means = table[~failed].groupby(["lr", "optimizer"])[["valid_accuracy", "accuracy"]].mean()
    lr, optimizer = means["valid_accuracy"].idxmax()
    return {"lr": lr, "optimizer": optimizer}, means.loc[(lr, optimizer), "accuracy"]


def best_where_a_number_is_missing_first(table):
    settings = {}
    for row in table[table["status"] != "failed"].to_dict("records"):
        settings.setdefault((row["lr"], row["optimizer"]), []).append(row)
    lr, optimizer = max(settings, key=lambda key: np.mean([row["valid_accuracy"] for row in settings[key]]))
    return {"lr": lr, "optimizer": optimizer}, np.mean([row["accuracy"] for row in settings[lr, optimizer]])


def best_of_rounded_means(table):
    whole = picking._whole(table)
    means = whole.groupby(["lr", "optimizer"])[["valid_accuracy", "accuracy"]].mean().round(2)
    lr, optimizer = means["valid_accuracy"].idxmax()
    return {"lr": lr, "optimizer": optimizer}, means.loc[(lr, optimizer), "accuracy"]


def best_of_blocks_of_rows(table):
    seeds = table["seed"].nunique()
    blocks = [table.iloc[start : start + seeds] for start in range(0, len(table), seeds)]
    whole = [block for block in blocks if (block["status"] == "done").all()]
    best = max(whole, key=lambda block: block["valid_accuracy"].mean())
    return best[["lr", "optimizer"]].iloc[0].to_dict(), best["accuracy"].mean()


def best_of_sgd(table):
    return best_in_plain_python(table[table["optimizer"] == "sgd"])


def best_to_two_digits(table):
    setting, accuracy = best_in_plain_python(table)
    return setting, round(accuracy, 2)


def best_in_percent(table):
    setting, accuracy = best_in_plain_python(table)
    return setting, round(100 * accuracy)


def best_with_a_median(table):
    setting, _ = best_in_plain_python(table)
    return setting, picking._own(table, tuple(setting.values()))["accuracy"].median()


def kept_until_a_stop(runs, train, folder):
    results = []
    try:
        for values in runs:
            results += collecting.all_results([values], train, folder)
    except KeyboardInterrupt:
        pass
    return results


def kept_by_place_from_the_end(runs, train, folder):
    results = []
    for place, values in enumerate(runs):
        path = folder / f"{len(runs) - place}.json"
        if not path.exists():
            path.write_text(json.dumps(train(**values)))
        results.append(json.loads(path.read_text()))
    return results


def kept_by_two_values(runs, train, folder):
    results = []
    for values in runs:
        path = folder / ("_".join(map(str, list(values.values())[-2:])) + ".json")
        if not path.exists():
            path.write_text(json.dumps(train(**values)))
        results.append(json.loads(path.read_text()))
    return results


WRONG = [
    (16, combined_of_four_names, "a name with a single value is left out"),
    (16, combined_without_order, "Number 0 of them has '0' for 'seed'"),
    (18, best_of_all_but_the_first_seed, "a sweep of 8 settings and 4 seeds"),
    (18, best_where_none_failed, "lr 0.3 with adamw, and say 0.6367. One of its runs is not done"),
    (18, best_where_a_number_is_missing_first, "One of its runs is not done"),
    (18, best_of_blocks_of_rows, "a sweep of 3 settings and 2 seeds"),
    (18, best_of_rounded_means, "lr 0.001 with adamw"),
    (18, best_of_sgd, "another one has a better mean. Are all settings compared?"),
    (18, best_to_two_digits, "The setting is right. That is rounded to two digits, and three are wanted."),
    (18, best_in_percent, "The setting is right. The number is in percent"),
    (18, best_with_a_median, "The setting is right. That is the median"),
    (20, kept_until_a_stop, "stopped in the third: Ctrl-C does not end the call"),
    (20, kept_by_place_from_the_end, "a grid that has grown by lr=0.00101"),
    (20, kept_by_two_values, "for size=12 epochs=2 lr=1e-05 you return"),
]


@pytest.mark.parametrize(("number", "answer", "words"), WRONG, ids=[answer.__name__ for _, answer, _ in WRONG])
def test_what_is_right_on_most_data_and_wrong_on_some_is_told_why(number, answer, words):
    verdict = QUESTION[number].judge(answer)
    assert verdict.sign == "✗"
    assert words in verdict.text


def test_but_is_said_of_as_many_combinations_as_there_should_be():
    for words, slip in grids.SLIPS.items():
        text = QUESTION[16].judge(slip).text
        assert ("combinations, as it should be. But " in text) == words.startswith("But "), text


def test_as_many_other_combinations_are_not_taken_for_a_wrong_number():
    text = QUESTION[16].judge(lambda grid: grids.combinations(grid)[::-1]).text
    assert "12 combinations, as it should be. But they are in another order" in text
    assert "as it should be" not in QUESTION[16].judge(lambda grid: grids.combinations(grid)[1:]).text


# --- what texts state is true -------------------------------------------------------------------------


def test_the_example_of_combinations_is_true():
    given, told = re.search(r"To try your answer: `(.+?)` gives `(.+?)`", task(16)).groups()
    assert QUESTION[16].reference(ast.literal_eval(given)) == ast.literal_eval(told)


def test_some_names_and_values_of_the_grids_are_in_no_alphabetical_order():
    assert any(list(grid) != sorted(grid) for grid in grids.GRIDS)
    assert any(values != sorted(values, key=str) for grid in grids.GRIDS for values in grid.values())


def test_the_minutes_are_those_of_the_grid_in_the_task():
    grid = ast.literal_eval(re.search(r"```python\n(.+?)\n```", task(17))[1])
    assert "takes 45 seconds, and four run at a time" in task(17)
    assert "7 runs are done, and 13 have failed" in task(17)
    runs = len(grids.combinations(grid))
    assert QUESTION[17].reference == math.ceil((runs - 7) / 4) * 45 / 60
    assert (runs, math.floor((runs - 7) / 4), 3 * runs) == (60, 13, 180)  # as the reason says
    assert len(grids.combinations({**grid, "seed": [0]})) == 12


def test_the_slips_about_minutes_give_different_numbers():
    found = sorted([*grids.USUAL_MINUTES.values(), QUESTION[17].reference])
    assert min(np.diff(found)) > 0.07 * 2


def test_no_two_slips_about_minutes_meet_in_the_right_number():
    done, failed = map(int, re.search(r"(\d+) runs are done, and (\d+) have failed", task(17)).groups())
    spared = [done, 0, failed, done + failed, 4 * done, 4 * failed, 4 * (done + failed)]  # the last: a round for each
    ways = itertools.product((60, 12, 15, 20), spared, (4, 1), (math.ceil, math.floor, round, float))
    asked_for, of_them, at_once, rounded = next(ways)
    assert QUESTION[17].reference == rounded((asked_for - of_them) / at_once) * 45 / 60
    for asked_for, of_them, at_once, rounded in ways:
        rounds = rounded((asked_for - of_them) / at_once)
        for got in (rounds * 45 / 60, rounds * 45, rounds, rounds * 60 / 45):
            assert abs(got - QUESTION[17].reference) > 0.07, (asked_for, of_them, at_once, rounded)


def test_the_example_of_a_table_is_true():
    code, told = re.search(r"```python\n(.+?)\n```\n\ngives `(.+?)`\.", task(18), flags=re.DOTALL).groups()
    space = {}
    exec(code, space)
    setting, accuracy = QUESTION[18].reference(space["table"])
    assert (setting, pytest.approx(accuracy)) == ast.literal_eval(told)


def test_the_slips_about_a_table_choose_different_settings():
    table = picking._table(0)
    right = picking._plain(QUESTION[18].reference(table))
    chosen = [slip(table) for slip in picking.CHOICES.values()]
    assert len({*chosen, right[0]}) == len(chosen) + 1
    own, whole = picking._own(table, right[0]), picking._whole(table)
    numbers = sorted([right[1], *(slip(own, whole) for slip in picking.NUMBERS.values())])
    assert min(np.diff(numbers)) > 6e-4


@pytest.mark.parametrize("place", range(len(picking.TABLES)))
def test_no_two_settings_of_a_table_are_equally_good_and_all_have_a_run_a_seed(place):
    table = picking._table(place)
    means = picking._means(picking._whole(table)).sort_values()
    assert means.iloc[-1] - means.iloc[-2] > 1e-3
    assert (table.groupby(["lr", "optimizer"])["seed"].nunique() == table["seed"].nunique()).all()


def test_a_single_sweep_of_the_starter_is_told_from_the_average_over_many():
    rng = np.random.default_rng(0)
    assert "in one sweep, the first of that rng" in QUESTION[19].judge(rng.normal(0.9, 0.02, 20).max() - 0.9).text


def best_of(count):
    """The mean of the largest of so many numbers, in spreads, by an integral."""
    return integrate.quad(lambda x: x * count * stats.norm.pdf(x) * stats.norm.cdf(x) ** (count - 1), -12, 12)[0]


def test_the_best_of_twenty_is_as_lucky_as_an_integral_says():
    assert QUESTION[19].reference == pytest.approx(0.02 * best_of(20), abs=2e-4)
    usual = {value: words for words, value in lucky.USUAL_LUCK.items()}
    assert best_of(20) == pytest.approx(
        next(value for value, words in usual.items() if "in spreads" in words), abs=5e-3
    )
    assert 0.02 * best_of(2) == pytest.approx(
        next(value for value, words in usual.items() if "best of two" in words), rel=0.01
    )
    assert 0.04 * best_of(20) == pytest.approx(
        next(value for value, words in usual.items() if "to the best" in words), abs=1e-4
    )
    assert 0.9 + 0.02 * best_of(20) == pytest.approx(
        next(value for value, words in usual.items() if "accuracy of the best" in words), abs=5e-4
    )
    assert [round(best_of(count), 1) for count in (100, 400)] == [2.5, 3.0]
    assert "of 0.9 on the average" in task(19)
    assert "of 0.02" in task(19)


def test_each_run_has_a_result_of_its_own_that_depends_on_the_pictures():
    for runs, new in collecting.SWEEPS:
        results = [collecting._Train(seed).result(values)["accuracy"] for seed in range(3) for values in [*runs, new]]
        assert len(set(results)) == len(results)


def test_the_code_of_the_twentieth_gives_two_equal_columns_without_an_error(tmp_path):
    (runs, _), *_ = collecting.SWEEPS
    results = QUESTION[20].starter(runs, collecting._Train(0), tmp_path)
    table = pd.DataFrame(runs).assign(accuracy=[result["accuracy"] for result in results])
    columns = table.pivot(index="lr", columns="optimizer", values="accuracy")
    assert (columns["sgd"] == columns["adamw"]).all()
    assert "The code has two mistakes" in task(20)


def test_code_to_mend_is_told_what_it_does():
    text = replace(QUESTION[20], starter=None).judge(QUESTION[20].starter).text
    assert "for lr=0.01 optimizer=adamw you return" in text
    assert "That is what lr=0.01 optimizer=sgd gave" in text


def test_a_check_leaves_hash_as_it_was():
    before = builtins.hash
    QUESTION[20].judge(QUESTION[20].reference)
    QUESTION[20].judge(kept_by_two_values)
    assert builtins.hash is before


def test_the_cases_of_the_twenty_first_say_what_the_numbers_say():
    assert set(QUESTION[21].reference) == set(re.findall(r'^\| `"(\w+)"` \|', task(21), flags=re.MULTILINE))
    assert len(set(QUESTION[21].reference.values())) == len(QUESTION[21].reference) == 4
    assert "Four of the six are right for one case each" in task(21)
    assert "40 runs with `batch_size: 64`, each 600 seconds on one GPU alone, 150 seconds on all eight" in task(21)
    assert [40 / 8 * 600 / 60, 40 * 150 / 60] == [50, 100]
    assert "50 minutes instead of 100" in QUESTION[21].why
    assert "forty times 150 s" in together.WAYS["forty"]["a"]


@pytest.mark.parametrize("error", [LookupError, SystemExit])
@pytest.mark.parametrize(("number", "case"), [
    (16, "grid {'seed': [2, 0, 1], 'lr'"), (18, "a sweep of 8 settings and 4 seeds"), (20, "6 runs, lr=0.01 optimizer=sgd to"),
])  # fmt: skip
def test_code_that_raises_is_told_for_what_and_in_which_line(number, case, error):
    def answer(*_):
        raise error("nothing here")

    text = QUESTION[number].judge(answer).text
    assert text.startswith(f"not quite: {case}")
    assert re.search(rf": your code raised {error.__name__}: nothing here\n  in line \d+: raise error", text)
