"""Exercises 2 and 4: how large a layer's maps are, and how much of the picture one of their numbers sees."""

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_list, as_number, shown

# --- 2: the size of the maps ---------------------------------------------------------------------
PAIR = "two numbers (height, width)"
# height, width, kernel, stride, padding: on these, the usual mistakes differ.
LAYERS = [
    (40, 24, 5, 1, 2),
    (178, 121, 3, 2, 1),
    (89, 64, 2, 2, 0),
    (224, 160, 7, 2, 3),
    (9, 14, 5, 3, 0),
    (16, 12, 5, 1, 0),
]


def out_size(height, width, kernel, stride, padding):
    """Height and width of the maps that a convolution or a pool gives."""
    return tuple((side + 2 * padding - kernel) // stride + 1 for side in (height, width))


def probe_out_size(answer):
    for layer in LAYERS:
        got = [as_number(side, PAIR) for side in as_list(answer(*layer), PAIR)]
        if len(got) != 2:
            raise NotYet(f"expected {PAIR}, got {shown(got)}.")
        if got != list(out_size(*layer)):
            height, width, kernel, stride, padding = layer
            raise NotYet(f"{height} x {width} pixels, window {kernel} x {kernel}, stride {stride}, padding {padding}: you "
                         f"say {got[0]:g} x {got[1]:g}. {_why_this_size(got, layer)}")  # fmt: skip


def _sized(rule):
    """An out_size by another rule for one side."""

    def out_size(height, width, kernel, stride, padding):
        return rule(height, kernel, stride, padding), rule(width, kernel, stride, padding)

    return out_size


OTHER_SIZES = {
    "Half a step is no step: a place where the window does not fit whole does not count.":
        _sized(lambda side, k, s, p: -(-(side + 2 * p - k) // s) + 1),
    "Halves of pixels? A place where the window does not fit whole does not count.":
        _sized(lambda side, k, s, p: (side + 2 * p - k) / s + 1),
    "Padding and window count too, and not the stride alone.": _sized(lambda side, k, s, p: side // s),
    "Padding goes on both ends of a side.": _sized(lambda side, k, s, p: (side + p - k) // s + 1),
    "Without any stepping the window lies in one place already.": _sized(lambda side, k, s, p: (side + 2 * p - k) // s),
    "What does the window itself take away?": _sized(lambda side, k, s, p: (side + 2 * p) // s),
    "Where is the padding?": _sized(lambda side, k, s, p: (side - k) // s + 1),
    "Where is the stride?": _sized(lambda side, k, s, p: side + 2 * p - k + 1),
    "Height comes first.": lambda height, width, *layer: out_size(width, height, *layer),
}  # fmt: skip


def _why_this_size(got, layer):
    return next((reason for reason, rule in OTHER_SIZES.items() if list(rule(*layer)) == got),
                "At how many places can the window begin, in one row?")  # fmt: skip


q2 = Question(
    number=2,
    reference=out_size,
    probe=probe_out_size,
    hints=[
        "Look at one side alone. With its padding it has side + 2 * padding pixels. The window begins at the first; where "
        "is the last pixel at which it may begin?",
        "The window can move on by side + 2 * padding - kernel pixels, in steps of `stride`: only whole steps count. And "
        "the place where it began is one more.",
        "(side + 2 * padding - kernel) // stride + 1, for the height and for the width.",
    ],
    why="Nearly every error about shapes is this line, done wrongly. Two cases to know by heart: a window of 3 with "
    "padding 1 and stride 1 keeps the size; and a pool of 2 with stride 2 halves it, and drops the last pixel of an odd "
    "side.",
    mistakes=[Mistake(rule, reason) for reason, rule in OTHER_SIZES.items()]
    + [
        Mistake(lambda height, width, kernel, stride, padding: (height, width), "you say 178 x 121"),
        Mistake(lambda *layer: out_size(*layer)[0], "expected two numbers"),
        Mistake(lambda *layer: (16, *out_size(*layer)), "expected two numbers"),
    ],
)

# --- 4: the receptive field ----------------------------------------------------------------------
# Layers as (kernel, stride), from the picture on.
STACKS = [
    [(3, 1)],
    [(3, 1), (3, 1)],
    [(3, 1), (2, 2), (3, 1)],
    [(7, 2), (3, 2), (1, 1), (5, 1)],
    [(3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (3, 1)],
]


def receptive_field(layers):
    """How many pixels a side, of the picture, one number behind these layers sees."""
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step  # two neighbours in this layer's input are `step` pixels apart
        step *= stride
    return field


def probe_receptive_field(answer):
    for layers in STACKS:
        got = as_number(answer(list(layers)), "pixels a side, a number")
        if got != receptive_field(layers):
            otherwise = "How much does each layer add to what was seen before it?"
            usual = {reason: rule(layers) for reason, rule in OTHER_FIELDS.items()}
            raise NotYet(f"{shown(layers)}: you say {got:g} pixels. {first_near(got, usual, otherwise, abs_tol=1e-6)}")


def _step_first(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


def _own_stride_only(layers):
    return 1 + sum((kernel - 1) * stride for kernel, stride in layers)


def _product(layers):
    total = 1
    for kernel, _ in layers:
        total *= kernel
    return total


OTHER_FIELDS = {
    "A layer's own stride does not spread its own window; it spreads those of the layers behind it.": _step_first,
    "A stride spreads the windows of all layers behind it, and not its own.": _own_stride_only,
    "After a stride of 2, neighbours lie two pixels of the picture apart. Where are the strides?":
        lambda layers: receptive_field([(kernel, 1) for kernel, _ in layers]),
    "Windows overlap: the second layer adds two pixels to what the first one sees, not three.":
        lambda layers: sum(kernel for kernel, _ in layers),
    "Each layer adds to the field; it does not multiply it.": _product,
    "One number sees one pixel before any layer has looked.": lambda layers: receptive_field(layers) - 1,
    "The list begins at the picture. You went through it from its end.": lambda layers: receptive_field(layers[::-1]),
    "That is how far apart two neighbours are, in pixels of the picture.": lambda layers: _step(layers),
    "That is the area; the task asks for one side.": lambda layers: receptive_field(layers) ** 2,
}  # fmt: skip


def _step(layers):
    step = 1
    for _, stride in layers:
        step *= stride
    return step


q4 = Question(
    number=4,
    reference=receptive_field,
    probe=probe_receptive_field,
    hints=[
        "Begin with 1: before any layer, a number sees itself. A first window of 3 makes it 3, a second one 5. How much "
        "does a window of k add?",
        "It adds k - 1 steps, and a step is as long as two neighbours of that layer's *input* are apart: 1 pixel at "
        "first, twice as much after each stride of 2.",
        "Keep two numbers, field = 1 and step = 1. For each layer first field += (kernel - 1) * step, then step *= stride.",
    ],
    why="What lies outside of the field cannot be known: the last list is that of this course's CropsCNN, whose last "
    "convolution sees 40 of 178 pixels a side. Strides widen the field for nothing; a network without any has to be "
    "deep, or blind for what is large.",
    mistakes=[Mistake(rule, reason) for reason, rule in OTHER_FIELDS.items()]
    + [
        Mistake(lambda layers: 2 * len(layers) + 2, "How much does each layer add"),
        Mistake(lambda layers: layers, "expected pixels a side"),
    ],
)
