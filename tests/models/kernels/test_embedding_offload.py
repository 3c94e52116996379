"""Embeddings in main memory give the same numbers, and are refused where that is not supported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from src.data.preprocessing import Encoded
from src.models.hardware import Hardware
from src.models.kernels.embedding_offload import MainMemoryEmbedding, offload_embeddings, offload_options
from src.models.loading import load_base
from src.models.lora_model import attach_lora
from src.schema import UserError
from src.training.packing.loss import supervised_loss
from src.training.packing.packs import make_pack
from src.training.utils import total_parameters
from tests import tiny

GPU, CPU = SimpleNamespace(device="cuda"), SimpleNamespace(device="cpu")


def _step(model: PreTrainedModel, checkpointing: bool, noise: float) -> tuple[torch.Tensor, list[Any]]:
    """Loss and gradients of one pack of three samples."""
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    adapted = attach_lora(model, tiny.configured().lora, seed=1).train()
    samples = [Encoded(str(n), list(range(5 + n, 25 + 3 * n)), 6) for n in range(3)]
    torch.manual_seed(7)
    loss = supervised_loss(adapted, make_pack(samples), "sdpa", noise)
    loss.backward()
    return loss.detach(), [item.grad for item in adapted.parameters() if item.requires_grad]


@pytest.mark.parametrize(("checkpointing", "noise"), [(False, 0.0), (True, 0.0), (False, 5.0)])
def test_losses_and_gradients_are_the_same_bits(checkpointing: bool, noise: float) -> None:
    plain, offloaded = tiny.build_model("llama"), tiny.build_model("llama")
    offload_embeddings(offloaded)
    assert isinstance(offloaded.get_input_embeddings(), MainMemoryEmbedding)
    (loss, grads), (other_loss, other_grads) = (
        _step(each, checkpointing, noise) for each in (plain, offloaded)
    )
    assert torch.equal(loss, other_loss)
    assert len(grads) == len(other_grads) > 4
    assert all(torch.equal(one, other) for one, other in zip(grads, other_grads, strict=True))
    assert any(grad.abs().max() > 0 for grad in grads)


def test_a_4_bit_base_keeps_its_weights_while_memory_is_defragmented(tiny_model: Path) -> None:
    config = tiny.configured()
    hardware = Hardware("cpu", torch.float32, "test", 1)
    base = load_base(str(tiny_model), config.model, hardware, config.qlora)
    ids = torch.arange(40)[None]
    with torch.no_grad():
        before, count = base(input_ids=ids).logits, total_parameters(base)
        weights = {name: weight.clone() for name, weight in base.named_parameters()}
        offload_embeddings(base)
        after = base(input_ids=ids).logits
    assert torch.equal(before, after)
    assert total_parameters(base) == count
    left = dict(base.named_parameters())
    assert weights.keys() - left.keys() == {"model.embed_tokens.weight"}
    assert all(torch.equal(weight, weights[name]) for name, weight in left.items())
    assert {type(weight).__name__ for weight in left.values()} == {"Parameter", "Params4bit"}


def test_the_table_is_neither_saved_nor_moved() -> None:
    model = tiny.build_model("llama")
    offload_embeddings(model)
    embedding = model.get_input_embeddings()
    assert not embedding.state_dict()
    assert model.to("meta").get_input_embeddings().table.device.type == "cpu"


def _llama(**changed: Any) -> Any:
    return tiny.build_model("llama", **changed)


def _scaled() -> Any:
    """A model whose embeddings are more than a table, as Gemma's are."""

    class Scaled(torch.nn.Embedding):
        pass

    model = _llama()
    model.set_input_embeddings(Scaled(400, 32))
    return model


def test_it_is_tried_last_unless_required() -> None:
    lora = tiny.configured().lora
    assert offload_options("auto", _llama(), GPU, lora, "") == (False, True)  # type: ignore[arg-type]
    assert offload_options(True, _llama(), GPU, lora, "") == (True,)  # type: ignore[arg-type]
    assert offload_options(False, _llama(), GPU, lora, "") == (False,)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "hardware", "changes", "sharding", "reason"),
    [
        (lambda: _llama(tie_word_embeddings=True), GPU, [], "", "this model makes its logits with the same"),
        (lambda: tiny.build_model("gpt_bigcode"), GPU, [], "", "this model makes its logits with the same"),
        (_scaled, GPU, [], "", r"this model's input embeddings are more than a table \(Scaled\)"),
        (_llama, CPU, [], "", "there is no GPU in use"),
        (_llama, GPU, [], "fsdp", "fsdp shards the weights among the GPUs"),
        (_llama, GPU, ["lora.modules_to_save=[embed_tokens]"], "", "lora.modules_to_save may train"),
    ],
)
def test_true_says_why_it_is_not_supported_and_auto_does_without(
    model: Callable[[], Any], hardware: Any, changes: list[str], sharding: str, reason: str
) -> None:
    lora = tiny.configured(*changes).lora
    with pytest.raises(UserError, match=rf"^training.offload=true, but {reason}.*; or set .*=auto$"):
        offload_options(True, model(), hardware, lora, sharding)
    assert offload_options("auto", model(), hardware, lora, sharding) == (False,)
