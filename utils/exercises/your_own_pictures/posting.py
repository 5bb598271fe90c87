"""Exercise 10: what becomes of a threshold in a day's post, where screens are rare."""

from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

PICTURES, SCREENS = 1000, 20  # a day
FOUND, ALARMS = 0.90, 0.05  # of the screens; of the others
MISS, ALARM = 40, 1  # euros

ALARMS_A_DAY = round(ALARMS * (PICTURES - SCREENS))
FOUND_A_DAY = round(FOUND * SCREENS)
post = {"put aside": 18 + 49, "screens among them": 18, "euros": 2 * 40 + 49 * 1}
SLIPS = {
    "put aside": {
        "those are put aside for nothing; the screens among them are missing.": ALARMS_A_DAY,
        "those are the screens alone that are put aside.": FOUND_A_DAY,
        "five in a hundred are of those that are no screens, not of all.": round(ALARMS * PICTURES) + FOUND_A_DAY,
        "in the test a third are screens; in the post twenty of a thousand.": 333,
        "those are all screens; not all of them are found.": SCREENS,
    },
    "screens among them": {
        "so many there are; how many of them are found?": SCREENS,
        "so many slip through.": SCREENS - FOUND_A_DAY,
        "those are put aside for nothing.": ALARMS_A_DAY,
        "in the test a third are screens; in the post twenty of a thousand.": 300,
    },
    "euros": {
        "those are the screens that slip through; what is put aside for nothing costs, too.": MISS * (SCREENS - FOUND_A_DAY),
        "that is what is put aside for nothing; a screen that slips through costs, too.": ALARM * ALARMS_A_DAY,
        "a screen that is put aside is right, and costs nothing.": MISS * (SCREENS - FOUND_A_DAY) + ALARMS_A_DAY + FOUND_A_DAY,
        "so much it costs if nobody looks at all.": MISS * SCREENS,
        "the two prices are exchanged.": ALARM * (SCREENS - FOUND_A_DAY) + MISS * ALARMS_A_DAY,
        "five in a hundred are of those that are no screens, not of all.": MISS * (SCREENS - FOUND_A_DAY) + round(ALARMS * PICTURES),
        "so much is saved; how much does it cost still?": MISS * FOUND_A_DAY,
    },
}  # fmt: skip


def probe_post(answer):
    got = as_numbers(answer, post)
    for name, right in post.items():
        if not abs(got[name] - right) <= 0.05:  # also nan
            otherwise = "how many of the 20 screens are put aside, and how many of all the others?"
            raise NotYet(f"{name}, {got[name]:g}: {first_near(got[name], SLIPS[name], otherwise, abs_tol=0.05)}")


q10 = Question(
    number=10,
    reference=post,
    probe=probe_post,
    hints=[
        "Twenty are screens: how many of them are put aside, and how many slip through? 980 are none: how many are put aside?",
        "Put aside are both together. Only what slips through, and what is put aside for nothing, costs anything.",
    ],
    why="18 screens and 49 others are put aside: of four pictures that a clerk looks at, one is a screen, though the network is "
    "wrong on only one in twenty. Two screens slip through: 80 euros, and 49 for the looking. Without a machine it is 800. In "
    "the test a third were screens, so its precision is not that of the post. The worked report says both: *Of 19 pictures that "
    "were put aside in test 17 are screens; of the 67 of a day's post it would be 18.*",
    mistakes=[Mistake({**post, name: value}, f"{name}, {value}: {words}")
              for name, slips in SLIPS.items() for words, value in slips.items()]
    + [Mistake({**post, "euros": 5}, "how many of the 20 screens"), Mistake({**post, "put aside": 0.067}, "how many of the 20"),
       Mistake({**post, "screens among them": float("nan")}, "screens among them, nan"),
       Mistake({"euros": 129}, "'put aside' has no number"), Mistake(129, "expected a dictionary"),
       Mistake({**post, "euros": "129"}, "expected euros, a number")],
)  # fmt: skip
