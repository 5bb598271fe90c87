"""Exercises 1 to 3: what a convolution costs, and what becomes of it when pictures grow."""

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, as_numbers

# --- 1: multiply-adds of a convolution -----------------------------------------------------------
# height, width, inputs, outputs, kernel, stride, groups: on these, the usual mistakes differ.
LAYERS = [
    (56, 56, 32, 64, 3, 1, 1),
    (40, 30, 16, 24, 5, 1, 1),
    (225, 131, 3, 40, 3, 2, 1),
    (14, 14, 96, 96, 5, 1, 96),
    (28, 28, 48, 96, 3, 1, 4),
    (224, 160, 3, 32, 3, 2, 1),
]


def conv_macs(height, width, inputs, outputs, kernel, stride, groups):
    """Multiply-adds of a convolution for one picture of height x width pixels."""
    pixels = -(-height // stride) * -(-width // stride)  # of the result; -(-a // b) rounds up
    return pixels * outputs * kernel**2 * inputs // groups


def probe_conv_macs(answer):
    for layer in LAYERS:
        got, right = as_number(answer(*layer), "a number of multiply-adds"), conv_macs(*layer)
        if got != right:
            height, width, inputs, outputs, kernel, stride, groups = layer
            raise NotYet(f"{inputs} to {outputs} channels, {kernel} x {kernel} window, stride {stride}, groups {groups}, on "
                         f"{height} x {width} pixels: you say {got:,.0f}. {_which_part(got, layer)}")  # fmt: skip


def _which_part(got, layer):
    height, width, inputs, outputs, kernel, stride, groups = layer
    right = conv_macs(*layer)
    pixels = -(-height // stride) * -(-width // stride)
    usual = {
        "That counts multiplications and additions separately; a multiply-add is one of both.": 2 * right,
        "That is how many weights it has; each is used once for each pixel of the result.": right // pixels,
        "How many pixels are in a window?": right // kernel,
        "With a stride, the result has fewer pixels than the picture.": right * height * width // pixels,
        "A stride of 2 halves both sides.": height * -(-width // stride) * right // pixels,
        "In groups, an output channel looks at a part of the input channels only.": right * groups,
        "How many pixels has the result? An odd side is rounded up.": (height // stride) * (width // stride) * right // pixels,
        "Each output channel has a window in every input channel.": right // inputs * groups,
        "So many for each output channel; how many of these are there?": right // outputs,
    }  # fmt: skip
    return next((reason for reason, value in usual.items() if value == got and value != right),
                "How many numbers has the result, and how many multiply-adds does each of them take?")  # fmt: skip


def _without(**fixed):
    """A conv_macs that forgets something: it is always so."""
    names = ("height", "width", "inputs", "outputs", "kernel", "stride", "groups")
    return lambda *layer: conv_macs(**{**dict(zip(names, layer)), **fixed})


q1 = Question(
    number=1,
    reference=conv_macs,
    probe=probe_conv_macs,
    hints=[
        "Every number of the result takes one window. How many numbers has the result, and how many has a window?",
        "The result has ceil(height / stride) x ceil(width / stride) pixels in each of its output channels. A window has "
        "kernel x kernel pixels in inputs / groups channels.",
        "pixels * outputs * kernel**2 * inputs // groups, with pixels = math.ceil(height / stride) * math.ceil(width / "
        "stride).",
    ],
    why="Nothing in a network costs more than its convolutions, so this line is most of what one needs to compare "
    "networks before anybody has trained them. groups = inputs makes it depthwise: each channel by itself.",
    mistakes=[
        Mistake(lambda *layer: 2 * conv_macs(*layer), "one of both"),
        Mistake(lambda h, w, i, o, k, s, g: o * k * k * i // g, "how many weights it has"),
        Mistake(lambda h, w, i, o, k, s, g: conv_macs(h, w, i, o, k, s, g) // k, "pixels are in a window"),
        Mistake(_without(stride=1), "fewer pixels than the picture"),
        Mistake(lambda h, w, i, o, k, s, g: h * -(-w // s) * o * k * k * i // g, "halves both sides"),
        Mistake(_without(groups=1), "a part of the input channels"),
        Mistake(lambda h, w, i, o, k, s, g: (h // s) * (w // s) * o * k * k * i // g, "An odd side is rounded up"),
        Mistake(lambda h, w, i, o, k, s, g: conv_macs(h, w, i, o, k, s, g) // o, "how many of these are there"),
        Mistake(lambda h, w, i, o, k, s, g: h * w * o * k * k, "in every input channel"),
        Mistake(lambda h, w, i, o, k, s, g: h + w, "How many numbers has the result"),
    ],
)

# --- 2: the first convolution of B3 --------------------------------------------------------------
stem_macs = 150 * 150 * 40 * 3 * 3 * 3


def probe_stem_macs(answer):
    got = as_number(answer, "a number of multiply-adds")
    if got == stem_macs:
        return
    usual = {
        "the result has half as many pixels on each side as the picture.": 4 * stem_macs,
        "half of the pixels? The stride halves both sides.": 2 * stem_macs,
        "the window reaches through all three colours.": stem_macs // 3,
        "a window of 3 x 3 has more than three pixels.": stem_macs // 9,
        "those are its weights.": 40 * 27,
        "that is the number of results; each of them is a sum over a window.": 150 * 150 * 40,
        "that is for one output channel.": stem_macs // 40,
        "that is right in millions; the whole number, please.": stem_macs / 1e6,
    }
    reason = next((reason for reason, value in usual.items() if value == got), "pixels of the result, times channels of "
                  "the result, times what a window holds.")  # fmt: skip
    raise NotYet(f"{got:,.10g}: {reason}")


q2 = Question(
    number=2,
    reference=stem_macs,
    probe=probe_stem_macs,
    hints=[
        "How large is the result? A stride of 2 on 300 pixels leaves 150, on both sides.",
        "Each of its 150 x 150 x 40 numbers takes 3 x 3 pixels in 3 colours.",
    ],
    why="24.3 million, 1.3 % of what the whole of B3 takes, with 1,080 weights. Early layers are work without weights.",
    mistakes=[
        Mistake(97_200_000, "half as many pixels on each side"),
        Mistake(48_600_000, "halves both sides"),
        Mistake(8_100_000, "all three colours"),
        Mistake(2_700_000, "more than three pixels"),
        Mistake(1080, "its weights"),
        Mistake(900_000, "the number of results"),
        Mistake(607_500, "for one output channel"),
        Mistake(24.3, "the whole number"),
        Mistake(10**6, "times what a window holds"),
        Mistake("many", "expected a number"),
    ],
)

# --- 3: twice the size ---------------------------------------------------------------------------
times = {"parameters": 1, "file": 1, "multiply-adds": 4, "memory": 4}
WRONG_TIMES = {
    "parameters": "which weight would there be that was not there before?",
    "file": "the file holds the parameters; has their number changed?",
    "multiply-adds": "twice the size is twice the height and twice the width.",
    "memory": "what is kept are maps, and they have a height and a width.",
}


def probe_times(answer):
    wanted = "a dictionary {what: how many times as much}"
    for name, value in as_numbers(answer, times, wanted, "how many times as much, a number").items():
        if value != times[name]:
            raise NotYet(f"{name}, {value:g} {'time' if value == 1 else 'times'}: {WRONG_TIMES[name]}")


q3 = Question(
    number=3,
    reference=times,
    probe=probe_times,
    hints=[
        "Go back to the formulas: in which of them does the height or the width of a map stand?",
        "Weights belong to windows and channels. Multiply-adds and maps belong to pixels, and of these there are four "
        "times as many.",
    ],
    why="So the same file runs at any size: resolution is the one dimension that can be changed after training. "
    "(Accuracy may not like it: objects look twice as large as in training.)",
    mistakes=[Mistake({**times, name: wrong}, f"{name}, {wrong} times: {WRONG_TIMES[name]}")
              for name, wrong in (("parameters", 4), ("file", 2), ("multiply-adds", 2), ("memory", 2))]
    + [Mistake({**times, "memory": 1}, "what is kept are maps"), Mistake({"parameters": 1}, "'file' has no number"),
       Mistake([1, 1, 4, 4], "expected a dictionary")],
)  # fmt: skip
