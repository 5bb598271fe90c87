"""The questions on lesson 03: other right ways than ours, what texts state, and checks that chance cannot turn."""

import copy
import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from tests.exercises.reading import changing_verdicts, of_topic, other_ways
from utils.exercises.fine_tuning.trying import NETWORKS
from utils.models.build import build
from utils.models.freezing import count_parameters, freeze

QUESTION = of_topic("fine_tuning")


def head_by_its_names(model, num_classes):
    for name in ("fc", "heads.head", "classifier.3", "classifier.1"):
        if name in dict(model.named_modules()):
            model.set_submodule(name, nn.Linear(model.get_submodule(name).in_features, num_classes))
            return model
    return None


def head_in_a_copy_found_by_its_logits(model, num_classes):
    model = copy.deepcopy(model)
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Linear) and child.out_features == 1000:
                setattr(parent, name, nn.Linear(child.in_features, num_classes, bias=False))
    return model


def head_behind_an_identity(model, num_classes):
    name, last = [(name, part) for name, part in model.named_modules() if isinstance(part, nn.Linear)][-1]
    model.set_submodule(name, nn.Identity())
    return nn.Sequential(model, nn.Dropout(0.2), nn.Linear(last.in_features, num_classes))


def count_in_a_loop(model):
    total = torch.tensor(0)
    for _, parameter in model.named_parameters():
        if parameter.requires_grad:
            total += parameter.flatten().shape[0]
    return total


def count_by_shapes(model):
    return np.sum([math.prod(p.shape) for p in filter(lambda p: p.requires_grad, model.parameters())])


def step_that_clears_afterwards(model, images, targets, optimizer, longest):
    loss = nn.CrossEntropyLoss()(model(images), targets)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm=longest)
    optimizer.step()
    optimizer.zero_grad()
    return loss


def step_that_clips_by_hand(model, images, targets, optimizer, longest):
    model.train()
    model.zero_grad(set_to_none=False)
    loss = F.cross_entropy(model(images), targets)
    loss.backward()
    norm = sum(parameter.grad.square().sum() for parameter in model.parameters()).sqrt()
    if norm > longest:
        for parameter in model.parameters():
            parameter.grad.mul_(longest / norm)
    optimizer.step()
    return loss.detach().numpy()


def loss_by_sums(model, batches):
    losses = [F.cross_entropy(model(images), targets, reduction="sum") for images, targets in batches]
    return torch.stack(losses).sum() / sum(len(targets) for _, targets in batches)


def loss_of_all_at_once(model, batches):
    images, targets = (torch.cat(parts) for parts in zip(*batches))
    with torch.inference_mode():
        return F.cross_entropy(model.eval()(images), targets).numpy()


def accuracy_of_a_copy(model, batches):
    judge = copy.deepcopy(model).eval()
    right = torch.cat([judge(images).argmax(1) == targets for images, targets in batches])
    return right.float().mean()


def accuracy_with_modes_kept(model, batches):
    modes = {module: module.training for module in model.modules()}
    model.train(False)
    answers = [(int(number), int(target)) for images, targets in batches
               for number, target in zip(model(images).max(dim=1).indices, targets)]  # fmt: skip
    for module, mode in modes.items():
        module.training = mode
    return np.mean([number == target for number, target in answers])


def freeze_all_then_unfreeze(model, head):
    model.requires_grad_(False)
    model.get_submodule(head).requires_grad_(True)  # AttributeError where there is none
    return sum(parameter.numel() for parameter in model.parameters() if not parameter.requires_grad)


def freeze_by_parts_of_the_name(model, head):
    assert head in [name for name, _ in model.named_modules()]
    frozen, parts = np.int64(0), head.split(".")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.split(".")[: len(parts)] == parts)
        frozen += 0 if parameter.requires_grad else parameter.nelement()
    return frozen


class EvalInForward(nn.Module):
    def __init__(self, backbone, head):
        super().__init__()
        self.body, self.top = backbone, head
        for parameter in self.body.parameters():
            parameter.requires_grad = False

    def forward(self, images):
        self.body.eval()
        with torch.no_grad():
            features = self.body(images)
        return self.top(features)


class DeafBackbone(nn.Sequential):
    def __init__(self, backbone, head):
        super().__init__(copy.deepcopy(backbone).eval().requires_grad_(False), head)
        self[0].train = lambda mode=True: self[0]


def as_a_function(backbone, head):
    model = nn.Sequential(backbone.requires_grad_(False), head)
    model.register_forward_pre_hook(lambda module, inputs: module[0].eval() and None)
    return model


def groups_by_names(model, head, lr):
    names = {name for name, parameter in model.named_parameters() if any(parameter is own for own in head.parameters())}
    parameters = dict(model.named_parameters())
    return (
        {"params": (parameters[name] for name in parameters if name not in names), "lr": 0.1 * lr},
        {"params": [(name, parameters[name]) for name in names], "lr": lr},
    )


def groups_one_a_parameter(model, head, lr):
    own = set(head.parameters())
    for parameter in model.parameters():
        yield {"params": parameter, "lr": torch.tensor(lr if parameter in own else lr / 10), "weight_decay": 0.0}


def groups_by_decay(model, head, lr):
    groups = []
    for parameter in model.parameters():
        rate = lr if any(parameter is own for own in head.parameters()) else lr / 10
        groups.append({"params": [parameter], "lr": rate, "weight_decay": 0.01 * (parameter.ndim > 1)})
    return groups


def loaded_one_by_one(model, state, prefix):
    loaded = 0
    for name, tensor in model.state_dict().items():
        found = state.get(prefix + name, state.get(name))
        if found is not None and found.shape == tensor.shape:
            tensor.copy_(found)
            loaded += 1
    if loaded == 0:
        raise ValueError("nothing")
    return torch.tensor(loaded)


def loaded_over_the_own(model, state, prefix):
    own = model.state_dict()
    state = {re.sub(f"^{re.escape(prefix)}", "", name): tensor for name, tensor in state.items()}
    fitting = {name: state[name] for name in own.keys() & state.keys() if own[name].size() == state[name].size()}
    model.load_state_dict({**own, **fitting})
    if len(fitting) < 1:
        raise UnicodeError("a kind of ValueError")
    return np.int32(len(fitting))


def best_as_a_copy(model, one_epoch, epochs):
    lowest, kept = None, None
    for _ in range(epochs):
        loss = one_epoch(model)
        if lowest is None or loss <= lowest:
            lowest, kept = loss, copy.deepcopy(model)
    return kept


def best_by_clones(model, one_epoch, epochs):
    history = []
    for _ in range(epochs):
        loss = one_epoch(model)
        history.append((loss, {name: tensor.clone() for name, tensor in model.state_dict().items()}))
    model.load_state_dict(min(history, key=lambda epoch: epoch[0])[1])
    return model


def counted_by_hand(name, num_classes):
    model = build(name, num_classes, weights=None)
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    counts = count_parameters(model)
    return [counts.trainable, counts.total - counts.trainable]


RIGHT = {
    1: [head_by_its_names, head_in_a_copy_found_by_its_logits, head_behind_an_identity],
    2: [count_in_a_loop, count_by_shapes, lambda model: count_parameters(model).trainable],
    3: [step_that_clears_afterwards, step_that_clips_by_hand],
    4: [loss_by_sums, loss_of_all_at_once],
    5: [accuracy_of_a_copy, accuracy_with_modes_kept],
    6: [freeze_all_then_unfreeze, freeze_by_parts_of_the_name],
    7: [EvalInForward, DeafBackbone, as_a_function],
    8: [groups_by_names, groups_one_a_parameter, groups_by_decay],
    9: [4.5, 4.53, np.float32(4.528), torch.tensor(4.5)],
    10: ["C", "c)"],
    11: [loaded_one_by_one, loaded_over_the_own],
    12: [best_as_a_copy, best_by_clones],
    13: [pd.Series({"heat sensor": "c", "spare parts": "D", "ultrasound": "b", "flowers": "a"})],
    14: [
        counted_by_hand,
        lambda name, num_classes: np.array(freeze(build(name, num_classes, None), "backbone"))[[1, 0]],
    ],
}


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 7, 8, 11, 12])
def test_no_verdict_depends_on_chance(number):
    assert changing_verdicts(QUESTION[number], 20) == []


@pytest.mark.parametrize(
    ("name", "head"),
    [("resnet18", "fc"), ("shufflenet_v2_x0_5", "fc"), ("mobilenet_v3_small", "classifier.3"),
     ("efficientnet_b0", "classifier.1"), ("squeezenet1_1", None)],
)  # fmt: skip
def test_the_last_linear_layer_has_the_name_that_the_task_says(name, head):
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    assert linear[-1:] == ([head] if head else [])


def test_the_example_of_a_count_is_true():
    layer = nn.Linear(3, 2)
    assert QUESTION[2].reference(layer) == 8
    assert QUESTION[2].reference(layer.requires_grad_(False)) == 0


def test_a_network_that_knows_nothing_has_the_loss_that_the_task_says_and_the_starter_prints_the_small_one():
    model = nn.Linear(4, 10)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    batches = [(torch.rand(50, 4), torch.randint(10, (50,)))] * 3
    assert QUESTION[4].reference(model, batches) == pytest.approx(2.303, abs=5e-4)
    assert QUESTION[4].starter(model, batches) == pytest.approx(0.046, abs=5e-4)


@pytest.mark.parametrize(("momentum", "stands_at"), [(0.01, 4.528), (0.1, 9.98)])
def test_batchnorm_gets_as_far_as_the_exercise_says(momentum, stands_at):
    layer = nn.BatchNorm1d(1, momentum=momentum)
    for _ in range(60):
        layer(torch.tensor([[9.0], [11.0]]))
    assert layer.running_mean.item() == pytest.approx(stands_at, abs=5e-3)
    if momentum == 0.01:
        assert QUESTION[9].reference == pytest.approx(layer.running_mean.item(), abs=1e-4)


def test_torchvisions_mobilenet_has_the_momentum_that_the_exercise_says():
    with torch.device("meta"):
        model = models.mobilenet_v3_small(weights=None)
    assert {module.momentum for module in model.modules() if isinstance(module, nn.BatchNorm2d)} == {0.01}


@pytest.mark.parametrize("name", NETWORKS)
def test_backbones_have_as_many_numbers_as_torchvisions(name):
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    backbone, features = NETWORKS[name]
    assert sum(parameter.numel() for parameter in model.parameters()) == backbone + 1000 * features + 1000


def test_about_one_number_in_a_hundred_is_in_the_head():
    trainable, frozen = QUESTION[14].reference("shufflenet_v2_x0_5", 4)
    assert 0.005 < trainable / (trainable + frozen) < 0.02


def test_groups_work_in_an_optimiser():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3))
    optimizer = torch.optim.AdamW(QUESTION[8].reference(model, model[1], 1e-3))
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 1e-4]
