"""The sizes of a decoder, which configurations state under one name or another."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PretrainedConfig

# two matrices and a LayerNorm; the others have three and an RMSNorm
PLAIN_MLP = ("gpt_bigcode", "starcoder2")


@dataclass(frozen=True)
class Shape:
    """The sizes of an architecture that decide its memory."""

    layers: int
    hidden: int
    intermediate: int
    kv_hidden: int  # width of keys or values
    vocabulary: int
    tied: bool
    gated: bool  # the MLP has a gate, and norms keep a float32 copy unless they are fused

    @property
    def attention_weights(self) -> int:
        return 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_hidden

    @property
    def mlp_weights(self) -> int:
        return (3 if self.gated else 2) * self.hidden * self.intermediate

    @property
    def linear_weights(self) -> int:
        return self.layers * (self.attention_weights + self.mlp_weights)

    @property
    def embedding_weights(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied else 2)


def shape_of(config: PretrainedConfig) -> Shape:
    """Read the sizes that every decoder configuration has under one name or another."""
    text = config.get_text_config()
    return Shape(
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=getattr(text, "intermediate_size", None)
        or getattr(text, "n_inner", None)
        or 4 * text.hidden_size,
        kv_hidden=kv_heads(config) * head_dim(config),
        vocabulary=text.vocab_size,
        tied=bool(getattr(config, "tie_word_embeddings", False)),
        gated=text.model_type not in PLAIN_MLP,
    )


def head_dim(config: PretrainedConfig) -> int:
    """The width of a head's keys and values."""
    text = config.get_text_config()
    return int(getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads)


def kv_heads(config: PretrainedConfig) -> int:
    """Heads of keys and values, which several heads of queries may share."""
    text = config.get_text_config()
    if getattr(text, "multi_query", False):
        return 1
    return int(getattr(text, "num_key_value_heads", None) or text.num_attention_heads)
