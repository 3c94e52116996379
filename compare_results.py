"""Compares a model before and after fine-tuning, or two predictions files, and writes the report."""

from __future__ import annotations

import argparse

from src import cli
from src.evaluation import cli as evaluation


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Test whether fine-tuning improved a model; calls with one --output_dir add to its report."
    )
    evaluation.add_pair(parser)
    evaluation.add_flags(parser)
    evaluation.add_folder(
        parser, "--output_dir", evaluation.REPORTS, "gets comparison.md, .html, .json, .png"
    )
    evaluation.add_folder(parser, "--runs_dir", evaluation.REPORTS / "runs", "keeps answers and scores")
    parser.add_argument(
        "--name",
        type=cli.name_of_run,
        help="of the method in the report; otherwise as the adapter was trained",
    )
    parser.add_argument(
        "--push_to_hub", metavar="REPO", help="upload the adapter with its model card to owner/name"
    )
    parser.add_argument("--fresh", action="store_true", help="start a new report instead of adding to it")
    return parser


def main(args: argparse.Namespace) -> None:
    evaluation.check_pair(args)
    config = evaluation.configure_evaluation(args)
    from src import provenance
    from src.evaluation.comparison import compare, load_comparison
    from src.report.report import write_reports
    from src.report.terminal import render_table
    from src.system.files import sole_writer

    evaluation.generate_on_all_ranks(args, config)
    # locked throughout: of two calls that add to one report, the later would drop the additions of the other
    with sole_writer(args.output_dir, "wait for it or give another --output_dir"):
        earlier = None if args.fresh else load_comparison(args.output_dir / "comparison.json")
        before, after = evaluation.run_pair(args, config)
        about = provenance.describe(config)
        comparison = compare(before, after, evaluation.method_name(args), config.evaluation, about, earlier)
        written = write_reports(comparison, args.output_dir, config.evaluation.examples)
    print(render_table(comparison))
    print("wrote " + ", ".join(map(str, [*written, *evaluation.publish(args, comparison)])))
    print(evaluation.after_comparison(args))


if __name__ == "__main__":
    cli.run(main, arguments())
