"""Trains a LoRA adapter on a base model quantised to 4 bits."""

from __future__ import annotations

import argparse

from src import cli
from src.training import cli as training


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Fine-tune with QLoRA: the base model quantised to 4 bits and frozen, low-rank updates trained."
    )
    training.add_flags(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    config = cli.configure(args, model__base_model=args.base_model, lora__continue_from=args.from_adapter)
    print(training.train(config, args, "qlora"))


if __name__ == "__main__":
    cli.run(main, arguments())
