"""Exercise 10: parameters of three outputs, of two heads, and of two models."""

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

BACKBONE, LAST = 143_136, 192 * 1024 + 2 * 1024  # of ShuffleNetV2 x0.5
heads_params = {
    "three outputs": 143_136 + (192 * 1024 + 2 * 1024) + (1024 + 1) * 3,
    "two heads": 143_136 + 2 * (192 * 1024 + 2 * 1024 + (1024 + 1) * 2),
    "two models": 2 * (143_136 + 192 * 1024 + 2 * 1024 + (1024 + 1) * 2),
}
FULL = {
    "three outputs": (1, 1, 3),
    "two heads": (1, 2, 4),
    "two models": (2, 2, 4),
}  # backbones, last convolutions, outputs


def probe_heads_params(answer):
    got = as_numbers(answer, heads_params)
    for name, right in heads_params.items():
        if not abs(got[name] - right) < 0.5:  # nan is refused too
            otherwise = "write down what it is made of: backbones, last convolutions, linear layers."
            raise NotYet(f"{name}, {got[name]:,.12g}: {first_near(got[name], _usual(name), otherwise, abs_tol=0.5)}")


def _usual(name):
    backbones, lasts, outputs = FULL[name]
    right = heads_params[name]
    usual = {
        "where are BatchNorm's scale and shift?": right - lasts * 2 * 1024,
        "one of BatchNorm's two numbers for each channel is missing.": right - lasts * 1024,
        "BatchNorm's running averages are no parameters.": right + lasts * 2 * 1024,
        "the convolution has no bias: BatchNorm behind it has a shift of its own.": right + lasts * 1024,
        "a linear layer has a bias, one number for each output.": right - outputs,
        "where are the linear layers?": right - 1025 * outputs,
        "where is the last convolution?": right - lasts * LAST,
        "that is without the backbone.": right - backbones * BACKBONE,
    }
    return usual | _other_builds(name)


def _other_builds(name):
    """What is counted by those who build something else."""
    right = heads_params[name]
    if name == "three outputs":
        return {
            "each of the three outputs has a last convolution of its own? They are three rows of one linear layer.":
                BACKBONE + 3 * LAST + 1025 * 3,
            "three outputs, not two.": BACKBONE + LAST + 1025 * 2,
        }  # fmt: skip
    if name == "two heads":
        return {
            "each head has a last convolution of its own, and here there is one for both.": BACKBONE + LAST + 1025 * 4,
            "the pretrained last convolution is copied into each head; a third one would be for nobody.": right + LAST,
            "they share the backbone: it is there once.": heads_params["two models"],
            "each head has two classes.": BACKBONE + 2 * (LAST + 1025 * 3),
            "each question has two answers, and each answer a row of 1024 weights and a bias.": BACKBONE + 2 * (LAST + 1025),
        }  # fmt: skip
    return {
        "that is one of the two models.": right / 2,
        "two models share nothing, and each has a backbone.": heads_params["two heads"],
        "each model has two classes.": 2 * (BACKBONE + LAST + 1025 * 3),
    }


q10 = Question(
    number=10,
    reference=heads_params,
    probe=probe_heads_params,
    hints=[
        "The last convolution: 192 * 1024 weights, and BatchNorm has a scale and a shift for each of the 1024 channels. A "
        "linear layer of k outputs: (1024 + 1) * k.",
        "How many backbones, how many last convolutions and how many linear layers has each of the three?",
        "Three outputs: 1, 1, 1. Two heads: 1, 2, 2. Two models: 2, 2, 2.",
    ],
    why="Two heads have 58 % more parameters than three outputs, and take 24 % more multiply-adds, since most of those are in "
    "the backbone, which a picture passes once. Two models take nearly twice as many as three outputs. A published model of this kind had 743,204 "
    "parameters: the second number, and one last convolution more that nobody called.",
    mistakes=[Mistake({**heads_params, name: value}, f"{name}, {value:,.12g}: {words}")
              for name in heads_params for words, value in _usual(name).items()]
    + [Mistake({**heads_params, "two heads": 12}, "two heads, 12: write down what it is made of"),
       Mistake({"two heads": 1}, "'three outputs' has no number"), Mistake(344_867, "expected a dictionary")],
)  # fmt: skip
