"""Mixed pictures are torchvision's, their targets say how much of each is in them, and their loss is the mix of two."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torchvision.transforms import v2

from tests.training.small import RECIPE, Tiny, make, same, weights
from utils.data.loaders import IGNORE
from utils.data.sampling import Weighted
from utils.errors import CourseError
from utils.models.build import seeded
from utils.training import mixing
from utils.training.choices import batch_transform_of
from utils.training.heads import WeightedHeads
from utils.training.loop import fit
from utils.training.mixing import CutMix, Mixed, MixUp, in_turn, mixed_targets
from utils.training.objectives import CrossEntropy, Focal

chance = torch.Generator().manual_seed(0)
IMAGES = torch.rand(6, 3, 8, 10, generator=chance).contiguous(memory_format=torch.channels_last)
LOGITS = torch.randn(6, 3, generator=chance)
TARGETS = torch.tensor([0, 2, 1, 1, IGNORE, 0])
KNOWN = torch.tensor([0, 2, 1, 1, 2, 0])
COUNTS = torch.tensor([1.0, 3, 0, 2, 1, 0])
WEIGHTS = torch.tensor([0.5, 2.0, 1.5])
ONE_ON = torch.arange(6).roll(1)  # whom torchvision's pictures meet: the one before
SHARES = st.floats(0, 1)


# --- the pictures ------------------------------------------------------------------------------------


@given(SHARES)
def test_mixup_is_torchvisions_arithmetic(share):
    images, kept = MixUp(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], share)
    reference = v2.MixUp(num_classes=3)
    params = {"lam": share, "labels": KNOWN, "batch_size": 6, "num_classes": 3}
    assert kept == share
    torch.testing.assert_close(images, reference.transform(IMAGES, params))
    torch.testing.assert_close(mixed_targets(KNOWN, ONE_ON, share, 3), reference.transform(KNOWN, params))


@given(SHARES, st.integers(0, 2**31))
def test_cutmix_is_torchvisions_arithmetic_for_the_same_rectangle(share, seed):
    with seeded(seed):
        _, kept = CutMix(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], share)
    with seeded(seed):
        rows, columns = mixing._window(8, share), mixing._window(10, share)
    with seeded(seed):
        images, again = CutMix(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], share)
    params = {"box": (columns.start, rows.start, columns.stop, rows.stop), "lam_adjusted": kept, "labels": KNOWN,
              "batch_size": 6, "num_classes": 3}  # fmt: skip
    reference = v2.CutMix(num_classes=3)
    assert again == kept
    assert torch.equal(images, reference.transform(IMAGES, params))
    torch.testing.assert_close(mixed_targets(KNOWN, ONE_ON, kept, 3), reference.transform(KNOWN, params))


@given(SHARES, st.integers(0, 2**31))
def test_the_share_of_cutmix_is_what_was_left_of_the_picture(share, seed):
    zeros, ones = torch.zeros(2, 3, 16, 24), torch.ones(2, 3, 16, 24)
    with seeded(seed):
        images, kept = CutMix(1.0, 3).mixed(ones, zeros, share)
    assert kept == pytest.approx(images.mean().item())
    assert kept >= share - 0.15, "cut off at an edge a rectangle is smaller; rounded, it is a little larger"
    changed = (images == 0).nonzero()
    if len(changed):
        lowest, highest = changed.amin(dim=0), changed.amax(dim=0)
        assert len(changed) == (highest - lowest + 1).prod(), "one rectangle, all of it"


def test_in_the_middle_of_a_large_picture_the_share_is_what_was_asked_for(monkeypatch):
    monkeypatch.setattr(torch, "randint", lambda length, size: torch.tensor(length // 2))
    for share in (0.1, 0.25, 0.5, 0.9):
        _, kept = CutMix(1.0, 3).mixed(torch.ones(1, 3, 400, 300), torch.zeros(1, 3, 400, 300), share)
        assert kept == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("corner", [(0, 0), (0, 9), (7, 0), (7, 9)])
def test_a_rectangle_around_a_corner_is_cut_off_there(corner, monkeypatch):
    places = list(corner)
    monkeypatch.setattr(torch, "randint", lambda length, size: torch.tensor(places.pop(0)))
    images, kept = CutMix(1.0, 3).mixed(torch.ones(1, 3, 8, 10), torch.zeros(1, 3, 8, 10), 0.75)
    assert images[0, 0][corner] == 0
    assert kept == pytest.approx(images.mean().item())
    assert 0.8 <= kept < 1, "about a quarter of the rectangle"


def test_a_share_of_1_leaves_the_pictures_and_a_share_of_0_may_take_them_whole(monkeypatch):
    images, kept = CutMix(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], 1.0)
    assert (torch.equal(images, IMAGES), kept) == (True, 1)
    monkeypatch.setattr(torch, "randint", lambda length, size: torch.tensor(length // 2))
    images, kept = CutMix(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], 0.0)
    assert (torch.equal(images, IMAGES[ONE_ON]), kept) == (True, 0)
    assert torch.equal(MixUp(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], 1.0)[0], IMAGES)
    assert torch.equal(MixUp(1.0, 3).mixed(IMAGES, IMAGES[ONE_ON], 0.0)[0], IMAGES[ONE_ON])


@pytest.mark.parametrize("kind", [MixUp, CutMix])
def test_pictures_keep_their_layout_and_those_of_the_batch_are_left_alone(kind):
    before = IMAGES.clone()
    with seeded(1):
        images, _ = kind(1.0, 3)(IMAGES, TARGETS)
    assert images.is_contiguous(memory_format=torch.channels_last), "else convolutions are half as fast"
    assert torch.equal(IMAGES, before)
    assert not torch.equal(images, before)


@pytest.mark.parametrize("transform", [MixUp(0.7, 3), CutMix(0.7, 3), Mixed([MixUp(0.7, 3), CutMix(0.7, 3)])])
def test_a_seed_gives_the_same_batch_another_one_another(transform):
    batches = []
    for seed in (1, 1, 2):
        with seeded(seed):
            batches.append(transform(IMAGES, TARGETS))
    assert all(torch.equal(*pair) for pair in zip(batches[0], batches[1]))
    assert not torch.equal(batches[0][0], batches[2][0])


def test_a_small_alpha_leaves_most_pictures_nearly_whole_and_1_makes_all_shares_alike():
    drawn = {}
    for alpha in (0.1, 1.0):
        with seeded(0):
            shares = [MixUp(alpha, 2)(torch.zeros(2, 1, 1, 1), torch.tensor([0, 1]))[1][0].max() for _ in range(400)]
        drawn[alpha] = torch.stack(shares)
    assert (drawn[0.1] > 0.9).float().mean() > 0.7
    assert (drawn[1.0] > 0.9).float().mean() == pytest.approx(0.6, abs=0.1), "in half of them they meet themselves"


def test_with_both_each_has_half_of_the_batches():
    names = []
    both = Mixed([lambda *batch: names.append("mixup"), lambda *batch: names.append("cutmix")])
    with seeded(0):
        for _ in range(200):
            both(IMAGES, TARGETS)
    assert 80 < names.count("mixup") < 120


def test_in_turn_gives_each_what_the_one_before_made():
    twice = in_turn(
        [lambda images, targets: (images + 1, targets * 2), lambda images, targets: (images * 10, targets + 1)]
    )
    assert twice(torch.tensor(1), torch.tensor(3)) == (20, 7)


@pytest.mark.parametrize("kind", [MixUp, CutMix])
@pytest.mark.parametrize("alpha", [0, -1, "0.2", None, True, float("nan"), float("inf")])
def test_an_alpha_that_is_none_is_refused(kind, alpha):
    with pytest.raises(CourseError, match=f"Expected {kind.__name__}'s alpha as a number above 0"):
        kind(alpha, 3)


# --- the targets -------------------------------------------------------------------------------------

OBJECTIVES = [CrossEntropy(), CrossEntropy(0.2), CrossEntropy(0.1, WEIGHTS), Focal(0.1, WEIGHTS, 1.5)]
ORDER = torch.tensor([3, 0, 4, 1, 5, 2])


def met(targets):
    """The targets of the pictures that are met."""
    return Weighted(targets.targets[ORDER], targets.weights[ORDER]) if isinstance(targets, Weighted) else targets[ORDER]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("targets", [KNOWN, TARGETS, Weighted(KNOWN, COUNTS), Weighted(TARGETS, COUNTS)])
@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_the_loss_of_mixed_targets_is_the_mix_of_the_two_losses(objective, targets, share):
    found = objective.loss(LOGITS, mixed_targets(targets, ORDER, share, 3))
    expected = share * objective.loss(LOGITS, targets) + (1 - share) * objective.loss(LOGITS, met(targets))
    torch.testing.assert_close(found, expected)


def test_a_picture_without_a_label_brings_no_class_and_takes_none_away():
    found = mixed_targets(TARGETS, ORDER, 0.25, 3)
    torch.testing.assert_close(found[2], torch.tensor([0, 0.25, 0]))  # meets the unlabelled one
    torch.testing.assert_close(found[4], torch.tensor([0.75, 0, 0]))  # is the unlabelled one
    assert mixed_targets(torch.full((6,), IGNORE), ORDER, 0.25, 3).abs().max() == 0


def test_each_head_has_its_own_shares_and_all_the_same_mix():
    targets, counts = {"hue": TARGETS, "cold": torch.tensor([0, 1, 1, IGNORE, 0, 1])}, {"cold": 2, "hue": 3}
    found = mixed_targets(targets, ORDER, 0.4, counts)
    assert {head: tuple(each.shape) for head, each in found.items()} == {"hue": (6, 3), "cold": (6, 2)}
    assert all(torch.equal(found[head], mixed_targets(targets[head], ORDER, 0.4, counts[head])) for head in targets)


def test_weighted_heads_are_mixed_too():
    targets, counts = {"hue": TARGETS, "cold": torch.tensor([0, 1, 1, IGNORE, 0, 1])}, {"cold": 2, "hue": 3}
    objective = WeightedHeads({"hue": CrossEntropy(0.1), "cold": CrossEntropy()}, "hue", {"hue": 2, "cold": 1})
    logits = {"hue": LOGITS, "cold": LOGITS[:, :2]}
    found = objective.loss(logits, mixed_targets(Weighted(targets, COUNTS), ORDER, 0.4, counts))
    others = {head: each[ORDER] for head, each in targets.items()}
    expected = 0.4 * objective.loss(logits, Weighted(targets, COUNTS))
    expected += 0.6 * objective.loss(logits, Weighted(others, COUNTS[ORDER]))
    torch.testing.assert_close(found, expected)


# --- in a training -----------------------------------------------------------------------------------


def batches_of(table, recipe, **options):
    """All that the objective is given in one epoch, beside the model's answers."""
    seen = []

    class Noting(CrossEntropy):
        def loss(self, logits, targets):
            seen.append(targets)
            return super().loss(logits, targets)

    fit(Tiny(), make(table, **options), recipe, objective=Noting(), progress=False)
    return seen


@pytest.mark.parametrize("knobs", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
def test_training_mixes_and_the_recipes_seed_decides_how(knobs, table):
    recipe = dataclasses.replace(RECIPE, epochs=2, **knobs)
    seen = batches_of(table, recipe)
    assert [tuple(targets.shape) for targets in seen] == [(12, 3), (8, 3)] * 2
    assert any(((targets > 0.01).sum(dim=1) == 2).any() for targets in seen), "of two classes"
    assert all(torch.equal(*pair) for pair in zip(seen, batches_of(table, recipe), strict=True))
    other = batches_of(table, dataclasses.replace(recipe, seed=1))
    assert not all(torch.equal(*pair) for pair in zip(seen, other, strict=True))


def test_weights_of_pictures_go_through_the_mixing(table):
    table["weight"] = [0.5 + number % 4 for number in range(len(table))]
    recipe = dataclasses.replace(RECIPE, epochs=1, mixup=1.0, sample_weights="weight")
    (first, _) = batches_of(table, recipe, sample_weights="weight")
    assert isinstance(first, Weighted)
    assert first.targets.shape == (12, 3)
    torch.testing.assert_close(first.targets.sum(dim=1), torch.ones(12))
    assert first.weights.unique().numel() > 4, "mixed ones lie between"


@pytest.mark.parametrize("weighted", [False, True])
def test_heads_are_told_apart_by_the_recipes_mixing_also_where_pictures_have_weights(weighted, table):
    table["weight"], table["again"] = 1.0, table["label"]
    table.loc[table["label"] == "red", "again"] = "blue"
    options = {"columns": ["label", "again"]} | ({"sample_weights": "weight"} if weighted else {})
    transform = batch_transform_of(dataclasses.replace(RECIPE, mixup=0.5), make(table, **options))
    _, targets = transform(*next(iter(make(table, **options).train)))
    found = targets.targets if weighted else targets
    assert {head: tuple(each.shape) for head, each in found.items()} == {"label": (12, 3), "again": (12, 2)}


def test_a_step_on_mixed_pictures_is_the_plain_one(loaders):
    """One step of SGD by hand, on the batch that MixUp made."""
    recipe = dataclasses.replace(RECIPE, epochs=1, optimizer="sgd", momentum=0, weight_decay=0, schedule="constant")
    seen, ours, plain = [], Tiny(), Tiny()
    ours.dropout.p = plain.dropout.p = 0

    def note(images, targets):
        seen.append(MixUp(0.5, 3)(images, targets))
        return seen[-1]

    steps = []
    fit(ours, loaders, recipe, batch_transform=note, progress=False,
        after_step=[lambda training: steps.append(weights(training.model))])  # fmt: skip
    optimizer = torch.optim.SGD(plain.parameters(), lr=recipe.lr)
    F.cross_entropy(plain(seen[0][0]), seen[0][1]).backward()
    optimizer.step()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(steps[0][name], value)


def test_what_is_judged_is_not_mixed(loaders):
    recipe = dataclasses.replace(RECIPE, lr=1e-9)
    mixed, plain = (
        fit(Tiny(), loaders, dataclasses.replace(recipe, mixup=alpha), progress=False) for alpha in (1.0, 0)
    )
    assert (mixed.history["valid_accuracy"] == plain.history["valid_accuracy"]).all()
    assert (mixed.history["train_loss"] != plain.history["train_loss"]).all()


def test_without_mixing_in_the_recipe_a_training_is_as_it_was(loaders):
    one, other = Tiny(), Tiny()
    fit(one, loaders, RECIPE, progress=False)
    fit(other, loaders, RECIPE, batch_transform=in_turn([]), progress=False)
    assert same(weights(one), weights(other))


def test_a_transform_takes_the_device_of_the_pictures(monkeypatch):
    asked = []
    order = SimpleNamespace(to=lambda device: asked.append(device) or torch.arange(6))
    monkeypatch.setattr(torch, "randperm", lambda count: order)
    MixUp(1.0, 3)(IMAGES, TARGETS)
    assert asked == [IMAGES.device]
