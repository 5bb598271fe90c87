"""The questions on lesson 05: other right ways than ours, what texts state, and that our answers are those of the library."""

import copy
import inspect
import math
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binomtest
from torch import nn
from torch.nn import functional as F

from tests.exercises.reading import changing_verdicts, exercise_of, of_topic, other_ways, read, task_of
from utils.data.loaders import IGNORE
from utils.data.targets import add_targets
from utils.evaluation.cost import count_macs, count_parameters
from utils.evaluation.intervals import wilson
from utils.exercises.two_heads import (
    claims,
    dead,
    decisions,
    epochs,
    evaluating,
    mapping,
    masks,
    outputs,
    scores,
    sharing,
    splitting,
    trying,
    weights,
)
from utils.models.build import build
from utils.models.two_heads import build_heads
from utils.training.heads import WeightedHeads
from utils.training.objectives import CrossEntropy

QUESTION = of_topic("two_heads")


# --- other right ways --------------------------------------------------------------------------------


def targets_in_a_loop(labels, mapping):
    numbers, targets = {}, []
    for answer in mapping.values():
        if answer != "ignore" and answer not in numbers:
            numbers[answer] = len(numbers)
    for label in labels:
        answer = mapping[label]
        targets.append(-100 if answer == "ignore" else numbers[answer])
    return torch.tensor(targets)


def targets_by_pandas(labels, mapping):
    unknown = set(labels) - set(mapping)
    if unknown:
        raise ValueError(f"nothing is said of {unknown}")
    answers = pd.Series(mapping).replace("ignore", None)
    names = answers.dropna().unique()
    codes = pd.Categorical(pd.Series(labels).map(answers.to_dict()), categories=names).codes
    return np.where(codes == -1, IGNORE, codes)


def targets_as_floats(labels, mapping):
    return (float(target) for target in targets_in_a_loop(labels, mapping))


def loss_of_the_library(logits, targets):
    return CrossEntropy().loss(logits, targets)


def loss_by_log_softmax(logits, targets):
    total, count = 0.0 * logits.sum(), 0
    for row, target in zip(logits.log_softmax(dim=1), targets.tolist()):
        if target != IGNORE:
            total, count = total - row[target], count + 1
    return total / max(count, 1)


def loss_of_a_mask(logits, targets):
    known = (targets != IGNORE).float()
    each = F.cross_entropy(logits, targets, reduction="none")
    return each @ known / known.sum().clamp(min=1)


def loss_of_what_is_left(logits, targets):
    left = logits[targets != IGNORE]
    return F.cross_entropy(left, targets[targets != IGNORE]) if len(left) else left.sum()


def loss_without_nan(logits, targets):
    return F.cross_entropy(logits, targets).nan_to_num()


def scores_by_numpy(targets, predicted):
    known = targets.numpy() != -100
    targets, predicted = targets.numpy()[known], predicted.numpy()[known]
    taken = predicted == 1
    return {"precision": (targets[taken] == 1).sum() / taken.sum() if taken.any() else math.nan,
            "accuracy": np.mean(targets == predicted) if known.any() else np.nan}  # fmt: skip


def scores_in_a_loop(targets, predicted):
    pairs = [pair for pair in zip(targets.tolist(), predicted.tolist()) if pair[0] != IGNORE]
    taken = [target for target, guess in pairs if guess == 1]
    right = sum(target == guess for target, guess in pairs)
    return pd.Series({"accuracy": right / len(pairs) if pairs else math.nan,
                      "precision": taken.count(1) / len(taken) if taken else math.nan})  # fmt: skip


def answers_by_numpy(documents, screens, not_documents):
    with np.errstate(invalid="ignore"):
        return {"screen": np.float64(screens) / (documents + screens), "document": 1 - not_documents}


def answers_as_tensors(documents, screens, not_documents):
    odds = torch.tensor([documents, screens], dtype=torch.float64)
    return {"document": odds.sum(), "screen": (odds / odds.sum())[1]}  # 0 / 0 is nan


def weighted_by_stacking(losses, weights):
    shares = torch.tensor([float(weights[head]) for head in losses])
    return torch.stack(list(losses.values())) @ (shares / shares.sum())


def weighted_of_the_library(losses, weights):
    class Given(CrossEntropy):
        def loss(self, loss, targets):
            return loss

    return WeightedHeads(dict.fromkeys(losses, Given()), next(iter(losses)), weights).loss(losses, losses)


def weighted_at_the_end(losses, weights):
    total = 0
    for head in weights:
        total = total + weights[head] * losses[head]
    return total / sum(weights.values())


def dead_by_autograd(model, images):
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    total = torch.cat([logits.flatten() for logits in model(images).values()]).sum()
    found = torch.autograd.grad(total, [parameter for _, parameter in named], allow_unused=True)
    return {name for (name, _), gradient in zip(named, found) if gradient is None}


def dead_head_by_head(model, images):
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.grad = None
    for logits in model(images).values():
        (logits**2).mean().backward(retain_graph=True)
    return tuple(
        name for name, each in reversed(list(model.named_parameters())) if each.requires_grad and each.grad is None
    )


class HeadsByState(nn.Module):
    """New convolutions that load what the pretrained one has."""

    def __init__(self, network, classes):
        super().__init__()
        self.shared, self.last, self.fc = copy.deepcopy(network.backbone), nn.ModuleDict(), nn.ModuleDict()
        for name, count in classes.items():
            self.last[name] = nn.Sequential(nn.Conv2d(6, 7, 1, bias=False), nn.BatchNorm2d(7), nn.ReLU())
            self.last[name].load_state_dict(network.last.state_dict())
            self.fc[name] = nn.Linear(7, count)

    def forward(self, images):
        maps = self.shared(images)
        return {name: self.fc[name](last(maps).mean(dim=(2, 3))) for name, last in self.last.items()}


class HeadsOfConvolutions(splitting.TwoHeads):
    """The last layer is a 1 x 1 convolution, begins with zeros, and comes before the mean; one head takes the original."""

    def __init__(self, network, classes):
        super().__init__(network, classes)
        self.heads["screen"][0] = network.last
        for name, count in classes.items():
            linear = nn.Conv2d(7, count, 1)
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
            self.heads[name] = nn.Sequential(self.heads[name][0], linear, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class HeadsThatLoad(nn.Module):
    """One head has the original, the other a copy of its parameters; the parts are attributes and lists of modules."""

    def __init__(self, network, classes):
        super().__init__()
        self.backbone, self.names = network.backbone, list(classes)
        self.lasts = nn.ModuleList([network.last, copy.deepcopy(network.last)])
        self.lasts[1].load_state_dict(network.last.state_dict())
        for name, count in classes.items():
            setattr(self, f"{name}_fc", nn.Linear(7, count))

    def forward(self, images):
        maps = self.backbone(images)
        features = [last(maps).mean(dim=(2, 3)) for last in self.lasts]
        return {name: getattr(self, f"{name}_fc")(each) for name, each in zip(self.names, features)}


def heads_with_dropout(network, classes):
    model = splitting.TwoHeads(network, classes)
    for head in model.heads.values():
        head.insert(3, nn.Dropout(0.5))
    return model


def epoch_in_a_loop(history, main):
    best = None
    for row in history.to_dict("records"):
        if best is None or row[f"valid_{main}_accuracy"] > best[f"valid_{main}_accuracy"]:
            best = row
    return best["epoch"]


def epoch_by_numpy(history, main):
    return history["epoch"].to_numpy()[history[f"valid_{main}_accuracy"].to_numpy().argmax()]


def epoch_by_sorting(history, main):
    ordered = history.sort_values([f"valid_{main}_accuracy", "epoch"], ascending=[False, True])
    return torch.tensor(ordered["epoch"].iloc[0])


def epoch_by_name(history, main):
    return history.set_index("epoch")[f"valid_{main}_accuracy"].idxmax()


def epoch_by_asking(history, main):
    best = history[f"valid_{main}_accuracy"].max()
    return history.query(f"valid_{main}_accuracy == {best}")["epoch"].min()


def precision_by_counting(model, loaders):
    was_training, taken, right = model.training, 0, 0
    with torch.inference_mode():
        for images, wanted in loaders["test"]:
            guesses = model.train(False)(images)["screen"][:, 1] > 0
            known = wanted["screen"] >= 0
            taken += (guesses & known).sum()
            right += (guesses & (wanted["screen"] == 1)).sum()
    model.train(was_training)
    return right / taken


def precision_of_a_copy(model, loaders):
    model = copy.deepcopy(model).eval()
    outputs = [
        (model(images)["screen"].softmax(dim=1)[:, 1] >= 0.5, wanted["screen"]) for images, wanted in loaders["test"]
    ]
    taken, targets = (torch.cat(parts) for parts in zip(*outputs))
    return np.mean(targets[taken & (targets != IGNORE)].numpy() == 1)


def times_by_scipy():
    for times in range(1, 100):
        one, other = (binomtest(times * found, times * 18).proportion_ci(method="wilson") for found in (16, 17))
        if one.high < other.low:
            return times


def third_head_by_copying(table, mapping, name):
    mapping = copy.deepcopy(mapping)
    mapping["device"] = {"monitors": "monitor", "phones": "phone"} | dict.fromkeys(["papers", "crisps"], "ignore")
    targets, classes = add_targets(table, mapping)
    return [targets, build_heads(name, dict(reversed(classes.items())), None, size=96, seed=1)]


def third_head_after_the_others(table, mapping, name):
    table, classes = add_targets(table, mapping)
    device = {"device": {"papers": "ignore", "crisps": "ignore", "phones": "phone", "monitors": "monitor"}}
    table, more = add_targets(table, device)
    return table, build_heads(name, {**more, **classes}, None)


STEPS = {"sgd": 4.5, "normalised": 1, "adam": 1}
FLOORS = {"two classes": 0.2, "five classes": 0.39}
PARAMS = {"two models": 687_684, "three outputs": 344_867.0, "two heads": np.int64(544_548)}
RIGHT = {
    1: [targets_in_a_loop, targets_by_pandas, targets_as_floats],
    2: [loss_of_the_library, loss_by_log_softmax, loss_of_a_mask, loss_of_what_is_left, loss_without_nan],
    3: [scores_by_numpy, scores_in_a_loop],
    4: [answers_by_numpy, answers_as_tensors],
    5: [weighted_by_stacking, weighted_of_the_library, weighted_at_the_end],
    6: [STEPS, pd.Series(STEPS), {**STEPS, "sgd": torch.tensor(4.5), "adam": 1.0}],
    7: [FLOORS, pd.Series(FLOORS), {"two classes": 0.1985, "five classes": np.float32(0.3897)}],
    8: [dead_by_autograd, dead_head_by_head],
    9: [HeadsByState, HeadsOfConvolutions, HeadsThatLoad, heads_with_dropout],
    10: [PARAMS, pd.Series(PARAMS)],
    11: [epoch_in_a_loop, epoch_by_numpy, epoch_by_sorting, epoch_by_name, epoch_by_asking],
    12: [precision_by_counting, precision_of_a_copy],
    13: [22.0, np.int64(22), torch.tensor(22), times_by_scipy()],
    14: [pd.Series({"two teams": "D", "app": "c)", "sorter": " b", "door": "A."})],
    15: [third_head_by_copying, third_head_after_the_others],
}


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


@pytest.mark.parametrize("number", [8, 9, 12, 15])
def test_no_verdict_depends_on_chance(number):
    assert changing_verdicts(QUESTION[number], 5) == []


# --- our answers are those of the library, and what texts state is true ------------------------------


task = partial(task_of, "two_heads")


def test_the_example_of_targets_is_true():
    said = {"crisps": "ignore", "phone": "screen", "letter": "paper", "tablet": "screen"}
    assert str(said)[1:-1].replace("'", '"') in task(1)
    assert f"the targets are `{QUESTION[1].reference(['letter', 'crisps', 'phone', 'tablet'], said)}`" in task(1)
    assert IGNORE == -100


@pytest.mark.parametrize("place", range(len(mapping.ASKED)))
def test_targets_are_those_that_add_targets_and_a_loader_make(place):
    labels, said = mapping.ASKED[place]
    labels = [*labels, *said]  # add_targets refuses a class that the table has not
    table, classes = add_targets(pd.DataFrame({"path": labels, "label": labels}), {"head": said})
    number = {name: place for place, name in enumerate(classes["head"])}
    found = [IGNORE if pd.isna(answer) else number[answer] for answer in table["head"]]
    assert QUESTION[1].reference(labels, said) == found


@pytest.mark.parametrize(("targets", "classes"), masks.BATCHES, ids=str)
def test_the_loss_of_a_head_is_that_of_the_library(targets, classes):
    logits, given = masks._logits(len(targets), classes), torch.tensor(targets)
    assert QUESTION[2].reference(logits, given).item() == pytest.approx(CrossEntropy().loss(logits, given).item())


def test_the_examples_of_a_loss_are_true_and_torch_has_nan_of_nothing():
    loss = QUESTION[2].reference(torch.zeros(3, 2), torch.tensor([0, IGNORE, 1]))
    assert loss.item() == pytest.approx(math.log(2))
    assert "about 0.693" in task(2)
    assert F.cross_entropy(torch.zeros(2, 2), torch.tensor([IGNORE, IGNORE])).isnan()


def test_ignored_pictures_lower_precision_and_leave_recall_as_it_is():
    targets, predicted = map(torch.tensor, scores.JUDGED[0])
    assert QUESTION[3].starter(targets, predicted)["precision"] < QUESTION[3].reference(targets, predicted)["precision"]
    pairs = list(zip(targets.tolist(), predicted.tolist()))
    assert scores._recall(pairs) == scores._recall([pair for pair in pairs if pair[0] != IGNORE])


def test_the_examples_of_three_outputs_are_true_and_a_change_of_the_third_logit_changes_the_raw_output_alone():
    assert QUESTION[4].reference(0.1, 0.3, 0.6) == {"document": pytest.approx(0.4), "screen": pytest.approx(0.75)}
    assert "0.1, 0.3 and 0.6 give 0.4 and 0.75" in task(4)
    assert QUESTION[4].reference(0.05, 0.20, 0.75)["screen"] == pytest.approx(0.8)
    assert "with 0.05, 0.20 and 0.75" in QUESTION[4].why
    few, many = (torch.tensor([1.0, 1.4, third], dtype=torch.float64).softmax(dim=0).tolist() for third in (-2, 2))
    assert few[1] > 2 * many[1]
    assert QUESTION[4].reference(*few)["screen"] == pytest.approx(QUESTION[4].reference(*many)["screen"])


def test_what_three_outputs_say_adds_up_to_1():
    assert all(sum(said) == pytest.approx(1) for said in outputs.SAID)


def test_the_example_of_weights_is_true_and_only_how_they_compare_counts():
    losses = {"document": torch.tensor(0.7), "screen": torch.tensor(1.9)}
    assert QUESTION[5].reference(losses, {"screen": 2, "document": 1}).item() == pytest.approx(1.5)
    assert "the example gives 1.5" in task(5)
    assert QUESTION[5].reference(losses, {"screen": 20, "document": 10}).item() == pytest.approx(1.5)


def test_weights_come_in_another_order_than_the_losses_wherever_they_differ():
    assert all(list(losses) != list(given) for losses, given in weights.WEIGHED if len(set(given.values())) > 1)


@pytest.mark.parametrize("place", [0, 2])
def test_the_slips_of_the_fifth_give_different_numbers(place):
    losses, given = weights.WEIGHED[place]
    found = [round(number, 4) for number in weights._usual_sums(losses, given).values()]
    assert sorted(set(found)) == sorted(found)


def step_of(optimizer, loss_of, steps=5):
    """How far a layer goes, in all, with losses whose gradients are equal."""
    torch.manual_seed(0)
    layer = nn.Linear(4, 1)
    before, optimizer = layer.weight.detach().clone(), optimizer(layer.parameters())
    for _ in range(steps):
        main = other = (layer(torch.ones(1, 4)) * 3).sum()  # the gradient is the same at each step
        optimizer.zero_grad()
        loss_of(main, other).backward()
        optimizer.step()
    return (layer.weight.detach() - before).norm().item()


@pytest.mark.parametrize(("name", "optimizer", "share"), [
    ("sgd", lambda each: torch.optim.SGD(each, lr=0.01), (1, 1)), ("adam", lambda each: torch.optim.Adam(each, lr=0.01), (1, 1)),
    ("normalised", lambda each: torch.optim.SGD(each, lr=0.01), (9, 2)),
])  # fmt: skip
def test_steps_of_torch_are_as_much_longer_as_the_sixth_answer_says(name, optimizer, share):
    after = step_of(optimizer, lambda main, other: (8 * main + other) / share[0])
    before = step_of(optimizer, lambda main, other: (main + other) / share[1])
    assert after / before == pytest.approx(QUESTION[6].reference[name], rel=1e-3)


@pytest.mark.parametrize(("name", "classes"), [("two classes", 2), ("five classes", 5)])
def test_a_smoothed_loss_of_torch_is_lowest_where_the_seventh_answer_says(name, classes):
    logits = torch.zeros(1, classes, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    for _ in range(500):
        loss = F.cross_entropy(logits, torch.tensor([0]), label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() == pytest.approx(QUESTION[7].reference[name], abs=1e-4)


def test_the_models_to_be_looked_through_have_and_have_not_dead_parameters():
    found = {kind: QUESTION[8].reference(make(), dead.PICTURES) for kind, make in dead.MODELS.items()}
    last = ["last.conv.weight", "last.norm.weight", "last.norm.bias"]
    others = {
        **dict.fromkeys(("nothing is dead", "maps that are zero", "a frozen leftover"), []),
        "dead parts inside": [
            "backbone.0.scale",
            "heads.screen.linear.unused.weight",
            "heads.screen.linear.unused.bias",
        ],
        "a layer `last` that is called": ["heads.document.conv.norm.weight", "heads.document.conv.norm.bias"],
    }
    assert found == {kind: others.get(kind, last) for kind in dead.MODELS}
    assert "last.conv.weight" in [cell.source for cell in read(exercise_of("two_heads")) if cell.id == "q8-answer"][0]


def test_no_parameter_of_the_librarys_models_is_dead():
    model = build_heads("shufflenet_v2_x0_5", {"document": ["a", "b"], "screen": ["a", "b"]}, None, size=64)
    assert QUESTION[8].reference(model, torch.rand(2, 3, 64, 64)) == []


def test_code_as_it_was_published_has_dead_parameters_and_ours_has_none():
    torch.manual_seed(0)
    network = sharing.Pretrained()
    found = {make: QUESTION[8].reference(make(network, sharing.CLASSES), sharing.PICTURES)
             for make in (splitting.TwoNewHeads, splitting.TwoHeads)}  # fmt: skip
    assert {name.split(".")[1] for name in found[splitting.TwoNewHeads]} == {"last", "fc"}
    assert found[splitting.TwoHeads] == []


def test_parameters_are_those_that_the_library_builds():
    classes = {"document": ["document", "other"], "screen": ["paper", "screen"]}
    name, params = "shufflenet_v2_x0_5", QUESTION[10].reference
    heads = build_heads(name, classes, None)
    assert params == {
        "three outputs": count_parameters(build(name, 3, None)), "two heads": count_parameters(heads),
        "two models": 2 * count_parameters(build(name, 2, None)),
    }  # fmt: skip
    assert count_parameters(heads.backbone) == 143_136
    assert "143,136" in task(10)
    assert params["two heads"] + 198_656 == 743_204
    assert f"198,656 of the {143_136 + 198_656:,} pretrained parameters" in QUESTION[9].why
    assert params["two heads"] / params["three outputs"] == pytest.approx(1.58, abs=5e-3)


def test_multiply_adds_grow_as_the_reason_says():
    name, classes = "shufflenet_v2_x0_5", {"document": ["document", "other"], "screen": ["paper", "screen"]}
    three, heads = (
        count_macs(build(name, 3, None, size=128), 128),
        count_macs(build_heads(name, classes, None, size=128), 128),
    )
    assert heads / three == pytest.approx(1.24, abs=5e-3)
    assert "24 % more multiply-adds" in QUESTION[10].why
    assert 1.99 < 2 * count_macs(build(name, 2, None, size=128), 128) / three < 2


@pytest.mark.parametrize("error", [LookupError, SystemExit])
@pytest.mark.parametrize(("number", "case"), [
    (1, "for ['screens', 'crisps', 'documents', 'screens'] and {"), (2, "targets [0, -100, 1, -100, 1]"),
    (3, "targets [1, 1, 0, 0, 1, -100, -100, -100, 0], predicted [1,"), (4, "documents 0.3, screens 0.45, not_documents 0.25"),
    (5, "losses {'document': 0.7, 'screen': 1.9}, weights {"), (8, "a leftover"), (11, "screen 0.71, 0.83,"),
    (12, "on test, 9 screens found"),
])  # fmt: skip
def test_code_that_raises_is_told_for_what_and_in_which_line(number, case, error):
    def answer(*_):
        raise error("nothing here")

    text = QUESTION[number].judge(answer).text
    assert text.startswith(f"not quite: {case}")
    assert re.search(rf": your code raised {error.__name__}: nothing here\n  in line \d+: raise error", text)


@pytest.mark.parametrize(("number", "name", "value", "words"), [
    (7, "two classes", 0, "a loss of 0 would take"), (7, "two classes", 0.33, "each class gets its part"),
    (7, "two classes", 0.69, "knows nothing"), (7, "two classes", 0.049, "the part of the right class"),
    (7, "two classes", 0.15, "the part of the others"), (7, "two classes", 0.286, "base 2"),
    (7, "two classes", 0.39, "number of classes"), (7, "five classes", 0.464, "each class gets its part"),
    (7, "five classes", 1.61, "knows nothing"), (7, "five classes", 0.313, "the part of the others"),
    (7, "five classes", 0.562, "base 2"), (7, "five classes", 0.2, "number of classes"),
    (10, "three outputs", 342_819, "scale and shift"), (10, "three outputs", 344_864, "has a bias, one number"),
    (10, "three outputs", 146_211, "where is the last convolution"), (10, "three outputs", 742_179, "three rows of one"),
    (10, "two heads", 345_892, "here there is one for both"), (10, "two heads", 743_204, "a third one would be for nobody"),
    (10, "two heads", 687_684, "it is there once"), (10, "two heads", 546_596, "the convolution has no bias"),
    (10, "two heads", 540_448, "where are the linear layers"), (10, "two heads", 546_598, "each head has two classes"),
    (10, "two heads", 542_498, "each answer a row"), (10, "two heads", 548_644, "running averages"),
    (10, "two heads", 542_500, "one of BatchNorm's two numbers"), (10, "two models", 401_412, "without the backbone"),
    (10, "two models", 343_842, "one of the two models"), (10, "two models", 544_548, "each has a backbone"),
    (10, "two models", 689_734, "each model has two classes"),
])  # fmt: skip
def test_a_number_reckoned_by_hand_with_a_slip_gets_what_is_to_be_said_of_it(number, name, value, words):
    text = QUESTION[number].judge({**QUESTION[number].reference, name: value}).text
    assert text.startswith(f"not quite: {name}, ")
    assert words in text


def test_place_and_name_of_a_row_are_no_numbers_of_its_epoch_in_some_history():
    wrong = {"place": 0, "place + 1": 0, "name": 0, "name + 1": 0, "first epoch + place": 0}
    for numbering in epochs.NUMBERINGS:
        history = epochs._history(epochs.RUNS[0], *numbering)
        score = history["valid_screen_accuracy"]
        place, name, right = score.argmax(), score.idxmax(), QUESTION[11].reference(history, "screen")
        got = dict(zip(wrong, (place, place + 1, name, name + 1, history["epoch"].iloc[0] + place)))
        wrong = {slip: count + (got[slip] != right) for slip, count in wrong.items()}
    assert wrong == {"place": 4, "place + 1": 3, "name": 4, "name + 1": 2, "first epoch + place": 1}


def test_the_starter_of_the_eleventh_has_as_many_mistakes_as_the_task_says():
    history = pd.DataFrame([(4, 0.9, 0.9, 0.6), (5, 0.8, 0.5, 0.7), (6, 0.7, 0.5, 0.7)],
                           columns=["epoch", "valid_loss", "valid_document_accuracy", "valid_screen_accuracy"])  # fmt: skip
    assert QUESTION[11].reference(history, "screen") == 5
    assert QUESTION[11].starter(history, "screen") == 1  # both vote, and a place, not a number
    assert "another two mistakes" in task(11)


def test_what_is_reported_is_too_good_and_changes_from_call_to_call():
    torch.manual_seed(0)
    model, loaders = evaluating._Sure(), {split: evaluating._batches(each) for split, each in evaluating.CELLS.items()}
    assert len({QUESTION[12].starter(model.train(), loaders) for _ in range(4)}) > 1
    right = QUESTION[12].reference(model, loaders)
    assert right == pytest.approx(0.75)
    assert evaluating._rate(evaluating.CELLS["train"], "recall") > right


def test_the_slips_of_the_twelfth_give_different_numbers():
    rates = ("precision", "recall", "accuracy", "with ignored", "of the other class", "of the other head", "f1", "document",
             "recall of document")  # fmt: skip
    for cells in (evaluating.CELLS, evaluating.TWICE):
        found = [evaluating._rate(cells["test"], rate) for rate in rates]
        found += [evaluating._rate(cells["train"], rate) for rate in ("precision", "recall", "document")]
        assert len({round(each, 6) for each in found}) == len(found)


def test_one_screen_more_takes_as_many_pictures_as_the_texts_say():
    assert QUESTION[13].reference * 18 == 396
    assert "it takes 396 to show" in QUESTION[13].why
    ends = [f"{end:.2f}" for found in (16, 17) for end in (wilson(found, 18).low, wilson(found, 18).high)]
    assert "from {} to {}, 17 of 18 from {} to {}".format(*ends) in QUESTION[13].why
    assert "32 and 34 of 36, 48 and 51 of 54" in task(13)


def wilson_by_hand(found, of, z=1.96):
    seen = found / of
    middle, half = seen + z**2 / (2 * of), z * math.sqrt(seen * (1 - seen) / of + z**2 / (4 * of**2))
    return (middle - half) / (1 + z**2 / of), (middle + half) / (1 + z**2 / of)


def test_a_rounded_z_would_not_change_how_many_pictures_it_takes():
    apart = [times for times in range(1, 100)
             if wilson_by_hand(16 * times, 18 * times)[1] < wilson_by_hand(17 * times, 18 * times)[0]]  # fmt: skip
    assert apart == list(range(QUESTION[13].reference, 100))


def test_intervals_that_overlap_are_never_printed_as_if_they_touched():
    for times in [*range(1, 396), 9_999]:  # 396 is taken for the number of screens
        worse, better = re.findall(r"(0\.\d+) to (0\.\d+)", claims._which(times))
        assert worse[1] != better[0]
        assert (float(worse[1]) < float(better[0])) == (times >= QUESTION[13].reference)


def test_the_slips_about_intervals_give_the_numbers_that_are_listed():
    def first(is_enough):
        return next(times for times in range(1, 100) if is_enough(times))

    low, high = 16 / 18, 17 / 18
    half = [1.96 * math.sqrt(share * (1 - share) / 18) for share in (low, high)]
    found = [first(lambda times: wilson(16 * times, 18 * times).high < high),
             first(lambda times: wilson(17 * times, 18 * times).low > low),
             first(lambda times: low + half[0] / math.sqrt(times) < high - half[1] / math.sqrt(times))]  # fmt: skip
    assert found == [4, 7, 21]
    assert {4, 7, 21} <= {mistake.answer for mistake in QUESTION[13].mistakes}


def test_the_table_of_four_models_is_made_of_counts():
    for letter, (right, taken) in decisions.COUNTS.items():
        cells = []
        for of in (taken, 400):
            interval = wilson(right, of)
            cells.append(f"{right / of:.2f} ({interval.low:.2f} to {interval.high:.2f})")
        row = next(line for line in task(14).splitlines() if line.startswith(f"| **{letter}**"))
        assert row.endswith(f"| {cells[0]} | {cells[1]} | {decisions.MILLISECONDS[letter]} |")


def test_each_job_has_one_model_that_keeps_what_it_needs():
    needs = {name: (float(re.search(rf"{name}.*?recall of (0\.\d+) is promised", task(14))[1]), most)
             for name, most in (("door", 5), ("sorter", 9), ("app", 7))}  # fmt: skip
    kept = {name: {letter for letter, (right, _) in decisions.COUNTS.items()
                   if wilson(right, 400).low >= least and decisions.MILLISECONDS[letter] <= most}
            for name, (least, most) in needs.items()}  # fmt: skip
    assert kept == {"door": {"a"}, "sorter": {"b", "c"}, "app": {"c"}}  # c has two outputs
    assert wilson(decisions.COUNTS["a"][0], 400).high < needs["app"][0]
    assert all(f"{most} ms" in task(14) for _, most in needs.values())


def test_a_third_head_costs_what_the_reason_says():
    table = pd.DataFrame({"path": trying.LABELS, "label": trying.LABELS})
    _, three = QUESTION[15].reference(table, trying.MAPPING, "shufflenet_v2_x0_5")
    _, classes = add_targets(table, trying.MAPPING)
    more = count_parameters(three) - count_parameters(build_heads("shufflenet_v2_x0_5", classes, None))
    assert f"{more:,} parameters in ShuffleNetV2" in QUESTION[15].why
    outputs = [count_parameters(build("shufflenet_v2_x0_5", number, None)) for number in (3, 4)]
    assert f"it would cost {outputs[1] - outputs[0]:,}" in QUESTION[15].why


def test_the_guess_of_the_last_task_is_resolved_in_the_cell_behind_the_check():
    cells = read(exercise_of("two_heads"))
    (place,) = [place for place, cell in enumerate(cells) if cell.id == "q15-check"]
    text = cells[place + 1].source
    linear, last = (1024 + 1) * 2, 192 * 1024 + 2 * 1024
    assert f"{last + linear:,}: " in text
    assert f"BatchNorm, {last:,}," in text
    assert f"two answers, {linear:,}." in text
    assert f"{last + linear:,} parameters in ShuffleNetV2" in QUESTION[15].why  # which is what is built


def test_the_table_and_the_mapping_of_the_last_task_work():
    (code,) = re.findall(r"```python\n(.*?)```", task(15), flags=re.DOTALL)
    space = {}
    exec(code, space)
    assert space["mapping"] == trying.MAPPING
    table, model = QUESTION[15].reference(space["table"], space["mapping"], "small_cnn")
    assert list(model.classes) == ["document", "screen", "device"]
    assert table["device"].notna().sum() == 3


def test_the_code_to_mend_stands_in_the_notebook_as_it_is_tested():
    cells = {cell.id: cell.source for cell in read(exercise_of("two_heads"))}
    for number, question in QUESTION.items():
        if question.starter is not None:
            text = inspect.getsource(question.starter).replace(question.starter.__name__, question.reference.__name__)
            assert cells[f"q{number}-answer"] == text.strip("\n")
