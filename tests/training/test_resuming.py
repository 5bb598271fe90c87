"""A training that was cut off goes on to the same bits; nothing that was good is lost; one at a time writes to a folder."""

import dataclasses
import errno
import os
import pathlib
import random
import shutil
import signal
import sys
import time
import warnings

import numpy as np
import pytest
import torch

import utils.files
from tests.forked import process
from tests.training import cut_off as cut_off_module
from tests.training.cut_off import RICH, hold, killed_after, killed_at, outcome, train, train_and_stay
from tests.training.small import make_table
from utils.errors import CourseError
from utils.models.build import build
from utils.models.freezing import freeze
from utils.training import keeping, resuming
from utils.training.mixing import MixUp, in_turn
from utils.training.objectives import CrossEntropy
from utils.training.resuming import BEFORE, STATE, alone_in, read_state

# Elsewhere a copy of a process that has torch in it does not work, or /proc and limits are not there.
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="forks, or asks the system for limits")


class Killed(BaseException):
    """As abrupt as an exception can be."""


def at_step(number):
    def kill(training):
        if training.step == number:
            raise Killed

    return kill


def same_outcome(one, other):
    (files, history), (others, other_history) = outcome(one), outcome(other)
    assert files.keys() == others.keys()
    assert history == other_history
    for name in files:
        for tensor in files[name]:
            assert torch.equal(files[name][tensor], others[name][tensor]), (name, tensor)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """The folder of the training that nobody cut off."""
    folder = tmp_path_factory.mktemp("whole")
    train(pictures.copy(), folder)
    return folder


@pytest.fixture
def cut_off(table, tmp_path):
    """The folder of one that was cut off in its second epoch."""
    with pytest.raises(Killed):
        train(table, tmp_path / "cut", after_step=[at_step(4)])
    return tmp_path / "cut"


# --- to the same bits ---------------------------------------------------------------------------------


def test_two_trainings_of_the_same_end_the_same(table, whole, tmp_path):
    """Else all that follows would show nothing."""
    train(table, tmp_path / "again")
    same_outcome(tmp_path / "again", whole)
    train(table, tmp_path / "other", dataclasses.replace(RICH, seed=1))
    assert outcome(tmp_path / "other")[1] != outcome(whole)[1]


@pytest.mark.parametrize("step", range(1, 9))
def test_cut_off_at_any_step_it_goes_on_to_the_same_bits(step, table, whole, tmp_path):
    random.seed(step), np.random.seed(step)
    with pytest.raises(Killed):
        train(table, tmp_path, after_step=[at_step(step)])
    seen = []
    result = train(table, tmp_path, after_step=[lambda training: seen.append(training.step)])
    assert seen == list(range((step - 1) // 2 * 2 + 1, 9))  # nothing that was kept is trained again
    same_outcome(tmp_path, whole)
    assert len(result.history) == 4


@pytest.mark.parametrize("changed", [
    {"optimizer": "sgd", "patience": 1, "ema": None, "lr": 0.3},
    {"schedule": "one_cycle", "precision": "bf16", "plateau_patience": None},
    {"optimizer": "adabelief", "label_smoothing": 0.1, "accumulate": 1},
    {"optimizer": "ranger", "best_by": "valid_loss", "sampling": "balanced", "save_last": False},
], ids=lambda changed: next(iter(changed.values())))  # fmt: skip
def test_so_does_every_other_recipe(changed, table, tmp_path):
    recipe = dataclasses.replace(RICH, **changed)
    train(table, tmp_path / "whole", recipe)
    with pytest.raises(Killed):
        train(table, tmp_path / "cut", recipe, after_step=[at_step(5)])
    train(table, tmp_path / "cut", recipe)
    same_outcome(tmp_path / "cut", tmp_path / "whole")


class Counting:
    """An object of the reader's own with a state."""

    def __init__(self):
        self.steps = 0

    def __call__(self, training):
        self.steps += 1

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def test_so_do_the_readers_own_objects(table, tmp_path):
    with pytest.raises(Killed):
        train(table, tmp_path, after_step=[Counting(), at_step(5)])
    again = Counting()
    train(table, tmp_path, after_step=[again])
    assert again.steps == 8
    assert """after_step was "['Counting']" and is '[]'""" in message(train, table, tmp_path)


def test_a_training_that_has_ended_is_given_back_without_a_step(table, whole, tmp_path):
    first = train(table, tmp_path)
    assert "optimizer" not in read_state(tmp_path)
    assert not (tmp_path / BEFORE).exists()
    steps = []
    again = train(table, tmp_path, after_step=[steps.append])
    assert not steps
    assert again.history.equals(first.history) and again.best == first.best and again.stopped == first.stopped
    assert all(torch.equal(a, b) for a, b in zip(again.model.state_dict().values(), first.model.state_dict().values()))
    same_outcome(tmp_path, whole)


def test_one_that_was_ended_by_a_callable_has_ended(table, tmp_path):
    def enough(training):
        training.stopped = "enough" if training.epoch == 2 else ""

    steps = []
    for _ in range(2):
        result = train(table, tmp_path, after_step=[lambda training: steps.append(training.step)], after_epoch=[enough])
        assert (result.stopped, len(result.history), steps) == ("enough", 2, [1, 2, 3, 4])


def test_ctrl_c_can_be_taken_back(table, whole, tmp_path):
    def ctrl_c(training):
        if training.step == 5:
            raise KeyboardInterrupt

    assert train(table, tmp_path, after_step=[ctrl_c]).stopped == "interrupted after epoch 2"
    assert train(table, tmp_path).stopped == ""
    same_outcome(tmp_path, whole)


def test_where_nothing_was_begun_it_begins(table, whole, tmp_path):
    train(table, tmp_path / "new", resume=True)
    same_outcome(tmp_path / "new", whole)


def test_without_a_folder_there_is_nothing_to_go_on_with(table):
    assert "output_dir" in message(train, table, None)


def test_what_was_lost_or_damaged_meanwhile_is_written_again(table, whole, tmp_path):
    train(table, tmp_path)
    (tmp_path / "history.csv").unlink()
    best = tmp_path / "best.safetensors"
    best.write_bytes(best.read_bytes()[:-100])
    train(table, tmp_path)
    same_outcome(tmp_path, whole)


def test_it_is_said_where_it_goes_on(table, cut_off, capsys):
    train(table, cut_off, progress=True)
    assert "was cut off and goes on after epoch 1 of 4" in capsys.readouterr().err
    train(table, cut_off, progress=True)
    assert "had ended after epoch 4 of 4" in capsys.readouterr().err


# --- a damaged state ----------------------------------------------------------------------------------


def cut_short(file):
    file.write_bytes(file.read_bytes()[:-1000])


def one_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file):
    file.write_bytes(b"")


def zeros(file):
    file.write_bytes(bytes(file.stat().st_size))


DAMAGES = [cut_short, one_bit, emptied, zeros]


@pytest.fixture
def late(table, tmp_path):
    """The folder of one that was cut off in its fourth epoch, with two states."""
    with pytest.raises(Killed):
        train(table, tmp_path / "late", after_step=[at_step(7)])
    assert (tmp_path / "late" / BEFORE).exists()
    return tmp_path / "late"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_noticed_and_the_one_before_is_good(damage, table, whole, late):
    damage(late / STATE)
    with pytest.warns(UserWarning, match="state.pt' is damaged; going on from the epoch before"):
        train(table, late)
    same_outcome(late, whole)


@pytest.mark.slow
@on_linux
def test_killed_again_after_a_damage_the_good_one_is_still_there(table, whole, late, tmp_path):
    cut_short(late / STATE)
    for number in range(1, 40, 3):
        own = shutil.copytree(late, tmp_path / str(number))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the damage, where the kill came before that was seen
            if killed_at(number, table, own):
                break
            train(table, own)
        same_outcome(own, whole)
    assert 10 < number < 37


def test_killed_between_the_two_names_the_one_before_is_taken(table, whole, late):
    (late / STATE).unlink()
    train(table, late)
    same_outcome(late, whole)


@pytest.mark.parametrize("damage", DAMAGES)
def test_with_no_good_state_left_it_is_said_and_nothing_is_touched(damage, table, late):
    damage(late / STATE), damage(late / BEFORE)
    before = {file: file.read_bytes() for file in late.iterdir() if file.is_file()}
    told = message(train, table, late)
    assert "'state.pt', 'state-before.pt'" in told and "resume=False" in told
    assert {file: file.read_bytes() for file in before} == before


def test_a_state_runs_no_code(table, cut_off):
    class Bomb:
        def __reduce__(self):
            return os.system, ("touch exploded",)

    resuming.save_state(cut_off, {"bomb": Bomb()})
    assert "cannot read it" in message(read_state, cut_off)
    assert (cut_off / STATE).exists() and (cut_off / BEFORE).exists(), "as it was written: no damage, so nothing goes"
    assert not pathlib.Path("exploded").exists()


class Wrong(Counting):
    """Its state can be written, but not read without running code."""

    def state_dict(self):
        return {"steps": np.float64(self.steps), "where": pathlib.Path("x")}


def test_what_could_not_be_read_again_is_said_after_the_first_epoch_and_not_after_a_kill(table, tmp_path):
    told = message(train, table, tmp_path, after_step=[Wrong()])
    assert "could not go on after a kill" in told and "state_dict" in told
    assert not (tmp_path / STATE).exists()


def test_scores_may_be_numpys_numbers(table, whole, tmp_path):
    class Scored(CrossEntropy):
        def scores(self, logits, targets):
            return {name: np.float64(value) for name, value in super().scores(logits, targets).items()}

    with pytest.raises(Killed):
        train(table, tmp_path, objective=Scored(), after_step=[at_step(5)])
    train(table, tmp_path, objective=Scored())
    assert outcome(tmp_path)[1] == outcome(whole)[1]


def test_a_disk_that_cannot_be_read_for_the_moment_costs_nothing(table, whole, late, monkeypatch):
    def broken(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(pathlib.Path, "read_bytes", broken)
    assert "cannot be read now: Input/output error" in message(read_state, late)
    monkeypatch.undo()
    train(table, late)
    same_outcome(late, whole)


# --- no room ------------------------------------------------------------------------------------------


@on_linux
def test_a_full_disk_is_answered_and_what_was_good_is_left(table, whole, tmp_path, monkeypatch):
    """A real one: no file of this process may be longer than what is left."""
    import resource  # not on Windows

    with pytest.raises(Killed):
        train(table, tmp_path, after_step=[at_step(3)])
    monkeypatch.setattr(keeping, "save_checkpoint", lambda *_, **__: None)
    size, (soft, hard) = (tmp_path / STATE).stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, hard))
        told = message(train, table, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert "File too large" in told and "resume=True" in told
    assert not list(tmp_path.glob(".state.pt.*"))
    monkeypatch.undo()
    train(table, tmp_path)
    same_outcome(tmp_path, whole)


def test_no_space_at_any_file_is_answered(table, whole, tmp_path, monkeypatch):
    real, calls = os.replace, iter(range(9))

    def full(source, target):
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(utils.files.os, "replace", full)
    assert "No space left" in message(train, table, tmp_path)
    monkeypatch.undo()
    train(table, tmp_path)
    same_outcome(tmp_path, whole)


def test_a_state_is_on_the_disk_before_it_takes_the_place_of_another(table, tmp_path, monkeypatch):
    """A power cut may otherwise leave a name without its content."""
    real, calls = {"fsync": os.fsync, "replace": os.replace}, []
    monkeypatch.setattr(os, "fsync", lambda handle: calls.append("fsync") or real["fsync"](handle))
    monkeypatch.setattr(os, "replace", lambda one, other: calls.append(str(other)) or real["replace"](one, other))
    train(table, tmp_path)
    states = [place for place, call in enumerate(calls) if call.endswith(STATE)]
    assert len(states) == 4 and all("fsync" in calls[place - 2 : place] for place in states)


@on_linux
def test_a_folder_that_nobody_may_write_to_is_answered_before_training(table):
    told = message(train, table, "/proc/course/run")
    assert "cannot be written to '/proc/course/run'" in told and "another" in told


# --- another training ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed", [{"lr": 0.01}, {"epochs": 9}, {"ema": None}, {"seed": 3}, {"freeze_epochs": 0}], ids=str
)
def test_another_recipe_is_refused_with_what_differs(changed, table, cut_off):
    ((name, value),) = changed.items()
    told = message(train, table, cut_off, dataclasses.replace(RICH, **changed))
    assert f"{name} was {getattr(RICH, name)!r} and is {value!r}" in told
    assert told.count(" was ") == 2  # that, and "another training was begun"


@pytest.mark.parametrize("changed", [{"save_every": None}, {"save_last": False}, {"device": "auto"}], ids=str)
def test_what_changes_nothing_that_is_learned_may_differ(changed, table, whole, cut_off):
    train(table, cut_off, dataclasses.replace(RICH, **changed))
    assert outcome(cut_off)[1] == outcome(whole)[1]


def relabelled(table):
    labels = table["label"].tolist()
    labels[0], labels[1] = labels[1], labels[0]
    return table.assign(label=labels)


OTHER_PICTURES = {
    "one fewer": lambda table: table.drop(index=0).reset_index(drop=True),
    "another label": relabelled,
    "another order": lambda table: table.iloc[::-1].reset_index(drop=True),
    "another valid": lambda table: table.assign(split=table["split"].replace({"test": "valid"})),
}


@pytest.mark.parametrize("change", OTHER_PICTURES)
def test_other_pictures_are_refused(change, table, cut_off):
    other = OTHER_PICTURES[change](table)
    other.attrs["root"] = table.attrs["root"]
    assert "the pictures, their labels or how they are prepared" in message(train, other, cut_off)


def test_the_same_pictures_elsewhere_are_the_same(whole, cut_off, tmp_path):
    (tmp_path / "moved").mkdir()
    train(make_table(tmp_path / "moved"), cut_off)
    same_outcome(cut_off, whole)


@pytest.mark.parametrize(("change", "words"), [
    (lambda model: setattr(model.dropout, "p", 0.7), "the model's dropout was 0.2 and is 0.7"),
    (lambda model: freeze(model, "backbone.stem"), "the model's frozen was [] and is ['backbone.stem']"),
])  # fmt: skip
def test_another_model_is_refused(change, words, table, cut_off, monkeypatch):
    def built(*arguments, **options):
        model = build(*arguments, **options)
        change(model)
        return model

    monkeypatch.setattr(cut_off_module, "build", built)
    assert words in message(train, table, cut_off)


def test_settings_of_what_was_handed_in_are_compared(table, tmp_path):
    recipe = dataclasses.replace(RICH, mixup=0.0, cutmix=0.0)
    with pytest.raises(Killed):
        train(table, tmp_path, recipe, batch_transform=in_turn([MixUp(0.1, 3)]), after_step=[at_step(5)])
    told = message(train, table, tmp_path, recipe, batch_transform=in_turn([MixUp(5.0, 3)]))
    assert "batch_transform was" in told and "0.1" in told and "5.0" in told


def test_parts_of_a_transform_keep_their_states(table, tmp_path):
    class Louder:
        """Changes pictures by how often it was called."""

        calls = 0

        def __call__(self, images, targets):
            self.calls += 1
            return images * (1 + self.calls / 10), targets

        def state_dict(self):
            return {"calls": self.calls}

        def load_state_dict(self, state):
            self.calls = state["calls"]

    recipe = dataclasses.replace(RICH, mixup=0.0, cutmix=0.0)
    train(table, tmp_path / "whole", recipe, batch_transform=in_turn([Louder()]))
    with pytest.raises(Killed):
        train(table, tmp_path / "cut", recipe, batch_transform=in_turn([Louder()]), after_step=[at_step(5)])
    train(table, tmp_path / "cut", recipe, batch_transform=in_turn([Louder()]))
    same_outcome(tmp_path / "cut", tmp_path / "whole")


def test_a_state_that_nobody_could_load_is_refused_before_training(table, tmp_path):
    class Half:
        def __call__(self, training):
            pass

        def state_dict(self):
            return {}

    assert "'Half' in after_epoch" in message(train, table, tmp_path, after_epoch=[Half()])


def test_another_objective_is_refused(table, cut_off):
    class Mine(CrossEntropy):
        pass

    assert "Mine" in message(train, table, cut_off, objective=Mine())


def test_beginning_anew_moves_one_that_was_cut_off_aside_where_it_can_go_on(table, whole, cut_off):
    with pytest.warns(UserWarning, match="was cut off after epoch 1 of 4") as caught:
        train(table, cut_off, dataclasses.replace(RICH, lr=0.01), resume=False)
    assert caught[0].filename == __file__ or "cut_off" in caught[0].filename
    train(table, cut_off / resuming.ASIDE)
    same_outcome(cut_off / resuming.ASIDE, whole)


def test_no_training_that_was_set_aside_is_lost_to_the_next(table, tmp_path):
    for seed in range(3):
        with pytest.raises(Killed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            train(table, tmp_path, dataclasses.replace(RICH, seed=seed), resume=False, after_step=[at_step(3)])
    aside = [tmp_path, tmp_path / "cut-off-2", tmp_path / "cut-off"]
    assert [read_state(folder)["of"]["recipe"]["seed"] for folder in aside] == [2, 1, 0]


def test_one_that_has_ended_is_begun_anew_without_a_word(table, whole, tmp_path):
    train(table, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(table, tmp_path, resume=False)
    same_outcome(tmp_path, whole)
    assert not (tmp_path / resuming.ASIDE).exists()


# --- one at a time ------------------------------------------------------------------------------------


@on_linux
def test_a_second_training_in_the_folder_is_refused_with_who_is_there_until_that_one_is_gone(
    table, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(resuming, "PATIENCE", 0.2)
    ready = tmp_path / "ready"
    child = process(train_and_stay, table, tmp_path / "run", ready)
    while not ready.exists():
        time.sleep(0.01)
    try:
        told = message(train, table, tmp_path / "run")
    finally:
        child.kill()
        child.join()
    assert f"process {child.pid}, since" in told and "output_dir" in told
    train(table, tmp_path / "run")
    same_outcome(tmp_path / "run", whole)


@on_linux
def test_who_has_waited_long_enough_for_another_gets_the_folder(tmp_path):
    ready = tmp_path / "ready"
    child = process(hold, tmp_path, ready, 0.3)
    while not ready.exists():
        time.sleep(0.01)
    with alone_in(tmp_path, patience=20):
        pass
    child.join()


def test_what_killed_trainings_left_half_written_is_removed_and_nothing_else(table, tmp_path):
    litter = [
        tmp_path / f".{name}.ab12" for name in (STATE, "best.safetensors", "epoch-002.safetensors", "history.csv")
    ]
    mine = [tmp_path / "notes.txt", tmp_path / ".mine.txt"]
    for file in (*litter, *mine):
        file.touch()
    train(table, tmp_path)
    assert not any(file.exists() for file in litter) and all(file.exists() for file in mine)


# --- killed -------------------------------------------------------------------------------------------


def killed_at_each(numbers, table, whole, folder):
    """So many calls before it would have ended by itself."""
    for number in numbers:
        own = folder / str(number)
        if killed_at(number, table, own):
            return number
        train(table, own)
        same_outcome(own, whole)
    return None


@on_linux
def test_killed_between_any_two_touches_of_the_disk_it_goes_on_to_the_same_bits(table, whole, tmp_path):
    """Some of them here; all of them among the slow tests."""
    assert killed_at_each(range(3, 40, 7), table, whole, tmp_path) is None


@on_linux
@pytest.mark.slow
def test_killed_between_any_two_touches_of_the_disk_all_of_them(table, whole, tmp_path):
    assert killed_at_each(range(200), table, whole, tmp_path) > 40


@on_linux
@pytest.mark.slow
def test_killed_at_sixty_moments_of_chance_it_goes_on_to_the_same_bits(table, whole, tmp_path):
    start = time.monotonic()
    train(table, tmp_path / "timed")
    lasts = time.monotonic() - start
    rng = random.Random(time.time_ns())
    kills = 0
    for number in range(60):
        if number >= 20 and kills >= 40:
            break
        folder, moments = tmp_path / str(number), []
        while len(moments) < 6:  # again and again, until it comes to its end
            moments.append(rng.uniform(0, lasts))
            if killed_after(moments[-1], table, folder):
                break
            kills += 1
        train(table, folder)
        same_outcome(folder, whole), f"killed after {moments} s"
    assert kills >= 40
