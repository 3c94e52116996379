"""The Hugging Face hub: whether it can be reached, and in one line why something could not be loaded from it."""

from __future__ import annotations

import http.client
import logging
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from src.schema import UserError

log = logging.getLogger(__name__)

ENDPOINT = "https://huggingface.co"
REACHABILITY_TIMEOUT_S = 10.0  # for the hub's first response
ALTERNATIVE = "or give a local folder or smollm2-135m"
CHECK_NAME = f"Check the name, {ALTERNATIVE}"
_HTTP_LIBRARIES = ("httpx", "httpcore", "requests", "urllib3")  # under huggingface_hub
_UNREACHABLE = ("LocalEntryNotFoundError", "OfflineModeIsEnabled")


def cache_folder() -> Path:
    """Where this project keeps what it downloads, beside the hub's own cache."""
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    return Path(home).expanduser() / "code-alpaca-models"


def go_offline_unless_reachable(path: str = "") -> None:
    """Send one request, for `path`, and set HF_HUB_OFFLINE where it fails: the libraries would retry for minutes."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return
    reason = unreachable_reason(path)
    if not reason:
        return
    log.warning(
        "%s does not answer (%s): using what is cached; HF_ENDPOINT names a mirror", endpoint(), reason
    )
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants: Any = sys.modules.get("huggingface_hub.constants")
    if constants is not None:  # it has read the variable already
        constants.HF_HUB_OFFLINE = True


def unreachable_reason(path: str = "") -> str:
    """What one request to the hub, for `path`, ended with; "" where it was answered."""
    address = f"{endpoint()}/{urllib.parse.quote(path)}" if path else endpoint()
    try:
        urllib.request.urlopen(address, timeout=REACHABILITY_TIMEOUT_S).close()
    except urllib.error.HTTPError as response:  # reachable; the libraries handle its status codes
        response.close()
        return str(response) if response.code >= 500 else ""
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)  # of urllib's, which wraps the system's
        return str(getattr(reason, "strerror", None) or reason) or type(error).__name__
    return ""


def is_hub_error(error: BaseException) -> bool:
    """Whether the network, the hub's client or the HTTP library under it raised `error`; they share no type."""
    return isinstance(error, OSError) or type(error).__module__.startswith(_HTTP_LIBRARIES)


def explain(page: str, error: BaseException, alternative: str = ALTERNATIVE) -> str:
    """Reason and remedy of an error of a library, from its causes; "" where none of them is an error of the hub.

    `page` is owner/name of a model, or datasets/owner/name.
    """
    causes = list(_causes(error))
    reasons = [_explain_response(page, cause) for cause in causes]
    reasons += [
        f"the connection to the hub broke off or timed out ({type(cause).__name__}): start the same command again"
        for cause in causes
        if type(cause).__module__.startswith(_HTTP_LIBRARIES) and getattr(cause, "response", None) is None
    ]
    if any(_is_unreachable(cause) for cause in causes):
        reasons.append(
            f"it is not in the cache, and the hub ({endpoint()}) cannot be reached: check the network, the proxy "
            "and HF_HUB_OFFLINE, or set HF_ENDPOINT to a mirror of it"
        )
    return next((f"{reason}, {alternative}" for reason in reasons if reason), "")


def _is_unreachable(cause: BaseException) -> bool:
    """Whether it is one of the client's two errors without a hub; `datasets` names them in a message of its own."""
    return any(name in f"{type(cause).__name__}: {cause}" for name in _UNREACHABLE)


def _explain_response(page: str, cause: BaseException) -> str:
    """Reason and remedy of a response of the hub; "" for a cause without one, or where just a file is missing."""
    kind, status = type(cause).__name__, getattr(getattr(cause, "response", None), "status_code", None)
    address = f"{endpoint()}/{page}"
    if kind == "GatedRepoError":
        return f"it is gated: request access on {address}, then log in with `hf auth login`"
    if kind == "RepositoryNotFoundError" or (kind == "HfHubHTTPError" and status == 404):
        what = "data set" if page.startswith("datasets/") else "model"
        return (
            f"there is no such {what} on the hub ({address}), or it is private: check the name, log in with "
            "`hf auth login` where it is private"
        )
    if not isinstance(status, int) or status == 404:
        return ""
    if status in (401, 403):
        return f"the hub does not let you read it ({status}): log in with `hf auth login`"
    if status == 429:
        return "too many requests to the hub (429): wait some minutes"
    return f"the hub is out of order ({status}): start the same command again later"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its chain of causes, the last one first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def endpoint() -> str:
    """The hub's address, or that of the mirror in HF_ENDPOINT. Raises UserError where that is none."""
    stated = os.environ.get("HF_ENDPOINT", ENDPOINT)
    parts = urllib.parse.urlsplit(stated)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UserError(
            f"HF_ENDPOINT is {stated!r}: expected an address, such as https://hf-mirror.com; correct or unset it"
        )
    return stated.rstrip("/")
