"""The kernel writes each row's new key and value, and attends to all positions up to them."""

from __future__ import annotations

import pytest
import torch

from src.generation.continuous import kernel
from tests.generation.continuous.plain_attention import attend_row_by_row

WIDTHS = [
    (8, False),
    (16, True),
    (64, True),
    (80, False),
    (96, False),
    (128, True),
    (256, True),
    (512, False),
]


@pytest.mark.parametrize(("head_dim", "supported"), WIDTHS)
def test_head_widths_are_powers_of_two_from_16_to_256(
    monkeypatch: pytest.MonkeyPatch, head_dim: int, supported: bool
):
    monkeypatch.setattr(kernel, "compiles_kernels", lambda device: device == "cuda")
    assert kernel.runs_on(torch.device("cuda"), head_dim) is supported
    assert not kernel.runs_on(torch.device("cpu"), head_dim)


def test_the_reference_attends_up_to_each_position_by_hand():
    """Equal scores give the mean of the values; what lies behind the position does not count."""
    keys, values = torch.zeros(2, 1, 4, 2), torch.full((2, 1, 4, 2), 99.0)
    values[0, 0, :2] = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    query, key, value = torch.ones(2, 1, 2), torch.zeros(2, 1, 2), torch.tensor([[[5.0, 1.0]], [[7.0, 8.0]]])
    found = attend_row_by_row(query, key, value, keys, values, torch.tensor([2, 0]), 1.0)
    assert found.tolist() == [[[3.0, 3.0]], [[7.0, 8.0]]]  # (1 + 3 + 5) / 3, (2 + 6 + 1) / 3; itself alone


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the kernel runs on GPUs")
@pytest.mark.parametrize(("heads", "kv_heads", "dim"), [(32, 32, 128), (9, 3, 64), (48, 1, 128), (4, 2, 16)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_kernel_attends_as_promised(heads: int, kv_heads: int, dim: int, dtype):
    torch.manual_seed(0)
    rows, length = 7, 300
    positions = torch.tensor([0, 1, 15, 63, 64, 170, 299], device="cuda")
    query = torch.randn(rows, heads, dim, dtype=dtype, device="cuda")
    key, value = (torch.randn(rows, kv_heads, dim, dtype=dtype, device="cuda") for _ in range(2))
    stores = [torch.randn(rows + 2, kv_heads, length, dim, dtype=dtype, device="cuda") for _ in range(2)]
    own = [store.clone() for store in stores]
    assert kernel.runs_on(query.device, dim)
    found = kernel.attend(query, key, value, *own, positions, dim**-0.5)
    wanted = attend_row_by_row(query, key, value, *stores, positions, dim**-0.5)
    tolerance = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1e-2}[dtype]
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance)
    assert all(torch.equal(*pair) for pair in zip(own, stores, strict=True))  # kept, and nothing else written
