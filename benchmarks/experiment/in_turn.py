"""Runs evaluate.py several times in one process, so that Python, torch and the GPU start once; docs/experiments.md has the scores.

python -m benchmarks.experiment.in_turn --model_path A --benchmark humaneval --and --model_path A --benchmark mbpp
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AND = "--and"  # between the words of two calls


def calls(words: list[str]) -> Iterator[list[str]]:
    return (list(found) for between, found in groupby(words, AND.__eq__) if not between)


def main() -> None:
    """The first call that fails ends the process with its exit status."""
    sys.path[0] = str(ROOT)  # as for a script at the root; this folder's modules have common names
    script = str(ROOT / "evaluate.py")
    for words in calls(sys.argv[1:]):
        sys.argv = [script, *words]
        runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
