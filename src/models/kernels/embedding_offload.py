"""Keeps the frozen input embeddings in main memory: a pack needs a few of their rows, and a GPU their whole room."""

from __future__ import annotations

import torch
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel

from src.config import LoraConfig
from src.models.hardware import Hardware
from src.schema import UserError


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


def offload_ways(
    wanted: bool | str, config: PretrainedConfig, hardware: Hardware, lora: LoraConfig, sharding: str
) -> tuple[bool, ...]:
    """The ways to try, the faster first; `wanted` is training.offload: "auto", True or False.

    Raises UserError where it is asked for and cannot be had.
    """
    if wanted is False:
        return (False,)
    hindrance = _hindrance(config, hardware, lora, sharding)
    if hindrance and wanted is True:
        raise UserError(f"training.offload=true, but {hindrance}; set training.offload=auto")
    if hindrance:
        return (False,)
    return (True,) if wanted is True else (False, True)


def _hindrance(config: PretrainedConfig, hardware: Hardware, lora: LoraConfig, sharding: str) -> str:
    """What stands in the way; empty where nothing does."""
    if hardware.device != "cuda":
        return "there is no GPU in use to keep the embeddings out of"
    if sharding:
        return f"{sharding} divides the weights among the GPUs"
    if getattr(config, "tie_word_embeddings", False):
        return "this model makes its logits with the same matrix (tie_word_embeddings)"
    if lora.modules_to_save != "none":
        return "lora.modules_to_save may train the embeddings"
    return ""


def offload_embeddings(model: PreTrainedModel) -> None:
    """Move the input embeddings of a loaded, frozen model to main memory, and the other weights together.

    Raises UserError for embeddings that are more than a table.
    """
    embedding = model.get_input_embeddings()
    head = model.get_output_embeddings()
    tied = head is not None and head.weight is embedding.weight
    if type(embedding) is not torch.nn.Embedding or embedding.max_norm is not None or tied:
        raise UserError(
            f"the input embeddings of {type(model).__name__} cannot be kept apart ({type(embedding).__name__}"
            f"{', tied to the output' if tied else ''}); set training.offload=false"
        )
    model.set_input_embeddings(MainMemoryEmbedding(embedding.weight))
    del embedding
    _lay_end_to_end(model)


def _lay_end_to_end(model: torch.nn.Module) -> None:
    """Take all weights out of the GPU's memory and put them back in one row.

    Loading and quantising leave gaps between them, too small for what training needs and lost to it.
    """
    weights = list(model.parameters())
    places = [weight.device for weight in weights]
    for weight in weights:
        weight.data = weight.data.to("cpu", copy=True)
    torch.cuda.empty_cache()  # does nothing where no GPU is in use
    for weight, place in zip(weights, places, strict=True):
        weight.data = weight.data.to(place)
