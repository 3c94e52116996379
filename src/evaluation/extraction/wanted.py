"""Which names an answer must define: those that the tests, the prompt's code or the instruction name."""

from __future__ import annotations

import ast
import re

from src.evaluation.benchmarks.calls import parse_calls
from src.languages.programs import names
from src.languages.syntax import parse_python
from src.schema import Sample

MAX_CHARS = 20_000  # of an instruction

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# ASCII: in Chinese no space stands around a name.
_NAMED = re.compile(
    r"\b(?:(?:function|method|class|procedure|struct|interface|def|called|named)\s{1,3})+[`'\"*]{0,3}([a-z_]\w*)"
    r"|\b([a-z_]\w*)[`'\"]?\(|\b([a-z]+_\w+|[a-z]+(?-i:[A-Z])\w*)\b",
    re.ASCII | re.IGNORECASE,
)


def wanted_names(sample: Sample) -> frozenset[str]:
    """The names that a right answer to `sample` defines, among others that it need not."""
    calls = parse_calls(sample.tests)
    if calls:
        return frozenset({calls.entry_point})
    if sample.tests:
        found = names("python", sample.tests).loaded
        if found:
            return found
    if sample.prefix:
        return frozenset({stub_function(sample.prefix)} - {""})
    matches = _NAMED.finditer(sample.instruction[:MAX_CHARS])
    return frozenset(name for match in matches for name in match.groups() if name)


def stub_function(prefix: str) -> str:
    """The function that a benchmark's prompt begins and an answer goes on with; "" where there is none."""
    stub = parse_python(f"{prefix}\n    pass\n")
    defined = [node.name for node in stub.body if isinstance(node, _FUNCTIONS)] if stub else []
    return defined[-1] if defined else ""
