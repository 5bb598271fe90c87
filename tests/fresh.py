"""Does a clean clone work, as a new user meets it? `make fresh` runs this.

Clones the last commit into a scratch folder and types there what the README says: `make test`, once more
`make setup` (which must find nothing to do), then `make lab`, until JupyterLab hands out lesson 01.
Only the standard library is used: this runs before anything is installed. Not for Windows, which has no make.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSON = "lessons/01_data_folders.ipynb"
JUPYTER_FOLDERS = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
SECONDS_TO_START, SECONDS_TO_STOP = 120, 20


class FreshError(Exception):
    """A step failed; the message says what to look at."""


@contextmanager
def step(name):
    """Says what begins, and how many seconds it took or lasted until it failed."""
    print(f"== {name}", flush=True)
    start, outcome = time.monotonic(), "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        print(f"== {name}: {outcome} {time.monotonic() - start:.0f} s", flush=True)


def clone(scratch):
    """The last commit as scratch/course, with shared/ beside it where this checkout has one."""
    status = ["git", "status", "--porcelain"]
    changed = subprocess.run(status, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if changed:
        print(f"Note: {len(changed.splitlines())} files are not committed, so the clone is without them.")
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(scratch / "course")], check=True)
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        (scratch / "shared").symlink_to(shared, target_is_directory=True)
    return scratch / "course"


def clean_environment(scratch):
    """The environment without what would let the clone lean on this checkout or on the user's Jupyter."""
    leaning = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "JUPYTER_PATH"}
    environment = {name: value for name, value in os.environ.items() if name not in leaning}
    return environment | {name: str(scratch / name.lower()) for name in JUPYTER_FOLDERS}


def make(target, course, environment):
    done = subprocess.run(["make", target], cwd=course, env=environment, check=False)
    if done.returncode:
        raise FreshError(f"`make {target}` ended with exit code {done.returncode}; its messages are above.")


def set_up_again(course, environment):
    """A second set-up finds nothing to do: the mark that `make` leaves is not renewed."""
    ready = course / ".venv" / ".ready"
    before = ready.stat().st_mtime_ns
    make("setup", course, environment)
    if ready.stat().st_mtime_ns != before:
        raise FreshError("The second `make setup` installed everything again. Does a target touch requirements.txt?")


def open_lab(course, environment):
    """`make lab` serves lesson 01; then it is stopped."""
    command = ["make", "lab", "LAB_FLAGS=--no-browser --port 0"]
    log = course.parent / "lab.log"
    with log.open("w") as stream:
        # A process group of its own, so that the signal at the end reaches make, the shell and the
        # server, and nothing else.
        lab = subprocess.Popen(
            command, cwd=course, env=environment, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        server = wait_for_server(lab, course, environment)
        check_lesson(server)
    except FreshError as error:
        raise FreshError(f"{error}\nThe server's last words:\n{log.read_text()[-3000:]}") from None
    finally:
        stop(lab)


def wait_for_server(lab, course, environment):
    """What `jupyter server list` tells of the running server, as soon as it answers."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if lab.poll() is not None:
            raise FreshError(f"`make lab` ended by itself with exit code {lab.returncode}.")
        for server in listed_servers(course, environment):
            if answer(server, "api/status"):
                return server
        time.sleep(1)
    raise FreshError(f"JupyterLab did not answer within {SECONDS_TO_START} s.")


def listed_servers(course, environment):
    command = [str(course / ".venv" / "bin" / "jupyter"), "server", "list", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def answer(server, path):
    """The server's answer to a request with its token, or None where it does not listen yet."""
    request = urllib.request.Request(server["url"] + path, headers={"Authorization": f"token {server['token']}"})
    # An empty ProxyHandler: a proxy cannot reach this machine's loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        raise FreshError(f"{request.full_url} answered {error.code} {error.reason}.") from None
    except OSError:
        return None


def check_lesson(server):
    """The lab page opens, and the first lesson lies in the folder that it shows."""
    if not server["token"]:
        raise FreshError("The server has no token: anyone on this machine could run code in it.")
    lesson = json.loads(answer(server, f"api/contents/{LESSON}") or "{}")
    if lesson.get("type") != "notebook" or not lesson["content"]["cells"]:
        raise FreshError(f"{LESSON} is not served as a notebook, but as {lesson.get('type')!r}.")
    if b"JupyterLab" not in (answer(server, "lab") or b""):
        raise FreshError(f"{server['url']}lab is not JupyterLab's page.")
    print(f"JupyterLab answered at {server['url']} with {LESSON}, {len(lesson['content']['cells'])} cells.")


def stop(process):
    """Ends the process group, first politely; make ends at once, its server some seconds later."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + SECONDS_TO_STOP
        somebody_left = signal_group(process, sign)
        while somebody_left and time.monotonic() < deadline:
            time.sleep(0.2)
            somebody_left = signal_group(process, 0)
        if not somebody_left:
            return


def signal_group(process, sign):
    """Sends a signal (0: none) to the process and all that it started; False if nobody is left."""
    process.poll()  # an ended process stays in its group until it was asked how it ended
    try:
        os.killpg(process.pid, sign)
    except ProcessLookupError:
        return False
    return True


def run(scratch):
    environment = clean_environment(scratch)
    with step("clone"):
        course = clone(scratch)
    with step("make test"):
        make("test", course, environment)
    with step("make setup, again"):
        set_up_again(course, environment)
    with step("make lab"):
        open_lab(course, environment)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make fresh", description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave the clone, and say where it is")
    keep = parser.parse_args(arguments).keep
    scratch = Path(tempfile.mkdtemp(prefix="fresh_"))
    try:
        run(scratch)
    except (FreshError, subprocess.CalledProcessError) as error:
        print(f"Not fresh: {error}")
        return 1
    finally:
        if keep:
            print(f"The clone is kept in {scratch}.")
        else:
            shutil.rmtree(scratch)
    print("A clean clone passes its tests and opens in JupyterLab.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
