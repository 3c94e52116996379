"""Shows on one screen what this machine has for the work: to be pasted where help is asked for."""

from __future__ import annotations

import argparse
import sys

from src import cli


def arguments() -> argparse.ArgumentParser:
    return cli.parser(
        "Show what this machine has for the work. Lines with !! need attention: exit code 2.",
        "python doctor.py",
    )


def main(args: argparse.Namespace) -> None:
    from src.doctor import examine

    args.quiet = True
    found = examine(lambda: cli.configure(args))
    print("\n".join(f"{'ok ' if item.ok else '!! '} {item.name:<12} {item.text}" for item in found))
    if not all(item.ok for item in found):
        sys.exit(cli.EXIT_MISTAKE)


if __name__ == "__main__":
    cli.run(main, arguments())
