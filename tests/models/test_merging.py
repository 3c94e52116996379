"""A merged model answers as base and adapter do, in plain transformers, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from src.models import merging
from src.models.hardware import decide
from src.models.loading import ModelReference, resolve
from src.models.lora_model import load_model
from src.models.merging import merge_to
from src.schema import UserError
from tests import tiny

CPU = tiny.configured("model.device=cpu").model
PROMPT = torch.tensor([[2, 30, 31, 32, 33, 34]])


def test_a_lora_adapter_merges_into_a_model_of_the_bases_type(tiny_adapter: Path, tmp_path: Path) -> None:
    reference = resolve(str(tiny_adapter))
    separate = load_model(reference, config=CPU, hardware=decide(CPU))(PROMPT).logits
    assert merge_to(reference, CPU, tmp_path / "merged") == torch.float32
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    torch.testing.assert_close(merged(PROMPT).logits, separate, rtol=1e-4, atol=1e-5)
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").eos_token == tiny.END
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]


def test_a_qlora_adapter_merges_into_the_dequantised_weights_it_was_trained_on(
    tiny_qlora_adapter: Path, tmp_path: Path
) -> None:
    """The merged model, in plain transformers, answers as adapter and 4-bit base do; the plain base does not."""
    reference = resolve(str(tiny_qlora_adapter))
    separate = load_model(reference, config=CPU, hardware=decide(CPU))(PROMPT).logits
    merge_to(reference, CPU, tmp_path / "merged")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")(PROMPT).logits
    base = AutoModelForCausalLM.from_pretrained(reference.base)(PROMPT).logits
    torch.testing.assert_close(merged, separate, rtol=1e-4, atol=1e-5)
    assert (merged - separate).abs().max() * 50 < (base - separate).abs().max()


def test_the_type_that_is_set_is_the_type_that_is_stored(tiny_adapter: Path, tmp_path: Path) -> None:
    config = tiny.configured("model.dtype=bfloat16").model
    assert merge_to(resolve(str(tiny_adapter)), config, tmp_path / "merged") == torch.bfloat16
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert {weight.dtype for weight in merged.parameters()} == {torch.bfloat16}


def test_with_too_little_memory_for_float32_it_merges_in_16_bits_and_says_so(
    tiny_adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(merging, "available_ram_gib", lambda: 0.0)
    config = tiny.configured("model.dtype=bfloat16").model
    merge_to(resolve(str(tiny_adapter)), config, tmp_path / "merged")
    assert "merging in torch.bfloat16: float32 would need" in caplog.text


def test_what_is_no_adapter_or_would_be_overwritten_is_refused(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="is no adapter: there is nothing to merge"):
        merge_to(ModelReference(str(tiny_model)), CPU, tmp_path / "merged")
    (tmp_path / "notes.txt").write_text("kept")
    for folder in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(UserError, match="holds something already; give --merge_to a new folder"):
            merge_to(resolve(str(tiny_adapter)), CPU, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_interrupted_merge_leaves_nothing(
    tiny_adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(merging, "load_tokenizer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        merge_to(resolve(str(tiny_adapter)), CPU, tmp_path / "merged")
    assert list(tmp_path.iterdir()) == []
