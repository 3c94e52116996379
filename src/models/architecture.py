"""The decoder of a model, and its sizes, which configurations state under one name or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

# two matrices and a LayerNorm; the others have three and an RMSNorm
PLAIN_MLP = ("gpt_bigcode", "starcoder2")
_OTHER_HEADS = ("summary_", "classifier_")  # dropouts of heads that a language model has not


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
    counted: Weights | None = None  # in the model itself

    @property
    def weights(self) -> Weights:
        """As counted, else those of a plain decoder of these sizes, without norms and biases."""
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_hidden
        mlp = (3 if self.gated else 2) * self.hidden * self.intermediate
        return self.counted or Weights(self.layers * (attention + mlp), self.embedding_weights)

    @property
    def embedding_weights(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied else 2)


@dataclass(frozen=True)
class Weights:
    """How many numbers a model holds."""

    linear: int  # in linear layers but the head, which are what is quantised
    other: int  # embeddings, head, norms; experts, which are one tensor a layer


def shape_of(config: PretrainedConfig, model: PreTrainedModel | None = None) -> Shape:
    """Read the sizes that decoder configurations have under one name or another, and count the weights of `model`.

    Where layers differ the largest counts; layers without attention count as ones with as many keys as units.
    """
    text = config.get_text_config()
    hidden = _hidden(text)
    return Shape(
        layers=_largest(getattr(text, "num_hidden_layers", 1)),
        hidden=hidden,
        intermediate=_largest(_stated(text, "intermediate_size"))
        or _largest(_stated(text, "n_inner"))
        or 4 * hidden,
        kv_hidden=kv_heads(config) * head_dim(config),
        vocabulary=text.vocab_size,
        tied=bool(getattr(config, "tie_word_embeddings", False)),
        gated=text.model_type not in PLAIN_MLP,
        counted=None if model is None else _counted(model),
    )


def _counted(model: PreTrainedModel) -> Weights:
    head = model.get_output_embeddings()
    linear = sum(
        module.weight.numel()
        for module in model.modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and module is not head
    )
    return Weights(linear, sum(weight.numel() for weight in model.parameters()) - linear)


def head_dim(config: PretrainedConfig) -> int:
    """The width of a head's keys and values."""
    text = config.get_text_config()
    stated = _largest(_stated(text, "head_dim"))
    return stated or _hidden(text) // _heads(text)


def kv_heads(config: PretrainedConfig) -> int:
    """Heads of keys and values, which several heads of queries may share."""
    text = config.get_text_config()
    if getattr(text, "multi_query", False):
        return 1
    return _largest(_stated(text, "num_key_value_heads")) or _heads(text)


def _hidden(text: PretrainedConfig) -> int:
    """Units of the model; of one made of several decoders (BLT) those of the widest."""
    parts = [getattr(text, name) for name in text.sub_configs]
    return _largest([getattr(part, "hidden_size", None) for part in (text, *parts)])


def _heads(text: PretrainedConfig) -> int:
    """Heads of queries; 1 where there is no attention."""
    return _largest(_stated(text, "num_attention_heads")) or 1


def _stated(text: PretrainedConfig, name: str) -> Any:
    """An attribute; a list of it where layers differ, of which transformers refuses to name one (Gemma 4)."""
    try:
        return getattr(text, name, None)
    except RuntimeError:
        return [getattr(layer, name, None) for layer in text.per_layer_config]


def _largest(value: Any) -> int:
    """A size, or the largest of a list with one for each layer; 0 where none is stated."""
    sizes = value if isinstance(value, list | tuple) else [value]
    return max((int(size) for size in sizes if isinstance(size, int | float)), default=0)


def plain_model(model: torch.nn.Module) -> PreTrainedModel:
    """The model of transformers itself, without peft's wrapper."""
    inner = model if isinstance(model, PreTrainedModel) else model.get_base_model()  # type: ignore[operator]
    assert isinstance(inner, PreTrainedModel)
    return inner


def decoder_of(base: PreTrainedModel) -> PreTrainedModel:
    """The decoder without its head; `base` itself where that is not a module of its own."""
    decoder = base.get_decoder()
    if not isinstance(decoder, PreTrainedModel):  # ModernBERT's `decoder` is its head
        decoder = base.base_model
    return decoder if isinstance(decoder, PreTrainedModel) else base


def is_random(model: PreTrainedModel) -> bool:
    """Whether a forward pass in training draws random numbers: a dropout, as a module or in the settings of one."""
    settings = model.config.get_text_config().to_dict().items()
    stated = [value for name, value in settings if "drop" in name and not name.startswith(_OTHER_HEADS)]
    modules = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    return any(value > 0 for value in [*stated, *modules] if isinstance(value, float))
