"""The page's folder: complete, nobody else's folder touched, and a sentence wherever the runtime cannot be had.

What a browser makes of it is in test_page_in_browser.py, among the slow tests.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from PIL import Image

from tests.export.made_onnx import facts, made
from utils import npm as npms
from utils.data import images, resizing
from utils.errors import CourseError
from utils.export.page import write_page, writing
from utils.export.page.__main__ import main
from utils.export.page.writing import LINE, RUNTIME, SITE
from utils.export.shipped import read_shipped

MADE_UP = {"ort.wasm.bundle.min.mjs": b"export const made = 'up';", "ort-wasm-simd-threaded.wasm": b"\0asm"}
TEXTS = sorted(path for path in SITE.iterdir() if path.is_file())


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """A folder with two made-up files, which are taken for the runtime's."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in MADE_UP.items()}
    monkeypatch.setattr(writing, "RUNTIME", replace(RUNTIME, digests=digests))
    monkeypatch.setattr(npms, "CACHE", tmp_path / "cache")
    return vendored(tmp_path / "runtime")


def vendored(folder, contents=MADE_UP):
    folder.mkdir(parents=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def model(tmp_path):
    return made(tmp_path / "cats.onnx")


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refused(told, *arguments):
    with pytest.raises(CourseError, match=told):
        write_page(*arguments)


# what is written


def test_the_folder_has_the_page_the_model_its_facts_and_the_runtime_with_its_licence(model, runtime, tmp_path):
    page = write_page(model, tmp_path / "new" / "page", runtime)
    assert page == tmp_path / "new" / "page"
    parts = {"model.onnx", "model.json", "README.txt", "onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"}
    assert names(page) == parts | {path.name for path in TEXTS} | {f"onnxruntime/{name}" for name in MADE_UP}
    assert (page / "model.onnx").read_bytes() == model.read_bytes()
    assert read_shipped(page / "model.json") == read_shipped(model)
    assert all((page / "onnxruntime" / name).read_bytes() == data for name, data in MADE_UP.items())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page"]


def test_the_line_that_serves_the_page_stands_in_its_readme_and_in_the_page(model, runtime, tmp_path):
    page = write_page(model, tmp_path / "page", runtime)
    assert f"\n    {LINE}\n" in (page / "README.txt").read_text()
    assert f"<pre>{LINE}</pre>" in (page / "index.html").read_text()


def test_what_the_page_loads_lies_in_its_folder(model, runtime, tmp_path):
    page = write_page(model, tmp_path / "page", runtime)
    html = (page / "index.html").read_text()
    loaded = set(re.findall(r'(?:src|href)="(?!data:)([^"]+)"', html))
    for path in page.glob("*.mjs"):
        loaded |= {
            name.removeprefix("./")
            for name in re.findall(r'"(\.?/?[\w./-]+\.(?:mjs|wasm|onnx|json))"', path.read_text())
        }
    assert loaded == names(page) - {
        "index.html",
        "README.txt",
        *(f"onnxruntime/{name}" for name in ("LICENSE", "ThirdPartyNotices.txt")),
    }


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_the_page_names_no_other_server(path):
    found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE))
    assert found == []


def test_written_again_a_page_gets_the_new_model_and_keeps_what_is_not_its_own(model, runtime, tmp_path):
    page = write_page(model, tmp_path / "page", runtime)
    (page / "holiday.jpg").write_bytes(b"mine")
    other = made(tmp_path / "other.onnx", {"label": ["yes", "no"]})
    write_page(other, page, runtime)
    assert json.loads((page / "model.json").read_text())["heads"] == {"label": ["yes", "no"]}
    assert (page / "model.onnx").read_bytes() == other.read_bytes()
    assert (page / "holiday.jpg").read_bytes() == b"mine"


def test_the_model_of_a_page_can_be_written_into_it_once_more(model, runtime, tmp_path):
    page = write_page(model, tmp_path / "page", runtime)
    write_page(page / "model.onnx", page, runtime)
    assert (page / "model.onnx").read_bytes() == model.read_bytes()


def test_what_a_full_disk_has_left_is_known_as_ours_and_made_whole(model, runtime, tmp_path, monkeypatch):
    def one_file_only(source, target, replace=os.replace):
        if (tmp_path / "page" / "index.html").exists():
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", one_file_only)
        refused("No space left", model, tmp_path / "page", runtime)
    assert names(tmp_path / "page") == {"index.html"} and not list(tmp_path.glob(".page*"))
    assert "model.onnx" in names(write_page(model, tmp_path / "page", runtime))


def test_an_empty_folder_will_do(model, runtime, tmp_path):
    (tmp_path / "page").mkdir()
    assert "index.html" in names(write_page(model, tmp_path / "page", runtime))


# what is refused, with nothing written


def test_a_folder_with_something_else_is_left_alone(model, runtime, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<html>my own")
    refused("there is 'index.html'. Choose another folder", model, site, runtime)
    assert names(site) == {"index.html"} and (site / "index.html").read_text() == "<html>my own"
    refused("is a file", model, site / "index.html", runtime)


def test_what_is_no_model_of_the_course_makes_no_page(runtime, tmp_path):
    (tmp_path / "notes.onnx").write_text("no model")
    foreign = made(tmp_path / "foreign.onnx", said="")
    logits = made(tmp_path / "logits.onnx", last="Identity")
    for file, told in [
        ("notes.onnx", "cannot run"),
        (foreign, "nothing says which classes"),
        (logits, "Are these logits"),
    ]:
        refused(told, tmp_path / file, tmp_path / "page", runtime)
    assert not (tmp_path / "page").exists()


def test_a_folder_that_cannot_be_written_is_said(model, runtime, tmp_path):
    (tmp_path / "file").write_text("")
    refused("cannot be written", model, tmp_path / "file" / "page", runtime)


# the runtime


def test_a_runtime_folder_with_a_missing_or_another_file_is_refused(model, runtime, tmp_path):
    incomplete = vendored(tmp_path / "incomplete", dict(list(MADE_UP.items())[:1]))
    other = vendored(tmp_path / "other", MADE_UP | {"ort-wasm-simd-threaded.wasm": b"newer"})
    refused(r"wasm is missing.*npm pack onnxruntime-web@", model, tmp_path / "page", incomplete)
    refused("wasm is not that of version", model, tmp_path / "page", other)
    refused("there is no such folder", model, tmp_path / "page", tmp_path / "nowhere")
    assert not (tmp_path / "page").exists()


def test_an_unpacked_package_is_a_runtime_folder(model, runtime, tmp_path):
    vendored(tmp_path / "unpacked" / "package" / "dist")
    assert "index.html" in names(write_page(model, tmp_path / "page", tmp_path / "unpacked"))


def test_without_npm_the_message_says_where_it_comes_from(model, runtime, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(r"there is no npm\. Install Node\.js.*--runtime", model, tmp_path / "page")
    assert not (tmp_path / "page").exists()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """npm(contents): puts an npm into the path that packs these files, or fails where there are none."""
    if os.name == "nt":
        pytest.skip("a script is no program on Windows")

    def put(contents):
        packed = vendored(tmp_path / "packed" / "dist", contents or {}) if contents else None
        script = f"""#!{sys.executable}
import sys, tarfile
assert sys.argv[1:3] == ["pack", {RUNTIME.wanted!r}], sys.argv
if not {bool(contents)}:
    sys.exit("npm error code ENOTFOUND")
with tarfile.open(sys.argv[sys.argv.index("--pack-destination") + 1] + "/made.tgz", "w:gz") as archive:
    archive.add({str(packed)!r}, "package/dist")
"""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "npm").write_text(script)
        (tmp_path / "bin" / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    return put


def test_npm_fetches_the_runtime_once(model, runtime, npm, tmp_path, monkeypatch):
    npm(MADE_UP)
    write_page(model, tmp_path / "first")
    monkeypatch.setenv("PATH", "")
    second = write_page(model, tmp_path / "second")
    assert (second / "onnxruntime" / "ort-wasm-simd-threaded.wasm").read_bytes() == b"\0asm"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [RUNTIME.kept.name]


def test_a_damaged_cache_is_fetched_again(model, runtime, npm, tmp_path):
    vendored(tmp_path / "cache" / RUNTIME.kept.name, {"ort.wasm.bundle.min.mjs": b"half"})
    npm(MADE_UP)
    page = write_page(model, tmp_path / "page")
    assert (page / "onnxruntime" / "ort.wasm.bundle.min.mjs").read_bytes() == MADE_UP["ort.wasm.bundle.min.mjs"]


def test_an_npm_without_a_network_is_told_from_one_that_gives_something_else(model, runtime, npm, tmp_path):
    npm(None)
    refused("Is there a network", model, tmp_path / "page")
    (tmp_path / "bin" / "npm").unlink()
    (tmp_path / "bin").rmdir()
    npm(MADE_UP | {"ort-wasm-simd-threaded.wasm": b"other"})
    refused("something else than onnxruntime-web@.*wasm is not that", model, tmp_path / "page")
    assert not (tmp_path / "page").exists() and not list((tmp_path / "cache").iterdir())


# the command


def test_the_command_says_how_the_page_is_opened(model, runtime, tmp_path, capsys):
    assert main([str(model), str(tmp_path / "page"), "--runtime", str(runtime)]) == 0
    assert f"{LINE} --directory '{tmp_path / 'page'}'" in capsys.readouterr().out
    assert main([str(model), str(tmp_path), "--runtime", str(runtime)]) == 2
    assert "Expected a new folder" in capsys.readouterr().err


def test_a_page_is_written_without_torch():
    code = "import sys, utils.export.page.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# what the page repeats of the course


def text(name):
    return (SITE / name).read_text()


def test_the_pages_limits_are_those_of_the_course():
    said = dict(
        re.findall(r"^const (MOST_BYTES|MOST_PIXELS|DECODE_MARGIN) = ([\d_.* ]+);", text("pictures.mjs"), re.MULTILINE)
    )
    assert {name: eval(value) for name, value in said.items()} == {
        "MOST_BYTES": images.MOST_BYTES,
        "MOST_PIXELS": 2 * Image.MAX_IMAGE_PIXELS,
        "DECODE_MARGIN": resizing.DECODE_MARGIN,
    }


def test_the_page_knows_each_policy_and_each_interpolation():
    filters = re.findall(r"^  (\w+): \{ reach", text("resizing.mjs"), re.MULTILINE)
    assert {"nearest", *filters} == resizing.INTERPOLATIONS.keys()
    assert set(re.findall(r'^  (\w+): "', text("answers.mjs"), re.MULTILINE)) == resizing.POLICIES.keys()


def test_the_facts_that_the_page_uses_are_in_every_file():
    used = set(re.findall(r"facts\.(\w+)", text("model.mjs"))) | {"heads", "preprocessing", "architecture", "precision"}
    assert used <= facts().keys()


def luminance(colour):
    """Relative luminance of #rgb or #rrggbb. Source: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    digits = colour.lstrip("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_and_bars_stand_out_enough_to_be_read(dark):
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", text("page.css").partition("@media")[dark * 2].partition("}")[0]))

    def contrast(one, other):
        low, high = sorted(luminance(colours[name]) for name in (one, other))
        return (high + 0.05) / (low + 0.05)

    for front in ("front", "quiet", "wrong"):
        assert min(contrast(front, "back"), contrast(front, "soft")) >= 4.5, front
    assert contrast("on-strong", "strong") >= 4.5
    assert min(contrast("strong", "soft"), contrast("other", "soft")) >= 3
