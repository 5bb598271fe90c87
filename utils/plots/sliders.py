"""Sliders over EfficientNet's multipliers, the cost live beside them. They need a running notebook; `cost_growth` does not."""

import ipywidgets as widgets

from utils.models.scaling import Config, macs, params, scaled
from utils.plots.figures import BLUE

RANGES = {"phi": (-2.0, 7.0, 0.25), "depth": (0.5, 4.0, 0.01), "width": (0.5, 2.5, 0.01), "size": (64, 640, 1)}
PLACES = 2  # of depth and width, as they are shown


class CostSliders(widgets.VBox):
    """phi moves all three dimensions by the rule; depth, width and size can then be moved by themselves."""

    def __init__(self, phi: float = 0.0):
        self.phi, self.depth, self.width = (_slider(name) for name in ("phi", "depth", "width"))
        self.size = _slider("size", widgets.IntSlider)
        self.table = widgets.HTML()
        self._following = False
        super().__init__([self.phi, self.depth, self.width, self.size, self.table])
        self.phi.observe(self._follow, "value")
        for slider in (self.depth, self.width, self.size):
            slider.observe(self._show, "value")
        self.phi.value = phi
        self._follow()

    @property
    def config(self) -> Config:
        """The network that the sliders stand for."""
        return Config(self.width.value, self.depth.value, self.size.value)

    def _follow(self, _change=None):
        wanted = scaled(self.phi.value)
        self._following = True  # one answer for the three of them, not three
        # Only values at which the sliders can stand: the browser would move any other to the next step and send that.
        self.depth.value, self.width.value = round(wanted.depth, PLACES), round(wanted.width, PLACES)
        self.size.value = wanted.size
        self._following = False
        self._show()

    def _show(self, _change=None):
        if not self._following:
            self.table.value = cost_table(self.config)

    def __repr__(self):
        return "<Sliders for phi, depth, width and size, with the cost: run the notebook to move them>"


def cost_table(config: Config) -> str:
    """What a config costs, and how many times B0, as HTML with a bar each."""
    base = Config()
    costs = {
        "parameters, millions": (params(config) / 1e6, params(base) / 1e6),
        "multiply-adds, millions": (macs(config) / 1e6, macs(base) / 1e6),
        "file of weights, MB": (4 * params(config) / 1e6, 4 * params(base) / 1e6),
    }
    rows = "".join(_row(name, *values) for name, values in costs.items())
    return f'<table style="line-height: 1.6">{rows}</table>'


def _row(name, value, base):
    # 64 times B0 fills the bar's 300 pixels, B0 itself a few of them.
    pixels = min(300, round(300 * value / base / 64) + 4)
    bar = f'<div aria-hidden="true" style="width: {pixels}px; height: 0.8em; background: {BLUE}"></div>'
    return (f"<tr><th scope='row' style='text-align: left; font-weight: normal'>{name}</th><td style='text-align: right; padding: 0 1em'>{value:,.1f}</td>"
            f"<td style='text-align: right; padding-right: 1em'>{value / base:.2f} times B0</td><td>{bar}</td></tr>")  # fmt: skip


def _slider(name, kind=widgets.FloatSlider):
    low, high, step = RANGES[name]
    return kind(value=low, min=low, max=high, step=step, description=name, continuous_update=True,
                layout=widgets.Layout(width="520px"))  # fmt: skip
