"""The Hugging Face hub: whether it can be reached, and in one line why a model could not be loaded from it."""

from __future__ import annotations

import http.client
import logging
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

log = logging.getLogger(__name__)

ENDPOINT = "https://huggingface.co"
REACHABILITY_TIMEOUT_S = 10.0  # for the hub's first response
ALTERNATIVE = "or give a local folder or smollm2-135m"
CHECK_NAME = f"Check the name, {ALTERNATIVE}"
_HTTP_LIBRARIES = (
    "httpx",
    "httpcore",
    "requests",
    "urllib3",
)  # under huggingface_hub, with their own error types


def go_offline_unless_reachable(path: str = "") -> None:
    """Send one request, for `path`, and set HF_HUB_OFFLINE where it fails: the libraries would retry for minutes."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return
    endpoint = os.environ.get("HF_ENDPOINT", ENDPOINT)
    address = f"{endpoint.rstrip('/')}/{urllib.parse.quote(path)}" if path else endpoint
    try:
        urllib.request.urlopen(address, timeout=REACHABILITY_TIMEOUT_S).close()
    except urllib.error.HTTPError as response:  # reachable; the libraries handle its status codes
        response.close()
        if response.code >= 500:
            _go_offline(endpoint, response)
    except (OSError, http.client.HTTPException) as error:
        _go_offline(endpoint, error)


def _go_offline(endpoint: str, error: Exception) -> None:
    log.warning("%s does not answer (%s): using what is cached", endpoint, error)
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants: Any = sys.modules.get("huggingface_hub.constants")
    if constants is not None:  # it has read the variable already
        constants.HF_HUB_OFFLINE = True


def explain(reference: str, error: BaseException) -> str:
    """Reason and remedy of an error of transformers, from its causes; "" where none of them is an error of the hub."""
    causes = list(_causes(error))
    for cause in causes:
        reason = _explain_response(reference, cause)
        if reason:
            return reason
    for cause in causes:
        if type(cause).__module__.startswith(_HTTP_LIBRARIES) and getattr(cause, "response", None) is None:
            return (
                f"the connection to the hub broke off or timed out ({type(cause).__name__}): start the same command "
                f"again, {ALTERNATIVE}"
            )
    if any(type(cause).__name__ in ("LocalEntryNotFoundError", "OfflineModeIsEnabled") for cause in causes):
        return (
            f"it is not in the cache, and the hub ({_endpoint()}) is not to be reached: check the network, the proxy "
            f"and HF_HUB_OFFLINE, {ALTERNATIVE}"
        )
    return ""


def _explain_response(reference: str, cause: BaseException) -> str:
    """Reason and remedy of a response of the hub; "" for a cause without one, or where just a file is missing."""
    kind, status = type(cause).__name__, getattr(getattr(cause, "response", None), "status_code", None)
    page = f"{_endpoint()}/{reference}"
    if kind == "GatedRepoError":
        return f"it is gated: ask for access on {page}, then log in with `hf auth login`, {ALTERNATIVE}"
    if kind == "RepositoryNotFoundError" or (kind == "HfHubHTTPError" and status == 404):
        return (
            f"there is no such model on the hub ({page}), or it is private: check the name, log in with "
            f"`hf auth login` where it is private, {ALTERNATIVE}"
        )
    if not isinstance(status, int) or status == 404:
        return ""
    if status in (401, 403):
        return f"the hub does not let you read it ({status}): log in with `hf auth login`, {ALTERNATIVE}"
    if status == 429:
        return f"the hub was asked too often (429): wait some minutes, {ALTERNATIVE}"
    return f"the hub is out of order ({status}): start the same command again later, {ALTERNATIVE}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its chain of causes, the last one first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")
