"""Exercises 3, 6 and 7: parameters and multiply-adds by hand, of a convolution, of a layer made cheap, and of a head."""

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, as_numbers

# --- 3: parameters of a convolution --------------------------------------------------------------
# inputs, outputs, kernel, groups, bias: on these, the usual mistakes differ.
LAYERS = [
    (3, 16, 5, 1, True),
    (24, 24, 5, 24, False),
    (48, 96, 3, 4, True),
    (64, 100, 1, 1, False),
    (40, 10, 3, 2, False),
]


def conv_params(inputs, outputs, kernel, groups, bias):
    """How many parameters a convolution has."""
    weights = outputs * (inputs // groups) * kernel**2
    return weights + outputs if bias else weights


def probe_conv_params(answer):
    for layer in LAYERS:
        got = as_number(answer(*layer), "a number of parameters")
        if got != conv_params(*layer):
            inputs, outputs, kernel, groups, bias = layer
            usual = {reason: rule(*layer) for reason, rule in OTHER_COUNTS.items()}
            otherwise = "How many windows are there, and how many numbers are in one?"
            raise NotYet(f"{inputs} to {outputs} channels, window {kernel} x {kernel}, groups {groups}, "
                         f"{'with' if bias else 'without'} bias: you say {got:,.12g}. "
                         f"{first_near(got, usual, otherwise, abs_tol=1e-6)}")  # fmt: skip


OTHER_COUNTS = {
    "Where is the bias?": lambda i, o, k, g, bias: conv_params(i, o, k, g, False),
    "This layer has no bias.": lambda i, o, k, g, bias: conv_params(i, o, k, g, True),
    "There is one bias for each channel that comes out, not for each that goes in.":
        lambda i, o, k, g, bias: conv_params(i, o, k, g, False) + i * bias,
    "One bias for each window that is laid on a channel? There is one for each channel that comes out.":
        lambda i, o, k, g, bias: conv_params(i, o, k, g, False) + o * (i // g) * bias,
    "A window has as many numbers as it has pixels, in both directions.":
        lambda i, o, k, g, bias: o * (i // g) * k + o * bias,
    "In groups, a channel that comes out looks at a part of those that go in.":
        lambda i, o, k, g, bias: conv_params(i, o, k, 1, bias),
    "Every channel that comes out belongs to a group; only what it looks at gets less.":
        lambda i, o, k, g, bias: (o // g) * (i // g) * k * k + o * bias,
    "Each channel that comes out has a window in every channel that it looks at.":
        lambda i, o, k, g, bias: o * k * k + o * bias,
    "Each channel that comes out has windows of its own.": lambda i, o, k, g, bias: (i // g) * k * k + o * bias,
}  # fmt: skip

q3 = Question(
    number=3,
    reference=conv_params,
    probe=probe_conv_params,
    hints=[
        "Each channel that comes out has a window of kernel x kernel numbers in every channel that it looks at. At how many "
        "does it look, where there are groups?",
        "At inputs // groups of them. So there are outputs * (inputs // groups) windows; and a bias is one number for each "
        "channel that comes out.",
    ],
    why="The size of the picture is nowhere in it: a convolution has as many parameters for a stamp as for a poster. With "
    "groups = inputs (depthwise) a window looks at one channel alone, and hardly anything is left to be counted.",
    mistakes=[Mistake(rule, reason) for reason, rule in OTHER_COUNTS.items()]
    + [Mistake(lambda *layer: 7, "How many windows"), Mistake(lambda *layer: layer, "expected a number")],
)


# --- 6: a layer made cheap -----------------------------------------------------------------------
layer_cost = {
    "plain": 44 * 44 * 9 * 224 * 320,
    "separable": 44 * 44 * (9 * 224 + 224 * 320),
    "times": (9 * 224 * 320) / (9 * 224 + 224 * 320),
}
PLACES, WINDOW, INPUTS, OUTPUTS = 44 * 44, 9, 224, 320


def probe_layer_cost(answer):
    got = as_numbers(answer, layer_cost)
    plain, separable, times = layer_cost.values()
    _check("plain", got["plain"], plain, {
        "the maps that it gives have 44 x 44 places; 178 pixels is the picture.": 178 * 178 * WINDOW * INPUTS * OUTPUTS,
        "a window of 3 x 3 has more than three numbers.": plain // 3,
        "how many numbers has a window?": plain // 9,
        "that counts multiplications and additions apart; a multiply-add is one of both.": 2 * plain,
        "those are its weights. At how many places is each of them used?": WINDOW * INPUTS * OUTPUTS,
        "that is for one channel that comes out.": plain // OUTPUTS,
        "that is right in millions; the whole number, please.": plain / 1e6,
    }, near=1e-3)  # fmt: skip
    _check("separable", got["separable"], separable, {
        "that is the depthwise part alone; who mixes the channels?": PLACES * WINDOW * INPUTS,
        "that is the pointwise part alone; who looks at neighbours?": PLACES * INPUTS * OUTPUTS,
        "depthwise filters the channels that come in, before they are mixed.": PLACES * (WINDOW + INPUTS) * OUTPUTS,
        "depthwise: each channel is filtered by itself, with one window.": PLACES * INPUTS * (WINDOW * INPUTS + OUTPUTS),
        "one part after the other: their costs add up.": PLACES * WINDOW * INPUTS * INPUTS * OUTPUTS,
        "those are its weights. At how many places is each of them used?": WINDOW * INPUTS + INPUTS * OUTPUTS,
        "that is the plain layer.": plain,
    })  # fmt: skip
    cut_or_rounded = got["times"] if 0.1 <= got["times"] <= 0.12 else 1 / times
    _check("times", got["times"], times, {
        "the other way round: how many times as much is the plain one?": cut_or_rounded,
        "a window of 9 numbers bounds what can be saved, and the pointwise part costs something too.": 9,
        "that is how much is saved, in percent.": 100 * (1 - 1 / times),
    }, within=0.06, near=5e-3)  # fmt: skip


def _check(name, got, right, usual, within=0.5, near=1e-9):
    """Raise NotYet, with what is to be said of the usual slips (`near` by a share), unless a number is right."""
    if not abs(got - right) <= within:  # nan is refused too
        otherwise = "write down what it is made of, and multiply again."
        raise NotYet(f"{name}, {got:,.12g}: {first_near(got, usual, otherwise, rel_tol=near)}")


q6 = Question(
    number=6,
    reference=layer_cost,
    probe=probe_layer_cost,
    hints=[
        "Plain: each of the 44 x 44 x 320 numbers that come out takes 3 x 3 numbers in each of 224 channels.",
        "Separable, for each of the 44 x 44 places: the depthwise part takes 9 for each of the 224 channels that come in, "
        "the pointwise part 1 for each pair of a channel in and a channel out.",
        "Python can do it: 44 * 44 * 9 * 224 * 320, then 44 * 44 * (9 * 224 + 224 * 320), then the first over the second.",
    ],
    why="One layer costs more than four times as much as the whole of EfficientNet-B0 at this size (272 million). "
    "Separable, a place takes 9 C + C C' instead of 9 C C': with many channels it comes near to 9 times less, whatever "
    "the network.",
    mistakes=[
        Mistake({**layer_cost, "plain": 178 * 178 * 9 * 224 * 320}, "plain, 20,439,982,080: the maps that it gives"),
        Mistake({**layer_cost, "plain": 44 * 44 * 3 * 224 * 320}, "more than three numbers"),
        Mistake({**layer_cost, "plain": 44 * 44 * 224 * 320}, "how many numbers has a window"),
        Mistake({**layer_cost, "plain": 2 * 44 * 44 * 9 * 224 * 320}, "apart; a multiply-add"),
        Mistake({**layer_cost, "plain": 9 * 224 * 320}, "those are its weights"),
        Mistake({**layer_cost, "plain": 44 * 44 * 9 * 224}, "for one channel that comes out"),
        Mistake({**layer_cost, "plain": 1249}, "the whole number, please"),
        Mistake({**layer_cost, "plain": 10**9}, "multiply again"),
        Mistake({**layer_cost, "separable": 44 * 44 * 9 * 224}, "separable, 3,902,976: that is the depthwise part"),
        Mistake({**layer_cost, "separable": 44 * 44 * 224 * 320}, "who looks at neighbours"),
        Mistake({**layer_cost, "separable": 44 * 44 * (9 * 320 + 224 * 320)}, "before they are mixed"),
        Mistake({**layer_cost, "separable": 44 * 44 * (9 * 224 * 224 + 224 * 320)}, "filtered by itself, with one window"),
        Mistake({**layer_cost, "separable": 44 * 44 * 9 * 224 * 224 * 320}, "their costs add up"),
        Mistake({**layer_cost, "separable": 9 * 224 + 224 * 320}, "those are its weights"),
        Mistake({**layer_cost, "separable": layer_cost["plain"]}, "that is the plain layer"),
        Mistake({**layer_cost, "times": 0.114}, "the other way round"),
        Mistake({**layer_cost, "times": 0.1}, "the other way round"),
        Mistake({**layer_cost, "times": 9}, "bounds what can be saved"),
        Mistake({**layer_cost, "times": 88.6}, "in percent"),
        Mistake({"plain": 1}, "'separable' has no number"),
        Mistake([1, 2, 3], "expected a dictionary"),
    ],
)  # fmt: skip

# --- 7: two heads --------------------------------------------------------------------------------
head_params = {
    "flattened": (512 * 4 * 4 + 1) * 128 + 2 * 128 + (128 + 1) * 10,
    "averaged": (512 + 1) * 128 + 2 * 128 + (128 + 1) * 10,
}
FEATURES = {"flattened": 512 * 4 * 4, "averaged": 512}


def probe_head_params(answer):
    got = as_numbers(answer, head_params)
    for name, features in FEATURES.items():
        right = head_params[name]
        _check(name, got[name], right, {
            "how many numbers go into the first layer, once the maps are flattened?": (512 + 1) * 128 + 2 * 128 + 1290,
            "a mean over all 4 x 4 places leaves one number a channel.": (512 * 16 + 1) * 128 + 2 * 128 + 1290,
            "only one side of the maps is counted.": (512 * 4 + 1) * 128 + 2 * 128 + 1290,
            "both Linear layers have a bias, one number for each that comes out.": right - 128 - 10,
            "the last layer has a bias too.": right - 10,
            "the first layer has a bias too, and BatchNorm *two* numbers for each of its channels.": right - 128,
            "where is BatchNorm, with 2 for each of its channels?": right - 256,
            "BatchNorm's running averages are no parameters.": right + 256,
            "where is the last layer?": right - 1290,
            "that is the first layer alone, without its bias.": features * 128,
        })  # fmt: skip


q7 = Question(
    number=7,
    reference=head_params,
    probe=probe_head_params,
    hints=[
        "A Linear layer from a to b has a * b weights and b biases. How many numbers go into the first one? Flattened, "
        "all of 512 maps of 4 x 4; averaged, one for each map.",
        "Three parts: (numbers in + 1) * 128, then 2 * 128 for BatchNorm, then (128 + 1) * 10.",
    ],
    why="The whole network has 2,230,170 parameters: 47 % of them sit in a head that also ties it to 256 pixels, because "
    "another size gives another number of places. Averaged, the head is a sixteenth, and any size works.",
    mistakes=[
        Mistake({**head_params, "flattened": head_params["averaged"]}, "once the maps are flattened"),
        Mistake({**head_params, "averaged": head_params["flattened"]}, "leaves one number a channel"),
        Mistake({**head_params, "flattened": 263_818}, "only one side"),
        Mistake({**head_params, "flattened": head_params["flattened"] - 138}, "both Linear layers have a bias"),
        Mistake({**head_params, "flattened": head_params["flattened"] - 128}, "and BatchNorm *two* numbers"),
        Mistake({**head_params, "averaged": head_params["averaged"] - 10}, "averaged, 67,200: the last layer has"),
        Mistake({**head_params, "flattened": head_params["flattened"] - 256}, "where is BatchNorm"),
        Mistake({**head_params, "flattened": head_params["flattened"] + 256}, "running averages are no parameters"),
        Mistake({**head_params, "averaged": head_params["averaged"] - 1290}, "where is the last layer"),
        Mistake({**head_params, "flattened": 8192 * 128}, "the first layer alone"),
        Mistake({**head_params, "flattened": 3}, "multiply again"),
        Mistake({"flattened": 3}, "'averaged' has no number"),
        Mistake(1_048_576, "expected a dictionary"),
    ],
)  # fmt: skip
