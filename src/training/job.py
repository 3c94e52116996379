"""What a training run will do, decided before any weights are loaded."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PretrainedConfig, PreTrainedTokenizerBase, TrainingArguments

from src import distributed
from src.config import Config, QloraConfig, TrainingConfig
from src.data.dataset import load_card, load_split
from src.data.preprocessing import Encoded, EncodedSplit, encode_split
from src.models.architecture import shape_of
from src.models.fingerprints import model_fingerprint
from src.models.hardware import Hardware, decide
from src.models.kernels.embedding_offload import offload_options
from src.models.kernels.liger import uses_fused_kernels
from src.models.loading import ModelReference, load_tokenizer, loading_errors, location
from src.schema import UserError
from src.training import memory
from src.training.compatibility import check_compatibility, check_processes
from src.training.packing.attention import FALLBACK, training_attention
from src.training.packing.prefix_sharing import PrefixSharing, decide_prefix_sharing
from src.training.utils import schedule

log = logging.getLogger(__name__)

METHODS = ("lora", "qlora")
# Keys of the section training that do not change what is learnt: they may differ between a run and its continuation.
_NOT_IDENTITY = (
    "output_dir logging_steps report_to save_total_limit pack_tokens share_prefixes self_check gradient_checkpointing "
    "fused_kernels offload memory_budget_gib"
)


@dataclass(frozen=True)
class Job:
    """A training run."""

    config: Config
    method: str
    folder: Path  # OUTPUT_DIR/METHOD
    hardware: Hardware
    tokenizer: PreTrainedTokenizerBase
    train: EncodedSplit
    validation: EncodedSplit
    steps: list[list[int]]  # the samples of every optimizer step
    attention: str  # of packed samples
    prefix_sharing: PrefixSharing
    fused: bool  # with Liger's kernels
    plan: memory.Plan
    identity: dict[str, Any]  # what must be equal for a run to be continued

    @property
    def quantization(self) -> QloraConfig | None:
        return self.config.qlora if self.method == "qlora" else None

    def samples(self) -> list[list[Encoded]]:
        """The samples themselves, by step."""
        return [[self.train.samples[index] for index in step] for step in self.steps]


def prepare(config: Config, method: str) -> Job:
    """Read the data; choose device, packs and steps. Raises UserError for what cannot work."""
    assert method in METHODS
    hardware = decide(config.model)
    check_compatibility(config, method, hardware)
    check_processes(config, method, distributed.sharding(), distributed.world_size())
    if hardware.notice:
        log.warning(hardware.notice)
    base = config.model.base_model
    tokenizer = load_tokenizer(base, config.model)
    model_config = _model_config(config)
    train, validation = (_encoded(config, tokenizer, name) for name in ("train", "validation"))
    if config.training.loss_on_prompt:
        train = train.with_loss_on_prompts()
    steps = schedule(len(train.samples), config.training)
    samples = [[train.samples[index] for index in step] for step in steps]
    attention = training_attention(model_config, hardware)
    prefix_sharing = decide_prefix_sharing(config, model_config, attention, samples, distributed.world_size())
    quantization = config.qlora if method == "qlora" else None
    fused = uses_fused_kernels(config.training.fused_kernels, model_config, hardware)
    offload = offload_options(
        config.training.offload, model_config, hardware, config.lora, distributed.sharding()
    )
    plan = memory.plan(
        memory.TrainingSetup(
            shape_of(model_config),
            hardware,
            config.lora,
            quantization,
            config.training,
            prefix_sharing.largest_step,
            weight_shards=distributed.world_size() if distributed.sharding() else 1,
            fused=fused,
            masked=attention == FALLBACK,
            offload=offload,
            unshared_per_computed=prefix_sharing.unshared_per_computed,
        )
    )
    return Job(
        config=config,
        method=method,
        folder=Path(config.training.output_dir) / method,
        hardware=hardware,
        tokenizer=tokenizer,
        train=train,
        validation=validation,
        steps=steps,
        attention=attention,
        prefix_sharing=prefix_sharing,
        fused=fused,
        plan=_most_frugal(distributed.gather(plan)),
        identity=_identity(config, method),
    )


def _most_frugal(plans: Sequence[memory.Plan]) -> memory.Plan:
    """The plan of the process with the least memory, which all follow."""
    return min(plans, key=lambda plan: (not plan.offload, plan.pack_tokens, not plan.checkpointing))


def _encoded(config: Config, tokenizer: PreTrainedTokenizerBase, split: str) -> EncodedSplit:
    examples = load_split(config.data, split)
    if not examples:
        raise UserError(
            f"the {split} split in {config.data.dataset_path} is empty; training needs one: set "
            "data.validation_fraction above 0 and run python download_data.py again"
        )
    return encode_split(tokenizer, examples, config.data.max_length, config.prompt.template)


def _model_config(config: Config) -> PretrainedConfig:
    base = config.model.base_model
    with loading_errors("configuration", base):
        return AutoConfig.from_pretrained(location(base), trust_remote_code=config.model.trust_remote_code)


def _identity(config: Config, method: str) -> dict[str, Any]:
    """Everything that decides the trained weights, flat, by the keys of the configuration."""
    sections = dataclasses.asdict(config)
    identity = {
        "method": method,
        "data.fingerprint": load_card(config.data).fingerprint,
        "data.max_length": config.data.max_length,
        "prompt.template": config.prompt.template,
        "model.fingerprint": model_fingerprint(ModelReference(config.model.base_model), config.model),
    }
    for name in ("model", "lora") + (("qlora",) if method == "qlora" else ()):
        identity |= {f"{name}.{key}": value for key, value in sections[name].items()}
    if config.lora.continue_from != "none":
        adapter = ModelReference(config.model.base_model, Path(config.lora.continue_from))
        identity["lora.continue_from.fingerprint"] = model_fingerprint(adapter, config.model)
    training = {key: value for key, value in sections["training"].items() if key not in _NOT_IDENTITY.split()}
    return identity | {f"training.{key}": value for key, value in training.items()}


def training_arguments(
    config: TrainingConfig, folder: Path, steps: int, hardware: Hardware
) -> TrainingArguments:
    """The Trainer's own settings; batch size and order are the schedule's."""
    constant = config.lr_scheduler_type == "constant"
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup" if constant else config.lr_scheduler_type,
        warmup_steps=round(config.warmup_ratio * steps),
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim=config.optim,
        logging_steps=config.logging_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # reads the loss back every step
        eval_strategy="steps",
        eval_steps=config.eval_steps,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=config.save_total_limit,
        load_best_model_at_end=False,  # done in trainer.py: the Trainer would also do it after a stop
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to="none" if config.report_to == "tensorboard" else config.report_to,  # ours: see callbacks
        seed=config.seed,
        data_seed=config.seed,
        disable_tqdm=True,
        use_cpu=hardware.device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_timeout=int(distributed.TIMEOUT.total_seconds()),
    )
