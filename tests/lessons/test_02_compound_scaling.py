"""Lesson 02 as a tool: other variants, sizes, budgets and pictures; and what it writes out by hand is what utils does."""

import json
import math
from statistics import median
from time import perf_counter

import numpy as np
import pytest
import torch
from torch import nn

from tests.lessons import tool
from tests.lessons.tool import LESSONS, picture
from utils.models import efficientnet
from utils.models.efficientnet import Block, Config, macs, params, variant
from utils.models.scaling import B0

LESSON = "02_compound_scaling.ipynb"
QUICK = {"variants": ["b0"], "sizes": [32], "latency_budget": 1e6}


def run(tmp_path, **parameters):
    return tool.run(LESSON, tmp_path, **parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, own pictures) of a run with one variant at two small sizes, on a folder without classes."""
    tmp_path = tmp_path_factory.mktemp("lesson 02")
    own, rng = tmp_path / "own pictures", np.random.default_rng(0)
    for number in range(6):
        picture(own / f"{number}.jpg", rng)  # 40 to 70 pixels wide, 50 high
    results, text = run(
        tmp_path, data_dir=str(own), variants=["b0", "b0"], sizes=[32, 64], latency_budget=1e6, batch_size=2
    )
    written = json.loads((tmp_path / "out" / "output" / "results.json").read_text(encoding="utf-8"))
    assert written == results
    return results, text


def test_a_variant_can_be_timed_at_several_sizes(quick_run):
    results, text = quick_run
    numbers = results["numbers"]
    assert list(numbers["milliseconds"]) == ["B0, 32 px", "B0, 64 px"]
    assert all(value > 0 for value in numbers["milliseconds"].values())
    assert numbers["macs"] == {"B0, 32 px": macs(variant("b0"), 32), "B0, 64 px": macs(variant("b0"), 64)}
    assert "batch of 2, cpu, 1 thread" in text


def test_with_a_large_budget_the_largest_is_chosen(quick_run):
    results, text = quick_run
    assert results["numbers"]["choice"] == "B0, 64 px"
    assert "B0, 64 px takes" in text


def test_own_pictures_that_would_be_enlarged_are_counted(quick_run):
    results, _ = quick_run
    assert results["numbers"]["enlarged"] == {"B0, 32 px": 0.0, "B0, 64 px": 1.0}


def test_what_is_counted_holds_whatever_the_parameters(quick_run):
    results, _ = quick_run
    assert len(results["claims"]) == 12
    assert [claim["text"] for claim in results["claims"][:7] if not claim["holds"]] == []


def test_the_plain_network_is_the_one_of_the_walk_through(quick_run):
    results, text = quick_run
    assert "the plain one: 1,209,477 parameters; B0: 4,013,953" in text
    assert results["numbers"]["plain_times_the_work"] == pytest.approx(10.6, abs=0.05)


@pytest.mark.slow
def test_a_budget_that_none_meets_gets_a_smaller_size(tmp_path):
    results, text = run(tmp_path, variants=["b1"], sizes=[96], latency_budget=0.001, limit=3, threads=2)
    assert results["numbers"]["choice"] is None
    assert "Within 0.001 ms: about 32 px" in text
    assert "cpu, 2 threads" in text


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"variants": ["b9"]}, "'b0', 'b1'"),
        ({"variants": []}, "at least one variant"),
        ({"sizes": [224]}, "as many sizes as variants"),
        ({"variants": ["b0"], "sizes": [0]}, "size as a whole number of pixels"),
        ({"latency_budget": -1.0}, "a budget above 0 ms"),
        ({"data_dir": "nowhere"}, "nowhere"),
    ],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, parameters, words):
    assert words in tool.failure(LESSON, tmp_path, parameters)


# --- what the lesson writes out ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def written_out():
    """The lesson's own functions and classes, by name."""
    space = {"nn": nn, "torch": torch, "math": math, "stages": [tuple(stage) for stage in B0], "median": median,
             "perf_counter": perf_counter, "efficientnet": efficientnet, "macs": macs}  # fmt: skip
    tool.definitions(LESSON, space, "conv_macs", "conv_params", "conv_norm", "SqueezeExcite", "MBConv", "block_macs",
                     "round_filters", "round_repeats", "OurEfficientNet", "times_of", "largest_within")  # fmt: skip
    return space


def cell_with(words):
    """The source of the one code cell that contains these words."""
    (source,) = [cell.source for cell in tool.cells(LESSONS / LESSON, "code") if words in cell.source]
    return source


def test_the_table_written_out_is_the_papers(written_out):
    space = dict(written_out)
    exec(cell_with("stages = ["), space)
    assert [tuple(stage) for stage in space["stages"]] == [tuple(stage) for stage in B0]


@pytest.mark.parametrize("name", efficientnet.VARIANTS)
def test_the_network_written_out_has_the_shapes_of_ours(written_out, name):
    config = variant(name)
    with torch.device("meta"):
        theirs = written_out["OurEfficientNet"](config.width, config.depth, config.dropout, num_classes=7)
        ours = efficientnet.EfficientNet(config, num_classes=7)
    shapes = [{key: value.shape for key, value in model.state_dict().items()} for model in (theirs, ours)]
    assert shapes[0] == shapes[1]
    assert sum(parameter.numel() for parameter in theirs.parameters()) == params(config, num_classes=7)


def test_the_network_written_out_gives_the_answers_of_ours(written_out):
    torch.manual_seed(0)
    ours = efficientnet.EfficientNet(Config(0.5, 0.5, 64), num_classes=7).eval()
    theirs = written_out["OurEfficientNet"](0.5, 0.5, num_classes=7).eval()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(theirs(images), ours(images), atol=1e-6)


@pytest.mark.parametrize("block", [Block(6, 3, 2, 16, 24), Block(1, 3, 1, 32, 16), Block(6, 5, 1, 40, 40)])
def test_the_arithmetic_of_a_block_written_out_is_ours(written_out, block):
    before, after = 56, 28 if block.stride == 2 else 56
    by_hand = written_out["block_macs"](before, after, block.expand, block.kernel, block.inputs, block.outputs)
    assert by_hand == block.macs(before**2, after**2)


@pytest.mark.parametrize(("channels", "width"), [(16, 1.2), (40, 1.1), (24, 0.3), (320, 2.0), (10, 1.1)])
def test_rounding_written_out_is_ours(written_out, channels, width):
    assert written_out["round_filters"](channels, width) == efficientnet.round_filters(channels, width)


def test_the_largest_within_a_budget_is_the_one_with_the_most_work(written_out):
    written_out["options"] = {"B0": variant("b0"), "B1": variant("b1"), "B2": variant("b2")}
    largest_within = written_out["largest_within"]
    assert largest_within({"B2": 40, "B0": 20, "B1": 50}, 45) == "B2"
    assert largest_within({"B2": 40, "B0": 20, "B1": 50}, 20) == "B0"
    assert largest_within({"B2": 40}, 39) is None


def test_the_stopwatch_written_out_lets_models_take_turns_in_eval_mode(written_out):
    seen = []

    class Modes(nn.Module):
        def forward(self, images):
            seen.append((self, tuple(images.shape), self.training, torch.is_inference_mode_enabled()))

    models = {"one": Modes(), "two": Modes()}
    times = written_out["times_of"](models, 32, warmup=1, runs=4)
    assert list(times) == ["one", "two"] and min(times.values()) > 0
    assert seen == [(model, (1, 3, 32, 32), False, True) for model in models.values()] * 5
