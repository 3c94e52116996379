"""The benchmark's models of zeros are what transformers and the scripts read, and its loops and peers give rows."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from benchmarks import emulation
from benchmarks.training import fp8, gpu
from benchmarks.training.peers import PEERS, run_peer
from benchmarks.training.random_models import SHAPES, model_config, save_zeros
from src.models.architecture import shape_of
from src.models.kernels import fused_lora
from src.training import trainer as training
from src.training.trainer import fine_tune
from tests import tiny

LLAMA = {
    "vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip
QWEN = LLAMA | {"model_type": "qwen2"}
BIGCODE = {
    "model_type": "gpt_bigcode",
    "vocab_size": 400, "n_embd": 32, "n_layer": 2, "n_head": 4, "multi_query": True, "n_inner": 64,
    "n_positions": 512,
}  # fmt: skip


DEEPSEEK = {
    "model_type": "deepseek_v2",
    "vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "moe_intermediate_size": 16,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "q_lora_rank": None,
    "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8, "n_routed_experts": 4,
    "n_shared_experts": 1, "num_experts_per_tok": 2, "first_k_dense_replace": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    "shape", [LLAMA, QWEN, BIGCODE, DEEPSEEK], ids=["llama", "qwen2", "gpt_bigcode", "deepseek_v2"]
)
def test_a_model_of_zeros_loads_whole_and_takes_no_disk(tmp_path: Path, shape: dict[str, int]) -> None:
    save_zeros(tmp_path, model_config(shape), shard_bytes=20_000)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) > 2
    assert all(file.stat().st_blocks * 512 < 16_384 for file in files)
    model, found = AutoModelForCausalLM.from_pretrained(
        tmp_path, output_loading_info=True, use_safetensors=True
    )
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    assert all(not weight.any() for weight in model.parameters())
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text(encoding="utf-8"))
    assert index["metadata"]["total_size"] == 2 * sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize("shape", [LLAMA, BIGCODE], ids=["llama", "gpt_bigcode"])
def test_qlora_on_zeros_has_the_loss_of_a_guess(
    tmp_path: Path, tiny_data: Path, shape: dict[str, int]
) -> None:
    """Equal logits for every token: ln(vocabulary). 4-bit blocks of zeros give no NaN."""
    save_zeros(tmp_path / "model", model_config(shape))
    tiny.tokenizer().save_pretrained(tmp_path / "model")
    made = fine_tune(
        tiny.config(tmp_path / "model", tiny_data, tmp_path / "out", "training.max_steps=2"), "qlora"
    )
    history = json.loads((made.folder / "run.json").read_text(encoding="utf-8"))["history"]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    assert losses == pytest.approx([math.log(400)] * 2, rel=1e-5)
    assert made.metrics["validation_loss"] == pytest.approx(math.log(400), rel=1e-5)
    assert made.metrics["offload"] is False


@pytest.mark.parametrize(
    ("shape", "billions"),
    [("7b", 6.74), ("13b", 13.0), ("34b", 33.7), ("starcoder", 15.5), ("135m", 0.125)],
)
def test_the_shapes_are_of_the_size_they_are_named_for(shape: str, billions: float) -> None:
    """Parameters as the models' pages state them; 135m has a smaller vocabulary than SmolLM2's 49,152."""
    counted = shape_of(model_config(SHAPES[shape]))
    assert (counted.weights.linear + counted.weights.other) / 1e9 == pytest.approx(billions, rel=0.03)


def test_deepseeks_shape_has_the_size_that_its_page_states() -> None:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(model_config(SHAPES["deepseek_v2"]))
    assert model.num_parameters() / 1e9 == pytest.approx(15.7, rel=0.01)


def test_an_emulated_t4_refuses_bfloat16_in_either_direction() -> None:
    number = torch.ones(2, requires_grad=True)
    with emulation.Watch() as watch:
        (number.half() * 2).sum().backward()
    assert watch.operations >= 5
    for forward in (torch.Tensor.bfloat16, _Bfloat16Gradient.apply):
        with pytest.raises(emulation.NotOnThisCardError, match="bfloat16 in"), emulation.Watch():
            forward(number).sum().backward()


class _Bfloat16Gradient(torch.autograd.Function):
    """Adds in bfloat16, on its way back only."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return grads[0].bfloat16().float()


def test_an_emulated_training_looks_at_every_operation_up_to_the_end_of_the_first_step(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(training, "add_callbacks", emulation.watched(training.add_callbacks))
    config = tiny.config(tiny_model, tiny_data, tmp_path, "model.dtype=float16", "training.max_steps=3")
    assert fine_tune(config, "lora").metrics["steps"] == 3
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith(emulation.REPORT))
    assert int(line.split()[-2].replace(",", "")) > 1000


def test_runs_that_did_not_fail_are_not_made_again_on_such_a_machine(tmp_path: Path) -> None:
    result: dict[str, Any] = {"environment": {"gpu": "H200"}, "steps": 40, "rows": []}
    path = tmp_path / "rows.json"
    assert gpu.kept_rows(None, result) == gpu.kept_rows(path, result) == []
    rows = [{"name": "LoRA", "peak_gib": 1.5}, {"name": "QLoRA", "failed": "error: no memory"}]
    path.write_text(json.dumps(result | {"rows": rows}), encoding="utf-8")
    assert gpu.kept_rows(path, result) == rows[:1]
    assert gpu.kept_rows(path, result | {"steps": 100}) == []


def test_several_gpus_have_as_many_samples_each_as_one_and_as_many_processes_as_gpus() -> None:
    run = next(run for run in gpu.GROUPS["four"] if run.name == "QLoRA, 4 GPUs, DDP")
    assert run.changes == ("training.batch_size=128",)
    assert run.launcher[-2:] == ("--num_processes", "4")


@pytest.mark.skipif(importlib.util.find_spec("trl") is not None, reason="trl is installed")
def test_a_peer_that_is_not_installed_is_a_row_that_says_so(tmp_path: Path) -> None:
    row = run_peer("trl-lora", tmp_path, tmp_path, [], 3)
    assert row == {"name": PEERS["trl-lora"].name, "failed": "trl is not installed: pip install trl"}


def test_products_in_fp8_are_those_of_the_rounded_numbers_in_both_directions() -> None:
    torch.manual_seed(0)
    weight = fp8.Float8Weight(torch.randn(48, 32))
    x, grad = torch.randn(2, 5, 32, requires_grad=True), torch.randn(2, 5, 48)

    def rounded(rows: torch.Tensor) -> torch.Tensor:
        codes, scales = fp8.quantise(rows.reshape(-1, rows.shape[-1]))
        return (codes.double() * scales.double()).view(rows.shape)

    exact = weight.codes.double() * weight.scales.double()
    out = torch.nn.functional.linear(x, weight, torch.ones(48))  # type: ignore[arg-type]
    torch.testing.assert_close(out.double(), rounded(x) @ exact.T + 1, rtol=1e-5, atol=1e-5)
    back = rounded(grad * weight.scales.T) @ weight.codes.double()
    torch.testing.assert_close((grad @ weight).double(), back, rtol=1e-5, atol=1e-5)  # type: ignore[operator]
    assert torch.cosine_similarity(back.flatten(), (grad.double() @ exact).flatten(), 0) > 0.998


@pytest.mark.parametrize("fused", [True, False])
def test_a_training_on_an_fp8_base_learns_as_on_the_plain_one(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    fused: bool,
) -> None:
    def losses(out: str) -> list[float]:
        changes = ("training.max_steps=3", "training.logging_steps=1", "training.learning_rate=1e-2")
        made = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / out, *changes), "lora")
        history = json.loads((made.folder / "run.json").read_text(encoding="utf-8"))["history"]
        return [entry["loss"] for entry in history if "loss" in entry]

    plain = losses("plain")
    used: list[int] = []
    monkeypatch.setattr(training, "attach_lora", fp8.converting(training.attach_lora))
    monkeypatch.setattr(fused_lora, "_is_plain", lambda module: fused)
    monkeypatch.setattr(fused_lora, "_weight", fp8.weight_of(fused_lora._weight))
    monkeypatch.setattr(fp8.Float8Weight, "back", _counted(fp8.Float8Weight.back, used))
    rounded = losses("rounded")
    assert "14 layers of the base in FP8" in capsys.readouterr().err  # 7 in each of 2 layers; not the head
    assert len(used) >= 3 * 13  # what lies before the first layer's adapters needs no gradient
    assert rounded == pytest.approx(plain, rel=0.01)
    assert rounded != plain


def _counted(function: Any, calls: list[int]) -> Any:
    def counted(*args: Any) -> Any:
        calls.append(1)
        return function(*args)

    return counted
