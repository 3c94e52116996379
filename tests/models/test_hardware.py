"""Device and number type are what the machine has; what it lacks is reported, never assumed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from src.models import hardware
from src.models.hardware import GIB, decide
from src.schema import UserError
from tests import tiny

CUDA_13 = "sm_75 sm_80 sm_86 sm_90 sm_100 sm_120 compute_120".split()
CUDA_12_6 = "sm_50 sm_60 sm_70 sm_75 sm_80 sm_86 sm_90".split()


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture(params=[True, False], ids=["with bf16", "without bf16"])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A stand-in for a GPU of 24 GiB; whether it computes in bfloat16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _: SimpleNamespace(name="Test GPU", total_memory=24 * GIB)
    )
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: request.param)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0) if request.param else (7, 5))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: CUDA_13)
    return request.param


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for an Apple GPU of 12 GiB, of which 2 are taken, in a machine with 20 GiB free."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "get_name", lambda: "Apple M0")
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12 * GIB)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 2 * GIB)
    monkeypatch.setattr(hardware, "available_ram_gib", lambda: 20.0)
    monkeypatch.setattr(torch, "ones", lambda size, device: torch.zeros(size))


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("changes", "dtype", "notice"),
    [
        (["model.device=auto"], torch.float32, "no GPU found: working on the CPU"),
        (["model.device=cpu"], torch.float32, ""),
        (["model.device=cpu", "model.dtype=bfloat16"], torch.bfloat16, ""),
    ],
)
def test_without_a_gpu_the_cpu_works_and_auto_says_so(
    changes: list[str], dtype: torch.dtype, notice: str
) -> None:
    found = decide(tiny.configured(*changes).model)
    assert (found.device, found.dtype, found.notice) == ("cpu", dtype, notice)
    assert found.memory_gib >= found.free_gib > 0


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_requested_must_be_there() -> None:
    for device in ("cuda", "mps"):
        with pytest.raises(UserError, match=f"model.device is {device}: no GPU found; set model.device=auto"):
            decide(tiny.configured(f"model.device={device}").model)


def test_a_gpu_is_used_in_the_best_type_it_has(gpu: bool) -> None:
    found = decide(tiny.configured("model.device=auto").model)
    assert (found.device, found.name, found.memory_gib) == ("cuda", "Test GPU", 24)
    assert found.dtype == (torch.bfloat16 if gpu else torch.float16)
    assert found.notice == ("" if gpu else "Test GPU has no bfloat16: working in float16")


def test_bfloat16_on_a_gpu_without_it_is_refused(gpu: bool) -> None:
    config = tiny.configured("model.dtype=bfloat16").model
    if gpu:
        assert decide(config).dtype == torch.bfloat16
    else:
        with pytest.raises(UserError, match="does not compute in it; use auto or float16"):
            decide(config)


def test_a_cpu_is_used_where_it_is_requested(gpu: bool) -> None:
    assert decide(tiny.configured("model.device=cpu").model).device == "cpu"


def test_bf16_of_the_cpu_is_looked_up_in_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    assert hardware.cpu_has_bf16()


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_the_most_memory_used_is_read_in_the_unit_of_the_system(
    platform: str, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrusage", lambda _: SimpleNamespace(ru_maxrss=3 * GIB // unit))
    monkeypatch.setattr(sys, "platform", platform)
    assert hardware.peak_ram_gib() == 3


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for nvidia-smi is a shell script")
@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("built", "remedy"),
    [("13.0", "its build for CUDA 13.0 needs a newer driver or GPU"), (None, "it is built for the CPU only")],
)
def test_a_gpu_that_torch_cannot_use_is_named_with_what_to_install(
    built: str | None, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'Tesla V100-SXM2-16GB, 535.104.05'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(torch.version, "cuda", built)
    notice = decide(tiny.configured("model.device=auto").model).notice
    assert notice.startswith(f"working on the CPU: torch {torch.__version__} cannot use Tesla V100-SXM2-16GB")
    assert "driver 535.104.05; " + remedy in notice


@pytest.mark.parametrize(
    ("card", "capability", "in_13", "in_12_6"),
    [
        ("P100", (6, 0), False, True), ("GTX 1080", (6, 1), False, True), ("V100", (7, 0), False, True),
        ("T4", (7, 5), True, True), ("A100", (8, 0), True, True), ("RTX 3090", (8, 6), True, True),
        ("L4", (8, 9), True, True), ("H100", (9, 0), True, True), ("B200", (10, 0), True, False),
        ("RTX 5090", (12, 0), True, False), ("a later one", (13, 0), True, False), ("K80", (3, 7), False, False),
    ],
)  # fmt: skip
def test_a_card_runs_kernels_of_its_generation_or_those_the_driver_compiles(
    card: str, capability: tuple[int, int], in_13: bool, in_12_6: bool
) -> None:
    assert hardware.has_kernels(capability, CUDA_13) == in_13
    assert hardware.has_kernels(capability, CUDA_12_6) == in_12_6


def test_kernels_for_one_version_only_run_on_it_alone() -> None:
    assert hardware.has_kernels((9, 0), ["sm_90a"])
    assert not hardware.has_kernels((10, 0), ["sm_90a", "compute_90a"])
    assert hardware.has_kernels((8, 0), [])  # a build that names none


@pytest.mark.usefixtures("gpu")
def test_a_card_without_kernels_is_named_with_the_build_that_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 0))
    found = decide(tiny.configured("model.device=auto").model)
    reason = (
        f"torch {torch.__version__} has no kernels for Test GPU (compute capability 7.0); install a build for CUDA 12.6 "
        "(index cu126 of pytorch.org, up to torch 2.14); see docs/platforms.md"
    )
    assert (found.device, found.notice) == ("cpu", f"working on the CPU: {reason}")
    with pytest.raises(UserError) as raised:
        decide(tiny.configured("model.device=cuda").model)
    assert str(raised.value) == f"model.device is cuda: {reason}; set model.device=auto or cpu"


@pytest.mark.usefixtures("gpu")
def test_rocm_is_used_and_said_to_be_untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "hip", "7.2")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["gfx90a"])
    found = decide(tiny.configured("model.device=auto").model)
    assert found.device == "cuda"
    assert "by ROCm, which this project was never run on" in found.notice


@pytest.mark.usefixtures("apple")
@pytest.mark.parametrize("device", ["auto", "mps"])
def test_an_apple_gpu_is_used_in_float32_or_the_type_that_is_set(device: str) -> None:
    found = decide(tiny.configured(f"model.device={device}").model)
    assert (found.device, found.place, found.dtype, found.name) == (
        "mps",
        "mps",
        torch.float32,
        "Apple M0 (GPU)",
    )
    assert (found.memory_gib, found.free_gib, found.notice) == (12, 10, "")
    assert decide(tiny.configured("model.dtype=bfloat16").model).dtype == torch.bfloat16


@pytest.mark.usefixtures("apple")
def test_what_an_apple_gpu_does_not_do_goes_to_the_cpu_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "a base in 4 or 8 bits was never tried on an Apple GPU"
    found = decide(tiny.configured("model.device=auto").model, quantised=True)
    assert (found.device, found.notice) == ("cpu", f"working on the CPU: {reason}")
    with pytest.raises(UserError, match=f"model.device is mps: {reason}; set model.device=auto or cpu"):
        decide(tiny.configured("model.device=mps").model, quantised=True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "one process only" in decide(tiny.configured("model.device=auto").model).notice


@pytest.mark.usefixtures("apple")
def test_a_gpu_that_a_virtual_machine_only_shows_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    full = RuntimeError("MPS backend out of memory (MPS allocated: 0 bytes). Tried to allocate 256 bytes.")
    monkeypatch.setattr(torch, "ones", lambda *_, **__: (_ for _ in ()).throw(full))
    found = decide(tiny.configured("model.device=auto").model)
    assert found.device == "cpu"
    assert found.notice.endswith(
        "the Apple GPU cannot be used (MPS backend out of memory (MPS allocated: 0 bytes))"
    )
