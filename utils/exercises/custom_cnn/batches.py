"""Exercise 16: batches in which no picture is alone."""

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, shown

# How many pictures, and the most that a batch may have. 65, 33, 97, 4 and 7 leave one picture over.
EPOCHS = [(64, 32), (65, 32), (33, 32), (97, 16), (4, 3), (7, 3), (10, 32), (100, 33), (2, 32)]


def batch_sizes(count, batch_size):
    """The sizes of an epoch's batches: as few batches as can be, of about the same size."""
    batches = -(-count // batch_size)  # rounded up
    return [count // batches + (place < count % batches) for place in range(batches)]


def probe_batch_sizes(answer):
    for count, batch_size in EPOCHS:
        got = as_list(answer(count, batch_size), "the sizes of the batches, a list")
        case = f"{count} pictures, at most {batch_size} a batch: {shown(got)}"
        if not all(isinstance(size, (int, float)) and size == round(size) for size in got if size == size):
            raise NotYet(f"{case}. Whole pictures, please.")
        if not sum(got) == count:  # nan is refused too
            raise NotYet(f"{case}. Those are {sum(got)} pictures.")
        if max(got) > batch_size:
            raise NotYet(f"{case}. One of them is too large.")
        if min(got) < 2:
            raise NotYet(f"{case}. In a batch of {min(got)} BatchNorm has nothing to take a mean of.")
        if len(got) > -(-count // batch_size):
            raise NotYet(f"{case}. It can be done with fewer batches.")


def _as_it_comes(count, batch_size):
    return [batch_size] * (count // batch_size) + [count % batch_size] * (count % batch_size > 0)


def _drop_last(count, batch_size):
    return [batch_size] * (count // batch_size)


def _without_the_one(count, batch_size):
    return [size for size in _as_it_comes(count, batch_size) if size > 1]


def _with_the_one_before(count, batch_size):
    sizes = _as_it_comes(count, batch_size)
    return [*sizes[:-2], sizes[-2] + 1] if sizes[-1] == 1 else sizes


def _equal_shares(count, batch_size):
    batches = -(-count // batch_size)
    return [count / batches] * batches


def _pairs(count, batch_size):
    return [2] * (count // 2 - 1) + [2 + count % 2]


q16 = Question(
    number=16,
    reference=batch_sizes,
    probe=probe_batch_sizes,
    hints=[
        "Only where count % batch_size is 1 there is something to do. From where could the one that is alone get company?",
        "From the batch before it, which may be one smaller: 65 = 32 + 31 + 2. Or deal all of them out evenly over "
        "math.ceil(count / batch_size) batches: 22 + 22 + 21.",
        "Evenly: with b batches each has count // b, and count % b of them one more.",
    ],
    why="Training raises *Expected more than 1 value per channel when training* in the last step of an epoch, perhaps after "
    "an hour, because a folder happens to have 481 pictures. `drop_last=True` helps too and leaves out up to a whole "
    "batch; the loaders of this course leave out the one picture, another one each epoch.",
    mistakes=[
        Mistake(_as_it_comes, "65 pictures, at most 32 a batch: [32, 32, 1]. In a batch of 1"),
        Mistake(_drop_last, "Those are 64 pictures"),
        Mistake(_without_the_one, "Those are 64 pictures"),
        Mistake(_with_the_one_before, "[32, 33]. One of them is too large"),
        Mistake(_equal_shares, "Whole pictures"),
        Mistake(_pairs, "with fewer batches"),
        Mistake(lambda count, batch_size: [count], "[64]. One of them is too large"),
        Mistake(lambda count, batch_size: [], "Those are 0 pictures"),
        Mistake(lambda count, batch_size: count // batch_size, "expected the sizes"),
    ],
)
