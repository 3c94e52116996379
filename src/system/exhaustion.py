"""Recognises a full memory and a full disk, whose errors every library and language words in its own way."""

from __future__ import annotations

import re

# torch, C, Rust, Python, C++, Java, JavaScript, PHP, Bash, GNU tools
OUT_OF_MEMORY = re.compile(
    r"OutOfMemory|MPS backend out of memory|heap out of memory|bad_alloc|MemoryError|[Cc]an(?:no|')t allocate memory|cannot allocate \d+ bytes"
    r"|memory exhausted|os error 12\b|memory allocation of \d+ bytes failed|Allowed memory size of \d+ bytes exhausted"
)
_DISK_FULL = re.compile(r"No space left|os error 28\b|PytorchStreamWriter failed writing")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was exhausted. The libraries' own types are recognised by name, so that none is imported."""
    return isinstance(error, MemoryError) or bool(OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}"))


def is_gpu_out_of_memory(error: BaseException) -> bool:
    """Whether a GPU's memory was exhausted; torch has a type for NVIDIA's GPUs, and words for Apple's."""
    return type(error).__name__ == "OutOfMemoryError" or "MPS backend out of memory" in str(error)


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no space to write to."""
    return bool(_DISK_FULL.search(str(error)))
