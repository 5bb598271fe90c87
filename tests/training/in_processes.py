"""What several processes do in the tests: `torchrun --nproc_per_node 2 in_processes.py <folder> <pictures> <case> ...`.

Each case is a function of the image table and a folder; what it returns is written to <folder>/<case>-<rank>.pt, so that
the tests, which are one process, can compare. Alone, without torchrun, the cases run too: that is what they are compared
with.
"""

import dataclasses
import os
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from tests.training.small import PREPROCESSING, RECIPE, SIZE, Tiny, make, make_table
from utils import processes
from utils.data.transforms import STRONG
from utils.errors import CourseError
from utils.evaluation.predictions import predict
from utils.evaluation.sharing import connect, from_each, from_first, shared
from utils.models.build import build
from utils.models.freezing import freeze
from utils.training.choices import make_optimizer
from utils.training.heads import WeightedHeads
from utils.training.loop import fit
from utils.training.objectives import CrossEntropy
from utils.training.range_test import range_test
from utils.training.schedules import share_of_lr
from utils.training.state import steps_an_epoch

# 20 training pictures are batches of 12 and of 8, for two processes of 6 and 4; 17 to judge by and 5 to test do not divide.
PLAIN = dataclasses.replace(RECIPE, device="cpu")


def still(seed=0):
    """A model without dropout, whose BatchNorm is frozen: nothing in it goes by the batch."""
    model = Tiny(seed=seed)
    model.dropout.p = 0.0
    freeze(model, "backbone.1")
    return model


def outcome(fitted):
    """Weights and history of a training, without times."""
    rows = fitted.history.drop(columns=["seconds", "images_per_second"]).to_dict("records")
    return {"weights": fitted.model.state_dict(), "history": rows}


def fitted(table, folder=None, recipe=PLAIN, model=None, loaders=None, **options):
    return fit(model or still(), loaders or make(table), recipe, folder, progress=False, **options)


# --- cases --------------------------------------------------------------------------------------------


def as_plain_ddp(table, folder):
    """`fit` and torch's own DistributedDataParallel, step by step, BatchNorm learning: weights after each."""
    ours, theirs = Tiny(), Tiny()
    for model in (ours, theirs):
        model.dropout.p = 0.0
    recipe, steps = dataclasses.replace(PLAIN, epochs=2, optimizer="sgd"), []
    fit(ours, make(table), recipe, progress=False,
        after_step=[lambda training: steps.append([w.detach().clone() for w in training.model.parameters()])])  # fmt: skip
    return {"ours": steps, "ddp": plain_ddp(theirs, make(table), recipe)}


def plain_ddp(model, loaders, recipe):
    connect()
    optimizer, steps, seen = make_optimizer(model, recipe), [], 0
    wrapped = nn.parallel.DistributedDataParallel(model.to(memory_format=torch.channels_last))
    with shared(loaders.train):
        for epoch in range(recipe.epochs):
            loaders.train.set_epoch(epoch)
            wrapped.train()
            for images, targets in loaders.train:
                optimizer.zero_grad()
                nn.functional.cross_entropy(wrapped(images), targets).backward()
                for group in optimizer.param_groups:
                    group["lr"] = share_of_lr(recipe, seen, steps_an_epoch(loaders, recipe)) * group["initial_lr"]
                optimizer.step()
                seen += 1
                steps.append([weight.detach().clone() for weight in model.parameters()])
    return steps


def sgd(table, folder):
    return outcome(fitted(table, recipe=dataclasses.replace(PLAIN, optimizer="sgd")))


def everything(table, folder):
    recipe = dataclasses.replace(PLAIN, epochs=4, batch_size=8, freeze_epochs=1, accumulate=2, clip_norm=0.5, ema=0.5,
                                 label_smoothing=0.1, backbone_lr=0.01)  # fmt: skip
    return outcome(fitted(table, recipe=recipe, loaders=make(table, STRONG, batch_size=8)))


def uneven_last_batch(table, folder):
    """19 pictures: 12, and 7 that are 4 and 3."""
    return outcome(fitted(table.drop(index=0).reset_index(drop=True).pipe(rooted, table)))


def averaged(table, folder):
    """BatchNorm learns in each process by its own pictures; judged is an average of the weights."""
    recipe, judged = dataclasses.replace(PLAIN, epochs=4, ema=0.5), []

    def note(training):
        judged.append({name: tensor.clone() for name, tensor in training.judged_model.state_dict().items()})

    return outcome(fitted(table, recipe=recipe, model=Tiny(), after_epoch=[note])) | {"judged": judged}


def heads(table, folder):
    return of_two_heads(table, lambda row: ("yes", "no")[row % 2])


def heads_with_gaps(table, folder):
    """Of the second column most is unknown: there are batches without any of it."""
    return of_two_heads(table, lambda row: None if row % 7 else ("yes", "no")[row % 2])


def of_two_heads(table, dark):
    loaders = make(table.assign(dark=[*map(dark, range(len(table)))]).pipe(rooted, table), columns=["label", "dark"])
    objective = WeightedHeads({name: CrossEntropy() for name in loaders.classes}, "label", None)
    return outcome(fitted(table, model=TwoHeads(loaders.classes), loaders=loaders, objective=objective))


class TwoHeads(nn.Module):
    def __init__(self, classes):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.heads = nn.ModuleDict({name: nn.Linear(6, len(names)) for name, names in classes.items()})
        self.classes, self.preprocessing = classes, PREPROCESSING

    def forward(self, images):
        features = self.body(images)
        return {name: head(features) for name, head in self.heads.items()}


def predictions(table, folder):
    model, loaders = Tiny(), make(table)
    return {split: predict(model, getattr(loaders, split), progress=False) for split in ("valid", "test")}


def few_predictions(table, folder):
    """Fewer pictures than processes."""
    one = table[(table["split"] != "test") | ~table["split"].duplicated()].reset_index(drop=True).pipe(rooted, table)
    return predict(Tiny(), make(one).test, progress=False)


def from_one_and_all(table, folder):
    calls = []
    return from_first(lambda: calls.append(1) or "told"), len(calls), from_each(processes.rank())


def files(table, folder):
    """Where writing is forbidden to all but the first. Comes last: it stays forbidden."""
    if not processes.is_first():
        forbid_writing()
    model = build("small_cnn", 3, None, size=SIZE, seed=0)
    model.preprocessing = PREPROCESSING
    fitted(table, folder / "files", model=model, resume=True)
    return sorted(path.name for path in (folder / "files").iterdir() if not path.name.startswith("."))


def forbid_writing():
    import utils.files
    from utils.training import keeping, resuming

    def never(*_, **__):
        raise AssertionError("only the first process writes")

    for module, name in ((utils.files.os, "replace"), (keeping, "save_checkpoint"), (resuming, "save_state")):
        setattr(module, name, never)


def chance(table, folder):
    """What dropout would draw in each process, at the first step."""
    drawn = []
    fitted(table, model=Tiny(), after_step=[lambda training: drawn.append(torch.rand(3))])
    return drawn


def refused(table, folder):
    """What cannot be shared is said."""
    answers = {}
    for name, run in {
        "small batches": lambda: fitted(
            table, recipe=dataclasses.replace(PLAIN, batch_size=3), loaders=make(table, batch_size=3)
        ),
        "one device": lambda: fitted(table, recipe=dataclasses.replace(PLAIN, device="cuda:0")),
    }.items():
        try:
            answers[name] = str(run())
        except CourseError as error:
            answers[name] = str(error)
    return answers


def rates(table, folder):
    """A range test, which every process does by itself."""
    return range_test(Tiny(), make(table), PLAIN, steps=10, progress=False)["loss"].tolist()


def killed(table, folder):
    """Cut off in the third epoch, all processes at once; where a state is there, on to the end."""
    recipe = dataclasses.replace(PLAIN, epochs=4, mixup=0.4)
    kill = [] if (folder / "killed" / "state.pt").exists() else [kill_at(5)]
    return outcome(trained(table, folder / "killed", recipe, after_step=kill))


def not_killed(table, folder):
    return outcome(trained(table, folder / "not_killed", dataclasses.replace(PLAIN, epochs=4, mixup=0.4)))


def trained(table, folder, recipe, **options):
    model = build("small_cnn", 3, None, size=SIZE, dropout=0.2, seed=0)
    model.preprocessing = PREPROCESSING
    return fitted(table, folder, recipe, model, make(table, STRONG), resume=True, **options)


def kill_at(step):
    def kill(training):
        if training.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill


def rooted(table, like):
    table.attrs["root"] = like.attrs["root"]
    return table


def main(folder, pictures, *cases):
    torch.set_num_threads(1)
    folder = Path(folder)
    table = from_first(lambda: make_table(Path(pictures)))
    for case in cases:
        found = globals()[case](table, folder)
        torch.save(found, folder / f"{case}-{processes.rank()}.pt")


if __name__ == "__main__":
    main(*sys.argv[1:])
