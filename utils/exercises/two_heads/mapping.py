"""Exercise 1: from one label to the targets of a head."""

from utils.data.loaders import IGNORE
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, shown

# Labels and what each class is to the head, on which the usual mistakes differ: in each, the order of the mapping is
# neither that of the alphabet nor that of the labels, and what is ignored does not stand last.
ASKED = [
    (["screens", "crisps", "documents", "screens"], {"crisps": "ignore", "documents": "paper", "screens": "screen"}),
    (["cartons", "letters", "phones", "monitors", "letters", "rooms"],
     {"monitors": "screen", "rooms": "ignore", "phones": "screen", "letters": "paper", "cartons": "ignore"}),
    (["documents", "crisps"], {"screens": "screen", "crisps": "ignore", "documents": "paper"}),  # a split without any screen
    (["a", "b", "c"], {"c": "third", "a": "first", "b": "second"}),
]  # fmt: skip
UNKNOWN = ["documents", "screnes"], {"documents": "paper", "screens": "screen"}


def targets_of(labels, mapping):
    names = list(dict.fromkeys(answer for answer in mapping.values() if answer != "ignore"))
    number = {name: place for place, name in enumerate(names)} | {"ignore": IGNORE}
    return [number[mapping[label]] for label in labels]


def probe_targets_of(answer):
    for labels, mapping in ASKED:
        case = f"for {labels} and {mapping}"
        given = {"labels": list(labels), "mapping": dict(mapping)}
        got = as_list(asked(answer, case, *given.values()), "a target for each label, a list")
        right = targets_of(labels, mapping)
        if got != right:
            raise NotYet(f"{case} you say {shown(got)}. {_which(got, right, labels, mapping)}")
        for name, was in (("labels", labels), ("mapping", mapping)):
            if given[name] != was or list(given[name]) != list(was):  # the order of a mapping counts
                raise NotYet(f"{case} the targets are right, but your function changed `{name}`, and whoever called it goes on "
                             "with that. Change a copy.")  # fmt: skip
    _check_unknown(answer)


def _which(got, right, labels, mapping):
    if len(got) != len(labels):
        return f"These are {len(got)} targets for {len(labels)} pictures, and a loader wants one for each."
    if not all(isinstance(target, (int, float)) and target == int(target) for target in got):
        return "Targets are whole numbers, for ignored pictures too."
    ignored = [place for place, target in enumerate(right) if target == IGNORE]
    unlike = [place for place in ignored if got[place] != IGNORE]
    if unlike:
        place = unlike[0]
        as_class = (
            " To the loss that is a class like any other." if got[place] >= 0 else " The loss knows another number."
        )
        return f"{labels[place]!r} is ignored, and its target is {got[place]}.{as_class}"
    lost = [place for place, target in enumerate(got) if target == IGNORE and place not in ignored]
    if lost:
        return f"{labels[lost[0]]!r} is not ignored."
    if max(got) >= len(set(mapping.values()) - {"ignore"}):
        return "That is more numbers than the head has classes, which are those that are not ignored, each once."
    return "Which class has the number 0? The mapping says the order, and neither the alphabet nor these labels do."


def _check_unknown(answer):
    labels, mapping = UNKNOWN
    try:
        got = answer(list(labels), dict(mapping))
    except NotYet:  # it returned nothing, which hides it too
        raise
    except Exception:  # which error it is, the task leaves open
        return
    raise NotYet(f"for {labels} and {mapping} you return {shown(got)}. Nothing is said of {labels[1]!r}: an error says so, "
                 "and a target hides it.")  # fmt: skip


def _numbered(names, ignored=IGNORE):
    """A targets_of that numbers by another list of names."""

    def targets_of(labels, mapping):
        number = {name: place for place, name in enumerate(names(labels, mapping))}
        return [ignored if mapping[label] == "ignore" else number[mapping[label]] for label in labels]

    return targets_of


def _answers(labels, mapping):
    return list(dict.fromkeys(answer for answer in mapping.values() if answer != "ignore"))


def _own_class(labels, mapping):
    names = list(dict.fromkeys(mapping.values()))
    return [names.index(mapping[label]) for label in labels]


def _own_class_at_the_end(labels, mapping):
    names = [*_answers(labels, mapping), "ignore"]
    return [names.index(mapping[label]) for label in labels]


def _left_out(labels, mapping):
    return [target for target in targets_of(labels, mapping) if target != IGNORE]


def _ignores_what_it_does_not_know(labels, mapping):
    return targets_of(labels, mapping | {label: "ignore" for label in labels if label not in mapping})


def _a_number_for_each_class(labels, mapping):
    names = [name for name, answer in mapping.items() if answer != "ignore"]
    return [names.index(label) if label in names else IGNORE for label in labels]


def _emptying(labels, mapping):
    targets = targets_of(labels, mapping)
    mapping.clear()
    return targets


def _rewriting(labels, mapping):
    labels[:] = targets_of(labels, mapping)
    return labels


q1 = Question(
    number=1,
    reference=targets_of,
    probe=probe_targets_of,
    hints=[
        "First the names of the head's classes: the answers in the mapping, without 'ignore', each once, in the order in "
        "which they come. dict.fromkeys(...) keeps an order and drops what comes twice.",
        "The place in that list is the target. For 'ignore' it is IGNORE.",
        "mapping[label] raises a KeyError where the mapping says nothing; mapping.get(label, ...) would hide it.",
    ],
    why="One picture, one label, and as many targets as there are questions. The numbers come from the mapping and not "
    "from the labels that happen to be there, or a split without screens would call paper 0 and another call it 1. "
    "`add_targets` does this for a whole table.",
    mistakes=[
        Mistake(_numbered(lambda labels, mapping: sorted(_answers(labels, mapping))), "neither the alphabet nor"),
        Mistake(_numbered(lambda labels, mapping: list(dict.fromkeys(mapping[label] for label in labels
                                                                      if mapping[label] != "ignore"))), "nor these labels"),
        Mistake(_numbered(lambda labels, mapping: list(mapping.values())), "more numbers than the head has classes"),
        Mistake(_numbered(_answers, ignored=-1), "'crisps' is ignored, and its target is -1. The loss knows another"),
        Mistake(_numbered(_answers, ignored=0), "'crisps' is ignored, and its target is 0. To the loss"),
        Mistake(_numbered(_answers, ignored=None), "Targets are whole numbers"),
        Mistake(_numbered(_answers, ignored="ignore"), "Targets are whole numbers"),
        Mistake(_own_class, "To the loss that is a class like any other"),
        Mistake(_own_class_at_the_end, "'crisps' is ignored, and its target is 2"),
        Mistake(_left_out, "3 targets for 4 pictures"),
        Mistake(_a_number_for_each_class, "more numbers than the head has classes"),
        Mistake(_ignores_what_it_does_not_know, "Nothing is said of 'screnes'"),
        Mistake(lambda labels, mapping: [IGNORE] * len(labels), "'screens' is not ignored"),
        Mistake(lambda labels, mapping: [{"documents": 0, "screens": 1, "crisps": IGNORE}[label] for label in labels],
                "'cartons': 'ignore'}: your code raised KeyError: 'cartons'"),
        Mistake(_emptying, "but your function changed `mapping`"),
        Mistake(_rewriting, "but your function changed `labels`"),
        Mistake(lambda labels, mapping: 0, "expected a target for each label"),
    ],
)  # fmt: skip
