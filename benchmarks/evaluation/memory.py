"""Measures what programs of each language that take memory without end had in use when they ended, and how they ended.

    python -m benchmarks.evaluation.memory

Writes benchmarks/results/memory.json. A language whose tools are not on the machine is left out.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from benchmarks import RESULTS
from src.evaluation.execution.runners import run_program
from src.evaluation.execution.tools import find_tool
from src.languages.registry import LANGUAGES
from src.provenance import commit
from src.sandbox.sandbox import Limits, Sandbox
from tests.evaluation.execution.hostile_answers import ANSWERS

LIMITS_MIB = (256, 1024, 2048)
PATIENT = Limits(cpu_s=60, wall_s=60)
PYTHON = {
    "memory without end": "x = []\nwhile True: x.append(bytearray(1 << 22))",
    "12 children": "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n        x = []\n        while True:\n            x.append(bytearray(1 << 20))\n            time.sleep(0.01)\ntime.sleep(60)",
}


def programs() -> list[tuple[str, str, str]]:
    """Language, what it does, source."""
    own = [("python", name, source) for name, source in PYTHON.items()]
    own.append(
        (
            "rust",
            "memory without end",
            "fn main() { let mut v = Vec::new(); loop { v.push(vec![1u8; 1 << 22]); } }",
        )
    )
    hostile = [(a.language, a.name, a.source) for a in ANSWERS if a.outcome == "out_of_memory"]
    found = [*own, *hostile]
    return [one for one in found if all(find_tool(tool) for tool in LANGUAGES[one[0]].tools)]


def measured(language: str, name: str, source: str) -> dict[str, Any]:
    """Outcome and peak at each limit."""
    row: dict[str, Any] = {"language": language, "program": name, "limits": {}}
    for limit in LIMITS_MIB:
        with Sandbox(replace(PATIENT, memory_mib=limit), workers=1) as sandbox:
            execution = run_program(language, sandbox, source)
        row["limits"][str(limit)] = {"outcome": execution.outcome, "peak_mib": round(execution.peak_mib)}
    return row


def main() -> None:
    rows = [measured(*program) for program in sorted(programs())]
    result = {"commit": commit(), "load": [round(x, 1) for x in os.getloadavg()], "programs": rows}
    for row in rows:
        print(row)
    (RESULTS / "memory.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
