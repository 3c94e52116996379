"""Whether Triton can compile kernels on this machine: Liger's and those of decoding are written in it."""

from __future__ import annotations

import functools
import importlib.util
import logging

import torch

log = logging.getLogger(__name__)

COMPILATION_ERRORS: tuple[type[Exception], ...] = ()  # Triton's own, which are no RuntimeErrors

if importlib.util.find_spec("triton"):
    import triton
    import triton.language as tl

    COMPILATION_ERRORS = (triton.TritonError,)

    @triton.jit
    def _probe_kernel(target):  # type: ignore[no-untyped-def]
        tl.store(target + tl.program_id(0), 1.0)


@functools.cache
def compiles_kernels(kind: str) -> bool:
    """Whether Triton is installed and compiles for devices of a `kind`, "cuda" or "cpu"; found by compiling a kernel.

    It needs a GPU that it supports, a C compiler and Python's headers, which slim images lack. A warning says what failed.
    """
    if kind != "cuda" or torch.version.hip or importlib.util.find_spec("triton") is None:
        return False
    try:
        _launch(kind)
    except Exception as error:  # a compiler is missing or fails, or Triton does: errors of no common type
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        log.warning(
            "Triton cannot compile kernels here, so slower ones are used; it needs a C compiler and Python's headers "
            "(apt-get install gcc python3-dev). It says: %s",
            reason,
        )
        return False
    return True


def _launch(kind: str) -> None:
    _probe_kernel[(1,)](torch.zeros(1, device=kind))
