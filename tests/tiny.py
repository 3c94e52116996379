"""Tiny random models, a tokenizer trained on the spot, and a tiny prepared data set: nothing is fetched."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    GPTBigCodeConfig,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Starcoder2Config,
)

from src.config import Config, load_config
from src.data.preparation import prepare_data
from src.yaml_text import DEFAULTS

END = "<|end|>"
PAD = "<|pad|>"
START = "<|start|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
ARCHITECTURES = ("llama", "starcoder2", "gpt_bigcode", "qwen2")
ROWS = 40  # rows of the tiny data set
_WORDS = ("apples", "rivers", "stones", "clouds", "lamps", "boats", "birds", "rings")


def rows(count: int = ROWS) -> list[dict[str, str]]:
    """Alpaca rows of very different lengths, each unlike the others; a third with an input."""
    made = []
    for number in range(count):
        word = _WORDS[number % len(_WORDS)]
        lines = [f"print({number * 7 + line}, '{word}')" for line in range(1 + number * 5 % 9)]
        made.append(
            {
                "instruction": f"Write Python case {number * number + 3} that prints {word} and {number}.",
                "input": f"{word} = {number}" if number % 3 == 0 else "",
                "output": "\n".join(lines),
                "language": "python",
            }
        )
    return made


@functools.cache
def tokenizer() -> PreTrainedTokenizerBase:
    """A byte-level BPE tokenizer of 400 tokens with start, end and padding token and a chat template."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[END, PAD, START],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_corpus(), trainer)
    raw.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", pair=f"{START} $A $B", special_tokens=[(START, raw.token_to_id(START))]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token=END,
        pad_token=PAD,
        bos_token=START,
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = CHAT_TEMPLATE
    return made


def _corpus() -> Iterator[str]:
    from src.data.preprocessing import render_prompt

    for row in rows(200):
        yield render_prompt(row["instruction"], row["input"]) + row["output"]


def model_config(architecture: str, **changed: Any) -> PretrainedConfig:
    """Two layers, hidden size 32, four heads; two key-value heads (one in GPTBigCode)."""
    special = {"eos_token_id": 0, "pad_token_id": 1, "bos_token_id": 2}
    modern = {
        "vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, **special,
    }  # fmt: skip
    if architecture == "llama":
        return LlamaConfig(**modern | {"tie_word_embeddings": False} | changed)
    if architecture == "qwen2":
        return Qwen2Config(**modern | {"tie_word_embeddings": True} | changed)
    if architecture == "starcoder2":
        quiet = {"residual_dropout": 0.0, "embedding_dropout": 0.0, "attention_dropout": 0.0}
        return Starcoder2Config(**modern | {"sliding_window": None} | quiet | changed)
    if architecture == "gpt_bigcode":
        quiet = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
        small = {"vocab_size": 400, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}
        return GPTBigCodeConfig(**small | quiet | special | changed)
    raise ValueError(f"unknown architecture {architecture!r}; expected {', '.join(ARCHITECTURES)}")


def chain_model(tokens: Sequence[int]) -> PreTrainedModel:
    """A model that continues each token of `tokens`, all of which differ, with the one after it."""
    model = build_model("llama", hidden_size=512, head_dim=8)
    with torch.no_grad():
        for layer in model.model.layers:  # nothing but the embedding of the last token reaches the head
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        known = torch.eye(400, 512)  # (v, hidden), orthogonal
        model.model.embed_tokens.weight.copy_(known)
        model.lm_head.weight.zero_()
        model.lm_head.weight[list(tokens[1:])] = known[list(tokens[:-1])]
    model.generation_config.eos_token_id = None
    return model


def build_model(architecture: str = "llama", seed: int = 0, **changed: Any) -> PreTrainedModel:
    """A random model in float32 whose weights depend on `seed` alone."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(model_config(architecture, **changed), dtype=torch.float32)
    torch.set_rng_state(state)
    return model.eval()


def save_model(folder: Path, architecture: str = "llama", seed: int = 0, **changed: Any) -> Path:
    """Model and tokenizer as a local folder that from_pretrained loads."""
    build_model(architecture, seed, **changed).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def save_data(folder: Path, count: int = ROWS) -> Path:
    """A prepared data set: train, validation and test with their card, as download_data.py writes them."""
    source = folder.parent / f"{folder.name}-source.jsonl"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(count)), encoding="utf-8")
    changes = ["validation_fraction=0.15", "test_fraction=0.15", "near_duplicate_threshold=1"]
    overrides = [f"data.{change}" for change in changes]
    config = load_config(DEFAULTS, [*overrides, f"data.dataset_path={folder}"])
    prepare_data(config.data, "file", [str(source)])
    return folder


def overrides(model: Path | str, data: Path, output_dir: Path, *more: str) -> list[str]:
    """`section.key=value` for a training run of seconds on a tiny model; `more` wins."""
    return [
        f"model.base_model={model}",
        "model.device=cpu",
        f"data.dataset_path={data}",
        "data.max_length=256",
        "lora.target_modules=auto",
        "lora.r=4",
        f"training.output_dir={output_dir}",
        "training.num_train_epochs=2",
        "training.batch_size=8",
        "training.learning_rate=5e-3",
        "training.logging_steps=1",
        "training.eval_steps=2",
        "training.save_steps=2",
        "training.report_to=none",
        "evaluation.num_samples=4",
        "evaluation.max_new_tokens=12",
        "evaluation.bootstrap_resamples=100",
        *more,
    ]


def config(model: Path | str, data: Path, output_dir: Path, *more: str) -> Config:
    """The configuration of such a run."""
    return load_config(DEFAULTS, overrides(model, data, output_dir, *more))


def flags(model: Path | str, data: Path, output_dir: Path, *more: str) -> list[str]:
    """The same as the flags that every script takes."""
    return [word for item in overrides(model, data, output_dir, *more) for word in ("--set", item)]


def configured(*overrides: str) -> Config:
    """The defaults with `section.key=value` changed."""
    return load_config(overrides=list(overrides))
