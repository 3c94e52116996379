"""Every method of the configuration trains, saves, and loads again in plain peft."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from src.data.preprocessing import Encoded
from src.models.hardware import decide
from src.models.loading import resolve
from src.models.lora_model import load_model
from src.schema import UserError
from src.training.job import prepare
from src.training.packing.loss import supervised_loss
from src.training.packing.packs import make_pack
from src.training.trainer import fine_tune
from tests import tiny

PROMPT = torch.tensor([[2, 30, 31, 32, 33, 34]])
CPU = tiny.configured("model.device=cpu").model
METHODS = {
    "rslora": ["lora.use_rslora=true"],
    "dora": ["lora.use_dora=true"],
    "pissa": ["lora.init_lora_weights=pissa"],
    "pissa, rslora": ["lora.init_lora_weights=pissa", "lora.use_rslora=true"],
    "lora+": ["training.loraplus_lr_ratio=16"],
    "neftune": ["training.neftune_noise_alpha=5"],
    "all-linear": ["lora.target_modules=all-linear"],
    "modules_to_save": ["lora.modules_to_save=[lm_head]"],
    "biases": ["lora.bias=lora_only"],
    "adamw_8bit": ["training.optim=adamw_8bit"],
    "chat": ["prompt.template=chat"],
}
QUANTISED = {
    "qlora": [],
    "qlora, loftq": ["lora.init_lora_weights=loftq"],
    "qlora, dora": ["lora.use_dora=true"],
    "qlora, 8 bits": ["qlora.bits=8"],
    "qlora, all-linear": ["lora.target_modules=all-linear"],
}


def _train(model: Path, data: Path, output: Path, method: str, changes: list[str]) -> Path:
    config = tiny.config(model, data, output, "training.max_steps=2", *changes)
    return fine_tune(config, method).folder


def _losses(folder: Path) -> list[float]:
    history = json.loads((folder / "run.json").read_text())["history"]
    return [item["eval_loss"] for item in history if "eval_loss" in item]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_saves_and_loads_in_plain_peft(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, name: str
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = _train(tiny_model, tiny_data, tmp_path, "lora", METHODS[name])
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    untrained = base(PROMPT).logits
    theirs = PeftModel.from_pretrained(base, folder).eval()(PROMPT).logits
    ours = load_model(resolve(str(folder)), config=CPU, hardware=decide(CPU))(PROMPT).logits
    torch.testing.assert_close(theirs, ours)
    assert not torch.allclose(theirs, untrained, atol=1e-5)
    merged = load_model(resolve(str(folder)), merge=True, config=CPU, hardware=decide(CPU))(PROMPT).logits
    torch.testing.assert_close(merged, ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", QUANTISED)
def test_a_method_on_a_quantised_base_trains_saves_and_loads_again(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, name: str
) -> None:
    folder = _train(tiny_model, tiny_data, tmp_path, "qlora", QUANTISED[name])
    model = load_model(resolve(str(folder)), config=CPU, hardware=decide(CPU))
    assert torch.isfinite(model(PROMPT).logits).all()
    assert _losses(folder)[-1] > 0


@pytest.mark.parametrize(
    "changes", [METHODS["pissa"], METHODS["pissa, rslora"]], ids=["pissa", "pissa, rslora"]
)
def test_pissas_plain_adapter_has_the_loss_that_was_validated(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, changes: list[str]
) -> None:
    """It was trained on a changed base; what is saved belongs to the unchanged one."""
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2", *changes)
    done = fine_tune(config, "lora")
    saved = json.loads((done.folder / "adapter_config.json").read_text())
    assert (saved["r"], saved["init_lora_weights"]) == (8, True)  # twice the rank of 4
    model = load_model(resolve(str(done.folder)), config=CPU, hardware=decide(CPU))
    assert _validation(model, prepare(config, "lora").validation.samples) == pytest.approx(
        done.metrics["validation_loss"], rel=1e-5
    )
    assert not (tmp_path / "lora" / "first_weights").exists()


def _validation(model: torch.nn.Module, samples: list[Encoded]) -> float:
    with torch.no_grad():
        return supervised_loss(model, make_pack(samples), "sdpa").item() / sum(
            item.supervised for item in samples
        )


def test_training_continues_from_an_adapter(
    tiny_model: Path, tiny_data: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    before = json.loads((tiny_adapter / "run.json").read_text())["metrics"]["validation_loss"]
    folder = _train(
        tiny_model, tiny_data, tmp_path, "lora", [f"lora.continue_from={tiny_adapter}", "lora.r=16"]
    )
    assert _losses(folder)[-1] < before
    assert json.loads((folder / "adapter_config.json").read_text())["r"] == 4  # the adapter's own


def test_an_adapter_that_is_not_there_cannot_be_continued(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match=r"lora\.continue_from: no adapter in .*none"):
        _train(tiny_model, tiny_data, tmp_path, "lora", [f"lora.continue_from={tmp_path / 'none'}"])
