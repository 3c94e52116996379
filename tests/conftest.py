"""What the tests share: tiny models and data built once a session, and no way to the hub."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("BITSANDBYTES_NOWELCOME", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# small products: threads only wait for each other, and files are tested side by side
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# what runs tests side by side ignores Ctrl-C, and a script started by a test would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of a tiny random model with tokenizer, by architecture."""
    from tests import tiny

    root = tmp_path_factory.mktemp("models")
    return {name: tiny.save_model(root / name, name) for name in tiny.ARCHITECTURES}


@pytest.fixture(scope="session")
def tiny_model(tiny_models: dict[str, Path]) -> Path:
    """The tiny Llama."""
    return tiny_models["llama"]


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small prepared data set."""
    from tests import tiny

    return tiny.save_data(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture(scope="session")
def tiny_adapter(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_data: Path) -> Path:
    """OUTPUT_DIR/lora/final of a real short training run on the tiny Llama."""
    from src.training.trainer import fine_tune
    from tests import tiny

    config = tiny.config(tiny_model, tiny_data, tmp_path_factory.mktemp("adapter"), "training.max_steps=3")
    return fine_tune(config, "lora").folder


@pytest.fixture(scope="session")
def tiny_qlora_adapter(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_data: Path) -> Path:
    """The same, trained on the base in 4 bits."""
    from src.training.trainer import fine_tune
    from tests import tiny

    config = tiny.config(tiny_model, tiny_data, tmp_path_factory.mktemp("adapter"), "training.max_steps=3")
    return fine_tune(config, "qlora").folder
