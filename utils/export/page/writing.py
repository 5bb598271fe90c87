"""The page's folder, written: the page as it lies in `site/`, the model with its facts, the runtime, a README."""

import json
import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from utils.data.folders import absolute
from utils.errors import CourseError, named
from utils.export.served import Served
from utils.export.shipped import read_shipped
from utils.npm import NpmFiles

# onnxruntime for browsers. The second file is the whole runtime, compiled; it needs no other one.
RUNTIME = NpmFiles(
    "onnxruntime-web",
    "1.30.0",
    "dist",
    {
        "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
        "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    },
    needed_by="The page",
    named_by="--runtime FOLDER",
)
SITE = Path(__file__).with_name("site")
FRONT = "index.html"
MARK = '<meta name="generator" content="image-classification-course page">'  # in every index.html of ours
TERMS = ("LICENSE", "ThirdPartyNotices.txt")  # of the runtime; its Python package has them, npm's lacks them
LINE = "python -m http.server --bind 127.0.0.1 8000"
README = f"""\
A page that answers to pictures, by the model in this folder. It needs a server, which Python brings along.
Open a terminal in this folder, type this line, and leave it running:

    {LINE}

(On some machines the command is called python3.) Then open http://localhost:8000 in a browser.
Your pictures stay in the browser: the page loads what lies in this folder, and sends nothing.

onnxruntime/ is {RUNTIME.package} {RUNTIME.version}; its licence lies beside it.
"""


def write_page(model_file: str | Path, folder: str | Path, runtime: str | Path | None = None) -> Path:
    """Write a folder with a web page that answers to pictures by a model, in the reader's own browser.

    Served by `python -m http.server` in the folder, it prepares each picture as training did and shows the probabilities
    of each head; no picture leaves the machine. The folder can be sent to anybody. Written again with another model, a
    page's own files are replaced, and whatever else lies in the folder stays.

    Args:
        model_file: an .onnx file of `export`, in any precision.
        folder: where to; a new or an empty one, or one with a page of ours.
        runtime: a folder with the files of onnxruntime-web; None takes them from the user's cache, and fetches them by npm
            where they are not there yet, which is the one step that needs a network (33 MB).

    Returns:
        The folder.

    Raises:
        CourseError: the file is no model of the course, the folder holds something else than a page, the runtime cannot be
            had, or the folder cannot be written. Nothing is written then; if the disk gives out half-way, the same call
            once more makes the page whole.
    """
    model_file, folder = Path(model_file).expanduser(), absolute(folder)
    Served(model_file)  # a file whose answers are no probabilities says so here
    _check_free(folder)
    runtime = RUNTIME.folder(runtime)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            _lay_out(Path(scratch), model_file, runtime)
            _move(Path(scratch), folder)
    except OSError as error:
        raise CourseError(f"The page cannot be written to '{folder}': {error.strerror}. Free some space, or choose another "
                          "folder.") from error  # fmt: skip
    return folder


def _check_free(folder):
    """A CourseError where there is something else than a page of ours."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise CourseError(f"Expected a folder for the page, but '{folder}' is a file. Choose another name.")
    front, there = folder / FRONT, sorted(path.name for path in folder.iterdir())
    is_ours = front.is_file() and MARK in front.read_text(encoding="utf-8", errors="replace")
    if there and not is_ours:
        raise CourseError(f"Expected a new folder, an empty one or one with an earlier page, but in '{folder}' there is "
                          f"{named(there, 3)}. Choose another folder, for instance '{folder / 'page'}'.")  # fmt: skip


def _lay_out(scratch, model_file, runtime):
    """All files of the page, in a folder that nobody looks at yet."""
    shutil.copytree(SITE, scratch, dirs_exist_ok=True, copy_function=shutil.copyfile)
    facts = json.dumps(read_shipped(model_file), indent=1, ensure_ascii=False)
    (scratch / "model.json").write_text(facts + "\n", encoding="utf-8")
    (scratch / "README.txt").write_text(README, encoding="utf-8")
    shutil.copyfile(model_file, scratch / "model.onnx")
    inside = scratch / "onnxruntime"
    inside.mkdir()
    for name in RUNTIME.digests:
        shutil.copyfile(runtime / name, inside / name)
    for name in TERMS:
        terms = files("onnxruntime").joinpath(name)
        if terms.is_file():
            (inside / name).write_bytes(terms.read_bytes())


def _move(scratch, folder):
    """Each file to its place, whole; the front page first, so that what a kill leaves is known as ours next time."""
    paths = sorted((path for path in scratch.rglob("*") if path.is_file()), key=lambda path: path.name != FRONT)
    for path in paths:
        place = folder / path.relative_to(scratch)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, place)
