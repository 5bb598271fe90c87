"""The questions on lesson 08: other right ways than ours, what texts state, and that our answers are those of the library."""

import contextlib
import re
import statistics
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import special
from torch import nn
from torchvision import models
from torchvision.transforms import v2

from tests.exercises.reading import changing_verdicts, exercise_of, of_topic, other_ways, read, task_of
from utils.data.resizing import resize
from utils.data.transforms import Normalisation, Preprocessing
from utils.evaluation.intervals import wilson
from utils.exercises.made import picture
from utils.exercises.question import NotYet
from utils.exercises.ship_it import arrays, batches, calibrating, choosing, counting, facts, loading, weights
from utils.export.pictures import spread
from utils.models.weights import read_weights

QUESTION = of_topic("ship_it")


# --- other right ways --------------------------------------------------------------------------------


def probabilities_of_scipy(logits):
    return special.softmax(logits.astype(np.float64), axis=1)


def probabilities_by_torch(logits):
    return torch.from_numpy(logits).softmax(dim=1)


def probabilities_row_by_row(logits):
    rows = []
    for row in logits:
        powers = [np.exp(logit - max(row)) for logit in row]
        rows.append([power / sum(powers) for power in powers])
    return rows


def probabilities_by_their_logarithms(logits):
    return np.exp(logits - np.logaddexp.reduce(logits, axis=-1)[:, None])


def probabilities_transposed(logits):
    powers = np.exp((logits.T - logits.T.max(axis=0)).astype(np.longdouble))
    return (powers / powers.sum(axis=0)).T.astype(np.float32)


def alike_in_a_loop(wanted, given):
    worst, same = 0.0, 0
    for one, other in zip(wanted, given):
        if np.isnan(other).any():
            worst = float("inf")
            continue
        worst = max(worst, *(abs(float(a) - float(b)) for a, b in zip(one, other)))
        same += int(list(one).index(max(one)) == list(other).index(max(other)))
    return [worst, same / len(wanted)]


def alike_by_torch(wanted, given):
    wanted, given = torch.tensor(wanted), torch.tensor(given)
    known = given.isnan().sum(dim=1) == 0
    same = (wanted.argmax(1) == given.argmax(1)) & known
    return (wanted - given).abs().max(), same.float().mean()


def alike_by_ranks(wanted, given):
    given = np.where(np.isnan(given), np.inf, given)
    decided = np.isfinite(given).all(axis=1)
    ranks = [rows.argsort(axis=1)[:, -1] for rows in (wanted, given)]
    return np.array([np.abs(given - wanted).max(), np.mean(decided * (ranks[0] == ranks[1]))])


def alike_one_hot(wanted, given):
    decisions = [rows == rows.max(axis=1, keepdims=True) for rows in (wanted, given)]
    return float(np.linalg.norm((wanted - given).ravel(), np.inf)), (decisions[0] & decisions[1]).any(axis=1).mean()


def alike_in_a_generator(wanted, given):
    yield np.ptp(np.stack([wanted, given]), axis=0).max()
    yield sum(np.flatnonzero(one == one.max()).tolist() == np.flatnonzero(other == other.max()).tolist()
              for one, other in zip(wanted, given)) / len(given)  # fmt: skip


def all_with_the_last_repeated(run, images):
    missing = -len(images) % 8
    padded = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
    return np.vstack([run(part) for part in np.split(padded, len(padded) // 8)])[: len(images)]


def all_cut_batch_by_batch(run, images):
    answers = []
    for start in range(0, len(images), 8):
        part = images[start : start + 8]
        batch = np.zeros((8, *part.shape[1:]), dtype="float32")
        batch[: len(part)] = part
        answers.extend(run(batch)[: len(part)].tolist())
    return answers


def all_into_a_buffer(run, images):
    whole = np.empty((-(-len(images) // 8) * 8, *images.shape[1:]), np.float32)
    whole[: len(images)], whole[len(images) :] = images, 0.5
    answers = [run(whole[i : i + 8]) for i in range(0, len(whole), 8)]
    return torch.from_numpy(np.concatenate(answers))[: len(images)]


def all_with_the_last_eight_again(run, images):
    if len(images) < 8:
        return run(np.resize(images, (8, *images.shape[1:])))[: len(images)]
    answers = [run(images[start : start + 8]) for start in range(0, len(images) - 7, 8)]
    rest = len(images) % 8
    return np.concatenate([*answers, run(images[-8:])[8 - rest :]] if rest else answers)


def all_padded_by_numpy(run, images):
    padded = np.pad(images, ((0, -len(images) % 8), (0, 0), (0, 0), (0, 0)), mode="edge")
    return np.array([row for i in range(0, len(padded), 8) for row in run(padded[i : i + 8])])[range(len(images))]


def int8_by_torch(weight):
    weight = torch.tensor(weight)
    scales = weight.abs().flatten(1).amax(dim=1) / 127
    shaped = scales.clamp(min=1e-30).reshape(-1, *[1] * (weight.ndim - 1))
    return (weight / shaped).round().clamp(-127, 127).to(torch.int8), scales


def int8_channel_by_channel(weight):
    numbers, scales = np.zeros(weight.shape, dtype="int8"), []
    for place, channel in enumerate(weight):
        scale = max(channel.max(), -channel.min()) / 127
        scales.append(float(scale))
        if scale > 0:
            numbers[place] = np.rint(channel / scale)
    return [numbers, scales]


def int8_with_scales_that_fit(weight):
    scales = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True).astype(np.float64) / 127
    scales[scales == 0] = 1
    return np.floor(weight / scales + 0.5).astype(np.int8), scales


def int8_with_nan_to_num(weight):
    scales = np.abs(weight.reshape(weight.shape[0], -1)).max(1) / 127
    with np.errstate(invalid="ignore"):
        steps = np.nan_to_num(weight.T / scales).T
    return steps.round().astype(np.int8), scales


def int8_divided_where_there_is_a_scale(weight):
    rows = weight.reshape(len(weight), -1)
    scales = np.linalg.norm(rows, np.inf, axis=1) / 127
    steps = np.divide(rows, scales[:, None], out=np.zeros_like(rows), where=scales[:, None] > 0)
    return np.around(steps).astype(np.int8).reshape(weight.shape), torch.tensor(scales)


def calibration_by_heads(table, most):
    train = table[table["split"] == "train"]
    return train.groupby("label").head(most // train["label"].nunique())


def calibration_seeded(table, most):
    train = table.query("split == 'train'")
    each = most // train["label"].nunique()
    parts = [rows.sample(min(each, len(rows)), random_state=0) for _, rows in train.groupby("label")]
    return pd.concat(parts)


def calibration_in_turn(table, most):
    train = table[table["split"].eq("train")]
    turn = train.groupby("label").cumcount()
    return train.assign(turn=turn).sort_values("turn", kind="stable").head(most).drop(columns="turn")


def calibration_of_the_library(table, most):
    return spread(table[table["split"] == "train"].sort_values("label"), most)


def calibration_of_a_seeded_generator(table, most):
    rng, train = np.random.default_rng(7), table[table.split == "train"]
    shuffled = train.iloc[rng.permutation(len(train))]
    return shuffled[shuffled.groupby("label").cumcount() < most // shuffled.label.nunique()].reset_index(drop=True)


def latency_by_numpy(run, prepare, path, clock, runs):
    images, readings = prepare(path), []
    for _ in range(3):
        run(images)
    for _ in range(runs):
        readings.append((clock(), run(images), clock()))
    return np.median([after - before for before, _, after in readings])


def latency_decoding_each_time(run, prepare, path, clock, runs):
    seconds = []
    for number in range(runs + 1):
        images = prepare(path)
        start = clock()
        run(images)
        seconds.append(clock() - start)
        if number == 0:
            seconds.clear()
    return torch.tensor(seconds, dtype=torch.float64).quantile(0.5)


def latency_by_differences(run, prepare, path, clock, runs):
    images = prepare(path)
    run(images)
    readings = [clock()]
    for _ in range(runs):
        run(images)
        readings.append(clock())
    return np.median(np.diff(readings))


def latency_sorted(run, prepare, path, clock, runs):
    picture, times = prepare(path), []
    [run(picture) for _ in range(7)]
    for _ in range(runs):
        times.append(-clock())
        run(picture)
        times[-1] += clock()
    times.sort()
    return (times[runs // 2] + times[(runs - 1) // 2]) / 2


def latency_of_a_function(run, prepare, path, clock, runs):
    def once(images):
        start = clock()
        run(images)
        return clock() - start

    images = prepare(path)
    return statistics.median([once(images) for _ in range(runs + 2)][2:])


def file_in_a_loop(table, most_bytes, most_seconds, least_kept):
    best = None
    for _, row in table.iterrows():
        if row["bytes"] > most_bytes or row["seconds"] > most_seconds:
            continue
        if wilson(row["kept"], row["pictures"]).low >= least_kept and (best is None or row["bytes"] < best["bytes"]):
            best = row
    return best if best is None else best["file"]


def file_by_its_index(table, most_bytes, most_seconds, least_kept):
    low = table.apply(lambda row: wilson(row.kept, row.pictures).low, axis=1)
    allowed = table.loc[table.bytes.le(most_bytes) & table.seconds.le(most_seconds) & low.ge(least_kept)]
    return None if allowed.empty else allowed.loc[allowed.bytes.idxmin(), "file"]


def file_of_a_dictionary(table, most_bytes, most_seconds, least_kept):
    sizes = {row["file"]: row["bytes"] for row in table.to_dict("records")
             if row["bytes"] <= most_bytes and row["seconds"] <= most_seconds
             and wilson(row["kept"], row["pictures"]).low >= least_kept}  # fmt: skip
    return min(sizes, key=sizes.get, default=None)


def file_by_wilson_of_ones_own(table, most_bytes, most_seconds, least_kept):
    n, z = table["pictures"].where(table["pictures"] > 0), 1.959964
    share = table["kept"] / n
    low = (share + z**2 / (2 * n) - z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))) / (1 + z**2 / n)
    allowed = table[(table["bytes"] <= most_bytes) & (table["seconds"] <= most_seconds) & (low >= least_kept)]
    return next(iter(allowed.sort_values("bytes")["file"].to_numpy()), None)


def file_by_query(table, most_bytes, most_seconds, least_kept):
    low = [wilson(int(kept), int(pictures)).low for kept, pictures in table[["kept", "pictures"]].to_numpy()]
    found = table.assign(low=low).query("bytes <= @most_bytes and seconds <= @most_seconds and low >= @least_kept")
    return found.nsmallest(1, "bytes")["file"].squeeze() if len(found) else None


def prepared_by_torch(image, mean, std):
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float().div(255)
    return ((pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]).unsqueeze(0)


def prepared_by_torchvision(image, mean, std):
    steps = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])
    return steps(image)[None].numpy()


def prepared_of_the_library(image, mean, std):
    return Normalisation("own", mean, std)(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None])


def prepared_colour_by_colour(image, mean, std):
    planes = [(np.array(plane) / 255 - m) / s for plane, m, s in zip(image.split(), mean, std)]
    return np.array([planes], dtype="float32")


def prepared_with_one_multiplication(image, mean, std):
    pixels = np.moveaxis(np.asarray(image), -1, 0)[np.newaxis]
    scale, shift = (np.float32(each).reshape(1, 3, 1, 1) for each in (1 / (255 * np.array(std)), -np.divide(mean, std)))
    return np.ascontiguousarray(pixels * scale + shift)


def as_the_facts_say_of_the_library(facts, image):
    return Preprocessing.from_dict(facts["preprocessing"])(image)


def as_the_facts_say_by_names(facts, image):
    steps = dict(facts["preprocessing"])
    norm = steps.pop("normalisation")
    pixels = np.array(resize(image, **steps), dtype=np.float32)
    pixels /= 255
    pixels -= np.float32(norm["mean"])
    pixels /= np.float32(norm["std"])
    return np.rollaxis(pixels, 2)[None, ...]


def as_the_facts_say_with_exercise_9(facts, image):
    steps = facts["preprocessing"]
    small = resize(image, tuple(steps["size"]), steps["policy"], tuple(steps["fill"]), steps["interpolation"])
    return QUESTION[9].reference(small, **{name: steps["normalisation"][name] for name in ("mean", "std")})


def as_the_facts_say_with_a_scale_and_a_shift(facts, image):
    size, policy, normalisation, fill, interpolation = facts["preprocessing"].values()
    mean, std = (np.array(normalisation[name], np.float32).reshape(3, 1, 1) for name in ("mean", "std"))
    pixels = np.asarray(resize(image, size, policy, fill, interpolation)).transpose(2, 0, 1)
    return np.stack([pixels * (1 / (255 * std)) - mean / std])


def as_the_facts_say_by_torch(facts, image):
    steps = facts["preprocessing"]
    options = {name: steps[name] for name in ("size", "policy", "fill", "interpolation")}
    pixels = torch.from_numpy(np.array(resize(image, **options))).permute(2, 0, 1)
    return v2.functional.normalize(pixels / 255, steps["normalisation"]["mean"], steps["normalisation"]["std"])[None]


def loaded_by_the_library(path):
    return {name.removeprefix("module."): tensor for name, tensor in read_weights(path).tensors.items()}


def loaded_by_default(path):
    content = torch.load(path)
    inner = content.get("state_dict", content.get("model", content))
    return OrderedDict((re.sub(r"^module\.", "", name), tensor) for name, tensor in inner.items())


def loaded_with_all_prefixes_at_once(path):
    state = torch.load(str(path), weights_only=True, map_location=torch.device("cpu"))
    for key in ("model", "state_dict"):
        state = state[key] if isinstance(state.get(key), dict) else state
    nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    return state


def loaded_with_an_error_of_its_own(path):
    try:
        return loaded_by_default(path)
    except Exception as error:
        raise RuntimeError("not a file of weights") from error


def loaded_by_a_file_object(path):
    with open(path, "rb") as file:
        content = torch.load(file, weights_only=True)
    state = content["state_dict"] if "state_dict" in content else content.get("model", content)
    return {name[7:] if name.startswith("module.") else name: tensor.clone() for name, tensor in state.items()}


def card_by_groups(table, least):
    test = table.query("split == 'test'")
    right = (test.label == test.predicted).to_numpy()
    ends = wilson(int(right.sum()), right.size)
    counts = test.groupby("label").size().reindex(sorted(set(table["label"])), fill_value=0)
    return pd.Series({"accuracy": right.mean(), "pictures": np.int64(right.size), "low": ends.low, "high": ends.high,
                      "few": counts.index[counts < least].tolist()})  # fmt: skip


def card_in_a_loop(table, least):
    counts, right, pictures = dict.fromkeys(table["label"], 0), 0, 0
    for label, predicted, split in table[["label", "predicted", "split"]].to_numpy():
        if split == "test":
            counts[label], right, pictures = counts[label] + 1, right + (label == predicted), pictures + 1
    ends = wilson(right, pictures)
    return {"pictures": pictures, "accuracy": round(right / pictures, 3), "low": round(ends.low, 3), "high": round(ends.high, 3),
            "few": tuple(sorted(name for name in counts if counts[name] < least)), "classes": len(counts)}  # fmt: skip


def card_with_torch(table, least):
    test = table[table.split == "test"]
    right = torch.tensor((test.label == test.predicted).to_numpy())
    ends = wilson(right.sum().item(), len(right))
    few = np.sort([label for label in np.unique(table.label) if (test.label == label).sum() < least])
    return {"pictures": torch.tensor(len(right)), "accuracy": right.float().mean(), "low": np.float32(ends.low), "high": ends.high,
            "few": few}  # fmt: skip


def card_with_numbers_of_torch(table, least):
    found = card_by_groups(table, least)
    return {**found, "few": tuple(found["few"]), "low": np.array(found["low"]), "high": torch.tensor(found["high"])}


def card_with_a_crosstab(table, least):
    counts = pd.crosstab(table["label"], table["split"])["test"]
    test = table.loc[table["split"].isin(["test"])]
    right = np.count_nonzero(test["predicted"].values == test["label"].values)
    ends = wilson(right, len(test), 0.95)
    return dict(zip(("few", "high", "low", "accuracy", "pictures"),
                    (list(counts.index[counts.lt(least)]), ends.high, ends.low, right / len(test), float(len(test)))))  # fmt: skip


HEADS = QUESTION[6].reference
JOBS = QUESTION[13].reference
RIGHT = {
    1: [probabilities_of_scipy, probabilities_by_torch, probabilities_row_by_row, probabilities_by_their_logarithms,
        probabilities_transposed],
    2: [alike_in_a_loop, alike_by_torch, alike_by_ranks, alike_one_hot, alike_in_a_generator],
    3: [all_with_the_last_repeated, all_cut_batch_by_batch, all_into_a_buffer, all_with_the_last_eight_again, all_padded_by_numpy],
    4: [int8_by_torch, int8_channel_by_channel, int8_with_scales_that_fit, int8_with_nan_to_num,
        int8_divided_where_there_is_a_scale],
    5: [calibration_by_heads, calibration_seeded, calibration_in_turn, calibration_of_the_library,
        calibration_of_a_seeded_generator],
    6: [pd.Series(HEADS), {name: np.float32(value) for name, value in HEADS.items()},
        {name: round(value) for name, value in HEADS.items()}, {name: torch.tensor(value) for name, value in HEADS.items()},
        {"shared, int8": 1, "own, int8": 199.7, "own, float32": 798.7, "unit": 0}],
    7: [latency_by_numpy, latency_decoding_each_time, latency_by_differences, latency_sorted, latency_of_a_function],
    8: [file_in_a_loop, file_by_its_index, file_of_a_dictionary, file_by_wilson_of_ones_own, file_by_query],
    9: [prepared_by_torch, prepared_by_torchvision, prepared_of_the_library, prepared_colour_by_colour,
        prepared_with_one_multiplication],
    10: [as_the_facts_say_of_the_library, as_the_facts_say_by_names, as_the_facts_say_with_exercise_9,
         as_the_facts_say_with_a_scale_and_a_shift, as_the_facts_say_by_torch],
    11: [loaded_by_the_library, loaded_by_default, loaded_with_all_prefixes_at_once, loaded_with_an_error_of_its_own,
         loaded_by_a_file_object],
    12: [card_by_groups, card_in_a_loop, card_with_torch, card_with_numbers_of_torch, card_with_a_crosstab],
    13: [pd.Series(JOBS), {job: letter.upper() for job, letter in JOBS.items()}, {job: f"{letter})" for job, letter in JOBS.items()},
         {job: f"({letter})" for job, letter in JOBS.items()}, {**JOBS, "another": "z"}],
}  # fmt: skip


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


def test_the_head_says_how_many_minutes_an_exercise_takes():
    text = "\n".join(cell.source for cell in read(exercise_of("ship_it")))
    stated = [int(minutes) for minutes in re.findall(r"^\*[\w ]+ · (\d+) minutes\*$", text, flags=re.MULTILINE)]
    assert len(stated) == len(QUESTION) and f"Each takes {min(stated)} to {max(stated)} minutes" in text


def test_where_weights_lie_at_the_top_of_a_file_nothing_else_does():
    assert "The tensors are all that lies at the top of the file; or they lie under" in task_of("ship_it", 11)
    tops = [content for content in loading._harmless().values() if not {"state_dict", "model"} & set(content)]
    assert len(tops) >= 2 and all(torch.is_tensor(value) for content in tops for value in content.values())


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12])
def test_no_verdict_depends_on_chance(number):
    assert changing_verdicts(QUESTION[number], 5) == []


def test_every_check_works_where_no_runtime_and_no_exporter_is_installed():
    code = """
import sys
sys.modules.update(dict.fromkeys(["onnx", "onnxruntime", "onnxscript", "litert_torch", "ai_edge_litert"]))
from utils.exercises import questions
sys.exit([str(question.judge(question.reference)) for question in questions("ship_it")] !=
         [f"✓ Exercise {number}: correct" for number in range(1, 14)])
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- what the texts state ----------------------------------------------------------------------------


def numbers_in(number, pattern):
    """What a pattern finds in a task, as numbers."""
    (found,) = re.findall(pattern, task_of("ship_it", number))
    return [float(text.replace(",", "")) for text in found]


def test_the_example_of_the_probabilities_is_true():
    stated = numbers_in(1, r"about ([\d.]+), ([\d.]+) and ([\d.]+)\.")
    assert QUESTION[1].reference(np.array([[2.0, 1.0, 0.0]], np.float32))[0] == pytest.approx(stated, abs=5e-4)


def test_the_example_of_two_pictures_that_are_answered_otherwise_is_true():
    stated = numbers_in(2, r"give ([\d.]+) and ([\d.]+)\.")
    found = QUESTION[2].reference(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([[0.8, 0.2], [0.55, 0.45]]))
    assert found == pytest.approx(stated)


def test_the_example_of_a_channel_is_true():
    numbers, scales = QUESTION[4].reference(np.array([[1.27, -0.5, 0.004]], np.float32))
    assert scales == pytest.approx([0.01])
    assert [float(scales[0]), *numbers[0].tolist()] == pytest.approx(
        numbers_in(4, r"has the scale ([\d.]+), and becomes (\d+), (-\d+) and (\d+)\.")
    )


def test_the_parts_of_the_network_have_as_many_weights_as_the_task_says():
    with torch.device("meta"):
        network = models.shufflenet_v2_x0_5(weights=None, num_classes=3)
    whole, last, head = (
        sum(each.numel() for each in part.parameters()) for part in (network, network.conv5, network.fc)
    )
    assert (whole - last - head, last, head) == (counting.SHARED, counting.LAST, 3 * counting.ONE_OUTPUT)
    task = task_of("ship_it", 6)
    assert all(f"| {count:,} |" in task for count in (counting.SHARED, counting.LAST, counting.ONE_OUTPUT))


def test_the_two_networks_are_those_that_were_published():
    assert (counting.ONE_HEAD, counting.TWO_HEADS) == (344_867, 544_548)
    assert QUESTION[6].reference["own, int8"] == (544_548 - 344_867) / 1000


def test_the_example_of_three_files_is_true():
    rows = re.findall(r"\| (\S+) \| ([\d,]+) \| ([\d.]+) \| (\d+) \| (\d+) \|", task_of("ship_it", 8))
    table = pd.DataFrame([[name, *(float(text.replace(",", "")) for text in numbers)] for name, *numbers in rows],
                         columns=choosing.COLUMNS)  # fmt: skip
    assert QUESTION[8].reference(table, 1_000_000, 0.02, 0.98) == "cats_8.onnx"
    assert set(rows) <= {(name, f"{size:,}", str(seconds), str(kept), str(pictures))
                         for name, size, seconds, kept, pictures in choosing.FILES.values()}  # fmt: skip


def test_60_of_60_may_also_be_94_percent_as_the_reason_says():
    assert wilson(60, 60).low == pytest.approx(0.94, abs=5e-3)
    assert "60 of 60" in QUESTION[8].why
    assert wilson(1990, 2000).low > wilson(60, 60).low


def test_the_example_of_a_white_picture_is_true():
    found = QUESTION[9].reference(Image.new("RGB", (3, 2), (255, 255, 255)), (0.5, 0.4, 0.3), (0.25, 0.25, 0.25))
    assert found.shape == (1, 3, 2, 3)
    assert found[0, :, 1, 2] == pytest.approx(numbers_in(9, r"are ([\d.]+), ([\d.]+) and ([\d.]+) everywhere"))


def test_the_example_of_the_facts_is_of_the_form_that_the_library_writes():
    (text,) = re.findall(r"```python\nfacts = (.*?)```", task_of("ship_it", 10), flags=re.DOTALL)
    stated = eval(text)
    written = facts.made({"size": (96, 128), "policy": "pad"})
    assert stated["preprocessing"] == written["preprocessing"]
    assert stated.keys() < written.keys()
    assert QUESTION[10].reference(stated, picture(0, (50, 40))).shape == (1, 3, 96, 128)


def test_in_the_kiosk_and_elsewhere_each_thing_is_right_in_one_case():
    assert sorted(QUESTION[13].reference.values()) == list("abcdef")
    cases = re.findall(r'^\| `"(\w+)"` \|', task_of("ship_it", 13), flags=re.MULTILINE)
    assert cases == list(QUESTION[13].reference)


def test_the_numbers_in_reasons_and_messages_are_true():
    assert "65,504" in QUESTION[2].why
    assert np.finfo(np.float16).max == 65_504
    with np.errstate(over="ignore"):
        assert np.exp(np.float32(89)) == np.inf
        assert np.exp(np.float32(-104)) == 0 < np.exp(np.float32(-103))
    assert "more weights than all the rest" in " ".join(QUESTION[6].why.split())
    assert counting.LAST > counting.SHARED + 3 * counting.ONE_OUTPUT


# --- the references and the library ------------------------------------------------------------------


@pytest.mark.parametrize("steps", [steps for _, steps in facts.CASES])
def test_a_picture_is_prepared_as_in_training(steps):
    found = QUESTION[10].reference(facts.made(steps), picture(5, (44, 31)))
    assert found.dtype == np.float32
    assert found == pytest.approx(Preprocessing(**steps)(picture(5, (44, 31))).numpy(), abs=1e-5)


def test_a_weight_is_off_by_half_a_scale_at_most_and_a_channel_of_zeros_by_nothing():
    weight = np.random.default_rng(0).normal(size=(6, 4, 3, 3)).astype(np.float32)
    weight[2] = 0
    numbers, scales = QUESTION[4].reference(weight)
    restored = numbers * scales.reshape(-1, 1, 1, 1)
    assert numbers.dtype == np.int8
    assert np.abs(numbers.astype(int)).max() == 127
    assert (np.abs(restored - weight) <= 0.501 * scales.reshape(-1, 1, 1, 1)).all()


@pytest.mark.parametrize("place", range(len(calibrating.TABLES)))
def test_calibration_pictures_are_those_of_the_library(place):
    classes, each, most = calibrating.TABLES[place]
    table = calibrating.made(classes, each, place, shuffled=False)
    found = QUESTION[5].reference(table, most)
    assert found["path"].tolist() == spread(table[table["split"] == "train"], most)["path"].tolist()
    assert len(found) == min(most, classes * each)


def test_the_weights_of_a_file_are_those_that_the_library_reads(tmp_path):
    torch.save({"epoch": 3, "state_dict": loading.weights()}, tmp_path / "a.pth")
    found, known = QUESTION[11].reference(tmp_path / "a.pth"), read_weights(tmp_path / "a.pth").tensors
    assert found.keys() == known.keys()
    assert all(torch.equal(found[name], known[name]) for name in known)


# --- the probes themselves ---------------------------------------------------------------------------


def test_each_program_leaves_a_trace_of_its_own_where_it_is_run(tmp_path):
    path, left = tmp_path / "weights.pth", []
    for data in loading._harmful(tmp_path).values():
        path.write_bytes(data)
        before = set(tmp_path.iterdir())
        with contextlib.suppress(RuntimeError):  # the pickle has run by then, and is found to be no file of torch's
            torch.load(path, weights_only=False)
        left.append(len(set(tmp_path.iterdir()) - before))
    assert left == [1, 1, 1]


def test_a_check_of_strange_files_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for mistake in QUESTION[11].mistakes:
        QUESTION[11].judge(mistake.answer)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_batch_refuses_other_shapes_types_and_kinds():
    run, images = batches.Fixed(), batches._made(8)
    assert run(images).shape == (8, 4)
    for other in (images[:7], images.astype(np.float64), list(images), images[:, :2]):
        with pytest.raises(NotYet, match="the file was given"):
            run(other)


def test_no_two_pictures_of_a_batch_have_the_same_answer():
    answers = batches.answers_to(batches._made(19))
    assert answers.sum(axis=1) == pytest.approx(1)
    assert len(np.unique(answers.round(4), axis=0)) == 19


def test_a_draw_by_chance_has_not_every_class_with_its_share():
    unlucky = 0
    for seed in range(200):
        answer = QUESTION[5].judge(lambda table, most, seed=seed: table[table["split"] == "train"].sample(
            min(most, (table["split"] == "train").sum()), random_state=seed))  # fmt: skip
        unlucky += answer.sign == "✗"
    assert unlucky == 200


def test_nan_that_becomes_a_whole_number_is_told_on_every_processor():
    told = QUESTION[4].judge(weights._to_int8(safe=False)).text
    assert "depends on the processor" in told


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [((3, 4, 6), np.float32, "a batch"), ((1, 3, 6, 4), np.float32, "height comes before"),
     ((1, 4, 6, 3), np.float32, "colours stand last"), ((4, 6), np.float32, "expected the shape"),
     ((1, 3, 4, 6), np.float64, "float64")],
)  # fmt: skip
def test_what_is_no_input_of_a_model_is_told_by_what_is_wrong_with_it(shape, kind, words):
    with pytest.raises(NotYet, match=words):
        arrays.check_model_input(np.zeros(shape, kind), "a picture", 4, 6)


def test_a_square_picture_is_not_taken_for_one_on_its_side():
    arrays.check_model_input(np.zeros((1, 3, 5, 5), np.float32), "a picture", 5, 5)
