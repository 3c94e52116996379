"""Evaluates one model, or given predictions: text metrics, execution and tests, each with its interval."""

from __future__ import annotations

import argparse
from pathlib import Path

from src import cli
from src.evaluation import cli as evaluation


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Score a model on the test split or a benchmark, or the answers in a predictions file."
    )
    parser.add_argument(
        "--model_path", metavar="MODEL", help="an adapter's folder, a model's, a hub id or smollm2-135m"
    )
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE", help="JSON lines to score, instead of a model"
    )
    parser.add_argument(
        "--evalplus_samples", type=Path, metavar="FILE",
        help="EvalPlus's samples file: written beside --model_path or --predictions, read in their place",
    )  # fmt: skip
    evaluation.add_flags(parser)
    evaluation.add_folder(parser, "--output_dir", evaluation.REPORTS, "gets runs/NAME/")
    parser.add_argument("--name", type=cli.name_of_run, help="of the run; else by model and test set")
    parser.add_argument(
        "--generate_only",
        action="store_true",
        help="keep the model's answers, to be scored later or elsewhere",
    )
    parser.add_argument(
        "--explain",
        metavar="ID",
        help="show the verdict on one sample of --predictions, and how it came about",
    )
    return parser


def main(args: argparse.Namespace) -> None:
    config = evaluation.configure_evaluation(args)
    evaluation.generate_on_all_ranks(args, config)
    if args.explain is not None:
        print(evaluation.explain(args, config))
        return
    if args.generate_only:
        print(evaluation.generate(args, config))
        return
    from src.report.terminal import render_run

    run = evaluation.evaluate(args, config).run
    print(render_run(run))
    print(f"wrote {args.output_dir / 'runs' / run.name / 'scores.json'}")
    print(evaluation.after_evaluation(args, config, run))


if __name__ == "__main__":
    cli.run(main, arguments())
