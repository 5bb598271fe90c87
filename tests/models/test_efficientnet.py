"""Our EfficientNet is torchvision's: the same parameters and multiply-adds for B0 to B7, the same answers to a picture."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model
from torchvision.ops import StochasticDepth as TorchvisionsStochasticDepth

from utils.errors import CourseError
from utils.models.efficientnet import (
    Config,
    EfficientNet,
    MBConv,
    StochasticDepth,
    macs,
    params,
    round_filters,
    round_repeats,
    scaled,
    variant,
)
from utils.models.scaling import B0, VARIANTS, Block

# With 1000 classes; of torchvision's documentation.
PARAMETERS = {
    "b0": 5_288_548, "b1": 7_794_184, "b2": 9_109_994, "b3": 12_233_232,
    "b4": 19_341_616, "b5": 30_389_784, "b6": 43_040_704, "b7": 66_347_960,
}  # fmt: skip
# Table 2 of the paper, in billions.
PAPERS_FLOPS = {"b0": 0.39, "b1": 0.70, "b2": 1.0, "b3": 1.8, "b4": 4.2, "b5": 9.9, "b6": 19, "b7": 37}

each_variant = pytest.mark.parametrize("name", VARIANTS)


def on_meta(make):
    with torch.device("meta"):
        return make()


def torchvisions(name, **options):
    return get_model(f"efficientnet_{name}", weights=None, **options)


def counted(model, *shape):
    """Multiply-adds by torch's own counter."""
    counter = FlopCounterMode(display=False)
    with counter:
        model.eval()(torch.empty(shape, device="meta"))
    return counter.get_total_flops() / 2


def sum_of(model):
    return sum(parameter.numel() for parameter in model.parameters())


@each_variant
def test_parameters_are_those_of_torchvision_exactly(name):
    ours, theirs = on_meta(lambda: EfficientNet(variant(name))), on_meta(lambda: torchvisions(name))
    assert sum_of(ours) == sum_of(theirs) == PARAMETERS[name]
    assert params(variant(name)) == PARAMETERS[name]


@each_variant
def test_multiply_adds_are_what_torch_counts_exactly(name):
    config = variant(name)
    theirs = on_meta(lambda: torchvisions(name))
    assert macs(config) == counted(theirs, 1, 3, config.size, config.size)
    assert macs(config) == pytest.approx(1e9 * PAPERS_FLOPS[name], rel=0.05)


@pytest.mark.parametrize("size", [1, 33, 64, 225, (96, 131), (300, 200)])
def test_multiply_adds_are_right_at_any_size(size):
    shape = size if isinstance(size, tuple) else (size, size)
    model = on_meta(lambda: EfficientNet(variant("b1"), num_classes=7))
    assert macs(variant("b1"), size, num_classes=7) == counted(model, 1, 3, *shape)


@settings(max_examples=25)  # a large network takes seconds to count
@given(
    width=st.floats(0.2, 3),
    depth=st.floats(0.2, 4),
    size=st.integers(16, 700),
    num_classes=st.integers(1, 50),
)
def test_arithmetic_and_network_agree_for_any_multipliers(width, depth, size, num_classes):
    config = Config(width, depth, size)
    model = on_meta(lambda: EfficientNet(config, num_classes))
    assert params(config, num_classes) == sum_of(model)
    assert macs(config, num_classes=num_classes) == counted(model, 1, 3, size, size)


@each_variant
def test_names_and_shapes_of_tensors_are_torchvisions(name):
    ours, theirs = on_meta(lambda: EfficientNet(variant(name), 5)), on_meta(lambda: torchvisions(name, num_classes=5))
    shapes = [{key: tuple(tensor.shape) for key, tensor in model.state_dict().items()} for model in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert ours.classifier[0].p == theirs.classifier[0].p


# B5 for its other eps of BatchNorm.
@pytest.mark.parametrize(("name", "size"), [("b0", 224), ("b4", 380), ("b4", 97), ("b5", 64)])
def test_with_torchvisions_weights_the_answers_are_torchvisions(name, size):
    torch.manual_seed(0)
    theirs = torchvisions(name).eval()
    for key, tensor in theirs.state_dict().items():  # averages as after a training, or BatchNorm would do nothing
        if "running_" in key:
            tensor.add_(0.1 * torch.rand_like(tensor))
    ours = EfficientNet(variant(name)).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(1, 3, size, size)
    with torch.inference_mode():
        expected, got = theirs(images), ours(images)
    assert expected.abs().max() > 1e-3  # zeros would agree with anything
    assert torch.allclose(got, expected, rtol=1e-5, atol=1e-5 * max(1, expected.abs().max().item()))


def test_in_training_each_block_drops_as_torchvisions_does():
    ours, theirs = on_meta(lambda: EfficientNet(variant("b2"))), on_meta(lambda: torchvisions("b2"))
    own = [module.p for module in ours.modules() if isinstance(module, StochasticDepth)]
    other = [module.p for module in theirs.modules() if isinstance(module, TorchvisionsStochasticDepth)]
    assert own == pytest.approx(other)
    assert own[0] == 0 < own[-1] < 0.2


def test_stochastic_depth_drops_whole_pictures_and_keeps_the_mean():
    torch.manual_seed(0)
    layer, maps = StochasticDepth(0.25), torch.ones(4000, 2, 3, 3)
    dropped = layer(maps)
    assert dropped.unique().tolist() == [0, pytest.approx(4 / 3)]
    assert (dropped.amin(dim=(1, 2, 3)) == dropped.amax(dim=(1, 2, 3))).all()
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)
    assert (layer.eval()(maps) == maps).all()


def test_a_block_adds_its_input_where_shapes_allow_it():
    same, narrower, smaller = (MBConv(Block(6, 3, *rest)) for rest in ((1, 16, 16), (1, 16, 8), (2, 16, 16)))
    assert [block.adds_input for block in (same, narrower, smaller)] == [True, False, False]
    maps = torch.randn(2, 16, 8, 8)
    nothing = same.eval()
    for parameter in nothing.block[-1].parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.equal(nothing(maps), maps)


def test_it_learns():
    torch.manual_seed(0)
    model = EfficientNet(Config(0.25, 0.3, 32), num_classes=2).train()
    images, targets = torch.randn(8, 3, 32, 32), torch.tensor([0, 1] * 4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        loss = torch.nn.functional.cross_entropy(model(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert losses[-1] < losses[0] / 2


# --- the rule --------------------------------------------------------------------------------------


def test_phi_0_is_b0_and_the_rule_goes_on_from_there():
    assert scaled(0) == variant("b0") == Config()
    assert (scaled(1).depth, scaled(1).width, scaled(1).size) == (1.2, 1.1, 258)
    assert scaled(2).depth == pytest.approx(1.44)
    assert scaled(7).dropout == pytest.approx(variant("b7").dropout)
    assert (scaled(-2).size, scaled(1, gamma=1.0).size, scaled(1, size=100).size) == (169, 224, 115)


def test_the_rule_and_the_published_b1_differ():
    assert (variant("b1").width, variant("b1").depth, variant("b1").size) == (1.0, 1.1, 240)


@each_variant
def test_a_variant_may_be_written_in_capitals(name):
    assert variant(name.upper()) == variant(name)


@given(channels=st.integers(1, 2000), width=st.floats(0.05, 20))
def test_rounded_channels_are_multiples_of_8_near_what_was_wanted(channels, width):
    rounded, wanted = round_filters(channels, width), channels * width
    assert rounded % 8 == 0
    assert rounded >= 0.9 * wanted
    assert rounded == 8 or rounded - wanted <= 8


def test_channels_round_to_the_nearest_and_go_up_where_a_tenth_would_be_lost():
    assert [round_filters(24, 1.1), round_filters(24, 1.2), round_filters(16, 1.1)] == [24, 32, 16]
    assert round_filters(10, 1.1) == 16  # 8 is nearest to 11, and less than nine tenths of it


@given(repeats=st.integers(1, 10), depth=st.floats(0.01, 10))
def test_repeats_round_up(repeats, depth):
    assert repeats * depth <= round_repeats(repeats, depth) < repeats * depth + 1


def test_the_table_is_that_of_the_paper():
    assert [stage.channels for stage in B0] == [16, 24, 40, 80, 112, 192, 320]
    assert sum(stage.repeats for stage in B0) == 16
    assert [stage.repeats for stage in variant("b7").stages] == [4, 7, 7, 10, 10, 13, 4]
    assert [stage.channels for stage in variant("b3").stages] == [24, 32, 48, 96, 136, 232, 384]


def test_bigger_pictures_change_multiply_adds_and_no_parameter():
    assert params(Config(size=448)) == params(Config(size=224))
    assert 3.9 < macs(Config(size=448)) / macs(Config(size=224)) < 4.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: variant("b8"), "'b0', 'b1'"),
        (lambda: variant("efficientnet_b0"), "'efficientnet_b0'"),
        (lambda: variant(3), "got 3"),
        (lambda: Config(width=0), "width as a number above 0"),
        (lambda: Config(depth=-1.0), "depth as a number above 0"),
        (lambda: Config(width=float("nan")), "got nan"),
        (lambda: Config(width=True), "got True"),
        (lambda: Config(width=1000), "at most 100"),
        (lambda: Config(size=0), "size as a whole number of pixels"),
        (lambda: Config(size=224.0), "got 224.0"),
        (lambda: Config(dropout=1.0), "dropout as a number from 0"),
        (lambda: scaled("1"), "as numbers"),
        (lambda: scaled(float("inf")), "as numbers"),
        (lambda: scaled(-60), "size as a whole number"),
        (lambda: scaled(60), "width as a number above 0, at most 100"),
        (lambda: macs(Config(), (224, -1)), "-1"),
    ],
)
def test_a_wrong_setting_is_named(make, words):
    with pytest.raises(CourseError) as error:
        make()
    assert words in str(error.value)
