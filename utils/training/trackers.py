"""The trackers by name, each a class that is made when a run begins, is sent one row an epoch, and is closed.

They may fail in any way: `tracking` sees to it that no training does. Nothing here is imported before it is asked for, and
only wandb ever connects to anything, where it finds a key.
"""

import importlib
import os
import shlex
import warnings
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What a tracker is told when a training begins or goes on. The first two come back as the tracker took them."""

    name: str
    sent: int  # epochs that it has already
    project: str
    id: str
    folder: Path | None  # its own, in that of the training
    config: dict
    scores: list[str]  # names, of the columns by which an epoch is judged

    @property
    def goes_on(self) -> bool:
        return self.sent > 0


class TensorBoard:
    """Event files in a folder. What an earlier training wrote there is hidden from the epoch on where this one begins."""

    needs_folder = True

    def __init__(self, run: Run):
        self.name, self.sent = run.name, run.sent
        board = importlib.import_module("torch.utils.tensorboard")
        self.writer = board.SummaryWriter(str(run.folder), purge_step=run.sent + 1)
        knobs = {name: value if isinstance(value, (int, float)) else str(value) for name, value in run.config.items()}
        experiment, begins, _ = board.summary.hparams(knobs, dict.fromkeys(run.scores))
        for summary in (experiment, begins):  # `add_hparams` would put them into a folder of their own
            self.writer.file_writer.add_summary(summary)

    def send(self, row: dict) -> None:
        for name, value in row.items():
            self.writer.add_scalar(name, value, row["epoch"])
        self.writer.flush()  # its thread is waited for: a kill would take what it has not written, and a full disk shows here

    def close(self, has_failed: bool) -> None:
        self.writer.close()


class Trackio:
    """A run in trackio's own database, where a run is found again by its name: one that is taken gets a number."""

    needs_folder = False

    def __init__(self, run: Run):
        with _trackio() as trackio:
            store = trackio.SQLiteStorage
            # Its thread writes twice a second: what was on the way when a training was killed has to be sent again.
            rows = store.get_logs(run.project, run.name) if run.goes_on else []
            self.sent = min(run.sent, max((row["step"] for row in rows), default=0))
            self.name = run.name if run.goes_on else _free(run.name, set(store.get_runs(run.project)))
            self.run = trackio.init(run.project, name=self.name, config=run.config, resume="allow" if run.goes_on else "never",
                                    embed=False, auto_log_gpu=False, auto_log_cpu=False)  # fmt: skip

    def send(self, row: dict) -> None:
        self.run.log(dict(row), step=row["epoch"])

    def close(self, has_failed: bool) -> None:
        with _trackio() as trackio:
            trackio.finish()


class Wandb:
    """A run in a folder, and on its server where a key is found. It gets the rows and the recipe, and looks at nothing else."""

    needs_folder = True
    settings = dict(
        console="off", silent=True, save_code=False, disable_code=True, disable_git=True, x_save_requirements=False,
        x_disable_meta=True, x_disable_machine_info=True, x_disable_stats=True, use_dot_wandb=False,
        init_timeout=30, finish_timeout=60,  # seconds: a server that does not answer holds nobody up
    )  # fmt: skip

    def __init__(self, run: Run):
        self.name, self.sent, self.folder = run.name, run.sent, run.folder
        with _environment(WANDB_ERROR_REPORTING="false"):
            wandb = importlib.import_module("wandb")
            is_told = os.environ.get("WANDB_MODE", "") in ("offline", "dryrun", "disabled")
            has_key = not is_told and wandb.login(prompt=False, verify=False)
            self.run = wandb.init(
                project=run.project, name=run.name, id=run.id, config=run.config, dir=str(run.folder.parent),
                mode=None if is_told or has_key else "offline", resume="allow" if has_key else None,
                reinit="create_new", settings=wandb.Settings(**self.settings),
            )  # fmt: skip

    def send(self, row: dict) -> None:
        self.run.log(dict(row), step=row["epoch"])

    def close(self, has_failed: bool) -> None:
        self.run.finish(exit_code=int(has_failed))
        if self.run.offline:
            parts = f"{shlex.quote(str(self.folder))}/offline-run-*-{self.run.id}*"  # one more after each resume
            print(f"wandb's run stays on this machine. To send it: wandb sync {parts}")


TRACKERS = {"trackio": Trackio, "wandb": Wandb, "tensorboard": TensorBoard}


def _free(name, taken):
    numbered = (name + ending for ending in ("", *(f"-{number}" for number in range(2, len(taken) + 2))))
    return next(each for each in numbered if each not in taken)


@contextmanager
def _trackio():
    """Yields trackio, which within the block prints nothing, connects to nothing, and raises what it would warn of.

    Raises:
        RuntimeError: it could not read or write.
    """
    trackio, hub = importlib.import_module("trackio"), importlib.import_module("huggingface_hub.constants")
    # It would ask Hugging Face for the user's name, and send to a Space or server that these variables name. HF_HUB_OFFLINE
    # as a variable is read only when the hub is imported, and timm may have done that.
    is_offline, hub.HF_HUB_OFFLINE = hub.HF_HUB_OFFLINE, True
    try:
        with (
            _environment(TRACKIO_SPACE_ID=None, TRACKIO_SERVER_URL=None),
            redirect_stdout(StringIO()),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("always")
            yield trackio
    finally:
        hub.HF_HUB_OFFLINE = is_offline
    failed = [str(each.message) for each in told if each.category is UserWarning]
    if failed:
        raise RuntimeError(failed[0])


@contextmanager
def _environment(**values):
    """Within the block these environment variables are set, or not set where the value is None."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values):
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
