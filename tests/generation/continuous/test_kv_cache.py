"""Each row reads its own slot, as far as its span says, and nothing that another row left there."""

from __future__ import annotations

import pytest
import torch

from src.generation.continuous.kv_cache import (
    SlotCache,
    slot_attention,
    slot_bytes,
    supports_slots,
    use_slot_attention,
)
from src.generation.continuous.steps import Steps
from tests import tiny


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0], [1, 3, 0], [3]])
def test_slots_are_selected_and_sorted(order: list[int]):
    cache = SlotCache(4, 6)
    cache.prefill(torch.arange(4))
    keys, values = torch.randn(4, 2, 5, 3), torch.randn(4, 2, 5, 3)
    cache.update(keys, values, 0)
    cache.select(order)
    cache.decode(torch.arange(len(order)), torch.full((len(order),), 5), 5)
    token = torch.randn(len(order), 2, 1, 3)
    found = cache.update(token, token, 0)
    assert torch.equal(found[0], keys[order])
    assert torch.equal(found[1], values[order])


def test_the_leftovers_of_a_row_do_not_reach_the_next():
    cache = SlotCache(2, 8)
    cache.prefill(torch.tensor([0, 1]))
    cache.update(*[torch.full((2, 1, 8, 4), float("nan"))] * 2, 0)
    cache.prefill(torch.tensor([1]))
    cache.update(*[torch.ones(1, 1, 3, 4)] * 2, 0)
    assert all(torch.isfinite(store[1]).all() for store in cache.stores.values())
    assert all(torch.isnan(store[0]).all() for store in cache.stores.values())


@pytest.mark.parametrize("heads", [2, 4])
def test_attention_over_spans_is_the_masked_softmax_of_each_row(heads: int):
    """Row by row in float64; the two heads of keys are shared by 1 or 2 heads of queries each."""
    torch.manual_seed(0)
    query, key, value = torch.randn(3, heads, 1, 4), torch.randn(3, 2, 6, 4), torch.randn(3, 2, 6, 4)
    positions = torch.tensor([5, 2, 0])
    mask = torch.zeros(3, 6).masked_fill_(torch.arange(6) > positions[:, None], float("-inf"))
    spans = ((0, 1, 6), (1, 3, 3))  # rows 1 and 2 read three entries
    value[1:, :, 3:] = float("nan")
    found, _ = slot_attention(torch.nn.Module(), query, key, value, mask[:, None, None], spans=spans)
    assert found.shape == (3, 1, heads, 4)
    for row, position in enumerate(positions.tolist()):
        for head in range(heads):
            own = head * 2 // heads
            keys, values = (item[row, own, : position + 1].double() for item in (key, value))
            weights = (keys @ query[row, head, 0].double() / 2).softmax(0)  # 2: the root of head_dim
            torch.testing.assert_close(found[row, 0, head].double(), weights @ values)


def test_the_kernel_gets_the_new_keys_and_writes_them_itself():
    cache = SlotCache(2, 6, by_kernel=True)
    cache.decode(torch.arange(2), torch.tensor([3, 0]), 4)
    key, value = torch.ones(2, 1, 1, 16), torch.ones(2, 1, 1, 16)
    assert [item is new for item, new in zip(cache.update(key, value, 0), (key, value), strict=True)] == [
        True
    ] * 2
    assert cache.stores == {}


def test_the_model_attends_as_before_after_the_block():
    model, seen = tiny.build_model("llama"), []
    before = model.config._attn_implementation

    def fail():
        with use_slot_attention(model):
            seen.append(model.config._attn_implementation)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == ["slots"]
    assert model.config._attn_implementation == before


UNSHARED_HEADS = {"llama": {"num_key_value_heads": 4}, "gpt_bigcode": {"multi_query": False}}


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
@pytest.mark.parametrize("shared", [True, False])
def test_slot_bytes_is_what_the_cache_allocates_per_slot(name: str, shared: bool):
    model = tiny.build_model(name, **({} if shared else UNSHARED_HEADS.get(name, {})))
    steps = Steps(model, 3, 64, 63, graphs=False)
    with use_slot_attention(model):
        steps.prefill([[5, 6], [7], [8]], [0, 1, 2])
    assert sum(store.nbytes for store in steps.cache.stores.values()) == 3 * slot_bytes(model, 64)


@pytest.mark.parametrize(
    ("name", "changed", "supported"),
    [
        ("llama", {}, True),
        ("starcoder2", {"sliding_window": 99}, False),
        ("starcoder2", {"sliding_window": 100}, True),
        ("qwen2", {"sliding_window": 50}, True),  # switched off
        ("qwen2", {"sliding_window": 50, "use_sliding_window": True, "max_window_layers": 1}, False),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}, False),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, True),
    ],
)
def test_only_plain_causal_attention_is_decoded_in_slots(name: str, changed: dict, supported: bool):
    assert supports_slots(tiny.build_model(name, **changed), 100) is supported
