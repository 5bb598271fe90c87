"""The questions on lesson 02: other right ways than ours, what texts state, and that our answers are the networks' own."""

import math
import statistics
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torchvision.models import get_model

from tests.exercises.reading import of_topic, other_ways
from utils.evaluation.cost import cost, count_macs, count_parameters
from utils.exercises.compound_scaling.blocks import BLOCKS
from utils.exercises.compound_scaling.convolutions import LAYERS
from utils.exercises.compound_scaling.rounding import B0_CHANNELS, CHANNELS
from utils.exercises.compound_scaling.timing import RUNS, SlowAtFirst
from utils.exercises.compound_scaling.trying import NETWORKS
from utils.models import efficientnet
from utils.models.efficientnet import Block, Config, MBConv, macs, params, scaled, variant

QUESTION = of_topic("compound_scaling")


def macs_of_a_layer(height, width, inputs, outputs, kernel, stride, groups):
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
    return count_macs(layer, (height, width), channels=inputs)


def macs_group_by_group(height, width, inputs, outputs, kernel, stride, groups):
    pixels = math.ceil(height / stride) * math.ceil(width / stride)
    return sum(pixels * (outputs / groups) * (inputs / groups) * kernel * kernel for _ in range(groups))


def params_of_a_block(expand, kernel, inputs, outputs):
    return count_parameters(MBConv(Block(expand, kernel, 1, inputs, outputs)))


def params_as_an_array(expand, kernel, inputs, outputs):
    wide, squeezed = expand * inputs, inputs // 4
    parts = [(inputs + 2) * wide * (expand > 1), wide * (kernel * kernel + 2), squeezed * (wide + 1), wide * (squeezed + 1),
             outputs * (wide + 2)]  # fmt: skip
    return np.sum(parts)


def rounded_by_comparing(channels, width):
    wanted = channels * width
    fitting = [number for number in range(8, 4000, 8) if number >= 0.9 * wanted]
    return min(fitting, key=lambda number: (abs(number - wanted), -number))


def grid_of_products(values, tolerance):
    found = {(a, b, c): a * b * b * c * c for a, b, c in product(values, repeat=3)}
    return {triple for triple, cost in found.items() if 2 - tolerance <= cost <= 2 + tolerance}


def grid_as_a_generator(values, tolerance):
    for gamma, beta, alpha in product(values, repeat=3):
        if np.isclose(alpha * beta**2 * gamma**2, 2, rtol=0, atol=tolerance):
            yield [alpha, beta, gamma]


def latency_with_five_warm_up_passes(model, images, runs, clock):
    mode = model.training
    with torch.no_grad():
        model.eval()
        for _ in range(5):
            model(images)
        moments = [clock()]
        for _ in range(runs):
            model(images)
            moments.append(clock())
    model.train(mode)
    return torch.tensor(np.median(np.diff(moments)))


@torch.inference_mode()
def latency_of_a_decorated_function(model, images, runs, clock):
    mode, model.training = model.training, False
    seconds = []
    while len(seconds) < 3 + runs:
        before = clock()
        model(images)
        seconds.append(clock() - before)
    model.training = mode
    return statistics.median(seconds[3:])


def largest_by_number(milliseconds, budget):
    numbers = [int(name[1:]) for name in milliseconds if milliseconds[name] <= budget]
    return f"b{max(numbers)}" if numbers else None


def largest_first(milliseconds, budget):
    for name in sorted(milliseconds, reverse=True):
        if not milliseconds[name] > budget:
            return name


def least_work_in_a_loop(names, size):
    counts = {}
    for name in names:
        counts[count_macs(without_numbers(name), size)] = name
    return counts[min(counts)]


def without_numbers(name):
    with torch.device("meta"):
        return get_model(name, weights=None)


RIGHT = {
    1: [macs_of_a_layer, macs_group_by_group],
    2: [24.3e6, np.int64(24_300_000), torch.tensor(24_300_000), 150 * 150 * 40 * 27],
    3: [pd.Series({"parameters": 1, "file": 1.0, "multiply-adds": 4, "memory": 4})],
    4: [params_of_a_block, params_as_an_array],
    5: [rounded_by_comparing, efficientnet.round_filters],
    6: [(16, 24, 48, 88, 120, 208, 352), np.array([16, 24, 48, 88, 120, 208, 352]), pd.Series(b for b in [16, 24, 48, 88, 120, 208, 352])],
    7: [26.0, np.int32(26)],
    8: [grid_of_products, grid_as_a_generator],
    9: [3.19, np.float32(3.1876), torch.tensor(3.188)],
    10: [latency_with_five_warm_up_passes, latency_of_a_decorated_function],
    11: [largest_by_number, largest_first],
    12: [pd.Series({"scratches": "A", "conveyor": " b)", "app": "C.", "species": "d"})],
    13: [least_work_in_a_loop],
}  # fmt: skip


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


# --- our answers are what is built -------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_torch_counts_what_the_first_answer_says(layer):
    assert QUESTION[1].reference(*layer) == macs_of_a_layer(*layer)


def test_the_example_of_a_convolution_is_true():
    assert QUESTION[1].reference(224, 224, 3, 32, 3, 2, 1) == 10_838_016


def test_the_first_convolution_of_b3_is_as_the_task_and_its_reason_say():
    config = variant("b3")
    assert (config.stem, config.size) == (40, 300)
    layer = nn.Conv2d(3, 40, 3, 2, 1, bias=False)
    assert QUESTION[2].reference == count_macs(layer, 300)
    assert count_parameters(layer) == 1080
    assert QUESTION[2].reference / macs(config) == pytest.approx(0.013, abs=5e-4)


def test_b0_at_twice_the_size_costs_what_the_answer_says():
    model = efficientnet.EfficientNet(Config())
    small, large = cost(model, 224), cost(model, 448)
    found = {
        "parameters": large.parameters / small.parameters,
        "file": large.file_bytes / small.file_bytes,
        "multiply-adds": large.macs / small.macs,
        "memory": large.activation_bytes / small.activation_bytes,
    }
    assert {name: round(value) for name, value in found.items()} == QUESTION[3].reference


@pytest.mark.parametrize("block", [*BLOCKS, (6, 3, 16, 24)], ids=str)
def test_the_parameters_of_a_block_are_the_blocks(block):
    assert QUESTION[4].reference(*block) == params_of_a_block(*block)


def test_the_example_of_a_block_is_true():
    assert QUESTION[4].reference(6, 3, 16, 24) == 6004


@pytest.mark.parametrize(("channels", "width"), CHANNELS)
def test_channels_are_rounded_as_the_networks_are(channels, width):
    assert QUESTION[5].reference(channels, width) == efficientnet.round_filters(channels, width)


def test_code_that_rounds_down_is_as_far_off_as_the_reason_says():
    assert QUESTION[5].starter(24, 1.2) / QUESTION[5].reference(24, 1.2) == 0.75


def test_stages_and_blocks_are_those_of_b2_and_b3():
    assert [stage.channels for stage in variant("b2").stages] == QUESTION[6].reference
    assert [stage.channels for stage in variant("b0").stages] == list(B0_CHANNELS)
    assert sum(map(len, variant("b3").blocks)) == QUESTION[7].reference
    assert [stage.repeats for stage in variant("b0").stages] == [1, 2, 2, 3, 3, 4, 1]


def test_the_example_of_a_grid_is_true():
    assert QUESTION[8].reference([1, 2], 0) == [(2, 1, 1)]


def test_phi_gives_eight_times_by_the_rule_and_three_steps_give_more_by_counting():
    assert (1.2 * 1.1**2 * 1.15**2) ** QUESTION[9].reference == pytest.approx(8)
    assert macs(scaled(3)) / macs(scaled(0)) == pytest.approx(8.4, abs=0.05)
    assert macs(scaled(1)) / macs(scaled(0)) == pytest.approx(2.6, abs=0.05)


def test_the_stopwatch_that_lies_says_nearly_three_seconds():
    model = SlowAtFirst()
    said = QUESTION[10].starter(model, torch.zeros(1), RUNS, lambda: model.now)
    assert 2.5 < said < 3


def test_of_the_networks_that_are_tried_the_smallest_file_is_not_the_least_work():
    names, size, right = NETWORKS[0]
    models = {name: without_numbers(name) for name in names}
    assert min(names, key=lambda name: count_macs(models[name], size)) == right
    assert min(names, key=lambda name: count_parameters(models[name])) == "squeezenet1_1"
    squeezed, mobile = models["squeezenet1_1"], models["mobilenet_v3_small"]
    assert count_parameters(mobile) / count_parameters(squeezed) == pytest.approx(2, abs=0.1)
    assert count_macs(squeezed, 224) / count_macs(mobile, 224) == pytest.approx(6, abs=0.5)


def test_of_two_networks_that_are_tried_another_one_is_the_least_work_at_the_usual_size():
    names, size, right = NETWORKS[2]
    macs = {side: [count_macs(without_numbers(name), side) for name in names] for side in (size, 224)}
    assert names[np.argmin(macs[size])] == right != names[np.argmin(macs[224])]


def test_a_share_is_told_once_and_not_times():
    assert "memory, 1 time: " in QUESTION[3].judge({**QUESTION[3].reference, "memory": 1}).text


def test_the_app_of_the_task_can_shrink_so():
    assert 4 * (params(Config()) - params(Config(width=0.75))) > 7e6


def test_the_fruit_of_the_task_fits_at_half_the_size():
    assert macs(Config(size=128)) / macs(Config()) < 10 / 30 + 0.01
