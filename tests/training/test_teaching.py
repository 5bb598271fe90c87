"""A student learns from its teacher's probabilities, by the formula; the teacher stays as it is."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.small import CLASSES, PREPROCESSING, RECIPE, SIZE, Tiny, make, same, watching, weights
from utils.data.loaders import IGNORE
from utils.data.sampling import Weighted
from utils.errors import CourseError
from utils.models.build import build
from utils.models.checkpoints import save_checkpoint
from utils.training.loop import fit
from utils.training.mixing import MixUp, in_turn
from utils.training.objectives import CrossEntropy, Focal
from utils.training.teaching import Distilled, Taught, Teacher

chance = torch.Generator().manual_seed(0)
STUDENT, TEACHER = torch.randn(2, 5, 3, generator=chance)
TARGETS = torch.tensor([0, 2, IGNORE, 1, 1])


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def plain(student, teacher, by_labels, share, temperature):
    """The formula in numpy: (1 - share) * loss by the labels + share * T^2 * KL(teacher || student)."""
    p, q = (np.exp(logits.numpy() / temperature) for logits in (teacher, student))
    p, q = (each / each.sum(axis=1, keepdims=True) for each in (p, q))
    divergence = (p * np.log(p / q)).sum(axis=1).mean()
    return (1 - share) * by_labels + share * temperature**2 * divergence


# --- the loss ----------------------------------------------------------------------------------------


@given(share=st.floats(0, 1), temperature=st.floats(0.5, 10), smoothing=st.floats(0, 0.5))
def test_the_loss_is_its_formula(share, temperature, smoothing):
    inner = CrossEntropy(smoothing)
    found = Distilled(inner, share, temperature).loss(STUDENT, Taught(TARGETS, TEACHER)).item()
    expected = plain(STUDENT, TEACHER, inner.loss(STUDENT, TARGETS).item(), share, temperature)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_share_of_1_ignores_the_labels_and_a_share_of_0_the_teacher():
    others, objective = torch.tensor([1, 1, 0, 0, IGNORE]), Distilled(CrossEntropy(), 1, 3)
    assert objective.loss(STUDENT, Taught(TARGETS, TEACHER)) == objective.loss(STUDENT, Taught(others, TEACHER))
    alone = Distilled(CrossEntropy(), 0, 3).loss(STUDENT, Taught(TARGETS, TEACHER))
    assert alone == CrossEntropy().loss(STUDENT, TARGETS)


def test_who_answers_as_the_teacher_does_has_nothing_to_learn_from_it():
    student = (TEACHER + 7).requires_grad_()  # the same probabilities
    loss = Distilled(CrossEntropy(), 1, 2).loss(student, Taught(TARGETS, TEACHER))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert student.grad.abs().max() < 1e-6


def test_a_picture_that_nobody_labelled_still_teaches():
    student = STUDENT.clone().requires_grad_()
    Distilled(CrossEntropy(), 0.5, 2).loss(student, Taught(torch.full((5,), IGNORE), TEACHER)).backward()
    assert student.grad.abs().amax(dim=1).min() > 0


def test_the_temperature_leaves_the_gradient_about_as_large():
    """Hinton and others, section 2: the gradient falls as 1 / T^2, so the loss is multiplied by it."""
    norms = []
    for temperature in (20.0, 40.0):
        student = STUDENT.clone().requires_grad_()
        Distilled(CrossEntropy(), 1, temperature).loss(student, Taught(TARGETS, TEACHER)).backward()
        norms.append(student.grad.norm().item())
    assert norms[0] == pytest.approx(norms[1], rel=0.05)


@pytest.mark.parametrize("targets", [TARGETS.clamp(min=0), Weighted(TARGETS, torch.arange(5.0))])
def test_labels_may_be_whatever_the_objective_inside_takes(targets):
    inner = Focal(0.1, torch.tensor([1.0, 2, 3]), 1.5)
    found = Distilled(inner, 0.4, 2).loss(STUDENT, Taught(targets, TEACHER)).item()
    assert found == pytest.approx(plain(STUDENT, TEACHER, inner.loss(STUDENT, targets).item(), 0.4, 2), rel=1e-4)


def test_scores_and_knobs_are_those_of_the_objective_inside():
    inner = CrossEntropy(0.2, torch.tensor([1.0, 2, 3]))
    for objective in (Distilled(inner), copy.deepcopy(Distilled(inner)), pickle.loads(pickle.dumps(Distilled(inner)))):
        assert objective.label_smoothing == 0.2
        assert objective.higher_is_better == inner.higher_is_better
        assert objective.scores(STUDENT, TARGETS) == inner.scores(STUDENT, TARGETS)
    with pytest.raises(AttributeError):
        Distilled(inner).colour  # noqa: B018


@pytest.mark.parametrize(("share", "temperature"), [(-0.1, 2), (1.1, 2), (0.5, 0), (0.5, -1), (float("nan"), 2)])
def test_numbers_that_make_no_sense_are_refused(share, temperature):
    assert "share from 0 to 1 and a temperature above 0" in message(Distilled, CrossEntropy(), share, temperature)


def test_a_batch_that_was_shown_to_no_teacher_is_told_so():
    assert "batch_transform=Teacher(model)" in message(Distilled(CrossEntropy()).loss, STUDENT, TARGETS)


# --- the teacher -------------------------------------------------------------------------------------


@pytest.fixture
def teacher(tmp_path):
    """A checkpoint for the pictures' classes and size; and where it is."""
    model = build("shufflenet_v2_x0_5", 3, None, classes=CLASSES, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    return save_checkpoint(tmp_path / "teacher.safetensors", model)


def taught(path, **knobs):
    return dataclasses.replace(RECIPE, teacher=str(path), **knobs)


def test_a_teacher_answers_in_eval_mode_without_a_gradient():
    model = Tiny().train()
    images = torch.rand(4, 3, SIZE, SIZE)
    _, found = Teacher(model)(images, TARGETS[:4])
    assert not found.logits.requires_grad
    assert not any(module.training for module in model.modules())
    assert torch.equal(found.logits, model(images))
    assert torch.equal(found.targets, TARGETS[:4])


def test_a_teacher_is_left_as_it_was(loaders):
    model = Tiny(seed=5)
    before = weights(model)
    fit(Tiny(), loaders, RECIPE, objective=Distilled(CrossEntropy()), batch_transform=Teacher(model), progress=False)
    assert same(weights(model), before)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize(("knobs", "share", "temperature"), [
    ({}, 0.5, 2.0), ({"teacher_share": 0.9, "temperature": 4.0}, 0.9, 4.0),
])  # fmt: skip
def test_the_recipes_teacher_is_the_one_made_by_hand(knobs, share, temperature, teacher, loaders):
    ours, by_hand = Tiny(), Tiny()
    found = fit(ours, loaders, taught(teacher, label_smoothing=0.1, **knobs), progress=False)
    expected = fit(by_hand, loaders, RECIPE, objective=Distilled(CrossEntropy(0.1), share, temperature),
                   batch_transform=Teacher.of(teacher, loaders), progress=False)  # fmt: skip
    assert same(weights(ours), weights(by_hand))
    assert found.best["train_loss"] == expected.best["train_loss"]


def test_a_student_comes_to_answer_as_its_teacher_with_no_label_at_all_but_one(table):
    """All but one of the training pictures have lost their labels; the teacher knows the colours."""
    teacher = Tiny()
    fit(teacher, make(table), dataclasses.replace(RECIPE, epochs=15, lr=0.05), progress=False)
    table.loc[(table["split"] == "train") & (table.index > 0), "label"] = np.nan
    recipe = dataclasses.replace(RECIPE, epochs=20, lr=0.05)
    alone = fit(Tiny(seed=1), make(table, classes=CLASSES), recipe, progress=False)
    guided = fit(Tiny(seed=1), make(table, classes=CLASSES), recipe, objective=Distilled(CrossEntropy(), 1, 2),
                 batch_transform=Teacher(teacher), progress=False)  # fmt: skip
    assert guided.best["valid_accuracy"] > 0.8
    assert alone.best["valid_accuracy"] < 0.6


def test_the_teacher_is_asked_about_the_mixed_picture_that_the_student_sees(teacher, loaders):
    recipe, seen = taught(teacher, mixup=1.0, epochs=1), []

    class Noting(Distilled):
        def loss(self, logits, targets):
            seen.append(targets)
            return super().loss(logits, targets)

    asked, model = [], Teacher.of(teacher, loaders).model
    model.register_forward_hook(lambda module, given, answers: asked.append((given[0], answers)))
    shown = []
    student = Tiny()
    student.register_forward_hook(lambda module, given, answers: shown.append(given[0]) if student.training else None)
    fit(student, loaders, dataclasses.replace(recipe, teacher=None, mixup=0), objective=Noting(CrossEntropy()),
        batch_transform=in_turn([MixUp(1.0, 3), Teacher(model)]), progress=False)  # fmt: skip
    assert all(torch.equal(given, picture) for (given, _), picture in zip(asked, shown, strict=True))
    assert all(targets.targets.shape == targets.logits.shape for targets in seen)
    one, other = Tiny(), Tiny()
    fit(one, loaders, recipe, progress=False)
    fit(other, loaders, dataclasses.replace(recipe, teacher=None, mixup=0), objective=Distilled(CrossEntropy()),
        batch_transform=in_turn([MixUp(1.0, 3), Teacher(model)]), progress=False)  # fmt: skip
    assert same(weights(one), weights(other)), "the recipe's order"


# --- what does not fit -------------------------------------------------------------------------------


def refused(recipe, loaders, **options):
    model = Tiny()
    before = weights(model)
    found = message(fit, model, loaders, recipe, progress=False, **options)
    assert same(weights(model), before), "nothing was trained"
    return found


@pytest.mark.parametrize("classes", [["red", "green", "blue"], ["blue", "green", "pink"], ["blue", "green"]])
def test_a_teacher_of_other_classes_or_another_order_is_refused(classes, loaders, tmp_path):
    model = build("shufflenet_v2_x0_5", len(classes), None, classes=classes, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    save_checkpoint(tmp_path / "other.safetensors", model)
    found = refused(taught(tmp_path / "other.safetensors"), loaders)
    assert f"knows the classes {', '.join(map(repr, classes))}, but the pictures' are 'blue', 'green', 'red'" in found


@pytest.mark.parametrize("change", [{"size": (32, 32)}, {"normalisation": "symmetric"}])
def test_a_teacher_that_sees_pictures_otherwise_is_refused(change, loaders, tmp_path):
    model = build("shufflenet_v2_x0_5", 3, None, classes=CLASSES, size=SIZE, seed=0)
    model.preprocessing = dataclasses.replace(PREPROCESSING, **change)
    save_checkpoint(tmp_path / "other.safetensors", model)
    assert "Train both at the same size and normalisation" in refused(taught(tmp_path / "other.safetensors"), loaders)


def test_a_teacher_that_is_not_there_is_named(loaders, tmp_path):
    assert "nobody.safetensors" in refused(taught(tmp_path / "nobody.safetensors"), loaders)


def test_a_teacher_answers_one_question_only(teacher, table):
    table["again"] = table["label"]
    found = message(Teacher.of, teacher, make(table, columns=["label", "again"]))
    assert "the loaders have 2 label columns: 'label', 'again'" in found


def test_a_given_objective_that_hears_no_teacher_is_refused(teacher, loaders):
    found = refused(taught(teacher), loaders, objective=CrossEntropy())
    assert "'temperature', but the objective that was given has none" in found


def test_the_student_is_judged_by_the_labels_alone(teacher, loaders):
    result = fit(Tiny(), loaders, taught(teacher, lr=1e-9), progress=False)
    alone = fit(Tiny(), loaders, dataclasses.replace(RECIPE, lr=1e-9), progress=False)
    np.testing.assert_allclose(result.history["valid_loss"], alone.history["valid_loss"], rtol=1e-5)
    assert (result.history["train_loss"] - alone.history["train_loss"]).abs().min() > 0.005


def test_averages_and_a_teacher_go_together(teacher, loaders):
    judged = watching(lambda training: training.judged_model is not training.model)
    fit(Tiny(), loaders, taught(teacher, ema=0.9), after_epoch=[judged.call], progress=False)
    assert judged.seen == [True] * 3


@pytest.mark.parametrize("wrap", [lambda teacher: teacher, lambda teacher: in_turn([MixUp(1.0, 3), teacher]),
                                  lambda teacher: in_turn([in_turn([teacher])])])  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"objective": Focal()}])
def test_a_teacher_handed_in_needs_an_objective_that_learns_from_one(wrap, options, loaders):
    found = refused(RECIPE, loaders, batch_transform=wrap(Teacher(Tiny())), **options)
    assert "fit(..., objective=Distilled(objective))" in found
    assert ("Focal" if options else "CrossEntropy") in found
