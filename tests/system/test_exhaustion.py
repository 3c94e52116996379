"""A full memory and a full disk are recognised in the words of each library, and nothing else is."""

from __future__ import annotations

import pytest
import torch

from src.system.exhaustion import is_disk_full, is_gpu_out_of_memory, is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GiB, max allowed: 9.07 GiB)"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        OSError("Cannot allocate memory (os error 12)"),  # safetensors
        RuntimeError("std::bad_alloc"),
        RuntimeError("main.sh: xrealloc: cannot allocate 67108992 bytes"),  # bash
        RuntimeError("tail: memory exhausted"),
    ],
)
def test_memory_that_is_full_is_recognised_by_type_or_words(error: Exception):
    assert is_out_of_memory(error)
    assert not is_disk_full(error)


@pytest.mark.parametrize(
    "error",
    [OSError("No space left on device"), RuntimeError("PytorchStreamWriter failed writing file"), OSError("(os error 28)")],
)  # fmt: skip
def test_a_disk_that_is_full_is_recognised_by_its_words(error: Exception):
    assert is_disk_full(error)
    assert not is_out_of_memory(error)


@pytest.mark.parametrize("text", ["shape mismatch", "os error 128", "os error 280", "memory"])
def test_other_errors_are_neither(text: str):
    assert not is_out_of_memory(RuntimeError(text))
    assert not is_disk_full(RuntimeError(text))


def test_only_the_memory_of_a_gpu_is_freed_by_smaller_batches():
    assert is_gpu_out_of_memory(torch.OutOfMemoryError("full"))
    assert is_gpu_out_of_memory(RuntimeError("MPS backend out of memory"))
    assert not is_gpu_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    assert not is_gpu_out_of_memory(MemoryError())
