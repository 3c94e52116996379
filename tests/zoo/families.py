"""What a type's tiny configuration needs besides being small, and how each special feature is switched off."""

from __future__ import annotations

from typing import Any

_DECODER = {"is_decoder": True}  # without it these are encoders that see the tokens to come
_ROPE = {"rope_type": "default", "rope_theta": 10000.0}
_MULTIPLIERS = {
    "logits_scaling": 4.0,
    "residual_multiplier": 0.5,
    "embedding_multiplier": 3.0,
    "attention_multiplier": 0.6,
}
_MAMBA_HEADS = {"mamba_n_heads": 8, "mamba_d_head": 8}  # their product is mamba_expand * hidden_size
_LINEAR = ["linear_attention", "full_attention"]
_WINDOWED = ["sliding_attention", "full_attention"]
_GEMMA = {"final_logit_softcapping": 3.0}
_WIDE = {"per_layer_config": {"01": {"head_dim": 16}}}  # heads of full attention are wider
_CONV = ["conv", "full_attention"]
_LLAMA4 = {
    "num_hidden_layers": 2,
    "layer_types": ["chunked_attention", "full_attention"],
    "no_rope_layers": [1, 0],
    "moe_layers": [1],
    "floor_scale": 4,
    "attn_scale": 0.5,
}
_ASSISTANT = {
    "hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 0, "num_kv_shared_layers": 2, "num_hidden_layers": 2,
}  # fmt: skip

CHANGED: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        "bert camembert data2vec-text electra ernie megatron-bert rembert roberta roberta-prelayernorm roc_bert "
        "roformer xlm-roberta xlm-roberta-xl bert-generation".split(),
        _DECODER,
    ),
    "beam": _GEMMA,
    "bamba": {"attn_layer_indices": [1], **_MAMBA_HEADS},
    "big_bird": {**_DECODER, "attention_type": "original_full"},
    "bigbird_pegasus": {"attention_type": "original_full"},
    "blt": {
        "encoder_hash_byte_group_vocab": 64, "local_attention_window_len": 4,
        "encoder_config": {"hidden_size_global": 64}, "decoder_config": {"hidden_size_global": 64},
        "global_config": {"hidden_size": 64, "head_dim": 16},
    },
    "cohere": {"logit_scale": 0.25},
    "cohere2": {"logit_scale": 0.25},
    "cohere2_moe": {"logit_scale": 0.25},
    "cohere_compass_text": {
        "layer_types": _WINDOWED, "logit_scale": 0.25,
        "rope_parameters": {"full_attention": _ROPE, "sliding_attention": _ROPE},
    },
    "dbrx": {
        "attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2, "clip_qkv": 1.0}, "ffn_config": {"moe_top_k": 2},
        "num_key_value_heads": 2,
    },
    "deepseek_v4": {"compress_rates": {"compressed_sparse_attention": 2, "heavily_compressed_attention": 4}},
    "deepseek_v2": {"num_experts_per_tok": 2},
    "dots1": {
        "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1, "layer_types": _WINDOWED,
        "routed_scaling_factor": 2.0,
    },
    "dots3_note": {"text_config": {"head_dim": 12}, "vision_config": {"adapter_in_dim": 32, "adapter_out_dim": 32}, "audio_config": {"adapter_input_size": 32, "adapter_output_size": 32}},
    "dots3_note_text": {"head_dim": 12},
    "falcon_h1": {
        **_MAMBA_HEADS, "lm_head_multiplier": 0.5, "embedding_multiplier": 2.0, "key_multiplier": 0.5,
        "mlp_multipliers": [0.5, 2.0], "ssm_multipliers": [0.5, 0.7, 1.3, 0.9, 1.1],
    },
    "gemma2": {**_GEMMA, "attn_logit_softcapping": 2.0, "query_pre_attn_scalar": 2},
    "gemma3": {"text_config": {"sliding_window": 4, "query_pre_attn_scalar": 4}},
    "gemma3n": {"text_config": {"num_hidden_layers": 4}},
    "gemma3n_text": {
        **_GEMMA, "num_hidden_layers": 4, "layer_types": _WINDOWED * 2, "num_kv_shared_layers": 2,
        "intermediate_size": [64] * 4, "activation_sparsity_pattern": [0.5, 0.0, 0.0, 0.0],
    },
    "gemma4_assistant": {"text_config": {**_ASSISTANT, "layer_types": _WINDOWED}},
    "gemma4_unified_assistant": {"text_config": {**_ASSISTANT, "layer_types": _WINDOWED}},
    "gemma3_text": {"query_pre_attn_scalar": 4, "final_logit_softcapping": 3.0},
    "gemma4": {"text_config": _GEMMA | _WIDE},
    "gemma4_text": _GEMMA | _WIDE,
    "gemma4_unified": {"text_config": _GEMMA | _WIDE},
    "gemma4_unified_text": _GEMMA | _WIDE,
    "flint": {"mlp_only_layers": [0]},
    "hyperclovax": _MULTIPLIERS,
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_offset": 0},
    "laguna": {"layer_types": _WINDOWED, "num_attention_heads_per_layer": [4, 4]},
    "llama4": {"text_config": _LLAMA4},
    "llama4_text": _LLAMA4,
    "longcat_flash": {"zero_expert_num": 2},
    "mellum": {"layer_types": _WINDOWED},
    "minimax": {"linear_attn_alpha_factor": 2.0, "full_attn_alpha_factor": 0.5},
    "minimax_m3_vl_text": {
        "index_block_size": 4, "index_topk_blocks": 2, "layer_types": ["full_attention", "minimax_m3_sparse"],
    },
    "nanochat": _GEMMA,
    "phi3": {"sliding_window": 4},
    "recurrent_gemma": {"num_hidden_layers": 3, "logits_soft_cap": 3.0},
    "starcoder2": {"sliding_window": 4},
    "vaultgemma": {**_GEMMA, "attn_logit_softcapping": 1.0, "query_pre_attn_scalar": 4},
    "xlstm": {"output_logit_soft_cap": 3.0},
    "git": {"image_size": 32, "patch_size": 16},
    "granite": _MULTIPLIERS,
    "granite_swa": _MULTIPLIERS,
    "granitemoe": _MULTIPLIERS,
    "granitemoe_swa": _MULTIPLIERS,
    "granitemoeshared": {**_MULTIPLIERS, "shared_intermediate_size": 16},
    "granitemoehybrid": {**_MULTIPLIERS, **_MAMBA_HEADS, "layer_types": _LINEAR},
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8, "num_experts": 4, "moe_topk": 2},
    "inkling2_text": {"swa_num_key_value_heads": 2, "rel_extent": 16, "n_layers_per_attn_res_block": 1, **_GEMMA},
    "inkling_text": {"swa_num_key_value_heads": 2, "rel_extent": 16},
    "lfm2": {"layer_types": _CONV, "num_hidden_layers": 2},
    "lfm2_moe": {"layer_types": _CONV},
    "mamba2": {"num_heads": 8},
    "minicpm3": {"dim_model_base": 8, "scale_emb": 3.0},
    "ministral": {"head_dim": 8, "layer_types": _WINDOWED},
    "nemotron": {"num_key_value_heads": 2},
    "qwen4_exp_text": {
        "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 8, "indexer_budget": 8,
        "indexer_compress_ratio": 2, "ple_layer_ids": [1], "ple_embed_dim": 32, "ngram_vocab_size_base": 50,
        "make_ngram_vocab_size_divisible_by": 1, "split_ngram_parts": 1,
    },
    "reformer": {
        **_DECODER, "axial_pos_embds": False, "hidden_size": 32, "local_attn_chunk_length": 8, "lsh_attn_chunk_length": 8,
        "attn_layers": ["local", "lsh"],
    },
    "roc_bert": {
        **_DECODER, "pronunciation_vocab_size": 16, "shape_vocab_size": 16, "pronunciation_embed_dim": 8,
        "shape_embed_dim": 8,
    },
    "xlm": {"causal": True},
    "xmod": {**_DECODER, "default_language": "en_XX"},
    "zamba": {
        "num_hidden_layers": 5, "attention_hidden_size": 64, "attention_head_dim": 16,
        "layers_block_type": ["linear_attention", "hybrid"] * 2 + ["linear_attention"], "num_key_value_heads": 4,
    },
    "zamba2": {
        "num_hidden_layers": 4, "layers_block_type": ["linear_attention", "hybrid"] * 2, "num_key_value_heads": 4,
        "num_query_groups": 4, "mamba_headdim": 16, "attention_hidden_size": 64, "attention_head_dim": 16,
    },
}  # fmt: skip
CHANGED["qwen4_exp"] = {"text_config": CHANGED["qwen4_exp_text"]}

# Attributes with the value at which they change nothing: the loss has to move when one is set to it.
OFF: dict[str, Any] = {
    **dict.fromkeys(
        "sliding_window sliding_window_size window_size attention_window_size keep_window_size attention_chunk_size "
        "index_topk indexer_budget index_topk_blocks local_attention_window_len".split(),
        512,
    ),
    **dict.fromkeys(
        "logit_scale logits_scaling residual_multiplier embedding_multiplier lm_head_multiplier key_multiplier scale_emb "
        "routed_scaling_factor router_scaling_factor route_scale logits_mup_width_multiplier scale_depth "
        "attention_value_scale linear_attn_alpha_factor full_attn_alpha_factor".split(),
        1.0,
    ),
    **dict.fromkeys(
        "logits_soft_cap output_logit_soft_cap final_logit_softcapping attn_logit_softcapping".split(), 1e4
    ),
    "clip_qkv": None,
    "attention_multiplier": 8**-0.5,
    "attn_temperature_tuning": False,
    "dim_model_base": 32,
    "query_pre_attn_scalar": 8,
}
# Parts of names of weights, and what switches them off: a sink takes no share, a state or a convolution no past.
WEIGHTS_OFF = ("sink", "A_log", "conv1d.weight", "conv.conv.weight")
# What is set and changes nothing.
INERT = {
    ("beam", "routed_scaling_factor"): "a norm follows",
    ("moshi", "sliding_window"): "stock code reads it in its generation alone",
    ("inkling_text", "sliding_window_size"): "weights have its size",
    ("inkling2_text", "sliding_window_size"): "weights have its size",
}
# Examined at every run: each kind of attention, of recurrence and of what stands before the logits.
SELECTED = (
    "llama mistral qwen2 qwen3 starcoder2 gpt_bigcode granite granitemoehybrid granite_swa cohere2 gemma gemma2 gemma3_text "
    "gemma4_text gemma3n_text gpt_oss falcon falcon_h1 bloom gpt2 gpt_neo gpt_neox gptj mpt phi3 nemotron jamba mamba2 lfm2 "
    "minimax recurrent_gemma qwen3_next olmo_hybrid deepseek_v3 deepseek_v32 minicpm3 llama4_text doge diffllama "
    "modernbert-decoder opt biogpt bert bart qwen2_moe dbrx cpmant mimo_v2_flash".split()
)
# What is not right yet: a traceback, or a refusal of what stock code trains. A type that is fixed must leave this list.
FAULTS = {
    "deepseek_v4": "auto names a layer whose weight is used in groups, without its module",
}
