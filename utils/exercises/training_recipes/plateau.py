"""Exercise 4: a schedule that waits for better days."""

import itertools
import math

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number

DROP_TO = 0.5  # a power of 2, so that the share tells how many drops there were
# Scores of the epochs so far, patience, and whether higher is better. Each is asked after each epoch.
TOLD = [
    ([0.4, 0.5, 0.5, 0.5, 0.6, 0.55, 0.6, 0.58, 0.5, 0.4, 0.3], 1, True),
    ([2.3, 1.9, 1.7, 1.8, 1.75, 1.72, 1.69, 1.7, 1.8, 1.9, 2.0], 2, False),
    ([0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.1], 2, True),
    ([-5.0, -4.0, -4.5, -3.9, -3.9, -3.95], 0, True),
    ([0.3, 0.2, 0.25, 0.2], 0, False),
    ([0.0, 0.0, 0.0], 1, True),
    ([0.0, 0.3, 0.2, 0.1], 1, False),
    ([-5e4, -4e4, -6e4], 0, True),
    ([6e4, 5e4, 7e4], 0, False),
]


def plateau_share(scores, patience, higher_is_better, drop_to):
    """The share of the rate after epochs with these scores; 1 before the first one."""
    best, waited, share = None, 0, 1.0
    for score in scores:
        if best is None or (score > best if higher_is_better else score < best):
            best, waited = score, 0
            continue
        waited += 1
        if waited > patience:
            share, waited = share * drop_to, 0
    return share


def plateau_share_as_found(scores, patience, higher_is_better, drop_to):
    """The share of the rate after epochs with these scores; 1 before the first one."""
    best, waited, share = 0, 0, 1.0
    for score in scores:
        if score > best if higher_is_better else score < best:
            best, waited = score, 0
            continue
        waited += 1
        if waited >= patience:
            share = share * drop_to
    return share


def probe_plateau_share(answer):
    found = {}
    for place, (told, patience, higher) in enumerate(TOLD):
        for epochs in range(len(told) + 1):
            case = f"scores {told[:epochs]}, patience {patience}, {'higher' if higher else 'lower'} is better, drop_to {DROP_TO}"
            said = asked(answer, case, told[:epochs], patience, higher, DROP_TO)
            found[place, epochs] = case, as_number(said, "a share of the rate, a number")
    right = _everywhere({})
    wrong = [key for key, (_, got) in found.items() if not abs(got - right[key]) < 1e-9]
    if wrong:
        case, got = found[wrong[0]]
        raise NotYet(f"{case}: you say {got:.4g}. {_which({key: got for key, (_, got) in found.items()}, wrong[0])}")


def _which(found, place):
    """What is to be said of all that was answered, where it was wrong first at this place."""
    for words, change in SLIPS.items():
        if _agree(found, _everywhere(change)):
            return words
    for some in [*itertools.combinations(FOUND, 2), FOUND]:
        if _agree(found, _everywhere({name: value for change in some for name, value in change.items()})):
            return next(words for words, change in SLIPS.items() if change in some and _is_wrong(change, place))
    if place[1] and any(got < 1 for (_, epochs), got in found.items() if epochs == 1):
        return BEGUN
    return "That is a drop too many." if found[place] < _everywhere({})[place] else "A drop is missing."


def _is_wrong(change, place):
    return not math.isclose(_everywhere(change)[place], _everywhere({})[place])


def _agree(found, other):
    return all(math.isclose(got, found[key], abs_tol=1e-9) for key, got in other.items())


def _everywhere(change):
    """What a plateau_share that goes wrong in these ways says after each epoch of each training."""
    return {(place, epochs): _share(told[:epochs], patience, higher, **change) if epochs else 1.0
            for place, (told, patience, higher) in enumerate(TOLD) for epochs in range(len(told) + 1)}  # fmt: skip


def _share(
    scores, patience, higher, begin=None, patient=0, reset=True, equal=False, forget=False, direction=None, falsy=False
):
    """A plateau_share that goes wrong in one way, or in several."""
    best, waited, share = (scores[0] if begin is None and scores else begin), 0, 1.0
    higher = higher if direction is None else direction
    for score in scores[1:] if begin is None else scores:
        if (score > best if higher else score < best) or (equal and score == best) or (falsy and not best):
            best, waited = score, 0
            continue
        waited += 1
        if waited > patience + patient:
            share, waited = share * DROP_TO, 0 if reset else waited
            best = score if forget else best
    return share


BEGUN = "So it is if the very first epoch may be no better than something: with what is its score compared, where no other " \
        "has been before it?"  # fmt: skip
SLIPS = {
    "So it is if 0 is the score to beat from the beginning: with a loss nothing is ever better, and nor is a first score of 0 "
    "or below.": {"begin": 0},
    "So it is if a best score of 0 is taken for none yet: 0 is a score as good as others.": {"falsy": True},
    "So it drops an epoch too early: patience epochs are borne, and one more makes it drop.": {"patient": -1},
    "So it drops an epoch too late: patience epochs are borne, and one more makes it drop.": {"patient": 1},
    "Once it has dropped, it drops after every epoch that is no better: when does the waiting begin anew?": {
        "reset": False
    },
    "So it is if an epoch that is just as good counts as better.": {"equal": True},
    "So it is if after a drop any epoch may become the best one: the best so far stays the best.": {"forget": True},
    "So it is if higher is better, whatever is said.": {"direction": True},
    "So it is if lower is better, whatever is said.": {"direction": False},
}
FOUND = ({"begin": 0}, {"patient": -1}, {"reset": False})  # the three of the code to mend


def _wrong(**changes):
    """A plateau_share that goes wrong in these ways."""

    def plateau_share(scores, patience, higher_is_better, drop_to):
        if not scores:
            return 1.0
        return _share(scores, patience, higher_is_better, **changes)

    return plateau_share


def _from_the_first(scores, patience, higher_is_better, drop_to):
    best = scores[0]
    return _share(scores, patience, higher_is_better, begin=best)


def _from(begin):
    """A plateau_share whose best begins as this, from the scores and higher_is_better."""

    def plateau_share(scores, patience, higher_is_better, drop_to):
        return _share(scores, patience, higher_is_better, begin=begin(scores, higher_is_better))

    return plateau_share


def _from_minus_infinity(scores, patience, higher_is_better, drop_to):
    return _share(scores, patience, higher_is_better, begin=-float("inf"))


def _always_a_tenth(scores, patience, higher_is_better, drop_to):
    return plateau_share(scores, patience, higher_is_better, 0.1)


def _once(scores, patience, higher_is_better, drop_to):
    return max(drop_to, plateau_share(scores, patience, higher_is_better, drop_to))


q4 = Question(
    number=4,
    reference=plateau_share,
    probe=probe_plateau_share,
    starter=plateau_share_as_found,
    hints=[
        "Go through [2.3, 1.9, 1.7] with a pencil, lower is better: which of them is ever below the best at the beginning?",
        "There is no best before the first epoch: None, say. And write down `waited` for patience 1: after how many epochs "
        "without a better one does it drop?",
        "After a drop the waiting begins anew, waited = 0; and it drops where waited > patience.",
    ],
    why="A best that begins at 0 is a guess about scores, and wrong for losses (it drops all the time) as well as for a network "
    "that has found nothing yet. The same mistake in an early stop or in keeping the best epoch ends with nothing kept.",
    mistakes=[Mistake(_wrong(**change), words) for words, change in SLIPS.items()]
    + [Mistake(_wrong(begin=0, patient=-1), "higher is better, drop_to 0.5: you say 0.5. So it drops an epoch too early"),
       Mistake(_wrong(begin=0, reset=False), "drops after every epoch"),
       Mistake(_wrong(patient=-1, reset=False), "an epoch too early"),
       Mistake(_from_the_first, "your code raised IndexError"),
       Mistake(_from_minus_infinity, "lower is better"), Mistake(_from_minus_infinity, BEGUN),
       Mistake(_from(lambda scores, higher: scores[0] if scores else 0), BEGUN), Mistake(_from(lambda scores, higher: 1), BEGUN),
       Mistake(_from(lambda scores, higher: 100), BEGUN), Mistake(_from(lambda scores, higher: 0 if higher else 100), BEGUN),
       Mistake(_from(lambda scores, higher: 0 if higher else 1), BEGUN), Mistake(_from(lambda *_: -1e4), BEGUN),
       Mistake(_from(lambda scores, higher: -1e4 if higher else 1e4), BEGUN),
       Mistake(_always_a_tenth, "drop_to 0.5: you say 0.1"), Mistake(_once, "A drop is missing"),
       Mistake(lambda *_: 1.0, "you say 1. "), Mistake(lambda *_: "1", "expected a share")],
)  # fmt: skip
