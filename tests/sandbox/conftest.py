"""A started sandbox for the tests of one module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from src.sandbox.sandbox import Sandbox
from tests.sandbox.environment import QUICK


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(QUICK, workers=2) as started:
        yield started
