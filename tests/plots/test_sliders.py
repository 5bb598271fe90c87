"""Sliders: phi moves all three by the rule, each can be moved by itself, and the cost follows."""

import re

import pytest

from utils.models.efficientnet import Config, macs, params, scaled
from utils.plots.sliders import RANGES, CostSliders, cost_table


def numbers(html):
    """Per row: what it costs, and how many times B0."""
    return [tuple(float(text.replace(",", "")) for text in row)
            for row in re.findall(r">([\d,.]+)</td>.*?>([\d.]+) times B0", html)]  # fmt: skip


def test_phi_moves_the_other_three_by_the_rule():
    sliders = CostSliders()
    assert sliders.config == Config(1.0, 1.0, 224)
    sliders.phi.value = 2.0
    wanted = scaled(2)
    found = (sliders.width.value, sliders.depth.value, sliders.size.value)
    assert found == pytest.approx((wanted.width, wanted.depth, wanted.size), abs=0.005)


def test_the_cost_is_that_of_the_config_and_follows_each_slider():
    sliders = CostSliders(phi=1.0)
    shown = [sliders.table.value]
    for slider, value in ((sliders.depth, 2.0), (sliders.width, 1.5), (sliders.size, 320), (sliders.phi, 3.0)):
        slider.value = value
        shown.append(sliders.table.value)
        assert sliders.table.value == cost_table(sliders.config)
    assert len(set(shown)) == len(shown)


def test_the_table_says_parameters_multiply_adds_and_file():
    config = scaled(3)
    (millions, more), (work, times), (file, _) = numbers(cost_table(config))
    assert (millions, more) == (round(params(config) / 1e6, 1), round(params(config) / params(Config()), 2))
    assert (work, times) == (round(macs(config) / 1e6, 1), round(macs(config) / macs(Config()), 2))
    assert file == pytest.approx(4 * params(config) / 1e6, abs=0.05)


def test_moving_phi_counts_once_and_not_for_each_of_the_three(monkeypatch):
    sliders, counted = CostSliders(), []
    monkeypatch.setattr("utils.plots.sliders.cost_table", lambda config: counted.append(config) or "")
    sliders.phi.value = 4.0
    assert counted == [sliders.config]


@pytest.mark.parametrize("phi", [RANGES["phi"][0], RANGES["phi"][1]])
def test_the_rule_stays_within_the_sliders(phi):
    sliders, wanted = CostSliders(phi=phi), scaled(phi)
    assert (sliders.depth.value, sliders.width.value, sliders.size.value) == pytest.approx(
        (wanted.depth, wanted.width, wanted.size), abs=0.005
    )


@pytest.mark.parametrize("phi", [-1.75, 0.75, 1.25, 6.5])
def test_phi_leaves_the_others_where_a_slider_can_stand_so_that_the_browser_moves_none_on(phi):
    sliders = CostSliders(phi=phi)
    for slider in (sliders.depth, sliders.width, sliders.size):
        steps = (slider.value - slider.min) / slider.step
        assert steps == pytest.approx(round(steps), abs=1e-9)


def test_without_a_kernel_a_sentence_stands_in_its_place():
    assert repr(CostSliders()).startswith("<Sliders for phi, depth, width and size")
