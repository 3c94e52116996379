"""The sizes read from a configuration are those of the model's weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BltConfig,
    DeepseekV2Config,
    Gemma3nTextConfig,
    Gemma4TextConfig,
    GPTBigCodeConfig,
    LlamaConfig,
    MambaConfig,
    PretrainedConfig,
    Starcoder2Config,
)

from src.models.architecture import head_dim, is_random, kv_heads, shape_of
from src.models.lora_model import attach_lora
from tests import tiny

CODELLAMA_7B: dict[str, Any] = {
    "vocab_size": 32016, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
    "num_attention_heads": 32,
}  # fmt: skip
STARCODER: dict[str, Any] = {
    "vocab_size": 49152, "n_embd": 6144, "n_layer": 40, "n_head": 48, "multi_query": True, "n_inner": 24576,
}  # fmt: skip
STARCODER2_3B: dict[str, Any] = {
    "vocab_size": 49152, "hidden_size": 3072, "intermediate_size": 12288, "num_hidden_layers": 30,
    "num_attention_heads": 24, "num_key_value_heads": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "heads", "width"),
    [
        (LlamaConfig(hidden_size=96, num_attention_heads=6), 6, 16),
        (LlamaConfig(hidden_size=96, num_attention_heads=6, num_key_value_heads=2), 2, 16),
        (LlamaConfig(hidden_size=96, num_attention_heads=6, head_dim=32), 6, 32),
        (GPTBigCodeConfig(n_embd=96, n_head=6, multi_query=True), 1, 16),
        (GPTBigCodeConfig(n_embd=96, n_head=6, multi_query=False), 6, 16),
    ],
)
def test_heads_of_keys_and_values_under_the_names_of_each_architecture(
    config: PretrainedConfig, heads: int, width: int
) -> None:
    assert (kv_heads(config), head_dim(config)) == (heads, width)
    assert shape_of(config).kv_hidden == heads * width


def test_layers_without_attention_and_of_several_widths_have_sizes_too() -> None:
    mamba = shape_of(MambaConfig(hidden_size=64, num_hidden_layers=3, expand=2))
    assert (mamba.hidden, mamba.layers, mamba.kv_hidden, mamba.intermediate) == (64, 3, 64, 128)
    layered = Gemma3nTextConfig(num_hidden_layers=2, intermediate_size=[128, 256])
    assert shape_of(layered).intermediate == 256
    varied = Gemma4TextConfig()  # heads of 256, and of 512 where attention is full
    assert head_dim(varied) == 512
    blt = BltConfig()
    assert shape_of(blt).hidden == blt.global_config.hidden_size > 0


def test_an_mlp_without_a_stated_width_is_four_times_as_wide_as_its_model() -> None:
    config = GPTBigCodeConfig(n_embd=96, n_head=6, n_inner=None)
    assert shape_of(config).intermediate == 384


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_the_shape_counts_the_weights_of_the_model(architecture: str) -> None:
    """Against the weights of a real model; norms, biases and position embeddings are small and left out."""
    model = tiny.build_model(architecture)
    shape = shape_of(model.config)
    linear = sum(
        item.weight.numel()
        for name, item in model.named_modules()
        if isinstance(item, torch.nn.Linear) and name != "lm_head"
    )
    assert shape.weights.linear == pytest.approx(linear, rel=0.01)
    embeddings = {
        item.data_ptr(): item.numel()
        for name, item in model.named_parameters()
        if "wte" in name or "embed_tokens" in name or "lm_head" in name
    }
    assert shape.embedding_weights == sum(embeddings.values())
    counted = shape_of(model.config, model).weights
    assert counted.linear == linear
    assert counted.linear + counted.other == model.num_parameters()


def test_experts_are_counted_and_are_no_linear_layers() -> None:
    """DeepSeek-V2: a router, and the experts of a layer as two tensors of three dimensions, which nothing quantises."""
    config = DeepseekV2Config(
        vocab_size=64, hidden_size=32, intermediate_size=64, moe_intermediate_size=16, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=2, n_routed_experts=8, num_experts_per_tok=2, n_shared_experts=1,
        first_k_dense_replace=1, kv_lora_rank=8, q_lora_rank=None, qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=16,
    )  # fmt: skip
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    counted = shape_of(config, model).weights
    experts = 2 * 8 * 3 * 32 * 16  # layers, experts, matrices
    embeddings, routers = 2 * 64 * 32, 2 * 8 * 32
    assert counted.linear + counted.other == model.num_parameters()
    assert 0 <= counted.other - experts - embeddings - routers < 500  # norms


@pytest.mark.parametrize(
    ("config", "billions"),
    [(LlamaConfig(**CODELLAMA_7B), 6.74), (GPTBigCodeConfig(**STARCODER), 15.5), (Starcoder2Config(**STARCODER2_3B), 3.03)],
    ids=["CodeLlama-7b", "StarCoder", "starcoder2-3b"],
)  # fmt: skip
def test_the_shape_of_models_people_train(config: object, billions: float) -> None:
    """Parameters as their model pages state them."""
    shape = shape_of(config)  # type: ignore[arg-type]
    assert (shape.weights.linear + shape.weights.other) / 1e9 == pytest.approx(billions, rel=0.03)


def test_dropout_anywhere_is_randomness() -> None:
    assert not is_random(tiny.build_model("llama"))
    assert is_random(tiny.build_model("gpt_bigcode", resid_pdrop=0.1))
    assert is_random(
        tiny.build_model("llama", attention_dropout=0.1)
    )  # no module, a setting that layers read
    assert not is_random(
        tiny.build_model("gpt_bigcode", summary_first_dropout=0.1)
    )  # of a head for sentences
    adapted = tiny.build_model("llama")
    attach_lora(adapted, tiny.configured("lora.target_modules=auto", "lora.lora_dropout=0.1").lora, 0)
    assert is_random(adapted)
