"""The hub is asked once whether it is there, and what it refuses is said in one line."""

from __future__ import annotations

import os
import time

import pytest

from src import hub_access
from tests.data.web import serving


def test_a_hub_that_hangs_or_is_not_there_is_left_alone(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(hub_access, "REACHABILITY_TIMEOUT_S", 0.2)
    with serving(("hang", b"")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url)
        began = time.monotonic()
        hub_access.go_offline_unless_reachable()
        assert time.monotonic() - began < 2
        assert os.environ["HF_HUB_OFFLINE"] == "1"
    hub_access.go_offline_unless_reachable()
    assert len(web.asked) == 1  # who is offline asks nobody


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_hub_that_answers_or_refuses_is_reachable(monkeypatch, status):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with serving((status, b"")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url)
        hub_access.go_offline_unless_reachable()
    assert "HF_HUB_OFFLINE" not in os.environ


@pytest.mark.parametrize("status", [500, 503])
def test_a_hub_that_is_out_of_order_is_left_alone(monkeypatch, status):
    import huggingface_hub_access.constants

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(huggingface_hub_access.constants, "HF_HUB_OFFLINE", False)
    with serving((status, b"")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url)
        hub_access.go_offline_unless_reachable()
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert huggingface_hub_access.constants.HF_HUB_OFFLINE
