"""A training's numbers go to a tracker, each epoch once; whatever a tracker does, the training is as without it."""

import dataclasses
import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tests.training.cut_off import outcome
from tests.training.cut_off import train as train_by
from tests.training.small import RECIPE, Scripted, Tiny
from utils.errors import CourseError
from utils.training.loop import fit
from utils.training.resuming import read_state
from utils.training.trackers import TRACKERS, Run, Wandb
from utils.training.tracking import PROJECT, RECORD, Tracker, Tracking, name_of

QUICK = dataclasses.replace(RECIPE, mixup=0.4, device="cpu")  # three epochs of two steps, with chance in each
LOG = "COURSE_NETWORK_LOG"  # where the offline plugin notes what it refused


def train(table, folder, recipe=QUICK, **options):
    return train_by(table, folder, recipe, **options)


class Noting:
    """A tracker that notes what it is told; the name 'json' is that of a package that is always there."""

    needs_folder, runs = False, []

    def __init__(self, run):
        self.name, self.sent, self.run, self.rows, self.closed = run.name, run.sent, run, [], None
        self.runs.append(self)
        self.happens("open")

    def send(self, row):
        self.happens("send")
        self.rows.append(row)

    def close(self, has_failed):
        self.closed = has_failed
        self.happens("close")

    def happens(self, what):
        """Where the tests let it do something."""


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    """Whatever keys this machine has, the tests do not find them."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    for name in ("WANDB_API_KEY", "WANDB_DIR", "WANDB_ERROR_REPORTING", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def noted(monkeypatch):
    """The runs that were opened."""
    monkeypatch.setattr(Noting, "runs", [])
    monkeypatch.setitem(TRACKERS, "json", Noting)
    return Noting.runs


@pytest.fixture(scope="module")
def trackio(tmp_path_factory):
    """Trackio with a database of the tests; it reads where that is only once, when it is imported."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "trackio"}
    with pytest.MonkeyPatch.context() as patch:
        for name in before:
            patch.delitem(sys.modules, name)
        patch.setenv("TRACKIO_DIR", str(tmp_path_factory.mktemp("trackio")))
        import trackio

        yield trackio


def quick(loaders, tracker, **options):
    """A training without a folder."""
    return fit(Tiny(), loaders, RECIPE, progress=False, tracker=tracker, **options)


class Killed(BaseException):
    """As abrupt as an exception can be."""


def at_step(number):
    def kill(training):
        if training.step == number:
            raise Killed

    return kill


def cut_off(table, folder, **options):
    """Killed in the third of three epochs."""
    with pytest.raises(Killed):
        train(table, folder, after_step=[at_step(5)], **options)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def steps(run):
    return [row["epoch"] for row in run.rows]


def same_outcome(one, other):
    (files, history), (others, other_history) = outcome(one), outcome(other)
    assert history == other_history and files.keys() == others.keys()
    for name in files:
        for tensor in files[name]:
            assert torch.equal(files[name][tensor], others[name][tensor]), (name, tensor)


@pytest.fixture(scope="module")
def without(pictures, tmp_path_factory):
    """The folder of the training without a tracker."""
    folder = tmp_path_factory.mktemp("without")
    train(pictures.copy(), folder)
    return folder


# --- what is sent -------------------------------------------------------------------------------------


def test_it_is_sent_the_rows_of_the_history_and_the_recipe(table, tmp_path, noted):
    fitted = train(table, tmp_path / "lesson" / "whole", tracker="json")
    (run,) = noted
    assert run.rows == fitted.history[[*run.rows[0]]].to_dict("records") and len(run.rows) == QUICK.epochs
    assert run.run.config == QUICK.to_dict() and run.run.scores == ["valid_loss", "valid_accuracy", "valid_f1"]
    assert (run.run.project, run.run.name, run.run.sent) == (PROJECT, "lesson/whole", 0)
    assert run.closed is False


def test_project_and_run_are_the_ones_that_were_asked_for(loaders, noted):
    quick(loaders, Tracker("json", "photos", "lr 0.02"))
    assert (noted[0].run.project, noted[0].run.name) == ("photos", "lr 0.02")


def test_each_epoch_is_sent_when_it_is_over(loaders, noted):
    seen = []
    quick(loaders, "json", after_step=[lambda training: seen.append(len(noted[0].rows))])
    assert seen == [0, 0, 1, 1, 2, 2]


def test_an_epoch_is_sent_after_its_state_is_written(table, tmp_path, noted, monkeypatch):
    written = []
    monkeypatch.setattr(
        Noting, "happens", lambda _, what: what == "send" and written.append(read_state(tmp_path)["epoch"])
    )
    train(table, tmp_path, tracker="json")
    assert written == [1, 2, 3]


@pytest.mark.parametrize(("folder", "name"), [
    ("here/runs/photos", "photos"), ("here/03_fine_tuning/frozen", "03_fine_tuning/frozen"), ("/photos", "photos"),
])  # fmt: skip
def test_a_run_is_named_by_its_folder_and_the_one_above(folder, name, tmp_path):
    assert name_of(tmp_path / folder) == name


def test_without_a_folder_a_run_is_named_by_the_time(loaders, noted):
    quick(loaders, "json")
    assert noted[0].run.name.startswith("20") and noted[0].run.folder is None and len(noted[0].rows) == RECIPE.epochs


def test_where_none_is_asked_for_nothing_is_written(without):
    assert not (without / RECORD).exists()


def test_only_the_first_process_has_a_tracker(loaders, noted, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    quick(loaders, "json")
    assert noted == []


# --- a training that goes on ---------------------------------------------------------------------------


def test_after_a_resume_only_what_is_new_is_sent_and_to_the_same_run(table, tmp_path, noted):
    cut_off(table, tmp_path, tracker="json")
    train(table, tmp_path, tracker="json")
    before, after = noted
    assert (steps(before), before.closed) == ([1, 2], True)
    assert (steps(after), after.run.sent, after.closed) == ([3], 2, False)
    assert after.run.id == before.run.id and after.run.name == before.run.name


def test_a_tracker_that_was_asked_for_late_gets_all_epochs(table, tmp_path, noted):
    cut_off(table, tmp_path)
    train(table, tmp_path, tracker="json")
    assert steps(noted[0]) == [1, 2, 3]


def test_an_epoch_that_was_not_sent_before_a_kill_is_sent_after_it(table, tmp_path, noted, monkeypatch):
    def killed(run, what):
        if what == "send" and len(run.rows) == 1:
            raise Killed

    monkeypatch.setattr(Noting, "happens", killed)
    with pytest.raises(Killed):
        train(table, tmp_path, tracker="json")
    monkeypatch.setattr(Noting, "happens", lambda *_: None)
    train(table, tmp_path, tracker="json")
    assert [steps(run) for run in noted[-2:]] == [[1], [2, 3]]


def test_an_ended_training_that_is_given_back_sends_nothing(table, tmp_path, noted):
    train(table, tmp_path, tracker="json")
    train(table, tmp_path, tracker="json")
    assert len(noted) == 1


@pytest.mark.parametrize("another", [{"project": "another"}, {"run": "another"}])
def test_in_another_project_or_run_it_begins_anew(another, table, tmp_path, noted):
    cut_off(table, tmp_path, tracker="json")
    train(table, tmp_path, tracker=Tracker("json", **another))
    assert noted[1].run.sent == 0 and noted[1].run.id != noted[0].run.id and steps(noted[1]) == [1, 2, 3]


def test_another_training_in_the_folder_is_another_run(table, tmp_path, noted):
    train(table, tmp_path, tracker="json")
    cut_off(table, tmp_path, resume=False)  # of which the record knows nothing
    train(table, tmp_path, tracker="json")
    assert noted[1].run.id != noted[0].run.id and steps(noted[1]) == [1, 2, 3]


def test_a_record_that_cannot_be_read_costs_no_more_than_a_new_run(table, tmp_path, noted, recwarn):
    cut_off(table, tmp_path, tracker="json")
    (tmp_path / RECORD).write_text("{", "utf-8")
    train(table, tmp_path, tracker="json")
    assert steps(noted[1]) == [1, 2, 3]
    assert not [each for each in recwarn if "tracker" in str(each.message)]


# --- it is never worth a training -----------------------------------------------------------------------


@pytest.mark.parametrize(("where", "sent"), [("open", 0), ("send", 0), ("close", 3)])
def test_one_that_fails_is_left_alone_with_one_warning(where, sent, table, tmp_path, noted, monkeypatch, without):
    def fails(run, what):
        if what == where:
            raise OSError("no space left")

    monkeypatch.setattr(Noting, "happens", fails)
    with pytest.warns(UserWarning) as told:
        train(table, tmp_path, tracker="json")
    (text,) = [str(each.message) for each in told if "tracker" in str(each.message)]
    assert "'json' failed (OSError: no space left)" in text and str(tmp_path / "history.csv") in text
    assert len(noted) == 1 and len(noted[0].rows) == sent
    same_outcome(tmp_path, without)


def test_what_it_draws_from_chance_the_training_does_not_notice(table, tmp_path, noted, monkeypatch, without):
    monkeypatch.setattr(Noting, "happens", lambda *_: (random.random(), np.random.rand(), torch.rand(3)))
    train(table, tmp_path, tracker="json")
    assert len(noted[0].rows) == QUICK.epochs
    same_outcome(tmp_path, without)


def test_ctrl_c_closes_the_run_with_the_whole_epochs(loaders, noted):
    def press(training):
        if training.step == 3:
            signal.raise_signal(signal.SIGINT)

    fitted = quick(loaders, "json", after_step=[press])
    assert fitted.stopped == "interrupted after epoch 1"
    assert (steps(noted[0]), noted[0].closed) == ([1], False)


def test_a_training_that_fails_closes_the_run_as_failed(table, tmp_path, noted):
    recipe = dataclasses.replace(QUICK, schedule="constant", lr=1e20)
    assert "no number any more" in message(train, table, tmp_path, recipe, tracker="json")
    assert noted[0].closed is True


# --- what cannot be is said before ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trackio", "wandb", "tensorboard"])
def test_a_package_that_is_not_installed_is_said_before_training(name, table, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    told = message(train, table, tmp_path / "out", tracker=name)
    assert f"The tracker '{name}' comes from the package {name}" in told and f"pip install {name} " in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("given", "nearest"), [
    ("tensorbord", "tensorboard"), ("Trackio", "trackio"), ("wandb ", "wandb"), ("mlflow", ""),
])  # fmt: skip
def test_an_unknown_name_gets_those_that_there_are_the_nearest_first(given, nearest, table, tmp_path):
    told = message(train, table, tmp_path / "out", tracker=given)
    assert f"no tracker {given!r}" in told and f"there are '{nearest}" in told
    assert all(f"'{name}'" in told for name in ("trackio", "wandb", "tensorboard"))


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Tracking(print, None), "after_epoch=[...]"),
    (lambda: Tracking("tensorboard", None), "fit(..., output_dir='...')"),
    (lambda: Tracking("wandb", None), "fit(..., output_dir='...')"),
    (lambda: Tracker("tensorboard", run="a"), "calls runs as their folders are called"),
    (lambda: Tracker("trackio", project=""), "project=''"),
    (lambda: Tracker("trackio", run=3), "run=3"),
])  # fmt: skip
def test_what_cannot_be_is_a_sentence(make, words):
    assert words in message(make)


def test_no_package_is_imported_before_it_is_asked_for():
    code = "import sys, utils.training.trackers as t; sys.exit(any(name in sys.modules for name in [*t.TRACKERS, 'torch']))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- tensorboard, trackio and wandb themselves -----------------------------------------------------------


def scripted(table, folder, tracker, **options):
    """Three epochs with a score that is nan once, as one without a single picture of a class is."""
    return train(table, folder, objective=Scripted(values=[0.25, math.nan, 0.5]), tracker=tracker, **options)


def board(folder):
    """What tensorboard shows of a folder: {name: {step: value}}, and all values in the order they were written."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    seen = EventAccumulator(str(folder)).Reload()
    return {name: [(each.step, each.value) for each in seen.Scalars(name)] for name in seen.Tags()["scalars"]}, seen


def offline_runs(folder):
    """The rows of each part of wandb's run, and its configuration, as they stand in its files."""
    from wandb.proto.wandb_internal_pb2 import Record

    rows, configuration = [], {}
    for file in sorted(folder.glob("wandb/offline-run-*/run-*.wandb")):
        rows.append([])
        found, stop = [], time.monotonic() + 30
        while not (found and found[-1].HasField("exit")) and time.monotonic() < stop:
            # Its own process writes, and may do so a moment after the run was finished.
            found = [Record.FromString(each) for each in records(file.read_bytes())]
        for record in found:
            items = record.history.item
            rows[-1] += (
                [{each.key or each.nested_key[0]: json.loads(each.value_json) for each in items}] if items else []
            )
            configuration |= {each.key: json.loads(each.value_json) for each in record.run.config.update}
    return rows, configuration


def records(content):
    """What a LevelDB log holds, as wandb writes it: blocks of 32 KB, in which each piece has a head of seven bytes."""
    (whole, first, last), record = (1, 2, 4), b""
    start = 7  # after wandb's own head
    while start + 7 <= len(content):
        if 32768 - start % 32768 < 7:
            start += 32768 - start % 32768
        size, kind = int.from_bytes(content[start + 4 : start + 6], "little"), content[start + 6]
        piece = content[start + 7 : start + 7 + size]
        record = piece if kind in (whole, first) else record + piece
        if kind in (whole, last):
            yield record
        start += 7 + size


def listed(told):
    """What a shell makes of the folders in the line that sends them."""
    return subprocess.run(["sh", "-c", f"ls -d {told.split('wandb sync ')[1]}"], capture_output=True, text=True).stdout


def assert_same_rows(found, history):
    """All columns of the history, bit by bit; nan is nan."""
    found = [{name: row[name] for name in history} for row in found]
    assert all(
        np.array_equal([*row.values()], [*other], equal_nan=True) for row, other in zip(found, history.to_numpy())
    )
    assert len(found) == len(history)


def test_tensorboard_shows_the_history_and_the_recipe(table, tmp_path):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    early = []
    look = lambda training: training.step == 5 and early.extend(board(tmp_path / "tensorboard")[0]["epoch"])  # noqa: E731
    history = scripted(table, tmp_path, "tensorboard", after_step=[look]).history
    assert early == [(1, 1), (2, 2)]  # while the third is under way
    shown, seen = board(tmp_path / "tensorboard")
    assert set(shown) == set(history)
    for name, values in shown.items():
        assert [step for step, _ in values] == [1, 2, 3]
        np.testing.assert_array_equal([value for _, value in values], history[name].astype(np.float32))
    content = seen.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    knobs = HParamsPluginData.FromString(content).session_start_info.hparams
    assert knobs["lr"].number_value == QUICK.lr and knobs["schedule"].string_value == "cosine"


def test_tensorboard_shows_each_epoch_once_after_a_kill_and_of_the_last_training_only(table, tmp_path, without):
    train(table, tmp_path, tracker="tensorboard")
    cut_off(table, tmp_path, resume=False, tracker="tensorboard")
    train(table, tmp_path, tracker="tensorboard")
    shown, _ = board(tmp_path / "tensorboard")
    history = np.loadtxt(tmp_path / "history.csv", delimiter=",", skiprows=1, usecols=(0, 6))
    assert [step for step, _ in shown["seconds"]] == [1, 2, 3]
    np.testing.assert_allclose([value for _, value in shown["seconds"]], history[:, 1], rtol=1e-6)
    same_outcome(tmp_path, without)


def test_trackio_keeps_the_history_and_the_recipe(trackio, table, tmp_path, capsys, recwarn):
    history = scripted(table, tmp_path / "photos" / "a", "trackio").history
    rows = trackio.SQLiteStorage.get_logs(PROJECT, "photos/a")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert_same_rows(rows, history)
    (run,) = [each for each in trackio.Api().runs(PROJECT) if each.name == "photos/a"]
    assert (run.config["lr"], run.config["schedule"]) == (QUICK.lr, "cosine")
    assert capsys.readouterr().out == "" and not [each for each in recwarn if "track" in str(each.message)]


def test_trackio_has_each_epoch_once_after_a_kill_and_each_training_as_a_run(
    trackio, table, loaders, tmp_path, without
):
    tracker = Tracker("trackio", "killed", "a")
    quick(loaders, tracker)
    cut_off(table, tmp_path / "run", tracker=tracker)
    train(table, tmp_path / "run", tracker=tracker)
    assert sorted(each.name for each in trackio.Api().runs("killed")) == ["a", "a-2"]
    assert [row["step"] for row in trackio.SQLiteStorage.get_logs("killed", "a-2")] == [1, 2, 3]
    same_outcome(tmp_path / "run", without)


def test_what_a_kill_took_from_trackio_is_sent_again(trackio, table, tmp_path):
    tracker = Tracker("trackio", "taken", "a")
    cut_off(table, tmp_path, tracker=tracker)
    next(iter(trackio.Api().runs("taken"))).delete()
    train(table, tmp_path, tracker=tracker)
    assert [row["step"] for row in trackio.SQLiteStorage.get_logs("taken", "a")] == [1, 2, 3]


def test_trackio_stays_at_home(trackio, loaders, tmp_path, monkeypatch):
    import huggingface_hub

    for name, value in {
        "HF_TOKEN": "hf_of_nobody",
        "TRACKIO_SERVER_URL": "http://127.0.0.1:9?write_token=x",
        LOG: str(tmp_path / "log"),
    }.items():
        monkeypatch.setenv(name, value)
    quick(loaders, Tracker("trackio", "home", "a"))
    assert len(trackio.SQLiteStorage.get_logs("home", "a")) == RECIPE.epochs
    assert not (tmp_path / "log").exists(), (tmp_path / "log").read_text()
    assert os.environ["TRACKIO_SERVER_URL"].startswith("http") and not huggingface_hub.constants.HF_HUB_OFFLINE


def test_trackio_without_a_place_to_write_is_one_warning(trackio, loaders):
    trackio.SQLiteStorage.get_project_db_path("broken").mkdir(parents=True)
    with pytest.warns(UserWarning) as told:
        fitted = quick(loaders, Tracker("trackio", "broken"))
    (text,) = [str(each.message) for each in told]
    assert "The tracker 'trackio' failed" in text and "the history that fit returns" in text
    assert len(fitted.history) == RECIPE.epochs


def test_wandb_keeps_the_history_and_the_recipe_and_says_how_to_send_them(table, tmp_path, capsys, recwarn):
    history = scripted(table, tmp_path / "my photos", "wandb").history
    told = capsys.readouterr()
    (rows,), configuration = offline_runs(tmp_path / "my photos")
    assert [row["_step"] for row in rows] == [1, 2, 3]
    assert_same_rows(rows, history)
    assert (configuration["lr"], configuration["schedule"]) == (QUICK.lr, "cosine")
    assert told.out.startswith("wandb's run stays on this machine. To send it: wandb sync ") and told.err == ""
    assert listed(told.out).count("offline-run-") == 1
    assert not [each for each in recwarn if "tracker" in str(each.message)]


def test_wandb_has_each_epoch_once_after_a_kill(table, tmp_path, without, capsys):
    cut_off(table, tmp_path, tracker="wandb")
    train(table, tmp_path, tracker="wandb")
    parts, _ = offline_runs(tmp_path)
    assert [[row["_step"] for row in rows] for rows in parts] == [[1, 2], [3]]
    (run,) = {path.name for path in tmp_path.glob("wandb/offline-run-*/run-*.wandb")}
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 2 and told[0] == told[1] and run.removeprefix("run-").removesuffix(".wandb") in told[0]
    assert listed(told[1]).count("offline-run-") == 2
    same_outcome(tmp_path, without)


@pytest.mark.parametrize(("mode", "has_key", "expected"), [
    ("", False, "offline"), ("online", False, "offline"), ("", True, None), ("online", True, None), ("offline", True, None),
])  # fmt: skip
def test_wandb_without_a_key_stays_here_and_asks_nobody(mode, has_key, expected, tmp_path, monkeypatch):
    import wandb

    asked = {}

    def login(prompt=True, verify=True):
        assert not prompt and not verify
        return has_key

    def begin(**options):
        asked.update(options, reports=os.environ["WANDB_ERROR_REPORTING"])
        raise ConnectionError("enough was seen")

    monkeypatch.setattr(wandb, "login", login)
    monkeypatch.setattr(wandb, "init", begin)
    monkeypatch.setenv("WANDB_MODE", mode)
    with pytest.raises(ConnectionError, match="enough was seen"):
        Wandb(Run("a", 0, PROJECT, "0123abcd", tmp_path / "wandb", {}, []))
    assert asked["mode"] == expected
    assert asked["resume"] == (
        "allow" if has_key and mode != "offline" else None
    )  # offline it would warn that it cannot
    assert asked["reports"] == "false" and "WANDB_ERROR_REPORTING" not in os.environ
    looks_at = asked["settings"]
    assert looks_at.x_disable_stats and looks_at.disable_code and looks_at.console == "off" and looks_at.silent
