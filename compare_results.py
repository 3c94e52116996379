"""Compares a model before and after fine-tuning, or two predictions files, and writes the report."""

from __future__ import annotations

import argparse

from src import cli
from src.evaluation import cli as evaluation


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Test whether fine-tuning improved a model. Calls with one --output_dir add up to\none report.",
        "python compare_results.py --before_model smollm2-135m \\\n      --after_model checkpoints/lora/final",
        "python compare_results.py --before_predictions old.jsonl \\\n      --after_predictions new.jsonl",
    )
    evaluation.add_pair(parser)
    evaluation.add_flags(parser)
    flag, reports = parser.add_argument, evaluation.REPORTS
    # fmt: off
    flag("--output_dir", type=cli.path, default=reports, metavar="DIR",
         help="folder of the report: comparison.md, .html, .json, .png")
    flag("--runs_dir", type=cli.path, default=reports / "runs", metavar="DIR",
         help="folder of answers and scores, used again by later calls")
    flag("--name", type=cli.name_of_run, help="name of the method in the report (default: that of the adapter)")
    flag("--before_name", type=cli.name_of_run, default="", metavar="NAME",
         help="name of the model before in the report (default: Before, or that of its adapter)")
    flag("--push_to_hub", metavar="OWNER/NAME",
         help="upload the adapter with its model card to this repository (default: no upload)")
    flag("--fresh", action="store_true", help="start a new report instead of adding to the one there")
    # fmt: on
    return parser


def main(args: argparse.Namespace) -> None:
    evaluation.check_pair(args)
    config = cli.configure(args)
    from src import provenance
    from src.evaluation.comparison import compare, load_comparison
    from src.report.report import write_reports
    from src.report.terminal import render_table, render_written
    from src.system.files import sole_writer

    evaluation.generate_on_all_ranks(args, config)
    # locked throughout: of two calls that add to one report, the later would drop the additions of the other
    with sole_writer(args.output_dir, "wait for it or give another --output_dir"):
        earlier = None if args.fresh else load_comparison(args.output_dir / "comparison.json")
        before, after = evaluation.run_pair(args, config)
        name, about = evaluation.method_name(args), provenance.describe(config)
        comparison = compare(before, after, name, config.evaluation, about, earlier, args.before_name)
        written = write_reports(comparison, args.output_dir, config.evaluation.examples, evaluation.REPORTS)
    print(render_table(comparison))
    print(render_written(written))
    for published in evaluation.publish(args, comparison):
        print(f"wrote {published}")
    print(evaluation.after_comparison(args))


if __name__ == "__main__":
    cli.run(main, arguments())
