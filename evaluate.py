"""Evaluates one model, or given predictions: text metrics, execution and tests, each with its interval."""

from __future__ import annotations

import argparse

from src import cli
from src.evaluation import cli as evaluation


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Score a model, or the answers in a file, on the test split or a benchmark.",
        "python evaluate.py --model_path checkpoints/lora/final",
        "python evaluate.py --model_path checkpoints/lora/final --benchmark humaneval",
        "python evaluate.py --predictions answers.jsonl",
    )
    flag = parser.add_argument
    # fmt: off
    flag("--model_path", type=cli.place, metavar="MODEL",
         help="model to score: folder of an adapter or model, hub id or smollm2-135m (or give --predictions)")
    flag("--predictions", type=cli.path, metavar="FILE", help="JSON lines with answers to score, instead of --model_path")
    flag("--evalplus_samples", type=cli.path, metavar="FILE",
         help="samples file of EvalPlus: written when --model_path or --predictions is given, else read and scored")
    evaluation.add_flags(parser)
    flag("--output_dir", type=cli.path, default=evaluation.REPORTS, metavar="DIR",
         help="results go to its folder runs/NAME")
    flag("--name", type=cli.name_of_run, help="name of the run (default: made of model and test set)")
    flag("--generate_only", action="store_true",
         help="keep the model's answers and score nothing; --predictions scores them, here or elsewhere")
    flag("--explain", metavar="ID", help="explain the verdict on the sample of --predictions with this id")
    # fmt: on
    return parser


def main(args: argparse.Namespace) -> None:
    config = cli.configure(args)
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
