"""Several heads learn at once: weights say which matters more and nothing else, and the main head says what is best."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score
from torch.nn import functional as F

from tests.training.small import RECIPE, make_table, same, weights
from utils.data.loaders import IGNORE, make_loaders
from utils.data.targets import add_targets
from utils.errors import CourseError
from utils.evaluation.heads import of_head
from utils.evaluation.predictions import predict
from utils.models.build import build
from utils.models.checkpoints import describe_checkpoint, load_checkpoint
from utils.models.freezing import freeze
from utils.models.two_heads import build_heads
from utils.training.heads import WeightedHeads, heads_objective, shares_of
from utils.training.loop import fit
from utils.training.objectives import CrossEntropy, Focal

NAME = "shufflenet_v2_x0_5"
CLASSES = {"cold": ["no", "yes"], "hue": ["blue", "green", "red"]}
MAPPING = {"cold": {"blue": True, "green": False, "red": "ignore"}, "hue": {name: name for name in CLASSES["hue"]}}
SHORT = dataclasses.replace(RECIPE, epochs=2, lr=1e-3)

chance = torch.Generator().manual_seed(0)
LOGITS = {"cold": torch.randn(8, 2, generator=chance), "hue": torch.randn(8, 3, generator=chance)}
TARGETS = {"cold": torch.tensor([0, 1, IGNORE, 1, 0, IGNORE, 1, 1]), "hue": torch.tensor([0, 2, 1, 1, 0, 2, 2, IGNORE])}
NOBODY = torch.full((8,), IGNORE)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def objective(main="cold", weights=None, **options):
    return WeightedHeads({head: CrossEntropy(**options) for head in CLASSES}, main, weights)


def loss_and_gradients(weights, targets=TARGETS):
    logits = {head: values.clone().requires_grad_() for head, values in LOGITS.items()}
    loss = objective(weights=weights).loss(logits, targets)
    loss.backward()
    return loss.detach(), {head: values.grad for head, values in logits.items()}


@pytest.fixture(scope="module")
def two_columns(tmp_path_factory):
    """24 pictures to learn from, 12 to judge by, with a column a head."""
    return add_targets(make_table(tmp_path_factory.mktemp("heads"), train=24, valid=12), MAPPING)[0]


def made(**options):
    return build_heads(NAME, CLASSES, None, **{"size": 32, "seed": 0} | options)


def loaders_of(table, model, **options):
    given = {"columns": list(model.classes), "classes": model.classes, "batch_size": 12, "progress": False} | options
    return make_loaders(table, model.preprocessing, "none", **given)


# --- the loss --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "alike"), [
    ({"cold": 2, "hue": 1}, {"cold": 4, "hue": 2}), ({"cold": 2, "hue": 1}, {"hue": 50, "cold": 100}),
    ({"cold": 1, "hue": 1}, None), ({"cold": 0.25, "hue": 0.75}, {"cold": 1, "hue": 3}),
])  # fmt: skip
def test_weights_that_stand_to_each_other_alike_give_the_same_loss_and_gradient(weights, alike):
    (loss, gradients), (other, others) = loss_and_gradients(weights), loss_and_gradients(alike)
    assert loss == other
    assert all(torch.equal(gradients[head], others[head]) for head in CLASSES)


def test_the_loss_is_the_weighted_mean_of_torchs_own_over_the_labelled_pictures():
    each = [F.cross_entropy(LOGITS[head], TARGETS[head], ignore_index=IGNORE) for head in CLASSES]
    loss, _ = loss_and_gradients({"cold": 3, "hue": 1})
    torch.testing.assert_close(loss, (3 * each[0] + each[1]) / 4)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=2))
def test_where_all_heads_have_the_same_loss_no_weighting_changes_it(numbers):
    one = objective(weights=dict(zip(CLASSES, numbers)))
    zeros = {"cold": torch.zeros(8, 2), "hue": torch.zeros(8, 2)}
    targets = dict.fromkeys(CLASSES, torch.zeros(8, dtype=torch.int64))
    assert one.loss(zeros, targets).item() == pytest.approx(np.log(2), rel=1e-6)


def test_a_weight_of_0_gives_the_heads_own_part_no_gradient_and_the_others_theirs():
    model = made()
    outputs = model(torch.rand(8, 3, 32, 32))
    outputs["cold"] = outputs["cold"] + torch.nan  # not even a loss that is no number reaches the others
    objective(weights={"cold": 0, "hue": 1}).loss(outputs, TARGETS).backward()
    assert all(parameter.grad is None for parameter in model.heads["cold"].parameters())
    assert all(
        parameter.grad.isfinite().all()
        for parameter in [*model.heads["hue"].parameters(), *model.backbone.parameters()]
    )


def test_a_head_that_is_asked_about_no_picture_of_a_batch_adds_0_and_leaves_the_others_theirs():
    loss, gradients = loss_and_gradients({"cold": 2, "hue": 1}, TARGETS | {"cold": NOBODY})
    alone = F.cross_entropy(LOGITS["hue"], TARGETS["hue"], ignore_index=IGNORE)
    torch.testing.assert_close(loss, alone / 3)
    assert gradients["cold"].abs().max() == 0
    assert gradients["hue"].abs().max() > 0


def test_an_ignored_picture_changes_nothing_whatever_is_answered():
    other = {head: values.clone() for head, values in LOGITS.items()}
    other["cold"][[2, 5]] = 99.0
    one = objective()
    assert one.loss(other, TARGETS) == one.loss(LOGITS, TARGETS)
    assert one.scores(other, TARGETS) == one.scores(LOGITS, TARGETS)


def test_with_one_head_the_loss_is_the_classifiers():
    one = WeightedHeads({"hue": CrossEntropy(0.1)}, "hue", {"hue": 7})
    expected = CrossEntropy(0.1)
    assert one.loss({"hue": LOGITS["hue"]}, {"hue": TARGETS["hue"]}) == expected.loss(LOGITS["hue"], TARGETS["hue"])
    scores = one.scores({"hue": LOGITS["hue"]}, {"hue": TARGETS["hue"]})
    assert expected.scores(LOGITS["hue"], TARGETS["hue"]).items() <= scores.items()


# --- the scores ------------------------------------------------------------------------------------


@pytest.mark.parametrize("main", CLASSES)
def test_scores_are_scikit_learns_over_the_labelled_pictures_of_each_head(main):
    found = objective(main, {"cold": 3, "hue": 1}, label_smoothing=0.3).scores(LOGITS, TARGETS)
    losses = {}
    for head in CLASSES:
        rows = TARGETS[head] != IGNORE
        truth, said = TARGETS[head][rows], LOGITS[head][rows].argmax(1)
        losses[head] = F.cross_entropy(LOGITS[head][rows], truth).item()
        assert found[f"valid_{head}_loss"] == pytest.approx(losses[head])
        assert found[f"valid_{head}_accuracy"] == pytest.approx(accuracy_score(truth, said))
        assert found[f"valid_{head}_f1"] == pytest.approx(f1_score(truth, said, average="weighted"))
    assert found["valid_loss"] == pytest.approx((3 * losses["cold"] + losses["hue"]) / 4)
    assert found["valid_accuracy"] == found[f"valid_{main}_accuracy"]
    assert found["valid_f1"] == found[f"valid_{main}_f1"]


def test_every_score_is_known_and_of_losses_the_lower_is_better():
    one = objective()
    assert set(one.scores(LOGITS, TARGETS)) == set(one.higher_is_better)
    assert {name for name, higher in one.higher_is_better.items() if not higher} == {
        "valid_loss", "valid_cold_loss", "valid_hue_loss",
    }  # fmt: skip


def test_a_head_without_a_label_has_nan_and_if_its_weight_is_0_the_loss_has_not():
    targets = TARGETS | {"cold": NOBODY}
    assert np.isnan(objective().scores(LOGITS, targets)["valid_loss"])
    found = objective("hue", {"cold": 0, "hue": 1}).scores(LOGITS, targets)
    assert np.isnan(found["valid_cold_accuracy"])
    assert found["valid_loss"] == found["valid_hue_loss"]


# --- from a recipe ---------------------------------------------------------------------------------


def test_a_recipes_smoothing_and_balance_are_each_heads(two_columns):
    loaders = loaders_of(two_columns, made())
    recipe = dataclasses.replace(SHORT, label_smoothing=0.1, class_weights="balanced")
    one = heads_objective(recipe, loaders, "cold", {"cold": 2, "hue": 1})
    assert one.label_smoothing == 0.1
    assert {head: weights.tolist() for head, weights in one.class_weights.items()} == {"cold": [1, 1], "hue": [1, 1, 1]}
    assert (one.main, one.shares) == ("cold", {"cold": pytest.approx(2 / 3), "hue": pytest.approx(1 / 3)})
    fit(made(), loaders, recipe, objective=one, progress=False)


def test_a_recipes_focal_loss_is_each_heads(two_columns):
    loaders, recipe = loaders_of(two_columns, made()), dataclasses.replace(SHORT, loss="focal", focal_gamma=1.5)
    one = heads_objective(recipe, loaders, "cold")
    assert [type(each) for each in one.heads.values()] == [Focal, Focal]
    assert (one.gamma, objective().gamma) == (1.5, 0)
    fit(made(), loaders, recipe, objective=one, progress=False)
    assert "asks for 'gamma'" in refused(made(), loaders, objective(), recipe)


def test_balance_counts_only_what_the_head_is_asked_about(two_columns):
    table = two_columns.drop(index=[0, 3])  # two blue ones of the training
    one = heads_objective(dataclasses.replace(SHORT, class_weights="balanced"), loaders_of(table, made()), "cold")
    assert one.class_weights["cold"].tolist() == pytest.approx([14 / 16, 14 / 12])


def test_without_weights_all_heads_count_alike_and_nothing_is_smoothed(two_columns):
    one = heads_objective(SHORT, loaders_of(two_columns, made()), "hue")
    assert (one.shares, one.label_smoothing, one.class_weights) == ({"cold": 0.5, "hue": 0.5}, 0, None)


def test_class_weights_as_numbers_cannot_be_those_of_every_head(two_columns):
    recipe = dataclasses.replace(SHORT, class_weights=(1.0, 2.0))
    found = message(heads_objective, recipe, loaders_of(two_columns, made()), "cold")
    assert "cannot be for all of the heads 'cold', 'hue'" in found


# --- a training ------------------------------------------------------------------------------------


class Written(CrossEntropy):
    """A head whose accuracy was written down beforehand, an epoch each; the rest is real."""

    def __init__(self, *accuracies):
        super().__init__()
        self.accuracies = list(accuracies)

    def scores(self, logits, targets):
        return super().scores(logits, targets) | {"valid_accuracy": self.accuracies.pop(0)}


@pytest.mark.parametrize(("main", "best"), [("cold", 2), ("hue", 3)])
def test_the_best_epoch_is_the_main_heads(main, best, two_columns, tmp_path):
    model, seen = made(), []
    one = WeightedHeads(
        {"cold": Written(0.2, 0.9, 0.4, 0.9), "hue": Written(0.8, 0.3, 0.9, 0.1)}, main, {"cold": 1, "hue": 8}
    )
    recipe = dataclasses.replace(SHORT, epochs=4)
    options = {"after_epoch": [lambda training: seen.append(weights(training.model))], "progress": False}
    result = fit(model, loaders_of(two_columns, model), recipe, tmp_path, objective=one, **options)
    assert result.best["epoch"] == best
    assert result.history["valid_accuracy"].tolist() == result.history[f"valid_{main}_accuracy"].tolist()
    assert same(weights(model), seen[best - 1])
    kept = load_checkpoint(result.checkpoint)
    assert same(weights(kept), weights(model))
    assert describe_checkpoint(result.checkpoint)["metrics"]["valid_hue_f1"] == result.best["valid_hue_f1"]


def test_another_score_may_say_what_is_best(two_columns):
    model = made()
    one = WeightedHeads({"cold": Written(0.2, 0.9), "hue": Written(0.8, 0.3)}, "cold")
    recipe = dataclasses.replace(SHORT, best_by="valid_hue_accuracy")
    assert fit(model, loaders_of(two_columns, model), recipe, objective=one, progress=False).best["epoch"] == 1
    wrong = dataclasses.replace(SHORT, best_by="valid_huge_accuracy")
    assert "Did you mean 'valid_hue_accuracy'?" in refused(model, loaders_of(two_columns, model), one, wrong)


def test_predictions_of_valid_have_the_accuracies_that_training_found(two_columns):
    model = made()
    loaders = loaders_of(two_columns, model)
    result = fit(model, loaders, SHORT, objective=heads_objective(SHORT, loaders, "hue"), progress=False)
    found = predict(result.model, loaders.valid, progress=False)
    for head in CLASSES:
        block = of_head(found, head)
        assert accuracy_score(block["label"], block["predicted"]) == pytest.approx(
            result.best[f"valid_{head}_accuracy"]
        )


def test_a_frozen_backbone_stays_as_it_is_while_the_heads_learn(two_columns):
    model = made()
    loaders = loaders_of(two_columns, model)
    recipe = dataclasses.replace(SHORT, freeze_epochs=2)
    before = weights(model)
    fit(model, loaders, recipe, objective=heads_objective(recipe, loaders, "hue"), progress=False)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {tuple(name.split(".")[:2]) for name in changed} == {("heads", "cold"), ("heads", "hue")}


def test_with_one_head_a_training_is_the_classifiers(two_columns):
    plain = build(NAME, 3, None, size=32, seed=0)
    model = build_heads(NAME, {"hue": CLASSES["hue"]}, None, size=32, seed=0)
    model.backbone.load_state_dict({name: plain.backbone.state_dict()[name] for name in model.backbone.state_dict()})
    model.heads["hue"].conv.load_state_dict(plain.backbone.conv5.state_dict())
    model.heads["hue"].linear.load_state_dict(plain.head.state_dict())
    loaders = loaders_of(two_columns, model)
    ours = fit(model, loaders, SHORT, objective=heads_objective(SHORT, loaders, "hue"), progress=False).history
    theirs = fit(
        plain, loaders_of(two_columns, model, columns="hue", classes=CLASSES["hue"]), SHORT, progress=False
    ).history
    for column in ("train_loss", "valid_loss"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-3)


# --- what does not fit -----------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "told"), [
    ({"cold": 1}, "there is none for 'hue'"), ({"cold": 1, "hue": 1, "warm": 1}, "'warm' is no head"),
    ({"cold": 1, "warm": 1}, "there is none for 'hue', and 'warm' is no head"), ({"cold": -1, "hue": 1}, "cold: -1"),
    ({"cold": 0, "hue": 0}, "all are 0"), ({"cold": float("nan"), "hue": 1}, "cold: nan"), ({"cold": "2", "hue": 1}, "cold: '2'"),
    ({"cold": float("inf"), "hue": 1}, "cold: inf"), ({"cold": True, "hue": 1}, "cold: True"), ([2, 1], "but got [2, 1]"),
    ("{cold: 2, hue: 1}", "Papermill's -p gives text"), ({}, "there is none for 'cold', 'hue'"),
])  # fmt: skip
def test_weights_that_are_none_are_answered_with_a_pattern(wrong, told):
    found = message(objective, weights=wrong)
    assert told in found
    assert "weights={'cold': 2, 'hue': 1}" in found


def test_weights_come_in_the_order_of_the_heads():
    assert list(shares_of({"hue": 1, "cold": 3}, CLASSES)) == list(CLASSES)


@pytest.mark.parametrize("main", ["warm", None, 0])
def test_a_main_head_that_is_none_is_answered_with_the_heads(main):
    assert f"one of 'cold', 'hue', but got {main!r}" in message(objective, main)


@pytest.mark.parametrize("wrong", [{}, None, [CrossEntropy()], {"cold": 1}])
def test_heads_without_an_objective_each_are_refused(wrong):
    assert "an objective for each head" in message(WeightedHeads, wrong, "cold")


def test_a_model_with_one_answer_is_told_so(two_columns):
    plain = build(NAME, 2, None, size=32, seed=0)
    loaders = loaders_of(two_columns, made())
    assert "one answer for all of them" in message(fit, plain, loaders, SHORT, objective=objective(), progress=False)
    assert "answers for 'hue'" in message(objective().loss, {"hue": LOGITS["hue"]}, TARGETS)


def refused(model, loaders, objective=None, recipe=SHORT):
    before = weights(model)
    found = message(fit, model, loaders, recipe, objective=objective, progress=False)
    assert same(weights(model), before), "nothing was trained"
    return found


@pytest.mark.parametrize(("columns", "told"), [
    ("hue", "targets for no heads"), (["hue"], "targets for 'hue'"), (["hue", "label"], "targets for 'hue', 'label'"),
])  # fmt: skip
def test_loaders_of_other_columns_are_refused_with_how_to_make_them(columns, told, two_columns):
    model = made()
    found = refused(model, loaders_of(two_columns, model, columns=columns, classes=None), objective())
    assert told in found
    assert "make_loaders(table, ..., columns=list(model.classes), classes=model.classes)" in found


def test_loaders_of_other_classes_are_refused(two_columns):
    model = made()
    loaders = loaders_of(two_columns, model, classes=CLASSES | {"cold": ["yes", "no"]})
    found = refused(model, loaders, objective())
    assert "head 'cold' are 'no', 'yes', the pictures' 'yes', 'no'" in found


def test_the_order_of_the_columns_does_not_matter(two_columns):
    model = made()
    loaders = loaders_of(two_columns, model, columns=["hue", "cold"])
    assert len(fit(model, loaders, SHORT, objective=objective(), progress=False).history) == 2


def test_an_objective_of_other_heads_is_refused(two_columns):
    model = made()
    loaders = loaders_of(two_columns, model)
    one = WeightedHeads({"hue": CrossEntropy()}, "hue")
    assert "the heads 'cold', 'hue', but the objective has 'hue'" in refused(model, loaders, one)
    assert "but the objective has none" in refused(model, loaders, CrossEntropy())


def test_a_training_without_an_objective_is_told_which_to_take(two_columns):
    found = refused(made(), loaders_of(two_columns, made()))
    assert "objective=heads_objective(recipe, loaders, main='cold')" in found
    one = build_heads(NAME, {"hue": CLASSES["hue"]}, None, size=32, seed=0)
    assert "heads_objective(recipe, loaders, main='hue')" in refused(one, loaders_of(two_columns, one))


def test_an_objective_of_ones_own_may_do_without_heads(two_columns):
    class Sum:
        higher_is_better = {"valid_accuracy": True}

        def loss(self, outputs, targets):
            return sum(F.cross_entropy(outputs[head], targets[head], ignore_index=IGNORE) for head in outputs)

        def scores(self, outputs, targets):
            return {"valid_accuracy": 0.5}

    model = made()
    fit(model, loaders_of(two_columns, model), SHORT, objective=Sum(), progress=False)


def test_a_recipes_knobs_that_the_heads_would_not_hear_are_refused(two_columns):
    model = made()
    loaders = loaders_of(two_columns, model)
    for knobs in ({"label_smoothing": 0.1}, {"class_weights": "balanced"}):
        recipe = dataclasses.replace(SHORT, **knobs)
        assert f"asks for {next(iter(knobs))!r}, but the objective" in refused(model, loaders, objective(), recipe)


def test_frozen_heads_cannot_learn_alone_and_the_remedy_names_them(two_columns):
    model = made()
    freeze(model, "heads")
    recipe = dataclasses.replace(SHORT, freeze_epochs=1)
    assert "unfreeze(model, 'heads')" in refused(model, loaders_of(two_columns, model), objective(), recipe)


def test_a_split_without_a_label_for_a_head_is_refused(two_columns):
    table = two_columns.copy()
    table.loc[table["split"] == "valid", "cold"] = np.nan
    model = made()
    assert "of the split 'valid' has a label in the column 'cold'" in refused(
        model, loaders_of(table, model), objective()
    )
