"""Tiny random models of every type that AutoModelForCausalLM knows, each made from its own configuration class.

    model = build("gemma2")                        # float32, on the CPU, the same weights every time
    model = build("gemma2", final_logit_softcapping=None)
    save(folder, "gemma2")                         # with tests.tiny's tokenizer: what the scripts load

The default configuration is shrunk by the names of its attributes; what a type needs besides stands in families.py.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests import tiny
from tests.zoo.families import CHANGED

TYPES = tuple(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
VOCABULARY = 400  # of the tokenizer of tests.tiny
LAYERS = 2  # or as many as it takes to have one of every kind
SPECIAL = {"eos_token_id": 0, "pad_token_id": 1, "bos_token_id": 2}
DEVIATION = 0.1  # of vectors: biases, gates, sinks

# Attributes of configurations, and what they become where a type has them.
SIZES: dict[int, str] = {
    0: "num_nextn_predict_layers num_mtp_layers",
    1: "n_group topk_group num_shared_experts n_shared_experts moe_num_shared_experts mamba_n_groups n_groups "
    "mamba_ngroups num_expert_group first_k_dense_replace num_dense_layers num_mem_blocks",
    2: "num_experts_per_tok num_experts_per_token moe_topk moe_k n_layers n_layer num_layers decoder_layers "
    "encoder_layers num_hidden_layers num_key_value_heads num_kv_heads num_query_groups linear_num_key_heads "
    "num_encoder_layers num_decoder_layers num_blocks top_k_experts",
    4: "num_attention_heads n_head n_heads decoder_attention_heads encoder_attention_heads num_experts "
    "n_routed_experts num_local_experts moe_num_experts linear_num_heads linear_num_value_heads mamba_n_heads "
    "mamba_num_heads n_mamba_heads num_encoder_attention_heads num_decoder_attention_heads index_n_heads "
    "swa_num_attention_heads attention_heads num_heads chunk_size mamba_chunk_size qk_rope_head_dim rotary_dim "
    "index_topk linear_conv_kernel_dim mamba_d_conv conv_kernel conv_L_cache attention_chunk_size "
    "block_size sliding_window sliding_window_size window_size attention_window_size keep_window_size "
    "time_step_rank mamba_dt_rank router_hidden_size laurel_rank adapter_rank indexer_n_heads",
    8: "head_dim swa_head_dim index_head_dim linear_head_dim linear_key_head_dim linear_value_head_dim "
    "kv_lora_rank q_lora_rank o_lora_rank qk_nope_head_dim v_head_dim mamba_d_state state_size ssm_state_size "
    "indexer_head_dim kv_channels attention_head_size d_head dim_head mamba_headdim mamba_d_head mamba_head_dim "
    "hidden_size_per_layer_input hc_lowrank attention_head_dim",
    16: "moe_intermediate_size expert_ffn_hidden_size shared_expert_intermediate_size "
    "shared_experts_intermediate_size shared_intermediate_size moe_shared_expert_intermediate_size moe_latent_size",
    32: "hidden_size d_model n_embd emb_dim word_embed_proj_dim embedding_size lru_width embedding_dim "
    "attention_hidden_size input_embedding_size output_embedding_size backbone_hidden_size",
    64: "intermediate_size dense_intermediate_size prefix_dense_intermediate_size intermediate_size_mlp "
    "decoder_ffn_dim encoder_ffn_dim ffn_dim ffn_hidden_size dff dim_ff d_inner feed_forward_size n_inner "
    "mamba_d_ssm",
    512: "max_position_embeddings n_positions n_ctx max_seq_len model_max_length context_length "
    "original_max_position_embeddings max_target_positions",
    VOCABULARY: "vocab_size vocab_size_per_layer_input decoder_vocab_size unpadded_vocab_size",
}  # fmt: skip
SMALL = {name: size for size, names in SIZES.items() for name in names.split()}
_LAYERS = "num_hidden_layers n_layers n_layer num_layers decoder_layers".split()
_TOKEN = ("_token_id", "_token_index", "eod_token_id")


def tiny_config(model_type: str, **changed: Any) -> PretrainedConfig:
    """The configuration of the type's tiny model; `changed` wins over everything."""
    kind: Any = CONFIG_MAPPING[model_type]
    settings = _merged(CHANGED.get(model_type, {}), changed)
    try:
        default = kind().to_dict()
    except Exception:  # a class whose own defaults are refused by its validation
        default = kind(**settings).to_dict()
    return kind(**_merged(_shrunk(default), settings))


def _shrunk(default: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a configuration that have to be smaller, those of its parts included."""
    small: dict[str, Any] = {}
    kept = _layers(default)
    for name, value in default.items():
        if isinstance(value, dict) and (name.endswith("_config") or name == "decoder"):
            small[name] = _shrunk(value)
        elif name == "per_layer_config" and isinstance(value, dict):
            own = {
                f"{at:02}": value[f"{layer:02}"] for at, layer in enumerate(kept) if f"{layer:02}" in value
            }
            small[name] = {layer: _shrunk(item) for layer, item in own.items()}
        elif name.startswith("forced_"):
            small[name] = None  # a last token that generate() puts, whatever the model says
        elif name in SPECIAL:
            small[name] = SPECIAL[name]
        elif name.endswith(_TOKEN) and isinstance(value, int):
            small[name] = 3 if value >= 0 else value
        elif isinstance(value, list) and len(value) > 2 and len(value) == _count(default):
            small[name] = [value[layer] for layer in kept]
        elif name in _LAYERS and value:
            small[name] = len(kept)
        elif name in SMALL and isinstance(value, int) and not isinstance(value, bool):
            small[name] = SMALL[name] if SMALL[name] > 64 else min(value, SMALL[name]) if value > 0 else value
            if default.get("kv_lora_rank"):  # MLA: keys and values for every head
                small |= {
                    "num_key_value_heads": SMALL["num_attention_heads"],
                    "head_dim": SMALL["qk_rope_head_dim"],
                }
        elif ("drop" in name or "jitter" in name) and isinstance(value, float):
            small[name] = 0.0
    return small


def _count(default: dict[str, Any]) -> int:
    return next((int(default[name]) for name in _LAYERS if default.get(name)), 0)


def _layers(default: dict[str, Any]) -> list[int]:
    """The first layers, and the first of every kind that the lists of the configuration name."""
    count = _count(default)
    lists = [value for value in default.values() if isinstance(value, list) and 2 < len(value) == count]
    marked = default.get("per_layer_config") or {}
    kinds = [str([value[layer] for value in lists] + [f"{layer:02}" in marked]) for layer in range(count)]
    kept = sorted({kinds.index(kind) for kind in kinds})
    for layer in range(count):
        if len(kept) < LAYERS and layer not in kept:
            kept.append(layer)
    return sorted(kept)[:6]


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` over `base`, parts of a configuration merged key by key."""
    made = dict(base)
    for name, value in over.items():
        both = isinstance(value, dict) and isinstance(made.get(name), dict)
        made[name] = _merged(made[name], value) if both and name.endswith("_config") else value
    return made


def build(model_type: str, seed: int = 0, **changed: Any) -> PreTrainedModel:
    """The tiny model in float32, ready for evaluation; its weights depend on `seed` alone."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(tiny_config(model_type, **changed), dtype=torch.float32)
    torch.set_rng_state(state)
    randomise(model, seed)
    return model.eval()


@torch.no_grad()
def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights so large that everything matters: matrices keep the scale of their input, vectors are no zeros or ones.

    Every tensor has its own stream: one that is left out changes no other.
    """
    for number, (name, tensor) in enumerate([*model.named_parameters(), *_biases(model)]):
        if not tensor.is_floating_point():
            continue
        generator = torch.Generator().manual_seed(seed * 100_003 + number)
        noise = torch.empty_like(tensor, device="cpu").normal_(generator=generator)
        if "A_log" in name:
            tensor.copy_(noise * DEVIATION - 2)  # the state of a token lasts for about ten
        elif tensor.ndim < 2:
            tensor.nan_to_num_(0.0).add_(noise, alpha=DEVIATION)
        elif min(tensor.shape) > 0:
            tensor.copy_(noise / math.sqrt(_fan_in(name, tensor)))


def _biases(model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """What routers add to their scores, which transformers begins with zeros."""
    return [(name, item) for name, item in model.named_buffers() if "correction_bias" in name]


def _fan_in(name: str, tensor: torch.Tensor) -> int:
    if "embed" in name or "wte" in name or "wpe" in name:
        return 4  # a standard deviation of 0.5: tied, it is the head too
    return (
        tensor.shape[-1]
        if tensor.ndim == 2
        else int(tensor[0].numel())
        if tensor.shape[1] == 1
        else tensor.shape[-1]
    )


def save(folder: Path, model_type: str, seed: int = 0, **changed: Any) -> PreTrainedModel:
    """Model and tokenizer as a local folder that from_pretrained loads; the model."""
    model = build(model_type, seed, **changed)
    model.save_pretrained(folder)
    if model.config.model_type not in TYPES:  # of a part of the type, which is not loaded by itself
        tiny_config(model_type, **changed).save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return model
