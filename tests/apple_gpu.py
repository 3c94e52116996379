"""A stand-in for an Apple GPU: tensors that say they are on "mps" and are computed on the CPU.

As a real one they know no float64, do not mix with tensors of the CPU (numbers excepted) and are not pinned. Every
call into torch.cuda that such a machine could not answer fails. What Metal computes, and how fast, it cannot tell.
"""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from accelerate.state import AcceleratorState
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend
from transformers import modeling_utils
from transformers.utils.import_utils import is_torch_mps_available

GIB = 2**30
ROOT = Path(__file__).resolve().parents[1]
MPS = torch.device("mps:0")
_setup_privateuseone_for_python_backend("stand_in")
REAL = torch.device("stand_in:0")
CROSSING = ("aten::copy_", "aten::_to_copy", "aten::_copy_from")  # between devices
CUDA = (
    "synchronize current_device mem_get_info Stream graph CUDAGraph empty_cache get_device_properties".split()
)


def _is_mps(place: Any) -> bool:
    return isinstance(place, str | torch.device) and str(place).startswith(("mps", "stand_in"))


class OnMps(torch.Tensor):
    """A tensor of the stand-in, around one of the CPU."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> OnMps:
        return torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined, no-any-return]
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=REAL,
        )

    def __init__(self, inner: torch.Tensor) -> None:
        if inner.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support it"
            )
        self.inner = inner

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return MPS

    def tolist(self) -> Any:
        return self.inner.tolist()

    def untyped_storage(self) -> Any:
        return self.inner.untyped_storage()

    def storage(self) -> Any:
        return self.inner.storage()

    def __reduce_ex__(self, protocol: Any) -> Any:  # in a file, as a tensor of the CPU
        return self.inner.__reduce_ex__(protocol)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"OnMps({self.inner})"

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


def _inner(item: Any) -> Any:
    if isinstance(item, torch.device):
        return torch.device("meta" if item.type == "meta" else "cpu")
    return item.inner if isinstance(item, OnMps) else item


def _computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    given = tree_leaves((args, kwargs))
    place = next((item for item in given if isinstance(item, torch.device)), None)
    ours = [item for item in given if isinstance(item, OnMps)]
    others = [
        item
        for item in given
        if isinstance(item, torch.Tensor) and not isinstance(item, OnMps) and item.dim()
    ]
    if ours and others and func._schema.name not in CROSSING:
        raise RuntimeError(f"Expected all tensors to be on the same device, but {func} got mps and cpu")
    on_mps = bool(ours) if place is None else _is_mps(place)
    if func._schema.name == "aten::copy_":
        on_mps = isinstance(args[0], OnMps)
    assert "pin_memory" not in func._schema.name, "pinned memory is CUDA's"
    result = func(*tree_map(_inner, args), **tree_map(_inner, kwargs))
    wrapped = {id(item.inner): item for item in ours}  # what is changed in place stays itself

    def outer(item: Any) -> Any:
        if not isinstance(item, torch.Tensor):
            return item
        return wrapped[id(item)] if id(item) in wrapped else OnMps(item)

    return tree_map(outer, result) if on_mps else result


class _Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


class _Function(TorchFunctionMode):
    """What torch would do for a device before it dispatches: look for its driver."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and _is_mps(kwargs.get("device")):
            return OnMps(func(*args, **kwargs | {"device": "cpu"}))
        args = tuple(MPS if _is_mps(item) else item for item in args)
        kwargs = {key: MPS if _is_mps(item) else item for key, item in kwargs.items()}
        return func(*args, **kwargs)


class _Event:
    """Nothing is to be waited for."""

    def __init__(self, **_: Any) -> None:
        self.record = self.synchronize = lambda: None


def _generator(place: Any = "cpu") -> torch.Generator:
    return torch._C.Generator("cpu" if _is_mps(place) else place)


def _forget_devices() -> None:
    """What transformers and accelerate have found out about the machine."""
    is_torch_mps_available.cache_clear()
    AcceleratorState._reset_state(reset_partial_state=True)


@contextmanager
def apple_gpu(memory_gib: float = 16.0) -> Iterator[pytest.MonkeyPatch]:
    """The machine has one, and no CUDA."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a call into torch.cuda")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.backends.mps, "is_available", lambda: True)
        patch.setattr(torch.backends.mps, "is_built", lambda: True)
        patch.setattr(torch.backends.mps, "get_name", lambda: "Apple M0")
        patch.setattr(torch.mps, "recommended_max_memory", lambda: int(memory_gib * GIB))
        patch.setattr(torch.mps, "driver_allocated_memory", lambda: GIB)
        patch.setattr(torch.mps, "empty_cache", lambda: None)
        patch.setattr(torch.mps, "get_rng_state", torch.get_rng_state)
        patch.setattr(torch.mps, "set_rng_state", torch.set_rng_state)
        for name in CUDA:
            patch.setattr(torch.cuda, name, refused)
        patch.setattr(torch, "Generator", _generator)
        patch.setattr(torch, "Event", _Event)
        patch.setattr(torch, "inference_mode", lambda *_: torch.no_grad())  # it does not know such tensors
        for reader in (modeling_utils, safetensors.torch):
            patch.setattr(
                reader, "safe_open", lambda file, *_, **__: safetensors.safe_open(file, "pt", "cpu")
            )
        patch.setenv("HF_DEACTIVATE_ASYNC_LOAD", "1")  # another thread would not see the modes below
        before = torch.__future__.get_swap_module_params_on_conversion()
        torch.__future__.set_swap_module_params_on_conversion(True)
        _forget_devices()
        try:
            with _Dispatch(), _Function():
                yield patch
        finally:
            _forget_devices()
            torch.__future__.set_swap_module_params_on_conversion(before)


def main(calls: list[list[str]]) -> None:
    """Run scripts one after the other in this process; "rm" deletes a folder between them."""
    for script, *flags in calls:
        if script == "rm":
            shutil.rmtree(flags[0])
            continue
        sys.argv = [script, *flags]
        runpy.run_path(str(ROOT / script), run_name="__main__")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with apple_gpu():
        main(json.loads(sys.argv[1]))
