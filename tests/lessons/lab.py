"""JupyterLab as `make lab` starts it, on a copy of the course, and a notebook opened in it by Chromium.

The course's own notebooks and runs/, the user's settings and the user's workspaces are neither read nor written.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from tests.browser import PATIENCE, Browser
from utils.notebooks import lesson_paths, read_lesson
from utils.notebooks.execute import code_cells

ROOT = Path(__file__).resolve().parents[2]
OWN_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
               "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")  # fmt: skip
OTHERS = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH")  # where the user's own kernels and settings would come in
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # what is not drawn could not be judged
    # Nobody is there to answer whether news may be fetched; and with a No, JupyterLab asks for newer versions of itself.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
# Kernels are in groups of their own, so that only the server can end them. It ends when this process does, however that
# comes about: then its standard input is closed.
SERVER = """import os, signal, sys, threading
def end_when_left_alone():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end_when_left_alone, daemon=True).start()
from jupyterlab.labapp import main
main()"""
FLAGS = ["--FileContentsManager.preferred_dir=lessons", "--no-browser", "--port=0",
         "--LabApp.expose_app_in_browser=True"]  # fmt: skip
LONGEST = 600  # seconds until a lesson must have ended; one that hangs ends then
PANEL = "window.jupyterapp.shell.currentWidget"
KERNEL = f"{PANEL}.sessionContext.session.kernel"
# What an output says where a widget or a drawing failed. JupyterLab and ipywidgets have no class for all of these.
FAILED = r"/Error (displaying|creating|rendering) |Loading widget|Could not render|not be rendered|Javascript Error/i"
PROBLEMS = f"""[
    ...[...document.querySelectorAll('.jp-OutputArea-output, .jupyter-widgets')]
        .map((each) => each.textContent.trim()).filter((text) => {FAILED}.test(text)),
    ...[...document.querySelectorAll('.jp-Notebook img')]
        .filter((each) => !(each.complete && each.naturalWidth)).map((each) => 'no picture: ' + each.src.slice(0, 200)),
    ...[...document.querySelectorAll('mjx-merror')].map((each) => 'no formula: ' + each.textContent),
    ...[...document.querySelectorAll('.jp-Dialog')].map((each) => 'a dialogue: ' + each.innerText),
]"""


def halves(folder=ROOT / "lessons"):
    """The lessons' names in two lists that take about as long, by the budgets of the lessons, of which the long are cut."""
    lessons = [read_lesson(path) for path in lesson_paths(folder=folder)]
    found, seconds = ([], []), [0, 0]
    for lesson in sorted(lessons, key=lambda each: -each.budget_seconds):
        lighter = seconds.index(min(seconds))
        found[lighter].append(lesson.path.stem)
        seconds[lighter] += min(lesson.budget_seconds, 60)
    return found


@contextmanager
def open_lab(folder):
    """Yields a Lab that works in a folder; at the end nothing that it started is left."""
    course = copied(folder / "course")
    with serving(course, folder) as address:
        browser = Browser(folder / "profile")
        try:
            yield Lab(course, browser, *address)
        finally:
            browser.close()


def copied(course):
    """A copy of what the lessons need. They import its `utils`, so that their results go to its runs/."""
    for name in ("lessons", "utils", "data_samples"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(ROOT / "pyproject.toml", course)  # lesson 00 asks the doctor, who reads it
    return course


@contextmanager
def serving(course, folder):
    """Yields the address and the token of a JupyterLab server."""
    environment = environment_of(course, folder)
    root = ["--allow-root"] if os.geteuid() == 0 else []
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-c", SERVER, *FLAGS, *root], cwd=course, env=environment,
                                  stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)  # fmt: skip
        try:
            yield started(server, folder)
        finally:
            server.stdin.close()
            try:
                server.wait(PATIENCE)
            finally:
                server.kill()  # does nothing to a server that has ended


def environment_of(course, folder):
    """That of `make lab`, with folders of its own, one thread a kernel, and the guard that keeps every Python offline."""
    own = {name: str(folder / name.lower()) for name in OWN_FOLDERS}
    settings = Path(own["JUPYTER_CONFIG_DIR"], "labconfig", "default_setting_overrides.json")
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS))
    return {
        **{name: value for name, value in os.environ.items() if name not in OTHERS},
        **own,
        "PYTHONPATH": os.pathsep.join(map(str, (course, ROOT / "tests" / "offline"))),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "OMP_NUM_THREADS": "1",
    }


def started(server, folder):
    """The address and the token, as soon as the server has noted them."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for noted in (folder / "jupyter_runtime_dir").glob("jpserver-*.json"):
            text = noted.read_text()
            if text.endswith("}"):  # else it is being written
                facts = json.loads(text)
                return facts["url"], facts["token"]
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'server.log').read_text()}")


class Lab:
    """A running JupyterLab and the browser beside it."""

    def __init__(self, course, browser, url, token):
        self.course, self.url = course, url
        self._browser, self._token = browser, token

    @contextmanager
    def opened(self, name, values=None):
        """Yields a lesson as a Notebook, its kernel started; at the end the kernel is shut down.

        Args:
            values: of parameters, which stand in a cell below them then, as papermill sets them.
        """
        if values:
            _set_in(self.course / "lessons" / f"{name}.ipynb", values)
        # A workspace of its own, or JupyterLab would open the notebook before too.
        address = f"{self.url}lab/workspaces/{name}/tree/lessons/{name}.ipynb?token={self._token}"
        with self._browser.page(address) as page:
            page.wait("Boolean(window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel)")
            page.js(
                f"Promise.all([{PANEL}.context.ready, {PANEL}.sessionContext.ready, {PANEL}.revealed]).then(() => 1)"
            )
            try:
                yield Notebook(self, page, name)
            finally:
                page.js(f"{PANEL}.sessionContext.shutdown()")


def _set_in(path, values):
    """A cell with values of parameters, below the cell of the parameters."""
    notebook = nbformat.read(path, as_version=4)
    places = [place for place, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    notebook.cells.insert(places[0] + 1, new_code_cell("\n".join(lines)))
    nbformat.write(notebook, path)


class Notebook:
    """One notebook in the page: what a person does with it, and what there is to see, in the page and in the file."""

    def __init__(self, lab, page, name):
        self.page, self.name = page, name
        self._url, self._path = lab.url, lab.course / "lessons" / f"{name}.ipynb"
        self.committed = nbformat.read(self._path, as_version=4)
        self._results = lab.course / "runs" / name / "results.json"

    def run(self):
        """All cells, until the last has ended or a dialogue has opened: the kernel has died then."""
        self.page.wait(f"{KERNEL}.connectionStatus === 'connected' && {KERNEL}.status === 'idle'")  # it answers
        self.page.js("""window.ended = false;
            window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.ended = true; }); 1""")
        self.page.wait("window.ended || Boolean(document.querySelector('.jp-Dialog'))", LONGEST, pause=0.5)
        self.settle()

    def settle(self):
        """Until the kernel has nothing to do and the page has drawn what it was sent, or shows that it cannot."""
        self.page.wait(f"{KERNEL}.status === 'idle' || Boolean(document.querySelector('.jp-Dialog'))", pause=0.1)
        pictures = "[...document.querySelectorAll('.jp-Notebook img')].every((each) => each.complete)"
        self.page.wait(f"{pictures} && !/Loading widget/.test(document.querySelector('.jp-Notebook').textContent)")

    def save(self):
        """Save, and read what was saved."""
        self.page.js("window.jupyterapp.commands.execute('docmanager:save').then(() => 1)")
        self.page.wait(f"!{PANEL}.context.model.dirty")
        self.saved = nbformat.read(self._path, as_version=4)

    def counts(self):
        return [cell.execution_count for cell in code_cells(self.saved)]

    def failures(self):
        """Errors of cells, and what was written to standard error, as the file has them."""
        outputs = [output for cell in code_cells(self.saved) for output in cell.outputs]
        errors = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
        return errors + [output.text for output in outputs if output.get("name") == "stderr"]

    def claims(self):
        """What the lesson has noted in results.json, as the lines that `claim` prints."""
        claims = json.loads(self._results.read_text(encoding="utf-8"))["claims"]
        return [f"{'✓' if each['holds'] else '✗'} {each['text']}" for each in claims]

    def problems(self):
        """What only the page shows: widgets, pictures and formulas that are not there, dialogues, errors in the console."""
        return self.page.js(PROBLEMS) + self.page.complaints()

    def asked_elsewhere(self):
        """Addresses that the page has asked for and that are not those of the server."""
        own = (self._url, self._url.replace("http", "ws", 1), "data:", f"blob:{self._url}")
        return [each for each in self.page.requests() if not each.startswith(own)]

    def sliders(self):
        """{description: what is shown beside it, and where exactly it stands}, from top to bottom."""
        return self.page.js("""Object.fromEntries([...document.querySelectorAll('.widget-slider')].map((each) => [
            each.querySelector('.widget-label').textContent,
            { shown: each.querySelector('.widget-readout').textContent,
              at: each.querySelector('[role=slider]').getAttribute('aria-valuetext') }]))""")

    def beside_sliders(self):
        """The text in the box of the sliders."""
        return self.page.js("document.querySelector('.widget-slider').parentElement"
                            ".querySelector('.widget-html-content').textContent")  # fmt: skip

    def handle(self, number):
        """The handle of a slider, as an expression, scrolled into view."""
        handle = f"document.querySelectorAll('.widget-slider [role=slider]')[{number}]"
        self.page.js(f"{handle}.scrollIntoView({{ block: 'center' }})")
        return handle


def printed(cells):
    """The lines that some cells have printed."""
    text = "".join(
        output.text for cell in cells for output in cell.get("outputs", []) if output.get("name") == "stdout"
    )
    return text.splitlines()
