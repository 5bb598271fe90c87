"""Exercise 10: a picture prepared as a model's own facts say."""

import json

import numpy as np
from PIL import Image

from utils.data.resizing import FILL, INTERPOLATIONS, POLICIES, resize
from utils.data.transforms import IMAGENET, SYMMETRIC, UNIT, Preprocessing
from utils.exercises.asking import asked
from utils.exercises.made import picture
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.ship_it.arrays import as_array, check_model_input

BATCH = "a batch of one picture, an array"
OWN = {"name": "own", "mean": (0.2, 0.5, 0.6), "std": (0.3, 0.2, 0.4)}
CASES = [  # the picture's width and height, and what the model says of itself
    ((60, 30), {"size": (24, 32), "policy": "pad", "fill": (250, 10, 90), "normalisation": OWN}),
    ((33, 64), {"size": (20, 28), "policy": "crop", "interpolation": "bicubic", "normalisation": SYMMETRIC}),
    ((50, 41), {"size": (30, 22), "policy": "squash", "interpolation": "nearest", "normalisation": UNIT}),
    ((40, 70), {"size": (26, 18), "policy": "pad", "normalisation": IMAGENET}),
]


def prepare_as(facts, image):
    steps = facts["preprocessing"]
    small = resize(image, steps["size"], steps["policy"], steps["fill"], steps["interpolation"])
    mean, std = (np.array(steps["normalisation"][name], np.float32) for name in ("mean", "std"))
    normalised = (np.asarray(small, np.float32) / 255 - mean) / std  # (H, W, 3)
    return normalised.transpose(2, 0, 1)[None]


def probe_prepare_as(answer):
    for seed, (size, steps) in enumerate(CASES):
        facts, image = made(steps), picture(seed, size)
        said = facts["preprocessing"]
        case = (f"size {said['size']}, policy {said['policy']!r}, fill {said['fill']}, interpolation {said['interpolation']!r}, "
                f"normalisation {said['normalisation']['name']!r}")  # fmt: skip
        got = as_array(asked(answer, case, facts, image), case, BATCH)
        check_model_input(got, case, *steps["size"])
        right = prepare_as(made(steps), picture(seed, size))
        if not np.allclose(got, right, atol=1e-3):
            raise NotYet(
                f"{case}: your numbers go from {got.min():.3g} to {got.max():.3g}. {_which(got, steps, seed, size)}"
            )
        if repr(facts) != repr(made(steps)):  # an array among them cannot be compared with !=
            raise NotYet(f"{case}: your function changed the facts, and the next picture is prepared by them.")


def made(steps):
    """The facts of a model file, as they come out of its JSON."""
    facts = {
        "format": 1,
        "heads": {"label": ["cat", "dog"]},
        "preprocessing": Preprocessing(**steps).to_dict(),
        "input": "images",
    }
    return json.loads(json.dumps(facts))


def _which(got, steps, seed, size):
    for words, other in _others(steps).items():
        if np.allclose(got, prepare_as(made(other), picture(seed, size)), atol=1e-3):
            return words
    blue_first = Image.fromarray(np.ascontiguousarray(np.asarray(picture(seed, size))[..., ::-1]))
    if np.allclose(got, prepare_as(made(steps), blue_first), atol=1e-3):
        return "Red and blue are exchanged."
    return "Which of the steps is done otherwise than the facts say?"


def _others(steps):
    """The usual slips: the same steps with one of them as somebody is used to it."""
    found = {f"So it is with the policy {policy!r}.": {"policy": policy} for policy in POLICIES}
    found |= {f"So it is with the interpolation {name!r}.": {"interpolation": name} for name in INTERPOLATIONS}
    found |= {
        "So it is with resize's own fill.": {"fill": FILL},
        "So it is with a black fill.": {"fill": (0, 0, 0)},
        "So it is with ImageNet's mean and std.": {"normalisation": IMAGENET},
        "So it is without a mean and a std.": {"normalisation": UNIT},
        "So it is with numbers from -1 to 1.": {"normalisation": SYMMETRIC},
        "So it is with resize's own interpolation and fill.": {"interpolation": "bilinear", "fill": FILL},
        "So it is with resize's own policy and interpolation.": {"policy": "squash", "interpolation": "bilinear"},
        "So it is with Pillow's image.resize, which knows nothing of a policy.": {
            "policy": "squash",
            "interpolation": "bicubic",
        },
        "So it is with resize's own policy, and with ImageNet's mean and std.": {
            "policy": "squash",
            "normalisation": IMAGENET,
        },
    }
    return {words: {**steps, **change} for words, change in found.items()}


def _prepared(change=lambda said: said, finish=lambda numbers: numbers):
    """A prepare_as that takes some of the facts otherwise."""

    def prepare_as_(facts, image):
        return finish(
            prepare_as({"preprocessing": {**facts["preprocessing"], **change(facts["preprocessing"])}}, image)
        )

    return prepare_as_


def _changed(**values):
    return _prepared(lambda said: values)


def _with_pillow(facts, image):
    steps = facts["preprocessing"]
    height, width = steps["size"]
    return _prepared(lambda said: {"policy": "squash", "interpolation": "bilinear"})(
        facts, image.resize((width, height))
    )


def _swapped(facts, image):
    return _prepared(lambda said: {"size": said["size"][::-1]})(facts, image)


def _by_the_facts_of_the_first(facts, image):
    return prepare_as(made(CASES[0][1]), image)


def _blue_first(facts, image):
    return prepare_as(facts, Image.fromarray(np.ascontiguousarray(np.asarray(image)[..., ::-1])))


def _without_interpolation(facts, image):
    return _prepared(lambda said: {"interpolation": "bilinear", "fill": FILL})(facts, image)


def _popped(facts, image):
    prepared = prepare_as(facts, image)
    facts["preprocessing"].pop("fill")
    return prepared


def _array_left(facts, image):
    normalisation = facts["preprocessing"]["normalisation"]
    normalisation["mean"] = np.array(normalisation["mean"], np.float32)
    return prepare_as(facts, image)


q10 = Question(
    number=10,
    reference=prepare_as,
    probe=probe_prepare_as,
    hints=[
        'Everything stands in facts["preprocessing"]: print it. resize takes size, policy, fill and interpolation in this order.',
        'The mean is facts["preprocessing"]["normalisation"]["mean"], a list: np.array(..., np.float32) makes numbers of it.',
        "After resize it is what exercise 9 does: / 255, - mean, / std, transpose(2, 0, 1), [None].",
    ],
    why="Five facts, and each has its own way of being wrong without an error: another policy, another interpolation, the sides "
    "exchanged where the picture is square by chance. So they travel with the weights, in the file itself, and code that serves "
    "has no constants of its own. `predict_folder` reads the same text, and does the same with it.",
    mistakes=[
        Mistake(_changed(policy="squash"), "So it is with the policy 'squash'."),
        Mistake(_changed(policy="crop"), "So it is with the policy 'crop'."),
        Mistake(_changed(policy="pad"), "So it is with the policy 'pad'."),
        Mistake(_changed(interpolation="bilinear"), "So it is with the interpolation 'bilinear'."),
        Mistake(_changed(interpolation="bicubic"), "So it is with the interpolation 'bicubic'."),
        Mistake(_changed(interpolation="nearest"), "So it is with the interpolation 'nearest'."),
        Mistake(_changed(fill=FILL), "resize's own fill"), Mistake(_changed(fill=(0, 0, 0)), "a black fill"),
        Mistake(_changed(normalisation=Preprocessing().to_dict()["normalisation"]), "ImageNet's mean and std"),
        Mistake(_changed(normalisation={"mean": [0, 0, 0], "std": [1, 1, 1]}), "without a mean and a std"),
        Mistake(_changed(normalisation={"mean": [0.5] * 3, "std": [0.5] * 3}), "numbers from -1 to 1"),
        Mistake(_changed(normalisation={"mean": [0.5] * 3, "std": [0.2] * 3}), "Which of the steps"),
        Mistake(_without_interpolation, "resize's own fill"), Mistake(_with_pillow, "So it is with Pillow's image.resize"),
        Mistake(_swapped, "got the shape (1, 3, 32, 24), and height comes before width"),
        Mistake(_changed(size=224), "got (1, 3, 224, 224)"), Mistake(_by_the_facts_of_the_first, "got (1, 3, 24, 32)"),
        Mistake(_blue_first, "Red and blue are exchanged"), Mistake(_popped, "your function changed the facts"),
        Mistake(_array_left, "your function changed the facts"),
        Mistake(_prepared(finish=lambda numbers: numbers[0]), "That is a picture"),
        Mistake(_prepared(finish=lambda numbers: numbers.astype(float)), "the numbers are float64"),
        Mistake(_prepared(finish=lambda numbers: numbers * 255), "Which of the steps"),
        Mistake(_prepared(finish=lambda numbers: numbers.transpose(0, 2, 3, 1)), "the colours stand last"),
        Mistake(lambda facts, image: facts["size"], "KeyError"), Mistake(lambda facts, image: "picture", "expected a batch"),
    ],
)  # fmt: skip
