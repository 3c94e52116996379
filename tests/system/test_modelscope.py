"""A base of ModelScope is fetched once by its client, never partly, and then a folder like any other."""

from __future__ import annotations

import json
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest

from src.models.embedded import public_name
from src.models.fingerprints import model_fingerprint
from src.models.hardware import decide
from src.models.loading import ModelReference, load_base, load_tokenizer, location, resolve
from src.schema import UserError
from src.system import modelscope
from src.training.trainer import fine_tune
from tests import tiny

NAME = "modelscope:tiny/llama"


class Client:
    """A stand-in for the package: it gives a folder's files one by one, and counts its calls."""

    def __init__(self, source: Path) -> None:
        self.source, self.calls, self.given = source, 0, 100
        self.error: Exception | None = None

    def snapshot_download(
        self, name: str, local_dir: str, allow_patterns: list[str], ignore_patterns: list[str]
    ) -> str:
        assert name == "tiny/llama"
        self.calls += 1
        target = Path(local_dir)
        for path in sorted(self.source.iterdir())[: self.given]:
            wanted = any(fnmatch(path.name, pattern) for pattern in allow_patterns)
            if wanted and not any(fnmatch(path.name, pattern) for pattern in ignore_patterns):
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        if self.error:
            raise self.error
        return local_dir


@pytest.fixture
def client(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    source = shutil.copytree(tiny_model, tmp_path / "source")
    for name in ("pytorch_model.bin", "consolidated.safetensors"):
        (source / name).write_bytes(b"")
    made = Client(source)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setitem(sys.modules, "modelscope", SimpleNamespace(snapshot_download=made.snapshot_download))
    return made


def test_it_is_fetched_once_and_is_the_model(client: Client, tiny_model: Path):
    config = tiny.configured("model.device=cpu").model
    assert len(load_tokenizer(NAME, config)) == len(tiny.tokenizer())
    load_base(NAME, config, decide(config))
    assert client.calls == 1
    assert model_fingerprint(ModelReference(NAME)) == model_fingerprint(ModelReference(str(tiny_model)))
    assert resolve(NAME) == ModelReference(NAME)
    assert not {"pytorch_model.bin", "consolidated.safetensors"} & {
        path.name for path in Path(location(NAME)).iterdir()
    }


def test_what_a_broken_fetch_has_left_is_no_model(client: Client):
    client.error, client.given = ConnectionError("timed out"), 2
    with pytest.raises(
        UserError, match=r"cannot fetch tiny/llama from ModelScope \(timed out\): check the name"
    ):
        location(NAME)
    client.error, client.given = None, 100
    assert {path.name for path in Path(location(NAME)).iterdir()} > {"config.json", "model.safetensors"}
    assert [path.name for path in Path(location(NAME)).parent.iterdir()] == ["llama"]


def test_a_full_disk_is_not_taken_for_the_network(client: Client):
    client.error = OSError("No space left on device")
    with pytest.raises(OSError, match="No space left"):
        location(NAME)


def test_the_checks_are_those_of_a_folder(client: Client, tiny_adapter: Path):
    client.source = tiny_adapter
    with pytest.raises(UserError, match="is an adapter and no base model"):
        location(NAME)


@pytest.mark.parametrize("name", ["modelscope:", "modelscope:llama", "modelscope:a/b/c", "modelscope:../b"])
def test_a_name_that_is_none_is_refused(name: str):
    with pytest.raises(UserError, match="expected modelscope:OWNER/NAME"):
        location(name)


def test_without_the_client_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(UserError, match="modelscope:a/b needs ModelScope's client: pip install modelscope"):
        location("modelscope:a/b")
    assert list(tmp_path.rglob("b*")) == []


def test_an_adapter_names_the_model_for_here_and_for_others(client: Client, tiny_data: Path, tmp_path: Path):
    config = tiny.config(NAME, tiny_data, tmp_path / "out", "training.max_steps=1")
    trained = fine_tune(config, "lora").folder
    assert resolve(str(trained)).base == NAME
    settings = json.loads((trained / "adapter_config.json").read_text(encoding="utf-8"))
    assert settings["base_model_name_or_path"] == public_name(NAME) == "tiny/llama"
    assert modelscope.public_name("C:\\x\\modelscope\\y") == "C:\\x\\modelscope\\y"
