"""Exercises 5 to 7: channels and blocks come in whole numbers, and that is where formulas go wrong."""

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, shown

# --- 5: multiples of 8 ---------------------------------------------------------------------------
# channels, width, and why it is asked
CHANNELS = {
    (32, 1.2): "the nearest multiple of 8 may lie above.",
    (80, 1.1): "this is one already.",
    (52, 1.0): "it lies half-way, and half-way goes up.",
    (16, 1.2): "how much of what was wanted may be lost at most?",
    (10, 1.1): "how much of what was wanted may be lost at most?",
    (16, 0.2): "a layer without channels?",
    (24, 1.1): "more than a tenth is not lost here: the nearest is right.",
    (112, 1.2): "the nearest, and it lies above.",
}


def round_filters(channels, width):
    """Channels times width, as a multiple of 8."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def round_filters_down(channels, width):
    """Channels times width, as a multiple of 8."""
    return int(channels * width) // 8 * 8


def probe_round_filters(answer):
    for (channels, width), reason in CHANNELS.items():
        got = as_number(answer(channels, width), "a number of channels")
        if got % 8:
            raise NotYet(f"{channels} channels times {width}: {got:g} is no multiple of 8.")
        if got != round_filters(channels, width):
            raise NotYet(
                f"{channels} channels times {width} are {channels * width:g}, and you make {got:g} of them: {reason}"
            )


def _never_less(channels, width):
    return -int(-channels * width // 8) * 8


def _by_pythons_round(channels, width):
    rounded = max(8, round(channels * width / 8) * 8)
    return rounded + 8 if rounded < 0.9 * channels * width else rounded


def _nearest(channels, width):
    return max(8, int(channels * width + 4) // 8 * 8)


def _nearest_or_nothing(channels, width):
    rounded = int(channels * width + 4) // 8 * 8
    return rounded + 8 if 0 < rounded < 0.9 * channels * width else rounded


q5 = Question(
    number=5,
    reference=round_filters,
    probe=probe_round_filters,
    starter=round_filters_down,
    hints=[
        "a // 8 * 8 is the next multiple of 8 below a. What can one add to a, so that it becomes the nearest one?",
        "int(wanted + 4) // 8 * 8 is the nearest, and goes up from half-way. max(8, ...) sees to the least.",
        "At the end: if the rounded number is below 0.9 * wanted, 8 more.",
    ],
    why="Rounding down always would make B3 a quarter narrower in its second stage than it is. Such a line has no "
    "error to show: only somebody who counts the parameters, or tries to load published weights, will notice.",
    mistakes=[
        Mistake(_nearest, "16 channels times 1.2 are 19.2"),
        Mistake(_never_less, "24 channels times 1.1 are 26.4"),
        Mistake(_by_pythons_round, "half-way goes up"),
        Mistake(_nearest_or_nothing, "a layer without channels"),
        Mistake(lambda channels, width: round(channels * width), "no multiple of 8"),
        Mistake(lambda channels, width: channels, "the nearest multiple of 8 may lie above"),
        Mistake(lambda channels, width: "32", "expected a number"),
    ],
)

# --- 6: the channels of B2 -----------------------------------------------------------------------
B0_CHANNELS = (16, 24, 40, 80, 112, 192, 320)
b2_channels = [16, 24, 48, 88, 120, 208, 352]


def probe_b2_channels(answer):
    got = [as_number(value, "seven numbers of channels") for value in as_list(answer, "seven numbers of channels")]
    if len(got) != len(b2_channels):
        raise NotYet(f"there are seven stages, and {shown(answer)} has {len(got)} numbers.")
    for number, (value, right, before) in enumerate(zip(got, b2_channels, B0_CHANNELS), 1):
        if value % 8:
            raise NotYet(f"stage {number}, {value:g}: channels are multiples of 8.")
        if value != right:
            raise NotYet(f"stage {number}, {value:g}: 1.1 times {before} is {1.1 * before:.1f}. {_side(value, right)}")


def _side(value, right):
    if value > right:
        return "There is a multiple of 8 nearer to it, or as near, that loses less than a tenth."
    return "There is a multiple of 8 nearer to it, or as near: half-way goes up."


q6 = Question(
    number=6,
    reference=b2_channels,
    probe=probe_b2_channels,
    hints=[
        "Multiply first, and keep what comes after the point. Then take the nearest multiple of 8, stage by stage.",
        "17.6, 26.4, 44, 88, 123.2, 211.2, 352. Two of them are multiples of 8 already, and one lies half-way.",
    ],
    why="The first two stages have not grown at all, the third by a fifth: with few channels a step of 8 is a large one. "
    "The width of a network is a wish.",
    mistakes=[
        Mistake([17.6, 26.4, 44, 88, 123.2, 211.2, 352], "stage 1, 17.6: channels are multiples"),
        Mistake([16, 24, 40, 88, 120, 208, 352], "half-way goes up"),
        Mistake([24, 32, 48, 88, 128, 216, 352], "stage 1, 24: 1.1 times 16 is 17.6"),
        Mistake([16, 24, 48, 88, 128, 208, 352], "stage 5, 128"),
        Mistake([16, 24, 40, 80, 112, 192, 320], "stage 3, 40"),
        Mistake([16, 24, 48, 88, 120, 208], "has 6 numbers"),
        Mistake(352, "expected seven numbers"),
    ],
)

# --- 7: the blocks of B3 -------------------------------------------------------------------------
b3_blocks = 26


def probe_b3_blocks(answer):
    got = as_number(answer, "a number of blocks")
    if got == b3_blocks:
        return
    usual = {
        22.4: "that is 16 times 1.4; but each stage is rounded up by itself.",
        23: "that rounds the sum; each stage is rounded up by itself.",
        22: "that rounds each stage to the nearest; they are rounded up.",
        19: "that rounds each stage down; they are rounded up.",
        16: "those are the blocks of B0.",
    }
    raise NotYet(f"{got:g}: {usual.get(got, 'seven stages, each times 1.4 and rounded up: add them.')}")


q7 = Question(
    number=7,
    reference=b3_blocks,
    probe=probe_b3_blocks,
    hints=[
        "1, 2, 2, 3, 3, 4 and 1, each times 1.4: what are they, before any rounding?",
        "1.4, 2.8, 2.8, 4.2, 4.2, 5.6, 1.4. Now each of them up to the next whole number, then the sum.",
    ],
    why="1.6 times B0's blocks where 1.4 times was asked for. A network with few blocks in a stage cannot be made a little "
    "deeper; that is why the cost of phi = 1 is 2.6 times B0's and not 1.9.",
    mistakes=[
        Mistake(22.4, "each stage is rounded up by itself"),
        Mistake(23, "rounds the sum"),
        Mistake(22, "to the nearest"),
        Mistake(19, "rounds each stage down"),
        Mistake(16, "the blocks of B0"),
        Mistake(30, "add them"),
        Mistake([2, 3, 3, 5, 5, 6, 2], "expected a number of blocks"),
    ],
)
