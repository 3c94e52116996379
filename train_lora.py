"""Trains a LoRA adapter."""

from __future__ import annotations

import argparse

from src import cli
from src.training import cli as training


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Fine-tune with LoRA: the base model is frozen, low-rank updates are trained.\n"
        "Writes the adapter to lora/final in training.output_dir (checkpoints).",
        *training.examples("lora"),
    )
    training.add_flags(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    print(training.train(cli.configure(args), args, "lora"))


if __name__ == "__main__":
    cli.run(main, arguments())
