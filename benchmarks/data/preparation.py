"""Times one preparation of a data set phase by phase.

    python -m benchmarks.data.preparation [--path FILE] [--rows 20000]

Writes benchmarks/results/data.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import RESULTS

WORD = re.compile(r"[A-Za-z]{3,}")
COMMON = 300  # words of a language and of instructions, which copies keep: they stay programs
COLUMNS = ("instruction", "input", "output")
REST = "splits, lengths, fingerprints"
PHASES = {  # what a preparation calls -> the phase that its time belongs to, calls of other phases left out
    "src.data.preparation.read_examples": "read, clean, drop exact copies",
    "src.languages.detection.detect": "detect languages",
    "src.data.preparation.find_neighbours": "clusters of near-duplicates (MinHash)",
    "src.data.curation.splitting.alike_pairs": "pairs of answers that are nearly alike",
    "src.data.preparation.measure_novelty": "nearest training prompts and answers",
    "src.data.curation.contamination.shingles": "near copies of test rows (MinHash)",
    "src.data.curation.contamination.answer_shingles": "near copies of test rows (MinHash)",
    "src.data.curation.contamination.near_matches": "near copies of test rows (MinHash)",
    "src.data.preparation.check_contamination": "shared runs of tokens",
    "src.data.preparation.find_defects": "refusals, no code, mojibake",
    "src.data.preparation.write_data": "card, picture, files",
}


def varied(texts: list[dict[str, str]], rows: int, seed: int) -> list[dict[str, str]]:
    """`rows` different rows made from `texts`: each once, then copies in which half of the rarer words are others."""
    draw = random.Random(seed)
    counts = Counter(word for row in texts for name in COLUMNS for word in WORD.findall(row[name]))
    ranked = [word for word, _ in counts.most_common()]
    common, rare = set(ranked[:COMMON]), ranked[COMMON:]

    def change(match: re.Match[str]) -> str:
        return match.group() if match.group() in common or draw.random() < 0.5 else draw.choice(rare)

    made = dict.fromkeys(tuple(row[name] for name in COLUMNS) for row in texts)
    known = 0
    while known < len(made) < rows:
        known = len(made)
        made |= dict.fromkeys(tuple(WORD.sub(change, row[name]) for name in COLUMNS) for row in texts)
    if len(made) < rows:
        sys.exit(f"only {len(made):,} different rows can be made of these {len(texts):,}; lower --rows")
    return [dict(zip(COLUMNS, row, strict=True)) for row in list(made)[:rows]]


class Clock:
    """Processor and wall seconds of phases; what runs inside another phase counts there no more."""

    def __init__(self) -> None:
        self.cpu_s: Counter[str] = Counter()
        self.wall_s: Counter[str] = Counter()

    def timed(self, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            inside = self.cpu_s.total(), self.wall_s.total()
            began = time.process_time(), time.perf_counter()
            result = work(*args, **options)
            ended = time.process_time(), time.perf_counter()
            self.cpu_s[phase] += ended[0] - began[0] - (self.cpu_s.total() - inside[0])
            self.wall_s[phase] += ended[1] - began[1] - (self.wall_s.total() - inside[1])
            return result

        return run


def prepare(path: Path, folder: Path) -> tuple[Clock, int]:
    """One preparation under a clock, and the number of rows kept."""
    from pkgutil import resolve_name

    from src.config import load_config
    from src.data.preparation import prepare_data

    config = load_config(overrides=[f"data.dataset_path={folder}"]).data
    clock = Clock()
    with ExitStack() as patches:
        for name, phase in PHASES.items():
            patches.enter_context(patch(name, clock.timed(phase, resolve_name(name))))
        card = clock.timed(REST, prepare_data)(config, "file", [str(path)], force=True)
    return clock, card.rows


def table(result: dict[str, Any]) -> str:
    """The phases, longest first, and their sums with and without MinHash."""
    lines = [f"{'phase':40} {'CPU s':>7} {'wall s':>7}"]
    lines += [
        f"{name:40} {seconds['cpu_s']:7.2f} {seconds['wall_s']:7.2f}"
        for part in ("phases", "sums")
        for name, seconds in result[part].items()
    ]
    return "\n".join(
        [*lines, f"{result['rows']:,} rows of {result['made_from']}, {result['cpu_count']} cores"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--path", type=Path, help="rows in Alpaca format to start from; default the starter set"
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--output", type=Path, default=RESULTS / "data.json")
    args = parser.parse_args()
    from src.data.sources.catalog import SPLITS, STARTER

    if args.path:
        texts = json.loads(args.path.read_text(encoding="utf-8"))
    else:
        lines = [line for name in SPLITS for line in (STARTER / f"{name}.jsonl").read_text().splitlines()]
        texts = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(varied(texts, args.rows, seed=1)), encoding="utf-8")
        clock, rows = prepare(path, Path(folder) / "prepared")

    def seconds(names: list[str]) -> dict[str, float]:
        return {
            "cpu_s": round(sum(clock.cpu_s[name] for name in names), 2),
            "wall_s": round(sum(clock.wall_s[name] for name in names), 2),
        }

    phases = [name for name, _ in clock.cpu_s.most_common()]
    minhash = [name for name in phases if "MinHash" in name]
    result = {
        "rows": rows,
        "made_from": args.path.name if args.path else "starter set",
        "cpu_count": os.cpu_count(),
        "phases": {name: seconds([name]) for name in phases},
        "sums": {
            "MinHash": seconds(minhash),
            "all else": seconds([name for name in phases if name not in minhash]),
        },
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1) if args.json else table(result))


if __name__ == "__main__":
    main()
