"""Has models answer a test set; an answer that is on the disk is not generated again."""

from __future__ import annotations

import dataclasses
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src import distributed, provenance
from src.config import Config
from src.evaluation.benchmarks import TestSet
from src.evaluation.predictions import ANSWERS, predictions_text, to_samples, write_answers
from src.files import write_atomic
from src.generation import vllm
from src.generation.generate import generate_missing
from src.generation.settings import Decoding, prompt_template
from src.generation.store import GenerationStore
from src.models.fingerprints import model_fingerprint
from src.models.hardware import Hardware, decide
from src.models.loading import ModelReference, load_tokenizer, location, resolve
from src.schema import Example, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

PROMPT_VERSION = 1  # raised when the same model and prompt would be asked in another way
PART = "answers.rank-*.jsonl"  # of one process among several, until the first one takes it over
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
    asked = _asked(model_path, base_model, config)
    store = _store(asked, folder)
    missing = store.missing(test_set.examples, asked.decoding)
    if missing:
        _generate(asked, missing, store, config)
    samples = to_samples(test_set.examples, store.of(test_set.examples, asked.decoding))
    write_atomic(folder / ANSWERS, predictions_text(samples))
    return Answers(samples, {"model": model_path, "base_model": asked.reference.base, **asked.key})


def keep_answers(
    model_path: str, base_model: str | None, test_set: TestSet, config: Config, folder: Path
) -> Path:
    """The predictions file of `answer`, with a note of its making beside it: to be scored later, or elsewhere."""
    answers = answer(model_path, base_model, test_set, config, folder)
    made = provenance.describe(config, device=decide(config.model).name)
    origin = {
        "name": folder.name,
        "test_set": test_set.name,
        **answers.origin,
        "generated": {key: value for key, value in made.items() if key != "config"},
    }
    return write_answers(folder, answers.samples, origin)


def answer_share(
    model_path: str, base_model: str | None, test_set: TestSet, config: Config, folder: Path
) -> None:
    """Every process of this run answers its part; the first one then has all answers in `folder`, as `answer` wants them.

    A part is a file of its own until all are there, so that whatever was finished is kept if a process ends early.
    """
    base = resolve(model_path, base_model).base
    distributed.rank0_first(lambda: location(base))  # fetched and converted once
    asked = _asked(model_path, base_model, config)

    def still_missing() -> list[tuple[Example, int]]:
        return _store(asked, folder).missing(test_set.examples, asked.decoding)

    missing = distributed.rank0_first(still_missing)
    if missing:
        part = GenerationStore(folder / PART.replace("*", str(distributed.rank())), asked.key)
        _generate(asked, missing, part, config, (distributed.rank(), distributed.world_size()))
    distributed.barrier()
    distributed.rank0_first(lambda: _store(asked, folder).path)


@dataclass(frozen=True)
class _Asked:
    """A model and how it is asked."""

    model_path: str
    reference: ModelReference
    hardware: Hardware
    decoding: Decoding
    key: dict[str, Any]  # all that decides an answer besides the prompt


def _asked(model_path: str, base_model: str | None, config: Config) -> _Asked:
    reference = resolve(model_path, base_model)
    hardware = decide(config.model)
    decoding = Decoding.of(config.evaluation)
    backend = _backend(reference, hardware, config)
    key = {
        "preparation": PROMPT_VERSION,
        "fingerprint": model_fingerprint(reference, config.model),
        "precision": (vllm.precision if backend else precision)(reference, hardware),
        "prompt": prompt_template(reference, config),
        "decoding": dataclasses.asdict(decoding),
        **backend,
    }
    return _Asked(model_path, reference, hardware, decoding, key)


def _backend(reference: ModelReference, hardware: Hardware, config: Config) -> dict[str, str]:
    """The part of the key that tells vLLM's answers apart; empty for transformers, as in keys that knew no other."""
    if config.evaluation.backend == "transformers":
        return {}
    return {"backend": vllm.check_support(reference, hardware)}


def _store(asked: _Asked, folder: Path) -> GenerationStore:
    """All finished answers, with those that several processes left apart."""
    store = GenerationStore(folder / "answers.jsonl", asked.key)
    store.absorb(list(folder.glob(PART)))
    return store


def _generate(
    asked: _Asked,
    missing: list[tuple[Example, int]],
    store: GenerationStore,
    config: Config,
    share: tuple[int, int] = (0, 1),
) -> None:
    if asked.hardware.notice:
        log.warning(asked.hardware.notice)
    tokenizer = load_tokenizer(asked.reference.base, config.model)
    name = Path(asked.model_path).name if asked.reference.adapter is None else store.path.parent.name
    work = (
        missing,
        asked.decoding,
        store,
        config.evaluation.batch_size,
        asked.key["prompt"],
        f"answers of {name}",
    )
    if "backend" in asked.key:
        vllm.generate_missing(asked.reference, tokenizer, *work, config.model, asked.hardware)
        return
    model = _load(asked.reference, config, asked.hardware)
    generate_missing(model, tokenizer, *work, share=share)


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
    from src.models.kernels.liger import apply_liger, uses_fused_kernels
    from src.models.lora_model import load_model

    model = load_model(reference, merge=True, config=config.model, hardware=hardware)
    wanted = "auto" if config.training.fused_kernels else False  # where there are none, answers need none
    if uses_fused_kernels(wanted, model.config, hardware):
        apply_liger(model)
    return model  # type: ignore[return-value]
