"""What is said in words of trainings on GPUs is what benchmarks/results/train_gpu.json holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
MEASURED = json.loads((ROOT / "benchmarks/results/train_gpu.json").read_text(encoding="utf-8"))
PAGE = "benchmarks/README.md"
ALPACA_TOKENS = 9.6e6  # of three epochs
UNSLOTH = {  # names of its rows
    "LoRA": "unsloth, LoRA, no checkpointing",
    "LoRA as on a T4": "unsloth, LoRA, float16",
    "QLoRA": "unsloth, QLoRA, its checkpointing",
    "QLoRA as on a T4": "unsloth, QLoRA, its checkpointing, float16",
}


def _text(document: str) -> str:
    """On one line."""
    return " ".join((ROOT / document).read_text(encoding="utf-8").split())


def _row(part: str, name: str) -> dict[str, Any]:
    (found,) = (row for row in MEASURED[part]["rows"] if row["name"] == name)
    return dict(found)


def _speed(part: str, name: str) -> int:
    return int(_row(part, name)["tokens_per_s"])


def _minutes(tokens_per_s: int) -> str:
    return f"{ALPACA_TOKENS / tokens_per_s / 60:.1f} minutes"


def _of_whole_trainings() -> Iterator[tuple[str, str]]:
    part = "whole_training"
    for name, of in (("LoRA", part), ("QLoRA", part), ("QLoRA within 6 GiB", "h200_budgets")):
        row = _row(of, name)
        yield (
            "docs/experiments.md",
            f"| {name} | {_minutes(row['tokens_per_s'])} | {row['peak_gib']:.1f} GiB |",
        )
    speed = _speed(part, "LoRA")
    yield PAGE, f"is 9.6 million tokens: {_minutes(speed)} at {speed:,} tokens/s"
    lora, qlora = (_row(part, name)["wall_s"] for name in ("LoRA", "QLoRA"))
    yield PAGE, f"took {lora} s (LoRA) and {qlora} s (QLoRA)"


def _beside_unsloth() -> Iterator[tuple[str, str]]:
    for part, where, as_on in (("whole_training", "", ""), ("two_h200", " in float16", " as on a T4")):
        lora, qlora = (
            _speed(part, name) / _speed(part, UNSLOTH[name]) for name in (f"LoRA{as_on}", f"QLoRA{as_on}")
        )
        yield (
            PAGE,
            f"**Beside unsloth{where}** LoRA is {lora:.2f} times as fast and QLoRA {qlora:.2f} times.",
        )
    float16 = [
        _speed("two_h200", name)
        for ours in ("LoRA as on a T4", "QLoRA as on a T4")
        for name in (ours, UNSLOTH[ours])
    ]
    said = "it was {:,} tokens/s against {:,} for LoRA and {:,} against {:,} for QLoRA"
    yield "docs/training.md", said.format(*float16)


def _of_parts_of_a_training() -> Iterator[tuple[str, str]]:
    sizes = MEASURED["graph_sizes"]
    few, many = (
        [row["tokens_per_s"] for row in sizes["rows"] if row["name"] == name]
        for name in ("8 sizes", "16 sizes of 8")
    )
    gain = 100 * (sum(many) / sum(few) - 1)
    yield PAGE, "it ran at {:,} and {:,} tokens/s".format(*few)
    yield PAGE, "at {:,} and {:,} (+{:.1f} %)".format(*many, gain)
    yield PAGE, "{} for 40 steps, {} for 100 and {} for 387".format(*sizes["sizes_since"].values())
    said = (
        "the first process took {:.1f} s and the next two {:.1f} and {:.1f} s, beside other runs. "
        "On a third, already used and with nothing beside, it was {:.1f} s"
    )
    yield PAGE, said.format(*(row["self_check_s"] for row in MEASURED["self_check"]["rows"]))
    merged = MEASURED["merged_products"]
    saved = 100 * (1 - merged["layer_merged"] / merged["layer"])
    yield PAGE, f"would save {saved:.1f} % of the matrix products"
    yield PAGE, f"{merged['layer']:.3f} ms and merged {merged['layer_merged']:.3f}, means over "
    yield PAGE, "{numbers_of_tokens} numbers of tokens from {least:,} to {most:,}".format(**merged)
    yield PAGE, f"at {merged['slower_merged']} of which merging was slower"


def _of_budgets() -> Iterator[tuple[str, str]]:
    seconds = _row("h200_budgets", "LoRA, DeepSeek-V2-Lite")["self_check_s"]
    yield PAGE, f"**DeepSeek-V2-Lite**: the self-check took {seconds:.0f} s"
    small = _row("h200_shapes", "qlora on 24 GiB")
    said = "QLoRA runs at {tokens_per_s:,} tokens/s in {peak_gib:.2f} GiB (estimated {estimated_gib:.2f})"
    yield PAGE, said.format(**small)
    before = _row("two_h200_before", "QLoRA within 6 GiB")
    yield PAGE, "within 6 GiB {tokens_per_s:,} over {steps} steps".format(**before)
    lora, qlora = (_speed("t4", f"{name} GiB") for name in ("LoRA as on a T4, 14.5", "QLoRA as on a T4, 8"))
    yield "docs/training.md", f"(`t4`: {lora:,} and {qlora:,} tokens/s)"


def test_sentences_have_the_measured_figures():
    parts = (_of_whole_trainings(), _beside_unsloth(), _of_parts_of_a_training(), _of_budgets())
    sentences = [sentence for part in parts for sentence in part]
    assert len(sentences) > 15
    assert [words for document, words in sentences if words not in _text(document)] == []


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
def test_the_first_speeds_of_a_readme_are_of_the_whole_training(document: str):
    text = _text(document)
    rows = re.findall(r"\| CodeLlama-7B(?:, |，)(Q?LoRA) \| ([\d,]+) \| ([\d.]+) GiB \|", text)
    measured = {name: _row("whole_training", name) for name in ("LoRA", "QLoRA")}
    assert rows == [
        (name, f"{row['tokens_per_s']:,}", f"{row['peak_gib']:.1f}") for name, row in measured.items()
    ]
    (beside,) = re.findall(r"\| unsloth \|[^|]*\|([^|]*)\|", text)
    assert re.findall(r"\d+,\d+", beside) == [
        f"{_speed('whole_training', each):,}" for name in measured for each in (name, UNSLOTH[name])
    ]
