"""Adapters come from anywhere: whatever cannot be put on its base says so in a line, by name."""

from __future__ import annotations

import io
import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.utils import PeftType
from safetensors.torch import load, save

from src.config import ModelConfig
from src.models.adapters import PICKLE, SETTINGS, load_adapter, read_json
from src.models.fingerprints import model_fingerprint
from src.models.hardware import decide
from src.models.loading import resolve
from src.models.lora_model import load_model
from src.schema import UserError
from tests import tiny

PROMPT = torch.tensor([[2, 30, 31, 32, 33, 34]])
CPU: ModelConfig = tiny.configured("model.device=cpu").model


def _load(folder: Path, base: str | None = None) -> torch.nn.Module:
    return load_model(resolve(str(folder), base), config=CPU, hardware=decide(CPU))


def _copy(folder: Path, target: Path, **changed: bytes | None) -> Path:
    """A copy of an adapter with files replaced, or removed where the new content is None."""
    shutil.copytree(folder, target)
    for name, content in changed.items():
        path = target / name.replace("__", ".")
        path.unlink() if content is None else path.write_bytes(content)
    return target


def _weights(folder: Path) -> bytes:
    return (folder / "adapter_model.safetensors").read_bytes()


def _as_pickle(adapter: Path, folder: Path, content: bytes | None = None) -> Path:
    """A copy of an adapter whose weights are adapter_model.bin."""
    copied = _copy(adapter, folder, adapter_model__safetensors=None)
    torch.save(load(_weights(adapter)), copied / PICKLE)
    if content is not None:
        (copied / PICKLE).write_bytes(content)
    return copied


def test_weights_that_are_pickled_are_the_same_weights(tiny_adapter: Path, tmp_path: Path) -> None:
    pickled = _as_pickle(tiny_adapter, tmp_path / "a")
    assert torch.equal(_load(pickled)(PROMPT).logits, _load(tiny_adapter)(PROMPT).logits)
    before = model_fingerprint(resolve(str(pickled)))
    torch.save({name: 2 * weight for name, weight in load(_weights(tiny_adapter)).items()}, pickled / PICKLE)
    assert model_fingerprint(resolve(str(pickled))) != before


def test_a_pickle_of_more_than_tensors_is_refused_unread(tiny_adapter: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)  # type: ignore[return-value]

    broken = _as_pickle(tiny_adapter, tmp_path / "a", pickle.dumps(Trap()))
    with pytest.raises(UserError, match="holds more than tensors, which is not loaded"):
        _load(broken)
    assert not (tmp_path / "sprung").exists()


def _saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"version https://git-lfs.github.com/spec/v1\n", b"PK\x03\x04", _saved({"a": torch.zeros(9)})[:-40],
     _saved([torch.zeros(1)]), _saved({"a": 1}), _saved({1: torch.zeros(1)}), _saved(torch.nn.Linear(1, 1))],
)  # fmt: skip
def test_what_is_no_pickle_of_tensors_is_one_line(tiny_adapter: Path, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(
        UserError, match=r"adapter_model\.bin (is damaged|holds no tensors).*save the adapter again"
    ):
        _load(_as_pickle(tiny_adapter, tmp_path / "a", content))


def test_an_adapter_without_weights_is_refused(tiny_adapter: Path, tmp_path: Path) -> None:
    broken = _copy(tiny_adapter, tmp_path / "a", adapter_model__safetensors=None)
    with pytest.raises(UserError, match=r"no adapter_model\.safetensors and no adapter_model\.bin"):
        resolve(str(broken))


KINDS = [
    *(({"peft_type": kind.value}, f"holds a {kind.value} adapter, only LoRA ones") for kind in PeftType if kind != "LORA"),
    ({"peft_type": "MAGIC"}, "holds a MAGIC adapter, only LoRA ones"),
    ({"peft_type": None}, "names no kind of adapter"),
    ({"peft_type": ["LORA"]}, "names no kind of adapter"),
    ({"task_type": "SEQ_CLS"}, "holds an adapter for SEQ_CLS; only those for CAUSAL_LM"),
    ({"task_type": 3}, "holds an adapter for 3; only those for CAUSAL_LM"),
    ({"r": True}, "r: Input should be a valid integer"),
    ({"r": 0}, r"r: Input should be greater than 0 \(got 0\)"),
    ({"lora_alpha": float("nan")}, "lora_alpha: Input should be a finite number"),
    ({"target_modules": [1]}, "target_modules"),
    ({"rank_pattern": {"q_proj": "x"}}, "rank_pattern.q_proj: Input should be a valid integer"),
    ({"bias": "weird"}, "bias: Input should be 'none', 'all' or 'lora_only'"),
    ({"layers_to_transform": "x"}, "layers_to_transform"),
    ({"use_rslora": "yes"}, "use_rslora: Input should be a valid boolean"),
    ({"megatron_config": {"a": 1}}, "megatron_config: Input should be null"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), KINDS)
def test_only_lora_adapters_that_write_text_are_used(
    tiny_adapter: Path, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    settings = json.loads((tiny_adapter / SETTINGS).read_text()) | changed
    folder = _copy(tiny_adapter, tmp_path / "a", adapter_config__json=json.dumps(settings).encode())
    with pytest.raises(UserError, match=message):
        resolve(str(folder))
    with pytest.raises(UserError, match=message):  # as training further does
        load_adapter(tiny.build_model(), folder, trainable=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "is not valid JSON"), (b"", "is not valid JSON"), (b"\xff\xfe", "is not valid JSON"),
     (b"[1]", "is not valid JSON .it should hold a JSON object"), (b"null", "is not valid JSON .it should hold")],
)  # fmt: skip
def test_json_that_is_no_object_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.json {message}"):
        read_json(tmp_path / "a.json")


LAYER = "base_model.model.model.layers.{}.self_attn.q_proj.lora_A.weight"


def test_tensors_that_do_not_fit_are_named(tiny_adapter: Path, tmp_path: Path) -> None:
    weights = load(_weights(tiny_adapter))
    assert LAYER.format(1) in weights
    cases = {
        "missing: model.layers.1.self_attn.q_proj.lora_A.weight. Give": {LAYER.format(1): None},
        "without a layer: model.layers.7.self_attn.q_proj.lora_A.weight. Give": {LAYER.format(7): torch.zeros(4, 32)},
        r"of another shape: .*layers.1.self_attn.q_proj.lora_A.weight is \[4, 9\], the layer \[4, 32\]": {
            LAYER.format(1): torch.zeros(4, 9)
        },
    }  # fmt: skip
    for number, (message, changed) in enumerate(cases.items()):
        kept = {name: tensor for name, tensor in (weights | changed).items() if tensor is not None}
        folder = _copy(tiny_adapter, tmp_path / str(number), adapter_model__safetensors=save(kept))
        with pytest.raises(UserError, match=f"does not fit this base model: tensors {message}"):
            _load(folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target_modules": "(("}, "unterminated subpattern"),
        ({"layer_replication": [[0, 99]]}, "out of range"),
    ],
)
def test_layers_that_cannot_be_found_are_a_misfit(
    tiny_adapter: Path, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    settings = json.loads((tiny_adapter / SETTINGS).read_text()) | changed
    folder = _copy(tiny_adapter, tmp_path / "a", adapter_config__json=json.dumps(settings).encode())
    with pytest.raises(UserError, match=f"does not fit this base model: .*{message}"):
        _load(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_weights_of_a_training_that_diverged_are_refused(
    tiny_adapter: Path, tmp_path: Path, value: float
) -> None:
    """They would answer with nothing, silently."""
    weights = load(_weights(tiny_adapter))
    next(iter(weights.values()))[0, 0] = value
    folder = _copy(tiny_adapter, tmp_path / "a", adapter_model__safetensors=save(weights))
    with pytest.raises(UserError, match=r"values that are not finite: .*lora_\S+: its training diverged"):
        _load(folder)


def test_the_layers_of_a_larger_model_are_not_dropped(tiny_adapter: Path, tmp_path: Path) -> None:
    """peft says nothing of tensors that it finds no layer for."""
    foreign = _copy(tiny_adapter, tmp_path / "a", run__json=None)
    smaller = tiny.save_model(tmp_path / "smaller", num_hidden_layers=1)
    with pytest.raises(UserError, match=r"without a layer: model\.layers\.1\.\S+, .* and \d+ more"):
        _load(foreign, str(smaller))


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_truncated_weights_are_refused(tiny_adapter: Path, tmp_path: Path, keep: int) -> None:
    broken = _copy(tiny_adapter, tmp_path / "a", adapter_model__safetensors=_weights(tiny_adapter)[:keep])
    with pytest.raises(UserError, match=r"adapter_model\.safetensors is damaged.*train again"):
        _load(broken)


def test_foreign_weights_are_refused(tiny_adapter: Path, tmp_path: Path) -> None:
    broken = _copy(
        tiny_adapter, tmp_path / "a", adapter_model__safetensors=save({"encoder.weight": torch.zeros(2)})
    )
    with pytest.raises(UserError, match=r"tensors missing: .*; tensors without a layer: encoder\.weight"):
        _load(broken)


@pytest.mark.parametrize(
    ("architecture", "changes", "message"),
    [
        ("qwen2", {}, r"made for a LlamaForCausalLM of 32 units.*this base model is a Qwen2ForCausalLM"),
        ("llama", {"vocab_size": 480}, r"32 units and 400 tokens; this base model is.*480 tokens"),
        ("llama", {"hidden_size": 64}, "64 units and 400 tokens"),
    ],
)
def test_another_base_or_vocabulary_is_refused(
    tiny_adapter: Path, tmp_path: Path, architecture: str, changes: dict[str, int], message: str
) -> None:
    other = tiny.save_model(tmp_path / "other", architecture, **changes)
    with pytest.raises(UserError, match=message):
        _load(tiny_adapter, str(other))


def test_an_adapter_without_our_record_for_another_width_is_refused(
    tiny_adapter: Path, tmp_path: Path
) -> None:
    foreign = _copy(tiny_adapter, tmp_path / "a", run__json=None)
    other = tiny.save_model(tmp_path / "other", hidden_size=64)
    with pytest.raises(
        UserError, match=r"tensors of another shape: model\.layers\.0\S+ is \[4, 32\], the layer \[4, 64\]"
    ):
        _load(foreign, str(other))


@pytest.mark.parametrize(
    "error",
    [
        TypeError("got an unexpected keyword argument 'is_trainable'"),
        AttributeError("'PeftModel' object has no attribute 'x'"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: an illegal memory access was encountered"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_break_in_a_library_is_not_laid_at_the_door_of_the_adapter(
    tiny_adapter: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("peft.PeftModel.load_adapter", broken)
    with pytest.raises(type(error)) as caught:
        _load(tiny_adapter)
    assert caught.value is error


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"lora_bias": True, "init_lora_weights": True},
            "cannot be merged into its base: Impossible to merge LoRA",
        ),
        ({"alora_invocation_tokens": [3, 4]}, "cannot be merged into its base: aLoRA does not support"),
        ({"layer_replication": [[0, 2], [1, 2]]}, "repeats layers of its base"),
    ],
)
def test_what_has_no_sum_with_its_base_is_refused_where_it_is_merged(
    tiny_model: Path, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    config = LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM", **changed)
    get_peft_model(tiny.build_model(), config).save_pretrained(tmp_path / "a")
    reference = resolve(str(tmp_path / "a"), str(tiny_model))
    load_model(reference, config=CPU, hardware=decide(CPU))
    with pytest.raises(UserError, match=message):
        load_model(reference, merge=True, config=CPU, hardware=decide(CPU))
