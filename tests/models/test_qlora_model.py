"""QLoRA: the base really is held in 4 bits, trains on a CPU too, and plain peft loads its adapter."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from src.config import ModelConfig, QloraConfig
from src.models import qlora_model
from src.models.hardware import Hardware, decide
from src.models.loading import load_base, resolve
from src.models.lora_model import attach_lora, load_model
from src.models.qlora_model import (
    compute_dtype,
    dequantised,
    init_loftq_weights,
    keep_weights_differentiable,
    quantization_config,
)
from src.schema import UserError
from src.training.packing.loss import supervised_loss
from src.training.packing.packs import make_pack
from src.training.utils import total_parameters
from tests import tiny
from tests.training.encoded import tiny_samples
from tests.zoo import builders

CPU: ModelConfig = tiny.configured("model.device=cpu").model
QLORA: QloraConfig = tiny.configured().qlora
PROMPT = torch.tensor([[2, 30, 31, 32, 33, 34]])


def _base(folder: Path, **changed: object) -> torch.nn.Module:
    return load_base(str(folder), CPU, decide(CPU), dataclasses.replace(QLORA, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_every_linear_layer_but_the_head_is_held_in_nf4_with_double_quantisation(
    tiny_models: dict[str, Path], architecture: str
) -> None:
    import bitsandbytes as bnb

    model = _base(tiny_models[architecture])
    linear = {name: item for name, item in model.named_modules() if isinstance(item, torch.nn.Linear)}
    assert len(linear) > 8
    for name, layer in linear.items():
        if name == "lm_head":
            assert layer.weight.dtype == torch.float32
            continue
        assert isinstance(layer.weight, bnb.nn.Params4bit), name
        assert layer.weight.dtype == torch.uint8
        assert layer.weight.numel() * 2 == layer.in_features * layer.out_features
        state = layer.weight.quant_state
        assert (state.quant_type, state.nested) == ("nf4", True)
        assert layer.compute_dtype == torch.float32


def test_the_keys_of_the_config_reach_the_weights(tiny_model: Path) -> None:
    layer = _base(tiny_model, quant_type="fp4", use_double_quant=False).model.layers[0].mlp.up_proj
    assert (layer.weight.quant_state.quant_type, layer.weight.quant_state.nested) == ("fp4", False)


def test_eight_bits_load_too(tiny_model: Path) -> None:
    layer = _base(tiny_model, bits=8).model.layers[0].mlp.up_proj
    assert layer.weight.dtype == torch.int8


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_gradients_reach_the_adapter_through_4_bit_weights_and_nothing_else(
    tiny_models: dict[str, Path], architecture: str
) -> None:
    lora = tiny.configured("lora.r=4", "lora.target_modules=auto").lora
    model = attach_lora(_base(tiny_models[architecture]), lora, 0).train()  # type: ignore[arg-type]
    supervised_loss(model, make_pack(tiny_samples(3)), "sdpa").backward()
    touched = {name for name, item in model.named_parameters() if item.grad is not None}
    assert touched
    assert all("lora_" in name for name in touched)
    assert all(item.grad.abs().max() > 0 for name, item in model.named_parameters() if "lora_B" in name)


def test_4_bits_err_as_much_as_nf4_does(tiny_model: Path) -> None:
    """NF4 of normal weights has a relative error of 0.08 to 0.1; bitsandbytes 0.50.2 on this model: 0.09."""
    full = load_base(str(tiny_model), CPU, decide(CPU))
    exact = full.model.layers[0].mlp.down_proj.weight
    held = dequantised(_base(tiny_model).model.layers[0].mlp.down_proj.weight)
    assert 0.05 < ((held - exact).norm() / exact.norm()).item() < 0.12


def test_a_validation_pass_changes_no_gradient_of_the_next_step(tmp_path: Path) -> None:
    """With AVX-512 BF16 bitsandbytes packs the weights anew in evaluation mode, for products without a backward pass:
    gradients were off by 88 %."""
    builders.save(tmp_path, "llama", hidden_size=64, head_dim=16, intermediate_size=128)
    model = attach_lora(_base(tmp_path), tiny.configured("lora.r=4").lora, 0)  # type: ignore[arg-type]
    for name, item in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(item, std=0.1, generator=torch.Generator().manual_seed(0))

    def gradients() -> torch.Tensor:
        model.train().zero_grad()
        supervised_loss(model, make_pack(tiny_samples(3)), "sdpa").backward()
        return torch.cat([item.grad.flatten() for item in model.parameters() if item.grad is not None])

    before = gradients()
    with torch.no_grad():
        supervised_loss(model.eval(), make_pack(tiny_samples(3)), "sdpa")
    torch.testing.assert_close(gradients(), before)


def test_values_that_depend_on_the_machine_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qlora_model, "_has_avx512", lambda: True)
    for width, said in ((32, ["model.layers.0.self_attn.q_proj"]), (64, [])):
        builders.save(tmp_path / str(width), "llama", hidden_size=width, head_dim=16, intermediate_size=128)
        caplog.clear()
        _base(tmp_path / str(width))
        warned = [record.args[0] for record in caplog.records if record.name == qlora_model.__name__]  # type: ignore[index]
        assert warned == said


def test_parameters_are_counted_as_weights_not_as_bytes(tiny_model: Path) -> None:
    full = load_base(str(tiny_model), CPU, decide(CPU))
    assert total_parameters(_base(tiny_model)) == total_parameters(full)


@pytest.mark.parametrize(
    ("requested", "device", "dtype", "expected"),
    [
        ("auto", "cpu", torch.float32, torch.float32),
        ("bfloat16", "cpu", torch.float32, torch.bfloat16),
        ("float32", "cpu", torch.bfloat16, torch.float32),
        ("auto", "cuda", torch.float16, torch.float16),
        ("auto", "cuda", torch.bfloat16, torch.bfloat16),
    ],
)
def test_the_compute_type_is_what_the_device_does_fast(
    requested: str, device: str, dtype: torch.dtype, expected: torch.dtype
) -> None:
    hardware = Hardware(device, dtype, "test", 8)
    config = dataclasses.replace(QLORA, compute_dtype=requested)
    assert compute_dtype(config, hardware) == expected
    assert quantization_config(config, hardware).bnb_4bit_compute_dtype == expected


def test_an_adapter_trained_on_4_bits_is_loaded_on_4_bits(tiny_qlora_adapter: Path) -> None:
    reference = resolve(str(tiny_qlora_adapter))
    assert reference.quantization == QLORA
    model = load_model(reference, merge=True, config=CPU, hardware=decide(CPU))
    assert model.get_base_model().model.layers[0].mlp.up_proj.weight.dtype == torch.uint8  # type: ignore[union-attr]


def test_plain_peft_loads_it_on_a_4_bit_base(tiny_qlora_adapter: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)  # fmt: skip
    named = json.loads((tiny_qlora_adapter / "adapter_config.json").read_text())["base_model_name_or_path"]
    base = AutoModelForCausalLM.from_pretrained(named, quantization_config=config, dtype=torch.float32)
    keep_weights_differentiable(base)
    theirs = PeftModel.from_pretrained(base, tiny_qlora_adapter)(PROMPT).logits
    ours = load_model(resolve(str(tiny_qlora_adapter)), config=CPU, hardware=decide(CPU))(PROMPT).logits
    torch.testing.assert_close(theirs, ours)


def test_loftq_brings_base_and_adapter_nearer_to_the_full_weights(tiny_model: Path) -> None:
    """With a scaling that is not 1, which the initial weights must allow for."""
    lora = tiny.configured("lora.r=8", "lora.lora_alpha=32", "lora.target_modules=auto").lora
    full = load_base(str(tiny_model), CPU, decide(CPU))
    model = attach_lora(_base(tiny_model), lora, 0)  # type: ignore[arg-type]
    init_loftq_weights(model, full)  # type: ignore[arg-type]
    for name, layer in model.named_modules():
        if not name.endswith(("q_proj", "o_proj")):
            continue
        exact = full.get_submodule(name.removeprefix("base_model.model.")).weight
        held = dequantised(layer.get_base_layer().weight)
        update = layer.get_delta_weight("default")
        assert (held + update - exact).norm() < 0.85 * (held - exact).norm()


def test_a_quantised_module_is_not_trained_in_full(tiny_model: Path) -> None:
    lora = tiny.configured("lora.target_modules=auto", "lora.modules_to_save=[up_proj]").lora
    with pytest.raises(UserError, match=r"up_proj is quantised.*lm_head.*train_lora\.py"):
        attach_lora(_base(tiny_model), lora, 0)  # type: ignore[arg-type]
