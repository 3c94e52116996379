"""What a training run will do, decided before any weights are loaded."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from src.config import Config, QloraConfig
from src.data.card.data_card import DataCard
from src.data.dataset import load_card, load_split
from src.data.preprocessing import Encoded, EncodedSplit, encode_split
from src.models.architecture import is_random, shape_of
from src.models.fingerprints import model_fingerprint
from src.models.hardware import Hardware, decide
from src.models.kernels.embedding_offload import offload_options
from src.models.kernels.liger import uses_fused_kernels
from src.models.limits import check_length, check_tokens
from src.models.loading import ModelReference, load_tokenizer, location, skeleton
from src.models.lora_model import check_lora
from src.models.qlora_model import compute_dtype, quantization_config
from src.models.run_record import SEED_FOLDER
from src.schema import UserError
from src.system import distributed
from src.training import memory
from src.training.compatibility import check_compatibility, check_processes
from src.training.packing.attention import FALLBACK, repeats_kv, training_attention
from src.training.packing.prefix_sharing import PrefixSharing, decide_prefix_sharing
from src.training.start import Start, find_start
from src.training.utils import schedule

log = logging.getLogger(__name__)

METHODS = ("lora", "qlora")
IN_USE = "wait for it or set training.output_dir"
# Keys of the section training that do not change what is learnt: they may differ between a run and its continuation.
_NOT_IDENTITY = (
    "output_dir logging_steps report_to save_total_limit pack_tokens share_prefixes self_check gradient_checkpointing "
    "fused_kernels offload memory_budget_gib seeds"
)


@dataclass(frozen=True)
class Job:
    """A training run, with every decision that is made before weights are loaded."""

    config: Config
    method: str
    folder: Path  # OUTPUT_DIR/METHOD, of several seeds OUTPUT_DIR/METHOD/seed-N
    hardware: Hardware
    tokenizer: PreTrainedTokenizerBase
    card: DataCard
    train: EncodedSplit
    validation: EncodedSplit
    steps: list[list[int]]  # the samples of every optimizer step
    attention: str  # of packed samples
    stochastic: bool  # training draws random numbers
    prefix_sharing: PrefixSharing
    fused: bool  # with Liger's kernels
    plan: memory.Plan
    identity: dict[str, Any]  # what must be equal for a run to be continued
    start: Start

    @property
    def quantization(self) -> QloraConfig | None:
        return _quantization(self.config, self.method)

    @property
    def share(self) -> bool:
        """Whether the samples of a pack share their prefixes."""
        return self.prefix_sharing.saved > 0

    @property
    def loss_scaling(self) -> bool:
        """Whether gradients pass through float16, which would lose the small ones of a loss that is not scaled."""
        base = self.quantization
        return torch.float16 in (self.hardware.dtype, base and compute_dtype(base, self.hardware))

    def samples(self) -> list[list[Encoded]]:
        """The samples themselves, by step."""
        return _by_step(self.train, self.steps)


def run_folder(config: Config, method: str) -> Path:
    """Where a run leaves its checkpoints and its result: of several seeds, each in a folder of its own."""
    folder = Path(config.training.output_dir) / method
    return folder / f"{SEED_FOLDER}{config.training.seed}" if config.training.seeds > 1 else folder


@contextmanager
def prepared(
    config: Config,
    method: str,
    resume: bool = False,
    restart: bool = False,
    lock: AbstractContextManager[None] | None = None,
) -> Iterator[Job]:
    """The job in all ranks of its process group, decided while `lock` is held."""
    hardware = decide(config.model, quantised=method == "qlora")
    check_compatibility(config, method, hardware)  # before a base is downloaded
    with distributed.process_group(hardware.device):
        distributed.rank0_first(lambda: location(config.model.base_model))  # downloaded and converted once
        with lock or nullcontext():
            yield prepare(config, method, resume, restart, hardware)


def prepare(
    config: Config, method: str, resume: bool = False, restart: bool = False, hardware: Hardware | None = None
) -> Job:
    """Read the data; choose packs, steps and start. Raises UserError for what cannot work; writes nothing."""
    assert method in METHODS
    hardware = hardware or decide(config.model, quantised=method == "qlora")
    folder = run_folder(config, method)
    _check_writable(folder)
    check_processes(config, method, distributed.sharding(), distributed.world_size())
    if hardware.notice:
        log.warning(hardware.notice)
    tokenizer = load_tokenizer(config.model.base_model, config.model)
    card = load_card(config.data)
    train, validation = (_encoded(config, tokenizer, card, name) for name in ("train", "validation"))
    if config.training.loss_on_prompt:
        train = train.with_loss_on_prompts()
    steps = schedule(len(train.samples), config.training)
    model = _checked_model(config, method, hardware)
    _check_samples(model, tokenizer, train.samples + validation.samples, config.data.max_length)
    attention = training_attention(model.config, hardware)
    stochastic = config.lora.lora_dropout > 0 or config.training.neftune_noise_alpha > 0 or is_random(model)
    allowed = config.training.share_prefixes and attention != FALLBACK and not stochastic
    prefix_sharing = decide_prefix_sharing(allowed, _by_step(train, steps), distributed.world_size())
    training, sharding = config.training, distributed.sharding()
    setup = memory.TrainingSetup(
        shape_of(model.config, model),
        hardware,
        config.lora,
        _quantization(config, method),
        training,
        prefix_sharing.largest_step,
        weight_shards=distributed.world_size() if sharding else 1,
        fused=uses_fused_kernels(training.fused_kernels, model.config, hardware),
        masked=attention == FALLBACK,
        repeated_kv=repeats_kv(attention),
        offload=offload_options(training.offload, model, hardware, config.lora, sharding),
        unshared_per_computed=prefix_sharing.unshared_per_computed,
    )
    identity = _identity(config, method, card)
    start = distributed.rank0_first(
        lambda: find_start(folder, identity, len(steps), stochastic, resume, restart)
    )
    for note in start.notes:
        log.warning(note)
    return Job(
        config=config,
        method=method,
        folder=folder,
        hardware=hardware,
        tokenizer=tokenizer,
        card=card,
        train=train,
        validation=validation,
        steps=steps,
        attention=attention,
        stochastic=stochastic,
        prefix_sharing=prefix_sharing,
        fused=setup.fused,
        plan=_most_frugal(distributed.gather(memory.plan(setup))),
        identity=identity,
        start=start,
    )


def _check_writable(folder: Path) -> None:
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(f"cannot write to {folder} ({nearest} is not a folder to write to); {IN_USE}")


def _checked_model(config: Config, method: str, hardware: Hardware) -> PreTrainedModel:
    """The skeleton of the model to train. Raises UserError where base, method and adapter do not fit together."""
    quantization = _quantization(config, method)
    if quantization is not None:
        quantization_config(quantization, hardware)
    made = skeleton(config.model.base_model, config.model, hardware)
    check_lora(made, config.lora, quantised=quantization is not None)
    return made


def _check_samples(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, samples: Sequence[Encoded], max_length: int
) -> None:
    pad = [int(tokenizer.pad_token_id)]  # of its evaluation, refused before hours of training
    check_tokens(model, tokenizer, [pad, *(sample.input_ids for sample in samples)])
    longest = max(map(len, samples))
    check_length(
        model,
        longest,
        f"samples have up to {longest:,} tokens (data.max_length={max_length:,})",
        "lower data.max_length to that",
    )


def _quantization(config: Config, method: str) -> QloraConfig | None:
    return config.qlora if method == "qlora" else None


def _by_step(split: EncodedSplit, steps: Sequence[Sequence[int]]) -> list[list[Encoded]]:
    return [[split.samples[index] for index in step] for step in steps]


def _most_frugal(plans: Sequence[memory.Plan]) -> memory.Plan:
    """The plan of the process with the least memory, which all follow."""
    return min(plans, key=lambda plan: (not plan.offload, plan.pack_tokens, not plan.checkpointing))


def _encoded(config: Config, tokenizer: PreTrainedTokenizerBase, card: DataCard, split: str) -> EncodedSplit:
    examples = load_split(config.data, split, card)
    if not examples:
        raise UserError(
            f"the {split} split in {config.data.dataset_path} is empty; training needs one: set "
            "data.validation_fraction above 0 and run python download_data.py again"
        )
    return encode_split(tokenizer, examples, config.data.max_length, config.prompt.template)


def _identity(config: Config, method: str, card: DataCard) -> dict[str, Any]:
    """Everything that decides the trained weights, flat, by the keys of the configuration."""
    sections = dataclasses.asdict(config)
    identity = {
        "method": method,
        "data.fingerprint": card.fingerprint,
        "data.max_length": config.data.max_length,
        "prompt.template": config.prompt.template,
        "model.fingerprint": model_fingerprint(ModelReference(config.model.base_model)),
    }
    for name in ("model", "lora") + (("qlora",) if method == "qlora" else ()):
        identity |= {f"{name}.{key}": value for key, value in sections[name].items()}
    if config.lora.continue_from != "none":
        adapter = ModelReference(config.model.base_model, Path(config.lora.continue_from))
        identity["lora.continue_from.fingerprint"] = model_fingerprint(adapter)
    training = {key: value for key, value in sections["training"].items() if key not in _NOT_IDENTITY.split()}
    return identity | {f"training.{key}": value for key, value in training.items()}
