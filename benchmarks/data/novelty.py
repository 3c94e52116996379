"""Measures what a likeness from which answers stay on one side of the split leaves in the test split, and what it costs.

    python -m benchmarks.data.novelty --path code_alpaca_4k.json

Writes benchmarks/results/novelty.json: figures alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import RESULTS
from src.config import load_config
from src.data.curation import splitting
from src.data.curation.likeness import nearest
from src.data.preparation import divide, read_examples
from src.data.sources.catalog import find_source
from src.schema import Example

THRESHOLDS = (1.0, 0.95, 0.9, 0.85, 0.8)  # 1: copies only, as near-duplicates by Jaccard similarity are


def measure(examples: list[Example], likeness: float) -> dict[str, Any]:
    """The splits that this likeness gives: rows of each, rows that are kept from the test, answers near one of training."""
    config = load_config().data
    with patch.object(splitting, "ALIKE", likeness):
        near = splitting.find_neighbours(examples, config.near_duplicate_threshold)
    splits = divide(examples, splitting.assign_splits(near, config.validation_fraction, config.test_fraction))
    outputs = {name: [item.output for item in rows] for name, rows in splits.items()}
    found = nearest(outputs["test"], outputs["train"])
    large = [len(group) for group in near.groups if len(group) > splitting.LARGE_CLUSTER]
    return {
        "likeness": likeness,
        **{name: len(rows) for name, rows in splits.items()},
        "kept_for_train": sum(large),  # rows of clusters too large for a test
        "answers_50": sum(value >= 50 for value in found),
        "answers_65": sum(value >= 65 for value in found),
        "answers_80": sum(value >= 80 for value in found),
        "answers_90": sum(value >= 90 for value in found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--path", type=Path, required=True, help="rows in any form that download_data.py reads"
    )
    parser.add_argument("--output", type=Path, default=RESULTS / "novelty.json")
    args = parser.parse_args()
    examples = read_examples(find_source(load_config().data, "file", [str(args.path)], False)).examples
    measured = [measure(examples, likeness) for likeness in THRESHOLDS]
    result = {"data": args.path.name, "rows": len(examples), "chosen": splitting.ALIKE, "measured": measured}
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
