"""What the tests of data sets share: a configuration whose data set lies in the test's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from src.config import DataConfig
from tests.data.preparing import data_config


@pytest.fixture
def config(tmp_path: Path) -> DataConfig:
    """Of a data set in tmp_path / "set", where nothing is yet; a fifth each for validation and test."""
    return data_config(tmp_path / "set")
