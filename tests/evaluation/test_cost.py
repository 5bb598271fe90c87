"""What a model costs is counted right for any network, leaves the network alone, and is timed as a clock would."""

import copy
import time

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import get_model

from utils.errors import CourseError
from utils.evaluation import latency as timing
from utils.evaluation.cost import cost, count_macs, count_parameters, latency, layer_costs
from utils.models.build import build
from utils.models.freezing import freeze


def small():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )  # fmt: skip


def small_again():
    """A model that torch's meta device cannot take: it looks at a number on its way."""

    class Looking(nn.Sequential):
        def forward(self, images):
            if images.sum().item() > 1e9:
                raise AssertionError
            return super().forward(images)

    return Looking(*small())


def test_each_number_of_a_small_network_is_that_of_pencil_and_paper():
    found = cost(small(), 10)
    assert found.parameters == (27 * 8 + 8) + 2 * 8 + (8 * 5 + 5)
    assert found.macs == 100 * 27 * 8 + 8 * 5
    assert found.file_bytes == 4 * (found.parameters + 2 * 8) + 8  # running averages; the count of batches has 8 bytes


def test_activation_memory_is_what_the_backward_pass_needs():
    # The convolution keeps its input, BatchNorm its input and two numbers a channel of the batch, ReLU its result,
    # which pooling keeps as well, and the last layer its input.
    picture, maps, pooled = 3 * 100, 8 * 100, 8
    by_hand = 4 * (picture + 2 * maps + pooled)
    assert by_hand <= cost(small(), 10).activation_bytes <= by_hand + 4 * 2 * 8


def test_activation_memory_does_not_depend_on_what_is_frozen_or_on_the_mode():
    model = build("shufflenet_v2_x0_5", 5, None, size=64)
    before = cost(model)
    freeze(model, "backbone")
    assert cost(model.eval()) == before


@pytest.mark.parametrize(
    ("name", "size", "millions"),
    [("efficientnet_b0", 178, 272), ("efficientnet_b0", 256, 502), ("mobilenet_v3_large", 178, 152),
     ("mobilenet_v3_small", 224, 56), ("shufflenet_v2_x0_5", 320, 80.5)],
)  # fmt: skip
def test_multiply_adds_are_those_counted_before_this_course_was_written(name, size, millions):
    num_classes = 3 if "shuffle" in name else 5
    with torch.device("meta"):
        model = get_model(name, weights=None, num_classes=num_classes)
    assert count_macs(model, size) / 1e6 == pytest.approx(millions, rel=0.01)


def test_the_layers_add_up_to_the_whole():
    model = get_model("efficientnet_b0", weights=None)
    layers = layer_costs(model, 64)
    assert layers["macs"].sum() == count_macs(model, 64)
    assert layers["parameters"].sum() == count_parameters(model)
    assert layers.loc[0, ["layer", "kind", "output"]].tolist() == ["features.0.0", "Conv2d", (32, 32, 32)]
    assert layers["output"].iloc[-1] == (1000,)


def test_a_layer_passed_twice_has_two_rows_and_its_parameters_once():
    shared = nn.Conv2d(3, 3, 1)
    layers = layer_costs(nn.Sequential(shared, nn.ReLU(), shared), 4)
    assert layers["layer"].tolist() == ["0", "1", "0"]
    assert layers["parameters"].tolist() == [12, 0, 0]
    assert layers["macs"].tolist() == [16 * 9, 0, 16 * 9]


def test_a_network_that_looks_at_numbers_is_counted_too():
    ours, other = small(), small_again()
    assert cost(ours, 10) == cost(other, 10)
    assert layer_costs(ours, 10).equals(layer_costs(other, 10))


@pytest.mark.parametrize(
    "make",
    [small, lambda: small_again().append(nn.Dropout(0.5)), lambda: get_model("efficientnet_b0", weights=None)],
    ids=["small", "looks at numbers, drops some", "efficientnet"],
)
def test_counting_changes_nothing(make):
    model = make().train()
    model[0].eval() if isinstance(model, nn.Sequential) else model.features[0].eval()
    before, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    state = torch.get_rng_state()
    cost(model, 40)
    layer_costs(model, 40)
    latency(model, 40, runs=1, warmup=0, threads=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_shared_weight_counts_once_in_parameters_and_file():
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 12, bias=False), nn.ReLU(), nn.Linear(12, 12, bias=False))
    model[3].weight = model[1].weight
    found = cost(model, 2)
    assert (found.parameters, found.file_bytes, found.macs) == (144, 4 * 144, 2 * 144)


def test_the_file_is_as_large_as_said_but_for_its_header(tmp_path):
    model = get_model("mobilenet_v3_small", weights=None)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    header = (tmp_path / "model.safetensors").stat().st_size - cost(model, 64).file_bytes
    assert 0 < header < 150 * len(model.state_dict())


def test_half_precision_halves_the_file_and_counts_the_same():
    model = get_model("shufflenet_v2_x0_5", weights=None)
    whole, half = cost(model, 64), cost(copy.deepcopy(model).bfloat16(), 64)
    assert half.macs == whole.macs
    assert half.file_bytes < 0.51 * whole.file_bytes


def test_the_size_is_that_of_the_model_unless_another_is_given():
    model = build("shufflenet_v2_x0_5", 5, None, size=64)
    assert cost(model) == cost(model, 64)
    assert cost(model, (64, 96)).macs > cost(model).macs
    assert count_macs(nn.Conv2d(1, 2, 1), 8, channels=1) == 128


def test_a_cost_reads_as_a_sentence():
    text = str(cost(get_model("efficientnet_b0", weights=None), 224))
    assert text.startswith("5,288,548 parameters, 386 million multiply-adds a picture, ")
    assert text.endswith("21.3 MB on disk")


# --- time ------------------------------------------------------------------------------------------


class Clock:
    """In the place of `time`: each pass of a model takes what its list says next."""

    def __init__(self, takes):
        self.now, self.takes = 0.0, iter(takes)

    def perf_counter(self):
        return self.now


@pytest.fixture
def clocked(monkeypatch):
    """clocked(seconds of each pass): a model, on a machine where its passes take that long."""

    def make(takes):
        clock = Clock(takes)
        monkeypatch.setattr(timing, "time", clock)

        class Slow(nn.Module):
            passes = 0

            def forward(self, images):
                self.passes += 1
                self.saw = images, torch.get_num_threads(), self.training, torch.is_inference_mode_enabled()
                clock.now += next(clock.takes)

        return Slow()

    return make


def test_the_median_and_quartiles_are_of_the_runs_after_the_warm_up(clocked):
    model = clocked([9, 9, 1, 2, 3, 4, 100])
    found = latency(model, 8, runs=5, warmup=2)
    assert (found.low, found.seconds, found.high, found.runs) == (2, 3, 4, 5)
    assert model.passes == 7


def test_it_stops_when_time_is_up_but_not_before_three_runs(clocked):
    assert latency(clocked([1] * 50), 8, runs=50, warmup=0, at_most=5).runs == 6
    assert latency(clocked([1] * 50), 8, runs=50, warmup=1, at_most=0).runs == 3


def test_it_asks_in_eval_mode_without_gradients_with_the_threads_and_the_batch_that_are_stated(clocked):
    model, threads = clocked([1] * 9).train(), torch.get_num_threads()
    found = latency(model, (8, 6), batch_size=4, threads=2, runs=3)
    images, used, training, inference = model.saw
    assert (tuple(images.shape), used, training, inference) == ((4, 3, 8, 6), 2, False, True)
    assert (found.threads, found.batch_size, found.device) == (2, 4, "cpu")
    assert torch.get_num_threads() == threads
    assert model.training


def test_threads_are_as_before_after_an_error_too():
    threads = torch.get_num_threads()
    with pytest.raises(CourseError):
        latency(nn.Linear(3, 2), 8, threads=2)
    assert torch.get_num_threads() == threads


def test_a_gpu_is_waited_for_before_the_clock_is_read_each_time(clocked, monkeypatch):
    waited = []
    monkeypatch.setattr(timing, "_wait_for", lambda device: waited.append(device))
    latency(clocked([1] * 9), 8, runs=3, warmup=1)
    assert len(waited) == 2 * 4


def test_on_a_gpu_waiting_is_synchronising(monkeypatch):
    called = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: called.append(("cuda", device)))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: called.append(("mps", None)))
    for name in ("cpu", "cuda", "mps"):
        timing._wait_for(torch.device(name))
    assert called == [("cuda", torch.device("cuda")), ("mps", None)]


def test_a_real_clock_sees_a_model_that_sleeps():
    class Sleepy(nn.Module):
        def forward(self, images):
            time.sleep(0.02)

    assert latency(Sleepy(), 8, runs=3, warmup=0).low >= 0.02


def test_a_latency_says_threads_batch_and_spread():
    text = str(timing.Latency(0.0333, 0.03, 0.0401, 20, 1, "cpu", 2))
    assert text == "33.3 ms (half of 20 runs between 30.0 and 40.1 ms), batch of 1, cpu, 2 threads"
    assert str(timing.Latency(0.01, 0.01, 0.01, 5, 8, "cuda", 2)).endswith("batch of 8, cuda")
    assert str(timing.Latency(0.01, 0.01, 0.01, 5, 8, "cpu", 1)).endswith("cpu, 1 thread")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cost(nn.Flatten()), "size=224"),
        (lambda: cost(nn.Linear(3, 2), 8), "cannot take pictures of shape (3, 8, 8)"),
        (lambda: cost(small(), 8, channels=1), "channels=..."),
        (lambda: layer_costs(get_model("alexnet", weights=None), 20), "(3, 20, 20)"),
        (lambda: latency(small(), 8, runs=0), "runs as a whole number, 1 or more, but got 0"),
        (lambda: latency(small(), 8, batch_size=1.5), "batch_size as a whole number"),
        (lambda: latency(small(), 8, threads=0), "threads as a whole number"),
        (lambda: latency(small(), 8, warmup=-1), "warmup as a whole number, 0 or more"),
        (lambda: latency(small(), "large"), "large"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(call, words):
    with pytest.raises(CourseError) as error:
        call()
    assert words in str(error.value)
