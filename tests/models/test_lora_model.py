"""Adapters: which layers they adapt, which of them are refused, and that plain peft reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from src.config import LoraConfig, ModelConfig
from src.models.hardware import decide
from src.models.loading import resolve
from src.models.lora_model import attach_lora, load_model, target_modules
from src.schema import UserError
from tests import tiny
from tests.zoo import builders

PROMPT = torch.tensor([[2, 30, 31, 32, 33, 34]])
CPU: ModelConfig = tiny.configured("model.device=cpu").model


def _lora(*changes: str) -> LoraConfig:
    options = ("r=4", "target_modules=auto", *changes)
    return tiny.configured(*(f"lora.{option}" for option in options)).lora


def _load(folder: Path, base: str | None = None, merge: bool = False) -> torch.nn.Module:
    return load_model(resolve(str(folder), base), merge=merge, config=CPU, hardware=decide(CPU))


def _adapted_layers(model: torch.nn.Module) -> set[str]:
    return {
        name.split(".lora_A")[0].split(".", 2)[2] for name, _ in model.named_parameters() if "lora_A" in name
    }


@pytest.mark.parametrize(
    ("architecture", "wanted"),
    [
        ("llama", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("starcoder2", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("qwen2", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("gpt_bigcode", {"c_attn", "c_proj"}),
    ],
)
def test_auto_adapts_the_attention_projections_and_nothing_else(architecture: str, wanted: set[str]) -> None:
    layers = _adapted_layers(attach_lora(tiny.build_model(architecture), _lora(), 0))
    assert {layer.split(".")[-1] for layer in layers} == wanted
    assert all("attn" in layer for layer in layers)
    assert len(layers) == 2 * len(wanted)  # two blocks


@pytest.mark.parametrize("continued", [False, True])
def test_what_is_trained_on_a_base_in_float16_is_in_float32(continued: bool, tmp_path: Path) -> None:
    model = tiny.build_model("qwen2").half()
    adapted = attach_lora(model, _lora("bias=all", "modules_to_save=[lm_head]"), 0)
    if continued:
        adapted.save_pretrained(tmp_path)
        adapted = attach_lora(tiny.build_model("qwen2").half(), _lora(f"continue_from={tmp_path}"), 0)
    trained = {name: item.dtype for name, item in adapted.named_parameters() if item.requires_grad}
    assert {"lora_A", "lora_B"} <= {part for name in trained for part in name.split(".")}
    assert any("lm_head" in name for name in trained)
    assert set(trained.values()) == {torch.float32}
    frozen = {item.dtype for item in adapted.parameters() if not item.requires_grad}
    assert frozen == {torch.float16}


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_all_linear_adapts_every_linear_layer_but_the_head(architecture: str) -> None:
    model = tiny.build_model(architecture)
    linear = {name for name, item in model.named_modules() if type(item).__name__ in ("Linear", "Conv1D")}
    assert len(linear) > 8
    found = _adapted_layers(attach_lora(model, _lora("target_modules=all-linear"), 0))
    assert found == linear - {"lm_head"}


@pytest.mark.parametrize(
    ("architecture", "name", "existing"),
    [("llama", "c_attn", "q_proj"), ("gpt_bigcode", "q_proj", "c_attn"), ("llama", "proj", "v_proj")],
)
def test_a_layer_that_is_not_there_is_refused_with_those_that_are(
    architecture: str, name: str, existing: str
) -> None:
    with pytest.raises(UserError, match=rf"has no layer {name}; it has .*{existing}.*or use auto"):
        attach_lora(tiny.build_model(architecture), _lora(f"target_modules=[{name}]"), 0)


def test_a_module_to_train_in_full_must_exist() -> None:
    with pytest.raises(
        UserError, match=r"lora\.modules_to_save: LlamaForCausalLM has no module head; it has.*lm_head"
    ):
        attach_lora(tiny.build_model(), _lora("modules_to_save=[head]"), 0)


def test_the_initial_weights_depend_on_the_seed_alone() -> None:
    first, same, other = (attach_lora(tiny.build_model(), _lora(), seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_a_fresh_adapter_changes_no_answer() -> None:
    model = tiny.build_model()
    before = model(PROMPT).logits
    torch.testing.assert_close(attach_lora(model, _lora(), 0).eval()(PROMPT).logits, before)


def test_only_the_adapter_is_trainable() -> None:
    model = attach_lora(tiny.build_model(), _lora(), 0)
    assert {name.split(".")[-3] for name, item in model.named_parameters() if item.requires_grad} == {
        "lora_A",
        "lora_B",
    }


def test_a_merged_adapter_answers_as_the_adapter_does(tiny_adapter: Path) -> None:
    separate, merged = _load(tiny_adapter)(PROMPT).logits, _load(tiny_adapter, merge=True)(PROMPT).logits
    torch.testing.assert_close(merged, separate, rtol=1e-5, atol=1e-5)


def test_plain_peft_and_transformers_load_the_adapter(tiny_adapter: Path, tiny_model: Path) -> None:
    from peft import AutoPeftModelForCausalLM, PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ours = _load(tiny_adapter)(PROMPT).logits
    theirs = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), tiny_adapter)
    torch.testing.assert_close(theirs(PROMPT).logits, ours)
    torch.testing.assert_close(AutoPeftModelForCausalLM.from_pretrained(tiny_adapter)(PROMPT).logits, ours)
    assert not torch.equal(AutoModelForCausalLM.from_pretrained(tiny_model)(PROMPT).logits, ours)
    assert AutoTokenizer.from_pretrained(tiny_adapter).eos_token == tiny.END


@pytest.mark.parametrize(
    ("model_type", "expected"),
    [
        ("gpt_neox", ["attention.dense", "attention.query_key_value"]),
        ("bloom", ["self_attention.dense", "self_attention.query_key_value"]),
        ("falcon", ["self_attention.dense", "self_attention.query_key_value"]),
        ("gpt_neo", [f"attention.{name}_proj" for name in ("k", "out", "q", "v")]),
        ("ctrl", [f"multi_head_attention.{name}" for name in ("Wk", "Wq", "Wv", "dense")]),
        ("mamba", ["mixer.dt_proj", "mixer.in_proj", "mixer.x_proj"]),  # peft refuses out_proj
    ],
)
def test_auto_finds_attention_by_structure(model_type: str, expected: list[str]) -> None:
    assert target_modules(builders.build(model_type), "auto") == expected


def test_the_part_that_sees_images_is_not_adapted() -> None:
    model = builders.build("gemma3")
    for wanted in ("auto", "all-linear"):
        adapted = attach_lora(model, _lora(f"target_modules={wanted}"), 0)
        names = [name for name, _ in adapted.named_modules() if name.endswith("lora_A.default")]
        assert len(names) >= 8
        assert all("language_model" in name for name in names)
        model = adapted.unload()


def test_all_linear_says_what_it_means_for_a_mixture_of_experts(caplog: pytest.LogCaptureFixture) -> None:
    attach_lora(builders.build("qwen2_moe"), _lora("target_modules=all-linear"), 0)
    assert "of this mixture of experts" in caplog.text
    assert "q_proj" in caplog.text


def test_gates_of_attention_that_peft_takes_for_those_of_experts_are_left_out() -> None:
    adapted = attach_lora(builders.build("afmoe"), _lora("target_modules=auto"), 0)
    names = {name.split(".")[-3] for name, _ in adapted.named_modules() if name.endswith("lora_A.default")}
    assert names == {"q_proj", "k_proj", "v_proj", "o_proj"}


def test_what_peft_refuses_is_one_line() -> None:
    with pytest.raises(UserError, match=r"peft cannot adapt MambaForCausalLM so \(.*out_proj.*\); set lora"):
        attach_lora(builders.build("mamba"), _lora("target_modules=[out_proj]"), 0)
