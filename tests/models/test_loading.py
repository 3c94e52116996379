"""A reference is an adapter with its base or a full model, and what cannot be loaded says why."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    CLIPConfig,
    CodeGenConfig,
    PretrainedConfig,
    ResNetConfig,
    T5Config,
)

from src.models import embedded, loading
from src.models.architecture import shape_of
from src.models.hardware import Hardware, decide
from src.models.loading import ModelReference, load_base, loading_errors, location, resolve, skeleton
from src.models.lora_model import attach_lora
from src.schema import UserError
from tests import tiny

CPU = tiny.configured("model.device=cpu").model


@pytest.mark.parametrize(
    ("reference", "hub"),
    [
        ("org/model", True),
        (embedded.EMBEDDED_MODEL, True),
        ("model", False),
        ("a/b/c", False),
        ("./org/model", False),
        ("~/model", False),
        ("checkpoints/lora", False),
        ("models/mine", False),
    ],
)
def test_two_words_that_are_no_folder_of_the_project_are_a_hub_id(reference: str, hub: bool) -> None:
    if hub:
        assert resolve(reference) == ModelReference(reference)
    else:
        with pytest.raises(UserError, match=rf"no model at {reference}: no such folder"):
            resolve(reference)


def test_a_folder_is_an_adapter_a_model_or_refused_with_its_content(
    tiny_adapter: Path, tiny_qlora_adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    assert resolve(str(tiny_adapter)) == ModelReference(str(tiny_model), tiny_adapter)
    qlora = resolve(str(tiny_qlora_adapter))
    assert (qlora.adapter, qlora.quantization) == (tiny_qlora_adapter, tiny.configured().qlora)
    assert resolve(str(tiny_model)) == ModelReference(str(tiny_model))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match=r"no adapter and no model in .* \(found: notes\.txt\)"):
        resolve(str(tmp_path))


def _copy(adapter: Path, folder: Path, **changed: bytes | None) -> Path:
    """A copy of an adapter with files replaced, or removed where the new content is None."""
    shutil.copytree(adapter, folder)
    for name, content in changed.items():
        path = folder / name.replace("__", ".")
        path.unlink() if content is None else path.write_bytes(content)
    return folder


def test_a_base_given_by_hand_wins_over_the_one_named(tiny_adapter: Path, tiny_model: Path) -> None:
    assert resolve(str(tiny_adapter)).base == str(tiny_model)
    assert resolve(str(tiny_adapter), "org/other").base == "org/other"


def test_an_adapter_that_names_no_base_asks_for_one(tiny_adapter: Path, tmp_path: Path) -> None:
    settings = json.loads((tiny_adapter / "adapter_config.json").read_text())
    nameless = json.dumps(settings | {"base_model_name_or_path": None}).encode()
    broken = _copy(tiny_adapter, tmp_path / "a", run__json=None, adapter_config__json=nameless)
    with pytest.raises(UserError, match=r"does not name its base model in run.*; give --base_model"):
        resolve(str(broken))


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[1]"])
def test_a_damaged_run_json_is_named(tiny_adapter: Path, tmp_path: Path, content: bytes) -> None:
    broken = _copy(tiny_adapter, tmp_path / "a", run__json=content)
    with pytest.raises(UserError, match=r"run\.json"):
        resolve(str(broken))


GONE = [
    "/home/someone/llama",
    "./llama",
    "models/llama",
    "a/b/c",
    "C:\\\\models\\\\llama",
    "~/llama",
    "llama/",
]


def _naming(adapter: Path, folder: Path, base: str) -> Path:
    """A copy of an adapter that was trained elsewhere, on `base`."""
    settings = json.loads((adapter / "adapter_config.json").read_text()) | {"base_model_name_or_path": base}
    return _copy(adapter, folder, run__json=None, adapter_config__json=json.dumps(settings).encode())


@pytest.mark.parametrize("base", GONE)
def test_a_base_that_is_gone_is_no_matter_of_the_hub(tiny_adapter: Path, tmp_path: Path, base: str) -> None:
    folder = _naming(tiny_adapter, tmp_path / "a", base)
    with pytest.raises(UserError, match=re.escape(f", {base}, is not on this machine; give --base_model")):
        resolve(str(folder))
    with pytest.raises(UserError, match=re.escape(f"no base model at {base}: no such folder")):
        resolve(str(folder), base)
    with pytest.raises(UserError, match=re.escape(f"no model at {base}: no such folder")):
        location(base)


@pytest.mark.parametrize("base", ["org/model", "gpt2", "code.org/model-7b_v1", embedded.EMBEDDED_MODEL])
def test_a_base_that_may_be_on_the_hub_stays_its_id(tiny_adapter: Path, tmp_path: Path, base: str) -> None:
    folder = _naming(tiny_adapter, tmp_path / "a", base)
    assert resolve(str(folder)) == ModelReference(base, folder)


@pytest.mark.parametrize(
    "named", [embedded.HUB_ID, "/home/someone/.cache/huggingface/code-alpaca-models/smollm2-135m"]
)
def test_an_adapter_of_the_embedded_model_needs_no_hub(
    tiny_adapter: Path, tmp_path: Path, named: str
) -> None:
    folder = _naming(tiny_adapter, tmp_path / "a", named)
    assert resolve(str(folder)).base == embedded.EMBEDDED_MODEL
    assert resolve(str(folder), embedded.HUB_ID).base == embedded.HUB_ID  # as a user says it


def test_a_folder_of_results_names_those_in_it(tiny_adapter: Path, tmp_path: Path) -> None:
    for name in ("checkpoint-2", "final", "checkpoint-10"):
        shutil.copytree(tiny_adapter, tmp_path / "ck/lora" / name)
    for given in ("ck/lora", "ck"):
        with pytest.raises(
            UserError, match=r"It holds \S*ck/lora/final, \S*checkpoint-\d+.*: give one of them"
        ):
            resolve(str(tmp_path / given))


def test_of_an_adapter_and_a_model_in_one_folder_the_adapter_is_used_and_said(
    tiny_adapter: Path, tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = Path(shutil.copytree(tiny_adapter, tmp_path / "both"))
    shutil.copytree(tiny_model, both, dirs_exist_ok=True)
    assert resolve(str(both)) == ModelReference(str(tiny_model), both)
    assert f"the adapter is used, on {tiny_model}." in caplog.text
    assert resolve(str(both), str(both)) == ModelReference(str(both), both)
    elsewhere = _naming(both, tmp_path / "elsewhere", "/home/someone/llama")
    assert resolve(str(elsewhere)) == ModelReference(str(elsewhere), elsewhere)


def test_a_base_is_loaded_without_an_adapter_that_lies_beside_it(
    tiny_adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """transformers would load it unasked."""
    both = Path(shutil.copytree(tiny_adapter, tmp_path / "both"))
    shutil.copytree(tiny_model, both, dirs_exist_ok=True)
    loaded, plain = (load_base(str(place), CPU, decide(CPU)) for place in (both, tiny_model))
    ids = torch.tensor([[5, 6, 7]])
    assert torch.equal(loaded(ids).logits, plain(ids).logits)
    assert not any("lora" in name for name, _ in loaded.named_parameters())


def test_an_adapter_is_no_base(tiny_adapter: Path) -> None:
    with pytest.raises(UserError, match=r"is an adapter and no base model: .*--from_adapter.*--merge_to"):
        location(str(tiny_adapter))


def test_the_embedded_model_is_loaded_from_its_converted_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "embedded_model", lambda: Path("/cache/converted"))
    assert location(embedded.EMBEDDED_MODEL) == "/cache/converted"
    assert location("org/model") == "org/model"


def test_weights_are_loaded_in_the_type_of_the_hardware(tiny_model: Path) -> None:
    config = tiny.configured("model.device=cpu", "model.dtype=bfloat16").model
    model = load_base(str(tiny_model), config, decide(config))
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        OSError("Cannot allocate memory (os error 12)"),
        UserError("said already"),
    ],
)
def test_running_out_of_memory_is_no_fault_of_the_files(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, loading_errors("model", str(tmp_path)):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        ("please pass trust_remote_code=True", "brings its own Python code; read it, then set"),
        ("Error no file named model.safetensors found", "pickled ones are refused"),
        ("use ignore_mismatched_sizes", "its weights have other shapes than its config.json states"),
        (
            "Couldn't instantiate the backend tokenizer from",
            r"has no tokenizer\.json; copy it from the model",
        ),
        ("something else\n  in two lines", "cannot load the model of .*: something else in two lines$"),
    ],
)
def test_other_errors_are_one_line_with_a_remedy(tmp_path: Path, raised: str, message: str) -> None:
    with pytest.raises(UserError, match=message), loading_errors("model", str(tmp_path)):
        raise ValueError(raised)


def test_no_service_converts_pickled_weights(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISABLE_SAFETENSORS_CONVERSION", raising=False)
    options: dict[str, object] = {}
    real = AutoModelForCausalLM.from_pretrained

    def load(*words: object, **named: object) -> object:
        options.update(named, disabled=os.environ.get("DISABLE_SAFETENSORS_CONVERSION"))
        return real(*words, **named)

    monkeypatch.setattr(loading.AutoModelForCausalLM, "from_pretrained", load)
    load_base(str(tiny_model), CPU, decide(CPU))
    assert (options["disabled"], options["use_safetensors"]) == ("1", True)


def _saved(folder: Path, config: PretrainedConfig) -> Path:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def test_a_model_without_fused_attention_uses_the_one_it_ships_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = CodeGenConfig(vocab_size=40, n_embd=32, n_layer=1, n_head=4, n_positions=64, rotary_dim=4)
    folder = _saved(tmp_path, config)
    for _ in range(2):
        assert load_base(str(folder), CPU, decide(CPU)).config._attn_implementation == "eager"
    assert caplog.text.count("CodeGenForCausalLM does not support torch's fused attention") == 1


def test_a_model_with_fused_attention_uses_it(tiny_model: Path) -> None:
    assert load_base(str(tiny_model), CPU, decide(CPU)).config._attn_implementation == "sdpa"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (T5Config(), r"\(t5\) is an encoder-decoder"),
        (CLIPConfig(), r"\(clip\) is a model of images or sounds"),
        (ResNetConfig(), r"\(resnet\) is no causal language model of transformers"),
    ],
)
def test_other_kinds_of_models_are_refused_in_a_sentence(
    tmp_path: Path, config: PretrainedConfig, message: str
) -> None:
    config.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=message + ".*; choose a decoder-only language model"):
        load_base(str(tmp_path), CPU, decide(CPU))


@pytest.mark.parametrize("layers", [0, -1, 10**9, 10**400])
def test_a_number_of_layers_that_no_model_has_is_refused_before_they_are_made(
    tiny_model: Path, tmp_path: Path, layers: int
) -> None:
    model = Path(shutil.copytree(tiny_model, tmp_path / "m"))
    settings = json.loads((model / "config.json").read_text(encoding="utf-8"))
    (model / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": layers}), encoding="utf-8")
    with pytest.raises(UserError, match=r"num_hidden_layers in its config\.json is no number of layers"):
        load_base(str(model), CPU, decide(CPU))


def test_a_base_that_comes_in_4_bits_keeps_them_and_can_be_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    qlora = tiny.configured().qlora
    tiny.save_model(tmp_path / "a")
    load_base(str(tmp_path / "a"), CPU, decide(CPU), qlora).save_pretrained(tmp_path / "b")
    for quantization in (None, qlora):
        model = load_base(str(tmp_path / "b"), CPU, decide(CPU), quantization)
        layer = model.model.layers[0].self_attn.q_proj
        assert type(layer).__name__ == "Linear4bit"
    assert caplog.text.count("comes quantised by bitsandbytes: its own settings hold") == 1
    adapted = attach_lora(model, tiny.configured("lora.target_modules=auto", "lora.r=2").lora, 0)
    adapted(input_ids=torch.tensor([[5, 6, 7]])).logits.sum().backward()
    assert any(item.grad is not None and item.grad.any() for item in adapted.parameters())
    plain, quantised = (
        skeleton(str(tmp_path / name), CPU, decide(CPU)) for name in "ab"
    )  # to plan a training
    assert shape_of(quantised.config, quantised) == shape_of(plain.config, plain)


def test_a_base_in_4_bits_is_sent_from_an_apple_gpu_to_the_cpu(tmp_path: Path) -> None:
    folder = tiny.save_model(tmp_path)
    values = json.loads((folder / "config.json").read_text())
    settings = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (folder / "config.json").write_text(json.dumps(values | {"quantization_config": settings}))
    with pytest.raises(UserError, match=r"comes quantised by bitsandbytes: set model\.device=cpu"):
        load_base(str(folder), CPU, Hardware("mps", torch.float32, "Apple M0", 12))


@pytest.mark.parametrize("kind", ["gptq", "awq", "mxfp4"])
def test_a_quantised_base_is_not_quantised_again(tmp_path: Path, kind: str) -> None:
    folder = tiny.save_model(tmp_path)
    values = json.loads((folder / "config.json").read_text())
    settings = {"quant_method": kind, "bits": 4, "group_size": 128}
    (folder / "config.json").write_text(json.dumps(values | {"quantization_config": settings}))
    with pytest.raises(UserError, match=rf"comes quantised \({kind}\) and cannot be quantised again"):
        load_base(str(folder), CPU, decide(CPU), tiny.configured().qlora)
    if kind != "mxfp4":  # its library is not installed: one line
        with pytest.raises(UserError, match="cannot load the model of"):
            load_base(str(folder), CPU, decide(CPU))


def test_mxfp4_is_loaded_dequantised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny.save_model(tmp_path)
    values = json.loads((folder / "config.json").read_text())
    quantised = values | {"quantization_config": {"quant_method": "mxfp4"}}
    (folder / "config.json").write_text(json.dumps(quantised))
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        loading.AutoModelForCausalLM,
        "from_pretrained",
        lambda *_, **named: given.update(named) or (tiny.build_model("llama"), {"missing_keys": []}),
    )
    load_base(str(folder), CPU, decide(CPU))
    assert given["quantization_config"].dequantize
    assert "comes in MXFP4" in caplog.text


ODD = {
    "pipe": os.mkfifo,
    "folder": lambda path: path.mkdir(),
    "loop": lambda path: path.symlink_to(path.name),
    "dangling": lambda path: path.symlink_to("gone"),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize(
    "name", ["adapter_config.json", "adapter_model.safetensors", "run.json", "config.json"]
)
def test_what_is_no_file_in_the_place_of_one_is_refused_unread(
    tiny_adapter: Path, tiny_model: Path, tmp_path: Path, name: str, kind: str
) -> None:
    model = Path(shutil.copytree(tiny_model if name == "config.json" else tiny_adapter, tmp_path / "m"))
    (model / name).unlink()
    ODD[kind](model / name)
    for check in (resolve, location):
        with pytest.raises(UserError, match=rf"{name} should be a file, but is a folder, a pipe"):
            check(str(model))
