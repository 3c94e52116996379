"""Plain training loops to compare with: transformers and peft as they come, on padded batches with all logits."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

BATCH = 4  # samples padded to one length
ACCUMULATED = 4  # such batches per optimizer step, in the ancestor's settings


def load_samples(model: Path, data: Path, overrides: Sequence[str]) -> Any:
    """The training samples as the scripts see them, none longer than data.max_length."""
    from transformers import AutoTokenizer

    from src.config import load_config
    from src.data.dataset import load_split
    from src.data.preprocessing import encode_split

    config = load_config(overrides=[f"data.dataset_path={data}", *overrides])
    tokenizer = AutoTokenizer.from_pretrained(model)
    examples = load_split(config.data, "train")
    return encode_split(tokenizer, examples, config.data.max_length, config.prompt.template).samples


def padded(model: Path, data: Path, overrides: Sequence[str], steps: int) -> dict[str, Any]:
    """bf16, padded batches of 4, checkpointing, logits everywhere, AdamW."""
    import torch

    adapted = _adapted(model, torch.bfloat16, quantised=False)
    optimizer = torch.optim.AdamW(_trained(adapted), lr=2e-4)

    def update(loss: Any) -> None:
        loss.backward()
        optimizer.step()

    batches = _padded_batches(load_samples(model, data, overrides))
    return {
        "name": "plain loop: padded batches of 4, checkpointing",
        **_measured(adapted, optimizer, batches, update, steps, 1, torch.autocast("cuda", torch.bfloat16)),
    }


def ancestor(model: Path, data: Path, overrides: Sequence[str], steps: int, method: str) -> dict[str, Any]:
    """The settings of the project that this one grew from.

    fp16, padded batches of 4, 4 of them accumulated, checkpointing, logits everywhere, paged 32-bit AdamW, r 16 with
    dropout 0.05; for QLoRA a base in NF4 with double quantisation.
    """
    import torch
    from bitsandbytes.optim import PagedAdamW32bit

    adapted = _adapted(model, torch.float16, quantised=method == "qlora")
    optimizer = PagedAdamW32bit(_trained(adapted), lr=2e-4)
    scaler = torch.amp.GradScaler("cuda")
    done = count(1)

    def update(loss: Any) -> None:
        scaler.scale(loss / ACCUMULATED).backward()
        if next(done) % ACCUMULATED == 0:
            scaler.step(optimizer)
            scaler.update()

    batches = _padded_batches(load_samples(model, data, overrides))
    return {
        "name": f"the ancestor's settings, {'QLoRA' if method == 'qlora' else 'LoRA'}",
        **_measured(
            adapted, optimizer, batches, update, steps, ACCUMULATED, torch.autocast("cuda", torch.float16)
        ),
    }


def _adapted(folder: Path, dtype: Any, quantised: bool) -> Any:
    """The base with checkpointing and an adapter on its attention layers, in training mode."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    from src.models.lora_model import target_modules

    gc.collect()  # an earlier loop's model
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    options: dict[str, Any] = {}
    if quantised:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )  # fmt: skip
    place = {"": 0 if torch.cuda.is_available() else "cpu"}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, device_map=place, **options)
    model.config.use_cache = False
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
    names = target_modules(model, "auto")
    return get_peft_model(
        model,
        LoraConfig(r=16, lora_alpha=32, lora_dropout=0.05, target_modules=names, task_type="CAUSAL_LM"),
    ).train()


def _trained(model: Any) -> list[Any]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _padded_batches(samples: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """Batches padded on the right, each with its tokens that are no padding, without end."""
    import torch

    for first in count(0, BATCH):
        batch = [samples[(first + place) % len(samples)] for place in range(BATCH)]
        ids = torch.zeros(BATCH, max(map(len, batch)), dtype=torch.long)
        labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
        for row, sample in enumerate(batch):
            ids[row, : len(sample)] = torch.tensor(sample.input_ids)
            labels[row, sample.prompt_length : len(sample)] = ids[row, sample.prompt_length : len(sample)]
            mask[row, : len(sample)] = 1
        yield {"input_ids": ids, "attention_mask": mask, "labels": labels}, sum(map(len, batch))


def _measured(
    model: Any,
    optimizer: Any,
    batches: Iterator[tuple[dict[str, Any], int]],
    update: Callable[[Any], None],
    steps: int,
    accumulated: int,
    autocast: AbstractContextManager[Any],
) -> dict[str, Any]:
    """Real tokens per second over the last two thirds of the optimizer steps, and the peak of all of them."""
    import torch

    cuda = torch.cuda.is_available()
    wait: Callable[[], Any] = torch.cuda.synchronize if cuda else nullcontext
    place = "cuda" if cuda else "cpu"
    tokens, began, loss = 0, time.perf_counter(), None

    for step in range(steps):
        if step == steps // 3:
            wait()
            tokens, began = 0, time.perf_counter()
        for _ in range(accumulated):
            batch, real = next(batches)
            with autocast:
                loss = model(**{key: value.to(place) for key, value in batch.items()}).loss
            update(loss)
            tokens += real
        optimizer.zero_grad()
    wait()
    return {
        "tokens_per_s": round(tokens / (time.perf_counter() - began)),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if cuda else 0.0,
        "last_loss": round(float(loss.detach()), 4),
    }
