"""Generates a model's answers to a test set; an answer that is on the disk is not generated again."""

from __future__ import annotations

import dataclasses
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src import provenance
from src.config import Config
from src.evaluation.benchmarks.test_set import TestSet
from src.evaluation.predictions import ANSWERS, TRAINING, predictions_text, to_samples, write_answers
from src.generation import vllm
from src.generation.generate import generate_missing
from src.generation.settings import Decoding, prompt_template
from src.generation.store import GenerationStore
from src.models.fingerprints import model_fingerprint, trained_elsewhere
from src.models.hardware import Hardware, decide
from src.models.loading import ModelReference, load_tokenizer, location, resolve
from src.models.run_record import read_record, seed_of
from src.schema import Example, Generation, Sample
from src.system import distributed
from src.system.files import write_atomic

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

PREPARATION = 2  # raised when an example would give other prompt tokens, or the same new tokens another text
SHARD_PATTERN = "answers.rank-*.jsonl"  # of one rank among several, until rank 0 merges it
GENERIC_FOLDERS = ("final", "checkpoints", "adapter")  # names that say nothing about a model


@dataclass(frozen=True)
class RunRequest:
    """A model to be run on a test set, and where its answers and scores are kept."""

    model: str  # as the user names it
    base_model: str | None  # of an adapter that does not name it
    test_set: TestSet
    config: Config
    runs_folder: Path
    name: str
    allow_unsandboxed: bool = False
    training_data: Path | None = None  # the data that the model was trained on, where run.json does not say

    @property
    def folder(self) -> Path:
        return self.runs_folder / self.name


@dataclass(frozen=True)
class Answers:
    """One model's answers to a test set, and how they were generated."""

    samples: list[Sample]
    origin: dict[str, Any]  # model, fingerprint, prompt, decoding, precision: part of the provenance


def run_name(model_path: str, test_set: str) -> str:
    """The folder of a model's run: "quickstart-lora--starter" for checkpoints/quickstart/lora/final.

    One of several seeds has its seed behind that: "quickstart-lora-seed-42--starter".
    """
    parts = re.split(r"[\\/]+", model_path.rstrip("/\\"))
    parts = [part for part in parts if part not in ("", ".", "..", *GENERIC_FOLDERS)]
    words = 3 if seed_of(Path(model_path)) else 2
    name = "-".join(parts[-words:]) or "model"
    return re.sub(r"[^\w.+-]", "_", f"{name}--{test_set}")


def answer(request: RunRequest) -> Answers:
    """Answers of the model to every example, kept in its folder; the model is loaded only where some are missing.

    Writes generations.jsonl, a predictions file. Raises UserError for a model that cannot be loaded.
    """
    setup, examples = _set_up(request), request.test_set.examples
    store = _store(setup)
    missing = store.missing(examples, setup.decoding)
    if missing:
        _generate(setup, missing, store)
    generations = store.of(examples, setup.decoding)
    _warn_of_thoughts(generations)
    samples = to_samples(examples, generations)
    write_atomic(request.folder / ANSWERS, predictions_text(samples))
    about = {"test_set": request.test_set.name, "model": request.model, **request.test_set.source}
    return Answers(samples, {**about, **_base(setup.reference), **setup.key})


def _base(reference: ModelReference) -> dict[str, Any]:
    """The part of the origin on the model under an adapter, on the one that it was trained on where that is another, and
    on its training."""
    found: dict[str, Any] = {
        "base_model": reference.base,
        "base_fingerprint": model_fingerprint(ModelReference(reference.base)),
    }
    trained_on = trained_elsewhere(reference)
    record = read_record(Path(reference.adapter)) if reference.adapter else None
    if record:
        found[TRAINING] = dataclasses.asdict(record.training)
    if record and "data.fingerprint" in record.identity:
        found["training_data"] = str(record.identity["data.fingerprint"])
    return found | ({"trained_on": trained_on} if trained_on else {})


def _warn_of_thoughts(generations: list[Generation]) -> None:
    """Thinking costs tokens: say where the limit left none for the answer."""
    cut = sum(item.finish == "thinking" for item in generations)
    if cut:
        log.warning(
            "%d of %d answers were cut off while the model was still thinking and count as no answer; raise "
            "evaluation.max_new_tokens",
            cut,
            len(generations),
        )


def keep_answers(request: RunRequest) -> Path:
    """The predictions file of `answer`, with a record of its origin beside it, for scoring later or elsewhere."""
    answers = answer(request)
    hardware = _hardware(resolve(request.model, request.base_model), request.config)
    generated = provenance.describe(device=hardware.name)
    origin = {"name": request.name, **answers.origin, "generated": generated}
    return write_answers(request.folder, answers.samples, origin)


def answer_shard(request: RunRequest) -> None:
    """Every rank generates its shard of the answers; rank 0 then has all of them in the folder, where `answer` looks.

    A shard is a file of its own until all are complete, so that finished answers are kept if a rank ends early.
    """
    base = resolve(request.model, request.base_model).base
    distributed.rank0_first(lambda: location(base))  # downloaded and converted once
    setup = _set_up(request)

    def still_missing() -> list[tuple[Example, int]]:
        return _store(setup).missing(request.test_set.examples, setup.decoding)

    missing = distributed.rank0_first(still_missing)
    if missing:
        path = request.folder / SHARD_PATTERN.replace("*", str(distributed.rank()))
        _generate(
            setup,
            missing,
            GenerationStore(path, setup.key, request.test_set.examples),
            (distributed.rank(), distributed.world_size()),
        )
    distributed.barrier()
    distributed.rank0_first(lambda: _store(setup).path)


@dataclass(frozen=True)
class _Setup:
    """A request and all that decides its model's answer to a prompt."""

    request: RunRequest
    reference: ModelReference
    hardware: Hardware
    decoding: Decoding
    key: dict[str, Any]  # all that decides an answer besides the prompt


def _set_up(request: RunRequest) -> _Setup:
    config = request.config
    reference = resolve(request.model, request.base_model)
    hardware = _hardware(reference, config)
    decoding = Decoding.of(config.evaluation)
    backend = _backend(reference, hardware, config)
    key = {
        "preparation": PREPARATION,
        "fingerprint": model_fingerprint(reference),
        "precision": (vllm.precision if backend else precision)(reference, hardware),
        "prompt": prompt_template(reference, config),
        "decoding": dataclasses.asdict(decoding),
        **backend,
    }
    return _Setup(request, reference, hardware, decoding, key)


def _hardware(reference: ModelReference, config: Config) -> Hardware:
    return decide(config.model, quantised=reference.quantization is not None)


def _backend(reference: ModelReference, hardware: Hardware, config: Config) -> dict[str, str]:
    """The part of the key that distinguishes vLLM's answers; empty for transformers, as in keys of older versions."""
    if config.evaluation.backend == "transformers":
        return {}
    return {"backend": vllm.check_support(reference, hardware)}


def _store(setup: _Setup) -> GenerationStore:
    """All finished answers, those in the shards of several ranks among them."""
    folder = setup.request.folder
    examples = setup.request.test_set.examples
    store = GenerationStore(folder / "answers.jsonl", setup.key, examples)
    store.absorb(list(folder.glob(SHARD_PATTERN)))
    return store


def _generate(
    setup: _Setup, missing: list[tuple[Example, int]], store: GenerationStore, share: tuple[int, int] = (0, 1)
) -> None:
    request, config = setup.request, setup.request.config
    if setup.hardware.notice:
        log.warning(setup.hardware.notice)
    tokenizer = load_tokenizer(setup.reference.base, config.model)
    name = Path(request.model).name if setup.reference.adapter is None else request.name
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
