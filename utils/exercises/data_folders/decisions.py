"""Exercises 6, 11 and 12: the score to beat, and what a score allows one to say."""

from utils.exercises.question import Mistake, NotYet, Question, choose
from utils.exercises.values import as_number

# --- 6: the score to beat ------------------------------------------------------------------------
PARTS, BROKEN = 12_480, 624

baseline = 1 - 624 / 12_480


def probe_baseline(answer):
    got = as_number(answer, "a share, a number between 0 and 1")
    right = 1 - BROKEN / PARTS
    traps = {
        BROKEN / PARTS: "this is how often it is wrong",
        BROKEN / (PARTS - BROKEN): "this compares the broken parts with the sound ones; compare with all",
        0.5: "that would be it if both classes were of the same size",
        0.94: "that is what the supplier says of the model; the question is about no model at all",
    }
    if not 0 <= got <= 1:
        raise NotYet(f"{got:g} is not between 0 and 1. As a share, please: 0.5 for half of the pictures.")
    if abs(got - right) <= 0.002:
        return
    reason = next((reason for trap, reason in traps.items() if abs(got - trap) <= 0.001), "")
    near = "that is near; give it as computed" if abs(got - right) <= 0.015 else ""
    raise NotYet(f"{got:g}: {reason or near or 'it says sound for every picture; for how many of them is that right?'}")


q6 = Question(
    number=6,
    reference=baseline,
    probe=probe_baseline,
    hints=[
        "It gives the same answer for all pictures, so it is right for the sound parts and for no other.",
        "Divide the number of pictures it is right on by the number of all pictures.",
    ],
    why="The most frequent class sets the score to beat, and here the model for sale does not reach it: never looking "
    "at all is right more often. Accuracy says little where one class is rare; lesson 06 has better numbers.",
    mistakes=[
        Mistake(0.05, "how often it is wrong"),
        Mistake(0.0526, "compares the broken parts with the sound ones"),
        Mistake(0.5, "of the same size"),
        Mistake(0.94, "what the supplier says"),
        Mistake(95, "not between 0 and 1"),
        Mistake(0.96, "is near"),
        Mistake(0.8, "for how many of them is that right"),
        Mistake("nearly all", "expected a share"),
    ],
)

# --- 11: 99 % on what a crawler brought ----------------------------------------------------------
first_step = "c"
SHOES = {
    "a": "were they never trained on? The same photograph hangs in ten shops, and the split was drawn picture by picture.",
    "b": "the test part was drawn from the same pile in the same way, so it would say the same, for the same reason.",
    "d": "a larger network remembers even better what it has met; the number would rise and mean less.",
}


def probe_first_step(answer):
    choose(answer, first_step, SHOES)


q11 = Question(
    number=11,
    reference=first_step,
    probe=probe_first_step,
    hints=[
        "Think of how a crawler works: where does one and the same photograph of a shoe appear?",
        "What would the score of a model be that has learned nothing and only remembers pictures? Section 7 of the "
        "lesson measured it.",
    ],
    why="A score that is too good is a finding about the data until leakage is ruled out. find_copies takes a second, "
    "and if there are copies across the splits, every number measured so far is void.",
    mistakes=[Mistake(letter, words) for letter, words in SHOES.items()] + [Mistake("e", "expected one of 'a', 'b'")],
)

# --- 12: which number goes into the offer --------------------------------------------------------
in_the_offer = "b"
OFFER = {
    "a": "it is the highest of twenty, and it was picked because it was high: part of it is luck on those pictures.",
    "c": "half of that number is still the one that was picked for being high.",
    "d": "then the test pictures have chosen as well, and nothing is left that can judge.",
}


def probe_in_the_offer(answer):
    choose(answer, in_the_offer, OFFER)


q12 = Question(
    number=12,
    reference=in_the_offer,
    probe=probe_in_the_offer,
    hints=[
        "Which pictures helped to choose among the twenty settings?",
        "A set of pictures that chose cannot judge. Which set has not chosen anything?",
    ],
    why="Valid chose among twenty, so its best number is too good. Test was looked at once, after all was decided: "
    "what it says is what the customer may expect, and looking again would spoil it.",
    mistakes=[Mistake(letter, words) for letter, words in OFFER.items()]
    + [Mistake("0.91", "expected one of 'a', 'b'")],
)
