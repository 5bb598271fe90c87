"""The questions on lesson 04: other right ways than ours, what texts state, and that our answers are torch's own."""

import copy
import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn
from torchvision.ops import Conv2dNormActivation
from torchvision.transforms import v2

from tests.exercises.reading import changing_verdicts, of_topic, other_ways
from utils.evaluation.cost import count_macs, count_parameters
from utils.exercises.custom_cnn import averages, counting, overfitting, shapes, trying, windows
from utils.exercises.made import picture
from utils.models.build import build
from utils.models.custom import AnimalsCNN, CropsCNN, Separable

QUESTION = of_topic("custom_cnn")


def convolve_by_torch(picture, window):
    return F.conv2d(picture[None, None], window[None, None])


def convolve_by_views(picture, window):
    views = np.lib.stride_tricks.sliding_window_view(picture.numpy(), window.shape)
    return np.einsum("rcij,ij->rc", views, window.numpy())


def convolve_into_lists(picture, window):
    (height, width), result = window.shape, []
    for row in range(len(picture) - height + 1):
        result.append([])
        for column in range(len(picture[0]) - width + 1):
            products = [picture[row + i, column + j] * window[i, j] for i in range(height) for j in range(width)]
            result[-1].append(float(sum(products)))
    return result


def size_by_a_pool(height, width, kernel, stride, padding):
    with torch.device("meta"):
        return nn.Conv2d(1, 1, kernel, stride, padding)(torch.zeros(1, 1, height, width)).shape[2:]


def size_by_floor(height, width, kernel, stride, padding):
    return [math.floor((side - kernel + 2 * padding) / stride + 1) for side in (height, width)]


def size_by_counting(height, width, kernel, stride, padding):
    return np.array([len(range(-padding, side + padding - kernel + 1, stride)) for side in (height, width)])


def params_of_a_layer(inputs, outputs, kernel, groups, bias):
    return count_parameters(nn.Conv2d(inputs, outputs, kernel, groups=groups, bias=bias))


def params_as_a_float(inputs, outputs, kernel, groups, bias):
    return np.prod([inputs, outputs, kernel, kernel]) / groups + outputs * bias


def field_from_the_end(layers):
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


def field_by_gradient(layers):
    """Which pixels of a picture a number in the middle of the last maps depends on."""
    convs = nn.Sequential(*[nn.Conv2d(1, 1, kernel, stride, bias=False) for kernel, stride in layers])
    for conv in convs:
        nn.init.ones_(conv.weight)
    images = torch.zeros(1, 1, 120, 120, requires_grad=True)
    maps = convs(images)
    (seen,) = torch.autograd.grad(maps[0, 0, maps.shape[2] // 2, maps.shape[3] // 2], images)
    return (seen[0, 0].sum(dim=0) != 0).sum()


def separable_of_blocks(inputs, outputs, stride):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(inputs)])
            self.mix = nn.Conv2d(inputs, outputs, (1, 1), bias=False)
            self.filter = nn.Conv2d(inputs, inputs, (3, 3), (stride, stride), 1, groups=inputs, bias=False)

        def forward(self, maps):
            return self.norms[0](self.mix(self.norms[1](self.filter(maps)).clamp(min=0))).relu()

    return Block()


def separable_of_torchvision(inputs, outputs, stride):
    filters = Conv2dNormActivation(inputs, inputs, 3, stride, groups=inputs)
    return nn.Sequential(filters, Conv2dNormActivation(inputs, outputs, 1))


class AdaptivePool(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.classify = nn.Linear(16, num_classes)
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(True), nn.Conv2d(8, 16, 3, 2), nn.ReLU(True),
                                    nn.AdaptiveAvgPool2d(1), nn.Flatten())  # fmt: skip

    def forward(self, images):
        return self.classify(self.layers(images))


class HeadFirst(nn.Module):
    """A 1 x 1 convolution gives logits for each place, and their mean is the logits of the picture."""

    def __init__(self, num_classes):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU())
        self.head = nn.Conv2d(16, num_classes, 1)

    def forward(self, images):
        return self.head(self.convs(images)).mean((2, 3))


class LazyHead(AdaptivePool):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.classify = nn.LazyLinear(num_classes)


class DeepInASequential(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 5)
        parts = [part for _ in range(depth) for part in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
        self.blocks = nn.Sequential(*parts)

    def forward(self, images):
        return self.head(self.blocks(self.stem(images).relu()).mean((2, 3)))


class DeepByNames(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.depth = depth
        self.head = nn.Linear(8, 5)
        for number in reversed(range(depth)):
            setattr(self, f"block{number}", nn.Conv2d(8, 8, 3, padding="same"))
        self.stem = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, images):
        maps = F.relu(self.stem(images))
        for number in range(self.depth):
            maps = F.relu(getattr(self, f"block{number}")(maps))
        return self.head(F.adaptive_avg_pool2d(maps, 1)[:, :, 0, 0])


class DeepInABareList(nn.Module):
    """The list stays one, and each block is registered besides."""

    def __init__(self, depth):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 5)
        self.blocks = [nn.Conv2d(8, 8, 3, padding=1) for _ in range(depth)]
        for number, block in enumerate(self.blocks):
            self.add_module(str(number), block)

    def forward(self, images):
        maps = self.stem(images).relu()
        for block in self.blocks:
            maps = block(maps).relu()
        return self.head(maps.mean((2, 3)))


def normed_in_a_row(num_classes):
    layers = [nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
              nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]  # fmt: skip
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, num_classes))


class NormedInAList(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.head = nn.Linear(8, num_classes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8, momentum=0.2) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(inputs, 8, 3, padding=1, bias=False) for inputs in (3, 8))

    def forward(self, images):
        for conv, norm in zip(self.convs, self.norms):
            images = norm(conv(images)).relu()
        return self.head(images.mean((2, 3)))


def learns_by_its_last_loss(network, images, targets):
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), targets)
        loss.backward()
        optimizer.step()
    return loss < 0.1


def learns_by_sgd(network, images, targets):
    optimizer = torch.optim.SGD(network.train().parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(200):
        losses.append(nn.CrossEntropyLoss()(network(images), targets))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    return np.bool_(min(losses).item() < 0.1)


def learns_in_a_copy_judged_in_eval_mode(network, images, targets):
    network = copy.deepcopy(network).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad(set_to_none=False)
        F.cross_entropy(network(images), targets).backward()
        optimizer.step()
    return int(F.cross_entropy(network.eval()(images), targets).item() < 0.1)


def ends_by_the_place_of_the_best(scores, patience):
    for epoch in range(1, len(scores) + 1):
        so_far = scores[:epoch]
        if len(so_far) - 1 - so_far.index(max(so_far)) >= patience:
            return epoch
    return epoch


def ends_by_a_break(scores, patience):
    best, best_epoch = None, 0
    for epoch in range(len(scores)):
        if best is None or scores[epoch] > best:
            best, best_epoch = scores[epoch], epoch
        if epoch - best_epoch == patience:
            break
    return np.int64(epoch + 1)


def baseline_by_a_counter(train, test):
    return Counter(test)[Counter(train).most_common(1)[0][0]] / len(test)


def baseline_by_pandas(train, test):
    return (pd.Series(test) == pd.Series(train).mode()[0]).mean()


def reestimate_by_torch(network, batches):
    update_bn(batches, network)


def reestimate_in_a_copy(network, batches):
    network, mode = copy.deepcopy(network), network.training
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    before = [norm.momentum for norm in norms]
    for number, (images, _) in enumerate(batches):
        for norm in norms:
            norm.momentum = 1 / (number + 1)  # the first throws away what there was
        network.train()(images)
    for norm, momentum in zip(norms, before):
        norm.momentum = momentum
    return network.train(mode)


def sizes_from_the_batch_before(count, batch_size):
    sizes = [batch_size] * (count // batch_size) + [count % batch_size]
    if sizes[-1] == 1:
        sizes[-2:] = [batch_size - 1, 2]
    return tuple(size for size in sizes if size)


def sizes_of_parts(count, batch_size):
    return np.array([len(part) for part in np.array_split(np.arange(count), math.ceil(count / batch_size))])


def sizes_as_floats(count, batch_size):
    while count:
        size = min(count, batch_size)
        size -= count - size == 1
        yield float(size)
        count -= size


def predict_by_torchvision(network, picture, height, width):
    images = v2.Compose([v2.Resize((height, width)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])(picture)
    mode = network.training
    with torch.inference_mode():
        probs = F.softmax(network.train(False)(images.unsqueeze(0)).squeeze(0), dim=-1)
    network.train(mode)
    return probs


def predict_by_a_copy(network, picture, height, width):
    pixels = np.array(picture.resize(size=(width, height))).transpose(2, 0, 1) / 255.0
    logits = copy.deepcopy(network).eval()(torch.from_numpy(pixels).float()[None])
    exponents = np.exp(logits.detach().numpy()[0])
    return exponents / exponents.sum()


def front_in_two_loops(networks):
    names = set(networks)
    for name, (accuracy, time) in networks.items():
        for other_accuracy, other_time in networks.values():
            is_better = other_accuracy > accuracy or other_time < time
            if is_better and other_accuracy >= accuracy and other_time <= time:
                names.discard(name)
    return names


def front_by_sorting(networks):
    found, best = {}, -1
    table = pd.DataFrame(networks, index=["accuracy", "time"]).T
    for time, group in table.groupby("time"):
        if group["accuracy"].max() > best:
            best = group["accuracy"].max()
            found |= dict.fromkeys(group.index[group["accuracy"] == best], time)
    return found


def largest_first(name, sizes, budget):
    for size in sorted(sizes, reverse=True):
        if count_macs(build(name, 2, None, size=size)) <= budget:
            return torch.tensor(size)


def largest_in_a_loop(name, sizes, budget):
    largest = 0
    for size in sizes:
        macs = count_macs(build(name, 10, weights=None, size=(size, size)), (size, size))
        if macs <= budget and size > largest:
            largest = size
    return float(largest) if largest else None


COSTS = {"plain": 1_248_952_320, "separable": 142_675_456, "times": 8.75}
HEADS = {"averaged": 67_210.0, "flattened": 1_050_250}
RIGHT = {
    1: [convolve_by_torch, convolve_by_views, convolve_into_lists],
    2: [size_by_a_pool, size_by_floor, size_by_counting],
    3: [params_of_a_layer, params_as_a_float],
    4: [field_from_the_end, field_by_gradient],
    5: [separable_of_blocks, separable_of_torchvision, Separable],
    6: [COSTS, pd.Series(COSTS), {**COSTS, "times": torch.tensor(8.8)}, {**COSTS, "plain": np.int64(1_248_952_320)}],
    7: [HEADS, pd.Series(HEADS)],
    8: [AdaptivePool, HeadFirst, LazyHead],
    9: [DeepInASequential, DeepByNames, DeepInABareList],
    10: [normed_in_a_row, NormedInAList],
    11: [learns_by_its_last_loss, learns_by_sgd, learns_in_a_copy_judged_in_eval_mode],
    12: [1.46, 1.461, np.float32(1.4612), torch.tensor(1.46), -math.log(math.e / (9 + math.e))],
    13: [ends_by_the_place_of_the_best, ends_by_a_break],
    14: [baseline_by_a_counter, baseline_by_pandas],
    15: [reestimate_by_torch, reestimate_in_a_copy],
    16: [sizes_from_the_batch_before, sizes_of_parts, sizes_as_floats],
    17: [predict_by_torchvision, predict_by_a_copy],
    18: [pd.Series({"two scores": "C", "crash": " d)", "idle": "E.", "stuck": "b", "larger": "a"})],
    19: [front_in_two_loops, front_by_sorting, lambda networks: tuple(front_by_sorting(networks))[::-1]],
    20: [largest_first, largest_in_a_loop],
}


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


@pytest.mark.parametrize("number", [5, 8, 9, 10, 15, 17])
def test_no_verdict_depends_on_chance(number):
    assert changing_verdicts(QUESTION[number], 5) == []


@pytest.mark.parametrize("seed", range(5))
def test_of_the_networks_to_be_tried_the_sound_ones_alone_get_a_batch_by_heart_whatever_the_seed(seed):
    for wanted, kinds in ((True, overfitting.SOUND), (False, overfitting.BROKEN)):
        for kind in kinds.values():
            torch.manual_seed(seed)
            assert QUESTION[11].reference(kind(), *overfitting._batch()) == wanted


# --- our answers are what torch builds, and what texts state is true ---------------------------------


def test_the_example_of_a_convolution_is_true():
    picture, window = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[1.0, 1]])
    assert QUESTION[1].reference(picture, window).tolist() == [[3], [7]]
    assert QUESTION[1].reference(torch.zeros(5, 3), torch.zeros(3, 3)).shape == (3, 1)


@pytest.mark.parametrize("layer", [*shapes.LAYERS, (7, 9, 3, 2, 1)], ids=str)
def test_torch_gives_maps_of_the_size_that_the_second_answer_says(layer):
    height, width, *rest = layer
    with torch.device("meta"):
        maps = nn.Conv2d(1, 1, *rest)(torch.zeros(1, 1, height, width))
    assert QUESTION[2].reference(*layer) == tuple(maps.shape[2:])


def test_the_example_of_a_size_and_what_its_reason_says_are_true():
    assert QUESTION[2].reference(7, 9, 3, 2, 1) == (4, 5)
    assert QUESTION[2].reference(33, 40, 3, 1, 1) == (33, 40)
    assert QUESTION[2].reference(33, 40, 2, 2, 0) == (16, 20)


@pytest.mark.parametrize("layer", [*counting.LAYERS, (3, 8, 3, 1, True)], ids=str)
def test_torch_makes_as_many_parameters_as_the_third_answer_says(layer):
    assert QUESTION[3].reference(*layer) == params_of_a_layer(*layer)


def test_the_example_of_parameters_is_true():
    assert QUESTION[3].reference(3, 8, 3, 1, True) == 224


@pytest.mark.parametrize("layers", shapes.STACKS, ids=str)
def test_a_gradient_reaches_as_far_as_the_fourth_answer_says(layers):
    assert QUESTION[4].reference(layers) == field_by_gradient(layers)


def test_the_examples_of_a_receptive_field_are_true():
    fields = [QUESTION[4].reference(layers) for layers in ([(3, 1)], [(3, 1), (3, 1)], [(2, 2), (3, 1)])]
    assert fields == [3, 5, 6]


def test_the_last_stack_is_that_of_crops_cnn_and_it_sees_what_the_reason_says():
    parts = [part for part in CropsCNN().convs if isinstance(part, (nn.Conv2d, nn.MaxPool2d))]
    sides = [part.kernel_size if isinstance(part, nn.MaxPool2d) else part.kernel_size[0] for part in parts]
    strides = [part.stride if isinstance(part, nn.MaxPool2d) else part.stride[0] for part in parts]
    assert list(zip(sides, strides)) == shapes.STACKS[-1]
    assert QUESTION[4].reference(shapes.STACKS[-1]) == 40


def test_our_block_is_that_of_small_cnn():
    for block in (QUESTION[5].reference(16, 32, 2), Separable(16, 32, 2)):
        assert block(torch.rand(1, 16, 8, 8)).shape == (1, 32, 4, 4)
        assert count_parameters(block) == 9 * 16 + 16 * 32 + 2 * (16 + 32)


def test_the_costs_are_those_of_the_last_convolution_of_crops_cnn():
    conv = [part for part in CropsCNN().convs if isinstance(part, nn.Conv2d)][-1]
    assert (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride) == (224, 320, (3, 3), (1, 1))
    assert 178 // 2 // 2 == 44  # both pools leave a pixel out
    plain, separable = count_macs(conv, 44, 224), count_macs(Separable(224, 320), 44, 224)
    assert QUESTION[6].reference == {"plain": plain, "separable": separable, "times": plain / separable}
    assert 4 < plain / count_macs(build("efficientnet_b0", 5, None), 178) < 5


def test_the_flattened_head_is_that_of_animals_cnn():
    network = AnimalsCNN(10, 256)
    flattened, averaged = QUESTION[7].reference["flattened"], QUESTION[7].reference["averaged"]
    assert flattened == count_parameters(network.hidden) + count_parameters(network.head)
    assert network.convs(torch.rand(1, 3, 256, 256)).shape[1:] == (512, 4, 4)
    assert count_parameters(network) == 2_230_170
    assert flattened / 2_230_170 == pytest.approx(0.47, abs=5e-3)
    network.hidden[0] = nn.Linear(512, 128)
    assert averaged == count_parameters(network.hidden) + count_parameters(network.head)
    assert flattened / averaged == pytest.approx(16, abs=0.5)


def test_the_heads_of_the_eighth_exercise_have_as_many_parameters_as_its_reason_says():
    assert count_parameters(QUESTION[8].reference(5).head) == 85
    assert count_parameters(QUESTION[8].starter(5).head) == 3925
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        QUESTION[8].starter(5)(torch.rand(2, 3, 40, 56))


def test_blocks_in_a_list_are_not_counted_however_many_there_are():
    assert count_parameters(QUESTION[9].starter(3)) == count_parameters(QUESTION[9].starter(30))
    assert count_parameters(QUESTION[9].reference(3)) < count_parameters(QUESTION[9].reference(30))


def test_the_network_with_a_softmax_is_right_about_all_pictures_and_its_loss_has_the_floor_that_texts_say():
    torch.manual_seed(0)
    network, (images, targets) = overfitting.EndsInSoftmax(), overfitting._batch()
    assert not QUESTION[11].reference(network, images, targets)
    assert torch.equal(network(images).argmax(dim=1), targets)
    assert 0.743 < F.cross_entropy(network(images), targets) < 0.8
    assert F.cross_entropy(torch.eye(4), torch.arange(4)) == pytest.approx(0.7437, abs=1e-3)
    assert F.cross_entropy(2 * torch.eye(4) - 1, torch.arange(4)) == pytest.approx(0.34, abs=5e-3)  # of a tanh


def test_the_lowest_loss_is_that_of_torch():
    perfect = F.cross_entropy(torch.eye(10), torch.arange(10)).item()
    assert QUESTION[12].reference == pytest.approx(perfect, abs=1e-6)
    assert perfect == pytest.approx(1.46, abs=5e-3)
    assert F.cross_entropy(torch.zeros(1, 10), torch.tensor([3])) == pytest.approx(2.30, abs=5e-3)


def test_the_stop_that_never_comes_never_comes_at_score_0():
    assert QUESTION[13].starter([0] * 50, 2) == 50
    assert QUESTION[13].reference([0] * 50, 2) == 3


def test_always_dog_is_right_as_often_as_texts_say():
    labels = ["dog"] * 4863 + ["cat"] * 4000 + ["others"] * (26_179 - 4863 - 4000)
    labels = [label if label != "others" else f"class {number % 8}" for number, label in enumerate(labels)]
    assert QUESTION[14].reference(labels, labels) == pytest.approx(0.186, abs=5e-4)


def test_new_averages_mend_a_network_that_is_lost_in_eval_mode():
    network, batches = averages._network().eval(), averages._batches()
    images = torch.cat([images for images, _ in batches])
    in_train = copy.deepcopy(network).train()(images)
    before = (network(images) - in_train).abs().mean()
    after = (QUESTION[15].reference(network, batches)(images) - in_train).abs().mean()
    assert after < before / 2


def test_batchnorm_says_what_the_reason_quotes():
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        nn.BatchNorm1d(3)(torch.rand(1, 3))
    assert 481 % 32 == 65 % 32 == 1


def test_the_starter_says_that_every_class_is_certain():
    torch.manual_seed(0)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 4))
    assert QUESTION[17].starter(network, picture(), 20, 30) == [1, 1, 1, 1]


@pytest.mark.parametrize(("name", "sizes", "right"), trying.CASES)
def test_a_little_more_or_less_of_a_budget_would_not_change_the_answer(name, sizes, right):
    budget = trying._budget(name, sizes, right)
    assert {QUESTION[20].reference(name, sizes, budget * share) for share in (0.9, 1.1)} == {right}


def test_a_billion_multiply_adds_are_for_sizes_such_as_the_reason_says():
    assert QUESTION[20].reference("crops_cnn", [96, 128], 1e9) == 96
    assert QUESTION[20].reference("small_cnn", [4 * 96], 1e9) == 4 * 96


# --- the probes' own inputs tell the slips apart ---------------------------------------------------


def test_windows_are_tried_that_are_no_squares_and_tell_a_turned_one():
    assert any(height != width for _, (height, width) in windows.SIDES)
    generator = torch.Generator().manual_seed(0)
    picture, window = torch.randn(5, 7, generator=generator), torch.randn(3, 3, generator=generator)
    assert not torch.allclose(QUESTION[1].reference(picture, window), QUESTION[1].reference(picture, window.flip(0, 1)))
