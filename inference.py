"""Answers instructions with a model, or merges an adapter into its base."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from src import cli


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Stream a model's answer; without --instruction, prompts come from standard input or a terminal."
    )
    parser.add_argument(
        "--model_path", required=True, metavar="MODEL", help="an adapter's folder, a model's or a hub id"
    )
    parser.add_argument(
        "--base_model", metavar="MODEL", help="base of an adapter, where the adapter does not name it"
    )
    parser.add_argument("--instruction", metavar="TEXT", help="what to do")
    parser.add_argument("--input", default="", metavar="TEXT", help="what to do it with")
    parser.add_argument("--temperature", type=float, metavar="T", help="0 = greedy")
    parser.add_argument("--max_new_tokens", type=int, metavar="N", help="maximum new tokens per answer")
    parser.add_argument(
        "--merge_to", type=Path, metavar="DIR", help="write the merged model there instead of answering"
    )
    return parser


def main(args: argparse.Namespace) -> None:
    config = cli.configure(
        args, evaluation__temperature=args.temperature, evaluation__max_new_tokens=args.max_new_tokens
    )
    if args.merge_to:
        from src.models.loading import resolve
        from src.models.merging import merge_to

        stored = merge_to(resolve(args.model_path, args.base_model), config.model, args.merge_to)
        print(
            f"wrote {args.merge_to} in {str(stored).removeprefix('torch.')}; it loads as a plain transformers model"
        )
        print(f"next: {cli.next_command('inference.py', args, '--model_path', str(args.merge_to))}")
        return
    from src.generation.chat import load_assistant, tasks

    assistant = load_assistant(args.model_path, args.base_model, config)
    for instruction, text in tasks(args.instruction, args.input, sys.stdin):
        assistant.answer(instruction, text, sys.stdout)


if __name__ == "__main__":
    cli.run(main, arguments())
