"""Keeps the frozen input embeddings in main memory: a pack needs few of their rows, and the GPU needs the memory."""

from __future__ import annotations

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from src.config import LoraConfig
from src.models.hardware import Hardware
from src.models.switches import switched_on


class MainMemoryEmbedding(torch.nn.Module):
    """Token ids (b, t) on any device -> their rows (b, t, h) there, looked up in main memory.

    The table (v, h) is no parameter: nothing moves it to a GPU, saves it or sends it to other processes.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.table = weight.detach().cpu()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        rows = functional.embedding(ids.cpu(), self.table)
        return rows.pin_memory().to(ids.device, non_blocking=True) if ids.is_cuda else rows


def offload_options(
    setting: bool | str, model: PreTrainedModel, hardware: Hardware, lora: LoraConfig, sharding: str
) -> tuple[bool, ...]:
    """Whether to offload: the options to try, the faster first; `setting` is training.offload: "auto", True or False.

    Raises UserError where it is True and not supported.
    """
    possible = switched_on("training.offload", setting, lambda: _obstacle(model, hardware, lora, sharding))
    return (setting is True,) if setting is True or not possible else (False, True)


def _obstacle(model: PreTrainedModel, hardware: Hardware, lora: LoraConfig, sharding: str) -> str:
    """Why embeddings cannot be offloaded; empty where they can."""
    if hardware.device != "cuda":
        return "there is no GPU in use to keep the embeddings out of"
    if sharding:
        return f"{sharding} shards the weights among the GPUs"
    table, head = model.get_input_embeddings(), model.get_output_embeddings()
    if getattr(model.config, "tie_word_embeddings", False) or (head and head.weight is table.weight):
        return "this model makes its logits with the same matrix (tie_word_embeddings)"
    if type(table) is not torch.nn.Embedding or table.max_norm is not None:
        return f"this model's input embeddings are more than a table ({type(table).__name__})"
    if lora.modules_to_save != "none":
        return "lora.modules_to_save may train the embeddings"
    return ""


def offload_embeddings(model: PreTrainedModel) -> None:
    """Move the input embeddings of a loaded, frozen model to main memory, and close the gap in GPU memory."""
    embedding = model.get_input_embeddings()
    assert type(embedding) is torch.nn.Embedding  # offload_options has made sure
    model.set_input_embeddings(MainMemoryEmbedding(embedding.weight))
    del embedding
    _defragment(model)


def _defragment(model: torch.nn.Module) -> None:
    """Move all weights out of the GPU's memory and back, end to end.

    Loading and quantising leave gaps between them that are too small for training to use.
    """
    weights = list(model.parameters())
    places = [weight.device for weight in weights]
    for weight in weights:
        weight.data = weight.data.to("cpu", copy=True)
    torch.cuda.empty_cache()  # does nothing where no GPU is in use
    for weight, place in zip(weights, places, strict=True):
        weight.data = weight.data.to(place)
