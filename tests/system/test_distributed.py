"""Ranks come from the launcher; collectives give every rank the same, and one process alone does without torch."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from src.schema import UserError
from src.system import distributed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rank_2_of_4(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"RANK": "2", "WORLD_SIZE": "4", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)


def test_ranks_are_those_of_the_launcher(rank_2_of_4):
    assert (distributed.rank(), distributed.world_size()) == (2, 4)
    assert (distributed.local_rank(), distributed.local_world_size()) == (0, 2)
    assert not distributed.is_rank0()
    assert distributed.rank_suffix() == " in process 2 of 4"


def test_all_ranks_are_on_this_machine_unless_the_launcher_says_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert distributed.local_world_size() == 3


def test_a_process_without_launcher_is_rank_0_of_1(monkeypatch: pytest.MonkeyPatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert (distributed.rank(), distributed.world_size(), distributed.rank_suffix()) == (0, 1, "")
    assert distributed.rank0_first(lambda: 3) == 3
    assert distributed.gather("x") == ["x"]
    with distributed.process_group("cpu"):
        distributed.barrier()


@pytest.mark.parametrize(("value", "requested"), [("true", True), ("1", True), ("no", False), ("", False)])
def test_a_launcher_can_turn_gpus_off(monkeypatch: pytest.MonkeyPatch, value: str, requested: bool):
    monkeypatch.setenv("ACCELERATE_USE_CPU", value)
    assert distributed.cpu_requested() is requested


def test_one_process_imports_no_torch():
    program = (
        "import sys\nfrom src.system import distributed\n"
        "with distributed.process_group('cuda'): distributed.broadcast([]), distributed.gather(1)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


TWO_RANKS = """
import json, os, sys
import torch
from src.system import distributed
from src.schema import UserError

def refuse():
    raise UserError("no data")

own = str(int(os.fork() == 0))
os.environ.update(WORLD_SIZE="2", RANK=own, LOCAL_RANK=own, LOCAL_WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[2])
rank = distributed.rank()
group = distributed.process_group("cpu")
group.__enter__()
made = {"rank": rank, "first": distributed.rank0_first(lambda: {"from": distributed.rank()})}
try:
    distributed.rank0_first(refuse)
except (UserError, distributed.Rank0FailedError) as error:
    made["refused"] = type(error).__name__
made["gathered"] = distributed.gather(rank * 10)
made["sum"] = distributed.all_reduce_sum(torch.tensor([1.0, rank])).tolist()
tensors = [torch.full((2, 2), float(rank)), torch.tensor([4.0 * rank])]
distributed.all_reduce_mean(tensors)
made["mean"] = [tensor.tolist() for tensor in tensors]
tensors = [torch.tensor([rank + 5]), torch.tensor([[rank + 7]])]
distributed.broadcast(tensors)
made["broadcast"] = [tensor.tolist() for tensor in tensors]
distributed.barrier()
with open(sys.argv[1] + f".{rank}", "w") as stream:
    json.dump(made, stream)
group.__exit__(None, None, None)
if rank == 0:
    os.wait()
"""


def test_collectives_give_two_ranks_the_same(tmp_path: Path):
    place = str(tmp_path / "made")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    subprocess.run([sys.executable, "-c", TWO_RANKS, place, port], cwd=ROOT, check=True, timeout=100)
    made = [json.loads(Path(f"{place}.{rank}").read_text()) for rank in range(2)]
    assert [each["rank"] for each in made] == [0, 1]
    assert [each["first"] for each in made] == [{"from": 0}, {"from": 0}]
    assert [each["refused"] for each in made] == ["UserError", "Rank0FailedError"]
    for each in made:
        assert each["gathered"] == [0, 10]
        assert each["sum"] == [2.0, 1.0]
        assert each["mean"] == [[[0.5, 0.5], [0.5, 0.5]], [2.0]]
        assert each["broadcast"] == [[5], [[7]]]


GLOO = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:553] "


@pytest.mark.parametrize(
    ("kind", "message", "lost"),
    [
        (
            "RuntimeError",
            GLOO + "Connection closed by peer [127.0.0.1]:23453",
            True,
        ),  # as torch 2.13 raises it
        ("RuntimeError", GLOO + "Timed out waiting 6000ms for recv operation to complete", True),
        ("DistBackendError", "NCCL error in: ... ncclRemoteError: a remote process exited", True),
        ("DistStoreError", "wait timeout after 7200000ms", True),
        ("DistBackendError", "ncclInvalidUsage: Duplicate GPU detected", False),
        ("RuntimeError", "cannot open a socket to the tracker: broken pipe", False),
        ("RuntimeError", "shape mismatch", False),
    ],
)
def test_an_error_of_a_lost_rank_is_distinguished_from_a_bug(
    rank_2_of_4, monkeypatch: pytest.MonkeyPatch, kind: str, message: str, lost: bool
):
    import accelerate
    import torch.distributed

    raised = getattr(torch.distributed, kind, RuntimeError)
    monkeypatch.setattr(accelerate, "PartialState", lambda **_: None)
    expected = distributed.LostProcessError if lost else raised
    with pytest.raises(expected) as caught, distributed.process_group("cpu"):
        raise raised(message)
    assert isinstance(caught.value, UserError) is lost
    assert str(caught.value).startswith("process 2 of 4 lost contact" if lost else message)


DYING = """
import os, sys
import torch
from src.system import distributed

os.environ.update(WORLD_SIZE="2", RANK=str(int(os.fork() == 0)))
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[1], LOCAL_RANK=os.environ["RANK"])
try:
    with distributed.process_group("cpu"):
        distributed.barrier()
        if distributed.rank() == 1:
            os._exit(1)
        distributed.gather("x")
        distributed.gather("y")
except distributed.LostProcessError as error:
    print(error)
"""


def test_a_rank_that_really_dies_is_reported_as_lost():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    run = [sys.executable, "-c", DYING, port]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert "process 0 of 2 lost contact with another one" in done.stdout, done.stderr
