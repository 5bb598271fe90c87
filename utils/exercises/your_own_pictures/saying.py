"""Exercises 7 and 8: what a test allows to say, and which sentences a report may contain."""

from utils.evaluation.intervals import wilson
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown
from utils.exercises.your_own_pictures.letters import other_picks, pick

# --- 7: too few, better, not shown ---------------------------------------------------------------
WORDS = ("too few", "better", "not shown")
WIDEST = 0.25
# How many are right, of how many; the share of the commonest class.
CASES = [
    (47, 54, 0.44),
    (9, 10, 0.5),  # its interval begins above a half, and is wide
    (30, 60, 0.44),  # more than 0.44, but it begins below
    (52, 60, 0.9),
    (30, 300, 0.5),  # sure to be worse
    (7, 7, 0.3),
    (520, 1000, 0.5),  # 0.52, from 0.489
    (540, 1000, 0.5),  # 0.54, from 0.509
    (0, 0, 0.5),
    (36, 60, 0.44),  # a width of 0.241
    (33, 55, 0.44),  # a width of 0.250, and a bit
    (39, 40, 0.9),
]


def may_say(right, pictures, commonest):
    sure = wilson(right, pictures)
    if pictures == 0 or sure.width > 0.25:
        return "too few"
    return "better" if sure.low > commonest else "not shown"


def probe_may_say(answer):
    for right, pictures, commonest in CASES:
        case = f"{right} right of {pictures}, the commonest class {commonest:g}"
        said = asked(answer, case, right, pictures, commonest)
        got = said.strip(" .!").lower() if isinstance(said, str) else said
        if not isinstance(got, str) or got not in WORDS:
            raise NotYet(f"{case}: expected one of {', '.join(map(repr, WORDS))}, got {shown(said)}.")
        wanted = may_say(right, pictures, commonest)
        if got != wanted:
            raise NotYet(f"{case}: you say {got!r}. {_why_not(got, wanted, right, pictures, commonest)}")


def _why_not(got, wanted, right, pictures, commonest):
    sure = wilson(right, pictures)
    if not pictures:
        return "Of no pictures all is nan, and every comparison with nan is False."
    if wanted == "too few":
        return f"Its interval goes from {sure.low:.3f} to {sure.high:.3f}. How wide is that?"
    if got == "too few":
        return f"Its interval, from {sure.low:.3f} to {sure.high:.3f}, is {sure.width:.3f} wide, and that will do."
    if got == "better":
        return f"Could it as well be no better? Its interval goes from {sure.low:.3f} to {sure.high:.3f}."
    return f"How far down may it be? Its interval goes from {sure.low:.3f} to {sure.high:.3f}."


def _said(
    width=lambda sure: sure.width > WIDEST, beats=lambda sure, share, commonest: sure.low > commonest, none="too few"
):
    """What is said, if somebody asks these of the interval."""

    def say(right, pictures, commonest):
        if not pictures:
            return none
        sure = wilson(right, pictures)
        if width(sure):
            return "too few"
        return "better" if beats(sure, right / pictures, commonest) else "not shown"

    return say


def _better_first(right, pictures, commonest):
    sure = wilson(right, pictures)
    if sure.low > commonest:
        return "better"
    return "not shown" if sure.width <= WIDEST else "too few"


def _with_nan(right, pictures, commonest):
    sure = wilson(right, pictures)
    return "too few" if sure.width > WIDEST else "better" if sure.low > commonest else "not shown"


def _simple(right, pictures, commonest):
    if not pictures:
        return "too few"
    share = right / pictures
    spread = 1.96 * (share * (1 - share) / pictures) ** 0.5
    return "too few" if 2 * spread > WIDEST else "better" if share - spread > commonest else "not shown"


q7 = Question(
    number=7,
    reference=may_say,
    probe=probe_may_say,
    hints=[
        "sure = wilson(right, pictures) has .low, .high and .width. Ask about the width first.",
        "Better, and not by luck, is what is better even at the low end of its interval.",
        "Of no pictures the width is nan, and nan > 0.25 is False: ask about pictures == 0, too.",
    ],
    why="The worked report says: *Right for 47 of 54 test pictures; it may as well be anything between 76 % and 94 %. That is "
    "better than always answering documents (44 %).* The lesson's `verdict` says it in the same way. 30 of 60 is above 44 % "
    "as well, and may be luck.",
    mistakes=[
        Mistake(_said(beats=lambda sure, share, commonest: share > commonest), "30 right of 60, the commonest class 0.44: you"),
        Mistake(_said(beats=lambda sure, share, commonest: sure.high > commonest), "Could it as well be no better"),
        Mistake(_said(beats=lambda sure, share, commonest: not sure.low <= commonest <= sure.high), "Could it as well be no better"),
        Mistake(_said(beats=lambda sure, share, commonest: sure.low > 0.5), "52 right of 60"),
        Mistake(_said(beats=lambda sure, share, commonest: share - sure.width > commonest), "How far down may it be"),
        Mistake(_said(width=lambda sure: False), "9 right of 10, the commonest class 0.5: you say 'better'"),
        Mistake(_said(width=lambda sure: sure.width > 0.1), "is 0.180 wide, and that will do"),
        Mistake(_said(width=lambda sure: sure.width / 2 > WIDEST), "How wide is that"),
        Mistake(_said(width=lambda sure: sure.width > 0.3), "How wide is that"),
        Mistake(_said(none="not shown"), "Of no pictures all is nan"),
        Mistake(_with_nan, "Of no pictures all is nan"),
        Mistake(_better_first, "9 right of 10"),
        Mistake(_simple, "30 right of 60"),
        Mistake(lambda right, pictures, commonest: "better", "you say 'better'"),
        Mistake(lambda right, pictures, commonest: "too few", "and that will do"),
        Mistake(lambda right, pictures, commonest: "not shown", "How far down"),
        Mistake(lambda right, pictures, commonest: right / max(pictures, 1), "expected one of"),
        Mistake(lambda right, pictures, commonest: wilson(right, pictures), "expected one of"),
        Mistake(lambda right, pictures, commonest: _said()(right, max(pictures, 1), commonest) == "better", "expected one of"),
        Mistake(lambda right, pictures, commonest: may_say(right / pictures, pictures, commonest), "How far down may it be"),
    ],
)  # fmt: skip

# --- 8: sentences for the report -----------------------------------------------------------------
may_stand = ["b", "e", "f"]
MAY = {
    "b": "how many were right, of how many, and what that is worth, may stand there, and has to.",
    "e": "what cannot be said is a finding, too, and saves whoever reads it from paying for a network in vain.",
    "f": "there is an answer to what the office has asked for, with what is not known about it.",
}
MAY_NOT = {
    "a": "54 pictures were seen, and not all the photographs there will be. How far may it be off?",
    "c": "the p-value is 0.69: coins fall like that more often than not.",
    "d": "the low end of its interval is at 0.74. Is at least 0.9 sure?",
    "g": "how sure the network says it is was calibrated by nobody; and was it asked for?",
}


def probe_sentences(answer):
    pick(answer, MAY, MAY_NOT)


q8 = Question(
    number=8,
    reference=may_stand,
    probe=probe_sentences,
    hints=[
        "Ask of each: is it still true if the next 54 pictures are other ones?",
        "A number with how many pictures, and how far it may be off, may stand there; so may what nobody can tell.",
        "Three of them may. One of these says what is not known about the screens.",
    ],
    why="A report may say what was counted, how far it may be off, and what cannot be told: b, e and f. Two more right than the "
    "line is what coins do, and 17 of 18 may be three in four. A reader who is told so collects more screens, and does not "
    "promise nine in ten.",
    mistakes=other_picks(MAY, MAY_NOT)
    + [Mistake("abcdefg", "'a': 54 pictures"), Mistake([], "[] is not all of them"), Mistake("b", "['b'] is not all of them"),
       Mistake(["b", "e", "f", "f"], "one stands twice"), Mistake("bex", "expected letters"), Mistake(3, "expected a list of letters"),
       Mistake([2, 5, 6], "expected letters")],
)  # fmt: skip
