"""Says in one line why the hub gave no model, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from src.data.hub import ENDPOINT

OTHERWISE = "or give a local folder or smollm2-135m"
REMEDY = f"Check the name, {OTHERWISE}"
_TRANSPORT = (
    "httpx",
    "httpcore",
    "requests",
    "urllib3",
)  # HTTP libraries of huggingface_hub, with errors of their own


def explain(reference: str, error: BaseException) -> str:
    """The reason and the remedy, from the causes of what transformers raised; "" where they tell of no trouble."""
    causes = list(_causes(error))
    for cause in causes:
        told = _refusal(reference, cause)
        if told:
            return told
    for cause in causes:
        if type(cause).__module__.startswith(_TRANSPORT) and getattr(cause, "response", None) is None:
            return (
                f"the connection to the hub broke off or timed out ({type(cause).__name__}): start the same command "
                f"again, {OTHERWISE}"
            )
    if any(type(cause).__name__ in ("LocalEntryNotFoundError", "OfflineModeIsEnabled") for cause in causes):
        return (
            f"it is not in the cache, and the hub ({_endpoint()}) is not to be reached: check the network, the proxy "
            f"and HF_HUB_OFFLINE, {OTHERWISE}"
        )
    return ""


def _refusal(reference: str, cause: BaseException) -> str:
    """What an answer of the hub means; "" for a cause that is none, or that only says that a file is not there."""
    kind, status = type(cause).__name__, getattr(getattr(cause, "response", None), "status_code", None)
    page = f"{_endpoint()}/{reference}"
    if kind == "GatedRepoError":
        return f"it is gated: ask for access on {page}, then log in with `hf auth login`, {OTHERWISE}"
    if kind == "RepositoryNotFoundError" or (kind == "HfHubHTTPError" and status == 404):
        return (
            f"there is no such model on the hub ({page}), or it is private: check the name, log in with "
            f"`hf auth login` where it is private, {OTHERWISE}"
        )
    if not isinstance(status, int) or status == 404:
        return ""
    if status in (401, 403):
        return f"the hub does not let you read it ({status}): log in with `hf auth login`, {OTHERWISE}"
    if status == 429:
        return f"the hub was asked too often (429): wait some minutes, {OTHERWISE}"
    return f"the hub is out of order ({status}): start the same command again later, {OTHERWISE}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it came of, the last first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")
