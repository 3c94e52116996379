"""The hub is requested once to find out whether it can be reached, and each of its errors has a reason and a remedy."""

from __future__ import annotations

import importlib
import os
import socket
import time
import urllib.error

import pytest
from huggingface_hub import errors

from src.schema import UserError
from src.system import hub_access
from tests.data.web import serving
from tests.models.test_hub_models import ALTERNATIVE


def test_a_hub_that_hangs_or_is_missing_sets_offline_mode(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(hub_access, "REACHABILITY_TIMEOUT_S", 0.2)
    with serving(("hang", b"")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url)
        began = time.monotonic()
        hub_access.go_offline_unless_reachable()
        assert time.monotonic() - began < 2
        assert os.environ["HF_HUB_OFFLINE"] == "1"
    hub_access.go_offline_unless_reachable()
    assert len(web.asked) == 1  # once offline, no further request


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_hub_that_answers_or_refuses_is_reachable(monkeypatch, status):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with serving((status, b"")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url)
        hub_access.go_offline_unless_reachable()
    assert "HF_HUB_OFFLINE" not in os.environ


@pytest.mark.parametrize("status", [500, 503])
def test_a_hub_with_a_server_error_sets_offline_mode(monkeypatch, status):
    import huggingface_hub.constants

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    with serving((status, b"")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url)
        hub_access.go_offline_unless_reachable()
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert huggingface_hub.constants.HF_HUB_OFFLINE


HTTP = importlib.import_module(errors.HTTPError.__module__.split(".")[0])  # the library under huggingface_hub


def _answered(status: int, kind: type[Exception] = errors.HfHubHTTPError) -> Exception:
    """An error as huggingface_hub raises it for a response."""
    request = HTTP.Request("GET", "https://huggingface.co/a/b")
    return kind("no", response=HTTP.Response(status, request=request))


EXPLAINED = [  # cause, what the line says
    (_answered(403, errors.GatedRepoError), "it is gated: request access on https://huggingface.co/a/b"),
    (
        _answered(401, errors.RepositoryNotFoundError),
        "there is no such model on the hub (https://huggingface.co/a/b)",
    ),
    (_answered(404), "there is no such model on the hub"),
    (_answered(401), "the hub does not let you read it (401): log in with `hf auth login`"),
    (_answered(429), "(429): wait some minutes"),
    (_answered(503), "the hub is out of order (503)"),
    (HTTP.ReadTimeout("slow"), "the connection to the hub broke off or timed out (ReadTimeout)"),
    (errors.LocalEntryNotFoundError("none"), "it is not in the cache, and the hub (https://huggingface.co)"),
    (errors.OfflineModeIsEnabled("offline"), "check the network, the proxy and HF_HUB_OFFLINE"),
    # as datasets 5.2.0 words it
    (
        ConnectionError("Couldn't reach 'a/b' on the Hub (OfflineModeIsEnabled)"),
        "it is not in the cache, and the hub",
    ),
]


@pytest.mark.parametrize(("cause", "said"), EXPLAINED, ids=lambda value: str(value)[:30])
def test_an_error_of_the_hub_is_explained_however_deep_among_the_causes(monkeypatch, cause, said: str):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    outer, middle = OSError("cannot load"), ValueError("in between")
    outer.__cause__, middle.__context__ = middle, cause
    for error in (cause, outer):
        explained = hub_access.explain("a/b", error)
        assert said in explained
        assert explained.endswith(ALTERNATIVE)


def test_a_data_set_has_another_page_and_another_way_out(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    explained = hub_access.explain("datasets/a/b", _answered(404), "or use another --source")
    assert "no such data set on the hub (https://huggingface.co/datasets/a/b)" in explained
    assert explained.endswith(", or use another --source")


@pytest.mark.parametrize(("cause", "_"), EXPLAINED, ids=lambda value: str(value)[:30])
def test_whatever_the_client_raises_is_an_error_of_the_hub(cause, _: str):
    assert hub_access.is_hub_error(cause)
    assert hub_access.is_hub_error(ConnectionResetError())
    assert not hub_access.is_hub_error(TypeError("an unexpected keyword"))


def test_the_page_is_that_of_the_endpoint_in_use(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert "https://mirror.example/a/b" in hub_access.explain("a/b", _answered(404))


def test_a_missing_file_and_other_errors_are_not_explained():
    for error in (_answered(404, errors.RemoteEntryNotFoundError), ValueError("no")):
        assert hub_access.explain("a/b", error) == ""


def test_what_is_downloaded_lies_beside_the_hubs_own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    assert hub_access.cache_folder() == tmp_path / "hub/code-alpaca-models"
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert hub_access.cache_folder() == tmp_path / ".cache/huggingface/code-alpaca-models"


@pytest.mark.parametrize("stated", ["hf-mirror.com", "https://", "ftp://hf-mirror.com", ""])
def test_a_mirror_that_is_no_address_is_named_with_the_variable(stated: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", stated)
    expected = rf"HF_ENDPOINT is '{stated}': expected an address, such as https://hf-mirror\.com"
    with pytest.raises(UserError, match=expected):
        hub_access.unreachable_reason("owner/model")


def test_why_the_hub_cannot_be_reached_is_said_in_the_words_of_the_system(monkeypatch: pytest.MonkeyPatch):
    def refused(address: str, timeout: float) -> None:
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    monkeypatch.setattr("urllib.request.urlopen", refused)
    assert hub_access.unreachable_reason() == "Name or service not known"
