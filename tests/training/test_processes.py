"""Several processes train as one would: the same batches, the same scores, one that writes.

All cases of `in_processes` run under one `torchrun` with two processes, since starting them takes longer than they do.
"""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.training import in_processes
from utils.data.sampling import Batches
from utils.training.resuming import STATE

TOGETHER = ["as_plain_ddp", "sgd", "everything", "uneven_last_batch", "averaged", "heads", "heads_with_gaps", "predictions", "few_predictions",
            "from_one_and_all", "chance", "refused", "rates", "not_killed", "files"]  # fmt: skip
SCRIPT, ROOT = Path(in_processes.__file__), Path(__file__).parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="torchrun's rendezvous wants another build of torch there"
)


def start(command, *arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=300, cwd=ROOT
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where two processes have left what they found."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "pictures").mkdir()
    done = start(TORCHRUN, SCRIPT, folder, folder / "pictures", *TOGETHER)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def found(folder, case):
    """What each process found, and what one alone finds."""
    alone = getattr(in_processes, case)
    return [torch.load(folder / f"{case}-{rank}.pt", weights_only=False) for rank in (0, 1)], alone


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_it_is_torchs_own_data_parallel_training_bit_for_bit(folder):
    both, _ = found(folder, "as_plain_ddp")
    for steps in both:
        assert len(steps["ours"]) == len(steps["ddp"]) == 4
        for ours, ddp in zip(steps["ours"], steps["ddp"]):
            assert all(map(torch.equal, ours, ddp))


@pytest.mark.parametrize("case", ["sgd", "everything", "uneven_last_batch", "heads"])
def test_with_batchnorm_frozen_two_train_as_one_does(case, folder, table):
    (first, second), alone = found(folder, case)
    one = alone(table, None)
    assert same(first["weights"], second["weights"]) and first["history"] == second["history"]
    for name, expected in one["weights"].items():
        torch.testing.assert_close(first["weights"][name], expected, atol=1e-5, rtol=0, msg=f"{case}: {name}")
    pd.testing.assert_frame_equal(pd.DataFrame(first["history"]), pd.DataFrame(one["history"]), atol=1e-5, rtol=0)


def test_an_average_is_the_same_in_every_process_when_it_is_judged(folder):
    first, second = found(folder, "averaged")[0]
    assert first["history"] == second["history"] and same(first["weights"], second["weights"])
    assert len(first["judged"]) == 4 and all(map(same, first["judged"], second["judged"]))


def test_a_head_may_be_without_a_label_in_one_process(folder):
    first, second = found(folder, "heads_with_gaps")[0]
    assert same(first["weights"], second["weights"])
    assert all(weight.isfinite().all() for weight in first["weights"].values())


def test_predictions_of_all_are_in_the_tables_order_also_where_they_do_not_divide(folder, table):
    both, alone = found(folder, "predictions")
    one = alone(table, None)
    for tables in both:
        for split, expected in one.items():
            assert len(expected) in (17, 5)
            pd.testing.assert_frame_equal(tables[split], expected, atol=1e-6, rtol=0)


def test_there_may_be_fewer_pictures_than_processes(folder, table):
    both, alone = found(folder, "few_predictions")
    expected = alone(table, None)
    assert len(expected) == 1
    for each in both:
        pd.testing.assert_frame_equal(each, expected, atol=1e-6, rtol=0)


def test_what_one_finds_all_get(folder):
    assert found(folder, "from_one_and_all")[0] == [("told", 1, [0, 1]), ("told", 0, [0, 1])]


def test_each_has_chance_of_its_own(folder):
    first, second = found(folder, "chance")[0]
    assert not any(map(torch.equal, first, second))


def test_only_the_first_one_writes(folder):
    names = ["best.safetensors", "history.csv", "last.safetensors", "recipe.yaml", STATE]
    assert found(folder, "files")[0] == [names, names]


def test_what_cannot_be_shared_is_refused_with_what_to_do(folder):
    for told in found(folder, "refused")[0]:
        assert "2 processes share each batch" in told["small batches"] and "Take 4 or more" in told["small batches"]
        assert "Take device='cuda'" in told["one device"]


def test_a_range_test_is_the_same_in_each_and_as_alone(folder, table):
    first, second = found(folder, "rates")[0]
    assert first == second
    torch.testing.assert_close(first, in_processes.rates(table, None), atol=1e-4, rtol=1e-4)


# --- shares -------------------------------------------------------------------------------------------


def taken(count, batch_size, processes, shuffle, epoch=3):
    """The batches of each process."""
    everybody = []
    for rank in range(processes):
        batches = Batches(count, batch_size, seed=1, shuffle=shuffle)
        batches.epoch, batches.share = epoch, (rank, processes)
        everybody.append(list(batches))
        assert len(batches) == len(everybody[-1])
    return everybody


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [40, 41, 47, 63])
def test_together_they_have_the_batches_that_one_would_have(count, processes):
    (alone,), shared = taken(count, 16, 1, True), taken(count, 16, processes, True)
    for number, batches in enumerate(zip(*shared, strict=True)):
        assert sorted(sum(batches, [])) == sorted(alone[number])
        assert min(map(len, batches)) >= 2 or processes == 1
        assert max(map(len, batches)) - min(map(len, batches)) <= 1
    left_out = count - sum(len(batch) for batches in shared for batch in batches)
    assert left_out == (count % 16 if count % 16 < 2 * processes else 0)


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [1, 5, 17, 40])
def test_in_order_each_has_as_many_and_together_all(count, processes):
    shared = taken(count, 4, processes, False)
    places = [[place for batch in batches for place, _ in batch] for batches in shared]
    assert len({len(own) for own in places}) == len({len(batches) for batches in shared}) == 1
    interleaved = [place for step in zip(*places) for place in step]
    assert interleaved[:count] == list(range(count))
    assert all(0 <= place < count for place in interleaved)
    assert all(len(batch) <= -(-4 // processes) for batches in shared for batch in batches)


# --- killed, and other ways to start ------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_that_were_killed_go_on_to_the_same_bits(folder):
    done = start(TORCHRUN, SCRIPT, folder, folder / "pictures", "killed")
    assert done.returncode != 0 and not (folder / "killed-0.pt").exists()
    assert (folder / "killed" / STATE).exists()
    done = start(TORCHRUN, SCRIPT, folder, folder / "pictures", "killed")
    assert done.returncode == 0, done.stderr[-3000:]
    (again, _), (whole, _) = found(folder, "killed")[0], found(folder, "not_killed")[0]
    assert same(again["weights"], whole["weights"]) and again["history"] == whole["history"]


@pytest.mark.slow
def test_one_goes_on_where_two_were_killed_and_says_what_that_changes(folder, tmp_path):
    start(TORCHRUN, SCRIPT, tmp_path, folder / "pictures", "killed")
    done = start([sys.executable], SCRIPT, tmp_path, folder / "pictures", "killed")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "begun by 2 processes and goes on with 1" in done.stderr
    assert [row["epoch"] for row in torch.load(tmp_path / "killed-0.pt")["history"]] == [1, 2, 3, 4]


@pytest.mark.slow
def test_fabric_run_starts_the_same(folder, tmp_path):
    fabric = Path(sys.executable).with_name("fabric")
    done = start(
        [fabric, "run", "--accelerator", "cpu", "--devices", "2"],
        SCRIPT,
        tmp_path,
        folder / "pictures",
        "sgd",
        "predictions",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for ours, theirs in zip(found(tmp_path, "sgd")[0], found(folder, "sgd")[0]):
        assert same(ours["weights"], theirs["weights"]) and ours["history"] == theirs["history"]
