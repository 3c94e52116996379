"""Rows of a data set on the Hugging Face hub, in the cache of `datasets`, or in a local folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from src.data.sources.readers import RawRow
from src.hub_access import go_offline_unless_reachable
from src.schema import UserError


def hub_rows(name: str, force: bool = False) -> Iterator[RawRow]:
    """Rows of every split of `name`, numbered consecutively; `force` ignores the cache.

    Raises UserError where it cannot be loaded.
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
            "use another --source"
        ) from error
    number = 0
    for split in loaded:
        for values in loaded[split]:
            number += 1
            yield RawRow(number, values)


def _transport_errors() -> tuple[type[Exception], ...]:
    """Errors of the HTTP library under huggingface_hub, some of which reach the caller unwrapped."""
    modules = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    return tuple(module.HTTPError for module in modules)


def _reason(error: BaseException) -> str:
    """The first line of the cause that holds a response of the hub, if there is one; else of the error."""
    cause: BaseException | None = error
    while cause is not None and getattr(cause, "response", None) is None:
        cause = cause.__cause__ or cause.__context__
    lines = str(cause or error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
