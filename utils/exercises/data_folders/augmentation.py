"""Exercises 20, 22 and 23: pictures changed at random, where that helps, and where the label does not survive it."""

import functools

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

from utils.exercises.made import picture
from utils.exercises.question import Mistake, NotYet, Question, choose, choose_each, other_choices
from utils.exercises.values import shown

# --- 20: augmentation is for training ------------------------------------------------------------
TIMES = 12  # flips alone would come out the same twelve times once in 2,000 checks


def transforms_for(split):
    """The transforms of a split: "train", "valid" or "test"."""
    if split == "train":
        steps = [v2.Resize(72), v2.RandomCrop(64), v2.RandomHorizontalFlip()]
    else:
        steps = [v2.Resize(72), v2.CenterCrop(64)]
    return v2.Compose([*steps, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def transforms_for_all(split):
    """The transforms of a split: "train", "valid" or "test"."""
    steps = [v2.Resize(72), v2.RandomCrop(64), v2.RandomHorizontalFlip()]
    return v2.Compose([*steps, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def probe_transforms_for(answer):
    outputs = {split: _outputs(answer(split), split) for split in ("train", "valid", "test")}
    for split in ("valid", "test"):
        different = _different(outputs[split])
        if different > 1:
            raise NotYet(f"one and the same {split} picture came out in {different} ways when it was asked for {TIMES} "
                         "times: its score would depend on luck.")  # fmt: skip
    if _different(outputs["train"]) == 1:
        raise NotYet(f"a training picture came out the same {TIMES} times: nothing is left of the augmentation.")
    if _different(outputs["train"]) == 2:
        raise NotYet(f"asked for {TIMES} times, a training picture came out in two ways only: some of the augmentation is "
                     "left out.")  # fmt: skip
    _check_fixed(answer("test"))
    if not np.array_equal(outputs["valid"][0], outputs["test"][0]):
        raise NotYet("valid and test prepare the same picture in different ways: a choice made on the one would not hold "
                     "for the other.")  # fmt: skip


def _outputs(transform, split):
    """What the transform makes of one picture, several times: arrays (3, 64, 64)."""
    if not callable(transform):
        raise NotYet(
            f"for {split} expected something to call with a picture, such as v2.Compose, got {shown(transform)}."
        )
    outputs = [as_array(transform(picture(3, (120, 90)))) for _ in range(TIMES)]
    if {output.shape for output in outputs} != {(3, 64, 64)}:
        raise NotYet(f"a {split} picture came out with the shape {outputs[0].shape}: before, all were (3, 64, 64).")
    if outputs[0].dtype != np.float32 or not 0 <= outputs[0].min() <= outputs[0].max() <= 1:
        raise NotYet(f"a {split} picture came out as {outputs[0].dtype} from {outputs[0].min():g} to {outputs[0].max():g}: "
                     "before, it was float32 from 0 to 1.")  # fmt: skip
    return outputs


def as_array(image, wanted="(3, 64, 64)"):
    """A tensor as an array."""
    if not isinstance(image, torch.Tensor):
        raise NotYet(f"expected a tensor {wanted}, as before; got {shown(image)}.")
    return image.numpy()


def _different(outputs):
    return len({output.tobytes() for output in outputs})


def _check_fixed(transform):
    """What a test picture is cut to is its middle, and it is not mirrored."""
    ramp = np.tile(np.linspace(0, 255, 240).astype(np.uint8), (240, 1))  # dark on the left, bright on the right
    across, down = (as_array(transform(Image.fromarray(each).convert("RGB")))[0] for each in (ramp, ramp.T))
    if across[:, 0].mean() > across[:, -1].mean() or down[0].mean() > down[-1].mean():
        raise NotYet("a test picture came out mirrored.")
    if max(abs(across.mean() - 0.5), abs(down.mean() - 0.5)) > 0.02:
        raise NotYet("what you take of a test picture is always the same part, and not its middle.")


def _all_steps(*steps):
    return v2.Compose([*steps, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def _valid_as_train(split):
    return transforms_for("test" if split == "test" else "train")


def _without_crop(split):
    return transforms_for("train") if split == "train" else _all_steps(v2.Resize(64))


def _only_mirrored(split):
    mirrored = [v2.RandomHorizontalFlip()] if split == "train" else []
    return _all_steps(v2.Resize(72), v2.CenterCrop(64), *mirrored)


def _corner(split):
    crop = functools.partial(v2.functional.crop, top=0, left=0, height=64, width=64)
    return transforms_for("train") if split == "train" else _all_steps(v2.Resize(72), crop)


def _always_mirrored(split):
    return (
        transforms_for("train") if split == "train" else _all_steps(v2.Resize((64, 64)), v2.RandomHorizontalFlip(p=1))
    )


def _valid_squashed(split):
    return _all_steps(v2.Resize((64, 64))) if split == "valid" else transforms_for(split)


def _unscaled(split):
    if split == "train":
        return transforms_for("train")
    return v2.Compose([v2.Resize(72), v2.CenterCrop(64), v2.ToImage(), v2.ToDtype(torch.float32)])


q20 = Question(
    number=20,
    reference=transforms_for,
    probe=probe_transforms_for,
    starter=transforms_for_all,
    hints=[
        "Which two of the five steps throw dice? They are for training only: `if split == 'train':`.",
        "The test picture must still come out as 64 x 64. Which part of it would you take, without dice?",
        "For valid and test: v2.Resize(72), v2.CenterCrop(64), then the same last two steps.",
    ],
    why="Augmentation makes new pictures to learn from. To judge, each picture is asked once, as it is: a flipped or "
    "cropped one would be another, easier or harder, at every try, and two models could not be compared.",
    mistakes=[
        Mistake(_valid_as_train, "the same valid picture"),
        Mistake(lambda split: transforms_for("test"), "nothing is left of the augmentation"),
        Mistake(lambda split: transforms_for("test" if split == "train" else "train"), "the same valid picture"),
        Mistake(_only_mirrored, "came out in two ways only"),
        Mistake(_without_crop, "came out with the shape (3, 64, 85)"),
        Mistake(_corner, "not its middle"),
        Mistake(_always_mirrored, "came out mirrored"),
        Mistake(_valid_squashed, "in different ways: a choice"),
        Mistake(_unscaled, "float32 from"),
        Mistake(lambda split: transforms_for("test") if split == "test" else None, "returned None"),
    ],
)

# --- 22: where is the logo? ----------------------------------------------------------------------
crops_without_logo = "d"
LOGO = {
    "a": "the logo is a hundredth of the picture, but its size is not what matters: a crop has to reach into one corner.",
    "b": "rather so many still show something of it.",
    "c": "a crop keeps about half of the area on average, and it lies anywhere: how often does it reach into this corner?",
}


def probe_crops_without_logo(answer):
    choose(answer, crops_without_logo, LOGO)


q22 = Question(
    number=22,
    reference=crops_without_logo,
    probe=probe_crops_without_logo,
    hints=[
        "Draw a poster, and on it a few boxes of a tenth, a half and nine tenths of its area, wherever they fit. Count those "
        "that touch the upper right corner.",
        "Or measure: v2.RandomResizedCrop(224).make_params([torch.zeros(3, 800, 600)]) draws a box (top, left, height, "
        "width). The logo is in it where top < 80 and left + width > 520.",
    ],
    why="About four of five crops show no logo and are still labelled *logo*: the network is told that plain background is "
    "a logo. That is label noise of our own making. Before you augment, ask whether the label survives it.",
    mistakes=[Mistake(letter, words) for letter, words in LOGO.items()] + [Mistake(80, "expected one of 'a', 'b'")],
)

# --- 23: which augmentation for which job --------------------------------------------------------
plan = {"digits": "b", "cells": "a", "breeds": "c", "posters": "d"}
ELSEWHERE = "it does no harm; but one of the other jobs bears nothing else"
PLANS = {
    "digits": {
        "a": "a 6 on its head is a 9, and a mirrored 2 is nothing at all.",
        "c": "the lower part of an 8 is a 0, and the right part of a 4 is a 1.",
        "d": f"{ELSEWHERE}, and handwriting differs by its slant.",
    },
    "cells": {
        "b": "it does no harm; but under a microscope there is no up and no left, so why so little?",
        "c": "the parasite may be in the part that is cut off, and the label stays.",
        "d": f"{ELSEWHERE}, and cells lie in any direction.",
    },
    "breeds": {
        "a": "no dog in the pictures to come stands on its head.",
        "b": "it does no harm; but for one of the other jobs it is the best there is, and a breed shows in any part of a dog.",
        "d": f"{ELSEWHERE}, and a breed shows in any part of a dog.",
    },
    "posters": {
        "a": "a mirrored logo is not the logo any more, and turning pushes the corners out of the picture.",
        "b": "turning and shifting push corners out and fill them with black, just where the logo is.",
        "c": "most crops miss the corner: see the exercise before.",
    },
}


def probe_plan(answer):
    choose_each(answer, plan, PLANS)


q23 = Question(
    number=23,
    reference=plan,
    probe=probe_plan,
    hints=[
        "Ask of each pair: could a person still tell the label from the changed picture? Cross out the pairs where not.",
        "Begin with the posters: what moves nothing out of the corner? Then the digits: what keeps a 6 a 6?",
        "Two jobs and two letters are left. A parasite must stay in the picture; a dog stands on its feet.",
    ],
    why="An augmentation is a statement: these pictures mean the same. Only who knows the job can say whether it is true. "
    "What is harmless differs from job to job; there is no list that is right for all of them.",
    mistakes=other_choices(plan, PLANS)
    + [Mistake({"digits": "b"}, "'cells' has no letter"), Mistake("bacd", "expected a dictionary"),
       Mistake({**plan, "cells": "e"}, "cells, expected one of")],
)  # fmt: skip
