"""Shows on one screen what this machine has for the work: to be pasted where help is asked for."""

from __future__ import annotations

import argparse
import logging
import sys
import textwrap

from src import cli

WIDTH = 80
TEXT_FROM = 17  # the column in which a line's text begins


def arguments() -> argparse.ArgumentParser:
    return cli.parser(
        "Show what this machine has: hardware, packages, sandbox, hub and memory plan.\n"
        "A line with !! needs attention; the exit code is then 2.",
        "python doctor.py",
    )


def main(args: argparse.Namespace) -> None:
    from src.doctor import examine

    args.quiet = True
    logging.disable(logging.WARNING)  # what is warned of has a line of its own
    found = examine(lambda: cli.configure(args))
    wrapped = textwrap.TextWrapper(
        WIDTH, subsequent_indent=" " * TEXT_FROM, break_long_words=False, break_on_hyphens=False
    )
    for item in found:
        print(wrapped.fill(f"{'ok ' if item.ok else '!! '} {item.name:<12} {item.text}"))
    if not all(item.ok for item in found):
        sys.exit(cli.EXIT_MISTAKE)


if __name__ == "__main__":
    cli.run(main, arguments())
