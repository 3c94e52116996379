"""Has models answer a test set; an answer that is on the disk is not generated again."""

from __future__ import annotations

import dataclasses
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.config import Config
from src.evaluation.evaluator import to_samples
from src.evaluation.predictions import predictions_text
from src.evaluation.test_sets import TestSet
from src.files import write_atomic
from src.generation import Decoding, GenerationStore, generate_answers, prompt_template
from src.models.base import ModelReference, load_tokenizer, resolve
from src.models.hardware import Hardware, decide
from src.models.identity import model_fingerprint
from src.schema import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

PREPARATION = 1  # raised when the same model and prompt would be asked in another way
ENDS = ("final", "checkpoints", "adapter")  # folder names that say nothing about a model


@dataclass(frozen=True)
class Answers:
    """What one model answered to a test set, and how it was asked."""

    samples: list[Sample]
    origin: dict[str, Any]  # model, fingerprint, prompt, decoding, precision: part of the provenance


def run_name(model_path: str, test_set: str) -> str:
    """The folder of a model's run: "quickstart-lora--starter" for checkpoints/quickstart/lora/final."""
    parts = [
        part for part in re.split(r"[\\/]+", model_path.rstrip("/\\")) if part not in ("", ".", "..", *ENDS)
    ]
    name = "-".join(parts[-2:]) or "model"
    return re.sub(r"[^\w.+-]", "_", f"{name}--{test_set}")


def answer(
    model_path: str, base_model: str | None, test_set: TestSet, config: Config, folder: Path
) -> Answers:
    """Answers of the model to every example, kept in `folder`; the model is loaded only for what is missing.

    Writes generations.jsonl, a predictions file. Raises UserError for a model that cannot be had.
    """
    reference = resolve(model_path, base_model)
    hardware = decide(config.model)
    decoding = Decoding.of(config.evaluation)
    template = prompt_template(reference, config)
    key = {
        "preparation": PREPARATION,
        "fingerprint": model_fingerprint(reference, config.model),
        "precision": precision(reference, hardware),
        "prompt": template,
        "decoding": dataclasses.asdict(decoding),
    }
    store = GenerationStore(folder / "answers.jsonl", key)
    if store.missing(test_set.examples, decoding):
        if hardware.notice:
            log.warning(hardware.notice)
        tokenizer = load_tokenizer(reference.base, config.model)
        model = _load(reference, config, hardware)
        generate_answers(
            model, tokenizer, test_set.examples, decoding, store, config.evaluation.batch_size, template,
            label=f"answers of {Path(model_path).name if reference.adapter is None else folder.name}",
        )  # fmt: skip
    samples = to_samples(test_set.examples, store.of(test_set.examples, decoding))
    write_atomic(folder / "generations.jsonl", predictions_text(samples))
    return Answers(samples, {"model": model_path, "base_model": reference.base, **key})


def precision(reference: ModelReference, hardware: Hardware) -> str:
    """In what the model is evaluated, for the report."""
    plain = str(hardware.dtype).removeprefix("torch.")
    if reference.quantization is None:
        return plain if reference.adapter is None else f"{plain}, adapter merged"
    kind = f"{reference.quantization.bits}-bit"
    if reference.quantization.bits == 4:
        kind += f" {reference.quantization.quant_type}"
    return f"{kind} base, adapter apart"


def _load(reference: ModelReference, config: Config, hardware: Hardware) -> PreTrainedModel:
    from src.models.lora_model import load_model

    return load_model(reference, merge=True, config=config.model, hardware=hardware)  # type: ignore[return-value]
