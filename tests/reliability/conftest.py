"""What these tests share."""

from __future__ import annotations

import pytest

from src.config import Config, load_config


@pytest.fixture
def config() -> Config:
    """The defaults with few resamples: these tests look at files and messages, not at intervals."""
    return load_config(overrides=["evaluation.bootstrap_resamples=100"])
