"""Exercise 6: what a second head weighs."""

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

# ShuffleNetV2 x0.5, counted with torchvision; a test counts again. One head with three outputs, or two with two each.
SHARED, LAST, ONE_OUTPUT = 143_136, 198_656, 1_025
ONE_HEAD, TWO_HEADS = SHARED + LAST + 3 * ONE_OUTPUT, SHARED + 2 * LAST + 4 * ONE_OUTPUT

second_head = {
    "own, int8": (198_656 + (2 + 2 - 3) * 1_025) / 1000,
    "own, float32": 4 * (198_656 + (2 + 2 - 3) * 1_025) / 1000,
    "shared, int8": (2 + 2 - 3) * 1_025 / 1000,
}


def probe_second_head(answer):
    got = as_numbers(answer, second_head, each="a number of KB")
    for name, value in got.items():
        near = 0.05 if "shared" in name else 0.003
        if not abs(value - second_head[name]) <= near * second_head[name]:
            raise NotYet(f"{name!r}: {value:,.10g} KB. {first_near(value, USUAL[name], OTHERWISE[name], rel_tol=near)}")


def _of_own(size):
    """What the usual slips give for a head with its own last convolution, at so many bytes a weight."""
    difference, other = TWO_HEADS - ONE_HEAD, 4 if size == 1 else 1
    numbers = {
        "That is the convolution alone. The heads' outputs weigh something too.": LAST,
        "The first head has three outputs before, and two after.": LAST + 2 * ONE_OUTPUT,
        "As if the new head brought three outputs: how many are there before, and how many after?": LAST + 3 * ONE_OUTPUT,
        "As if four outputs were new: how many are there before?": LAST + 4 * ONE_OUTPUT,
        "That is the whole network with two heads. What does the second one add?": TWO_HEADS,
        "That is the whole network with one head. What does the second one add?": ONE_HEAD,
        "That is what both have in common.": SHARED,
        "In units of 1024 bytes? A KB has 1000 here.": difference / 1.024,
    }  # fmt: skip
    kilobytes = {words: count * size / 1000 for words, count in numbers.items()}
    return kilobytes | {
        f"Is that with {other} byte{'s' * (other > 1)} a weight?": difference * other / 1000,
        "Is that with 2 bytes a weight?": difference * 2 / 1000,
        "Is that in bits?": 8 * difference * size / 1000,
        "That is in bytes.": difference * size,
        "That is in MB.": difference * size / 1e6,
    }


USUAL = {
    "own, int8": _of_own(1),
    "own, float32": _of_own(4),
    "shared, int8": {
        "Both heads read what the shared convolution says: how many copies of it are there?": (TWO_HEADS - ONE_HEAD) / 1000,
        "That is the convolution, of which there is one, shared.": LAST / 1000,
        "That is both outputs of the new head. But the first head has three outputs before, and two after.": 2 * ONE_OUTPUT / 1000,
        "As if the new head brought three outputs: how many are there before, and how many after?": 3 * ONE_OUTPUT / 1000,
        "That is all four outputs. How many are there before?": 4 * ONE_OUTPUT / 1000,
        "Is that with 4 bytes a weight? Then see how many outputs are there before, too.": 16 * ONE_OUTPUT / 1000,
        "That is in bytes.": ONE_OUTPUT,
        "Two outputs and two, or three: is that really nothing?": 0.0,
    },
}  # fmt: skip
OTHERWISE = {
    "own, int8": "What does the network with two heads have, row by row, that the other one has not?",
    "own, float32": "What does the network with two heads have, row by row, that the other one has not?",
    "shared, int8": "Which rows are other ones, if the last convolution is shared?",
}


def _with(**values):
    """The answer with some of its numbers changed: own_int8 is the one of "own, int8"."""
    return {**second_head, **{name.replace("_", ", "): value for name, value in values.items()}}


q6 = Question(
    number=6,
    reference=second_head,
    probe=probe_second_head,
    hints=[
        "Write both networks as a sum of the rows, then take the difference. How many outputs are there in each?",
        "With its own last convolution the second head adds one more copy of that row, and there are 2 + 2 outputs instead of 3.",
        "At int8 that is as many bytes as weights; a float32 has four. A KB is 1000 bytes.",
    ],
    why="The published app grew from 500 to 700 KB by its second head: nearly all of that is the copy of one convolution, which had "
    "more weights than all the rest of the network. Two heads that share it cost one output more, 1 KB. Whether the copy is worth "
    "its 200 KB is a question for a measurement; lesson 05 has the two side by side.",
    mistakes=[Mistake(_with(own_int8=value), f"'own, int8': {value:,.10g} KB. {words}") for words, value in USUAL["own, int8"].items()]
    + [Mistake(_with(own_float32=value), f"'own, float32': {value:,.10g} KB. {words}")
       for words, value in USUAL["own, float32"].items()]
    + [Mistake(_with(shared_int8=value), f"'shared, int8': {value:,.10g} KB. {words}")
       for words, value in USUAL["shared, int8"].items()]
    + [
        Mistake(_with(own_int8=150), "row by row"), Mistake(_with(own_float32=-1), "row by row"),
        Mistake(_with(shared_int8=0.5), "Which rows are other ones"), Mistake(_with(shared_int8="little"), "a number of KB"),
        Mistake({"own, int8": 1}, "'own, float32' has no number"), Mistake(200, "expected a dictionary"),
    ],
)  # fmt: skip
