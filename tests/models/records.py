"""A run.json as training writes it, for tests that train nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from src.config import load_config
from src.models.run_record import RunRecord, write_record


def run_record(*overrides: str, **changes: Any) -> RunRecord:
    """A finished run of the default configuration with `overrides`; `changes` are fields of the record."""
    config = load_config(overrides=overrides)
    fields: dict[str, Any] = {
        "method": "lora",
        "base_model": "org/base",
        "qlora": config.qlora if changes.get("method") == "qlora" else None,
        "metrics": {},
        "history": [],
        "identity": {},
        "provenance": {"config": dataclasses.asdict(config)},
    }
    return RunRecord(**fields | changes)


def written(folder: Path, *overrides: str, **changes: Any) -> Path:
    """`folder`, made where there is none, with such a record in it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder, run_record(*overrides, **changes))
    return folder
