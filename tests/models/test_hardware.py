"""Device and number type are what the machine has; what it lacks is reported, never assumed."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from src.models import hardware
from src.models.hardware import GIB, decide
from src.schema import UserError
from tests import tiny


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture(params=[True, False], ids=["with bf16", "without bf16"])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A stand-in for a GPU of 24 GiB; whether it computes in bfloat16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _: SimpleNamespace(name="Test GPU", total_memory=24 * GIB)
    )
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: request.param)
    return request.param


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
    with pytest.raises(UserError, match=r"model\.device is cuda but this machine has no usable GPU"):
        decide(tiny.configured("model.device=cuda").model)


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
    monkeypatch.setattr(resource, "getrusage", lambda _: SimpleNamespace(ru_maxrss=3 * GIB // unit))
    monkeypatch.setattr(sys, "platform", platform)
    assert hardware.peak_ram_gib() == 3


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
