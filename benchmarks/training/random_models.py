"""Makes models of a stated shape to train: random weights, or zeros in sparse files where random ones take too long.

Zeros take the same memory; products of zeros draw less power and run somewhat faster than those of real weights. The loss
stays at ln(vocabulary): nothing is learnt.
"""

from __future__ import annotations

import json
import math
import shutil
import struct
from pathlib import Path
from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
    "7b": {"vocab_size": 32016, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
           "num_attention_heads": 32, "num_key_value_heads": 32, "rope_theta": 1e6},
    "13b": {"vocab_size": 32016, "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40,
            "num_attention_heads": 40, "num_key_value_heads": 40, "rope_theta": 1e6},
    "34b": {"vocab_size": 32016, "hidden_size": 8192, "intermediate_size": 22016, "num_hidden_layers": 48,
            "num_attention_heads": 64, "num_key_value_heads": 8, "rope_theta": 1e6},
    "135m": {"vocab_size": 32016, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
             "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True},
    "qwen": {"model_type": "qwen2", "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944,
             "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "rope_theta": 1e6},
    "starcoder": {"model_type": "gpt_bigcode", "vocab_size": 49152, "n_embd": 6144, "n_layer": 40, "n_head": 48, "multi_query": True,
                  "n_inner": 24576, "n_positions": 8192},
    "deepseek_v2": {"model_type": "deepseek_v2", "vocab_size": 102400, "hidden_size": 2048, "intermediate_size": 10944, "moe_intermediate_size": 1408,
                    "num_hidden_layers": 27, "num_attention_heads": 16, "num_key_value_heads": 16, "q_lora_rank": None,
                    "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
                    "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1},
}  # fmt: skip
# "qwen" is Qwen2.5-Coder-7B, "deepseek_v2" DeepSeek-V2-Lite; where no model type is given it is Llama
ZEROS = ("13b", "34b", "deepseek_v2")  # 24 to 63 GiB: too many to draw and write
SHARD_BYTES = 5 * 10**9


def model_config(shape: dict[str, Any]) -> Any:
    """The configuration of its model type with these sizes."""
    from transformers import AutoConfig

    longest = {} if "n_positions" in shape else {"max_position_embeddings": 16384}
    given = {"model_type": "llama", "bos_token_id": 1, "eos_token_id": 2, **longest, **shape}
    return AutoConfig.for_model(**given)


def make_model(folder: Path, shape: str, tokenizer: Path) -> None:
    """Save a model of this shape with the tokenizer beside it."""
    config = model_config(SHAPES[shape])
    (save_zeros if shape in ZEROS else save_random)(folder, config)
    for path in tokenizer.iterdir():
        if path.is_file() and path.name not in ("config.json", "generation_config.json"):
            shutil.copy(path, folder)


def save_random(folder: Path, config: Any) -> None:
    """A model with the random weights that transformers gives it, made on the GPU."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    del model
    torch.cuda.empty_cache()


def save_zeros(folder: Path, config: Any, shard_bytes: int = SHARD_BYTES) -> None:
    """A model of zeros in bf16: safetensors files that are holes behind their headers and take no room on the disk."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    shapes = {
        name: list(tensor.shape)
        for name, tensor in model.state_dict().items()
        if name not in model.all_tied_weights_keys
    }
    folder.mkdir(parents=True, exist_ok=True)
    config.architectures, config.dtype = [type(model).__name__], "bfloat16"
    config.save_pretrained(folder)
    shards = _shards(shapes, shard_bytes)
    names = [f"model-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)]
    for name, held in zip(names, shards, strict=True):
        _write_hole(folder / name, {key: shapes[key] for key in held})
    index = {
        "metadata": {"total_size": sum(map(_bytes, shapes.values()))},
        "weight_map": {key: name for name, held in zip(names, shards, strict=True) for key in held},
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")


def _bytes(shape: list[int]) -> int:
    return 2 * math.prod(shape)


def _shards(shapes: dict[str, list[int]], limit: int) -> list[list[str]]:
    """Names in their order, cut where a file would pass `limit` bytes."""
    shards: list[list[str]] = []
    padded = 0
    for name, shape in shapes.items():
        if not shards or padded + _bytes(shape) > limit:
            shards.append([])
            padded = 0
        shards[-1].append(name)
        padded += _bytes(shape)
    return shards


def _write_hole(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file: the header's length in 8 bytes, the header, and a hole for the numbers."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + _bytes(shape)]}
        end += _bytes(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
