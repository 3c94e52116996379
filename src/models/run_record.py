"""run.json in the folder of a trained adapter: what was trained on what, how well it went, where it comes from."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from src.config import QloraConfig
from src.files import write_atomic
from src.schema import UserError, parse_record

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "run.json"
REMEDY = "Train again, or delete the file: the adapter is then one that was trained elsewhere"


@dataclass(frozen=True)
class BaseKind:
    """The properties of a base model that its adapter depends on."""

    architecture: str
    vocabulary: int
    hidden: int

    @classmethod
    def of(cls, model: PreTrainedModel) -> BaseKind:
        from src.models.architecture import shape_of

        text = model.config.get_text_config()
        return cls(type(model).__name__, text.vocab_size, shape_of(model.config).hidden)

    def __str__(self) -> str:
        return f"{self.architecture} of {self.hidden} units and {self.vocabulary:,} tokens"


@dataclass(frozen=True)
class DataOrigin:
    """The data that an adapter was trained on."""

    source: str  # hub github file starter
    origin: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A finished training run."""

    method: Literal["lora", "qlora"]
    base_model: str
    base_kind: BaseKind | None = None  # None: the first versions did not record it, nor `data`
    qlora: QloraConfig | None
    data: DataOrigin | None = None
    metrics: dict[str, Any]
    self_check: dict[str, Any] = field(
        default_factory=dict
    )  # whether packs gave the model's own loss; {} if not asked
    history: list[dict[str, Any]]  # as transformers' Trainer logs it
    identity: dict[str, Any]  # what decided the weights, by the keys of the configuration
    provenance: dict[str, Any]

    @property
    def config(self) -> dict[str, dict[str, Any]]:
        """The whole configuration, by section."""
        config: dict[str, dict[str, Any]] = self.provenance["config"]
        return config

    @property
    def template(self) -> str:
        """How the adapter was prompted in training; the first versions had Alpaca's template only."""
        return str(self.config.get("prompt", {}).get("template", "alpaca"))


def read_record(folder: Path) -> RunRecord | None:
    """The record of the adapter in `folder`; None where there is none: trained elsewhere, or no adapter.

    Raises UserError where it is damaged or of another version.
    """
    path = folder / NAME
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    record = parse_record(RunRecord, content, str(path), REMEDY)
    if (record.method == "qlora") != (record.qlora is not None):
        raise UserError(f"{path} does not say how the base was quantised; damaged. {REMEDY}")
    if not isinstance(record.provenance.get("config"), dict):
        raise UserError(f"{path} does not say how the adapter was prompted (no provenance.config). {REMEDY}")
    return record


def write_record(folder: Path, record: RunRecord) -> None:
    """Write run.json; figures that JSON does not have, such as a loss that is NaN, are written as Python does."""
    text = json.dumps(dataclasses.asdict(record), indent=1, ensure_ascii=False)
    write_atomic(folder / NAME, text)
