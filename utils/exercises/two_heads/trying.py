"""Exercise 15: a third head, with the tools of the lesson."""

import pandas as pd
import torch
from torch import nn

from utils.data.targets import add_targets
from utils.errors import CourseError
from utils.evaluation.cost import count_parameters
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown
from utils.models.build import build
from utils.models.loading import RANDOM
from utils.models.two_heads import build_heads

LABELS = ["papers", "phones", "monitors", "crisps", "papers", "monitors", "phones", "monitors", "crisps"]
MAPPING = {
    "document": {"papers": "document", "phones": "document", "monitors": "document", "crisps": "other"},
    "screen": {"papers": "paper", "phones": "screen", "monitors": "screen", "crisps": "ignore"},
}
DEVICES = {"phones": "phone", "monitors": "monitor"}  # and of anything else the third head is not asked
NAMES = {"document": {"document", "other"}, "screen": {"paper", "screen"}, "device": {"phone", "monitor"}}
NETWORKS = ("small_cnn", "shufflenet_v2_x0_5")
PICTURES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def with_a_third_head(table, mapping, name):
    device = {"papers": "ignore", "phones": "phone", "monitors": "monitor", "crisps": "ignore"}
    table, classes = add_targets(table, {**mapping, "device": device})
    return table, build_heads(name, classes, weights=None)


def probe_with_a_third_head(answer):
    for name, labels in zip(NETWORKS, (LABELS, LABELS[::-1][:7])):
        mapping = {head: dict(answers) for head, answers in MAPPING.items()}
        table = pd.DataFrame({"path": [f"{place}.jpg" for place in range(len(labels))], "label": labels})
        got = _said(answer, table.copy(), mapping, name)
        if mapping != MAPPING:
            raise NotYet("the mapping that your function was given is another one now. It belongs to whoever calls: make a new "
                         "one, such as {**mapping, ...}.")  # fmt: skip
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise NotYet(f"expected a table and a model, got {shown(got)}.")
        _check_table(got[0], table)
        _check_model(got[1], got[0], name)


def _said(answer, table, mapping, name):
    try:
        return answer(table, mapping, name)
    except CourseError as error:
        if "weights=None" not in str(error):  # it is about something else
            raise
        raise NotYet(_pretrained(name)) from None


def _pretrained(name):
    return (f"{name!r}: a network without pretrained weights is asked for (weights=None), and this one is to begin with some. "
            "build_heads takes the course's where nothing is said of weights.")  # fmt: skip


def _check_table(got, table):
    if not isinstance(got, pd.DataFrame) or len(got) != len(table) or list(got.get("path", ())) != list(table["path"]):
        told = f"one of {len(got)} rows" if isinstance(got, pd.DataFrame) else shown(got)
        raise NotYet(f"expected the table of {len(table)} pictures with its targets, a row a picture, got {told}.")
    for head in NAMES:
        if head not in got:
            raise NotYet(f"the table has no column {head!r}.")
        answers = DEVICES if head == "device" else MAPPING[head]
        for label, said in zip(got["label"], got[head]):
            wanted = answers.get(label, "ignore")
            told = "nothing" if pd.isna(said) else repr(said)
            if wanted == "ignore" and told != "nothing":
                raise NotYet(
                    f"{head}: of {label!r} the table says {told}, and this head is not asked about such a picture."
                )
            if wanted != "ignore" and said != wanted:
                raise NotYet(f"{head}: of {label!r} the table says {told}.")


def _check_model(model, table, name):
    if not isinstance(model, nn.Module):
        raise NotYet(f"expected a table and a model, and in the place of the model is {shown(model)}.")
    with torch.no_grad():
        outputs = model.eval()(PICTURES)
    if not isinstance(outputs, dict) or set(outputs) != set(NAMES):
        told = f"answers for {', '.join(outputs)}" if isinstance(outputs, dict) else "one answer for all of it"
        raise NotYet(f"the model gives {told}; asked for is one for each of {', '.join(NAMES)}.")
    classes = getattr(model, "classes", {})
    for head in outputs:
        if set(classes.get(head, ())) != NAMES[head]:
            raise NotYet(f"{head}: the model's classes are {shown(list(classes.get(head, ())))}, and the table has "
                         f"{shown(sorted(table[head].dropna().unique()))}.")  # fmt: skip
    if getattr(getattr(model, "report", None), "source", RANDOM) != RANDOM:
        raise NotYet(_pretrained(name))
    ours = count_parameters(build_heads(name, {head: sorted(names) for head, names in NAMES.items()}, weights=None))
    if count_parameters(model) != ours:
        raise NotYet(
            f"{name!r} was asked for, and this model of {count_parameters(model):,} parameters is another one."
        )


def _with(device=None, rename=None, drop=(), make=build_heads):
    """A with_a_third_head that says something else of devices, calls a head otherwise, leaves one out, or builds otherwise."""

    def with_a_third_head(table, mapping, name):
        said = {**dict.fromkeys(("papers", "crisps"), "ignore"), **DEVICES, **(device or {})}
        mapping = {head: answers for head, answers in mapping.items() if head not in drop} | {rename or "device": said}
        table, classes = add_targets(table, mapping)
        return table, make(name, classes, weights=None)

    return with_a_third_head


def _in_place(table, mapping, name):
    mapping["device"] = {"papers": "ignore", "crisps": "ignore", **DEVICES}
    table, classes = add_targets(table, mapping)
    return table, build_heads(name, classes, weights=None)


def _unsaid(table, mapping, name):
    table, classes = add_targets(table, {**mapping, "device": DEVICES})
    return table, build_heads(name, classes, weights=None)


def _dropped(table, mapping, name):
    table = table[table["label"].isin(DEVICES)].reset_index(drop=True)
    mapping = {"device": DEVICES}
    table, classes = add_targets(table, mapping)
    return table, build_heads(name, classes, weights=None)


def _table_as_it_was(table, mapping, name):
    return table, with_a_third_head(table, mapping, name)[1]


def _without_a_word(name, classes, weights):
    return build_heads(name, classes)


def _pretrained_where_there_are_weights(name, classes, weights):
    return build_heads(name, classes, weights=None if name == "small_cnn" else "course")


def _as_classes_of_one(name, classes, weights):
    return build(name, sum(map(len, classes.values())), weights=weights)


def _always_small(name, classes, weights):
    return build_heads("small_cnn", classes, weights=weights)


q15 = Question(
    number=15,
    reference=with_a_third_head,
    probe=probe_with_a_third_head,
    hints=[
        "Say of each of the four classes what it is to the head `device`. Which of them does it ask about?",
        'The third entry is {"phones": "phone", "monitors": "monitor", "papers": "ignore", "crisps": "ignore"}. '
        "{**mapping, \"device\": ...} is a new mapping, and the old one stays.",
        "add_targets gives a table and the classes of each head; build_heads(name, classes, weights=None) takes the latter.",
    ],
    why="A third question about the same picture costs one more last convolution and one more linear layer: 200,706 "
    "parameters in ShuffleNetV2 x0.5. As a fourth output of one softmax it would cost 1,025, and papers, phones, monitors "
    "and crisps would share one probability of 1. Each head learns from the pictures that it is asked about, and from no others.",
    mistakes=[
        Mistake(_with({"papers": "monitor"}), "device: of 'papers' the table says 'monitor', and this head is not asked"),
        Mistake(_with({"crisps": "monitor", "papers": "monitor"}), "the table says 'monitor', and this head is not asked"),
        Mistake(_with({"papers": "paper"}), "device: of 'papers' the table says 'paper'"),
        Mistake(_with({"phones": "monitor", "monitors": "phone"}), "device: of 'phones' the table says 'monitor'"),
        Mistake(_with(rename="phone"), "the table has no column 'device'"),
        Mistake(_with(drop=["screen"]), "the table has no column 'screen'"),
        Mistake(_with(make=_as_classes_of_one), "one answer for all of it"),
        Mistake(_with(make=_without_a_word), "'small_cnn': a network without pretrained weights is asked for (weights=None)"),
        Mistake(_with(make=_pretrained_where_there_are_weights), "'shufflenet_v2_x0_5': a network without pretrained weights"),
        Mistake(_with(make=_always_small), "'shufflenet_v2_x0_5' was asked for"),
        Mistake(_with(make=lambda name, classes, weights: build_heads(name, {**classes, "device": ["phone", "monitor", "no"]}, weights)),
                "device: the model's classes are"),
        Mistake(_with(make=lambda name, classes, weights: classes), "in the place of the model is"),
        Mistake(_in_place, "is another one now"),
        Mistake(_unsaid, "CourseError: The mapping and the table do not fit together"),
        Mistake(_dropped, "expected the table of 9 pictures"),
        Mistake(_table_as_it_was, "the table has no column 'document'"),
        Mistake(lambda table, mapping, name: build_heads(name, add_targets(table, mapping)[1], None), "expected a table and a model"),
        Mistake(lambda table, mapping, name: (table, *with_a_third_head(table, mapping, name)), "expected a table and a model"),
    ],
)  # fmt: skip
