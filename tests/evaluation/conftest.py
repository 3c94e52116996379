"""What the tests of the evaluation share: a sandbox per test file, and one configuration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from src.config import Config, load_config
from src.sandbox.sandbox import Limits, Sandbox, unavailable_reason


@pytest.fixture(scope="module")
def limits() -> Limits:
    """What a program may use; a test file whose programs need other limits overrides this."""
    return Limits()


@pytest.fixture(scope="module")
def sandbox(limits: Limits) -> Iterator[Sandbox]:
    """A sandbox with two workers; a test that takes it is skipped on a machine that has none."""
    reason = unavailable_reason()
    if reason is not None:
        pytest.skip(reason)
    with Sandbox(limits, workers=2) as started:
        yield started


@pytest.fixture(scope="session")
def config() -> Config:
    """The defaults, with as many bootstrap resamples as a test needs."""
    return load_config(overrides=["evaluation.bootstrap_resamples=200"])
