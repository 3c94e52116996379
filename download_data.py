"""Prepares the data: fetches, cleans and splits the rows, and writes them with their data card."""

from __future__ import annotations

import argparse

from src import cli
from src.data.sources.catalog import SOURCES
from src.evaluation.benchmarks.catalog import BENCHMARKS, load_benchmark
from src.schema import UserError


def arguments() -> argparse.ArgumentParser:
    examples = "python download_data.py", "python download_data.py --source file --path my_rows.jsonl"
    about = "Fetch a data set, check every row, and split it into train, validation and test."
    parser = cli.parser(about, *examples)
    flag = parser.add_argument
    # fmt: off
    flag("--source", choices=tuple(SOURCES), help="where the rows come from (default: data.source)")
    flag("--path", action="append", default=[], type=cli.place, metavar="FILE[:WEIGHT]",
         help="file for --source file: json, jsonl, parquet or csv; repeatable; FILE:0.5 takes half of its rows (default: data.paths)")
    flag("--test_path", type=cli.place, metavar="FILE",
         help="test set of your own; rows in it that resemble training rows are left out "
              "(default: data.test_fraction of the rows)")
    flag("--force", action="store_true", help="fetch and prepare again, even if the data are there")
    flag("--stats", action="store_true", help="only print the data card of the prepared data")
    flag("--benchmark", choices=BENCHMARKS, help="report training rows that overlap it (default: no benchmark)")
    flag("--benchmark_path", type=cli.place, metavar="FILE",
         help="the benchmark as json, jsonl or parquet, also .gz (default: installed or downloaded)")
    flag("--count_tokens", action="store_true", help="put lengths in tokens of model.base_model into the data card")
    # fmt: on
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
    name, counter = args.benchmark, None
    benchmarks = {name: load_benchmark(name, args.benchmark_path)} if name else {}
    if args.count_tokens:
        from src.data.curation.quality import token_counter
        from src.models.loading import load_tokenizer

        name = config.model.base_model
        counter = token_counter(load_tokenizer(name, config.model), name, config.prompt.template)
    card = prepare_data(config.data, args.source, args.path, args.force, benchmarks, counter, args.test_path)
    print(card_summary(card, config.data.dataset_path))
    print(f"next: {cli.next_command('train_lora.py', args)}")


if __name__ == "__main__":
    cli.run(main, arguments())
