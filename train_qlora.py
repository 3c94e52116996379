"""Trains a LoRA adapter on a base model quantised to 4 bits."""

from __future__ import annotations

import argparse

from src import cli
from src.training import cli as training


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Fine-tune with QLoRA: like LoRA, on a base model quantised to 4 bits.\n"
        "Writes the adapter to qlora/final in training.output_dir (checkpoints).",
        *training.examples("qlora"),
    )
    training.add_flags(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    print(training.train(cli.configure(args), args, "qlora"))


if __name__ == "__main__":
    cli.run(main, arguments())
