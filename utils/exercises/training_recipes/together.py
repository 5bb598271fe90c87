"""Exercise 21: eight GPUs, in four cases."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

eight_gpus = {"same": "a", "nightly": "b", "forty": "d", "bees": "e"}
WAYS = {
    "same": {
        "b": "it makes an eighth of the steps then, at another rate: is that the same training?",
        "c": "that is 8 pictures for all of them, one for each. Who divides a batch, you or the training?",
        "d": "there is a single run, and seven of them would have nothing to do.",
        "e": "that is slower, and nothing here minds how many there are.",
        "f": "is the batch another one? A higher rate is another training.",
    },
    "nightly": {
        "a": "that is how it is now, and seven more GPUs bring a third.",
        "c": "they wait for one another since each has little to do, and that would be less.",
        "d": "there is a single run a night.",
        "e": "that is slower still, says the case.",
        "f": "a rate changes what a step does, and not how long it takes.",
    },
    "forty": {
        "a": "forty times 150 s, one run after the other: how long is that, and how else could it be done?",
        "b": "the recipes are what is to be compared: with other batches it is another sweep.",
        "c": "the recipes are what is to be compared: with other batches it is another sweep.",
        "e": "what would the others do meanwhile? There is work for all.",
        "f": "the rates are what is to be compared: with other ones it is another sweep.",
    },
    "bees": {
        "a": "that is how it is now. How many pictures does each BatchNorm go by?",
        "b": "a batch of 128, of 120 pictures: one step an epoch.",
        "c": "that is 2 pictures for all of them, and eight processes cannot share these.",
        "d": "there is a single run, and seven of them would have nothing to do.",
        "f": "alone it learns well at this rate, and with this batch. What is different on eight?",
    },
}  # fmt: skip


def probe_eight_gpus(answer):
    choose_each(answer, eight_gpus, WAYS)


q21 = Question(
    number=21,
    reference=eight_gpus,
    probe=probe_eight_gpus,
    hints=[
        "batch_size is that of all processes together. How many pictures has each of the eight, in each case, and is it enough?",
        "Speed-up is the time alone by the time together, efficiency is that by the number of processes: of eight that are four "
        "times as fast, half is wasted. Which work can be shared without any waste?",
        "In one case the eight need not work together at all, in one they had better not, and in one they have too little to do.",
    ],
    why="Processes share a batch, so the same line is the same training, as long as nothing goes by each one's own pictures, as "
    "BatchNorm does: with 2 of them it is blind. They are quicker only where each has enough to do, and a larger batch wants a rate "
    "of its own. Runs that need nothing from one another come first: side by side, each GPU has an efficiency of 1; forty runs "
    "take 50 minutes instead of 100.",
    mistakes=other_choices(eight_gpus, WAYS)
    + [Mistake({**eight_gpus, "bees": 1}, "bees, expected one of"), Mistake({"same": "a"}, "'nightly' has no letter"),
       Mistake("abde", "expected a dictionary"), Mistake({**eight_gpus, "forty": "g"}, "forty, expected one of")],
)  # fmt: skip
