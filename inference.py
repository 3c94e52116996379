"""Answers instructions with a model, or merges an adapter into its base."""

from __future__ import annotations

import argparse
import sys

from src import cli


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Answer instructions with a model, or merge an adapter into its base model.",
        "python inference.py --model_path checkpoints/lora/final",
        "python inference.py --model_path checkpoints/lora/final \\\n      --instruction 'Reverse a list in Python.'",
        "python inference.py --model_path checkpoints/lora/final --merge_to merged",
    )
    flag = parser.add_argument
    # fmt: off
    flag("--model_path", required=True, type=cli.place, metavar="MODEL",
         help="folder of an adapter or model, hub id or smollm2-135m (required)")
    flag("--base_model", type=cli.place, metavar="MODEL", help="base model of an adapter (default: the one it was trained on)")
    flag("--instruction", metavar="TEXT",
         help="what the model is to do (default: read from standard input, or typed at the terminal)")
    flag("--input", default="", metavar="TEXT",
         help="what the instruction is about, such as code (default: nothing)")
    flag("--temperature", dest="evaluation.temperature", type=float, metavar="T",
         help="sampling temperature; 0 = greedy (default: evaluation.temperature)")
    flag("--max_new_tokens", dest="evaluation.max_new_tokens", type=int, metavar="N",
         help="maximum new tokens per answer (default: evaluation.max_new_tokens)")
    flag("--merge_to", type=cli.path, metavar="DIR",
         help="write the merged model to this folder instead of answering (default: no merging)")
    # fmt: on
    return parser


def main(args: argparse.Namespace) -> None:
    config = cli.configure(args)
    if args.merge_to:
        from src.models.loading import resolve
        from src.models.merging import merge_to

        stored = merge_to(resolve(args.model_path, args.base_model), config.model, args.merge_to)
        print(
            f"wrote {args.merge_to} in {str(stored).removeprefix('torch.')}; it loads as a plain transformers model"
        )
        print(f"next: {cli.next_command('inference.py', args, '--model_path', str(args.merge_to))}")
        return
    from src.generation.chat import answer_all, load_assistant

    assistant = load_assistant(args.model_path, args.base_model, config)
    answer_all(assistant, args.instruction, args.input, sys.stdin, sys.stdout)


if __name__ == "__main__":
    cli.run(main, arguments())
