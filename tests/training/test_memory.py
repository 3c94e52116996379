"""The plan of a run fits the memory, by an estimate that agrees with measured peaks."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import GPTBigCodeConfig, LlamaConfig

from src.models.architecture import shape_of
from src.models.hardware import Hardware
from src.schema import UserError
from src.training import memory
from src.training.memory import Plan, TrainingSetup, estimate_gib, plan
from tests import tiny

CODELLAMA_7B = LlamaConfig(
    vocab_size=32016, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32
)
GPU = Hardware("cuda", torch.bfloat16, "test", 80)
CPU = Hardware("cpu", torch.float32, "test", 16)


def _setup(
    *settings: str, hardware: Hardware = GPU, quantised: bool = False, **changes: Any
) -> TrainingSetup:
    """CodeLlama 7B, with steps of 20,000 tokens."""
    config = tiny.configured(*settings)
    setup = TrainingSetup(
        shape_of(CODELLAMA_7B),
        hardware,
        config.lora,
        config.qlora if quantised else None,
        config.training,
        20_000,
    )
    return dataclasses.replace(setup, **changes)


def _plan(
    free_gib: float, hardware: Hardware = GPU, quantised: bool = False, *changes: str, step: int = 20_000
) -> Plan:
    budget = f"training.memory_budget_gib={free_gib}"
    return plan(_setup(budget, *changes, hardware=hardware, quantised=quantised, step_tokens=step))


@pytest.mark.parametrize(("quantised", "budget_gib"), [(False, 14.5), (True, 8.0)])
def test_a_7b_model_trains_on_a_card_of_16_gb_without_bfloat16(quantised: bool, budget_gib: float) -> None:
    card = Hardware("cuda", torch.float16, "T4", 14.56)
    found = _plan(budget_gib, card, quantised)
    assert found.estimate_gib <= budget_gib
    assert found.pack_tokens >= 2048


def test_attention_that_repeats_keys_and_values_keeps_them_as_wide_as_queries() -> None:
    """By hand, 34B's grouped heads: 8 of 64 heads; 7/8 of keys and of values more, in each of 32 layers."""
    shape = dataclasses.replace(shape_of(CODELLAMA_7B), kv_hidden=512)
    plain, repeated = (_setup(shape=shape, repeated_kv=each) for each in (False, True))
    more = (estimate_gib(repeated, 1024, False) - estimate_gib(plain, 1024, False)) * memory.GIB
    assert more == pytest.approx(32 * 1024 * 2 * (4096 - 512) * 2)


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("hardware", [GPU, CPU], ids=["gpu", "cpu"])
def test_the_estimate_grows_with_packs_and_rank_and_shrinks_with_recomputation(
    hardware: Hardware, quantised: bool
) -> None:

    def estimate(
        r: int = 16, pack: int = 2048, checkpointing: bool = False, quantised: bool = quantised
    ) -> float:
        setup = _setup(f"lora.r={r}", hardware=hardware, quantised=quantised)
        return estimate_gib(setup, pack, checkpointing)

    assert estimate(pack=4096) > estimate() > estimate(checkpointing=True)
    assert estimate(r=64) > estimate()
    assert quantised == (estimate() < estimate(quantised=False))


# torch.cuda.max_memory_allocated of training steps on one H100 (torch 2.11, bitsandbytes 0.50.2), r 16 on q, k, v, o:
# 4-bit base, tokens per pack, checkpointing, fused kernels, dropout, GiB
MEASURED = [
    (False, 5115, False, True, 0.0, 28.76),
    (False, 8188, False, True, 0.0, 38.06),
    (False, 16381, False, True, 0.0, 63.02),
    (False, 8188, False, True, 0.05, 42.06),
    (False, 8188, False, False, 0.0, 47.62),
    (False, 8188, True, True, 0.0, 15.81),
    (True, 8188, False, True, 0.0, 29.12),
    (True, 8188, False, True, 0.05, 33.12),
    (True, 8188, True, True, 0.0, 7.04),
    (True, 4091, True, True, 0.0, 5.45),
    (True, 2038, True, True, 0.0, 4.76),
    (True, 512, True, True, 0.0, 4.14),
]


@pytest.mark.parametrize(("quantised", "pack", "checkpointing", "fused", "dropout", "gib"), MEASURED)
def test_the_estimate_is_within_5_percent_of_measured_peaks(
    quantised: bool, pack: int, checkpointing: bool, fused: bool, dropout: float, gib: float
) -> None:
    setup = _setup(f"lora.lora_dropout={dropout}", quantised=quantised, fused=fused)
    assert estimate_gib(setup, pack, checkpointing) == pytest.approx(gib, rel=0.05)


def test_the_estimate_holds_for_starcoders_shape_as_well() -> None:
    """QLoRA of attention, packs of 5,394 tokens on one H100: a peak of 54.17 GiB."""
    sizes = {"n_embd": 6144, "n_layer": 40, "n_head": 48, "n_inner": 24576}
    shape = shape_of(GPTBigCodeConfig(vocab_size=49152, bos_token_id=1, eos_token_id=2, **sizes))
    setup = _setup("lora.target_modules=auto", quantised=True, shape=shape)
    assert estimate_gib(setup, 5394, False) == pytest.approx(54.17, rel=0.05)


def test_more_memory_never_gives_a_slower_plan() -> None:
    order = memory._candidates(_setup())
    plans = [_plan(free, quantised=True) for free in (6, 8, 12, 16, 24, 40, 80)]
    ranks = [order.index((made.pack_tokens, made.checkpointing)) for made in plans]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[-1] < ranks[0]
    assert all(made.estimate_gib <= made.free_gib for made in plans)


@pytest.mark.parametrize(("hardware", "unmasked"), [(GPU, 16384), (CPU, 1024)])
def test_masked_attention_keeps_packs_small_unless_the_user_sets_larger_ones(
    hardware: Hardware, unmasked: int
) -> None:
    small = memory.MASKED_PACK_TOKENS[hardware.device]
    for changes, masked, tokens in (
        ((), False, unmasked),
        ((), True, small),
        (("training.pack_tokens=8192",), True, 8192),
    ):
        made = plan(_setup("training.memory_budget_gib=800", *changes, hardware=hardware, masked=masked))
        assert made.pack_tokens == tokens


def test_what_the_user_set_is_kept() -> None:
    made = _plan(80, GPU, False, "training.pack_tokens=1000", "training.gradient_checkpointing=true")
    assert (made.pack_tokens, made.checkpointing) == (1000, True)


def test_a_pack_larger_than_a_step_costs_what_the_step_costs() -> None:
    small, large = (_plan(80, step=step) for step in (700, 20_000))
    assert small.estimate_gib < large.estimate_gib
    assert not small.checkpointing


def test_free_memory_counts_where_no_budget_is_set() -> None:
    hardware = SimpleNamespace(device="cuda", dtype=torch.bfloat16, free_gib=17.0)
    made = plan(_setup(hardware=hardware))  # type: ignore[arg-type]
    assert made.free_gib == 17.0
    assert made.estimate_gib <= 17.0


@pytest.mark.parametrize(
    ("free", "quantised", "changes", "advice"),
    [
        (8, False, (), "use train_qlora.py"),
        (2, True, (), "use a smaller base model"),
        (5, True, ("training.gradient_checkpointing=false",), "set training.gradient_checkpointing=auto"),
        (5, True, ("training.pack_tokens=16384",), "set training.pack_tokens=0"),
        (3, True, ("training.pack_tokens=1024",), "set training.pack_tokens=0"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(
    free: float, quantised: bool, changes: tuple[str, ...], advice: str
) -> None:
    with pytest.raises(UserError, match=rf"needs about [\d.]+ GiB and {free}\.0 GiB are allowed.*{advice}"):
        _plan(free, GPU, quantised, *changes)


def test_embeddings_in_main_memory_save_exactly_their_matrix() -> None:
    setup = _setup(quantised=True, fused=True)
    on_gpu, offloaded = (estimate_gib(setup, 512, True, offload) for offload in (False, True))
    assert on_gpu - offloaded == pytest.approx(2 * 32016 * 4096 / 2**30, abs=1e-12)


def _plan_with_offload(free_gib: float, *changes: str) -> Plan:
    budget, options = f"training.memory_budget_gib={free_gib}", (False, True)
    return plan(_setup(budget, *changes, quantised=True, step_tokens=5000, fused=True, offload=options))


def test_embeddings_move_to_main_memory_only_where_nothing_else_fits() -> None:
    for free in (4.6, 5, 6, 8, 24):
        assert not _plan_with_offload(free).offload
    made = _plan_with_offload(4.2, "data.max_length=512")
    assert (made.pack_tokens, made.checkpointing, made.offload) == (512, True, True)
    assert made.estimate_gib < 4.2 - 0.25
    with pytest.raises(UserError, match=r"needs about 3\.9 GiB and 3\.8 GiB are allowed"):
        _plan_with_offload(3.8)


def test_where_offloading_is_off_the_advice_is_to_allow_it() -> None:
    with pytest.raises(UserError, match=r"set training\.offload=auto"):
        _plan(4, GPU, True, "training.offload=false")


def test_a_budget_must_hold_the_embeddings_while_they_are_loaded() -> None:
    """Qwen2.5-7B's shape: each matrix is 1.02 GiB, more than a step of small packs takes."""
    wide = LlamaConfig(
        vocab_size=152064, hidden_size=3584, intermediate_size=18944, num_hidden_layers=28,
        num_attention_heads=28, num_key_value_heads=4,
    )  # fmt: skip
    setup = _setup(
        "training.memory_budget_gib=5.4", "training.offload=true", quantised=True, shape=shape_of(wide),
        step_tokens=300, fused=True, offload=(True,),
    )  # fmt: skip
    step = estimate_gib(setup, 300, True, offload=True)
    assert plan(setup).estimate_gib == memory.loading_gib(setup) > step


def test_shards_and_shared_prefixes_change_weights_and_keys_and_values_alone() -> None:
    """By hand, in bf16: half of 6.5e9 linear weights less two layers of them and the embeddings; 32 layers of keys and values."""

    def estimate(**changes: float) -> float:
        return estimate_gib(_setup(**changes), 2048, False)

    shape = shape_of(CODELLAMA_7B)
    linear, embeddings = shape.weights.linear, shape.embedding_weights
    saved = 2 * ((linear + embeddings) / 2 - 2 * linear / 32 - embeddings) / 2**30
    assert estimate() - estimate(weight_shards=2) == pytest.approx(saved, rel=1e-9)
    more = 32 * 2 * 2 * 4096 * 0.5 * 2048 / 2**30  # layers, bytes, keys and values, width, tokens
    assert estimate(unshared_per_computed=1.5) - estimate() == pytest.approx(more, rel=1e-9)
