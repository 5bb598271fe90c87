"""A .pt2 file is looked through before torch may open it: nothing in it is unpickled or evaluated."""

import io
import json
import pickle
import re
import shutil
import zipfile

import pytest
import torch

from tests.models.conftest import hostile  # noqa: F401 - a fixture
from utils.errors import CourseError
from utils.export.runners import open_exported
from utils.export.to_pt2 import check_plain, read_pt2


@pytest.fixture
def plain(model, exports, tmp_path):
    return shutil.copy(exports(model, "pt2").path, tmp_path / "a.pt2")


def changed(path, changes):
    """The archive with some entries made anew: {the end of its name: a function of its content}; new ones are added."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    root = next(iter(entries)).partition("/")[0]
    for end, change in changes.items():
        name = next((name for name in entries if name.endswith(end)), f"{root}/{end}")
        entries[name] = change(entries.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def refusal(path):
    with pytest.raises(CourseError) as caught:
        open_exported(path)
    assert "might run a stranger's program" in str(caught.value)
    return str(caught.value)


def text(old, new):
    """A change of a JSON's text, which must be there."""

    def change(content):
        found, count = re.subn(old, lambda _: new, content.decode(), count=1)
        assert count == 1, f"nothing like {old!r}"
        return found.encode()

    return change


def saved(program):
    buffer = io.BytesIO()
    torch.save((program,), buffer)
    return buffer.getvalue()


def test_a_file_of_ours_is_plain(plain):
    check_plain(plain)
    assert read_pt2(changed(plain, {}))(torch.zeros(3, 3, 24, 32))["label"].shape == (3, 3)


def test_pictures_as_a_pickle_are_refused(plain, hostile):  # noqa: F811
    program, mark = hostile
    assert "sample_inputs/model.pt" in refusal(changed(plain, {"sample_inputs/model.pt": lambda _: saved(program)}))
    assert not mark.exists()


def test_weights_as_a_pickle_are_refused(plain, hostile):  # noqa: F811
    program, mark = hostile
    changes = {"model_weights_config.json": text('"use_pickle": false', '"use_pickle": true'),
               "weights/weight_0": lambda _: saved(program)}  # fmt: skip
    assert "a pickle" in refusal(changed(plain, changes))
    assert not mark.exists()


@pytest.mark.parametrize("name", ["data/weights/model.pt", "data/constants/model.pt", "data/constants/opaque_obj_0",
                                  "data/constants/custom_obj_0", "data/aotinductor/model/a.so"])  # fmt: skip
def test_entries_that_no_export_of_ours_has_are_refused(plain, hostile, name):  # noqa: F811
    program, mark = hostile
    assert name.rpartition("/")[2] in refusal(changed(plain, {name: lambda _: pickle.dumps(program)}))
    assert not mark.exists()


EVIL = "__import__('os').system('true')"


@pytest.mark.parametrize(("old", "new"), [
    (r"Symbol\('s\d+', positive=True, integer=True\)", EVIL),
    (r'"guards_code": \[\]', f'"guards_code": ["{EVIL}"]'),
    (r'"target": "torch.ops.aten.relu.default"', '"target": "torch.hub.load"'),
    (r'"target": "torch.ops.aten.relu.default"', '"target": "torch.ops.aten.save"'),
    (r'"target": "torch.ops.aten.relu.default"', '"target": "#evil:op"'),
    (r'"name": "conv2d"', f'"name": "{EVIL}"'),
    (r'"in_spec": "', '"in_spec": "os.system'),
    (r'"torch_fn": ', '"stack_trace": "a\\nb", "torch_fn": '),
], ids=["expression", "guard", "function", "operator", "extension", "name", "specification", "stack trace"])  # fmt: skip
def test_text_that_would_be_run_is_refused(plain, old, new):
    with zipfile.ZipFile(plain) as archive:
        content = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("models/model.json"))
    operators = set(re.findall(r'"target": "(torch\.ops\.aten\.relu\w*\.default)"', content))
    old = old.replace("torch.ops.aten.relu.default", next(iter(operators)))
    assert refusal(changed(plain, {"models/model.json": text(old, new)}))


def test_an_entry_that_is_there_twice_is_refused(plain):
    with zipfile.ZipFile(plain, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(next(name for name in archive.namelist() if name.endswith("model.json")), "{}")
    assert "models/model.json" in refusal(plain)


def test_a_file_that_torch_cannot_make_a_network_of_is_told(plain):
    def emptied(content):
        facts = json.loads(content)
        facts["graph_module"]["graph"]["nodes"] = []
        return json.dumps(facts).encode()

    with pytest.raises(CourseError, match="cannot run .*a.pt2.*export the model again"):
        open_exported(changed(plain, {"models/model.json": emptied}))
