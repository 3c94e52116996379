"""Rows of a data set on the Hugging Face hub, or of one that its library has in its cache or in a folder."""

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

from src.data.formats import RawRow
from src.schema import UserError

log = logging.getLogger(__name__)

ENDPOINT = "https://huggingface.co"
KNOCK_S = 10.0  # waited for the hub's first answer


def hub_rows(name: str, force: bool = False) -> Iterator[RawRow]:
    """Rows of every split of `name`, numbered through; `force` downloads again what is cached.

    Raises UserError where it cannot be had.
    """
    if not Path(name).exists():
        go_offline_unless_reachable()
    import datasets
    from datasets.exceptions import DatasetsError

    try:
        loaded = datasets.load_dataset(name, download_mode="force_redownload" if force else None)
    except (OSError, ValueError, RuntimeError, DatasetsError, *_transport_errors()) as error:
        raise UserError(
            f"cannot load {name} from the hub ({_reason(error)}); check data.dataset_name and the connection, or "
            "use --source github|file|starter"
        ) from error
    number = 0
    for split in loaded:
        for values in loaded[split]:
            number += 1
            yield RawRow(number, values)


def go_offline_unless_reachable(path: str = "") -> None:
    """One question, for `path`, instead of the minutes for which the libraries would repeat theirs."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return
    endpoint = os.environ.get("HF_ENDPOINT", ENDPOINT)
    address = f"{endpoint.rstrip('/')}/{urllib.parse.quote(path)}" if path else endpoint
    try:
        urllib.request.urlopen(address, timeout=KNOCK_S).close()
    except urllib.error.HTTPError as answer:  # it is there; the libraries know what to make of a refusal
        answer.close()
        if answer.code >= 500:
            _go_offline(endpoint, answer)
    except (OSError, http.client.HTTPException) as error:
        _go_offline(endpoint, error)


def _go_offline(endpoint: str, error: Exception) -> None:
    log.warning("%s does not answer (%s): using what is cached", endpoint, error)
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants: Any = sys.modules.get("huggingface_hub.constants")
    if constants is not None:  # it has read the variable already
        constants.HF_HUB_OFFLINE = True


def _transport_errors() -> tuple[type[Exception], ...]:
    """Errors of the HTTP library under huggingface_hub, some of which come through bare."""
    modules = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    return tuple(module.HTTPError for module in modules)


def _reason(error: BaseException) -> str:
    """The first line of the answer that the hub gave, if there is one among the causes; else of the error."""
    told: BaseException | None = error
    while told is not None and getattr(told, "response", None) is None:
        told = told.__cause__ or told.__context__
    lines = str(told or error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
