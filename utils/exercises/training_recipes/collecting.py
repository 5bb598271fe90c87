"""Exercise 20: results of which each is kept under a name of its own."""

import json
import shutil
import zlib
from contextlib import contextmanager, suppress
from unittest.mock import patch

from utils.exercises.asking import asked
from utils.exercises.made import folder_of
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_dict, as_list, shown

# Runs, and one more of a grid that has grown: with other names than lr, rates whose first digits are alike, values that say
# the same when they stand side by side or sorted, and names that begin alike.
SWEEPS = [
    ([{"lr": lr, "optimizer": optimizer} for lr in (0.01, 0.0012, 0.001) for optimizer in ("sgd", "adamw")],
     {"lr": 0.00101, "optimizer": "adamw"}),
    ([{"lr": 0.1, "seed": 0}, {"lr": 0.1, "seed": 10}, {"lr": 0.1, "seed": 1}, {"lr": 0.3, "seed": 0}], {"lr": 0.1, "seed": 2}),
    ([{"size": 1, "epochs": 12, "lr": 1e-05}, {"size": 11, "epochs": 2, "lr": 1e-05}, {"size": 11, "epochs": 2, "lr": 2e-05},
      {"size": 11, "epochs": 2, "lr": 0.01234564}, {"size": 11, "epochs": 2, "lr": 0.01234561},
      {"size": 12, "epochs": 2, "lr": 1e-05}],
     {"size": 2, "epochs": 11, "lr": 1e-05}),
]  # fmt: skip

# Two calls with the same values, and first letters, that are of other parameters.
RENAMED = [[{"lr": lr, name: value} for lr in (0.1, 0.3) for value in (0.9, 0.5)] for name in ("momentum", "mixup")]


def all_results(runs, train, folder):
    """What train(**values) gives for each run, in order; what is in the folder is not trained again."""
    results = []
    for values in runs:
        name = ",".join(f"{name}={value}" for name, value in values.items())
        path = folder / f"results_{name}.json"
        if not path.exists():
            path.write_text(json.dumps(train(**values)))
        results.append(json.loads(path.read_text()))
    return results


def all_results_as_found(runs, train, folder):
    """What train(**values) gives for each run, in order; what is in the folder is not trained again."""
    results = []
    for values in runs:
        path = folder / f"results_lr{values['lr']:.3f}.json"
        if not path.exists():
            path.write_text(json.dumps(train(**values)))
        results.append(json.loads(path.read_text()))
    return results


def probe_all_results(answer):
    for runs, new in SWEEPS:
        case = f"{len(runs)} runs, {_told(runs[0])} to {_told(runs[-1])}"
        with folder_of({}) as folder, folder_of({}) as other:
            train = _Train(seed=0)
            _check_call(answer, runs, train, folder, runs, case)
            _check_call(answer, runs, train, folder, [], f"{case}, the same call again")
            grown = [*runs[:1], new, *runs[1:]]
            _check_call(answer, grown, train, folder, [new], f"{case}, and a grid that has grown by {_told(new)}")
            shutil.copytree(folder, other, dirs_exist_ok=True)
            with _another_session():
                _check_call(answer, grown, train, other, [], f"{case}, in another session, with a copy of the folder")
        with folder_of({}) as folder:
            _check_call(answer, runs, _Train(seed=1), folder, runs, f"{case}, another folder, and other pictures")
        with folder_of({}) as folder:
            _check_after_a_stop(answer, runs, folder, f"{case}, stopped in the third")
    with folder_of({}) as folder:
        train, case = _Train(seed=3), f"{len(RENAMED[0])} runs, {_told(RENAMED[0][0])} to {_told(RENAMED[0][-1])}"
        _check_call(answer, RENAMED[0], train, folder, RENAMED[0], case)
        _check_call(answer, RENAMED[1], train, folder, RENAMED[1],
                    f"{case}, and then a call with {' and '.join(RENAMED[1][0])} in the same folder")  # fmt: skip


@contextmanager
def _another_session():
    """What hash says of a text differs from session to session; in here it says something else of everything."""
    with patch("builtins.hash", lambda value, hash=hash: hash((1, value))):
        yield


class _Stopped(KeyboardInterrupt):
    """Ctrl-C in the midst of a training."""


class _Train:
    """What `train` is: its result depends on all values, and on the seed of its pictures; it knows what it was called with."""

    def __init__(self, seed, stop_at=None):
        self.seed, self.stop_at, self.called, self.ever = seed, stop_at, [], []

    def __call__(self, **values):
        self.called.append(values)
        self.ever.append(values)
        if len(self.called) == self.stop_at:
            raise _Stopped
        return self.result(values)

    def result(self, values):
        told = json.dumps([self.seed, sorted(values.items())])
        return {"accuracy": zlib.crc32(told.encode()) % 10_000 / 10_000, "epochs": 8}


def _check_after_a_stop(answer, runs, folder, case):
    train = _Train(seed=2, stop_at=3)
    with suppress(_Stopped):
        as_list(asked(answer, case, [dict(values) for values in runs], train, folder), "a list of results")
        if len(train.called) >= train.stop_at:
            raise NotYet(
                f"{case}: Ctrl-C does not end the call, and whoever called it takes what it returns for all results."
            )
    train.stop_at, train.called = None, []
    _check_call(answer, runs, train, folder, runs[2:], f"{case}, and called again")


def _check_call(answer, runs, train, folder, left, case):
    """Call it, and see that the results are those of the runs, and that these were trained which were left."""
    train.called = []
    said = as_list(asked(answer, case, [dict(values) for values in runs], train, folder), "a list of results")
    got = [as_dict(each, "what train has returned, a dictionary") for each in said]
    if len(got) != len(runs):
        raise NotYet(f"{case}: {len(got)} results for {len(runs)} runs.")
    for values, result in zip(runs, got):
        if result != train.result(values):
            raise NotYet(
                f"{case}: for {_told(values)} you return {shown(result)}. {_whose(result, values, runs, train)}"
            )
    again = [values for values in train.called if values not in left]
    if again:
        raise NotYet(
            f"{case}: {_told(again[0])} was trained once more. What is done is to be kept at once, and found again."
        )
    if len(train.called) > len(left):
        raise NotYet(f"{case}: {len(train.called)} trainings, of {len(left)} runs that were left.")


def _whose(result, values, runs, train):
    for other in [*runs, *train.ever]:
        if other != values and result == train.result(other):
            return f"That is what {_told(other)} gave. Under which name is each of the two kept?"
    return "That is the result of none of these runs. Where does it come from?"


def _told(values):
    return " ".join(f"{name}={value}" for name, value in values.items())


def _named(name_of):
    """An all_results that keeps each result under a name made of its values and its place."""

    def all_results(runs, train, folder):
        results = []
        for place, values in enumerate(runs):
            path = folder / f"results_{name_of(values, place)}.json"
            if not path.exists():
                path.write_text(json.dumps(train(**values)))
            results.append(json.loads(path.read_text()))
        return results

    return all_results


def _joined(before, form=str):
    return _named(lambda values, place: before.join(form(value) for value in values.values()))


def _by_first_letters(runs, train, folder):
    results = []
    for values in runs:
        path = folder / ",".join(f"{name[0]}{value}" for name, value in values.items())
        if not path.exists():
            path.write_text(json.dumps(train(**values)))
        results.append(json.loads(path.read_text()))
    return results


def _in_digits(form):
    return lambda value: format(value, form) if isinstance(value, float) else str(value)


def _by_beginning(runs, train, folder):
    results = []
    for values in runs:
        found = sorted(folder.glob(f"{_told(values)}*"))
        path = found[-1] if found else folder / f"{_told(values)}.json"
        if not path.exists():
            path.write_text(json.dumps(train(**values)))
        results.append(json.loads(path.read_text()))
    return results


def _opened_first(runs, train, folder):
    for values in runs:
        if not (folder / _told(values)).exists():
            with open(folder / _told(values), "w") as file:
                json.dump(train(**values), file)
    return [json.loads((folder / _told(values)).read_text()) for values in runs]


def _without_files(runs, train, folder):
    return [train(**values) for values in runs]


def _always_anew(runs, train, folder):
    for values in runs:
        (folder / f"{_told(values)}.json").write_text(json.dumps(train(**values)))
    return [json.loads((folder / f"{_told(values)}.json").read_text()) for values in runs]


def _going_on_after_a_stop(runs, train, folder):
    results = []
    for values in runs:
        with suppress(KeyboardInterrupt):
            results += all_results([values], train, folder)
    return results


def _kept_at_the_end(runs, train, folder):
    path = folder / "results.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept |= {_told(values): train(**values) for values in runs if _told(values) not in kept}
    path.write_text(json.dumps(kept))
    return [kept[_told(values)] for values in runs]


def _all_or_nothing(runs, train, folder):
    path = folder / "results.json"
    if not path.exists():
        path.write_text(json.dumps([train(**values) for values in runs]))
    return json.loads(path.read_text())


def _kept_in_memory(kept, of=str):
    """An all_results that remembers in a dictionary, by the folder (or something else of it)."""

    def all_results(runs, train, folder):
        for values in runs:
            if (of(folder), _told(values)) not in kept:
                kept[of(folder), _told(values)] = train(**values)
        return [kept[of(folder), _told(values)] for values in runs]

    return all_results


q20 = Question(
    number=20,
    reference=all_results,
    probe=probe_all_results,
    starter=all_results_as_found,
    hints=[
        "Write down the names of the files for 0.001 with sgd, 0.001 with adamw, and 0.0012 with sgd. How many are there?",
        "All values of a run belong into its name, whatever they are called: go through values.items().",
        "No rounding, and something between the values: 1 and 12 are not 11 and 2. ','.join(f'{name}={value}' for name, value in "
        "values.items()) has both.",
    ],
    why="What is kept under a name that says less than the run is taken for another run's, without any error: both optimisers get "
    "the same number, and the heat map has equal columns. So a name says all values, unrounded, each with what it is. Even then it "
    "knows nothing of the code: who changes that and keeps the files compares old results with new ones.",
    mistakes=[
        Mistake(_named(lambda values, place: f"lr{values['lr']}"), "That is what lr=0.01 optimizer=sgd gave"),
        Mistake(_named(lambda values, place: f"lr{values['lr']:.3f}_{values.get('optimizer')}"), "That is what lr=0.0012 optimizer=sgd"),
        Mistake(_named(lambda values, place: f"lr{values['lr']}_{values['optimizer']}"), "your code raised KeyError"),
        Mistake(_named(lambda values, place: f"lr{values['lr']}_{values.get('optimizer')}"), "That is what lr=0.1 seed=0 gave"),
        Mistake(_named(lambda values, place: f"lr{values['lr']}_{values.get('optimizer')}_{values.get('seed')}"),
                "That is what size=1 epochs=12 lr=1e-05 gave"),
        Mistake(_joined("_", _in_digits(".3f")), "That is what lr=0.0012 optimizer=sgd"),
        Mistake(_joined("_", _in_digits(".4f")), "a grid that has grown by lr=0.00101 optimizer=adamw: for lr=0.00101"),
        Mistake(_joined("_", _in_digits("g")), "That is what size=11 epochs=2 lr=0.01234564 gave"),
        Mistake(_named(lambda values, place: hash(str(values))), "in another session, with a copy of the folder: lr=0.01 optimizer=sgd was trained once more"),
        Mistake(_named(lambda values, place: "_".join(sorted(map(str, values.values())))), "That is what size=11 epochs=2 lr=1e-05"),
        Mistake(_joined("_"), "with lr and mixup in the same folder: for lr=0.1 mixup=0.9 you return"),
        Mistake(_by_first_letters, "That is what lr=0.1 momentum=0.9 gave. Under which name"),
        Mistake(_by_beginning, "for lr=0.1 seed=1 you return"), Mistake(_opened_first, "your code raised JSONDecodeError"),
        Mistake(_joined(""), "That is what size=1 epochs=12"),
        Mistake(_named(lambda values, place: ",".join(values)), "That is what lr=0.01 optimizer=sgd gave"),
        Mistake(_named(lambda values, place: sorted(map(str, values.values()))[0]), "That is what"),
        Mistake(_kept_in_memory({}), "with a copy of the folder: lr=0.01 optimizer=sgd was trained once more"),
        Mistake(_named(lambda values, place: place), "a grid that has grown by lr=0.00101 optimizer=adamw: for lr=0.00101"),
        Mistake(_named(lambda values, place: "all"), "That is what lr=0.01 optimizer=sgd gave"),
        Mistake(_without_files, "the same call again: lr=0.01 optimizer=sgd was trained once more"), Mistake(_always_anew, "lr=0.01 optimizer=sgd was trained once more"),
        Mistake(_going_on_after_a_stop, "stopped in the third: Ctrl-C does not end the call"),
        Mistake(_kept_at_the_end, "stopped in the third, and called again: lr=0.01"), Mistake(_all_or_nothing, "6 results for 7 runs"),
        Mistake(_kept_in_memory({}, of=type), "another folder, and other pictures: for"),
        Mistake(lambda runs, train, folder: all_results(runs[1:], train, folder), "5 results for 6 runs"),
        Mistake(lambda runs, train, folder: all_results(runs[::-1], train, folder), "Under which name"),
        Mistake(lambda runs, train, folder: [{"accuracy": 0.5}] * len(runs), "the result of none of these runs"),
        Mistake(lambda runs, train, folder: [train(**values) and train(**values) for values in runs], "12 trainings, of 6 runs"),
        Mistake(lambda runs, train, folder: [str(folder)] * len(runs), "expected what train has returned"),
    ],
)  # fmt: skip
