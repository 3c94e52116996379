"""Prepares the data: fetches, cleans and splits the rows, and writes them with their data card."""

from __future__ import annotations

import argparse

from src import cli
from src.data.sources.catalog import SOURCES
from src.evaluation.benchmarks.catalog import BENCHMARKS, load_benchmark
from src.schema import UserError


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser("Fetch a data set of instructions, check every row, and split it by content.")
    flag = parser.add_argument
    flag("--source", choices=tuple(SOURCES), help="source of the rows; default data.source")
    flag(
        "--path", action="append", default=[], metavar="FILE[:WEIGHT]",
        help="json, jsonl, parquet or csv, for --source file; repeatable; with a weight of 0.5 half of its rows",
    )  # fmt: skip
    flag("--test_path", metavar="FILE", help="independent test set, without its rows like those trained on")
    flag("--force", action="store_true", help="fetch and prepare again what is there already")
    flag("--stats", action="store_true", help="only print the data card")
    flag("--benchmark", choices=BENCHMARKS, help="report training rows that overlap it")
    flag("--benchmark_path", metavar="FILE", help="the benchmark's own json or jsonl, also .gz")
    flag("--count_tokens", action="store_true", help="lengths in tokens of model.base_model's tokenizer")
    return parser


def main(args: argparse.Namespace) -> None:
    if args.benchmark_path and not args.benchmark:
        raise UserError(f"--benchmark_path needs --benchmark {' or '.join(BENCHMARKS)}")
    config = cli.configure(args)
    from src.data.card.markdown import card_summary, render_card
    from src.data.dataset import load_card
    from src.data.preparation import prepare_data

    if args.stats:
        print(render_card(load_card(config.data)), end="")
        return
    benchmarks, counter = {}, None
    if args.benchmark:
        benchmarks[args.benchmark] = load_benchmark(args.benchmark, args.benchmark_path)
    if args.count_tokens:
        from src.data.curation.quality import token_counter
        from src.models.loading import load_tokenizer

        name = config.model.base_model
        counter = token_counter(load_tokenizer(name, config.model), name, config.prompt.template)
    flags = args.source, args.path, args.force
    card = prepare_data(config.data, *flags, benchmarks, counter, args.test_path)
    print(card_summary(card, config.data.dataset_path))
    print(f"next: {cli.next_command('train_lora.py', args)}")


if __name__ == "__main__":
    cli.run(main, arguments())
