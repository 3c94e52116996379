"""What train_lora.py and train_qlora.py share: their flags and their output."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from src import cli
from src.system import distributed

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from src.config import Config
    from src.data.preprocessing import Encoded, EncodedSplit
    from src.training.job import Job
    from src.training.results import Trained


def examples(method: str) -> tuple[str, ...]:
    """The commands that --help shows."""
    script = f"python train_{method}.py"
    return (
        f"{script} --dry_run",
        f"{script} --config configs/quickstart.yaml",
        f"{script} --set training.learning_rate=1e-4 --resume",
    )


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a training script, beside those of every script."""
    flag = parser.add_argument
    # fmt: off
    flag("--base_model", dest="model.base_model", type=cli.place, metavar="MODEL",
         help="hub id, folder or smollm2-135m (default: model.base_model)")
    flag("--from_adapter", dest="lora.continue_from", type=cli.place, metavar="DIR",
         help="adapter to continue training (default: lora.continue_from)")
    flag("--seeds", dest="training.seeds", type=int, metavar="N",
         help="train N times, with seeds training.seed, training.seed + 1, ... (default: training.seeds)")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="resume an unfinished run, if there is one")
    start.add_argument("--restart", action="store_true", help="start over and replace what is there")
    flag("--dry_run", action="store_true", help="show samples, counts and memory without training or writing")
    # fmt: on


def train(config: Config, args: argparse.Namespace, method: str) -> str:
    """Do what the flags ask for; the lines to print at the end."""
    if args.dry_run:
        return f"{_dry_run(config, args, method)}\nnext: {_without_dry_run(args, method)}"
    if config.training.seeds > 1:
        return _train_seeds(config, args, method)
    from src.training.trainer import fine_tune

    trained = fine_tune(config, method, args.resume, args.restart)
    following = cli.next_command("evaluate.py", args, "--model_path", str(trained.folder))
    return f"{summary(trained)}\nnext: {following}"


def _train_seeds(config: Config, args: argparse.Namespace, method: str) -> str:
    """The lines of each seed's training; of several processes the last to end names the next command."""
    from src.models.run_record import read_record
    from src.training.job import run_folder
    from src.training.utils import by_seed, own_share

    configs = by_seed(config)
    muted = not distributed.is_rank0()
    share = own_share(configs)
    if share and muted and distributed.is_rank0():  # it has left the launch
        cli.unmute()
    from src.training.trainer import fine_tune_each  # imports what may start CUDA

    lines = [summary(trained) for trained in fine_tune_each(share, method, args.resume, args.restart)]
    folders = [run_folder(each, method) for each in configs]
    if share and all(read_record(folder / "final") for folder in folders):
        pair = ["--before_model", config.model.base_model, "--after_model", str(folders[0].parent)]
        lines.append(f"next: {cli.next_command('compare_results.py', args, *pair)}")
    return "\n".join(lines)


def _dry_run(config: Config, args: argparse.Namespace, method: str) -> str:
    from src.training.job import prepared
    from src.training.utils import by_seed

    shown: list[str] = []
    for each in by_seed(config):
        with prepared(each, method, args.resume, args.restart) as job:
            start = f"seed {each.training.seed:<9}{job.start}; {job.folder / 'final'}"
            shown.append(start if shown else preview(job))
    return "\n".join(shown)


def _without_dry_run(args: argparse.Namespace, method: str) -> str:
    """The command that trains what a dry run showed."""
    keys = {"base_model": "model.base_model", "from_adapter": "lora.continue_from", "seeds": "training.seeds"}
    given = {flag: vars(args)[key] for flag, key in keys.items()}
    words = [word for flag, value in given.items() if value is not None for word in (f"--{flag}", str(value))]
    words += [f"--{name}" for name in ("resume", "restart") if vars(args)[name]]
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
    if metrics.get("skipped_steps"):
        lines.append(
            f"  skipped            {metrics['skipped_steps']:,} steps, whose gradients were too large for float16"
        )
    if metrics["truncated"] or metrics["skipped"]:
        lines.append(
            f"  too long           {metrics['truncated']:,} samples truncated, {metrics['skipped']:,} skipped"
        )
    return "\n".join(lines)


def preview(job: Job) -> str:
    """What --dry_run shows: a short sample and one of median length as the model will see them, counts, steps, memory."""
    ordered = sorted(job.train.samples, key=len)
    parts = [
        f"sample {sample.id}: {sample.prompt_length} tokens without loss, {sample.supervised} with\n"
        + decoded(job.tokenizer, sample)
        for sample in [ordered[0], ordered[len(ordered) // 2]][: len(ordered)]
    ]
    return "\n\n".join([*parts, "\n".join(_counts(job))])


def decoded(tokenizer: PreTrainedTokenizerBase, sample: Encoded) -> str:
    """The sample's text: `  ` before lines without loss, `+ ` before lines with loss."""
    prompt = str(tokenizer.decode(sample.input_ids[: sample.prompt_length]))
    response = str(tokenizer.decode(sample.input_ids)).removeprefix(prompt)
    lines = [f"  {line}" for line in prompt.removesuffix("\n").split("\n")]
    return "\n".join(lines + [f"+ {line}" for line in response.split("\n")])


def _counts(job: Job) -> list[str]:
    from src.training.packing.packs import arrange

    training = job.config.training
    saved = job.prefix_sharing.saved
    packs = sum(len(arrange(step, job.plan.pack_tokens, job.share)) for step in job.samples())
    verdict = "fits" if job.plan.estimate_gib <= job.plan.free_gib else "DOES NOT FIT"
    return [
        f"method        {job.method} on {job.config.model.base_model}, {job.hardware.name}, "
        + str(job.hardware.dtype).removeprefix("torch."),
        _split_line("train", job.train),
        _split_line("validation", job.validation),
        f"steps         {len(job.steps):,}, each of {training.batch_size} samples; {packs:,} packs of at most "
        f"{job.plan.pack_tokens:,} tokens, {training.num_train_epochs:g} epochs"
        + (f"; {saved:.0%} of the tokens are in shared prefixes, computed once" if saved else ""),
        f"memory        about {job.plan.estimate_gib:.1f} GiB needed, {job.plan.free_gib:.1f} GiB free: {verdict}"
        + (", with gradient checkpointing" if job.plan.checkpointing else "")
        + (", input embeddings in main memory" if job.plan.offload else ""),
        f"start         {job.start}",
        f"would write   {job.folder / 'final'}",
    ]


def _split_line(name: str, split: EncodedSplit) -> str:
    lengths = sorted(len(sample) for sample in split.samples)
    return (
        f"{name:<14}{len(lengths):,} samples, {split.tokens:,} tokens ({split.supervised:,} with loss); "
        f"a sample {lengths[0]} to {lengths[-1]}, median {lengths[len(lengths) // 2]}; "
        f"{split.truncated:,} truncated, {split.skipped:,} skipped"
    )
