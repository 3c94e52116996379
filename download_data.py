"""Prepares the data: fetch, check every row, split, and write it with its card."""

from __future__ import annotations

import argparse
from pathlib import Path

from src import cli


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser("Fetch a data set in Alpaca format, check every row, and split it by content.")
    parser.add_argument(
        "--source", choices=("hub", "github", "file", "starter"), help="where from; default data.source"
    )
    parser.add_argument(
        "--path", type=Path, metavar="FILE", help="json, jsonl, parquet or csv, for --source file"
    )
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
    from src.data.dataset import load_card, prepare_data

    config = cli.configure(args)
    if args.stats:
        print(render_card(load_card(config.data)), end="")
        return
    benchmarks, counter = {}, None
    if args.benchmark:
        from src.evaluation.benchmarks import load_benchmark

        benchmarks[args.benchmark] = load_benchmark(args.benchmark, args.benchmark_path)
    if args.count_tokens:
        from src.data.quality import token_counter
        from src.models.base import load_tokenizer

        name = config.model.base_model
        counter = token_counter(load_tokenizer(name, config.model), name)
    card = prepare_data(config.data, args.source, args.path, args.force, benchmarks, counter)
    print(
        f"{config.data.dataset_path}: "
        + ", ".join(f"{name} {part.rows:,}" for name, part in card.splits.items())
    )
    print(
        f"{card.rows:,} of {card.rows_read:,} rows kept, fingerprint {card.fingerprint}, licence {card.licence}"
    )
    for reason, count in card.rejected.items():
        places = [str(row.line) for row in card.first_rejects if row.reason == reason]
        print(
            f"  left out: {count:,} {reason}"
            + (f" ({card.reject_unit} {', '.join(places)} ...)" if places else "")
        )
    print(f"more in {config.data.dataset_path}/data_card.md, or with --stats")


if __name__ == "__main__":
    cli.run(main, arguments())
