"""Exercise 13: what to do, in six cases."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

what_to_do = {"phone": "d", "server": "a", "lab": "f", "forum": "e", "scanner": "b", "kiosk": "c"}
WAYS = {
    "phone": {
        "a": "it has 16 MB, and there is room for five.",
        "b": "it has 8 MB, and there is room for five.",
        "c": "nobody waits for it too long; it is the size that is too much.",
        "e": "that says how weights are read, and these are your own.",
        "f": "what would run them there? PyTorch alone is larger than the whole app.",
    },
    "server": {
        "b": "that saves 8 MB of 64 GB, and numbers are no longer quite those of the tests. What for?",
        "c": "nobody waits for it too long: what would be done with the result?",
        "d": "that saves 12 MB of 64 GB, and some decisions become other ones. What for?",
        "e": "that says how weights are read, and these are your own.",
        "f": "there is no PyTorch, and nobody to install it.",
    },
    "lab": {
        "a": "can a training go on from a file that only answers?",
        "b": "can a training go on from a file that only answers?",
        "c": "do they ask how long it takes?",
        "d": "can a training go on from whole numbers of 8 bits?",
        "e": "that says how weights are read. What do you give them?",
    },
    "forum": {
        "a": "to export it, one has to read it first. How?",
        "b": "to export it, one has to read it first. How?",
        "c": "to run it, one has to read it first. How?",
        "d": "to export it, one has to read it first. How?",
        "f": "to save it in another way, one has to read it first. How?",
    },
    "scanner": {
        "a": "it has 16 MB, and there is room for nine.",
        "c": "it is the size that is too much.",
        "d": "30 decisions in a thousand are other ones, and one may be.",
        "e": "that says how weights are read, and these are your own.",
        "f": "what would run them there? They have 16 MB, too.",
    },
    "kiosk": {
        "a": "that is what runs there already.",
        "b": "is it the model that takes so long? Nobody has looked.",
        "d": "is it the model that takes so long? Nobody has looked.",
        "e": "that says how weights are read, and these are your own.",
        "f": "there is a model in the kiosk, and it answers. What is not known yet?",
    },
}  # fmt: skip


def probe_what_to_do(answer):
    choose_each(answer, what_to_do, WAYS)


q13 = Question(
    number=13,
    reference=what_to_do,
    probe=probe_what_to_do,
    hints=[
        "Who is to use it, and what for: to get answers, to go on training, or to get hold of the weights at all?",
        "Strike out what does not fit, then what changes too many decisions. Of the rest, the one that changes least is the best.",
        "In one case nothing is to be exported at all yet, since nobody knows where the time goes; in another, nothing may be run.",
    ],
    why="A smaller file is worth something where there is a limit, and each halving is to be paid with a look at the decisions. "
    "Who goes on training needs the weights and how they were made, and not a graph; who gets a file from a stranger reads the "
    "weights alone, or nothing. And before something is made quicker, somebody measures what is slow.",
    mistakes=other_choices(what_to_do, WAYS)
    + [Mistake({"phone": "d"}, "'server' has no letter"), Mistake("dafebc", "expected a dictionary"),
       Mistake({**what_to_do, "lab": "g"}, "lab, expected one of")],
)  # fmt: skip
