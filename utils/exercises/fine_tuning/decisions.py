"""Exercise 13: which way of training for which job."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

plan = {"flowers": "a", "ultrasound": "b", "spare parts": "d", "heat sensor": "c"}
PLANS = {
    "flowers": {
        "b": "it can work; but these are photographs, which the backbone knows. Is there time on this laptop to teach it all anew?",
        "c": "twenty pictures a class teach nobody what an edge is.",
        "d": "it would work; but the classes stay, and half an hour allows for something better.",
    },
    "ultrasound": {
        "a": "features of photographs, kept as they are, know nothing of echoes; there is enough to learn others.",
        "c": "they look different, and still have edges and textures: a better start than random costs nothing.",
        "d": "features of photographs, kept as they are; and what are the 5,000 pictures a class for?",
    },
    "spare parts": {
        "a": "a head has one row of weights for each class: it would have to be trained again every day.",
        "b": "two pictures of each, and another training every day?",
        "c": "two pictures of each, and nothing that is known beforehand?",
    },
    "heat sensor": {
        "a": "which backbone? One for photographs wants colours and 32 pixels at the very least, and 64 kB hold none.",
        "b": "a network for photographs does not fit into 64 kB, whatever its rates.",
        "d": "features of which network? One for photographs does not fit into 64 kB.",
    },
}


def probe_plan(answer):
    choose_each(answer, plan, PLANS)


q13 = Question(
    number=13,
    reference=plan,
    probe=probe_plan,
    hints=[
        "Ask two things of each job: how many pictures a class are there, and how much do they look like the "
        "photographs that the backbone has learned from?",
        "Begin with what is impossible: where does no pretrained network fit, where is no time to train at all?",
        "Two jobs and two ways are left. Few pictures of a kind that the backbone knows: keep it. Many of another "
        "kind: let it learn, slowly.",
    ],
    why="The fewer pictures and the more they look like what the backbone knows, the less of it should move. The more "
    "there are and the stranger they look, the more may move. That is a first guess: where there is time, try the "
    "way next to it as well, and let valid decide.",
    mistakes=other_choices(plan, PLANS)
    + [Mistake({"flowers": "a"}, "'ultrasound' has no letter"), Mistake("abdc", "expected a dictionary"),
       Mistake({**plan, "flowers": "e"}, "flowers, expected one of")],
)  # fmt: skip
