"""Kernels that cannot be compiled are not used, and a warning says what the machine lacks."""

import importlib.util

import pytest
import torch

from src.generation.continuous.kernel import runs_on
from src.models.kernels import triton_support
from src.models.kernels.triton_support import compiles_kernels

GPU = torch.device("cuda")


@pytest.fixture
def triton(monkeypatch):
    """A machine with Triton, whose compiler does what the returned list's one entry says: raises it, or nothing."""
    failure = []

    def launch(kind):
        if failure:
            raise failure[0]

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(triton_support, "_launch", launch)
    compiles_kernels.cache_clear()
    yield failure
    compiles_kernels.cache_clear()


def test_a_kernel_runs_where_it_compiles(triton):
    assert compiles_kernels("cuda")
    assert runs_on(GPU, 64)
    assert not runs_on(GPU, 80)
    assert not runs_on(torch.device("cpu"), 64)


def test_a_missing_compiler_is_reported_once_and_costs_the_kernel_alone(triton, caplog):
    triton.append(RuntimeError("Failed to find C compiler.\nPlease specify"))
    assert not compiles_kernels("cuda")
    assert not runs_on(GPU, 64)
    (record,) = caplog.records
    assert "RuntimeError: Failed to find C compiler." in record.message
    assert "gcc python3-dev" in record.message


def test_without_triton_nothing_is_tried(triton, monkeypatch, caplog):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(triton_support, "_launch", lambda kind: pytest.fail("tried"))
    assert not compiles_kernels("cuda")
    assert not caplog.records


@pytest.mark.skipif(not torch.cuda.is_available(), reason="kernels are compiled for GPUs")
def test_this_gpu_compiles_them():
    assert compiles_kernels("cuda")
