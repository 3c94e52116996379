"""A fingerprint changes with what it stands for and with nothing else."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from src.models.fingerprints import BLOCK, model_fingerprint, trained_elsewhere
from src.models.loading import ModelReference
from tests import tiny

QLORA = tiny.configured().qlora


def _fingerprint(folder: Path) -> str:
    return model_fingerprint(ModelReference(str(folder)))


@pytest.fixture
def model(tmp_path: Path, tiny_model: Path) -> Path:
    """A copy of the tiny Llama."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def test_a_copy_has_the_same_fingerprint(model: Path, tiny_model: Path) -> None:
    assert _fingerprint(model) == _fingerprint(tiny_model)
    assert len(_fingerprint(model)) == 16


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json"]
)
@pytest.mark.parametrize("place", [0, -1])
def test_it_changes_with_the_first_and_the_last_byte_of_a_file(model: Path, name: str, place: int) -> None:
    before = _fingerprint(model)
    content = bytearray((model / name).read_bytes())
    assert len(content) < BLOCK * 64  # a file of which every block is read
    content[place] ^= 1
    (model / name).write_bytes(content)
    assert _fingerprint(model) != before


def test_it_does_not_change_with_files_that_are_not_loaded(model: Path) -> None:
    before = _fingerprint(model)
    (model / "README.md").write_text("notes")
    (model / "pytorch_model.bin").write_bytes(b"pickled")
    assert _fingerprint(model) == before


def test_it_changes_with_adapter_and_quantisation(tiny_model: Path, tiny_adapter: Path) -> None:
    base = ModelReference(str(tiny_model))
    references = [
        base,
        dataclasses.replace(base, adapter=tiny_adapter),
        dataclasses.replace(base, quantization=QLORA),
        dataclasses.replace(base, quantization=dataclasses.replace(QLORA, bits=8)),
    ]
    assert len({model_fingerprint(reference) for reference in references}) == 4


def test_an_adapter_on_another_base_of_the_same_shape_is_a_warning(
    tiny_adapter: Path, tiny_model: Path, model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for base in (tiny_model, model):  # a copy is the same model
        assert trained_elsewhere(ModelReference(str(base), tiny_adapter)) == ""
    assert trained_elsewhere(ModelReference(str(tiny_model))) == ""
    assert caplog.text == ""
    other = tiny.save_model(tmp_path / "other", seed=1)
    trained_on = trained_elsewhere(ModelReference(str(other), tiny_adapter))
    assert trained_on == f"{tiny_model} ({_fingerprint(tiny_model)})"
    assert (
        f"was trained on {tiny_model} (fingerprint {_fingerprint(tiny_model)}), not on {other}" in caplog.text
    )


def test_of_an_adapter_without_our_record_nothing_is_said(
    tiny_adapter: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = Path(shutil.copytree(tiny_adapter, tmp_path / "a"))
    (foreign / "run.json").unlink()
    other = tiny.save_model(tmp_path / "other", seed=1)
    assert trained_elsewhere(ModelReference(str(other), foreign)) == ""
    assert caplog.text == ""
