"""What --dry_run shows: samples as the model will see them, counts, steps, and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.data.packing import arrange
from src.data.preprocessing import Encoded, EncodedSplit

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from src.training.job import Job

SHOWN = 2


def preview(job: Job) -> str:
    """A text of what the run would do; nothing is loaded but the tokenizer and the data."""
    parts = [
        f"sample {sample.id}: {sample.prompt_length} tokens without loss, {sample.supervised} with\n"
        + decoded(job.tokenizer, sample)
        for sample in _shown(job.train)
    ]
    return "\n\n".join([*parts, "\n".join(_figures(job))])


def decoded(tokenizer: PreTrainedTokenizerBase, sample: Encoded) -> str:
    """The sample's text: `  ` before lines without loss, `+ ` before those that are learnt."""
    prompt = str(tokenizer.decode(sample.input_ids[: sample.prompt_length]))
    response = str(tokenizer.decode(sample.input_ids[sample.prompt_length :]))
    lines = [f"  {line}" for line in prompt.removesuffix("\n").split("\n")]
    return "\n".join(lines + [f"+ {line}" for line in response.split("\n")])


def _shown(split: EncodedSplit) -> list[Encoded]:
    """A short sample, and the one of median length."""
    ordered = sorted(split.samples, key=len)
    return [ordered[0], ordered[len(ordered) // 2]][: min(SHOWN, len(ordered))]


def _figures(job: Job) -> list[str]:
    training = job.config.training
    saved = job.sharing.saved
    packs = sum(len(arrange(step, job.plan.pack_tokens, saved > 0)) for step in job.samples())
    verdict = "fits" if job.plan.estimate_gib <= job.plan.free_gib else "DOES NOT FIT"
    return [
        f"method        {job.method} on {job.config.model.base_model}, {job.hardware.name}, "
        + str(job.hardware.dtype).removeprefix("torch."),
        _split_line("train", job.train),
        _split_line("validation", job.validation),
        f"steps         {len(job.steps):,}, each of {training.batch_size} samples; {packs:,} packs of at most "
        f"{job.plan.pack_tokens:,} tokens, {training.num_train_epochs:g} epochs"
        + (f"; {saved:.0%} of the tokens are beginnings that another sample shares" if saved else ""),
        f"memory        about {job.plan.estimate_gib:.1f} GiB needed, {job.plan.free_gib:.1f} GiB free: {verdict}"
        + (", with gradient checkpointing" if job.plan.checkpointing else "")
        + (", input embeddings in main memory" if job.plan.offload else ""),
        f"would write   {job.folder / 'final'}",
    ]


def _split_line(name: str, split: EncodedSplit) -> str:
    lengths = sorted(len(sample) for sample in split.samples)
    return (
        f"{name:<14}{len(lengths):,} samples, {split.tokens:,} tokens ({split.supervised:,} with loss); "
        f"a sample {lengths[0]} to {lengths[-1]}, median {lengths[len(lengths) // 2]}; "
        f"{split.truncated:,} truncated, {split.skipped:,} skipped"
    )
