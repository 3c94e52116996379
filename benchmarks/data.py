"""Times the preparation of a data set stage by stage: python benchmarks/data.py [--path FILE] [--rows 20000]."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Result = TypeVar("Result")

WHOLE = "whole preparation"
WORD = re.compile(r"[A-Za-z]{3,}")
COMMON = 300  # words of a language and of instructions, which copies keep: they stay programs
COLUMNS = ("instruction", "input", "output")


def varied(texts: list[dict[str, str]], rows: int, seed: int) -> list[dict[str, str]]:
    """`rows` rows made from `texts`: each once, then copies in which half of the rarer words are others."""
    draw = random.Random(seed)
    counts = Counter(word for row in texts for name in COLUMNS for word in WORD.findall(row[name]))
    ranked = [word for word, _ in counts.most_common()]
    common, rare = set(ranked[:COMMON]), ranked[COMMON:]

    def change(match: re.Match[str]) -> str:
        return match.group() if match.group() in common or draw.random() < 0.5 else draw.choice(rare)

    made = texts[:rows]
    while len(made) < rows:
        row = texts[len(made) % len(texts)]
        made.append({name: WORD.sub(change, row[name]) for name in COLUMNS})
    return made


def stages(path: Path, folder: Path) -> dict[str, float]:
    """Seconds of processor time of the stages of one preparation; the whole is measured apart, by the public function."""
    from src.config import load_config
    from src.data.preparation import check_contamination, divide, prepare_data, read_examples
    from src.data.sources import find_source
    from src.data.splitting import assign_splits, find_neighbours

    config = load_config(overrides=[f"data.dataset_path={folder}"]).data
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = work()
        seconds[name] = time.process_time() - began
        return result

    whole = timed(WHOLE, lambda: prepare_data(config, "file", [str(path)], force=True))
    source = find_source(config, "file", [str(path)], force=True)
    rows = timed("read, clean, detect languages", lambda: read_examples(source))
    neighbours = timed(
        "near-duplicates (MinHash)",
        lambda: find_neighbours(rows.examples, config.near_duplicate_threshold),
    )
    sides = assign_splits(neighbours, config.validation_fraction, config.test_fraction)
    splits = divide(rows.examples, sides)
    timed("contamination (MinHash, n-grams)", lambda: check_contamination(splits, {}, config))
    assert whole.rows == len(rows.examples)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--path", type=Path, help="rows in Alpaca format to start from; default the starter set"
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "data.json")
    args = parser.parse_args()
    from src.data.sources import SPLITS, STARTER

    if args.path:
        texts = json.loads(args.path.read_text(encoding="utf-8"))
    else:
        lines = [line for name in SPLITS for line in (STARTER / f"{name}.jsonl").read_text().splitlines()]
        texts = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(varied(texts, args.rows, seed=1)), encoding="utf-8")
        runs = [stages(path, Path(folder) / str(number)) for number in range(args.repeats)]
    best = {name: round(min(run[name] for run in runs), 2) for name in runs[0]}
    hashing = sum(value for name, value in best.items() if "MinHash" in name)
    result = {
        "rows": args.rows,
        "made_from": args.path.name if args.path else "starter set",
        "repeats": args.repeats,
        "cpu_count": os.cpu_count(),
        "best_cpu_seconds": best,
        "minhash_cpu_s": round(hashing, 2),
        "all_else_cpu_s": round(best[WHOLE] - hashing, 2),
        "median_whole_cpu_s": round(statistics.median(run[WHOLE] for run in runs), 2),
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
