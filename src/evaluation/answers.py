"""Generates a model's answers to a test set; an answer that is on the disk is not generated again."""

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

PROMPT_VERSION = 1  # raised when the same example would be rendered as another prompt
SHARD_PATTERN = "answers.rank-*.jsonl"  # of one rank among several, until rank 0 merges it
GENERIC_FOLDERS = ("final", "checkpoints", "adapter")  # names that say nothing about a model


@dataclass(frozen=True)
class Answers:
    """One model's answers to a test set, and how they were generated."""

    samples: list[Sample]
    origin: dict[str, Any]  # model, fingerprint, prompt, decoding, precision: part of the provenance


def run_name(model_path: str, test_set: str) -> str:
    """The folder of a model's run: "quickstart-lora--starter" for checkpoints/quickstart/lora/final."""
    parts = re.split(r"[\\/]+", model_path.rstrip("/\\"))
    parts = [part for part in parts if part not in ("", ".", "..", *GENERIC_FOLDERS)]
    name = "-".join(parts[-2:]) or "model"
    return re.sub(r"[^\w.+-]", "_", f"{name}--{test_set}")


def answer(
    model_path: str, base_model: str | None, test_set: TestSet, config: Config, folder: Path
) -> Answers:
    """Answers of the model to every example, kept in `folder`; the model is loaded only where some are missing.

    Writes generations.jsonl, a predictions file. Raises UserError for a model that cannot be loaded.
    """
    setup = _set_up(model_path, base_model, config)
    store = _store(setup, folder)
    missing = store.missing(test_set.examples, setup.decoding)
    if missing:
        _generate(setup, missing, store, config)
    samples = to_samples(test_set.examples, store.of(test_set.examples, setup.decoding))
    write_atomic(folder / ANSWERS, predictions_text(samples))
    return Answers(samples, {"model": model_path, "base_model": setup.reference.base, **setup.key})


def keep_answers(
    model_path: str, base_model: str | None, test_set: TestSet, config: Config, folder: Path
) -> Path:
    """The predictions file of `answer`, with a record of its origin beside it, for scoring later or elsewhere."""
    answers = answer(model_path, base_model, test_set, config, folder)
    made = provenance.describe(config, device=decide(config.model).name)
    origin = {
        "name": folder.name,
        "test_set": test_set.name,
        **answers.origin,
        "generated": {key: value for key, value in made.items() if key != "config"},
    }
    return write_answers(folder, answers.samples, origin)


def answer_shard(
    model_path: str, base_model: str | None, test_set: TestSet, config: Config, folder: Path
) -> None:
    """Every rank generates its shard of the answers; rank 0 then has all of them in `folder`, where `answer` looks.

    A shard is a file of its own until all are complete, so that finished answers are kept if a rank ends early.
    """
    base = resolve(model_path, base_model).base
    distributed.rank0_first(lambda: location(base))  # downloaded and converted once
    setup = _set_up(model_path, base_model, config)

    def still_missing() -> list[tuple[Example, int]]:
        return _store(setup, folder).missing(test_set.examples, setup.decoding)

    missing = distributed.rank0_first(still_missing)
    if missing:
        shard = GenerationStore(folder / SHARD_PATTERN.replace("*", str(distributed.rank())), setup.key)
        _generate(setup, missing, shard, config, (distributed.rank(), distributed.world_size()))
    distributed.barrier()
    distributed.rank0_first(lambda: _store(setup, folder).path)


@dataclass(frozen=True)
class _Setup:
    """A model and all that decides its answer to a prompt."""

    model_path: str
    reference: ModelReference
    hardware: Hardware
    decoding: Decoding
    key: dict[str, Any]  # all that decides an answer besides the prompt


def _set_up(model_path: str, base_model: str | None, config: Config) -> _Setup:
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
    return _Setup(model_path, reference, hardware, decoding, key)


def _backend(reference: ModelReference, hardware: Hardware, config: Config) -> dict[str, str]:
    """The part of the key that distinguishes vLLM's answers; empty for transformers, as in keys of older versions."""
    if config.evaluation.backend == "transformers":
        return {}
    return {"backend": vllm.check_support(reference, hardware)}


def _store(setup: _Setup, folder: Path) -> GenerationStore:
    """All finished answers, those in the shards of several ranks among them."""
    store = GenerationStore(folder / "answers.jsonl", setup.key)
    store.absorb(list(folder.glob(SHARD_PATTERN)))
    return store


def _generate(
    setup: _Setup,
    missing: list[tuple[Example, int]],
    store: GenerationStore,
    config: Config,
    share: tuple[int, int] = (0, 1),
) -> None:
    if setup.hardware.notice:
        log.warning(setup.hardware.notice)
    tokenizer = load_tokenizer(setup.reference.base, config.model)
    name = Path(setup.model_path).name if setup.reference.adapter is None else store.path.parent.name
    label = f"answers of {name}"
    work = (missing, setup.decoding, store, config.evaluation.batch_size, setup.key["prompt"], label)
    if "backend" in setup.key:
        vllm.generate_missing(setup.reference, tokenizer, *work, config.model, setup.hardware)
        return
    model = _load(setup.reference, config, setup.hardware)
    generate_missing(model, tokenizer, *work, share=share)


def precision(reference: ModelReference, hardware: Hardware) -> str:
    """The number format that the model is evaluated in, for the report."""
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
    wanted = "auto" if config.training.fused_kernels else False  # "auto": generation also works without
    if uses_fused_kernels(wanted, model.config, hardware):
        apply_liger(model)
    return model  # type: ignore[return-value]
