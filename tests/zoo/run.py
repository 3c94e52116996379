"""Examines architectures: `python -m tests.zoo.run` all of them, `python -m tests.zoo.run granite jamba` these.

Each is a tiny random model, trained and decoded by the project and held against stock transformers and peft. The
results go to benchmarks/results/zoo.json and the table of docs/models.md; types that are not examined keep theirs.
Prints a line a type; ends with 1 where something is wrong or ends in a traceback.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests import tiny
from tests.zoo import builders, table
from tests.zoo.examine import Examined, examine, quiet

PACKAGES = ("torch", "transformers", "peft", "bitsandbytes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("types", nargs="*", metavar="TYPE", help="model types; none = all")
    parser.add_argument("--without_4bit", action="store_true", help="leave QLoRA out")
    args = parser.parse_args()
    quiet()
    results = table.stored() if table.STORED.exists() else {"types": {}, "liger": []}
    results["versions"] = {name: version(name) for name in PACKAGES}
    results["liger"] = _liger() or results["liger"]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        data = tiny.save_data(Path(folder) / "data", 20)
        for name in args.types or builders.TYPES:
            start = time.perf_counter()
            row = examine(name, data, quantised=not args.without_4bit)
            results["types"][name] = dataclasses.asdict(row)
            failed |= row.fails
            print(f"{time.perf_counter() - start:5.1f} s  {_line(row)}", flush=True)
    table.renew(results)
    return int(failed)


def _line(row: Examined) -> str:
    parts = [("training", row.training), ("4-bit", row.qlora), ("decoding", row.decoding)]
    said = [
        f"{name} {outcome.verdict or 'not tried'} {outcome.detail[:100]}".strip() for name, outcome in parts
    ]
    return f"{row.model_type}: {row.stock[:100] or row.way}; " + "; ".join(said)


def _liger() -> list[str]:
    """The types that Liger has kernels for, where it is installed."""
    if importlib.util.find_spec("liger_kernel") is None:
        return []
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN as KERNELS

    kinds: Any = KERNELS
    return sorted(set(kinds) & set(builders.TYPES))


if __name__ == "__main__":
    raise SystemExit(main())
