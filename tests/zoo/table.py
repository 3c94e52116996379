"""The table of docs/models.md, from the stored results of `python -m tests.zoo.run`."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

from src.generation.self_check import SLOTS
from tests import tables

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "benchmarks" / "results" / "zoo.json"
DOCUMENT = ROOT / "docs" / "models.md"
HEADER = ["type", "trains with", "4-bit", "Liger", "decodes by", "what else"]
YES, NO = "yes", "–"


def stored() -> dict[str, Any]:
    """The results as they were written last."""
    return dict(json.loads(STORED.read_text(encoding="utf-8")))


def made(results: dict[str, Any]) -> dict[str, str]:
    """Text by the name of its place in the document."""
    types = results["types"]
    return {
        "counts": _counts(types),
        "models": tables.table(HEADER, [_row(name, types[name], results["liger"]) for name in sorted(types)]),
    }


def _row(name: str, row: dict[str, Any], liger: list[str]) -> list[str]:
    fused = YES if name in liger and row["training"]["verdict"] == "right" else NO
    return [f"`{name}`", _training(row), _quantised(row), fused, _decoding(row), _remark(row)]


def _training(row: dict[str, Any]) -> str:
    if row["training"]["verdict"] != "right":
        return row["training"]["verdict"].upper() if _fails(row["training"]) else NO
    if row["shared"]:
        return "shared prefixes"
    return "packs" if row["packs"] else "one sample per pack"


def _quantised(row: dict[str, Any]) -> str:
    outcome = row["qlora"]
    if not outcome["verdict"] and not outcome["detail"] and row["training"]["verdict"] == "right":
        return "not tried"
    return YES if outcome["verdict"] == "right" else outcome["verdict"].upper() if _fails(outcome) else NO


def _decoding(row: dict[str, Any]) -> str:
    verdict = row["decoding"]["verdict"]
    if verdict == "right":
        return str(row["decodes_by"])
    return verdict.upper() if _fails(row["decoding"]) else NO


def _fails(outcome: dict[str, str]) -> bool:
    return outcome["verdict"] in ("wrong", "traceback")


def _remark(row: dict[str, Any]) -> str:
    """Why it is not trained or decoded, in the words of stock transformers or of the project."""
    parts = []
    if row["training"]["verdict"] != "right":
        parts.append(f"stock: {row['stock']}" if row["stock"] else row["training"]["detail"])
    elif row["decoding"]["verdict"] != "right":
        parts.append(row["decoding"]["detail"])
    return textwrap.shorten("; ".join(parts).replace("<", "&lt;"), 200, placeholder=" ...")


def _counts(types: dict[str, Any]) -> str:
    """What the rows add up to."""
    trained = [row for row in types.values() if not row["stock"]]
    verdicts = Counter(row["training"]["verdict"] for row in trained)
    right = [row for row in trained if row["training"]["verdict"] == "right"]
    packs = sum(row["packs"] for row in right)
    shared = sum(row["shared"] for row in right)
    wrong = sum(_fails(row[part]) for row in types.values() for part in ("training", "qlora", "decoding"))
    answered = [row["decodes_by"] for row in types.values() if row["decoding"]["verdict"] == "right"]
    in_4_bits = sum(row["qlora"]["verdict"] == "right" for row in right)
    counts = [
        ["types of transformers", len(types)],
        ["trained by stock transformers and peft as a tiny model on a CPU", len(trained)],
        ["of these trained right here", verdicts["right"]],
        ["with packs; with shared prefixes", f"{packs}; {shared}"],
        ["in 4 bits too", in_4_bits],
        ["refused", verdicts["refused"]],
        ["decoded right; in continuous batches", f"{len(answered)}; {answered.count(SLOTS)}"],
        ["wrong losses, gradients or answers, and tracebacks", wrong],
    ]
    return tables.table(["", "types"], [[name, str(count)] for name, count in counts])


def renew(results: dict[str, Any]) -> None:
    """Write results and document."""
    STORED.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, part in made(results).items():
        text = tables.renewed(text, name, part)
    DOCUMENT.write_text(text, encoding="utf-8")
