"""Collectives over the ranks that `accelerate launch` or `torchrun` has started; with world size 1 they do nothing.

Ranks are read from the launcher's variables (RANK, WORLD_SIZE, LOCAL_RANK). A single process imports no torch here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from src.schema import UserError

if TYPE_CHECKING:
    import torch

Result = TypeVar("Result")

TIMEOUT = timedelta(hours=2)  # for work of rank 0 alone, such as a download
# gloo has no error type: each message begins with its place in gloo's source
_GLOO_SOURCE = "/gloo/transport/"
_LAUNCHER_VARIABLES = "RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT".split()
_NCCL_MISUSE = ("ncclInvalidUsage", "ncclInvalidArgument", "ncclUnhandledCudaError")


class Rank0FailedError(SystemExit):
    """Rank 0 has reported a UserError; this rank exits silently."""


class LostProcessError(UserError):
    """Another rank has exited while this one waited for it."""


def world_size() -> int:
    """Number of processes of this run, on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """This process's rank; rank 0 writes, prints and logs."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Its rank on this machine, and the index of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def local_world_size() -> int:
    """Number of processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", str(world_size())))


def is_rank0() -> bool:
    return rank() == 0


def rank_suffix() -> str:
    """Suffix of a message: " in process 1 of 2"; "" on rank 0, whose messages are those of the run."""
    return "" if is_rank0() else f" in process {rank()} of {world_size()}"


def sharding() -> str:
    """How the launcher shards a model that one GPU cannot hold: "fsdp", "deepspeed", or "" for not at all.

    Raises UserError for a kind of sharding that is not supported or not installed.
    """
    if _is_set("ACCELERATE_USE_DEEPSPEED"):
        import importlib.util

        if importlib.util.find_spec("deepspeed") is None:
            raise UserError(
                "the launcher asks for DeepSpeed and it is not installed: pip install deepspeed, or launch with "
                "configs/accelerate/fsdp2.yaml, which needs nothing more"
            )
        return "deepspeed"
    if _is_set("ACCELERATE_USE_FSDP"):
        if os.environ.get("FSDP_VERSION", "1") != "2":
            raise UserError(
                "FSDP version 1 is not supported: set fsdp_version: 2, as in configs/accelerate/fsdp2.yaml"
            )
        return "fsdp"
    return ""


def shards_weights() -> bool:
    """Whether accelerate, in this process group, shards a model as the launcher asks: it does so on GPUs only."""
    if world_size() == 1:
        return sharding() == "deepspeed"
    from accelerate import PartialState

    return sharding() != "" and PartialState().distributed_type.value not in ("NO", "MULTI_CPU")


def cpu_requested() -> bool:
    """Whether `accelerate launch --cpu` turned off the use of GPUs."""
    return _is_set("ACCELERATE_USE_CPU")


def _is_set(name: str) -> bool:
    return os.environ.get(name, "false").lower() in ("1", "true", "yes")


def own_gpu() -> int:
    """The index of this process's GPU. Raises UserError where the machine has fewer GPUs than processes; starts nothing."""
    import torch

    count = torch.cuda.device_count()  # asks the driver's library
    if local_rank() >= count:
        raise UserError(
            f"{local_world_size()} processes were started on this machine and it has {count} GPUs; each needs "
            f"its own: launch with --num_processes {count}"
        )
    return local_rank()


def leave_launch() -> None:
    """Make this process a run of its own, on the GPU that the launcher meant for it; to be called before CUDA starts."""
    if world_size() == 1:
        return
    import torch

    if torch.cuda.device_count() and not cpu_requested():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(
            map(str, range(torch.cuda.device_count()))
        )
        os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[own_gpu()]
    for name in _LAUNCHER_VARIABLES:
        os.environ.pop(name, None)


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Join the process group, with gloo for "cpu" and NCCL for "cuda", and leave it at the end.

    Raises LostProcessError where another rank has exited meanwhile.
    """
    if world_size() == 1:
        yield
        return
    from accelerate import PartialState

    state = PartialState(cpu=device == "cpu", timeout=TIMEOUT)
    try:
        yield
    except RuntimeError as error:
        if not _is_peer_loss(error):
            raise
        raise LostProcessError(
            f"process {rank()} of {world_size()} lost contact with another one, which has ended (see above for its "
            "reason, if it gave one); what was finished is kept: train on with --resume, evaluate with the same command"
        ) from error
    else:
        barrier()
        state.destroy_process_group()


def _is_peer_loss(error: RuntimeError) -> bool:
    from torch.distributed import DistError

    if isinstance(error, DistError):
        return not any(name in str(error) for name in _NCCL_MISUSE)
    return _GLOO_SOURCE in str(error)


def rank0_first(work: Callable[[], Result]) -> Result:
    """Run `work` on rank 0 and broadcast its result to all ranks.

    Its UserError is raised on rank 0, and Rank0FailedError on the others.
    """
    if world_size() == 1:
        return work()
    from accelerate.utils import broadcast_object_list

    outcome: list[Any] = [None, None]  # result, message of a UserError
    if is_rank0():
        try:
            outcome[0] = work()
        except UserError as error:
            broadcast_object_list([None, str(error)])
            raise
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise Rank0FailedError(2)
    return outcome[0]


def gather(value: Result) -> list[Result]:
    """The `value` of every rank, in rank order, on all ranks."""
    if world_size() == 1:
        return [value]
    from accelerate.utils import gather_object

    return gather_object([value])


def barrier() -> None:
    """Wait until every rank has reached this point."""
    if world_size() > 1:
        from accelerate.utils import wait_for_everyone

        wait_for_everyone()


def all_reduce_sum(value: torch.Tensor) -> torch.Tensor:
    """The sum of a tensor over all ranks; it must lie on the device of the process group."""
    if world_size() == 1:
        return value
    from accelerate.utils import reduce

    return reduce(value, "sum")


def broadcast(tensors: Sequence[torch.Tensor]) -> None:
    """Copy each tensor from rank 0 to all ranks, in place. All ranks pass tensors of the same shapes."""
    if world_size() > 1:
        from accelerate.utils import broadcast as broadcast_each

        broadcast_each(list(tensors))


def all_reduce_mean(tensors: Sequence[torch.Tensor]) -> None:
    """Average each tensor over all ranks, in place, in one all-reduce. All ranks pass tensors of the same shapes.

    accelerate's `reduce` would take a copy and a call for each: some hundred per step.
    """
    if world_size() == 1:
        return
    import torch

    flat = all_reduce_sum(torch.cat([tensor.flatten() for tensor in tensors])).div_(world_size())
    parts = flat.split([tensor.numel() for tensor in tensors])
    torch._foreach_copy_(list(tensors), [part.view_as(own) for own, part in zip(tensors, parts, strict=True)])
