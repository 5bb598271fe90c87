"""Exercise 15: a recipe from a need, as a file of its own."""

import re
from dataclasses import fields
from pathlib import Path

from utils.errors import CourseError
from utils.exercises.made import folder_of
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_dict, shown
from utils.training.recipe import Recipe, read_recipe

my_recipe = """
epochs: 20
batch_size: 16
accumulate: 2
optimizer: sgd
lr: 0.1
weight_decay: 5.0e-4
schedule: one_cycle
rise: 0.4
mixup: 0.2
clip_norm: 1.0
ema: 0.99
patience: 5
best_by: valid_f1
save_last: false
"""
# What is to be asked of each field, in the order of the task; all others stay what they are.
ASKED = {
    "epochs": "how often is each picture to be seen?",
    "batch_size": "how many pictures have room at once?",
    "accumulate": "how many batches make a step of 32 pictures?",
    "optimizer": "which one is asked for?",
    "lr": "at which rate, at its highest?",
    "weight_decay": "how strong a pull to 0?",
    "schedule": "which one is asked for?",
    "rise": "on which share of the way does the rate rise?",
    "mixup": "pictures are to be mixed; with which alpha?",
    "clip_norm": "how long may a gradient be?",
    "ema": "averaged weights are asked for, with which decay?",
    "patience": "when is it to stop early?",
    "best_by": "by which score is the best epoch kept?",
    "save_last": "what is to be kept beside the best?",
}


def probe_my_recipe(answer):
    got, wanted = _read(answer), _read(my_recipe)
    for field in fields(Recipe):
        value = getattr(got, field.name)
        if value != getattr(wanted, field.name):
            words = ASKED.get(field.name, "nothing is said of that, so leave it as it is.")
            raise NotYet(f"{field.name} is {value!r}: {words}")


def _read(answer):
    """The recipe that somebody means, in YAML, as a Recipe or as {field: value}."""
    if isinstance(answer, Recipe):
        return answer
    try:
        if isinstance(answer, (str, Path)):
            text = str(answer)
            _check_text(text)
            with folder_of({"my_recipe.yaml": text.encode("utf-8", "replace")}) as folder:
                return read_recipe(folder / "my_recipe.yaml")
        values = as_dict(answer, "a recipe, as a text of lines such as epochs: 20")
        if not all(isinstance(name, str) for name in values):
            raise NotYet(f"expected the names of fields, got {shown(list(values))}.")
        return Recipe(**values)
    except CourseError as error:
        raise NotYet(_without_folder(str(error))) from None


def _check_text(text):
    """What YAML reads in another way than it was meant, or tells of a line too late."""
    if re.fullmatch(r"\S.*\.ya?ml", text.strip()):
        raise NotYet(f"{shown(text)} is the name of a file; what stands in it is asked for, the text itself.")
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\w+:[^\s]", line):
            raise NotYet(f"my_recipe has {shown(line)} in line {number}: after the colon comes a space.")


def _without_folder(text):
    """A message about a file that is nobody's, as one about the answer."""
    start, quote, rest = text.partition("'")
    return f"my_recipe{rest.partition(quote)[2]}" if quote and not start and "my_recipe.yaml" in text else text


def _with(**lines):
    """The recipe with some lines changed; None leaves one out."""
    kept = [line for line in my_recipe.strip().splitlines() if line.partition(":")[0] not in lines]
    return "\n".join([*kept, *(f"{name}: {value}" for name, value in lines.items() if value is not None)])


q15 = Question(
    number=15,
    reference=my_recipe,
    probe=probe_my_recipe,
    hints=[
        "Go through the need sentence by sentence, and look for each in the table at the end of the lesson, or in the comments of "
        "its parameters.",
        "A name that there is not gets a message with the one that was probably meant; so does a value of a wrong kind.",
        "16 pictures have room, and a step is to be of 32: accumulate: 2. In YAML a small number is 0.0005 or 5.0e-4; yes and no "
        "are true and false.",
    ],
    why="One file says all of it, and can be read by a person as well as by `read_recipe` and `papermill -f`. What is not said "
    "stays what it is; what would have no effect is refused, so that nobody believes to have tried it.",
    mistakes=[Mistake(_with(**{field: None}), f"{field} is {getattr(Recipe(), field)!r}: {words}")
              for field, words in ASKED.items() if field not in ("schedule", "rise")]
    + [
        Mistake(_with(schedule=None, rise=None), "schedule is 'cosine': which one is asked for"),
        Mistake(_with(schedule=None), "rise is only for schedule='one_cycle', but schedule is 'cosine'"),
        Mistake(_with(rise=None), "on which share of the way"), Mistake(_with(rise=0.6), "rise is 0.6: on which share"),
        Mistake(_with(lr=None, learning_rate=0.1), "did you mean 'lr'"),
        Mistake(_with(patience=None, early_stopping=5), "did you mean 'patience'"),
        Mistake(_with(rise=None, pct_start=0.4), "did you mean 'rise'"),
        Mistake(_with(ema=None, ema_decay=0.99), "did you mean 'ema'"),
        Mistake(_with(clip_norm=None, max_norm=1.0), "did you mean 'clip_norm'"),
        Mistake(_with(patience=None, plateau_patience=5), "plateau_patience is only for schedule='plateau'"),
        Mistake(_with(weight_decay="5e-4"), "In YAML a number with an exponent has a point and a sign"),
        Mistake(_with(lr="1e-1"), "lr is a number above 0, not '1e-1'"), Mistake(_with(optimizer="SGD"), "optimizer is one of"),
        Mistake(_with(best_by="f1"), "best_by is the name of a score"), Mistake(_with(best_by="valid_accuracy"), "by which score"),
        Mistake(_with(schedule="onecycle"), "schedule is one of"), Mistake(_with(save_last='"no"'), "save_last is True or False"),
        Mistake(_with(batch_size=32, accumulate=None), "how many pictures have room at once"),
        Mistake(_with(batch_size=32), "how many pictures have room at once"), Mistake(_with(accumulate=32), "accumulate is 32"),
        Mistake(_with(mixup=None, cutmix=0.2), "pictures are to be mixed"),
        Mistake(_with(cutmix=0.2), "cutmix is 0.2: nothing is said"),
        Mistake(_with(momentum=0.5), "momentum is 0.5: nothing is said"), Mistake(_with(warmup_epochs=0), "warmup_epochs is 0"),
        Mistake(_with(drop_every=3), "drop_every is only for schedule='step'"),
        Mistake(_with(epochs="twenty"), "epochs is a whole number from 1, not 'twenty'"),
        Mistake("epochs=20, lr=0.1", "my_recipe has no names and values"), Mistake("epochs: [20", "my_recipe is no YAML in line 1"),
        Mistake("epochs:20\nlr: 0.1", "'epochs:20' in line 1: after the colon comes a space"),
        Mistake("epochs: 20\nlr:0.1", "'lr:0.1' in line 2"), Mistake("recipes/mine.yaml", "is the name of a file"),
        Mistake(Path("mine.yml"), "'mine.yml' is the name of a file"),
        Mistake({"epochs": 20}, "batch_size is 32"), Mistake(Recipe(epochs=20, batch_size=16), "optimizer is 'adamw'"),
        Mistake(20, "expected a recipe"), Mistake({1: 2}, "expected the names of fields"),
    ],
)  # fmt: skip
