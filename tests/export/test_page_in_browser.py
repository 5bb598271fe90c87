"""The page at work in Chromium: the answers of PyTorch, nothing sent anywhere, usable by keyboard, and a word for what fails.

Slow: a browser is started, and the first time npm fetches the runtime. Skipped, with the reason, where one of them is missing.
"""

import base64
import io
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sklearn.datasets import load_sample_images

from tests.browser import chromium, served
from tests.export.conftest import HEADS, pictures
from tests.export.made_onnx import CLASSES, STEPS, facts, made
from utils.data.images import open_image
from utils.data.resizing import INTERPOLATIONS, POLICIES, decode_size, resize
from utils.data.samples import sample
from utils.errors import CourseError
from utils.evaluation.heads import of_head
from utils.evaluation.predictions import predict_pictures
from utils.export.page import write_page
from utils.export.page.writing import RUNTIME
from utils.export.served import Served
from utils.models.checkpoints import load_checkpoint
from utils.train import main as train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the browser is driven through pipes, which Windows has not"),
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium (Debian: apt-get install chromium)"),
]
READY = "document.getElementById('status').textContent.startsWith('Ready')"
ANSWERED = "!/^(Ready|Looking|Loading)/.test(document.getElementById('status').textContent)"
STATUS = "document.getElementById('status').textContent"
# {name: {head: {class: probability}}} of all cards; the bars' widths have more places than the percentages beside them.
SHOWN = """Object.fromEntries([...document.querySelectorAll('.card')].map(card => [
    card.querySelector('h3').textContent,
    Object.fromEntries([...card.querySelectorAll('section')].map(section => [
        section.querySelector('h4')?.textContent ?? 'label',
        Object.fromEntries([...section.querySelectorAll('.bars li')].map(bar => [
            bar.querySelector('.name').textContent, parseFloat(bar.querySelector('.filled').style.width) / 100]))]))]))"""
PREPARED = """(async () => {
    const { openPicture, prepared } = await import('./pictures.mjs');
    const bytes = Uint8Array.from(atob('%s'), (letter) => letter.charCodeAt(0));
    const found = prepared(await openPicture(new File([bytes], 'made')), %s);
    return btoa(Array.from(found, (value) => String.fromCharCode(value)).join(''));
})()"""


@pytest.fixture(scope="module")
def runtime():
    try:
        return RUNTIME.folder()
    except CourseError as error:
        pytest.skip(str(error))


@pytest.fixture
def paged(runtime, tmp_path):
    """paged(model_file): the folder of its page."""
    return lambda file: write_page(file, tmp_path / "page", runtime)


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """A model that was trained for some seconds: the answers of an untrained one hang on the last digit of each pixel."""
    folder = tmp_path_factory.mktemp("trained")
    command = ["--output-dir", str(folder), "--model", "shufflenet_v2_x0_5", "-p", "epochs", "4"]
    assert train([str(sample("animals")), *command]) == 0
    return load_checkpoint(folder / "best.safetensors")


@pytest.fixture
def animals_page(animals, exports, paged):
    return paged(exports(animals).path)


def shown(page, files):
    """What the page says of some files, all classes of each."""
    page.wait(READY)
    page.choose("#files", files)
    page.wait(ANSWERED)
    page.js("document.querySelectorAll('.card .small').forEach((button) => button.click())")
    return page.js(SHOWN)


def by_torch(model, files):
    """The same of PyTorch: {name: {class: probability}}."""
    table = predict_pictures(model, files).set_index("path").filter(like="p_")
    table.columns = [name.removeprefix("p_") for name in table.columns]
    return {file.name: table.loc[file.as_posix()].to_dict() for file in files}


def differences(found, expected):
    assert found.keys() == expected.keys()
    pairs = [(found[name]["label"], expected[name]) for name in expected]
    assert all(one.keys() == other.keys() for one, other in pairs)
    return [max(abs(one[name] - other[name]) for name in other) for one, other in pairs]


# the same answers


def pngs(folder):
    """Twenty PNG files of all kinds, made of the samples."""
    rng, info = np.random.default_rng(0), PngInfo()
    info.add(b"gAMA", (100_000).to_bytes(4, "big"))  # a browser that minded it would show other colours
    for number, path in enumerate(pictures()[5::50]):
        image, file = open_image(path), folder / f"{number:02}.png"
        if number % 5 == 0:  # so large that a JPEG would be read at a reduced scale
            image = image.resize((image.width * 3, image.height * 3))
        grey = image.convert("L")
        alpha = Image.fromarray(rng.integers(0, 256, (image.height, image.width), dtype=np.uint8))
        kinds = [image, image.quantize(50), Image.merge("RGBA", (*image.split(), alpha)), Image.merge("LA", (grey, alpha)),
                 Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)]  # fmt: skip
        kinds[number % 5].save(file, pnginfo=info if number % 2 else None)
    messy = sample("messy") / "train"
    for name in (
        "fish/rgba.png",
        "leaf/16-bit.png",
        "leaf/palette-transparent.png",
        "sun/grey.png",
        "fish/png-named-jpg.jpg",
    ):
        shutil.copy(messy / name, folder)
    return sorted(folder.iterdir())


def test_twenty_png_files_get_the_probabilities_of_pytorch(browser, animals, animals_page, tmp_path):
    (tmp_path / "png").mkdir()
    files = pngs(tmp_path / "png")
    assert len(files) == 20
    with served(animals_page) as address, browser.page(address) as page:
        found = shown(page, files)
    assert max(differences(found, by_torch(animals, files))) <= 1e-3


def test_jpeg_files_get_the_decisions_of_pytorch(browser, animals, animals_page, tmp_path):
    files = [
        *pictures()[7::40],
        *sorted((sample("messy") / "train" / "sun").glob("*.JPG")),
        sample("messy") / "train" / "sun" / "exif-rotated.jpg",
    ]
    for number, photo in enumerate(
        load_sample_images().images
    ):  # so large that training decodes them at a reduced scale
        for large in (300, 1000, 3000):
            files.append(tmp_path / f"{number}-{large}.jpg")
            Image.fromarray(photo).resize((large + number, large * 3 // 4)).save(files[-1], quality=90)
    with served(animals_page) as address, browser.page(address) as page:
        found = shown(page, files)
    expected = by_torch(animals, files)
    assert max(differences(found, expected)) <= 0.02
    best = {name: max(answers, key=answers.get) for name, answers in expected.items()}
    assert {name: max(found[name]["label"], key=found[name]["label"].get) for name in best} == best


def test_each_head_is_a_question_of_its_own(browser, heads_model, exports, paged):
    files = [sample("messy") / "train" / "fish" / name for name in ("fish-01.png", "rgba.png")]
    folder = paged(exports(heads_model).path)
    with served(folder) as address, browser.page(address) as page:
        found = shown(page, files)
        assert page.js("document.title") == "Screen, relu and mean"
    table = predict_pictures(heads_model, files)
    for head, classes in HEADS.items():
        expected = of_head(table, head, known=False)[[f"p_{name}" for name in classes]].to_numpy()
        answers = np.array([[found[file.name][head][name] for name in classes] for file in files])
        assert np.abs(answers - expected).max() <= 1e-3
    assert list(found["rgba.png"]) == list(HEADS)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_smaller_files_answer_as_they_do_elsewhere(precision, browser, animals, exports, paged, tmp_path):
    exported = exports(animals, precision=precision).path
    (tmp_path / "png").mkdir()
    files = pngs(tmp_path / "png")[:8]
    elsewhere = Served(exported)
    probabilities = elsewhere.probabilities(np.stack([elsewhere.prepare(file) for file in files]))["label"]
    expected = {file.name: dict(zip(animals.classes, map(float, row))) for file, row in zip(files, probabilities)}
    with served(paged(exported)) as address, browser.page(address) as page:
        found = shown(page, files)
    assert max(differences(found, expected)) <= 1e-3


def test_a_file_for_a_fixed_number_of_pictures_answers_to_each(browser, paged, tmp_path):
    files = [sample("messy") / "train" / "fish" / name for name in ("fish-01.png", "rgba.png")]
    fixed = made(tmp_path / "fixed.onnx", batch=4)
    with served(paged(fixed)) as address, browser.page(address) as page:
        found = shown(page, files)
    elsewhere = Served(fixed)
    probabilities = elsewhere.probabilities(np.stack([elsewhere.prepare(file) for file in files]))["label"]
    expected = {file.name: dict(zip(CLASSES, map(float, row))) for file, row in zip(files, probabilities)}
    assert max(differences(found, expected)) <= 1e-3


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def prepared(page, data, steps):
    found = base64.b64decode(page.js(PREPARED % (base64.b64encode(data).decode(), json.dumps(steps))))
    return np.frombuffer(found, np.uint8).reshape(*steps["size"], 3)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_picture_is_prepared_byte_for_byte_as_in_training(policy, interpolation, browser, blank):
    rng = np.random.default_rng(0)
    at_random = zip(rng.integers(1, 260, (12, 2)), rng.integers(1, 90, (12, 2)).tolist())
    # height, width, and the size wanted; of the last two, scaled by a half, a side ends between two pixels
    cases = [
        ((1, 1), [7, 9]),
        ((1, 90), [30, 20]),
        ((700, 3), [40, 40]),
        ((5, 8), [4, 4]),
        ((7, 8), [4, 4]),
        *at_random,
    ]
    with served(blank) as address, browser.page(address) as page:
        for (height, width), size in cases:
            array = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            steps = {"size": size, "policy": policy, "fill": [1, 200, 9], "interpolation": interpolation}
            found = prepared(page, png(array), steps)
            assert np.array_equal(found, np.asarray(resize(Image.fromarray(array), **steps))), (height, width, steps)


def test_a_large_jpeg_is_nearer_to_training_than_all_of_its_pixels_are(browser, blank):
    photo = io.BytesIO()
    Image.fromarray(load_sample_images().images[0]).save(photo, "JPEG", quality=90)
    steps = {"size": [64, 64], "policy": "squash", "fill": [0, 0, 0], "interpolation": "bilinear"}
    reduced = Image.open(photo)
    reduced.draft("RGB", (decode_size(64),) * 2)
    whole = Image.open(photo)
    assert reduced.size < whole.size
    training, everything = (np.asarray(resize(image, **steps), float) for image in (reduced, whole))
    with served(blank) as address, browser.page(address) as page:
        found = prepared(page, photo.getvalue(), steps)
    assert np.abs(found - training).mean() < 0.5 * np.abs(everything - training).mean()


@pytest.fixture
def blank(paged, tmp_path):
    """The folder of a page with a model that opens in no time."""
    return paged(made(tmp_path / "made.onnx"))


# nothing leaves, and what fails is said


def test_the_page_asks_no_server_but_its_own_and_may_not(browser, animals_page, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "pixel.png").write_bytes(png(np.zeros((4, 4, 3), np.uint8)))
    with served(tmp_path / "elsewhere") as other, served(animals_page) as address, browser.page(address) as page:
        shown(page, pictures()[:3])
        asked = page.requests()
        assert len(asked) > 10
        assert [each for each in asked if not each.startswith((address, f"blob:{address}", "data:,"))] == []
        assert page.events("Runtime.exceptionThrown") == page.events("Log.entryAdded") == []
        refused = page.js(
            f"fetch('{other}pixel.png', {{ mode: 'no-cors' }}).then(() => 'fetched', (error) => error.name)"
        )
        image = page.js(f"""new Promise((done) => Object.assign(new Image(), {{
            onload: () => done('loaded'), onerror: () => done('refused'), src: '{other}pixel.png' }}))""")
    assert (refused, image) == ("TypeError", "refused")


def test_a_file_that_is_no_picture_is_named_and_the_others_go_on(browser, blank, tmp_path):
    messy = sample("messy") / "train"
    names = ["leaf/text-named-jpg.jpg", "sun/bomb.png", "sun/damaged.png", "fish/zero-bytes.jpg", "fish/fish-01.png"]
    with served(blank) as address, browser.page(address) as page:
        found = shown(page, [messy / name for name in names])
        told = page.js("[...document.querySelectorAll('.problem')].map((each) => each.textContent)")
        assert page.js(STATUS).startswith(
            "1 of 5 pictures answered; without an answer: text-named-jpg.jpg, bomb.png, damaged.png"
        )
    assert [name for name, answers in found.items() if answers] == ["fish-01.png"]
    assert [
        "no picture" in told[0],
        "300 million pixels" in told[1],
        "decoded to its end" in told[2],
        "empty" in told[3],
    ] == [True] * 4


def test_names_are_shown_as_text_whatever_is_in_them(browser, paged, tmp_path):
    bad = "<img src=x onerror=document.title='run'>"
    file = tmp_path / f"{bad.replace('/', '')}.png"
    file.write_bytes(png(np.zeros((9, 9, 3), np.uint8)))
    folder = paged(made(tmp_path / "m.onnx", {bad: [bad, "b"], "other": ["c", "d"]}))
    with served(folder) as address, browser.page(address) as page:
        found = shown(page, [file])
        assert page.js("document.querySelectorAll('img').length") == 1
    assert found[file.name].keys() == {bad, "other"} and bad in found[file.name][bad]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("delete window.WebAssembly", "lacks WebAssembly"),
        ("delete window.createImageBitmap", "lacks createImageBitmap"),
    ],
)
def test_a_browser_that_cannot_run_the_model_is_told_so(before, told, browser, blank):
    with served(blank) as address, browser.page(address, before) as page:
        page.wait("!document.getElementById('too-old').hidden")
        assert told in page.js("document.body.innerText")
        assert page.js("document.getElementById('ask').hidden")
        assert not any(each.endswith(".onnx") for each in page.requests())


def test_a_browser_that_hands_out_noise_instead_of_pixels_is_found_out(browser, blank):
    noise = """CanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) =>
        new ImageData(crypto.getRandomValues(new Uint8ClampedArray(width * height * 4)), width, height)"""
    with served(blank) as address, browser.page(address, noise) as page:
        page.wait("!document.getElementById('failed').hidden")
        assert "canvas data" in page.js("document.body.innerText")
        assert page.js("document.getElementById('ask').hidden")


def test_opened_as_a_file_the_page_says_how_it_is_served(browser, blank):
    with browser.page((blank / "index.html").as_uri()) as page:
        page.wait("!document.getElementById('from-file').hidden")
        assert "python -m http.server" in page.js("document.body.innerText")
        assert page.js("document.getElementById('ask').hidden")


@pytest.mark.parametrize("name", ["model.onnx", "model.json", "onnxruntime/ort-wasm-simd-threaded.wasm"])
def test_a_file_that_was_not_copied_along_is_named(name, browser, blank):
    (blank / name).unlink()
    with served(blank) as address, browser.page(address) as page:
        page.wait("!document.getElementById('failed').hidden")
        assert f"{name} is missing" in page.js("document.body.innerText")


def test_a_page_written_again_answers_with_the_new_model(browser, blank, paged, tmp_path):
    with served(blank) as address, browser.page(address) as page:
        page.wait(READY)
        assert page.js("document.title") == "Cat, dog or owl?"
        paged(made(tmp_path / "other.onnx", {"label": ["yes", "no"]}))
        page.call("Page.reload")
        page.wait("document.title === 'Yes or no?'")
        found = shown(page, [sample("messy") / "train" / "fish" / "fish-01.png"])
    assert found["fish-01.png"]["label"].keys() == {"yes", "no"}


# for everyone


def test_the_keyboard_alone_chooses_a_picture_and_the_answer_is_announced(browser, blank):
    with served(blank) as address, browser.page(address) as page:
        page.wait(READY)
        page.call("Page.setInterceptFileChooserDialog", enabled=True)
        for _ in range(5):
            page.press("Tab")
            if page.js("document.activeElement.id") == "files":
                break
        assert page.js("document.activeElement.id") == "files"
        assert page.js("getComputedStyle(document.querySelector('label.button')).outlineStyle") == "solid"
        page.press("Enter", text="\r")
        (opened,) = page.events("Page.fileChooserOpened")
        file = sample("messy") / "train" / "fish" / "fish-01.png"
        page.call("DOM.setFileInputFiles", files=[str(file)], backendNodeId=opened["backendNodeId"])
        page.wait(ANSWERED)
        nodes = [node for node in page.call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        status = page.js("document.querySelector('[role=status]').textContent")
    assert status.startswith("fish-01.png: ") and status.endswith(" %.")
    said = {(node["role"]["value"], node["name"]["value"]) for node in nodes if "name" in node}
    assert any(role == "button" and name.startswith("Choose pictures") for role, name in said)
    assert ("image", "The picture fish-01.png") in said
    assert ("StaticText", status) in said


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_can_be_dropped_or_pasted(event, browser, blank):
    data = base64.b64encode(png(np.full((20, 20, 3), 200, np.uint8))).decode()
    give = f"""(() => {{
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob('{data}'), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], 'given.png', {{ type: 'image/png' }}));
        const options = {{ bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data }};
        return document.body.dispatchEvent(new ('{event}' === 'drop' ? DragEvent : ClipboardEvent)('{event}', options));
    }})()"""
    with served(blank) as address, browser.page(address) as page:
        page.wait(READY)
        over = "document.body.dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true }))"
        assert page.js(over) is False  # else nothing could be dropped here
        assert page.js(give) is (event == "paste")  # else the browser would open what is dropped, and leave the page
        page.wait(ANSWERED)
        assert page.js(STATUS).startswith("given.png: ")


def test_the_camera_gives_a_picture_and_is_let_go(browser, blank):
    with served(blank) as address, browser.page(address) as page:
        page.wait(READY)
        page.allow("videoCapture")
        page.js("document.getElementById('camera-open').click()")
        page.wait("document.activeElement.id === 'camera-take' && document.getElementById('video').videoWidth > 0")
        page.js(
            "window.kept = document.getElementById('video').srcObject; document.getElementById('camera-take').click()"
        )
        page.wait(ANSWERED)
        assert page.js(STATUS).startswith("Camera, ")
        page.js("document.getElementById('camera-close').click()")
        assert page.js("window.kept.getTracks().map((track) => track.readyState)") == ["ended"]


def test_a_camera_that_is_refused_is_told(browser, blank):
    with served(blank) as address, browser.page(address) as page:
        page.wait(READY)
        page.js("document.getElementById('camera-open').click()")
        page.wait(ANSWERED)
        assert "not allowed" in page.js(STATUS)


def test_of_many_classes_the_first_five_are_shown_until_all_are_wanted(browser, paged, tmp_path):
    classes = [f"class {number}" for number in range(100)]
    folder = paged(made(tmp_path / "many.onnx", {"label": classes}))
    bars, button = "document.querySelectorAll('.bars li').length", "document.querySelector('.card .small')"
    with served(folder) as address, browser.page(address) as page:
        page.wait(READY)
        page.choose("#files", [sample("messy") / "train" / "fish" / "fish-01.png"])
        page.wait(ANSWERED)
        state = f"[{bars}, {button}.textContent, {button}.getAttribute('aria-expanded')]"
        assert page.js(state) == [5, "Show all 100 classes", "false"]
        page.js(f"{button}.click()")
        assert page.js(state) == [100, "Show the first 5", "true"]
        shares = list(page.js(SHOWN)["fish-01.png"]["label"].values())
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1, abs=1e-3)


def test_all_pictures_can_be_removed_and_the_same_chosen_again(browser, blank):
    file = sample("messy") / "train" / "fish" / "fish-01.png"
    with served(blank) as address, browser.page(address) as page:
        assert len(shown(page, [file])) == 1
        page.js("document.getElementById('clear').click()")
        assert page.js("[document.querySelectorAll('.card').length, document.activeElement.id]") == [0, "files"]
        page.choose("#files", [file])
        page.wait("document.querySelectorAll('.bars').length === 1")


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_page_fits_its_window(width, browser, paged, tmp_path):
    long = "a name without a space " + "x" * 60
    file = tmp_path / f"{'y' * 90}.png"
    file.write_bytes(png(np.zeros((9, 400, 3), np.uint8)))
    steps = facts({"label": [long, *CLASSES]}, preprocessing=STEPS | {"policy": "pad"})
    folder = paged(made(tmp_path / "m.onnx", {"label": [long, *CLASSES]}, said=steps))
    with served(folder) as address, browser.page(address, width=width) as page:
        shown(page, [file])
        assert page.js("document.documentElement.scrollWidth") <= width
