"""Exercise 4: the parameters of EfficientNet's block."""

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number

# expand, kernel, inputs, outputs
BLOCKS = [(6, 3, 16, 24), (6, 5, 40, 40), (1, 3, 32, 16), (4, 5, 112, 192)]


def block_params(expand, kernel, inputs, outputs):
    """Parameters of an MBConv: convolutions, BatchNorm, squeeze-and-excite."""
    wide, squeezed = expand * inputs, inputs // 4
    widen = inputs * wide + 2 * wide if expand != 1 else 0
    filtering = kernel**2 * wide + 2 * wide
    reweight = wide * squeezed + squeezed + squeezed * wide + wide
    narrow = wide * outputs + 2 * outputs
    return widen + filtering + reweight + narrow


def probe_block_params(answer):
    for block in BLOCKS:
        got, right = as_number(answer(*block), "a number of parameters"), block_params(*block)
        if got != right:
            expand, kernel, inputs, outputs = block
            raise NotYet(f"expand {expand}, window {kernel} x {kernel}, {inputs} to {outputs} channels: you count "
                         f"{got:,.0f}. {_what_differs(got - right, block)}")  # fmt: skip


def _what_differs(difference, block):
    expand, kernel, inputs, outputs = block
    wide, squeezed, is_wider = expand * inputs, inputs // 4, expand != 1
    norms = 2 * wide * is_wider + 2 * wide + 2 * outputs
    usual = {
        "Where nothing is expanded, there is no widening layer.": inputs * wide + 2 * wide,
        "A widening layer without its BatchNorm, where nothing is expanded? There is none.": inputs * wide,
        "What about BatchNorm, two numbers for each channel, after each of the convolutions?": -norms,
        "Each BatchNorm has two parameters a channel: a scale and a shift. (Its averages are no parameters.)": -norms // 2,
        "BatchNorm's running averages are no parameters.": norms,
        "The two layers of squeeze-and-excite have a bias.": -(squeezed + wide),
        "Where is squeeze-and-excite?": -(2 * wide * squeezed + squeezed + wide),
        "Squeeze-and-excite goes down to a quarter of the block's inputs, not of the wide channels.":
            (2 * wide + 1) * (wide // 4 - squeezed),
        "Depthwise: each of the wide channels has one window, in itself alone.": kernel**2 * wide * (wide - 1),
        "How many weights has a window?": -(kernel**2 - kernel) * wide,
        "A convolution that BatchNorm follows has no bias: the shift does its work.": norms // 2,
    }  # fmt: skip
    return next((reason for reason, value in usual.items() if value == difference and value),
                "Count layer by layer: widen, filter, reweight, narrow.")  # fmt: skip


def _off_by(change):
    """A block_params that counts so many more."""
    return lambda expand, kernel, inputs, outputs: (
        block_params(expand, kernel, inputs, outputs) + change(expand, kernel, inputs, outputs)
    )


def _norms(e, k, i, o):
    return 2 * e * i * (e != 1) + 2 * e * i + 2 * o


q4 = Question(
    number=4,
    reference=block_params,
    probe=probe_block_params,
    hints=[
        "Four parts, one after the other: widen (not where expand is 1), filter, reweight, narrow. How many weights has "
        "each convolution? All but the filtering one are 1 x 1.",
        "With wide = expand * inputs: widen has inputs * wide weights, filtering kernel**2 * wide, narrow wide * outputs; "
        "after each comes a BatchNorm with 2 numbers for each of its channels.",
        "Squeeze-and-excite has two 1 x 1 convolutions with a bias: from wide to inputs // 4 channels, and back.",
    ],
    why="Nearly all of it is in the two 1 x 1 convolutions that widen and narrow, because they alone have inputs times "
    "outputs. The window, for which one says *convolution*, has next to nothing.",
    mistakes=[
        Mistake(_off_by(lambda e, k, i, o: -_norms(e, k, i, o)), "two numbers for each channel"),
        Mistake(_off_by(lambda e, k, i, o: -_norms(e, k, i, o) // 2), "a scale and a shift"),
        Mistake(_off_by(_norms), "running averages are no parameters"),
        Mistake(_off_by(lambda e, k, i, o: _norms(e, k, i, o) // 2), "the shift does its work"),
        Mistake(_off_by(lambda e, k, i, o: -(i // 4 + e * i)), "squeeze-and-excite have a bias"),
        Mistake(_off_by(lambda e, k, i, o: -(2 * e * i * (i // 4) + i // 4 + e * i)), "Where is squeeze-and-excite"),
        Mistake(_off_by(lambda e, k, i, o: (2 * e * i + 1) * (e * i // 4 - i // 4)), "a quarter of the block's inputs"),
        Mistake(_off_by(lambda e, k, i, o: k * k * e * i * (e * i - 1)), "one window, in itself alone"),
        Mistake(_off_by(lambda e, k, i, o: (i * i + 2 * i) * (e == 1)), "there is no widening layer"),
        Mistake(lambda e, k, i, o: e * i, "layer by layer"),
    ],
)
