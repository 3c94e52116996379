"""What train_lora.py and train_qlora.py share: their flags, and what they print."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from src import cli, processes

if TYPE_CHECKING:
    from src.config import Config
    from src.training.results import Trained


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a training script, beside those of every script."""
    parser.add_argument(
        "--base_model", metavar="MODEL", help="hub id, folder or smollm2-135m; default model.base_model"
    )
    parser.add_argument(
        "--from_adapter", metavar="DIR", help="train this adapter further; default lora.continue_from"
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="continue an unfinished run, if there is one")
    start.add_argument("--restart", action="store_true", help="begin anew, whatever is there")
    parser.add_argument(
        "--dry_run", action="store_true", help="show samples, counts and memory; train nothing, write nothing"
    )


def train(config: Config, args: argparse.Namespace, method: str) -> str:
    """Do what the flags ask for; the lines to print at the end."""
    if args.dry_run:
        if not processes.is_first():
            return ""
        from src.training.dry_run import preview
        from src.training.job import prepare

        return f"{preview(prepare(config, method))}\nnext: {_without_dry_run(args, method)}"
    from src.training.trainer import fine_tune

    trained = fine_tune(config, method, args.resume, args.restart)
    following = cli.next_command("evaluate.py", args, "--model_path", str(trained.folder))
    return f"{summary(trained)}\nnext: {following}"


def _without_dry_run(args: argparse.Namespace, method: str) -> str:
    """The command that trains what a dry run showed."""
    given = [("--base_model", args.base_model), ("--from_adapter", args.from_adapter)]
    words = [word for flag, value in given if value is not None for word in (flag, value)]
    return cli.next_command(f"train_{method}.py", args, *words)


def summary(trained: Trained) -> str:
    """What was written and how well it went."""
    metrics = trained.metrics
    loss = metrics["validation_loss"]
    lines = [
        f"{'kept, finished before with the same settings and data' if trained.reused else 'wrote'}: {trained.folder}",
        f"  curve              {trained.folder / 'training_curve.png'}",
        f"  validation loss    {'not measured' if loss is None else f'{loss:.4f}'} at step {metrics['best_step']} of {metrics['steps']}",
        f"  speed              {metrics['tokens_per_s']:,.0f} tokens/s, no padding counted; {metrics['seconds']:,.0f} s of training",
        f"  peak memory        {metrics['peak_gib']:.2f} GiB"
        + ("; input embeddings in main memory" if metrics.get("offload") else ""),
        f"  trained            {metrics['trainable_parameters']:,} of {metrics['total_parameters']:,} parameters",
    ]
    if metrics["truncated"] or metrics["skipped"]:
        lines.append(
            f"  too long           {metrics['truncated']:,} samples truncated, {metrics['skipped']:,} skipped"
        )
    return "\n".join(lines)
