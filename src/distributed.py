"""The processes of one run, as `accelerate launch` and `torchrun` start them; where there is one, nothing happens.

Read from the launcher's variables (RANK, WORLD_SIZE, LOCAL_RANK). torch is imported only where there are several.
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

TIMEOUT = timedelta(hours=2)  # for what the first process prepares alone, such as a download
# In what gloo and NCCL say when a process at the other end is gone.
_LOST = ("connection closed by peer", "connection reset by peer", "broken pipe", "nccl", "gloo", "socket")


class Rank0FailedError(SystemExit):
    """The first process has told the user what is wrong; this one ends without a word."""


class LostProcessError(UserError):
    """Another process has ended while this one waited for it."""


def world_size() -> int:
    """Processes of this run, on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """This process's number: 0 writes, prints and logs."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Its number on this machine, and that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def local_world_size() -> int:
    """Processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", str(world_size())))


def is_rank0() -> bool:
    return rank() == 0


def rank_suffix() -> str:
    """Where a message comes from: " in process 1 of 2", "" for the first, whose messages speak for the run."""
    return "" if is_rank0() else f" in process {rank()} of {world_size()}"


def sharding() -> str:
    """How the launcher was told to spread a model that one GPU cannot hold: "fsdp", "deepspeed", or "" for not at all.

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


def cpu_requested() -> bool:
    """Whether `accelerate launch --cpu` asked to leave the GPUs alone."""
    return _is_set("ACCELERATE_USE_CPU")


def _is_set(name: str) -> bool:
    return os.environ.get(name, "false").lower() in ("1", "true", "yes")


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Meet the other processes, over gloo for "cpu" and NCCL for "cuda", and part at the end.

    An error that comes of another process's death is a LostContactError that says so.
    """
    if world_size() == 1:
        yield
        return
    from accelerate import PartialState
    from torch import distributed

    PartialState(cpu=device == "cpu", timeout=TIMEOUT)
    try:
        yield
    except RuntimeError as error:
        if not _is_loss(error):
            raise
        raise LostProcessError(
            f"process {rank()} of {world_size()} lost contact with another one, which has ended (see above for its "
            "reason, if it gave one); what was finished is kept: train on with --resume, evaluate with the same command"
        ) from error
    else:
        distributed.barrier()
        distributed.destroy_process_group()


def _is_loss(error: RuntimeError) -> bool:
    from torch.distributed import DistError

    return isinstance(error, DistError) or any(word in str(error).lower() for word in _LOST)


def rank0_first(work: Callable[[], Result]) -> Result:
    """What `work` returns in the first process; the others wait for it and get a copy.

    Its UserError is raised there, and EndedElsewhere in the others.
    """
    if world_size() == 1:
        return work()
    told: list[Any] = [None, None]
    if is_rank0():
        try:
            told[0] = work()
        except UserError as error:
            _broadcast([None, str(error)])
            raise
    told = _broadcast(told)
    if told[1] is not None:
        raise Rank0FailedError(2)
    result: Result = told[0]
    return result


def _broadcast(values: list[Any]) -> list[Any]:
    from torch import distributed

    distributed.broadcast_object_list(values, src=0)
    return values


def gather(value: Result) -> list[Result]:
    """The `value` of every process, in the order of their ranks."""
    if world_size() == 1:
        return [value]
    from torch import distributed

    found: list[Any] = [None] * world_size()
    distributed.all_gather_object(found, value)
    return found


def barrier() -> None:
    """Go on when every process has come here."""
    if world_size() > 1:
        from torch import distributed

        distributed.barrier()


def all_reduce_sum(value: torch.Tensor) -> torch.Tensor:
    """The sum of a tensor over all processes, in place; it lies on the device that they work on."""
    if world_size() > 1:
        from torch import distributed

        distributed.all_reduce(value)
    return value


def all_reduce_mean(tensors: Sequence[torch.Tensor]) -> None:
    """Each tensor becomes its mean over all processes, in place; they travel together. All have the same ones."""
    if world_size() > 1:
        _travelling(tensors, lambda together: all_reduce_sum(together).div_(world_size()))


def broadcast(tensors: Sequence[torch.Tensor]) -> None:
    """Each tensor becomes that of the first process, in place; they travel together. All have the same ones."""
    if world_size() > 1:
        from torch import distributed

        _travelling(tensors, lambda together: distributed.broadcast(together, src=0))


def _travelling(tensors: Sequence[torch.Tensor], work: Callable[[torch.Tensor], object]) -> None:
    """`work` done in place on all tensors laid end to end."""
    import torch

    together = torch.cat([tensor.flatten() for tensor in tensors])
    work(together)
    parts = together.split([tensor.numel() for tensor in tensors])
    torch._foreach_copy_(list(tensors), [part.view_as(own) for own, part in zip(tensors, parts, strict=True)])
