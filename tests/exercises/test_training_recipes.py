"""The questions on lesson 07: other right ways than ours, what texts state, and that our answers are those of the library."""

import itertools
import math
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from tests.exercises.reading import changing_verdicts, exercise_of, of_topic, other_ways, read, task_of
from utils.data.loaders import IGNORE
from utils.data.sampling import odds_of
from utils.exercises.training_recipes import (
    distilling,
    focal,
    luck,
    odds,
    plateau,
    ranges,
    smoothing,
    trying,
    validating,
)
from utils.training.averaging import EMA
from utils.training.mixing import MixUp, mixed_targets
from utils.training.objectives import CrossEntropy, Focal
from utils.training.range_test import suggest_lr
from utils.training.recipe import Recipe
from utils.training.schedules import share_of_lr
from utils.training.teaching import Distilled, Taught

# Those from 16 on are in test_sweep_questions.
QUESTION = {number: question for number, question in of_topic("training_recipes").items() if number <= 15}


# --- other right ways --------------------------------------------------------------------------------


def told_by_a_test(plain, ways):
    with np.errstate(all="ignore"):
        return {name for name, scores in ways.items() if stats.ttest_rel(plain, scores).pvalue < 0.05}


def told_in_plain_python(plain, ways):
    t, found = {3: 4.303, 4: 3.182, 5: 2.776, 8: 2.365}[len(plain)], []
    for name in reversed(ways):
        differences = [one - other for one, other in zip(ways[name], plain)]
        mean = sum(differences) / len(differences)
        spread = math.sqrt(sum((each - mean) ** 2 for each in differences) / (len(differences) - 1))
        low, high = (mean + sign * t * spread / math.sqrt(len(differences)) for sign in (-1, 1))
        if low > 0 or high < 0:
            found.append(name)
    return tuple(found)


def told_by_pandas(plain, ways):
    differences = pd.DataFrame(ways).sub(pd.Series(plain), axis=0)
    half = differences.sem() * stats.t.ppf(0.975, len(plain) - 1)
    return differences.columns[differences.mean().abs() > half].to_numpy()


def share_by_numpy(step, steps, warmup):
    up = (np.arange(warmup) + 1) / (warmup + 1)
    down = np.cos(np.linspace(0, np.pi, steps - warmup, endpoint=False)) / 2 + 0.5
    return np.concatenate([up, down])[step]


def share_of_the_library(step, steps, warmup):
    return share_of_lr(Recipe(epochs=steps, warmup_epochs=warmup), step, 1)


def share_as_a_tensor(step, steps, warmup):
    done = torch.tensor(max(0, step - warmup) / (steps - warmup))
    return min(1, (step + 1) / (warmup + 1)) * torch.cos(done * math.pi / 2) ** 2


def plateau_by_counting(scores, patience, higher_is_better, drop_to):
    drops, since, best = 0, 0, math.inf
    for score in scores:
        score = -score if higher_is_better else score
        since = 0 if score < best else since + 1
        best = min(best, score)
        if since == patience + 1:
            drops, since = drops + 1, 0
    return drop_to**drops


def plateau_of_torch(scores, patience, higher_is_better, drop_to):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    mode = "max" if higher_is_better else "min"
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, drop_to, patience, threshold=0.0, eps=0.0)
    for score in scores:
        schedule.step(score)
    return optimizer.param_groups[0]["lr"]


def plateau_of_the_library(scores, patience, higher_is_better, drop_to):
    recipe = Recipe(epochs=100, warmup_epochs=0, schedule="plateau", plateau_patience=patience, drop_to=drop_to)
    history = [{"epoch": place, "valid_accuracy": score} for place, score in enumerate(scores, 1)]
    return share_of_lr(recipe, len(scores), 1, history, higher_is_better)


def step_by_hand(model, optimizer, images, targets, longest):
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(nn.CrossEntropyLoss()(model(images), targets), parameters)
    length = sum((each**2).sum() for each in gradients).sqrt()
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient * min(1.0, longest / length)
    optimizer.step()
    return length


def step_that_clears_twice(model, optimizer, images, targets, longest):
    loss = F.cross_entropy(model(images), targets)
    model.zero_grad(set_to_none=False)
    loss.backward()
    nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], max_norm=longest, norm_type=2)
    optimizer.step()
    optimizer.zero_grad()


@torch.no_grad()
def average_by_lerp(average, newest, decay):
    for name in newest:
        if average[name].dtype.is_floating_point:
            average[name].lerp_(newest[name], 1 - decay)
        else:
            average[name].fill_(newest[name])


def average_without_gradient(average, newest, decay):
    for name, tensor in newest.items():
        new = tensor.detach()
        if torch.is_floating_point(new):
            average[name] = average[name].mul_(decay).add_(new, alpha=1 - decay)
        else:
            average[name][...] = new
    return average


def gradient_by_sums(model, batches):
    for parameter in model.parameters():
        parameter.grad = None
    for images, targets in batches:
        F.cross_entropy(model(images), targets, reduction="sum").backward()
    for parameter in model.parameters():
        parameter.grad /= sum(len(targets) for _, targets in batches)


def gradient_picture_by_picture(model, batches):
    model.zero_grad(set_to_none=False)
    pictures = [(image[None], target[None]) for batch in batches for image, target in zip(*batch)]
    for image, target in pictures:
        (F.cross_entropy(model(image), target) / len(pictures)).backward()


def gradient_handed_over(model, batches):
    parameters, whole = list(model.parameters()), torch.cat([targets for _, targets in batches]).numel()
    found = [torch.zeros_like(parameter) for parameter in parameters]
    for images, targets in batches:
        loss = F.cross_entropy(model(images), targets) * len(targets) / whole
        found = [one + other for one, other in zip(found, torch.autograd.grad(loss, parameters))]
    for parameter, gradient in zip(parameters, found):
        parameter.grad = gradient


def smoothed_in_a_loop(targets, num_classes, share):
    rows = []
    for target in targets.tolist():
        row = [share / num_classes if target != IGNORE else 0.0] * num_classes
        if target != IGNORE:
            row[target] += 1 - share
        rows.append(row)
    return rows


def smoothed_by_numpy(targets, num_classes, share):
    rows = np.zeros((len(targets), num_classes))
    known = targets.numpy() != -100
    rows[known] = share / num_classes
    rows[known, targets.numpy()[known]] = 1 - share + share / num_classes
    return rows


def smoothed_in_place(targets, num_classes, share):
    lost, targets = targets == IGNORE, targets.clone()
    targets[lost] = 0
    rows = torch.eye(num_classes, dtype=torch.float64)[targets] * (1 - share) + share / num_classes
    rows[lost] = 0
    return rows


def validated_at_once(model, batches):
    images, targets = (torch.cat(parts) for parts in zip(*batches))
    return F.cross_entropy(model.eval()(images), targets)


def validated_by_sizes(model, batches):
    was_training, total = model.training, 0.0
    model.train(False)
    with torch.inference_mode():
        for images, targets in batches:
            total += float(F.cross_entropy(model(images), targets)) * len(targets)
    model.train(was_training)
    return total / sum(len(targets) for _, targets in batches)


def validated_of_the_library(model, batches):
    model.eval()
    outputs, targets = torch.cat([model(images) for images, _ in batches]), torch.cat([each for _, each in batches])
    return CrossEntropy(label_smoothing=0.1).scores(outputs, targets)["valid_loss"]


def focal_of_the_library(logits, targets, gamma):
    return Focal(gamma=gamma).loss(logits, targets)


def focal_by_cross_entropy(logits, targets, gamma):
    loss = F.cross_entropy(logits, targets, reduction="none")
    return ((-torch.expm1(-loss)) ** gamma * loss).mean()


def focal_by_one_hot(logits, targets, gamma):
    ones = F.one_hot(targets, logits.shape[1])
    p, log_p = (logits.softmax(dim=1) * ones).sum(dim=1), logits.log_softmax(dim=1)
    return -sum((1 - p) ** gamma * (ones * log_p).sum(dim=1)) / len(targets)


def focal_in_a_loop(logits, targets, gamma):
    each = [row.double().log_softmax(dim=0)[target] for row, target in zip(logits, targets)]
    return torch.stack([-((1 - log_p.exp()) ** gamma) * log_p for log_p in each]).mean()


def odds_by_numpy(labels, classes):
    counts = np.array([labels.count(name) for name in classes])
    assert counts.all()
    return (1 / counts / len(classes))[[classes.index(label) for label in labels]]


def odds_by_pandas(labels, classes):
    counts = pd.Series(labels).value_counts().loc[classes]
    return pd.Series(labels).map(1 / (counts * len(counts)))


def odds_one_by_one(labels, classes):
    for name in classes:
        if name not in labels:
            raise KeyError(name)
    for label in labels:
        yield torch.tensor(1 / labels.count(label) / len(classes))


def mixed_back_to_front(images, targets, share, num_classes):
    ones = torch.eye(num_classes)[targets]
    return [torch.lerp(images.flip(0), images, share), torch.lerp(ones.flip(0), ones, share)]


def mixed_in_place(images, targets, share, num_classes):
    others, targets = images.roll(3, dims=0) * (1 - share), F.one_hot(targets, num_classes).double()
    images = images.clone().mul_(share).add_(others)
    return images, (share * targets + (1 - share) * targets.roll(3, dims=0)).numpy()


def mixed_by_chance(images, targets, share, num_classes):
    others = torch.randint(len(images), (len(images),))
    shares = torch.zeros(len(images), num_classes)
    for row, (own, other) in enumerate(zip(targets, targets[others])):
        shares[row, own] += share
        shares[row, other] += 1 - share
    return share * images + (1 - share) * images[others], shares


def mixed_by_the_library(images, targets, share, num_classes):
    order = torch.randperm(len(images))
    images, share = MixUp(1.0, num_classes).mixed(images, images[order], share)
    return images, mixed_targets(targets, order, share, num_classes)


def taught_of_the_library(student, teacher, targets, share, temperature):
    return Distilled(CrossEntropy(), share, temperature).loss(student, Taught(targets, teacher))


def taught_in_a_loop(student, teacher, targets, share, temperature):
    by_labels = [-row.log_softmax(0)[target] for row, target in zip(student, targets) if target != IGNORE]
    by_teacher = 0
    for said, wanted in zip(student, teacher):
        t, s = (wanted / temperature).softmax(0), (said / temperature).softmax(0)
        by_teacher = by_teacher + (t * (t.log() - s.log())).sum() / len(student)
    return (1 - share) * sum(by_labels) / max(1, len(by_labels)) + share * temperature**2 * by_teacher


def taught_where_known(student, teacher, targets, share, temperature):
    known = targets != IGNORE
    loss = nn.KLDivLoss(reduction="sum")(
        torch.log_softmax(student / temperature, 1), torch.softmax(teacher / temperature, 1)
    )
    loss = share * temperature**2 * loss / len(targets)
    return loss + (1 - share) * F.cross_entropy(student[known], targets[known]) if known.any() else loss


RATES = {"adamw": 0.01, "sgd": 0.3, "cut off": None}
NEED = {"epochs": 20, "batch_size": 16, "accumulate": 2, "optimizer": "sgd", "lr": 0.1, "weight_decay": 5e-4, "schedule": "one_cycle",
        "rise": 0.4, "mixup": 0.2, "clip_norm": 1, "ema": 0.99, "patience": 5, "best_by": "valid_f1", "save_last": False}  # fmt: skip
LINES = [f"{name}: {str(value).lower()}" for name, value in NEED.items() if name != "weight_decay"]
RIGHT = {
    1: [told_by_a_test, told_in_plain_python, told_by_pandas],
    2: [RATES, {**RATES, "sgd": np.float32(0.3), "adamw": torch.tensor(0.01)}, pd.Series(RATES, dtype=object)],
    3: [share_by_numpy, share_of_the_library, share_as_a_tensor],
    4: [plateau_by_counting, plateau_of_torch, plateau_of_the_library],
    5: [step_by_hand, step_that_clears_twice],
    6: [average_by_lerp, average_without_gradient],
    7: [gradient_by_sums, gradient_picture_by_picture, gradient_handed_over],
    8: [smoothed_in_a_loop, smoothed_by_numpy, smoothed_in_place],
    9: [validated_at_once, validated_by_sizes, validated_of_the_library],
    10: [focal_of_the_library, focal_by_cross_entropy, focal_by_one_hot, focal_in_a_loop],
    11: [odds_by_numpy, odds_by_pandas, odds_one_by_one],
    12: [mixed_back_to_front, mixed_in_place, mixed_by_chance, mixed_by_the_library],
    13: [taught_of_the_library, taught_in_a_loop, taught_where_known],
    14: [{"bakery": "A", "orchids": "b", "forum": "C", "glasses": "(d)", "clinic": "e."}, pd.Series({"clinic": "E", "glasses": "d)", "forum": " c", "orchids": "B.", "bakery": "a"})],
    15: [NEED, Recipe(**NEED), "# mine\n" + "\n".join(LINES) + "\nweight_decay: 0.0005\ncutmix: 0\n"],
}  # fmt: skip


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


@pytest.mark.parametrize("number", [5, 6, 7, 12, 13])
def test_no_verdict_depends_on_chance(number):
    assert changing_verdicts(QUESTION[number], 5) == []


# --- wrong ways that look right ----------------------------------------------------------------------


def told_apart_by_rank(plain, ways):
    found = []
    for name, v in ways.items():
        d = np.sort(v) - np.sort(plain)
        n = len(d)
        half = stats.t.ppf(0.975, n - 1) * d.std(ddof=1) / np.sqrt(n)
        if abs(d.mean()) > half:
            found.append(name)
    return found


def plateau_without_zero(scores, patience, higher_is_better, drop_to):
    best, waited, share = None, 0, 1.0
    for score in scores:
        if not best or (score > best if higher_is_better else score < best):
            best, waited = score, 0
            continue
        waited += 1
        if waited > patience:
            share, waited = share * drop_to, 0
    return share


def plateau_from_wide_limits(scores, patience, higher_is_better, drop_to):
    best, waited, share = -10_000 if higher_is_better else 10_000, 0, 1.0
    for score in scores:
        if score > best if higher_is_better else score < best:
            best, waited = score, 0
            continue
        waited += 1
        if waited > patience:
            share, waited = share * drop_to, 0
    return share


def step_in_eval(model, optimizer, images, targets, longest):
    model.eval()
    optimizer.zero_grad()
    F.cross_entropy(model(images), targets).backward()
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    optimizer.step()


def step_without_the_optimizer(model, optimizer, images, targets, longest):
    lr = optimizer.param_groups[0]["lr"]
    optimizer.zero_grad()
    F.cross_entropy(model(images), targets).backward()
    nn.utils.clip_grad_norm_(model.parameters(), longest)
    for p in model.parameters():
        p.data -= lr * p.grad


def average_of_single_precision(average, newest, decay):
    with torch.no_grad():
        for k, a in average.items():
            n = newest[k]
            if a.dtype == torch.float32:
                a.mul_(decay).add_(n, alpha=1 - decay)
            else:
                a.copy_(n)


def average_that_ends_the_learning(average, newest, decay):
    for k, a in average.items():
        n = newest[k]
        n.requires_grad_(False)
        if a.is_floating_point():
            a.mul_(decay).add_(n, alpha=1 - decay)
        else:
            a.copy_(n)


def average_that_detaches_in_place(average, newest, decay):
    for k, a in average.items():
        n = newest[k].detach_()
        if a.is_floating_point():
            a.mul_(decay).add_(n, alpha=1 - decay)
        else:
            a.copy_(n)


def average_without_gradients_ever_after(average, newest, decay):
    torch.set_grad_enabled(False)
    for k, a in average.items():
        if a.is_floating_point():
            a.mul_(decay).add_(newest[k], alpha=1 - decay)
        else:
            a.copy_(newest[k])


def gradient_of_a_model_that_has_one(model, batches):
    for p in model.parameters():
        p.grad.zero_()
    total = sum(len(images) for images, _ in batches)
    for images, targets in batches:
        (F.cross_entropy(model(images), targets) * len(images) / total).backward()


def gradient_in_eval(model, batches):
    model.eval()
    model.zero_grad()
    total = sum(len(images) for images, _ in batches)
    for images, targets in batches:
        (F.cross_entropy(model(images), targets) * len(images) / total).backward()


def smoothed_in_the_targets(targets, num_classes, share):
    ok = targets != IGNORE
    targets[~ok] = 0
    rows = (1 - share) * F.one_hot(targets, num_classes) + share / num_classes
    rows[~ok] = 0
    return rows


def mixed_with_the_classes_that_are_seen(images, targets, share, num_classes):
    order = torch.randperm(len(images))
    ones = F.one_hot(targets).float()
    return share * images + (1 - share) * images[order], share * ones + (1 - share) * ones[order]


def mixed_into_the_batch(images, targets, share, num_classes):
    order = torch.randperm(len(images))
    ones = F.one_hot(targets, num_classes).float()
    new = share * images + (1 - share) * images[order]
    images.copy_(new)
    return images, share * ones + (1 - share) * ones[order]


def taught_in_the_targets(student, teacher, targets, share, temperature):
    ok = targets != IGNORE
    by_labels = F.cross_entropy(student[ok], targets[ok]) if ok.any() else 0.0
    targets[~ok] = 0
    said, wanted = (student / temperature).log_softmax(1), (teacher / temperature).softmax(1)
    return (1 - share) * by_labels + share * temperature**2 * F.kl_div(said, wanted, reduction="batchmean")


def taught_in_the_teacher(student, teacher, targets, share, temperature):
    known = (targets != IGNORE).sum().clamp(min=1)
    by_labels = F.cross_entropy(student, targets, ignore_index=IGNORE, reduction="sum") / known
    teacher /= temperature
    said = (student / temperature).log_softmax(1)
    by_teacher = F.kl_div(said, teacher.softmax(1), reduction="batchmean")
    return (1 - share) * by_labels + share * temperature**2 * by_teacher


WRONG = [
    (1, told_apart_by_rank, "a pair is what the same seed has made of both"),
    (4, plateau_without_zero, "a best score of 0 is taken for none yet"),
    (4, plateau_from_wide_limits, "with what is its score compared"),
    (5, step_in_eval, "left the network in eval mode"), (5, step_without_the_optimizer, "a step by hand"),
    (6, average_of_single_precision, "'contrast' of the average"),
    (6, average_that_ends_the_learning, "your function changed `requires_grad` of `newest['scale']`"),
    (6, average_that_detaches_in_place, "your function changed `requires_grad` of `newest['scale']`"),
    (6, average_without_gradients_ever_after, "switches gradients off, and not on again"),
    (7, gradient_of_a_model_that_has_one, "a network without a gradient yet: your code raised AttributeError"),
    (7, gradient_in_eval, "left the network in eval mode"),
    (8, smoothed_in_the_targets, "your function changed `targets`"),
    (12, mixed_with_the_classes_that_are_seen, "shares of classes of shape (12, 8) expected, got (12, 6)"),
    (12, mixed_into_the_batch, "your function changed `images`"),
    (13, taught_in_the_targets, "your function changed `targets`"),
    (13, taught_in_the_teacher, "your function changed `teacher`"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "answer", "words"), WRONG, ids=[answer.__name__ for _, answer, _ in WRONG])
def test_what_is_right_on_most_data_and_wrong_on_some_is_told_why(number, answer, words):
    verdict = QUESTION[number].judge(answer)
    assert verdict.sign == "✗"
    assert words in verdict.text


# --- our answers are those of the library, and what texts state is true ------------------------------


task = partial(task_of, "training_recipes")


def lesson():
    return "\n".join(
        cell.source for cell in read(exercise_of("training_recipes").parents[1] / "07_training_recipes.ipynb")
    )


def test_the_example_of_luck_is_true():
    ways = {"mixup": [0.90, 0.96, 0.93], "focal": [0.87, 0.97, 0.90]}
    assert str(ways).replace("'", '"').replace("0.9,", "0.90,").replace("0.9]", "0.90]") in task(1)
    assert QUESTION[1].reference([0.88, 0.95, 0.91], ways) == ["mixup"]
    assert 'the example gives `["mixup"]`' in task(1)


def test_the_slips_about_luck_tell_other_ways_apart():
    def told(place, slip):
        plain, ways = luck.RUNS[place][0], luck._scores(*luck.RUNS[place])
        return tuple(name for name in ways if slip(np.array(plain), np.array(ways[name])))

    right = luck._by_interval(luck._student)
    found = [told(0, slip) for slip in [right, *luck.SLIPS.values()] if slip is not luck._paired_by_rank]
    assert len(set(found)) == len(found) == len(luck.SLIPS)
    assert told(-1, luck._paired_by_rank) != told(-1, right)


@pytest.mark.parametrize("place", range(len(luck.RUNS)))
def test_no_way_stands_so_near_the_border_that_a_rounded_t_decides(place):
    plain, noise, ratios = luck.RUNS[place]
    for name, scores in luck._scores(plain, noise, ratios).items():
        differences = np.array(scores) - np.array(plain)
        half = stats.t.ppf(0.975, len(plain) - 1) * differences.std(ddof=1) / math.sqrt(len(plain))
        assert name == luck.IDLE or abs(abs(differences.mean()) / half - 1) > 0.02


def test_the_rates_are_those_that_the_library_suggests():
    for name, curve in ranges.CURVES.items():
        table = pd.DataFrame(curve, columns=["lr", "loss", "smooth"])
        lowest = table["smooth"].idxmin()
        if QUESTION[2].reference[name] is None:
            assert lowest == len(table) - 1
        else:
            assert QUESTION[2].reference[name] == pytest.approx(suggest_lr(table))
            assert lowest < len(table) - 1


def test_the_tables_of_the_notebook_are_the_curves():
    rows = [[cell.strip() for cell in line.split("|")[2:-1]] for line in task(2).splitlines() if line.startswith("| ")]
    said = {name: list(zip(*rows[3 * place : 3 * place + 3])) for place, name in enumerate(ranges.CURVES)}
    for name, curve in ranges.CURVES.items():
        found = [tuple(map(float, column)) for column in said[name]]
        assert np.allclose(found, curve, equal_nan=True)
        assert f"`{name!r}`".replace("'", '"') in task(2)


def test_each_slip_about_a_rate_is_a_rate_of_its_curve_or_a_tenth_of_one():
    for name, usual in ranges.USUAL.items():
        rates = [rate for rate, _, _ in ranges.CURVES[name]]
        possible = [*rates, *(rate / 10 for rate in rates)]
        assert all(any(math.isclose(rate, each) for each in possible) for rate in usual)


def test_the_example_of_a_wave_is_true():
    said = [float(share) for share in re.search(r"are about ([\d., ]+)\.$", task(3))[1].split(", ")]
    assert [QUESTION[3].reference(step, 10, 3) for step in range(10)] == pytest.approx(said, abs=5e-3)


def test_no_step_of_a_schedule_is_for_nothing():
    assert all(0 < QUESTION[3].reference(step, 9, warmup) <= 1 for warmup in range(9) for step in range(9))


def test_the_example_of_a_plateau_is_true():
    losses = [2.0, 1.8, 1.9, 1.9, 1.9]
    assert QUESTION[4].reference(losses, 1, False, 0.1) == pytest.approx(0.1)
    assert QUESTION[4].reference([*losses, 1.9], 1, False, 0.1) == pytest.approx(0.01)
    assert "losses of 2.0, 1.8, 1.9, 1.9, 1.9 with a patience of 1 and `drop_to` 0.1 give 0.1; one more" in task(4)
    assert "makes it 0.01" in task(4)


def test_the_code_of_the_fourth_has_as_many_mistakes_as_the_task_says_and_each_part_of_them_shows():
    assert "It has three mistakes" in task(4)
    everything = {name: value for change in plateau.FOUND for name, value in change.items()}
    for told, patience, higher in plateau.TOLD:
        found = QUESTION[4].starter(told, patience, higher, plateau.DROP_TO)
        assert found == plateau._share(told, patience, higher, **everything)
    for count in (1, 2, 3):
        for some in itertools.combinations(plateau.FOUND, count):
            left = {name: value for change in some for name, value in change.items()}
            verdict = QUESTION[4].judge(plateau._wrong(**left))
            assert verdict.sign == "✗"
            assert "That is a drop too many" not in verdict.text  # something that helps is said of each


def test_what_is_clipped_before_it_is_thrown_away_has_no_effect():
    def moved(take_step, longest):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
        before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        images, targets = 5 * torch.randn(6, 3, 2, 2), torch.tensor([0, 1, 2, 0, 1, 2])
        take_step(model, torch.optim.SGD(model.parameters(), lr=1.0), images, targets, longest)
        return (nn.utils.parameters_to_vector(model.parameters()) - before).norm().item()

    assert moved(QUESTION[5].starter, 0.01) == moved(QUESTION[5].starter, 1e6)
    assert moved(QUESTION[5].reference, 0.01) == pytest.approx(0.01, rel=1e-3)


def test_the_average_is_that_of_the_library_where_its_decay_has_grown():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    ema = EMA(model, 0.9)
    ema.steps, ema.network = 10**6, model
    ours = {name: tensor.clone() for name, tensor in ema.model.state_dict().items()}
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor += 1
    ema(type("Training", (), {"model": model}))
    QUESTION[6].reference(ours, model.state_dict(), 0.9)
    assert all(torch.allclose(ours[name], tensor) for name, tensor in ema.model.state_dict().items())


@pytest.mark.parametrize(("targets", "classes", "share"), smoothing.ASKED, ids=str)
def test_smoothed_targets_are_those_of_torch_and_of_the_library(targets, classes, share):
    torch.manual_seed(0)
    logits, given = torch.randn(len(targets), classes), torch.tensor(targets)
    rows = QUESTION[8].reference(given, classes, share)
    each = F.cross_entropy(logits, given, label_smoothing=share, ignore_index=IGNORE, reduction="none")
    assert torch.allclose(-(rows * logits.log_softmax(dim=1)).sum(dim=1), each, atol=1e-6)
    ones = F.one_hot(given.clamp(min=0), classes) * (given != IGNORE)[:, None].float()
    assert torch.allclose(CrossEntropy(share).wanted(ones, None), rows.float())


def test_the_example_of_smoothing_is_true():
    rows = QUESTION[8].reference(torch.tensor([2, IGNORE]), 5, 0.1)
    assert rows.flatten().tolist() == pytest.approx([0.02, 0.02, 0.92, 0.02, 0.02, 0, 0, 0, 0, 0])
    assert "is 0.02, 0.02, 0.92, 0.02, 0.02, and a row of 0" in task(8)
    assert QUESTION[8].reference(torch.tensor([0]), 5, 0.1).max().item() == pytest.approx(0.92)
    assert "is to come to 0.92, and not to 0.9" in QUESTION[8].why


def test_the_slips_of_the_ninth_give_different_numbers_where_batches_differ():
    batches = validating._made(0, validating.SIZES[0])
    found = [round(each, 4) for each in validating._usual(batches).values()] + [
        round(validating._mean(batches, 0.0), 4)
    ]
    assert len(set(found)) == len(found)


def test_the_validation_loss_that_is_to_be_mended_depends_on_the_batch_size_and_has_a_floor():
    images = 50 * torch.eye(3)[[0, 1, 2, 0, 1]].reshape(5, 3, 1, 1)
    hard = images.clone()
    hard[4] = hard[4].roll(1, 0)  # the last picture is taken for another one
    targets = torch.tensor([0, 1, 2, 0, 1])

    def judged(validate, pictures, size):
        return validate(validating._Two(), list(zip(pictures.split(size), targets.split(size))))

    assert judged(QUESTION[9].starter, images, 5) > 1 > 0.001 > judged(QUESTION[9].reference, images, 5)
    assert judged(QUESTION[9].starter, hard, 4) > 2 * judged(QUESTION[9].starter, hard, 5)
    assert judged(QUESTION[9].reference, hard, 4) == pytest.approx(judged(QUESTION[9].reference, hard, 5))


@pytest.mark.parametrize(("numbers", "targets", "gamma"), focal.ASKED, ids=str)
def test_the_focal_loss_is_that_of_the_library(numbers, targets, gamma):
    logits, given = torch.tensor(numbers), torch.tensor(targets)
    assert QUESTION[10].reference(logits, given, gamma).item() == pytest.approx(
        Focal(gamma=gamma).loss(logits, given).item()
    )


def test_the_example_of_a_focal_loss_is_true():
    loss = QUESTION[10].reference(torch.zeros(3, 2), torch.tensor([0, 1, 1]), 2)
    assert loss.item() == pytest.approx(0.25 * math.log(2))
    assert "0.25 · ln 2, about 0.173" in task(10)


def test_the_slips_about_focal_loss_give_different_numbers():
    numbers, targets, gamma = focal.ASKED[0]
    found = [round(each, 4) for each in focal._usual(torch.tensor(numbers), torch.tensor(targets), gamma).values()]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(("labels", "classes"), odds.ASKED, ids=str)
def test_odds_are_those_by_which_the_library_draws(labels, classes):
    table = pd.DataFrame({"label": labels, "split": "train"})
    drawn = odds_of(table, "label", {"label": classes}, "balanced")
    assert QUESTION[11].reference(labels, classes) == pytest.approx(drawn.tolist())
    assert sum(QUESTION[11].reference(labels, classes)) == pytest.approx(1)


def test_the_example_of_odds_is_true():
    assert QUESTION[11].reference(["cat", "dog", "cat", "cat"], ["cat", "dog"]) == pytest.approx(
        [1 / 6, 1 / 2, 1 / 6, 1 / 6]
    )
    assert "gives 1/6, 1/2, 1/6, 1/6" in task(11)


def test_what_adds_up_to_1_is_called_a_probability_and_not_odds():
    told = [QUESTION[11].judge(mistake.answer).text for mistake in QUESTION[11].mistakes]
    assert [text for text in [task(11), QUESTION[11].why, *QUESTION[11].hints, *told] if "odds" in text.lower()] == []


@pytest.mark.parametrize("place", range(len(distilling.ASKED)))
def test_what_a_student_learns_by_is_what_the_library_has(place):
    targets, classes, share, temperature = distilling.ASKED[place]
    student, teacher, given = distilling._made(place, targets, classes)
    theirs = Distilled(CrossEntropy(), share, temperature).loss(student, Taught(given, teacher))
    assert QUESTION[13].reference(student, teacher, given, share, temperature).item() == pytest.approx(
        theirs.item(), abs=1e-6
    )


def test_a_student_who_says_the_same_is_at_no_distance():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert QUESTION[13].reference(logits, logits, torch.tensor([0, 1, 2, 0]), 1.0, 3.0).item() == pytest.approx(
        0, abs=1e-6
    )


def test_without_the_square_the_gradient_is_as_much_smaller_as_the_reason_says():
    torch.manual_seed(0)
    student, teacher = torch.randn(50, 4, requires_grad=True), torch.randn(50, 4)

    def length(temperature):
        loss = (
            QUESTION[13].reference(student, teacher, torch.zeros(50, dtype=torch.long), 1.0, temperature)
            / temperature**2
        )
        return torch.autograd.grad(loss, student)[0].norm().item()

    assert length(8.0) / length(16.0) == pytest.approx(4, rel=0.1)


def test_the_cases_of_the_fourteenth_say_what_the_numbers_say():
    assert math.log(10) == pytest.approx(2.30, abs=5e-3)
    assert round((0.931 - 0.925) * 400, 1) == 2.4
    assert "two or three pictures" in QUESTION[14].why
    assert set(QUESTION[14].reference) == set(re.findall(r'^\| `"(\w+)"` \|', task(14), flags=re.MULTILINE))
    assert sorted(QUESTION[14].reference.values()) == sorted(set(QUESTION[14].reference.values()))


def test_the_recipe_says_what_the_need_says_and_nothing_else():
    recipe = trying._read(QUESTION[15].reference)
    assert recipe == Recipe(**NEED)
    changed = {name for name, value in vars(recipe).items() if value != getattr(Recipe(), name)}
    assert changed == set(trying.ASKED)
    assert recipe.batch_size * recipe.accumulate == 32
    for said in ("Twenty epochs", "16 pictures", "32 of them", "0.1 at its highest", "0.0005", "first 40 %", "alpha of 0.2",
                 "longer than 1.", "decay of 0.99", "after 5 epochs", "F1 on valid"):  # fmt: skip
        assert said in task(15)


@pytest.mark.parametrize("line", ["learning_rate: 0.1", "weight_decay: 5e-4", "pct_start: 0.4"])
def test_what_the_task_says_to_try_is_refused_by_the_recipe(line):
    assert f"`{line}`" in task(15)
    assert re.search("did you mean|has a point and a sign", QUESTION[15].judge(line).text)


def test_every_field_that_the_need_changes_stands_in_the_lesson():
    text = lesson()
    assert all(re.search(rf"^{name}: ", text, flags=re.MULTILINE) for name in trying.ASKED)


@pytest.mark.parametrize("error", [LookupError, SystemExit])
@pytest.mark.parametrize(("number", "case"), [
    (1, "5 runs of each, plain [0.88, 0.95,"), (3, "step 0 of 10, warm-up 3"), (4, "scores [], patience 1, higher is better"),
    (5, "longest=0.3, step 1"), (6, "decay 0.9, call 1"), (7, "batches of 4, 4, 2"), (8, "targets [2, 0, -100, 3], 5 classes"),
    (9, "batches of 6, 6, 1"), (10, "logits [[1.0, -0.5, 0.2],"), (11, "labels ['cat', 'dog', 'cat',"), (12, "share 0.7"),
    (13, "targets [0, 2, 1, 2, 0], share 0.7"),
])  # fmt: skip
def test_code_that_raises_is_told_for_what_and_in_which_line(number, case, error):
    def answer(*_):
        raise error("nothing here")

    text = QUESTION[number].judge(answer).text
    assert text.startswith(f"not quite: {case}")
    assert re.search(rf": your code raised {error.__name__}: nothing here\n  in line \d+: raise error", text)


def test_code_to_mend_is_told_what_it_does():
    words = {
        number: replace(QUESTION[number], starter=None).judge(QUESTION[number].starter).text for number in (5, 9, 12)
    }
    assert "this batch's whole gradient" in words[5]
    assert "A small batch counts as much as a full one" in words[9]
    assert "smoothed" not in words[9]  # that has its turn when the first is mended
    assert "too dark" in words[12]


@pytest.mark.parametrize("place", [0, 1])
def test_the_slips_of_the_thirteenth_give_different_numbers(place):
    targets, classes, share, temperature = distilling.ASKED[place]
    student, teacher, given = distilling._made(place, targets, classes)
    ways = [QUESTION[13].reference, *distilling.SLIPS.values()]
    found = [round(way(student, teacher, given, share, temperature).item(), 4) for way in ways]
    alike = {"without a label", "for class 0"} if place == 0 else set()  # all have one in the first
    same = sum(any(words in slip for words in alike) for slip in distilling.SLIPS)
    assert len(set(found)) == len(found) - same
