"""Rows of benchmarks, written for these tests, and files of them."""

import gzip
import json
from pathlib import Path

HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'def twice(n):\n    """Double n."""\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function that doubles a number.",
    "code": "def twice(n):\r\n    return 2 * n\r\n",
    "test_list": ["assert twice(2) == 4", "assert twice(0) == 0"],
    "test_setup_code": "",
}
SANITIZED = {
    "task_id": 12,
    "prompt": "Write a function that halves a number.",
    "code": "def half(n):\n    return n / 2",
    "test_list": ["assert half(4) == 2"],
    "test_imports": ["import math"],
}
HUMANEVALPLUS = {
    "task_id": "HumanEval/900",
    "prompt": 'def twice(n):\n    """Double n."""\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "",
    "contract": "",
    "base_input": [[2], [0]],
    "plus_input": [[-1], [10**20], ["ab"], [[1, 2.5]]],
    "atol": 0,
}
MBPPPLUS = {
    "task_id": "Mbpp/900",
    "prompt": '"""\nWrite a function that halves a number.\nassert half(4) == 2\n"""\n',
    "entry_point": "half",
    "canonical_solution": "\ndef half(n):\n    return n / 2\n",
    "assertion": "\nassert half(4) == 2\n",
    "contract": "",
    "base_input": [[4]],
    "plus_input": {},
    "atol": 0,
}


def write_rows(path: Path, *rows: object) -> str:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return str(path)
