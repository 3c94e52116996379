"""The order of the samples, by seed and by process, and counts of parameters."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch

from src.config import Config, TrainingConfig
from src.models.kernels.embedding_offload import MainMemoryEmbedding
from src.schema import UserError
from src.system import distributed

MAX_SEED = 2**32 - 1


def by_seed(config: Config) -> list[Config]:
    """One configuration for each of training.seeds, counted up from training.seed; each is a run of its own."""
    first, count = config.training.seed, config.training.seeds
    if first + count - 1 > MAX_SEED:
        raise UserError(
            f"training.seed={first} leaves no room for {count} seeds up to {MAX_SEED}; set it lower"
        )
    return [
        dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))
        for seed in range(first, first + count)
    ]


def own_share(configs: Sequence[Config]) -> list[Config]:
    """The seeds that this process trains: under a launcher each process has its own, on a GPU of its own.

    Where the launcher shards the model, which one GPU cannot hold, all processes train each seed together.
    """
    if distributed.world_size() == 1 or distributed.sharding():
        return list(configs)
    share = list(configs[distributed.rank() :: distributed.world_size()])
    distributed.leave_launch()
    return share


def schedule(samples: int, config: TrainingConfig) -> list[list[int]]:
    """The samples of every optimizer step, all epochs in a row.

    Each epoch is a permutation drawn from the seed; nothing here depends on the hardware. The last step of
    an epoch may be smaller. `max_steps` cuts or, where it asks for more than the epochs give, prolongs.
    """
    order = np.random.default_rng(config.seed)
    steps_per_epoch = math.ceil(samples / config.batch_size)
    wanted = config.max_steps or max(1, round(steps_per_epoch * config.num_train_epochs))
    steps: list[list[int]] = []
    while len(steps) < wanted:
        permutation = order.permutation(samples).tolist()
        steps += [permutation[i : i + config.batch_size] for i in range(0, samples, config.batch_size)]
    return steps[:wanted]


def trainable_parameters(model: torch.nn.Module) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def total_parameters(model: torch.nn.Module) -> int:
    """Weights of the model; a 4-bit weight counts as one."""
    total = 0
    for parameter in model.parameters():
        packed = parameter.__class__.__name__ == "Params4bit" and parameter.dtype == torch.uint8
        total += parameter.numel() * (2 if packed else 1)
    apart = [module for module in model.modules() if isinstance(module, MainMemoryEmbedding)]
    return total + sum(module.table.numel() for module in apart)
