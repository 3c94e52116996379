"""A transformers Trainer whose batch is one optimizer step, computed in packs that fit the memory."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.optimizers import create_loraplus_optimizer
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.utils.data import DataLoader
from transformers import Trainer
from transformers.trainer_utils import rotate_checkpoints

from src.config import TrainingConfig
from src.data.preprocessing import Encoded
from src.models.adapters import name_base
from src.models.hardware import Hardware, empty_cache, widest_float
from src.models.kernels.embedding_offload import MainMemoryEmbedding
from src.models.kernels.liger import Patches
from src.schema import UserError
from src.system import distributed
from src.system.exhaustion import is_gpu_out_of_memory
from src.training import checkpoints
from src.training.packing.attention import EFFICIENT, VARLEN
from src.training.packing.computation import Computation, Switch
from src.training.packing.cuda_graphs import PackGraphs
from src.training.packing.load_balance import extents, own_packs
from src.training.packing.loss import as_forward, autocast, supervised_loss
from src.training.packing.loss_scaling import LossScaling
from src.training.packing.packs import Pack
from src.training.progress import Counters

log = logging.getLogger(__name__)

SMALLEST_PACK = 256  # tokens; below this, running out of memory is the end
PROGRESS = "progress.json"  # of a checkpoint: counts, and the loss since the last log entry


class StepTrainer(Trainer):
    """A Trainer whose batch is the samples of one optimizer step, computed pack by pack.

    The loss is the mean over all supervised tokens of the step, so the pack size changes speed and
    memory but not the gradient. Of several processes each sees the whole step and computes its own packs.
    """

    def __init__(
        self,
        *,
        steps: Sequence[Sequence[Encoded]],
        validation: Sequence[Encoded],
        epoch_steps: int,
        config: TrainingConfig,
        pack_tokens: int,
        stochastic: bool,
        hardware: Hardware,
        computation: Computation,
        loss_scaling: bool,
        liger: Patches | None,
        **trainer_arguments: Any,
    ) -> None:
        super().__init__(train_dataset=list(steps), eval_dataset=list(validation), **trainer_arguments)
        self.steps, self.validation = steps, validation
        self.epoch_steps = epoch_steps  # optimizer steps in one pass over the training split
        self.config, self.pack_tokens = config, pack_tokens
        self.stochastic = stochastic  # training draws random numbers
        self.hardware = hardware
        self.switch = Switch(self.adapted, liger)
        self.self_check: dict[str, Any] = {}  # its outcome
        self.counters = Counters()
        self.loss_scaling = LossScaling(self.args.device.type, loss_scaling).used_in(self.accelerator)
        if distributed.world_size() > 1 and not self.sharded:
            self._prevent_ddp_wrapping()
        self.use(computation)

    def get_train_dataloader(self) -> DataLoader:
        """Steps in their order; the schedule is shuffled already. Without batches no step is skipped on resuming."""
        return DataLoader(self.steps, batch_size=1, shuffle=False, collate_fn=itemgetter(0))  # type: ignore[arg-type]

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """As the Trainer does, or with LoRA+'s own learning rate for B (arXiv 2402.12354)."""
        ratio, decay = self.config.loraplus_lr_ratio, self.config.weight_decay
        if self.optimizer is None and ratio > 1:
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, self.adapted)  # type: ignore[arg-type]
            options |= {"loraplus_lr_ratio": ratio, "loraplus_weight_decay": decay}
            self.optimizer = create_loraplus_optimizer(self.adapted, kind, **options)
        return super().create_optimizer(model)

    @property
    def adapted(self) -> PeftModel:
        """The model with its adapter."""
        assert isinstance(self.model, PeftModel)
        return self.model

    def use(self, computation: Computation) -> None:
        """Compute packs so from here on."""
        self.switch.set(computation)
        self.computation = computation
        self.graphs = self._graphs()

    def _trainable(self) -> list[torch.nn.Parameter]:
        return [parameter for parameter in self.adapted.parameters() if parameter.requires_grad]

    def _prevent_ddp_wrapping(self) -> None:
        """Keep accelerate from wrapping the model in DDP, whose hooks cannot be captured as a graph."""
        self.adapted._is_accelerate_prepared = True  # type: ignore[assignment]  # a flag, no module
        distributed.broadcast([parameter.data for parameter in self._trainable()])

    @property
    def folder(self) -> Path:
        return Path(str(self.args.output_dir))

    def training_step(  # type: ignore[override]  # a batch is samples here, not tensors
        self, model: torch.nn.Module, inputs: Sequence[Encoded], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Forward and backward of one optimizer step; the mean loss per supervised token.

        Of several processes each returns its part times their number: the Trainer logs the mean.
        """
        model.train()
        supervised = sum(sample.supervised for sample in inputs)
        total = self._retry_with_smaller_packs(lambda: self._accumulate(model, inputs, supervised))
        if not self.sharded:
            distributed.all_reduce_mean([item.grad for item in self._trainable() if item.grad is not None])
        self.loss_scaling.unscale(self.optimizer)
        self.counters.tokens += sum(len(sample) for sample in inputs)
        self.counters.supervised += supervised
        return total

    def _accumulate(
        self, model: torch.nn.Module, samples: Sequence[Encoded], supervised: int
    ) -> torch.Tensor:
        total = torch.zeros((), device=self.args.device)
        packs = self._own_packs(samples)
        for place, (pack, weight) in enumerate(packs, start=1):
            # gradients become their mean over the processes
            scale = weight * distributed.world_size() / supervised
            # FSDP2 and DeepSpeed reduce gradients once per step, with the last pack
            more = self.sharded and place < len(packs)
            with self.accelerator.no_sync(model=model) if more else nullcontext():
                total += self._backward(model, pack, scale)
        return total

    def _backward(self, model: torch.nn.Module, pack: Pack, scale: float) -> torch.Tensor:
        """`scale` times the summed loss of a pack, its gradients added to those of the parameters."""
        if self.graphs is not None and (loss := self.graphs.backward(pack, scale)) is not None:
            return loss

        def plain() -> torch.Tensor:
            loss = self.pack_loss(model, pack) * scale
            self.accelerator.backward(loss)
            return loss.detach()

        return plain() if self.graphs is None else self.graphs.timed(plain)

    def _graphs(self) -> PackGraphs | None:
        """CUDA graphs of packs, where each process holds all weights and draws no random numbers."""
        table = type(self.adapted.get_input_embeddings())  # a graph cannot read main memory
        possible = self.hardware.device == "cuda" and self.computation.attention in (VARLEN, EFFICIENT)
        if not possible or self.stochastic or self.sharded or table is MainMemoryEmbedding:
            return None
        place = distributed.rank(), distributed.world_size()
        packs = extents(self.steps, self.pack_tokens, *place, self.computation.share)
        work = partial(self.pack_loss, self.adapted)
        return PackGraphs(work, self._trainable(), packs, self.loss_scaling.scaler.scale)

    @property
    def sharded(self) -> bool:
        """Whether each process holds a part of the weights only: then all must call the model equally often."""
        return bool(self.is_fsdp_enabled or self.is_deepspeed_enabled)

    def _own_packs(self, samples: Sequence[Encoded], capacity: int = 0) -> list[tuple[Pack, float]]:
        capacity = (capacity or self.pack_tokens) if self.computation.packs else 1
        place = distributed.rank(), distributed.world_size()
        return own_packs(samples, capacity, *place, equal=self.sharded, share=self.computation.share)

    def pack_loss(self, model: torch.nn.Module, pack: Pack) -> torch.Tensor:
        """The summed loss of a pack; of a sharded model `model` is what shards it."""
        noise, way = self.config.neftune_noise_alpha if model.training else 0.0, self.computation
        pack = pack.to(self.args.device)
        work = partial(supervised_loss, self.adapted, pack, way.attention, noise, way.logits)
        return self.computed(model, work, pack.input_ids)

    def computed(self, model: torch.nn.Module, work: Callable[[], Any], ids: torch.Tensor) -> torch.Tensor:
        """What `work` computes with the adapted model, in the number type of training."""
        with autocast(self.hardware):
            result: torch.Tensor = as_forward(model, self.adapted, work, ids) if self.sharded else work()
        return result

    def _retry_with_smaller_packs(self, work: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The result of `work`, repeated with smaller packs as long as it runs out of GPU memory."""
        while True:
            try:
                return work()
            except RuntimeError as error:
                if not is_gpu_out_of_memory(error):
                    raise
                # the error holds the tensors of the failed attempt: free memory outside of this block
            self.shrink_packs()

    def shrink_packs(self) -> None:
        """Halve the packs after running out of memory. Raises UserError where that cannot help."""
        if self.sharded:  # the other processes wait in the middle of a pack of the old size
            raise UserError(
                f"out of memory in process {distributed.rank()} with packs of {self.pack_tokens} tokens; continue "
                f"with --resume and --set training.pack_tokens={max(SMALLEST_PACK, self.pack_tokens // 2)}"
            )
        had_graphs = self.graphs is not None and self.graphs.active
        self.graphs = None
        self.adapted.zero_grad(set_to_none=True)
        empty_cache()
        level = logging.WARNING if distributed.is_rank0() else logging.ERROR  # other ranks print errors only
        reason = f"out of memory{distributed.rank_suffix()}: continuing"
        if self.pack_tokens > SMALLEST_PACK:
            self.pack_tokens //= 2
            log.log(level, "%s with packs of %d tokens, same effective batch", reason, self.pack_tokens)
            self.graphs = self._graphs()  # the smaller packs are, the more graphs save
        elif had_graphs:
            log.log(level, "%s without CUDA graphs, which is slower", reason)
        else:
            raise UserError(
                f"out of memory with packs of {self.pack_tokens} tokens; set data.max_length lower, "
                "training.gradient_checkpointing=true, or use train_qlora.py"
            )

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Validation loss per supervised token, the same for any packing."""
        with self.counters.paused():
            loss = self._retry_with_smaller_packs(self._validation_loss).item()
        metrics = {f"{metric_key_prefix}_loss": loss}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    @torch.no_grad()
    def _validation_loss(self) -> torch.Tensor:
        self.adapted.eval()
        model = self.model_wrapped if self.sharded else self.adapted
        total = torch.zeros((), dtype=widest_float(self.args.device), device=self.args.device)
        capacity = self.pack_tokens if self.graphs is None else max(SMALLEST_PACK, self.pack_tokens // 4)
        for pack, weight in self._own_packs(self.validation, capacity):  # graphs hold most of the memory
            total += self.pack_loss(model, pack).to(total.dtype) * weight
        return distributed.all_reduce_sum(total) / sum(sample.supervised for sample in self.validation)

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Keep every new best: a checkpoint is chosen among those that were saved."""
        better = super()._determine_best_metric(metrics, trial)
        self.control.should_save |= better
        return better

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log entries of steps only: the Trainer's closing summary differs between a run and a resumed one."""
        if "loss" in logs:
            logs |= self.counters.logged()
        if "train_runtime" not in logs:
            fraction = self.state.epoch  # the Trainer counts the whole schedule as one epoch
            self.state.epoch = self.state.global_step / self.epoch_steps
            super().log(logs, start_time)
            self.state.epoch = fraction

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """As the Trainer does, which under FSDP would gather the whole base in main memory to save an adapter."""
        if self.is_fsdp_enabled:
            options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
            self._save(output_dir, get_model_state_dict(self.adapted, options=options))
        else:
            super().save_model(output_dir, _internal_call)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Save, mark as complete, and only then delete older checkpoints."""
        with self.counters.paused():
            self._save_and_mark(model, trial)

    def _save_and_mark(self, model: torch.nn.Module, trial: Any) -> None:
        counts = self.counters.stored()
        kept, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            super()._save_checkpoint(model, trial)
        finally:
            self.args.save_total_limit = kept
        loss_sum = distributed.all_reduce_sum(self._tr_loss.detach() / distributed.world_size()).item()
        if distributed.is_rank0():  # the sum above has waited for the files of the other ranks
            made = self.folder / f"checkpoint-{self.state.global_step}"
            unlogged = {"loss_sum": loss_sum, "logged_step": self._globalstep_last_logged}
            (made / PROGRESS).write_text(json.dumps(counts | unlogged), encoding="utf-8")
            name_base(made)
            checkpoints.mark_complete(made)
            best = self.state.best_model_checkpoint
            rotate_checkpoints(
                str(self.folder), save_total_limit=kept, best_model_checkpoint=best, use_mtime=False
            )
        distributed.barrier()

    def _load_scaler(self, checkpoint: str | None) -> None:  # it may continue in another number type
        super()._load_scaler(checkpoint if self.loss_scaling.on else None)

    def start_counters(self, checkpoint: Path | None) -> None:
        """Start the clock; after a checkpoint, with its counts and unlogged loss."""
        stored = json.loads((checkpoint / PROGRESS).read_text(encoding="utf-8")) if checkpoint else {}
        if stored:
            loss_sum, logged_step = stored.pop("loss_sum"), stored.pop("logged_step")
            if self.is_in_train:
                self._tr_loss += loss_sum
                self._globalstep_last_logged = logged_step
        self.counters.start(**stored)
