"""Rows of a data set on the Hugging Face hub, or of one that its library has in its cache or in a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from src.data.sources.readers import RawRow
from src.hub_access import go_offline_unless_reachable
from src.schema import UserError


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
