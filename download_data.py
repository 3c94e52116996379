"""Prepares the data: fetch, check every row, split, and write it with its card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from src import cli

if TYPE_CHECKING:
    from src.config import Config, DataConfig
    from src.data.card import DataCard
    from src.data.quality import TokenCounter
    from src.schema import Example


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser("Fetch a data set of instructions, check every row, and split it by content.")
    parser.add_argument(
        "--source", choices=("hub", "github", "file", "starter"), help="where from; default data.source"
    )
    parser.add_argument(
        "--path", action="append", default=[], metavar="FILE[:WEIGHT]",
        help="json, jsonl, parquet or csv, for --source file; repeatable; with a weight of 0.5 half of its rows",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="fetch and prepare again what is there already")
    parser.add_argument("--stats", action="store_true", help="only print the card of what is there")
    parser.add_argument(
        "--benchmark", choices=("humaneval", "mbpp"), help="report training rows that overlap it"
    )
    parser.add_argument("--benchmark_path", metavar="FILE", help="the benchmark's own jsonl, also .gz")
    parser.add_argument(
        "--count_tokens", action="store_true", help="lengths in tokens of model.base_model's tokenizer"
    )
    return parser


def main(args: argparse.Namespace) -> None:
    from src.data.card_page import render_card
    from src.data.dataset import load_card
    from src.data.preparation import prepare_data

    config = cli.configure(args)
    if args.stats:
        print(render_card(load_card(config.data)), end="")
        return
    counter = _counter(config) if args.count_tokens else None
    benchmarks = _benchmarks(args.benchmark, args.benchmark_path)
    card = prepare_data(config.data, args.source, args.path, args.force, benchmarks, counter)
    _show(card, config.data)
    print(f"next: {cli.next_command('train_lora.py', args)}")


def _counter(config: Config) -> TokenCounter:
    from src.data.quality import token_counter
    from src.models.base import load_tokenizer

    name = config.model.base_model
    return token_counter(load_tokenizer(name, config.model), name, config.prompt.template)


def _benchmarks(name: str | None, path: str | None) -> dict[str, list[Example]]:
    from src.evaluation.benchmarks import load_benchmark
    from src.schema import UserError

    if path and not name:
        raise UserError("--benchmark_path needs --benchmark humaneval or mbpp")
    return {name: load_benchmark(name, path)} if name else {}


def _show(card: DataCard, config: DataConfig) -> None:
    """What was written, what was left out and why, and where there is more."""
    folder = Path(config.dataset_path)
    print(f"{folder}: " + ", ".join(f"{name} {part.rows:,}" for name, part in card.splits.items()))
    print(
        f"{card.rows:,} of {card.rows_read:,} rows kept, fingerprint {card.fingerprint}, licence {card.licence}"
    )
    for reason, count in card.rejected.items():
        places = [card.place(row) for row in card.first_rejects if row.reason == reason]
        more = ", ..." if count > len(places) else ""
        print(f"  left out: {count:,} {reason}" + (f" ({', '.join(places)}{more})" if places else ""))
    for name, rows in card.contamination.rows.items():
        if rows:
            print(f"  runs or near copies shared with {name}: {rows:,} training rows{_removed(card)}")
    print(
        f"wrote {', '.join(f'{name}.jsonl' for name in card.splits)}, card.json, data_card.md, data_card.png"
    )


def _removed(card: DataCard) -> str:
    return " (removed)" if card.contamination.removed else "; data.remove_contamination=true drops them"


if __name__ == "__main__":
    cli.run(main, arguments())
