"""Exercises 18 and 19: which bug makes which symptom, and which networks are worth a look."""

from utils.exercises.question import Mistake, NotYet, Question, choose_each, other_choices
from utils.exercises.values import as_list, shown

# --- 18: symptoms --------------------------------------------------------------------------------
causes = {"crash": "d", "stuck": "b", "idle": "e", "larger": "a", "two scores": "c"}
CAUSES = {
    "crash": {
        "a": "all pictures are of 64 x 64; and the error would come in the first step.",
        "b": "a softmax too many raises no error.",
        "c": "sharing a layer raises no error.",
        "e": "what is in a list computes as well as anything, and no step of it is special.",
    },
    "stuck": {
        "a": "then it would not run with other sizes; with this size it learns as well as any.",
        "c": "in train mode, in which this loss was computed, BatchNorm takes the means of the batch, shared or not.",
        "d": "that would be an error, not a loss.",
        "e": "layers that are not trained would not explain this very value. Where have you met it?",
    },
    "idle": {
        "a": "a head of any kind lets gradients through.",
        "b": "a softmax too many makes gradients small, and not zero.",
        "c": "a BatchNorm that is shared still lets gradients through to both convolutions.",
        "d": "that would be an error, not weights that stand still.",
    },
    "larger": {
        "b": "a softmax takes any size.",
        "c": "BatchNorm has two numbers a channel, for maps of any size.",
        "d": "batches of more than one picture raise it too.",
        "e": "a layer in a list takes what it is given, like any other layer.",
    },
    "two scores": {
        "a": "the size is the same in both; only the mode is another one.",
        "b": "a softmax does not change which class is the largest, nor does it know of modes.",
        "d": "that would be an error in train mode, and no low score in eval mode.",
        "e": "weights that are random are so in both modes.",
    },
}


def probe_causes(answer):
    choose_each(answer, causes, CAUSES)


q18 = Question(
    number=18,
    reference=causes,
    probe=probe_causes,
    hints=[
        "Two symptoms are errors. Which two of the causes can raise one, and what would each of the messages be about?",
        "Of the other three: one is about train against eval, so ask which layer knows of modes. One is about weights that "
        "an optimiser does not see. One is about a loss that has a floor: see exercise 12.",
    ],
    why="Three of the five raise no error. What finds them are three habits: count the parameters, get one batch by heart, "
    "score the training pictures in eval mode too.",
    mistakes=other_choices(causes, CAUSES)
    + [Mistake({"crash": "d"}, "'stuck' has no letter"), Mistake("dbeac", "expected a dictionary"),
       Mistake({**causes, "idle": "f"}, "idle, expected one of")],
)  # fmt: skip

# --- 19: the efficient front ---------------------------------------------------------------------
# Networks as {name: (accuracy, milliseconds)}, and those on the front.
TABLES = [
    ({"b0": (0.95, 40), "crops": (0.88, 70), "small": (0.89, 9), "mobile": (0.93, 12)}, {"b0", "small", "mobile"}),
    ({"a": (0.90, 10), "b": (0.90, 20), "c": (0.95, 30)}, {"a", "c"}),
    ({"a": (0.90, 10), "b": (0.85, 10), "c": (0.80, 5)}, {"a", "c"}),
    ({"a": (0.90, 10), "b": (0.90, 10), "c": (0.70, 20)}, {"a", "b"}),
    ({"slow": (0.99, 90), "quick": (0.60, 1), "middle": (0.70, 60), "worse": (0.65, 61)}, {"slow", "quick", "middle"}),
    ({"only": (0.10, 500)}, {"only"}),
]


def front(networks):
    """The names of those to which no other is better in one thing and at least as good in the other."""

    def beats(other, one):
        return other[0] >= one[0] and other[1] <= one[1] and other != one

    return [name for name, one in networks.items() if not any(beats(other, one) for other in networks.values())]


def probe_front(answer):
    for networks, right in TABLES:
        got = set(_names(answer(dict(networks)), networks))
        case = "; ".join(f"{name} {accuracy:.2f} in {time} ms" for name, (accuracy, time) in networks.items())
        for name in sorted(got - right):
            better = next(other for other in sorted(right) if front({n: networks[n] for n in (name, other)}) == [other])
            raise NotYet(f"{case}: {name!r} is on yours. Who would take it, where there is {better!r}?")
        for name in sorted(right - got):
            raise NotYet(f"{case}: {name!r} is missing on yours. Is any other at least as exact and at least as quick, and "
                         "better in one of them?")  # fmt: skip


def _names(answer, networks):
    got = as_list(list(answer) if isinstance(answer, dict) else answer, "names of networks, a list")
    unknown = [name for name in got if not isinstance(name, str) or name not in networks]
    if unknown:
        raise NotYet(f"expected names of networks, and {shown(unknown[0])} is none.")
    return got


def _unless(beats):
    """A front by another rule for who beats whom."""
    return lambda networks: [name for name, one in networks.items()
                             if not any(beats(other, one) for other in networks.values())]  # fmt: skip


def _one_after_the_other(networks):
    """From the quickest on, each that is more exact than all before: of twins it keeps the first."""
    found, best = [], float("-inf")
    for name, (accuracy, _) in sorted(networks.items(), key=lambda item: (item[1][1], -item[1][0])):
        if accuracy > best:
            found.append(name)
            best = accuracy
    return found


def _neighbours(networks):
    """In the order of time, each that is more exact than the one before it."""
    ordered = sorted(networks, key=lambda name: networks[name][1])
    return ordered[:1] + [name for before, name in zip(ordered, ordered[1:]) if networks[name][0] > networks[before][0]]


def _hull(networks):
    """Only where no mixture of two others would be better."""
    inside = {name for name, (accuracy, time) in networks.items() for left in networks.values() for right in networks.values()
              if left[1] < time < right[1]
              and accuracy < left[0] + (right[0] - left[0]) * (time - left[1]) / (right[1] - left[1])}  # fmt: skip
    return [name for name in front(networks) if name not in inside]


q19 = Question(
    number=19,
    reference=front,
    probe=probe_front,
    hints=[
        "Take two networks. When does nobody want the second? When the first is at least as exact and at least as quick, "
        "and better in one of the two.",
        "Write that as a function of two pairs: other[0] >= one[0] and other[1] <= one[1] and other != one. The last part "
        "keeps two that are equal in both.",
        "A name is on the front where not any(...) of the networks beats it.",
    ],
    why="What is not on the front need not be discussed. Among those that are, numbers do not decide: whoever asks says "
    "how many milliseconds there are, or how exact it has to be. And times and accuracies are measured, so those "
    "just behind the front may be as good.",
    mistakes=[
        Mistake(lambda networks: [max(networks, key=lambda name: networks[name][0])], "'mobile' is missing"),
        Mistake(lambda networks: list(networks), "'crops' is on yours"),
        Mistake(_unless(lambda other, one: other[0] > one[0] and other[1] < one[1]), "'b' is on yours"),
        Mistake(_unless(lambda other, one: other[0] > one[0] and other[1] <= one[1]), "'b' is on yours. Who"),
        Mistake(_unless(lambda other, one: other[0] >= one[0] and other[1] < one[1]), "a 0.90 in 10 ms; b 0.85 in 10"),
        Mistake(_unless(lambda other, one: other[0] >= one[0] and other[1] <= one[1]), "is missing on yours"),
        Mistake(_unless(lambda other, one: other[0] > one[0]), "is missing on yours"),
        Mistake(_unless(lambda other, one: other[0] <= one[0] and other[1] >= one[1] and other != one), "is on yours"),
        Mistake(_one_after_the_other, "b 0.90 in 10 ms; c 0.70 in 20 ms: 'b' is missing"),
        Mistake(_neighbours, "c 0.70 in 20 ms: 'b' is missing"),
        Mistake(_hull, "'middle' is missing"),
        Mistake(lambda networks: [0], "expected names of networks"),
        Mistake(lambda networks: len(networks), "expected names of networks"),
    ],
)
