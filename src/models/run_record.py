"""run.json in the folder of a trained adapter: what was trained on what, how well it went, where it comes from."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from src.config import QloraConfig
from src.models.embedded import public_name
from src.schema import Training, UserError, parse_record
from src.system.files import write_atomic
from src.system.untrusted import read_file

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "run.json"
SEED_FOLDER = "seed-"  # with the seed: of one training of several
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
    # did packs give the model's own loss? {}: not asked
    self_check: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]]  # numbers, as transformers' Trainer logs them
    identity: dict[str, Any]  # what decided the weights, by the keys of the configuration
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        if not all(
            isinstance(value, int | float | None) for entry in self.history for value in entry.values()
        ):
            raise ValueError("history holds what is no number")

    @property
    def config(self) -> dict[str, dict[str, Any]]:
        """The whole configuration, by section."""
        return self.provenance["config"]

    @property
    def template(self) -> str:
        """How the adapter was prompted in training; the first versions had Alpaca's template only."""
        return str(self.config.get("prompt", {}).get("template", "alpaca"))

    @property
    def training(self) -> Training:
        """What a report says of it; None where an older version did not record it."""
        settings, metrics = self.config.get("training", {}), self.metrics
        epochs = [epoch for entry in self.history if (epoch := entry.get("epoch")) is not None]
        return Training(
            method=self.method,
            base_model=public_name(self.base_model),
            data=self.data.origin if self.data else str(self.config.get("data", {}).get("source", "")),
            licence=self.data.licence if self.data else "",
            seed=settings.get("seed"),
            samples=metrics.get("train_samples"),
            epochs=round(float(max(epochs)), 2) if epochs else settings.get("num_train_epochs"),
            learning_rate=settings.get("learning_rate"),
            rank=self.config.get("lora", {}).get("r"),
            trained_parameters=metrics.get("trainable_parameters"),
            all_parameters=metrics.get("total_parameters"),
            seconds=metrics.get("seconds"),
            machine=_machine(str(self.provenance.get("device", "")), metrics.get("processes", 1)),
            loss=self._losses("loss"),
            validation_loss=self._losses("eval_loss"),
        )

    def _losses(self, key: str) -> list[tuple[int, float | None]]:
        found = [(entry["step"], entry[key]) for entry in self.history if "step" in entry and key in entry]
        return [
            (step, value if value is not None and math.isfinite(value) else None) for step, value in found
        ]


def _machine(device: str, processes: object) -> str:
    several = isinstance(processes, int) and processes > 1
    return f"{processes} x {device}" if device and several else device


def read_record(folder: Path) -> RunRecord | None:
    """The record of the adapter in `folder`; None where there is none: trained elsewhere, or no adapter.

    Raises UserError where it is damaged or of another version.
    """
    path = folder / NAME
    try:
        content = read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    record = parse_record(RunRecord, content, str(path), REMEDY, finite=False)  # a loss may overflow
    if (record.method == "qlora") != (record.qlora is not None):
        raise UserError(f"{path} does not say how the base was quantised; damaged. {REMEDY}")
    config = record.provenance.get("config")
    if not isinstance(config, dict) or not all(isinstance(section, dict) for section in config.values()):
        raise UserError(f"{path} does not say how the adapter was prompted (no provenance.config). {REMEDY}")
    return record


def trainings(model: str) -> list[str]:
    """The adapters of a folder that train_*.py --seeds wrote, in the order of the seeds; any other model is itself.

    Raises UserError where one of them is unfinished: a mean over those that happen to be done is not the method's.
    """
    folders = [path for path in Path(model).glob(f"{SEED_FOLDER}*") if seed_of(path)]
    if not folders or any((Path(model) / name).exists() for name in ("adapter_config.json", "config.json")):
        return [model]
    folders.sort(key=lambda path: int(seed_of(path)))
    unfinished = [path.name for path in folders if not (path / "final").exists()]
    if unfinished:
        raise UserError(
            f"{model}: the training of {', '.join(unfinished)} is not finished; finish it with --seeds and --resume, or name "
            "the finished ones one by one"
        )
    return [str(path / "final") for path in folders]


def finished_for(base: str, output: Path) -> str | None:
    """The folder of a finished adapter for this base, or of its seeds, where training writes to `output`; else None."""
    for method in ("lora", "qlora"):
        for offered in (output / method / "final", output / method):  # of one training, of several seeds
            with suppress(UserError):  # a damaged or an unfinished one is not offered
                record = read_record(Path(trainings(str(offered))[0]))
                if record and record.base_model == base:
                    return str(offered)
    return None


def seed_of(folder: Path) -> str:
    """The seed in the name of a folder of trainings with several seeds, of its own or of that around it; else ""."""
    names = (folder.name, folder.parent.name)
    found = (name.removeprefix(SEED_FOLDER) for name in names if name.startswith(SEED_FOLDER))
    return next((seed for seed in found if seed.isdecimal()), "")


def check_one_method(models: Sequence[str]) -> None:
    """Raise UserError where adapters that should be trainings of one method differ in more than their seeds."""
    records = [record for model in models if (record := read_record(Path(model)))]
    for number, record in enumerate(records):
        if record.identity in (earlier.identity for earlier in records[:number]):
            raise UserError(f"two of {', '.join(models)} are the same training; give each seed once")
        keys = [*records[0].identity, *record.identity]
        differing = next(
            (
                key
                for key in keys
                if key != "training.seed" and records[0].identity.get(key) != record.identity.get(key)
            ),
            None,
        )
        if differing:
            values = (each.identity.get(differing) for each in (records[0], record))
            raise UserError(
                f"{', '.join(models)} are not seeds of one method: {differing} is {' and '.join(map(repr, values))}; "
                "compare them one by one, each with a --name"
            )


def write_record(folder: Path, record: RunRecord) -> None:
    """Write run.json; figures that JSON does not have, such as a loss that is NaN, are written as Python does."""
    text = json.dumps(dataclasses.asdict(record), indent=1, ensure_ascii=False)
    write_atomic(folder / NAME, text)
