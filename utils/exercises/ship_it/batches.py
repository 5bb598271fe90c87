"""Exercise 3: a file that takes eight pictures at a time."""

import math

import numpy as np

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.ship_it.arrays import arrays_unchanged, as_array

BATCH, CLASSES = 8, 4
COUNTS = (19, 8, 1, 16, 5)  # pictures: with a rest, without one, fewer than a batch
ROWS = "a row of probabilities for each picture"


def predict_all(run, images):
    """The answers (N, K) of a file that takes 8 pictures at a time."""
    missing = -len(images) % 8
    padded = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    answers = np.concatenate([run(padded[start : start + 8]) for start in range(0, len(padded), 8)])
    return answers[: len(images)]


def predict_all_as_found(run, images):
    """The answers (N, K) of a file that takes 8 pictures at a time."""
    missing = 8 - len(images) % 8
    padded = np.concatenate([images, np.zeros((missing, *images.shape[1:]))])
    return np.concatenate([run(padded[start : start + 8]) for start in range(0, len(padded), 8)])


class Fixed:
    """A file exported with its batch closed. As a runtime does, it refuses another shape, and another type."""

    def __init__(self):
        self.calls = 0

    def __call__(self, images):
        self.calls += 1
        if not isinstance(images, np.ndarray) or images.dtype != np.float32:
            kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
            raise NotYet(f"the file was given {kind}, and it takes an array of float32.")
        if images.shape != (BATCH, *_made(1).shape[1:]):
            raise NotYet(
                f"the file was given the shape {images.shape}, and it takes {BATCH} pictures, no more and no fewer."
            )
        return answers_to(images)


def answers_to(images):
    """(N, 4) float32 that sum to 1, other ones for each picture that is made here."""
    seen = np.exp(np.stack([images[:, 0].mean(axis=(1, 2)), *images[:, :, 0, 0].T], axis=1))
    return (seen / seen.sum(axis=1, keepdims=True)).astype(np.float32)


def _made(count):
    return np.random.default_rng(count).normal(0, 1, (count, 3, 4, 6)).astype(np.float32)


def probe_predict_all(answer):
    for count in COUNTS:
        case, run, images = f"{count} picture{'s' * (count > 1)}", Fixed(), _made(count)
        with arrays_unchanged(case, {"images": images}):
            got = as_array(asked(answer, case, run, images), case, ROWS)
            _check_answers(got, answers_to(_made(count)), case)
        if run.calls != math.ceil(count / BATCH):
            raise NotYet(f"{case}: the answers are right, but the file was run {run.calls} times. Fewer would do.")


def _check_answers(got, right, case):
    if got.ndim != 2 or got.shape[1] != CLASSES:
        raise NotYet(f"{case}: expected {ROWS}, got the shape {got.shape}.")
    if len(got) != len(right):
        what = "Whose are the others?" if len(got) > len(right) else "Where are the answers to the rest?"
        raise NotYet(f"{case}: {len(got)} rows of answers. {what}")
    wrong = ~np.isclose(got, right, atol=1e-5).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        others = np.isclose(right, got[row], atol=1e-5).all(axis=1)
        whose = (
            f"row {row} has the answer to picture {others.argmax()}."
            if others.any()
            else f"row {row} is no picture's answer."
        )
        raise NotYet(f"{case}: {whose}")


def _padded(
    missing=lambda count: -count % BATCH, kind=np.float32, cut=lambda answers, count: answers[:count], first=False
):
    """A predict_all that pads, with one of its parts done otherwise."""

    def predict_all(run, images):
        fill = np.zeros((missing(len(images)), *images.shape[1:]), kind)
        padded = np.concatenate([fill, images] if first else [images, fill])
        answers = np.concatenate([run(padded[start : start + BATCH]) for start in range(0, len(padded), BATCH)])
        return cut(answers, len(images))

    return predict_all


def _rest_dropped(run, images):
    whole = range(0, len(images) - BATCH + 1, BATCH)
    return (
        np.concatenate([run(images[start : start + BATCH]) for start in whole])
        if len(images) >= BATCH
        else np.zeros((0, 4))
    )


def _rest_as_it_is(run, images):
    return np.concatenate([run(images[start : start + BATCH]) for start in range(0, len(images), BATCH)])


def _last_eight_again(run, images):
    starts = [*range(0, len(images) - BATCH, BATCH), len(images) - BATCH]
    return np.concatenate([run(images[start : start + BATCH]) for start in starts])[: len(images)]


def _one_at_a_time(run, images):
    return np.concatenate([run(np.repeat(image[None], BATCH, axis=0))[:1] for image in images])


def _in_place(run, images):
    answers = predict_all(run, images)
    images *= 0
    return answers


q3 = Question(
    number=3,
    reference=predict_all,
    probe=probe_predict_all,
    starter=predict_all_as_found,
    hints=[
        "Three things are wrong. Print len(padded) for 19 and for 16 pictures, padded.dtype, and the number of rows that come back.",
        "np.zeros makes float64, and what is joined with float64 becomes float64. And 8 - 16 % 8 is 8: what is -16 % 8?",
        "answers[: len(images)] leaves the padding's answers out.",
    ],
    why="The padding's answers look like any others: with one row too many a table of results is shifted against its pictures, and "
    "nothing says so. Where the format allows it, leave the batch open when you export; where it does not (TFLite), the "
    "padding is yours, and so is taking it away again.",
    mistakes=[
        Mistake(_padded(missing=lambda count: BATCH - count % BATCH), "the answers are right, but the file was run 2 times"),
        Mistake(_padded(kind=np.float64), "given float64"), Mistake(_padded(cut=lambda answers, count: answers), "24 rows"),
        Mistake(_padded(cut=lambda answers, count: answers[: count - 1]), "18 rows of answers. Where"),
        Mistake(_padded(cut=lambda answers, count: answers[: -(-count % BATCH)]), "8 pictures: 0 rows"),
        Mistake(_padded(cut=lambda answers, count: answers[: -(BATCH - count % BATCH)]), "8 pictures: 0 rows"),
        Mistake(_padded(first=True), "row 0 is no picture's answer"),
        Mistake(_padded(cut=lambda answers, count: answers[-count:]), "row 0 has the answer to picture 5"),
        Mistake(_padded(missing=lambda count: 0), "given the shape (3, 3, 4, 6)"),
        Mistake(_padded(cut=lambda answers, count: answers[:count].argmax(axis=1)), "got the shape (19,)"),
        Mistake(_padded(cut=lambda answers, count: answers[:count][::-1]), "row 0 has the answer to picture 18"),
        Mistake(_rest_dropped, "16 rows of answers. Where"), Mistake(_rest_as_it_is, "no more and no fewer"),
        Mistake(_last_eight_again, "row 16 has the answer to picture 11"),
        Mistake(_one_at_a_time, "was run 19 times"), Mistake(_in_place, "your function changed `images`"),
        Mistake(lambda run, images: run(list(images[:8])), "given list"),
        Mistake(lambda run, images: answers_to(images), "was run 0 times"),
        Mistake(lambda run, images: "rows", "expected a row of probabilities"),
    ],
)  # fmt: skip
