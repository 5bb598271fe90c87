"""Exercise 9: what the office has asked for, and whether it is kept."""

import math

import numpy as np
import pandas as pd

from utils.errors import CourseError
from utils.evaluation.thresholds import choose_and_report, is_kept
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_dict, as_numbers, shown

CLASSES = ["documents", "not_documents", "screens"]
# A seed, pictures in valid and test, the recall that is wanted, how much harder test is: kept, not sure, and not kept.
CASES = [(143, 150, 120, 0.85, 0.7), (5, 150, 900, 0.8, 0.0), (8, 150, 400, 0.95, 1.5), (1, 60, 54, 0.75, 0.5)]
KEPT = ("yes", "no", "not sure")


def promise(valid, test, at_least):
    _, on_test = choose_and_report(valid, test, "screens", recall=at_least)
    found, of = on_test.tp, on_test.tp + on_test.fn
    return {"found": found, "of": of, "kept": is_kept(found, of, at_least)}


def probe_promise(answer):
    for case in CASES:
        at_least, given = case[3], tables(*case)
        words = f"{case[1]} pictures in valid, {case[2]} in test, a recall of {at_least:g}"
        said = asked(answer, words, *(table.copy() for table in given), at_least)
        got, right = (
            as_numbers(said, ("found", "of"), "a dictionary with found, of and kept"),
            promise(*given, at_least),
        )
        for name in ("of", "found"):
            if got[name] != right[name]:
                usual = {text: count for text, count in _usual(name, *given, at_least).items() if count is not None}
                raise NotYet(
                    f"{words}: {name} is {got[name]:g}. {first_near(got[name], usual, OTHERWISE[name], abs_tol=0)}"
                )
        _check_kept(words, as_dict(said).get("kept"), right, at_least)


OTHERWISE = {
    "found": "choose_and_report gives two outcomes, each with tp, fp, fn and tn. Which one judges, and which cell is it?",
    "of": "Of how many screens in test?",
}


def _check_kept(words, kept, right, at_least):
    kept = kept.strip(" .!").lower() if isinstance(kept, str) else kept
    if not isinstance(kept, str) or kept not in KEPT:
        raise NotYet(f"{words}: kept is {shown(kept)}; expected one of {', '.join(map(repr, KEPT))}.")
    if kept == right["kept"]:
        return
    share = right["found"] / right["of"]
    seen = (
        f"{right['found']} of {right['of']} were found. Does all of Wilson's interval lie on one side of {at_least:g}?"
    )
    looks = "yes" if share >= at_least else "no"
    raise NotYet(f"{words}: kept is {kept!r}. {'Seen, it is; is it sure? ' if kept == looks == 'yes' else ''}{seen}")


def tables(seed, valid, test, at_least, harder):
    """Two predictions tables; of the second the screens look less like screens."""
    rng = np.random.default_rng(seed)
    return _predictions(rng, valid, "valid", 0.0), _predictions(rng, test, "test", harder)


def _predictions(rng, pictures, name, harder):
    truth = np.arange(pictures) % 3
    logits = rng.normal(size=(pictures, 3)) + 2.5 * np.eye(3)[truth]
    logits[truth == 2, 2] -= harder
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    labels = np.array(CLASSES, dtype=object)
    first = pd.DataFrame({"path": [f"{name}/{number}.jpg" for number in range(pictures)], "label": labels[truth],
                          "predicted": labels[probabilities.argmax(axis=1)]}, dtype=object)  # fmt: skip
    return first.assign(**{f"p_{label}": column for label, column in zip(CLASSES, probabilities.T)})


def _usual(name, valid, test, at_least):
    on_valid, on_test = choose_and_report(valid, test, "screens", recall=at_least)
    if name == "of":
        return {
            "So many are taken for screens, the right ones among them.": on_test.tp + on_test.fp,
            "So many pictures are in test; how many of them are screens?": len(test),
            "So many screens are in valid. Which of the two tables judges?": on_valid.tp + on_valid.fn,
            "So many are found; of how many?": on_test.tp,
        }
    likeliest = ((test["label"] == "screens") & (test["predicted"] == "screens")).sum()
    return {
        "So many are found on valid, which chose the threshold.": on_valid.tp,
        "So many have screens as their likeliest class; the threshold has not been used.": likeliest,
        "So many there are, if test chooses: it may not.": choose_and_report(test, valid, "screens", recall=at_least)[0].tp,
        "Precision and recall are exchanged: the need is a recall.": _found_by_precision(valid, test, at_least),
        "So it is at the highest threshold that reaches the need; choose_and_report takes the one with the best precision.":
            _found_by_highest(valid, test, at_least),
        "So many are missed.": on_test.fn,
        "So many are taken, the wrong ones among them.": on_test.tp + on_test.fp,
    }  # fmt: skip


def _found_by_precision(valid, test, at_least):
    try:
        return choose_and_report(valid, test, "screens", precision=at_least)[1].tp
    except CourseError:
        return None


def _found_by_highest(valid, test, at_least):
    scores = np.sort(valid.loc[valid["label"] == "screens", "p_screens"])[::-1]
    threshold = scores[math.ceil(round(at_least * len(scores), 9)) - 1]
    return int(((test["label"] == "screens") & (test["p_screens"] >= threshold)).sum())


def _but(**changes):
    """Our promise with values changed: {name: function of valid, test, at_least and the outcome on test}."""

    def promise_(valid, test, at_least):
        on_test = choose_and_report(valid, test, "screens", recall=at_least)[1]
        return promise(valid, test, at_least) | {
            name: change(valid, test, at_least, on_test) for name, change in changes.items()
        }

    return promise_


def _found_by(number):
    return lambda valid, test, at_least, on_test: (
        choose_and_report(valid, test, "screens", recall=at_least)[0].tp * number
    )


def _by_likeliest(valid, test, at_least, on_test):
    return ((test["label"] == "screens") & (test["predicted"] == "screens")).sum()


def _as_seen(valid, test, at_least, on_test):
    return "yes" if on_test.recall >= at_least else "no"


def _by_what_was_seen_in_valid(valid, test, at_least, on_test):
    on_valid = choose_and_report(valid, test, "screens", recall=at_least)[0]
    return is_kept(on_valid.tp, on_valid.tp + on_valid.fn, at_least)


q9 = Question(
    number=9,
    reference=promise,
    probe=probe_promise,
    hints=[
        'choose_and_report(valid, test, "screens", recall=at_least) gives two outcomes: on valid, and on test.',
        "Found are the `.tp` of the second, and there are `.tp + .fn` of them.",
        "is_kept(found, of, at_least) says yes, no or not sure, by Wilson's interval.",
    ],
    why="The worked report says: *Of 18 screens in test 17 were found. Whether nine in ten are found is not sure: it may be three "
    "in four.* On valid the threshold reaches the need by construction. *Not sure* is an answer: it says that more screens are "
    "to be collected before anybody relies on this.",
    mistakes=[
        Mistake(_but(found=_found_by(1)), "So many are found on valid"),
        Mistake(_but(found=_by_likeliest), "the threshold has not been used"),
        Mistake(_but(found=lambda valid, test, at_least, on_test: on_test.fn), "So many are missed"),
        Mistake(_but(found=lambda valid, test, at_least, on_test: on_test.tp + on_test.fp), "the wrong ones among them"),
        Mistake(_but(found=lambda valid, test, at_least, on_test:
                     choose_and_report(test, valid, "screens", recall=at_least)[0].tp), "if test chooses: it may not"),
        Mistake(_but(found=lambda valid, test, at_least, on_test: _found_by_precision(valid, test, at_least)),
                "Precision and recall are exchanged"),
        Mistake(_but(found=lambda valid, test, at_least, on_test: _found_by_highest(valid, test, at_least)),
                "So it is at the highest threshold"),
        Mistake(_but(found=lambda valid, test, at_least, on_test: 1), "which cell is it"),
        Mistake(_but(of=lambda valid, test, at_least, on_test: len(test)), "how many of them are screens"),
        Mistake(_but(of=lambda valid, test, at_least, on_test: on_test.tp + on_test.fp), "So many are taken for screens"),
        Mistake(_but(of=lambda valid, test, at_least, on_test: (valid["label"] == "screens").sum()), "are in valid"),
        Mistake(_but(of=lambda valid, test, at_least, on_test: on_test.tp), "So many are found; of how many"),
        Mistake(_but(kept=_as_seen), "Does all of Wilson's interval"),
        Mistake(_but(kept=lambda *_: "yes"), "kept is 'yes'"),
        Mistake(_but(kept=lambda *_: "no"), "kept is 'no'"),
        Mistake(_but(kept=lambda *_: "not sure"), "kept is 'not sure'"),
        Mistake(_but(kept=_by_what_was_seen_in_valid), "Does all of Wilson's interval"),
        Mistake(_but(kept=lambda *_: True), "expected one of 'yes'"),
        Mistake(lambda valid, test, at_least: {"of": 20}, "'found' has no number"),
        Mistake(lambda valid, test, at_least: tuple(promise(valid, test, at_least).values()), "expected a dictionary"),
    ],
)  # fmt: skip
